//! Budgets: how much one caller may ask for in a minute. By the server's clock, so that a test can let a minute pass.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use onsite_wire::codes::Code;
use onsite_wire::time::Timestamp;

use super::Caller;
use crate::Limits;
use crate::http::Refused;

const MINUTE_MS: i64 = 60 * 1_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;

/// What callers have spent of their budgets.
#[derive(Debug, Default)]
pub(crate) struct Budgets {
    limits: Limits,
    requests: Mutex<HashMap<[u8; 32], Spent>>,
    replayed: Mutex<HashMap<[u8; 32], Spent>>,
    streams: Arc<Mutex<HashMap<[u8; 32], usize>>>,
}

#[derive(Debug, Clone, Copy)]
struct Spent {
    since: Timestamp,
    amount: u64,
}

/// An open stream; given back when dropped.
#[derive(Debug)]
pub(crate) struct OpenStream {
    account: [u8; 32],
    streams: Arc<Mutex<HashMap<[u8; 32], usize>>>,
}

impl Drop for OpenStream {
    fn drop(&mut self) {
        let mut streams = self.streams.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(open) = streams.get_mut(&self.account) {
            *open = open.saturating_sub(1);
            if *open == 0 {
                streams.remove(&self.account);
            }
        }
    }
}

impl Budgets {
    pub(crate) fn new(limits: Limits) -> Self {
        Self { limits, ..Self::default() }
    }

    /// Counts one request.
    pub(crate) fn spend_request(&self, caller: &Caller, now: Timestamp) -> Result<(), Refused> {
        let Some(limit) = self.limits.requests_per_minute else { return Ok(()) };
        match spend(&self.requests, caller.account(), 1, u64::from(limit), MINUTE_MS, now) {
            None => Ok(()),
            Some(seconds) => Err(Refused::too_many(seconds, self.limits.say_retry_after)),
        }
    }

    /// Counts replayed lines. False: the hour's budget is spent.
    pub(crate) fn spend_replayed(&self, caller: &Caller, lines: u64, now: Timestamp) -> bool {
        spend(&self.replayed, caller.account(), lines, self.limits.replayed_lines_per_hour, HOUR_MS, now).is_none()
    }

    /// Counts an open stream.
    pub(crate) fn open_stream(&self, caller: &Caller) -> Result<OpenStream, Refused> {
        let account = caller.account();
        let mut streams = self.streams.lock().unwrap_or_else(PoisonError::into_inner);
        let open = streams.entry(account).or_default();
        if *open >= self.limits.streams_per_caller {
            return Err(Refused::too_many(1, self.limits.say_retry_after));
        }
        *open += 1;
        Ok(OpenStream { account, streams: Arc::clone(&self.streams) })
    }
}

/// Spends from a budget that is new every `window_ms`. What does not fit is not spent; then the seconds until it is new.
fn spend(
    accounts: &Mutex<HashMap<[u8; 32], Spent>>,
    account: [u8; 32],
    amount: u64,
    limit: u64,
    window_ms: i64,
    now: Timestamp,
) -> Option<i64> {
    let mut accounts = accounts.lock().unwrap_or_else(PoisonError::into_inner);
    let spent = accounts.entry(account).or_insert(Spent { since: now, amount: 0 });
    let age = now.millis_since(spent.since);
    if !(0..window_ms).contains(&age) {
        *spent = Spent { since: now, amount: 0 };
    }
    if spent.amount + amount > limit {
        return Some((window_ms - now.millis_since(spent.since)).div_euclid(1_000) + 1);
    }
    spent.amount += amount;
    None
}

impl Refused {
    fn too_many(seconds: i64, say_retry_after: bool) -> Self {
        let refused = Self::of(Code::TooManyRequests).with("seconds", seconds);
        if say_retry_after { refused.retry_after(seconds) } else { refused }
    }
}
