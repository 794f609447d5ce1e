//! One action as the phone keeps it. Plain data: this is what lies in own.db.

use std::collections::BTreeMap;

use onsite_rules::action::{Aspect, Kind, Merge};
use onsite_wire::codes::Code;
use onsite_wire::ids::{ActionId, Generation, OrganizationId};
use onsite_wire::onsite::{Basis, CurrentState, Position, Subject};
use onsite_wire::time::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::time::Moment;

const HOUR_MS: i64 = 60 * 60 * 1_000;

/// What a feature tells the outbox about a kind of action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KindRules {
    /// The kind's name on the wire.
    pub kind: String,
    /// The shape of its body.
    pub body_version: i32,
    /// How two of them come together on the server.
    pub merge: Merge,
    /// The kinds whose unsent action on the same subject and aspect this one takes the place of.
    pub replaces: Vec<String>,
    /// After this long on the phone it is parked as too old.
    pub max_age_ms: Option<i64>,
    /// Made by the phone itself, and soon void: let go of so long after it was confirmed, and at once when it cannot be.
    /// Nobody has to decide about it.
    pub fleeting_ms: Option<i64>,
    /// Its effect goes on after its own end, which limits only for how long it may be sent first: what a restored backup has
    /// forgotten of it is asked again all the same.
    pub lasting: bool,
}

impl KindRules {
    /// The rules that server and phone share, and what the kind replaces while it is unsent.
    pub fn of(kind: &Kind, replaces: &[&Kind]) -> Self {
        Self {
            kind: kind.name.to_owned(),
            body_version: kind.body_version,
            merge: kind.merge,
            replaces: replaces.iter().map(|kind| kind.name.to_owned()).collect(),
            max_age_ms: kind.max_age_ms,
            fleeting_ms: None,
            lasting: false,
        }
    }

    /// The same kind as one whose effect outlives its own end.
    #[must_use]
    pub fn lasting(self) -> Self {
        Self { lasting: true, ..self }
    }

    /// The same kind as one that the phone makes by itself, kept only so long after it was confirmed.
    #[must_use]
    pub fn fleeting(self, kept_ms: i64) -> Self {
        Self { fleeting_ms: Some(kept_ms), ..self }
    }

    pub(super) const fn aspect(&self) -> Option<Aspect> {
        self.merge.aspect()
    }
}

/// What the person saw the subject called at the press: an action can be named for ever, also when its subject is gone or
/// what was fetched was lost.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SubjectName {
    /// Its own name; empty while it is not known.
    pub label: String,
    /// The name of what it belongs to; empty for none.
    pub within: String,
}

/// What a person just did, as the feature hands it over.
#[derive(Debug, Clone, PartialEq)]
pub struct Draft {
    /// Made on the phone, never used before.
    pub id: ActionId,
    /// The organization of the subject.
    pub organization: OrganizationId,
    /// A registered kind.
    pub kind: String,
    /// What it is about.
    pub subject: Subject,
    /// As it will be sent.
    pub body: Value,
    /// Versioned kinds: the aspect's version in the row that the person saw, 0 when there was none.
    pub seen: i64,
    /// When the intention itself is over, by the wall clock of the pressing: a mute's own end.
    pub expires_at: Option<Timestamp>,
    /// The parked action that this one is made instead of.
    pub retry_of: Option<ActionId>,
    /// What the subject was called.
    pub name: SubjectName,
}

/// An action in the outbox.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// Where it stands among this person's actions: the order of making. Ids are not trusted for that.
    pub order: i64,
    /// Its id.
    pub id: ActionId,
    /// The organization of the subject.
    pub organization: OrganizationId,
    /// Its kind.
    pub kind: String,
    /// What it is about.
    pub subject: Subject,
    /// As it is sent.
    pub body: Value,
    /// The shape of the body.
    pub body_version: i32,
    /// What the person saw; missing for kinds without versions.
    pub basis: Option<Basis>,
    /// When it was made, on both clocks.
    pub made: Moment,
    /// When the intention itself is over, by the wall clock of `made`.
    pub expires_at: Option<Timestamp>,
    /// The parked action that this one was made instead of.
    pub retry_of: Option<ActionId>,
    /// What the subject was called.
    #[serde(default)]
    pub name: SubjectName,
    /// Where it is in its life.
    pub state: State,
}

/// Where an action is in its life. "Being sent" is not among them: it does not outlive the process.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// On this phone.
    Waiting(Waiting),
    /// On the server.
    OnServer(OnServer),
    /// The server or its age decided against it; the person decides what becomes of it.
    Parked(Parked),
}

/// Of an action on this phone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Waiting {
    /// Attempts, counted before they are made.
    pub attempts: u32,
    /// The server may have heard of it: an attempt was begun that is not known to have never left the phone.
    pub asked: bool,
    /// It was on the server, in a generation of its data that a restored backup replaced.
    pub confirmed_before: bool,
}

/// Of an action on the server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OnServer {
    /// The generation of the server's data that has it.
    pub generation: Generation,
    /// Where its effect shows up.
    pub position: Option<Position>,
    /// The aspect's version that it made.
    pub version: Option<i64>,
    /// When the phone heard so.
    pub at: Moment,
    /// The phone's copy of the server's rows contains its effect; until then the action still shapes what is shown.
    pub shown: bool,
}

/// Of an action that waits for the person's decision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parked {
    /// Why.
    pub reason: Reason,
    /// Since when.
    pub at: Moment,
}

/// Why an action has no effect.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The server will never take it as it is.
    Refused {
        /// Why.
        code: Code,
        /// The code's arguments.
        arguments: BTreeMap<String, String>,
    },
    /// Somebody else was there in between.
    Conflict {
        /// Why, in one line.
        code: Code,
        /// The code's arguments.
        arguments: BTreeMap<String, String>,
        /// What is there now.
        current: Option<Box<CurrentState>>,
    },
    /// An earlier action on which it builds had no effect.
    Blocked {
        /// The earlier one, where known.
        by: Option<ActionId>,
    },
    /// It waited longer than its kind may, or than its own end.
    TooOld {
        /// How old it was, in full hours.
        hours: i64,
        /// The phone was restarted in between, so its age comes from the wall clock.
        uncertain: bool,
    },
}

/// What a person can do about a parked action.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Decision {
    /// The same again, over what is there now: a new action that names this one.
    Retry,
    /// Something else instead: a new action that names this one.
    Change,
    /// Let it go.
    Discard,
}

impl Reason {
    /// The reason as a code.
    pub const fn code(&self) -> Code {
        match self {
            Self::Refused { code, .. } | Self::Conflict { code, .. } => *code,
            Self::Blocked { .. } => Code::EarlierNotApplied,
            Self::TooOld { .. } => Code::TooOld,
        }
    }

    /// The code's arguments.
    pub fn arguments(&self) -> BTreeMap<String, String> {
        match self {
            Self::Refused { arguments, .. } | Self::Conflict { arguments, .. } => arguments.clone(),
            Self::Blocked { by } => by.iter().map(|id| ("action".to_owned(), id.to_string())).collect(),
            Self::TooOld { hours, .. } => BTreeMap::from([("hours".to_owned(), hours.to_string())]),
        }
    }

    /// What can be done. What this server cannot take in any form can only be let go.
    pub const fn decisions(&self) -> &'static [Decision] {
        match self.code() {
            Code::NotOffered | Code::BodyNotUnderstood => &[Decision::Discard],
            _ => &[Decision::Retry, Decision::Change, Decision::Discard],
        }
    }
}

impl Entry {
    /// How old it is in milliseconds, and whether that is uncertain.
    pub fn age(&self, now: &Moment) -> (i64, bool) {
        let (age, certain) = now.since(&self.made);
        (age, !certain)
    }

    /// How long it may be on the phone: the kind's limit or its own end, whichever comes first. The own end is measured from
    /// the making, so that a clock set later moves nothing.
    pub(super) fn may_wait_ms(&self, rules: Option<&KindRules>) -> Option<i64> {
        let by_kind = rules.and_then(|rules| rules.max_age_ms);
        let by_end = self.expires_at.map(|end| end.millis_since(self.made.wall).max(0));
        by_kind.into_iter().chain(by_end).min()
    }

    pub(super) fn too_old(&self, now: &Moment) -> Reason {
        let (age, uncertain) = self.age(now);
        Reason::TooOld { hours: age / HOUR_MS, uncertain }
    }

    pub(super) const fn waiting(&self) -> Option<&Waiting> {
        match &self.state {
            State::Waiting(waiting) => Some(waiting),
            State::OnServer(_) | State::Parked(_) => None,
        }
    }

    /// Whether it shapes what the person sees: until the server's own row does, or until it is parked.
    pub(super) const fn shapes(&self) -> bool {
        match &self.state {
            State::Waiting(_) => true,
            State::OnServer(on_server) => !on_server.shown,
            State::Parked(_) => false,
        }
    }
}
