//! Acting: five outcomes, each action once, whatever is lost on the way.

use crate::support::phone::{acknowledge, action, mute, release};
use crate::support::*;
use onsite_server::Fault;
use onsite_wire::codes::Code;
use onsite_wire::onsite::{Basis, Outcome, SubjectKind};
use onsite_wire::rest::Alarm;
use serde_json::json;

async fn the_alarm(phone: &Phone, id: onsite_wire::ids::AlarmId) -> Alarm {
    serde_json::from_value(phone.ours(&format!("alarms/{id}")).await.body).unwrap()
}

#[tokio::test]
async fn an_applied_action_shows_in_the_feed_from_the_offset_that_it_names() {
    let site = Site::open().await;
    let phone = site.phone_of("nora@example.com").await;
    let offset = phone.offset("alarms").await;
    let result = phone.act_one(&acknowledge(ALARM_NORTH, VERA, 0)).await;
    assert_eq!((result.outcome, result.version), (Outcome::Applied, Some(1)));
    let changes = phone.rest(&format!("alarm-changes/{offset}")).await;
    assert_eq!(changes.offset(), result.position.unwrap().offset);
    let aspect = &changes.body["alarms"][0]["acknowledgement"];
    assert_eq!(
        (aspect["byName"].as_str(), aspect["acknowledged"]["assignee"]["name"].as_str()),
        (Some("Nora"), Some("Vera"))
    );
}

#[tokio::test]
async fn an_answer_lost_after_the_commit_is_not_applied_twice() {
    let site = Site::open().await;
    let phone = site.phone_of("nora@example.com").await;
    let action = acknowledge(ALARM_NORTH, NORA, 0);
    site.server.faults().next("/onsite/v1/actions", 1, Fault::LoseAnswer);
    assert!(phone.try_act(std::slice::from_ref(&action)).await.is_err());
    let again = phone.act_one(&action).await;
    assert_eq!((again.outcome, again.version), (Outcome::AlreadyApplied, Some(1)));
    assert_eq!(the_alarm(&phone, ALARM_NORTH).await.acknowledgement.unwrap().version, 1);
    let later = onsite_wire::onsite::ActionRequest { age_ms: 90_000, age_uncertain: true, ..action };
    assert_eq!(phone.act_one(&later).await.outcome, Outcome::AlreadyApplied, "its age is not part of what it is");
}

#[tokio::test]
async fn a_request_lost_on_the_way_has_no_effect_until_it_is_sent_again() {
    let site = Site::open().await;
    let phone = site.phone_of("nora@example.com").await;
    let action = acknowledge(ALARM_NORTH, NORA, 0);
    site.server.faults().next("/onsite/v1/actions", 1, Fault::LoseRequest);
    assert!(phone.try_act(std::slice::from_ref(&action)).await.is_err());
    assert_eq!(the_alarm(&phone, ALARM_NORTH).await.acknowledgement.unwrap().version, 0);
    assert_eq!(phone.act_one(&action).await.outcome, Outcome::Applied);
}

#[tokio::test]
async fn a_result_outlives_a_restart() {
    let site = Site::open().await;
    let phone = site.phone_of("nora@example.com").await;
    let action = acknowledge(ALARM_NORTH, NORA, 0);
    assert_eq!(phone.act_one(&action).await.outcome, Outcome::Applied);
    let site = site.restarted().await;
    let phone = Phone::with_token(&site.server.base_url(), &phone.token);
    assert_eq!(phone.act_one(&action).await.outcome, Outcome::AlreadyApplied, "and the token is good still");
}

#[tokio::test]
async fn the_second_of_two_is_told_who_was_first_and_when_each_was_made() {
    let site = Site::open().await;
    let (ada, nora) = (site.phone_of("ada@example.com").await, site.phone_of("nora@example.com").await);
    assert_eq!(ada.act_one(&acknowledge(ALARM_NORTH, ADA, 0)).await.outcome, Outcome::Applied);
    site.clock.advance_millis(12_000);
    let result = nora.act_one(&acknowledge(ALARM_NORTH, NORA, 0)).await;
    assert_eq!((result.outcome, result.code), (Outcome::Conflict, Some(Code::VersionMoved)));
    assert_eq!((&*result.arguments["by"], &*result.arguments["seconds"]), ("Ada", "12"));
    let current = result.current.unwrap();
    assert_eq!(current.acknowledgement.unwrap().acknowledged.unwrap().assignee.name, "Ada");
    assert_eq!(current.yours_made_at.millis_since(current.made_at.unwrap()), 12_000);
    assert_eq!(the_alarm(&ada, ALARM_NORTH).await.acknowledgement.unwrap().version, 1, "nothing is overwritten");
}

#[tokio::test]
async fn an_action_made_before_but_arriving_after_is_told_so() {
    let site = Site::open().await;
    let (ada, nora) = (site.phone_of("ada@example.com").await, site.phone_of("nora@example.com").await);
    ada.act_one(&acknowledge(ALARM_NORTH, ADA, 0)).await;
    let mut late = acknowledge(ALARM_NORTH, NORA, 0);
    late.age_ms = 60_000;
    let current = nora.act_one(&late).await.current.unwrap();
    assert!(current.yours_made_at < current.made_at.unwrap());
}

#[tokio::test]
async fn an_alarm_that_changed_its_words_meanwhile_is_no_conflict() {
    let site = Site::open().await;
    let phone = site.phone_of("nora@example.com").await;
    let raised = site.server.store().condition_occurs(condition("battery", 1), site.now()).await.unwrap();
    let mut worse = condition("battery", 1);
    worse.alarm.message = "Charge is at 5 %".into();
    assert_eq!(site.server.store().condition_occurs(worse, site.now()).await.unwrap(), raised);
    assert_eq!(phone.act_one(&acknowledge(raised, NORA, 0)).await.outcome, Outcome::Applied);
    assert_eq!(the_alarm(&phone, raised).await.message, "Charge is at 5 %");
}

#[tokio::test]
async fn a_chain_made_offline_goes_through_and_one_whose_beginning_failed_is_blocked() {
    let site = Site::open().await;
    let phone = site.phone_of("nora@example.com").await;
    let first = acknowledge(ALARM_NORTH, NORA, 0);
    let mut second = release(ALARM_NORTH, 0);
    second.basis = Some(Basis::After(first.id));
    let mut third = acknowledge(ALARM_NORTH, VERA, 0);
    third.basis = Some(Basis::After(second.id));
    let results = phone.act(&[first, second, third]).await;
    assert!(results.iter().all(|result| result.outcome == Outcome::Applied));
    assert_eq!(results[2].version, Some(3));

    let refused = mute(ALARM_RECENT, 0);
    let mut after = action("unmute", SubjectKind::Alarm, ALARM_RECENT.0, 0, json!({}));
    after.basis = Some(Basis::After(refused.id));
    let results = phone.act(&[refused.clone(), after]).await;
    assert_eq!((results[0].outcome, results[0].code), (Outcome::Refused, Some(Code::AlarmCleared)));
    assert_eq!((results[1].outcome, results[1].code), (Outcome::Blocked, Some(Code::EarlierNotApplied)));
    assert_eq!(results[1].arguments["action"], refused.id.to_string());
}

#[tokio::test]
async fn a_chain_is_a_conflict_when_somebody_came_between() {
    let site = Site::open().await;
    let (ada, nora) = (site.phone_of("ada@example.com").await, site.phone_of("nora@example.com").await);
    let first = acknowledge(ALARM_NORTH, NORA, 0);
    nora.act_one(&first).await;
    ada.act_one(&acknowledge(ALARM_NORTH, ADA, 1)).await;
    let mut second = release(ALARM_NORTH, 0);
    second.basis = Some(Basis::After(first.id));
    let result = nora.act_one(&second).await;
    assert_eq!((result.outcome, result.current.unwrap().by_name.as_str()), (Outcome::Conflict, "Ada"));
}

#[tokio::test]
async fn an_id_is_not_taken_for_another_action_or_from_another_person() {
    let site = Site::open().await;
    let (ada, nora) = (site.phone_of("ada@example.com").await, site.phone_of("nora@example.com").await);
    let action = acknowledge(ALARM_NORTH, NORA, 0);
    nora.act_one(&action).await;
    assert_eq!(ada.act_one(&action).await.code, Some(Code::IdUsed));
    let mut other = action.clone();
    other.body["note"] = json!("something else");
    assert_eq!(nora.act_one(&other).await.code, Some(Code::IdUsed));
}

#[tokio::test]
async fn mutes_of_alarms_and_devices_follow_the_rules_and_have_a_version_of_their_own() {
    let site = Site::open().await;
    let phone = site.phone_of("nora@example.com").await;
    phone.act_one(&acknowledge(ALARM_NORTH, NORA, 0)).await;
    assert_eq!(phone.act_one(&mute(ALARM_NORTH, 0)).await.outcome, Outcome::Applied, "another aspect, another version");
    let device = |version, body| action("mute", SubjectKind::Device, UPS_NORTH.0, version, body);
    assert_eq!(phone.act_one(&device(0, json!({"reason": "nuisance"}))).await.code, Some(Code::MuteNeedsEnd));
    let body = json!({"reason": "other", "text": "cabling", "until": "2026-11-22T12:00:00Z"});
    let result = phone.act_one(&device(0, body)).await;
    let position = result.position.unwrap();
    assert_eq!((result.outcome, position.feed.as_str()), (Outcome::Applied, "inventory"));
    let changes = phone.rest(&format!("inventory-changes/{}", position.offset - 1)).await;
    let changed = &changes.body["inventoryObjectChanges"][0]["inventoryObject"];
    assert_eq!(
        (changed["id"].as_str(), changed["mute"]["muted"]["text"].as_str()),
        (Some(&*UPS_NORTH.to_string()), Some("cabling"))
    );
    site.clock.advance_millis(5 * 60 * 60 * 1_000);
    let phone = site.phone_of("nora@example.com").await;
    let unmute = action("unmute", SubjectKind::Device, UPS_NORTH.0, 1, json!({}));
    assert_eq!(phone.act_one(&unmute).await.code, Some(Code::NotMuted), "it has run out");
}

#[tokio::test]
async fn what_an_action_cannot_be_is_refused_with_the_reason() {
    let site = Site::open().await;
    let phone = site.phone_of("nora@example.com").await;
    let north = |kind: &str, body| action(kind, SubjectKind::Alarm, ALARM_NORTH.0, 0, body);
    let mut unversioned = acknowledge(ALARM_NORTH, NORA, 0);
    unversioned.basis = None;
    let mut newer = acknowledge(ALARM_NORTH, NORA, 0);
    newer.body_version = 9;
    for (action, code) in [
        (north("dance", json!({})), Code::NotOffered),
        (action("acknowledge", SubjectKind::Device, UPS_NORTH.0, 0, json!({})), Code::NotOffered),
        (north("acknowledge", json!({"assignee": 7})), Code::BodyInvalid),
        (unversioned, Code::BodyInvalid),
        (newer, Code::BodyNotUnderstood),
        (release(ALARM_NORTH, 0), Code::NotAcknowledged),
        (acknowledge(ALARM_NORTH, ZOE, 0), Code::AssigneeUnknown),
        (acknowledge(ALARM_NORTH, SVEN, 0), Code::AssigneeCannotSee),
    ] {
        let result = phone.act_one(&action).await;
        assert_eq!((result.outcome, result.code), (Outcome::Refused, Some(code)), "{action:?}");
    }
    let partner = json!({"assignee": {"kind": "partner", "id": PARTNER}});
    assert_eq!(phone.act_one(&north("acknowledge", partner)).await.outcome, Outcome::Applied);
}

#[tokio::test]
async fn an_old_intention_has_no_effect_unless_it_was_confirmed_before_a_restore() {
    let site = Site::open().await;
    let phone = site.phone_of("nora@example.com").await;
    let mut old = acknowledge(ALARM_NORTH, NORA, 0);
    old.age_ms = 25 * 60 * 60 * 1_000;
    let result = phone.act_one(&old).await;
    assert_eq!((result.outcome, result.code), (Outcome::Refused, Some(Code::TooOld)));
    let mut confirmed = acknowledge(ALARM_NORTH, NORA, 0);
    (confirmed.age_ms, confirmed.confirmed_before) = (old.age_ms, true);
    assert_eq!(phone.act_one(&confirmed).await.outcome, Outcome::Applied);
    let made_at = the_alarm(&phone, ALARM_NORTH).await.acknowledgement.unwrap().made_at.unwrap();
    assert_eq!(site.now().millis_since(made_at), old.age_ms, "the time is computed from the age");
    confirmed.confirmed_before = false;
    assert_eq!(phone.act_one(&confirmed).await.outcome, Outcome::AlreadyApplied);
}

#[tokio::test]
async fn a_batch_for_another_generation_is_told_so_and_nothing_of_it_is_applied() {
    let site = Site::open().await;
    let phone = site.phone_of("nora@example.com").await;
    let body = |generation: &str| json!({"generation": generation, "actions": [acknowledge(ALARM_NORTH, NORA, 0)]});
    let answer = phone.post("/onsite/v1/actions", &body(&NORA.to_string())).await;
    assert_eq!((answer.status.as_u16(), answer.code()), (409, "generation_changed"));
    assert_eq!(the_alarm(&phone, ALARM_NORTH).await.acknowledgement.unwrap().version, 0);
    let answer = phone.post("/onsite/v1/actions", &body(&site.server.store().generation().to_string())).await;
    assert_eq!((answer.status.as_u16(), &answer.body["results"][0]["outcome"]), (200, &json!("applied")));
}

#[tokio::test]
async fn what_people_did_to_an_alarm_is_told_in_order() {
    let site = Site::open().await;
    let phone = site.phone_of("nora@example.com").await;
    phone
        .act(&[
            acknowledge(ALARM_NORTH, VERA, 0),
            mute(ALARM_NORTH, 0),
            release(ALARM_NORTH, 1),
            release(ALARM_NORTH, 9),
        ])
        .await;
    let history = phone.ours(&format!("alarms/{ALARM_NORTH}/history")).await;
    let entries = history.body["entries"].as_array().unwrap();
    let kinds: Vec<_> = entries.iter().map(|entry| entry["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["acknowledge", "mute", "release"]);
    assert_eq!(
        (&entries[0]["details"]["assignee"], &entries[0]["details"]["note"]),
        (&json!("Vera"), &json!("on my way"))
    );
}

#[tokio::test]
async fn bodies_over_a_limit_are_refused_and_nothing_of_them_is_applied() {
    let site = Site::open().await;
    let phone = site.phone_of("nora@example.com").await;
    let first = acknowledge(ALARM_NORTH, NORA, 0);
    let mut batch = vec![first.clone()];
    batch.resize_with(101, || mute(ALARM_NORTH, 9));
    assert_eq!(phone.try_act(&batch).await.unwrap().status, 413);
    let mut huge = first.clone();
    huge.body["note"] = json!("x".repeat(1024 * 1024));
    let answer = phone.try_act(&[huge]).await.unwrap();
    assert_eq!((answer.status.as_u16(), answer.code()), (413, "too_large"));
    let mut deep = serde_json::to_value(&first).unwrap();
    deep["body"]["x"] = (0..70).fold(json!(1), |inner, _| json!([inner]));
    let answer = phone.post("/onsite/v1/actions", &json!({"actions": [deep]})).await;
    assert_eq!((answer.status.as_u16(), answer.code()), (413, "too_large"));
    for broken in ["", "{", "[]", "{\"actions\": 3}", "{\"actions\": [{}]}", "\u{0}"] {
        let answer = phone.try_post("/onsite/v1/actions", broken.to_owned()).await.unwrap();
        assert_eq!((answer.status.as_u16(), answer.code()), (400, "invalid_request"), "{broken:?}");
    }
    assert_eq!(the_alarm(&phone, ALARM_NORTH).await.acknowledgement.unwrap().version, 0);
    assert_eq!(phone.act_one(&first).await.outcome, Outcome::Applied);
}

#[tokio::test]
async fn a_key_reads_and_does_not_act() {
    let site = Site::open().await;
    let key = site.key().await;
    assert_eq!(key.try_act(&[acknowledge(ALARM_NORTH, NORA, 0)]).await.unwrap().code(), "not_allowed");
    assert_eq!(key.get("/onsite/v1/me").await.code(), "not_allowed");
    assert_eq!(key.get("/onsite/v1/events").await.code(), "not_allowed");
    for path in ["alarms", "inventory", "sensors", "alarm-changes/0"] {
        assert_eq!(key.rest(path).await.status, 200, "{path}: what the vendor's API has (O5)");
    }
    assert_eq!(key.ours("digest/alarms").await.status, 200);
    // Who people are, what they write, where they are and how to call them.
    let chat = format!("incidents/{}/messages", onsite_wire::ids::Uuid::from_u128(1));
    let feeds = ["people", "incidents", "messages", "read_positions", "sites", "duty", "notifications"];
    let all = feeds.map(|feed| [format!("feeds/{feed}"), format!("feeds/{feed}?after=0"), format!("digest/{feed}")]);
    for path in all.into_iter().flatten().chain([chat]) {
        let answer = key.ours(&path).await;
        assert_eq!((answer.status.as_u16(), answer.code()), (403, "not_allowed"), "{path}");
    }
}
