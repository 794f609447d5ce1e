//! The vendor's half of the contract exists twice: as `docs/api/rest-openapi.json`, which clients are generated from, and
//! as types, which both sides run. Neither may have a property that the other lacks, and the document must keep to what
//! the generators of the vendor's clients can take.

use std::collections::{BTreeMap, BTreeSet};

use onsite_wire::onsite::Problem;
use onsite_wire::rest;
use serde::de::{DeserializeOwned, Deserializer, Error, Visitor};
use serde::{Serialize, forward_to_deserialize_any};
use serde_json::{Map, Value, json};

/// The vendor's eleven operations: tag, operation, path.
const OPERATIONS: &[(&str, &str, &str)] = &[
    ("organization", "listOrganizations", "/organizations"),
    ("inventory", "listInventory", "/organizations/{organizationId}/inventory"),
    ("inventory", "getInventoryChangesAfterOffset", "/organizations/{organizationId}/inventory-changes/{offset}"),
    ("inventory", "getDevice", "/organizations/{organizationId}/inventory/{deviceId}"),
    ("alarms", "listAlarms", "/organizations/{organizationId}/alarms"),
    ("alarms", "getAlarmChangesAfterOffset", "/organizations/{organizationId}/alarm-changes/{offset}"),
    ("sensors", "listSensors", "/organizations/{organizationId}/sensors"),
    ("sensors", "getSensorChangesAfterOffset", "/organizations/{organizationId}/sensor-changes/{offset}"),
    ("measurements", "liveMeasurements", "/organizations/{organizationId}/measurements/live"),
    ("measurements", "simulatedLiveMeasurements", "/organizations/{organizationId}/measurements/live-simulator"),
    ("measurements", "replayMeasurements", "/organizations/{organizationId}/measurements/replay"),
];

fn document() -> Value {
    serde_json::from_str(include_str!("../docs/api/rest-openapi.json")).unwrap()
}

fn schema<'d>(document: &'d Value, name: &str) -> &'d Value {
    document.pointer(&format!("/components/schemas/{name}")).unwrap_or_else(|| panic!("no schema {name}"))
}

fn referred<'d>(document: &'d Value, schema: &'d Value) -> &'d Value {
    match schema["$ref"].as_str() {
        Some(path) => document.pointer(path.trim_start_matches('#')).unwrap_or_else(|| panic!("{path} leads nowhere")),
        None => schema,
    }
}

/// Own and inherited properties of a schema.
fn properties<'d>(document: &'d Value, name: &str) -> BTreeMap<String, &'d Value> {
    let schema = schema(document, name);
    let parts = schema["allOf"].as_array().into_iter().flatten().map(|part| referred(document, part));
    [schema]
        .into_iter()
        .chain(parts)
        .filter_map(|part| part["properties"].as_object())
        .flatten()
        .map(|(name, property)| (name.clone(), property))
        .collect()
}

/// An object of this schema with every property that it can have.
fn full(document: &Value, name: &str) -> Value {
    let written = properties(document, name).into_iter().map(|(property, inside)| {
        let tag = ["discriminator", "replaySystemMessageType"].contains(&property.as_str());
        (property.clone(), if tag { json!(name) } else { example(document, &property, inside) })
    });
    Value::Object(written.collect::<Map<_, _>>())
}

fn example(document: &Value, property: &str, inside: &Value) -> Value {
    if let Some(path) = inside["$ref"].as_str() {
        let name = path.rsplit('/').next().unwrap();
        let of_a_kind = schema(document, name).pointer("/discriminator/mapping").and_then(Value::as_object);
        let concrete = of_a_kind.and_then(|kinds| kinds.keys().next().cloned());
        return full(document, concrete.as_deref().unwrap_or(name));
    }
    match (inside["type"].as_str().unwrap(), inside["format"].as_str()) {
        ("string", Some("date-time")) => json!("2026-11-20T06:14:09.120Z"),
        ("string", Some("date")) => json!("2027-02-01"),
        // The example where the document has one, because it may be one of a set; an id in every other place.
        ("string", _) if inside["enum"].is_array() => inside["enum"][0].clone(),
        ("string", _) => {
            let id = property == "id" || property.ends_with("Id") || ["action", "by"].contains(&property);
            let given = inside.get("example").cloned().unwrap_or(json!("kept"));
            if id && property != "floorImageId" { json!("9a3b6c10-2222-4f00-9b00-00000000e001") } else { given }
        }
        ("integer", _) => json!(7),
        ("number", _) => json!(0.5),
        ("boolean", _) => json!(true),
        ("array", _) => json!([example(document, property, &inside["items"])]),
        ("object", _) => json!({ "what": "kept" }),
        other => panic!("{property}: {other:?}"),
    }
}

/// Takes a type's field names and nothing else.
struct FieldNames<'f>(&'f mut BTreeSet<String>);

impl<'de> Deserializer<'de> for FieldNames<'_> {
    type Error = serde::de::value::Error;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Self::Error> {
        Err(Self::Error::custom("no struct"))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        self.0.extend(fields.iter().map(|field| (*field).to_owned()));
        self.deserialize_any(visitor)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char str string bytes byte_buf option unit unit_struct newtype_struct
        seq tuple tuple_struct map enum identifier ignored_any
    }
}

fn fields<T: DeserializeOwned>() -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let nothing = T::deserialize(FieldNames(&mut names));
    assert!(nothing.is_err() && !names.is_empty(), "{} is no struct", std::any::type_name::<T>());
    names
}

/// The type has exactly the schema's properties (but for a tag, which no type has as a field), and what the document
/// allows is read and written without loss.
fn agrees<T: DeserializeOwned + Serialize>(document: &Value, name: &str) {
    let mut named: BTreeSet<String> = properties(document, name).into_keys().collect();
    named.remove("discriminator");
    assert_eq!(named, fields::<T>(), "properties of {name} in the document (left) and in the types (right)");
    let mut written = full(document, name);
    written.as_object_mut().unwrap().remove("discriminator");
    assert_eq!(again::<T>(&written), written, "{name} written as the document says, read and written again");
}

fn again<T: DeserializeOwned + Serialize>(value: &Value) -> Value {
    let read: T = serde_json::from_value(value.clone()).unwrap_or_else(|error| panic!("{error}: {value}"));
    serde_json::to_value(read).unwrap()
}

#[test]
fn document_and_types_have_the_same_properties() {
    let document = document();
    agrees::<rest::OrganizationsResponse>(&document, "OrganizationsResponse");
    agrees::<rest::InventoryResponse>(&document, "InventoryResponse");
    agrees::<rest::InventoryChangesResponse>(&document, "InventoryChangesResponse");
    agrees::<rest::Organization>(&document, "Organization");
    agrees::<rest::Location>(&document, "Location");
    agrees::<rest::Device>(&document, "Device");
    agrees::<rest::AlarmsResponse>(&document, "AlarmsResponse");
    agrees::<rest::AlarmChangesResponse>(&document, "AlarmChangesResponse");
    agrees::<rest::Alarm>(&document, "Alarm");
    agrees::<rest::FloorPosition>(&document, "FloorPosition");
    agrees::<rest::AcknowledgementAspect>(&document, "AcknowledgementAspect");
    agrees::<rest::Acknowledged>(&document, "Acknowledged");
    agrees::<rest::Assignee>(&document, "Assignee");
    agrees::<rest::MuteAspect>(&document, "MuteAspect");
    agrees::<rest::Muted>(&document, "Muted");
    agrees::<rest::SensorsResponse>(&document, "SensorsResponse");
    agrees::<rest::SensorChangesResponse>(&document, "SensorChangesResponse");
    agrees::<rest::Sensor>(&document, "Sensor");
    agrees::<rest::ThresholdZone>(&document, "ThresholdZone");
    agrees::<rest::Measurement>(&document, "Measurement");
    agrees::<Problem>(&document, "Problem");
}

#[test]
fn what_is_told_apart_by_a_tag_is_written_with_the_documents_tags() {
    let document = document();
    let kinds = |base: &str| -> Vec<String> {
        let mapping = schema(&document, base).pointer("/discriminator/mapping").unwrap();
        mapping.as_object().unwrap().keys().cloned().collect()
    };
    for kind in kinds("InventoryObject") {
        assert_eq!(again::<rest::InventoryObject>(&full(&document, &kind)), full(&document, &kind));
    }
    for kind in kinds("InventoryObjectChange") {
        assert_eq!(again::<rest::InventoryObjectChange>(&full(&document, &kind)), full(&document, &kind));
    }
    for kind in kinds("SensorChange") {
        assert_eq!(again::<rest::SensorChange>(&full(&document, &kind)), full(&document, &kind));
    }
    for kind in kinds("ReplaySystemMessage") {
        assert_eq!(again::<rest::ReplaySystemMessage>(&full(&document, &kind)), full(&document, &kind));
    }
    let device = full(&document, "GetDeviceResponse");
    assert_eq!(device["device"]["discriminator"], "Device");
    assert_eq!(again::<rest::GetDeviceResponse>(&device), device);
}

#[test]
fn an_object_without_optional_values_writes_none_of_them() {
    let id = "9a3b6c10-2222-4f00-9b00-00000000e001";
    let bare = json!({ "discriminator": "Device", "id": id, "label": "ups", "type": "UPS" });
    assert_eq!(again::<rest::InventoryObject>(&bare), bare);
    let bare = json!({ "discriminator": "Location", "id": id, "label": "hall", "type": "ROOM" });
    assert_eq!(again::<rest::InventoryObject>(&bare), bare);
    let required = schema(&document(), "Alarm")["required"].as_array().unwrap().clone();
    let mut alarm = full(&document(), "Alarm");
    alarm.as_object_mut().unwrap().retain(|name, _| required.contains(&json!(name)));
    assert_eq!(again::<rest::Alarm>(&alarm), alarm);
}

#[test]
fn the_severities_of_the_document_are_those_of_the_types() {
    let listed = schema(&document(), "Alarm").pointer("/properties/severity/enum").unwrap().clone();
    assert_eq!(listed, json!(rest::Severity::ALL.map(rest::Severity::as_str)));
}

#[test]
fn the_document_has_the_vendors_operations_and_no_other() {
    let document = document();
    let mut found = BTreeSet::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            assert_eq!(method, "get", "{path}");
            let tag = operation["tags"][0].as_str().unwrap().to_owned();
            found.insert((tag, operation["operationId"].as_str().unwrap().to_owned(), path.clone()));
        }
    }
    let expected = OPERATIONS.iter().map(|(tag, id, path)| ((*tag).to_owned(), (*id).to_owned(), (*path).to_owned()));
    assert_eq!(found, expected.collect());
}

/// Each of these makes code that does not compile, or compiles to something else, with the vendor's clients' generator.
fn refused_by_generators(at: &str, value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(inside) => {
            for (name, value) in inside {
                let at = format!("{at}/{name}");
                if ["nullable", "readOnly"].contains(&name.as_str()) || (name == "format" && value == "uuid") {
                    found.push(at.clone());
                }
                let property = at.rsplit('/').nth(1) == Some("properties");
                if property && value.get("type").or(value.get("$ref")).is_none() {
                    found.push(format!("{at} has no type"));
                }
                refused_by_generators(&at, value, found);
            }
        }
        Value::Array(inside) => inside.iter().for_each(|value| refused_by_generators(at, value, found)),
        _ => {}
    }
}

#[test]
fn the_document_keeps_to_what_generators_of_clients_take() {
    let document = document();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.0."));
    let mut found = Vec::new();
    refused_by_generators("", &document, &mut found);
    assert!(found.is_empty(), "{found:#?}");
}
