//! What happens to the outbox, and what it wants done.

use std::collections::BTreeMap;

use onsite_wire::codes::Code;
use onsite_wire::ids::{ActionId, Generation, OrganizationId, PersonId};
use onsite_wire::onsite::{ActionRequest, ActionResult, ActionsRequest, Subject};

use super::entry::{Draft, Entry};

/// Something that happened.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// A person acted: once, or on many subjects by one press (A13). A retry or change names the parked action.
    Made(Vec<Draft>),
    /// A person lets go of a parked action, or takes back one that the server cannot have heard of.
    Discarded(ActionId),
    /// A batch came to its end.
    Answered {
        /// Which batch.
        ticket: u64,
        /// How.
        answer: Result<Answer, Failure>,
    },
    /// Any answer of the server named the generation of an organization's data.
    GenerationSeen {
        /// The organization.
        organization: OrganizationId,
        /// Its generation now.
        generation: Generation,
    },
    /// The phone's copy of a feed reached an offset, durably.
    FeedReached {
        /// The organization.
        organization: OrganizationId,
        /// `alarms`, `inventory` …
        feed: String,
        /// The generation that the offset belongs to.
        generation: Generation,
        /// Where the copy stands.
        offset: i64,
    },
    /// The phone's copy of a row contains this action's effect, by whatever way it came.
    Shown(ActionId),
    /// Who is signed in with a usable token; `None`: nobody.
    Session(Option<PersonId>),
    /// The network is back, a ring came, the app came to the front: an attempt is worth more now than its schedule says.
    Nudged,
    /// Time passed.
    Tick,
}

/// The server's answer to a batch.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// The generation of the data that it was decided upon.
    pub generation: Generation,
    /// What became of each action.
    pub results: Vec<ActionResult>,
}

/// Why a batch has no answer. One question sets the classes apart: did anything of it leave the phone? Only what never left
/// cannot arrive later by some other way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// Not a byte of it left the phone: no signal, name not found, connection refused, TLS.
    NotReached(Code),
    /// 429, or another answer that says "not now" before looking at the batch.
    Busy {
        /// The server's wish, in milliseconds.
        retry_after_ms: Option<i64>,
    },
    /// The token was not accepted and could not be renewed.
    SignedOut,
    /// The server's data is of this generation, not of the one that the batch named.
    GenerationChanged(Generation),
    /// The batch as a whole was refused (another 4xx); nothing of it was applied.
    Rejected {
        /// Why.
        code: Code,
        /// The code's arguments.
        arguments: BTreeMap<String, String>,
    },
    /// The connection ended or the time was up before an answer was there.
    Lost,
    /// A 5xx, or an answer that cannot be read.
    Fault {
        /// [`Code::ServerFault`], [`Code::Unavailable`], [`Code::AnswerBroken`], [`Code::NotOurServer`] …
        code: Code,
        /// The server's wish, in milliseconds.
        retry_after_ms: Option<i64>,
    },
}

impl Failure {
    /// The class as a code.
    pub const fn code(&self) -> Code {
        match self {
            Self::NotReached(code) | Self::Rejected { code, .. } | Self::Fault { code, .. } => *code,
            Self::Busy { .. } => Code::TooManyRequests,
            Self::SignedOut => Code::NotSignedIn,
            Self::GenerationChanged(_) => Code::GenerationChanged,
            Self::Lost => Code::NoNetwork,
        }
    }
}

/// What the driver does, in this order, each before the next.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Write this durably, as one transaction. If that fails, perform none of the effects behind it, and `recover`.
    Record(Record),
    /// The person's wish cannot be done; nothing was changed by it.
    Rejected {
        /// The action that was to be made or discarded.
        action: ActionId,
        /// Why.
        code: Code,
    },
    /// What [`super::Outbox::overlay`] gives for this subject, or the visible state of one of its actions, may be another
    /// now.
    Changed {
        /// The organization.
        organization: OrganizationId,
        /// The subject.
        subject: Subject,
    },
    /// An action that the phone made by itself had no effect, and was let go of.
    LetGo {
        /// Its kind.
        kind: String,
        /// What it was about.
        subject: Subject,
        /// Why it had none.
        code: Code,
    },
    /// For the flight recorder.
    Noted(Note),
    /// Send this batch; its end comes back as [`Event::Answered`].
    Send(Batch),
    /// Call with [`Event::Tick`] when the monotonic clock stands here, or later. Takes the place of the last one;
    /// `None`: nothing to wait for.
    WakeAt(Option<i64>),
}

/// A change of what lies in own.db.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Record {
    /// Entries that are new or changed, by [`Entry::id`].
    pub put: Vec<Entry>,
    /// Entries to delete.
    pub forget: Vec<ActionId>,
}

/// Actions of one organization that travel together.
#[derive(Debug, Clone, PartialEq)]
pub struct Batch {
    /// Names the attempt.
    pub ticket: u64,
    /// The organization.
    pub organization: OrganizationId,
    /// The generation that the phone knows of it.
    pub generation: Option<Generation>,
    /// In the order in which they are to be taken.
    pub actions: Vec<ActionRequest>,
}

impl Batch {
    /// As it is written on the wire.
    pub fn into_request(self) -> ActionsRequest {
        ActionsRequest { generation: self.generation, actions: self.actions }
    }
}

/// Something worth a line in the flight recorder: codes and ids only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Note {
    /// A new action took the place of an unsent one.
    Replaced {
        /// The unsent one.
        old: ActionId,
        /// The new one.
        new: ActionId,
    },
    /// A person's decision settled a parked action; `by`: the action made instead.
    Settled {
        /// The parked one.
        old: ActionId,
        /// Retry or change; `None`: discarded.
        by: Option<ActionId>,
    },
    /// An answer came for a batch that is no longer under way.
    StaleAnswer,
    /// An answer had a result for an action that was not in the batch, or a second one.
    StrayResult(ActionId),
    /// An answer had no result for an action of the batch; it is asked again.
    MissingResult(ActionId),
    /// A batch failed.
    Failed {
        /// Whose.
        organization: OrganizationId,
        /// The class, as a code.
        code: Code,
    },
    /// The server's data was restored: this many confirmed actions are asked again.
    AskedAgain {
        /// Whose.
        organization: OrganizationId,
        /// How many.
        count: usize,
    },
}
