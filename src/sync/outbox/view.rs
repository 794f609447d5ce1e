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
        /// When at the latest, in monotonic milliseconds; while a batch is under way, the end of it brings the next one.
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

impl Outbox {
    /// The visible state of an action; `None`: not here, or here no longer.
    pub fn stage(&self, id: ActionId) -> Option<Stage> {
        let entry = self.shelf.of_id(id)?;
        Some(match &entry.state {
            State::Waiting(_) => Stage::OnPhone(self.on_phone(entry)),
            State::OnServer(on_server) => Stage::OnServer { overlay: !on_server.shown },
            State::Parked(parked) => {
                Stage::Parked { reason: parked.reason.clone(), decisions: parked.reason.decisions() }
            }
        })
    }

    fn on_phone(&self, entry: &Entry) -> OnPhone {
        let lane = self.lanes.get(&entry.organization);
        let flight = lane.and_then(|lane| lane.flight.as_ref());
        if flight.is_some_and(|flight| flight.actions.iter().any(|passenger| passenger.order == entry.order)) {
            return OnPhone::BeingSent;
        }
        if let Some(pause) = self.pause() {
            return OnPhone::Paused(pause);
        }
        let next = lane.and_then(|lane| lane.next_attempt().or_else(|| lane.gives_up_at()));
        OnPhone::Waiting {
            next_attempt_ms: next.unwrap_or(i64::MIN).max(self.not_before_ms),
            trouble: lane.and_then(|lane| lane.trouble),
        }
    }

    /// Why the queue is paused, if it is.
    pub fn pause(&self) -> Option<Pause> {
        match self.session {
            None => Some(Pause::SignedOut),
            Some(person) if person != self.person => Some(Pause::AnotherPerson),
            Some(_) => None,
        }
    }

    /// The actions that still shape what a person sees of a subject, in order: those waiting, and those on the server whose
    /// effect has not come down yet.
    pub fn overlay(&self, organization: OrganizationId, subject: Subject) -> impl Iterator<Item = &Entry> {
        self.shelf.of_subject(organization, subject).filter(|entry| entry.shapes())
    }

    /// The same with those that wait for a decision: what a person wrote stands where it was written until then.
    pub fn unsettled(&self, organization: OrganizationId, subject: Subject) -> impl Iterator<Item = &Entry> {
        let parked = |entry: &&Entry| matches!(entry.state, State::Parked(_));
        self.shelf.of_subject(organization, subject).filter(move |entry| entry.shapes() || parked(entry))
    }

    /// All actions about a subject that every organization knows, each organization's in the order of their making.
    pub fn everywhere(&self, subject: Subject) -> impl Iterator<Item = &Entry> {
        self.lanes.keys().flat_map(move |organization| self.shelf.of_subject(*organization, subject))
    }

    /// All actions, in the order of their making.
    pub fn entries(&self) -> impl DoubleEndedIterator<Item = &Entry> {
        self.shelf.all()
    }

    /// One action.
    pub fn entry(&self, id: ActionId) -> Option<&Entry> {
        self.shelf.of_id(id)
    }

    /// How many actions are on this phone only: what signing out would lose (S5).
    pub fn unsent(&self) -> usize {
        self.lanes.values().map(|lane| lane.waiting.len()).sum()
    }
}
