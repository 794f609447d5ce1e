//! What a window asks the readers, and what comes back. Runs on the readers' threads; holds nothing of a window's state.

use std::any::Any;
use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use uuid::Uuid;

use super::engine::Message;
use super::listing::{Reach, Stretch};
use super::query::{Query, Start};
use crate::store::{Cancel, Fault, Lane, Reading, Store};

/// A slow search shows what it has found so far this often. Tests have small stores and see slow searches all the same.
const FOUND_SO_FAR: Duration = Duration::from_millis(if cfg!(test) { 1 } else { 40 });

/// The way back to one window.
#[derive(Clone)]
pub(super) struct Replies {
    pub(super) id: u64,
    pub(super) sender: mpsc::Sender<Message>,
}

impl Replies {
    fn send<T: Any + Send>(&self, reply: T) {
        // Without the thread nobody waits.
        drop(self.sender.send(Message::Reply(self.id, Box::new(reply))));
    }
}

/// An answer, with the round in which it was asked for: those of earlier rounds are void.
pub(super) struct Reply<Q: Query> {
    pub(super) round: u64,
    pub(super) found: Found<Q>,
}

/// What a reader found.
pub(super) enum Found<Q: Query> {
    /// A part of the list.
    Page(Page<Q>),
    /// Counts over the whole store, or over its most wanted part.
    Counted { seq: i64, tally: Q::Tally, whole: bool },
    /// Rows that were read again.
    Rows(Vec<(i64, Option<Arc<Q::Row>>)>),
    /// What marks do not say of rows that changed in this many commits.
    Lesson { lesson: Option<Q::Lesson>, commits: usize },
    /// A read failed.
    Failed,
}

/// A part of the list, and what it was found with.
pub(super) struct Page<Q: Query> {
    /// The last commit in the snapshot.
    pub(super) seq: i64,
    pub(super) ready: Arc<Q::Ready>,
    /// Where the window begins; `None` is the top.
    pub(super) anchor: Option<Q::Key>,
    /// The row at which the window should begin was there.
    pub(super) met: bool,
    pub(super) stretch: Stretch<Q>,
    /// The search has ended.
    pub(super) last: bool,
}

/// What part of the list is wanted.
pub(super) struct Wanted<Q: Query> {
    /// The query, if it was made ready before.
    pub(super) ready: Option<Arc<Q::Ready>>,
    /// The row at which the window shall begin.
    pub(super) target: Option<Uuid>,
    /// Where the window began so far: there it stays when the row is unknown.
    pub(super) anchor: Option<Q::Key>,
    /// Only what comes behind this place.
    pub(super) after: Option<Q::Key>,
    /// How many rows; 0 asks whether there is one.
    pub(super) rows: usize,
}

/// Asks the readers when it is called.
pub(super) type Asked = Box<dyn FnOnce() + Send>;

/// One window's hold on the readers.
pub(super) struct Reads<Q: Query> {
    query: Arc<Q>,
    store: Store,
    replies: Replies,
    round: u64,
    cancel: Cancel,
    /// Reads that were asked for and have not come back.
    #[cfg(test)]
    pub(super) under_way: usize,
}

impl<Q: Query> Reads<Q> {
    pub(super) fn new(query: Arc<Q>, store: Store, replies: Replies) -> Self {
        Self {
            query,
            store,
            replies,
            round: 0,
            cancel: Cancel::default(),
            #[cfg(test)]
            under_way: 0,
        }
    }

    /// Breaks off what is under way; its answers are void.
    pub(super) fn begin_anew(&mut self) {
        self.cancel.cancel();
        self.cancel = Cancel::default();
        self.round += 1;
        #[cfg(test)]
        {
            self.under_way = 0;
        }
    }

    /// The answer, unless it is void.
    pub(super) fn answer(&mut self, reply: Box<dyn Any + Send>) -> Option<Found<Q>> {
        let reply = reply.downcast::<Reply<Q>>().ok()?;
        if reply.round != self.round {
            return None;
        }
        #[cfg(test)]
        {
            let is_part = match &reply.found {
                Found::Page(page) => !page.last,
                Found::Counted { whole, .. } => !whole,
                _ => false,
            };
            self.under_way -= usize::from(!is_part);
        }
        Some(reply.found)
    }

    /// Makes a read ready to be asked for. A failed one is told to the window; a broken-off one is run again by the store.
    fn read(
        &mut self,
        lane: Lane,
        work: impl Fn(&Q, &Reading<'_>, &dyn Fn(Found<Q>)) -> Result<(), Fault> + Send + 'static,
    ) -> Asked {
        #[cfg(test)]
        {
            self.under_way += 1;
        }
        let (query, replies, round) = (Arc::clone(&self.query), self.replies.clone(), self.round);
        let (store, cancel) = (self.store.clone(), self.cancel.clone());
        let job = move |reading: Result<&Reading<'_>, Fault>| {
            let send = |found| replies.send(Reply::<Q> { round, found });
            let done = reading.and_then(|reading| work(&query, reading, &send));
            if let Err(fault) = &done
                && !matches!(fault, Fault::Cancelled)
            {
                send(Found::Failed);
            }
            done
        };
        Box::new(move || {
            store.read_with(lane, cancel, job);
        })
    }

    /// A part of the list, to be asked for.
    pub(super) fn page(&mut self, wanted: Wanted<Q>) -> Asked {
        self.read(Lane::Page, move |query, reading, send| {
            let ready = match &wanted.ready {
                Some(ready) => Arc::clone(ready),
                None => Arc::new(query.prepare(reading)?),
            };
            Search { query, reading, ready: &ready, wanted: &wanted, send }.run()
        })
    }

    /// Asks for the counts over the whole store.
    pub(super) fn count(&mut self, ready: Arc<Q::Ready>) {
        self.read(Lane::Count, move |query, reading, send| {
            let seq = reading.seq;
            let tally = query.count(reading, &ready, &mut |so_far| {
                send(Found::Counted { seq, tally: so_far.clone(), whole: false });
            })?;
            send(Found::Counted { seq, tally, whole: true });
            Ok(())
        })();
    }

    /// Asks for rows by their numbers.
    pub(super) fn rows(&mut self, ready: Arc<Q::Ready>, numbers: Vec<i64>) {
        self.read(Lane::Rows, move |query, reading, send| {
            let mut rows = shown(query, reading, &ready, &numbers)?;
            send(Found::Rows(numbers.iter().map(|n| (*n, rows.remove(n))).collect()));
            Ok(())
        })();
    }

    /// Asks what marks do not say of rows that changed.
    pub(super) fn study(&mut self, ready: Arc<Q::Ready>, numbers: Vec<i64>, commits: usize) {
        self.read(Lane::Rows, move |query, reading, send| {
            send(Found::Lesson { lesson: query.study(reading, &ready, &numbers)?, commits });
            Ok(())
        })();
    }
}

impl<Q: Query> Drop for Reads<Q> {
    fn drop(&mut self) {
        self.cancel.cancel();
    }
}

/// Rows by their numbers.
fn shown<Q: Query>(
    query: &Q,
    reading: &Reading<'_>,
    ready: &Q::Ready,
    numbers: &[i64],
) -> Result<HashMap<i64, Arc<Q::Row>>, Fault> {
    let mut rows = HashMap::with_capacity(numbers.len());
    if !numbers.is_empty() {
        query.rows(reading, ready, numbers, &mut |n, row| drop(rows.insert(n, Arc::new(row))))?;
    }
    Ok(rows)
}

/// One page being searched.
struct Search<'a, Q: Query> {
    query: &'a Q,
    reading: &'a Reading<'a>,
    ready: &'a Arc<Q::Ready>,
    wanted: &'a Wanted<Q>,
    send: &'a dyn Fn(Found<Q>),
}

impl<Q: Query> Search<'_, Q> {
    fn run(&self) -> Result<(), Fault> {
        let met = match (&self.wanted.after, self.wanted.target) {
            (None, Some(id)) => self.query.place(self.reading, self.ready, id)?,
            _ => None,
        };
        let is_met = met.is_some();
        let anchor = met.or_else(|| self.wanted.anchor.clone());
        let start = match (&self.wanted.after, &anchor) {
            (Some(after), _) => Start::After(after),
            (None, Some(anchor)) => Start::At(anchor),
            (None, None) => Start::Top,
        };
        let mut found = Finding { after: self.wanted.after.clone(), anchor: &anchor, met: is_met, rows: Vec::new() };
        let mut count = 0;
        let mut reach = Reach::End;
        let mut shown_at = Instant::now();
        self.query.page(self.reading, self.ready, start, self.wanted.rows + 1, &mut |mark| {
            if count == self.wanted.rows {
                reach = found.reach();
                return Ok(ControlFlow::Break(()));
            }
            count += 1;
            found.rows.push((self.query.key(self.ready, &mark), Q::number(&mark)));
            if shown_at.elapsed() > FOUND_SO_FAR {
                self.send(&mut found, None)?;
                shown_at = Instant::now();
            }
            Ok(ControlFlow::Continue(()))
        })?;
        self.send(&mut found, Some(reach))
    }

    /// Hands on what was found; `end` is how far the whole search reached.
    fn send(&self, found: &mut Finding<'_, Q>, end: Option<Reach<Q::Key>>) -> Result<(), Fault> {
        let last = end.is_some();
        let reach = end.unwrap_or_else(|| found.reach());
        let after = match &reach {
            Reach::UpTo(key) => Some(key.clone()),
            Reach::Nothing | Reach::End => None,
        };
        let places = std::mem::take(&mut found.rows);
        let numbers: Vec<i64> = places.iter().map(|(_, n)| *n).collect();
        let mut rows = shown(self.query, self.reading, self.ready, &numbers)?;
        let rows = places.into_iter().map(|(key, n)| (key, n, rows.remove(&n))).collect();
        let stretch = Stretch { after: found.after.take(), rows, reach };
        found.after = after;
        (self.send)(Found::Page(Page {
            seq: self.reading.seq,
            ready: Arc::clone(self.ready),
            anchor: found.anchor.clone(),
            met: found.met,
            stretch,
            last,
        }));
        Ok(())
    }
}

/// What a search has found since it last handed something on.
struct Finding<'a, Q: Query> {
    after: Option<Q::Key>,
    anchor: &'a Option<Q::Key>,
    met: bool,
    rows: Vec<(Q::Key, i64)>,
}

impl<Q: Query> Finding<'_, Q> {
    /// Up to where is known what there is.
    fn reach(&self) -> Reach<Q::Key> {
        let last = self.rows.last().map(|(key, _)| key).or(self.after.as_ref());
        last.map_or(Reach::Nothing, |key| Reach::UpTo(key.clone()))
    }
}
