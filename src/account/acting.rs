//! What the outbox decides, done: recording, laying over, sending.

use std::collections::BTreeSet;
use std::sync::Arc;

use onsite_rules::action::PRESENCE;
use onsite_wire::codes::Code;
use onsite_wire::ids::{ActionId, OrganizationId, PersonId};
use onsite_wire::onsite::{ActionsResponse, CurrentState, Subject, SubjectKind};

use super::driver::{Driver, Message};
use super::own_file;
use super::signal::Signal;
use super::uploading::{announced, of_record};
use crate::alarms;
use crate::devices;
use crate::duty::switch::{is_free_switch, wished};
use crate::error::Error;
use crate::incidents;
use crate::journal::{self, Line};
use crate::net;
use crate::notifications;
use crate::store::{Fault, Writer};
use crate::sync::copies;
use crate::sync::outbox::{self, Answer, Batch, Draft, Entry, Failure, Outbox, Record};
use crate::sync::overlays::{Pending, Standing};
use crate::sync::pull::server_now;
use crate::time::Timestamp;

impl Driver {
    pub(super) async fn made(&mut self, drafts: Vec<Draft>) -> Result<Vec<Result<ActionId, Code>>, Fault> {
        let ids: Vec<ActionId> = drafts.iter().map(|draft| draft.id).collect();
        let now = self.now();
        for draft in &drafts {
            let line = Line::new(now.wall, "action_made").of(draft.organization).about(draft.subject.id);
            self.note(line.action(draft.id).saying(format!("kind={}", draft.kind)));
        }
        let rejected = self.step_outbox(outbox::Event::Made(drafts)).await?;
        Ok(ids
            .into_iter()
            .map(|id| match rejected.iter().find(|(rejected, _)| *rejected == id) {
                Some((_, code)) => Err(*code),
                None => Ok(id),
            })
            .collect())
    }

    pub(super) async fn discard(&mut self, id: ActionId) -> Result<(), Error> {
        let entry = self.outbox.iter().flat_map(Outbox::entries).find(|entry| entry.id == id);
        if entry.is_some_and(is_free_switch) {
            // Who lets go of a switch stands where the one before it left them, or where colleagues read them. Duty goes
            // first: when the app is killed in between, the switch is still there to be let go of.
            let others = self.outbox.iter().flat_map(Outbox::entries).filter(|entry| entry.id != id);
            let before = match wished(others) {
                Some(on) => on,
                None => self.is_read_as_on_duty().await?,
            };
            self.follow_switch(Some(before)).await?;
        }
        let rejected = self.step_outbox(outbox::Event::Discarded(id)).await?;
        self.duty_was_read().await?;
        match rejected.first() {
            Some((_, code)) => Err(Error::new(*code)),
            None => Ok(()),
        }
    }

    /// One step of the outbox, and its effects. Gives back what cannot be done.
    pub(super) async fn step_outbox(&mut self, event: outbox::Event) -> Result<Vec<(ActionId, Code)>, Fault> {
        let now = self.now();
        let Some(outbox) = &mut self.outbox else {
            return Ok(match event {
                outbox::Event::Made(drafts) => drafts.iter().map(|draft| (draft.id, Code::NotSignedIn)).collect(),
                outbox::Event::Discarded(id) => vec![(id, Code::ActionNotWaiting)],
                _ => Vec::new(),
            });
        };
        let effects = outbox.step(event, &now, Self::random());
        let performed = self.perform_outbox(effects).await;
        if performed.is_err() {
            // What is in memory was not recorded: what lies in the file is the truth.
            self.recover_outbox().await?;
        }
        performed
    }

    async fn perform_outbox(&mut self, effects: Vec<outbox::Effect>) -> Result<Vec<(ActionId, Code)>, Fault> {
        let mut record = None;
        let mut subjects = BTreeSet::new();
        let mut rejected = Vec::new();
        let mut batches = Vec::new();
        for effect in effects {
            match effect {
                outbox::Effect::Record(new) => record = Some(new),
                outbox::Effect::Rejected { action, code } => rejected.push((action, code)),
                outbox::Effect::Changed { organization, subject } => {
                    subjects.insert((organization, subject));
                }
                outbox::Effect::LetGo { kind, code, .. } if kind == PRESENCE.name => self.claims_refused.push(code),
                outbox::Effect::LetGo { .. } => {}
                outbox::Effect::Noted(note) => {
                    self.note(Line::new(self.now().wall, "outbox").saying(format!("{note:?}")))
                }
                outbox::Effect::Send(batch) => batches.push(batch),
                outbox::Effect::WakeAt(at) => self.wake_outbox = at,
            }
        }
        if record.is_some() || !subjects.is_empty() {
            self.record(record, subjects).await?;
        }
        for batch in batches {
            self.send(batch);
        }
        Ok(rejected)
    }

    /// First own.db, then its effect on cache.db; then whoever acted is answered.
    pub(super) async fn record(
        &mut self,
        record: Option<Record>,
        subjects: BTreeSet<(OrganizationId, Subject)>,
    ) -> Result<(), Fault> {
        let overlaid: Vec<Overlaid> = subjects
            .into_iter()
            .map(|(organization, subject)| (organization, subject, self.pending(organization, subject)))
            .collect();
        let shown: Vec<(Subject, CurrentState)> =
            record.iter().flat_map(|record| &record.put).filter_map(shown).collect();
        let photos = record.as_ref().map(of_record);
        let overlays = Arc::clone(&self.parts.overlays);
        let now = server_now(&self.parts.puller.http);
        let lines = std::mem::take(&mut self.lines);
        let beside = self.beside.take();
        let relaid = self
            .parts
            .store
            .write(move |writer| {
                writer.own(|own| {
                    if let Some(record) = &record {
                        own_file::record(own, record)?;
                    }
                    if let Some((name, text)) = &beside {
                        own_file::set_setting(own, name, Some(text))?;
                    }
                    journal::write(own, &lines)
                })?;
                for (organization, subject, pending) in &overlaid {
                    overlays.set(*organization, *subject, pending.clone());
                }
                // From here on it is done, whatever becomes of cache.db: a row that is written later has it laid over it.
                Ok(relay(writer, &shown, &overlaid, overlays.person(), now).ok())
            })
            .await?;
        if let Some(deadline) = relaid {
            self.deadline = deadline;
        }
        if let Some((announced, gone)) = photos {
            self.follow_photos(announced, gone);
        }
        Ok(())
    }

    /// Lays pending mutes over devices that the inventory may have brought just now.
    pub(super) async fn lay_over_devices(&mut self) -> Result<(), Fault> {
        let Some(outbox) = &self.outbox else { return Ok(()) };
        let subjects: BTreeSet<(OrganizationId, Subject)> = outbox
            .entries()
            .map(|entry| (entry.organization, entry.subject))
            .filter(|(organization, subject)| {
                subject.kind == SubjectKind::Device && outbox.overlay(*organization, *subject).next().is_some()
            })
            .collect();
        if subjects.is_empty() { Ok(()) } else { self.record(None, subjects).await }
    }

    /// Puts back what stands in cache.db because of the person alone: incidents opened here, messages written in them, how
    /// one chose to be told.
    pub(super) async fn lay_over_own(&mut self) -> Result<(), Fault> {
        let entries = self.outbox.iter().flat_map(Outbox::entries);
        let subjects: BTreeSet<(OrganizationId, Subject)> = entries
            .map(|entry| (entry.organization, entry.subject))
            .filter(|(_, subject)| matches!(subject.kind, SubjectKind::Incident | SubjectKind::Person))
            .collect();
        if subjects.is_empty() { Ok(()) } else { self.record(None, subjects).await }
    }

    /// What the outbox has on a subject, as features read it.
    fn pending(&self, organization: OrganizationId, subject: Subject) -> Vec<Pending> {
        let Some(outbox) = &self.outbox else { return Vec::new() };
        if subject.kind == SubjectKind::Incident {
            outbox.unsettled(organization, subject).filter_map(|entry| self.pending_of(entry)).collect()
        } else {
            outbox.overlay(organization, subject).filter_map(|entry| self.pending_of(entry)).collect()
        }
    }

    fn pending_of(&self, entry: &Entry) -> Option<Pending> {
        let person = self.person.as_ref()?;
        let offset = self.parts.puller.http.server_clock().offset_ms(&self.now()).unwrap_or_default();
        Some(Pending {
            id: entry.id,
            kind: entry.kind.clone(),
            body: entry.body.clone(),
            made_at: entry.made.wall.plus_millis(offset),
            by: person.id,
            by_name: person.name.clone(),
            standing: match entry.state {
                outbox::State::OnServer(_) => Standing::OnServer,
                outbox::State::Waiting(_) | outbox::State::Parked(_) => Standing::OnPhone,
            },
            parked: match &entry.state {
                outbox::State::Parked(parked) => Some(parked.reason.code()),
                outbox::State::Waiting(_) | outbox::State::OnServer(_) => None,
            },
        })
    }

    fn send(&mut self, batch: Batch) {
        let ticket = batch.ticket;
        for action in &batch.actions {
            let line = Line::new(self.now().wall, "action_sent").of(action.organization_id).action(action.id);
            self.note(line.about(action.subject.id));
        }
        let http = self.parts.puller.http.clone();
        let sender = self.parts.sender.clone();
        let mut signal = Signal::of(&self.offline);
        self.running.push(tokio::spawn(async move {
            let answer = if signal.is_gone() {
                Err(Failure::NotReached(Code::NoNetwork))
            } else {
                let request = batch.into_request();
                let sent = signal.unless_gone(http.post::<_, ActionsResponse>("onsite/v1/actions", &request)).await;
                sent.map_or(Err(Failure::Lost), answer_of)
            };
            drop(sender.send(Message::Outbox(outbox::Event::Answered { ticket, answer })));
        }));
    }

    /// Takes the outbox up from own.db, and lays what it holds over cache.db anew.
    pub(super) async fn recover_outbox(&mut self) -> Result<(), Fault> {
        let Some(person) = self.person.clone() else { return Ok(()) };
        let entries = self.parts.store.write(|writer| writer.own(own_file::entries)).await?;
        let mut subjects: BTreeSet<(OrganizationId, Subject)> =
            entries.iter().map(|entry| (entry.organization, entry.subject)).collect();
        let photos: Vec<_> = entries.iter().filter_map(announced).collect();
        self.outbox = Some(Outbox::recover(person.id, kinds(), entries, &self.now()));
        self.wake_outbox = None;
        // What an earlier process laid over and nothing asks for any more is lifted.
        let covered = self.parts.store.read(move |reading| {
            let mut covered = alarms::covered(reading.cache)?;
            covered.extend(incidents::covered(reading.cache)?);
            covered.extend(notifications::covered(reading.cache, Some(person.id))?);
            Ok(covered)
        });
        subjects.extend(covered.await?);
        self.record(None, subjects).await?;
        self.recover_photos(photos).await?;
        let session = self.signed_in().then_some(person.id);
        Box::pin(self.step_outbox(outbox::Event::Session(session))).await?;
        for (feed, mark) in self.parts.store.read(|reading| copies::marks(reading.cache)).await? {
            let Some(generation) = mark.generation else { continue };
            let event = outbox::Event::FeedReached {
                organization: feed.organization,
                feed: feed.name,
                generation,
                offset: mark.offset,
            };
            Box::pin(self.step_outbox(event)).await?;
        }
        Ok(())
    }
}

/// The kinds of actions of all rooms.
fn kinds() -> Vec<outbox::KindRules> {
    let mut kinds = alarms::kinds();
    kinds.extend(incidents::kinds());
    kinds.extend(crate::duty::switch::kinds());
    kinds.extend(notifications::kinds());
    kinds
}

/// What a conflict showed to be there now: the server's word, ahead of its feed.
fn shown(entry: &Entry) -> Option<(Subject, CurrentState)> {
    match &entry.state {
        outbox::State::Parked(outbox::Parked { reason: outbox::Reason::Conflict { current, .. }, .. }) => {
            Some((entry.subject, current.as_deref()?.clone()))
        }
        _ => None,
    }
}

/// A subject of an organization with what shapes it.
type Overlaid = (OrganizationId, Subject, Vec<Pending>);

/// Takes what conflicts showed, and lays the pending actions over what they are about, in one transaction; gives back when
/// a mute changes next.
fn relay(
    writer: &mut Writer,
    shown: &[(Subject, CurrentState)],
    overlaid: &[Overlaid],
    me: Option<PersonId>,
    now: Timestamp,
) -> Result<Option<Timestamp>, Fault> {
    writer.cache(|cache, changes| {
        for (subject, current) in shown {
            match subject.kind {
                SubjectKind::Alarm => alarms::learn(cache, onsite_wire::ids::AlarmId(subject.id), current)?,
                SubjectKind::Device => {
                    devices::learn_mute(cache, onsite_wire::ids::DeviceId(subject.id), current.mute.as_ref())?;
                }
                // Nothing about an incident or oneself has a version, so nothing of it is in conflict.
                SubjectKind::Incident | SubjectKind::Person => {}
            }
        }
        for (organization, subject, pending) in overlaid {
            match subject.kind {
                SubjectKind::Alarm => {
                    alarms::overlay(cache, changes, onsite_wire::ids::AlarmId(subject.id), pending, now)?;
                }
                SubjectKind::Incident => {
                    let id = onsite_wire::ids::IncidentId(subject.id);
                    incidents::overlay(cache, changes, *organization, id, me, pending)?;
                }
                SubjectKind::Device => {
                    let id = onsite_wire::ids::DeviceId(subject.id);
                    let laid_over = |server: &_| alarms::mute_under(server, pending);
                    devices::overlay_mute(cache, changes, id, pending, now, laid_over, alarms::FOLLOWERS)?;
                }
                // Duty shows what this phone decided, and hears what became of it; how one is told, and what of it was read, is
                // laid over.
                SubjectKind::Person => notifications::overlay(cache, changes, *organization, me, pending)?,
            }
        }
        alarms::next_deadline(cache)
    })
}

fn answer_of(sent: Result<net::Answer<ActionsResponse>, net::Fault>) -> Result<Answer, Failure> {
    match sent {
        Ok(net::Answer { body, generation: Some(generation), .. }) => Ok(Answer { generation, results: body.results }),
        Ok(_) => Err(Failure::Fault { code: Code::NotOurServer, retry_after_ms: None }),
        Err(fault) => Err(failure_of(&fault)),
    }
}

/// What a failed request means to the outbox: above all, whether the server can have applied it.
fn failure_of(fault: &net::Fault) -> Failure {
    let millis = |wait: &Option<std::time::Duration>| wait.and_then(|wait| i64::try_from(wait.as_millis()).ok());
    match fault {
        net::Fault::TlsNameWrong | net::Fault::TlsUntrusted => Failure::NotReached(fault.code()),
        // A connection that broke may have broken after the last byte had arrived.
        net::Fault::NoNetwork | net::Fault::Timeout => Failure::Lost,
        net::Fault::TooManyRequests { retry_after } => Failure::Busy { retry_after_ms: millis(retry_after) },
        net::Fault::NotSignedIn => Failure::SignedOut,
        net::Fault::ServerFault { retry_after, .. } => {
            Failure::Fault { code: fault.code(), retry_after_ms: millis(retry_after) }
        }
        net::Fault::NotOurServer(_) | net::Fault::AnswerBroken(_) | net::Fault::Phone(_) => {
            Failure::Fault { code: fault.code(), retry_after_ms: None }
        }
        net::Fault::Refused { code: Code::GenerationChanged, arguments, .. } => {
            match arguments.get("generation").and_then(|text| text.parse().ok()) {
                Some(generation) => Failure::GenerationChanged(generation),
                None => Failure::Fault { code: Code::AnswerBroken, retry_after_ms: None },
            }
        }
        net::Fault::NotAllowed
        | net::Fault::OtherOrganization
        | net::Fault::NotFound { .. }
        | net::Fault::OffsetGone
        | net::Fault::Refused { .. } => Failure::Rejected { code: fault.code(), arguments: fault.arguments() },
    }
}
