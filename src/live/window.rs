//! A listener's side of a window.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tokio::sync::Notify;
use uuid::Uuid;

use super::diff::steps;
use super::engine::Control;
use super::query::Query;
use super::{Batch, PACE, RowsChange};

/// What a window shows now.
pub(super) struct Shown<Q: Query> {
    pub(super) rows: Arc<Vec<(i64, Arc<Q::Row>)>>,
    pub(super) total: Option<u64>,
    pub(super) counts: Option<Arc<Q::Counts>>,
    pub(super) newer: u64,
    pub(super) searching: bool,
    pub(super) has_more: bool,
    /// Grows with each change; 0 before the first rows.
    pub(super) version: u64,
    /// The engine is gone.
    pub(super) ended: bool,
}

/// Where the engine leaves what a window shows, and its listener takes it.
pub(super) struct Mailbox<Q: Query> {
    shown: Mutex<Shown<Q>>,
    changed: Condvar,
    notify: Notify,
}

impl<Q: Query> Mailbox<Q> {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self {
            shown: Mutex::new(Shown {
                rows: Arc::default(),
                total: None,
                counts: None,
                newer: 0,
                searching: true,
                has_more: false,
                version: 0,
                ended: false,
            }),
            changed: Condvar::new(),
            notify: Notify::new(),
        })
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Shown<Q>> {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is shown was changed: wakes the listener.
    pub(super) fn post(&self, mut shown: MutexGuard<'_, Shown<Q>>) {
        shown.version += 1;
        drop(shown);
        self.changed.notify_all();
        self.notify.notify_one();
    }
}

/// A live window. Dropping it ends it.
pub struct Window<Q: Query> {
    mailbox: Arc<Mailbox<Q>>,
    control: Control,
    taken: u64,
    taken_at: Option<Instant>,
    counted: bool,
    delivered: Arc<Vec<(i64, Arc<Q::Row>)>>,
}

impl<Q: Query> Window<Q> {
    pub(super) fn new(mailbox: Arc<Mailbox<Q>>, control: Control) -> Self {
        Self { mailbox, control, taken: 0, taken_at: None, counted: false, delivered: Arc::default() }
    }

    /// The next batch: the first is a reset, later ones hold what changed since the last. `None`: the account was closed.
    pub async fn next(&mut self) -> Option<Batch<Q::Row, Q::Counts>> {
        loop {
            let (version, ended) = {
                let shown = self.mailbox.lock();
                (shown.version, shown.ended)
            };
            if ended {
                return None;
            }
            if version == self.taken {
                self.mailbox.notify.notified().await;
                continue;
            }
            if let Some(wait) = self.wait() {
                tokio::time::sleep(wait).await;
            }
            if let Some(batch) = self.take() {
                return Some(batch);
            }
        }
    }

    /// As [`Window::next`], on a thread that may wait. `None` also when `until` passes without a change.
    pub fn next_before(&mut self, until: Instant) -> Option<Batch<Q::Row, Q::Counts>> {
        loop {
            {
                let mut shown = self.mailbox.lock();
                while shown.version == self.taken && !shown.ended {
                    let left = until.checked_duration_since(Instant::now())?;
                    shown = self.mailbox.changed.wait_timeout(shown, left).unwrap_or_else(PoisonError::into_inner).0;
                }
                if shown.ended {
                    return None;
                }
            }
            if let Some(wait) = self.wait() {
                std::thread::sleep(wait);
            }
            if let Some(batch) = self.take() {
                return Some(batch);
            }
        }
    }

    /// What changed since the last batch, without waiting.
    pub fn try_next(&mut self) -> Option<Batch<Q::Row, Q::Counts>> {
        if self.wait().is_some() { None } else { self.take() }
    }

    /// What changed since the last batch, however short ago that was.
    #[cfg(test)]
    pub(crate) fn take_now(&mut self) -> Option<Batch<Q::Row, Q::Counts>> {
        self.take()
    }

    /// How long the next batch is held back. The first total is not: a person who sees rows waits for it.
    fn wait(&self) -> Option<std::time::Duration> {
        if !self.counted && self.mailbox.lock().counts.is_some() {
            return None;
        }
        PACE.checked_sub(self.taken_at?.elapsed()).filter(|left| !left.is_zero())
    }

    fn take(&mut self) -> Option<Batch<Q::Row, Q::Counts>> {
        let shown = self.mailbox.lock();
        if shown.version == self.taken {
            return None;
        }
        let first = self.taken == 0;
        let rows = Arc::clone(&shown.rows);
        let batch = Batch {
            rows: if first {
                RowsChange::Reset(rows.iter().map(|(_, row)| Q::Row::clone(row)).collect())
            } else {
                RowsChange::Diffs(steps(&self.delivered, &rows))
            },
            total: shown.total,
            counts: shown.counts.clone(),
            newer: shown.newer,
            searching: shown.searching,
            has_more: shown.has_more,
        };
        self.taken = shown.version;
        self.counted = shown.counts.is_some();
        drop(shown);
        self.taken_at = Some(Instant::now());
        self.delivered = rows;
        Some(batch)
    }

    /// Lets the window hold this many rows more.
    pub fn more(&self, rows: usize) {
        self.control.more(rows);
    }

    /// Moves the window so that it begins with this row. Unknown rows leave it where it is.
    pub fn show(&self, id: Uuid) {
        self.control.show(Some(id));
    }

    /// Moves the window back to the top.
    pub fn show_top(&self) {
        self.control.show(None);
    }
}
