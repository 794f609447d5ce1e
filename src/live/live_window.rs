//! One window on the engine's thread: what is asked of the readers, in which order their answers and the commits are
//! worked into the listing and the counts, and when its listener is shown something.
//!
//! Reads see snapshots of their own, older or newer than the commits that have arrived here. What keeps it right:
//! * Changes are worked in one commit after the other, whatever is being read meanwhile.
//! * While a read is under way they are also logged, and those that its snapshot did not hold are worked in once more
//!   when it comes back: the second time changes nothing but what the read brought.
//! * The counts know the last commit in them, and so count none twice.

use std::any::Any;
use std::collections::VecDeque;
use std::sync::Arc;

use uuid::Uuid;

use super::count::Count;
use super::engine::Live;
use super::listing::{Listing, Reach};
use super::query::{BeforeAfter, Effect, Query};
use super::reads::{Asked, Found, Page, Reads, Wanted};
use super::window::Mailbox;
use crate::store::Commit;

/// Changes of one commit: row number, before, after.
pub(super) type Changes<Q> = Vec<(i64, Option<<Q as Query>::Mark>, Option<<Q as Query>::Mark>)>;

pub(super) struct LiveWindow<Q: Query> {
    query: Arc<Q>,
    reads: Reads<Q>,
    mailbox: Arc<Mailbox<Q>>,
    listing: Listing<Q>,
    count: Count<Q>,
    /// The row at which the window shall begin.
    target: Option<Uuid>,
    /// It was told to begin elsewhere, and has not met that row yet.
    moving: bool,
    /// `None` until the first rows of a round.
    ready: Option<Arc<Q::Ready>>,
    /// The last commit that the first rows held.
    base: i64,
    /// What was shown before stays until the search has found as much again.
    keeping: bool,
    /// A page is being read.
    paging: bool,
    /// Rows below the window went: whether there are any left is not known.
    unsure: bool,
    /// Commits that were worked in since the oldest read that is under way.
    log: Vec<(i64, Changes<Q>)>,
    /// Commits that wait for the first rows, or for a lesson.
    unlearnt: VecDeque<(i64, Changes<Q>)>,
    studying: bool,
    /// Rows that are new here are being read.
    reading: usize,
    /// How often in a row that was waited for.
    waited: u8,
    /// A read failed; the next event begins anew.
    failed: bool,
}

/// So often a window waits for rows that are new in it before it shows the others without them.
const PATIENCE: u8 = 8;

impl<Q: Query> LiveWindow<Q> {
    /// A window, and how its first rows are asked for: once the engine knows it, or their answer meets nobody.
    pub(super) fn new(
        query: Arc<Q>,
        reads: Reads<Q>,
        mailbox: Arc<Mailbox<Q>>,
        size: usize,
        target: Option<Uuid>,
    ) -> (Self, Asked) {
        let mut window = Self {
            query,
            reads,
            mailbox,
            listing: Listing::new(size.max(1)),
            count: Count::default(),
            target,
            moving: true,
            ready: None,
            base: 0,
            keeping: false,
            paging: false,
            unsure: false,
            log: Vec::new(),
            unlearnt: VecDeque::new(),
            studying: false,
            reading: 0,
            waited: 0,
            failed: false,
        };
        let first = window.ask_for_page();
        (window, first)
    }

    /// Reads the same rows anew: what is shown stays until they are found.
    fn refresh(&mut self) {
        self.keeping = true;
        self.restart();
    }

    /// Begins anew; what is shown stays until the first rows of the new round.
    fn restart(&mut self) {
        self.reads.begin_anew();
        self.listing.clear();
        self.count = Count::default();
        self.ready = None;
        self.paging = false;
        self.unsure = false;
        self.log.clear();
        self.studying = false;
        self.reading = 0;
        self.failed = false;
        self.page();
    }

    /// Reads rows: from the window's beginning, or behind its end to fill it up.
    fn page(&mut self) {
        self.ask_for_page()();
    }

    fn ask_for_page(&mut self) -> Asked {
        self.paging = true;
        self.unsure = false;
        let after = match &self.listing.reach {
            Reach::UpTo(key) => Some(key.clone()),
            Reach::Nothing | Reach::End => None,
        };
        self.reads.page(Wanted {
            ready: self.ready.clone(),
            target: self.target,
            anchor: self.listing.anchor.clone(),
            after,
            rows: self.listing.size.saturating_sub(self.listing.entries.len()),
        })
    }

    fn take_page(&mut self, page: Page<Q>) {
        let Page { seq, ready, anchor, met, mut stretch, last } = page;
        if self.ready.is_none() {
            self.first_rows(seq, ready, anchor, met);
        } else if stretch.after.is_none() && anchor != self.listing.anchor {
            // A search that sleep broke off began again, and its first row has moved meanwhile.
            stretch.after = anchor;
        }
        self.listing.extend(stretch);
        let later: Vec<_> = self.log.iter().filter(|(at, _)| *at > seq).flat_map(|(_, changes)| changes).collect();
        let placed = self.places(later.into_iter());
        let read = self.listing.apply(&placed);
        if last {
            self.paging = false;
            self.keeping = false;
            self.trim();
        }
        self.follow_up(read);
        self.learn();
    }

    /// The first rows of a round: from here on the window is known.
    fn first_rows(&mut self, seq: i64, ready: Arc<Q::Ready>, anchor: Option<Q::Key>, met: bool) {
        self.base = seq;
        self.listing.anchor = anchor;
        if self.moving && (met || self.target.is_none()) {
            // The window begins elsewhere: what came in above its old beginning is history.
            self.listing.newer.clear();
            self.unlearnt.retain(|(at, _)| *at > seq);
        }
        self.moving = false;
        let (query, anchor) = (&self.query, &self.listing.anchor);
        self.listing.newer.retain(|_, mark| {
            query.passes(&ready, mark) && anchor.as_ref().is_some_and(|anchor| query.key(&ready, mark) < *anchor)
        });
        self.ready = Some(ready);
    }

    /// Where changed rows stand now, if they pass.
    fn places<'a>(
        &self,
        changes: impl Iterator<Item = &'a (i64, Option<Q::Mark>, Option<Q::Mark>)>,
    ) -> Vec<(i64, Option<Q::Key>)> {
        changes.map(|(n, _, after)| (*n, self.place(after.as_ref()))).collect()
    }

    fn place(&self, mark: Option<&Q::Mark>) -> Option<Q::Key> {
        let ready = self.ready.as_deref()?;
        let mark = mark.filter(|mark| self.query.passes(ready, mark))?;
        Some(self.query.key(ready, mark))
    }

    /// Works in the commits that wait, as soon as all that must be known of them is.
    fn learn(&mut self) {
        let Some(ready) = self.ready.clone() else { return };
        if self.studying || self.unlearnt.is_empty() {
            return;
        }
        if !self.query.must_study() {
            return self.work_in(self.unlearnt.len(), None);
        }
        self.studying = true;
        let numbers = self.unlearnt.iter().flat_map(|(_, changes)| changes.iter().map(|change| change.0)).collect();
        self.reads.study(ready, numbers, self.unlearnt.len());
    }

    /// Works in the oldest commits that wait. What was before is judged by the old knowledge, what is now by the new.
    fn work_in(&mut self, commits: usize, lesson: Option<Q::Lesson>) {
        let learnt: Vec<_> = self.unlearnt.drain(..commits.min(self.unlearnt.len())).collect();
        let was: Vec<Vec<Option<Q::Key>>> = learnt
            .iter()
            .map(|(_, changes)| changes.iter().map(|(_, before, _)| self.place(before.as_ref())).collect())
            .collect();
        if let (Some(ready), Some(lesson)) = (&mut self.ready, lesson) {
            self.query.adopt(Arc::make_mut(ready), lesson);
        }
        let mut read = Vec::new();
        for ((seq, changes), was) in learnt.into_iter().zip(was) {
            read = self.work_in_one(seq, &changes, &was, read);
            if self.paging || self.count.under_way {
                self.log.push((seq, changes));
            }
        }
        self.follow_up(read);
    }

    fn work_in_one(&mut self, seq: i64, changes: &Changes<Q>, was: &[Option<Q::Key>], mut read: Vec<i64>) -> Vec<i64> {
        let Some(ready) = self.ready.clone() else { return read };
        self.count.change(&self.query, &ready, seq, changes);
        let is = self.places(changes.iter());
        for (((n, now), (_, _, after)), was) in is.iter().zip(changes).zip(was) {
            let above = |key: &Option<Q::Key>| key.as_ref().is_some_and(|key| self.listing.is_above(key));
            let (was_above, now_above) = (above(was), after.filter(|_| above(now)));
            self.unsure |= was.as_ref().is_some_and(|key| !self.listing.reach.covers(key));
            self.listing.count_newer(*n, was_above, now_above);
        }
        // What the first rows held is in its place already.
        if seq > self.base {
            let again = self.listing.apply(&is);
            read.retain(|n| !again.contains(n));
            read.extend(again);
        }
        read
    }

    /// After every event: asks for what is missing, and shows what there is.
    fn follow_up(&mut self, read: Vec<i64>) {
        let Some(ready) = self.ready.clone() else { return };
        if !self.paging && (self.listing.has_room() || self.must_look_below()) {
            self.page();
        }
        if !self.paging && self.count.is_wanted() {
            self.count.under_way = true;
            self.reads.count(Arc::clone(&ready));
        }
        let shown: Vec<i64> = self.listing.entries.iter().map(|entry| entry.n).filter(|n| read.contains(n)).collect();
        if shown.is_empty() {
            self.publish();
        } else {
            self.reading += 1;
            self.reads.rows(ready, shown);
        }
    }

    /// A new row pushes another out before it can be shown itself: both are shown at once, unless rows come and come.
    fn waits_for_rows(&mut self) -> bool {
        let waits = self.reading > 0 && self.waited < PATIENCE && self.listing.entries.iter().any(|e| e.row.is_none());
        self.waited = if waits { self.waited + 1 } else { 0 };
        waits
    }

    /// A window that begins at a row cannot tell from its total whether rows are left below it.
    fn must_look_below(&self) -> bool {
        self.unsure && self.listing.anchor.is_some() && self.listing.reach != Reach::End
    }

    fn trim(&mut self) {
        if !self.paging && !self.count.under_way {
            self.log.clear();
        }
    }

    /// Shows what the window holds, if it differs.
    fn publish(&mut self) {
        if self.ready.is_none() || self.waits_for_rows() {
            return;
        }
        let Some(ready) = &self.ready else { return };
        let mut counted = self.count.shown(&self.query, ready);
        let rows = self.listing.rows();
        let searching = self.paging;
        let has_more = !searching && self.has_more(counted.as_ref().map(|(total, _)| *total));
        let newer = u64::try_from(self.listing.newer.len()).unwrap_or(u64::MAX);
        let mut shown = self.mailbox.lock();
        if self.keeping && rows.len() < shown.rows.len() {
            return;
        }
        if counted.is_none() {
            // Being counted anew after names moved: the last count stands until then.
            counted = shown.total.zip(shown.counts.clone());
        }
        let (total, counts) = counted.unzip();
        if shown.version > 0
            && *shown.rows == rows
            && (shown.total, shown.newer, shown.searching, shown.has_more) == (total, newer, searching, has_more)
            && shown.counts == counts
        {
            return;
        }
        shown.rows = Arc::new(rows);
        (shown.total, shown.newer, shown.searching, shown.has_more) = (total, newer, searching, has_more);
        shown.counts = counts;
        self.mailbox.post(shown);
    }

    fn has_more(&self, total: Option<u64>) -> bool {
        let shown = u64::try_from(self.listing.entries.len()).unwrap_or(u64::MAX);
        match (&self.listing.anchor, total) {
            _ if self.listing.reach == Reach::End => false,
            (None, Some(total)) => total > shown,
            _ => true,
        }
    }

    fn take_found(&mut self, found: Found<Q>) {
        match found {
            Found::Page(page) => self.take_page(page),
            // A part says nothing of the rest: good enough before there is anything, a flicker afterwards.
            Found::Counted { whole: false, .. } if self.mailbox.lock().counts.is_some() => {}
            Found::Counted { seq, tally, whole } => {
                let Some(ready) = self.ready.clone() else { return };
                let later = self.log.iter().filter(|(at, _)| *at > seq);
                self.count.take(&self.query, &ready, (seq, tally, whole), later);
                self.trim();
                self.publish();
            }
            Found::Rows(rows) => {
                self.reading = self.reading.saturating_sub(1);
                rows.into_iter().for_each(|(n, row)| self.listing.show(n, row));
                self.publish();
            }
            Found::Lesson { lesson, commits } => {
                self.studying = false;
                self.work_in(commits, lesson);
                self.learn();
            }
            Found::Failed => {
                self.failed = true;
                self.paging = false;
                self.reading = 0;
                self.publish();
            }
        }
    }

    fn wait_for(&mut self, seq: i64, rows: BeforeAfter<Q::Mark>) {
        let numbered = rows.into_iter().filter_map(|(before, after)| {
            let n = Q::number(after.as_ref().or(before.as_ref())?);
            Some((n, before, after))
        });
        self.unlearnt.push_back((seq, numbered.collect()));
    }
}

impl<Q: Query> Live for LiveWindow<Q> {
    fn commit(&mut self, commit: &Commit) {
        match self.query.effect(commit) {
            Effect::Nothing if self.failed => self.refresh(),
            Effect::Nothing => {}
            Effect::Rows(rows) => {
                self.wait_for(commit.seq, rows);
                if self.failed {
                    self.refresh();
                } else {
                    self.learn();
                }
            }
            Effect::Reordered(rows) => {
                self.wait_for(commit.seq, rows);
                self.refresh();
            }
            Effect::Replaced => {
                self.listing.newer.clear();
                self.unlearnt.clear();
                self.keeping = false;
                self.restart();
            }
        }
    }

    fn reply(&mut self, reply: Box<dyn Any + Send>) {
        if let Some(found) = self.reads.answer(reply) {
            self.take_found(found);
        }
    }

    fn more(&mut self, rows: usize) {
        self.listing.size = self.listing.size.saturating_add(rows);
        if self.failed { self.refresh() } else { self.follow_up(Vec::new()) }
    }

    fn show(&mut self, id: Option<Uuid>) {
        self.target = id;
        self.moving = true;
        if id.is_none() {
            self.listing.anchor = None;
        }
        self.keeping = false;
        self.restart();
    }

    fn end(&mut self) {
        self.reads.begin_anew();
        let mut shown = self.mailbox.lock();
        shown.ended = true;
        self.mailbox.post(shown);
    }

    #[cfg(test)]
    fn is_settled(&self) -> bool {
        self.reads.under_way == 0 && (self.unlearnt.is_empty() || self.failed)
    }
}
