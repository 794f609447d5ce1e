//! The thread that keeps windows true. It reads nothing itself: reads are jobs of the store whose replies come back here,
//! so that it always has a hand free for the next commit.

use std::any::Any;
use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use uuid::Uuid;

use super::listing::{Listing, Wanted};
use super::query::{Effect, Query, Start};
use super::window::{Mailbox, Window};
use crate::store::{Cancel, Commit, Fault, Lane, Reading, Store};

/// A slow search shows what it has found so far this often.
const FOUND_SO_FAR: Duration = Duration::from_millis(40);

enum Message {
    Open(u64, Box<dyn Live>),
    Commit(Arc<Commit>),
    Reply(u64, Box<dyn Any + Send>),
    More(u64, usize),
    Show(u64, Option<Uuid>),
    Close(u64),
    End,
}

/// A window as the thread sees it, whatever it lists.
trait Live: Send {
    fn begin(&mut self);
    fn commit(&mut self, commit: &Arc<Commit>);
    fn reply(&mut self, reply: Box<dyn Any + Send>);
    fn more(&mut self, rows: usize);
    fn show(&mut self, id: Option<Uuid>);
    fn end(&mut self);
}

/// A listener's hold on its window.
pub(super) struct Control {
    id: u64,
    sender: mpsc::Sender<Message>,
}

impl Control {
    pub(super) fn more(&self, rows: usize) {
        // Without the thread the window has ended, and its listener is told so.
        drop(self.sender.send(Message::More(self.id, rows)));
    }

    pub(super) fn show(&self, id: Option<Uuid>) {
        drop(self.sender.send(Message::Show(self.id, id)));
    }
}

impl Drop for Control {
    fn drop(&mut self) {
        drop(self.sender.send(Message::Close(self.id)));
    }
}

/// Keeps all windows of one account true.
pub struct Engine {
    store: Store,
    sender: mpsc::Sender<Message>,
    next_id: AtomicU64,
}

impl Engine {
    /// Starts the thread.
    pub fn start(store: Store) -> Result<Self, Fault> {
        let (sender, receiver) = mpsc::channel();
        let commits = sender.clone();
        store.observe(move |commit| commits.send(Message::Commit(Arc::clone(commit))).is_ok());
        std::thread::Builder::new().name("onsite-live".into()).spawn(move || run(&receiver))?;
        Ok(Self { store, sender, next_id: AtomicU64::new(1) })
    }

    /// Opens a window of at most `size` rows.
    pub fn open<Q: Query>(&self, query: Q, size: usize, anchor: Option<Uuid>) -> Window<Q> {
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        let mailbox = Mailbox::new();
        let mut live = LiveWindow::new(query, self.store.clone(), Replies { id, sender: self.sender.clone() }, size);
        live.mailbox = Arc::clone(&mailbox);
        live.target = anchor;
        drop(self.sender.send(Message::Open(id, Box::new(live))));
        Window::new(mailbox, Control { id, sender: self.sender.clone() })
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        drop(self.sender.send(Message::End));
    }
}

fn run(receiver: &mpsc::Receiver<Message>) {
    let mut windows: HashMap<u64, Box<dyn Live>> = HashMap::new();
    while let Ok(message) = receiver.recv() {
        match message {
            Message::Open(id, mut live) => {
                live.begin();
                windows.insert(id, live);
            }
            Message::Commit(commit) => windows.values_mut().for_each(|live| live.commit(&commit)),
            Message::Reply(id, reply) => {
                if let Some(live) = windows.get_mut(&id) {
                    live.reply(reply);
                }
            }
            Message::More(id, rows) => {
                if let Some(live) = windows.get_mut(&id) {
                    live.more(rows);
                }
            }
            Message::Show(id, row) => {
                if let Some(live) = windows.get_mut(&id) {
                    live.show(row);
                }
            }
            Message::Close(id) => drop(windows.remove(&id)),
            Message::End => break,
        }
    }
    windows.values_mut().for_each(|live| live.end());
}

#[derive(Clone)]
struct Replies {
    id: u64,
    sender: mpsc::Sender<Message>,
}

impl Replies {
    fn send<T: Any + Send>(&self, reply: T) {
        // Without the thread nobody waits.
        drop(self.sender.send(Message::Reply(self.id, Box::new(reply))));
    }
}

/// What a reader found.
enum Found<Q: Query> {
    /// Rows of a page, in order.
    Page {
        round: u64,
        seq: i64,
        ready: Arc<Q::Ready>,
        start: Option<Q::Key>,
        rows: Vec<(Q::Key, i64, Option<Q::Row>)>,
        end: Option<bool>,
    },
    /// Counts over the whole store, or over its most wanted part.
    Counted { round: u64, seq: i64, tally: Q::Tally, whole: bool },
    /// Rows that were read again.
    Rows { round: u64, rows: Vec<(i64, Option<Q::Row>)> },
    /// What marks do not say of rows that changed.
    Lesson { round: u64, lesson: Option<Q::Lesson>, changes: usize },
    /// A read failed.
    Failed { round: u64 },
}

/// Changes of one commit: row number, before, after.
type Changes<Q> = Vec<(i64, Option<<Q as Query>::Mark>, Option<<Q as Query>::Mark>)>;

struct LiveWindow<Q: Query> {
    query: Arc<Q>,
    store: Store,
    replies: Replies,
    mailbox: Arc<Mailbox<Q>>,
    listing: Listing<Q>,
    /// The row at which the window shall begin.
    target: Option<Uuid>,
    ready: Option<Arc<Q::Ready>>,
    /// Grows with each beginning anew; replies of earlier rounds are void.
    round: u64,
    cancel: Cancel,
    /// A page is being read.
    paging: bool,
    /// Counts are being made; once done, the tally is kept by difference.
    counting: bool,
    tally: Option<Q::Tally>,
    /// Commits since the oldest read that is under way.
    backlog: Vec<(i64, Changes<Q>)>,
    /// Commits that wait for a lesson.
    unlearnt: Vec<(i64, Changes<Q>)>,
    studying: bool,
}

impl<Q: Query> LiveWindow<Q> {
    fn new(query: Q, store: Store, replies: Replies, size: usize) -> Self {
        Self {
            query: Arc::new(query),
            store,
            replies,
            mailbox: Mailbox::new(),
            listing: Listing::new(None, size.max(1)),
            target: None,
            ready: None,
            round: 0,
            cancel: Cancel::default(),
            paging: false,
            counting: false,
            tally: None,
            backlog: Vec::new(),
            unlearnt: Vec::new(),
            studying: false,
        }
    }

    /// Begins anew; what is shown stays until the first rows of the new round.
    fn restart(&mut self) {
        self.cancel.cancel();
        self.cancel = Cancel::default();
        self.round += 1;
        self.listing = Listing::new(None, self.listing.size);
        self.ready = None;
        self.tally = None;
        self.backlog.clear();
        self.unlearnt.clear();
        self.studying = false;
        self.counting = false;
        self.page(None);
    }

    /// Reads rows: from the window's beginning, or behind the last one to fill it up.
    fn page(&mut self, after: Option<Q::Key>) {
        self.paging = true;
        let (query, replies, round) = (Arc::clone(&self.query), self.replies.clone(), self.round);
        let (known, target) = (self.ready.clone(), self.target);
        let wanted = self.listing.size.saturating_sub(self.listing.entries.len());
        self.store.read_with(Lane::Page, self.cancel.clone(), move |reading| {
            let done = reading.and_then(|reading| {
                let ready = match &known {
                    Some(ready) => Arc::clone(ready),
                    None => Arc::new(query.prepare(reading)?),
                };
                let search = Search { query: &*query, reading, ready: &ready, replies: &replies, round, wanted };
                search.run(after.as_ref(), target)
            });
            settle::<Q>(done, &replies, round)
        });
    }

    fn count(&mut self) {
        let Some(ready) = self.ready.clone() else { return };
        self.counting = true;
        let (query, replies, round) = (Arc::clone(&self.query), self.replies.clone(), self.round);
        self.store.read_with(Lane::Count, self.cancel.clone(), move |reading| {
            let done = reading.and_then(|reading| {
                let seq = reading.seq;
                let tally = query.count(reading, &ready, &mut |so_far| {
                    replies.send(Found::<Q>::Counted { round, seq, tally: so_far.clone(), whole: false });
                })?;
                replies.send(Found::<Q>::Counted { round, seq, tally, whole: true });
                Ok(())
            });
            settle::<Q>(done, &replies, round)
        });
    }

    fn read_rows(&self, numbers: Vec<i64>) {
        let Some(ready) = self.ready.clone() else { return };
        let (query, replies, round) = (Arc::clone(&self.query), self.replies.clone(), self.round);
        self.store.read_with(Lane::Rows, self.cancel.clone(), move |reading| {
            let done = reading.and_then(|reading| {
                let rows = numbers
                    .iter()
                    .map(|n| Ok((*n, query.row(reading, &ready, *n)?)))
                    .collect::<Result<Vec<_>, Fault>>()?;
                replies.send(Found::<Q>::Rows { round, rows });
                Ok(())
            });
            settle::<Q>(done, &replies, round)
        });
    }

    /// Asks what marks do not say of the rows that wait for it.
    fn study(&mut self) {
        let Some(ready) = self.ready.clone() else { return };
        self.studying = true;
        let (query, replies, round) = (Arc::clone(&self.query), self.replies.clone(), self.round);
        let changes = self.unlearnt.len();
        let numbers: Vec<i64> = self.unlearnt.iter().flat_map(|(_, changes)| changes.iter().map(|c| c.0)).collect();
        self.store.read_with(Lane::Rows, self.cancel.clone(), move |reading| {
            let done = reading.and_then(|reading| {
                let lesson = query.study(reading, &ready, &numbers)?;
                replies.send(Found::<Q>::Lesson { round, lesson, changes });
                Ok(())
            });
            settle::<Q>(done, &replies, round)
        });
    }

    fn take_changes(&mut self, seq: i64, changes: Changes<Q>) {
        if let Some(ready) = &self.ready
            && let Some(tally) = &mut self.tally
            && !self.counting
        {
            retally(&*self.query, ready, tally, &changes);
        }
        let wanted = self.place(&changes);
        if self.paging || self.counting {
            self.backlog.push((seq, changes));
        }
        self.follow_up(wanted);
    }

    fn place(&mut self, changes: &Changes<Q>) -> Wanted {
        let Some(ready) = &self.ready else { return Wanted::default() };
        let placed: Vec<_> = changes
            .iter()
            .map(|(n, _, after)| {
                let passing = after.as_ref().filter(|mark| self.query.passes(ready, mark));
                (*n, passing.map(|mark| self.query.key(ready, mark)))
            })
            .collect();
        self.listing.apply(&placed)
    }

    fn follow_up(&mut self, wanted: Wanted) {
        if wanted.refill && !self.paging {
            let last = self.listing.last_key().cloned();
            self.page(last);
        }
        if wanted.rows.is_empty() {
            self.publish();
        } else {
            self.read_rows(wanted.rows);
        }
    }

    /// Shows what the window holds, if it differs.
    fn publish(&self) {
        let rows = self.listing.rows();
        let counted = match (&self.ready, &self.tally) {
            (Some(ready), Some(tally)) => Some(self.query.counts(ready, tally)),
            _ => None,
        };
        let searching = self.paging;
        let has_more = self.listing.more_below && !searching;
        let newer = u64::try_from(self.listing.newer.len()).unwrap_or(u64::MAX);
        let (total, counts) = counted.map_or((None, None), |(total, counts)| (Some(total), Some(counts)));
        {
            let shown = self.mailbox.lock();
            if shown.version > 0
                && *shown.rows == rows
                && shown.total == total
                && shown.counts.as_deref() == counts.as_ref()
                && shown.newer == newer
                && shown.searching == searching
                && shown.has_more == has_more
            {
                return;
            }
        }
        self.mailbox.post(|shown| {
            shown.rows = Arc::new(rows);
            shown.total = total;
            shown.counts = counts.map(Arc::new);
            shown.newer = newer;
            shown.searching = searching;
            shown.has_more = has_more;
        });
    }

    fn take_page(
        &mut self,
        seq: i64,
        ready: Arc<Q::Ready>,
        start: Option<Q::Key>,
        rows: Vec<(Q::Key, i64, Option<Q::Row>)>,
        end: Option<bool>,
    ) {
        let first = self.ready.is_none();
        if first {
            self.ready = Some(ready);
            self.listing.anchor = start;
        }
        for (key, n, row) in rows {
            self.listing.append(key, n, row);
        }
        if let Some(more_below) = end {
            self.paging = false;
            self.listing.more_below = more_below;
            let wanted = self.replay(seq);
            if self.tally.is_none() && !self.counting {
                self.count();
            }
            self.trim();
            self.follow_up(wanted);
        } else {
            self.publish();
        }
    }

    /// Applies to the rows what was committed after the snapshot from which a page was read.
    fn replay(&mut self, seq: i64) -> Wanted {
        let later: Changes<Q> =
            self.backlog.iter().filter(|(at, _)| *at > seq).flat_map(|(_, changes)| changes.iter().cloned()).collect();
        if later.is_empty() { Wanted::default() } else { self.place(&later) }
    }

    fn take_count(&mut self, seq: i64, mut tally: Q::Tally, whole: bool) {
        if whole {
            self.counting = false;
            if let Some(ready) = &self.ready {
                for (_, changes) in self.backlog.iter().filter(|(at, _)| *at > seq) {
                    retally(&*self.query, ready, &mut tally, changes);
                }
            }
            self.trim();
        }
        self.tally = Some(tally);
        self.publish();
    }

    fn trim(&mut self) {
        if !self.paging && !self.counting {
            self.backlog.clear();
        }
    }

    fn take_lesson(&mut self, lesson: Option<Q::Lesson>, count: usize) {
        self.studying = false;
        let learnt: Vec<_> = self.unlearnt.drain(..count.min(self.unlearnt.len())).collect();
        // What was before is taken out of the counts with the old knowledge, what is now goes in with the new.
        if let (Some(ready), Some(tally)) = (&self.ready, &mut self.tally)
            && !self.counting
        {
            let gone: Changes<Q> = first_and_last::<Q>(&learnt).map(|(n, before, _)| (n, before, None)).collect();
            retally(&*self.query, ready, tally, &gone);
        }
        if let (Some(ready), Some(lesson)) = (&mut self.ready, lesson) {
            self.query.adopt(Arc::make_mut(ready), lesson);
        }
        let seq = learnt.last().map_or(0, |(seq, _)| *seq);
        let now: Changes<Q> = first_and_last::<Q>(&learnt).map(|(n, _, after)| (n, None, after)).collect();
        self.take_changes(seq, now);
        if !self.unlearnt.is_empty() {
            self.study();
        }
    }
}

/// Of several changes of one row, what was before the first and what is after the last.
fn first_and_last<Q: Query>(
    learnt: &[(i64, Changes<Q>)],
) -> impl Iterator<Item = (i64, Option<Q::Mark>, Option<Q::Mark>)> {
    let mut merged: std::collections::BTreeMap<i64, (Option<Q::Mark>, Option<Q::Mark>)> =
        std::collections::BTreeMap::new();
    for (n, before, after) in learnt.iter().flat_map(|(_, changes)| changes) {
        merged.entry(*n).and_modify(|both| both.1 = *after).or_insert((*before, *after));
    }
    merged.into_iter().map(|(n, (before, after))| (n, before, after))
}

fn retally<Q: Query>(query: &Q, ready: &Q::Ready, tally: &mut Q::Tally, changes: &Changes<Q>) {
    for (_, before, after) in changes {
        if let Some(before) = before {
            query.tally(ready, tally, before, -1);
        }
        if let Some(after) = after {
            query.tally(ready, tally, after, 1);
        }
    }
}

/// A failed read is told to the window, which waits for the next commit; a broken-off one is run again by the store.
fn settle<Q: Query>(done: Result<(), Fault>, replies: &Replies, round: u64) -> Result<(), Fault> {
    if let Err(fault) = &done
        && !matches!(fault, Fault::Cancelled)
    {
        replies.send(Found::<Q>::Failed { round });
    }
    done
}

/// One page being searched on a reader's thread.
struct Search<'a, Q: Query> {
    query: &'a Q,
    reading: &'a Reading<'a>,
    ready: &'a Arc<Q::Ready>,
    replies: &'a Replies,
    round: u64,
    wanted: usize,
}

impl<Q: Query> Search<'_, Q> {
    fn run(&self, after: Option<&Q::Key>, target: Option<Uuid>) -> Result<(), Fault> {
        let anchor = match (after, target) {
            (None, Some(id)) => self.query.place(self.reading, self.ready, id)?,
            _ => None,
        };
        let start = match (after, &anchor) {
            (Some(after), _) => Start::After(after),
            (None, Some(anchor)) => Start::At(anchor),
            (None, None) => Start::Top,
        };
        let mut found = 0;
        let mut rows = Vec::new();
        let mut more_below = false;
        let mut shown_at = Instant::now();
        self.query.page(self.reading, self.ready, start, self.wanted + 1, &mut |mark| {
            if found == self.wanted {
                more_below = true;
                return Ok(ControlFlow::Break(()));
            }
            found += 1;
            let n = Q::number(&mark);
            rows.push((self.query.key(self.ready, &mark), n, self.query.row(self.reading, self.ready, n)?));
            if shown_at.elapsed() > FOUND_SO_FAR {
                self.send(&anchor, std::mem::take(&mut rows), None);
                shown_at = Instant::now();
            }
            Ok(ControlFlow::Continue(()))
        })?;
        self.send(&anchor, rows, Some(more_below));
        Ok(())
    }

    fn send(&self, start: &Option<Q::Key>, rows: Vec<(Q::Key, i64, Option<Q::Row>)>, end: Option<bool>) {
        self.replies.send(Found::<Q>::Page {
            round: self.round,
            seq: self.reading.seq,
            ready: Arc::clone(self.ready),
            start: start.clone(),
            rows,
            end,
        });
    }
}

impl<Q: Query> Live for LiveWindow<Q> {
    fn begin(&mut self) {
        self.restart();
    }

    fn commit(&mut self, commit: &Arc<Commit>) {
        match self.query.effect(commit) {
            Effect::Nothing => {}
            Effect::Everything => self.restart(),
            Effect::Rows(rows) => {
                let changes: Changes<Q> = rows
                    .into_iter()
                    .filter_map(|(before, after)| Some((Q::number(after.as_ref().or(before.as_ref())?), before, after)))
                    .collect();
                if self.query.must_study() {
                    // While the query is being made ready, its snapshot may or may not hold this commit's words.
                    if self.ready.is_none() {
                        return self.restart();
                    }
                    self.unlearnt.push((commit.seq, changes));
                    if !self.studying {
                        self.study();
                    }
                } else {
                    self.take_changes(commit.seq, changes);
                }
            }
        }
    }

    fn reply(&mut self, reply: Box<dyn Any + Send>) {
        let Ok(found) = reply.downcast::<Found<Q>>() else { return };
        match *found {
            Found::Page { round, seq, ready, start, rows, end } if round == self.round => {
                self.take_page(seq, ready, start, rows, end);
            }
            Found::Counted { round, seq, tally, whole } if round == self.round => self.take_count(seq, tally, whole),
            Found::Rows { round, rows } if round == self.round => {
                for (n, row) in rows {
                    self.listing.show(n, row);
                }
                self.publish();
            }
            Found::Lesson { round, lesson, changes } if round == self.round => self.take_lesson(lesson, changes),
            Found::Failed { round } if round == self.round => {
                self.paging = false;
                self.counting = false;
                self.publish();
            }
            _ => {}
        }
    }

    fn more(&mut self, rows: usize) {
        self.listing.size = self.listing.size.saturating_add(rows);
        if self.listing.more_below && !self.paging && self.ready.is_some() {
            let last = self.listing.last_key().cloned();
            self.page(last);
        }
    }

    fn show(&mut self, id: Option<Uuid>) {
        self.target = id;
        self.restart();
    }

    fn end(&mut self) {
        self.cancel.cancel();
        self.mailbox.post(|shown| shown.ended = true);
    }
}

impl<Q: Query> Drop for LiveWindow<Q> {
    fn drop(&mut self) {
        self.cancel.cancel();
    }
}
