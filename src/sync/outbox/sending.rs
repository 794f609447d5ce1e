//! Attempts: beginning them, giving up silent ones, and when the next one comes.

use onsite_wire::ids::OrganizationId;
use onsite_wire::onsite::ActionRequest;

use super::entry::{Entry, Reason, State, Waiting};
use super::event::{Batch, Failure};
use super::lane::{Flight, Lane, Passenger};
use super::{BATCH_BYTES, ENVELOPE_BYTES, Outbox, Work};
use crate::time::Moment;

/// Room for an age that grows while its action waits, and for a comma.
const AGE_BYTES: usize = 24;

impl Outbox {
    /// When the next attempt is made, in monotonic milliseconds. `None`: nothing waits, all that waits is under way, or
    /// the queue is paused.
    pub fn next_attempt(&self) -> Option<i64> {
        if self.pause().is_some() {
            return None;
        }
        self.lanes.values().filter_map(Lane::next_attempt).min().map(|at| at.max(self.not_before_ms))
    }

    /// Begins every attempt that is due: counted and marked first, sent behind the record of it.
    pub(super) fn dispatch(&mut self, work: &mut Work) {
        if self.pause().is_some() || self.not_before_ms > work.now.monotonic_ms {
            return;
        }
        let due = |(organization, lane): (&OrganizationId, &Lane)| {
            lane.next_attempt().filter(|at| *at <= work.now.monotonic_ms).map(|_| *organization)
        };
        let due: Vec<OrganizationId> = self.lanes.iter().filter_map(due).collect();
        for organization in due {
            self.begin(organization, work);
        }
    }

    fn begin(&mut self, organization: OrganizationId, work: &mut Work) {
        let Some(lane) = self.lanes.get(&organization) else { return };
        let generation = lane.generation;
        let size_of = |order| self.shelf.get(order).map_or(usize::MAX, |entry| size(entry, &work.now));
        let picked = lane.pick(size_of);
        let mut passengers = Vec::new();
        let mut actions = Vec::new();
        for order in picked {
            let Some(entry) = self.shelf.get(order).cloned() else { continue };
            let Some(waiting) = entry.waiting().copied() else { continue };
            passengers.push(Passenger { order, asked: waiting.asked });
            actions.push(ActionRequest { age_ms: self.age_at_least(&entry, &work.now), ..request(&entry, &work.now) });
            let counted = Waiting { attempts: waiting.attempts.saturating_add(1), asked: true, ..waiting };
            self.keep(Entry { state: State::Waiting(counted), ..entry }, work);
        }
        let ticket = self.next_ticket;
        self.next_ticket = self.next_ticket.wrapping_add(1);
        if let Some(lane) = self.lanes.get_mut(&organization) {
            lane.flight = Some(Flight { ticket, sent_ms: work.now.monotonic_ms, generation, actions: passengers });
        }
        work.send.push(Batch { ticket, organization, generation, actions });
    }

    /// How old an entry is. Where only the wall clock tells, which may have been set, it is at least as old as those on its
    /// subject that were made after it.
    fn age_at_least(&self, entry: &Entry, now: &Moment) -> i64 {
        let (age_ms, uncertain) = entry.age(now);
        if !uncertain {
            return age_ms;
        }
        let later = self.shelf.of_subject(entry.organization, entry.subject).rev();
        let later = later.take_while(|other| other.order > entry.order).map(|other| other.age(now).0);
        later.max().unwrap_or_default().max(age_ms)
    }

    /// A batch that never ends must not hold its organization for ever.
    pub(super) fn give_up_silent_batches(&mut self, work: &mut Work) {
        let silent = |lane: &Lane| lane.gives_up_at().is_some_and(|at| at <= work.now.monotonic_ms);
        let tickets: Vec<u64> = self
            .lanes
            .values()
            .filter(|lane| silent(lane))
            .filter_map(|lane| lane.flight.as_ref().map(|flight| flight.ticket))
            .collect();
        for ticket in tickets {
            self.answered(ticket, Err(Failure::Lost), work);
        }
    }

    pub(super) fn nudge(&mut self, work: &Work) {
        for lane in self.lanes.values_mut() {
            lane.nudge(work.now.monotonic_ms);
        }
    }

    /// Acts on what time alone brings: too old, or confirmed long enough ago.
    pub(super) fn expire(&mut self, work: &mut Work) {
        while let Some(entry) = self.shelf.due(work.now.monotonic_ms).cloned() {
            match entry.state {
                State::Waiting(_) => {
                    let reason: Reason = entry.too_old(&work.now);
                    self.park(entry, reason, work);
                }
                State::OnServer(_) | State::Parked(_) => self.forget(entry.order, work),
            }
        }
    }
}

/// An entry as it is sent.
fn request(entry: &Entry, now: &Moment) -> ActionRequest {
    let (age_ms, age_uncertain) = entry.age(now);
    ActionRequest {
        id: entry.id,
        organization_id: entry.organization,
        kind: entry.kind.clone(),
        body_version: entry.body_version,
        subject: entry.subject,
        basis: entry.basis,
        age_ms,
        age_uncertain,
        confirmed_before: entry.waiting().is_some_and(|waiting| waiting.confirmed_before),
        body: entry.body.clone(),
    }
}

/// How many bytes of a batch it takes, at most.
fn size(entry: &Entry, now: &Moment) -> usize {
    serde_json::to_vec(&request(entry, now)).map_or(usize::MAX, |bytes| bytes.len().saturating_add(AGE_BYTES))
}

/// Whether it can ever be sent.
pub(super) fn fits_a_batch(entry: &Entry, now: &Moment) -> bool {
    size(entry, now).saturating_add(ENVELOPE_BYTES) <= BATCH_BYTES
}
