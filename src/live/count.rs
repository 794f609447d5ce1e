//! Counts of one window: made once over the whole store, then kept by difference.

use std::sync::Arc;

use super::live_window::Changes;
use super::query::Query;

/// A window's counts.
pub(super) struct Count<Q: Query> {
    /// They are being made.
    pub(super) under_way: bool,
    counted: Option<Counted<Q>>,
}

struct Counted<Q: Query> {
    tally: Q::Tally,
    /// The last commit that is in it.
    seq: i64,
    /// As it is shown, until it changes.
    shown: Option<(u64, Arc<Q::Counts>)>,
}

impl<Q: Query> Default for Count<Q> {
    fn default() -> Self {
        Self { under_way: false, counted: None }
    }
}

impl<Q: Query> Count<Q> {
    /// Nothing was counted, and nobody is at it.
    pub(super) const fn is_wanted(&self) -> bool {
        self.counted.is_none() && !self.under_way
    }

    /// Takes a count in that holds everything up to the commit `seq`; `later` is what was committed since.
    pub(super) fn take<'a>(
        &mut self,
        query: &Q,
        ready: &Q::Ready,
        (seq, tally, whole): (i64, Q::Tally, bool),
        later: impl Iterator<Item = &'a (i64, Changes<Q>)>,
    ) {
        if whole {
            self.under_way = false;
        }
        self.counted = Some(Counted { tally, seq, shown: None });
        for (seq, changes) in later {
            self.change(query, ready, *seq, changes);
        }
    }

    /// Keeps the counts true over a commit. A commit that the count has seen already changes nothing.
    pub(super) fn change(&mut self, query: &Q, ready: &Q::Ready, seq: i64, changes: &Changes<Q>) {
        let Some(counted) = self.counted.as_mut().filter(|counted| counted.seq < seq) else { return };
        counted.seq = seq;
        counted.shown = None;
        for (_, before, after) in changes {
            query.retally(ready, &mut counted.tally, before.as_ref(), after.as_ref());
        }
    }

    /// The counts as they are shown, and how many rows pass.
    pub(super) fn shown(&mut self, query: &Q, ready: &Q::Ready) -> Option<(u64, Arc<Q::Counts>)> {
        let counted = self.counted.as_mut()?;
        let shown = counted.shown.get_or_insert_with(|| {
            let (total, counts) = query.counts(ready, &counted.tally);
            (total, Arc::new(counts))
        });
        Some(shown.clone())
    }
}
