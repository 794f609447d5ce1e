//! Incidents and chats (I1, I2, I4, I5): they open by themselves, live by the table, and everything in them comes in one
//! order to whoever may see them.

use crate::support::phone::{Answer, action};
use crate::support::*;
use onsite_server::AgentDeed;
use onsite_server::document::OrganizationDocument;
use onsite_wire::codes::Code;
use onsite_wire::ids::{AlarmId, IncidentId};
use onsite_wire::onsite::{
    ActionRequest, AuthorKind, Basis, Incident, IncidentState, Message, MessagesResponse, Outcome, SubjectKind,
};
use onsite_wire::rest::{InventoryObject, Severity, Subscription};
use serde_json::json;

const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

/// The northern UPS has Asset Advisor, the others do not; no alarm is active.
pub fn watched() -> OrganizationDocument {
    let mut document = harbour_mill();
    document.alarms.clear();
    for object in &mut document.inventory_objects {
        if let InventoryObject::Device(device) = object
            && device.id == UPS_NORTH
        {
            device.subscription = Some(Subscription::AssetAdvisor);
        }
    }
    document
}

pub async fn site() -> Site {
    let site = Site::empty(onsite_server::Limits::default()).await;
    site.server.store().import(watched()).await.unwrap();
    site
}

pub async fn raise(site: &Site, name: &str, number: u8) -> AlarmId {
    site.server.store().condition_occurs(condition(name, number), site.now()).await.unwrap()
}

async fn incidents(phone: &Phone) -> Vec<Incident> {
    let feed = phone.ours("feeds/incidents").await;
    serde_json::from_value(feed.body["objects"].clone()).unwrap()
}

pub async fn the_incident(phone: &Phone) -> Incident {
    let mut all = incidents(phone).await;
    assert_eq!(all.len(), 1, "{all:?}");
    all.remove(0)
}

pub fn unversioned(kind: &str, id: uuid::Uuid, body: serde_json::Value) -> ActionRequest {
    ActionRequest { basis: None, ..action(kind, SubjectKind::Incident, id, 0, body) }
}

pub fn say(incident: IncidentId, text: &str) -> ActionRequest {
    unversioned("message", incident.0, json!({"text": text}))
}

pub fn open(device: onsite_wire::ids::DeviceId, accepted: bool) -> ActionRequest {
    let body = json!({"deviceId": device, "subject": "Noise", "costAccepted": accepted});
    let request = unversioned("open_incident", uuid::Uuid::nil(), body);
    let subject = onsite_wire::onsite::Subject { id: request.id.0, ..request.subject };
    ActionRequest { subject, ..request }
}

async fn chat(phone: &Phone, incident: IncidentId, query: &str) -> (Answer, Vec<Message>) {
    let answer = phone.ours(&format!("incidents/{incident}/messages{query}")).await;
    let read = serde_json::from_value::<MessagesResponse>(answer.body.clone());
    (answer, read.map(|read| read.messages).unwrap_or_default())
}

pub async fn agent(site: &Site, incident: IncidentId, text: Option<&str>, to: Option<IncidentState>) {
    let deed = AgentDeed { agent: "Mika".into(), text: text.map(str::to_owned), to };
    site.server.store().agent_acts(organization(), incident, deed).await.unwrap();
}

#[tokio::test]
async fn a_critical_alarm_of_a_device_with_asset_advisor_opens_one_incident_and_further_ones_join_it() {
    let site = site().await;
    let phone = site.phone_of("nora@example.com").await;
    let first = raise(&site, "battery", 1).await;
    let second = raise(&site, "fan", 2).await;
    let incident = the_incident(&phone).await;
    assert_eq!((incident.state, incident.device_id), (IncidentState::New, UPS_NORTH));
    assert_eq!(incident.alarms, [first, second]);
    assert_eq!(incident.opened_by.kind, AuthorKind::Server);
    let joined: Vec<_> = incident.history.iter().map(|change| (change.state, change.alarm)).collect();
    assert_eq!(joined, [(Some(IncidentState::New), None), (None, Some(second))]);
    // What was acknowledged or came back is the same alarm: it opens nothing.
    site.server.store().condition_goes(organization(), UPS_NORTH, "battery".into(), site.now()).await.unwrap();
    raise(&site, "battery", 1).await;
    assert_eq!(the_incident(&phone).await.alarms.len(), 2);
}

#[tokio::test]
async fn a_warning_or_a_device_without_asset_advisor_opens_none_until_it_turns_critical() {
    let site = site().await;
    let phone = site.phone_of("ada@example.com").await;
    let mut warning = condition("battery", 1);
    warning.alarm.severity = Severity::Warning;
    site.server.store().condition_occurs(warning, site.now()).await.unwrap();
    let mut bank = condition("battery", 2);
    bank.alarm.device_id = BANK_NORTH;
    site.server.store().condition_occurs(bank, site.now()).await.unwrap();
    assert!(incidents(&phone).await.is_empty());
    site.server.store().condition_changes(condition("battery", 1)).await.unwrap();
    assert_eq!(incidents(&phone).await.len(), 1);
}

#[tokio::test]
async fn a_muted_alarm_opens_no_incident_until_the_mute_ends_while_it_is_still_active() {
    let site = site().await;
    let phone = site.phone_of("ada@example.com").await;
    let until = site.now().plus_millis(3_600_000);
    let body = json!({"until": until, "reason": "planned_maintenance"});
    let mute = action("mute", SubjectKind::Device, UPS_NORTH.0, 0, body);
    assert_eq!(phone.act_one(&mute).await.outcome, Outcome::Applied);
    let alarm = raise(&site, "battery", 1).await;
    raise(&site, "fan", 2).await;
    site.server.store().condition_goes(organization(), UPS_NORTH, "fan".into(), site.now()).await.unwrap();
    site.clock.advance_millis(3_599_000);
    site.server.store().tick().await.unwrap();
    assert!(site.server.store().open_incidents(organization()).await.unwrap().is_empty());
    site.clock.advance_millis(1_000);
    site.server.store().tick().await.unwrap();
    let phone = site.phone_of("ada@example.com").await;
    assert_eq!(the_incident(&phone).await.alarms, [alarm], "the other one is cleared by now");
}

#[tokio::test]
async fn lifting_a_mute_lets_what_it_kept_back_open_an_incident() {
    let site = site().await;
    let phone = site.phone_of("ada@example.com").await;
    let body = json!({"until": site.now().plus_millis(3_600_000), "reason": "nuisance"});
    phone.act_one(&action("mute", SubjectKind::Device, UPS_NORTH.0, 0, body)).await;
    let alarm = raise(&site, "battery", 1).await;
    assert!(incidents(&phone).await.is_empty());
    phone.act_one(&action("unmute", SubjectKind::Device, UPS_NORTH.0, 1, json!({}))).await;
    assert_eq!(the_incident(&phone).await.alarms, [alarm]);
}

#[tokio::test]
async fn whoever_sees_a_subscribed_device_opens_one_incident_of_it_with_the_costs_accepted() {
    let site = site().await;
    let viewer = site.phone_of("vera@example.com").await;
    let code = |result: onsite_wire::onsite::ActionResult| (result.outcome, result.code);
    assert_eq!(code(viewer.act_one(&open(UPS_NORTH, false)).await), (Outcome::Refused, Some(Code::CostNotAccepted)));
    let result = viewer.act_one(&open(BANK_NORTH, true)).await;
    assert_eq!(result.arguments["subscription"], "asset_advisor");
    assert_eq!(code(result), (Outcome::Refused, Some(Code::SubscriptionNeeded)));
    assert_eq!(code(viewer.act_one(&open(UPS_SOUTH, true)).await), (Outcome::Refused, Some(Code::NotFound)));
    let opening = open(UPS_NORTH, true);
    assert_eq!(viewer.act_one(&opening).await.outcome, Outcome::Applied);
    let incident = the_incident(&viewer).await;
    assert_eq!((incident.id.0, incident.opened_by.name.as_str()), (opening.id.0, "Vera"));
    let second = viewer.act_one(&open(UPS_NORTH, true)).await;
    assert_eq!(second.arguments["incident"], incident.id.to_string());
    assert_eq!(code(second), (Outcome::Refused, Some(Code::IncidentExists)));
    let alarm = raise(&site, "battery", 1).await;
    assert_eq!(the_incident(&viewer).await.alarms, [alarm], "an alarm joins what a person opened");
}

#[tokio::test]
async fn an_intention_to_open_is_too_old_after_an_hour_and_a_message_never() {
    let site = site().await;
    let phone = site.phone_of("nora@example.com").await;
    let late = ActionRequest { age_ms: 3_600_001, ..open(UPS_NORTH, true) };
    assert_eq!(phone.act_one(&late).await.code, Some(Code::TooOld));
    let opening = open(UPS_NORTH, true);
    phone.act_one(&opening).await;
    let old = ActionRequest { age_ms: 30 * DAY_MS, ..say(IncidentId(opening.id.0), "from a basement") };
    assert_eq!(phone.act_one(&old).await.outcome, Outcome::Applied);
}

#[tokio::test]
async fn a_solved_incident_closes_after_4_days_and_is_reopened_within_them_only() {
    let site = site().await;
    let phone = site.phone_of("nora@example.com").await;
    raise(&site, "battery", 1).await;
    let id = the_incident(&phone).await.id;
    let reopen = || unversioned("reopen", id.0, json!({}));
    let solve = || unversioned("solve", id.0, json!({}));
    assert_eq!(phone.act_one(&reopen()).await.code, Some(Code::MoveNotYours), "a new one is an agent's to open");
    assert_eq!(phone.act_one(&solve()).await.outcome, Outcome::Applied);
    assert_eq!(phone.act_one(&say(id, "one more thing")).await.code, Some(Code::ChatReadOnly));
    site.clock.advance_millis(4 * DAY_MS - 1);
    site.server.store().tick().await.unwrap();
    let phone = site.phone_of("nora@example.com").await;
    assert_eq!(phone.act_one(&reopen()).await.outcome, Outcome::Applied);
    let reopened = the_incident(&phone).await;
    assert_eq!((reopened.state, reopened.closes_at), (IncidentState::Open, None));
    phone.act_one(&solve()).await;
    site.clock.advance_millis(4 * DAY_MS);
    site.server.store().tick().await.unwrap();
    let phone = site.phone_of("nora@example.com").await;
    let closed = the_incident(&phone).await;
    assert_eq!(closed.state, IncidentState::Closed);
    assert_eq!(phone.act_one(&reopen()).await.code, Some(Code::ReopenTooLate));
    let states: Vec<_> = closed.history.iter().filter_map(|change| change.state).collect();
    use IncidentState::{Closed, New, Open, Solved};
    assert_eq!(states, [New, Solved, Open, Solved, Closed]);
    let (_, lines) = chat(&phone, id, "").await;
    assert_eq!(lines.iter().filter_map(|line| line.change).collect::<Vec<_>>(), [Closed, Solved, Open, Solved]);
}

#[tokio::test]
async fn a_device_has_one_incident_under_way_also_when_an_older_one_is_reopened() {
    let site = site().await;
    let phone = site.phone_of("nora@example.com").await;
    raise(&site, "battery", 1).await;
    let first = the_incident(&phone).await.id;
    phone.act_one(&unversioned("solve", first.0, json!({}))).await;
    raise(&site, "fan", 2).await;
    assert_eq!(incidents(&phone).await.len(), 2, "a solved one takes nothing in");
    let result = phone.act_one(&unversioned("reopen", first.0, json!({}))).await;
    assert_eq!(result.code, Some(Code::IncidentExists));
}

#[tokio::test]
async fn messages_stand_in_the_servers_order_and_a_chat_is_read_backwards_by_its_numbers() {
    let site = site().await;
    let (nora, vera) = (site.phone_of("nora@example.com").await, site.phone_of("vera@example.com").await);
    raise(&site, "battery", 1).await;
    let id = the_incident(&nora).await.id;
    for n in 0..70 {
        let writer = if n % 2 == 0 { &nora } else { &vera };
        let result = writer.act_one(&say(id, &format!("line {n}"))).await;
        assert_eq!(result.position.unwrap().feed, "messages");
    }
    let (_, newest) = chat(&vera, id, "?limit=3").await;
    let texts: Vec<_> = newest.iter().map(|line| (line.number, line.text.as_str())).collect();
    assert_eq!(texts, [(70, "line 69"), (69, "line 68"), (68, "line 67")]);
    let (_, older) = chat(&vera, id, "?before=3").await;
    assert_eq!(older.iter().map(|line| line.number).collect::<Vec<_>>(), [2, 1]);
    let full = vera.ours("feeds/messages").await;
    assert_eq!(full.body["objects"].as_array().unwrap().len(), 50, "a full read brings the last 50");
    let digest = vera.ours("digest/messages").await;
    assert_eq!(digest.body["count"], 50);
    let sven = site.phone_of("sven@example.com").await;
    assert_eq!(chat(&sven, id, "").await.0.code(), "not_found");
    assert!(sven.ours("feeds/messages").await.body["objects"].as_array().unwrap().is_empty());
    assert_eq!(sven.act_one(&say(id, "hello?")).await.code, Some(Code::NotFound));
}

#[tokio::test]
async fn a_message_that_says_nothing_or_too_much_is_refused_and_the_next_one_goes_through() {
    let site = site().await;
    let phone = site.phone_of("nora@example.com").await;
    raise(&site, "battery", 1).await;
    let id = the_incident(&phone).await.id;
    let batch: Vec<_> = ["  \n", "a\u{0}b", &"x".repeat(4_001), &"😀".repeat(4_001), "fine"]
        .into_iter()
        .map(|text| say(id, text))
        .collect();
    let results = phone.act(&batch).await;
    let codes: Vec<_> = results.iter().map(|result| result.code).collect();
    use Code::{TextEmpty, TextInvalid, TextTooLong};
    assert!(matches!(codes[..], [Some(TextEmpty), Some(TextInvalid), Some(TextTooLong), Some(_), None]), "{codes:?}");
    let (_, lines) = chat(&phone, id, "").await;
    assert_eq!(lines.iter().map(|line| line.text.as_str()).collect::<Vec<_>>(), ["fine"]);
    let broken = serde_json::to_string(&json!({"actions": [say(id, "SURROGATE")]})).unwrap();
    let answer = phone.try_post("/onsite/v1/actions", broken.replace("SURROGATE", "\\ud83d")).await.unwrap();
    assert_eq!(answer.code(), "invalid_request");
}

#[tokio::test]
async fn the_larger_read_position_stays_and_only_its_reader_gets_it() {
    let site = site().await;
    let (nora, vera) = (site.phone_of("nora@example.com").await, site.phone_of("vera@example.com").await);
    raise(&site, "battery", 1).await;
    let id = the_incident(&nora).await.id;
    for text in ["one", "two", "three"] {
        nora.act_one(&say(id, text)).await;
    }
    let read = |up_to: i64| unversioned("read_up_to", id.0, json!({"upTo": up_to}));
    vera.act_one(&read(2)).await;
    assert_eq!(vera.act_one(&read(1)).await.outcome, Outcome::Applied);
    let own = vera.ours("feeds/read_positions").await;
    assert_eq!(own.body["objects"][0]["upTo"], 2);
    assert!(nora.ours("feeds/read_positions").await.body["objects"].as_array().unwrap().is_empty());
    vera.act_one(&read(99)).await;
    let furthest = the_incident(&nora).await.read_furthest;
    assert_eq!(furthest.iter().map(|mark| (mark.by, mark.up_to)).collect::<Vec<_>>(), [(Some(VERA), 3)]);
}

#[tokio::test]
async fn feedback_is_given_once_on_what_is_completed_and_its_giver_edits_it_for_4_days() {
    let site = site().await;
    let (nora, vera) = (site.phone_of("nora@example.com").await, site.phone_of("vera@example.com").await);
    raise(&site, "battery", 1).await;
    let id = the_incident(&nora).await.id;
    let judge = |rating: i32| unversioned("feedback", id.0, json!({"rating": rating, "comment": "quick"}));
    assert_eq!(nora.act_one(&judge(5)).await.code, Some(Code::NotCompleted));
    nora.act_one(&unversioned("solve", id.0, json!({}))).await;
    assert_eq!(nora.act_one(&judge(6)).await.code, Some(Code::RatingInvalid));
    assert_eq!(nora.act_one(&judge(5)).await.outcome, Outcome::Applied);
    assert_eq!(vera.act_one(&judge(1)).await.code, Some(Code::FeedbackGiven));
    site.clock.advance_millis(3 * DAY_MS);
    let nora = site.phone_of("nora@example.com").await;
    let vera = site.phone_of("vera@example.com").await;
    assert_eq!(nora.act_one(&judge(4)).await.outcome, Outcome::Applied);
    assert_eq!(the_incident(&vera).await.feedback.unwrap().rating, 4);
    site.clock.advance_millis(2 * DAY_MS);
    let nora = site.phone_of("nora@example.com").await;
    assert_eq!(nora.act_one(&judge(3)).await.code, Some(Code::FeedbackFinal));
    let in_time = ActionRequest { age_ms: 2 * DAY_MS, ..judge(2) };
    assert_eq!(nora.act_one(&in_time).await.outcome, Outcome::Applied, "made in time, without signal");
}

#[tokio::test]
async fn an_agent_takes_writes_waits_and_solves_and_nobody_else_takes() {
    let site = site().await;
    let phone = site.phone_of("nora@example.com").await;
    raise(&site, "battery", 1).await;
    let id = the_incident(&phone).await.id;
    agent(&site, id, Some("I am looking at it."), Some(IncidentState::Open)).await;
    agent(&site, id, None, Some(IncidentState::Pending)).await;
    let incident = the_incident(&phone).await;
    assert_eq!((incident.state, incident.agent.as_str()), (IncidentState::Pending, "Mika"));
    assert_eq!(incident.participants.len(), 1);
    agent(&site, id, Some("Done."), Some(IncidentState::Solved)).await;
    let refused = site
        .server
        .store()
        .agent_acts(organization(), id, AgentDeed { agent: "Mika".into(), text: None, to: Some(IncidentState::Closed) })
        .await;
    assert!(refused.is_err());
}

#[tokio::test]
async fn an_incident_and_its_last_messages_follow_their_device_out_of_sight() {
    let site = site().await;
    let vera = site.phone_of("vera@example.com").await;
    raise(&site, "battery", 1).await;
    let id = the_incident(&vera).await.id;
    vera.act_one(&say(id, "here")).await;
    let incidents_at = vera.ours("feeds/incidents").await.offset();
    let messages_at = vera.ours("feeds/messages").await.offset();
    site.server.store().move_device(organization(), UPS_NORTH, Some(SOUTH)).await.unwrap();
    let gone = vera.ours(&format!("feeds/incidents?after={incidents_at}")).await;
    assert_eq!(gone.body["removed"], json!([id]));
    let gone = vera.ours(&format!("feeds/messages?after={messages_at}")).await;
    assert_eq!(gone.body["removed"].as_array().unwrap().len(), 1);
    assert_eq!(chat(&vera, id, "").await.0.code(), "not_found");
    let sven = site.phone_of("sven@example.com").await;
    assert_eq!(chat(&sven, id, "").await.1.len(), 1, "and into the sight of others");
}

#[tokio::test]
async fn the_same_message_sent_twice_is_one_line() {
    let site = site().await;
    let phone = site.phone_of("nora@example.com").await;
    raise(&site, "battery", 1).await;
    let id = the_incident(&phone).await.id;
    let line = say(id, "once");
    phone.act_one(&line).await;
    assert_eq!(phone.act_one(&line).await.outcome, Outcome::AlreadyApplied);
    assert_eq!(chat(&phone, id, "").await.1.len(), 1);
    let versioned = ActionRequest { basis: Some(Basis::Version(0)), ..say(id, "a basis means nothing here") };
    assert_eq!(phone.act_one(&versioned).await.outcome, Outcome::Applied);
}
