//! N3–N5, A6, A7, A10: what a person is told, on several phones and the real server.

use std::sync::Arc;
use std::time::Duration;

use onsite::home;
use onsite::notifications::{
    Arrived, NotificationFilter, NotificationRow, NotificationWindow, Posting, PushIdentity, keep_push,
};
use onsite_server::document::OrganizationDocument;
use onsite_server::storage::Condition;
use onsite_server::{Fault, ManualClock, demo};
use onsite_wire::ids::{AlarmId, DeviceId};
use onsite_wire::onsite::{NoticeKind, NoticeSettings, PushProvider, Role, Urgency, Verdict};
use onsite_wire::rest::{Alarm, Assignee, AssigneeKind, InventoryObject, Severity, Subscription};
use secrecy::SecretString;

use crate::support::{Backend, PATIENCE, Phone, config, now};

/// The first organization of the demonstration: its equipment is quiet until a test says otherwise.
pub fn quiet() -> Vec<OrganizationDocument> {
    let mut documents = demo::organizations(7, now());
    documents.truncate(1);
    documents
}

/// A device with IT Expert, not part of another one: its alarms are told and open no incident.
pub fn device(backend: &Backend) -> DeviceId {
    let found = backend.documents[0].inventory_objects.iter().find_map(|object| match object {
        InventoryObject::Device(device)
            if device.subscription == Some(Subscription::ItExpert) && device.parent_id.is_none() =>
        {
            Some(device.id)
        }
        _ => None,
    });
    found.unwrap()
}

/// An alarm occurs on that device.
pub async fn occurs(backend: &Backend, number: u8, severity: Severity) -> AlarmId {
    occurs_on(backend, device(backend), number, severity).await
}

/// An alarm occurs on this device.
pub async fn occurs_on(backend: &Backend, device: DeviceId, number: u8, severity: Severity) -> AlarmId {
    let alarm = Alarm {
        id: AlarmId::from_bytes([number; 16]),
        device_id: device,
        label: format!("Fan {number} stands still"),
        severity,
        cleared_time: None,
        acknowledgement: None,
        mute: None,
        revision: None,
        ..backend.documents[0].alarms[0].clone()
    };
    let condition = Condition { organization: backend.organization(0), name: format!("fan {number}"), alarm };
    backend.server.store().condition_occurs(condition, now()).await.unwrap()
}

/// A listener's copy of a window on notifications.
pub struct Told {
    window: NotificationWindow,
    pub rows: Vec<NotificationRow>,
    pub unread: Option<u64>,
    pub total: Option<u64>,
}

impl Told {
    pub fn of(phone: &Phone, filter: NotificationFilter) -> Self {
        let window = phone.account.notifications().window(filter, 1_000);
        Self { window, rows: Vec::new(), unread: None, total: None }
    }

    pub fn all(phone: &Phone) -> Self {
        Self::of(phone, NotificationFilter::default())
    }

    pub async fn until(&mut self, what: &str, is: impl Fn(&Self) -> bool) {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        while !is(self) {
            let batch = tokio::time::timeout_at(deadline, self.window.next()).await;
            let Ok(Some(batch)) = batch else {
                panic!("never came: {what}; {:?} unread of {:#?}", self.unread, self.rows)
            };
            batch.rows.apply(&mut self.rows);
            self.unread = batch.counts.map(|counts| counts.unread);
            self.total = batch.total;
            if let (Some(unread), false) = (self.unread, batch.searching) {
                let recount = self.rows.iter().filter(|row| !row.read).count() as u64;
                assert_eq!(unread, recount, "the counter is what a recount finds");
            }
        }
    }
}

/// A signed-in phone that takes pushes.
pub async fn with_pushes(backend: &Backend, who: &(String, String), number: u8) -> Phone {
    let folder = tempfile::tempdir().unwrap();
    let phone = opened_with_pushes(backend, folder, number).await;
    phone.account.sign_in(&who.0, &SecretString::from(who.1.clone())).await.unwrap();
    phone.until("everything was read", |state| state.read_at.is_some()).await;
    let token = format!("token-{number}");
    phone.account.notifications().set_push_address(Some((PushProvider::Loopback, token))).await.unwrap();
    phone
}

pub fn identity(number: u8) -> PushIdentity {
    PushIdentity::new(&[number; 64]).unwrap()
}

pub async fn opened_with_pushes(backend: &Backend, folder: tempfile::TempDir, number: u8) -> Phone {
    let deadline = std::time::Instant::now() + PATIENCE;
    loop {
        let mut config = config(folder.path(), &backend.server.base_url());
        config.push = Some(identity(number));
        match onsite::account::Account::open(config).await {
            Ok((account, _)) => return Phone { folder, account },
            Err(error) if error.code == onsite::error::Code::StoreBusy && std::time::Instant::now() < deadline => {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            Err(error) => panic!("{error}"),
        }
    }
}

/// The next push of an installation that is no canary, as its provider handed it over.
pub async fn pushed(backend: &Backend, number: u8) -> Vec<u8> {
    let deadline = std::time::Instant::now() + PATIENCE;
    loop {
        if let Some(looped) = backend.server.loopback().take(identity(number).installation()).into_iter().next() {
            return looped.body.into_bytes();
        }
        assert!(std::time::Instant::now() < deadline, "no push came");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// The feed of notifications answers nothing until the faults are cleared.
pub fn without_feed(backend: &Backend) {
    let path = format!("/onsite/v1/organizations/{}/feeds/notifications", backend.organization(0));
    backend.server.faults().always(&path, Fault::Status(503));
}

/// Waits until the server knows where this installation's pushes go.
pub async fn registered(phone: &Phone) {
    let deadline = std::time::Instant::now() + PATIENCE;
    while phone.account.notifications().send_canary().await.is_err() {
        assert!(std::time::Instant::now() < deadline, "never registered");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_read_on_one_phone_is_read_on_the_other_and_the_counter_equals_a_recount() {
    let backend = Backend::with(quiet()).await;
    let who = backend.person(0, Role::Administrator);
    let (first, second) = (Phone::signed_in(&backend, &who).await, Phone::signed_in(&backend, &who).await);
    let (mut here, mut there) = (Told::all(&first), Told::all(&second));
    for number in 1..=3 {
        occurs(&backend, number, Severity::Critical).await;
    }
    here.until("all three came", |told| told.unread == Some(3)).await;
    there.until("on both", |told| told.unread == Some(3)).await;
    let row = here.rows.iter().find(|row| row.said.arguments["alarm"] == "Fan 2 stands still").unwrap().clone();
    assert_eq!(
        (row.kind, row.said.code.as_str(), row.urgency),
        (NoticeKind::Alarm, "notice_alarm", Some(Urgency::Critical))
    );
    assert!(!row.said.arguments["device"].is_empty());
    first.account.set_offline(true).unwrap();
    first.until("offline", |state| state.offline).await;
    first.account.notifications().mark_read(vec![row.id, row.id]).await.unwrap();
    here.until("read at once, without signal", |told| told.unread == Some(2)).await;
    // The tile counts what its list shows.
    let mut tile = Told::of(&first, home::unread_notifications(None));
    tile.until("the tile", |told| told.total == Some(2) && told.rows.len() == 2).await;
    assert_eq!(there.unread, Some(2 + 1), "not there yet");
    first.account.set_offline(false).unwrap();
    there.until("on the other phone", |told| told.unread == Some(2)).await;
    first.until("sent", |state| state.waiting == 0).await;
    tile.until("still two", |told| told.unread == Some(2)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_after_all_was_read_without_signal_is_unread() {
    let backend = Backend::with(quiet()).await;
    let phone = Phone::signed_in(&backend, &backend.person(0, Role::Administrator)).await;
    let mut told = Told::all(&phone);
    occurs(&backend, 1, Severity::Critical).await;
    occurs(&backend, 2, Severity::Critical).await;
    told.until("both came", |told| told.unread == Some(2)).await;
    phone.account.set_offline(true).unwrap();
    phone.until("offline", |state| state.offline).await;
    phone.account.notifications().mark_all_read(None).await.unwrap();
    told.until("all are read", |told| told.unread == Some(0)).await;
    let third = occurs(&backend, 3, Severity::Critical).await;
    // The answer is lost: it is asked for again, and changes nothing.
    backend.server.faults().next("/onsite/v1/actions", 1, Fault::LoseAnswer);
    phone.account.set_offline(false).unwrap();
    told.until("the third is unread", |told| told.unread == Some(1) && told.rows.len() == 3).await;
    phone.until("sent", |state| state.waiting == 0 && state.parked == 0).await;
    assert_eq!(told.rows.iter().find(|row| !row.read).map(|row| row.subject), Some(third.0));
    // And after the app was ended.
    let phone = phone.reopened(&backend).await;
    let mut told = Told::all(&phone);
    told.until("kept", |told| told.unread == Some(1) && told.rows.len() == 3).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_chosen_without_signal_hold_at_once_survive_a_restart_and_reach_server_and_other_phone() {
    let backend = Backend::with(quiet()).await;
    let who = backend.person(0, Role::Administrator);
    let (first, second) = (Phone::signed_in(&backend, &who).await, Phone::signed_in(&backend, &who).await);
    let organization = backend.organization(0);
    assert_eq!(first.account.notifications().settings(organization).await.unwrap(), NoticeSettings::default());
    first.account.set_offline(true).unwrap();
    first.until("offline", |state| state.offline).await;
    let mut settings = NoticeSettings { severities: vec![Urgency::Warning], ..NoticeSettings::default() };
    for quiet in [true, false] {
        settings.quiet_off_duty = quiet;
        first.account.notifications().change_settings(None, settings.clone()).await.unwrap();
        assert_eq!(first.account.notifications().settings(organization).await.unwrap(), settings, "at once");
    }
    assert!(first.account.state().waiting > 0, "on this phone only");
    let first = first.reopened(&backend).await;
    assert_eq!(first.account.notifications().settings(organization).await.unwrap(), settings, "after a restart");
    first.until("sent", |state| state.waiting == 0 && state.parked == 0).await;
    let deadline = std::time::Instant::now() + PATIENCE;
    while second.account.notifications().settings(organization).await.unwrap() != settings {
        assert!(std::time::Instant::now() < deadline, "never on the other phone");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    // The server obeys, and says why.
    let alarm = occurs(&backend, 1, Severity::Critical).await;
    let target = onsite::notifications::Target::Alarm(alarm);
    let why = second.account.notifications().why(organization, target).await.unwrap();
    let noted = why.server.unwrap().notices;
    assert_eq!((noted[0].reasons.verdict, noted[0].reasons.decided.as_str()), (Verdict::Silent, "severity"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_zone_that_there_is_not_is_parked_with_its_reason_and_shapes_nothing() {
    let backend = Backend::with(quiet()).await;
    let phone = Phone::signed_in(&backend, &backend.person(0, Role::Viewer)).await;
    let daily = |zone: &str| {
        let daily = Some(onsite_wire::onsite::DailyTime { minute: 420, zone: zone.into() });
        NoticeSettings { daily, ..NoticeSettings::default() }
    };
    let room = phone.account.notifications();
    let refused = room.change_settings(None, daily("not a zone")).await.unwrap_err();
    assert_eq!(refused.code, onsite::error::Code::ZoneUnknown, "known here: nothing is queued");
    room.change_settings(None, daily("Mars/Olympus")).await.unwrap();
    phone.until("parked", |state| state.parked == 1).await;
    assert_eq!(room.settings(backend.organization(0)).await.unwrap(), NoticeSettings::default());
    room.change_settings(None, daily("Europe/Berlin")).await.unwrap();
    phone.until("sent", |state| state.waiting == 0).await;
    assert_eq!(room.settings(backend.organization(0)).await.unwrap(), daily("Europe/Berlin"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_event_by_push_and_by_feed_is_shown_once_whichever_comes_first() {
    let backend = Backend::with(quiet()).await;
    let who = backend.person(0, Role::Administrator);
    let phone = with_pushes(&backend, &who, 1).await;
    registered(&phone).await;
    let canary = pushed(&backend, 1).await;
    let room = phone.account.notifications();
    assert!(matches!(room.push(&canary).await.unwrap(), Arrived::Show(_)), "a test is shown");
    phone.until("the stream is up", |state| state.live).await;
    // The feed first: what it brings is announced, and the push of it is silent.
    let mut postings = room.postings();
    occurs(&backend, 1, Severity::Critical).await;
    let posting = tokio::time::timeout(PATIENCE, postings.recv()).await.unwrap().unwrap();
    let Posting::Show(announced) = posting else { panic!("{posting:?}") };
    assert_eq!(announced.said.arguments["alarm"], "Fan 1 stands still");
    let push = pushed(&backend, 1).await;
    let Arrived::Silent(reasons) = room.push(&push).await.unwrap() else { panic!("shown twice") };
    assert_eq!(reasons.decided, "same_event");
    // The push first, without signal to the server: it is in the list, and the feed adds nothing to it.
    without_feed(&backend);
    occurs(&backend, 2, Severity::Critical).await;
    let push = pushed(&backend, 1).await;
    let Arrived::Show(shown) = room.push(&push).await.unwrap() else { panic!("silent") };
    assert_eq!(shown.said.arguments["alarm"], "Fan 2 stands still");
    assert!(matches!(room.push(&push).await.unwrap(), Arrived::Silent(_)), "handed over twice");
    let mut told = Told::all(&phone);
    told.until("it is in the list", |told| told.rows.len() == 2 && told.rows.iter().any(|row| row.by_push_only)).await;
    backend.server.faults().clear();
    phone.account.network_changed().unwrap();
    phone.account.refresh(None).unwrap();
    told.until("the feed has it", |told| told.rows.len() == 2 && !told.rows.iter().any(|row| row.by_push_only)).await;
    occurs(&backend, 3, Severity::Critical).await;
    let posting = tokio::time::timeout(PATIENCE, postings.recv()).await.unwrap().unwrap();
    let Posting::Show(announced) = posting else { panic!("{posting:?}") };
    assert_eq!(announced.said.arguments["alarm"], "Fan 3 stands still", "the second was not announced by the feed");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_extension_kept_is_taken_in_at_the_next_start_once_and_what_is_broken_holds_nothing_back() {
    let backend = Backend::with(quiet()).await;
    let who = backend.person(0, Role::Administrator);
    let phone = with_pushes(&backend, &who, 1).await;
    registered(&phone).await;
    pushed(&backend, 1).await;
    let Phone { folder, account } = phone;
    account.shutdown().await;
    let alarm = occurs(&backend, 1, Severity::Critical).await;
    let push = pushed(&backend, 1).await;
    let keep = |payload: &[u8]| keep_push(folder.path(), payload, now());
    keep(b"{\"version\": 1").unwrap();
    keep(&[0x80; 300]).unwrap();
    keep(&push).unwrap();
    keep(&push).unwrap();
    let mut unknown: serde_json::Value = serde_json::from_slice(&push).unwrap();
    unknown["kind"] = "kind_of_next_year".into();
    unknown["key"] = "o/kind_of_next_year/s/0".into();
    unknown["notification"] = serde_json::json!(onsite_wire::ids::Uuid::from_bytes([0xcd; 16]));
    keep(unknown.to_string().as_bytes()).unwrap();
    let mut theirs: serde_json::Value = serde_json::from_slice(&push).unwrap();
    theirs["person"] = serde_json::json!(onsite_wire::ids::Uuid::from_bytes([0xee; 16]));
    keep(theirs.to_string().as_bytes()).unwrap();
    assert!(keep(&[b'x'; 5_000]).is_err(), "larger than any push");
    std::fs::write(folder.path().join("inbox/00000000000000000001-0.push"), vec![b'x'; 100_000]).unwrap();
    without_feed(&backend);
    let phone = opened_with_pushes(&backend, folder, 1).await;
    let mut told = Told::all(&phone);
    told.until("taken in without the feed", |told| told.rows.len() == 2).await;
    let row = told.rows.iter().find(|row| row.subject == alarm.0 && row.kind == NoticeKind::Alarm).unwrap();
    assert_eq!((row.by_push_only, row.said.arguments["alarm"].as_str()), (true, "Fan 1 stands still"));
    assert!(told.rows.iter().any(|row| row.said.code == "notice_unheard"), "shown by its kind, not lost");
    let lines = phone.account.journal(200).await.unwrap();
    let refused: Vec<&str> =
        lines.iter().filter(|line| line.code == "push_refused").map(|line| line.detail.as_str()).collect();
    assert_eq!(refused.len(), 4, "{refused:?}");
    for code in ["push_invalid", "push_not_ours", "other_account"] {
        assert!(refused.iter().any(|line| line.ends_with(code)), "{code} in {refused:?}");
    }
    let left = std::fs::read_dir(phone.folder.path().join("inbox"))
        .unwrap()
        .filter(|entry| entry.as_ref().unwrap().path().is_file());
    assert_eq!(left.count(), 0, "everything was taken in or set aside");
    // It was shown while the app was away: the feed does not show it again, and the server hears of it.
    let mut postings = phone.account.notifications().postings();
    backend.server.faults().clear();
    phone.account.network_changed().unwrap();
    told.until("the feed has it", |told| {
        !told.rows.iter().any(|row| row.by_push_only && row.kind == NoticeKind::Alarm)
    })
    .await;
    occurs(&backend, 2, Severity::Critical).await;
    let posting = tokio::time::timeout(PATIENCE, postings.recv()).await.unwrap().unwrap();
    assert!(
        matches!(&posting, Posting::Show(next) if next.said.arguments["alarm"] == "Fan 2 stands still"),
        "{posting:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn this_phone_silences_by_what_it_knows_first_and_never_adds() {
    let backend = Backend::with(quiet()).await;
    let who = backend.person(0, Role::Administrator);
    let phone = with_pushes(&backend, &who, 1).await;
    registered(&phone).await;
    pushed(&backend, 1).await;
    phone.account.set_offline(true).unwrap();
    phone.until("offline", |state| state.offline).await;
    // The server does not know of it yet.
    let room = phone.account.notifications();
    room.change_settings(None, NoticeSettings { push: false, ..NoticeSettings::default() }).await.unwrap();
    occurs(&backend, 1, Severity::Critical).await;
    let Arrived::Silent(reasons) = room.push(&pushed(&backend, 1).await).await.unwrap() else { panic!("shown") };
    assert_eq!(reasons.decided, "push_switch");
    let mut told = Told::all(&phone);
    told.until("it is in the list all the same", |told| told.rows.len() == 1 && told.unread == Some(1)).await;
    room.change_settings(None, NoticeSettings { critical_breaks_quiet: true, ..NoticeSettings::default() })
        .await
        .unwrap();
    occurs(&backend, 2, Severity::Critical).await;
    let Arrived::Show(shown) = room.push(&pushed(&backend, 1).await).await.unwrap() else { panic!("silent") };
    assert!(shown.breaks_quiet && shown.sound.is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_made_responsible_finds_it_in_the_list_of_what_was_told() {
    let backend = Backend::with(quiet()).await;
    let ada = Phone::signed_in(&backend, &backend.person(0, Role::Administrator)).await;
    let vera = Phone::signed_in(&backend, &backend.person(0, Role::Viewer)).await;
    let alarm = occurs(&backend, 1, Severity::Critical).await;
    let mut told = Told::all(&vera);
    let them = vera.account.state().person.unwrap();
    ada.until_row_is_there(alarm).await;
    let assignee = Assignee { kind: AssigneeKind::Person, id: them.id.0, name: them.name };
    let chosen = onsite::alarms::Chosen::These(vec![alarm]);
    ada.account.alarms().acknowledge(chosen, assignee, "yours").await.unwrap();
    told.until("told", |told| told.rows.iter().any(|row| row.kind == NoticeKind::Assignment)).await;
    let row = told.rows.iter().find(|row| row.kind == NoticeKind::Assignment).unwrap();
    let by = ada.account.state().person.unwrap().name;
    assert_eq!((row.said.arguments["by"].as_str(), row.subject), (by.as_str(), alarm.0));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_end_of_a_mute_is_announced_in_the_list_and_the_alarm_notifies_again_on_the_phone() {
    let clock = Arc::new(ManualClock::at(now()));
    let set = Arc::clone(&clock);
    let backend = Backend::configured(quiet(), move |config| config.clock = set).await;
    let phone = Phone::signed_in(&backend, &backend.person(0, Role::Administrator)).await;
    let alarm = occurs(&backend, 1, Severity::Critical).await;
    phone.until_row_is_there(alarm).await;
    let until = onsite::alarms::MuteUntil::For(Duration::from_secs(16 * 60));
    let chosen = onsite::alarms::Chosen::These(vec![alarm]);
    phone.account.alarms().mute(chosen, until, onsite_wire::rest::MuteReason::UnderRepair, "").await.unwrap();
    phone.until("sent", |state| state.waiting == 0 && state.parked == 0).await;
    let mut told = Told::all(&phone);
    told.until("of the alarm", |told| told.rows.len() == 1).await;
    let mut postings = phone.account.notifications().postings();
    for (minutes, kind) in [(2, NoticeKind::MuteEnding), (15, NoticeKind::MuteEnded)] {
        clock.advance_millis(minutes * 60_000);
        backend.server.store().tick().await.unwrap();
        phone.account.refresh(None).unwrap();
        told.until("of its mute", |told| told.rows.iter().any(|row| row.kind == kind && row.subject == alarm.0)).await;
        let posting = tokio::time::timeout(PATIENCE, postings.recv()).await;
        let target = onsite::notifications::Target::Alarm(alarm);
        let why = phone.account.notifications().why(backend.organization(0), target).await.unwrap().phone;
        let Ok(Ok(Posting::Show(shown))) = &posting else { panic!("{posting:?} of {kind:?}; {why:#?}") };
        assert_eq!(shown.kind, kind);
    }
}
