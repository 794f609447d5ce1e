//! O2, S6: a cache.db that breaks under a living app. What was fetched is fetched again, what a person did is still done,
//! and lists that are open come back to the truth by themselves.

use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::Duration;

use onsite::alarms::{AlarmFilter, Chosen, MuteUntil, Status};
use onsite::sync::overlays::Standing;
use onsite_wire::onsite::Role;
use onsite_wire::rest::{Assignee, AssigneeKind, MuteReason};

use crate::support::{Backend, Phone};

/// Spoils all pages of cache.db behind its first part, in which nothing but the schema lies.
fn spoil(folder: &Path) {
    let file = std::fs::OpenOptions::new().read(true).write(true).open(folder.join("cache.db")).unwrap();
    let length = file.metadata().unwrap().len();
    let from = 8 * 8_192;
    assert!(length > 2 * from, "{length}");
    file.write_all_at(&vec![0xa5; usize::try_from(length - from).unwrap()], from).unwrap();
}

fn set_aside(folder: &Path) -> usize {
    let names = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
    names.filter(|name| name.to_string_lossy().starts_with("cache.db.damaged-")).count()
}

async fn acknowledge(phone: &Phone, id: onsite_wire::ids::AlarmId) {
    let person = phone.account.state().person.unwrap();
    let me = Assignee { kind: AssigneeKind::Person, id: person.id.0, name: person.name };
    let receipt = phone.account.alarms().acknowledge(Chosen::These(vec![id]), me, "mine").await.unwrap();
    assert_eq!(receipt.actions.len(), 1, "{receipt:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn damage_met_by_a_list_has_everything_read_again_and_the_list_comes_back() {
    let backend = Backend::of_size(3_000, 60).await;
    let phone = Phone::signed_in(&backend, &backend.person(0, Role::Administrator)).await;
    let mut open = phone.list(AlarmFilter::default()).await;
    let before = open.rows.clone();
    let active = before.iter().filter(|row| row.status == Status::Active && row.muted.is_none());
    let [mine, under_device] = active.clone().filter(|row| row.acknowledged.is_none()).take(2).collect::<Vec<_>>()[..]
    else {
        panic!("two active alarms")
    };
    phone.account.set_offline(true).unwrap();
    phone.until("offline", |state| state.offline).await;
    acknowledge(&phone, mine.id).await;
    let until = MuteUntil::For(Duration::from_secs(3_600));
    phone.account.alarms().mute_device(under_device.device, until, MuteReason::UnderRepair, "").await.unwrap();

    phone.account.suspend().await.unwrap();
    spoil(phone.folder.path());
    phone.account.resume().await.unwrap();
    phone.account.alarms().detail(mine.id).await.map(|_| ()).unwrap_err();
    open.until("emptied", |open| open.rows.is_empty()).await;
    assert_eq!(set_aside(phone.folder.path()), 1);
    assert_eq!(phone.account.state().waiting, 2, "what was done is not what was fetched");
    phone.until("nothing was read yet, and it says so", |state| state.read_at.is_none()).await;

    // Back in signal, but for what the phone sends: what is pending lies over what comes.
    backend.server.faults().always("/onsite/v1/actions", onsite_server::Fault::Status(503));
    phone.account.set_offline(false).unwrap();
    open.until("everything is back", |open| open.rows.len() == before.len()).await;
    phone.until("read to its end", |state| state.read_at.is_some()).await;
    let row = phone.until_row(mine.id, "shown as pressed", |row| row.acknowledged.is_some()).await;
    assert_eq!(row.own_action, Some(Standing::OnPhone));
    phone.until_row(under_device.id, "its device's mute too", |row| row.muted.is_some()).await;
    backend.server.faults().clear();
    phone.account.network_changed().unwrap();
    phone.until("sent", |state| state.waiting == 0 && state.parked == 0).await;
    let history = phone.account.alarms().history(mine.id).await.unwrap();
    assert_eq!(history.iter().filter(|entry| entry.kind == "acknowledge").count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn damage_found_at_opening_keeps_what_is_unsent_and_shows_it_over_what_comes() {
    let backend = Backend::demo().await;
    let phone = Phone::signed_in(&backend, &backend.person(0, Role::Administrator)).await;
    let before = phone.list(AlarmFilter::default()).await.rows;
    let id = before.iter().find(|row| row.status == Status::Active && row.acknowledged.is_none()).unwrap().id;
    phone.account.set_offline(true).unwrap();
    phone.until("offline", |state| state.offline).await;
    acknowledge(&phone, id).await;
    let Phone { folder, account } = phone;
    account.shutdown().await;
    std::fs::write(folder.path().join("cache.db"), [0x55; 100_000]).unwrap();
    backend.server.faults().always("/onsite/v1/actions", onsite_server::Fault::Status(503));
    let phone = Phone::opened(folder, &backend).await;
    assert_eq!(phone.account.state().waiting, 1);
    let row = loop {
        match phone.account.alarms().detail(id).await {
            Ok(detail) => break detail.row,
            Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
        }
    };
    assert_eq!((row.own_action, row.acknowledged.is_some()), (Some(Standing::OnPhone), true), "{row:?}");
    backend.server.faults().clear();
    phone.account.network_changed().unwrap();
    phone.until("sent and read", |state| state.waiting == 0 && state.read_at.is_some()).await;
    assert_eq!(phone.list(AlarmFilter::default()).await.rows.len(), before.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_press_on_a_broken_cache_is_stored_or_refused_by_name_and_costs_no_earlier_one() {
    let backend = Backend::demo().await;
    let phone = Phone::signed_in(&backend, &backend.person(0, Role::Administrator)).await;
    let rows = phone.list(AlarmFilter::default()).await.rows;
    let mut untouched =
        rows.iter().filter(|row| row.status == Status::Active && row.acknowledged.is_none() && row.muted.is_none());
    let (earlier, pressed) = (untouched.next().unwrap().id, untouched.next().unwrap().id);
    phone.account.set_offline(true).unwrap();
    phone.until("offline", |state| state.offline).await;
    acknowledge(&phone, earlier).await;
    phone.account.suspend().await.unwrap();
    spoil(phone.folder.path());
    phone.account.resume().await.unwrap();
    let until = MuteUntil::For(Duration::from_secs(3_600));
    let press = phone.account.alarms().mute(Chosen::These(vec![pressed]), until, MuteReason::UnderRepair, "").await;
    let made = press.as_ref().map_or(0, |receipt| receipt.actions.len());
    let kinds: Vec<String> = phone.account.actions().into_iter().rev().map(|action| action.kind).collect();
    assert_eq!(kinds, ["acknowledge", "mute"][..=made], "{press:?}");
    phone.account.set_offline(false).unwrap();
    phone.until("sent and read", |state| state.waiting == 0 && state.read_at.is_some()).await;
    for (id, expected) in [(earlier, 1), (pressed, made)] {
        assert_eq!(phone.account.alarms().history(id).await.unwrap().len(), expected);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_that_sleeps_in_the_middle_of_a_full_read_goes_on_when_it_wakes() {
    let backend = Backend::of_size(6_000, 60).await;
    let folder = tempfile::tempdir().unwrap();
    let who = backend.person(0, Role::Administrator);
    let other = Phone::signed_in(&backend, &who).await;
    let expected = other.list(AlarmFilter::default()).await.rows;
    let config = crate::support::config(folder.path(), &backend.server.base_url());
    let (account, _) = onsite::account::Account::open(config).await.unwrap();
    account.sign_in(&who.0, &secrecy::SecretString::from(who.1)).await.unwrap();
    let phone = Phone { folder, account };
    let reading = || phone.account.feeds().iter().any(|feed| feed.feed == "alarms" && feed.running);
    phone.until("alarms are being read", |_| reading()).await;
    let mut sleeps = 0;
    while phone.account.state().read_at.is_none() && sleeps < 200 {
        phone.account.suspend().await.unwrap();
        let open = std::fs::read_dir("/proc/self/fd").unwrap().filter_map(|entry| entry.ok());
        let inside = phone.folder.path().canonicalize().unwrap();
        let open = open.filter_map(|entry| std::fs::read_link(entry.path()).ok());
        assert_eq!(open.filter(|path| path.starts_with(&inside)).count(), 0, "all files are closed");
        phone.account.resume().await.unwrap();
        sleeps += 1;
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert!(sleeps > 0);
    phone.until("everything was read", |state| state.read_at.is_some()).await;
    assert_eq!(phone.list(AlarmFilter::default()).await.rows, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn before_the_people_were_read_one_can_be_made_responsible_and_the_server_decides() {
    let backend = Backend::demo().await;
    let path = format!("/onsite/v1/organizations/{}/feeds/people", backend.organization(0));
    backend.server.faults().always(&path, onsite_server::Fault::Status(503));
    let folder = tempfile::tempdir().unwrap();
    let config = crate::support::config(folder.path(), &backend.server.base_url());
    let (account, _) = onsite::account::Account::open(config).await.unwrap();
    let who = backend.person(0, Role::Administrator);
    account.sign_in(&who.0, &secrecy::SecretString::from(who.1)).await.unwrap();
    let phone = Phone { folder, account };
    let read = || phone.account.feeds().iter().any(|feed| feed.feed == "alarms" && feed.read_at.is_some());
    phone.until("alarms were read", |_| read()).await;
    assert!(phone.account.people(backend.organization(0)).await.unwrap().is_empty());
    let active = AlarmFilter { status: Some(Status::Active), ..AlarmFilter::default() };
    let id = phone.list(active).await.rows.iter().find(|row| row.acknowledged.is_none()).unwrap().id;
    acknowledge(&phone, id).await;
    phone.until("on the server", |state| state.waiting == 0 && state.parked == 0).await;
    assert_eq!(phone.account.alarms().history(id).await.unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_own_file_that_breaks_while_the_app_sleeps_is_written_again_from_memory() {
    let backend = Backend::demo().await;
    let who = backend.person(0, Role::Administrator);
    let phone = Phone::signed_in(&backend, &who).await;
    let rows = phone.list(AlarmFilter::default()).await.rows;
    let id = rows.iter().find(|row| row.status == Status::Active && row.acknowledged.is_none()).unwrap().id;
    phone.account.set_offline(true).unwrap();
    phone.until("offline", |state| state.offline).await;
    acknowledge(&phone, id).await;
    phone.account.suspend().await.unwrap();
    std::fs::write(phone.folder.path().join("own.db"), [0x55; 20_000]).unwrap();
    phone.account.resume().await.unwrap();
    let deadline = std::time::Instant::now() + crate::support::PATIENCE;
    while !phone.account.journal(50).await.unwrap().iter().any(|line| line.code == "own_rescued") {
        assert!(std::time::Instant::now() < deadline, "it is told");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let Phone { folder, account } = phone;
    account.shutdown().await;
    let phone = Phone::opened(folder, &backend).await;
    // Session and person were in the file; the action is there when its person is back.
    phone.account.sign_in(&who.0, &secrecy::SecretString::from(who.1)).await.unwrap();
    let deadline = std::time::Instant::now() + crate::support::PATIENCE;
    while phone.account.alarms().history(id).await.unwrap().is_empty() {
        assert!(std::time::Instant::now() < deadline, "never sent: {:?}", phone.account.actions());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    phone.until("confirmed", |state| state.waiting == 0 && state.parked == 0).await;
    assert_eq!(phone.account.alarms().history(id).await.unwrap().len(), 1);
}
