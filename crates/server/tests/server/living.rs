//! The demonstration lives on a real server: hours of it in a moment, by a clock that is turned.

use onsite_server::{Limits, Living, demo};
use onsite_wire::rest::AlarmsResponse;

use crate::support::*;

const MINUTE_MS: i64 = 60_000;

#[tokio::test]
async fn two_hours_of_life_raise_change_clear_and_contest_alarms_and_end_in_equal_digests() {
    let site = Site::empty(Limits::default()).await;
    let store = site.server.store();
    let documents = demo::organizations(3, site.now());
    let mut organizations = Vec::new();
    for document in &documents {
        organizations.push(store.import(document.clone()).await.unwrap());
    }
    let key = store.create_api_key(organizations.clone()).await.unwrap();
    let phone = Phone::with_token(&site.server.base_url(), &key);
    let mut before = Vec::new();
    for id in &organizations {
        before.push(phone.get(&format!("/rest/v1/organizations/{id}/alarms")).await.offset());
    }
    let mut living = Living::new(3, &documents, site.now());
    let mut performed = 0;
    for _ in 0..120 {
        site.clock.advance_millis(MINUTE_MS);
        performed += living.perform_due(store, site.now()).await.unwrap();
        store.tick().await.unwrap();
    }
    assert!(performed > 300 && living.next_at().unwrap() > site.now(), "{performed}");
    let (mut new, mut cleared, mut returned, mut taken) = (0, 0, 0, 0);
    for (id, before) in organizations.iter().zip(before) {
        let base = format!("/rest/v1/organizations/{id}");
        let changes = phone.get(&format!("{base}/alarm-changes/{before}")).await;
        for alarm in serde_json::from_value::<AlarmsResponse>(changes.body).unwrap().alarms {
            new += i32::from(alarm.activated_time > at(START));
            cleared += i32::from(alarm.cleared_time.is_some_and(|time| time > at(START)));
            returned += i32::from(alarm.alarm_reactivation_count > 0);
            taken += i32::from(alarm.acknowledgement.unwrap().made_at.is_some_and(|time| time > at(START)));
        }
        let list = phone.get(&format!("{base}/alarms")).await;
        let digest = phone.get(&format!("/onsite/v1/organizations/{id}/digest/alarms")).await.body;
        let listed = i64::try_from(list.body["alarms"].as_array().unwrap().len()).unwrap();
        assert_eq!((digest["count"].as_i64(), digest["offset"].as_i64()), (Some(listed), Some(list.offset())));
    }
    assert!(new > 100 && cleared > 50 && returned > 0 && taken > 0, "{new} {cleared} {returned} {taken}");
}
