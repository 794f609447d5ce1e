//! What is missing in what somebody looks at, asked for piece by piece. A pure step function,
//! `(state, event, now, random) -> effects`; it knows views by number only.
//!
//! A feed brings what is new, and a full read the newest part of what is long. What lies between, or before, is asked for
//! when somebody looks at it, and no sooner:
//! * A view that opens, moves or grows is looked through at once; so are all when a feed was read.
//! * At most one request of a view is under way, and at most [`MOST`] in all. A piece that came leads to the next one, until
//!   nothing is missing in the view; then it is quiet.
//! * A failed request is made again after 2 s, 4 s, 8 s … at most 10 min, the upper half by chance. `Retry-After` holds for
//!   all views. What the server refuses is asked for again when the view opens anew, and not before.
//! * The network, the session or the front bring what waits forward, to 1 s after the last request ended.

use std::collections::{BTreeMap, BTreeSet};

use super::backoff::{PULLING, obeyed_ms};
use super::schedule::Failure;
use crate::time::Moment;

/// The most requests under way.
pub const MOST: usize = 2;
/// Between the end of a request and the next one of the same view that something brought forward.
const GAP_MS: i64 = 1_000;

/// What happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// Somebody looks at this view, or at more of it.
    Opened(u64),
    /// Nobody looks at this view any more.
    Closed(u64),
    /// What all views show may be another by now.
    Changed,
    /// Whether there is a usable token.
    Session(bool),
    /// The server may be reached again.
    Reachable,
    /// A request, or the look whether there is anything to ask for, came to its end.
    Ended {
        /// Of which view.
        view: u64,
        /// Which request.
        ticket: u64,
        /// How.
        end: End,
    },
    /// Time passed.
    Tick,
}

/// How a request ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// A piece came; there may be more to ask for.
    Came,
    /// Nothing is missing in the view that could be asked for.
    Whole,
    /// Nothing came.
    Failed(Failure),
}

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Ask for the newest piece that is missing in this view, if there is one, and say how it ended.
    Ask {
        /// Of which view.
        view: u64,
        /// Which request.
        ticket: u64,
    },
    /// Send [`Event::Tick`] then, in monotonic milliseconds; `None`: not by time alone.
    WakeAt(Option<i64>),
}

#[derive(Debug, Clone, Copy, Default)]
struct View {
    run: Option<u64>,
    /// When it is looked through, in monotonic milliseconds; `None`: when something happens.
    due_ms: Option<i64>,
    /// Something happened while a request was under way.
    again: bool,
    failures: u32,
    ended_ms: i64,
    /// The server refused it.
    refused: bool,
}

/// The views that somebody looks at.
#[derive(Debug, Clone, Default)]
pub struct Gaps {
    session: bool,
    views: BTreeMap<u64, View>,
    running: BTreeSet<u64>,
    /// The server's own word: nothing starts before.
    not_before_ms: i64,
    next_ticket: u64,
    wake_ms: Option<i64>,
}

impl Gaps {
    /// One step: what happened, and what is to be done about it.
    pub fn step(&mut self, event: Event, now: &Moment, random: u64) -> Vec<Effect> {
        self.take(event, now.monotonic_ms, random);
        let mut effects = self.start(now.monotonic_ms);
        let wake_ms = self.wake_at(now.monotonic_ms);
        if wake_ms != self.wake_ms {
            self.wake_ms = wake_ms;
            effects.push(Effect::WakeAt(wake_ms));
        }
        effects
    }

    fn take(&mut self, event: Event, now_ms: i64, random: u64) {
        match event {
            Event::Opened(view) => {
                let view = self.views.entry(view).or_insert(View { ended_ms: i64::MIN, ..View::default() });
                view.refused = false;
                view.soon(now_ms);
            }
            Event::Closed(view) => drop(self.views.remove(&view)),
            // What failed keeps its wait: a feed that was read says nothing about the way to the rest.
            Event::Changed => {
                self.views.values_mut().filter(|view| view.failures == 0).for_each(|view| view.soon(now_ms))
            }
            Event::Session(usable) => {
                if usable && !self.session {
                    self.views.values_mut().for_each(|view| view.soon(now_ms));
                }
                self.session = usable;
            }
            Event::Reachable => self.views.values_mut().for_each(|view| view.soon(now_ms)),
            Event::Ended { view, ticket, end } => self.ended((view, ticket), end, now_ms, random),
            Event::Tick => {}
        }
    }

    fn ended(&mut self, (view, ticket): (u64, u64), end: End, now_ms: i64, random: u64) {
        self.running.remove(&ticket);
        if let End::Failed(
            Failure::Busy { retry_after_ms: Some(wish) } | Failure::Fault { retry_after_ms: Some(wish) },
        ) = end
        {
            self.not_before_ms = self.not_before_ms.max(now_ms.saturating_add(obeyed_ms(wish)));
        }
        let Some(view) = self.views.get_mut(&view).filter(|view| view.run == Some(ticket)) else { return };
        (view.run, view.ended_ms) = (None, now_ms);
        let again = std::mem::take(&mut view.again);
        match end {
            End::Came => (view.failures, view.due_ms) = (0, Some(now_ms)),
            End::Whole => (view.failures, view.due_ms) = (0, again.then_some(now_ms)),
            End::Failed(Failure::Refused) => (view.refused, view.due_ms) = (true, None),
            End::Failed(failure) => {
                view.failures = view.failures.saturating_add(1);
                view.due_ms = Some(now_ms.saturating_add(PULLING.wait_ms(view.failures, random)));
                if failure == Failure::SignedOut {
                    self.session = false;
                }
            }
        }
    }

    /// Starts what is due, as far as there is room; the longest waiting first.
    fn start(&mut self, now_ms: i64) -> Vec<Effect> {
        if !self.session || self.not_before_ms > now_ms {
            return Vec::new();
        }
        let due = |view: &View| view.due_ms.filter(|due| view.run.is_none() && *due <= now_ms);
        let mut waiting: Vec<(i64, u64)> =
            self.views.iter().filter_map(|(number, view)| due(view).map(|due| (due, *number))).collect();
        waiting.sort_unstable();
        let mut effects = Vec::new();
        for (_, number) in waiting {
            let Some(view) = self.views.get_mut(&number).filter(|_| self.running.len() < MOST) else { break };
            let ticket = self.next_ticket;
            self.next_ticket = self.next_ticket.wrapping_add(1);
            (view.run, view.due_ms) = (Some(ticket), None);
            self.running.insert(ticket);
            effects.push(Effect::Ask { view: number, ticket });
        }
        effects
    }

    /// What is due but has no room starts when something else ends.
    fn wake_at(&self, now_ms: i64) -> Option<i64> {
        let waiting = self.views.values().filter(|view| self.session && view.run.is_none());
        let due = waiting.filter_map(|view| view.due_ms).map(|due| due.max(self.not_before_ms));
        due.filter(|due| *due > now_ms).min()
    }
}

impl View {
    fn soon(&mut self, now_ms: i64) {
        if self.refused {
            return;
        }
        if self.run.is_some() {
            self.again = true;
            return;
        }
        let soon = now_ms.max(self.ended_ms.saturating_add(GAP_MS));
        self.due_ms = Some(self.due_ms.map_or(soon, |due| due.min(soon)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Timestamp;

    fn at(ms: i64) -> Moment {
        Moment { wall: Timestamp::from_millis(ms), monotonic_ms: ms, boot: 1 }
    }

    fn asked(effects: &[Effect]) -> Vec<(u64, u64)> {
        effects
            .iter()
            .filter_map(|effect| match effect {
                Effect::Ask { view, ticket } => Some((*view, *ticket)),
                Effect::WakeAt(_) => None,
            })
            .collect()
    }

    #[test]
    fn a_view_is_filled_piece_by_piece_until_it_is_whole_and_then_it_is_quiet() {
        let mut gaps = Gaps::default();
        assert!(gaps.step(Event::Opened(7), &at(0), 1).is_empty(), "nobody is signed in");
        let mut effects = gaps.step(Event::Session(true), &at(0), 1);
        for piece in 0..3 {
            let [(view, ticket)] = asked(&effects)[..] else { panic!("{effects:?}") };
            assert_eq!(view, 7);
            let end = if piece == 2 { End::Whole } else { End::Came };
            effects = gaps.step(Event::Ended { view, ticket, end }, &at(piece), 1);
        }
        assert!(asked(&effects).is_empty());
        assert_eq!(gaps.wake_ms, None);
        assert!(asked(&gaps.step(Event::Changed, &at(10), 1)).is_empty(), "a second lies between");
        assert_eq!(asked(&gaps.step(Event::Tick, &at(1_002), 1)).len(), 1);
    }

    #[test]
    fn what_is_refused_is_asked_for_again_only_when_the_view_opens_anew() {
        let mut gaps = Gaps::default();
        gaps.step(Event::Session(true), &at(0), 1);
        let [(view, ticket)] = asked(&gaps.step(Event::Opened(1), &at(0), 1))[..] else { panic!() };
        gaps.step(Event::Ended { view, ticket, end: End::Failed(Failure::Refused) }, &at(5), 1);
        for event in [Event::Changed, Event::Reachable, Event::Tick] {
            assert!(asked(&gaps.step(event, &at(1_000_000), 1)).is_empty());
        }
        assert_eq!(asked(&gaps.step(Event::Opened(1), &at(1_000_001), 1)).len(), 1);
    }

    /// A server that fails for an hour while somebody scrolls, feeds are read and the network comes and goes.
    #[test]
    fn a_server_in_trouble_is_not_stormed_and_every_view_is_whole_when_it_is_well_again() {
        for seed in 0..300_u64 {
            let mut random = seed;
            let mut roll = |most: u64| {
                random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                (random >> 33) % most
            };
            let mut gaps = Gaps::default();
            let mut under_way: Vec<(u64, u64)> = Vec::new();
            let (mut requests, mut now) = (0, 0);
            let mut pending = gaps.step(Event::Session(true), &at(0), seed);
            while now < 3_600_000 {
                now += i64::try_from(roll(4_000)).unwrap();
                under_way.extend(asked(&pending));
                requests += asked(&pending).len();
                assert!(under_way.len() <= MOST);
                let views: BTreeSet<u64> = under_way.iter().map(|run| run.0).collect();
                assert_eq!(views.len(), under_way.len(), "one of a view at a time");
                let event = match roll(12) {
                    0 => Event::Opened(roll(3)),
                    1 => Event::Reachable,
                    2..=4 => Event::Changed,
                    5..=8 if !under_way.is_empty() => {
                        let (view, ticket) = under_way.remove(0);
                        Event::Ended { view, ticket, end: End::Failed(Failure::Unreachable) }
                    }
                    _ => Event::Tick,
                };
                pending = gaps.step(event, &at(now), roll(1_000_000));
            }
            assert!(requests < 3_600 * 3 / 2, "{requests} in an hour");
            under_way.extend(asked(&pending));
            let mut left: BTreeMap<u64, u32> = gaps.views.keys().map(|view| (*view, 5)).collect();
            pending = gaps.step(Event::Reachable, &at(now), seed);
            for _ in 0..200 {
                under_way.extend(asked(&pending));
                now = gaps.wake_ms.unwrap_or(now).max(now) + 1;
                pending = match under_way.pop() {
                    Some((view, ticket)) => {
                        let pieces = left.get_mut(&view).unwrap();
                        let end = if *pieces == 0 { End::Whole } else { End::Came };
                        *pieces = pieces.saturating_sub(1);
                        gaps.step(Event::Ended { view, ticket, end }, &at(now), seed)
                    }
                    None => gaps.step(Event::Tick, &at(now), seed),
                };
            }
            assert!(left.values().all(|pieces| *pieces == 0) && gaps.wake_ms.is_none(), "{left:?}");
        }
    }
}
