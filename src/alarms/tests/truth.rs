//! The plain rule: what lists and counts must show of a made-up world, written down without regard to how the phone
//! does it.

use std::collections::BTreeSet;

use onsite_rules::severity::{Shown, shown};
use onsite_wire::ids::{AlarmId, DeviceId, LocationId, OrganizationId, PersonId};

use super::world::World;
use crate::alarms::{AlarmFilter, AlarmSort, AssignmentChoice, Facet, Facets, MutedChoice, Status, effective};
use crate::text::{Query, folded, words};
use crate::time::Timestamp;

const LAST: &str = "\u{10ffff}";

/// An alarm as a person should see it.
pub struct Sight {
    pub id: AlarmId,
    organization: OrganizationId,
    device: DeviceId,
    status: Status,
    severity: Shown,
    category: String,
    kind: String,
    model: String,
    manufacturer: String,
    places: Vec<LocationId>,
    muted: bool,
    assignee: Option<PersonId>,
    activated: Timestamp,
    tokens: String,
    label_key: String,
    place_key: String,
    device_number: i64,
}

/// Everything that should be seen. Devices of one name stand in the order in which the phone met them: `number`.
pub fn sights(world: &World, number: &dyn Fn(DeviceId) -> i64) -> Vec<Sight> {
    (0..world.alarms.len()).filter_map(|at| sight(world, at, number)).collect()
}

fn sight(world: &World, at: usize, number: &dyn Fn(DeviceId) -> i64) -> Option<Sight> {
    let case = &world.alarms[at];
    let alarm = &case.alarm;
    let severity = shown(alarm.severity)?;
    let machine = world.devices.iter().position(|machine| machine.device.id == alarm.device_id).unwrap();
    if case.gone || world.devices[machine].gone {
        return None;
    }
    let cleared = alarm.cleared_time.is_some();
    let acknowledgement = effective::acknowledgement(&alarm.acknowledgement.clone().unwrap_or_default(), &case.pending);
    let mute = effective::mute(&alarm.mute.clone().unwrap_or_default(), &case.pending);
    let covered = enclosing(world, machine).into_iter().any(|at| {
        let machine = &world.devices[at];
        let server = if machine.seen { machine.device.mute.clone().unwrap_or_default() } else { Default::default() };
        onsite_rules::mute::holds(&effective::mute(&server, &machine.pending), false, world.now)
    });
    let places = places(world, machine);
    let names: Vec<&str> = places.iter().rev().map(|at| world.places[*at].shown_label()).collect();
    let machine = &world.devices[machine];
    let device = &machine.device;
    let mut tokens = String::new();
    for text in [alarm.label.as_str(), &alarm.message, machine.shown_label()].into_iter().chain(names.iter().copied()) {
        words(text, &mut tokens);
    }
    let known = |text: &Option<String>| if machine.seen { text.clone().unwrap_or_default() } else { String::new() };
    let folded_names: Vec<String> = names.iter().map(|name| folded(name)).collect();
    Some(Sight {
        id: alarm.id,
        organization: world.organizations[case.organization],
        device: alarm.device_id,
        status: if cleared { Status::Cleared } else { Status::Active },
        severity,
        category: alarm.category.clone().unwrap_or_default(),
        kind: if machine.seen { device.kind.clone() } else { String::new() },
        model: known(&device.model_name),
        manufacturer: known(&device.manufacturer),
        places: places.iter().map(|at| world.places[*at].location.id).collect(),
        muted: onsite_rules::mute::holds(&mute, cleared, world.now) || (covered && !cleared),
        assignee: acknowledgement.acknowledged.map(|to| PersonId(to.assignee.id)),
        activated: alarm.activated_time,
        tokens,
        label_key: if machine.seen { folded(&device.label) } else { LAST.into() },
        place_key: if machine.seen { folded_names.join("\u{1}") } else { LAST.into() },
        device_number: number(device.id),
    })
}

/// A device and what encloses it, each once, by their places in the world.
fn enclosing(world: &World, device: usize) -> Vec<usize> {
    let mut met = vec![device];
    while let Some(parent) = met.last().and_then(|at| {
        let machine = &world.devices[*at];
        machine.device.parent_id.filter(|_| machine.seen)
    }) {
        let at = world.devices.iter().position(|machine| machine.device.id == parent).unwrap();
        if met.contains(&at) {
            break;
        }
        met.push(at);
    }
    met
}

/// Where a device is and what lies above, nearest first.
fn places(world: &World, device: usize) -> Vec<usize> {
    let mut next = enclosing(world, device).into_iter().find_map(|at| {
        let machine = &world.devices[at];
        machine.device.location_id.filter(|_| machine.seen)
    });
    let mut met = Vec::new();
    while let Some(id) = next {
        let at = world.places.iter().position(|place| place.location.id == id).unwrap();
        if met.contains(&at) {
            break;
        }
        met.push(at);
        next = world.places[at].location.parent_id.filter(|_| world.places[at].seen);
    }
    met
}

impl Sight {
    /// Whether it passes what a filter says of one kind of choice.
    fn fits(&self, filter: &AlarmFilter, facet: Facet) -> bool {
        let among = |chosen: &BTreeSet<String>, value: &String| chosen.is_empty() || chosen.contains(value);
        match facet {
            Facet::Status => filter.status.is_none_or(|status| status == self.status),
            Facet::Severity => filter.severity.is_none_or(|severity| severity == self.severity),
            Facet::Category => among(&filter.categories, &self.category),
            Facet::DeviceType => among(&filter.device_types, &self.kind),
            Facet::Model => among(&filter.models, &self.model),
            Facet::Manufacturer => among(&filter.manufacturers, &self.manufacturer),
            Facet::Location => filter.location.is_none_or(|location| self.places.contains(&location)),
            Facet::Muted => match filter.muted {
                MutedChoice::Both => true,
                MutedChoice::Only => self.muted,
                MutedChoice::Without => !self.muted,
            },
            Facet::Assignment => match filter.assignment {
                AssignmentChoice::Any => true,
                AssignmentChoice::Someone => self.assignee.is_some(),
                AssignmentChoice::Unassigned => self.assignee.is_none(),
                AssignmentChoice::Person(person) => self.assignee == Some(person),
            },
        }
    }

    /// Whether it passes what has no counts beside it.
    fn fits_rest(&self, filter: &AlarmFilter) -> bool {
        filter.organization.is_none_or(|organization| organization == self.organization)
            && filter.device.is_none_or(|device| device == self.device)
            && filter.from.is_none_or(|from| self.activated >= from)
            && filter.to.is_none_or(|to| self.activated < to)
            && Query::typed(&filter.words).matches(&self.tokens)
    }

    fn passes(&self, filter: &AlarmFilter) -> bool {
        self.fits_rest(filter) && Facet::ALL.into_iter().all(|facet| self.fits(filter, facet))
    }

    fn place(&self, sort: AlarmSort) -> impl Ord + use<> {
        let by_device = matches!(sort, AlarmSort::Device | AlarmSort::Location);
        (
            if sort == AlarmSort::Location { self.place_key.clone() } else { String::new() },
            if by_device { (self.label_key.clone(), self.device_number) } else { Default::default() },
            self.status == Status::Cleared,
            sort == AlarmSort::Severity && self.severity == Shown::Warning,
            std::cmp::Reverse(self.activated),
            *self.id.bytes(),
        )
    }
}

/// The alarms of a list, in order.
pub fn listed(sights: &[Sight], filter: &AlarmFilter, sort: AlarmSort) -> Vec<AlarmId> {
    let mut listed: Vec<&Sight> = sights.iter().filter(|sight| sight.passes(filter)).collect();
    listed.sort_by_cached_key(|sight| sight.place(sort));
    listed.iter().map(|sight| sight.id).collect()
}

/// The counts beside the choices, counted one by one.
pub fn recounted(sights: &[Sight], filter: &AlarmFilter) -> Facets {
    let mut facets = Facets { cleared: Some(0), ..Facets::default() };
    let mut devices = BTreeSet::new();
    for sight in sights.iter().filter(|sight| sight.fits_rest(filter)) {
        let missed: Vec<Facet> = Facet::ALL.into_iter().filter(|facet| !sight.fits(filter, *facet)).collect();
        if missed.is_empty() {
            devices.insert(sight.device);
        }
        for facet in Facet::ALL {
            if missed.iter().all(|missed| *missed == facet) {
                count(&mut facets, sight, facet);
            }
        }
    }
    facets.devices = u64::try_from(devices.len()).unwrap();
    facets
}

fn count(facets: &mut Facets, sight: &Sight, facet: Facet) {
    let mut named = |name: &str, all: fn(&mut Facets) -> &mut std::collections::BTreeMap<String, u64>| {
        *all(facets).entry(name.to_owned()).or_default() += 1;
    };
    match facet {
        Facet::Category => named(&sight.category, |facets| &mut facets.categories),
        Facet::DeviceType if !sight.kind.is_empty() => named(&sight.kind, |facets| &mut facets.device_types),
        Facet::Model if !sight.model.is_empty() => named(&sight.model, |facets| &mut facets.models),
        Facet::Manufacturer if !sight.manufacturer.is_empty() => {
            named(&sight.manufacturer, |facets| &mut facets.manufacturers);
        }
        Facet::DeviceType | Facet::Model | Facet::Manufacturer => {}
        Facet::Status if sight.status == Status::Active => facets.active += 1,
        Facet::Status => *facets.cleared.get_or_insert_default() += 1,
        Facet::Severity if sight.severity == Shown::Critical => facets.critical += 1,
        Facet::Severity => facets.warning += 1,
        Facet::Muted if sight.muted => facets.muted += 1,
        Facet::Muted => facets.not_muted += 1,
        Facet::Location => sight.places.iter().for_each(|id| *facets.locations.entry(*id).or_default() += 1),
        Facet::Assignment => match sight.assignee {
            Some(person) => *facets.assignees.entry(person).or_default() += 1,
            None => facets.unassigned += 1,
        },
    }
}
