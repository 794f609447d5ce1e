//! What is told again (A10, N1, N5): an alarm each time that it becomes worse, and after each mute that ends.

use onsite_rules::notice::BUNDLE_MS;
use onsite_server::storage::Condition;
use onsite_wire::ids::AlarmId;
use onsite_wire::onsite::{SubjectKind, Verdict};
use onsite_wire::rest::Severity;
use serde_json::{Value, json};

use crate::notices::{feed, feed_of, occurs, pushes, register};
use crate::support::phone::action;
use crate::support::*;
use crate::withheld::log_of;

const HOUR_MS: i64 = 60 * 60 * 1_000;

async fn becomes(site: &Site, number: u8, severity: Severity) {
    let mut changed: Condition = condition("battery", number);
    changed.alarm.severity = severity;
    site.server.store().condition_changes(changed).await.unwrap();
    site.clock.advance_millis(1_000);
}

fn of_kind(listed: &[Value], kind: &str) -> Vec<(String, i64)> {
    let of_kind = listed.iter().filter(|entry| entry["kind"] == kind);
    of_kind.map(|entry| (entry["key"].as_str().unwrap().to_owned(), entry["count"].as_i64().unwrap())).collect()
}

#[tokio::test]
async fn each_time_that_an_alarm_becomes_critical_it_is_pushed_and_listed_by_a_key_of_its_own() {
    let site = Site::open().await;
    let nora = site.phone_of("nora@example.com").await;
    register(&nora, 1).await;
    occurs(&site, "battery", 1, Severity::Critical).await;
    site.clock.advance_millis(1_000);
    for severity in [Severity::Warning, Severity::Critical, Severity::Ok, Severity::Critical] {
        becomes(&site, 1, severity).await;
    }
    assert_eq!(pushes(&site.server, 1, 3).await.len(), 3);
    let mut keys: Vec<_> = of_kind(&feed(&nora).await, "alarm").into_iter().map(|(key, _)| key).collect();
    keys.sort();
    keys.dedup();
    assert_eq!(keys.len(), 3, "{keys:?}");
    assert!(keys[0].ends_with("/0") && keys[1].ends_with("/1") && keys[2].ends_with("/2"), "{keys:?}");
}

#[tokio::test]
async fn an_alarm_that_was_hidden_and_becomes_a_warning_is_bundled_and_in_the_log() {
    let site = Site::open().await;
    let nora = site.phone_of("nora@example.com").await;
    let alarm = occurs(&site, "battery", 1, Severity::Info).await;
    assert!(log_of(&site, "nora@example.com", alarm.id).await.is_empty());
    becomes(&site, 1, Severity::Warning).await;
    becomes(&site, 1, Severity::Warning).await;
    let log = log_of(&site, "nora@example.com", alarm.id).await;
    assert_eq!((log.len(), log[0].reasons.verdict), (1, Verdict::Bundle));
    assert!(feed(&nora).await.is_empty());
    site.clock.advance_millis(BUNDLE_MS);
    site.server.store().tick().await.unwrap();
    assert_eq!(of_kind(&feed(&nora).await, "bundle").iter().map(|(_, count)| *count).collect::<Vec<_>>(), [1]);
}

#[tokio::test]
async fn an_alarm_that_became_worse_while_muted_is_told_when_it_does_so_again() {
    let site = Site::open().await;
    let nora = site.phone_of("nora@example.com").await;
    let alarm = occurs(&site, "battery", 1, Severity::Warning).await.id;
    let body = json!({"reason": "nuisance", "until": site.now().plus_millis(HOUR_MS)});
    nora.act_one(&action("mute", SubjectKind::Alarm, alarm.0, 0, body)).await;
    becomes(&site, 1, Severity::Critical).await;
    becomes(&site, 1, Severity::Warning).await;
    nora.act_one(&action("unmute", SubjectKind::Alarm, alarm.0, 1, json!({}))).await;
    assert!(feed(&nora).await.is_empty());
    becomes(&site, 1, Severity::Critical).await;
    assert_eq!(of_kind(&feed(&nora).await, "alarm").len(), 1);
    let decided: Vec<_> =
        log_of(&site, "nora@example.com", alarm).await.into_iter().map(|line| line.reasons.decided).collect();
    assert_eq!(decided, ["urgency", "mute", "storm"]);
}

async fn mute_device(site: &Site, device: onsite_wire::ids::DeviceId, for_ms: i64) {
    let body = json!({"reason": "planned_maintenance", "until": site.now().plus_millis(for_ms)});
    let done =
        site.phone_of("nora@example.com").await.act_one(&action("mute", SubjectKind::Device, device.0, 0, body)).await;
    assert_eq!(done.code, None, "{done:?}");
}

/// The alarms whose mute's end Ada was told of.
async fn told_ends(site: &Site) -> Vec<AlarmId> {
    let listed = feed_of(site, "ada@example.com").await;
    let ended = listed.iter().filter(|entry| entry["kind"] == "mute_ended");
    ended.map(|entry| serde_json::from_value(entry["subject"].clone()).unwrap()).collect()
}

#[tokio::test]
async fn the_end_of_each_devices_mute_is_told_also_where_one_is_a_component_of_the_other() {
    let site = Site::open().await;
    mute_device(&site, UPS_NORTH, HOUR_MS).await;
    mute_device(&site, BANK_NORTH, 2 * HOUR_MS).await;
    site.clock.advance_millis(HOUR_MS);
    site.server.store().tick().await.unwrap();
    assert_eq!(told_ends(&site).await, [ALARM_NORTH], "the bank is muted still");
    site.clock.advance_millis(HOUR_MS);
    site.server.store().tick().await.unwrap();
    let mut told = told_ends(&site).await;
    told.sort();
    let mut both = [ALARM_NORTH, ALARM_BANK];
    both.sort();
    assert_eq!(told, both);
}

#[tokio::test]
async fn mutes_that_end_at_the_same_moment_are_told_once() {
    let site = Site::open().await;
    mute_device(&site, UPS_NORTH, HOUR_MS).await;
    mute_device(&site, BANK_NORTH, HOUR_MS).await;
    site.clock.advance_millis(HOUR_MS);
    site.server.store().tick().await.unwrap();
    let told = told_ends(&site).await;
    assert_eq!(told.iter().filter(|alarm| **alarm == ALARM_BANK).count(), 1, "{told:?}");
}
