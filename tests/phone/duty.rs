//! U1–U7, O2: on duty over real HTTP.

use std::sync::Arc;

use onsite::account::ActionStage;
use onsite::duty::{Name, Reach, Settings, Wish};
use onsite::error::Code;
use onsite_server::clock::ManualClock;
use onsite_server::demo;
use onsite_wire::onsite::Role;
use secrecy::SecretString;

use crate::shift::Technician;
use crate::support::{Backend, now};

const MINUTE: i64 = 60_000;
const HAMBURG: (f64, f64) = (53.531_94, 10.007_32);
const MALMO: (f64, f64) = (55.613_42, 13.009_51);
const NOWHERE: (f64, f64) = (52.5, 9.0);

async fn house() -> Backend {
    Backend::demo().await
}

async fn two(backend: &Backend) -> (Technician, Technician) {
    let ada = Technician::of(backend, &backend.person(0, Role::Administrator)).await;
    let zoe = Technician::of(backend, &backend.person(0, Role::Editor)).await;
    (ada, zoe)
}

/// A server whose clock stands until it is turned.
async fn slow_house() -> (Backend, Arc<ManualClock>) {
    let clock = Arc::new(ManualClock::at(now()));
    let given = Arc::clone(&clock);
    (Backend::configured(demo::organizations(7, now()), |config| config.clock = given).await, clock)
}

#[tokio::test(flavor = "multi_thread")]
async fn colleagues_see_who_is_on_duty_and_at_which_site_until_when() {
    let backend = house().await;
    let (ada, zoe) = two(&backend).await;
    assert_eq!(zoe.sees(ada.me(), "off duty", |one| one.is_none()).await, None);
    ada.account.duty().switch(true).await.unwrap();
    assert_eq!(ada.standing().name, Name::Unknown);
    let seen = zoe.sees(ada.me(), "on duty", |one| one.is_some()).await.unwrap();
    assert_eq!(seen.at, None, "on duty says nothing of where");

    ada.stand(HAMBURG, 6).await;
    assert_eq!(ada.standing().name, Name::Inside);
    let seen = zoe.sees(ada.me(), "at the site", |one| one.is_some_and(|one| one.at.is_some())).await.unwrap();
    let at = seen.at.unwrap();
    assert_eq!((at.site, seen.site_label.as_str()), (ada.site("Hamburg Süd").await, "Hamburg Süd"));
    let lease = at.until.millis_since(now());
    assert!((13 * MINUTE..=16 * MINUTE).contains(&lease), "{lease}");

    ada.stand(NOWHERE, 14).await;
    assert_eq!(ada.standing().name, Name::Outside);
    zoe.sees(ada.me(), "left", |one| one.is_some_and(|one| one.at.is_none())).await;
    ada.account.duty().switch(false).await.unwrap();
    zoe.sees(ada.me(), "off duty", |one| one.is_none()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_switch_without_signal_is_sent_later_while_fresh_and_never_hours_later_as_if_it_were_now() {
    let (backend, clock) = slow_house().await;
    let (ada, zoe) = two(&backend).await;
    let pass = |minutes: i64| {
        ada.clock.pass(minutes * MINUTE);
        clock.advance_millis(minutes * MINUTE);
    };
    ada.account.set_offline(true).unwrap();
    ada.account.duty().switch(true).await.unwrap();
    assert_ne!(ada.standing().name, Name::OffDuty, "shown at once");
    pass(10);
    ada.account.set_offline(false).unwrap();
    zoe.sees(ada.me(), "on duty", |one| one.is_some()).await;
    pass(1);
    ada.account.duty().switch(false).await.unwrap();
    zoe.sees(ada.me(), "off duty", |one| one.is_none()).await;

    ada.account.set_offline(true).unwrap();
    ada.account.duty().switch(true).await.unwrap();
    pass(3 * 60);
    ada.account.set_offline(false).unwrap();
    ada.until("parked", |account| account.state().parked == 1).await;
    let parked = ada.account.actions().into_iter().find(|action| action.kind == "duty");
    let parked = parked.unwrap();
    let ActionStage::Parked { code, .. } = parked.stage else { panic!("{parked:?}") };
    assert_eq!(code, Code::TooOld);
    assert!(zoe.account.duty().colleagues().await.unwrap().is_empty());

    // The person decides: now is now.
    ada.account.retry(parked.id).await.unwrap();
    zoe.sees(ada.me(), "on duty", |one| one.is_some()).await;
    // Off, hours later, is still off.
    pass(1);
    ada.account.set_offline(true).unwrap();
    ada.account.duty().switch(false).await.unwrap();
    pass(3 * 60);
    ada.account.set_offline(false).unwrap();
    zoe.sees(ada.me(), "off duty", |one| one.is_none()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_signal_the_lease_lapses_by_itself_and_nothing_of_the_site_is_kept() {
    let (backend, clock) = slow_house().await;
    let (ada, zoe) = two(&backend).await;
    ada.account.duty().switch(true).await.unwrap();
    ada.stand(HAMBURG, 6).await;
    let site = ada.site("Hamburg Süd").await;
    let seen = zoe.sees(ada.me(), "at the site", |one| one.is_some_and(|one| one.at.is_some())).await.unwrap();
    let until = seen.at.unwrap().until;
    ada.account.set_offline(true).unwrap();
    clock.set(until.plus_millis(-1_500));
    let left = backend.server.store().end_leases().await.unwrap();
    assert_eq!(left, 0, "it holds until its time");
    clock.set(until);
    zoe.sees(ada.me(), "lapsed", |one| one.is_some_and(|one| one.at.is_none())).await;

    clock.advance_millis(40 * MINUTE);
    backend.server.store().end_leases().await.unwrap();
    let path = std::fs::read_dir(backend.data.path()).unwrap().map(|entry| entry.unwrap().path());
    let path =
        path.into_iter().find(|path| path.extension().is_some_and(|end| end == "sqlite" || end == "db")).unwrap();
    let data = rusqlite::Connection::open(path).unwrap();
    let count = |sql: &str| -> i64 { data.query_row(sql, [], |row| row.get(0)).unwrap() };
    let traces = "SELECT count(*) FROM objects WHERE kind = 'presence' AND (place IS NOT NULL OR body <> '')";
    assert_eq!((count(traces), count("SELECT count(*) FROM actions WHERE kind = 'presence'")), (0, 0), "{site}");
    assert_eq!(count("SELECT count(*) FROM leases"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_renewal_that_was_long_under_way_brings_no_more_time_than_is_left() {
    let backend = house().await;
    let (ada, zoe) = two(&backend).await;
    ada.account.duty().switch(true).await.unwrap();
    zoe.sees(ada.me(), "on duty", |one| one.is_some()).await;
    ada.account.set_offline(true).unwrap();
    ada.stand(HAMBURG, 6).await;
    ada.clock.pass(4 * MINUTE);
    ada.account.set_offline(false).unwrap();
    let seen = zoe.sees(ada.me(), "at the site", |one| one.is_some_and(|one| one.at.is_some())).await.unwrap();
    let lease = seen.at.unwrap().until.millis_since(now());
    assert!(lease <= 11 * MINUTE + 1_000, "{lease}");

    // What is older than a lease is not sent at all, and nobody has to decide about it.
    ada.account.duty().switch(false).await.unwrap();
    zoe.sees(ada.me(), "off duty", |one| one.is_none()).await;
    ada.account.duty().switch(true).await.unwrap();
    zoe.sees(ada.me(), "on duty", |one| one.is_some()).await;
    ada.account.set_offline(true).unwrap();
    ada.stand(HAMBURG, 6).await;
    assert_eq!(ada.standing().name, Name::Inside);
    ada.account.duty().permission(false).unwrap();
    ada.until("nothing more is said", |account| account.duty().standing().name == Name::Degraded).await;
    ada.clock.pass(16 * MINUTE);
    ada.account.set_offline(false).unwrap();
    ada.until("nothing waits", |account| account.state().waiting == 0).await;
    assert_eq!(ada.account.state().parked, 0);
    assert!(zoe.sees(ada.me(), "on duty", |one| one.is_some()).await.unwrap().at.is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_app_and_a_restarted_phone_stay_on_duty_and_find_the_site_again() {
    let backend = house().await;
    let (ada, zoe) = two(&backend).await;
    ada.account.duty().switch(true).await.unwrap();
    ada.stand(HAMBURG, 6).await;
    let first = zoe.sees(ada.me(), "at the site", |one| one.is_some_and(|one| one.at.is_some())).await.unwrap();
    ada.clock.pass(6 * MINUTE);

    let ada = ada.restarted().await;
    assert_eq!((ada.standing().name, ada.standing().reason), (Name::Unknown, None));
    ada.until("sites are there", |account| account.state().read_at.is_some()).await;
    ada.fix(HAMBURG.0, HAMBURG.1).await;
    assert_eq!(ada.standing().name, Name::Inside, "the stay goes on");
    let renewed = |one: &onsite::duty::Colleague| one.at.is_some_and(|at| at.until > first.at.unwrap().until);
    zoe.sees(ada.me(), "renewed", |one| one.is_some_and(&renewed)).await;

    ada.clock.restart();
    let ada = ada.restarted().await;
    assert_eq!((ada.standing().name, ada.standing().reason), (Name::Unknown, Some(Code::PhoneRestarted)));
    assert!(ada.standing().on.is_some());
    ada.stand(HAMBURG, 6).await;
    assert_eq!(ada.standing().name, Name::Inside);
}

#[tokio::test(flavor = "multi_thread")]
async fn permission_taken_or_location_off_says_why_and_on_duty_stays_on() {
    let (backend, clock) = slow_house().await;
    let (ada, zoe) = two(&backend).await;
    ada.account.duty().switch(true).await.unwrap();
    ada.stand(HAMBURG, 6).await;
    zoe.sees(ada.me(), "at the site", |one| one.is_some_and(|one| one.at.is_some())).await;
    ada.account.duty().permission(false).unwrap();
    ada.until("said", |account| account.duty().standing().reason == Some(Code::LocationNotPermitted)).await;
    ada.account.duty().permission(true).unwrap();
    ada.account.duty().location_services(false).unwrap();
    ada.until("said", |account| account.duty().standing().reason == Some(Code::LocationOff)).await;
    for minute in 0..16 {
        ada.clock.pass(MINUTE);
        clock.advance_millis(MINUTE);
        // Whatever the system still hands out is not used.
        let fix = onsite::duty::Fix { lat: HAMBURG.0, lon: HAMBURG.1, accuracy_m: 8.0, age_ms: 0, mocked: false };
        ada.account.duty().fix(fix).unwrap();
        assert!(ada.standing().on.is_some(), "{minute}");
    }
    let lapsed = zoe.sees(ada.me(), "lapsed", |one| one.is_some_and(|one| one.at.is_none())).await;
    assert!(lapsed.is_some(), "on duty stays on");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_and_time_zone_that_are_set_change_nothing_of_what_colleagues_read() {
    let backend = house().await;
    let (ada, zoe) = two(&backend).await;
    ada.account.duty().switch(true).await.unwrap();
    ada.clock.set_wall(-9 * 60 * MINUTE);
    ada.account.clock_changed().unwrap();
    ada.stand(HAMBURG, 3).await;
    ada.clock.set_wall(30 * 60 * MINUTE);
    ada.account.clock_changed().unwrap();
    ada.stand(HAMBURG, 4).await;
    let seen = zoe.sees(ada.me(), "at the site", |one| one.is_some_and(|one| one.at.is_some())).await.unwrap();
    let (at, now) = (seen.at.unwrap(), now());
    // The phone's time ran ahead by the fixes' 105 s.
    assert!((12 * MINUTE..=16 * MINUTE).contains(&at.until.millis_since(now)), "{at:?}");
    assert!(now.millis_since(at.since).abs() <= 3 * MINUTE, "{at:?}");
    assert!(now.millis_since(seen.since).abs() <= 3 * MINUTE, "{seen:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_to_call_is_ordered_by_where_those_on_duty_are_and_falls_back_to_the_first() {
    let backend = house().await;
    let (ada, zoe) = two(&backend).await;
    let hamburg = zoe.site("Hamburg Süd").await;
    let calls = zoe.account.duty().who_to_call(hamburg).await.unwrap();
    assert_eq!(calls.len(), 1);
    assert_eq!((calls[0].0.reach, calls[0].1.as_str()), (Reach::OffDuty, "Ada Krüger"), "nobody is on duty");

    ada.account.duty().switch(true).await.unwrap();
    zoe.account.duty().switch(true).await.unwrap();
    ada.stand(MALMO, 6).await;
    zoe.stand(HAMBURG, 6).await;
    zoe.sees(ada.me(), "Ada in Malmö", |one| one.is_some_and(|one| one.at.is_some())).await;
    zoe.sees(zoe.me(), "Zoë in Hamburg", |one| one.is_some_and(|one| one.at.is_some())).await;
    let calls = zoe.account.duty().who_to_call(hamburg).await.unwrap();
    let order: Vec<(Reach, &str)> = calls.iter().map(|(call, name)| (call.reach, name.as_str())).collect();
    assert_eq!(order, [(Reach::Here, "Zoë Lindqvist"), (Reach::Elsewhere, "Ada Krüger")]);
    assert!(calls.iter().all(|(call, _)| call.entry.phone.starts_with('+')), "a tap calls");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_to_call_needs_asset_advisor_at_the_site_and_says_so_without_signal_too() {
    let mut documents = demo::organizations(7, now());
    for object in &mut documents[0].inventory_objects {
        if let onsite_wire::rest::InventoryObject::Device(device) = object {
            device.subscription = Some(onsite_wire::rest::Subscription::ItExpert);
        }
    }
    let backend = Backend::with(documents).await;
    let zoe = Technician::of(&backend, &backend.person(0, Role::Editor)).await;
    let hamburg = zoe.site("Hamburg Süd").await;
    zoe.account.set_offline(true).unwrap();
    let refused = zoe.account.duty().who_to_call(hamburg).await.unwrap_err();
    assert_eq!((refused.code, refused.arguments["subscription"].as_str()), (Code::SubscriptionNeeded, "asset_advisor"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chat_says_who_is_in_it_and_who_of_them_is_on_duty_also_without_signal_with_its_age() {
    let backend = house().await;
    let (ada, zoe) = two(&backend).await;
    // A device of Hamburg, as the one who may see Hamburg only is to see the incident as well.
    let device = crate::incidents::device(&backend, onsite_wire::rest::Subscription::AssetAdvisor);
    let incidents = zoe.account.incidents();
    let open = incidents.opening(device).await.unwrap().under_way;
    let id = match open {
        Some(id) => id,
        None => incidents.open(device, "Noise", "", Vec::new(), true).await.unwrap(),
    };
    zoe.until("the server has it", |account| account.state().waiting == 0).await;
    incidents.write(id, "I am here").await.unwrap();
    zoe.until("sent", |account| account.state().waiting == 0).await;
    ada.account.duty().switch(true).await.unwrap();
    ada.stand(HAMBURG, 6).await;
    zoe.sees(ada.me(), "at the site", |one| one.is_some_and(|one| one.at.is_some())).await;
    let deadline = std::time::Instant::now() + crate::support::PATIENCE;
    let present = loop {
        let present = incidents.page(id).await.unwrap().present;
        if present.people.iter().any(|one| one.takes_part && one.author.id == Some(zoe.me())) {
            break present;
        }
        assert!(std::time::Instant::now() < deadline, "never in it: {present:?}");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    };
    let of = |who| present.people.iter().find(|one| one.author.id == Some(who)).cloned();
    assert_eq!(of(zoe.me()).map(|one| (one.takes_part, one.on_duty.is_some())), Some((true, false)));
    let reading_along = of(ada.me()).unwrap();
    assert!(!reading_along.takes_part, "she has not written yet");
    assert_eq!(reading_along.on_duty.map(|one| one.site_label).as_deref(), Some("Hamburg Süd"));
    // Only what is read from here on stays as old as it is.
    zoe.account.set_offline(true).unwrap();
    zoe.until("offline", |account| account.state().offline).await;
    let read = incidents.page(id).await.unwrap().present.duty_read.unwrap();
    ada.account.duty().switch(false).await.unwrap();
    let known = incidents.page(id).await.unwrap().present;
    assert_eq!(known.duty_read, Some(read), "as old as it is");
    assert!(known.people.iter().any(|one| one.author.id == Some(ada.me()) && one.on_duty.is_some()));
    // The lease is over by then, whether or not the server can say so; on duty she was when that was read.
    zoe.clock.pass(16 * MINUTE);
    let later = incidents.page(id).await.unwrap().present;
    let ada_now = later.people.iter().find(|one| one.author.id == Some(ada.me())).and_then(|one| one.on_duty.clone());
    assert!(ada_now.is_some_and(|one| one.at.is_none()));
    zoe.account.set_offline(false).unwrap();
    zoe.sees(ada.me(), "off duty", |one| one.is_none()).await;
    // When it was read is noted right behind what was read.
    loop {
        let now_off = incidents.page(id).await.unwrap().present;
        if now_off.people.iter().all(|one| one.on_duty.is_none()) && now_off.duty_read > Some(read) {
            break;
        }
        assert!(std::time::Instant::now() < deadline, "never as new as it is: {now_off:?}");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_see_a_site_sees_only_that_somebody_is_on_duty() {
    let backend = house().await;
    let (ada, zoe) = two(&backend).await;
    let operator = Technician::of(&backend, &backend.person(0, Role::Operator)).await;
    // The partner's technician is an operator too, and sees all; the one of Hamburg does not see Malmö.
    let sees_all = operator.account.duty().sites().await.unwrap().iter().any(|site| site.label == "Malmö Hamnen");
    assert!(!sees_all, "chosen for what he may not see");
    ada.account.duty().switch(true).await.unwrap();
    ada.stand(MALMO, 6).await;
    zoe.sees(ada.me(), "Ada in Malmö", |one| one.is_some_and(|one| one.at.is_some())).await;
    // What came after it in the feed is here: so is all that comes of it.
    zoe.account.duty().switch(true).await.unwrap();
    operator.sees(zoe.me(), "Zoë on duty", |one| one.is_some()).await;
    let seen = operator.sees(ada.me(), "on duty", |one| one.is_some()).await.unwrap();
    assert_eq!((seen.at, seen.site_label.as_str()), (None, ""));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_site_without_a_fence_says_so() {
    let backend = house().await;
    let ines = Technician::of(&backend, &backend.person(1, Role::Administrator)).await;
    let sites = ines.account.duty().sites().await.unwrap();
    let fenced: Vec<(&str, bool)> = sites.iter().map(|site| (site.label.as_str(), site.fence.is_some())).collect();
    assert_eq!(fenced, [("Lisboa Oriente", true), ("Porto – Campanhã", true), ("Évora", false)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn before_the_first_sign_in_nobody_is_on_duty_and_the_switch_says_why() {
    let backend = house().await;
    let folder = tempfile::tempdir().unwrap();
    let config = crate::support::config(folder.path(), &backend.server.base_url());
    let (account, _) = onsite::account::Account::open(config).await.unwrap();
    assert_eq!(account.duty().switch(true).await.unwrap_err().code, Code::NotSignedIn);
    assert_eq!(account.duty().standing().name, Name::OffDuty);
    let who = backend.person(0, Role::Viewer);
    account.sign_in(&who.0, &SecretString::from(who.1)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn who_lets_go_of_a_switch_that_came_too_late_is_off_duty_and_who_presses_again_has_decided() {
    let (backend, clock) = slow_house().await;
    let (ada, zoe) = two(&backend).await;
    let pass = |minutes: i64| {
        ada.clock.pass(minutes * MINUTE);
        clock.advance_millis(minutes * MINUTE);
    };
    let too_late = async || {
        ada.account.set_offline(true).unwrap();
        ada.account.duty().switch(true).await.unwrap();
        pass(3 * 60);
        ada.account.set_offline(false).unwrap();
        ada.until("parked", |account| account.state().parked == 1).await;
        ada.account.actions().into_iter().find(|action| matches!(action.stage, ActionStage::Parked { .. })).unwrap()
    };
    let parked = too_late().await;
    ada.account.discard(parked.id).await.unwrap();
    assert_eq!(ada.standing().name, Name::OffDuty, "nobody reads anything else");

    too_late().await;
    ada.account.duty().switch(false).await.unwrap();
    ada.account.duty().switch(true).await.unwrap();
    zoe.sees(ada.me(), "on duty", |one| one.is_some()).await;
    ada.until("nothing is left to be decided", |account| account.state().parked == 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_restart_without_an_answer_no_colleagues_site_is_shown() {
    let backend = house().await;
    let (ada, zoe) = two(&backend).await;
    ada.account.duty().switch(true).await.unwrap();
    ada.stand(HAMBURG, 6).await;
    zoe.sees(ada.me(), "at the site", |one| one.is_some_and(|one| one.at.is_some())).await;
    // The phone is started again with its clock set back: by it the lease would hold for hours.
    backend.server.faults().set_offline(true);
    zoe.clock.restart();
    zoe.clock.set_wall(-5 * 60 * MINUTE);
    let zoe = zoe.restarted().await;
    let seen = zoe.sees(ada.me(), "on duty", |one| one.is_some()).await.unwrap();
    assert_eq!(seen.at, None);
    backend.server.faults().set_offline(false);
    zoe.account.network_changed().unwrap();
    zoe.sees(ada.me(), "at the site", |one| one.is_some_and(|one| one.at.is_some())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_the_shift_leaving_the_last_site_reminds_and_duty_ends_by_itself_where_that_was_chosen() {
    let (backend, clock) = slow_house().await;
    let (ada, zoe) = two(&backend).await;
    let pass = |minutes: i64| {
        ada.clock.pass(minutes * MINUTE);
        clock.advance_millis(minutes * MINUTE);
        ada.account.clock_changed().unwrap();
    };
    let chosen = Settings { shift_hours: 1, auto_off_hours: Some(4) };
    ada.account.duty().set_settings(chosen).await.unwrap();
    let mut wishes = ada.account.duty().wishes();
    ada.account.duty().switch(true).await.unwrap();
    ada.stand(HAMBURG, 6).await;
    pass(70);
    ada.stand(HAMBURG, 2).await;
    ada.stand(NOWHERE, 14).await;
    assert_eq!(ada.standing().name, Name::Outside);
    pass(11);
    let reminded = async {
        loop {
            match wishes.recv().await {
                Ok(Wish::Remind) => break,
                Ok(_) | Err(tokio::sync::broadcast::error::RecvError::Lagged(_)) => {}
                Err(closed) => panic!("{closed}"),
            }
        }
    };
    tokio::time::timeout(crate::support::PATIENCE, reminded).await.expect("nobody was reminded");
    zoe.sees(ada.me(), "still on duty", |one| one.is_some()).await;
    pass(3 * 60);
    ada.until("off by itself", |account| account.duty().standing().name == Name::OffDuty).await;
    zoe.sees(ada.me(), "off duty", |one| one.is_none()).await;
}
