//! Who is told of what (N1, N3, N4, N6, A7, A10), and what a provider sees of it (N2).

use std::time::Duration;

use onsite_rules::notice::{BUNDLE_MS, STORM};
use onsite_server::{Looped, RunningServer};
use onsite_wire::ids::Uuid;
use onsite_wire::onsite::{NoticeKind, NoticeLogResponse, SubjectKind, Verdict};
use onsite_wire::push::{PUSH_LIMIT, Push, SealedWords, from_base64url, to_base64url};
use onsite_wire::rest::{Alarm, InventoryObject, Severity, Subscription};
use onsite_wire::sealing::OwnKey;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::phone::{acknowledge, action};
use crate::support::*;

pub fn own_key(number: u8) -> OwnKey {
    OwnKey::new(&[number; 32], [number; 16]).unwrap()
}

pub fn registration(number: u8, provider: &str, token: &str) -> Value {
    let key = own_key(number);
    json!({
        "installation": Uuid::from_bytes([number; 16]), "provider": provider, "token": token,
        "publicKey": to_base64url(key.public()), "auth": to_base64url(key.auth()),
    })
}

pub async fn put(phone: &Phone, path: &str, body: &Value) -> (StatusCode, Value) {
    let request = phone.request(Method::PUT, path).header("content-type", "application/json");
    let answer = request.body(body.to_string()).send().await.unwrap();
    let status = answer.status();
    (status, serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap_or_default())
}

pub async fn register(phone: &Phone, number: u8) {
    let body = registration(number, "loopback", &format!("token-{number}"));
    let (status, answer) = put(phone, "/onsite/v1/push/registration", &body).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
}

/// The pushes of an installation, as soon as there are this many.
pub async fn pushes(server: &RunningServer, number: u8, count: usize) -> Vec<Looped> {
    for _ in 0..600 {
        let of_it = |looped: &Looped| looped.installation == Uuid::from_bytes([number; 16]);
        let came: Vec<_> = server.loopback().came().into_iter().filter(of_it).collect();
        if came.len() >= count {
            return came;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("no {count} pushes for {number}: {:?}", server.loopback().came());
}

pub fn opened(number: u8, body: &str) -> (Push, SealedWords) {
    let push: Push = serde_json::from_str(body).unwrap();
    let sealed = from_base64url(&push.sealed).unwrap();
    let words = own_key(number).open(&sealed).unwrap();
    (push, serde_json::from_slice(&words).unwrap())
}

pub async fn feed(phone: &Phone) -> Vec<Value> {
    let answer = phone.ours("feeds/notifications").await;
    let objects = answer.body["objects"].as_array().unwrap().clone();
    objects.into_iter().filter(|object| object["type"] == "notification").collect()
}

/// The same for somebody whose token has run out meanwhile.
pub async fn feed_of(site: &Site, email: &str) -> Vec<Value> {
    feed(&site.phone_of(email).await).await
}

pub async fn occurs(site: &Site, name: &str, alarm: u8, severity: Severity) -> Alarm {
    let mut condition = condition(name, alarm);
    condition.alarm.severity = severity;
    let told = condition.alarm.clone();
    site.server.store().condition_occurs(condition, site.now()).await.unwrap();
    told
}

pub async fn settings(
    phone: &Phone,
    person: onsite_wire::ids::PersonId,
    body: Value,
) -> onsite_wire::onsite::ActionResult {
    let mut request = action("notice_settings", SubjectKind::Person, person.0, 0, body);
    request.basis = None;
    phone.act_one(&request).await
}

#[tokio::test]
async fn a_critical_alarm_is_pushed_to_those_who_may_see_it_and_the_provider_sees_no_name() {
    let site = Site::open().await;
    let (nora, sven) = (site.phone_of("nora@example.com").await, site.phone_of("sven@example.com").await);
    register(&nora, 1).await;
    register(&sven, 2).await;
    let alarm = occurs(&site, "battery", 1, Severity::Critical).await;
    let came = pushes(&site.server, 1, 1).await;
    for name in ["Low Battery", "ups-north", "North", "Harbour", "Charge", "Nora", "18 %"] {
        assert!(!came[0].body.contains(name), "the provider reads {name}: {}", came[0].body);
    }
    let (push, words) = opened(1, &came[0].body);
    assert_eq!((push.kind, push.subject, push.person), (NoticeKind::Alarm, alarm.id.0, NORA));
    let told = words.words;
    assert_eq!((told.alarm.as_str(), told.device.as_str()), ("Low Battery", "ups-north"));
    assert_eq!((told.location.as_str(), told.organization.as_str()), ("North hall", "Harbour Mill"));
    let listed = feed(&nora).await;
    assert_eq!((listed.len(), listed[0]["key"].as_str()), (1, Some(push.key.as_str())), "one event, one key");
    assert!(feed(&sven).await.is_empty(), "Sven sees the South only");
    let log = sven.ours(&format!("notices/{}", alarm.id)).await;
    assert_eq!(log.body["notices"], json!([]), "not even that there is something");
    // What comes to his phone first is what happens in the South later.
    let mut south = condition("south", 2);
    south.alarm.device_id = UPS_SOUTH;
    let south = site.server.store().condition_occurs(south, site.now()).await.unwrap();
    assert_eq!(opened(2, &pushes(&site.server, 2, 1).await[0].body).0.subject, south.0);
}

#[tokio::test]
async fn warnings_come_as_one_bundle_after_five_minutes_and_devices_without_subscription_say_nothing() {
    let site = Site::empty(onsite_server::Limits::default()).await;
    let mut document = harbour_mill();
    for object in &mut document.inventory_objects {
        if let InventoryObject::Device(device) = object
            && device.id == UPS_SOUTH
        {
            device.subscription = Some(Subscription::None);
        }
    }
    site.server.store().import(document).await.unwrap();
    let ada = site.phone_of("ada@example.com").await;
    register(&ada, 1).await;
    for number in 1..=3 {
        occurs(&site, &format!("w{number}"), number, Severity::Warning).await;
    }
    let mut unsubscribed = condition("south", 9);
    unsubscribed.alarm.device_id = UPS_SOUTH;
    let south = site.server.store().condition_occurs(unsubscribed, site.now()).await.unwrap();
    assert!(feed(&ada).await.is_empty());
    site.clock.advance_millis(BUNDLE_MS);
    site.server.store().tick().await.unwrap();
    let (push, _) = opened(1, &pushes(&site.server, 1, 1).await[0].body);
    assert_eq!((push.kind, push.count), (NoticeKind::Bundle, 3));
    assert_eq!(feed(&ada).await.len(), 1);
    let log: NoticeLogResponse = serde_json::from_value(ada.ours(&format!("notices/{south}")).await.body).unwrap();
    assert_eq!(log.notices.len(), 1);
    assert_eq!(
        (log.notices[0].reasons.verdict, log.notices[0].reasons.decided.as_str()),
        (Verdict::Silent, "subscription")
    );
    let nora = site.phone_of("nora@example.com").await;
    let unseen = nora.ours(&format!("notices/{south}")).await;
    assert_eq!(unseen.body["notices"], json!([]), "who may not see it learns nothing");
}

#[tokio::test]
async fn from_the_sixth_critical_alarm_within_a_minute_one_notification_counts_up() {
    let site = Site::open().await;
    let ada = site.phone_of("ada@example.com").await;
    register(&ada, 1).await;
    for number in 1..=9 {
        occurs(&site, &format!("c{number}"), number, Severity::Critical).await;
        pushes(&site.server, 1, usize::from(number)).await;
        site.clock.advance_millis(1_000);
    }
    let listed = feed(&ada).await;
    assert_eq!(listed.len(), STORM + 1);
    let storm: Vec<_> = listed.iter().filter(|entry| entry["kind"] == "bundle").collect();
    assert_eq!((storm.len(), storm[0]["count"].as_i64()), (1, Some(4)));
    let came: Vec<_> = pushes(&site.server, 1, 9).await.iter().map(|looped| opened(1, &looped.body)).collect();
    let (single, counting) = came.split_at(STORM);
    assert!(single.iter().all(|(push, words)| push.kind == NoticeKind::Alarm && words.sound.is_none()));
    assert!(
        counting.iter().all(|(push, _)| storm[0]["key"] == push.key.as_str()),
        "each takes the place of the one before"
    );
    let rings: Vec<_> = counting.iter().map(|(push, words)| (push.count, words.sound.is_none())).collect();
    assert_eq!(rings, [(1, true), (2, false), (3, false), (4, false)], "it makes its sound once");
}

#[tokio::test]
async fn whoever_is_made_responsible_is_told_once_and_not_of_their_own_doing() {
    let site = Site::open().await;
    let (ada, nora) = (site.phone_of("ada@example.com").await, site.phone_of("nora@example.com").await);
    let request = acknowledge(ALARM_NORTH, NORA, 0);
    ada.act_one(&request).await;
    ada.act_one(&request).await;
    let listed = feed(&nora).await;
    assert_eq!(listed.len(), 1);
    assert_eq!((listed[0]["kind"].as_str(), listed[0]["words"]["by"].as_str()), (Some("assignment"), Some("Ada")));
    ada.act_one(&acknowledge(ALARM_BANK, ADA, 0)).await;
    assert!(feed(&ada).await.is_empty());
    // Whose rights end reads nothing of it any more.
    site.server
        .store()
        .set_groups(
            organization(),
            vec![group("Administrators", &[ADA], None, onsite_wire::onsite::Role::Administrator)],
        )
        .await
        .unwrap();
    assert!(feed(&nora).await.is_empty());
}

#[tokio::test]
async fn the_end_of_a_mute_is_announced_to_who_set_it_and_the_alarm_notifies_again() {
    let site = Site::open().await;
    let nora = site.phone_of("nora@example.com").await;
    let until = site.now().plus_millis(60 * 60 * 1_000);
    let body = json!({"reason": "nuisance", "until": until});
    nora.act_one(&action("mute", SubjectKind::Alarm, ALARM_NORTH.0, 0, body)).await;
    site.clock.advance_millis(45 * 60 * 1_000 - 1);
    site.server.store().tick().await.unwrap();
    assert!(feed_of(&site, "nora@example.com").await.is_empty());
    site.clock.advance_millis(1);
    site.server.store().tick().await.unwrap();
    let kinds = |listed: &[Value]| -> Vec<String> {
        listed.iter().map(|entry| entry["kind"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(kinds(&feed_of(&site, "nora@example.com").await), ["mute_ending"]);
    assert!(feed_of(&site, "ada@example.com").await.is_empty(), "announced to who set it");
    site.clock.advance_millis(15 * 60 * 1_000);
    site.server.store().tick().await.unwrap();
    assert_eq!(kinds(&feed_of(&site, "ada@example.com").await), ["mute_ended"]);
    let mut both = kinds(&feed_of(&site, "nora@example.com").await);
    both.sort();
    assert_eq!(both, ["mute_ended", "mute_ending"]);
}

#[tokio::test]
async fn a_mute_that_was_lifted_is_not_announced() {
    let site = Site::open().await;
    let nora = site.phone_of("nora@example.com").await;
    let body = json!({"reason": "nuisance", "until": site.now().plus_millis(60 * 60 * 1_000)});
    nora.act_one(&action("mute", SubjectKind::Alarm, ALARM_NORTH.0, 0, body)).await;
    nora.act_one(&action("unmute", SubjectKind::Alarm, ALARM_NORTH.0, 1, json!({}))).await;
    site.clock.advance_millis(2 * 60 * 60 * 1_000);
    site.server.store().tick().await.unwrap();
    assert!(feed_of(&site, "nora@example.com").await.is_empty());
}

#[tokio::test]
async fn settings_silence_the_server_and_the_log_says_which_one_did() {
    let site = Site::open().await;
    let ada = site.phone_of("ada@example.com").await;
    let done = settings(&ada, ADA, json!({"push": false})).await;
    assert_eq!(done.code, None, "{done:?}");
    let alarm = occurs(&site, "battery", 1, Severity::Critical).await;
    let log: NoticeLogResponse = serde_json::from_value(ada.ours(&format!("notices/{}", alarm.id)).await.body).unwrap();
    assert_eq!(log.notices[0].reasons.decided, "push_switch");
    let refused = settings(&ada, ADA, json!({"daily": {"minute": 0, "zone": "Mars/Olympus"}})).await;
    assert_eq!(refused.code.map(|code| code.as_str()), Some("zone_unknown"));
    let others = settings(&ada, NORA, json!({"push": false})).await;
    assert_eq!(others.code.map(|code| code.as_str()), Some("not_found"), "everybody sets their own");
}

#[tokio::test]
async fn quiet_while_off_duty_is_over_as_soon_as_one_is_on_duty() {
    let site = Site::open().await;
    let ada = site.phone_of("ada@example.com").await;
    settings(&ada, ADA, json!({"quietOffDuty": true})).await;
    let alarm = occurs(&site, "battery", 1, Severity::Critical).await;
    let log: NoticeLogResponse = serde_json::from_value(ada.ours(&format!("notices/{}", alarm.id)).await.body).unwrap();
    assert_eq!(log.notices[0].reasons.decided, "duty");
    let mut switch = action("duty", SubjectKind::Person, ADA.0, 0, json!({"on": true}));
    switch.basis = None;
    let done = ada.act_one(&switch).await;
    assert_eq!(done.code, None, "{done:?}");
    let fan = occurs(&site, "fan", 2, Severity::Critical).await;
    let log: NoticeLogResponse = serde_json::from_value(ada.ours(&format!("notices/{}", fan.id)).await.body).unwrap();
    assert_eq!(log.notices[0].reasons.verdict, Verdict::Notify);
}

#[tokio::test]
async fn the_daily_push_comes_at_local_time_and_counts_what_the_person_may_see_on_watched_devices() {
    let site = Site::empty(onsite_server::Limits::default()).await;
    let mut document = harbour_mill();
    for object in &mut document.inventory_objects {
        if let InventoryObject::Device(device) = object {
            device.subscription = Some(Subscription::AssetAdvisor);
        }
    }
    site.server.store().import(document).await.unwrap();
    let (nora, ada) = (site.phone_of("nora@example.com").await, site.phone_of("ada@example.com").await);
    // It is 09:00 in Berlin.
    settings(&nora, NORA, json!({"daily": {"minute": 570, "zone": "Europe/Berlin"}})).await;
    settings(&ada, ADA, json!({"daily": {"minute": 570, "zone": "Europe/Berlin"}})).await;
    site.clock.advance_millis(29 * 60 * 1_000);
    site.server.store().tick().await.unwrap();
    assert!(feed_of(&site, "nora@example.com").await.is_empty());
    site.clock.advance_millis(60 * 1_000);
    site.server.store().tick().await.unwrap();
    site.server.store().tick().await.unwrap();
    let count = |listed: Vec<Value>| (listed.len(), listed[0]["count"].as_i64());
    assert_eq!(count(feed_of(&site, "nora@example.com").await), (1, Some(2)), "two active alarms in the North");
    assert_eq!(count(feed_of(&site, "ada@example.com").await), (1, Some(3)));
}

#[tokio::test]
async fn what_was_read_stays_read_and_everybody_reads_their_own() {
    let site = Site::open().await;
    let (ada, nora) = (site.phone_of("ada@example.com").await, site.phone_of("nora@example.com").await);
    occurs(&site, "one", 1, Severity::Critical).await;
    occurs(&site, "two", 2, Severity::Critical).await;
    let first = feed(&ada).await[0]["id"].clone();
    let mut read = action("read_notices", SubjectKind::Person, NORA.0, 0, json!({"notifications": [first]}));
    read.basis = None;
    nora.act_one(&read).await;
    assert!(feed(&ada).await.iter().all(|entry| entry["read"] == false), "another one's is not touched");
    let up_to = ada.ours("feeds/notifications").await.offset();
    let mut read = action("read_notices", SubjectKind::Person, ADA.0, 0, json!({"upTo": up_to}));
    read.basis = None;
    ada.act_one(&read).await;
    assert!(feed(&ada).await.iter().all(|entry| entry["read"] == true));
    assert!(feed(&nora).await.iter().all(|entry| entry["read"] == false));
}

#[tokio::test]
async fn an_installation_belongs_to_the_last_who_registered_and_to_nobody_after_signing_out() {
    let site = Site::open().await;
    let (nora, ada) = (site.phone_of("nora@example.com").await, site.phone_of("ada@example.com").await);
    register(&nora, 1).await;
    register(&ada, 1).await;
    occurs(&site, "one", 1, Severity::Critical).await;
    assert_eq!(opened(1, &pushes(&site.server, 1, 1).await[0].body).0.person, ADA);
    let canary = nora.post("/onsite/v1/push/canary", &json!({})).await;
    assert_eq!(canary.code(), "registration_unknown");
    ada.request(Method::DELETE, "/onsite/v1/session").send().await.unwrap();
    occurs(&site, "two", 2, Severity::Critical).await;
    register(&nora, 2).await;
    occurs(&site, "three", 3, Severity::Critical).await;
    pushes(&site.server, 2, 1).await;
    assert_eq!(pushes(&site.server, 1, 0).await.len(), 1, "nothing after signing out");
    site.clock.advance_millis(60 * 24 * 60 * 60 * 1_000);
    let ada = site.phone_of("nora@example.com").await;
    assert_eq!(ada.post("/onsite/v1/push/canary", &json!({})).await.code(), "registration_unknown", "60 days end it");
}

#[tokio::test]
async fn reports_reach_the_log_of_that_person_and_the_totals_of_administrators_only() {
    let site = Site::open().await;
    let (nora, ada) = (site.phone_of("nora@example.com").await, site.phone_of("ada@example.com").await);
    register(&nora, 1).await;
    let alarm = occurs(&site, "battery", 1, Severity::Critical).await;
    let (push, _) = opened(1, &pushes(&site.server, 1, 1).await[0].body);
    site.clock.advance_millis(4_000);
    let report = json!({"reports": [{"organizationId": organization(), "key": push.key, "shownMsAgo": 1_000, "openedMsAgo": 0}]});
    assert_eq!(nora.post("/onsite/v1/notices/reports", &report).await.status, StatusCode::NO_CONTENT);
    let path = format!("notices/{}", alarm.id);
    let log: NoticeLogResponse = serde_json::from_value(nora.ours(&path).await.body).unwrap();
    let line = &log.notices[0];
    assert!(line.handed_over_at.is_some() && line.shown_at.is_some() && line.opened_at.is_some());
    let other: NoticeLogResponse = serde_json::from_value(ada.ours(&path).await.body).unwrap();
    assert_eq!(other.notices[0].shown_at, None, "Ada's log is hers");
    let figures = ada.ours("notice-figures").await;
    assert_eq!((figures.body["shown"].as_i64(), figures.body["medianMs"].as_i64()), (Some(1), Some(3_000)));
    assert_eq!(nora.ours("notice-figures").await.code(), "not_allowed");
}

#[tokio::test]
async fn registrations_that_are_none_are_refused() {
    let site = Site::open().await;
    let nora = site.phone_of("nora@example.com").await;
    let good = registration(1, "loopback", "token");
    for (property, value) in [
        ("provider", json!("pigeon")),
        ("token", json!("")),
        ("token", json!("x".repeat(3_000))),
        ("publicKey", json!("AAAA")),
        ("publicKey", json!("not base64!")),
        ("auth", json!("")),
        ("installation", json!("one")),
    ] {
        let mut bad = good.clone();
        bad[property] = value;
        let (status, answer) = put(&nora, "/onsite/v1/push/registration", &bad).await;
        assert_eq!((status, answer["code"].as_str()), (StatusCode::BAD_REQUEST, Some("invalid_request")), "{bad}");
    }
}

#[tokio::test]
async fn long_labels_fit_into_a_push() {
    let site = Site::open().await;
    let nora = site.phone_of("nora@example.com").await;
    register(&nora, 1).await;
    for (number, hostile) in [(2_u8, "\"\\"), (3, "\u{1}\u{7f}"), (4, "ä\u{0}")] {
        let mut long = condition(&format!("hostile {number}"), number);
        long.alarm.label = hostile.repeat(2_000);
        site.server.store().condition_occurs(long, site.now()).await.unwrap();
        let came = pushes(&site.server, 1, usize::from(number) - 1).await.pop().unwrap();
        assert!(came.body.len() <= PUSH_LIMIT, "{} bytes", came.body.len());
        let label = opened(1, &came.body).1.words.alarm;
        assert!(!label.is_empty() && hostile.repeat(2_000).starts_with(&label), "{label:?}");
    }
    let mut long = condition("long", 1);
    long.alarm.label = "👩‍👩‍👧‍👦".repeat(2_000);
    site.server.store().condition_occurs(long, site.now()).await.unwrap();
    let came = pushes(&site.server, 1, 4).await.split_off(3);
    assert!(came[0].body.len() <= PUSH_LIMIT, "{} bytes", came[0].body.len());
    let (_, words) = opened(1, &came[0].body);
    assert!(!words.words.alarm.is_empty() && words.words.alarm.replace("👩‍👩‍👧‍👦", "").is_empty(), "cut between people");
}
