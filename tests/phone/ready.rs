//! N6, N7: why one was notified or not, where pushes go, and whether the phone is ready for a shift.

use std::time::{Duration, Instant};

use onsite::error::Code;
use onsite::notifications::{Arrived, Item, Light, LocationPermission, PhoneStanding, Readiness, Target, Way};
use onsite_wire::onsite::{Channel, NoticeSettings, Role, Verdict};
use onsite_wire::rest::Severity;
use secrecy::SecretString;

use crate::notices::{identity, occurs, opened_with_pushes, pushed, quiet, registered, with_pushes};
use crate::support::{Backend, PATIENCE, Phone};

fn light(readiness: &Readiness, item: Item) -> (Light, Option<Code>) {
    let check = readiness.checks.iter().find(|check| check.item == item).unwrap();
    (check.light, check.says.as_ref().map(|says| says.code))
}

fn healthy() -> PhoneStanding {
    PhoneStanding {
        may_notify: Some(true),
        silent_channels: Some(Vec::new()),
        battery_restricted: Some(false),
        do_not_disturb: Some(false),
        location: Some(LocationPermission::Always),
    }
}

async fn until_ready(phone: &Phone, item: Item, wanted: (Light, Option<Code>)) -> Readiness {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let readiness = phone.account.notifications().readiness(None, &healthy()).await.unwrap();
        if light(&readiness, item) == wanted {
            return readiness;
        }
        assert!(Instant::now() < deadline, "never {wanted:?}: {readiness:?}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_readiness_check_follows_registration_test_push_settings_and_duty() {
    let backend = Backend::with(quiet()).await;
    let who = backend.person(0, Role::Administrator);
    let phone = opened_with_pushes(&backend, tempfile::tempdir().unwrap(), 1).await;
    phone.account.sign_in(&who.0, &SecretString::from(who.1.clone())).await.unwrap();
    phone.until("everything was read", |state| state.read_at.is_some()).await;
    let room = phone.account.notifications();
    let readiness = room.readiness(None, &healthy()).await.unwrap();
    assert_eq!(readiness.checks.iter().map(|check| check.item).collect::<Vec<_>>(), Item::ALL);
    assert_eq!(light(&readiness, Item::PushToken), (Light::Bad, Some(Code::NoPushToken)));
    assert_eq!(light(&readiness, Item::Canary), (Light::Look, Some(Code::CanaryMissing)));
    assert_eq!(light(&readiness, Item::Duty), (Light::Look, Some(Code::NotOnDuty)));
    assert_eq!(light(&readiness, Item::Clock), (Light::Ready, None));
    room.set_push_address(Some((onsite_wire::onsite::PushProvider::Loopback, "token".into()))).await.unwrap();
    until_ready(&phone, Item::PushToken, (Light::Ready, None)).await;
    room.send_canary().await.unwrap();
    let canary = pushed(&backend, 1).await;
    assert!(matches!(room.push(&canary).await.unwrap(), Arrived::Show(_)));
    until_ready(&phone, Item::Canary, (Light::Ready, None)).await;
    phone.account.duty().switch(true).await.unwrap();
    until_ready(&phone, Item::Duty, (Light::Ready, None)).await;
    room.change_settings(None, NoticeSettings { push: false, ..NoticeSettings::default() }).await.unwrap();
    let readiness = until_ready(&phone, Item::PushSwitch, (Light::Bad, Some(Code::PushSwitchedOff))).await;
    assert!(readiness.server.is_ok(), "an administrator sees the server's figures: {readiness:?}");
    let silent = PhoneStanding { silent_channels: Some(vec![Channel::Critical]), ..PhoneStanding::default() };
    let readiness = room.readiness(None, &silent).await.unwrap();
    assert_eq!(light(&readiness, Item::Channel), (Light::Bad, Some(Code::ChannelSilent)));
    assert_eq!(light(&readiness, Item::Permission), (Light::Unknown, None), "the shell did not say");
}

#[tokio::test(flavor = "multi_thread")]
async fn why_one_was_notified_shows_the_rules_of_server_and_phone_with_their_times_also_without_signal() {
    let backend = Backend::with(quiet()).await;
    let who = backend.person(0, Role::Administrator);
    let phone = with_pushes(&backend, &who, 1).await;
    registered(&phone).await;
    pushed(&backend, 1).await;
    let alarm = occurs(&backend, 1, Severity::Critical).await;
    phone.until_row_is_there(alarm).await;
    let room = phone.account.notifications();
    let payload = pushed(&backend, 1).await;
    drop(room.push(&payload).await.unwrap());
    let organization = backend.organization(0);
    let why = room.why(organization, Target::Alarm(alarm)).await.unwrap();
    let server = why.server.unwrap();
    assert_eq!((server.notices.len(), server.notices[0].reasons.verdict), (1, Verdict::Notify));
    assert!(server.notices[0].reasons.rules.len() > 5 && server.notices[0].handed_over_at.is_some());
    assert_eq!((why.phone.len(), why.phone[0].verdict), (1, Verdict::Notify), "one event, one decision");
    assert!([Way::Push, Way::Feed].contains(&why.phone[0].way) && why.phone[0].decided_at >= why.phone[0].at);
    assert_eq!(
        why.phone[0].reasons.rules.len(),
        server.notices[0].reasons.rules.len(),
        "the same rules in the same order"
    );
    assert_eq!(why.now.unwrap().verdict, Verdict::Notify);
    // A muted alarm would be silent now, and says which rule.
    let until = onsite::alarms::MuteUntil::For(Duration::from_secs(3_600));
    let chosen = onsite::alarms::Chosen::These(vec![alarm]);
    backend.server.faults().set_offline(true);
    phone.account.alarms().mute(chosen, until, onsite_wire::rest::MuteReason::KnownIssue, "").await.unwrap();
    let why = room.why(organization, Target::Alarm(alarm)).await.unwrap();
    assert_eq!(why.now.unwrap().decided, "mute");
    assert_eq!(why.server.unwrap().notices.len(), 1, "as it was seen last");
    // Of an alarm that came before anybody was told there is nothing, and that is said.
    let other = backend.documents[0].alarms.iter().find(|alarm| alarm.cleared_time.is_none()).unwrap().id;
    let why = room.why(organization, Target::Alarm(other)).await.unwrap();
    assert_eq!(why.server.unwrap_err().advice(), onsite::error::Advice::RetryLater);
    assert!(why.phone.is_empty() && why.now.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_shown_and_opened_is_told_to_the_server_once_there_is_signal() {
    let backend = Backend::with(quiet()).await;
    let who = backend.person(0, Role::Administrator);
    let phone = with_pushes(&backend, &who, 1).await;
    registered(&phone).await;
    pushed(&backend, 1).await;
    occurs(&backend, 1, Severity::Critical).await;
    let payload = pushed(&backend, 1).await;
    phone.account.set_offline(true).unwrap();
    phone.until("offline", |state| state.offline).await;
    let room = phone.account.notifications();
    drop(room.push(&payload).await.unwrap());
    let push = onsite::notifications::parse_push(&payload, Some(identity(1).key())).unwrap();
    room.was_shown(push.organization, &push.key).await.unwrap();
    let phone_side = room.readiness(None, &healthy()).await.unwrap().phone;
    assert_eq!((phone_side.shown, phone_side.median_ms.is_some()), (1, true));
    // Also across an app that was ended; a lost answer tells it twice, and the first time stays.
    let Phone { folder, account } = phone;
    account.shutdown().await;
    backend.server.faults().next("/onsite/v1/notices/reports", 1, onsite_server::Fault::LoseAnswer);
    let phone = opened_with_pushes(&backend, folder, 1).await;
    let deadline = Instant::now() + PATIENCE;
    loop {
        let figures = phone.account.notifications().readiness(None, &healthy()).await.unwrap().server;
        if figures.is_ok_and(|figures| figures.shown == 1 && figures.p99_ms.is_some()) {
            break;
        }
        assert!(Instant::now() < deadline, "the server never heard of it");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pushes_are_registered_again_after_each_sign_in_and_end_with_the_session() {
    let backend = Backend::with(quiet()).await;
    let who = backend.person(0, Role::Administrator);
    let phone = with_pushes(&backend, &who, 1).await;
    registered(&phone).await;
    pushed(&backend, 1).await;
    // A second account on the same installation takes its pushes over.
    let vera = with_pushes(&backend, &backend.person(0, Role::Viewer), 1).await;
    registered(&vera).await;
    pushed(&backend, 1).await;
    let gone = phone.account.notifications().send_canary().await.unwrap_err();
    assert_eq!(gone.code, Code::RegistrationUnknown);
    vera.account.sign_out(true).await.unwrap();
    occurs(&backend, 1, Severity::Critical).await;
    assert!(vera.account.notifications().send_canary().await.is_err());
    vera.account
        .sign_in(&backend.person(0, Role::Viewer).0, &SecretString::from(backend.person(0, Role::Viewer).1))
        .await
        .unwrap();
    registered(&vera).await;
    let first = pushed(&backend, 1).await;
    let push = onsite::notifications::parse_push(&first, Some(identity(1).key())).unwrap();
    assert_eq!(push.kind, onsite_wire::onsite::NoticeKind::Canary, "nothing came in between");
    vera.account.notifications().set_push_address(None).await.unwrap();
    let deadline = Instant::now() + PATIENCE;
    while vera.account.notifications().send_canary().await.is_ok() {
        assert!(Instant::now() < deadline, "never taken back");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn quiet_while_off_duty_shows_how_many_critical_ones_it_kept_back_and_forgets_them_on_duty() {
    let backend = Backend::with(quiet()).await;
    let phone = Phone::signed_in(&backend, &backend.person(0, Role::Administrator)).await;
    let (room, organization) = (phone.account.notifications(), backend.organization(0));
    let quiet = NoticeSettings { quiet_off_duty: true, ..NoticeSettings::default() };
    room.change_settings(None, quiet).await.unwrap();
    phone.until("sent", |state| state.waiting == 0).await;
    for number in 1..=2 {
        occurs(&backend, number, Severity::Critical).await;
    }
    let kept_back = async |wanted: i64| {
        let deadline = Instant::now() + PATIENCE;
        while room.kept_back(organization).await.unwrap() != wanted {
            assert!(Instant::now() < deadline, "never {wanted}: {:?}", room.kept_back(organization).await);
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    kept_back(2).await;
    phone.account.duty().switch(true).await.unwrap();
    kept_back(0).await;
}
