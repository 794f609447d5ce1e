//! Delayed clearing (A3): an alarm whose condition went stays active for a window; if the condition returns within it, it
//! is the same alarm and the count goes up; if not, it is cleared with the time when the condition went.

use onsite_wire::time::Timestamp;

/// How long an alarm stays active after its condition went, in milliseconds: 10 minutes (ours).
pub const WINDOW_MS: i64 = 10 * 60 * 1_000;

/// Where an alarm stands in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Life {
    /// The condition holds.
    Holding {
        /// How often it returned.
        reactivations: i32,
    },
    /// The condition went; the alarm is still active.
    Fading {
        /// How often it returned.
        reactivations: i32,
        /// When it went.
        gone_at: Timestamp,
    },
    /// Over. A condition that occurs now is another alarm.
    Cleared {
        /// How often it returned.
        reactivations: i32,
        /// When the condition went.
        cleared_at: Timestamp,
    },
}

/// What happens to an alarm's condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Condition {
    /// It occurs, or occurs again.
    Occurs,
    /// It goes.
    Goes,
    /// Time passes.
    Passes,
}

impl Life {
    /// The beginning of an alarm.
    pub const NEW: Self = Self::Holding { reactivations: 0 };

    /// The next state. An event at or after the window's end finds the alarm cleared, also when nobody looked in between.
    #[must_use]
    pub fn step(self, event: Condition, now: Timestamp) -> Self {
        let settled = match self {
            Self::Fading { reactivations, gone_at } if now.millis_since(gone_at) >= WINDOW_MS => {
                Self::Cleared { reactivations, cleared_at: gone_at }
            }
            other => other,
        };
        match (settled, event) {
            (Self::Holding { reactivations }, Condition::Goes) => Self::Fading { reactivations, gone_at: now },
            (Self::Fading { reactivations, .. }, Condition::Occurs) => {
                Self::Holding { reactivations: reactivations.saturating_add(1) }
            }
            (settled, _) => settled,
        }
    }

    /// The time at which [`Condition::Passes`] would clear it.
    pub const fn deadline(self) -> Option<Timestamp> {
        match self {
            Self::Fading { gone_at, .. } => Some(gone_at.plus_millis(WINDOW_MS)),
            Self::Holding { .. } | Self::Cleared { .. } => None,
        }
    }

    /// How often the condition returned.
    pub const fn reactivations(self) -> i32 {
        match self {
            Self::Holding { reactivations }
            | Self::Fading { reactivations, .. }
            | Self::Cleared { reactivations, .. } => reactivations,
        }
    }
}

/// The count that a person sees: how often the condition occurred.
pub const fn shown_count(reactivations: i32) -> i32 {
    if reactivations < 0 { 1 } else { reactivations.saturating_add(1) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    #[test]
    fn a_condition_that_returns_within_the_window_is_the_same_alarm_counted_up() {
        let life = Life::NEW.step(Condition::Goes, at(0)).step(Condition::Occurs, at(WINDOW_MS - 1));
        assert_eq!(life, Life::Holding { reactivations: 1 });
        assert_eq!(shown_count(life.reactivations()), 2);
    }

    #[test]
    fn a_condition_that_stays_away_clears_the_alarm_with_the_time_it_went() {
        let life = Life::NEW.step(Condition::Goes, at(5));
        assert_eq!(life.step(Condition::Passes, at(4 + WINDOW_MS)), life);
        let cleared = Life::Cleared { reactivations: 0, cleared_at: at(5) };
        assert_eq!(life.step(Condition::Passes, at(5 + WINDOW_MS)), cleared);
        assert_eq!(life.step(Condition::Occurs, at(5 + WINDOW_MS)), cleared, "a late return is another alarm");
    }

    proptest! {
        #[test]
        fn a_cleared_alarm_stays_cleared_and_its_count_never_falls(
            events in prop::collection::vec((0..3_u8, 0..2 * WINDOW_MS), 1..60)
        ) {
            let mut life = Life::NEW;
            let mut now = 0;
            for (event, wait) in events {
                now += wait;
                let event = [Condition::Occurs, Condition::Goes, Condition::Passes][usize::from(event)];
                let next = life.step(event, at(now));
                prop_assert!(next.reactivations() >= life.reactivations());
                if matches!(life, Life::Cleared { .. }) {
                    prop_assert_eq!(next, life);
                }
                if let Some(deadline) = next.deadline() {
                    prop_assert!(deadline > at(now), "what is still fading has its end ahead");
                }
                life = next;
            }
        }
    }
}
