//! Brings the journal of cache.db back into the file, on a thread of its own: during a full read the journal grows by some
//! hundred megabytes, and a person's action must not wait until they are copied.
//!
//! SQLite would do it within the writer's commit. Here the writer only says that there is something to bring back; copying
//! goes on beside it. The journal can begin anew only when all of it was brought back, and a writer that never rests always
//! adds more: so when it has become long, the writer itself brings back the rest, which is little by then.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use rusqlite::{Connection, InterruptHandle};

use super::Shared;
use super::connection::{self, Use};
use super::fault::{Fault, File};

/// Pages in the journal that are worth bringing back: 16 MB.
const WORTH: i64 = 1_000;
/// A journal of so many pages (128 MB) shall begin anew as soon as little of it is left to bring back.
const LONG: i64 = 8_000;
/// So many pages (512 MB) that were not brought back are too many: the writer waits until they are.
const TOO_LONG: i64 = 32_000;

/// What the writer does about the journal after a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Upkeep {
    /// Nothing.
    Leave,
    /// Asks the thread beside it.
    Beside,
    /// Does it itself.
    Itself,
}

/// What a journal of `length` pages needs, of which `done` were brought back.
pub(super) const fn upkeep(length: i64, done: i64) -> Upkeep {
    let left = length - done;
    if left >= TOO_LONG || (length >= LONG && left < WORTH) {
        Upkeep::Itself
    } else if left >= WORTH {
        Upkeep::Beside
    } else {
        Upkeep::Leave
    }
}

#[derive(Default)]
struct State {
    wanted: bool,
    suspended: bool,
    closed: bool,
    /// A connection is open, or about to be.
    busy: bool,
    running: Option<InterruptHandle>,
}

/// The thread's orders.
#[derive(Default)]
pub(super) struct Checkpoints {
    state: Mutex<State>,
    changed: Condvar,
}

impl Checkpoints {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// There is something to bring back.
    pub(super) fn want(&self) {
        self.state().wanted = true;
        self.changed.notify_all();
    }

    /// Breaks off what is under way and waits until the file is closed.
    pub(super) fn suspend(&self) {
        let mut state = self.state();
        state.suspended = true;
        while state.busy {
            if let Some(running) = &state.running {
                running.interrupt();
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    pub(super) fn resume(&self) {
        self.state().suspended = false;
        self.changed.notify_all();
    }

    pub(super) fn close(&self) {
        let mut state = self.state();
        state.closed = true;
        if let Some(running) = &state.running {
            running.interrupt();
        }
        self.changed.notify_all();
    }

    /// Waits for an order; `false` ends the thread.
    fn next(&self) -> bool {
        let mut state = self.state();
        while !state.closed && (state.suspended || !state.wanted) {
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.wanted = false;
        state.busy = !state.closed;
        state.busy
    }

    /// From here on the work can be broken off; `false`: it is not wanted any more.
    fn begin(&self, connection: &Connection) -> bool {
        let mut state = self.state();
        state.running = Some(connection.get_interrupt_handle());
        !state.suspended && !state.closed
    }

    fn end(&self) {
        let mut state = self.state();
        (state.busy, state.running) = (false, None);
        self.changed.notify_all();
    }
}

/// The thread. What fails is asked for again by the writer's next commit, and a damaged file is found by whoever reads it.
pub(super) fn run(shared: &Shared) {
    while shared.checkpoints.next() {
        drop(bring_back(shared));
        shared.checkpoints.end();
    }
}

fn bring_back(shared: &Shared) -> Result<(), Fault> {
    // Opened anew each time: that costs little, and no memory is held between.
    let cache = connection::open(&shared.folder.path(File::Cache), shared.folder.key(), File::Cache, Use::Read)?;
    if shared.checkpoints.begin(&cache) {
        checkpoint(&cache)?;
    }
    Ok(())
}

/// Brings back what no reader's snapshot needs any more.
pub(super) fn checkpoint(cache: &Connection) -> Result<(), Fault> {
    Ok(cache.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()))?)
}

/// How many pages the journal has, and how many of them were brought back.
pub(super) fn journal(cache: &Connection) -> Result<(i64, i64), Fault> {
    Ok(cache.prepare_cached("PRAGMA wal_checkpoint(NOOP)")?.query_row([], |row| Ok((row.get(1)?, row.get(2)?)))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_journal_is_left_alone_a_long_one_brought_back_beside_and_only_a_rest_by_the_writer() {
        assert_eq!(upkeep(0, 0), Upkeep::Leave);
        assert_eq!(upkeep(-1, -1), Upkeep::Leave, "there is none");
        assert_eq!(upkeep(WORTH - 1, 0), Upkeep::Leave);
        assert_eq!(upkeep(WORTH, 0), Upkeep::Beside);
        assert_eq!(upkeep(LONG - 1, LONG - 1), Upkeep::Leave, "it begins anew by itself");
        assert_eq!(upkeep(LONG + 10_000, 10_000), Upkeep::Beside);
        assert_eq!(upkeep(LONG, LONG - WORTH + 1), Upkeep::Itself);
        assert_eq!(upkeep(TOO_LONG, 0), Upkeep::Itself);
    }
}
