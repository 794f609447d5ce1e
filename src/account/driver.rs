//! Does what the outbox and the schedule decide: one task that takes events in, one after the other, performs effects in
//! their order, and starts what takes long beside itself.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use onsite_wire::codes::Code;
use onsite_wire::ids::{ActionId, OrganizationId};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;

use super::members::{self, Membership};
use super::own_file;
use super::view::{Scene, View};
use crate::alarms;
use crate::duty;
use crate::error::Error;
use crate::journal::{self, Line};
use crate::net;
use crate::notifications::{Courier, CourierEvent, Desk};
use crate::photos::{self, Shelf, Uploads};
use crate::session::Session;
use crate::store::{Fault, Rescued, Store};
use crate::sync::gaps;
use crate::sync::outbox::{self, Draft, Outbox};
use crate::sync::overlays::Overlays;
use crate::sync::pull::{Pullable, Pulled, Puller, server_now};
use crate::sync::schedule::{self, Schedule};
use crate::time::{Clock, Moment, Timestamp};

/// Who may see what is asked anew at least this often.
const MEMBERSHIP_MS: i64 = 15 * 60_000;
/// Without an answer to that it is asked again this soon.
const MEMBERSHIP_AGAIN_MS: i64 = 30_000;
/// The longest sleep: clocks may be set while nothing happens.
const LONGEST_SLEEP: Duration = Duration::from_secs(30);

/// What the driver is told.
pub(super) enum Message {
    /// A person acted; answered when it is stored and shown.
    Made(Vec<Draft>, oneshot::Sender<Result<Vec<Result<ActionId, Code>>, Error>>),
    /// A person lets go of an action.
    Discard(ActionId, oneshot::Sender<Result<(), Error>>),
    Outbox(outbox::Event),
    Schedule(schedule::Event),
    Photos(photos::Event),
    Pulled(schedule::Feed, u64, Pulled),
    /// The session may stand elsewhere.
    Session,
    Offline(bool),
    Front(bool),
    Refresh(Option<OrganizationId>),
    NetworkChanged,
    ClockChanged,
    Membership(Result<Membership, net::Fault>),
    /// The event stream is open.
    StreamUp(u64),
    /// Something that duty looks at; answered when it has had its effects.
    Duty(duty::Event, Option<duty::room::Done>),
    /// Somebody looks at a chat, or away.
    Looked(crate::incidents::Looked),
    /// Something that gaps look at.
    Gaps(gaps::Event),
    /// Sites or their fences are others now.
    SitesChanged,
    /// The feed brought unread notifications, by their row numbers.
    NoticesCame(Vec<i64>),
    /// Something for the courier.
    Courier(CourierEvent),
    /// cache.db was damaged and began anew.
    CacheReplaced,
    /// own.db was damaged while the phone slept; this was saved of it.
    OwnRescued(Rescued),
    Stop(oneshot::Sender<()>),
}

/// What the driver works with.
pub(super) struct Parts {
    pub(super) store: Store,
    pub(super) puller: Puller,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) session: Option<Session>,
    pub(super) overlays: Arc<Overlays>,
    pub(super) feeds: Vec<Arc<dyn Pullable>>,
    pub(super) view: Arc<Mutex<View>>,
    pub(super) changed: watch::Sender<u64>,
    pub(super) sender: mpsc::UnboundedSender<Message>,
    pub(super) duty: Arc<duty::room::Shared>,
    pub(super) on_line: Arc<dyn Fn(&Line) + Send + Sync>,
    pub(super) shelf: Shelf,
    pub(super) desk: Arc<Desk>,
}

pub(super) struct Driver {
    pub(super) parts: Parts,
    pub(super) outbox: Option<Outbox>,
    pub(super) uploads: Uploads,
    pub(super) schedule: Schedule,
    pub(super) person: Option<crate::session::Person>,
    pub(super) offline: watch::Sender<bool>,
    pub(super) stream: Option<JoinHandle<()>>,
    pub(super) running: Vec<JoinHandle<()>>,
    pub(super) deadline: Option<Timestamp>,
    pub(super) membership_at: Option<Moment>,
    pub(super) asking_membership: bool,
    /// Why the last asking which organizations there are failed.
    pub(super) membership_trouble: Option<Code>,
    pub(super) known: BTreeSet<OrganizationId>,
    pub(super) lines: Vec<Line>,
    /// When the event stream was heard last, by the wall clock.
    pub(super) heard_at: Option<Timestamp>,
    /// Why the last read of a feed failed.
    pub(super) troubles: BTreeMap<schedule::Feed, Code>,
    /// What own.db has of the server's clock.
    kept_clock: Option<net::KeptClock>,
    pub(super) wake_outbox: Option<i64>,
    pub(super) wake_schedule: Option<i64>,
    pub(super) wake_photos: Option<i64>,
    pub(super) wake_duty: Option<i64>,
    pub(super) wake_courier: Option<i64>,
    pub(super) courier: Courier,
    /// The organization of the site that was said last.
    pub(super) claimed_in: Option<OrganizationId>,
    /// What duty was told last of its actions.
    pub(super) heard: duty::Heard,
    /// Why claims were not taken that duty has not been told of.
    pub(super) claims_refused: Vec<Code>,
    /// A setting that is written in the same transaction as the next record of the outbox.
    pub(super) beside: Option<(&'static str, String)>,
    pub(super) gaps: gaps::Gaps,
    /// What each view of a chat shows.
    pub(super) looked_at: BTreeMap<u64, crate::incidents::Shown>,
    pub(super) wake_gaps: Option<i64>,
}

impl Driver {
    pub(super) fn new(parts: Parts) -> Self {
        Self {
            parts,
            outbox: None,
            uploads: Uploads::default(),
            schedule: Schedule::new(),
            person: None,
            offline: watch::Sender::new(false),
            stream: None,
            running: Vec::new(),
            deadline: None,
            membership_at: None,
            asking_membership: false,
            membership_trouble: None,
            known: BTreeSet::new(),
            lines: Vec::new(),
            heard_at: None,
            troubles: BTreeMap::new(),
            kept_clock: None,
            wake_outbox: None,
            wake_schedule: None,
            wake_photos: None,
            wake_duty: None,
            wake_courier: None,
            courier: Courier::default(),
            claimed_in: None,
            heard: duty::Heard::default(),
            claims_refused: Vec::new(),
            beside: None,
            gaps: gaps::Gaps::default(),
            looked_at: BTreeMap::new(),
            wake_gaps: None,
        }
    }

    pub(super) fn now(&self) -> Moment {
        self.parts.clock.now()
    }

    pub(super) fn random() -> u64 {
        getrandom::u64().unwrap_or_default()
    }

    /// Brings the account to life from its files, before anything is asked of the network.
    pub(super) async fn begin(&mut self) -> Result<(), Fault> {
        let members = self.parts.store.read(|reading| members::stored(reading.cache)).await?;
        self.session_changed().await?;
        for organization in members.organizations {
            let offers = members::offers(&organization, &self.parts.feeds);
            self.open_organization(&organization.id, &offers).await?;
        }
        self.pass_deadlines().await?;
        let effects = self.schedule.step(schedule::Event::Front(true), &self.now(), Self::random());
        self.perform_schedule(effects).await?;
        self.hear_of_duty().await;
        self.ask_membership();
        self.show();
        Ok(())
    }

    /// Takes events in until it is told to stop or everybody is gone.
    pub(super) async fn run(mut self, mut receiver: mpsc::UnboundedReceiver<Message>) {
        loop {
            let message = tokio::select! {
                message = receiver.recv() => match message {
                    Some(message) => Some(message),
                    None => break,
                },
                () = tokio::time::sleep(self.until_due()) => None,
            };
            if let Some(Message::Stop(done)) = message {
                self.halt();
                // Nobody may wait for it any more.
                let _ = done.send(());
                break;
            }
            // A full or closed disk is told to whoever asked; the driver itself goes on and tries again.
            if let Err(fault) = self.take(message).await {
                let error = Error::from(fault);
                let detail = error.arguments.values().cloned().collect::<Vec<_>>().join(" ");
                self.note(Line::new(self.now().wall, "fault").saying(format!("{} {detail}", error.code)));
            }
            self.show();
        }
        self.halt();
    }

    fn halt(&mut self) {
        self.running.drain(..).for_each(|task| task.abort());
        if let Some(stream) = self.stream.take() {
            stream.abort();
        }
    }

    fn until_due(&self) -> Duration {
        let now = self.now();
        let by_steps =
            [self.wake_outbox, self.wake_schedule, self.wake_duty, self.wake_photos, self.wake_gaps, self.wake_courier];
        let by_steps = by_steps.into_iter().flatten().min();
        let by_steps = by_steps.map(|at| at.saturating_sub(now.monotonic_ms));
        let by_deadline = self.deadline.map(|at| at.millis_since(server_now(&self.parts.puller.http)) + 1);
        let wait = by_steps.into_iter().chain(by_deadline).min().unwrap_or(i64::MAX).max(0);
        Duration::from_millis(u64::try_from(wait).unwrap_or(u64::MAX)).min(LONGEST_SLEEP)
    }

    async fn take(&mut self, message: Option<Message>) -> Result<(), Fault> {
        match message {
            Some(Message::Made(drafts, answer)) => {
                let done = self.made_by_hand(drafts).await;
                // Whoever acted finds the state to be as the action left it.
                self.show();
                drop(answer.send(done.map_err(Error::from)));
            }
            Some(Message::Discard(id, answer)) => {
                let done = self.discard(id).await;
                self.show();
                drop(answer.send(done));
            }
            Some(Message::Outbox(event)) => self.step_outbox(event).await.map(drop)?,
            Some(Message::Schedule(event)) => {
                if matches!(event, schedule::Event::StreamBeat { .. } | schedule::Event::Rung { .. }) {
                    self.heard_at = Some(self.now().wall);
                }
                self.step_schedule(event).await?;
            }
            Some(Message::Photos(event)) => self.step_photos(event),
            Some(Message::Pulled(feed, ticket, pulled)) => self.pulled(feed, ticket, pulled).await?,
            Some(Message::Session) => self.session_changed().await?,
            Some(Message::Offline(offline)) => self.set_offline(offline).await?,
            Some(Message::Front(front)) => {
                if front {
                    self.empty_inbox().await?;
                }
                self.step_schedule(schedule::Event::Front(front)).await?;
                self.step_gaps(gaps::Event::Reachable).await?;
                self.ask_membership();
            }
            Some(Message::Refresh(organization)) => {
                self.step_schedule(schedule::Event::Refresh(organization)).await?;
                self.step_outbox(outbox::Event::Nudged).await.map(drop)?;
                self.step_photos(photos::Event::Nudged);
            }
            Some(Message::NetworkChanged) => self.network_changed().await?,
            Some(Message::Duty(event, done)) => self.duty_event(event, done).await,
            Some(Message::Looked(looked)) => self.looked(looked).await?,
            Some(Message::Gaps(event)) => self.step_gaps(event).await?,
            Some(Message::SitesChanged) => self.sites_changed().await?,
            Some(Message::NoticesCame(rows)) => self.notices_came(rows).await?,
            Some(Message::Courier(event)) => self.step_courier(event),
            Some(Message::CacheReplaced) => self.cache_replaced().await?,
            Some(Message::OwnRescued(rescued)) => self.own_rescued(rescued).await?,
            Some(Message::ClockChanged) | None | Some(Message::Stop(_)) => {}
            Some(Message::Membership(found)) => self.take_membership(found).await?,
            Some(Message::StreamUp(ticket)) => {
                self.note(Line::new(self.now().wall, "stream_up"));
                self.step_schedule(schedule::Event::StreamUp { ticket }).await?;
                self.ask_membership();
            }
        }
        self.pass_time().await?;
        self.hear_of_duty().await;
        self.keep_clock().await?;
        self.flush().await
    }

    /// Keeps what is known of the server's clock for the next process, when it says something new.
    async fn keep_clock(&mut self) -> Result<(), Fault> {
        let found = self.parts.puller.http.server_clock().to_keep(&self.now());
        let Some(new) = found.filter(|new| !self.kept_clock.is_some_and(|kept| kept.agrees(new))) else {
            return Ok(());
        };
        self.parts.store.write_behind(move |writer| writer.own(|own| own_file::keep_clock(own, &new))).await?;
        self.kept_clock = Some(new);
        Ok(())
    }

    /// What time alone brings.
    async fn pass_time(&mut self) -> Result<(), Fault> {
        let now = self.now();
        if self.wake_outbox.is_some_and(|at| at <= now.monotonic_ms) {
            self.step_outbox(outbox::Event::Tick).await?;
        }
        if self.wake_schedule.is_some_and(|at| at <= now.monotonic_ms) {
            self.step_schedule(schedule::Event::Tick).await?;
        }
        if self.wake_photos.is_some_and(|at| at <= now.monotonic_ms) {
            self.step_photos(photos::Event::Tick);
        }
        if self.wake_duty.is_some_and(|at| at <= now.monotonic_ms) {
            self.duty_happens(duty::Event::Tick).await;
        }
        if self.wake_gaps.is_some_and(|at| at <= now.monotonic_ms) {
            self.step_gaps(gaps::Event::Tick).await?;
        }
        if self.wake_courier.is_some_and(|at| at <= now.monotonic_ms) {
            self.step_courier(CourierEvent::Tick);
        }
        let every = if self.membership_trouble.is_some() { MEMBERSHIP_AGAIN_MS } else { MEMBERSHIP_MS };
        if self.membership_at.is_some_and(|at| now.since(&at).0 > every) {
            self.ask_membership();
        }
        if self.deadline.is_some_and(|at| at <= server_now(&self.parts.puller.http)) {
            self.pass_deadlines().await?;
        }
        self.running.retain(|task| !task.is_finished());
        Ok(())
    }

    pub(super) fn note(&mut self, line: Line) {
        (self.parts.on_line)(&line);
        self.lines.push(line);
    }

    /// Writes the flight recorder's lines behind everything else.
    async fn flush(&mut self) -> Result<(), Fault> {
        if self.lines.is_empty() {
            return Ok(());
        }
        let lines = std::mem::take(&mut self.lines);
        self.parts.store.write_behind(move |writer| writer.own(|own| journal::write(own, &lines))).await
    }

    pub(super) async fn next_deadline(&self) -> Result<Option<Timestamp>, Fault> {
        self.parts.store.read(|reading| alarms::next_deadline(reading.cache)).await
    }

    async fn pass_deadlines(&mut self) -> Result<(), Fault> {
        let now = server_now(&self.parts.puller.http);
        let (moments, next) = self
            .parts
            .store
            .write(move |writer| {
                writer.cache(|cache, changes| {
                    let moments = alarms::pass_deadlines(cache, changes, now)?;
                    Ok((moments, alarms::next_deadline(cache)?))
                })
            })
            .await?;
        self.deadline = next;
        for moment in moments {
            let code = if moment.ended { "mute_ended" } else { "mute_ends_soon" };
            let subject = match moment.target {
                alarms::MuteTarget::Alarm(id) => id.0,
                alarms::MuteTarget::Device(id) => id.0,
            };
            self.note(Line::new(self.now().wall, code).of(moment.organization).about(subject));
        }
        Ok(())
    }

    async fn set_offline(&mut self, offline: bool) -> Result<(), Fault> {
        if *self.offline.borrow() == offline {
            return Ok(());
        }
        // What is under way ends as it would when the signal goes: each task hears of it and reports its end.
        self.offline.send_replace(offline);
        self.note(Line::new(self.now().wall, if offline { "offline" } else { "online" }));
        self.courier_looks();
        self.network_changed().await
    }

    async fn network_changed(&mut self) -> Result<(), Fault> {
        if let Some(session) = &self.parts.session {
            session.network_changed();
        }
        self.step_schedule(schedule::Event::NetworkChanged).await?;
        self.step_gaps(gaps::Event::Reachable).await?;
        self.step_outbox(outbox::Event::Nudged).await?;
        self.step_photos(photos::Event::Nudged);
        self.step_courier(CourierEvent::Nudged);
        self.ask_membership();
        Ok(())
    }

    /// All that was fetched is fetched again. What the person did lies in own.db, and over each row as it comes.
    async fn cache_replaced(&mut self) -> Result<(), Fault> {
        self.note(Line::new(self.now().wall, "cache_replaced"));
        self.lay_over_own().await?;
        self.step_schedule(schedule::Event::CopiesGone).await?;
        self.ask_membership();
        self.pass_deadlines().await
    }

    /// The actions are all in memory still: they are written again, whatever could be read of the file.
    async fn own_rescued(&mut self, rescued: Rescued) -> Result<(), Fault> {
        let detail = format!("rows={} torn={}", rescued.rows, rescued.torn_tables);
        self.note(Line::new(self.now().wall, "own_rescued").saying(detail));
        let put = self.outbox.iter().flat_map(Outbox::entries).cloned().collect();
        self.record(Some(outbox::Record { put, forget: Vec::new() }), BTreeSet::new()).await
    }

    /// Draws the picture that everybody else reads.
    pub(super) fn show(&self) {
        let now = self.now();
        let scene = Scene {
            outbox: self.outbox.as_ref(),
            uploads: &self.uploads,
            schedule: &self.schedule,
            troubles: &self.troubles,
            // Where organizations are known, their feeds say what is wrong.
            membership_trouble: self.membership_trouble.filter(|_| self.known.is_empty()),
            session: self.parts.session.as_ref(),
            offline: *self.offline.borrow(),
            heard_at: self.heard_at,
            now,
        };
        *self.parts.view.lock().unwrap_or_else(PoisonError::into_inner) = scene.draw();
        self.parts.changed.send_modify(|version| *version += 1);
    }
}
