//! Incidents, as records.

use onsite::incidents as core;
use onsite::live::Batch;
use onsite_wire::onsite as wire;

use crate::account_records::OwnStanding;
use crate::error::{OnsiteError, Problem, count, id_if};
use crate::rows::rows;

/// The life of an incident.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, uniffi::Enum)]
pub enum IncidentState {
    /// Nobody owns it yet.
    New,
    /// An agent owns it; shown as "in progress".
    Open,
    /// It waits for something or somebody.
    Pending,
    /// Done; closes after 4 days unless somebody reopens it.
    Solved,
    /// Over for good.
    Closed,
}

impl From<wire::IncidentState> for IncidentState {
    fn from(state: wire::IncidentState) -> Self {
        match state {
            wire::IncidentState::New => Self::New,
            wire::IncidentState::Open => Self::Open,
            wire::IncidentState::Pending => Self::Pending,
            wire::IncidentState::Solved => Self::Solved,
            wire::IncidentState::Closed => Self::Closed,
        }
    }
}

impl From<IncidentState> for wire::IncidentState {
    fn from(state: IncidentState) -> Self {
        match state {
            IncidentState::New => Self::New,
            IncidentState::Open => Self::Open,
            IncidentState::Pending => Self::Pending,
            IncidentState::Solved => Self::Solved,
            IncidentState::Closed => Self::Closed,
        }
    }
}

/// Which incidents a person chose to see.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct IncidentFilter {
    /// Of this organization.
    #[uniffi(default)]
    pub organization: Option<String>,
    /// In one of these states; empty: in any.
    #[uniffi(default)]
    pub states: Vec<IncidentState>,
    /// Of this device.
    #[uniffi(default)]
    pub device: Option<String>,
    /// At this location or below.
    #[uniffi(default)]
    pub location: Option<String>,
    /// Those in which one takes part oneself.
    #[uniffi(default = false)]
    pub mine: bool,
}

impl From<core::IncidentFilter> for IncidentFilter {
    fn from(filter: core::IncidentFilter) -> Self {
        Self {
            organization: filter.organization.map(|id| id.to_string()),
            states: filter.states.into_iter().map(IncidentState::from).collect(),
            device: filter.device.map(|id| id.to_string()),
            location: filter.location.map(|id| id.to_string()),
            mine: filter.mine,
        }
    }
}

impl IncidentFilter {
    pub(crate) fn read(self) -> Result<core::IncidentFilter, OnsiteError> {
        Ok(core::IncidentFilter {
            organization: id_if(self.organization.as_ref())?,
            states: self.states.into_iter().map(wire::IncidentState::from).collect(),
            device: id_if(self.device.as_ref())?,
            location: id_if(self.location.as_ref())?,
            mine: self.mine,
        })
    }
}

/// One line of the list of incidents.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct IncidentRow {
    /// The incident.
    pub id: String,
    /// Its organization.
    pub organization: String,
    /// Where it is in its life, the person's own moves included.
    pub state: IncidentState,
    /// What it is about.
    pub subject: String,
    /// Its device.
    pub device: String,
    /// The device's name; empty while it was not seen yet.
    pub device_label: String,
    /// The names of the places above, from the site down.
    pub place: String,
    /// When it was opened.
    pub opened: i64,
    /// When something happened in it last.
    pub last: i64,
    /// How many alarms it names.
    pub alarms: i64,
    /// The agent who owns it; empty while nobody does.
    pub agent: String,
    /// How many messages of others the person has not read.
    pub unread: i64,
    /// Until when it can be reopened, while it is solved.
    pub closes: Option<i64>,
    /// It is on this phone only.
    pub on_phone: bool,
    /// Where one's own action on it stands, if one still shapes what is seen.
    pub own_action: Option<OwnStanding>,
}

impl From<core::IncidentRow> for IncidentRow {
    fn from(row: core::IncidentRow) -> Self {
        Self {
            id: row.id.to_string(),
            organization: row.organization.to_string(),
            state: row.state.into(),
            subject: row.subject,
            device: row.device.to_string(),
            device_label: row.device_label,
            place: row.place,
            opened: row.opened.millis(),
            last: row.last.millis(),
            alarms: count(row.alarms),
            agent: row.agent,
            unread: row.unread,
            closes: row.closes.map(|at| at.millis()),
            on_phone: row.on_phone,
            own_action: row.own_action.map(OwnStanding::from),
        }
    }
}

rows!(IncidentRows, IncidentStep, IncidentRow);

/// How many incidents each state would show under all other filters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Record)]
pub struct IncidentCounts {
    /// New.
    pub new: i64,
    /// In progress.
    pub open: i64,
    /// Pending.
    pub pending: i64,
    /// Solved.
    pub solved: i64,
    /// Closed.
    pub closed: i64,
    /// Unread messages of those that pass.
    pub unread: i64,
}

impl From<&core::IncidentCounts> for IncidentCounts {
    fn from(counts: &core::IncidentCounts) -> Self {
        let of = |state| count(counts.of(state));
        Self {
            new: of(wire::IncidentState::New),
            open: of(wire::IncidentState::Open),
            pending: of(wire::IncidentState::Pending),
            solved: of(wire::IncidentState::Solved),
            closed: of(wire::IncidentState::Closed),
            unread: counts.unread,
        }
    }
}

/// What a listener of the list of incidents is told.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct IncidentBatch {
    /// How the rows changed.
    pub rows: IncidentRows,
    /// How many rows pass; none until they were counted once.
    pub total: Option<i64>,
    /// Counts by state; none until they were counted once.
    pub counts: Option<IncidentCounts>,
    /// Rows that arrived above the window's beginning since it was set.
    pub newer: i64,
    /// More rows may still be found.
    pub searching: bool,
    /// There are rows below the last one.
    pub has_more: bool,
}

impl From<Batch<core::IncidentRow, core::IncidentCounts>> for IncidentBatch {
    fn from(batch: Batch<core::IncidentRow, core::IncidentCounts>) -> Self {
        Self {
            rows: batch.rows.into(),
            total: batch.total.map(count),
            counts: batch.counts.map(|counts| IncidentCounts::from(&*counts)),
            newer: count(batch.newer),
            searching: batch.searching,
            has_more: batch.has_more,
        }
    }
}

/// What a person is told before opening an incident.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct IncidentOpening {
    /// An incident of the device that is under way: write there instead.
    pub under_way: Option<String>,
    /// It may cost money: say so, and open with `cost_accepted` only when the person goes on.
    pub may_cost: bool,
}

impl From<core::Opening> for IncidentOpening {
    fn from(opening: core::Opening) -> Self {
        Self { under_way: opening.under_way.map(|id| id.to_string()), may_cost: opening.may_cost }
    }
}

/// What may be done now; if not, why.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct IncidentOffers {
    /// Why nothing can be written in its chat.
    pub cannot_write: Option<Problem>,
    /// Why it cannot be said to be solved.
    pub cannot_solve: Option<Problem>,
    /// Why it cannot be reopened.
    pub cannot_reopen: Option<Problem>,
    /// Why no feedback can be given or edited.
    pub cannot_give_feedback: Option<Problem>,
}

/// One incident's own page.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct IncidentPage {
    /// As the list shows it.
    pub row: IncidentRow,
    /// What was said at its opening.
    pub description: String,
    /// Its alarms.
    pub alarms: Vec<String>,
    /// The names of those who take part.
    pub participants: Vec<String>,
    /// The rating, 1 to 5, as it is seen.
    pub rating: Option<i32>,
    /// The words of the feedback; empty for none.
    pub comment: String,
    /// So many messages at the end of its chat are not on this phone.
    pub missing: i64,
    /// What was begun to be written and not sent.
    pub draft: String,
    /// What may be done.
    pub may: IncidentOffers,
}

impl From<core::IncidentPage> for IncidentPage {
    fn from(page: core::IncidentPage) -> Self {
        let why = |may: Result<(), onsite::error::Error>| may.err().map(Problem::from);
        Self {
            row: page.row.into(),
            description: page.incident.description,
            alarms: page.incident.alarms.iter().map(ToString::to_string).collect(),
            participants: page.incident.participants.into_iter().map(|author| author.name).collect(),
            rating: page.feedback.as_ref().map(|feedback| feedback.rating),
            comment: page.feedback.map(|feedback| feedback.comment).unwrap_or_default(),
            missing: page.missing,
            draft: page.draft,
            may: IncidentOffers {
                cannot_write: why(page.may.write),
                cannot_solve: why(page.may.solve),
                cannot_reopen: why(page.may.reopen),
                cannot_give_feedback: why(page.may.feedback),
            },
        }
    }
}
