//! Cuts the elements of a feed's arrays out of its body as the bytes arrive.
//!
//! A full read may be 400 MB; a phone holds one element of it at a time. The splitter takes the body in pieces of any
//! size, finds the wanted top-level arrays of a top-level object (keys in any order, unknown ones passed over without
//! being held), hands the bytes of each element on, and collects the wanted top-level numbers.
//!
//! It checks only what it must know to find where values begin and end: nesting of the outermost two levels, strings,
//! matching brackets. Whether an element is good JSON shows when it is read; a bad one costs itself, not the feed.
//!
//! **Limits are per value.** An element over 1 MiB or nested deeper than 64 is passed over without being held, counted, and
//! reported as a [`SkippedRow`]. The body itself may be of any size.
//!
//! **Duplicate keys**: elements of every array of a wanted name are given, of numbers the last one counts.

mod capture;
mod scan;
mod split;

#[cfg(test)]
mod tests;

use uuid::Uuid;

use super::Fault;
pub use split::Splitter;

/// An element may be this large.
pub(super) const ELEMENT_SIZE: usize = 1024 * 1024;
/// An element may be nested this deep.
pub(super) const ELEMENT_DEPTH: u32 = 64;

/// What is wanted of a body.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    arrays: Vec<(&'static str, bool)>,
    numbers: Vec<(&'static str, bool)>,
}

impl Wanted {
    /// Elements of this array; a body without it is a stranger's.
    #[must_use]
    pub fn array(mut self, name: &'static str) -> Self {
        self.arrays.push((name, true));
        self
    }

    /// Elements of this array, if it is there.
    #[must_use]
    pub fn array_if_any(mut self, name: &'static str) -> Self {
        self.arrays.push((name, false));
        self
    }

    /// This integer; a body without it is a stranger's.
    #[must_use]
    pub fn number(mut self, name: &'static str) -> Self {
        self.numbers.push((name, true));
        self
    }

    /// This integer, if it is there.
    #[must_use]
    pub fn number_if_any(mut self, name: &'static str) -> Self {
        self.numbers.push((name, false));
        self
    }
}

/// What a piece of a body brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part<'a> {
    /// An element, whole; borrowed until the call returns.
    Element {
        /// Of which array.
        array: &'static str,
        /// Its place in that array, from 0.
        index: u64,
        /// Its bytes, from its first to its last.
        json: &'a [u8],
    },
    /// An element that was passed over.
    Skipped(SkippedRow),
}

/// An element that was not taken, for those who count and those who look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SkippedRow {
    /// Of which array.
    pub array: &'static str,
    /// Its place in that array, from 0.
    pub index: u64,
    /// Why.
    pub reason: SkipReason,
    /// The first `id` in what was seen of it, if that is a UUID.
    pub id: Option<Uuid>,
}

/// Why an element was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SkipReason {
    /// Over 1 MiB.
    TooLarge,
    /// Nested deeper than 64.
    TooDeep,
}

/// What a whole body said beside its elements.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FeedEnd {
    pub(super) numbers: Vec<(&'static str, i64)>,
    /// How many elements were given.
    pub elements: u64,
    /// How many were passed over.
    pub skipped: u64,
}

impl FeedEnd {
    /// A wanted number that was there.
    pub fn number(&self, name: &str) -> Option<i64> {
        self.numbers.iter().rev().find(|(key, _)| *key == name).map(|(_, value)| *value)
    }
}

type Checked<T> = Result<T, Fault>;
