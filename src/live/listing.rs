//! The state of one window, without threads and files: what is in it, and what a change makes of it.

use std::collections::{BTreeSet, HashSet};

use super::query::Query;

/// What a window holds.
pub(super) struct Listing<Q: Query> {
    /// Rows in order: place, number, and the row as shown once it was read.
    pub(super) entries: Vec<Entry<Q>>,
    /// Where the window begins; `None` is the top.
    pub(super) anchor: Option<Q::Key>,
    /// How many rows the window may hold.
    pub(super) size: usize,
    /// There may be rows below the last entry.
    pub(super) more_below: bool,
    /// Rows that came in above the anchor.
    pub(super) newer: HashSet<i64>,
}

/// One row of a window.
pub(super) struct Entry<Q: Query> {
    pub(super) key: Q::Key,
    pub(super) n: i64,
    pub(super) row: Option<Q::Row>,
}

/// What a change asks for.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Wanted {
    /// Something that a listener sees has changed.
    pub(super) touched: bool,
    /// Rows to be read again.
    pub(super) rows: Vec<i64>,
    /// Rows went and others may take their place at the end.
    pub(super) refill: bool,
}

impl<Q: Query> Listing<Q> {
    pub(super) fn new(anchor: Option<Q::Key>, size: usize) -> Self {
        Self { entries: Vec::new(), anchor, size, more_below: true, newer: HashSet::new() }
    }

    /// Where the next page begins: behind the last entry, or just before the anchor.
    pub(super) fn last_key(&self) -> Option<&Q::Key> {
        self.entries.last().map(|entry| &entry.key)
    }

    /// Adds a row found below all that are there.
    pub(super) fn append(&mut self, key: Q::Key, n: i64, row: Option<Q::Row>) {
        if self.entries.len() < self.size && self.last_key().is_none_or(|last| *last < key) {
            self.entries.push(Entry { key, n, row });
        }
    }

    /// Applies changes: (number, its place if it passes now). Applied twice, the second changes nothing.
    pub(super) fn apply(&mut self, changes: &[(i64, Option<Q::Key>)]) -> Wanted {
        let mut wanted = Wanted::default();
        let mut read = BTreeSet::new();
        for (n, after) in changes {
            let (was_here, row) = self.take_out(*n);
            let is_here = after.as_ref().is_some_and(|key| self.put_in(*n, key, row));
            wanted.touched |= was_here || is_here;
            wanted.refill |= was_here && !is_here;
            if is_here {
                read.insert(*n);
            }
        }
        if self.entries.len() > self.size {
            self.entries.truncate(self.size);
            self.more_below = true;
        }
        wanted.rows = self.entries.iter().map(|entry| entry.n).filter(|n| read.contains(n)).collect();
        wanted.refill = wanted.refill && self.more_below && self.entries.len() < self.size;
        wanted
    }

    fn take_out(&mut self, n: i64) -> (bool, Option<Q::Row>) {
        if self.newer.remove(&n) {
            return (true, None);
        }
        match self.entries.iter().position(|entry| entry.n == n) {
            Some(at) => (true, self.entries.remove(at).row),
            None => (false, None),
        }
    }

    /// A row that was shown before keeps its old look until it was read again: nothing flickers away.
    fn put_in(&mut self, n: i64, key: &Q::Key, row: Option<Q::Row>) -> bool {
        if self.anchor.as_ref().is_some_and(|anchor| key < anchor) {
            return self.newer.insert(n);
        }
        let at = self.entries.partition_point(|entry| entry.key < *key);
        // Behind the last row it belongs in only when nothing unread could stand before it.
        if at == self.entries.len() && self.more_below {
            return false;
        }
        if at >= self.size {
            self.more_below = true;
            return false;
        }
        self.entries.insert(at, Entry { key: key.clone(), n, row });
        true
    }

    /// Puts a row that was read into its place; without one, the row is gone.
    pub(super) fn show(&mut self, n: i64, row: Option<Q::Row>) {
        if let Some(entry) = self.entries.iter_mut().find(|entry| entry.n == n) {
            entry.row = row;
        }
    }

    /// The rows as a listener sees them.
    pub(super) fn rows(&self) -> Vec<(i64, Q::Row)> {
        self.entries.iter().filter_map(|entry| Some((entry.n, entry.row.clone()?))).collect()
    }
}
