//! U1, U7, O3: the one switch, and what the server has of it, over real HTTP.

use std::path::Path;
use std::sync::Arc;

use onsite::account::ActionStage;
use onsite::duty::{AtServer, Name};
use onsite::error::Code;
use onsite_server::clock::ManualClock;
use onsite_server::demo;
use onsite_wire::onsite::Role;

use crate::shift::Technician;
use crate::support::{Backend, now};

const MINUTE: i64 = 60_000;
const HAMBURG: (f64, f64) = (53.531_94, 10.007_32);

async fn house() -> (Backend, Arc<ManualClock>) {
    let clock = Arc::new(ManualClock::at(now()));
    let given = Arc::clone(&clock);
    (Backend::configured(demo::organizations(7, now()), |config| config.clock = given).await, clock)
}

async fn ada(backend: &Backend) -> Technician {
    Technician::of(backend, &backend.person(0, Role::Administrator)).await
}

async fn zoe(backend: &Backend) -> Technician {
    Technician::of(backend, &backend.person(0, Role::Editor)).await
}

async fn at_server(phone: &Technician, what: AtServer) {
    phone.until(&format!("{what:?}"), |account| account.duty().standing().at_server == what).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_switch_that_came_too_late_says_so_shows_no_site_and_pressed_again_is_on() {
    let (backend, clock) = house().await;
    let (ada, zoe) = (ada(&backend).await, zoe(&backend).await);
    ada.account.set_offline(true).unwrap();
    ada.account.duty().switch(true).await.unwrap();
    assert_eq!(ada.standing().at_server, AtServer::OnPhone);
    ada.stand(HAMBURG, 6).await;
    assert_eq!((ada.standing().name, ada.standing().lease_ms), (Name::Inside, None), "nobody reads it yet");
    ada.clock.pass(16 * MINUTE);
    clock.advance_millis(18 * MINUTE);
    ada.account.set_offline(false).unwrap();
    at_server(&ada, AtServer::Differs(Code::TooOld)).await;
    ada.fix(HAMBURG.0, HAMBURG.1).await;
    let standing = ada.standing();
    assert!(standing.on.is_some() && standing.lease_ms.is_none(), "{standing:?}");
    assert!(zoe.account.duty().colleagues().await.unwrap().is_empty());

    ada.account.duty().switch(true).await.unwrap();
    at_server(&ada, AtServer::Same).await;
    assert_eq!(ada.account.state().parked, 0, "the press decides about the one that was too late");
    let seen = zoe.sees(ada.me(), "at the site", |one| one.is_some_and(|one| one.at.is_some())).await;
    assert!(seen.is_some());
    ada.until("the lease is told", |account| account.duty().standing().lease_ms.is_some()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_phone_says_that_another_one_is_on_duty_and_takes_the_person_off() {
    let (backend, clock) = house().await;
    let (old, zoe) = (ada(&backend).await, zoe(&backend).await);
    old.account.duty().switch(true).await.unwrap();
    zoe.sees(old.me(), "on duty", |one| one.is_some()).await;
    clock.advance_millis(MINUTE);
    let new = ada(&backend).await;
    assert_eq!(new.standing().name, Name::OffDuty);
    at_server(&new, AtServer::Differs(Code::OnDutyElsewhere)).await;
    new.account.duty().switch(false).await.unwrap();
    zoe.sees(old.me(), "off duty", |one| one.is_none()).await;
    at_server(&new, AtServer::Same).await;
    // The phone that switched on learns of it, and keeps its switch until its person decides.
    at_server(&old, AtServer::Differs(Code::NotOnDuty)).await;
    assert!(old.standing().on.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn off_is_handed_over_though_the_phone_does_not_know_of_the_other_one() {
    let (backend, clock) = house().await;
    let (new, zoe) = (ada(&backend).await, zoe(&backend).await);
    new.account.set_offline(true).unwrap();
    let old = ada(&backend).await;
    old.account.duty().switch(true).await.unwrap();
    zoe.sees(old.me(), "on duty", |one| one.is_some()).await;
    clock.advance_millis(MINUTE);
    new.account.duty().switch(false).await.unwrap();
    new.account.set_offline(false).unwrap();
    zoe.sees(old.me(), "off duty", |one| one.is_none()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_older_switch_of_another_phone_is_told_as_such_and_changes_nothing() {
    let (backend, clock) = house().await;
    let (one, other, zoe) = (ada(&backend).await, ada(&backend).await, zoe(&backend).await);
    one.account.set_offline(true).unwrap();
    one.account.duty().switch(true).await.unwrap();
    for phone in [&one, &other] {
        phone.clock.pass(5 * MINUTE);
    }
    clock.advance_millis(5 * MINUTE);
    other.account.duty().switch(true).await.unwrap();
    at_server(&other, AtServer::Same).await;
    other.account.duty().switch(false).await.unwrap();
    at_server(&other, AtServer::Same).await;
    zoe.sees(one.me(), "off duty", |one| one.is_none()).await;
    one.account.set_offline(false).unwrap();
    at_server(&one, AtServer::Differs(Code::SwitchedLater)).await;
    one.until("parked", |account| account.state().parked == 1).await;
    let parked = one.account.actions().into_iter().find(|action| action.kind == "duty").unwrap();
    assert!(matches!(parked.stage, ActionStage::Parked { code: Code::SwitchedLater, .. }), "{parked:?}");
    assert!(zoe.account.duty().colleagues().await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn off_pressed_without_signal_before_the_phone_was_restarted_twice_takes_the_person_off() {
    let (backend, clock) = house().await;
    let (ada, zoe) = (ada(&backend).await, zoe(&backend).await);
    ada.account.duty().switch(true).await.unwrap();
    zoe.sees(ada.me(), "on duty", |one| one.is_some()).await;
    ada.clock.restart();
    let ada = ada.restarted().await;
    ada.account.set_offline(true).unwrap();
    ada.account.duty().switch(false).await.unwrap();
    // The wall clock is all that tells how long ago that was, and it is wrong by a day.
    ada.clock.restart();
    ada.clock.set_wall(24 * 60 * MINUTE);
    clock.advance_millis(3 * MINUTE);
    let ada = ada.restarted().await;
    zoe.sees(ada.me(), "off duty", |one| one.is_none()).await;
    at_server(&ada, AtServer::Same).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_signs_out_is_off_duty_and_without_signal_is_told_that_this_was_not_sent() {
    let (backend, _) = house().await;
    let (ada, zoe) = (ada(&backend).await, zoe(&backend).await);
    let me = ada.me();
    ada.account.duty().switch(true).await.unwrap();
    zoe.sees(me, "on duty", |one| one.is_some()).await;
    ada.account.set_offline(true).unwrap();
    ada.until("offline", |account| account.state().offline).await;
    let error = ada.account.sign_out(false).await.unwrap_err();
    assert_eq!(error.code, Code::UnsentActions);
    ada.account.set_offline(false).unwrap();
    zoe.sees(me, "off duty", |one| one.is_none()).await;
    ada.account.duty().switch(true).await.unwrap();
    at_server(&ada, AtServer::Same).await;
    zoe.sees(me, "on duty", |one| one.is_some()).await;
    ada.account.sign_out(false).await.unwrap();
    zoe.sees(me, "off duty", |one| one.is_none()).await;
}

/// Nothing that the phone remembers of duty can be written from here on.
fn duty_cannot_be_remembered(folder: &Path) {
    let own = rusqlite::Connection::open(folder.join("own.db")).unwrap();
    let key = "07".repeat(32);
    own.execute_batch(&format!("PRAGMA key = \"x'{key}'\"; PRAGMA cipher_page_size = 4096;")).unwrap();
    for what in ["INSERT", "UPDATE"] {
        let trigger = format!(
            "CREATE TRIGGER no_duty_{what} BEFORE {what} ON setting WHEN new.name = 'duty.stored'
             BEGIN SELECT RAISE(ABORT, 'no'); END;"
        );
        own.execute_batch(&trigger).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_switch_and_what_the_phone_remembers_of_it_are_written_together_or_not_at_all() {
    let (backend, _) = house().await;
    let ada = ada(&backend).await;
    at_server(&ada, AtServer::Same).await;
    let ada = ada.restarted_after(duty_cannot_be_remembered).await;
    ada.account.set_offline(true).unwrap();
    ada.account.duty().switch(true).await.unwrap_err();
    assert_eq!(ada.standing().name, Name::OffDuty);
    assert_eq!(ada.account.state().waiting, 0, "no switch is sent that the phone will not know of");
}
