//! What is looked at again right before a push is handed over, when a push is given up, what "quiet while off duty" kept back,
//! and how long the log is kept (N1, N3, N6). By the server's clock, which the tests turn.

use std::time::Duration;

use onsite_server::PushConfig;
use onsite_wire::ids::{AlarmId, PersonId};
use onsite_wire::onsite::{NoticeLog, NoticeLogResponse, Role, SubjectKind};
use onsite_wire::rest::Severity;
use serde_json::{Value, json};

use crate::incidents;
use crate::notices::{feed_of, occurs, pushes, put, register, registration, settings};
use crate::providers::{self, Service};
use crate::support::phone::action;
use crate::support::*;

const MINUTE_MS: i64 = 60 * 1_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;
const DAY_MS: i64 = 24 * HOUR_MS;

/// Nora's pushes go to a service that cannot take them until it is told to.
async fn waiting() -> (Site, Service, AlarmId) {
    let service = Service::default();
    let base = service.listen().await;
    service.answers(&[(503, Value::Null)]);
    let config = PushConfig { contact: "mailto:ops@example.com".into(), plain_web_push: true, ..PushConfig::default() };
    let site = providers::site(config).await;
    let nora = site.phone_of("nora@example.com").await;
    let body = registration(1, "web_push", &format!("{base}/push/nora"));
    put(&nora, "/onsite/v1/push/registration", &body).await;
    let alarm = occurs(&site, "battery", 1, Severity::Critical).await.id;
    until("the first attempt", || service.count() == 1).await;
    (site, service, alarm)
}

async fn until(what: &str, is: impl Fn() -> bool) {
    for _ in 0..600 {
        if is() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("never came: {what}");
}

/// The same while the server's time passes: what is tried again is tried by its clock, counted from the end of the last
/// attempt.
async fn until_later(site: &Site, what: &str, is: impl Fn() -> bool) {
    for _ in 0..600 {
        if is() {
            return;
        }
        site.clock.advance_millis(MINUTE_MS);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("never came: {what}");
}

async fn log_of(site: &Site, email: &str, alarm: AlarmId) -> Vec<NoticeLog> {
    let answer = site.phone_of(email).await.ours(&format!("notices/{alarm}")).await;
    serde_json::from_value::<NoticeLogResponse>(answer.body).unwrap().notices
}

/// The rule by which the push is withheld, once the time of its second attempt has come.
async fn withheld_by(site: &Site, service: &Service, alarm: AlarmId) -> String {
    for _ in 0..600 {
        site.clock.advance_millis(MINUTE_MS);
        if let Some(withheld) = log_of(site, "nora@example.com", alarm).await[0].withheld.clone() {
            assert_eq!(service.count(), 1, "it was handed over");
            return withheld.reasons.decided;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("it was never withheld");
}

async fn north_is_taken_from(site: &Site, person: PersonId) {
    let nora_in_the_south = vec![
        group("Administrators", &[ADA], None, Role::Administrator),
        group("South", &[person], Some(SOUTH), Role::Viewer),
    ];
    site.server.store().set_groups(organization(), nora_in_the_south).await.unwrap();
}

#[tokio::test]
async fn somebody_whose_rights_ended_meanwhile_gets_no_push_and_the_log_says_so() {
    let (site, service, alarm) = waiting().await;
    north_is_taken_from(&site, NORA).await;
    assert_eq!(withheld_by(&site, &service, alarm).await, "rights");
    assert!(feed_of(&site, "nora@example.com").await.is_empty());
}

#[tokio::test]
async fn settings_duty_and_mutes_of_meanwhile_withhold_a_push_and_without_them_it_is_handed_over() {
    for (change, rule) in [("settings", "push_switch"), ("duty", "duty"), ("mute", "mute"), ("nothing", "")] {
        let (site, service, alarm) = waiting().await;
        let nora = site.phone_of("nora@example.com").await;
        match change {
            "settings" => drop(settings(&nora, NORA, json!({"push": false})).await),
            "duty" => drop(settings(&nora, NORA, json!({"quietOffDuty": true})).await),
            "mute" => {
                let body = json!({"reason": "nuisance", "until": site.now().plus_millis(DAY_MS)});
                nora.act_one(&action("mute", SubjectKind::Alarm, alarm.0, 0, body)).await;
            }
            _ => {
                until_later(&site, "the push", || service.count() == 2).await;
                assert_eq!(log_of(&site, "nora@example.com", alarm).await[0].withheld, None);
                continue;
            }
        }
        assert_eq!(withheld_by(&site, &service, alarm).await, rule, "{change}");
    }
}

#[tokio::test]
async fn a_push_that_nobody_takes_for_a_day_is_given_up_and_the_log_says_so() {
    let (site, service, alarm) = waiting().await;
    service.answers(&vec![(503, Value::Null); 200]);
    for _ in 0..23 * 6 {
        site.clock.advance_millis(10 * MINUTE_MS);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let before = service.count();
    assert!(before > 1, "it is tried again");
    assert_eq!(log_of(&site, "nora@example.com", alarm).await[0].withheld, None, "for a day");
    site.clock.advance_millis(HOUR_MS);
    for _ in 0..600 {
        site.clock.advance_millis(MINUTE_MS);
        if log_of(&site, "nora@example.com", alarm).await[0].withheld.is_some() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let line = log_of(&site, "nora@example.com", alarm).await.remove(0);
    assert_eq!(line.withheld.map(|withheld| withheld.reasons.decided).as_deref(), Some("age"));
    assert_eq!(line.handed_over_at, None);
    assert!(service.count() <= before + 1, "one may have been under way when the day was over");
}

#[tokio::test]
async fn after_thirty_days_the_log_and_the_list_have_forgotten_it_and_the_phone_is_told() {
    let site = Site::open().await;
    let nora = site.phone_of("nora@example.com").await;
    let alarm = occurs(&site, "battery", 1, Severity::Critical).await.id;
    let at = nora.ours("feeds/notifications").await.offset();
    site.clock.advance_millis(30 * DAY_MS);
    site.server.store().forget_old().await.unwrap();
    assert_eq!(
        (log_of(&site, "nora@example.com", alarm).await.len(), feed_of(&site, "nora@example.com").await.len()),
        (1, 1)
    );
    site.clock.advance_millis(1);
    site.server.store().forget_old().await.unwrap();
    assert!(log_of(&site, "nora@example.com", alarm).await.is_empty());
    assert!(feed_of(&site, "nora@example.com").await.is_empty());
    let nora = site.phone_of("nora@example.com").await;
    let changes = nora.ours(&format!("feeds/notifications?after={at}")).await;
    assert_eq!(changes.body["removed"].as_array().unwrap().len(), 1);
}

async fn kept_back(phone: &Phone) -> Option<i64> {
    let feed = phone.ours("feeds/notifications").await;
    let objects = feed.body["objects"].as_array().unwrap();
    objects.iter().find(|object| object["type"] == "settings").map(|object| object["keptBack"].as_i64().unwrap())
}

#[tokio::test]
async fn quiet_while_off_duty_counts_the_critical_ones_that_it_kept_back_for_that_person_alone() {
    let site = Site::open().await;
    let (ada, nora) = (site.phone_of("ada@example.com").await, site.phone_of("nora@example.com").await);
    register(&nora, 1).await;
    settings(&nora, NORA, json!({"quietOffDuty": true})).await;
    assert_eq!(kept_back(&nora).await, Some(0));
    occurs(&site, "one", 1, Severity::Critical).await;
    occurs(&site, "two", 2, Severity::Critical).await;
    occurs(&site, "warning", 3, Severity::Warning).await;
    assert_eq!(kept_back(&nora).await, Some(2), "the critical ones");
    assert_eq!(kept_back(&ada).await, None, "it is hers alone");
    settings(&nora, NORA, json!({"quietOffDuty": true, "onClearing": true})).await;
    assert_eq!(kept_back(&nora).await, Some(2), "another setting leaves the count");
    let mut switch = action("duty", SubjectKind::Person, NORA.0, 0, json!({"on": true}));
    switch.basis = None;
    nora.act_one(&switch).await;
    assert_eq!(kept_back(&nora).await, Some(0), "on duty nothing is kept back");
    occurs(&site, "three", 4, Severity::Critical).await;
    pushes(&site.server, 1, 1).await;
    assert_eq!(kept_back(&nora).await, Some(0));
}

#[tokio::test]
async fn an_alarm_and_the_incident_it_opens_are_kept_back_as_one() {
    let site = incidents::site().await;
    let nora = site.phone_of("nora@example.com").await;
    settings(&nora, NORA, json!({"quietOffDuty": true})).await;
    incidents::raise(&site, "battery", 1).await;
    assert_eq!(kept_back(&nora).await, Some(1));
}

#[tokio::test]
async fn a_push_that_cannot_be_read_is_let_go_and_holds_up_no_other() {
    let (site, service, _) = waiting().await;
    let file = rusqlite::Connection::open(site.directory.path().join("onsite.db")).unwrap();
    file.busy_timeout(Duration::from_secs(30)).unwrap();
    assert_eq!(file.execute("UPDATE pushes SET clear = '{'", []).unwrap(), 1);
    occurs(&site, "fan", 2, Severity::Critical).await;
    until_later(&site, "the other one", || service.count() == 2).await;
    let waits = || file.query_row("SELECT count(*) FROM pushes", [], |row| row.get::<_, i64>(0)).unwrap();
    until("nothing waits", || waits() == 0).await;
}
