//! The phone's clocks as inputs.

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
