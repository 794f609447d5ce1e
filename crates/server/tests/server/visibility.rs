//! Nobody gets another's row: not by a list, not by a change, not by an action's result or a conflict's state.

use onsite_wire::codes::Code;
use onsite_wire::onsite::{Outcome, Role};
use serde_json::Value;

use crate::support::phone::{acknowledge, mute, texts};
use crate::support::*;

const ADMIN: &str = "ada@example.com";
const NORTHERN: &str = "nora@example.com";
const SOUTHERN: &str = "sven@example.com";

/// What a phone held before its signal was lost, and what it has to ask for then.
struct Held {
    alarms: i64,
    inventory: i64,
    sensors: i64,
}

async fn read_all(phone: &Phone) -> Held {
    Held {
        alarms: phone.offset("alarms").await,
        inventory: phone.offset("inventory").await,
        sensors: phone.offset("sensors").await,
    }
}

/// Ids of changed and of deleted inventory after an offset.
async fn inventory_after(phone: &Phone, offset: i64) -> (Vec<String>, Vec<String>) {
    let answer = phone.rest(&format!("inventory-changes/{offset}")).await;
    let changes = answer.body["inventoryObjectChanges"].as_array().unwrap().clone();
    let pick = |pointer: &str| {
        let found = changes.iter().filter_map(|change| change.pointer(pointer).and_then(Value::as_str));
        texts(found.map(str::to_owned))
    };
    (pick("/inventoryObject/id"), pick("/inventoryObjectId"))
}

async fn alarms_after(phone: &Phone, offset: i64) -> Vec<String> {
    phone.rest(&format!("alarm-changes/{offset}")).await.all("alarms", "id")
}

#[tokio::test]
async fn two_people_of_different_locations_see_their_own_in_every_list_and_from_offset_zero() {
    let site = Site::open().await;
    let (north, south) = (site.phone_of(NORTHERN).await, site.phone_of(SOUTHERN).await);
    assert_eq!(north.rest("alarms").await.all("alarms", "id"), texts([ALARM_NORTH, ALARM_BANK, ALARM_RECENT]));
    assert_eq!(south.rest("alarms").await.all("alarms", "id"), texts([ALARM_SOUTH]));
    assert_eq!(alarms_after(&south, 0).await, texts([ALARM_SOUTH]));
    assert_eq!(south.rest("inventory").await.all("inventoryObjects", "label"), ["Harbour Mill", "South", "ups-south"]);
    let (changed, deleted) = inventory_after(&south, 0).await;
    assert_eq!((changed.len(), deleted), (3, vec![]), "what was never in sight is not even named");
    assert_eq!(south.rest("sensors").await.all("sensors", "id"), texts([SENSOR_SOUTH]));
    assert_eq!(north.rest("sensors").await.all("sensors", "id"), texts([SENSOR_NORTH, DOOR_NORTH]));
}

#[tokio::test]
async fn what_is_out_of_sight_is_answered_exactly_as_what_does_not_exist() {
    let site = Site::open().await;
    let south = site.phone_of(SOUTHERN).await;
    let nowhere = onsite_wire::ids::AlarmId::from_bytes([9; 16]);
    for (hidden, missing) in [
        (format!("alarms/{ALARM_NORTH}"), format!("alarms/{nowhere}")),
        (format!("alarms/{ALARM_NORTH}/history"), format!("alarms/{nowhere}/history")),
        (
            format!("sensors/{SENSOR_NORTH}/history?from=2026-11-01T00:00:00Z&to=2026-11-02T00:00:00Z&buckets=5"),
            format!("sensors/{nowhere}/history?from=2026-11-01T00:00:00Z&to=2026-11-02T00:00:00Z&buckets=5"),
        ),
    ] {
        let (hidden, missing) = (south.ours(&hidden).await, south.ours(&missing).await);
        assert_eq!((hidden.status, &hidden.body), (missing.status, &missing.body));
        assert_eq!(hidden.status, 404);
    }
    let device = south.rest(&format!("inventory/{UPS_NORTH}")).await;
    assert_eq!((device.status.as_u16(), &device.body), (404, &south.rest(&format!("inventory/{nowhere}")).await.body));
}

#[tokio::test]
async fn a_stranger_is_told_the_same_of_an_organization_of_others_and_of_one_that_is_none() {
    let site = Site::open().await;
    let zoe = site.phone_of("zoe@example.com").await;
    let nowhere = onsite_wire::ids::OrganizationId::from_bytes([9; 16]);
    for path in [
        "alarms",
        "alarm-changes/0",
        "inventory",
        "inventory-changes/0",
        "sensors",
        "sensor-changes/0",
        "measurements/live",
    ] {
        let theirs = zoe.get(&format!("/rest/v1/organizations/{}/{path}", organization())).await;
        let none = zoe.get(&format!("/rest/v1/organizations/{nowhere}/{path}")).await;
        assert_eq!((theirs.status.as_u16(), theirs.code()), (403, "other_organization"), "{path}");
        assert_eq!(theirs.body, none.body);
    }
    for path in ["feeds/people", "digest/alarms", &format!("alarms/{ALARM_NORTH}")] {
        assert_eq!(zoe.ours(path).await.code(), "other_organization", "{path}");
    }
    assert_eq!(zoe.get("/rest/v1/organizations").await.all("organizations", "label"), ["Quarry"]);
}

#[tokio::test]
async fn an_action_on_what_is_out_of_sight_is_refused_without_a_word_about_it() {
    let site = Site::open().await;
    let (ada, sven, zoe) =
        (site.phone_of(ADMIN).await, site.phone_of(SOUTHERN).await, site.phone_of("zoe@example.com").await);
    ada.act_one(&acknowledge(ALARM_NORTH, ADA, 0)).await;
    let nowhere = onsite_wire::ids::AlarmId::from_bytes([9; 16]);
    for phone in [&sven, &zoe] {
        let hidden = phone.act_one(&acknowledge(ALARM_NORTH, SVEN, 0)).await;
        let missing = phone.act_one(&acknowledge(nowhere, SVEN, 0)).await;
        assert_eq!((hidden.outcome, hidden.code), (Outcome::Refused, Some(Code::NotFound)));
        assert_eq!((hidden.code, hidden.arguments, hidden.current), (missing.code, missing.arguments, None));
    }
    assert_eq!(sven.act_one(&mute(ALARM_BANK, 0)).await.code, Some(Code::NotFound));
}

#[tokio::test]
async fn a_role_that_may_look_but_not_do_is_refused_as_not_allowed_and_nothing_happens() {
    let site = Site::open().await;
    let vera = site.phone_of("vera@example.com").await;
    let result = vera.act_one(&mute(ALARM_NORTH, 0)).await;
    assert_eq!((result.outcome, result.code, result.current), (Outcome::Refused, Some(Code::NotAllowed), None));
    assert_eq!(vera.act_one(&acknowledge(ALARM_NORTH, VERA, 0)).await.outcome, Outcome::Applied);
}

#[tokio::test]
async fn a_conflict_asked_for_again_shows_nothing_to_somebody_who_lost_sight_of_it() {
    let site = Site::open().await;
    let (ada, nora) = (site.phone_of(ADMIN).await, site.phone_of(NORTHERN).await);
    ada.act_one(&acknowledge(ALARM_NORTH, ADA, 0)).await;
    let late = acknowledge(ALARM_NORTH, NORA, 0);
    assert!(nora.act_one(&late).await.current.is_some());
    site.server.store().move_device(organization(), UPS_NORTH, Some(SOUTH)).await.unwrap();
    let again = nora.act_one(&late).await;
    assert_eq!((again.outcome, again.current), (Outcome::Conflict, None));
}

#[tokio::test]
async fn a_device_moved_out_moved_in_and_back_reaches_phones_that_were_offline() {
    let site = Site::open().await;
    let (north, south) = (site.phone_of(NORTHERN).await, site.phone_of(SOUTHERN).await);
    let (held_north, held_south) = (read_all(&north).await, read_all(&south).await);
    let store = site.server.store();

    store.move_device(organization(), UPS_NORTH, Some(SOUTH)).await.unwrap();
    let (changed, deleted) = inventory_after(&north, held_north.inventory).await;
    assert_eq!((changed, deleted), (vec![], texts([UPS_NORTH, BANK_NORTH])));
    assert_eq!(alarms_after(&north, held_north.alarms).await, Vec::<String>::new());
    assert_eq!(
        north.rest(&format!("sensor-changes/{}", held_north.sensors)).await.all("sensorChanges", "sensorId"),
        texts([SENSOR_NORTH, DOOR_NORTH])
    );
    let (changed, deleted) = inventory_after(&south, held_south.inventory).await;
    assert_eq!((changed, deleted), (texts([UPS_NORTH, BANK_NORTH]), vec![]));
    assert_eq!(
        alarms_after(&south, held_south.alarms).await,
        texts([ALARM_NORTH, ALARM_BANK, ALARM_OLD, ALARM_RECENT])
    );

    let in_between = read_all(&south).await;
    store.move_device(organization(), UPS_NORTH, Some(NORTH_HALL)).await.unwrap();
    let (changed, deleted) = inventory_after(&north, held_north.inventory).await;
    assert_eq!((changed, deleted), (texts([UPS_NORTH, BANK_NORTH]), vec![]), "as if it had never been away");
    let (changed, deleted) = inventory_after(&south, in_between.inventory).await;
    assert_eq!((changed, deleted), (vec![], texts([UPS_NORTH, BANK_NORTH])));
}

#[tokio::test]
async fn a_location_that_moves_takes_everything_below_it_along() {
    let site = Site::open().await;
    let (north, south) = (site.phone_of(NORTHERN).await, site.phone_of(SOUTHERN).await);
    let (held_north, held_south) = (read_all(&north).await, read_all(&south).await);
    site.server.store().move_location(organization(), NORTH_HALL, Some(SOUTH)).await.unwrap();
    let (_, deleted) = inventory_after(&north, held_north.inventory).await;
    assert_eq!(deleted, texts([NORTH_HALL.0, UPS_NORTH.0, BANK_NORTH.0]));
    let (changed, _) = inventory_after(&south, held_south.inventory).await;
    assert_eq!(changed, texts([SOUTH.0, NORTH_HALL.0, UPS_NORTH.0, BANK_NORTH.0]));
    assert_eq!(alarms_after(&south, held_south.alarms).await.len(), 4);
    assert!(site.server.store().move_location(organization(), SOUTH, Some(NORTH_HALL)).await.is_err(), "into itself");
}

#[tokio::test]
async fn the_way_down_to_a_room_is_shown_but_not_what_stands_along_it() {
    let site = Site::open().await;
    let store = site.server.store();
    store.move_device(organization(), UPS_SOUTH, Some(NORTH)).await.unwrap();
    let mut groups = groups();
    groups.push(group("Hall", &[SVEN], Some(NORTH_HALL), Role::Viewer));
    store.set_groups(organization(), groups).await.unwrap();
    let sven = site.phone_of(SOUTHERN).await;
    assert_eq!(
        sven.rest("inventory").await.all("inventoryObjects", "label"),
        ["Harbour Mill", "North", "North hall", "South", "bank-north", "ups-north"]
    );
}

#[tokio::test]
async fn changed_rights_make_that_persons_offsets_gone_and_nobody_elses() {
    let site = Site::open().await;
    let (nora, sven, key) = (site.phone_of(NORTHERN).await, site.phone_of(SOUTHERN).await, site.key().await);
    let (held_nora, held_sven, held_key) =
        (nora.offset("alarms").await, sven.offset("alarms").await, key.offset("alarms").await);
    let mut groups = groups();
    groups.push(group("Night shift", &[SVEN], Some(NORTH), Role::Viewer));
    site.server.store().set_groups(organization(), groups).await.unwrap();
    let gone = sven.rest(&format!("alarm-changes/{held_sven}")).await;
    assert_eq!((gone.status.as_u16(), gone.code()), (410, "offset_gone"));
    let full = sven.rest("alarms").await;
    assert_eq!(full.all("alarms", "id"), texts([ALARM_NORTH, ALARM_BANK, ALARM_SOUTH, ALARM_RECENT]));
    assert_eq!(sven.rest(&format!("alarm-changes/{}", full.offset())).await.status, 200);
    assert_eq!(nora.rest(&format!("alarm-changes/{held_nora}")).await.status, 200);
    assert_eq!(key.rest(&format!("alarm-changes/{held_key}")).await.status, 200, "never for a key");
    let people = nora.ours("feeds/people").await;
    let sven = people.body["objects"].as_array().unwrap().iter().find(|person| person["name"] == "Sven").unwrap();
    assert_eq!(sven["rights"]["grants"].as_array().unwrap().len(), 2, "colleagues learn of it");
}

#[tokio::test]
async fn an_assignment_stays_marked_when_its_assignee_loses_sight_of_the_alarm() {
    let site = Site::open().await;
    let ada = site.phone_of(ADMIN).await;
    ada.act_one(&acknowledge(ALARM_NORTH, VERA, 0)).await;
    let marked = async |phone: &Phone| {
        let alarm = phone.ours(&format!("alarms/{ALARM_NORTH}")).await.body;
        let aspect = &alarm["acknowledgement"];
        (aspect["version"].as_i64().unwrap(), aspect["acknowledged"]["assigneeCannotSee"] == true)
    };
    assert_eq!(marked(&ada).await, (1, false));
    let offset = ada.offset("alarms").await;
    let without_vera: Vec<_> = groups().into_iter().filter(|group| group.name != "North viewers").collect();
    site.server.store().set_groups(organization(), without_vera).await.unwrap();
    assert_eq!(marked(&ada).await, (1, true), "the version moves by people's actions only");
    assert_eq!(alarms_after(&ada, offset).await, texts([ALARM_NORTH]));
    site.server.store().set_groups(organization(), groups()).await.unwrap();
    assert_eq!(marked(&ada).await, (1, false));
    site.server.store().move_device(organization(), UPS_NORTH, Some(SOUTH)).await.unwrap();
    assert_eq!(marked(&ada).await, (1, true), "moved away from the assignee");
}

#[tokio::test]
async fn somebody_taken_out_of_an_organization_reads_nothing_of_it_any_more() {
    let site = Site::open().await;
    let (ada, vera) = (site.phone_of(ADMIN).await, site.phone_of("vera@example.com").await);
    let people = ada.ours("feeds/people").await.offset();
    site.server.store().remove_person(organization(), VERA).await.unwrap();
    assert_eq!(vera.rest("alarms").await.code(), "other_organization");
    let changes = ada.ours(&format!("feeds/people?after={people}")).await;
    assert_eq!(changes.body["removed"], serde_json::json!([VERA]));
}
