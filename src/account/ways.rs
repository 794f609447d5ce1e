//! The ways from the rooms and the files to the account's task, and what the rooms are told of the account.

use std::sync::{Arc, Mutex, PoisonError};

use onsite_wire::codes::Code;
use onsite_wire::ids::PersonId;
use tokio::sync::{mpsc, oneshot, watch};

use super::driver::Message;
use super::notices;
use super::view::View;
use crate::alarms::Alarms;
use crate::duty::{self, DutyRoom, SitesChanged};
use crate::error::Error;
use crate::incidents::Looked;
use crate::notifications::{self, Desk, NoticesCame};
use crate::session::Person;
use crate::store::{Replaced, Store};
use crate::sync::handover::{Handover, Made};

/// Whoever looks at a chat, or away, tells the task.
pub(super) fn looker(sender: &mpsc::UnboundedSender<Message>) -> Arc<dyn Fn(Looked) + Send + Sync> {
    let sender = sender.downgrade();
    // Whoever looks on after the account was closed sees what is there.
    Arc::new(move |looked| {
        if let Some(sender) = sender.upgrade() {
            drop(sender.send(Message::Looked(looked)));
        }
    })
}

/// The way into the outbox.
pub(super) fn handover(sender: &mpsc::UnboundedSender<Message>) -> Handover {
    let sender = sender.downgrade();
    Handover::to(move |drafts| {
        let (answer, answered) = oneshot::channel();
        // Taken here, before anybody awaits: a caller that is dropped drops only its wait.
        if let Some(sender) = sender.upgrade() {
            drop(sender.send(Message::Made(drafts, answer)));
        }
        Box::pin(async move {
            let made: Result<Made, Error> = answered.await.unwrap_or_else(|_| Err(Error::new(Code::StoreClosed)));
            made
        })
    })
}

/// The room of duty.
pub(super) fn duty_room(
    alarms: &Alarms,
    shared: Arc<duty::room::Shared>,
    sender: &mpsc::UnboundedSender<Message>,
) -> DutyRoom {
    let sender = sender.downgrade();
    DutyRoom {
        store: alarms.store.clone(),
        http: alarms.puller.http.clone(),
        directory: alarms.directory.clone(),
        shared,
        handover: alarms.handover.clone(),
        teller: Arc::new(move |event, done| {
            let sender = sender.upgrade().ok_or_else(|| Error::new(Code::StoreClosed))?;
            sender.send(Message::Duty(event, done)).map_err(|_| Error::new(Code::StoreClosed))
        }),
    }
}

/// Whose account it is.
pub(super) fn me(view: &Arc<Mutex<View>>) -> Arc<dyn Fn() -> Option<PersonId> + Send + Sync> {
    let person = person(view);
    Arc::new(move || person().map(|person| person.id))
}

/// The same with the name.
pub(super) fn person(view: &Arc<Mutex<View>>) -> Arc<dyn Fn() -> Option<Person> + Send + Sync> {
    let view = Arc::clone(view);
    Arc::new(move || view.lock().unwrap_or_else(PoisonError::into_inner).state.person.clone())
}

/// What the notifications tell the task.
pub(super) fn teller(
    sender: &mpsc::UnboundedSender<Message>,
) -> Arc<dyn Fn(notifications::Telling) -> Result<(), Error> + Send + Sync> {
    let sender = sender.downgrade();
    Arc::new(move |telling| {
        let sender = sender.upgrade().ok_or_else(|| Error::new(Code::StoreClosed))?;
        sender.send(notices::message(telling)).map_err(|_| Error::new(Code::StoreClosed))
    })
}

/// Tells the task, and the phone's system, what commits of cache.db mean to them.
pub(super) fn observe(store: &Store, sender: &mpsc::UnboundedSender<Message>, desk: &Arc<Desk>) {
    let (sender, desk) = (sender.downgrade(), Arc::clone(desk));
    store.observe(move |commit| {
        let Some(sender) = sender.upgrade() else { return false };
        desk.withdraw(commit);
        let mut told = Ok(());
        if commit.of::<SitesChanged>().next().is_some() {
            told = told.and(sender.send(Message::SitesChanged));
        }
        let came: Vec<i64> = commit.of::<NoticesCame>().map(|came| came.0).collect();
        if !came.is_empty() {
            told = told.and(sender.send(Message::NoticesCame(came)));
        }
        if commit.of::<Replaced>().next().is_some() {
            told = told.and(sender.send(Message::CacheReplaced));
        }
        told.is_ok()
    });
}

/// Tells the task when the session may stand elsewhere.
pub(super) async fn follow_session(
    mut changes: watch::Receiver<crate::session::Status>,
    sender: mpsc::WeakUnboundedSender<Message>,
) {
    while changes.changed().await.is_ok() {
        let Some(sender) = sender.upgrade() else { break };
        if sender.send(Message::Session).is_err() {
            break;
        }
    }
}
