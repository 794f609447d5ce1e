//! An organization of any size, for files and benchmarks: as uneven as large ones are, with parts of known size to filter
//! and search by.
//!
//! Alarms come one by one, so that a file of a million can be written without holding them.

use onsite_rules::mute::Target;
use onsite_wire::ids::{AlarmId, LocationId, OrganizationId, PersonId};
use onsite_wire::onsite::{Grant, OrganizationRights, Role};
use onsite_wire::rest::{Alarm, Device, InventoryObject, Location, Organization};
use onsite_wire::time::Timestamp;

use super::catalogue::{self, Kind};
use super::conditions::Possibilities;
use super::dice::Dice;
use super::survey::{Colleague, Spot, spots};
use super::{deeds, devices, empty_document, sensors};
use crate::document::{DocumentGrant, DocumentGroup, DocumentPerson, OrganizationDocument};

/// Models and their share of all alarms, so that a benchmark can filter by a part of known size. Each has at least one device in
/// an [`organization`] of eight or more.
pub const SHARES_OF_MODELS: [(&str, f64); 4] =
    [("Smart-UPS SRT 5000", 0.5), ("InRow RC ACRC301S", 0.1), ("NetBotz 750", 0.01), ("AP4453", 0.001)];

/// Words and the share of alarms whose message has them, so that a benchmark can search for a part of known size.
pub const WORDS: [(&str, f64); 3] = [("gateway", 0.5), ("intermittent", 0.01), ("thermographic", 0.0001)];

const SENTENCES: [&str; 3] = [
    " Told by the site's gateway.",
    " The signal is intermittent.",
    " See the thermographic pictures of the last visit.",
];

/// This share of alarms is active.
const ACTIVE: f64 = 0.02;
const MINUTE_MS: i64 = 60_000;
const DAY_MS: i64 = 24 * 60 * MINUTE_MS;
/// Cleared ones go back so many days.
const DAYS: i64 = 90;

const CITIES: &[&str] = &[
    "København",
    "Kraków",
    "Genève",
    "München",
    "Málaga",
    "São Paulo",
    "Montréal",
    "İzmir",
    "横浜",
    "上海",
    "서울",
    "Tromsø",
    "Dublin",
    "Lyon",
    "Göteborg",
    "Zagreb",
    "札幌",
    "Plzeň",
    "Bogotá",
    "Antwerpen",
];
const PEOPLE: &[&str] = &[
    "Amélie Dubois",
    "Björn Ekström",
    "Çağla Yılmaz",
    "Łukasz Nowak",
    "Mia O'Connor",
    "高橋 陽子",
    "Pedro Núñez",
    "Ravi Iyer",
];
const ROOMS_OF_A_SITE: usize = 4;
const DEVICES_OF_A_ROOM: usize = 12;

/// An organization with this many devices and alarms, as it stands at `now`; no measurements. The alarms are those that
/// `alarms(seed, n, &document.inventory_objects, now)` gives.
pub fn organization(seed: u64, alarms: usize, devices: usize, now: Timestamp) -> OrganizationDocument {
    let mut document = empty_document();
    let mut dice = Dice::of(seed, "scale");
    document.inventory_objects.push(InventoryObject::Organization(Organization {
        id: OrganizationId(dice.id()),
        label: format!("Hundertwasser Verbund {seed}"),
        address: None,
        revision: None,
    }));
    let rooms = build(devices, &mut document.inventory_objects, &mut dice);
    for number in 0..devices {
        let mut device = device(number, devices, &mut dice);
        device.location_id = rooms.get(number / DEVICES_OF_A_ROOM).copied();
        device.ip_addresses = vec![format!("10.{}.{}.{}", number / 60_000 % 200, number / 250 % 240, number % 250 + 1)];
        devices::agree(&mut device, now, &mut dice);
        document.sensors.extend(sensors::of(&device));
        document.inventory_objects.push(InventoryObject::Device(Box::new(device)));
    }
    hire(seed, &mut document);
    document.alarms = self::alarms(seed, alarms, &document.inventory_objects, now).collect();
    document
}

/// Sites of four rooms, as many as the devices need; the rooms.
fn build(devices: usize, objects: &mut Vec<InventoryObject>, dice: &mut Dice) -> Vec<LocationId> {
    let mut add = |label: String, kind: &str, parent_id, dice: &mut Dice| {
        let id = LocationId(dice.id());
        let location = Location { id, label, parent_id, kind: kind.to_owned(), address: None, revision: None };
        objects.push(InventoryObject::Location(location));
        id
    };
    let mut rooms = Vec::new();
    let mut site = None;
    for number in 0..devices.div_ceil(DEVICES_OF_A_ROOM) {
        if number % ROOMS_OF_A_SITE == 0 {
            let label = format!("{} {}", dice.word(CITIES), number / ROOMS_OF_A_SITE + 1);
            site = Some(add(label, "SITE", None, dice));
        }
        rooms.push(add(format!("Room {}", number % ROOMS_OF_A_SITE + 1), "ROOM", site, dice));
    }
    rooms
}

/// The first devices are one of each model of known share, some more come of them now and then.
fn device(number: usize, of: usize, dice: &mut Dice) -> Device {
    const KINDS: [Kind; 8] = [
        Kind::RackPdu,
        Kind::Ups,
        Kind::AirProbe,
        Kind::Cooling,
        Kind::RackPdu,
        Kind::BatteryFrame,
        Kind::FloorPdu,
        Kind::Monitor,
    ];
    let shared = SHARES_OF_MODELS.get(number % of.clamp(SHARES_OF_MODELS.len() * 2, 40));
    let device = shared.and_then(|(model, _)| catalogue::device_of_model(model, dice));
    let kind = dice.pick(&KINDS).copied().unwrap_or(Kind::Ups);
    let mut device = device.unwrap_or_else(|| catalogue::device(kind, dice));
    let short = Kind::from_wire(&device.kind).map_or("", Kind::short);
    device.label = format!("{short}-{number:05}");
    device
}

/// The people of an organization of any size: the first one administers it, the others run it.
fn people(seed: u64) -> Vec<Colleague> {
    let mut dice = Dice::of(seed, "scale people");
    let roles = std::iter::once(Role::Administrator).chain(std::iter::repeat(Role::Operator));
    let hired = PEOPLE.iter().zip(roles).map(|(name, role)| Colleague {
        id: PersonId(dice.id()),
        name: (*name).to_owned(),
        rights: OrganizationRights { grants: vec![Grant { location_id: None, role }] },
    });
    hired.collect()
}

fn hire(seed: u64, document: &mut OrganizationDocument) {
    let people = people(seed);
    for (name, role) in [("Administrators", Role::Administrator), ("Operators", Role::Operator)] {
        let members = people.iter().filter(|person| person.rights.grants.iter().any(|grant| grant.role == role));
        document.groups.push(DocumentGroup {
            name: name.to_owned(),
            members: members.map(|person| person.id).collect(),
            grants: vec![DocumentGrant { location_id: None, role }],
        });
    }
    document.people.extend((1..).zip(people).map(|(number, person)| DocumentPerson {
        id: person.id,
        name: person.name,
        email: format!("person{number}@scale{seed}.example"),
        password: None,
        partner: None,
    }));
}

/// Alarms of these devices, one by one.
///
/// 2 % are active, the others spread over 90 days. Models have [`SHARES_OF_MODELS`] of them and all others the rest; within a
/// model few devices have most. Every eighth is acknowledged, every fiftieth muted. Without devices there are no alarms.
pub fn alarms<'a>(
    seed: u64,
    count: usize,
    inventory: &'a [InventoryObject],
    now: Timestamp,
) -> impl Iterator<Item = Alarm> + use<'a> {
    let mut writer = Writer::new(seed, inventory, now);
    (0..count).map_while(move |_| writer.alarm())
}

struct Writer {
    now: Timestamp,
    dice: Dice,
    possibilities: Possibilities,
    people: Vec<Colleague>,
    /// Devices by model of known share, with it; the rest last.
    shares: Vec<(f64, Vec<Spot>)>,
}

impl Writer {
    fn new(seed: u64, inventory: &[InventoryObject], now: Timestamp) -> Self {
        let mut shares: Vec<_> = SHARES_OF_MODELS.into_iter().map(|(_, share)| (share, Vec::new())).collect();
        let mut others = Vec::new();
        let devices = inventory.iter().filter_map(|object| match object {
            InventoryObject::Device(device) if Kind::from_wire(&device.kind).is_some() => Some(device),
            _ => None,
        });
        for (device, spot) in devices.zip(spots(inventory, sensors::of)) {
            let named = |(model, _): &(&str, f64)| device.model_name.as_deref() == Some(*model);
            let share = SHARES_OF_MODELS.iter().position(named).and_then(|n| shares.get_mut(n));
            share.map_or(&mut others, |(_, spots)| spots).push(spot);
        }
        shares.push((1.0, others));
        shares.retain(|(_, spots)| !spots.is_empty());
        let (dice, possibilities) = (Dice::of(seed, "scale alarms"), Possibilities::all());
        Self { now, dice, possibilities, people: people(seed), shares }
    }

    fn alarm(&mut self) -> Option<Alarm> {
        let dice = &mut self.dice;
        let spot = choose(&self.shares, dice)?;
        let possible = self.possibilities.pick(spot.kind, dice)?;
        let (activated, cleared) = span(self.now, dice);
        let shown = possible.shown_by(spot, false);
        let value = shown.and_then(|(_, abnormal)| abnormal.reading(dice).0);
        let mut alarm = possible.raise(spot, AlarmId(dice.id()), activated, value, false);
        alarm.cleared_time = cleared;
        if dice.chance(0.1) {
            alarm.alarm_reactivation_count = i32::try_from(dice.between(1, 9)).unwrap_or(1);
        }
        for ((_, share), sentence) in WORDS.into_iter().zip(SENTENCES) {
            if dice.chance(share) {
                alarm.message.push_str(sentence);
            }
        }
        let until = cleared.unwrap_or(self.now);
        if dice.chance(0.125) {
            let made_at = moment(activated, until, dice);
            let by = dice.pick(&self.people)?;
            alarm.acknowledgement = Some(deeds::acknowledged_by(by, by.assignee(), made_at, dice));
        }
        if dice.chance(0.02) {
            let made_at = moment(activated, until, dice);
            let body = deeds::mute_body(made_at, dice);
            let by = dice.pick(&self.people)?;
            alarm.mute = deeds::muted_by(by, &body, Target::Alarm { cleared: false }, made_at, dice);
        }
        Some(alarm)
    }
}

/// A device: first the model by its share, then one of that model, the first ones far more often.
fn choose<'a>(shares: &'a [(f64, Vec<Spot>)], dice: &mut Dice) -> Option<&'a Spot> {
    let mut at = dice.unit();
    let chosen = shares.iter().find(|(share, _)| {
        at -= share;
        at < 0.0
    });
    let (_, spots) = chosen.or(shares.last())?;
    let skewed = dice.unit().powi(3);
    let number = part(skewed, i64::try_from(spots.len()).ok()?);
    usize::try_from(number).ok().and_then(|number| spots.get(number))
}

fn span(now: Timestamp, dice: &mut Dice) -> (Timestamp, Option<Timestamp>) {
    if dice.chance(ACTIVE) {
        return (now.plus_millis(-MINUTE_MS - part(dice.unit().powi(3), 30 * DAY_MS)), None);
    }
    let cleared = now.plus_millis(-part(dice.unit(), (DAYS - 1) * DAY_MS) - 15 * MINUTE_MS);
    let activated = cleared.plus_millis(-MINUTE_MS - part(dice.unit().powi(4), DAY_MS - 2 * MINUTE_MS));
    (activated, Some(cleared))
}

/// This share of a length.
fn part(share: f64, length: i64) -> i64 {
    #[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "far below 2^52")]
    let part = (share * length as f64) as i64;
    part
}

fn moment(from: Timestamp, to: Timestamp, dice: &mut Dice) -> Timestamp {
    from.plus_millis(dice.between(0, to.millis_since(from)))
}
