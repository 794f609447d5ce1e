//! What a feature says of one of its lists.

use std::ops::ControlFlow;

use crate::store::{Commit, Fault, Reading};

/// Rows before and after a commit. `None`: not in any list of this kind.
pub type BeforeAfter<M> = Vec<(Option<M>, Option<M>)>;

/// What a commit means to a query.
pub enum Effect<M> {
    /// Nothing.
    Nothing,
    /// These rows changed.
    Rows(BeforeAfter<M>),
    /// Whatever rows are filtered, ordered or counted by has changed: begin anew. These rows changed
    /// beside that.
    Reordered(BeforeAfter<M>),
    /// The store begins anew: row numbers of before mean nothing.
    Replaced,
}

/// Where a page begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start<'a, K> {
    /// With the first row.
    Top,
    /// With the row at this place, or the next one.
    At(&'a K),
    /// Behind this place.
    After(&'a K),
}

/// A list of one kind: which rows pass, in which order, what is shown and counted of them.
///
/// Passing, keys and tallies are pure functions of a mark and what was made ready; a property test of the feature holds
/// them and the SQL of [`Query::page`] and [`Query::count`] together.
pub trait Query: Send + Sync + 'static {
    /// What must be known of a row to place, filter and count it.
    type Mark: Copy + Send + Sync + 'static;
    /// A row's place in the total order.
    type Key: Ord + Clone + Send + Sync + 'static;
    /// A row as it is shown.
    type Row: Clone + PartialEq + Send + Sync + 'static;
    /// Running counts.
    type Tally: Default + Clone + Send + 'static;
    /// Counts as they are shown.
    type Counts: Clone + PartialEq + Send + Sync + 'static;
    /// The query made ready against one snapshot: names resolved to numbers, words to rows.
    type Ready: Clone + Send + Sync + 'static;
    /// What was learnt of rows beyond their marks.
    type Lesson: Send + 'static;

    /// Makes the query ready.
    fn prepare(&self, reading: &Reading<'_>) -> Result<Self::Ready, Fault>;

    /// The row's number.
    fn number(mark: &Self::Mark) -> i64;

    /// The row's place.
    fn key(&self, ready: &Self::Ready, mark: &Self::Mark) -> Self::Key;

    /// Whether the row is in the list.
    fn passes(&self, ready: &Self::Ready, mark: &Self::Mark) -> bool;

    /// Takes a row out of the counts as it was, and adds it as it is. What was added is taken out the same, whatever was
    /// learnt of the row meanwhile.
    fn retally(
        &self,
        ready: &Self::Ready,
        tally: &mut Self::Tally,
        before: Option<&Self::Mark>,
        after: Option<&Self::Mark>,
    );

    /// The counts as they are shown, and how many rows pass.
    fn counts(&self, ready: &Self::Ready, tally: &Self::Tally) -> (u64, Self::Counts);

    /// What is not in a mark of rows that changed (whether a row's words match); `None`: marks say all there is.
    fn study(&self, reading: &Reading<'_>, ready: &Self::Ready, changed: &[i64])
    -> Result<Option<Self::Lesson>, Fault>;

    /// Whether [`Query::study`] has something to study; if not, a change costs no read beyond its rows.
    fn must_study(&self) -> bool;

    /// Takes a lesson in.
    fn adopt(&self, ready: &mut Self::Ready, lesson: Self::Lesson);

    /// Passing rows in order from `start`, until told to stop. `limit` is how many are wanted.
    fn page(
        &self,
        reading: &Reading<'_>,
        ready: &Self::Ready,
        start: Start<'_, Self::Key>,
        limit: usize,
        each: &mut dyn FnMut(Self::Mark) -> Result<ControlFlow<()>, Fault>,
    ) -> Result<(), Fault>;

    /// Tallies every row of the snapshot, whatever was made ready before. `so_far` is called when what is most wanted is
    /// complete.
    fn count(
        &self,
        reading: &Reading<'_>,
        ready: &Self::Ready,
        so_far: &mut dyn FnMut(&Self::Tally),
    ) -> Result<Self::Tally, Fault>;

    /// Rows as they are shown, by their numbers, in any order; those that are not there any more are left out.
    fn rows(
        &self,
        reading: &Reading<'_>,
        ready: &Self::Ready,
        numbers: &[i64],
        each: &mut dyn FnMut(i64, Self::Row),
    ) -> Result<(), Fault>;

    /// The place of a shown row, found by the row's own id, to move the window there.
    fn place(&self, reading: &Reading<'_>, ready: &Self::Ready, id: uuid::Uuid) -> Result<Option<Self::Key>, Fault>;

    /// What a commit means to this list.
    fn effect(&self, commit: &Commit) -> Effect<Self::Mark>;
}
