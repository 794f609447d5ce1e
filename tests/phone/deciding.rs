//! A8: what came second is told, the list shows what is true, and the person decides: again, something else, or let it go.

use std::time::Duration;

use onsite::account::ActionStage;
use onsite::alarms::{AlarmFilter, AlarmRow, Chosen, Deed, MuteUntil, Status};
use onsite::error::Code;
use onsite_server::Fault;
use onsite_wire::onsite::Role;
use onsite_wire::rest::{Assignee, AssigneeKind, MuteReason};

use crate::support::{Backend, Phone};

fn me(phone: &Phone) -> Assignee {
    let person = phone.account.state().person.unwrap();
    Assignee { kind: AssigneeKind::Person, id: person.id.0, name: person.name }
}

fn muting(hours: u64, text: &str) -> Deed {
    let until = MuteUntil::For(Duration::from_secs(hours * 3_600));
    Deed::Mute { until, reason: MuteReason::KnownIssue, text: text.to_owned() }
}

/// Ada was there first; Bo's phone gets no news of that but by the conflict.
struct Contest {
    backend: Backend,
    ada: Phone,
    bo: Phone,
    row: AlarmRow,
}

impl Contest {
    async fn begins() -> Self {
        let backend = Backend::demo().await;
        let who = backend.person(0, Role::Administrator);
        let (ada, bo) = (Phone::signed_in(&backend, &who).await, Phone::signed_in(&backend, &who).await);
        let active = AlarmFilter { status: Some(Status::Active), ..AlarmFilter::default() };
        let rows = bo.list(active).await.rows;
        let row = rows.into_iter().find(|row| row.acknowledged.is_none() && row.muted.is_none()).unwrap();
        for feed in ["alarm-changes", "inventory-changes"] {
            let changes = format!("/rest/v1/organizations/{}/{feed}", backend.organization(0));
            backend.server.faults().always(&changes, Fault::LoseRequest);
        }
        Self { backend, ada, bo, row }
    }

    fn these(&self) -> Chosen {
        Chosen::These(vec![self.row.id])
    }

    /// Both acknowledge; Bo's is parked.
    async fn acknowledged(&self) -> onsite_wire::ids::ActionId {
        self.ada.account.alarms().acknowledge(self.these(), me(&self.ada), "hers").await.unwrap();
        self.ada.until("Ada's is there", |state| state.waiting == 0).await;
        let receipt = self.bo.account.alarms().acknowledge(self.these(), me(&self.bo), "his").await.unwrap();
        self.bo.until("Bo is told", |state| state.parked == 1).await;
        receipt.actions[0].1
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_shows_what_a_conflict_told_before_the_feed_has_brought_it() {
    let contest = Contest::begins().await;
    contest.acknowledged().await;
    let what = "what is there now";
    let row = contest.bo.until_row(contest.row.id, what, |row| row.acknowledged.is_some()).await;
    assert_eq!((row.acknowledged.unwrap().note.as_str(), row.own_action), ("hers", None));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_mute_of_a_device_that_a_conflict_told_covers_its_alarms_before_the_feed_has_brought_it() {
    let contest = Contest::begins().await;
    let device = contest.row.device;
    let mute = |phone: &Phone, hours: u64, text: &'static str| {
        let alarms = phone.account.alarms().clone();
        let until = MuteUntil::For(Duration::from_secs(hours * 3_600));
        async move { alarms.mute_device(device, until, MuteReason::KnownIssue, text).await.unwrap() }
    };
    mute(&contest.ada, 2, "hers").await;
    contest.ada.until("Ada's is there", |state| state.waiting == 0).await;
    mute(&contest.bo, 1, "his").await;
    contest.bo.until("Bo is told", |state| state.parked == 1).await;
    let is_hers = |row: &AlarmRow| row.muted.as_ref().is_some_and(|mute| mute.text == "hers");
    contest.bo.until_row(contest.row.id, "muted as Ada did", is_hers).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn something_else_can_be_done_instead_and_names_the_action_that_had_no_effect() {
    let contest = Contest::begins().await;
    let parked = contest.acknowledged().await;
    let bo = &contest.bo.account;
    let refused = bo.change(parked, muting(1, "")).await.unwrap_err();
    assert_eq!(refused.code, Code::InputInvalid, "a mute is not another acknowledgement");
    let new = bo.change(parked, Deed::Acknowledge { assignee: me(&contest.ada), note: "ours".into() }).await.unwrap();
    contest.bo.until("decided", |state| state.parked == 0 && state.waiting == 0).await;
    let actions = bo.actions();
    let made = actions.iter().find(|action| action.id == new).unwrap();
    assert_eq!((made.retry_of, &made.stage), (Some(parked), &ActionStage::OnServer));
    assert!(actions.iter().all(|action| action.id != parked), "the old one is settled");
    assert_eq!(bo.change(parked, Deed::Release).await.unwrap_err().code, Code::ActionNotWaiting);
    let notes: Vec<_> = contest.ada.account.alarms().history(contest.row.id).await.unwrap();
    let notes: Vec<_> = notes.iter().filter_map(|entry| entry.details.get("note")).map(String::as_str).collect();
    assert_eq!(notes, ["hers", "ours"], "his first one had no effect");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_action_keeps_the_name_of_what_it_is_about() {
    let contest = Contest::begins().await;
    contest.acknowledged().await;
    let bo = contest.bo.reopened(&contest.backend).await;
    let own = bo.account.actions().into_iter().next().unwrap();
    assert_eq!((own.name.label, own.name.within), (contest.row.label, contest.row.device_label));
    let exported = bo.account.export_diagnostics().await.unwrap();
    assert!(!exported.contains("his"), "no texts in what is sent to those who help");
}
