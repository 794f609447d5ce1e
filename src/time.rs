//! The phone's clocks as inputs: nothing in the core asks the operating system for the time but [`SystemClock`].

use std::sync::OnceLock;

pub use onsite_wire::time::{Date, Timestamp};
use serde::{Deserialize, Serialize};

/// A point on both clocks of a phone.
///
/// The wall clock can be set by hand and is shown to people; the monotonic one runs on through sleep and never jumps, but
/// starts anew with each boot, so it compares only within one boot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moment {
    /// What the phone believes the time is.
    pub wall: Timestamp,
    /// Milliseconds since the phone was started.
    pub monotonic_ms: i64,
    /// Which start of the phone.
    pub boot: u64,
}

impl Moment {
    /// Milliseconds since `earlier`, and whether they are certain.
    ///
    /// Within one boot the monotonic clock tells; after a restart only the wall clock can, which may have been set.
    /// Never negative.
    pub fn since(&self, earlier: &Self) -> (i64, bool) {
        if self.boot == earlier.boot && self.monotonic_ms >= earlier.monotonic_ms {
            (self.monotonic_ms - earlier.monotonic_ms, true)
        } else {
            (self.wall.millis_since(earlier.wall).max(0), false)
        }
    }
}

/// Where the core gets its time from.
pub trait Clock: Send + Sync + std::fmt::Debug {
    /// Now, on both clocks.
    fn now(&self) -> Moment;
}

/// The phone's own clocks.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Moment {
        let since_1970 = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        let wall = Timestamp::from_micros(i64::try_from(since_1970.as_micros()).unwrap_or(i64::MAX));
        let monotonic_ms = since_boot_ms();
        Moment { wall, monotonic_ms, boot: boot(wall.millis() - monotonic_ms) }
    }
}

#[cfg(any(target_os = "linux", target_os = "android"))]
const SINCE_BOOT: rustix::time::ClockId = rustix::time::ClockId::Boottime;
/// On Apple's systems the monotonic clock goes on during sleep.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
const SINCE_BOOT: rustix::time::ClockId = rustix::time::ClockId::Monotonic;

fn since_boot_ms() -> i64 {
    let time = rustix::time::clock_gettime(SINCE_BOOT);
    time.tv_sec.saturating_mul(1_000).saturating_add(time.tv_nsec / 1_000_000)
}

/// Which start of the phone this is: the kernel's own name for it or, where that cannot be read, the minute of the start
/// by the wall clock. A clock that is set then looks like a restart, which only makes an age uncertain.
fn boot(started_ms: i64) -> u64 {
    static NAMED: OnceLock<Option<u64>> = OnceLock::new();
    let named = NAMED.get_or_init(|| {
        let text = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
        let id = uuid::Uuid::try_parse(text.trim()).ok()?;
        Some(id.as_u64_pair().0)
    });
    named.unwrap_or_else(|| started_ms.div_euclid(60_000).unsigned_abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moment(wall_ms: i64, monotonic_ms: i64, boot: u64) -> Moment {
        Moment { wall: Timestamp::from_millis(wall_ms), monotonic_ms, boot }
    }

    #[test]
    fn an_age_does_not_follow_a_clock_that_is_set() {
        let made = moment(10_000, 500, 1);
        assert_eq!(moment(99_999_999, 1_500, 1).since(&made), (1_000, true));
        assert_eq!(moment(0, 1_500, 1).since(&made), (1_000, true));
    }

    #[test]
    fn after_a_restart_an_age_is_the_walls_difference_and_uncertain() {
        let made = moment(10_000, 500, 1);
        assert_eq!(moment(14_000, 20, 2).since(&made), (4_000, false));
        assert_eq!(moment(9_000, 20, 2).since(&made), (0, false));
    }

    #[test]
    fn the_phones_own_clock_goes_forward() {
        let first = SystemClock.now();
        let second = SystemClock.now();
        assert_eq!(first.boot, second.boot);
        assert!(second.monotonic_ms >= first.monotonic_ms);
    }
}
