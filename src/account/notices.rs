//! What the notifications need of the account's task: the inbox is emptied, what the feed brought is announced, and the server
//! is told where pushes go and what was shown.

use std::sync::Arc;

use onsite_wire::onsite::{NoticeReport, NoticeReports, Registered};

use super::driver::{Driver, Message};
use super::signal::Signal;
use crate::journal::Line;
use crate::net::{self, Http};
use crate::notifications::{
    self, CourierEvent, Desk, End, Errand, Errands, ToTell, ToldOfPush, set_told, stored, told_reports, untold,
};
use crate::store::{Fault, Store};
use crate::sync::pull::{failure, server_now};
use crate::sync::schedule::Failure;
use crate::time::Timestamp;

impl Driver {
    /// Takes in what the extension kept, once it is known whose account it is.
    pub(super) async fn empty_inbox(&mut self) -> Result<(), Fault> {
        if self.person.is_none() {
            return Ok(());
        }
        let (desk, moment) = (Arc::clone(&self.parts.desk), self.now());
        let now = server_now(&self.parts.puller.http);
        let emptied = self.parts.store.write(move |writer| desk.empty_inbox(writer, &moment, now)).await?;
        if emptied.taken + emptied.aside > 0 {
            let detail = format!("taken={} aside={}", emptied.taken, emptied.aside);
            self.note(Line::new(moment.wall, "inbox_emptied").saying(detail));
        }
        if emptied.taken > 0 {
            self.step_courier(CourierEvent::Due(Errand::Report));
        }
        Ok(())
    }

    /// The feed brought these.
    pub(super) async fn notices_came(&mut self, rows: Vec<i64>) -> Result<(), Fault> {
        let (desk, moment) = (Arc::clone(&self.parts.desk), self.now());
        let now = server_now(&self.parts.puller.http);
        self.parts.store.write_behind(move |writer| desk.take_from_feed(writer, &rows, &moment, now)).await
    }

    /// Whether the server can be told anything now.
    pub(super) fn courier_looks(&mut self) {
        let is_able = self.parts.session.is_some() && self.signed_in() && !*self.offline.borrow();
        self.step_courier(CourierEvent::Able(is_able));
    }

    /// Somebody signed in: the server knows nothing of this session's pushes unless own.db says so.
    pub(super) fn courier_begins(&mut self) {
        self.courier_looks();
        for errand in [Errand::Register, Errand::Report] {
            self.step_courier(CourierEvent::Due(errand));
        }
    }

    /// One step of the courier, and its effects.
    pub(super) fn step_courier(&mut self, event: CourierEvent) {
        if let CourierEvent::Ended(errand, End::Refused) = event {
            self.note(Line::new(self.now().wall, "courier_refused").saying(format!("{errand:?}")));
        }
        let now = self.now();
        for effect in self.courier.step(event, now.monotonic_ms, Self::random()) {
            match effect {
                Errands::Go(errand) => self.go(errand),
                Errands::WakeAt(at) => self.wake_courier = at,
            }
        }
    }

    fn go(&mut self, errand: Errand) {
        let (store, http) = (self.parts.store.clone(), self.parts.puller.http.clone());
        let (desk, sender) = (Arc::clone(&self.parts.desk), self.parts.sender.clone());
        let mut signal = Signal::of(&self.offline);
        self.running.push(tokio::spawn(async move {
            let gone = async {
                match errand {
                    Errand::Register => register(&store, &http, &desk).await,
                    Errand::Report => report(&store, &http).await,
                }
            };
            let end = match signal.unless_gone(gone).await {
                Some(Ok(end)) => end,
                Some(Err(trouble)) => trouble,
                None => End::Failed { retry_after_ms: None },
            };
            drop(sender.send(Message::Courier(CourierEvent::Ended(errand, end))));
        }));
    }
}

fn of_store(_: Fault) -> End {
    // Full, closed or damaged: the next attempt finds it mended.
    End::Failed { retry_after_ms: None }
}

fn of_net(fault: &net::Fault) -> End {
    match failure(fault) {
        Failure::Refused => End::Refused,
        Failure::Busy { retry_after_ms } | Failure::Fault { retry_after_ms } => End::Failed { retry_after_ms },
        Failure::Unreachable | Failure::SignedOut => End::Failed { retry_after_ms: None },
    }
}

/// Tells the server where pushes go, if it does not know.
async fn register(store: &Store, http: &Http, desk: &Desk) -> Result<End, End> {
    let known = store.read(|reading| reading.own(stored)).await.map_err(of_store)?;
    let now = server_now(http);
    let told = match known.to_tell(desk.identity.as_ref(), now) {
        ToTell::Nothing(again_ms) => return Ok(End::Done { again_ms }),
        ToTell::Unregister => {
            http.delete("onsite/v1/push/registration").await.map_err(|fault| of_net(&fault))?;
            None
        }
        ToTell::Register(registration) => {
            let answer = http.put::<_, Registered>("onsite/v1/push/registration", &*registration).await;
            let registered = answer.map_err(|fault| of_net(&fault))?.body;
            known.address.map(|address| ToldOfPush {
                address,
                installation: registration.installation,
                public_key: registration.public_key,
                at: now,
                until: registered.until,
            })
        }
    };
    let again_ms = told.is_some().then_some(notifications::REGISTERED_AGAIN_MS);
    store.write(move |writer| writer.own(|own| set_told(own, told.as_ref()))).await.map_err(of_store)?;
    Ok(End::Done { again_ms })
}

/// Tells the server what was shown and opened.
async fn report(store: &Store, http: &Http) -> Result<End, End> {
    let news = store.read(|reading| reading.own(untold)).await.map_err(of_store)?;
    if news.is_empty() {
        return Ok(End::Done { again_ms: None });
    }
    let now = server_now(http);
    let ago = |at: Option<Timestamp>| at.map(|at| now.millis_since(at).max(0));
    let reports = news.iter().map(|one| NoticeReport {
        organization_id: one.organization,
        key: one.key.clone(),
        shown_ms_ago: ago(one.shown_at),
        opened_ms_ago: ago(one.opened_at),
    });
    let reports = NoticeReports { reports: reports.collect() };
    http.tell("onsite/v1/notices/reports", &reports).await.map_err(|fault| of_net(&fault))?;
    store.write(move |writer| writer.own(|own| told_reports(own, &news))).await.map_err(of_store)?;
    // There may be more than one answer's worth.
    Ok(End::Done { again_ms: Some(0) })
}

/// What the notifications tell the account's task.
pub(super) fn message(telling: notifications::Telling) -> Message {
    match telling {
        notifications::Telling::Refresh(organization) => Message::Refresh(Some(organization)),
        notifications::Telling::Courier(event) => Message::Courier(event),
    }
}
