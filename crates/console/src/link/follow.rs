//! What is told without being asked: where the account stands, the person's own actions, how far the last deed has come.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use onsite_wire::ids::{AlarmId, DeviceId, IncidentId, Uuid};
use onsite_wire::onsite::{Subject, SubjectKind};

use super::{Messages, Receipts};
use crate::api::{Account, AccountState, AlarmFilter, AlarmSort, Outcome, OwnAction, Receipt};
use crate::app::message::Message;
use crate::screens::actions::urgency;

/// Ages grow on the screen by the second.
const SECOND: Duration = Duration::from_secs(1);

/// Tells until nobody listens.
pub async fn follow(account: Account, messages: Messages, receipts: Receipts) {
    let mut changes = account.changes();
    let mut named = HashSet::new();
    let mut told: Option<(Outcome, Receipt)> = None;
    let (mut state, mut since) = (account.state(), Instant::now());
    let (mut actions, mut photos) = (Vec::new(), Vec::new());
    loop {
        let is_news = tokio::select! {
            changed = changes.changed() => match changed {
                Ok(()) => true,
                Err(_) => return,
            },
            () = tokio::time::sleep(SECOND) => false,
        };
        let fresh = account.state();
        if is_news || fresh != state {
            (state, since) = (fresh, Instant::now());
        }
        if messages.send(Message::State(Box::new(aged(&state, since.elapsed())))).is_err() {
            return;
        }
        let own = in_order(account.actions());
        if own != actions {
            name(&account, &messages, &mut named, &own).await;
            messages.send(Message::Actions(own.clone())).ok();
            actions = own;
        }
        let on_way = account.photos();
        if on_way != photos {
            messages.send(Message::Photos(on_way.clone())).ok();
            photos = on_way;
        }
        if let Some((deed, receipt)) = receipts.last() {
            let news = (account.outcome(&receipt), receipt);
            if told.as_ref() != Some(&news) {
                messages.send(Message::Outcome(deed, news.0.clone())).ok();
                told = Some(news);
            }
        }
    }
}

/// The state so long after it was told.
fn aged(state: &AccountState, by: Duration) -> AccountState {
    let by = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
    AccountState {
        now: state.now.plus_millis(by),
        age_ms: state.age_ms.map(|age| age.saturating_add(by)),
        ..state.clone()
    }
}

/// What needs a decision first, then what waits, then what is done; each the newest first.
fn in_order(mut actions: Vec<OwnAction>) -> Vec<OwnAction> {
    actions.sort_by_key(urgency);
    actions
}

/// Tells the names of what actions are about, each once.
async fn name(account: &Account, messages: &Messages, named: &mut HashSet<Uuid>, actions: &[OwnAction]) {
    let mut names = Vec::new();
    for action in actions {
        if !named.contains(&action.subject.id)
            && let Some(label) = label(account, action.subject).await
        {
            named.insert(action.subject.id);
            names.push((action.subject.id, label));
        }
    }
    if !names.is_empty() {
        messages.send(Message::Names(names)).ok();
    }
}

async fn label(account: &Account, subject: Subject) -> Option<String> {
    match subject.kind {
        SubjectKind::Alarm => {
            let row = account.alarms().detail(AlarmId(subject.id)).await.ok()?.row;
            Some(format!("{} · {}", row.label, row.device_label))
        }
        SubjectKind::Incident => {
            let row = account.incidents().page(IncidentId(subject.id)).await.ok()?.row;
            Some(format!("{} · {}", row.subject, row.device_label))
        }
        SubjectKind::Device => {
            let filter = AlarmFilter { device: Some(DeviceId(subject.id)), ..AlarmFilter::default() };
            let mut window = account.alarms().window(filter, AlarmSort::Newest, 1);
            let mut rows = Vec::new();
            window.next().await?.rows.apply(&mut rows);
            rows.first().map(|row| row.device_label.clone())
        }
        // The action kept the person's name.
        SubjectKind::Person => None,
    }
}
