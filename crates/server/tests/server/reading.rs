//! Reading: lists, changes, offsets, devices, people, digests, as the vendor's clients and ours rely on them.

use crate::support::phone::texts;
use crate::support::*;
use onsite_rules::digest::Tally;
use onsite_wire::rest::{AlarmsResponse, GetDeviceResponse, InventoryObject};

#[tokio::test]
async fn a_list_holds_what_is_active_and_what_was_cleared_in_the_last_seven_days() {
    let site = Site::open().await;
    let alarms = site.key().await.rest("alarms").await;
    assert_eq!(alarms.all("alarms", "id"), texts([ALARM_NORTH, ALARM_BANK, ALARM_SOUTH, ALARM_RECENT]));
    let parsed: AlarmsResponse = serde_json::from_value(alarms.body).unwrap();
    let north = parsed.alarms.iter().find(|alarm| alarm.id == ALARM_NORTH).unwrap();
    assert_eq!(north.acknowledgement.as_ref().unwrap().version, 0, "aspects are there for API keys too");
    assert!(north.revision.unwrap() > 0);
}

#[tokio::test]
async fn the_same_offset_comes_back_when_nothing_is_new_and_a_change_is_there_after_it() {
    let site = Site::open().await;
    let phone = site.key().await;
    for (list, changes) in
        [("alarms", "alarm-changes"), ("inventory", "inventory-changes"), ("sensors", "sensor-changes")]
    {
        let offset = phone.offset(list).await;
        assert_eq!(phone.rest(&format!("{changes}/{offset}")).await.offset(), offset, "{list}");
    }
    let offset = phone.offset("alarms").await;
    let raised = site.server.store().condition_occurs(condition("battery", 1), site.now()).await.unwrap();
    let changes = phone.rest(&format!("alarm-changes/{offset}")).await;
    assert_eq!(changes.all("alarms", "id"), texts([raised]));
    assert!(changes.offset() > offset);
}

#[tokio::test]
async fn offset_zero_brings_everything_in_batches_until_the_offset_is_stable() {
    let limits = onsite_server::Limits { changes_per_answer: 2, ..Default::default() };
    let site = Site::with_limits(limits).await;
    let phone = site.key().await;
    let (mut offset, mut seen, mut answers) = (0, Vec::new(), 0);
    loop {
        let changes = phone.rest(&format!("alarm-changes/{offset}")).await;
        seen.extend(changes.all("alarms", "id"));
        answers += 1;
        if changes.offset() == offset {
            break;
        }
        offset = changes.offset();
    }
    seen.sort();
    assert_eq!(seen, texts([ALARM_NORTH, ALARM_BANK, ALARM_SOUTH, ALARM_OLD, ALARM_RECENT]));
    assert!(answers >= 4, "two at a time");
    assert_eq!(offset, phone.offset("alarms").await);
}

#[tokio::test]
async fn a_device_comes_with_its_ancestors_nearest_first_ending_in_the_organization() {
    let site = Site::open().await;
    let answer = site.key().await.rest(&format!("inventory/{BANK_NORTH}")).await;
    let device: GetDeviceResponse = serde_json::from_value(answer.body).unwrap();
    assert!(matches!(device.device, InventoryObject::Device(_)));
    let labels: Vec<_> = device
        .ancestors
        .iter()
        .map(|object| match object {
            InventoryObject::Device(device) => device.label.as_str(),
            InventoryObject::Location(location) => location.label.as_str(),
            InventoryObject::Organization(organization) => organization.label.as_str(),
        })
        .collect();
    assert_eq!(labels, ["ups-north", "North hall", "North", "Harbour Mill"]);
}

#[tokio::test]
async fn a_removed_device_is_named_by_its_id_only_and_its_alarms_stay() {
    let site = Site::open().await;
    let phone = site.key().await;
    let (inventory, sensors) = (phone.offset("inventory").await, phone.offset("sensors").await);
    site.server.store().remove_device(organization(), UPS_NORTH).await.unwrap();
    let changes = phone.rest(&format!("inventory-changes/{inventory}")).await;
    assert_eq!(changes.all("inventoryObjectChanges", "inventoryObjectId"), texts([UPS_NORTH, BANK_NORTH]));
    let changes = phone.rest(&format!("sensor-changes/{sensors}")).await;
    assert_eq!(changes.all("sensorChanges", "sensorId"), texts([SENSOR_NORTH, DOOR_NORTH]));
    assert_eq!(phone.rest(&format!("inventory/{UPS_NORTH}")).await.status, 404);
    assert!(phone.rest("alarms").await.all("alarms", "id").contains(&ALARM_NORTH.to_string()));
}

#[tokio::test]
async fn people_are_a_feed_of_our_own_and_me_names_organizations_rights_and_capabilities() {
    let site = Site::open().await;
    let phone = site.phone_of("nora@example.com").await;
    let people = phone.ours("feeds/people").await;
    assert_eq!(people.all("objects", "name"), ["Ada", "Nora", "Sven", "Vera"]);
    assert_eq!(people.body["removed"].as_array().unwrap().len(), 0);
    let unchanged = phone.ours(&format!("feeds/people?after={}", people.offset())).await;
    assert_eq!((unchanged.offset(), unchanged.all("objects", "id").len()), (people.offset(), 0));
    assert_eq!(phone.ours("feeds/chats").await.code(), "not_found");
    let me = phone.get("/onsite/v1/me").await.body;
    assert_eq!(me["organizations"][0]["rights"]["grants"][0]["role"], "operator");
    assert_eq!(me["organizations"][0]["partnerName"], "Watchful Ltd");
    assert!(me["organizations"][0]["capabilities"].as_array().unwrap().contains(&"mute".into()));
}

#[tokio::test]
async fn a_digest_is_what_a_reader_computes_over_what_it_was_given() {
    let site = Site::open().await;
    for email in ["ada@example.com", "nora@example.com"] {
        let phone = site.phone_of(email).await;
        for (feed, list, name) in [
            ("alarms", phone.rest("alarms").await, "alarms"),
            ("inventory", phone.rest("inventory").await, "inventoryObjects"),
            ("sensors", phone.rest("sensors").await, "sensors"),
            ("people", phone.ours("feeds/people").await, "objects"),
        ] {
            let mut tally = Tally::default();
            for object in list.body[name].as_array().unwrap() {
                let id: onsite_wire::ids::AlarmId = object["id"].as_str().unwrap().parse().unwrap();
                tally.add(id.bytes(), object["revision"].as_i64().unwrap());
            }
            let digest = phone.ours(&format!("digest/{feed}")).await.body;
            assert!(tally.count > 0, "{feed} of {email}");
            assert_eq!(
                (digest["count"].as_i64(), digest["xor"].as_str()),
                (Some(tally.count), Some(&*tally.hex())),
                "{feed} of {email}"
            );
            assert_eq!(digest["offset"].as_i64(), Some(list.offset()));
        }
    }
}

#[tokio::test]
async fn every_answer_names_the_generation_also_a_refusal() {
    let site = Site::open().await;
    let phone = site.key().await;
    let expected = site.server.store().generation().to_string();
    for path in ["/healthz", "/onsite/v1/capabilities", "/rest/v1/organizations", "/nowhere", "/onsite/v1/me"] {
        let answer = phone.get(path).await;
        assert_eq!(answer.headers[onsite_wire::GENERATION_HEADER], expected, "{path}");
    }
}

#[tokio::test]
async fn whoever_asks_for_gzip_gets_the_same_answer_under_gzip() {
    use std::io::Read;
    let site = Site::open().await;
    let phone = site.key().await;
    for path in ["alarms", "inventory", "alarm-changes/0"] {
        let url = format!("/rest/v1/organizations/{}/{path}", organization());
        let response =
            phone.request(reqwest::Method::GET, &url).header("accept-encoding", "gzip").send().await.unwrap();
        assert_eq!(response.headers()["content-encoding"], "gzip", "{path}");
        let packed = response.bytes().await.unwrap();
        let mut plain = String::new();
        flate2::read::GzDecoder::new(&packed[..]).read_to_string(&mut plain).unwrap();
        let plain: serde_json::Value = serde_json::from_str(&plain).unwrap();
        assert_eq!(plain, phone.rest(path).await.body, "{path}");
    }
}

#[tokio::test]
async fn a_list_of_many_pages_holds_every_alarm_once_also_while_alarms_change() {
    let site = Site::open().await;
    let mut document = harbour_mill();
    let id = |n: u32| onsite_wire::ids::AlarmId(onsite_wire::ids::Uuid::from_u128(u128::from(n) << 64 | 0xA1));
    document.alarms.extend((0..3_500).map(|n| alarm(id(n), UPS_NORTH, None)));
    site.server.store().import(document).await.unwrap();
    let phone = site.key().await;
    let store = site.server.store().clone();
    let now = site.now();
    let changing = tokio::spawn(async move {
        for n in (0..3_500).step_by(50) {
            store.condition_goes(organization(), UPS_NORTH, id(n).to_string(), now).await.unwrap();
            let mut worse = condition(&id(n).to_string(), 1);
            worse.alarm.message = format!("Charge is at {n}");
            store.condition_occurs(worse, now).await.unwrap();
        }
    });
    let list = phone.rest("alarms").await;
    changing.await.unwrap();
    let mut ids = list.all("alarms", "id");
    assert_eq!(ids.len(), 3_504);
    ids.dedup();
    assert_eq!(ids.len(), 3_504, "none twice");
    // What changed meanwhile comes with the changes; then both sides hold the same.
    let mut held: std::collections::BTreeMap<String, i64> = std::collections::BTreeMap::new();
    let mut keep = |answer: &phone::Answer| {
        for object in answer.body["alarms"].as_array().unwrap() {
            held.insert(object["id"].as_str().unwrap().to_owned(), object["revision"].as_i64().unwrap());
        }
    };
    keep(&list);
    keep(&phone.rest(&format!("alarm-changes/{}", list.offset())).await);
    let mut tally = Tally::default();
    for (id, revision) in held {
        let id: onsite_wire::ids::AlarmId = id.parse().unwrap();
        tally.add(id.bytes(), revision);
    }
    let digest = phone.ours("digest/alarms").await.body;
    assert_eq!(digest["xor"].as_str(), Some(&*tally.hex()));
}

#[tokio::test]
async fn an_offer_to_go_on_with_http2_as_the_vendors_java_clients_make_it_is_passed_over() {
    let site = Site::open().await;
    let key = site.key().await;
    let request = key
        .request(reqwest::Method::GET, "/rest/v1/organizations")
        .header("connection", "Upgrade, HTTP2-Settings")
        .header("upgrade", "h2c")
        .header("http2-settings", "AAMAAABkAARAAAAAAAIAAAAA");
    let answer = request.send().await.unwrap();
    assert_eq!((answer.status().as_u16(), answer.version()), (200, reqwest::Version::HTTP_11));
}
