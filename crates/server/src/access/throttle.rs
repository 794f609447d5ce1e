//! Guessing passwords is slow: after some failures an account or an address waits.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use onsite_wire::time::Timestamp;

/// How many failures are free, and for how long they count.
#[derive(Debug, Clone, Copy)]
struct Rule {
    free: usize,
    window_ms: i64,
}

const ACCOUNT: Rule = Rule { free: 5, window_ms: 15 * 60 * 1_000 };
/// Many people may sit behind one address.
const ADDRESS: Rule = Rule { free: 50, window_ms: 15 * 60 * 1_000 };
/// More names than this are not remembered at a time: guesses at ever new names cannot fill the memory.
const NAMES: usize = 100_000;

/// The failures of the last time, by account and by address.
#[derive(Debug, Default)]
pub(crate) struct Throttle {
    failures: Mutex<HashMap<String, Vec<Timestamp>>>,
}

impl Throttle {
    /// Seconds that this account or address has to wait; nothing when it may try.
    pub(crate) fn wait(&self, email: &str, address: &str, now: Timestamp) -> Option<i64> {
        let failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        keys(email, address)
            .iter()
            .filter_map(|(key, rule)| {
                let recent: Vec<_> =
                    failures.get(key)?.iter().filter(|at| now.millis_since(**at) < rule.window_ms).collect();
                let blocking = recent.len().checked_sub(rule.free).and_then(|index| recent.get(index))?;
                Some((rule.window_ms - now.millis_since(**blocking)).div_euclid(1_000) + 1)
            })
            .max()
    }

    /// Notes a failure.
    pub(crate) fn failed(&self, email: &str, address: &str, now: Timestamp) {
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        if failures.len() > NAMES {
            failures.clear();
        }
        for (key, rule) in keys(email, address) {
            let list = failures.entry(key).or_default();
            list.retain(|at| now.millis_since(*at) < rule.window_ms);
            list.push(now);
        }
    }

    /// The last failure noted was none. The account's others are forgotten too; the address keeps them, for whoever knows
    /// one password is not to guess others.
    pub(crate) fn succeeded(&self, email: &str, address: &str) {
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        let [(account, _), (address, _)] = keys(email, address);
        failures.remove(&account);
        if let Some(list) = failures.get_mut(&address) {
            list.pop();
        }
    }
}

fn keys(email: &str, address: &str) -> [(String, Rule); 2] {
    [(format!("account {email}"), ACCOUNT), (format!("address {address}"), ADDRESS)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_five_failures_an_account_waits_until_the_first_is_old_enough() {
        let throttle = Throttle::default();
        let at = |second: i64| Timestamp::from_millis(second * 1_000);
        for second in 0..5_i64 {
            assert_eq!(throttle.wait("ada", "here", at(second)), None);
            throttle.failed("ada", "here", at(second));
        }
        assert_eq!(throttle.wait("ada", "here", at(10)), Some(15 * 60 - 10 + 1));
        assert_eq!(throttle.wait("bob", "here", at(10)), None);
        assert_eq!(throttle.wait("ada", "here", at(15 * 60)), None);
    }

    #[test]
    fn who_gets_in_is_never_slowed_down_by_it() {
        let throttle = Throttle::default();
        let now = Timestamp::from_millis(0);
        for _ in 0..200 {
            assert_eq!(throttle.wait("ada", "here", now), None);
            throttle.failed("ada", "here", now);
            throttle.succeeded("ada", "here");
        }
        for guess in 0..50 {
            throttle.failed(&format!("guess {guess}"), "here", now);
        }
        assert!(throttle.wait("ada", "here", now).is_some(), "but with everybody else by guesses from there");
    }
}
