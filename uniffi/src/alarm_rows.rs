//! Alarms as lists show them, as records.

use std::collections::HashMap;

use onsite::alarms as core;
use onsite::live::Batch;
use onsite_rules::severity::Shown;
use onsite_wire::rest;
use onsite_wire::time::Timestamp;

use crate::account_records::OwnStanding;
use crate::error::count;
use crate::people::AssigneeKind;
use crate::rows::rows;

/// Active or cleared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, uniffi::Enum)]
pub enum AlarmStatus {
    /// Its condition holds.
    Active,
    /// Its condition went for good.
    Cleared,
}

impl From<core::Status> for AlarmStatus {
    fn from(status: core::Status) -> Self {
        match status {
            core::Status::Active => Self::Active,
            core::Status::Cleared => Self::Cleared,
        }
    }
}

/// The two severities of the phone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, uniffi::Enum)]
pub enum Severity {
    /// Act now.
    Critical,
    /// Have a look.
    Warning,
}

impl From<Shown> for Severity {
    fn from(shown: Shown) -> Self {
        match shown {
            Shown::Critical => Self::Critical,
            Shown::Warning => Self::Warning,
        }
    }
}

/// When an alarm's condition went for good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, uniffi::Enum)]
pub enum Cleared {
    /// At this time.
    At {
        /// In milliseconds since 1970.
        at: i64,
    },
    /// While nobody looked: the server has forgotten the alarm since.
    TimeUnknown,
}

/// Who is responsible, and how that came.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct AcknowledgedBy {
    /// A person or a partner.
    pub kind: AssigneeKind,
    /// Who.
    pub id: String,
    /// The name.
    pub name: String,
    /// The note; empty for none.
    pub note: String,
    /// Who made it so.
    pub by_name: String,
    /// When.
    pub at: Option<i64>,
    /// The assignee's rights ended since.
    pub cannot_see: bool,
}

impl From<core::AcknowledgedBy> for AcknowledgedBy {
    fn from(by: core::AcknowledgedBy) -> Self {
        Self {
            kind: by.kind.into(),
            id: by.id.to_string(),
            name: by.name,
            note: by.note,
            by_name: by.by_name,
            at: by.at.map(Timestamp::millis),
            cannot_see: by.cannot_see,
        }
    }
}

impl AcknowledgedBy {
    pub(crate) fn of_aspect(aspect: rest::AcknowledgementAspect) -> Option<Self> {
        let acknowledged = aspect.acknowledged?;
        Some(Self {
            kind: acknowledged.assignee.kind.into(),
            id: acknowledged.assignee.id.to_string(),
            name: acknowledged.assignee.name,
            note: acknowledged.note,
            by_name: aspect.by_name,
            at: aspect.made_at.map(Timestamp::millis),
            cannot_see: acknowledged.assignee_cannot_see,
        })
    }
}

/// Why something is muted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, uniffi::Enum)]
pub enum MuteReason {
    /// Work was announced.
    PlannedMaintenance,
    /// Known, and looked after elsewhere.
    KnownIssue,
    /// Somebody is at it.
    UnderRepair,
    /// It rings without need.
    Nuisance,
    /// Something else, in words.
    Other,
}

impl From<rest::MuteReason> for MuteReason {
    fn from(reason: rest::MuteReason) -> Self {
        match reason {
            rest::MuteReason::PlannedMaintenance => Self::PlannedMaintenance,
            rest::MuteReason::KnownIssue => Self::KnownIssue,
            rest::MuteReason::UnderRepair => Self::UnderRepair,
            rest::MuteReason::Nuisance => Self::Nuisance,
            rest::MuteReason::Other => Self::Other,
        }
    }
}

impl From<MuteReason> for rest::MuteReason {
    fn from(reason: MuteReason) -> Self {
        match reason {
            MuteReason::PlannedMaintenance => Self::PlannedMaintenance,
            MuteReason::KnownIssue => Self::KnownIssue,
            MuteReason::UnderRepair => Self::UnderRepair,
            MuteReason::Nuisance => Self::Nuisance,
            MuteReason::Other => Self::Other,
        }
    }
}

/// A mute that holds: who, why and until when.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct MutedBy {
    /// The end; none: until cleared.
    pub until: Option<i64>,
    /// Why.
    pub reason: MuteReason,
    /// Words beside the reason.
    pub text: String,
    /// Who.
    pub by_name: String,
    /// The device whose mute it is; none: the alarm's own.
    pub device: Option<String>,
}

impl From<core::MutedBy> for MutedBy {
    fn from(by: core::MutedBy) -> Self {
        Self {
            until: by.until.map(Timestamp::millis),
            reason: by.reason.into(),
            text: by.text,
            by_name: by.by_name,
            device: by.device.map(|id| id.to_string()),
        }
    }
}

impl MutedBy {
    pub(crate) fn of_aspect(aspect: rest::MuteAspect) -> Option<Self> {
        let muted = aspect.muted?;
        Some(Self {
            until: muted.until.map(Timestamp::millis),
            reason: muted.reason.into(),
            text: muted.text,
            by_name: aspect.by_name,
            device: None,
        })
    }
}

/// One line of a list. At most 16 fields: it crosses often.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct AlarmRow {
    /// The alarm.
    pub id: String,
    /// Its organization.
    pub organization: String,
    /// Active or cleared.
    pub status: AlarmStatus,
    /// Critical or warning.
    pub severity: Severity,
    /// Short title.
    pub label: String,
    /// Longer text.
    pub message: String,
    /// Its device.
    pub device: String,
    /// The device's name; empty while it was not seen yet.
    pub device_label: String,
    /// The names of the places above, from the site down.
    pub place: String,
    /// Its category; empty for none.
    pub category: String,
    /// When it was activated.
    pub activated: i64,
    /// When its condition went for good; none while active.
    pub cleared: Option<Cleared>,
    /// How often the condition occurred.
    pub count: i32,
    /// Who is responsible.
    pub acknowledged: Option<AcknowledgedBy>,
    /// The mute that holds.
    pub muted: Option<MutedBy>,
    /// Where one's own action on it stands, if one still shapes what is seen.
    pub own_action: Option<OwnStanding>,
}

impl From<core::AlarmRow> for AlarmRow {
    fn from(row: core::AlarmRow) -> Self {
        Self {
            id: row.id.to_string(),
            organization: row.organization.to_string(),
            status: row.status.into(),
            severity: row.severity.into(),
            label: row.label,
            message: row.message,
            device: row.device.to_string(),
            device_label: row.device_label,
            place: row.place,
            category: row.category,
            activated: row.activated.millis(),
            cleared: row.cleared.map(|cleared| match cleared {
                core::Cleared::At(at) => Cleared::At { at: at.millis() },
                core::Cleared::TimeUnknown => Cleared::TimeUnknown,
            }),
            count: row.count,
            acknowledged: row.acknowledged.map(AcknowledgedBy::from),
            muted: row.muted.map(MutedBy::from),
            own_action: row.own_action.map(OwnStanding::from),
        }
    }
}

rows!(AlarmRows, AlarmStep, AlarmRow);

/// Counts beside each choice of a filter: how many alarms it would leave.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct AlarmCounts {
    /// Active ones.
    pub active: i64,
    /// Cleared ones; none while they are still being counted.
    pub cleared: Option<i64>,
    /// Critical ones.
    pub critical: i64,
    /// Warnings.
    pub warning: i64,
    /// Muted ones.
    pub muted: i64,
    /// Those without a mute.
    pub not_muted: i64,
    /// By category; empty name: none.
    pub categories: HashMap<String, i64>,
    /// By device type.
    pub device_types: HashMap<String, i64>,
    /// By model.
    pub models: HashMap<String, i64>,
    /// By manufacturer.
    pub manufacturers: HashMap<String, i64>,
    /// By location, each with what lies below it.
    pub locations: HashMap<String, i64>,
    /// By who is responsible.
    pub assignees: HashMap<String, i64>,
    /// Nobody is responsible.
    pub unassigned: i64,
    /// Devices with at least one alarm in the list.
    pub devices: i64,
}

impl From<&core::Facets> for AlarmCounts {
    fn from(facets: &core::Facets) -> Self {
        fn named<K: ToString>(counts: &std::collections::BTreeMap<K, u64>) -> HashMap<String, i64> {
            counts.iter().map(|(name, n)| (name.to_string(), count(*n))).collect()
        }
        Self {
            active: count(facets.active),
            cleared: facets.cleared.map(count),
            critical: count(facets.critical),
            warning: count(facets.warning),
            muted: count(facets.muted),
            not_muted: count(facets.not_muted),
            categories: named(&facets.categories),
            device_types: named(&facets.device_types),
            models: named(&facets.models),
            manufacturers: named(&facets.manufacturers),
            locations: named(&facets.locations),
            assignees: named(&facets.assignees),
            unassigned: count(facets.unassigned),
            devices: count(facets.devices),
        }
    }
}

/// What a listener of a list is told.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct AlarmBatch {
    /// How the rows changed.
    pub rows: AlarmRows,
    /// How many rows pass, over the whole store; none until they were counted once.
    pub total: Option<i64>,
    /// Counts by value; none until they were counted once.
    pub counts: Option<AlarmCounts>,
    /// Rows that arrived above the window's beginning since it was set.
    pub newer: i64,
    /// More rows may still be found.
    pub searching: bool,
    /// There are rows below the last one.
    pub has_more: bool,
}

impl From<Batch<core::AlarmRow, core::Facets>> for AlarmBatch {
    fn from(batch: Batch<core::AlarmRow, core::Facets>) -> Self {
        Self {
            rows: batch.rows.into(),
            total: batch.total.map(count),
            counts: batch.counts.map(|counts| AlarmCounts::from(&*counts)),
            newer: count(batch.newer),
            searching: batch.searching,
            has_more: batch.has_more,
        }
    }
}
