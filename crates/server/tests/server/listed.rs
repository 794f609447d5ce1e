//! What is in the list of notifications though it does not ring (N4), and what is in nobody's: what was never for them, and
//! what waits for somebody who has left (P2).

use onsite_rules::notice::{BUNDLE_MS, STORM};
use onsite_server::Limits;
use onsite_wire::onsite::{Capability, NoticeKind, Role, SubjectKind};
use onsite_wire::rest::{InventoryObject, Severity, Subscription};
use serde_json::{Value, json};

use crate::notices::{feed, feed_of, occurs, opened, pushes, register, settings};
use crate::support::phone::action;
use crate::support::*;
use crate::withheld::{waiting, withheld_by};

const HOUR_MS: i64 = 60 * 60 * 1_000;

/// Kind, what it stands for, and which rule silenced it, of each.
fn rows(listed: &[Value]) -> Vec<(String, i64, String)> {
    let mut rows: Vec<_> = listed
        .iter()
        .map(|entry| {
            let silenced = entry["reasons"]["verdict"] == "silent";
            let rule = if silenced { entry["reasons"]["decided"].as_str().unwrap() } else { "" };
            (entry["kind"].as_str().unwrap().to_owned(), entry["count"].as_i64().unwrap(), rule.to_owned())
        })
        .collect();
    rows.sort();
    rows
}

fn row(kind: &str, count: i64, rule: &str) -> (String, i64, String) {
    (kind.to_owned(), count, rule.to_owned())
}

async fn bundles_are_told(site: &Site) {
    site.clock.advance_millis(BUNDLE_MS);
    site.server.store().tick().await.unwrap();
}

#[tokio::test]
async fn what_settings_silenced_is_listed_and_does_not_ring() {
    for (body, rule) in [
        (json!({"push": false}), "push_switch"),
        (json!({"severities": []}), "severity"),
        (json!({"quietOffDuty": true}), "duty"),
    ] {
        let site = Site::open().await;
        let nora = site.phone_of("nora@example.com").await;
        register(&nora, 1).await;
        settings(&nora, NORA, body).await;
        occurs(&site, "critical", 1, Severity::Critical).await;
        occurs(&site, "one", 2, Severity::Warning).await;
        occurs(&site, "two", 3, Severity::Warning).await;
        bundles_are_told(&site).await;
        assert_eq!(rows(&feed_of(&site, "nora@example.com").await), [row("alarm", 1, rule), row("bundle", 2, rule)]);
        // A test of the way is not silenced: it is the first to come.
        let nora = site.phone_of("nora@example.com").await;
        register(&nora, 1).await;
        nora.post("/onsite/v1/push/canary", &json!({})).await;
        let came = pushes(&site.server, 1, 1).await;
        assert_eq!((came.len(), opened(1, &came[0].body).0.kind), (1, NoticeKind::Canary), "{rule}");
    }
}

#[tokio::test]
async fn a_bundle_rings_for_what_is_wished_and_what_is_not_is_listed_beside_it() {
    let site = Site::open().await;
    let nora = site.phone_of("nora@example.com").await;
    register(&nora, 1).await;
    occurs(&site, "one", 1, Severity::Warning).await;
    settings(&nora, NORA, json!({"severities": ["critical"]})).await;
    occurs(&site, "two", 2, Severity::Warning).await;
    occurs(&site, "three", 3, Severity::Warning).await;
    bundles_are_told(&site).await;
    let listed = feed_of(&site, "nora@example.com").await;
    assert_eq!(rows(&listed), [row("bundle", 1, ""), row("bundle", 2, "severity")]);
    assert_eq!(opened(1, &pushes(&site.server, 1, 1).await[0].body).0.count, 1);
}

#[tokio::test]
async fn a_silenced_storm_counts_up_in_the_list_and_does_not_swallow_the_first_alarm_on_duty() {
    let site = Site::open().await;
    let nora = site.phone_of("nora@example.com").await;
    register(&nora, 1).await;
    settings(&nora, NORA, json!({"quietOffDuty": true})).await;
    for number in 1..=9 {
        occurs(&site, &format!("c{number}"), number, Severity::Critical).await;
    }
    let mut expected = vec![row("alarm", 1, "duty"); STORM];
    expected.push(row("bundle", 4, "duty"));
    assert_eq!(rows(&feed(&nora).await), expected);
    let mut switch = action("duty", SubjectKind::Person, NORA.0, 0, json!({"on": true}));
    switch.basis = None;
    nora.act_one(&switch).await;
    let rings = occurs(&site, "rings", 10, Severity::Critical).await;
    let (push, words) = opened(1, &pushes(&site.server, 1, 1).await[0].body);
    assert_eq!((push.subject, push.kind, words.sound), (rings.id.0, NoticeKind::Alarm, None));
}

#[tokio::test]
async fn what_was_never_for_a_person_and_what_is_only_told_when_wished_is_not_listed() {
    let site = Site::empty(Limits::default()).await;
    let mut document = harbour_mill();
    for object in &mut document.inventory_objects {
        if let InventoryObject::Device(device) = object
            && device.id == UPS_SOUTH
        {
            device.subscription = Some(Subscription::None);
        }
    }
    site.server.store().import(document).await.unwrap();
    for (email, person) in [("ada@example.com", ADA), ("sven@example.com", SVEN)] {
        settings(&site.phone_of(email).await, person, json!({"push": false})).await;
    }
    let ada = site.phone_of("ada@example.com").await;
    let mut unsubscribed = condition("south", 9);
    unsubscribed.alarm.device_id = UPS_SOUTH;
    site.server.store().condition_occurs(unsubscribed, site.now()).await.unwrap();
    let body = json!({"reason": "nuisance", "until": site.now().plus_millis(2 * HOUR_MS)});
    ada.act_one(&action("mute", SubjectKind::Device, BANK_NORTH.0, 0, body)).await;
    let mut muted = condition("bank", 8);
    muted.alarm.device_id = BANK_NORTH;
    site.server.store().condition_occurs(muted, site.now()).await.unwrap();
    occurs(&site, "north", 1, Severity::Critical).await;
    let store = site.server.store();
    store.condition_goes(organization(), UPS_NORTH, "north".into(), site.now()).await.unwrap();
    site.clock.advance_millis(HOUR_MS);
    store.tick().await.unwrap();
    bundles_are_told(&site).await;
    assert_eq!(rows(&feed_of(&site, "ada@example.com").await), [row("alarm", 1, "push_switch")]);
    assert!(feed_of(&site, "sven@example.com").await.is_empty(), "he sees the South only");
}

#[tokio::test]
async fn where_duty_is_not_offered_quiet_while_off_duty_silences_nothing() {
    let site = Site::empty(Limits::default()).await;
    let mut document = harbour_mill();
    document.capabilities = Some(vec![Capability::Acknowledge, Capability::Notifications]);
    site.server.store().import(document).await.unwrap();
    let nora = site.phone_of("nora@example.com").await;
    settings(&nora, NORA, json!({"quietOffDuty": true})).await;
    register(&nora, 1).await;
    occurs(&site, "battery", 1, Severity::Critical).await;
    assert_eq!(rows(&feed(&nora).await), [row("alarm", 1, "")]);
    pushes(&site.server, 1, 1).await;
}

#[tokio::test]
async fn a_bundle_counts_what_its_person_may_see_when_it_is_told() {
    let site = Site::open().await;
    let administrators = || group("Administrators", &[ADA], None, Role::Administrator);
    let everywhere = vec![administrators(), group("Everywhere", &[NORA], None, Role::Viewer)];
    site.server.store().set_groups(organization(), everywhere).await.unwrap();
    for number in 1..=2 {
        occurs(&site, &format!("north {number}"), number, Severity::Warning).await;
    }
    let mut south = condition("south", 3);
    (south.alarm.device_id, south.alarm.severity) = (UPS_SOUTH, Severity::Warning);
    site.server.store().condition_occurs(south, site.now()).await.unwrap();
    let south_only = vec![administrators(), group("South", &[NORA], Some(SOUTH), Role::Viewer)];
    site.server.store().set_groups(organization(), south_only).await.unwrap();
    bundles_are_told(&site).await;
    assert_eq!(rows(&feed_of(&site, "nora@example.com").await), [row("bundle", 1, "")]);
    assert_eq!(rows(&feed_of(&site, "ada@example.com").await), [row("bundle", 3, "")]);
}

#[tokio::test]
async fn a_push_about_a_device_that_was_moved_out_of_sight_is_withheld() {
    let (site, service, alarm) = waiting().await;
    site.server.store().move_device(organization(), UPS_NORTH, Some(SOUTH)).await.unwrap();
    assert_eq!(withheld_by(&site, &service, alarm).await, "rights");
}

#[tokio::test]
async fn for_whoever_left_nothing_waits_and_nothing_comes_daily_also_after_coming_back() {
    let (site, service, _) = waiting().await;
    let nora = site.phone_of("nora@example.com").await;
    settings(&nora, NORA, json!({"daily": {"minute": 570, "zone": "Europe/Berlin"}, "severities": ["critical"]})).await;
    occurs(&site, "warning", 2, Severity::Warning).await;
    site.server.store().remove_person(organization(), NORA).await.unwrap();
    site.server.store().import(harbour_mill()).await.unwrap();
    // Half past nine in Berlin comes, and the push's second attempt; then something new, which is the next to be carried.
    site.clock.advance_millis(HOUR_MS);
    site.server.store().tick().await.unwrap();
    let nora = site.phone_of("nora@example.com").await;
    let objects = nora.ours("feeds/notifications").await.body["objects"].clone();
    let kinds: Vec<_> = objects.as_array().unwrap().iter().map(|object| object["type"].as_str().unwrap()).collect();
    assert!(!kinds.contains(&"settings"), "{objects}");
    let listed = feed(&nora).await;
    assert!(listed.iter().all(|entry| entry["kind"] == "alarm"), "{listed:?}");
    occurs(&site, "new", 3, Severity::Critical).await;
    crate::withheld::until("the new one", || service.count() >= 2).await;
    assert_eq!(service.count(), 2);
}

#[tokio::test]
async fn settings_without_bound_are_refused_and_the_ones_before_stay() {
    let site = Site::open().await;
    let nora = site.phone_of("nora@example.com").await;
    settings(&nora, NORA, json!({"sounds": {"critical": "siren"}})).await;
    let many: serde_json::Map<_, _> = (0..40).map(|number| (format!("channel {number}"), json!("bell"))).collect();
    for sounds in [json!({"critical": "x".repeat(101)}), json!({"x".repeat(41): "bell"}), json!(many)] {
        let refused = settings(&nora, NORA, json!({"sounds": sounds})).await;
        assert_eq!(refused.code.map(|code| code.as_str()), Some("body_invalid"));
    }
    let refused = settings(&nora, NORA, json!({"severities": vec!["critical"; 33]})).await;
    assert_eq!(refused.code.map(|code| code.as_str()), Some("body_invalid"));
    let objects = nora.ours("feeds/notifications").await.body["objects"].clone();
    assert_eq!(objects[0]["settings"]["sounds"]["critical"], "siren");
}
