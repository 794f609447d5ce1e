//! Files made by the code of their time (`tests/fixtures/README.md`), opened by today's.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use onsite::account::{Account, ActionStage};
use onsite::alarms::{Chosen, MuteUntil, Receipt};
use onsite::notifications::NotificationFilter;
use onsite::sync::overlays::Standing;
use onsite_rules::action::{KINDS, PRESENCE};
use onsite_server::document::OrganizationDocument;
use onsite_server::storage::Condition;
use onsite_server::{RunningServer, demo};
use onsite_wire::ids::{AlarmId, DeviceId};
use onsite_wire::onsite::{HistoryResponse, NoticeSettings, SubjectKind};
use onsite_wire::rest::{
    Acknowledged, AcknowledgementAspect, Alarm, Assignee, AssigneeKind, InventoryObject, MuteAspect, MuteReason,
    Severity, Subscription,
};
use secrecy::SecretString;

use crate::phone::{KEY, account, administrator, made_at, server, until};

/// What a fixture is made of.
const FILES: [&str; 3] = ["own.db", "cache.db", "key.check"];
const DOCUMENT: &str = "organization.json";

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

fn document(fixture: &Path) -> OrganizationDocument {
    serde_json::from_slice(&std::fs::read(fixture.join(DOCUMENT)).unwrap()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_pending_in_files_of_every_age_is_found_shown_and_sent() {
    let mut all: Vec<PathBuf> = std::fs::read_dir(fixtures()).unwrap().map(|entry| entry.unwrap().path()).collect();
    all.retain(|path| path.is_dir());
    all.sort();
    assert!(!all.is_empty());
    for fixture in &all {
        is_brought(fixture).await;
    }
    let newest = all.last().unwrap();
    let number = newest.file_name().unwrap().to_string_lossy().into_owned();
    let steps = onsite::account::SCHEMA.own.len() + onsite::account::SCHEMA.cache.len();
    assert_eq!(number, format!("{steps:04}"), "a migration came without a fixture: see tests/fixtures/README.md");
    // A presence is made by the phone itself and void after a quarter of an hour: no update of the app meets one.
    let kept = KINDS.iter().filter(|kind| **kind != PRESENCE);
    let kinds: BTreeSet<&str> = kept.map(|kind| kind.name).collect();
    assert_eq!(kinds_in(newest).await, kinds.into_iter().map(str::to_owned).collect(), "a kind is missing in {number}");
}

/// A copy of a fixture, told where today's server is.
fn copied(fixture: &Path, server: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for file in FILES {
        std::fs::copy(fixture.join(file), folder.path().join(file)).unwrap();
    }
    let own = rusqlite::Connection::open(folder.path().join("own.db")).unwrap();
    let key: String = KEY.iter().map(|byte| format!("{byte:02x}")).collect();
    own.execute_batch(&format!("PRAGMA key = \"x'{key}'\"; PRAGMA cipher_page_size = 4096;")).unwrap();
    let told = own.execute("UPDATE setting SET value = ?1 WHERE name = 'account.server'", [server]).unwrap();
    assert_eq!(told, 1);
    folder
}

async fn kinds_in(fixture: &Path) -> BTreeSet<String> {
    // Nobody listens there.
    let folder = copied(fixture, "http://127.0.0.1:9");
    let account = account(folder.path(), "http://127.0.0.1:9").await;
    account.actions().into_iter().map(|action| action.kind).collect()
}

async fn is_brought(fixture: &Path) {
    let document = document(fixture);
    let data = tempfile::tempdir().unwrap();
    let server = server(data.path(), &document).await;
    let folder = copied(fixture, &server.base_url());
    let account = account(folder.path(), &server.base_url()).await;
    let actions = account.actions();
    assert!(actions.len() >= KINDS.len().min(4), "{fixture:?}: {actions:?}");
    for action in &actions {
        assert!(matches!(action.stage, ActionStage::OnPhone { .. }), "{fixture:?}: {action:?}");
        if action.subject.kind == SubjectKind::Alarm {
            let row = account
                .alarms()
                .detail(AlarmId(action.subject.id))
                .await
                .unwrap_or_else(|error| panic!("{fixture:?}: {action:?}: {error:?}"))
                .row;
            assert_eq!(row.own_action, Some(Standing::OnPhone), "{fixture:?}: {action:?}");
            match action.kind.as_str() {
                "acknowledge" => assert!(row.acknowledged.is_some_and(|by| by.note == "on my way")),
                "release" => assert!(row.acknowledged.is_none()),
                "mute" => assert!(row.muted.is_some_and(|mute| mute.reason == MuteReason::UnderRepair)),
                _ => assert!(row.muted.is_none()),
            }
        }
    }
    // The server knows nothing of the session in the files; its person signs in again.
    let (email, password) = administrator(&document);
    account.sign_in(&email, &SecretString::from(password)).await.unwrap();
    until(&account, "all is sent", |state| state.waiting == 0 && state.parked == 0).await;
    for action in actions.iter().filter(|action| action.subject.kind == SubjectKind::Alarm) {
        let history = account.alarms().history(AlarmId(action.subject.id)).await.unwrap();
        let history = HistoryResponse { entries: history };
        assert_eq!(history.entries.iter().filter(|entry| entry.action == action.id).count(), 1, "{fixture:?}");
    }
    assert!(account.actions().iter().all(|action| action.stage == ActionStage::OnServer), "{fixture:?}");
    server.stop().await;
}

/// What each pending action of a fixture is about.
struct Subjects {
    acknowledge: AlarmId,
    release: AlarmId,
    mute: AlarmId,
    unmute: AlarmId,
    mute_device: DeviceId,
    unmute_device: DeviceId,
    watched: DeviceId,
    noisy: DeviceId,
}

/// A small organization in which something is acknowledged and muted already.
fn prepared() -> (OrganizationDocument, Subjects) {
    let mut document = demo::organization(7, 60, 12, made_at());
    let shown = |alarm: &&mut Alarm| onsite_rules::severity::shown(alarm.severity).is_some();
    let mut active: Vec<&mut Alarm> = document.alarms.iter_mut().filter(shown).take(4).collect();
    let mute = MuteAspect {
        version: 1,
        muted: Some(onsite_wire::rest::Muted {
            until: Some(made_at().plus_millis(6 * 60 * 60_000)),
            reason: MuteReason::KnownIssue,
            text: String::new(),
        }),
        ..MuteAspect::default()
    };
    let assignee = Assignee { kind: AssigneeKind::Person, id: document.people[0].id.0, name: String::new() };
    let acknowledged = Acknowledged { assignee, note: String::new(), assignee_cannot_see: false };
    for alarm in &mut active[..4] {
        alarm.cleared_time = None;
    }
    active[1].acknowledgement =
        Some(AcknowledgementAspect { version: 1, acknowledged: Some(acknowledged), ..Default::default() });
    active[3].mute = Some(mute.clone());
    for untouched in [0, 2] {
        (active[untouched].acknowledgement, active[untouched].mute) = (None, None);
    }
    let taken: Vec<DeviceId> = active[..4].iter().map(|alarm| alarm.device_id).collect();
    let ids: Vec<AlarmId> = active[..4].iter().map(|alarm| alarm.id).collect();
    let mut free = document.inventory_objects.iter_mut().filter_map(|object| match object {
        InventoryObject::Device(device) if device.parent_id.is_none() && !taken.contains(&device.id) => Some(device),
        _ => None,
    });
    let (first, second, third) = (free.next().unwrap().id, free.next().unwrap(), free.next().unwrap());
    // Its alarm is told, and opens no incident.
    let fourth = free.next().unwrap();
    fourth.subscription = Some(Subscription::ItExpert);
    let noisy = fourth.id;
    second.mute = Some(mute);
    third.subscription = Some(Subscription::AssetAdvisor);
    let unmute_device = second.id;
    // Nothing opens an incident of this one by itself.
    let watched = third.id;
    document.alarms.retain(|alarm| alarm.device_id != watched);
    let subjects = Subjects {
        acknowledge: ids[0],
        release: ids[1],
        mute: ids[2],
        unmute: ids[3],
        mute_device: first,
        unmute_device,
        watched,
        noisy,
    };
    (document, subjects)
}

/// Makes the fixture of today's code.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "makes the files of a new fixture, as tests/fixtures/README.md says"]
async fn a_fixture_of_today_is_made() {
    let steps = onsite::account::SCHEMA.own.len() + onsite::account::SCHEMA.cache.len();
    let fixture = fixtures().join(format!("{steps:04}"));
    assert!(!fixture.exists(), "{fixture:?} was made already, and is what phones in the field have");
    let (document, subjects) = prepared();
    let (data, folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let server = server(data.path(), &document).await;
    let account = account(folder.path(), &server.base_url()).await;
    let (email, password) = administrator(&document);
    account.sign_in(&email, &SecretString::from(password)).await.unwrap();
    until(&account, "everything was read", |state| state.read_at.is_some()).await;
    until(&account, "the stream is up", |state| state.live).await;
    let unread = is_told(&account, &server, &document, subjects.noisy).await;
    account.set_offline(true).unwrap();
    until(&account, "offline", |state| state.offline).await;
    press_all(&account, &subjects).await;
    let organization = document.organization_id().unwrap();
    let settings = NoticeSettings { on_clearing: true, ..NoticeSettings::default() };
    account.notifications().change_settings(Some(organization), settings).await.unwrap();
    account.notifications().mark_read(vec![unread]).await.unwrap();
    account.shutdown().await;
    // The last of the files' threads may still be closing them.
    while ["own.db-wal", "cache.db-wal"].iter().any(|file| folder.path().join(file).exists()) {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    std::fs::create_dir(&fixture).unwrap();
    for file in FILES {
        std::fs::copy(folder.path().join(file), fixture.join(file)).unwrap();
    }
    std::fs::write(fixture.join(DOCUMENT), serde_json::to_vec(&document).unwrap()).unwrap();
}

/// A critical alarm occurs, and the person is told of it.
async fn is_told(
    account: &Account,
    server: &RunningServer,
    document: &OrganizationDocument,
    device: DeviceId,
) -> onsite_wire::ids::Uuid {
    let alarm = Alarm {
        id: AlarmId::from_bytes([0xab; 16]),
        device_id: device,
        severity: Severity::Critical,
        cleared_time: None,
        acknowledgement: None,
        mute: None,
        revision: None,
        ..document.alarms[0].clone()
    };
    let organization = document.organization_id().unwrap();
    let condition = Condition { organization, name: "noise".into(), alarm };
    server.store().condition_occurs(condition, made_at()).await.unwrap();
    let mut window = account.notifications().window(NotificationFilter::default(), 10);
    let mut rows = Vec::new();
    while rows.is_empty() {
        window.next().await.unwrap().rows.apply(&mut rows);
    }
    rows[0].id
}

async fn press_all(account: &Account, subjects: &Subjects) {
    let person = account.state().person.unwrap();
    let me = Assignee { kind: AssigneeKind::Person, id: person.id.0, name: person.name };
    let these = |id| Chosen::These(vec![id]);
    let (until, reason) = (MuteUntil::For(Duration::from_secs(4 * 3_600)), MuteReason::UnderRepair);
    let alarms = account.alarms();
    made(alarms.acknowledge(these(subjects.acknowledge), me, "on my way").await.unwrap());
    made(alarms.release(these(subjects.release)).await.unwrap());
    made(alarms.mute(these(subjects.mute), until, reason, "").await.unwrap());
    made(alarms.unmute(these(subjects.unmute)).await.unwrap());
    made(alarms.mute_device(subjects.mute_device, until, reason, "").await.unwrap());
    made(alarms.unmute_device(subjects.unmute_device).await.unwrap());
    account.duty().switch(true).await.unwrap();
    let incidents = account.incidents();
    let id = incidents.open(subjects.watched, "Noise", "it hums", Vec::new(), true).await.unwrap();
    incidents.write(id, "I am on site").await.unwrap();
    incidents.read_up_to(id, 1).await.unwrap();
    incidents.solve(id).await.unwrap();
    incidents.give_feedback(id, 5, "quick").await.unwrap();
    incidents.reopen(id).await.unwrap();
}

fn made(receipt: Receipt) {
    assert_eq!((receipt.actions.len(), receipt.refused.len()), (1, 0), "{receipt:?}");
}
