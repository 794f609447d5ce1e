//! Brings the journal of cache.db back into the file, on a thread of its own: during a full read the journal grows by some
//! hundred megabytes, and a person's action must not wait until they are copied.
//!
//! SQLite would do it within the writer's commit. Here the writer only says that there is something to bring back; copying
//! goes on beside it. The journal can begin anew only when all of it was brought back, and a writer that never rests always
//! adds more: so when it has become long, what the network brings waits until it is done. A person's action never does.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, InterruptHandle};

use super::Shared;
use super::connection::{self, Use};
use super::fault::{Fault, File};

/// Pages in the journal that are worth bringing back: 8 MB.
const WORTH: i64 = 1_000;
/// A journal of so many pages (64 MB) shall begin anew: nothing is added by the network until all of it was brought back.
const LONG: i64 = 8_000;

/// What the writer does about the journal after a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Upkeep {
    /// Nothing.
    Leave,
    /// Asks the thread beside it.
    Beside,
    /// Asks it, and lets the network wait for it.
    Pause,
}

/// What a journal of `length` pages needs, of which `done` were brought back.
pub(super) const fn upkeep(length: i64, done: i64) -> Upkeep {
    let left = length - done;
    if length >= LONG && left > 0 {
        Upkeep::Pause
    } else if left >= WORTH {
        Upkeep::Beside
    } else {
        Upkeep::Leave
    }
}

/// Between two requests to break off.
const AGAIN: Duration = Duration::from_millis(5);

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
            // Asked again: what is broken off a moment before it begins goes on as if nothing had been said.
            state = self.changed.wait_timeout(state, AGAIN).unwrap_or_else(PoisonError::into_inner).0;
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
        shared.queue.let_network_in();
    }
}

fn bring_back(shared: &Shared) -> Result<(), Fault> {
    // Opened anew each time: that costs little, and no memory is held between.
    let cache = connection::open(&shared.folder.path(File::Cache), shared.folder.key(), File::Cache, Use::Read)?;
    if shared.checkpoints.begin(&cache) {
        // What a reader's snapshot still needs stays, and is brought back another time.
        cache.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()))?;
    }
    Ok(())
}

/// How many pages the journal has, and how many of them were brought back.
pub(super) fn journal(cache: &Connection) -> Result<(i64, i64), Fault> {
    Ok(cache.prepare_cached("PRAGMA wal_checkpoint(NOOP)")?.query_row([], |row| Ok((row.get(1)?, row.get(2)?)))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_journal_is_left_alone_a_longer_one_brought_back_beside_and_for_a_long_one_the_network_waits() {
        assert_eq!(upkeep(0, 0), Upkeep::Leave);
        assert_eq!(upkeep(-1, -1), Upkeep::Leave, "there is none");
        assert_eq!(upkeep(WORTH - 1, 0), Upkeep::Leave);
        assert_eq!(upkeep(WORTH, 0), Upkeep::Beside);
        assert_eq!(upkeep(LONG - 1, LONG - 1), Upkeep::Leave, "it begins anew by itself");
        assert_eq!(upkeep(LONG - 1, 0), Upkeep::Beside);
        assert_eq!(upkeep(LONG, LONG), Upkeep::Leave, "it begins anew by itself");
        assert_eq!(upkeep(LONG, LONG - 1), Upkeep::Pause);
        assert_eq!(upkeep(5 * LONG, 0), Upkeep::Pause);
    }
}
