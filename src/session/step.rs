//! What happens to a session, as a pure function: `(state, event, now, random) -> (state, effects)`.

use onsite_wire::codes::Code;
use secrecy::SecretString;
use uuid::Uuid;

use super::{Person, StoredSession};
use crate::net::{Credential, Fault};
use crate::sync::backoff::{Backoff, obeyed_ms};
use crate::time::Moment;

/// A token is renewed this long before it expires, or in the last third of its life where that is shorter.
const MARGIN_MS: i64 = 60_000;
/// A token that is refused younger than this was never good: the server is at fault.
const YOUNG_MS: i64 = 30_000;
/// What a server may say of a token's life.
const LIFETIME_MS: std::ops::RangeInclusive<i64> = YOUNG_MS..=24 * 60 * 60 * 1_000;
/// Renewing a token: 1 s, 2 s, 4 s … 5 min.
const RENEWING: Backoff = Backoff { first_ms: 1_000, cap_ms: 5 * 60_000 };

/// An access token and how long it lives.
#[derive(Debug, Clone)]
pub struct Access {
    /// Goes with each request.
    pub token: SecretString,
    /// Which one of this process it is; given by [`step`].
    pub serial: u64,
    /// When it came.
    pub received: Moment,
    /// How long it is good from then on.
    pub lifetime_ms: i64,
}

impl Access {
    /// A token that came at `received` and is good for some seconds.
    pub fn new(token: SecretString, received: Moment, expires_in: i64) -> Self {
        let lifetime_ms = expires_in.saturating_mul(1_000).clamp(*LIFETIME_MS.start(), *LIFETIME_MS.end());
        Self { token, serial: 0, received, lifetime_ms }
    }

    fn age_ms(&self, now: &Moment) -> i64 {
        now.since(&self.received).0
    }

    fn is_expired(&self, now: &Moment) -> bool {
        self.age_ms(now) >= self.lifetime_ms
    }

    fn is_due(&self, now: &Moment) -> bool {
        self.age_ms(now) >= self.lifetime_ms - MARGIN_MS.min(self.lifetime_ms / 3)
    }
}

/// Where a session stands.
#[derive(Debug, Clone, Default)]
pub struct State {
    phase: Phase,
    /// Numbers access tokens and renewals, so that late news of old ones is known as such.
    count: u64,
}

#[derive(Debug, Clone, Default)]
enum Phase {
    #[default]
    SignedOut,
    SignedIn(Box<Held>),
    /// The server ended it.
    Ended(Person),
}

#[derive(Debug, Clone)]
struct Held {
    person: Person,
    /// What lies in the phone's files, and the only one ever presented.
    refresh: SecretString,
    exchange: Uuid,
    access: Option<Access>,
    renewal: Renewal,
    /// In a row.
    failures: u32,
}

#[derive(Debug, Clone)]
enum Renewal {
    Idle,
    /// The answer is awaited.
    Asking {
        attempt: u64,
    },
    /// The answer is being stored.
    Storing {
        attempt: u64,
        next: StoredSession,
    },
    /// It failed, and is not tried again before `wait_ms` have passed.
    Failed {
        fault: Fault,
        at: Moment,
        wait_ms: i64,
    },
}

/// What can happen.
#[derive(Debug, Clone)]
pub enum Event {
    /// A session is there that lies in the phone's files: loaded, or signed in to and saved.
    Begun(StoredSession),
    /// Somebody needs an access token.
    Needed,
    /// The server refused an access token.
    Refused {
        /// The token's serial.
        serial: u64,
    },
    /// A renewal's answer.
    Renewed {
        /// Which renewal.
        attempt: u64,
        /// The next refresh token.
        refresh: SecretString,
        /// Drawn for it.
        exchange: Uuid,
        /// The next access token.
        access: Access,
    },
    /// A renewal failed.
    Failed {
        /// Which renewal.
        attempt: u64,
        /// Why.
        fault: Fault,
    },
    /// An answer was stored, or could not be.
    Stored {
        /// Which renewal.
        attempt: u64,
        /// Whether it lies in the phone's files now; else why not.
        outcome: Result<(), Code>,
    },
    /// The phone has another network: what failed before may go well now.
    NetworkChanged,
    /// The person signed out.
    SignedOut,
}

/// What is to be done.
#[derive(Debug, Clone)]
pub enum Effect {
    /// Present this refresh token; answer with [`Event::Renewed`] or [`Event::Failed`].
    Renew {
        /// Which renewal.
        attempt: u64,
        /// What to present.
        refresh: SecretString,
        /// What goes with it.
        exchange: Uuid,
    },
    /// Store this; answer with [`Event::Stored`].
    Store {
        /// Which renewal.
        attempt: u64,
        /// What to store.
        session: StoredSession,
    },
    /// Remove the session from the phone's files.
    Forget,
}

/// What somebody who needs a token is told.
#[derive(Debug, Clone)]
pub enum Standing {
    /// Here it is.
    Good(Credential),
    /// One is on its way.
    Wait,
    /// There is none.
    None(Fault),
}

impl State {
    /// What somebody who needs a token is told now.
    pub fn standing(&self, now: &Moment) -> Standing {
        let Phase::SignedIn(held) = &self.phase else { return Standing::None(Fault::NotSignedIn) };
        match (&held.access, &held.renewal) {
            (Some(access), _) if !access.is_expired(now) => {
                Standing::Good(Credential::new(access.serial, access.token.clone()))
            }
            (_, Renewal::Failed { fault, at, wait_ms }) if now.since(at).0 < *wait_ms => Standing::None(fault.clone()),
            _ => Standing::Wait,
        }
    }

    /// Who is signed in.
    pub const fn person(&self) -> Option<&Person> {
        match &self.phase {
            Phase::SignedIn(held) => Some(&held.person),
            Phase::SignedOut | Phase::Ended(_) => None,
        }
    }

    /// Whose session the server ended.
    pub const fn ended(&self) -> Option<&Person> {
        match &self.phase {
            Phase::Ended(person) => Some(person),
            Phase::SignedOut | Phase::SignedIn(_) => None,
        }
    }

    /// Whether the answer to this renewal is still to be stored.
    pub fn is_storing(&self, of: u64) -> bool {
        let Phase::SignedIn(held) = &self.phase else { return false };
        matches!(held.renewal, Renewal::Storing { attempt, .. } if attempt == of)
    }

    fn next_number(&mut self) -> u64 {
        self.count += 1;
        self.count
    }
}

/// Decides what an event leads to. `random` is any number; it spreads the waits.
pub fn step(mut state: State, event: Event, now: &Moment, random: u64) -> (State, Vec<Effect>) {
    let number = state.next_number();
    let (phase, effects) = match (state.phase, event) {
        (_, Event::Begun(session)) => (begun(session, number), Vec::new()),
        (_, Event::SignedOut) => (Phase::SignedOut, vec![Effect::Forget]),
        (Phase::SignedIn(held), event) => signed_in(held, event, now, number, random),
        (phase, _) => (phase, Vec::new()),
    };
    state.phase = phase;
    (state, effects)
}

fn begun(session: StoredSession, number: u64) -> Phase {
    let StoredSession { person, refresh, exchange, access } = session;
    let access = Some(Access { serial: number, ..access });
    Phase::SignedIn(Box::new(Held { person, refresh, exchange, access, renewal: Renewal::Idle, failures: 0 }))
}

fn signed_in(mut held: Box<Held>, event: Event, now: &Moment, number: u64, random: u64) -> (Phase, Vec<Effect>) {
    let effects = match event {
        Event::Needed => held.needed(now, number),
        Event::Refused { serial } => held.refused(serial, now, number, random),
        Event::Renewed { attempt, refresh, exchange, access } if held.is_asking(attempt) => {
            let session = StoredSession { person: held.person.clone(), refresh, exchange, access };
            held.renewal = Renewal::Storing { attempt, next: session.clone() };
            vec![Effect::Store { attempt, session }]
        }
        Event::Stored { attempt, outcome } => held.stored(attempt, outcome, number, now, random),
        Event::Failed { attempt, fault } if held.is_asking(attempt) => {
            if matches!(fault, Fault::Refused { code: Code::SessionEnded, .. }) {
                return (Phase::Ended(held.person), vec![Effect::Forget]);
            }
            held.failed(fault, now, random)
        }
        Event::NetworkChanged => held.network_changed(),
        Event::Renewed { .. } | Event::Failed { .. } | Event::Begun(_) | Event::SignedOut => Vec::new(),
    };
    (Phase::SignedIn(held), effects)
}

impl Held {
    fn is_asking(&self, of: u64) -> bool {
        matches!(self.renewal, Renewal::Asking { attempt } if attempt == of)
    }

    /// Begins a renewal if one is due and none runs or waits.
    fn needed(&mut self, now: &Moment, attempt: u64) -> Vec<Effect> {
        let in_use = self.access.as_ref().is_some_and(|access| access.age_ms(now) >= YOUNG_MS);
        if in_use && matches!(self.renewal, Renewal::Idle) {
            self.failures = 0;
        }
        let waits = match &self.renewal {
            Renewal::Idle => false,
            Renewal::Failed { at, wait_ms, .. } => now.since(at).0 < *wait_ms,
            Renewal::Asking { .. } | Renewal::Storing { .. } => true,
        };
        if waits || self.access.as_ref().is_some_and(|access| !access.is_due(now)) {
            return Vec::new();
        }
        self.renewal = Renewal::Asking { attempt };
        vec![Effect::Renew { attempt, refresh: self.refresh.clone(), exchange: self.exchange }]
    }

    fn refused(&mut self, serial: u64, now: &Moment, attempt: u64, random: u64) -> Vec<Effect> {
        let Some(access) = self.access.take_if(|access| access.serial == serial) else { return Vec::new() };
        if access.age_ms(now) < YOUNG_MS && matches!(self.renewal, Renewal::Idle) {
            // Asking at once for one more would go round for ever with a server that refuses what it gives.
            return self.failed(Fault::ServerFault { status: 401, retry_after: None }, now, random);
        }
        self.needed(now, attempt)
    }

    /// What could not be stored is not used either: the old refresh token will be presented again.
    fn stored(&mut self, of: u64, outcome: Result<(), Code>, serial: u64, now: &Moment, random: u64) -> Vec<Effect> {
        match (std::mem::replace(&mut self.renewal, Renewal::Idle), outcome) {
            (Renewal::Storing { attempt, next }, Ok(())) if attempt == of => {
                self.access = Some(Access { serial, ..next.access });
                (self.refresh, self.exchange) = (next.refresh, next.exchange);
            }
            (Renewal::Storing { attempt, .. }, Err(code)) if attempt == of => {
                return self.failed(Fault::Phone(code), now, random);
            }
            (other, _) => self.renewal = other,
        }
        Vec::new()
    }

    fn failed(&mut self, fault: Fault, now: &Moment, random: u64) -> Vec<Effect> {
        // Whatever else a server says to a renewal, it is no answer to what the callers asked.
        let fault = if fault.is_transient() { fault } else { Fault::ServerFault { status: 401, retry_after: None } };
        self.failures = self.failures.saturating_add(1);
        let asked = fault.retry_after().and_then(|wait| i64::try_from(wait.as_millis()).ok());
        let wait_ms = RENEWING.wait_ms(self.failures, random).max(asked.map_or(0, obeyed_ms));
        self.renewal = Renewal::Failed { fault, at: *now, wait_ms };
        Vec::new()
    }

    fn network_changed(&mut self) -> Vec<Effect> {
        let server_asked = |fault: &Fault| fault.retry_after().is_some();
        if matches!(&self.renewal, Renewal::Failed { fault, .. } if !server_asked(fault)) {
            self.renewal = Renewal::Idle;
            self.failures = 0;
        }
        Vec::new()
    }
}

#[cfg(test)]
#[path = "step_tests.rs"]
mod tests;
