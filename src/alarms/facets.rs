//! Counts beside each choice of a filter: how many alarms it would leave, under all other choices and the words, without
//! its own (A4). Counted once over the store, then kept by difference.

use std::collections::{BTreeMap, HashMap};

use onsite_rules::severity::Shown;
use onsite_wire::ids::{LocationId, PersonId};

use super::filter::{Facet, Sieve, Verdict};
use super::hits::WordHits;
use super::mark::{Mark, Status};
use crate::devices::directory::Directory;

/// The counts of one window.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Facets {
    /// Active ones.
    pub active: u64,
    /// Cleared ones. `None` while they are still being counted: a list of the active shows its counts before that.
    pub cleared: Option<u64>,
    /// Critical ones.
    pub critical: u64,
    /// Warnings.
    pub warning: u64,
    /// Muted ones.
    pub muted: u64,
    /// Those without a mute.
    pub not_muted: u64,
    /// By category; empty name: none.
    pub categories: BTreeMap<String, u64>,
    /// By device type.
    pub device_types: BTreeMap<String, u64>,
    /// By model.
    pub models: BTreeMap<String, u64>,
    /// By manufacturer.
    pub manufacturers: BTreeMap<String, u64>,
    /// By location, each with what lies below it.
    pub locations: BTreeMap<LocationId, u64>,
    /// By who is responsible.
    pub assignees: BTreeMap<PersonId, u64>,
    /// Nobody is responsible.
    pub unassigned: u64,
    /// Devices with at least one alarm in the list.
    pub devices: u64,
}

/// Running counts. By device where a device decides, so that a million alarms are summed over some thousand devices.
#[derive(Debug, Clone, Default)]
pub struct Tally {
    /// Which alarms were counted as having the typed words; `None`: none were typed.
    worded: Option<WordHits>,
    /// The cleared ones are counted too.
    whole: bool,
    total: i64,
    status: [i64; 2],
    severity: [i64; 2],
    muted: [i64; 2],
    category: HashMap<i64, i64>,
    assignee: HashMap<Option<PersonId>, i64>,
    by_device: Vec<ByDevice>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct ByDevice {
    kind: i64,
    model: i64,
    manufacturer: i64,
    location: i64,
    listed: i64,
}

fn add(slot: Option<&mut i64>, by: i64) {
    if let Some(slot) = slot {
        *slot += by;
    }
}

impl Tally {
    /// Of a list whose words these alarms have.
    pub(super) fn new(worded: Option<WordHits>) -> Self {
        Self { worded, ..Self::default() }
    }

    /// Every alarm has been counted.
    pub(super) const fn completed(mut self) -> Self {
        self.whole = true;
        self
    }

    /// From now on an alarm has the words, or has not.
    pub(super) fn set_worded(&mut self, n: i64, hit: bool) {
        if let Some(worded) = &mut self.worded {
            worded.set(n, hit);
        }
    }

    /// Counts an alarm.
    pub(super) fn put_in(&mut self, sieve: &Sieve, mark: &Mark) {
        self.add(sieve, mark, 1);
    }

    /// Counts an alarm no longer.
    pub(super) fn take_out(&mut self, sieve: &Sieve, mark: &Mark) {
        self.add(sieve, mark, -1);
    }

    fn add(&mut self, sieve: &Sieve, mark: &Mark, by: i64) {
        if self.worded.as_ref().is_some_and(|worded| !worded.contains(mark.n)) {
            return;
        }
        let (all, only) = match sieve.verdict(mark) {
            Verdict::Passes => (true, None),
            Verdict::MissesOnly(facet) => (false, Some(facet)),
            Verdict::Misses => return,
        };
        if all {
            self.total += by;
        }
        let counts = |facet| all || only == Some(facet);
        if counts(Facet::Status) {
            add(self.status.get_mut(usize::from(mark.status == Status::Cleared)), by);
        }
        if counts(Facet::Severity) {
            add(self.severity.get_mut(usize::from(mark.severity == Shown::Warning)), by);
        }
        if counts(Facet::Muted) {
            add(self.muted.get_mut(usize::from(!mark.muted)), by);
        }
        if counts(Facet::Category) {
            *self.category.entry(mark.category).or_default() += by;
        }
        if counts(Facet::Assignment) {
            *self.assignee.entry(mark.assignee).or_default() += by;
        }
        self.add_device(mark.device, by, &counts);
    }

    fn add_device(&mut self, device: i64, by: i64, counts: &impl Fn(Facet) -> bool) {
        let Ok(at) = usize::try_from(device) else { return };
        if self.by_device.len() <= at {
            self.by_device.resize(at + 1, ByDevice::default());
        }
        let Some(slot) = self.by_device.get_mut(at) else { return };
        if counts(Facet::DeviceType) && counts(Facet::Model) {
            slot.listed += by;
        }
        for (facet, count) in [
            (Facet::DeviceType, &mut slot.kind),
            (Facet::Model, &mut slot.model),
            (Facet::Manufacturer, &mut slot.manufacturer),
            (Facet::Location, &mut slot.location),
        ] {
            if counts(facet) {
                *count += by;
            }
        }
    }

    /// How many alarms pass.
    pub(super) fn total(&self) -> u64 {
        u64::try_from(self.total).unwrap_or_default()
    }

    /// The counts by name.
    pub(super) fn facets(&self, directory: &Directory) -> Facets {
        let count = |slot: Option<&i64>| u64::try_from(slot.copied().unwrap_or_default()).unwrap_or_default();
        let mut facets = Facets {
            active: count(self.status.first()),
            cleared: self.whole.then(|| count(self.status.get(1))),
            critical: count(self.severity.first()),
            warning: count(self.severity.get(1)),
            muted: count(self.muted.first()),
            not_muted: count(self.muted.get(1)),
            unassigned: count(self.assignee.get(&None)),
            ..Facets::default()
        };
        for (category, n) in self.category.iter().filter(|(_, n)| **n > 0) {
            *facets.categories.entry(directory.category(*category).to_owned()).or_default() += count(Some(n));
        }
        for (assignee, n) in self.assignee.iter().filter(|(_, n)| **n > 0) {
            if let Some(person) = assignee {
                facets.assignees.insert(*person, count(Some(n)));
            }
        }
        self.facets_by_device(directory, &mut facets);
        facets
    }

    fn facets_by_device(&self, directory: &Directory, facets: &mut Facets) {
        let bump = |map: &mut BTreeMap<String, u64>, name: &str, by: i64| {
            if by > 0 && !name.is_empty() {
                let by = u64::try_from(by).unwrap_or_default();
                if let Some(slot) = map.get_mut(name) {
                    *slot += by;
                } else {
                    map.insert(name.to_owned(), by);
                }
            }
        };
        let mut places: HashMap<i64, i64> = HashMap::new();
        for (at, slot) in self.by_device.iter().enumerate().filter(|(_, slot)| **slot != ByDevice::default()) {
            let Some(n) = i64::try_from(at).ok() else { continue };
            let Some(device) = directory.device(n) else { continue };
            facets.devices += u64::from(slot.listed > 0);
            bump(&mut facets.device_types, &device.kind, slot.kind);
            bump(&mut facets.models, &device.model, slot.model);
            bump(&mut facets.manufacturers, &device.manufacturer, slot.manufacturer);
            if let Some(place) = directory.place_of(n)
                && slot.location > 0
            {
                *places.entry(place).or_default() += slot.location;
            }
        }
        for (place, by) in places {
            for (_, location) in directory.above(Some(place)) {
                *facets.locations.entry(location.id).or_default() += u64::try_from(by).unwrap_or_default();
            }
        }
    }
}
