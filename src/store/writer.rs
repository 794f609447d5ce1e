//! The one thread that writes.
//!
//! Two queues: what a person does goes before what the network brings. A long write (a full read) comes as many small
//! jobs into one open transaction; as soon as a person's job needs cache.db, or no row came for a moment, the rows so far
//! are committed and the long write goes on in a new transaction. Its offset and removals come in its last job, so an
//! interrupted read is simply read again.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rusqlite::Connection;

use super::Shared;
use super::checkpoint::{self, Upkeep};
use super::commit::{Changes, Commit, Replaced};
use super::connection::{self, Use};
use super::fault::{Fault, File};
use super::migration::migrate;
use super::rescue::{self, Rescued};

/// An open long write is committed when its next rows do not come within this time.
const LONG_WRITE_IDLE: Duration = Duration::from_millis(30);

/// A job on the writer's thread.
pub(super) type Job = Box<dyn FnOnce(&mut Writer) + Send>;

/// A long write is committed after this time at the latest: its rows are shown, and its journal can be brought back.
const LONG_WRITE_AGE: Duration = Duration::from_secs(2);

/// How soon a job must run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Haste {
    /// A person waits for it.
    Person,
    /// The network brought it.
    Network,
    /// Sleep and waking: runs also while all others wait.
    Control,
}

#[derive(Default)]
struct Waiting {
    person: VecDeque<Job>,
    network: VecDeque<Job>,
    control: VecDeque<Job>,
    held: bool,
    network_held: bool,
    closed: bool,
}

impl Waiting {
    fn next(&mut self) -> Option<Job> {
        let control = self.control.pop_front();
        if control.is_some() || self.held {
            return control;
        }
        let person = self.person.pop_front();
        if person.is_some() || (self.network_held && !self.closed) {
            return person;
        }
        self.network.pop_front()
    }

    fn is_idle(&self) -> bool {
        self.person.is_empty() && self.network.is_empty() && self.control.is_empty()
    }
}

/// The writer's queues.
#[derive(Default)]
pub(super) struct Queue {
    waiting: Mutex<Waiting>,
    arrived: Condvar,
}

enum Next {
    Job(Job),
    Idle,
    Closed,
}

impl Queue {
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Queues a job; `false` when the writer is gone, and the job with it.
    pub(super) fn push(&self, haste: Haste, job: Job) -> bool {
        let mut waiting = self.waiting();
        if waiting.closed {
            return false;
        }
        match haste {
            Haste::Person => waiting.person.push_back(job),
            Haste::Network => waiting.network.push_back(job),
            Haste::Control => waiting.control.push_back(job),
        }
        drop(waiting);
        self.arrived.notify_one();
        true
    }

    /// While held, all jobs but those of control wait.
    pub(super) fn hold(&self, held: bool) {
        self.waiting().held = held;
    }

    /// What the network brings waits, and nothing else.
    fn let_network_wait(&self) {
        self.waiting().network_held = true;
    }

    /// What the network brings goes on.
    pub(super) fn let_network_in(&self) {
        self.waiting().network_held = false;
        self.arrived.notify_one();
    }

    /// No job is taken after those that are queued.
    pub(super) fn close(&self) {
        self.waiting().closed = true;
        self.arrived.notify_all();
    }

    fn next(&self, long_write_open: bool) -> Next {
        let mut waiting = self.waiting();
        loop {
            if let Some(job) = waiting.next() {
                return Next::Job(job);
            }
            if waiting.closed {
                return Next::Closed;
            }
            if long_write_open {
                let (guard, timeout) =
                    self.arrived.wait_timeout(waiting, LONG_WRITE_IDLE).unwrap_or_else(PoisonError::into_inner);
                waiting = guard;
                if timeout.timed_out() && waiting.is_idle() {
                    return Next::Idle;
                }
            } else {
                waiting = self.arrived.wait(waiting).unwrap_or_else(PoisonError::into_inner);
            }
        }
    }
}

/// The writer's side of both files.
pub struct Writer {
    shared: Arc<Shared>,
    own: Option<Connection>,
    /// Missing while the phone sleeps, and where a damaged one could not be replaced yet.
    cache: Option<Connection>,
    long_write: Option<Open>,
    seq: i64,
    replaced: u64,
}

/// A transaction of cache.db that is under way.
struct Open {
    changes: Changes,
    /// How many rows the connection had ever written when it began.
    written: u64,
    began: Instant,
}

/// What opening found.
#[derive(Debug, Default)]
pub struct Opened {
    /// own.db was damaged and set aside; what of it was saved.
    pub rescued: Option<Rescued>,
    /// cache.db was damaged and set aside; it begins empty.
    pub cache_replaced: bool,
}

impl Writer {
    pub(super) fn open(shared: Arc<Shared>) -> Result<(Self, Opened), Fault> {
        let mut writer = Self { shared, own: None, cache: None, long_write: None, seq: 0, replaced: 0 };
        let opened = writer.open_files()?;
        Ok((writer, opened))
    }

    fn open_files(&mut self) -> Result<Opened, Fault> {
        let shared = Arc::clone(&self.shared);
        let mut opened = Opened::default();
        let own = match Self::open_own(&shared) {
            Err(Fault::Damaged(File::Own)) => {
                let aside = shared.folder.set_aside(File::Own, shared.clock.now().wall)?;
                let own = Self::make_own(&shared)?;
                opened.rescued = Some(rescue::rescue(&aside, shared.folder.key(), &own)?);
                own
            }
            other => other?,
        };
        let cache = match Self::open_cache(&shared) {
            Err(Fault::Damaged(File::Cache)) => {
                shared.folder.set_aside(File::Cache, shared.clock.now().wall)?;
                opened.cache_replaced = true;
                Self::open_cache(&shared)?
            }
            other => other?,
        };
        self.seq = cache.query_row("SELECT seq FROM moment", [], |row| row.get(0))?;
        (self.own, self.cache) = (Some(own), Some(cache));
        Ok(opened)
    }

    fn open_own(shared: &Shared) -> Result<Connection, Fault> {
        let path = shared.folder.path(File::Own);
        let is_new = !shared.folder.holds(File::Own);
        if is_new && shared.folder.holds(File::Cache) {
            // It is made before cache.db: it was there once.
            return Err(Fault::Damaged(File::Own));
        }
        // own.db is small: all of it is looked at, so that damage is found while what is left can be saved.
        let own = connection::open(&path, shared.folder.key(), File::Own, Use::Write)?;
        if !is_new {
            let sound: String =
                own.query_row("PRAGMA quick_check(1)", [], |row| row.get(0)).map_err(|_| Fault::Damaged(File::Own))?;
            if sound != "ok" {
                return Err(Fault::Damaged(File::Own));
            }
        }
        migrate(&own, File::Own, shared.schema.own, &*shared.before_migration_commits)?;
        Ok(own)
    }

    fn make_own(shared: &Shared) -> Result<Connection, Fault> {
        let own = connection::open(&shared.folder.path(File::Own), shared.folder.key(), File::Own, Use::Write)?;
        migrate(&own, File::Own, shared.schema.own, &*shared.before_migration_commits)?;
        Ok(own)
    }

    fn open_cache(shared: &Shared) -> Result<Connection, Fault> {
        let cache = connection::open(&shared.folder.path(File::Cache), shared.folder.key(), File::Cache, Use::Write)?;
        migrate(&cache, File::Cache, shared.schema.cache, &*shared.before_migration_commits)?;
        Ok(cache)
    }

    pub(super) fn run(mut self) {
        let shared = Arc::clone(&self.shared);
        loop {
            match shared.queue.next(self.long_write.is_some()) {
                Next::Job(job) => self.run_one(job),
                // What cannot be committed is rolled back: its rows come again with the next read.
                Next::Idle => drop(self.settle()),
                Next::Closed => break,
            }
        }
        drop(self.settle());
        if let Some(own) = &self.own {
            // An empty journal makes the next opening faster; a busy one is no harm.
            let _ = own.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)");
        }
    }

    fn run_one(&mut self, job: Job) {
        if catch_unwind(AssertUnwindSafe(|| job(self))).is_err() {
            // The caller of the job finds its answer missing. What it had begun is undone.
            self.abandon();
        }
    }

    fn abandon(&mut self) {
        self.long_write = None;
        for connection in self.own.iter().chain(&self.cache) {
            if !connection.is_autocommit() {
                let _ = connection.execute_batch("ROLLBACK");
            }
        }
    }

    fn own_file(&self) -> Result<&Connection, Fault> {
        self.own.as_ref().ok_or(Fault::Closed)
    }

    fn cache_file(&self) -> Result<&Connection, Fault> {
        match (&self.own, &self.cache) {
            (_, Some(cache)) => Ok(cache),
            // It could not be replaced: whoever meets that has it tried again.
            (Some(_), None) => Err(Fault::Damaged(File::Cache)),
            (None, None) => Err(Fault::Closed),
        }
    }

    /// One transaction on own.db. When this returns, it survives power loss.
    pub fn own<T>(&mut self, work: impl FnOnce(&Connection) -> Result<T, Fault>) -> Result<T, Fault> {
        let own = self.own_file()?;
        let of = |error| Fault::of(File::Own, error);
        let transaction = own.unchecked_transaction().map_err(of)?;
        let done = work(&transaction).map_err(as_own)?;
        transaction.commit().map_err(of)?;
        Ok(done)
    }

    /// One transaction on cache.db; what it noted goes to the observers after its commit.
    pub fn cache<T>(&mut self, work: impl FnOnce(&Connection, &mut Changes) -> Result<T, Fault>) -> Result<T, Fault> {
        self.settle()?;
        let done = self.long_write(work)?;
        self.settle()?;
        Ok(done)
    }

    /// A part of a long write: joins the open transaction, or begins one, and leaves it open.
    pub fn long_write<T>(
        &mut self,
        work: impl FnOnce(&Connection, &mut Changes) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        let done = self.begin_or_join(work);
        if let Err(fault) = &done {
            self.abandon();
            self.shared.report(fault);
        }
        if self.long_write.as_ref().is_some_and(|open| open.began.elapsed() > LONG_WRITE_AGE) {
            self.settle()?;
        }
        done
    }

    fn begin_or_join<T>(
        &mut self,
        work: impl FnOnce(&Connection, &mut Changes) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        let mut open = match self.long_write.take() {
            Some(open) => open,
            None => {
                let cache = self.cache_file()?;
                cache.execute_batch("BEGIN IMMEDIATE")?;
                Open { changes: Changes::default(), written: cache.total_changes(), began: Instant::now() }
            }
        };
        let done = work(self.cache_file()?, &mut open.changes)?;
        self.long_write = Some(open);
        Ok(done)
    }

    /// How often cache.db began anew since the store was opened: what was read from an earlier one is void.
    pub const fn replaced(&self) -> u64 {
        self.replaced
    }

    /// Commits what a long write has so far.
    pub fn settle(&mut self) -> Result<(), Fault> {
        let Some(Open { changes, written, .. }) = self.long_write.take() else { return Ok(()) };
        if changes.is_empty() && self.cache_file()?.total_changes() == written {
            // Nothing was written: nothing needs a number, a journal or the disk's patience.
            let ended = self.cache_file()?.execute_batch("COMMIT");
            return ended.inspect_err(|_| self.abandon()).map_err(Fault::from);
        }
        let seq = self.seq + 1;
        let committed = self.cache_file().and_then(|cache| {
            cache.prepare_cached("UPDATE moment SET seq = ?1")?.execute([seq])?;
            cache.execute_batch("COMMIT").map_err(Fault::from)
        });
        if let Err(fault) = committed {
            self.abandon();
            self.shared.report(&fault);
            return Err(fault);
        }
        self.seq = seq;
        if !changes.is_empty() {
            self.shared.announce(Commit::new(seq, changes));
        }
        self.keep_journal_short();
        Ok(())
    }

    /// A journal that cannot be brought back now is no harm: the next commit finds it longer.
    fn keep_journal_short(&self) {
        let Ok(cache) = self.cache_file() else { return };
        match checkpoint::journal(cache).map(|(length, done)| checkpoint::upkeep(length, done)) {
            Ok(Upkeep::Beside) => self.shared.checkpoints.want(),
            Ok(Upkeep::Pause) => {
                self.shared.queue.let_network_wait();
                self.shared.checkpoints.want();
            }
            Ok(Upkeep::Leave) | Err(_) => {}
        }
    }

    /// Sets a damaged cache.db aside and begins a new one.
    pub(super) fn replace_cache(&mut self) -> Result<(), Fault> {
        if self.own.is_none() {
            // Asleep: waking looks at the file anyway.
            return Err(Fault::Closed);
        }
        self.abandon();
        // SQLite removes a journal by its name when the last connection of its file closes: everybody leaves the old file
        // before another one has the name.
        let shared = Arc::clone(&self.shared);
        shared.readers.suspend(&shared.sleeps);
        shared.checkpoints.suspend();
        self.cache = None;
        let begun = self.begin_cache_anew();
        shared.readers.resume();
        shared.checkpoints.resume();
        begun
    }

    fn begin_cache_anew(&mut self) -> Result<(), Fault> {
        let shared = Arc::clone(&self.shared);
        shared.folder.set_aside(File::Cache, shared.clock.now().wall)?;
        let cache = Self::open_cache(&shared).inspect_err(|_| shared.folder.remove(File::Cache))?;
        self.cache = Some(cache);
        self.announce_replaced()
    }

    /// Sequence numbers go on, so that nobody takes the new file's first commits for old ones.
    fn announce_replaced(&mut self) -> Result<(), Fault> {
        self.replaced += 1;
        self.cache(|_, changes| {
            changes.note(Replaced);
            Ok(())
        })
    }

    /// Closes both files until [`Writer::reopen`]: the operating system ends an app that sleeps with a lock held.
    pub(super) fn close_files(&mut self) -> Result<(), Fault> {
        let settled = self.settle();
        (self.own, self.cache) = (None, None);
        self.shared.folder.release();
        settled
    }

    /// Opens both files again.
    pub(super) fn reopen(&mut self) -> Result<Opened, Fault> {
        if self.own.is_some() {
            return Ok(Opened::default());
        }
        let shared = Arc::clone(&self.shared);
        shared.folder.hold()?;
        let before = self.seq;
        let opened = self.open_files().inspect_err(|_| shared.folder.release())?;
        let same = self.seq == before && !opened.cache_replaced;
        self.seq = self.seq.max(before);
        if !same {
            self.announce_replaced()?;
        }
        Ok(opened)
    }
}

/// Code that runs on own.db writes its statements like all other code; the file is named here.
pub(super) fn as_own(fault: Fault) -> Fault {
    match fault {
        Fault::Damaged(_) => Fault::Damaged(File::Own),
        other => other,
    }
}
