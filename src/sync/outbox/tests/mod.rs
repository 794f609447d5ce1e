//! The promises of the outbox, each as a sentence. A [`Desk`] stands for the driver: it keeps what is recorded, hands over
//! what is sent, and has its hand on the clocks.

mod answers;
mod lasting;
mod making;
mod sending;

use std::collections::BTreeMap;

use onsite_rules::action::{ACKNOWLEDGE, MUTE, UNMUTE};
use onsite_wire::ids::{Generation, Uuid};
use onsite_wire::onsite::{ActionRequest, ActionResult, Basis, Outcome, Position, SubjectKind};
use onsite_wire::time::Timestamp;
use serde_json::json;

use super::*;

const HOUR_MS: i64 = 60 * 60_000;
const ORGANIZATION: OrganizationId = OrganizationId(Uuid::from_u128(1));
const OTHER_ORGANIZATION: OrganizationId = OrganizationId(Uuid::from_u128(2));
const ME: PersonId = PersonId(Uuid::from_u128(10));
const SOMEBODY_ELSE: PersonId = PersonId(Uuid::from_u128(11));
const FIRST: Generation = Generation(Uuid::from_u128(21));
const SECOND: Generation = Generation(Uuid::from_u128(22));

/// The driver's place.
struct Desk {
    outbox: Outbox,
    now: Moment,
    disk: BTreeMap<ActionId, Entry>,
    sent: Vec<Batch>,
    rejected: Vec<Code>,
    wake_ms: Option<i64>,
    records: usize,
    notes: Vec<Note>,
}

fn kinds() -> Vec<KindRules> {
    vec![KindRules::of(&ACKNOWLEDGE, &[&ACKNOWLEDGE]), KindRules::of(&MUTE, &[&MUTE]), KindRules::of(&UNMUTE, &[])]
}

fn id(n: u128) -> ActionId {
    ActionId(Uuid::from_u128(1_000 + n))
}

fn alarm(n: u128) -> Subject {
    Subject { kind: SubjectKind::Alarm, id: Uuid::from_u128(100 + n) }
}

/// An acknowledgement of an alarm that nobody had touched.
fn draft(n: u128, kind: &str, on: u128) -> Draft {
    Draft {
        id: id(n),
        organization: ORGANIZATION,
        kind: kind.to_owned(),
        subject: alarm(on),
        body: json!({ "text": n.to_string() }),
        seen: 0,
        expires_at: None,
        retry_of: None,
        name: SubjectName::default(),
    }
}

impl Desk {
    fn new() -> Self {
        let now = Moment { wall: Timestamp::from_millis(1_800_000_000_000), monotonic_ms: 50_000, boot: 1 };
        Self {
            outbox: Outbox::recover(ME, kinds(), Vec::new(), &now),
            now,
            disk: BTreeMap::new(),
            sent: Vec::new(),
            rejected: Vec::new(),
            wake_ms: None,
            records: 0,
            notes: Vec::new(),
        }
    }

    /// Signed in as its person.
    fn signed_in() -> Self {
        let mut desk = Self::new();
        desk.step(Event::Session(Some(ME)));
        desk
    }

    /// One step, and its effects performed; gives them, too.
    fn step(&mut self, event: Event) -> Vec<Effect> {
        let effects = self.outbox.step(event, &self.now, 7);
        for effect in effects.clone() {
            match effect {
                Effect::Record(record) => {
                    self.records += 1;
                    record.forget.iter().for_each(|id| drop(self.disk.remove(id)));
                    self.disk.extend(record.put.into_iter().map(|entry| (entry.id, entry)));
                }
                Effect::Rejected { code, .. } => self.rejected.push(code),
                Effect::Send(batch) => self.sent.push(batch),
                Effect::WakeAt(at) => self.wake_ms = at,
                Effect::Noted(note) => self.notes.push(note),
                Effect::Changed { .. } | Effect::LetGo { .. } => {}
            }
        }
        effects
    }

    fn make(&mut self, draft: Draft) {
        self.step(Event::Made(vec![draft]));
    }

    fn pass(&mut self, ms: i64) {
        self.now.monotonic_ms += ms;
        self.now.wall = self.now.wall.plus_millis(ms);
        self.step(Event::Tick);
    }

    /// Lets time pass from one wake-up to the next.
    fn pass_waking(&mut self, ms: i64) {
        let until = self.now.monotonic_ms + ms;
        while let Some(at) = self.wake_ms.filter(|at| *at <= until) {
            self.pass(at - self.now.monotonic_ms);
        }
        self.pass(until - self.now.monotonic_ms);
    }

    /// The process dies and starts again; in a new boot of the phone, which `away_ms` later.
    fn restart(&mut self, reboot_after_ms: Option<i64>) {
        if let Some(away_ms) = reboot_after_ms {
            let wall = self.now.wall.plus_millis(away_ms);
            self.now = Moment { wall, monotonic_ms: 1_000, boot: self.now.boot + 1 };
        }
        let text = serde_json::to_string(&self.disk.values().collect::<Vec<_>>()).unwrap();
        self.outbox = Outbox::recover(ME, kinds(), serde_json::from_str(&text).unwrap(), &self.now);
        self.sent.clear();
        self.step(Event::Session(Some(ME)));
    }

    fn last(&self) -> &Batch {
        self.sent.last().unwrap()
    }

    fn last_ids(&self) -> Vec<ActionId> {
        self.last().actions.iter().map(|action| action.id).collect()
    }

    fn fail(&mut self, failure: Failure) {
        let ticket = self.last().ticket;
        self.step(Event::Answered { ticket, answer: Err(failure) });
    }

    /// The server answers the last batch.
    fn answer(&mut self, outcome: impl Fn(&ActionRequest) -> Outcome) {
        let results = self.last().actions.iter().map(|action| result(action.id, outcome(action))).collect();
        self.answer_with(FIRST, results);
    }

    fn answer_with(&mut self, generation: Generation, results: Vec<ActionResult>) {
        let ticket = self.last().ticket;
        self.step(Event::Answered { ticket, answer: Ok(Answer { generation, results }) });
    }

    fn applied(&mut self) {
        self.answer(|_| Outcome::Applied);
    }

    fn feed_reaches(&mut self, generation: Generation, offset: i64) {
        let feed = "alarms".to_owned();
        self.step(Event::FeedReached { organization: ORGANIZATION, feed, generation, offset });
    }

    fn basis(&self, n: u128) -> Option<Basis> {
        self.disk[&id(n)].basis
    }

    fn waiting(&self, n: u128) -> Waiting {
        *self.disk[&id(n)].waiting().unwrap()
    }

    fn parked(&self, n: u128) -> Option<Reason> {
        match &self.disk[&id(n)].state {
            State::Parked(parked) => Some(parked.reason.clone()),
            State::Waiting(_) | State::OnServer(_) => None,
        }
    }

    fn overlay(&self, on: u128) -> Vec<ActionId> {
        self.outbox.overlay(ORGANIZATION, alarm(on)).map(|entry| entry.id).collect()
    }
}

fn result(id: ActionId, outcome: Outcome) -> ActionResult {
    let applied = matches!(outcome, Outcome::Applied | Outcome::AlreadyApplied);
    ActionResult {
        id,
        outcome,
        position: applied.then(|| Position { feed: "alarms".to_owned(), offset: 40 }),
        version: applied.then_some(1),
        code: (!applied).then_some(Code::AlarmCleared),
        arguments: BTreeMap::new(),
        current: None,
    }
}

const NO_SIGNAL: Failure = Failure::NotReached(Code::NoNetwork);
const STUMBLED: Failure = Failure::Fault { code: Code::ServerFault, retry_after_ms: None };
