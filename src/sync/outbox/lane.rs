//! The sending of one organization: what waits, what is under way, when the next attempt is due. Schedules, sends nothing.
//!
//! A batch that makes the server stumble is halved until the culprit travels alone; its subject is then *suspect*: it
//! goes by itself, after the others, with waits of its own.

use std::collections::{BTreeMap, BTreeSet};

use onsite_wire::codes::Code;
use onsite_wire::ids::Generation;
use onsite_wire::onsite::Subject;

use super::{BATCH_ACTIONS, BATCH_BYTES, ENVELOPE_BYTES, GIVE_UP_MS, NUDGE_GAP_MS};

/// One organization's sending.
#[derive(Debug, Clone)]
pub(super) struct Lane {
    /// The waiting entries in order.
    pub(super) waiting: BTreeMap<i64, Subject>,
    /// The generation of the server's data, once heard.
    pub(super) generation: Option<Generation>,
    /// Where the phone's copies of the feeds stand in that generation.
    pub(super) reached: BTreeMap<String, i64>,
    pub(super) flight: Option<Flight>,
    /// Failures in a row.
    pub(super) failures: u32,
    pub(super) not_before_ms: i64,
    pub(super) trouble: Option<Code>,
    ended_ms: i64,
    limit: usize,
    suspects: BTreeMap<Subject, Suspect>,
}

/// A batch under way.
#[derive(Debug, Clone)]
pub(super) struct Flight {
    pub(super) ticket: u64,
    pub(super) sent_ms: i64,
    pub(super) generation: Option<Generation>,
    pub(super) actions: Vec<Passenger>,
}

/// An action of a batch under way.
#[derive(Debug, Clone, Copy)]
pub(super) struct Passenger {
    pub(super) order: i64,
    /// Whether the server may have heard of it before this attempt.
    pub(super) asked: bool,
}

#[derive(Debug, Clone, Copy)]
struct Suspect {
    failures: u32,
    not_before_ms: i64,
}

impl Default for Lane {
    fn default() -> Self {
        Self {
            waiting: BTreeMap::new(),
            generation: None,
            reached: BTreeMap::new(),
            flight: None,
            failures: 0,
            not_before_ms: i64::MIN,
            trouble: None,
            ended_ms: i64::MIN,
            limit: BATCH_ACTIONS,
            suspects: BTreeMap::new(),
        }
    }
}

impl Lane {
    /// When the next batch may go, as far as this organization decides; `None`: nothing waits, or one is under way.
    pub(super) fn next_attempt(&self) -> Option<i64> {
        if self.flight.is_some() || self.waiting.is_empty() {
            return None;
        }
        if self.waiting.values().any(|subject| !self.suspects.contains_key(subject)) {
            return Some(self.not_before_ms);
        }
        self.first_suspect().map(|(_, at)| at.max(self.not_before_ms))
    }

    /// When the batch under way is given up.
    pub(super) fn gives_up_at(&self) -> Option<i64> {
        self.flight.as_ref().map(|flight| flight.sent_ms.saturating_add(GIVE_UP_MS))
    }

    /// Chooses the next batch, in order. An action that has no room keeps its subject's later ones back.
    pub(super) fn pick(&self, size_of: impl Fn(i64) -> usize) -> Vec<i64> {
        let mut picked = Vec::new();
        let mut bytes = ENVELOPE_BYTES;
        let mut kept_back = BTreeSet::new();
        for (order, subject) in &self.waiting {
            if picked.len() >= self.limit {
                break;
            }
            if self.suspects.contains_key(subject) || kept_back.contains(subject) {
                continue;
            }
            let size = size_of(*order);
            if bytes.saturating_add(size) > BATCH_BYTES {
                kept_back.insert(*subject);
                continue;
            }
            bytes = bytes.saturating_add(size);
            picked.push(*order);
        }
        if picked.is_empty() {
            picked.extend(self.first_suspect().map(|(order, _)| order));
        }
        picked
    }

    /// The suspect subject whose turn is first: its first waiting entry, and when.
    fn first_suspect(&self) -> Option<(i64, i64)> {
        let mut seen = BTreeSet::new();
        let firsts = self.waiting.iter().filter(|(_, subject)| seen.insert(**subject));
        firsts
            .filter_map(|(order, subject)| self.suspects.get(subject).map(|suspect| (*order, suspect.not_before_ms)))
            .min_by_key(|(order, at)| (*at, *order))
    }

    /// The server answered: all is well again.
    pub(super) fn succeeded(&mut self, now_ms: i64) {
        self.failures = 0;
        self.trouble = None;
        self.limit = self.limit.saturating_mul(2).min(BATCH_ACTIONS);
        self.ended_ms = now_ms;
        self.not_before_ms = now_ms;
    }

    /// A batch failed; `at_ms`: when to try again.
    pub(super) fn failed(&mut self, trouble: Code, now_ms: i64, at_ms: i64) {
        self.trouble = Some(trouble);
        self.ended_ms = now_ms;
        self.not_before_ms = at_ms;
    }

    /// A batch of this many actions made the server stumble.
    pub(super) fn halve(&mut self, actions: usize) {
        self.limit = (actions / 2).max(1);
    }

    /// How often this subject alone made the server stumble, with now.
    pub(super) fn stumbles(&self, subject: Subject) -> u32 {
        self.suspects.get(&subject).map_or(0, |suspect| suspect.failures).saturating_add(1)
    }

    /// This subject alone made the server stumble.
    pub(super) fn suspect(&mut self, subject: Subject, not_before_ms: i64) {
        let failures = self.stumbles(subject);
        self.suspects.insert(subject, Suspect { failures, not_before_ms });
    }

    /// This subject got its answer.
    pub(super) fn clear(&mut self, subject: Subject) {
        self.suspects.remove(&subject);
    }

    /// An attempt is worth more now than its schedule says.
    pub(super) fn nudge(&mut self, now_ms: i64) {
        let soon = now_ms.max(self.ended_ms.saturating_add(NUDGE_GAP_MS));
        self.not_before_ms = self.not_before_ms.min(soon);
        for suspect in self.suspects.values_mut() {
            suspect.not_before_ms = suspect.not_before_ms.min(soon);
        }
    }
}
