//! Fences and call lists, as administrators and files bring them (U3, U6).

use std::process::Command;

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::*;

const PROGRAM: &str = env!("CARGO_BIN_EXE_onsite-server");

async fn send(phone: &Phone, method: Method, path: &str, body: &Value) -> (u16, String) {
    let response = phone
        .request(method, path)
        .header("content-type", "application/json")
        .body(body.to_string())
        .send()
        .await
        .unwrap();
    let status = response.status().as_u16();
    let problem: Value = serde_json::from_slice(&response.bytes().await.unwrap()).unwrap_or_default();
    (status, problem["code"].as_str().unwrap_or_default().to_owned())
}

fn import(file: &str, data: &std::path::Path) -> (bool, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sites.geojson");
    std::fs::write(&path, file).unwrap();
    let done = Command::new(PROGRAM)
        .arg("import-sites")
        .arg(path)
        .args(["--organization", &organization().to_string(), "--data"])
        .arg(data)
        .output()
        .unwrap();
    (done.status.success(), String::from_utf8([done.stdout, done.stderr].concat()).unwrap())
}

fn feature(of: &str, ring: &str) -> String {
    format!(
        r#"{{"type":"FeatureCollection","features":[{{"type":"Feature","properties":{{{of}}},"geometry":{{"type":"Polygon","coordinates":[{ring}]}}}}]}}"#
    )
}

const RING: &str = "[[8.0,47.0],[8.002,47.0],[8.002,47.001],[8.0,47.001],[8.0,47.0]]";
const BOW_TIE: &str = "[[8.0,47.0],[8.002,47.001],[8.002,47.0],[8.0,47.001],[8.0,47.0]]";

#[tokio::test]
async fn fences_come_from_a_file_all_or_none_and_what_is_wrong_with_one_is_said() {
    let site = Site::open().await;
    let ada = site.phone_of("ada@example.com").await;
    let feed = format!("/onsite/v1/organizations/{}/feeds/sites", organization());
    let label = "North";
    for (file, why) in [
        (String::from("{"), "no GeoJSON"),
        (feature(r#""label":"Atlantis""#, RING), "names no site"),
        (feature(&format!(r#""label":"{label}""#), BOW_TIE), "crosses"),
        (feature(&format!(r#""label":"{label}""#), "[]"), "empty"),
    ] {
        let (done, said) = import(&file, site.directory.path());
        assert!(!done && said.contains(why), "{why}: {said}");
    }
    assert_eq!(ada.get(&feed).await.body["objects"].as_array().unwrap().len(), 0);
    let (done, said) = import(&feature(&format!(r#""label":"{label}""#), RING), site.directory.path());
    assert!(done && said.starts_with("site "), "{said}");
    let objects = ada.get(&feed).await.body["objects"].clone();
    assert_eq!(objects[0]["outline"]["type"], "polygons", "{objects}");
}

#[tokio::test]
async fn only_an_administrator_sets_fences_and_call_lists() {
    let site = Site::open().await;
    let (ada, nora) = (site.phone_of("ada@example.com").await, site.phone_of("nora@example.com").await);
    let base = format!("/onsite/v1/organizations/{}", organization());
    let fence = format!("{base}/sites/{}/fence", NORTH);
    let circle = json!({"type": "circle", "center": [8.0, 47.0], "radiusM": 120.0});
    assert_eq!(send(&nora, Method::PUT, &fence, &circle).await.1, "not_allowed");
    assert_eq!(send(&ada, Method::PUT, &fence, &circle).await.0, 204);
    for wrong in [
        json!({"type": "circle", "center": [8.0, 97.0], "radiusM": 120.0}),
        json!({"type": "circle", "center": [8.0, 47.0], "radiusM": -1.0}),
        json!({"type": "polygons", "polygons": []}),
        json!({"type": "star"}),
    ] {
        assert_eq!(send(&ada, Method::PUT, &fence, &wrong).await.1, "fence_invalid", "{wrong}");
    }
    let nowhere = format!("{base}/sites/{}/fence", organization());
    assert_eq!(send(&ada, Method::PUT, &nowhere, &circle).await.1, "not_found");
}

#[tokio::test]
async fn call_lists_are_set_by_administrators_where_a_device_has_asset_advisor() {
    let site = Site::open().await;
    let base = format!("/onsite/v1/organizations/{}", organization());
    let (everywhere, north, south) = (
        format!("{base}/call-list"),
        format!("{base}/sites/{NORTH}/call-list"),
        format!("{base}/sites/{SOUTH}/call-list"),
    );
    let list = json!({"calls": [{"person": NORA, "phone": "+1 202 555 0100"}]});
    let (ada, nora) = (site.phone_of("ada@example.com").await, site.phone_of("nora@example.com").await);
    assert_eq!(send(&ada, Method::PUT, &everywhere, &list).await, (403, "subscription_needed".to_owned()));
    site.server.store().import(crate::incidents::watched()).await.unwrap();
    assert_eq!(send(&ada, Method::PUT, &everywhere, &list).await.0, 204);
    assert_eq!(send(&ada, Method::PUT, &north, &list).await.0, 204);
    assert_eq!(send(&ada, Method::PUT, &south, &list).await.1, "subscription_needed", "its own devices count");
    let none = json!({"calls": []});
    assert_eq!(send(&ada, Method::PUT, &south, &none).await.0, 204, "to take one away needs nothing");
    assert_eq!(send(&nora, Method::PUT, &everywhere, &list).await.1, "not_allowed");
    let strangers = json!({"calls": [{"person": organization(), "phone": "+1"}]});
    assert_eq!(send(&ada, Method::PUT, &everywhere, &strangers).await.1, "not_found");
}
