//! The one policy of waiting between attempts: exponential with jitter, capped, and never shorter than the server asked.

use std::time::Duration;

/// How waits grow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    /// The wait after the first failure, in milliseconds.
    pub first_ms: i64,
    /// No wait of our own is longer, in milliseconds.
    pub ceiling_ms: i64,
}

impl Backoff {
    /// Milliseconds to wait after `failures` failures in a row (at least one).
    ///
    /// Half of the wait is fixed, half is drawn by `random` (any number), so that phones that lost the same server do not
    /// come back together. What the server asked for is obeyed, and spread by up to a tenth for the same reason.
    pub fn wait_ms(&self, failures: u32, retry_after: Option<Duration>, random: u64) -> i64 {
        let doubled = self.first_ms.saturating_mul(1_i64.checked_shl(failures.saturating_sub(1).min(40)).unwrap_or(1));
        let full = doubled.clamp(1, self.ceiling_ms.max(1));
        let own = full / 2 + drawn(full - full / 2, random);
        match retry_after.map(|asked| i64::try_from(asked.as_millis()).unwrap_or(i64::MAX)) {
            Some(asked) => own.max(asked.saturating_add(drawn(asked / 10, random))),
            None => own,
        }
    }
}

/// A number from 0 to `span`.
fn drawn(span: i64, random: u64) -> i64 {
    let span = span.unsigned_abs();
    i64::try_from(random % (span + 1)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const POLICY: Backoff = Backoff { first_ms: 1_000, ceiling_ms: 300_000 };

    proptest! {
        #[test]
        fn a_wait_grows_to_its_ceiling_and_never_undercuts_the_server(
            failures in 1_u32..2_000, asked in proptest::option::of(0_u64..100_000), random: u64,
        ) {
            let asked = asked.map(Duration::from_secs);
            let wait = POLICY.wait_ms(failures, asked, random);
            let full = (1_000 << (failures - 1).min(20)).min(300_000);
            prop_assert!(wait >= full / 2);
            match asked {
                Some(asked) => prop_assert!(wait >= i64::try_from(asked.as_millis()).unwrap()),
                None => prop_assert!(wait <= full),
            }
        }
    }

    #[test]
    fn two_phones_do_not_come_back_together() {
        assert_ne!(POLICY.wait_ms(4, None, 7), POLICY.wait_ms(4, None, 8));
    }
}
