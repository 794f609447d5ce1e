//! Who is told of incidents and their chats (I6, N1): at once, not of one's own doing, and of an alarm and the incident that
//! it opens once.

use onsite_rules::notice::{CHAT_QUIET_MS, STORM};
use onsite_wire::ids::IncidentId;
use onsite_wire::onsite::{IncidentState, NoticeKind, NoticeLogResponse, NoticeSubject, SubjectKind, Verdict};
use onsite_wire::rest::{InventoryObject, Subscription};
use serde_json::{Value, json};

use crate::incidents::{agent, open, raise, say, site, the_incident, unversioned, watched};
use crate::notices::{feed, feed_of, opened, pushes, register, settings};
use crate::support::phone::{acknowledge, action};
use crate::support::*;

fn kinds(listed: &[Value]) -> Vec<String> {
    let mut kinds: Vec<_> = listed.iter().map(|entry| entry["kind"].as_str().unwrap().to_owned()).collect();
    kinds.sort();
    kinds
}

async fn log(phone: &Phone, subject: uuid::Uuid) -> NoticeLogResponse {
    serde_json::from_value(phone.ours(&format!("notices/{subject}")).await.body).unwrap()
}

fn of_kind<'a>(listed: &'a [Value], kind: &str) -> Vec<&'a Value> {
    listed.iter().filter(|entry| entry["kind"] == kind).collect()
}

#[tokio::test]
async fn an_alarm_and_the_incident_that_it_opens_are_one_notification_in_push_and_feed_and_a_tap_opens_the_incident() {
    let site = site().await;
    let (nora, sven) = (site.phone_of("nora@example.com").await, site.phone_of("sven@example.com").await);
    register(&nora, 1).await;
    let alarm = raise(&site, "battery", 1).await;
    let incident = the_incident(&nora).await;
    let came = pushes(&site.server, 1, 1).await;
    let (push, words) = opened(1, &came[0].body);
    assert_eq!((push.kind, push.subject_kind), (NoticeKind::Incident, NoticeSubject::Incident));
    assert_eq!(push.subject, incident.id.0, "a tap opens the incident");
    assert_eq!((words.words.alarm.as_str(), words.words.device.as_str()), ("Low Battery", "ups-north"));
    assert_eq!(words.urgency.map(|urgency| urgency.as_str()), Some("critical"), "it rings as the alarm");
    let listed = feed(&nora).await;
    assert_eq!((listed.len(), listed[0]["key"].as_str()), (1, Some(push.key.as_str())));
    assert_eq!(listed[0]["channel"], "critical");
    let of_alarm = log(&nora, alarm.0).await.notices;
    assert_eq!((of_alarm.len(), of_alarm[0].reasons.decided.as_str()), (1, "one_with_incident"));
    assert_eq!(log(&nora, incident.id.0).await.notices[0].reasons.verdict, Verdict::Notify);
    assert!(feed(&sven).await.is_empty(), "Sven sees the South only");
    // Another critical alarm joins: it is told by itself, and opens nothing.
    raise(&site, "fan", 2).await;
    assert_eq!(kinds(&feed(&nora).await), ["alarm", "incident"]);
    assert_eq!(pushes(&site.server, 1, 2).await.len(), 2);
}

#[tokio::test]
async fn a_mute_that_ends_and_lets_an_incident_open_tells_once() {
    let site = site().await;
    let nora = site.phone_of("nora@example.com").await;
    let body = json!({"until": site.now().plus_millis(3_600_000), "reason": "planned_maintenance"});
    nora.act_one(&action("mute", SubjectKind::Device, UPS_NORTH.0, 0, body)).await;
    raise(&site, "battery", 1).await;
    assert!(feed(&nora).await.is_empty());
    for minutes in [45, 15] {
        site.clock.advance_millis(minutes * 60_000);
        site.server.store().tick().await.unwrap();
    }
    assert_eq!(kinds(&feed_of(&site, "ada@example.com").await), ["incident"]);
    assert_eq!(kinds(&feed_of(&site, "nora@example.com").await), ["incident", "mute_ending"]);
}

#[tokio::test]
async fn incidents_that_open_at_once_count_up_as_one_storm_with_the_alarms() {
    let site = Site::empty(onsite_server::Limits::default()).await;
    let mut document = watched();
    let mut more = Vec::new();
    for number in 20..30_u8 {
        let id = onsite_wire::ids::DeviceId::from_bytes([number; 16]);
        let mut device = device(id, &format!("ups-{number}"), Some(NORTH_HALL), None);
        device.subscription = Some(Subscription::AssetAdvisor);
        more.push(InventoryObject::Device(Box::new(device)));
    }
    document.inventory_objects.extend(more);
    site.server.store().import(document).await.unwrap();
    let ada = site.phone_of("ada@example.com").await;
    for number in 20..30_u8 {
        let mut condition = condition("battery", number);
        condition.alarm.device_id = onsite_wire::ids::DeviceId::from_bytes([number; 16]);
        site.server.store().condition_occurs(condition, site.now()).await.unwrap();
    }
    let listed = feed(&ada).await;
    assert_eq!(of_kind(&listed, "incident").len(), STORM);
    let storm = of_kind(&listed, "bundle");
    assert_eq!((storm.len(), storm[0]["count"].as_i64()), (1, Some(5)));
    assert_eq!(listed.len(), STORM + 1);
}

#[tokio::test]
async fn an_incident_that_a_person_opens_and_every_change_of_its_state_is_told_to_the_others() {
    let site = site().await;
    let (nora, vera) = (site.phone_of("nora@example.com").await, site.phone_of("vera@example.com").await);
    let opening = open(UPS_NORTH, true);
    vera.act_one(&opening).await;
    let id = IncidentId(opening.id.0);
    let listed = feed(&nora).await;
    assert_eq!(kinds(&listed), ["incident"]);
    assert_eq!((listed[0]["words"]["by"].as_str(), listed[0]["channel"].as_str()), (Some("Vera"), Some("incident")));
    assert_eq!(listed[0]["words"].get("alarm"), None, "what she wrote about it is not in it");
    assert!(feed(&vera).await.is_empty(), "nobody is told of their own doing");
    agent(&site, id, None, Some(IncidentState::Open)).await;
    nora.act_one(&unversioned("solve", id.0, json!({}))).await;
    let states = |listed: &[Value]| -> Vec<String> {
        let mut states: Vec<_> = of_kind(listed, "incident_state")
            .iter()
            .map(|entry| {
                format!(
                    "{} by {}",
                    entry["words"]["state"].as_str().unwrap(),
                    entry["words"]["by"].as_str().unwrap_or("nobody")
                )
            })
            .collect();
        states.sort();
        states
    };
    assert_eq!(states(&feed(&vera).await), ["open by Mika", "solved by Nora"]);
    assert_eq!(states(&feed(&nora).await), ["open by Mika"]);
    site.clock.advance_millis(4 * 24 * 60 * 60 * 1_000);
    site.server.store().tick().await.unwrap();
    let listed = feed_of(&site, "nora@example.com").await;
    assert_eq!(states(&listed), ["closed by nobody", "open by Mika"], "the clock closes it, which is told, too");
}

#[tokio::test]
async fn a_message_is_told_to_everybody_but_its_writer_and_none_of_its_words_are_in_the_push() {
    let site = site().await;
    let (nora, vera) = (site.phone_of("nora@example.com").await, site.phone_of("vera@example.com").await);
    raise(&site, "battery", 1).await;
    let id = the_incident(&nora).await.id;
    register(&vera, 3).await;
    nora.act_one(&say(id, "the basement floods")).await;
    let came = pushes(&site.server, 3, 1).await;
    let (push, words) = opened(3, &came[0].body);
    assert_eq!((push.kind, push.subject), (NoticeKind::Message, id.0));
    let told = format!("{:?} {words:?}", came[0]);
    assert!(!told.contains("basement") && !told.contains("floods"), "{told}");
    assert_eq!(words.words.by, "Nora");
    assert!(of_kind(&feed(&nora).await, "message").is_empty(), "not to the writer");
    let stored = feed(&vera).await;
    assert!(!format!("{stored:?}").contains("floods"));
    assert_eq!(of_kind(&stored, "message")[0]["channel"], "chat");
}

#[tokio::test]
async fn a_lively_chat_counts_up_in_one_notification_and_rings_at_most_three_times_a_minute() {
    let site = site().await;
    let (nora, vera) = (site.phone_of("nora@example.com").await, site.phone_of("vera@example.com").await);
    raise(&site, "battery", 1).await;
    let id = the_incident(&nora).await.id;
    register(&vera, 3).await;
    for second in 0..60 {
        nora.act_one(&say(id, &format!("line {second}"))).await;
        if second == 0 || second % 10 == 9 {
            // What is due goes out before the next line is written.
            let due = 1 + second as usize * 1_000 / usize::try_from(CHAT_QUIET_MS).unwrap();
            pushes(&site.server, 3, due).await;
        }
        site.clock.advance_millis(1_000);
    }
    let listed = feed(&vera).await;
    let chat = of_kind(&listed, "message");
    assert_eq!((chat.len(), chat[0]["count"].as_i64()), (1, Some(60)), "one notification for the chat");
    site.clock.advance_millis(CHAT_QUIET_MS);
    let came = pushes(&site.server, 3, 4).await;
    let counts: Vec<_> = came.iter().map(|looped| opened(3, &looped.body)).collect();
    assert_eq!(counts.len(), 4, "at once, and then at least 20 s apart");
    assert_eq!((counts[0].0.count, counts[3].0.count), (1, 60));
    assert!(counts.iter().all(|(push, words)| push.key == counts[0].0.key && words.sound.is_none()));
    assert_eq!(log(&vera, id.0).await.notices.iter().filter(|line| line.kind == NoticeKind::Message).count(), 1);
}

#[tokio::test]
async fn what_was_read_in_the_chat_is_read_in_the_list_and_waits_for_no_push_and_the_next_message_rings_anew() {
    let site = site().await;
    let (nora, vera) = (site.phone_of("nora@example.com").await, site.phone_of("vera@example.com").await);
    raise(&site, "battery", 1).await;
    let id = the_incident(&nora).await.id;
    register(&vera, 3).await;
    nora.act_one(&say(id, "one")).await;
    pushes(&site.server, 3, 1).await;
    nora.act_one(&say(id, "two")).await;
    vera.act_one(&unversioned("read_up_to", id.0, json!({"upTo": 2}))).await;
    let listed = feed(&vera).await;
    let chat = of_kind(&listed, "message");
    assert_eq!((chat.len(), chat[0]["read"].as_bool(), chat[0]["count"].as_i64()), (1, Some(true), Some(2)));
    nora.act_one(&say(id, "three")).await;
    let came = pushes(&site.server, 3, 2).await;
    let newest = opened(3, &came[1].body).0;
    assert_eq!((came.len(), newest.count), (2, 1), "the one that waited was not sent, the new one at once");
    assert_eq!(of_kind(&feed(&vera).await, "message").len(), 2);
}

#[tokio::test]
async fn many_alarms_handed_over_at_once_count_up_and_swallow_no_critical_alarm() {
    let site = Site::open().await;
    let (ada, nora) = (site.phone_of("ada@example.com").await, site.phone_of("nora@example.com").await);
    let mut alarms = vec![ALARM_NORTH, ALARM_BANK];
    for number in 1..=8 {
        let mut warning = condition(&format!("w{number}"), number);
        warning.alarm.severity = onsite_wire::rest::Severity::Warning;
        alarms.push(site.server.store().condition_occurs(warning, site.now()).await.unwrap());
    }
    let handed: Vec<_> = alarms.iter().map(|alarm| acknowledge(*alarm, NORA, 0)).collect();
    ada.act(&handed).await;
    let listed = feed(&nora).await;
    let assigned = of_kind(&listed, "assignment");
    assert_eq!(assigned.len(), STORM + 1);
    let storm: Vec<_> = assigned.iter().filter(|entry| entry["subjectKind"] == "organization").collect();
    assert_eq!((storm.len(), storm[0]["count"].as_i64()), (1, Some(5)));
    site.server.store().condition_occurs(condition("battery", 9), site.now()).await.unwrap();
    let listed = feed(&nora).await;
    assert_eq!(of_kind(&listed, "alarm").len(), 1, "it is told by itself");
}

#[tokio::test]
async fn what_an_import_brings_happened_before_and_is_not_told() {
    let site = Site::empty(onsite_server::Limits::default()).await;
    let mut document = watched();
    document.alarms = vec![alarm(ALARM_NORTH, UPS_NORTH, None)];
    site.server.store().import(document).await.unwrap();
    let nora = site.phone_of("nora@example.com").await;
    the_incident(&nora).await;
    assert!(feed(&nora).await.is_empty());
}

#[tokio::test]
async fn the_daily_push_tells_of_alarms_and_of_the_incidents_of_the_last_day_that_the_person_may_see() {
    let site = Site::empty(onsite_server::Limits::default()).await;
    let mut document = watched();
    for object in &mut document.inventory_objects {
        if let InventoryObject::Device(device) = object
            && device.id == UPS_SOUTH
        {
            device.subscription = Some(Subscription::AssetAdvisor);
        }
    }
    site.server.store().import(document).await.unwrap();
    // It is 09:00 in Berlin.
    raise(&site, "old", 1).await;
    site.clock.advance_millis(25 * 60 * 60 * 1_000);
    for (email, person) in [("nora@example.com", NORA), ("ada@example.com", ADA), ("sven@example.com", SVEN)] {
        let phone = site.phone_of(email).await;
        let done = settings(&phone, person, json!({"daily": {"minute": 660, "zone": "Europe/Berlin"}})).await;
        assert_eq!(done.code, None);
    }
    let mut south = condition("south", 2);
    south.alarm.device_id = UPS_SOUTH;
    site.server.store().condition_occurs(south, site.now()).await.unwrap();
    site.clock.advance_millis(60 * 60 * 1_000);
    site.server.store().tick().await.unwrap();
    let mut told = Vec::new();
    for email in ["nora@example.com", "ada@example.com", "sven@example.com"] {
        let listed = feed_of(&site, email).await;
        let daily = of_kind(&listed, "daily");
        assert_eq!(daily.len(), 1, "{email}");
        told.push((daily[0]["count"].as_i64(), daily[0]["incidents"].as_i64()));
    }
    assert_eq!(told, [(Some(1), Some(0)), (Some(2), Some(1)), (Some(1), Some(1))]);
}

#[tokio::test]
async fn what_was_told_of_a_device_goes_out_of_sight_with_it() {
    let site = site().await;
    let nora = site.phone_of("nora@example.com").await;
    raise(&site, "battery", 1).await;
    let at = nora.ours("feeds/notifications").await.offset();
    assert_eq!(feed(&nora).await.len(), 1);
    site.server.store().move_device(organization(), UPS_NORTH, Some(SOUTH)).await.unwrap();
    assert!(feed(&nora).await.is_empty(), "its words are no longer hers to read");
    let gone = nora.ours(&format!("feeds/notifications?after={at}")).await;
    assert_eq!(gone.body["removed"].as_array().unwrap().len(), 1);
}
