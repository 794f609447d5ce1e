//! What a commit changed, for those who keep something alive over it.

use std::any::Any;
use std::sync::Arc;

/// A bag of what the features changed in one transaction of cache.db. The store does not know what is in it.
#[derive(Default)]
pub struct Changes {
    bag: Vec<Box<dyn Any + Send + Sync>>,
}

impl Changes {
    /// Notes a change; a feature reads its own type back with [`Commit::of`].
    pub fn note<T: Any + Send + Sync>(&mut self, change: T) {
        self.bag.push(Box::new(change));
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.bag.is_empty()
    }
}

/// A finished transaction of cache.db.
pub struct Commit {
    /// Grows by one with each; a reader's snapshot knows the last one it contains.
    pub seq: i64,
    changes: Changes,
}

impl Commit {
    pub(super) fn new(seq: i64, changes: Changes) -> Arc<Self> {
        Arc::new(Self { seq, changes })
    }

    /// Whether all that was read before is void: the file is another one, or much went from it at once.
    pub fn voids(&self) -> bool {
        self.of::<Replaced>().next().is_some() || self.of::<Voided>().next().is_some()
    }

    /// The changes of one type, in the order in which they were noted.
    pub fn of<T: Any>(&self) -> impl Iterator<Item = &T> {
        self.changes.bag.iter().filter_map(|change| change.downcast_ref())
    }
}

/// Noted when cache.db was damaged and begins anew: everything that was read from it is void.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Replaced;

/// Noted when rows of many kinds went at once, each without a mark: what was read of any of them is void. The file is the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Voided;
