//! The state of one window, without threads and files: what is in it, and what a change makes of it.
//!
//! A window knows how far it reaches: all passing rows from its beginning up to there are in it. A page pushes that
//! further down, a row too many pulls it up again; a change below it is none of the window's business.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use super::query::Query;

/// Up to where a window is complete.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Reach<K> {
    /// Nothing was read yet.
    Nothing,
    /// Up to this place.
    UpTo(K),
    /// Down to the end of the list.
    End,
}

impl<K: Ord> Reach<K> {
    /// Whether a row at this place must be in the window.
    pub(super) fn covers(&self, key: &K) -> bool {
        match self {
            Self::Nothing => false,
            Self::UpTo(last) => key <= last,
            Self::End => true,
        }
    }
}

/// What a window holds.
pub(super) struct Listing<Q: Query> {
    /// Rows in order: place, number, and the row as shown once it was read.
    pub(super) entries: Vec<Entry<Q>>,
    /// Where the window begins; `None` is the top.
    pub(super) anchor: Option<Q::Key>,
    /// How many rows the window may hold.
    pub(super) size: usize,
    /// Up to where it is complete.
    pub(super) reach: Reach<Q::Key>,
    /// Rows that came in above the anchor.
    pub(super) newer: HashMap<i64, Q::Mark>,
}

/// One row of a window.
pub(super) struct Entry<Q: Query> {
    pub(super) key: Q::Key,
    pub(super) n: i64,
    pub(super) row: Option<Arc<Q::Row>>,
}

/// A part of the list as a reader found it: all passing rows behind `after` (or from the beginning) up to `reach`.
pub(super) struct Stretch<Q: Query> {
    pub(super) after: Option<Q::Key>,
    pub(super) rows: Vec<(Q::Key, i64, Option<Arc<Q::Row>>)>,
    pub(super) reach: Reach<Q::Key>,
}

impl<Q: Query> Listing<Q> {
    pub(super) fn new(size: usize) -> Self {
        Self { entries: Vec::new(), anchor: None, size, reach: Reach::Nothing, newer: HashMap::new() }
    }

    /// Empties the window; where it began and what came in above stays known.
    pub(super) fn clear(&mut self) {
        self.entries.clear();
        self.reach = Reach::Nothing;
    }

    /// Rows could still be added at the end.
    pub(super) fn has_room(&self) -> bool {
        self.entries.len() < self.size && self.reach != Reach::End
    }

    /// Whether a place lies above the window.
    pub(super) fn is_above(&self, key: &Q::Key) -> bool {
        self.anchor.as_ref().is_some_and(|anchor| key < anchor)
    }

    /// Takes in what a reader found. What does not join the window's end is dropped: it is asked for again. A row that
    /// is here already stays where it is; the change that moved it is on its way.
    pub(super) fn extend(&mut self, stretch: Stretch<Q>) {
        if stretch.after.as_ref().is_some_and(|after| !self.reach.covers(after)) {
            return;
        }
        let here: HashSet<i64> = self.entries.iter().map(|entry| entry.n).collect();
        for (key, n, row) in stretch.rows {
            if !self.reach.covers(&key) && !here.contains(&n) {
                self.entries.push(Entry { key, n, row });
            }
        }
        if stretch.reach > self.reach {
            self.reach = stretch.reach;
        }
        self.cut();
    }

    /// Applies changes: (number, its place if it passes now). Applied twice, the second changes nothing. Gives back the
    /// rows to be read again.
    pub(super) fn apply(&mut self, changes: &[(i64, Option<Q::Key>)]) -> Vec<i64> {
        let mut placed = BTreeSet::new();
        for (n, after) in changes {
            let row = self.take_out(*n);
            if let Some(key) = after
                && self.put_in(*n, key, row)
            {
                placed.insert(*n);
            }
        }
        self.cut();
        self.entries.iter().map(|entry| entry.n).filter(|n| placed.contains(n)).collect()
    }

    fn take_out(&mut self, n: i64) -> Option<Arc<Q::Row>> {
        let at = self.entries.iter().position(|entry| entry.n == n)?;
        self.entries.remove(at).row
    }

    /// A row that was shown before keeps its old look until it was read again: nothing flickers away.
    fn put_in(&mut self, n: i64, key: &Q::Key, row: Option<Arc<Q::Row>>) -> bool {
        if self.is_above(key) || !self.reach.covers(key) {
            return false;
        }
        let at = self.entries.partition_point(|entry| entry.key < *key);
        self.entries.insert(at, Entry { key: key.clone(), n, row });
        true
    }

    /// Lets go of what is too much.
    fn cut(&mut self) {
        if self.entries.len() > self.size {
            self.entries.truncate(self.size);
            if let Some(last) = self.entries.last() {
                self.reach = Reach::UpTo(last.key.clone());
            }
        }
    }

    /// Counts a row that came in above the anchor, or forgets one that is no longer there.
    pub(super) fn count_newer(&mut self, n: i64, was_above: bool, now_above: Option<Q::Mark>) {
        match now_above {
            Some(mark) if !was_above || self.newer.contains_key(&n) => drop(self.newer.insert(n, mark)),
            Some(_) => {}
            None => drop(self.newer.remove(&n)),
        }
    }

    /// Puts a row that was read into its place; without one, the row is gone.
    pub(super) fn show(&mut self, n: i64, row: Option<Arc<Q::Row>>) {
        if let Some(entry) = self.entries.iter_mut().find(|entry| entry.n == n) {
            entry.row = row;
        }
    }

    /// The rows as a listener sees them.
    pub(super) fn rows(&self) -> Vec<(i64, Arc<Q::Row>)> {
        self.entries.iter().filter_map(|entry| Some((entry.n, entry.row.clone()?))).collect()
    }
}
