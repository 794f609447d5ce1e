//! Filters: what a person chose, and whether an alarm passes. The rule stands here once, in memory; the store's SQL is
//! tested against it over random filters and alarms.

use std::collections::BTreeSet;

use onsite_rules::severity::Shown;
use onsite_wire::ids::{DeviceId, LocationId, OrganizationId, PersonId};
use serde::{Deserialize, Serialize};

use super::mark::{Mark, Status};
use crate::devices::directory::Directory;
use crate::text;
use crate::time::Timestamp;

/// What a person chose to see (A4). Choices of one kind are alternatives; kinds narrow each other. Empty: everything.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct AlarmFilter {
    /// One organization; `None` is all of a partner's.
    pub organization: Option<OrganizationId>,
    /// Active or cleared; `None` is both.
    #[serde(with = "status_names")]
    pub status: Option<Status>,
    /// Only critical or only warnings; `None` is both.
    #[serde(with = "severity_names")]
    pub severity: Option<Shown>,
    /// Any of these categories.
    pub categories: BTreeSet<String>,
    /// Any of these device types.
    pub device_types: BTreeSet<String>,
    /// Any of these models.
    pub models: BTreeSet<String>,
    /// Any of these manufacturers.
    pub manufacturers: BTreeSet<String>,
    /// At this location or below it.
    pub location: Option<LocationId>,
    /// By mute.
    pub muted: MutedChoice,
    /// By who is responsible.
    pub assignment: AssignmentChoice,
    /// Words as they were typed: each must be the beginning of a word of label, message, device or location.
    pub words: String,
    /// Activated at this time or later.
    pub from: Option<Timestamp>,
    /// Activated before this time.
    pub to: Option<Timestamp>,
    /// Of this device alone.
    pub device: Option<DeviceId>,
}

/// Muted alarms in, out, or alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MutedChoice {
    /// With and without a mute.
    #[default]
    Both,
    /// Muted ones alone.
    Only,
    /// Without the muted ones.
    Without,
}

/// By who is responsible.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AssignmentChoice {
    /// Does not matter.
    #[default]
    Any,
    /// Somebody is.
    Someone,
    /// Nobody is.
    Unassigned,
    /// This person or partner is; "mine" is one's own id.
    Person(PersonId),
}

/// The ways to order a list. Each ends with the alarm's id, so that the order is total.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AlarmSort {
    /// Active first, newest first.
    #[default]
    Newest,
    /// Active first, critical first, newest first.
    Severity,
    /// By the device's name; of one device active first, newest first.
    Device,
    /// By the places' names from the top, then as by device.
    Location,
}

mod status_names {
    use super::Status;
    use serde::{Deserialize, Deserializer, Serializer};

    #[expect(clippy::ref_option, reason = "serde's signature")]
    pub fn serialize<S: Serializer>(status: &Option<Status>, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(match status {
            None => "both",
            Some(Status::Active) => "active",
            Some(Status::Cleared) => "cleared",
        })
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Status>, D::Error> {
        Ok(match String::deserialize(deserializer)?.as_str() {
            "active" => Some(Status::Active),
            "cleared" => Some(Status::Cleared),
            _ => None,
        })
    }
}

mod severity_names {
    use onsite_rules::severity::Shown;
    use serde::{Deserialize, Deserializer, Serializer};

    #[expect(clippy::ref_option, reason = "serde's signature")]
    pub fn serialize<S: Serializer>(severity: &Option<Shown>, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(severity.map_or("both", Shown::as_str))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Shown>, D::Error> {
        Ok(match String::deserialize(deserializer)?.as_str() {
            "critical" => Some(Shown::Critical),
            "warning" => Some(Shown::Warning),
            _ => None,
        })
    }
}

/// A kind of choice that has counts beside its values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Facet {
    /// Active, cleared.
    Status,
    /// Critical, warning.
    Severity,
    /// Categories.
    Category,
    /// Device types.
    DeviceType,
    /// Models.
    Model,
    /// Manufacturers.
    Manufacturer,
    /// Locations, each with what lies below it.
    Location,
    /// Muted, not muted.
    Muted,
    /// Persons, and nobody.
    Assignment,
}

impl Facet {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Status,
        Self::Severity,
        Self::Category,
        Self::DeviceType,
        Self::Model,
        Self::Manufacturer,
        Self::Location,
        Self::Muted,
        Self::Assignment,
    ];

    const fn bit(self) -> u16 {
        1 << self as u16
    }
}

/// Which of a filter's choices an alarm misses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// None: it is in the list.
    Passes,
    /// Exactly one that has counts: it would be in the list without that choice.
    MissesOnly(Facet),
    /// More, or one without counts.
    Misses,
}

/// A filter made ready against one version of the directory: sets of numbers instead of names.
#[derive(Debug, Clone, Default)]
pub(super) struct Sieve {
    organization: Option<i64>,
    status: Option<Status>,
    severity: Option<Shown>,
    categories: Option<BTreeSet<i64>>,
    /// Per device: which of the four choices by device it misses; the bits of [`Facet`].
    devices: Vec<u16>,
    default_device: u16,
    /// The devices that miss none of those choices; `None`: nothing was chosen by device.
    chosen: Option<Vec<i64>>,
    muted: Option<bool>,
    assignment: AssignmentChoice,
    device: Option<i64>,
    from: Option<Timestamp>,
    to: Option<Timestamp>,
}

/// A number that nothing has.
const NOTHING: i64 = -1;

impl Sieve {
    /// Makes a filter ready. Words are not part of it: they are answered by the index.
    pub(super) fn new(filter: &AlarmFilter, directory: &Directory) -> Self {
        let mut sieve = Self {
            organization: filter.organization.map(|id| directory.organization_number(id).unwrap_or(NOTHING)),
            status: filter.status,
            severity: filter.severity,
            categories: (!filter.categories.is_empty()).then(|| {
                filter.categories.iter().map(|name| directory.category_number(name).unwrap_or(NOTHING)).collect()
            }),
            muted: match filter.muted {
                MutedChoice::Both => None,
                MutedChoice::Only => Some(true),
                MutedChoice::Without => Some(false),
            },
            assignment: filter.assignment,
            device: filter.device.map(|id| directory.device_number(id).unwrap_or(NOTHING)),
            from: filter.from,
            to: filter.to,
            ..Self::default()
        };
        sieve.sift_devices(filter, directory);
        sieve
    }

    fn sift_devices(&mut self, filter: &AlarmFilter, directory: &Directory) {
        let within = filter.location.map(|id| directory.location_number(id).unwrap_or(NOTHING));
        let misses = |kind: &str, model: &str, manufacturer: &str, place: Option<i64>| {
            let mut bits = 0;
            let mut miss = |facet: Facet, chosen: &BTreeSet<String>, value: &str| {
                if !chosen.is_empty() && !chosen.contains(value) {
                    bits |= facet.bit();
                }
            };
            miss(Facet::DeviceType, &filter.device_types, kind);
            miss(Facet::Model, &filter.models, model);
            miss(Facet::Manufacturer, &filter.manufacturers, manufacturer);
            if within.is_some_and(|within| !directory.is_within(place, within)) {
                bits |= Facet::Location.bit();
            }
            bits
        };
        self.default_device = misses("", "", "", None);
        if self.default_device == 0 {
            return;
        }
        for (n, device) in directory.devices() {
            let Ok(at) = usize::try_from(n) else { continue };
            if self.devices.len() <= at {
                self.devices.resize(at + 1, self.default_device);
            }
            if let Some(slot) = self.devices.get_mut(at) {
                *slot = misses(&device.kind, &device.model, &device.manufacturer, directory.place_of(n));
            }
        }
        let chosen = self.devices.iter().enumerate().filter(|(_, missed)| **missed == 0);
        self.chosen = Some(chosen.filter_map(|(n, _)| i64::try_from(n).ok()).collect());
    }

    fn missed_by_device(&self, device: i64) -> u16 {
        usize::try_from(device).ok().and_then(|at| self.devices.get(at).copied()).unwrap_or(self.default_device)
    }

    /// The devices whose alarms may pass; `None`: all.
    pub(super) fn chosen_devices(&self) -> Option<&[i64]> {
        self.chosen.as_deref()
    }

    /// Whether a device misses none of the choices by device.
    pub(super) fn passes_device(&self, device: i64) -> bool {
        self.missed_by_device(device) == 0
    }

    /// The organization's number, if one was chosen.
    pub(super) const fn organization(&self) -> Option<i64> {
        self.organization
    }

    /// The device's number, if one was chosen.
    pub(super) const fn device(&self) -> Option<i64> {
        self.device
    }

    /// The categories' numbers, if some were chosen.
    pub(super) const fn categories(&self) -> Option<&BTreeSet<i64>> {
        self.categories.as_ref()
    }

    /// Which choices an alarm misses.
    pub(super) fn verdict(&self, mark: &Mark) -> Verdict {
        if self.organization.is_some_and(|organization| organization != mark.organization)
            || self.device.is_some_and(|device| device != mark.device)
            || self.from.is_some_and(|from| mark.activated < from)
            || self.to.is_some_and(|to| mark.activated >= to)
        {
            return Verdict::Misses;
        }
        let mut missed = self.missed_by_device(mark.device);
        let mut miss = |facet: Facet, misses: bool| {
            if misses {
                missed |= facet.bit();
            }
        };
        miss(Facet::Status, self.status.is_some_and(|status| status != mark.status));
        miss(Facet::Severity, self.severity.is_some_and(|severity| severity != mark.severity));
        miss(Facet::Category, self.categories.as_ref().is_some_and(|chosen| !chosen.contains(&mark.category)));
        miss(Facet::Muted, self.muted.is_some_and(|muted| muted != mark.muted));
        miss(Facet::Assignment, !self.assignment_passes(mark));
        match missed.count_ones() {
            0 => Verdict::Passes,
            1 => {
                Facet::ALL.into_iter().find(|facet| facet.bit() == missed).map_or(Verdict::Misses, Verdict::MissesOnly)
            }
            _ => Verdict::Misses,
        }
    }

    fn assignment_passes(&self, mark: &Mark) -> bool {
        match self.assignment {
            AssignmentChoice::Any => true,
            AssignmentChoice::Someone => mark.assignee.is_some(),
            AssignmentChoice::Unassigned => mark.assignee.is_none(),
            AssignmentChoice::Person(person) => mark.assignee == Some(person),
        }
    }
}

/// The words of a filter as a query.
pub(super) fn typed(filter: &AlarmFilter) -> text::Query {
    text::Query::typed(&filter.words)
}
