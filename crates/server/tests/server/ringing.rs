//! How pushes go out when some cannot (N1, N6, N7): nobody waits behind a service that does not answer, what is critical goes
//! first, and what a provider does not take is said.

use std::sync::Mutex;

use onsite_server::{PushConfig, trouble};
use onsite_wire::onsite::NoticeKind;
use onsite_wire::rest::Severity;
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::notices::{occurs, put, registration};
use crate::providers::{self, Service};
use crate::support::phone::Answer;
use crate::support::phone::acknowledge;
use crate::support::*;
use crate::withheld::{log_of, until};

const HOUR_MS: i64 = 60 * 60 * 1_000;

fn web_push() -> PushConfig {
    PushConfig { contact: "mailto:ops@example.com".into(), plain_web_push: true, ..PushConfig::default() }
}

async fn registers(phone: &Phone, number: u8, provider: &str, token: &str) {
    let (status, answer) = put(phone, "/onsite/v1/push/registration", &registration(number, provider, token)).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
}

async fn canary(phone: &Phone) -> Answer {
    phone.post("/onsite/v1/push/canary", &json!({})).await
}

/// A push service that takes connections and never says a word.
async fn black_hole() -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let mut held = Vec::new();
        while let Ok((socket, _)) = listener.accept().await {
            held.push(socket);
        }
    });
    format!("http://{address}")
}

#[tokio::test]
async fn a_push_service_that_does_not_answer_holds_up_nobody_elses_critical_alarms() {
    let service = Service::default();
    let (good, hole) = (service.listen().await, black_hole().await);
    let site = providers::site(web_push()).await;
    let (ada, nora, vera) = (
        site.phone_of("ada@example.com").await,
        site.phone_of("nora@example.com").await,
        site.phone_of("vera@example.com").await,
    );
    registers(&nora, 1, "web_push", &format!("{hole}/nora")).await;
    registers(&vera, 2, "web_push", &format!("{hole}/vera")).await;
    registers(&ada, 3, "web_push", &format!("{good}/ada")).await;
    // One after the other these would take eight times as long as the server waits for an answer, which is longer than here.
    for number in 1..=4 {
        occurs(&site, &format!("c{number}"), number, Severity::Critical).await;
    }
    until("Ada's four", || service.count() == 4).await;
}

#[tokio::test]
async fn what_is_critical_goes_before_whatever_waits_longer() {
    let service = Service::default();
    let base = service.listen().await;
    let site = providers::site(web_push()).await;
    let (ada, nora) = (site.phone_of("ada@example.com").await, site.phone_of("nora@example.com").await);
    registers(&nora, 1, "web_push", &format!("{base}/nora")).await;
    service.answers(&vec![(503, Value::Null); 100]);
    for number in 1..=3 {
        let warning = occurs(&site, &format!("w{number}"), number, Severity::Warning).await;
        ada.act_one(&acknowledge(warning.id, NORA, 0)).await;
    }
    until("three that wait", || service.count() == 3).await;
    site.clock.advance_millis(500);
    occurs(&site, "critical", 9, Severity::Critical).await;
    until("four that wait", || service.count() == 4).await;
    service.recovers();
    site.clock.advance_millis(HOUR_MS);
    // By then the bundle of the warnings may be on its way, too; it is the last.
    until("all of them", || service.count() >= 8).await;
    use NoticeKind::{Alarm, Assignment};
    assert_eq!(service.kinds()[4..8], [Alarm, Assignment, Assignment, Assignment]);
}

#[tokio::test]
async fn one_test_of_the_way_waits_at_a_time_and_a_person_may_ask_for_six_a_minute() {
    let service = Service::default();
    let base = service.listen().await;
    let site = providers::site(web_push()).await;
    let (ada, nora) = (site.phone_of("ada@example.com").await, site.phone_of("nora@example.com").await);
    registers(&nora, 1, "web_push", &format!("{base}/nora")).await;
    service.answers(&vec![(503, Value::Null); 100]);
    for number in 1..=6 {
        assert_eq!(canary(&nora).await.status, StatusCode::NO_CONTENT);
        until("its first attempt", || service.count() == number).await;
        site.clock.advance_millis(10);
    }
    let refused = canary(&nora).await;
    assert_eq!((refused.status, refused.code()), (StatusCode::TOO_MANY_REQUESTS, "too_many_requests"));
    assert_eq!(refused.headers["retry-after"], "60");
    registers(&nora, 1, "web_push", &format!("{base}/nora-again")).await;
    assert_eq!(canary(&nora).await.code(), "too_many_requests", "registering again is no way around it");
    service.recovers();
    site.clock.advance_millis(14 * 60 * 1_000);
    until("the one that waited", || service.count() >= 7).await;
    assert_eq!(canary(&nora).await.status, StatusCode::NO_CONTENT, "the minute is over");
    until("that one", || service.count() >= 8).await;
    // What came later and is as urgent goes after all that waited.
    ada.act_one(&acknowledge(ALARM_NORTH, NORA, 0)).await;
    until("what Ada did", || service.count() >= 9).await;
    assert_eq!(service.count(), 9);
}

static OPERATOR: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// A provider under test: its name, a token, how the server reaches it, and what it answers first.
fn provider(name: &'static str, base: String) -> (String, PushConfig, Vec<(u16, Value)>) {
    match name {
        "apns" => {
            let apns = Some(providers::apns(base).0);
            ("abcdef0123456789".into(), PushConfig { apns, ..PushConfig::default() }, vec![])
        }
        "fcm" => {
            let fcm = Some(providers::fcm(base).0);
            let token = (200, json!({"access_token": "ya29.test", "expires_in": 360_000}));
            ("device:token".into(), PushConfig { fcm, ..PushConfig::default() }, vec![token])
        }
        _ => (format!("{base}/nora"), web_push(), vec![]),
    }
}

#[tokio::test]
async fn a_push_that_a_provider_denies_is_tried_again_and_one_that_it_refuses_is_in_the_persons_log() {
    trouble::tell(|line| OPERATOR.lock().unwrap().push(line.to_owned()));
    for name in ["web_push", "apns", "fcm"] {
        let service = Service::default();
        let base = service.listen().await;
        let (token, config, first) = provider(name, base.clone());
        let site = providers::site(config).await;
        let nora = site.phone_of("nora@example.com").await;
        registers(&nora, 1, name, &token).await;
        service.answers(&first);
        service.answers(&[(403, json!({"reason": "InvalidProviderToken", "error": {"status": "PERMISSION_DENIED"}}))]);
        let denied = occurs(&site, "denied", 1, Severity::Critical).await;
        let before = first.len();
        until("the first attempt", || service.count() == before + 1).await;
        site.clock.advance_millis(HOUR_MS);
        until("the second attempt", || service.count() == before + 2).await;
        let log = handed(&site, denied.id).await;
        assert!(log.handed_over_at.is_some() && log.withheld.is_none(), "{name}");
        let lines = OPERATOR.lock().unwrap().clone();
        let lane = if name == "web_push" { base.as_str() } else { name };
        let of_it = lines.iter().filter(|line| line.contains(&format!("pushes: {lane} answers 403")));
        assert_eq!(of_it.count(), 1, "{name}: {lines:?}");
        service.answers(&[(413, json!({"reason": "PayloadTooLarge\u{7}<b>", "error": {"status": "TOO_LARGE"}}))]);
        let refused = occurs(&site, "refused", 2, Severity::Critical).await;
        let log = handed(&site, refused.id).await;
        assert_eq!(log.handed_over_at, None);
        let why = log.withheld.unwrap().reasons;
        assert_eq!(why.decided, "provider");
        assert!(why.rules[0].input.starts_with(&format!("{name} 413")), "{}", why.rules[0].input);
        assert!(!why.rules[0].input.contains('<') && !why.rules[0].input.contains('\u{7}'));
    }
}

/// The line of an alarm in Nora's log, once it says what became of the push.
async fn handed(site: &Site, alarm: onsite_wire::ids::AlarmId) -> onsite_wire::onsite::NoticeLog {
    for _ in 0..600 {
        let line = log_of(site, "nora@example.com", alarm).await.remove(0);
        if line.handed_over_at.is_some() || line.withheld.is_some() {
            return line;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("nothing became of it");
}

#[tokio::test]
async fn a_server_carries_for_those_only_that_it_is_set_up_for_and_calls_nobody_inside() {
    let site = providers::site(PushConfig::default()).await;
    let nora = site.phone_of("nora@example.com").await;
    for (provider, token) in [
        ("loopback", "token"),
        ("apns", "abcdef0123456789"),
        ("fcm", "device:token"),
        ("web_push", "https://127.0.0.1/push"),
        ("web_push", "https://metadata.google.internal./push"),
        ("web_push", "http://push.example.com/push"),
        ("web_push", "nowhere"),
    ] {
        let (status, answer) = put(&nora, "/onsite/v1/push/registration", &registration(1, provider, token)).await;
        let told = (status, answer["code"].as_str());
        assert_eq!(told, (StatusCode::BAD_REQUEST, Some("invalid_request")), "{provider} {token}");
    }
    registers(&nora, 1, "web_push", "https://push.example.com/nora").await;
    assert!(site.server.loopback().came().is_empty());
}
