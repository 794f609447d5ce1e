//! What a person and a feature see of the outbox (O3, O4). Reads, never changes.

use onsite_wire::codes::Code;
use onsite_wire::ids::{ActionId, OrganizationId};
use onsite_wire::onsite::Subject;

use super::Outbox;
use super::entry::{Decision, Entry, Reason, State};

/// The visible state of an action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stage {
    /// On this phone.
    OnPhone(OnPhone),
    /// On the server.
    OnServer {
        /// Its effect has not come down with its feed yet.
        overlay: bool,
    },
    /// Refused, in conflict, blocked or too old.
    Parked {
        /// Why.
        reason: Reason,
        /// What can be done.
        decisions: &'static [Decision],
    },
}

/// What an action on this phone waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnPhone {
    /// Its organization's next attempt.
    Waiting {
        /// When, in monotonic milliseconds.
        next_attempt_ms: i64,
        /// Why the last attempt failed, if it did.
        trouble: Option<Code>,
    },
    /// The answer.
    BeingSent,
    /// A session.
    Paused(Pause),
}

/// Why the queue is paused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Pause {
    /// Nobody is signed in.
    SignedOut,
    /// Somebody else is signed in.
    AnotherPerson,
}
