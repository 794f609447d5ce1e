//! One virtual time for everybody: it stands still until the story turns it, for server, demonstration and phones at once.
//!
//! Times always lie half a second past a whole one. A phone estimates the server's time from `Date` headers, which name
//! whole seconds; in the middle of a second its estimate is exact, and the told times are the same in each telling.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use onsite::time::{Clock, Moment, Timestamp};

/// Midnight of the day of the story.
const MIDNIGHT_MS: i64 = 1_772_409_600_000;
const HALF_A_SECOND_MS: i64 = 500;

/// The time of the story, in milliseconds since 1970.
#[derive(Debug)]
pub struct StoryTime(AtomicI64);

impl StoryTime {
    /// This time of the story's day.
    pub const fn of_day(hour: i64, minute: i64) -> Timestamp {
        Timestamp::from_millis(MIDNIGHT_MS + (hour * 60 + minute) * 60_000 + HALF_A_SECOND_MS)
    }

    /// Standing at this time.
    pub fn at(now: Timestamp) -> Arc<Self> {
        Arc::new(Self(AtomicI64::new(now.millis())))
    }

    /// The present.
    pub fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::SeqCst))
    }

    /// Turns all clocks on to this time, never back.
    pub fn turn_to(&self, time: Timestamp) {
        self.0.fetch_max(time.millis(), Ordering::SeqCst);
    }
}

impl onsite_server::Clock for StoryTime {
    fn now(&self) -> Timestamp {
        Self::now(self)
    }
}

/// A phone's clocks: the wall clock may be wrong, the monotonic one runs since the phone was started.
#[derive(Debug)]
pub struct PhoneClock {
    /// The time of the story.
    pub time: Arc<StoryTime>,
    /// How far the wall clock is ahead, in milliseconds.
    pub skew_ms: i64,
}

/// Phones were started the evening before.
const STARTED_MS: i64 = MIDNIGHT_MS - 4 * 60 * 60 * 1_000;

impl Clock for PhoneClock {
    fn now(&self) -> Moment {
        let now = self.time.now();
        Moment { wall: now.plus_millis(self.skew_ms), monotonic_ms: now.millis() - STARTED_MS, boot: 1 }
    }
}

/// `2026-03-01T07:12`, in UTC.
pub fn minute(time: Timestamp) -> String {
    time.to_string().chars().take(16).collect()
}

/// `07:12`, in UTC.
pub fn time_of_day(time: Timestamp) -> String {
    let minutes = time.millis().div_euclid(60_000).rem_euclid(24 * 60);
    format!("{:02}:{:02}", minutes / 60, minutes % 60)
}
