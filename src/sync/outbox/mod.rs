//! The outbox: the life of a person's actions on the phone. A pure step function, `(state, event, now, random) -> effects`.
//!
//! It knows no alarms: a feature registers [`KindRules`] and hands over [`Draft`]s. It does no I/O and reads no clock: a
//! driver performs the [`Effect`]s, **in order, each one finished before the next**, and the process may die between any
//! two of them. One outbox belongs to one person on one server.
//!
//! # What is kept
//! - An action is kept from the moment its [`Effect::Record`] is durable until it is settled. Whatever is being decided is
//!   recorded before it is done: an attempt is counted and marked as begun *before* its batch is sent.
//! - [`Waiting`]: on this phone. [`OnServer`]: the server said `applied` or `already_applied`; kept 7 days more, for a
//!   restored backup. [`Parked`]: the server or its age decided against it; kept with its content until the person
//!   decides. Nothing else ends a parked action.
//! - *Being sent* is not recorded. After a crash [`Outbox::recover`] takes what was in flight as waiting and
//!   [`asked`](Waiting::asked), and asks again under the same id; the server keeps ids and has one effect for each.
//!
//! # In which order things are sent
//! - Order holds per subject: an action goes in no batch before every earlier waiting one of its subject that is not in the
//!   same batch. Subjects do not wait for each other.
//! - One batch is under way per organization. Organizations do not wait for each other, and a batch never mixes them,
//!   because generations and rights are the organization's. A batch has at most 100 actions and 1 MiB.
//! - A versioned action that follows one which still shapes what the person sees names it (`after`); else it names the
//!   version that the person saw.
//! - An unsent action is replaced by a later one on the same subject and aspect where the kind says so, if the server
//!   cannot have heard of it: it was never sent, or not a byte of any attempt left the phone. Any other stays, also after a
//!   429 (a copy may still be under way), and the later one follows it.
//!
//! # What is retried, and when
//! - No network, 429, 5xx, a broken or lost answer: the batch's actions wait on, and the organization's next attempt comes
//!   after 2 s, 4 s, 8 s … at most 5 min, the upper half of it by chance ([`SENDING`]). `Retry-After` holds for the whole
//!   server and nothing comes before it (believed up to one hour). A batch without any end is given up after 2 min and
//!   asked again.
//! - Whoever has something to send has a next attempt ([`Outbox::next_attempt`]), or is told why not: nobody is signed in,
//!   or somebody else is. The queue waits for its own person; it is never sent under another.
//! - Network back, ring, foreground ([`Event::Nudged`]) bring attempts forward to 1 s after the last one ended.
//! - Schedules are in monotonic time: a wall clock that is set moves nothing.
//! - One action that makes the server stumble (500, 400, broken answer) must not hold the others: the batch is halved until
//!   the culprit travels alone, which then has waits of its own. What is refused alone is parked with the server's code.
//!   An action that an answer leaves out counts as not answered.
//!
//! # What is never sent late
//! An action older than its kind may be, or past its own end, is parked as too old. One that the server may have heard of is
//! the exception: whether it had its effect in time is only known there, so parking it could be a lie. It is asked for
//! again, with its age; the server answers from the kept id, or refuses by `onsite_rules::action::in_time` and the body's
//! own end. Age is monotonic; after a restart of the phone it is the wall clock's difference, marked uncertain.
//!
//! # What becomes of those behind a parked action
//! Those that name it in `after` are parked as blocked, and so on along the chain; those the server may have heard of are
//! asked for instead. Those made against a version, or on another aspect, go on.
//!
//! # A restored backup
//! Every batch names the generation that the phone knows; a server of another generation applies nothing. So the driver
//! reports the generation ([`Event::GenerationSeen`], [`Event::FeedReached`]) before the session when it knows one. On a new
//! generation all confirmed actions of the last 7 days become waiting again, in one transaction, under their ids and in
//! their old places, so they go before newer ones; they are marked `confirmed_before`, because their age is no reason to
//! refuse them. Those past their own end are left: their effect would be over.
//!
//! # What a person and a feature can see and do
//! - [`Outbox::stage`]: on this phone (waiting until, being sent, paused and why), on the server, parked with what can be
//!   done. "On the server" is never said before the server said it.
//! - [`Outbox::overlay`]: the actions that still shape a subject, in order: all waiting ones, and those on the server whose
//!   effect has not come down yet. A parked action shapes nothing.
//! - Retry and change are a new action with `retry_of`; the parked one ends in the same transaction. Discard ends a parked
//!   action, or a waiting one of which the server cannot have heard; those following it take over its basis.

mod answers;
mod entry;
mod event;
mod generations;
mod lane;
mod making;
mod sending;
mod shelf;
pub mod table;
mod view;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use onsite_wire::codes::Code;
use onsite_wire::ids::{ActionId, OrganizationId, PersonId};
use onsite_wire::onsite::Subject;

pub use entry::{Decision, Draft, Entry, KindRules, OnServer, Parked, Reason, State, SubjectName, Waiting};
pub use event::{Answer, Batch, Effect, Event, Failure, Note, Record};
pub use view::{OnPhone, Pause, Stage};

use self::lane::Lane;
use self::shelf::Shelf;
use crate::sync::backoff::{Dice, SENDING};
use crate::time::Moment;

/// The most actions in a batch.
pub const BATCH_ACTIONS: usize = 100;
/// The most bytes of a batch on the wire.
pub const BATCH_BYTES: usize = 1 << 20;
/// Of those, what stands around the actions.
const ENVELOPE_BYTES: usize = 256;
/// A batch without any end after this long is given up and asked again. The driver's own limit lies below.
pub const GIVE_UP_MS: i64 = 120_000;
/// However often it is nudged, attempts of one organization lie this far apart.
pub const NUDGE_GAP_MS: i64 = 1_000;
/// How long confirmed actions stay for a restored backup.
pub const KEPT_MS: i64 = 7 * 24 * 60 * 60 * 1_000;

/// The outbox of one person on one server.
#[derive(Debug, Clone)]
pub struct Outbox {
    person: PersonId,
    session: Option<PersonId>,
    kinds: BTreeMap<String, KindRules>,
    shelf: Shelf,
    lanes: BTreeMap<OrganizationId, Lane>,
    /// The server's own word: nothing is sent before.
    not_before_ms: i64,
    next_order: i64,
    next_ticket: u64,
    /// The last [`Effect::WakeAt`].
    wake_ms: Option<i64>,
}

impl Outbox {
    /// An outbox from what lies in own.db; empty at first. Whatever was in flight is asked again.
    ///
    /// It sends nothing before [`Event::Session`] names its person. The driver also reports where each feed's copy stands
    /// ([`Event::FeedReached`]), for what came down while the outbox was not looking.
    pub fn recover(person: PersonId, kinds: Vec<KindRules>, entries: Vec<Entry>, now: &Moment) -> Self {
        let mut outbox = Self {
            person,
            session: None,
            kinds: kinds.into_iter().map(|rules| (rules.kind.clone(), rules)).collect(),
            shelf: Shelf::default(),
            lanes: BTreeMap::new(),
            not_before_ms: i64::MIN,
            next_order: 1,
            next_ticket: 1,
            wake_ms: None,
        };
        for entry in entries {
            outbox.next_order = outbox.next_order.max(entry.order.saturating_add(1));
            outbox.shelve(entry, now);
        }
        outbox
    }

    /// The person whose actions these are.
    pub const fn person(&self) -> PersonId {
        self.person
    }

    /// One step: what happened, and what is to be done about it.
    pub fn step(&mut self, event: Event, now: &Moment, random: u64) -> Vec<Effect> {
        let mut work = Work::new(*now, random);
        self.give_up_silent_batches(&mut work);
        match event {
            Event::Made(drafts) => drafts.into_iter().for_each(|draft| self.make(draft, &mut work)),
            Event::Discarded(id) => self.discard(id, &mut work),
            Event::Answered { ticket, answer } => self.answered(ticket, answer, &mut work),
            Event::GenerationSeen { organization, generation } => {
                self.generation_seen(organization, generation, &mut work);
            }
            Event::FeedReached { organization, feed, generation, offset } => {
                self.generation_seen(organization, generation, &mut work);
                self.feed_reached(organization, feed, offset, &mut work);
            }
            Event::Shown(id) => self.shown(id, &mut work),
            Event::Session(person) => {
                self.session = person;
                self.nudge(&work);
            }
            Event::Nudged => self.nudge(&work),
            Event::Tick => {}
        }
        self.expire(&mut work);
        self.dispatch(&mut work);
        self.finish(work)
    }

    /// Everything that changed goes into one transaction, before anything is sent.
    fn finish(&mut self, work: Work) -> Vec<Effect> {
        let put: Vec<Entry> = work.put.iter().filter_map(|order| self.shelf.get(*order).cloned()).collect();
        let mut effects = Vec::new();
        if !put.is_empty() || !work.forget.is_empty() {
            effects.push(Effect::Record(Record { put, forget: work.forget }));
        }
        effects.extend(work.rejected.into_iter().map(|(action, code)| Effect::Rejected { action, code }));
        effects
            .extend(work.changed.into_iter().map(|(organization, subject)| Effect::Changed { organization, subject }));
        effects.extend(work.let_go);
        effects.extend(work.notes.into_iter().map(Effect::Noted));
        effects.extend(work.send.into_iter().map(Effect::Send));
        let wake_ms = self.wake_at();
        if wake_ms != self.wake_ms {
            self.wake_ms = wake_ms;
            effects.push(Effect::WakeAt(wake_ms));
        }
        effects
    }

    /// When time alone changes something next.
    fn wake_at(&self) -> Option<i64> {
        let given_up = self.lanes.values().filter_map(Lane::gives_up_at);
        given_up.chain(self.next_attempt()).chain(self.shelf.first_deadline()).min()
    }

    /// Keeps an entry as it is now, durably and in view.
    fn keep(&mut self, entry: Entry, work: &mut Work) {
        work.put.insert(entry.order);
        work.changed.insert((entry.organization, entry.subject));
        self.shelve(entry, &work.now);
    }

    /// Lets an entry go.
    fn forget(&mut self, order: i64, work: &mut Work) {
        let Some(entry) = self.shelf.remove(order) else { return };
        if let Some(lane) = self.lanes.get_mut(&entry.organization) {
            lane.waiting.remove(&order);
        }
        work.put.remove(&order);
        work.forget.push(entry.id);
        work.changed.insert((entry.organization, entry.subject));
    }

    fn shelve(&mut self, entry: Entry, now: &Moment) {
        let rules = self.kinds.get(&entry.kind);
        let lane = self.lanes.entry(entry.organization).or_default();
        match &entry.state {
            State::Waiting(_) => {
                lane.waiting.insert(entry.order, entry.subject);
            }
            State::OnServer(on_server) => {
                lane.waiting.remove(&entry.order);
                lane.generation.get_or_insert(on_server.generation);
            }
            State::Parked(_) => {
                lane.waiting.remove(&entry.order);
            }
        }
        let deadline = deadline(&entry, rules, now);
        self.shelf.put(entry, deadline);
    }
}

/// When time alone moves an entry on, in monotonic milliseconds: an unasked one becomes too old, a confirmed one has been
/// kept long enough. What the server may have heard of does not become too old here.
fn deadline(entry: &Entry, rules: Option<&KindRules>, now: &Moment) -> Option<i64> {
    let fleeting_ms = rules.and_then(|rules| rules.fleeting_ms);
    let (limit, since) = match &entry.state {
        // What the phone said by itself, and may be too old by now, is not sent when nobody can tell how old it is.
        State::Waiting(_) if fleeting_ms.is_some() && ages(rules) && !now.since(&entry.made).1 => {
            return Some(now.monotonic_ms);
        }
        State::Waiting(waiting) if waiting.asked => return None,
        State::Waiting(_) => (entry.may_wait_ms(rules)?, &entry.made),
        State::OnServer(on_server) => (fleeting_ms.unwrap_or(KEPT_MS), &on_server.at),
        State::Parked(_) => return None,
    };
    let left = limit.saturating_sub(now.since(since).0).max(-1).saturating_add(1);
    Some(now.monotonic_ms.saturating_add(left))
}

fn ages(rules: Option<&KindRules>) -> bool {
    rules.is_some_and(|rules| rules.max_age_ms.is_some())
}

/// What one step gathers.
struct Work {
    now: Moment,
    dice: Dice,
    put: BTreeSet<i64>,
    forget: Vec<ActionId>,
    rejected: Vec<(ActionId, Code)>,
    changed: BTreeSet<(OrganizationId, Subject)>,
    let_go: Vec<Effect>,
    notes: Vec<Note>,
    send: Vec<Batch>,
}

impl Work {
    const fn new(now: Moment, random: u64) -> Self {
        Self {
            now,
            dice: Dice::new(random),
            put: BTreeSet::new(),
            forget: Vec::new(),
            rejected: Vec::new(),
            changed: BTreeSet::new(),
            let_go: Vec::new(),
            notes: Vec::new(),
            send: Vec::new(),
        }
    }

    /// When to try again after this many failures in a row.
    fn after_failures(&mut self, failures: u32) -> i64 {
        self.now.monotonic_ms.saturating_add(SENDING.wait_ms(failures, self.dice.roll()))
    }
}
