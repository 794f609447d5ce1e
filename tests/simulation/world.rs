//! One bad day: when what happens, and what the network makes of it.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};

use onsite::sync::outbox::{self, Answer, State};
use onsite::sync::schedule::{self, Feed, PullEnd, Read};
use onsite_rules::action::MESSAGE;
use onsite_wire::ids::{ActionId, Generation, OrganizationId, PersonId, Uuid};
use onsite_wire::onsite::ActionsRequest;

use super::chance::Chance;
use super::duty::{OnDuty, Places};
use super::ledger::Ledger;
use super::long_chat::Lines;
use super::notices::OfNotices;
use super::phone::{Mutant, Phone};
use super::server::{FEED, Row, Server};

pub(super) const START_MS: i64 = 1_800_000_000_000;
pub(super) const SECOND: i64 = 1_000;
pub(super) const MINUTE: i64 = 60 * SECOND;
pub(super) const HOUR: i64 = 60 * MINUTE;
/// After the faults stop, everything has come together within this.
const PEACE_MS: i64 = 2 * HOUR;

/// How bad the day is, each in so many of a thousand cases.
#[derive(Debug, Default)]
pub(super) struct Weather {
    pub(super) lost_on_the_way: u64,
    pub(super) answer_lost: u64,
    pub(super) doubled: u64,
    pub(super) slow: u64,
    pub(super) busy: u64,
    pub(super) fault: u64,
    pub(super) expired: u64,
    pub(super) left_out: u64,
    pub(super) dies_between_effects: u64,
    pub(super) poison: u64,
}

impl Weather {
    /// Each kind of fault is there on half of the days, so that some days have one alone.
    fn of(chance: &mut Chance) -> Self {
        let mut some = |most: u64| if chance.happens(500) { chance.below(most) } else { 0 };
        Self {
            lost_on_the_way: some(300),
            answer_lost: some(300),
            doubled: some(300),
            slow: some(300),
            busy: some(200),
            fault: some(200),
            expired: some(50),
            left_out: some(200),
            dies_between_effects: some(60),
            poison: some(150),
        }
    }
}

/// What was tried, to see that the days were bad enough.
#[derive(Debug, Default, Clone)]
pub struct Tally(BTreeMap<&'static str, u64>);

impl Tally {
    pub(super) fn count(&mut self, what: &'static str) {
        *self.0.entry(what).or_default() += 1;
    }

    pub fn add(&mut self, other: &Self) {
        for (what, count) in &other.0 {
            *self.0.entry(what).or_default() += count;
        }
    }

    pub fn assert_that_everything_was_tried(&self) {
        for what in [
            "acted",
            "written",
            "in a chat",
            "solved or reopened",
            "confirmed",
            "parked refused",
            "parked conflict",
            "parked blocked",
            "parked too old",
            "replaced",
            "retried",
            "discarded",
            "asked again",
            "died between effects",
            "died",
            "rebooted",
            "restored",
            "answer lost",
            "lost on the way",
            "doubled",
            "busy",
            "fault",
            "left out",
            "stray result",
            "stale answer",
            "generation refused",
            "lent",
            "token gone",
            "clock set",
            "poison",
            "stream silent",
            "ring",
            "expired",
            "switched on",
            "switched off",
            "off by itself",
            "at a site",
            "site withdrawn",
            "lease over",
            "seen at a site",
            "presence forgotten",
            "switch too old",
            "switch followed at start",
            "cannot know",
            "fix refused",
            "told",
            "told by push",
            "told by feed",
            "known already, or silenced",
            "counted up",
            "bundle told",
            "push lost",
            "pushed without an app",
            "read",
        ] {
            assert!(self.0.get(what).copied().unwrap_or_default() >= 20, "too rare: {what}: {self:?}");
        }
    }
}

#[derive(Debug)]
pub(super) enum Happening {
    Wake {
        phone: usize,
        life: u64,
        at: i64,
        of_outbox: bool,
    },
    Arrives {
        phone: usize,
        life: u64,
        sent: Sent,
        request: Request,
    },
    /// `clock`: when the request was sent, and the server's time in the answer; missing without one.
    Answers {
        phone: usize,
        life: u64,
        reply: Reply,
        clock: Option<(i64, i64)>,
    },
    OnDuty(usize, OnDuty),
    LeasesEnd,
    Notices(OfNotices),
    Beats {
        phone: usize,
        ticket: u64,
    },
    Rings {
        phone: usize,
        life: u64,
        organization: OrganizationId,
        offset: i64,
    },
    Acts(usize),
    Writes(Lines),
    Decides(usize),
    Dies {
        phone: usize,
        reboot: bool,
    },
    Starts(usize),
    Signal(usize, bool),
    Token(usize, bool),
    Lent(usize, bool),
    Front(usize, bool),
    ClockSet(usize, i64),
    ServerUp(bool),
    BacksUp,
    Restores,
    Changes,
    Peace,
}

/// Of a request: when it left its phone, and in whose name.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sent {
    pub(super) at_ms: i64,
    pub(super) by: Option<PersonId>,
}

#[derive(Debug, Clone)]
pub(super) enum Request {
    Actions { ticket: u64, body: ActionsRequest },
    Pull { ticket: u64, feed: Feed, read: Read },
    Digest { ticket: u64, feed: Feed },
    Stream { ticket: u64, heartbeat_ms: i64 },
}

#[derive(Debug)]
pub(super) enum Reply {
    Actions { ticket: u64, answer: Result<Answer, outbox::Failure> },
    Rows { ticket: u64, feed: Feed, read: Read, generation: Generation, rows: BTreeMap<Uuid, Row>, offset: i64 },
    PullFailed { ticket: u64, feed: Feed, end: PullEnd },
    Digest { ticket: u64, feed: Feed, offset: i64, tally: onsite_rules::digest::Tally },
    DigestFailed { ticket: u64, feed: Feed, failure: schedule::Failure },
    StreamUp { ticket: u64 },
    StreamDown { ticket: u64, failure: schedule::Failure },
}

impl Reply {
    pub(super) const fn says_signed_out(&self) -> bool {
        matches!(
            self,
            Self::Actions { answer: Err(outbox::Failure::SignedOut), .. }
                | Self::PullFailed { end: PullEnd::Failed(schedule::Failure::SignedOut), .. }
                | Self::DigestFailed { failure: schedule::Failure::SignedOut, .. }
                | Self::StreamDown { failure: schedule::Failure::SignedOut, .. }
        )
    }
}

/// How a request ends badly.
#[derive(Debug, Clone, Copy)]
pub(super) enum Bad {
    NotReached,
    Lost,
    Busy(Option<i64>),
    Fault,
    SignedOut,
}

/// A server's end of an event stream.
#[derive(Debug)]
pub(super) struct Listener {
    pub(super) ticket: u64,
    pub(super) life: u64,
    pub(super) heartbeat_ms: i64,
}

/// Everything.
pub struct World {
    pub(super) now_ms: i64,
    pub(super) chance: Chance,
    pub(super) weather: Weather,
    pub(super) peace_since_ms: Option<i64>,
    pub(super) organizations: Vec<OrganizationId>,
    pub(super) alarms: Vec<Uuid>,
    pub(super) phones: Vec<Phone>,
    pub(super) server: Server,
    pub(super) ledger: Ledger,
    pub(super) places: Places,
    /// When the next lease ends, as the server looks at it.
    pub(super) lease_ends_ms: Option<i64>,
    /// How many messages the chat must have in the end, where that is known.
    pub(super) messages: Option<usize>,
    pub(super) listeners: BTreeMap<usize, Listener>,
    pub(super) queue: BinaryHeap<Reverse<(i64, u64)>>,
    pub(super) happenings: BTreeMap<u64, Happening>,
    pub(super) next: u64,
    pub(super) ids: u128,
    pub(super) tally: Tally,
}

impl World {
    pub fn new(seed: u64, mutant: Mutant) -> Self {
        let mut chance = Chance::new(seed);
        let weather = Weather::of(&mut chance);
        let organizations = 1 + usize::try_from(chance.below(2)).unwrap_or(0);
        let alarms = 2 + usize::try_from(chance.below(4)).unwrap_or(0);
        let phones = 2 + usize::try_from(chance.below(2)).unwrap_or(0);
        let mut world = Self::bare(chance, seed, mutant, (organizations, alarms, phones));
        world.weather = weather;
        world.plan();
        world
    }

    /// So many organizations, alarms in each, and phones, on a fine day on which nothing happens.
    pub(super) fn bare(
        mut chance: Chance,
        seed: u64,
        mutant: Mutant,
        (organizations, alarms, phones): (usize, usize, usize),
    ) -> Self {
        let organizations: Vec<_> = (100..).take(organizations).map(|n| OrganizationId(Uuid::from_u128(n))).collect();
        let alarms: Vec<_> = (200..).take(alarms).map(Uuid::from_u128).collect();
        let mut phones: Vec<_> = (0..phones).map(|index| Phone::new(index, &organizations, START_MS, mutant)).collect();
        phones.iter_mut().for_each(|phone| phone.chooses(&mut chance));
        let people: Vec<_> = phones.iter().map(|phone| phone.person).collect();
        let server = Server::new(&organizations, &alarms, &people);
        let places = Places::of(&organizations);
        Self {
            now_ms: START_MS,
            chance,
            weather: Weather::default(),
            peace_since_ms: None,
            organizations,
            alarms,
            phones,
            server,
            ledger: Ledger::default(),
            places,
            lease_ends_ms: None,
            messages: None,
            listeners: BTreeMap::new(),
            queue: BinaryHeap::new(),
            happenings: BTreeMap::new(),
            next: 0,
            ids: u128::from(seed) << 64,
            tally: Tally::default(),
        }
    }

    /// Runs the day and the peace after it.
    pub fn run(mut self) -> Result<Tally, String> {
        while let Some(Reverse((at_ms, key))) = self.queue.pop() {
            let Some(happening) = self.happenings.remove(&key) else { continue };
            if self.peace_since_ms.is_some_and(|since| at_ms > since + PEACE_MS) {
                break;
            }
            self.now_ms = at_ms;
            self.happen(happening)?;
            self.phones.iter_mut().try_for_each(|phone| phone.check(at_ms))?;
            self.check_leases()?;
        }
        self.check_that_all_came_together()?;
        Ok(self.tally)
    }

    pub(super) fn later(&mut self, in_ms: i64, happening: Happening) {
        self.next += 1;
        self.happenings.insert(self.next, happening);
        self.queue.push(Reverse((self.now_ms + in_ms.max(0), self.next)));
    }

    fn happen(&mut self, happening: Happening) -> Result<(), String> {
        match happening {
            Happening::Wake { phone, life, at, of_outbox } => self.wakes(phone, life, at, of_outbox),
            Happening::Arrives { phone, life, sent, request } => self.arrives(phone, life, sent, request),
            Happening::Answers { phone, life, reply, clock } => {
                self.reads_the_clock(phone, life, clock);
                self.answers(phone, life, reply)
            }
            Happening::OnDuty(phone, what) => self.on_duty(phone, what),
            Happening::Notices(what) => self.of_notices(what),
            Happening::LeasesEnd => {
                self.look_at_leases();
                Ok(())
            }
            Happening::Beats { phone, ticket } => self.beats(phone, ticket),
            Happening::Rings { phone, life, organization, offset } => {
                self.tally.count("ring");
                let feed = Feed { organization, name: FEED.to_owned() };
                if self.lives(phone, life) {
                    self.tell_outbox(phone, outbox::Event::Nudged)?;
                    self.tell_schedule(phone, schedule::Event::Rung { feed, offset })?;
                }
                Ok(())
            }
            Happening::Acts(phone) => self.acts(phone),
            Happening::Writes(lines) => self.writes_lines(lines),
            Happening::Decides(phone) => self.decides(phone),
            Happening::Dies { phone, reboot } => {
                self.tally.count(if reboot { "rebooted" } else { "died" });
                self.dies(phone, reboot);
                Ok(())
            }
            Happening::Starts(phone) => self.starts(phone),
            Happening::ServerUp(up) => {
                self.server.up = up;
                self.listeners.clear();
                self.look_at_leases();
                Ok(())
            }
            Happening::BacksUp => {
                self.server.back_up();
                Ok(())
            }
            Happening::Restores => {
                if self.server.restore() {
                    self.tally.count("restored");
                    self.listeners.clear();
                    self.look_at_leases();
                }
                Ok(())
            }
            Happening::Changes => {
                self.alarm_changes();
                Ok(())
            }
            Happening::Peace => self.peace(),
            of_phone => self.of_phone(of_phone),
        }
    }

    /// What happens around a phone.
    fn of_phone(&mut self, happening: Happening) -> Result<(), String> {
        match happening {
            Happening::Signal(phone, there) => {
                self.phones[phone].signal = there;
                if !there {
                    self.listeners.remove(&phone);
                }
                self.tell_outbox(phone, outbox::Event::Nudged)?;
                self.tell_schedule(phone, schedule::Event::NetworkChanged)
            }
            Happening::Token(phone, there) => {
                self.tally.count("token gone");
                self.phones[phone].token = there;
                self.tells_session(phone)
            }
            Happening::Lent(phone, lent) => {
                self.tally.count("lent");
                self.phones[phone].lent = lent;
                self.tells_session(phone)
            }
            Happening::Front(phone, front) => {
                self.phones[phone].front = front;
                self.tell_outbox(phone, outbox::Event::Nudged)?;
                self.tell_schedule(phone, schedule::Event::Front(front))
            }
            Happening::ClockSet(phone, by_ms) => {
                self.tally.count("clock set");
                self.phones[phone].wall_offset_ms += by_ms;
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn alarm_changes(&mut self) {
        let organization = self.chance.pick(&self.organizations).copied();
        if let Some(organization) = organization.filter(|_| self.chance.happens(250)) {
            self.tally.count("solved or reopened");
            self.server.solve(organization);
            self.ring(organization);
            return;
        }
        let alarm = self.chance.pick(&self.alarms).copied();
        if let (Some(organization), Some(alarm)) = (organization, alarm) {
            let clear = self.chance.happens(100);
            self.server.change(organization, alarm, clear);
            self.ring(organization);
        }
    }

    /// The faults stop; everything that was cut off comes back.
    fn peace(&mut self) -> Result<(), String> {
        self.peace_since_ms = Some(self.now_ms);
        self.weather = Weather::default();
        self.server.up = true;
        self.look_at_leases();
        for phone in 0..self.phones.len() {
            let it = &mut self.phones[phone];
            (it.signal, it.token, it.lent, it.front) = (true, true, false, false);
            self.starts(phone)?;
            self.tells_session(phone)?;
            // The last leases end before everything is compared.
            self.later(PEACE_MS - 30 * MINUTE, Happening::OnDuty(phone, OnDuty::Rests));
        }
        Ok(())
    }

    /// Every chat holds each message that its writer's phone says is on the server, once, in its writer's order.
    fn check_chats(&mut self) -> Result<(), String> {
        for organization in self.organizations.clone() {
            let chat = self.server.chat(organization).to_vec();
            if let Some(messages) = self.messages.filter(|messages| *messages != chat.len()) {
                return Err(format!("a chat of {} messages, and {messages} were written", chat.len()));
            }
            let in_chat: BTreeSet<ActionId> = chat.iter().copied().collect();
            let mut last: BTreeMap<usize, usize> = BTreeMap::new();
            for id in &chat {
                let made = self.ledger.of(*id)?;
                let before = last.insert(made.phone, made.number).unwrap_or_default();
                if before >= made.number {
                    return Err(format!("{id}: a chat in another order than it was written, or twice"));
                }
                self.tally.count("in a chat");
            }
            for phone in &self.phones {
                let on_server = phone.entries().filter(|entry| {
                    entry.kind == MESSAGE.name
                        && entry.organization == organization
                        && matches!(entry.state, State::OnServer(_))
                });
                for entry in on_server {
                    if !in_chat.contains(&entry.id) {
                        return Err(format!("{}: said to be on the server, but in no chat: lost", entry.id));
                    }
                }
            }
        }
        Ok(())
    }

    /// The end: nothing waits, nothing is half shown, and every phone holds what the server holds.
    fn check_that_all_came_together(&mut self) -> Result<(), String> {
        self.check_chats()?;
        self.check_switches()?;
        self.check_notices()?;
        for phone in &self.phones {
            for entry in phone.entries() {
                let truly_ms = self.now_ms - self.ledger.of(entry.id)?.at_ms;
                let age_ms = entry.age(&phone.moment(self.now_ms)).0.max(truly_ms);
                let ended = entry.expires_at.is_some_and(|end| end.millis_since(entry.made.wall) < age_ms);
                match &entry.state {
                    State::Waiting(_) => return Err(format!("{}: did not come together: still waits", entry.id)),
                    State::OnServer(it) if !it.shown => {
                        return Err(format!("{}: did not come together: not shown", entry.id));
                    }
                    State::OnServer(it) if it.generation != self.server.generation && !ended => {
                        return Err(format!("{}: did not come together: of an older generation", entry.id));
                    }
                    State::OnServer(_) => self.tally.count("confirmed"),
                    State::Parked(parked) => self.tally.count(match parked.reason {
                        outbox::Reason::Refused { .. } => "parked refused",
                        outbox::Reason::Conflict { .. } => "parked conflict",
                        outbox::Reason::Blocked { .. } => "parked blocked",
                        outbox::Reason::TooOld { .. } => "parked too old",
                    }),
                }
            }
            for organization in &self.organizations {
                let server = self.server.read(*organization, None, usize::MAX).rows;
                if phone.disk.rows.get(organization) != Some(&server) {
                    return Err(format!("phone {}: did not come together: its copy differs", phone.index));
                }
            }
        }
        Ok(())
    }
}
