//! O2: a server that was restored from yesterday's backup. What it forgot is told to it again, under the same names.

use onsite::alarms::{AlarmFilter, Chosen, MuteUntil, Status};
use onsite_server::storage::{back_up, restore};
use onsite_server::{ServerConfig, start};
use onsite_wire::ids::AlarmId;
use onsite_wire::onsite::Role;
use onsite_wire::rest::{Assignee, AssigneeKind, MuteReason};

use crate::support::{Backend, Phone};

async fn acknowledge(phone: &Phone, id: AlarmId, note: &str) {
    let person = phone.account.state().person.unwrap();
    let me = Assignee { kind: AssigneeKind::Person, id: person.id.0, name: person.name };
    phone.account.alarms().acknowledge(Chosen::These(vec![id]), me, note).await.unwrap();
}

/// The backup in the place of what is there, at the same address.
async fn restored(backend: Backend, file: &std::path::Path) -> Backend {
    let Backend { server, documents, data } = backend;
    let listen = server.address();
    server.stop().await;
    restore(data.path(), file).unwrap();
    let server = start(ServerConfig { listen, ..ServerConfig::local(data.path()) }).await.unwrap();
    Backend { server, documents, data }
}

async fn effects(phone: &Phone, id: AlarmId) -> Vec<String> {
    phone.account.alarms().history(id).await.unwrap().into_iter().map(|entry| entry.kind).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_restore_what_was_confirmed_is_sent_again_and_has_its_effect_once() {
    let backend = Backend::demo().await;
    let phone = Phone::signed_in(&backend, &backend.person(0, Role::Administrator)).await;
    let colleague = Phone::signed_in(&backend, &backend.person(0, Role::Viewer)).await;
    let filter = AlarmFilter { status: Some(Status::Active), ..AlarmFilter::default() };
    let rows = phone.list(filter).await.rows;
    let seen = colleague.list(AlarmFilter::default()).await.rows;
    let untouched = rows
        .iter()
        .filter(|row| row.acknowledged.is_none() && row.muted.is_none() && seen.iter().any(|other| other.id == row.id));
    let [kept, forgotten, waiting] = untouched.map(|row| row.id).take(3).collect::<Vec<_>>()[..] else {
        panic!("three alarms that nobody has touched")
    };
    acknowledge(&phone, kept, "before the backup").await;
    phone.until("on the server", |state| state.waiting == 0).await;
    let file = backend.data.path().join("yesterday.db");
    back_up(backend.data.path(), &file).unwrap();
    acknowledge(&phone, forgotten, "after the backup").await;
    let until = MuteUntil::For(std::time::Duration::from_secs(3_600));
    phone.account.alarms().mute(Chosen::These(vec![forgotten]), until, MuteReason::KnownIssue, "").await.unwrap();
    phone.until("on the server", |state| state.waiting == 0).await;
    colleague.until_row(forgotten, "everybody sees it", |row| row.acknowledged.is_some() && row.muted.is_some()).await;
    phone.account.set_offline(true).unwrap();
    acknowledge(&phone, waiting, "without signal").await;

    let backend = restored(backend, &file).await;
    phone.account.set_offline(false).unwrap();
    colleague.account.network_changed().unwrap();
    colleague
        .until_row(forgotten, "it is told again", |row| {
            row.acknowledged.as_ref().is_some_and(|by| by.note == "after the backup") && row.muted.is_some()
        })
        .await;
    colleague.until_row(waiting, "and what waited", |row| row.acknowledged.is_some()).await;
    phone.until("all confirmed", |state| state.waiting == 0 && state.parked == 0).await;
    assert_eq!(effects(&phone, kept).await, ["acknowledge"]);
    assert_eq!(effects(&phone, waiting).await, ["acknowledge"]);
    let mut both = effects(&phone, forgotten).await;
    both.sort();
    assert_eq!(both, ["acknowledge", "mute"]);
    for id in [kept, forgotten, waiting] {
        phone.until_row(id, "the feed brought it back", |row| row.own_action.is_none()).await;
    }
    assert_eq!(phone.list(AlarmFilter::default()).await.rows.len(), backend.listed(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restore_while_the_app_was_ended_is_noticed_when_it_opens() {
    let backend = Backend::demo().await;
    let phone = Phone::signed_in(&backend, &backend.person(0, Role::Administrator)).await;
    let file = backend.data.path().join("yesterday.db");
    back_up(backend.data.path(), &file).unwrap();
    let filter = AlarmFilter { status: Some(Status::Active), ..AlarmFilter::default() };
    let id = phone.list(filter).await.rows.iter().find(|row| row.acknowledged.is_none()).unwrap().id;
    acknowledge(&phone, id, "forgotten").await;
    phone.until("on the server", |state| state.waiting == 0).await;
    phone.until_row(id, "the feed brought it back", |row| row.own_action.is_none()).await;
    let Phone { folder, account } = phone;
    account.shutdown().await;
    let backend = restored(backend, &file).await;
    let phone = Phone::opened(folder, &backend).await;
    let deadline = std::time::Instant::now() + crate::support::PATIENCE;
    while effects(&phone, id).await.is_empty() {
        assert!(std::time::Instant::now() < deadline, "never told again: {:?}", phone.account.actions());
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    phone.until("confirmed", |state| state.waiting == 0 && state.parked == 0).await;
    let again = phone.until_row(id, "the feed brought it back", |row| row.own_action.is_none()).await;
    assert_eq!(again.acknowledged.map(|by| by.note).as_deref(), Some("forgotten"));
    assert_eq!(effects(&phone, id).await, ["acknowledge"]);
}
