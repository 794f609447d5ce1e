//! Calls: typed errors, panics, futures that nobody waits for, closing and opening.

use std::time::Duration;

use onsite_ffi::*;

use crate::support::{Backend, List, Phone, advice, code, config, eventually};

#[cfg(feature = "panic-for-tests")]
#[tokio::test(flavor = "multi_thread")]
async fn a_panic_inside_is_a_typed_error_and_the_account_goes_on() {
    let backend = Backend::demo().await;
    let phone = Phone::signed_in(&backend).await;
    for error in [phone.account.panic_now().unwrap_err(), phone.account.panic_later().await.unwrap_err()] {
        assert_eq!((code(&error), advice(&error)), ("internal", Advice::Report));
    }
    assert_eq!(phone.account.state().unwrap().session, SessionState::SignedIn);
    assert!(!phone.account.organizations().await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_nobody_waits_for_is_done_all_the_same() {
    let backend = Backend::of_size(6_000, 300).await;
    let phone = Phone::signed_in(&backend).await;
    let rows = phone.untouched(100).await;
    assert!(rows.len() >= 30, "only {} alarms to act upon", rows.len());
    let mut given_up = 0;
    for (n, row) in rows.iter().enumerate() {
        let chosen = Chosen::These { ids: vec![row.id.clone()] };
        let alarms = phone.account.alarms();
        let call = alarms.acknowledge(chosen, phone.me(), "on my way".to_owned());
        // From one poll on up to longer than it takes.
        let waits = Duration::from_micros(u64::try_from(n % 10).unwrap() * 300);
        given_up += usize::from(tokio::time::timeout(waits, call).await.is_err());
    }
    assert!(given_up > 0, "some of them were given up");
    let made = || phone.account.actions().unwrap().len();
    eventually("every press is an action", || made() == rows.len()).await;
    phone.until("all are sent", |state| state.waiting == 0).await;
    let stages: Vec<_> = phone.account.actions().unwrap().into_iter().map(|action| action.stage).collect();
    assert!(stages.iter().all(|stage| *stage == ActionStage::OnServer), "each went through once: {stages:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_files_opened_twice_are_a_typed_error() {
    let backend = Backend::demo().await;
    let phone = Phone::fresh(&backend).await;
    let again = open_account(config(&phone.folder, &backend.server.base_url())).await;
    let error = again.err().unwrap();
    assert_eq!((code(&error), advice(&error)), ("store_busy", Advice::Reopen));
    assert!(phone.account.state().is_ok(), "the first one is not disturbed");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_key_is_told_and_touches_nothing() {
    let backend = Backend::demo().await;
    let phone = Phone::signed_in(&backend).await;
    phone.account.shutdown().await.unwrap();
    let config = config(&phone.folder, &backend.server.base_url());
    let other = AccountConfig { key: vec![8; 32], ..config.clone() };
    assert_eq!(code(&open_account(other).await.err().unwrap()), "wrong_key");
    let short = AccountConfig { key: vec![7; 31], ..config.clone() };
    assert_eq!(code(&open_account(short).await.err().unwrap()), "input_invalid");
    let account = open_account(config).await.unwrap();
    assert_eq!(account.state().unwrap().session, SessionState::SignedIn);
}

#[tokio::test(flavor = "multi_thread")]
async fn after_shutdown_every_call_says_closed_and_the_files_can_be_opened_at_once() {
    let backend = Backend::demo().await;
    let phone = Phone::signed_in(&backend).await;
    let (list, alarms, duty) = (List::default(), phone.account.alarms(), phone.account.duty());
    let filter = AlarmFilter::default;
    let subscription = alarms.window(filter(), AlarmSort::Newest, 50, list.listener()).unwrap();
    list.until("a window", |told| told.batches > 0).await;
    phone.account.shutdown().await.unwrap();
    phone.account.shutdown().await.expect("once more does nothing");
    list.until("the end", |told| told.end == Some(SubscriptionEnd::Closed)).await;
    subscription.more(10).expect("a list that has ended takes no orders, and is no error");
    let closed = [
        phone.account.state().map(drop),
        phone.account.organizations().await.map(drop),
        alarms.last_filter().await.map(drop),
        alarms.window(filter(), AlarmSort::Newest, 50, list.listener()).map(drop),
        duty.switch(true).await,
    ];
    for result in closed {
        let error = result.unwrap_err();
        assert_eq!((code(&error), advice(&error)), ("store_closed", Advice::Reopen));
    }
    let account = open_account(config(&phone.folder, &backend.server.base_url())).await.unwrap();
    assert!(account.state().unwrap().person.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_id_is_input_that_cannot_be_used() {
    let backend = Backend::demo().await;
    let phone = Phone::fresh(&backend).await;
    let error = phone.account.alarms().detail("seven".to_owned()).await.unwrap_err();
    assert_eq!((code(&error), advice(&error)), ("input_invalid", Advice::FixInput));
    let unknown = "00000000-0000-0000-0000-000000000000".to_owned();
    assert_eq!(code(&phone.account.alarms().detail(unknown).await.unwrap_err()), "not_found");
}

#[test]
fn links_and_pushes_are_read_without_an_account() {
    let alarm = "organizations/01010101-0101-0101-0101-010101010101/alarms/03030303-0303-0303-0303-030303030303";
    let read = parse_route(format!("onsite://{alarm}"), "app.example".to_owned()).unwrap();
    assert_eq!(read.refusal, None);
    assert_eq!(route_link(read.route).unwrap(), format!("onsite://{alarm}"));
    let hostile = parse_route(format!("https://evil.example/{alarm}"), "app.example".to_owned()).unwrap();
    assert_eq!((hostile.route.target, hostile.refusal.as_deref()), (Target::Home, Some("other_host")));
    assert_eq!(code(&parse_push(b"{}".to_vec(), None).unwrap_err()), "push_invalid");
}

#[test]
fn a_row_of_a_list_has_at_most_16_fields() {
    let text = include_str!("../../src/alarm_rows.rs");
    let row = text.split("pub struct AlarmRow {").nth(1).unwrap().split("\n}").next().unwrap();
    let fields = row.lines().filter(|line| line.trim_start().starts_with("pub ")).count();
    assert!((10..=16).contains(&fields), "{fields} fields");
}

struct Sink(std::sync::mpsc::Sender<LogLine>);

impl LogSink for Sink {
    fn log(&self, line: LogLine) -> Result<(), ListenerError> {
        self.0.send(line).map_err(|_| ListenerError::Failed)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_flight_recorder_notes_is_told_to_the_shells_log() {
    let (sender, lines) = std::sync::mpsc::channel();
    set_log_sink(Some(Box::new(Sink(sender)))).unwrap();
    let backend = Backend::demo().await;
    let phone = Phone::signed_in(&backend).await;
    let told: Vec<LogLine> = lines.try_iter().collect();
    assert!(told.iter().any(|line| line.code == "pull_ended" && line.level == LogLevel::Info), "{told:?}");
    set_log_sink(None).unwrap();
    drop(phone);
}
