//! The schedule: when which feed is read, compared and listened for. A pure step function,
//! `(state, event, now, random) -> effects`; a driver performs the [`Effect`]s in order.
//!
//! It knows feeds by name only, reads nothing itself and writes no rows. Losing all it remembers costs full reads, never
//! data.
//!
//! # One feed at a time, organizations apart
//! - At most one read or comparison of a feed is under way. At most [`MOST_RUNS`] in all and [`MOST_RUNS_EACH`] of one
//!   organization, so that a slow customer of a partner's technician delays no other; what waits longest goes first.
//! - A ring during a read leads to exactly one more read, unless the read reached the rung offset. A ring for what the copy
//!   has leads to none.
//!
//! # What is read
//! - Changes after the copy's mark; a read that says there is more is followed by the next at once.
//! - Everything: when there is no copy, the last full read is over 7 days old, the last read of any kind over a day, the
//!   offset is gone, the generation is another, rights changed, or the digests differ. A wish for a full read stays until
//!   one has ended well. The server's reasons give at most one full read a minute, the digest's at most one an hour.
//! - A last read that lies in the future by the wall clock, after a restart of the phone, proves nothing and counts as over
//!   age.
//!
//! # When
//! - At opening, coming to front, a changed network, a new session, a person's refresh, and whenever the event stream has
//!   opened: what was rung while nobody listened.
//! - On a ring.
//! - Without a live stream, by polling: every 10 s in front, every 5 min behind. So a server that has no stream, and one
//!   whose stream does not come through, cost latency only.
//! - With a live stream, after 6 h of silence, so that the last read never becomes a day old by itself.
//! - Comparing digests: after a full read and when the last equal one is over a day old, once nothing is left to read. When
//!   the server's offset has moved on, the feed is read and compared again half a minute later.
//!
//! # The event stream
//! One for all organizations, open while there is a session and a server that rings. It asks for a heartbeat of 30 s in
//! front and 5 min behind, counts as dead after two missed, and is opened again after 1 s, 2 s, 4 s … at most 5 min; only a
//! heartbeat or a ring resets that, not the opening. A changed network opens it anew.
//!
//! # Failures
//! A failed read is tried again after 2 s, 4 s, 8 s … at most 10 min, the upper half by chance. `Retry-After` holds for
//! the whole server, and nothing comes before it. A ring, the network, the front or a refresh bring a read forward to 1 s
//! after the last one ended. Without a session nothing starts. Schedules are in monotonic time.

mod event;
mod feed;
mod stream;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use onsite_wire::ids::OrganizationId;

pub use event::{DigestEnd, Effect, Event, Failure, Feed, FeedRecord, FeedTimes, Mark, Note, PullEnd, Read, Why};

use self::feed::{Copy, Job, Watch};
use self::stream::Stream;
use crate::sync::backoff::{Dice, obeyed_ms};
use crate::time::Moment;

/// Polling without a live stream, in front.
pub const POLL_FRONT_MS: i64 = 10_000;
/// Polling without a live stream, behind.
pub const POLL_BEHIND_MS: i64 = 5 * 60_000;
/// The heartbeat that is asked for in front.
pub const HEARTBEAT_FRONT_MS: i64 = 30_000;
/// The heartbeat that is asked for behind.
pub const HEARTBEAT_BEHIND_MS: i64 = 5 * 60_000;
/// The most reads and comparisons under way.
pub const MOST_RUNS: usize = 6;
/// The most of them in one organization.
pub const MOST_RUNS_EACH: usize = 3;

/// The schedule of one account on one server.
#[derive(Debug, Clone, Default)]
pub struct Schedule {
    session: bool,
    front: bool,
    organizations: BTreeMap<OrganizationId, Offers>,
    copies: BTreeMap<Feed, Copy>,
    stream: Stream,
    /// The server's own word: nothing starts before.
    not_before_ms: i64,
    next_ticket: u64,
    /// The last [`Effect::WakeAt`].
    wake_ms: Option<i64>,
}

/// What an organization's server offers.
#[derive(Debug, Clone, Copy)]
struct Offers {
    rings: bool,
    digests: bool,
}

/// What a person may know of a feed's copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FeedStatus {
    /// When the last read ended with nothing left to read: the age of the data. `None`: not read yet.
    pub read: Option<Moment>,
    /// A read is under way.
    pub running: bool,
    /// Why the last one failed, if it did.
    pub trouble: Option<Failure>,
    /// When the next thing is due, in monotonic milliseconds. `None`: under way, or nobody is signed in.
    pub next_ms: Option<i64>,
}

impl Schedule {
    /// A schedule that knows no feed yet: not signed in, behind.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether the event stream is up: changes arrive at once.
    pub fn is_live(&self) -> bool {
        self.stream.is_up()
    }

    /// The feeds that are known.
    pub fn feeds(&self) -> impl Iterator<Item = &Feed> {
        self.copies.keys()
    }

    /// One step: what happened, and what is to be done about it.
    pub fn step(&mut self, event: Event, now: &Moment, random: u64) -> Vec<Effect> {
        let mut work = Work { now: *now, dice: Dice::new(random), effects: Vec::new() };
        self.take(event, &mut work);
        self.listen(&mut work);
        self.start_due(&mut work);
        let wake_ms = self.wake_at(now);
        if wake_ms != self.wake_ms {
            self.wake_ms = wake_ms;
            work.effects.push(Effect::WakeAt(wake_ms));
        }
        work.effects
    }

    /// Where a feed stands; `None`: not opened.
    pub fn status(&self, feed: &Feed, now: &Moment) -> Option<FeedStatus> {
        let copy = self.copies.get(feed)?;
        let next_ms = if self.session && copy.run.is_none() {
            copy.next(now, self.watch(feed)).map(|(at, _)| at.max(self.not_before_ms))
        } else {
            None
        };
        Some(FeedStatus { read: copy.times.read, running: copy.run.is_some(), trouble: copy.trouble, next_ms })
    }

    fn take(&mut self, event: Event, work: &mut Work) {
        match event {
            Event::Opened { organization, rings, digests, feeds } => {
                self.organizations.insert(organization, Offers { rings, digests });
                for record in feeds {
                    let copy = || Copy::open(record.mark, record.times, work.now.monotonic_ms);
                    self.copies.entry(record.feed).or_insert_with(copy);
                }
            }
            Event::Closed(organization) => {
                self.organizations.remove(&organization);
                self.copies.retain(|feed, _| feed.organization != organization);
            }
            Event::Session(usable) => {
                if usable && !self.session {
                    self.read_soon(None, &work.now);
                }
                self.session = usable;
            }
            Event::Front(front) => {
                self.front = front;
                if front {
                    self.read_soon(None, &work.now);
                }
            }
            Event::NetworkChanged => {
                self.stream.renew(&work.now);
                self.read_soon(None, &work.now);
            }
            Event::Refresh(organization) => self.read_soon(organization, &work.now),
            Event::Rung { feed, offset } => {
                self.stream.heard(&work.now);
                if let Some(copy) = self.copies.get_mut(&feed) {
                    copy.rung(offset, &work.now);
                }
            }
            Event::StreamUp { ticket } => {
                if self.stream.up(ticket, &work.now) {
                    self.read_soon(None, &work.now);
                }
            }
            Event::StreamBeat { ticket } => self.stream.beat(ticket, &work.now),
            Event::StreamDown { ticket, failure } => {
                if self.stream.down(ticket, failure, work) {
                    self.obey(failure, &work.now);
                }
            }
            Event::Pulled { feed, ticket, end } => self.pulled(feed, ticket, end, work),
            Event::Compared { feed, ticket, end } => self.compared(feed, ticket, end, work),
            Event::RightsChanged(organization) => {
                for (feed, copy) in self.copies.iter_mut().filter(|(feed, _)| feed.organization == organization) {
                    copy.want_full(Why::Rights, &work.now);
                    work.note(Note::FullRead { feed: feed.clone(), why: Why::Rights });
                }
            }
            Event::CopiesGone => {
                for copy in self.copies.values_mut() {
                    *copy = Copy::open(None, FeedTimes::default(), work.now.monotonic_ms);
                }
            }
            Event::Tick => {}
        }
    }

    fn read_soon(&mut self, organization: Option<OrganizationId>, now: &Moment) {
        for (feed, copy) in &mut self.copies {
            if organization.is_none_or(|organization| organization == feed.organization) {
                copy.read_soon(now);
            }
        }
    }

    fn pulled(&mut self, feed: Feed, ticket: u64, end: PullEnd, work: &mut Work) {
        let Some(copy) = self.copies.get_mut(&feed).filter(|copy| copy.is_running(ticket, false)) else {
            work.note(Note::StaleEnd);
            return;
        };
        let why = copy.pulled(end, work);
        let times = copy.times;
        if let Some(why) = why {
            work.note(Note::FullRead { feed: feed.clone(), why });
        }
        match end {
            PullEnd::Read { .. } => work.effects.push(Effect::Remember { feed, times }),
            PullEnd::Failed(failure) => self.obey(failure, &work.now),
            PullEnd::OffsetGone | PullEnd::GenerationChanged => {}
        }
    }

    fn compared(&mut self, feed: Feed, ticket: u64, end: DigestEnd, work: &mut Work) {
        let Some(copy) = self.copies.get_mut(&feed).filter(|copy| copy.is_running(ticket, true)) else {
            work.note(Note::StaleEnd);
            return;
        };
        copy.compared(end, work);
        let times = copy.times;
        match end {
            DigestEnd::Differs => work.note(Note::DigestDiffers(feed)),
            DigestEnd::Same => work.effects.push(Effect::Remember { feed, times }),
            DigestEnd::Moved => {}
            DigestEnd::Failed(failure) => self.obey(failure, &work.now),
        }
    }

    /// What a failure says about the server or the session as a whole.
    fn obey(&mut self, failure: Failure, now: &Moment) {
        match failure {
            Failure::Busy { retry_after_ms: Some(wish) } | Failure::Fault { retry_after_ms: Some(wish) } => {
                let until = now.monotonic_ms.saturating_add(obeyed_ms(wish));
                self.not_before_ms = self.not_before_ms.max(until);
            }
            Failure::SignedOut => self.session = false,
            Failure::Unreachable | Failure::Busy { .. } | Failure::Fault { .. } | Failure::Refused => {}
        }
    }

    /// Opens, reopens or closes the stream as is due.
    fn listen(&mut self, work: &mut Work) {
        let wanted = self.wants_stream();
        let heartbeat_ms = if self.front { HEARTBEAT_FRONT_MS } else { HEARTBEAT_BEHIND_MS };
        let wanted = wanted.then_some(heartbeat_ms);
        self.stream.settle(wanted, self.not_before_ms, &mut self.next_ticket, work);
    }

    fn wants_stream(&self) -> bool {
        self.session && self.organizations.values().any(|offers| offers.rings)
    }

    fn watch(&self, feed: &Feed) -> Watch {
        let offers = self.organizations.get(&feed.organization);
        let live = self.stream.is_up() && offers.is_some_and(|offers| offers.rings);
        let poll_ms = if self.front { POLL_FRONT_MS } else { POLL_BEHIND_MS };
        Watch { poll_ms: (!live).then_some(poll_ms), digests: offers.is_some_and(|offers| offers.digests) }
    }

    /// Starts what is due, longest waiting first, as far as there is room.
    fn start_due(&mut self, work: &mut Work) {
        let now_ms = work.now.monotonic_ms;
        if !self.session || self.not_before_ms > now_ms {
            return;
        }
        let mut due: Vec<(i64, Feed, Job)> = Vec::new();
        let mut running: BTreeMap<OrganizationId, usize> = BTreeMap::new();
        for (feed, copy) in &self.copies {
            if copy.run.is_some() {
                *running.entry(feed.organization).or_default() += 1;
            } else if let Some((at, job)) = copy.next(&work.now, self.watch(feed)).filter(|(at, _)| *at <= now_ms) {
                due.push((at, feed.clone(), job));
            }
        }
        due.sort_by(|a, b| (a.0, &a.1).cmp(&(b.0, &b.1)));
        let mut total: usize = running.values().sum();
        for (_, feed, job) in due {
            let each = running.entry(feed.organization).or_default();
            if total >= MOST_RUNS || *each >= MOST_RUNS_EACH {
                continue;
            }
            total += 1;
            *each += 1;
            self.start(feed, job, work);
        }
    }

    fn start(&mut self, feed: Feed, job: Job, work: &mut Work) {
        let ticket = self.next_ticket;
        self.next_ticket = self.next_ticket.wrapping_add(1);
        let Some(copy) = self.copies.get_mut(&feed) else { return };
        if let (Job::Pull, Some(why)) = (job, copy.grown_old(&work.now)) {
            work.note(Note::FullRead { feed: feed.clone(), why });
        }
        let effect = match copy.start(ticket, job, &work.now) {
            Some(read) => Effect::Pull { feed, ticket, read },
            None => Effect::CompareDigest { feed, ticket },
        };
        work.effects.push(effect);
    }

    /// When time alone changes something next. What is due but has no room starts when something else ends.
    fn wake_at(&self, now: &Moment) -> Option<i64> {
        if !self.session {
            return None;
        }
        let waiting = self.copies.iter().filter(|(_, copy)| copy.run.is_none());
        let feeds = waiting.filter_map(|(feed, copy)| copy.next(now, self.watch(feed)));
        let feeds = feeds.map(|(at, _)| at.max(self.not_before_ms)).filter(|at| *at > now.monotonic_ms);
        feeds.chain(self.stream.wake_at(self.wants_stream(), self.not_before_ms)).min()
    }
}

/// What one step gathers.
struct Work {
    now: Moment,
    dice: Dice,
    effects: Vec<Effect>,
}

impl Work {
    fn note(&mut self, note: Note) {
        self.effects.push(Effect::Noted(note));
    }
}
