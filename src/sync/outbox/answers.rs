//! What answers, failures, generations and feeds do to the actions.

use std::collections::BTreeMap;

use onsite_wire::codes::Code;
use onsite_wire::ids::{ActionId, Generation, OrganizationId};
use onsite_wire::onsite::{ActionResult, Basis, Outcome};

use super::entry::{Entry, OnServer, Parked, Reason, State, Waiting};
use super::event::{Answer, Effect, Failure, Note};
use super::lane::Flight;
use super::{Outbox, Work};
use crate::sync::backoff::obeyed_ms;

impl Outbox {
    /// A batch came to its end.
    pub(super) fn answered(&mut self, ticket: u64, answer: Result<Answer, Failure>, work: &mut Work) {
        let under_way = self.lanes.iter_mut().find_map(|(organization, lane)| {
            lane.flight.take_if(|flight| flight.ticket == ticket).map(|flight| (*organization, flight))
        });
        let Some((organization, flight)) = under_way else {
            work.notes.push(Note::StaleAnswer);
            return;
        };
        match answer {
            Ok(answer) => self.decided(organization, &flight, answer, work),
            Err(failure) => self.failed(organization, &flight, failure, work),
        }
    }

    fn decided(&mut self, organization: OrganizationId, flight: &Flight, answer: Answer, work: &mut Work) {
        let mut results = self.sorted(flight, answer.results, work);
        if results.is_empty() {
            let broken = Failure::Fault { code: Code::AnswerBroken, retry_after_ms: None };
            self.failed(organization, flight, broken, work);
            return;
        }
        if let Some(lane) = self.lanes.get_mut(&organization) {
            lane.succeeded(work.now.monotonic_ms);
        }
        for passenger in &flight.actions {
            let Some(entry) = self.shelf.get(passenger.order).cloned() else { continue };
            match results.remove(&entry.id) {
                Some(result) => self.settle(entry, result, answer.generation, work),
                None => self.left_out(&entry, work),
            }
        }
        self.answer_of_generation(organization, flight.generation, answer.generation, work);
    }

    /// The results by action; those that have no place in this answer are noted and left.
    fn sorted(&self, flight: &Flight, results: Vec<ActionResult>, work: &mut Work) -> BTreeMap<ActionId, ActionResult> {
        let mut sorted = BTreeMap::new();
        for result in results {
            let order = self.shelf.order_of(result.id);
            let asked = order.is_some_and(|order| flight.actions.iter().any(|passenger| passenger.order == order));
            if asked && !sorted.contains_key(&result.id) {
                sorted.insert(result.id, result);
            } else {
                work.notes.push(Note::StrayResult(result.id));
            }
        }
        sorted
    }

    fn settle(&mut self, entry: Entry, result: ActionResult, generation: Generation, work: &mut Work) {
        let reached = self.lanes.get_mut(&entry.organization).map(|lane| {
            lane.clear(entry.subject);
            lane.generation == Some(generation)
                && result.position.as_ref().is_some_and(|position| {
                    lane.reached.get(&position.feed).is_some_and(|offset| *offset >= position.offset)
                })
        });
        let ActionResult { position, version, code, arguments, current, .. } = result;
        let code = code.unwrap_or_default();
        let reason = match result.outcome {
            Outcome::Applied | Outcome::AlreadyApplied => {
                let shown = position.is_none() || reached == Some(true);
                let state = State::OnServer(OnServer { generation, position, version, at: work.now, shown });
                self.keep(Entry { state, ..entry }, work);
                return;
            }
            Outcome::Refused => Reason::Refused { code, arguments },
            Outcome::Conflict => Reason::Conflict { code, arguments, current: current.map(Box::new) },
            Outcome::Blocked => Reason::Blocked { by: earlier(&entry) },
        };
        self.park(entry, reason, work);
    }

    /// The answer had nothing for this one. Its subject goes by itself from now on, so that a server that always forgets it
    /// is not asked without end.
    fn left_out(&mut self, entry: &Entry, work: &mut Work) {
        work.notes.push(Note::MissingResult(entry.id));
        self.suspect(entry, work);
    }

    fn suspect(&mut self, entry: &Entry, work: &mut Work) {
        if let Some(lane) = self.lanes.get_mut(&entry.organization) {
            let at_ms = work.after_failures(lane.stumbles(entry.subject));
            lane.suspect(entry.subject, at_ms);
        }
    }

    /// Parks an action, and those that build on it of which the server cannot have heard.
    pub(super) fn park(&mut self, entry: Entry, reason: Reason, work: &mut Work) {
        let mut parked = vec![(entry, reason)];
        while let Some((entry, reason)) = parked.pop() {
            let followers = self.shelf.followers(&entry).into_iter();
            let unheard = followers.filter(|other| other.waiting().is_some_and(|waiting| !waiting.asked));
            parked.extend(unheard.map(|other| (other, Reason::Blocked { by: Some(entry.id) })));
            if let Some(lane) = self.lanes.get_mut(&entry.organization) {
                lane.clear(entry.subject);
            }
            if self.kinds.get(&entry.kind).is_some_and(|rules| rules.fleeting_ms.is_some()) {
                self.forget(entry.order, work);
                work.let_go.push(Effect::LetGo { kind: entry.kind, subject: entry.subject, code: reason.code() });
                continue;
            }
            let state = State::Parked(Parked { reason, at: work.now });
            self.keep(Entry { state, ..entry }, work);
        }
    }

    /// A batch has no answer.
    fn failed(&mut self, organization: OrganizationId, flight: &Flight, failure: Failure, work: &mut Work) {
        work.notes.push(Note::Failed { organization, code: failure.code() });
        let now_ms = work.now.monotonic_ms;
        let failures = self.lanes.get(&organization).map_or(1, |lane| lane.failures.saturating_add(1));
        let again_ms = work.after_failures(failures);
        if let Some(lane) = self.lanes.get_mut(&organization) {
            lane.failures = failures;
            lane.failed(failure.code(), now_ms, again_ms);
        }
        match failure {
            Failure::NotReached(_) => self.unask(flight, work),
            Failure::Lost => {}
            Failure::Busy { retry_after_ms } => self.hold_back(retry_after_ms, now_ms),
            Failure::SignedOut => self.session = None,
            Failure::GenerationChanged(generation) => {
                // What the server has forgotten goes first, without a wait; unless it refuses what it named itself.
                let news = flight.generation != Some(generation);
                self.generation_seen(organization, generation, work);
                if let Some(lane) = self.lanes.get_mut(&organization).filter(|_| news) {
                    lane.not_before_ms = now_ms;
                }
            }
            Failure::Rejected { code, arguments } => {
                self.rejected(organization, flight, &Reason::Refused { code, arguments }, work);
            }
            Failure::Fault { code, retry_after_ms } => {
                self.hold_back(retry_after_ms, now_ms);
                // A server that is down as a whole says nothing about the batch.
                if matches!(code, Code::ServerFault | Code::AnswerBroken) {
                    self.isolate(organization, flight, work);
                }
            }
        }
    }

    /// The server cannot have heard of this attempt.
    fn unask(&mut self, flight: &Flight, work: &mut Work) {
        for passenger in &flight.actions {
            let Some(entry) = self.shelf.get(passenger.order).cloned() else { continue };
            let Some(waiting) = entry.waiting().copied() else { continue };
            let state = State::Waiting(Waiting { asked: passenger.asked, ..waiting });
            self.keep(Entry { state, ..entry }, work);
        }
    }

    fn hold_back(&mut self, retry_after_ms: Option<i64>, now_ms: i64) {
        if let Some(wish) = retry_after_ms {
            self.not_before_ms = self.not_before_ms.max(now_ms.saturating_add(obeyed_ms(wish)));
        }
    }

    /// The batch as a whole was refused. A refusal of the organization is one of each action; any other is narrowed down to
    /// the culprit.
    fn rejected(&mut self, organization: OrganizationId, flight: &Flight, reason: &Reason, work: &mut Work) {
        let everyone = matches!(reason.code(), Code::NotAllowed | Code::OtherOrganization) || flight.actions.len() == 1;
        if everyone {
            for passenger in &flight.actions {
                let waiting = self.shelf.get(passenger.order).filter(|entry| entry.waiting().is_some()).cloned();
                if let Some(entry) = waiting {
                    self.park(entry, reason.clone(), work);
                }
            }
        }
        if let Some(lane) = self.lanes.get_mut(&organization) {
            lane.not_before_ms = work.now.monotonic_ms;
            if !everyone {
                lane.halve(flight.actions.len());
            }
        }
    }

    /// Narrows a stumbling server down to what makes it stumble.
    fn isolate(&mut self, organization: OrganizationId, flight: &Flight, work: &mut Work) {
        match flight.actions.as_slice() {
            [only] => {
                if let Some(entry) = self.shelf.get(only.order).cloned() {
                    self.suspect(&entry, work);
                }
            }
            several => {
                if let Some(lane) = self.lanes.get_mut(&organization) {
                    lane.halve(several.len());
                }
            }
        }
    }
}

/// The action that this one builds on.
const fn earlier(entry: &Entry) -> Option<ActionId> {
    match entry.basis {
        Some(Basis::After(action)) => Some(action),
        Some(Basis::Version(_)) | None => None,
    }
}
