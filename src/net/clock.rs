//! How far the phone's clock is from the server's (S2), estimated from answers. Pure: readings in, an estimate out.
//!
//! Each answer says what time it was on the server somewhere between sending and receiving. A reading relates the server's
//! time to the phone's *monotonic* clock, so an estimate stays right when somebody sets the phone's wall clock, and at once
//! shows the new difference. Readings of an earlier start of the phone are dropped; what is kept of them for the next
//! process stands in until an answer comes, and says that it is uncertain.

use onsite_wire::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::time::Moment;

/// How many answers are looked at: enough that a few slow ones do not move the median.
const KEPT: usize = 9;
/// A reading with a longer round trip says too little.
const LONGEST_ROUND_TRIP_MS: i64 = 20_000;
/// Estimates closer than this are the same.
const AGREEING_MS: u64 = 1_000;

/// What one answer said about the server's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClockReading {
    /// When the request was sent.
    pub sent: Moment,
    /// When the head of the answer was there.
    pub received: Moment,
    /// The server's time in the answer.
    pub server: Timestamp,
    /// How coarse that time is: 1,000 for a `Date` header, 0 for a `now` in a body.
    pub resolution_ms: i64,
}

/// An estimate, kept for the next process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptClock {
    boot: u64,
    /// Server time in milliseconds at that start's monotonic zero: holds until the phone is started again.
    zero_ms: i64,
    /// Milliseconds that the server was ahead of the phone's wall clock: holds unless somebody sets that clock.
    offset_ms: i64,
}

impl KeptClock {
    /// Whether another says the same but for what readings differ by anyway.
    pub const fn agrees(&self, other: &Self) -> bool {
        self.boot == other.boot
            && self.zero_ms.abs_diff(other.zero_ms) < AGREEING_MS
            && self.offset_ms.abs_diff(other.offset_ms) < AGREEING_MS
    }

    /// The server's time, and whether it is certain.
    const fn estimate(&self, now: &Moment) -> (Timestamp, bool) {
        if self.boot == now.boot {
            (Timestamp::from_millis(self.zero_ms.saturating_add(now.monotonic_ms)), true)
        } else {
            (now.wall.plus_millis(self.offset_ms), false)
        }
    }
}

/// An estimate of the server's clock.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ServerClock {
    kept: Option<KeptClock>,
    boot: u64,
    /// Server time in milliseconds at the phone's monotonic zero, newest last.
    zeros: Vec<i64>,
}

impl ServerClock {
    /// Takes in a reading; one that cannot be trusted is left out.
    pub fn observe(&mut self, reading: &ClockReading) {
        let round_trip = reading.received.monotonic_ms.saturating_sub(reading.sent.monotonic_ms);
        if reading.sent.boot != reading.received.boot || !(0..=LONGEST_ROUND_TRIP_MS).contains(&round_trip) {
            return;
        }
        if self.boot != reading.received.boot {
            self.boot = reading.received.boot;
            self.zeros.clear();
        }
        if self.zeros.len() >= KEPT {
            self.zeros.remove(0);
        }
        let middle = reading.sent.monotonic_ms + round_trip / 2;
        self.zeros.push(reading.server.millis().saturating_add(reading.resolution_ms / 2).saturating_sub(middle));
    }

    /// Takes up what an earlier process kept; answers of this one go first.
    pub fn recall(&mut self, kept: KeptClock) {
        self.kept = Some(kept);
    }

    /// What to keep for the next process; nothing before an answer came.
    pub fn to_keep(&self, now: &Moment) -> Option<KeptClock> {
        let zero_ms = self.zero_ms(now)?;
        let offset_ms = zero_ms.saturating_add(now.monotonic_ms).saturating_sub(now.wall.millis());
        Some(KeptClock { boot: now.boot, zero_ms, offset_ms })
    }

    /// The median of this start's readings.
    fn zero_ms(&self, now: &Moment) -> Option<i64> {
        let mut sorted = if now.boot == self.boot { self.zeros.clone() } else { Vec::new() };
        sorted.sort_unstable();
        sorted.get(sorted.len() / 2).copied()
    }

    /// The server's time now, and whether it is certain: not where it comes from before the phone was started again, for its
    /// wall clock may have been set since. `None` where no answer ever told it.
    pub fn estimate(&self, now: &Moment) -> Option<(Timestamp, bool)> {
        match self.zero_ms(now) {
            Some(zero_ms) => Some((Timestamp::from_millis(zero_ms.saturating_add(now.monotonic_ms)), true)),
            None => self.kept.map(|kept| kept.estimate(now)),
        }
    }

    /// The server's time now, as well as it is known.
    pub fn server_time(&self, now: &Moment) -> Option<Timestamp> {
        self.estimate(now).map(|(time, _)| time)
    }

    /// Milliseconds that the server's clock is ahead of the phone's wall clock; negative when the phone is ahead.
    pub fn offset_ms(&self, now: &Moment) -> Option<i64> {
        self.server_time(now).map(|server| server.millis_since(now.wall))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moment(wall_ms: i64, monotonic_ms: i64) -> Moment {
        Moment { wall: Timestamp::from_millis(wall_ms), monotonic_ms, boot: 1 }
    }

    fn reading(sent_ms: i64, received_ms: i64, server_ms: i64) -> ClockReading {
        ClockReading {
            sent: moment(0, sent_ms),
            received: moment(0, received_ms),
            server: Timestamp::from_millis(server_ms),
            resolution_ms: 0,
        }
    }

    #[test]
    fn half_of_the_round_trip_is_taken_off() {
        let mut clock = ServerClock::default();
        clock.observe(&reading(1_000, 1_400, 500_000));
        assert_eq!(clock.server_time(&moment(0, 1_200)), Some(Timestamp::from_millis(500_000)));
    }

    #[test]
    fn one_wild_answer_among_many_changes_nothing() {
        let mut clock = ServerClock::default();
        for at in 0..4 {
            clock.observe(&reading(at * 1_000, at * 1_000, 500_000 + at * 1_000));
        }
        clock.observe(&reading(4_000, 4_000, 9_999_999));
        assert_eq!(clock.offset_ms(&moment(500_000, 10_000)), Some(10_000));
    }

    #[test]
    fn a_clock_set_by_hand_shows_at_once() {
        let mut clock = ServerClock::default();
        clock.observe(&reading(0, 0, 500_000));
        assert_eq!(clock.offset_ms(&moment(500_000, 0)), Some(0));
        assert_eq!(clock.offset_ms(&moment(500_000 + 3_600_000, 0)), Some(-3_600_000));
    }

    #[test]
    fn a_slow_answer_or_one_from_before_a_restart_tells_nothing() {
        let mut clock = ServerClock::default();
        clock.observe(&reading(0, 30_000, 500_000));
        let mut restarted = reading(0, 10, 500_000);
        restarted.received.boot = 2;
        clock.observe(&restarted);
        assert_eq!(clock.offset_ms(&moment(0, 0)), None);

        clock.observe(&reading(0, 10, 500_000));
        assert_eq!(clock.offset_ms(&Moment { boot: 2, ..moment(0, 0) }), None, "a new start needs a new answer");
    }

    #[test]
    fn what_was_kept_holds_for_the_next_process_and_is_uncertain_after_a_restart() {
        let mut clock = ServerClock::default();
        assert_eq!(clock.to_keep(&moment(0, 0)), None);
        clock.observe(&reading(0, 0, 500_000));
        let kept = clock.to_keep(&moment(500_000 - 3_600_000, 0)).unwrap();

        let mut next = ServerClock::default();
        next.recall(kept);
        let set_meanwhile = moment(77, 10_000);
        assert_eq!(next.estimate(&set_meanwhile), Some((Timestamp::from_millis(510_000), true)));
        let restarted = Moment { boot: 2, ..moment(500_000 - 3_600_000 + 60_000, 5) };
        assert_eq!(next.estimate(&restarted), Some((Timestamp::from_millis(560_000), false)));
        assert_eq!(next.to_keep(&restarted), None, "a guess is not kept as if it had been read");

        let answer = ClockReading { sent: restarted, received: restarted, ..reading(0, 0, 900_000) };
        next.observe(&answer);
        assert_eq!(next.estimate(&restarted), Some((Timestamp::from_millis(900_000), true)));
    }

    #[test]
    fn only_the_latest_answers_count() {
        let mut clock = ServerClock::default();
        for at in 0..100 {
            clock.observe(&reading(at, at, 500_000 + at));
        }
        for at in 100..109 {
            clock.observe(&reading(at, at, 700_000 + at));
        }
        assert_eq!(clock.zeros.len(), KEPT);
        assert_eq!(clock.offset_ms(&moment(700_000, 0)), Some(0));
    }
}
