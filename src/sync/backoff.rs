//! How long to wait after a failure: the one policy of the core. Pure; the randomness is an argument.

/// The waits of a kind of attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    /// After the first failure, in milliseconds, before jitter.
    pub first_ms: i64,
    /// Never longer than this.
    pub cap_ms: i64,
}

/// Sending actions: 2 s, 4 s, 8 s … 5 min.
pub const SENDING: Backoff = Backoff { first_ms: 2_000, cap_ms: 5 * 60_000 };
/// Pulling a feed: 2 s, 4 s, 8 s … 10 min, the vendor's ceiling.
pub const PULLING: Backoff = Backoff { first_ms: 2_000, cap_ms: 10 * 60_000 };
/// Opening the event stream: 1 s, 2 s, 4 s … 5 min.
pub const LISTENING: Backoff = Backoff { first_ms: 1_000, cap_ms: 5 * 60_000 };

/// The longest `Retry-After` that is believed. A longer one is obeyed for this long and then asked again, so that a
/// mistaken server cannot silence a phone for a year.
pub const LONGEST_RETRY_AFTER_MS: i64 = 60 * 60_000;

impl Backoff {
    /// How long to wait after this many failures in a row: the doubled wait, of which the upper half is drawn by chance so
    /// that a thousand phones do not come back in the same second.
    pub fn wait_ms(self, failures: u32, random: u64) -> i64 {
        let doublings = failures.saturating_sub(1).min(32);
        let full = self.first_ms.saturating_mul(1_i64 << doublings).clamp(1, self.cap_ms.max(1));
        let half = full / 2;
        let spread = (full - half).unsigned_abs().saturating_add(1);
        half.saturating_add_unsigned(random % spread)
    }
}

/// What a server's `Retry-After` makes of a wait.
pub fn obeyed_ms(retry_after_ms: i64) -> i64 {
    retry_after_ms.clamp(0, LONGEST_RETRY_AFTER_MS)
}

/// One random input of a step, drawn from as often as the step needs.
#[derive(Debug, Clone)]
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) const fn new(random: u64) -> Self {
        Self(random)
    }

    /// The next number (splitmix64).
    pub(crate) const fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let word = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ (word >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn waits_double_up_to_the_cap_and_a_wish_of_a_year_is_asked_again_within_the_hour() {
        let longest = |failures| SENDING.wait_ms(failures, SENDING.first_ms.unsigned_abs() * (1 << failures) / 4);
        assert_eq!([longest(1), longest(2), longest(3)], [2_000, 4_000, 8_000]);
        assert_eq!(obeyed_ms(365 * 86_400_000), LONGEST_RETRY_AFTER_MS);
        assert_eq!(obeyed_ms(7_000), 7_000);
    }

    proptest! {
        #[test]
        fn a_wait_lies_between_half_and_the_whole_of_the_doubled_one_and_never_beyond_the_cap(
            failures in 1..200_u32, random in any::<u64>(),
        ) {
            let wait = PULLING.wait_ms(failures, random);
            let whole = PULLING.first_ms.saturating_mul(1 << failures.min(20).saturating_sub(1)).min(PULLING.cap_ms);
            prop_assert!(wait >= whole / 2 && wait <= whole, "{wait} of {whole}");
        }
    }
}
