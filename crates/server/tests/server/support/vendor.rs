//! The vendor's side: every answer of the vendor's half is held against the OpenAPI document that the server serves.
//!
//! Schemas of OpenAPI 3.0 are turned into JSON Schema. A reference to a schema with a discriminator becomes: the property
//! names one of the mapping's values, and the object is valid as what it names. Inside `allOf`, where a kind refers to what
//! it is a kind of, the reference stays as it is.

use std::collections::HashMap;
use std::sync::OnceLock;

use jsonschema::Validator;
use serde_json::{Map, Value, json};

const DOCUMENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/api/rest-openapi.json");

pub fn document() -> Value {
    serde_json::from_str(&std::fs::read_to_string(DOCUMENT).unwrap()).unwrap()
}

struct Contract {
    /// Parts of a path and the name of its answer's schema.
    answers: Vec<(Vec<String>, String)>,
    validators: HashMap<String, Validator>,
}

fn contract() -> &'static Contract {
    static CONTRACT: OnceLock<Contract> = OnceLock::new();
    CONTRACT.get_or_init(|| {
        let document = document();
        let schemas = converted(&document);
        let names = document["components"]["schemas"].as_object().unwrap().keys().cloned();
        let validators = names.map(|name| (name.clone(), validator(&name, &schemas))).collect();
        let mut answers = Vec::new();
        for (path, item) in document["paths"].as_object().unwrap() {
            let schema = &item["get"]["responses"]["200"]["content"]["application/json"]["schema"]["$ref"];
            if let Some(name) = schema.as_str() {
                let parts = format!("/rest/v1{path}").split('/').map(str::to_owned).collect();
                answers.push((parts, last(name)));
            }
        }
        assert_eq!(answers.len(), 8, "all but the three streams");
        Contract { answers, validators }
    })
}

fn last(reference: &str) -> String {
    reference.rsplit('/').next().unwrap().to_owned()
}

fn validator(name: &str, schemas: &Map<String, Value>) -> Validator {
    let schema = json!({"$ref": reference(&entry(name, schemas)), "components": {"schemas": schemas}});
    jsonschema::options().should_validate_formats(true).build(&schema).unwrap()
}

fn reference(name: &str) -> String {
    format!("#/components/schemas/{name}")
}

/// The name under which a schema is referred to from outside of its kinds.
fn entry(name: &str, schemas: &Map<String, Value>) -> String {
    let dispatching = format!("Any{name}");
    if schemas.contains_key(&dispatching) { dispatching } else { name.to_owned() }
}

fn converted(document: &Value) -> Map<String, Value> {
    let originals = document["components"]["schemas"].as_object().unwrap();
    let mut schemas = originals.clone();
    for (name, schema) in originals {
        if let Some(mapping) = schema.pointer("/discriminator/mapping") {
            let property = schema["discriminator"]["propertyName"].as_str().unwrap();
            let kinds = mapping.as_object().unwrap();
            let branches: Vec<Value> = kinds
                .iter()
                .map(
                    |(value, kind)| json!({"if": {"properties": {property: {"const": value}}}, "then": {"$ref": kind}}),
                )
                .collect();
            let values: Vec<&String> = kinds.keys().collect();
            let any = json!({"type": "object", "required": [property], "properties": {property: {"enum": values}}, "allOf": branches});
            schemas.insert(format!("Any{name}"), any);
        }
    }
    let known = schemas.clone();
    for schema in schemas.values_mut() {
        redirect(schema, &known, false);
    }
    schemas
}

/// Points references at what dispatches, except those of a kind to what it is a kind of.
fn redirect(schema: &mut Value, schemas: &Map<String, Value>, of_kind: bool) {
    match schema {
        Value::Array(items) => items.iter_mut().for_each(|item| redirect(item, schemas, of_kind)),
        Value::Object(object) => {
            if let Some(target) = object.get("$ref").and_then(Value::as_str)
                && !of_kind
            {
                let target = reference(&entry(&last(target), schemas));
                object.insert("$ref".to_owned(), target.into());
            }
            for (name, value) in object.iter_mut() {
                // The branches of what dispatches name kinds, which have no kinds of their own.
                redirect(value, schemas, name == "allOf");
            }
        }
        _ => {}
    }
}

fn validate(name: &str, value: &Value) {
    let validator = &contract().validators[name];
    let errors: Vec<String> =
        validator.iter_errors(value).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(errors.is_empty(), "not a valid {name}: {errors:#?}\n{value}");
}

/// Holds an answer of the vendor's half with status 200 against the document. Other paths are none of it.
pub fn check_answer(path: &str, body: &Value) {
    let parts: Vec<&str> = path.split('?').next().unwrap().split('/').collect();
    let fits = |pattern: &[String]| {
        pattern.len() == parts.len()
            && pattern.iter().zip(&parts).all(|(wanted, part)| wanted.starts_with('{') || wanted == part)
    };
    if let Some((_, name)) = contract().answers.iter().find(|(pattern, _)| fits(pattern)) {
        validate(name, body);
    }
}

/// Holds a line of a stream against the document.
pub fn check_line(line: &Value) {
    let is_measurement = line.get("sensorId").is_some();
    validate(if is_measurement { "Measurement" } else { "ReplaySystemMessage" }, line);
}

#[test]
fn the_validation_sees_what_is_wrong() {
    let valid = |name: &str, value: Value| contract().validators[name].is_valid(&value);
    let device = json!({"discriminator": "Device", "id": "a", "label": "b", "type": "UPS"});
    assert!(valid("InventoryObject", device.clone()));
    for (pointer, wrong) in [("discriminator", json!("Rack")), ("type", json!(7)), ("discriminator", Value::Null)] {
        let mut broken = device.clone();
        broken[pointer] = wrong;
        assert!(!valid("InventoryObject", broken.clone()), "{broken}");
        assert!(!valid("InventoryResponse", json!({"inventoryObjects": [broken], "offset": 1})));
    }
    assert!(!valid("InventoryObjectChange", json!({"discriminator": "InventoryObjectCreateOrUpdate"})));
    let alarm = json!({"id": "a", "deviceId": "b", "label": "", "message": "", "severity": "ERROR",
        "activatedTime": "2026-11-20T06:14:09.120Z", "alarmReactivationCount": 0});
    assert!(valid("Alarm", alarm.clone()));
    for (pointer, wrong) in [("severity", json!("BAD")), ("activatedTime", json!("yesterday")), ("id", json!(1))] {
        let mut broken = alarm.clone();
        broken[pointer] = wrong;
        assert!(!valid("Alarm", broken.clone()), "{broken}");
    }
}
