//! The organizations of the tests.

use onsite_server::document::{DocumentGrant, DocumentGroup, DocumentPartner, DocumentPerson, OrganizationDocument};
use onsite_server::storage::Condition;
use onsite_wire::ids::{AlarmId, DeviceId, LocationId, OrganizationId, PartnerId, PersonId, SensorId};
use onsite_wire::onsite::Role;
use onsite_wire::rest::{
    Alarm, Device, InventoryObject, Location, Measurement, Organization, Sensor, SensorKind, Severity, Subscription,
    ThresholdZone, ZoneSeverity,
};
use onsite_wire::time::Timestamp;

pub const PASSWORD: &str = "correct horse";

const fn bytes(kind: u8, number: u8) -> [u8; 16] {
    [kind, number, 0, 0, 0, 0, 0x40, 0, 0x80, 0, 0, 0, 0, 0, kind, number]
}

pub const fn organization() -> OrganizationId {
    OrganizationId::from_bytes(bytes(1, 1))
}
pub const fn other_organization() -> OrganizationId {
    OrganizationId::from_bytes(bytes(1, 2))
}
pub const NORTH: LocationId = LocationId::from_bytes(bytes(2, 1));
pub const NORTH_HALL: LocationId = LocationId::from_bytes(bytes(2, 2));
pub const SOUTH: LocationId = LocationId::from_bytes(bytes(2, 3));
pub const UPS_NORTH: DeviceId = DeviceId::from_bytes(bytes(3, 1));
pub const BANK_NORTH: DeviceId = DeviceId::from_bytes(bytes(3, 2));
pub const UPS_SOUTH: DeviceId = DeviceId::from_bytes(bytes(3, 3));
pub const QUARRY_UPS: DeviceId = DeviceId::from_bytes(bytes(3, 9));
pub const SENSOR_NORTH: SensorId = SensorId::from_bytes(bytes(4, 1));
pub const SENSOR_SOUTH: SensorId = SensorId::from_bytes(bytes(4, 3));
pub const DOOR_NORTH: SensorId = SensorId::from_bytes(bytes(4, 4));
pub const ALARM_NORTH: AlarmId = AlarmId::from_bytes(bytes(5, 1));
pub const ALARM_BANK: AlarmId = AlarmId::from_bytes(bytes(5, 2));
pub const ALARM_SOUTH: AlarmId = AlarmId::from_bytes(bytes(5, 3));
pub const ALARM_OLD: AlarmId = AlarmId::from_bytes(bytes(5, 4));
pub const ALARM_RECENT: AlarmId = AlarmId::from_bytes(bytes(5, 5));
pub const ALARM_QUARRY: AlarmId = AlarmId::from_bytes(bytes(5, 9));
pub const ADA: PersonId = PersonId::from_bytes(bytes(6, 1));
pub const NORA: PersonId = PersonId::from_bytes(bytes(6, 2));
pub const VERA: PersonId = PersonId::from_bytes(bytes(6, 3));
pub const SVEN: PersonId = PersonId::from_bytes(bytes(6, 4));
pub const ZOE: PersonId = PersonId::from_bytes(bytes(6, 5));
pub const PARTNER: PartnerId = PartnerId::from_bytes(bytes(7, 1));

pub fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

fn location(id: LocationId, label: &str, parent: Option<LocationId>) -> InventoryObject {
    let kind = if parent.is_none() { "SITE" } else { "ROOM" };
    InventoryObject::Location(Location {
        id,
        label: label.into(),
        parent_id: parent,
        kind: kind.into(),
        address: None,
        revision: None,
    })
}

pub fn device(id: DeviceId, label: &str, location: Option<LocationId>, parent: Option<DeviceId>) -> Device {
    Device {
        id,
        label: label.into(),
        kind: "UPS".into(),
        parent_id: parent,
        location_id: location,
        gateway_ids: Some(vec!["gateway-1".into()]),
        warranty_expiration_date: None,
        service_due_date: None,
        last_service_date: None,
        device_note: None,
        model_name: Some("Model 3k".into()),
        serial_number: Some("ZX-1".into()),
        manufacturer: Some("Voltaic".into()),
        firmware_version: None,
        ip_addresses: vec!["10.1.2.3".into()],
        subscription: Some(Subscription::ItExpert),
        mute: None,
        revision: None,
    }
}

pub fn sensor(id: SensorId, device: DeviceId, kind: SensorKind) -> Sensor {
    let zone = ThresholdZone { from: Some(30.0), to: None, severity: ZoneSeverity::Critical };
    Sensor {
        id,
        device_id: device,
        label: "Temperature".into(),
        unit: (kind == SensorKind::Numeric).then(|| "°C".into()),
        kind,
        thresholds: if kind == SensorKind::Numeric { vec![zone] } else { vec![] },
        revision: None,
    }
}

pub fn alarm(id: AlarmId, device: DeviceId, cleared: Option<&str>) -> Alarm {
    Alarm {
        id,
        device_id: device,
        label: "On battery".into(),
        message: "Input lost".into(),
        severity: Severity::Critical,
        activated_time: at("2026-11-01T06:00:00Z"),
        cleared_time: cleared.map(at),
        alarm_reactivation_count: 0,
        category: Some("Power".into()),
        recommended_actions: vec!["Check the input breaker".into()],
        sensor_id: Some(SENSOR_NORTH),
        floor_position: None,
        acknowledgement: None,
        mute: None,
        revision: None,
    }
}

fn person(id: PersonId, name: &str) -> DocumentPerson {
    let email = format!("{}@example.com", name.to_lowercase());
    DocumentPerson { id, name: name.into(), email, password: Some(PASSWORD.into()), partner: None }
}

pub fn group(name: &str, members: &[PersonId], location: Option<LocationId>, role: Role) -> DocumentGroup {
    DocumentGroup {
        name: name.into(),
        members: members.to_vec(),
        grants: vec![DocumentGrant { location_id: location, role }],
    }
}

pub fn groups() -> Vec<DocumentGroup> {
    vec![
        group("Administrators", &[ADA], None, Role::Administrator),
        group("North operators", &[NORA], Some(NORTH), Role::Operator),
        group("North viewers", &[VERA], Some(NORTH), Role::Viewer),
        group("South editors", &[SVEN], Some(SOUTH), Role::Editor),
    ]
}

pub fn measurement(sensor: SensorId, at: Timestamp, value: f64) -> Measurement {
    Measurement { sensor_id: sensor, timestamp: at, numeric_value: Some(value), string_value: None, offset: None }
}

pub fn harbour_mill() -> OrganizationDocument {
    let organization = Organization {
        id: organization(),
        label: "Harbour Mill".into(),
        address: Some("1 Quay Rd".into()),
        revision: None,
    };
    OrganizationDocument {
        inventory_objects: vec![
            InventoryObject::Organization(organization),
            InventoryObject::Device(Box::new(device(BANK_NORTH, "bank-north", None, Some(UPS_NORTH)))),
            InventoryObject::Device(Box::new(device(UPS_NORTH, "ups-north", Some(NORTH_HALL), None))),
            InventoryObject::Device(Box::new(device(UPS_SOUTH, "ups-south", Some(SOUTH), None))),
            location(NORTH, "North", None),
            location(NORTH_HALL, "North hall", Some(NORTH)),
            location(SOUTH, "South", None),
        ],
        sensors: vec![
            sensor(SENSOR_NORTH, UPS_NORTH, SensorKind::Numeric),
            sensor(SENSOR_SOUTH, UPS_SOUTH, SensorKind::Numeric),
            sensor(DOOR_NORTH, UPS_NORTH, SensorKind::State),
        ],
        alarms: vec![
            alarm(ALARM_NORTH, UPS_NORTH, None),
            alarm(ALARM_BANK, BANK_NORTH, None),
            alarm(ALARM_SOUTH, UPS_SOUTH, None),
            alarm(ALARM_OLD, UPS_NORTH, Some("2026-11-14T08:00:00Z")),
            alarm(ALARM_RECENT, UPS_NORTH, Some("2026-11-20T08:00:00Z")),
        ],
        measurements: vec![],
        people: vec![person(ADA, "Ada"), person(NORA, "Nora"), person(VERA, "Vera"), person(SVEN, "Sven")],
        groups: groups(),
        partner: Some(DocumentPartner { id: PARTNER, name: "Watchful Ltd".into() }),
        sites: Vec::new(),
        capabilities: None,
    }
}

pub fn quarry() -> OrganizationDocument {
    let organization = Organization { id: other_organization(), label: "Quarry".into(), address: None, revision: None };
    OrganizationDocument {
        inventory_objects: vec![
            InventoryObject::Organization(organization),
            InventoryObject::Device(Box::new(device(QUARRY_UPS, "ups-quarry", None, None))),
        ],
        sensors: vec![],
        alarms: vec![alarm(ALARM_QUARRY, QUARRY_UPS, None)],
        measurements: vec![],
        people: vec![person(ZOE, "Zoe")],
        groups: vec![group("Administrators", &[ZOE], None, Role::Administrator)],
        partner: None,
        sites: Vec::new(),
        capabilities: None,
    }
}

/// A condition on the northern UPS, as an alarm with this id if it is new.
pub fn condition(name: &str, alarm_id: u8) -> Condition {
    let alarm = Alarm {
        label: "Low Battery".into(),
        message: "Charge is at 18 %".into(),
        ..alarm(AlarmId::from_bytes(bytes(8, alarm_id)), UPS_NORTH, None)
    };
    Condition { organization: organization(), name: name.into(), alarm }
}
