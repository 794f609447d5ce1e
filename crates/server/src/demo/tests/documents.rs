//! The three organizations as documents.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use onsite_rules::clearing::WINDOW_MS;
use onsite_rules::mute::{MuteBody, Target, check};
use onsite_rules::rights::{Permission, may};
use onsite_rules::severity::{Shown, shown};
use onsite_wire::ids::{DeviceId, LocationId, PersonId, SensorId, Uuid};
use onsite_wire::onsite::{Grant, OrganizationRights, Role};
use onsite_wire::rest::{Alarm, AssigneeKind, Device, InventoryObject, Location, MuteAspect, Sensor, ZoneSeverity};
use onsite_wire::time::Timestamp;

use super::super::organizations;
use super::{NOW, meaning};
use crate::document::OrganizationDocument;

const SEEDS: [u64; 5] = [1, 2, 3, 42, 1_000_003];

fn devices(document: &OrganizationDocument) -> HashMap<DeviceId, &Device> {
    let device = |object| match object {
        &InventoryObject::Device(ref device) => Some((device.id, &**device)),
        _ => None,
    };
    document.inventory_objects.iter().filter_map(device).collect()
}

fn locations(document: &OrganizationDocument) -> HashMap<LocationId, &Location> {
    let location = |object| match object {
        &InventoryObject::Location(ref location) => Some((location.id, location)),
        _ => None,
    };
    document.inventory_objects.iter().filter_map(location).collect()
}

pub(super) fn rights(document: &OrganizationDocument, person: PersonId) -> OrganizationRights {
    let groups = document.groups.iter().filter(|group| group.members.contains(&person));
    let grants = groups.flat_map(|group| &group.grants);
    OrganizationRights { grants: grants.map(|g| Grant { location_id: g.location_id, role: g.role }).collect() }
}

pub(super) fn path(document: &OrganizationDocument, device: DeviceId) -> Vec<LocationId> {
    let locations = locations(document);
    let mut path = Vec::new();
    let mut next = devices(document)[&device].location_id;
    while let Some(location) = next {
        path.push(location);
        next = locations[&location].parent_id;
    }
    path
}

#[test]
fn the_same_seed_gives_the_same_organizations_and_another_seed_others() {
    assert_eq!(organizations(7, NOW), organizations(7, NOW));
    let (one, two) = (organizations(7, NOW), organizations(8, NOW));
    for (one, two) in one.iter().zip(&two) {
        assert!(one.alarms.iter().all(|alarm| !two.alarms.contains(alarm)));
        assert!(one.inventory_objects.iter().all(|object| !two.inventory_objects.contains(object)));
    }
}

#[test]
fn a_document_survives_the_way_through_json() {
    for document in organizations(1, NOW) {
        let text = serde_json::to_string(&document).unwrap();
        assert_eq!(serde_json::from_str::<OrganizationDocument>(&text).unwrap(), document);
    }
}

#[test]
fn every_id_is_given_once() {
    let mut ids: HashSet<Uuid> = HashSet::new();
    let mut people: HashMap<PersonId, String> = HashMap::new();
    for document in organizations(1, NOW) {
        for object in &document.inventory_objects {
            assert!(ids.insert(match object {
                InventoryObject::Organization(organization) => organization.id.0,
                InventoryObject::Location(location) => location.id.0,
                InventoryObject::Device(device) => device.id.0,
            }));
        }
        assert!(document.sensors.iter().all(|sensor| ids.insert(sensor.id.0)));
        assert!(document.alarms.iter().all(|alarm| ids.insert(alarm.id.0)));
        for person in &document.people {
            let email = people.entry(person.id).or_insert_with(|| person.email.clone());
            assert_eq!(email, &person.email);
        }
        let readings: HashSet<_> = document.measurements.iter().map(|m| (m.sensor_id, m.timestamp)).collect();
        assert_eq!(readings.len(), document.measurements.len(), "a sensor has one value at a time");
    }
    let emails: HashSet<_> = people.values().collect();
    assert_eq!(emails.len(), people.len());
    assert!(people.keys().all(|person| ids.insert(person.0)));
}

#[test]
fn every_reference_leads_to_something_in_the_same_document() {
    for document in SEEDS.into_iter().flat_map(|seed| organizations(seed, NOW)) {
        let (devices, locations) = (devices(&document), locations(&document));
        let sensors: HashMap<SensorId, &Sensor> = document.sensors.iter().map(|sensor| (sensor.id, sensor)).collect();
        let people: HashSet<_> = document.people.iter().map(|person| person.id).collect();
        assert!(locations.values().all(|location| location.parent_id.is_none_or(|id| locations.contains_key(&id))));
        for device in devices.values() {
            assert!(locations.contains_key(&device.location_id.unwrap()));
        }
        assert!(document.sensors.iter().all(|sensor| devices.contains_key(&sensor.device_id)));
        assert!(document.measurements.iter().all(|measurement| sensors.contains_key(&measurement.sensor_id)));
        for alarm in &document.alarms {
            assert!(devices.contains_key(&alarm.device_id));
            assert!(alarm.sensor_id.is_none_or(|id| sensors[&id].device_id == alarm.device_id));
            assert!(!alarm.label.is_empty() && !alarm.message.contains(['{', '}']), "{}", alarm.message);
        }
        for group in &document.groups {
            assert!(!group.members.is_empty() && group.members.iter().all(|member| people.contains(member)));
            assert!(group.grants.iter().all(|grant| grant.location_id.is_none_or(|id| locations.contains_key(&id))));
        }
        let partner = document.partner.as_ref().map(|partner| partner.id);
        assert!(document.people.iter().all(|person| person.partner.is_none() || person.partner == partner));
    }
}

#[test]
fn components_stand_where_the_device_stands_that_they_are_part_of() {
    for document in organizations(1, NOW) {
        let devices = devices(&document);
        let mut composites = 0;
        for device in devices.values() {
            let parent = device.parent_id.map(|id| devices[&id]);
            match (device.kind.as_str(), parent) {
                ("OUTLET", Some(parent)) => assert_eq!(parent.kind, "OUTLET_GROUP"),
                ("OUTLET_GROUP", Some(parent)) => assert_eq!(parent.kind, "RPDU"),
                (_, None) => assert!(device.serial_number.is_some() && !device.ip_addresses.is_empty()),
                (kind, Some(_)) => panic!("{kind} is no component"),
            }
            if let Some(parent) = parent {
                composites += 1;
                assert_eq!((device.location_id, &device.gateway_ids), (parent.location_id, &parent.gateway_ids));
            }
        }
        assert!(composites >= 8);
    }
}

#[test]
fn there_is_as_much_as_a_demonstration_needs() {
    for seed in SEEDS {
        let documents = organizations(seed, NOW);
        let count: usize = documents.iter().map(|document| devices(document).len()).sum();
        assert!((180..=230).contains(&count), "{count} devices");
        let mut categories = BTreeSet::new();
        let mut shown_as: BTreeMap<Option<Shown>, usize> = BTreeMap::new();
        for alarm in documents.iter().flat_map(|document| &document.alarms) {
            categories.insert(alarm.category.clone().unwrap());
            *shown_as.entry(shown(alarm.severity)).or_default() += 1;
            assert!(!alarm.recommended_actions.is_empty() && alarm.floor_position.is_some());
        }
        let expected = ["Communication", "Cooling", "Environment", "Lifespan", "Other", "Power", "Security"];
        assert_eq!(categories.iter().map(String::as_str).collect::<Vec<_>>(), expected);
        assert!(shown_as[&Some(Shown::Critical)] > 30 && shown_as[&Some(Shown::Warning)] > 60, "{shown_as:?}");
        for document in &documents {
            let active = document.alarms.iter().filter(|alarm| alarm.cleared_time.is_none()).count();
            assert!(active >= 15 && document.alarms.len() >= active + 40, "{active} of {}", document.alarms.len());
            assert!(document.alarms.iter().any(|alarm| alarm.alarm_reactivation_count > 0));
            assert!(document.alarms.iter().any(|alarm| alarm.acknowledgement.is_some()));
        }
    }
}

#[test]
fn the_partner_s_technician_works_in_the_first_two_organizations_and_may_mute_there() {
    let documents = organizations(1, NOW);
    let technicians: Vec<_> =
        documents.iter().map(|document| document.people.iter().find(|person| person.partner.is_some())).collect();
    assert!(technicians[0].is_some() && technicians[0] == technicians[1] && technicians[2].is_none());
    for document in &documents[..2] {
        assert!(may(&rights(document, technicians[0].unwrap().id), &[], Permission::Mute));
        assert_eq!(document.partner.as_ref().unwrap().id, technicians[0].unwrap().partner.unwrap());
    }
}

#[test]
fn a_dozen_people_share_all_roles_and_can_sign_in() {
    let documents = organizations(1, NOW);
    let people: HashSet<_> = documents.iter().flat_map(|document| document.people.iter().map(|p| p.id)).collect();
    assert!(people.len() >= 12);
    let mut roles = BTreeSet::new();
    for document in &documents {
        let mut administrators = 0;
        for person in &document.people {
            let rights = rights(document, person.id);
            assert!(!rights.grants.is_empty(), "{} belongs to no group", person.name);
            roles.extend(rights.grants.iter().map(|grant| (grant.role, grant.location_id.is_some())));
            administrators += usize::from(rights.grants.iter().any(|grant| grant.role == Role::Administrator));
            assert!(
                person
                    .password
                    .as_ref()
                    .unwrap()
                    .bytes()
                    .all(|b| b.is_ascii_lowercase() || b == b'-' || b.is_ascii_digit())
            );
        }
        assert_eq!(administrators, 1);
    }
    for role in [(Role::Administrator, false), (Role::Operator, true), (Role::Editor, false), (Role::Viewer, false)] {
        assert!(roles.contains(&role), "{role:?}");
    }
}

#[test]
fn alarms_lie_in_the_past_and_are_known_to_be_cleared_only_after_the_clearing_window() {
    for alarm in SEEDS.into_iter().flat_map(|seed| organizations(seed, NOW)).flat_map(|document| document.alarms) {
        assert!(alarm.activated_time < NOW);
        if let Some(cleared) = alarm.cleared_time {
            assert!(alarm.activated_time < cleared && NOW.millis_since(cleared) >= WINDOW_MS);
        }
    }
}

fn measured(document: &OrganizationDocument) -> HashMap<SensorId, BTreeMap<Timestamp, (Option<f64>, Option<String>)>> {
    let mut measured: HashMap<_, BTreeMap<_, _>> = HashMap::new();
    for m in &document.measurements {
        assert!(m.numeric_value.is_some() != m.string_value.is_some(), "a number or a word");
        assert!(m.timestamp <= NOW, "nothing is measured in the future");
        measured.entry(m.sensor_id).or_default().insert(m.timestamp, (m.numeric_value, m.string_value.clone()));
    }
    measured
}

#[test]
fn an_alarm_s_sensor_crosses_its_threshold_when_the_alarm_begins_and_is_back_when_it_is_over() {
    const TWO_HOURS_MS: i64 = 2 * 60 * 60 * 1_000;
    let mut crossings = 0;
    for document in SEEDS.into_iter().flat_map(|seed| organizations(seed, NOW)) {
        let measured = measured(&document);
        let sensors: HashMap<SensorId, &Sensor> = document.sensors.iter().map(|sensor| (sensor.id, sensor)).collect();
        for alarm in &document.alarms {
            let Some(sensor) = alarm.sensor_id.map(|id| sensors[&id]) else { continue };
            let values = &measured[&sensor.id];
            let before = values.range(alarm.activated_time.plus_millis(-TWO_HOURS_MS)..alarm.activated_time);
            assert_eq!(before.clone().count(), 24, "every five minutes of two hours");
            let start = &values[&alarm.activated_time];
            let Some(start) = start.0 else {
                assert!(before.into_iter().all(|(_, value)| value.1 != start.1), "the word changes: {}", sensor.label);
                continue;
            };
            crossings += 1;
            assert!(before.into_iter().all(|(_, v)| meaning(sensor, v.0.unwrap()) == ZoneSeverity::Normal));
            let expected = if shown(alarm.severity) == Some(Shown::Warning) {
                ZoneSeverity::Warning
            } else {
                ZoneSeverity::Critical
            };
            assert_eq!(meaning(sensor, start), expected, "{} {start}", alarm.message);
            if let Some(cleared) = alarm.cleared_time {
                let after = values.range(cleared..alarm.activated_time.plus_millis(TWO_HOURS_MS).max(cleared));
                assert!(after.into_iter().all(|(_, v)| meaning(sensor, v.0.unwrap()) == ZoneSeverity::Normal));
            } else {
                let newest = values.last_key_value().unwrap().1.0.unwrap();
                assert_eq!(meaning(sensor, newest), expected, "still so: {}", alarm.message);
            }
        }
        assert!(document.sensors.iter().all(|sensor| measured.contains_key(&sensor.id)), "every sensor has a value");
    }
    assert!(crossings > 300, "{crossings}");
}

fn check_mute(aspect: &MuteAspect, target: Target, document: &OrganizationDocument, device: DeviceId) {
    let Some(muted) = &aspect.muted else { return };
    let body = MuteBody { until: muted.until, reason: muted.reason, text: muted.text.clone() };
    assert_eq!(check(&body, target, aspect.made_at.unwrap()), Ok(()));
    assert!(may(&rights(document, aspect.by.unwrap()), &path(document, device), Permission::Mute));
}

fn check_acknowledgement(alarm: &Alarm, document: &OrganizationDocument) {
    let Some(aspect) = &alarm.acknowledgement else { return };
    let path = path(document, alarm.device_id);
    let sees = |person| may(&rights(document, person), &path, Permission::View);
    assert!(sees(aspect.by.unwrap()) && aspect.version > 0 && aspect.action.is_some());
    let Some(acknowledged) = &aspect.acknowledged else { return };
    match acknowledged.assignee.kind {
        AssigneeKind::Person => assert!(sees(PersonId(acknowledged.assignee.id)), "{}", acknowledged.assignee.name),
        AssigneeKind::Partner => {
            assert_eq!(acknowledged.assignee.id, document.partner.as_ref().unwrap().id.0);
        }
    }
}

#[test]
fn what_people_did_is_what_the_rules_let_them_do() {
    let (mut mutes, mut device_mutes) = (0, 0);
    for document in SEEDS.into_iter().flat_map(|seed| organizations(seed, NOW)) {
        for alarm in &document.alarms {
            check_acknowledgement(alarm, &document);
            let lived = alarm.activated_time..=alarm.cleared_time.unwrap_or(NOW);
            let made = [
                alarm.acknowledgement.as_ref().and_then(|aspect| aspect.made_at),
                alarm.mute.as_ref().and_then(|aspect| aspect.made_at),
            ];
            assert!(made.into_iter().flatten().all(|at| lived.contains(&at)), "done while it was active");
            if let Some(mute) = &alarm.mute {
                check_mute(mute, Target::Alarm { cleared: false }, &document, alarm.device_id);
                mutes += 1;
            }
        }
        for device in devices(&document).values() {
            if let Some(mute) = &device.mute {
                check_mute(mute, Target::Device, &document, device.id);
                assert!(mute.muted.as_ref().unwrap().until.unwrap() > NOW);
                device_mutes += 1;
            }
        }
    }
    assert!(mutes > 50 && device_mutes == SEEDS.len() * 3, "{mutes} {device_mutes}");
}
