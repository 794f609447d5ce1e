//! A made-up world from a seed: organizations, places, devices, alarms, and what happens to them. Each thing that happens
//! is done to the phone as its feeds would and noted here as it is.

use onsite_wire::ids::{AlarmId, DeviceId, LocationId, OrganizationId, PersonId};
use onsite_wire::rest::{
    Acknowledged, AcknowledgementAspect, Alarm, Assignee, AssigneeKind, Device, InventoryObject, InventoryObjectChange,
    Location, MuteAspect, MuteReason, Muted, Severity,
};
use uuid::Uuid;

use super::phone::{Phone, acknowledge_body, pending};
use crate::alarms::{AlarmFilter, AlarmSort, AssignmentChoice, MutedChoice, Status};
use crate::sync::overlays::{Pending, Standing};
use crate::time::Timestamp;

/// A repeatable sequence of numbers.
pub struct Chance(pub u64);

impl Chance {
    pub fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % u64::try_from(limit).unwrap()).unwrap()
    }

    pub fn one_in(&mut self, limit: usize) -> bool {
        self.below(limit) == 0
    }

    pub fn pick<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len())]
    }

    fn id(&mut self) -> Uuid {
        let half = |chance: &mut Self| u64::try_from(chance.below(usize::MAX)).unwrap();
        Uuid::from_u64_pair(half(self), half(self))
    }
}

pub const LABELS: &[&str] = &[
    "UPS on battery",
    "High temperature",
    "Épinay Salle réseau",
    "東京データセンター 温度",
    "Outlet overload",
    "上海机房UPS室",
    "Straße Lüfter",
    "",
    "Door open",
    "battery low",
];
const NAMES: &[&str] = &["Hall", "hall", "Pier 4", "Épinay", "R-07", "R-7", "Zürich", "机房", "", "ups"];
const TYPED: &[&str] =
    &["ups", "bat", "hall r", "epi sal", "京デ", "机房", "temperature high", "z", "r 07", "strasse", "x"];
const CATEGORIES: &[&str] = &["Power", "Cooling", "Environment", "Other"];
const KINDS: &[&str] = &["UPS", "RPDU", "CRAC"];
const MODELS: &[&str] = &["Smart 1500", "AP8959", "ACRD300", "X"];
const MAKERS: &[&str] = &["APC", "Schneider", "Other"];
const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;

pub struct Spot {
    pub location: Location,
    pub seen: bool,
}

impl Spot {
    pub fn shown_label(&self) -> &str {
        if self.seen { &self.location.label } else { "" }
    }
}

pub struct Machine {
    pub organization: usize,
    pub device: Device,
    pub seen: bool,
    pub gone: bool,
    pub pending: Vec<Pending>,
}

impl Machine {
    pub fn shown_label(&self) -> &str {
        if self.seen { &self.device.label } else { "" }
    }
}

pub struct Case {
    pub organization: usize,
    pub alarm: Alarm,
    pub gone: bool,
    pub pending: Vec<Pending>,
}

pub struct World {
    pub chance: Chance,
    pub now: Timestamp,
    pub organizations: Vec<OrganizationId>,
    pub people: Vec<Uuid>,
    pub places: Vec<Spot>,
    pub devices: Vec<Machine>,
    pub alarms: Vec<Case>,
}

impl World {
    /// A world of some places and devices, of which the phone knows nothing yet.
    pub fn new(seed: u64) -> Self {
        let mut chance = Chance(seed.wrapping_mul(0x5851_f42d_4c95_7f2d) ^ 77);
        let organizations: Vec<_> = (0..2).map(|_| OrganizationId(chance.id())).collect();
        let people = (0..3).map(|_| chance.id()).collect();
        let now = Timestamp::from_millis(1_800_000_000_000);
        let mut world = Self { chance, now, organizations, people, places: vec![], devices: vec![], alarms: vec![] };
        (0..3 + world.chance.below(6)).for_each(|_| world.add_place());
        (0..5 + world.chance.below(20)).for_each(|_| world.add_device());
        world
    }

    /// The same with one organization alone.
    pub fn of_one_organization(seed: u64) -> Self {
        let mut world = Self::new(seed);
        world.organizations.truncate(1);
        world.devices.iter_mut().for_each(|machine| machine.organization = 0);
        world
    }

    fn name(&mut self) -> String {
        let chance = &mut self.chance;
        if chance.one_in(3) {
            format!("{} {}", chance.pick(NAMES), chance.below(12))
        } else {
            (*chance.pick(NAMES)).into()
        }
    }

    fn add_place(&mut self) {
        let above = self.any_place().filter(|_| !self.chance.one_in(4));
        let (id, label) = (LocationId(self.chance.id()), self.name());
        let location = Location { id, label, parent_id: above, kind: "ROOM".into(), address: None, revision: None };
        self.places.push(Spot { location, seen: false });
    }

    fn any_place(&mut self) -> Option<LocationId> {
        (!self.places.is_empty()).then(|| self.chance.pick(&self.places).location.id)
    }

    fn add_device(&mut self) {
        let parent =
            (!self.devices.is_empty() && self.chance.one_in(3)).then(|| self.chance.pick(&self.devices).device.id);
        let location = if parent.is_some() && self.chance.one_in(2) { None } else { self.any_place() };
        let label = self.name();
        let chance = &mut self.chance;
        let maybe = |chance: &mut Chance, of: &[&str]| (!chance.one_in(5)).then(|| (*chance.pick(of)).to_owned());
        let device = Device {
            id: DeviceId(chance.id()),
            label,
            kind: (*chance.pick(KINDS)).into(),
            parent_id: parent,
            location_id: location,
            gateway_ids: Some(vec![]),
            warranty_expiration_date: None,
            service_due_date: None,
            last_service_date: None,
            device_note: None,
            model_name: maybe(chance, MODELS),
            serial_number: None,
            manufacturer: maybe(chance, MAKERS),
            firmware_version: None,
            ip_addresses: vec![],
            subscription: None,
            mute: None,
            revision: None,
        };
        let organization = usize::from(chance.one_in(4));
        self.devices.push(Machine { organization, device, seen: false, gone: false, pending: vec![] });
    }

    fn mute(&mut self) -> MuteAspect {
        let until = if self.chance.one_in(4) { None } else { Some(self.now.plus_millis(self.minutes(300))) };
        let muted =
            (!self.chance.one_in(3)).then(|| Muted { until, reason: MuteReason::Nuisance, text: String::new() });
        let version = i64::try_from(self.chance.below(1_000_000)).unwrap();
        MuteAspect { version, by_name: "Bo".into(), muted, ..MuteAspect::default() }
    }

    fn minutes(&mut self, limit: usize) -> i64 {
        i64::try_from(1 + self.chance.below(limit)).unwrap() * 60_000
    }

    fn acknowledgement(&mut self) -> AcknowledgementAspect {
        let id = *self.chance.pick(&self.people);
        let assignee = Assignee { kind: AssigneeKind::Person, id, name: "Bo".into() };
        let acknowledged = Acknowledged { assignee, note: String::new(), assignee_cannot_see: false };
        let acknowledged = (!self.chance.one_in(4)).then_some(acknowledged);
        AcknowledgementAspect { version: 1, acknowledged, ..AcknowledgementAspect::default() }
    }

    /// A new alarm that the phone has not heard of.
    pub fn add_alarm(&mut self) -> usize {
        let at = self.chance.below(self.devices.len());
        let (device_id, organization) = (self.devices[at].device.id, self.devices[at].organization);
        let acknowledgement = self.chance.one_in(3).then(|| self.acknowledgement());
        let mute = self.chance.one_in(4).then(|| self.mute());
        let ago = self.minutes(9 * 24 * 60) / if self.chance.one_in(2) { 1 } else { 200 };
        let chance = &mut self.chance;
        // Some begin in the same minute: then the id decides.
        let activated_time = self.now.plus_millis(-ago - ago % 300_000);
        let alarm = Alarm {
            id: AlarmId(chance.id()),
            device_id,
            label: (*chance.pick(LABELS)).into(),
            message: (*chance.pick(LABELS)).into(),
            severity: *chance.pick(&Severity::ALL),
            activated_time,
            cleared_time: chance.one_in(2).then(|| activated_time.plus_millis(ago / 2)),
            alarm_reactivation_count: 0,
            category: (!chance.one_in(4)).then(|| (*chance.pick(CATEGORIES)).to_owned()),
            recommended_actions: vec![],
            sensor_id: None,
            floor_position: None,
            acknowledgement,
            mute,
            revision: None,
        };
        self.alarms.push(Case { organization, alarm, gone: false, pending: vec![] });
        self.alarms.len() - 1
    }

    pub fn send_alarms(&mut self, phone: &Phone, which: &[usize], full: bool) {
        for organization in 0..self.organizations.len() {
            let mine: Vec<Alarm> = which
                .iter()
                .filter(|at| self.alarms[**at].organization == organization)
                .map(|at| self.alarms[*at].alarm.clone())
                .collect();
            if mine.is_empty() && !full {
                continue;
            }
            let missing = phone.alarms(self.organizations[organization], full, &mine, self.now);
            if full {
                self.forget_unlisted(phone, organization, which, &missing);
            }
        }
    }

    /// After a full read: cleared ones that should have been in it are gone, active ones are asked for in vain.
    fn forget_unlisted(&mut self, phone: &Phone, organization: usize, listed: &[usize], missing: &[Uuid]) {
        let mut asked = Vec::new();
        for (at, case) in self.alarms.iter_mut().enumerate() {
            if case.organization != organization || listed.contains(&at) || case.gone {
                continue;
            }
            match case.alarm.cleared_time {
                None => {
                    asked.push(case.alarm.id.0);
                    case.alarm.cleared_time = Some(Timestamp::from_millis(0));
                }
                Some(cleared) => case.gone = cleared >= self.now.plus_millis(-6 * DAY),
            }
        }
        asked.sort();
        let mut told = missing.to_vec();
        told.sort();
        assert_eq!(told, asked);
        asked.into_iter().for_each(|id| phone.alarm_is_missing(self.organizations[organization], id, self.now));
    }

    fn send_device(&mut self, phone: &Phone, at: usize) {
        let machine = &mut self.devices[at];
        (machine.seen, machine.gone) = (true, false);
        let object = InventoryObject::Device(Box::new(machine.device.clone()));
        let change = InventoryObjectChange::CreateOrUpdate { inventory_object: object };
        phone.inventory(self.organizations[machine.organization], &[change], self.now);
    }

    fn send_place(&mut self, phone: &Phone, at: usize) {
        self.places[at].seen = true;
        let object = InventoryObject::Location(self.places[at].location.clone());
        phone.inventory(
            self.organizations[0],
            &[InventoryObjectChange::CreateOrUpdate { inventory_object: object }],
            self.now,
        );
    }

    /// Sends the inventory and some alarms, in either order; now and then something stays unheard of.
    pub fn fill(&mut self, phone: &Phone, alarms: usize) {
        let new: Vec<usize> = (0..alarms).map(|_| self.add_alarm()).collect();
        let (early, late) = new.split_at(self.chance.below(new.len() + 1));
        self.send_alarms(phone, early, false);
        for at in 0..self.places.len() {
            if !self.chance.one_in(10) {
                self.send_place(phone, at);
            }
        }
        for at in 0..self.devices.len() {
            if !self.chance.one_in(10) {
                self.send_device(phone, at);
            }
        }
        self.send_alarms(phone, late, false);
    }

    /// Something happens, in one transaction or a few.
    pub fn happen(&mut self, phone: &Phone) {
        match self.chance.below(20) {
            0..=3 => {
                let new: Vec<usize> = (0..1 + self.chance.below(4)).map(|_| self.add_alarm()).collect();
                self.send_alarms(phone, &new, false);
            }
            4..=8 => self.change_alarms(phone),
            9 => self.change_device(phone),
            10 => {
                let at = self.chance.below(self.places.len());
                self.places[at].location.label = self.name();
                if self.chance.one_in(2) {
                    // A place may even be put below itself.
                    self.places[at].location.parent_id = self.any_place();
                }
                self.send_place(phone, at);
            }
            11 => self.remove_device(phone),
            12 => {
                let at = self.chance.below(self.devices.len());
                self.devices[at].device.mute = Some(self.mute()).filter(|mute| !covers_for_ever(mute));
                self.send_device(phone, at);
            }
            13 | 14 => self.act_on_alarm(phone),
            15 => self.act_on_device(phone),
            16 | 17 => {
                self.now = self.now.plus_millis(self.minutes(90));
                phone.pass_time(self.now);
            }
            18 if self.chance.one_in(3) => {
                let kept: Vec<usize> = (0..self.alarms.len()).filter(|_| !self.chance.one_in(6)).collect();
                kept.iter().for_each(|at| self.alarms[*at].gone = false);
                self.send_alarms(phone, &kept, true);
            }
            _ => self.change_alarms(phone),
        }
    }

    fn change_alarms(&mut self, phone: &Phone) {
        let mut which = Vec::new();
        for _ in 0..1 + self.chance.below(3) {
            let at = self.chance.below(self.alarms.len());
            let (acknowledgement, mute) = (self.acknowledgement(), self.mute());
            let now = self.now;
            let device = self.chance.pick(&self.devices).device.id;
            let case = &mut self.alarms[at];
            case.gone = false;
            let alarm = &mut case.alarm;
            match self.chance.below(8) {
                0 | 1 => alarm.cleared_time = if alarm.cleared_time.is_some() { None } else { Some(now) },
                2 => alarm.label = (*self.chance.pick(LABELS)).into(),
                3 => alarm.severity = *self.chance.pick(&Severity::ALL),
                4 => alarm.acknowledgement = Some(acknowledgement),
                5 => alarm.mute = Some(mute),
                6 => alarm.activated_time = now,
                _ => alarm.device_id = device,
            }
            which.push(at);
        }
        which.sort_unstable();
        which.dedup();
        self.send_alarms(phone, &which, false);
    }

    fn change_device(&mut self, phone: &Phone) {
        let at = self.chance.below(self.devices.len());
        let (label, place) = (self.name(), self.any_place());
        let parent = self.chance.pick(&self.devices).device.id;
        let device = &mut self.devices[at].device;
        match self.chance.below(4) {
            0 => device.label = label,
            1 => device.location_id = place.filter(|_| !self.chance.one_in(3)),
            2 => device.model_name = Some((*self.chance.pick(MODELS)).to_owned()),
            // It may even be put inside itself.
            _ => device.parent_id = Some(parent),
        }
        self.send_device(phone, at);
    }

    fn remove_device(&mut self, phone: &Phone) {
        let at = self.chance.below(self.devices.len());
        if !self.devices[at].seen {
            return;
        }
        if self.devices[at].gone {
            return self.send_device(phone, at);
        }
        self.devices[at].gone = true;
        let machine = &self.devices[at];
        let change = InventoryObjectChange::Delete { inventory_object_id: machine.device.id.0 };
        phone.inventory(self.organizations[machine.organization], &[change], self.now);
    }

    fn own_mute(&mut self, number: u8, until: Option<Timestamp>) -> Pending {
        if self.chance.one_in(3) {
            return pending(number, "unmute", serde_json::json!({}), Standing::OnPhone);
        }
        let body = onsite_rules::mute::MuteBody { until, reason: MuteReason::KnownIssue, text: String::new() };
        pending(number, "mute", serde_json::to_value(body).unwrap(), Standing::OnPhone)
    }

    fn act_on_alarm(&mut self, phone: &Phone) {
        let at = self.chance.below(self.alarms.len());
        let assignee = *self.chance.pick(&self.people);
        let until = self.now.plus_millis(self.minutes(200));
        let actions = match self.chance.below(4) {
            0 => vec![],
            1 => vec![pending(1, "acknowledge", acknowledge_body(assignee), Standing::OnPhone)],
            2 => vec![pending(2, "release", serde_json::json!({}), Standing::OnServer)],
            _ => vec![self.own_mute(3, Some(until).filter(|_| at.is_multiple_of(2)))],
        };
        // What the phone does not have yet gets its actions with its first row.
        self.alarms[at].pending = actions.clone();
        phone.overlay_alarm(self.alarms[at].alarm.id, actions, self.now);
    }

    fn act_on_device(&mut self, phone: &Phone) {
        let at = self.chance.below(self.devices.len());
        let until = self.now.plus_millis(self.minutes(200));
        let actions = if self.chance.one_in(3) { vec![] } else { vec![self.own_mute(4, Some(until))] };
        let machine = &mut self.devices[at];
        if machine.seen {
            machine.pending = actions.clone();
            phone.overlay_device(machine.device.id, actions, self.now);
        }
    }

    /// A filter that somebody might choose, mostly by what is there.
    pub fn filter(&mut self) -> AlarmFilter {
        let mut filter = AlarmFilter::default();
        let at = self.chance.below(self.alarms.len());
        let alarm = self.alarms[at].alarm.clone();
        let device = self.devices.iter().find(|machine| machine.device.id == alarm.device_id).unwrap().device.clone();
        let (place, person) = (self.any_place(), PersonId(*self.chance.pick(&self.people)));
        let organization = self.organizations[self.alarms[at].organization];
        let chance = &mut self.chance;
        for _ in 0..chance.below(4) {
            let also = |chance: &mut Chance, of: &[&str]| chance.one_in(2).then(|| (*chance.pick(of)).to_owned());
            match chance.below(14) {
                0 => filter.status = Some(if chance.one_in(2) { Status::Active } else { Status::Cleared }),
                1 => filter.severity = onsite_rules::severity::shown(alarm.severity),
                2 => {
                    filter.categories.insert(alarm.category.clone().unwrap_or_default());
                    filter.categories.extend(also(chance, CATEGORIES));
                }
                3 => {
                    filter.device_types.insert(device.kind.clone());
                    filter.device_types.extend(also(chance, KINDS));
                }
                4 => {
                    filter.models.extend(device.model_name.clone());
                    filter.models.extend(also(chance, MODELS));
                }
                5 => filter.manufacturers.extend(device.manufacturer.clone()),
                6 => filter.location = device.location_id.or(place),
                7 => filter.muted = if chance.one_in(2) { MutedChoice::Only } else { MutedChoice::Without },
                8 => {
                    let choices = [
                        AssignmentChoice::Someone,
                        AssignmentChoice::Unassigned,
                        AssignmentChoice::Person(person),
                        AssignmentChoice::Person(person),
                    ];
                    filter.assignment = *chance.pick(&choices);
                }
                9 | 10 => filter.words = (*chance.pick(TYPED)).into(),
                11 => filter.from = Some(alarm.activated_time),
                12 => filter.to = Some(alarm.activated_time),
                _ if chance.one_in(3) => filter.device = Some(alarm.device_id),
                _ => filter.organization = Some(organization),
            }
        }
        filter
    }

    pub fn sort(&mut self) -> AlarmSort {
        *self.chance.pick(&[AlarmSort::Newest, AlarmSort::Severity, AlarmSort::Device, AlarmSort::Location])
    }
}

/// A device is never cleared, so its mute has an end.
fn covers_for_ever(mute: &MuteAspect) -> bool {
    mute.muted.as_ref().is_some_and(|muted| muted.until.is_none())
}
