//! Delayed clearing on the running server (A3), by its clock.

use onsite_rules::clearing::WINDOW_MS;
use onsite_wire::ids::AlarmId;
use onsite_wire::rest::Alarm;

use crate::support::*;

async fn the_alarm(phone: &Phone, id: AlarmId) -> Alarm {
    serde_json::from_value(phone.ours(&format!("alarms/{id}")).await.body).unwrap()
}

async fn goes(site: &Site) {
    let store = site.server.store();
    store.condition_goes(organization(), UPS_NORTH, "battery".into(), site.now()).await.unwrap();
}

#[tokio::test]
async fn a_condition_that_stays_away_clears_its_alarm_with_the_time_when_it_went() {
    let site = Site::open().await;
    let phone = site.key().await;
    let id = site.server.store().condition_occurs(condition("battery", 1), site.now()).await.unwrap();
    site.clock.advance_millis(1_000);
    let gone_at = site.now();
    goes(&site).await;
    site.clock.advance_millis(WINDOW_MS - 1);
    assert_eq!(site.server.store().tick().await.unwrap(), 0);
    assert_eq!(the_alarm(&phone, id).await.cleared_time, None);
    let offset = phone.offset("alarms").await;
    site.clock.advance_millis(1);
    site.server.store().tick().await.unwrap();
    assert_eq!(the_alarm(&phone, id).await.cleared_time, Some(gone_at));
    assert_eq!(phone.rest(&format!("alarm-changes/{offset}")).await.all("alarms", "id"), [id.to_string()]);
    let next = site.server.store().condition_occurs(condition("battery", 1), site.now()).await.unwrap();
    assert_ne!(next, id, "what occurs after that is another alarm");
}

#[tokio::test]
async fn a_condition_that_returns_in_time_is_the_same_alarm_counted_up() {
    let site = Site::open().await;
    let phone = site.key().await;
    let id = site.server.store().condition_occurs(condition("battery", 1), site.now()).await.unwrap();
    for returned in 1..=2 {
        goes(&site).await;
        site.clock.advance_millis(WINDOW_MS - 1);
        assert_eq!(site.server.store().condition_occurs(condition("battery", 2), site.now()).await.unwrap(), id);
        let alarm = the_alarm(&phone, id).await;
        assert_eq!((alarm.alarm_reactivation_count, alarm.cleared_time), (returned, None));
        assert_eq!(alarm.activated_time, at(START));
    }
}

#[tokio::test]
async fn what_was_due_while_the_server_was_down_is_cleared_when_it_is_back() {
    let site = Site::open().await;
    let id = site.server.store().condition_occurs(condition("battery", 1), site.now()).await.unwrap();
    goes(&site).await;
    site.clock.advance_millis(2 * WINDOW_MS);
    let site = site.restarted().await;
    site.server.store().tick().await.unwrap();
    assert_eq!(the_alarm(&site.key().await, id).await.cleared_time, Some(at(START)));
}

#[tokio::test]
async fn an_imported_alarm_goes_by_its_own_id() {
    let site = Site::open().await;
    let store = site.server.store();
    store.condition_goes(organization(), UPS_NORTH, ALARM_NORTH.to_string(), site.now()).await.unwrap();
    site.clock.advance_millis(WINDOW_MS);
    store.tick().await.unwrap();
    assert_eq!(the_alarm(&site.key().await, ALARM_NORTH).await.cleared_time, Some(at(START)));
}

#[tokio::test]
async fn an_alarm_leaves_the_list_seven_days_after_it_was_cleared_and_the_digest_with_it() {
    let site = Site::open().await;
    let phone = site.key().await;
    assert!(phone.rest("alarms").await.all("alarms", "id").contains(&ALARM_RECENT.to_string()));
    let before = phone.ours("digest/alarms").await.body["count"].as_i64().unwrap();
    site.clock.advance_millis(6 * 24 * 60 * 60 * 1_000);
    assert!(!phone.rest("alarms").await.all("alarms", "id").contains(&ALARM_RECENT.to_string()));
    assert_eq!(phone.ours("digest/alarms").await.body["count"].as_i64().unwrap(), before - 1);
    assert_eq!(phone.ours(&format!("alarms/{ALARM_RECENT}")).await.status, 200, "and can still be asked for");
}
