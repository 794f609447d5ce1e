//! What shells read at any time, without waiting: where the account stands, and the person's own actions.

use std::collections::BTreeMap;

use onsite_wire::codes::Code;
use onsite_wire::ids::{ActionId, OrganizationId};
use onsite_wire::onsite::{CurrentState, Subject};
use serde_json::Value;

use super::uploading::{PhotoOnWay, photos_on_way};
use crate::photos::Uploads;
use crate::session::{Person, Session, Status};
use crate::sync::outbox::{Decision, Entry, OnPhone, Outbox, Reason, Stage, SubjectName};
use crate::sync::schedule::{Feed, Schedule};
use crate::time::{Moment, Timestamp};

/// Where an account stands.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AccountState {
    /// Whose account it is; `None` before the first sign-in, and with an API key.
    pub person: Option<Person>,
    /// Whether somebody is signed in.
    pub session: SessionState,
    /// The person switched the network off.
    pub offline: bool,
    /// The server rings: changes arrive at once.
    pub live: bool,
    /// When the oldest of all feeds was last read to its end, by the phone's clock; `None` while one was never read.
    pub read_at: Option<Timestamp>,
    /// How old the data is, in milliseconds.
    pub age_ms: Option<i64>,
    /// Why reading fails, if it does.
    pub trouble: Option<Code>,
    /// Milliseconds that the server's clock is ahead of the phone's (S2).
    pub clock_offset_ms: Option<i64>,
    /// The server's time is a guess: no answer ever told it, or the phone was started again since and its own clock may have
    /// been set.
    pub clock_uncertain: bool,
    /// Actions on this phone only.
    pub waiting: usize,
    /// Actions that wait for a decision.
    pub parked: usize,
    /// Photos whose bytes are on this phone only.
    pub photos: usize,
    /// When the next attempt to send is made, by the phone's clock (O4).
    pub next_attempt: Option<Timestamp>,
    /// The server's time, as the phone estimates it.
    pub now: Timestamp,
}

/// Whether somebody is signed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum SessionState {
    /// Nobody.
    #[default]
    SignedOut,
    /// The account's person.
    SignedIn,
    /// The server ended the session: the same person must sign in again.
    Ended,
    /// An API key reads.
    ApiKey,
}

/// One of the person's own actions.
#[derive(Debug, Clone, PartialEq)]
pub struct OwnAction {
    /// Its id.
    pub id: ActionId,
    /// Whose subject.
    pub organization: OrganizationId,
    /// `acknowledge`, `mute` …
    pub kind: String,
    /// What it is about.
    pub subject: Subject,
    /// What that was called at the press.
    pub name: SubjectName,
    /// When it was made, by the phone's clock.
    pub made_at: Timestamp,
    /// Where it stands (O3).
    pub stage: ActionStage,
    /// What was done, as it is sent.
    pub body: Value,
    /// The parked action that it was made instead of.
    pub retry_of: Option<ActionId>,
}

/// The three visible states of an action (O3).
#[derive(Debug, Clone, PartialEq)]
pub enum ActionStage {
    /// On this phone.
    OnPhone {
        /// When it is tried next, by the phone's clock.
        next_attempt: Option<Timestamp>,
        /// It is under way now.
        being_sent: bool,
        /// It waits for its person to sign in.
        paused: bool,
        /// Why the last attempt failed.
        trouble: Option<Code>,
    },
    /// On the server.
    OnServer,
    /// Refused, in conflict, blocked or too old.
    Parked {
        /// Why.
        code: Code,
        /// The code's arguments.
        arguments: BTreeMap<String, String>,
        /// What is there now, where somebody else was in between.
        current: Option<Box<CurrentState>>,
        /// What can be done.
        decisions: &'static [Decision],
    },
}

/// The driver's picture for everybody else.
#[derive(Debug, Default)]
pub(super) struct View {
    pub(super) state: AccountState,
    pub(super) actions: Vec<OwnAction>,
    pub(super) feeds: Vec<FeedState>,
    pub(super) photos: Vec<PhotoOnWay>,
}

/// Where the copy of one feed stands, for diagnostics.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedState {
    /// Whose.
    pub organization: OrganizationId,
    /// `alarms`, `inventory` …
    pub feed: String,
    /// When it was last read to its end, by the phone's clock.
    pub read_at: Option<Timestamp>,
    /// It is being read.
    pub running: bool,
    /// Why the last read failed.
    pub trouble: Option<Code>,
}

/// What the picture is drawn from.
pub(super) struct Scene<'a> {
    pub(super) outbox: Option<&'a Outbox>,
    pub(super) uploads: &'a Uploads,
    pub(super) schedule: &'a Schedule,
    pub(super) troubles: &'a BTreeMap<Feed, Code>,
    /// Why nothing is read, where not even the organizations are known.
    pub(super) membership_trouble: Option<Code>,
    pub(super) session: Option<&'a Session>,
    pub(super) offline: bool,
    /// When the event stream was heard last: what it did not ring for had not changed.
    pub(super) heard_at: Option<Timestamp>,
    pub(super) now: Moment,
}

impl Scene<'_> {
    pub(super) fn draw(&self) -> View {
        let feeds = self.feeds();
        let actions = self.actions();
        let state = self.state(&feeds, &actions);
        View { state, actions, feeds, photos: photos_on_way(self.uploads, |at| self.on_wall(at)) }
    }

    /// A point of the monotonic clock on the wall clock.
    fn on_wall(&self, monotonic_ms: i64) -> Timestamp {
        self.now.wall.plus_millis(monotonic_ms.saturating_sub(self.now.monotonic_ms).max(0))
    }

    fn feeds(&self) -> Vec<FeedState> {
        self.schedule
            .feeds()
            .map(|feed: &Feed| {
                let status = self.schedule.status(feed, &self.now);
                FeedState {
                    organization: feed.organization,
                    feed: feed.name.clone(),
                    read_at: status.and_then(|status| status.read).map(|read| read.wall),
                    running: status.is_some_and(|status| status.running),
                    trouble: self.troubles.get(feed).copied(),
                }
            })
            .collect()
    }

    fn actions(&self) -> Vec<OwnAction> {
        let Some(outbox) = self.outbox else { return Vec::new() };
        outbox.entries().rev().filter_map(|entry| self.action(outbox, entry)).collect()
    }

    fn action(&self, outbox: &Outbox, entry: &Entry) -> Option<OwnAction> {
        Some(OwnAction {
            id: entry.id,
            organization: entry.organization,
            kind: entry.kind.clone(),
            subject: entry.subject,
            name: entry.name.clone(),
            made_at: entry.made.wall,
            stage: self.stage(outbox.stage(entry.id)?),
            body: entry.body.clone(),
            retry_of: entry.retry_of,
        })
    }

    fn stage(&self, stage: Stage) -> ActionStage {
        match stage {
            Stage::OnPhone(on_phone) => ActionStage::OnPhone {
                next_attempt: match on_phone {
                    OnPhone::Waiting { next_attempt_ms, .. } => Some(self.on_wall(next_attempt_ms)),
                    OnPhone::BeingSent | OnPhone::Paused(_) => None,
                },
                being_sent: matches!(on_phone, OnPhone::BeingSent),
                paused: matches!(on_phone, OnPhone::Paused(_)),
                trouble: match on_phone {
                    OnPhone::Waiting { trouble, .. } => trouble,
                    OnPhone::BeingSent | OnPhone::Paused(_) => None,
                },
            },
            Stage::OnServer { .. } => ActionStage::OnServer,
            Stage::Parked { reason, decisions } => ActionStage::Parked {
                code: reason.code(),
                arguments: reason.arguments(),
                current: match reason {
                    Reason::Conflict { current, .. } => current,
                    Reason::Refused { .. } | Reason::Blocked { .. } | Reason::TooOld { .. } => None,
                },
                decisions,
            },
        }
    }

    fn state(&self, feeds: &[FeedState], actions: &[OwnAction]) -> AccountState {
        let status = self.session.map(Session::status);
        let reads = feeds.iter().map(|feed| feed.read_at).collect::<Option<Vec<_>>>();
        let read_at = reads.and_then(|reads| reads.into_iter().min());
        let live = self.schedule.is_live();
        let settled = live && !feeds.iter().any(|feed| feed.running || feed.trouble.is_some());
        let read_at = if settled { read_at.max(read_at.and(self.heard_at)) } else { read_at };
        let parked = actions.iter().filter(|action| matches!(action.stage, ActionStage::Parked { .. })).count();
        AccountState {
            session: match &status {
                None => SessionState::ApiKey,
                Some(Status::SignedOut) => SessionState::SignedOut,
                Some(Status::SignedIn(_)) => SessionState::SignedIn,
                Some(Status::Ended(_)) => SessionState::Ended,
            },
            person: status.and_then(|status| match status {
                Status::SignedIn(person) | Status::Ended(person) => Some(person),
                Status::SignedOut => None,
            }),
            offline: self.offline,
            live,
            read_at,
            trouble: feeds.iter().find_map(|feed| feed.trouble).or(self.membership_trouble),
            waiting: self.outbox.map_or(0, Outbox::unsent),
            parked,
            photos: self.uploads.needed().len(),
            next_attempt: self.outbox.and_then(Outbox::next_attempt).map(|at| self.on_wall(at)),
            ..AccountState::default()
        }
    }
}
