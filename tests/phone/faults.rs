//! O2, O4: what a server and a network do to a request, and what becomes of it: it is done once, and until then its person
//! sees that it is on the phone, and when it is tried next.

use std::sync::Arc;

use onsite::account::{Account, ActionStage, SessionState};
use onsite::alarms::{AlarmFilter, Chosen, Receipt, Status};
use onsite::error::Code;
use onsite_server::{Clock as _, Fault, ManualClock, ServerConfig, demo, start};
use onsite_wire::ids::AlarmId;
use onsite_wire::onsite::Role;
use onsite_wire::rest::{Assignee, AssigneeKind};
use secrecy::SecretString;

use crate::support::{Backend, HandClock, Phone, now};

const ACTIONS: &str = "/onsite/v1/actions";
const MINUTE_MS: i64 = 60_000;

/// An active alarm that nobody is responsible for.
async fn untouched(phone: &Phone) -> AlarmId {
    let filter = AlarmFilter { status: Some(Status::Active), ..AlarmFilter::default() };
    phone.list(filter).await.rows.iter().find(|row| row.acknowledged.is_none()).unwrap().id
}

async fn acknowledge(account: &Account, id: AlarmId) -> Receipt {
    let person = account.state().person.unwrap();
    let me = Assignee { kind: AssigneeKind::Person, id: person.id.0, name: person.name };
    let receipt = account.alarms().acknowledge(Chosen::These(vec![id]), me, "on my way").await.unwrap();
    assert_eq!((receipt.actions.len(), receipt.refused.len()), (1, 0), "{receipt:?}");
    receipt
}

/// It is on the server, once.
async fn is_done_once(phone: &Phone, id: AlarmId) {
    phone.until("sent", |state| state.waiting == 0 && state.parked == 0).await;
    let history = phone.account.alarms().history(id).await.unwrap();
    assert_eq!(history.iter().filter(|entry| entry.kind == "acknowledge").count(), 1, "{history:?}");
    phone.until_row(id, "the feed brought it back", |row| row.own_action.is_none() && row.acknowledged.is_some()).await;
}

/// Waits until the one action waits again after a failure, and gives back why, and when it is tried next.
async fn troubled(phone: &Phone) -> (Code, onsite::time::Timestamp) {
    let stage = || match phone.account.actions().into_iter().next().map(|action| action.stage) {
        Some(ActionStage::OnPhone { trouble: Some(code), next_attempt: Some(at), .. }) => Some((code, at)),
        _ => None,
    };
    phone.until("it waits, and says why and until when", |_| stage().is_some()).await;
    stage().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_says_when_to_come_again_is_left_alone_until_then() {
    let backend = Backend::demo().await;
    let phone = Phone::signed_in(&backend, &backend.person(0, Role::Administrator)).await;
    let id = untouched(&phone).await;
    backend.server.faults().next(ACTIONS, 1, Fault::TooManyRequests { retry_after: Some(7) });
    let pressed = now();
    acknowledge(&phone.account, id).await;
    let (code, next) = troubled(&phone).await;
    assert_eq!(code, Code::TooManyRequests);
    assert!(next.millis_since(pressed) >= 7_000, "{next} after {pressed}");
    phone.account.refresh(None).unwrap();
    is_done_once(&phone, id).await;
    assert!(now().millis_since(pressed) >= 7_000, "a person's impatience does not move it");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_busy_server_that_does_not_say_when_is_asked_again_later() {
    let backend = Backend::demo().await;
    let phone = Phone::signed_in(&backend, &backend.person(0, Role::Administrator)).await;
    let id = untouched(&phone).await;
    backend.server.faults().next(ACTIONS, 2, Fault::TooManyRequests { retry_after: None });
    let pressed = now();
    acknowledge(&phone.account, id).await;
    let (code, next) = troubled(&phone).await;
    assert_eq!(code, Code::TooManyRequests);
    assert!(next > pressed, "there is a next attempt (O4)");
    is_done_once(&phone, id).await;
    assert_eq!(backend.server.faults().left(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_in_trouble_is_asked_again_and_does_it_once() {
    let backend = Backend::demo().await;
    let phone = Phone::signed_in(&backend, &backend.person(0, Role::Administrator)).await;
    for (status, expected) in [(500, Code::ServerFault), (502, Code::ServerFault), (503, Code::Unavailable)] {
        let id = untouched(&phone).await;
        backend.server.faults().next(ACTIONS, 1, Fault::Status(status));
        acknowledge(&phone.account, id).await;
        let (code, _) = troubled(&phone).await;
        assert_eq!(code, expected, "{status}");
        is_done_once(&phone, id).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_breaks_on_the_way_there_or_back_is_done_once() {
    let backend = Backend::demo().await;
    let phone = Phone::signed_in(&backend, &backend.person(0, Role::Administrator)).await;
    for fault in [Fault::LoseRequest, Fault::LoseAnswer, Fault::HalfBody, Fault::Html] {
        let id = untouched(&phone).await;
        backend.server.faults().next(ACTIONS, 1, fault.clone());
        acknowledge(&phone.account, id).await;
        is_done_once(&phone, id).await;
        assert_eq!(backend.server.faults().left(), 0, "{fault:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_feed_that_breaks_is_read_again_and_says_meanwhile_what_is_wrong() {
    let backend = Backend::demo().await;
    let phone = Phone::signed_in(&backend, &backend.person(0, Role::Administrator)).await;
    let before = phone.list(AlarmFilter::default()).await.rows;
    for fault in [Fault::Status(500), Fault::HalfBody, Fault::Html, Fault::TooManyRequests { retry_after: None }] {
        let path = format!("/rest/v1/organizations/{}/alarm-changes", backend.organization(0));
        backend.server.faults().next(&path, 1, fault.clone());
        phone.account.refresh(None).unwrap();
        phone.until(&format!("trouble is told: {fault:?}"), |state| state.trouble.is_some()).await;
        phone.until("it is over", |state| state.trouble.is_none()).await;
    }
    assert_eq!(phone.list(AlarmFilter::default()).await.rows, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_was_restarted_gets_what_was_done_meanwhile_once() {
    let backend = Backend::demo().await;
    let phone = Phone::signed_in(&backend, &backend.person(0, Role::Administrator)).await;
    let sent = untouched(&phone).await;
    acknowledge(&phone.account, sent).await;
    is_done_once(&phone, sent).await;
    // In the middle of a request whose answer never comes.
    let cut = untouched(&phone).await;
    backend.server.faults().next(ACTIONS, 1, Fault::LoseAnswer);
    acknowledge(&phone.account, cut).await;
    let Backend { server, documents, data } = backend;
    let listen = server.address();
    server.stop().await;
    let meanwhile = untouched(&phone).await;
    acknowledge(&phone.account, meanwhile).await;
    phone.until("it waits for the server", |state| state.waiting > 0 && state.next_attempt.is_some()).await;
    let server = start(ServerConfig { listen, ..ServerConfig::local(data.path()) }).await.unwrap();
    let backend = Backend { server, documents, data };
    phone.account.network_changed().unwrap();
    for id in [sent, cut, meanwhile] {
        is_done_once(&phone, id).await;
    }
    assert_eq!(phone.list(AlarmFilter::default()).await.rows.len(), backend.listed(0));
}

/// A backend and a phone whose clocks can be turned forward.
async fn by_hand() -> (Backend, Arc<ManualClock>, Phone, Arc<HandClock>) {
    let at = now();
    let server_clock = Arc::new(ManualClock::at(at));
    let clock = Arc::clone(&server_clock);
    let backend = Backend::configured(demo::organizations(7, at), |config| config.clock = clock).await;
    let clock = Arc::new(HandClock::default());
    let phone = Phone::with_clock(&backend, &backend.person(0, Role::Administrator), clock.clone()).await;
    (backend, server_clock, phone, clock)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expired_token_is_renewed_and_what_was_sent_with_it_is_done_once() {
    let (_backend, server_clock, phone, clock) = by_hand().await;
    // The phone believes its token to be good; the server does not.
    server_clock.set(server_clock.now().plus_millis(16 * MINUTE_MS));
    clock.pass(MINUTE_MS);
    let id = untouched(&phone).await;
    acknowledge(&phone.account, id).await;
    is_done_once(&phone, id).await;
    // And the phone knows that its token is old.
    clock.pass(16 * MINUTE_MS);
    server_clock.set(server_clock.now().plus_millis(16 * MINUTE_MS));
    let id = untouched(&phone).await;
    acknowledge(&phone.account, id).await;
    is_done_once(&phone, id).await;
    assert_eq!(phone.account.state().session, SessionState::SignedIn);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_ended_session_keeps_what_waits_until_the_same_person_is_back() {
    let (backend, server_clock, phone, clock) = by_hand().await;
    server_clock.set(server_clock.now().plus_millis(61 * 24 * 60 * MINUTE_MS));
    clock.pass(20 * MINUTE_MS);
    let id = untouched(&phone).await;
    acknowledge(&phone.account, id).await;
    phone.until("the session has ended", |state| state.session == SessionState::Ended).await;
    let paused = || matches!(phone.account.actions()[0].stage, ActionStage::OnPhone { paused: true, .. });
    phone.until("the queue waits for its person", |_| paused()).await;
    let other = backend.person(0, Role::Viewer);
    let refused = phone.account.sign_in(&other.0, &SecretString::from(other.1)).await;
    assert_eq!(refused.map(|_| ()).unwrap_err().code, Code::AccountDiffers, "nobody else's name goes on it (O6)");
    assert_eq!(phone.account.state().waiting, 1);
    let who = backend.person(0, Role::Administrator);
    phone.account.sign_in(&who.0, &SecretString::from(who.1)).await.unwrap();
    is_done_once(&phone, id).await;
}
