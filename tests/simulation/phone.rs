//! A phone: what lies on its disk, what is in its memory, and the driver between them. The disk survives everything; the
//! memory survives nothing.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use onsite::duty::switch::wished;
use onsite::duty::{Duty, IOS_REGIONS, Settings, Stored};
use onsite::net::{KeptClock, ServerClock};
use onsite::sync::outbox::table::{Name, allows};
use onsite::sync::outbox::{self, Entry, KindRules, Outbox, Record, Stage, State};
use onsite::sync::schedule::{self, Feed, FeedRecord, FeedTimes, Mark, Schedule};
use onsite::time::Moment;
use onsite_rules::action::{ACKNOWLEDGE, MESSAGE, MUTE, PRESENCE, READ_NOTICES, RELEASE, UNMUTE};
use onsite_rules::duty::LEASE_MS;
use onsite_wire::ids::{ActionId, OrganizationId, PersonId, Uuid};
use onsite_wire::time::Timestamp;

use super::duty::Walk;
use super::ledger::Ledger;
use super::notices::Told;
use super::server::{FEED, Row, Server};

/// A defect of the driver, to see whether the simulation finds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mutant {
    None,
    SendsBeforeRecording,
    ForgetsWhatWasInFlight,
    AsksAgainUnderANewId,
    NeverWakes,
    SchedulesByTheWallClock,
    ShowsWhatIsOver,
    ForgetsTheSwitchAtStart,
}

/// The longest that a next attempt may be away.
const LONGEST_WAIT_MS: i64 = 60 * 60_000;

/// With more actions than this a phone is looked at once in so many times.
const MANY: usize = 100;

/// What an id gets from the driver that makes new ones.
const NEW_ID: u128 = 1 << 100;

/// A phone.
#[derive(Debug)]
pub struct Phone {
    pub index: usize,
    pub person: PersonId,
    organizations: Vec<OrganizationId>,
    boot: u64,
    booted_ms: i64,
    pub wall_offset_ms: i64,
    pub disk: Disk,
    pub life: Option<Life>,
    pub lives: u64,
    pub signal: bool,
    pub token: bool,
    /// Somebody else is signed in.
    pub lent: bool,
    pub front: bool,
    pub made: usize,
    looks: usize,
    /// Something happened to it since it was checked last.
    pub touched: bool,
    /// Parked actions about which the person decided, before that is recorded.
    pub wishes: BTreeSet<ActionId>,
    /// What its person chose about duty.
    pub settings: Settings,
    /// Where its person is, and what the phone's system gives away of it.
    pub walk: Walk,
    /// What was told of events. It survives, like the disk.
    pub told: Told,
    pub mutant: Mutant,
}

/// What survives. A process that starts finds the actions as they are written and read again.
#[derive(Debug, Default)]
pub struct Disk {
    own: BTreeMap<ActionId, Entry>,
    pub rows: BTreeMap<OrganizationId, BTreeMap<Uuid, Row>>,
    pub marks: BTreeMap<Feed, Mark>,
    pub times: BTreeMap<Feed, FeedTimes>,
    /// Duty as it is written.
    pub duty: String,
    pub clock: Option<KeptClock>,
}

/// What does not.
#[derive(Debug)]
pub struct Life {
    pub number: u64,
    pub outbox: Outbox,
    pub schedule: Schedule,
    pub todo: VecDeque<Todo>,
    pub outbox_wake: Option<i64>,
    pub schedule_wake: Option<i64>,
    /// The pulls under way.
    pub pulls: BTreeMap<Feed, u64>,
    pub duty: Duty,
    pub duty_wake: Option<i64>,
    pub clock: ServerClock,
}

/// An effect that is still to be performed.
#[derive(Debug)]
pub enum Todo {
    Outbox(outbox::Effect),
    Schedule(schedule::Effect),
    Duty(onsite::duty::Effect),
}

impl Phone {
    pub fn new(index: usize, organizations: &[OrganizationId], now_ms: i64, mutant: Mutant) -> Self {
        Self {
            index,
            person: PersonId(Uuid::from_u128(1_000 + index as u128)),
            organizations: organizations.to_vec(),
            boot: 1,
            booted_ms: now_ms - 5_000,
            wall_offset_ms: 0,
            disk: Disk::default(),
            life: None,
            lives: 0,
            signal: true,
            token: true,
            lent: false,
            front: false,
            made: 0,
            looks: 0,
            touched: false,
            wishes: BTreeSet::new(),
            settings: Settings::default(),
            walk: Walk::default(),
            told: Told::default(),
            mutant,
        }
    }

    pub fn moment(&self, now_ms: i64) -> Moment {
        let mut monotonic_ms = now_ms - self.booted_ms;
        if self.mutant == Mutant::SchedulesByTheWallClock {
            monotonic_ms += self.wall_offset_ms;
        }
        Moment { wall: Timestamp::from_millis(now_ms + self.wall_offset_ms), monotonic_ms, boot: self.boot }
    }

    /// Who is signed in, as the outbox is told.
    pub fn session(&self) -> Option<PersonId> {
        match (self.token, self.lent) {
            (false, _) => None,
            (true, true) => Some(PersonId(Uuid::from_u128(9_999))),
            (true, false) => Some(self.person),
        }
    }

    /// The process dies; with `reboot` the whole phone.
    pub fn die(&mut self, now_ms: i64, reboot: bool) {
        self.life = None;
        if reboot {
            self.boot += 1;
            self.booted_ms = now_ms;
        }
    }

    /// The process starts: both step functions from what the disk holds.
    pub fn start(&mut self, now_ms: i64) -> Result<(), String> {
        let now = self.moment(now_ms);
        let mut entries = self.read_entries()?;
        if self.mutant == Mutant::ForgetsWhatWasInFlight {
            entries.retain(|entry| !matches!(&entry.state, State::Waiting(waiting) if waiting.attempts > 0));
        }
        self.lives += 1;
        let stored: Stored = if self.disk.duty.is_empty() {
            Stored::default()
        } else {
            serde_json::from_str(&self.disk.duty).map_err(|error| format!("unreadable: {error}"))?
        };
        let mut clock = ServerClock::default();
        if let Some(kept) = self.disk.clock {
            clock.recall(kept);
        }
        self.life = Some(Life {
            number: self.lives,
            outbox: Outbox::recover(self.person, kinds(), entries, &now),
            schedule: Schedule::new(),
            todo: VecDeque::new(),
            outbox_wake: None,
            schedule_wake: None,
            pulls: BTreeMap::new(),
            duty: Duty::recover(stored, self.settings, IOS_REGIONS, &now),
            duty_wake: None,
            clock,
        });
        Ok(())
    }

    /// What the two step functions are told first.
    pub fn first_events(&self) -> (Vec<outbox::Event>, Vec<schedule::Event>) {
        let mut to_outbox = Vec::new();
        let mut to_schedule = Vec::new();
        for organization in self.organizations.iter().copied() {
            let feed = Feed { organization, name: FEED.to_owned() };
            let mark = self.disk.marks.get(&feed).copied();
            if let Some(Mark { generation: Some(generation), offset }) = mark {
                let reached = outbox::Event::FeedReached { organization, feed: FEED.to_owned(), generation, offset };
                to_outbox.push(reached);
            }
            let times = self.disk.times.get(&feed).copied().unwrap_or_default();
            let feeds = vec![FeedRecord { feed, mark, times }];
            to_schedule.push(schedule::Event::Opened { organization, rings: true, digests: true, feeds });
        }
        to_outbox.push(outbox::Event::Session(self.session()));
        to_schedule.push(schedule::Event::Front(self.front));
        to_schedule.push(schedule::Event::Session(self.token));
        (to_outbox, to_schedule)
    }

    /// What the person wishes by the switches in memory; nothing while no app runs.
    pub fn wished(&self) -> Option<bool> {
        wished(self.life.as_ref()?.outbox.entries())
    }

    /// Whether the phone says that its person is on duty.
    pub fn is_on_duty(&self, now_ms: i64) -> bool {
        let now = self.moment(now_ms);
        self.life.as_ref().is_some_and(|life| life.duty.standing(&now).on.is_some())
    }

    /// What the disk has of the actions, as it is read.
    fn read_entries(&self) -> Result<Vec<Entry>, String> {
        let read = |entry: &Entry| {
            let text = serde_json::to_string(entry)?;
            serde_json::from_str(&text)
        };
        self.disk.own.values().map(read).collect::<Result<_, _>>().map_err(|error| format!("unreadable: {error}"))
    }

    /// What the disk has of the actions.
    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.disk.own.values()
    }

    /// Queues the effects of the outbox as its driver would.
    pub fn queue(&mut self, mut effects: Vec<outbox::Effect>) {
        if self.mutant == Mutant::SendsBeforeRecording {
            effects.sort_by_key(|effect| !matches!(effect, outbox::Effect::Send(_)));
        }
        if let Some(life) = &mut self.life {
            life.todo.extend(effects.into_iter().map(Todo::Outbox));
        }
    }

    /// A batch as it leaves the phone.
    pub fn outgoing(&self, mut batch: outbox::Batch, ledger: &mut Ledger) -> Result<outbox::Batch, String> {
        if self.mutant == Mutant::AsksAgainUnderANewId {
            for action in &mut batch.actions {
                let entry = self.disk.own.get(&action.id);
                let again = matches!(entry, Some(Entry { state: State::Waiting(it), .. }) if it.attempts > 1);
                if again {
                    let made = ledger.of(action.id)?.clone();
                    action.id = ActionId(Uuid::from_u128(action.id.0.as_u128() | NEW_ID));
                    ledger.made.insert(action.id, made);
                }
            }
        }
        Ok(batch)
    }

    /// The answer to it as it comes in.
    pub fn incoming(&self, answer: &mut outbox::Answer) {
        for result in &mut answer.results {
            result.id = ActionId(Uuid::from_u128(result.id.0.as_u128() & !NEW_ID));
        }
    }

    pub fn set_wake(&mut self, at: Option<i64>, of_outbox: bool) -> bool {
        if self.mutant == Mutant::NeverWakes {
            return false;
        }
        if let Some(life) = &mut self.life {
            *(if of_outbox { &mut life.outbox_wake } else { &mut life.schedule_wake }) = at;
        }
        true
    }

    /// One transaction on own.db, with what may be written and deleted.
    pub fn record(&mut self, record: &Record, ledger: &mut Ledger, server: &Server, now_ms: i64) -> Result<(), String> {
        for id in &record.forget {
            self.may_forget(*id, record, ledger, server, now_ms)?;
            self.moves(*id, Name::Nowhere)?;
            if self.disk.own.remove(id).is_some() {
                ledger.ended(*id);
            }
        }
        for entry in &record.put {
            self.may_write(entry, ledger, server)?;
            self.moves(entry.id, Name::of(&entry.state))?;
            self.disk.own.insert(entry.id, entry.clone());
            ledger.recorded(entry.id);
            if let (State::OnServer(_), Some(made)) = (&entry.state, ledger.made.get_mut(&entry.id)) {
                made.heard = true;
            }
        }
        let kept = ledger.kept.get(&self.index).copied().unwrap_or_default();
        if kept == self.disk.own.len() {
            Ok(())
        } else {
            Err(format!("phone {} has {} actions on its disk, {kept} were kept: lost", self.index, self.disk.own.len()))
        }
    }

    /// Every move is one of the table.
    fn moves(&self, id: ActionId, to: Name) -> Result<(), String> {
        let from = self.disk.own.get(&id).map_or(Name::Nowhere, |entry| Name::of(&entry.state));
        if allows(from, to) { Ok(()) } else { Err(format!("{id}: from {from:?} to {to:?}, which the table has not")) }
    }

    fn may_forget(
        &self,
        id: ActionId,
        record: &Record,
        ledger: &mut Ledger,
        server: &Server,
        now_ms: i64,
    ) -> Result<(), String> {
        let Some(entry) = self.disk.own.get(&id) else { return Ok(()) };
        let wished = self.wishes.contains(&id);
        let replaced = record.put.iter().any(|new| new.subject == entry.subject && new.order > entry.order);
        if entry.kind == PRESENCE.name {
            // Its time is over, the phone was started again, or the server would not have it: nobody decides about it.
            let (age_ms, certain) = self.moment(now_ms).since(&entry.made);
            let asked = entry.state.clone() != State::Waiting(outbox::Waiting::default());
            return if replaced || asked || !certain || age_ms >= LEASE_MS {
                Ok(())
            } else {
                Err(format!("{id}: a presence forgotten before its time: lost"))
            };
        }
        let rightly = match &entry.state {
            State::Parked(_) => wished,
            State::Waiting(waiting) => !waiting.asked && (wished || replaced),
            State::OnServer(_) => false,
        };
        if !rightly {
            return Err(format!("{id}: forgotten without a decision: lost"));
        }
        if server.confirmed.contains(&(server.generation, id)) {
            return Err(format!("{id}: forgotten, but it had its effect"));
        }
        if let Some(made) = ledger.made.get_mut(&id) {
            made.let_go = true;
        }
        Ok(())
    }

    fn may_write(&self, entry: &Entry, ledger: &Ledger, server: &Server) -> Result<(), String> {
        let made = ledger.of(entry.id)?;
        if made.body != entry.body {
            return Err(format!("{}: its content is another", entry.id));
        }
        match &entry.state {
            State::OnServer(it) if !server.confirmed.contains(&(it.generation, entry.id)) => {
                Err(format!("{}: \"on the server\" before it was", entry.id))
            }
            _ => Ok(()),
        }
    }

    /// What must hold whenever the driver has nothing to do.
    pub fn check(&mut self, now_ms: i64) -> Result<(), String> {
        if !std::mem::take(&mut self.touched) {
            return Ok(());
        }
        let Some(life) = self.life.as_ref().filter(|life| life.todo.is_empty()) else { return Ok(()) };
        let index = self.index;
        // Of a long chat not every moment is looked at: looking takes longer than what is looked at.
        self.looks += 1;
        if self.disk.own.len() > MANY && !self.looks.is_multiple_of(MANY) {
            return Ok(());
        }
        if life.outbox.entries().count() != self.disk.own.len() {
            return Err(format!("phone {index}: memory and disk hold different actions: lost"));
        }
        let now = self.moment(now_ms).monotonic_ms;
        if life.outbox.pause().is_none() && life.outbox.unsent() > 0 {
            let woken = life.outbox_wake.is_some_and(|at| at <= now + LONGEST_WAIT_MS);
            let next = life.outbox.next_attempt();
            let planned = next.is_none_or(|at| life.outbox_wake.is_some_and(|wake| wake <= at.max(now)));
            if !woken || !planned {
                return Err(format!("phone {index}: actions wait, and there is no next attempt"));
            }
            self.check_stages(life, now)?;
        }
        if life.schedule_wake.is_none() && self.token && !self.anything_read(life, now_ms) {
            return Err(format!("phone {index}: nothing is read, and nothing will be"));
        }
        Ok(())
    }

    fn anything_read(&self, life: &Life, now_ms: i64) -> bool {
        let now = self.moment(now_ms);
        self.organizations.iter().any(|organization| {
            let feed = Feed { organization: *organization, name: FEED.to_owned() };
            life.schedule.status(&feed, &now).is_none_or(|status| status.running || status.next_ms.is_none())
        })
    }

    /// Every waiting action can say when it is tried next.
    fn check_stages(&self, life: &Life, now: i64) -> Result<(), String> {
        for entry in life.outbox.entries().filter(|entry| matches!(entry.state, State::Waiting(_))) {
            let stage = life.outbox.stage(entry.id);
            let said = match &stage {
                Some(Stage::OnPhone(outbox::OnPhone::Waiting { next_attempt_ms, .. })) => {
                    *next_attempt_ms <= now + LONGEST_WAIT_MS
                }
                Some(Stage::OnPhone(outbox::OnPhone::BeingSent)) => true,
                _ => false,
            };
            if !said {
                return Err(format!("{}: waits, but says {stage:?}", entry.id));
            }
        }
        Ok(())
    }
}

fn kinds() -> Vec<KindRules> {
    let mut kinds = vec![
        KindRules::of(&ACKNOWLEDGE, &[&ACKNOWLEDGE]),
        KindRules::of(&RELEASE, &[&RELEASE]),
        KindRules::of(&MUTE, &[&MUTE]),
        KindRules::of(&UNMUTE, &[&UNMUTE]),
        KindRules::of(&MESSAGE, &[]),
    ];
    kinds.extend(onsite::duty::switch::kinds());
    kinds.push(KindRules::of(&READ_NOTICES, &[]).fleeting(outbox::KEPT_MS));
    kinds
}
