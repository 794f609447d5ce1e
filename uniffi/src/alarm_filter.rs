//! Filters of alarms, as records.

use onsite::alarms as core;
use onsite_rules::severity::Shown;
use onsite_wire::time::Timestamp;

use crate::alarm_rows::{AlarmStatus, Severity};
use crate::error::{OnsiteError, id, id_if};

/// Muted alarms in, out, or alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, uniffi::Enum)]
pub enum MutedChoice {
    /// With and without a mute.
    Both,
    /// Muted ones alone.
    Only,
    /// Without the muted ones.
    Without,
}

/// By who is responsible.
#[derive(Debug, Clone, PartialEq, Eq, Hash, uniffi::Enum)]
pub enum AssignmentChoice {
    /// Does not matter.
    Any,
    /// Somebody is.
    Someone,
    /// Nobody is.
    Unassigned,
    /// This person or partner is; "mine" is one's own id.
    Person {
        /// Who.
        id: String,
    },
}

/// The ways to order a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, uniffi::Enum)]
pub enum AlarmSort {
    /// Active first, newest first.
    Newest,
    /// Active first, critical first, newest first.
    Severity,
    /// By the device's name; of one device active first, newest first.
    Device,
    /// By the places' names from the top, then as by device.
    Location,
}

impl From<core::AlarmSort> for AlarmSort {
    fn from(sort: core::AlarmSort) -> Self {
        match sort {
            core::AlarmSort::Newest => Self::Newest,
            core::AlarmSort::Severity => Self::Severity,
            core::AlarmSort::Device => Self::Device,
            core::AlarmSort::Location => Self::Location,
        }
    }
}

impl From<AlarmSort> for core::AlarmSort {
    fn from(sort: AlarmSort) -> Self {
        match sort {
            AlarmSort::Newest => Self::Newest,
            AlarmSort::Severity => Self::Severity,
            AlarmSort::Device => Self::Device,
            AlarmSort::Location => Self::Location,
        }
    }
}

/// What a person chose to see. Choices of one kind are alternatives; kinds narrow each other. Empty: everything.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct AlarmFilter {
    /// One organization; none is all of a partner's.
    #[uniffi(default)]
    pub organization: Option<String>,
    /// Active or cleared; none is both.
    #[uniffi(default)]
    pub status: Option<AlarmStatus>,
    /// Only critical or only warnings; none is both.
    #[uniffi(default)]
    pub severity: Option<Severity>,
    /// Any of these categories.
    #[uniffi(default)]
    pub categories: Vec<String>,
    /// Any of these device types.
    #[uniffi(default)]
    pub device_types: Vec<String>,
    /// Any of these models.
    #[uniffi(default)]
    pub models: Vec<String>,
    /// Any of these manufacturers.
    #[uniffi(default)]
    pub manufacturers: Vec<String>,
    /// At this location or below it.
    #[uniffi(default)]
    pub location: Option<String>,
    /// By mute.
    pub muted: MutedChoice,
    /// By who is responsible.
    pub assignment: AssignmentChoice,
    /// Words as they were typed: each must be the beginning of a word of label, message, device or location.
    #[uniffi(default)]
    pub words: String,
    /// Activated at this time or later.
    #[uniffi(default)]
    pub from: Option<i64>,
    /// Activated before this time.
    #[uniffi(default)]
    pub to: Option<i64>,
    /// Of this device alone.
    #[uniffi(default)]
    pub device: Option<String>,
}

impl Default for AlarmFilter {
    fn default() -> Self {
        core::AlarmFilter::default().into()
    }
}

impl From<core::AlarmFilter> for AlarmFilter {
    fn from(filter: core::AlarmFilter) -> Self {
        Self {
            organization: filter.organization.map(|id| id.to_string()),
            status: filter.status.map(AlarmStatus::from),
            severity: filter.severity.map(Severity::from),
            categories: filter.categories.into_iter().collect(),
            device_types: filter.device_types.into_iter().collect(),
            models: filter.models.into_iter().collect(),
            manufacturers: filter.manufacturers.into_iter().collect(),
            location: filter.location.map(|id| id.to_string()),
            muted: match filter.muted {
                core::MutedChoice::Both => MutedChoice::Both,
                core::MutedChoice::Only => MutedChoice::Only,
                core::MutedChoice::Without => MutedChoice::Without,
            },
            assignment: match filter.assignment {
                core::AssignmentChoice::Any => AssignmentChoice::Any,
                core::AssignmentChoice::Someone => AssignmentChoice::Someone,
                core::AssignmentChoice::Unassigned => AssignmentChoice::Unassigned,
                core::AssignmentChoice::Person(id) => AssignmentChoice::Person { id: id.to_string() },
            },
            words: filter.words,
            from: filter.from.map(Timestamp::millis),
            to: filter.to.map(Timestamp::millis),
            device: filter.device.map(|id| id.to_string()),
        }
    }
}

impl AlarmFilter {
    pub(crate) fn read(self) -> Result<core::AlarmFilter, OnsiteError> {
        Ok(core::AlarmFilter {
            organization: id_if(self.organization.as_ref())?,
            status: self.status.map(|status| match status {
                AlarmStatus::Active => core::Status::Active,
                AlarmStatus::Cleared => core::Status::Cleared,
            }),
            severity: self.severity.map(|severity| match severity {
                Severity::Critical => Shown::Critical,
                Severity::Warning => Shown::Warning,
            }),
            categories: self.categories.into_iter().collect(),
            device_types: self.device_types.into_iter().collect(),
            models: self.models.into_iter().collect(),
            manufacturers: self.manufacturers.into_iter().collect(),
            location: id_if(self.location.as_ref())?,
            muted: match self.muted {
                MutedChoice::Both => core::MutedChoice::Both,
                MutedChoice::Only => core::MutedChoice::Only,
                MutedChoice::Without => core::MutedChoice::Without,
            },
            assignment: match self.assignment {
                AssignmentChoice::Any => core::AssignmentChoice::Any,
                AssignmentChoice::Someone => core::AssignmentChoice::Someone,
                AssignmentChoice::Unassigned => core::AssignmentChoice::Unassigned,
                AssignmentChoice::Person { id: person } => core::AssignmentChoice::Person(id(&person)?),
            },
            words: self.words,
            from: self.from.map(Timestamp::from_millis),
            to: self.to.map(Timestamp::from_millis),
            device: id_if(self.device.as_ref())?,
        })
    }
}

/// A filter with its name.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct SavedFilter {
    /// Unique; saving under a known name replaces.
    pub name: String,
    /// What it leaves.
    pub filter: AlarmFilter,
    /// In which order.
    pub sort: AlarmSort,
}

impl From<core::SavedFilter> for SavedFilter {
    fn from(saved: core::SavedFilter) -> Self {
        Self { name: saved.name, filter: saved.filter.into(), sort: saved.sort.into() }
    }
}

impl SavedFilter {
    pub(crate) fn read(self) -> Result<core::SavedFilter, OnsiteError> {
        Ok(core::SavedFilter { name: self.name, filter: self.filter.read()?, sort: self.sort.into() })
    }
}
