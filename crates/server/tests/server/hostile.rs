//! What one client claims does not reach beyond its own action: not its age, not its id.

use onsite_wire::codes::Code;
use onsite_wire::ids::IncidentId;
use onsite_wire::onsite::{ActionRequest, IncidentState, MessagesResponse, Outcome, Subject, SubjectKind};
use serde_json::json;

use crate::incidents::{agent, open, raise, say, site, the_incident, unversioned};
use crate::support::phone::action;
use crate::support::*;

const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

async fn texts_of(phone: &Phone, id: IncidentId) -> Vec<String> {
    let answer = phone.ours(&format!("incidents/{id}/messages")).await;
    let read: MessagesResponse = serde_json::from_value(answer.body).unwrap();
    read.messages.into_iter().map(|message| message.text).collect()
}

#[tokio::test]
async fn an_action_that_claims_to_be_as_old_as_the_world_holds_nobody_up() {
    let site = site().await;
    let (nora, vera) = (site.phone_of("nora@example.com").await, site.phone_of("vera@example.com").await);
    let alarm = raise(&site, "battery", 1).await;
    let id = the_incident(&nora).await.id;
    for age_ms in [i64::MAX, i64::MIN, i64::MAX / 1_000, 3_000 * 365 * DAY_MS] {
        let old = ActionRequest { age_ms, ..say(id, "from a basement") };
        assert_eq!(vera.act_one(&old).await.outcome, Outcome::Applied, "{age_ms}");
    }
    let restored = ActionRequest {
        age_ms: i64::MAX,
        confirmed_before: true,
        ..action("acknowledge", SubjectKind::Alarm, alarm.0, 0, json!({"assignee": {"kind": "person", "id": VERA}}))
    };
    assert_eq!(vera.act_one(&restored).await.outcome, Outcome::Applied);
    vera.act_one(&unversioned("solve", id.0, json!({}))).await;
    let judged =
        ActionRequest { age_ms: i64::MAX, ..unversioned("feedback", id.0, json!({"rating": 1, "comment": ""})) };
    vera.act_one(&judged).await;
    assert_eq!(texts_of(&nora, id).await.iter().filter(|text| *text == "from a basement").count(), 4);

    raise(&site, "fan", 2).await;
    site.server.store().condition_goes(organization(), UPS_NORTH, "battery".into(), site.now()).await.unwrap();
    site.clock.advance_millis(4 * DAY_MS);
    site.server.store().tick().await.unwrap();
    let nora = site.phone_of("nora@example.com").await;
    let incidents = nora.ours("feeds/incidents").await;
    let states: Vec<_> = incidents.body["objects"].as_array().unwrap().iter().map(|one| one["state"].clone()).collect();
    assert!(states.contains(&json!("closed")), "{states:?}");
    let cleared = nora.ours(&format!("alarms/{alarm}")).await;
    assert!(cleared.body["clearedTime"].is_string(), "{}", cleared.body);
}

#[tokio::test]
async fn an_id_that_is_in_use_is_refused_and_what_has_it_stays_as_it_is() {
    let site = site().await;
    let (nora, vera) = (site.phone_of("nora@example.com").await, site.phone_of("vera@example.com").await);
    raise(&site, "battery", 1).await;
    let incident = the_incident(&nora).await;
    agent(&site, incident.id, Some("On my way to the phone"), Some(IncidentState::Open)).await;
    let answer = nora.ours(&format!("incidents/{}/messages", incident.id)).await;
    let read: MessagesResponse = serde_json::from_value(answer.body).unwrap();
    let agents = read.messages.iter().find(|message| message.text.starts_with("On my way")).unwrap();

    let forged = ActionRequest { id: onsite_wire::ids::ActionId(agents.id.0), ..say(incident.id, "never mind") };
    let reopened = open(UPS_NORTH, true);
    let reopened = ActionRequest {
        id: onsite_wire::ids::ActionId(incident.id.0),
        subject: Subject { id: incident.id.0, ..reopened.subject },
        ..reopened
    };
    let honest = say(incident.id, "thank you");
    let results = vera.act(&[forged, reopened, honest]).await;
    let codes: Vec<_> = results.iter().map(|result| (result.outcome, result.code)).collect();
    let refused = (Outcome::Refused, Some(Code::IdUsed));
    assert_eq!(codes, [refused, refused, (Outcome::Applied, None)]);
    assert!(texts_of(&nora, incident.id).await.contains(&"On my way to the phone".to_owned()));
    let after = the_incident(&nora).await;
    assert_eq!((after.state, after.last_message), (IncidentState::Open, incident.last_message + 3));
}

#[tokio::test]
async fn feedback_that_is_edited_all_day_stands_once_in_the_history() {
    let site = site().await;
    let vera = site.phone_of("vera@example.com").await;
    raise(&site, "battery", 1).await;
    let id = the_incident(&vera).await.id;
    vera.act_one(&unversioned("solve", id.0, json!({}))).await;
    for rating in [1, 2, 3, 4, 5] {
        let body = json!({"rating": rating, "comment": "quick"});
        assert_eq!(vera.act_one(&unversioned("feedback", id.0, body)).await.outcome, Outcome::Applied);
    }
    let incident = the_incident(&vera).await;
    assert_eq!(incident.feedback.unwrap().rating, 5);
    assert_eq!(incident.history.iter().filter(|change| change.feedback).count(), 1);
}

#[tokio::test]
async fn a_device_stays_muted_when_its_organization_is_imported_again() {
    let site = site().await;
    let nora = site.phone_of("nora@example.com").await;
    let body = json!({"until": site.now().plus_millis(DAY_MS), "reason": "planned_maintenance"});
    nora.act_one(&action("mute", SubjectKind::Device, UPS_NORTH.0, 0, body)).await;
    site.server.store().import(crate::incidents::watched()).await.unwrap();
    let inventory = nora.rest("inventory").await;
    let devices = inventory.body["inventoryObjects"].as_array().unwrap();
    let device = devices.iter().find(|object| object["id"] == UPS_NORTH.to_string()).unwrap();
    assert_eq!(
        (&device["mute"]["version"], &device["mute"]["muted"]["reason"]),
        (&json!(1), &json!("planned_maintenance"))
    );
}

#[tokio::test]
async fn whoever_was_taken_out_of_the_organization_stays_responsible_and_is_marked() {
    let site = Site::open().await;
    let ada = site.phone_of("ada@example.com").await;
    let body = json!({"assignee": {"kind": "person", "id": VERA}});
    ada.act_one(&action("acknowledge", SubjectKind::Alarm, ALARM_NORTH.0, 0, body)).await;
    site.server.store().remove_person(organization(), VERA).await.unwrap();
    let alarm = ada.ours(&format!("alarms/{ALARM_NORTH}")).await.body;
    assert_eq!(alarm["acknowledgement"]["acknowledged"]["assigneeCannotSee"], true, "{alarm}");
}

#[tokio::test]
async fn the_log_forgets_after_90_days_what_has_its_history_elsewhere() {
    let site = site().await;
    let nora = site.phone_of("nora@example.com").await;
    let alarm = raise(&site, "battery", 1).await;
    let id = the_incident(&nora).await.id;
    let line = say(id, "hello");
    nora.act_one(&line).await;
    let taken =
        action("acknowledge", SubjectKind::Alarm, alarm.0, 0, json!({"assignee": {"kind": "person", "id": NORA}}));
    nora.act_one(&taken).await;
    site.clock.advance_millis(91 * DAY_MS);
    site.server.store().forget_old().await.unwrap();
    let nora = site.phone_of("nora@example.com").await;
    let late = ActionRequest { confirmed_before: true, ..line };
    assert_eq!(nora.act_one(&late).await.code, Some(Code::IdUsed), "it is not said twice");
    let again = ActionRequest { confirmed_before: true, ..taken };
    assert_eq!(nora.act_one(&again).await.outcome, Outcome::AlreadyApplied, "the history of an alarm is kept");
}
