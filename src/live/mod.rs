//! Live windows: a part of a list that stays true while the store changes beneath it.
//!
//! A window is a query, an anchor (the top, or a row) and a size. Its first batch is a reset with rows; total and counts
//! may follow. After each commit that touched it come differences against what its listener last got:
//! * The work grows with the window and the change, not with the store: a change carries what was and what is, the window
//!   places it by its key, and totals and counts are counted once and then kept by difference.
//! * Rows that arrive above an anchor which is not the top only raise [`Batch::newer`].
//! * A slow listener gets one batch for all that happened meanwhile. After a quiet moment a batch comes at once; else
//!   batches keep [`PACE`] apart.
//! * A search that finds little shows rows as they are found, says that it is still searching, and ends when the window
//!   is dropped.
//! * When the phone slept or the cache was replaced, windows stay and get what differs.
//!
//! What a row is, which rows pass and how they are ordered is a feature's [`Query`]; nothing in here knows it.

mod count;
mod diff;
mod engine;
mod listing;
mod live_window;
mod query;
mod reads;
mod window;

use std::time::Duration;

pub use diff::Diff;
pub use engine::Engine;
pub use query::{BeforeAfter, Effect, Query, Start};
pub use window::Window;

/// Batches of one window keep this far apart unless it was quiet before.
pub const PACE: Duration = Duration::from_millis(100);

/// What a listener gets.
#[derive(Debug, Clone, PartialEq)]
pub struct Batch<R, C> {
    /// How the rows changed.
    pub rows: RowsChange<R>,
    /// How many rows pass, over the whole store; `None` until they were counted once.
    pub total: Option<u64>,
    /// Counts by value; `None` until they were counted once.
    pub counts: Option<std::sync::Arc<C>>,
    /// Rows that arrived above the anchor since it was set.
    pub newer: u64,
    /// More rows may still be found.
    pub searching: bool,
    /// There are rows below the last one.
    pub has_more: bool,
}

/// How the rows of a window changed.
#[derive(Debug, Clone, PartialEq)]
pub enum RowsChange<R> {
    /// All rows, in order.
    Reset(Vec<R>),
    /// Steps from the last batch's rows to these, to be applied one after the other.
    Diffs(Vec<Diff<R>>),
}

impl<R: Clone> RowsChange<R> {
    /// Brings a listener's copy of the rows up to date.
    pub fn apply(&self, rows: &mut Vec<R>) {
        match self {
            Self::Reset(all) => all.clone_into(rows),
            Self::Diffs(diffs) => diffs.iter().for_each(|diff| diff.apply(rows)),
        }
    }
}
