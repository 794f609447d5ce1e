//! Where the account stands, and the person's own actions, as records.

use onsite::account as core;
use onsite::sync::outbox;
use onsite_wire::onsite as wire;

use crate::alarm_rows::{AcknowledgedBy, MutedBy};
use crate::error::{Problem, count};

/// Who is signed in.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct Person {
    /// The person.
    pub id: String,
    /// The name.
    pub name: String,
}

impl From<onsite::session::Person> for Person {
    fn from(person: onsite::session::Person) -> Self {
        Self { id: person.id.to_string(), name: person.name }
    }
}

/// Whether somebody is signed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, uniffi::Enum)]
pub enum SessionState {
    /// Nobody.
    SignedOut,
    /// The account's person.
    SignedIn,
    /// The server ended the session: the same person must sign in again.
    Ended,
    /// An API key reads.
    ApiKey,
}

/// What e-mail and password led to.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Enum)]
pub enum SignIn {
    /// The session is there.
    SignedIn {
        /// Whose.
        person: Person,
    },
    /// One more step is asked for.
    SecondFactor {
        /// What may be given: `totp`, `phone`, `recovery_code`; an open set.
        methods: Vec<String>,
    },
}

/// Where an account stands. Times are milliseconds since 1970 by the phone's clock.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct AccountState {
    /// Whose account it is; none before the first sign-in, and with an API key.
    pub person: Option<Person>,
    /// Whether somebody is signed in.
    pub session: SessionState,
    /// The person switched the network off.
    pub offline: bool,
    /// The server rings: changes arrive at once.
    pub live: bool,
    /// When the oldest of all feeds was last read to its end; none while one was never read.
    pub read_at: Option<i64>,
    /// How old the data is, in milliseconds.
    pub age_ms: Option<i64>,
    /// Why reading fails, if it does.
    pub trouble: Option<Problem>,
    /// Milliseconds that the server's clock is ahead of the phone's.
    pub clock_offset_ms: Option<i64>,
    /// The server's time is a guess.
    pub clock_uncertain: bool,
    /// Actions on this phone only.
    pub waiting: i64,
    /// Actions that wait for a decision.
    pub parked: i64,
    /// When the next attempt to send is made.
    pub next_attempt: Option<i64>,
    /// The server's time, as the phone estimates it.
    pub now: i64,
}

impl From<core::AccountState> for AccountState {
    fn from(state: core::AccountState) -> Self {
        Self {
            person: state.person.map(Person::from),
            session: match state.session {
                core::SessionState::SignedOut => SessionState::SignedOut,
                core::SessionState::SignedIn => SessionState::SignedIn,
                core::SessionState::Ended => SessionState::Ended,
                core::SessionState::ApiKey => SessionState::ApiKey,
            },
            offline: state.offline,
            live: state.live,
            read_at: state.read_at.map(|at| at.millis()),
            age_ms: state.age_ms,
            trouble: state.trouble.map(Problem::bare),
            clock_offset_ms: state.clock_offset_ms,
            clock_uncertain: state.clock_uncertain,
            waiting: count(state.waiting),
            parked: count(state.parked),
            next_attempt: state.next_attempt.map(|at| at.millis()),
            now: state.now.millis(),
        }
    }
}

/// What an action is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, uniffi::Enum)]
pub enum SubjectKind {
    /// An alarm.
    Alarm,
    /// A device.
    Device,
    /// The person who acts.
    Person,
    /// An incident.
    Incident,
}

impl From<wire::SubjectKind> for SubjectKind {
    fn from(kind: wire::SubjectKind) -> Self {
        match kind {
            wire::SubjectKind::Alarm => Self::Alarm,
            wire::SubjectKind::Device => Self::Device,
            wire::SubjectKind::Person => Self::Person,
            wire::SubjectKind::Incident => Self::Incident,
        }
    }
}

impl From<SubjectKind> for wire::SubjectKind {
    fn from(kind: SubjectKind) -> Self {
        match kind {
            SubjectKind::Alarm => Self::Alarm,
            SubjectKind::Device => Self::Device,
            SubjectKind::Person => Self::Person,
            SubjectKind::Incident => Self::Incident,
        }
    }
}

/// Where one's own action on something stands, if one still shapes what is seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, uniffi::Enum)]
pub enum OwnStanding {
    /// On this phone.
    OnPhone,
    /// On the server; its feed has not brought it back yet.
    OnServer,
}

impl From<onsite::sync::overlays::Standing> for OwnStanding {
    fn from(standing: onsite::sync::overlays::Standing) -> Self {
        match standing {
            onsite::sync::overlays::Standing::OnPhone => Self::OnPhone,
            onsite::sync::overlays::Standing::OnServer => Self::OnServer,
        }
    }
}

/// What can be done about an action that had no effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, uniffi::Enum)]
pub enum Decision {
    /// The same again, over what is there now.
    Retry,
    /// Something else instead.
    Change,
    /// Let it go.
    Discard,
}

/// What is there now, where somebody else was in between.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct CurrentState {
    /// Who made it.
    pub by: Option<String>,
    /// That person's name.
    pub by_name: String,
    /// When it was made, by the server's clock.
    pub made_at: Option<i64>,
    /// When one's own action was made, by the same clock.
    pub yours_made_at: i64,
    /// Who is responsible now, if that is what was contested and somebody is.
    pub acknowledged: Option<AcknowledgedBy>,
    /// The mute that is there now, if that is what was contested and there is one.
    pub muted: Option<MutedBy>,
}

impl From<wire::CurrentState> for CurrentState {
    fn from(current: wire::CurrentState) -> Self {
        Self {
            by: current.by.map(|id| id.to_string()),
            by_name: current.by_name,
            made_at: current.made_at.map(|at| at.millis()),
            yours_made_at: current.yours_made_at.millis(),
            acknowledged: current.acknowledgement.and_then(AcknowledgedBy::of_aspect),
            muted: current.mute.and_then(MutedBy::of_aspect),
        }
    }
}

/// The three visible states of an action.
#[derive(Debug, Clone, PartialEq, uniffi::Enum)]
pub enum ActionStage {
    /// On this phone.
    OnPhone {
        /// When it is tried next, by the phone's clock.
        next_attempt: Option<i64>,
        /// It is under way now.
        being_sent: bool,
        /// It waits for its person to sign in.
        paused: bool,
        /// Why the last attempt failed.
        trouble: Option<Problem>,
    },
    /// On the server.
    OnServer,
    /// Refused, in conflict, blocked or too old.
    Parked {
        /// Why.
        problem: Problem,
        /// What is there now, where somebody else was in between.
        current: Option<CurrentState>,
        /// What can be done.
        decisions: Vec<Decision>,
    },
}

impl From<core::ActionStage> for ActionStage {
    fn from(stage: core::ActionStage) -> Self {
        match stage {
            core::ActionStage::OnPhone { next_attempt, being_sent, paused, trouble } => Self::OnPhone {
                next_attempt: next_attempt.map(|at| at.millis()),
                being_sent,
                paused,
                trouble: trouble.map(Problem::bare),
            },
            core::ActionStage::OnServer => Self::OnServer,
            core::ActionStage::Parked { code, arguments, current, decisions } => Self::Parked {
                problem: Problem::of(code, &arguments),
                current: current.map(|current| CurrentState::from(*current)),
                decisions: decisions.iter().copied().map(Decision::from).collect(),
            },
        }
    }
}

impl From<outbox::Decision> for Decision {
    fn from(decision: outbox::Decision) -> Self {
        match decision {
            outbox::Decision::Retry => Self::Retry,
            outbox::Decision::Change => Self::Change,
            outbox::Decision::Discard => Self::Discard,
        }
    }
}

/// One of the person's own actions.
#[derive(Debug, Clone, PartialEq, uniffi::Record)]
pub struct OwnAction {
    /// Its id.
    pub id: String,
    /// Whose subject.
    pub organization: String,
    /// `acknowledge`, `mute` …: an open set.
    pub kind: String,
    /// What it is about.
    pub subject_kind: SubjectKind,
    /// Which of these.
    pub subject: String,
    /// What that was called at the press; empty while it is not known.
    pub label: String,
    /// The name of what it belongs to; empty for none.
    pub within: String,
    /// When it was made, by the phone's clock.
    pub made_at: i64,
    /// Where it stands.
    pub stage: ActionStage,
    /// What was done, as it is sent: JSON.
    pub body: String,
    /// The parked action that it was made instead of.
    pub retry_of: Option<String>,
}

impl From<core::OwnAction> for OwnAction {
    fn from(action: core::OwnAction) -> Self {
        Self {
            id: action.id.to_string(),
            organization: action.organization.to_string(),
            kind: action.kind,
            subject_kind: action.subject.kind.into(),
            subject: action.subject.id.to_string(),
            label: action.name.label,
            within: action.name.within,
            made_at: action.made_at.millis(),
            stage: action.stage.into(),
            body: action.body.to_string(),
            retry_of: action.retry_of.map(|id| id.to_string()),
        }
    }
}

/// Where the copy of one feed stands.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct FeedState {
    /// Whose.
    pub organization: String,
    /// `alarms`, `inventory` …
    pub feed: String,
    /// When it was last read to its end, by the phone's clock.
    pub read_at: Option<i64>,
    /// It is being read.
    pub running: bool,
    /// Why the last read failed.
    pub trouble: Option<Problem>,
}

impl From<core::FeedState> for FeedState {
    fn from(feed: core::FeedState) -> Self {
        Self {
            organization: feed.organization.to_string(),
            feed: feed.feed,
            read_at: feed.read_at.map(|at| at.millis()),
            running: feed.running,
            trouble: feed.trouble.map(Problem::bare),
        }
    }
}
