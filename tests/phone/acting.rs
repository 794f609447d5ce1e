//! A7, A8, A9, O2, O3: what a person does arrives, once.

use std::time::Duration;

use onsite::account::ActionStage;
use onsite::alarms::{AlarmFilter, Chosen, MuteUntil, Status};
use onsite::error::Code;
use onsite::sync::overlays::Standing;
use onsite_server::Fault;
use onsite_wire::onsite::Role;
use onsite_wire::rest::{Assignee, AssigneeKind, MuteReason};

use crate::support::{Backend, Phone};

fn active() -> AlarmFilter {
    AlarmFilter { status: Some(Status::Active), ..AlarmFilter::default() }
}

fn me(phone: &Phone) -> Assignee {
    let person = phone.account.state().person.unwrap();
    Assignee { kind: AssigneeKind::Person, id: person.id.0, name: person.name }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_acknowledgement_made_offline_shows_at_once_and_is_sent_once_when_the_signal_is_back() {
    let backend = Backend::demo().await;
    let phone = Phone::signed_in(&backend, &backend.person(0, Role::Administrator)).await;
    let colleague = Phone::signed_in(&backend, &backend.person(0, Role::Viewer)).await;
    let id = phone.list(active()).await.rows.iter().find(|row| row.acknowledged.is_none()).unwrap().id;
    phone.account.set_offline(true).unwrap();
    let receipt = phone.account.alarms().acknowledge(Chosen::These(vec![id]), me(&phone), "on my way").await.unwrap();
    assert_eq!((receipt.actions.len(), receipt.refused.len()), (1, 0), "{receipt:?}");
    let row = phone.row(id).await;
    assert_eq!(
        row.acknowledged.as_ref().map(|a| (a.name.clone(), a.note.as_str())),
        Some((me(&phone).name, "on my way"))
    );
    assert_eq!(row.own_action, Some(Standing::OnPhone));
    phone.until("one waits with a next attempt (O4)", |state| state.waiting == 1 && state.next_attempt.is_some()).await;
    let phone = phone.reopened(&backend).await;
    assert_eq!(phone.row(id).await.own_action, Some(Standing::OnPhone).filter(|_| phone.account.state().waiting == 1));
    phone.until("sent", |state| state.waiting == 0).await;
    phone.until_row(id, "the feed brought it back", |row| row.own_action.is_none()).await;
    colleague.until_row(id, "the colleague sees it", |row| row.acknowledged.is_some()).await;
    let history = colleague.account.alarms().history(id).await.unwrap();
    assert_eq!(history.iter().filter(|entry| entry.kind == "acknowledge").count(), 1, "{history:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_lost_after_the_servers_commit_is_not_applied_twice() {
    let backend = Backend::demo().await;
    let phone = Phone::signed_in(&backend, &backend.person(0, Role::Administrator)).await;
    let id = phone.list(active()).await.rows.iter().find(|row| row.acknowledged.is_none()).unwrap().id;
    backend.server.faults().next("/onsite/v1/actions", 1, Fault::LoseAnswer);
    phone.account.alarms().acknowledge(Chosen::These(vec![id]), me(&phone), "").await.unwrap();
    phone.until("confirmed", |state| state.waiting == 0).await;
    assert_eq!(backend.server.faults().left(), 0);
    let history = phone.account.alarms().history(id).await.unwrap();
    assert_eq!(history.iter().filter(|entry| entry.kind == "acknowledge").count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_people_at_once_the_second_is_told_and_decides() {
    let backend = Backend::demo().await;
    let ada = Phone::signed_in(&backend, &backend.person(0, Role::Administrator)).await;
    let bo = Phone::signed_in(&backend, &backend.person(0, Role::Viewer)).await;
    let id = bo.list(active()).await.rows.iter().find(|row| row.acknowledged.is_none()).unwrap().id;
    bo.account.set_offline(true).unwrap();
    bo.account.alarms().acknowledge(Chosen::These(vec![id]), me(&bo), "mine").await.unwrap();
    // A request's own way counts into when the server believes it was pressed: Ada is later by more than that.
    tokio::time::sleep(Duration::from_millis(1_000)).await;
    ada.account.alarms().acknowledge(Chosen::These(vec![id]), me(&ada), "no, mine").await.unwrap();
    ada.until("Ada's is there", |state| state.waiting == 0).await;
    bo.account.set_offline(false).unwrap();
    bo.until("Bo is told", |state| state.parked == 1).await;
    let own = bo.account.actions().into_iter().next().unwrap();
    let ActionStage::Parked { code, current, .. } = &own.stage else { panic!("{own:?}") };
    assert_eq!(*code, Code::VersionMoved);
    let current = current.as_ref().unwrap();
    assert_eq!(current.by_name, me(&ada).name);
    assert!(current.made_at.unwrap() > current.yours_made_at, "after you, but arrived first");
    bo.until_row(id, "nothing is overwritten", |row| row.acknowledged.as_ref().is_some_and(|a| a.note == "no, mine"))
        .await;
    bo.account.retry(own.id).await.unwrap();
    bo.until("decided", |state| state.parked == 0 && state.waiting == 0).await;
    ada.until_row(id, "Bo's now", |row| row.acknowledged.as_ref().is_some_and(|a| a.note == "mine")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_decides_a_conflict_before_the_feed_has_come_decides_over_what_the_conflict_showed() {
    let backend = Backend::demo().await;
    let ada = Phone::signed_in(&backend, &backend.person(0, Role::Administrator)).await;
    let bo = Phone::signed_in(&backend, &backend.person(0, Role::Viewer)).await;
    let id = bo.list(active()).await.rows.iter().find(|row| row.acknowledged.is_none()).unwrap().id;
    let changes = format!("/rest/v1/organizations/{}/alarm-changes", backend.organization(0));
    backend.server.faults().always(&changes, Fault::LoseRequest);
    ada.account.alarms().acknowledge(Chosen::These(vec![id]), me(&ada), "no, mine").await.unwrap();
    ada.until("Ada's is there", |state| state.waiting == 0).await;
    bo.account.alarms().acknowledge(Chosen::These(vec![id]), me(&bo), "mine").await.unwrap();
    bo.until("Bo is told", |state| state.parked == 1).await;
    bo.account.retry(bo.account.actions()[0].id).await.unwrap();
    bo.until("decided, one way or the other", |state| state.waiting == 0).await;
    assert_eq!(bo.account.actions()[0].stage, ActionStage::OnServer);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_viewer_is_not_offered_a_mute_and_a_cleared_alarm_cannot_be_muted() {
    let backend = Backend::demo().await;
    let admin = Phone::signed_in(&backend, &backend.person(0, Role::Administrator)).await;
    let viewer = Phone::signed_in(&backend, &backend.person(0, Role::Viewer)).await;
    let until = MuteUntil::For(Duration::from_secs(3_600));
    let id = viewer.list(active()).await.rows[0].id;
    let receipt = viewer.account.alarms().mute(Chosen::These(vec![id]), until, MuteReason::Nuisance, "").await.unwrap();
    assert_eq!(receipt.refused[0].1.code, Code::NotAllowed);
    let cleared = AlarmFilter { status: Some(Status::Cleared), ..AlarmFilter::default() };
    let id = admin.list(cleared).await.rows[0].id;
    let receipt = admin.account.alarms().mute(Chosen::These(vec![id]), until, MuteReason::Nuisance, "").await.unwrap();
    assert_eq!(receipt.refused[0].1.code, Code::AlarmCleared);
    assert_eq!(admin.account.state().waiting, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_mute_of_a_device_covers_its_components() {
    let backend = Backend::demo().await;
    let phone = Phone::signed_in(&backend, &backend.person(0, Role::Administrator)).await;
    let rows = phone.list(active()).await.rows;
    let parent = |id| {
        backend.documents[0].inventory_objects.iter().find_map(|object| match object {
            onsite_wire::rest::InventoryObject::Device(device) if device.id == id => device.parent_id,
            _ => None,
        })
    };
    let Some((row, parent)) =
        rows.iter().filter(|row| row.muted.is_none()).find_map(|row| Some((row, parent(row.device)?)))
    else {
        panic!("the demonstration has an active alarm of a component");
    };
    let until = MuteUntil::For(Duration::from_secs(3_600));
    let receipt = phone.account.alarms().mute_device(parent, until, MuteReason::UnderRepair, "").await.unwrap();
    assert_eq!(receipt.actions.len(), 1, "{receipt:?}");
    let muted = phone.row(row.id).await.muted.expect("muted at once");
    assert_eq!((muted.device, muted.reason), (Some(parent), MuteReason::UnderRepair));
    phone.until("sent", |state| state.waiting == 0).await;
    phone.account.alarms().unmute_device(parent).await.unwrap();
    assert!(phone.row(row.id).await.muted.is_none());
    phone.until("lifted", |state| state.waiting == 0 && state.parked == 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_storm_is_acknowledged_by_one_call_with_one_result() {
    let backend = Backend::of_size(6_000, 60).await;
    let phone = Phone::signed_in(&backend, &backend.person(0, Role::Administrator)).await;
    let all = Chosen::AllOf(AlarmFilter { organization: Some(backend.organization(0)), ..AlarmFilter::default() });
    let receipt = phone.account.alarms().acknowledge(all, me(&phone), "storm").await.unwrap();
    assert!(receipt.actions.len() > 500, "{}", receipt.actions.len());
    phone.until("all sent", |state| state.waiting == 0).await;
    let outcome = phone.account.outcome(&receipt);
    assert_eq!((outcome.done, outcome.waiting), (receipt.actions.len(), 0), "{outcome:?}");
}
