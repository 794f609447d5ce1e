//! A few threads that read. Each job sees one snapshot of cache.db and knows the last commit in it.

use std::cell::OnceCell;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use rusqlite::Connection;

use super::Shared;
use super::connection::{self, Use};
use super::fault::{Fault, File};
use super::writer::as_own;

/// SQLite looks whether a job was cancelled after this many of its steps: some tens of microseconds.
const STEPS_BETWEEN_LOOKS: i32 = 4_000;

/// Ends a running or waiting job from elsewhere. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Cancel(Arc<AtomicBool>);

impl Cancel {
    /// The job's answer is no longer wanted.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether [`Cancel::cancel`] was called.
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// One snapshot of cache.db, and own.db as it stands.
pub struct Reading<'a> {
    /// What can be fetched again.
    pub cache: &'a Connection,
    own: Own<'a>,
    /// The last commit in the snapshot.
    pub seq: i64,
}

/// own.db, which few reads ask for: it is opened by the first that does.
enum Own<'a> {
    #[cfg(test)]
    Given(&'a Connection),
    Kept(&'a OnceCell<Connection>, &'a Shared),
}

impl Own<'_> {
    fn open(&self) -> Result<&Connection, Fault> {
        let (kept, shared) = match self {
            #[cfg(test)]
            Self::Given(own) => return Ok(own),
            Self::Kept(kept, shared) => (kept, shared),
        };
        if kept.get().is_none() {
            // Nobody else can have set it meanwhile: it is this thread's.
            let _ = kept.set(open(shared, File::Own)?);
        }
        kept.get().ok_or(Fault::Closed)
    }
}

impl<'a> Reading<'a> {
    /// A reading of files that a test opened by itself.
    #[cfg(test)]
    pub(crate) const fn of(cache: &'a Connection, own: &'a Connection) -> Self {
        Self { cache, own: Own::Given(own), seq: 0 }
    }

    /// Reads what a person wrote.
    pub fn own<T>(&self, work: impl FnOnce(&Connection) -> Result<T, Fault>) -> Result<T, Fault> {
        self.own.open().and_then(work).map_err(as_own)
    }
}

/// What a job is for: each lane has a thread of its own, so that a long count never delays the next row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lane {
    /// A few rows by their numbers.
    Rows,
    /// A page of a list, found by searching.
    Page,
    /// Counts, and everything else.
    Count,
}

impl Lane {
    /// All lanes.
    pub const ALL: [Self; 3] = [Self::Rows, Self::Page, Self::Count];

    /// Pages kept in memory, in KiB.
    const fn cache_kib(self) -> i64 {
        match self {
            Self::Rows => 1_024,
            // A page of a search looks at a hundred places all over the file, and the next letter at the same ones.
            Self::Page => 4_096,
            Self::Count => 2_048,
        }
    }
}

/// Called with a snapshot, or with the reason why there is none.
type Job = Box<dyn FnMut(Result<&Reading<'_>, Fault>) -> Result<(), Fault> + Send>;

struct Task {
    lane: Lane,
    cancel: Cancel,
    job: Job,
}

#[derive(Default)]
struct Waiting {
    tasks: VecDeque<Task>,
    running: Vec<Cancel>,
    suspended: bool,
    closed: bool,
    /// Threads that have connections open, or are about to.
    holding: usize,
}

/// The readers' queue.
#[derive(Default)]
pub(super) struct Readers {
    waiting: Mutex<Waiting>,
    /// Wakes one lane: the others sleep on.
    arrived: [Condvar; Lane::ALL.len()],
    /// A thread has closed its connections.
    let_go: Condvar,
}

impl Readers {
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Queues a job. It is called once with a snapshot, or once with the reason why there is none; when the phone goes to
    /// sleep meanwhile it is called again with a new snapshot.
    pub(super) fn push(
        &self,
        lane: Lane,
        cancel: Cancel,
        job: impl FnMut(Result<&Reading<'_>, Fault>) -> Result<(), Fault> + Send + 'static,
    ) -> bool {
        let mut waiting = self.waiting();
        if waiting.closed {
            return false;
        }
        waiting.tasks.push_back(Task { lane, cancel, job: Box::new(job) });
        drop(waiting);
        self.arrived(lane).notify_one();
        true
    }

    fn arrived(&self, lane: Lane) -> &Condvar {
        let [rows, page, count] = &self.arrived;
        match lane {
            Lane::Rows => rows,
            Lane::Page => page,
            Lane::Count => count,
        }
    }

    fn wake_all(&self) {
        self.arrived.iter().for_each(Condvar::notify_all);
    }

    pub(super) fn close(&self) {
        let mut waiting = self.waiting();
        waiting.closed = true;
        waiting.running.iter().for_each(Cancel::cancel);
        drop(waiting);
        self.wake_all();
    }

    /// Has all connections closed and waits until they are.
    pub(super) fn suspend(&self, sleeps: &AtomicU64) {
        let mut waiting = self.waiting();
        waiting.suspended = true;
        sleeps.fetch_add(1, Ordering::SeqCst);
        self.wake_all();
        while waiting.holding > 0 {
            waiting = self.let_go.wait(waiting).unwrap_or_else(PoisonError::into_inner);
        }
    }

    pub(super) fn resume(&self) {
        self.waiting().suspended = false;
        self.wake_all();
    }
}

struct Connections {
    cache: Connection,
    own: OnceCell<Connection>,
}

/// One reader's thread: runs until the readers are closed.
pub(super) fn run(shared: &Shared, lane: Lane) {
    let mut connections: Option<Connections> = None;
    loop {
        let Some((mut task, sleeps)) = next(shared, lane, &mut connections) else { break };
        let done = catch_unwind(AssertUnwindSafe(|| attempt(shared, &mut connections, &mut task, sleeps)));
        if connections.is_none() {
            let_go(shared);
        }
        finish(shared, task, sleeps, done.unwrap_or(Ok(())));
    }
    close(shared, &mut connections);
}

fn close(shared: &Shared, connections: &mut Option<Connections>) {
    if connections.take().is_some() {
        let_go(shared);
    }
}

fn let_go(shared: &Shared) {
    shared.readers.waiting().holding -= 1;
    shared.readers.let_go.notify_all();
}

/// The lane's next job, and how often the phone had slept when it was taken. From here on the thread counts as one that
/// holds the files, so that nobody who waits for them to be closed overlooks it.
fn next(shared: &Shared, lane: Lane, connections: &mut Option<Connections>) -> Option<(Task, u64)> {
    let readers = &shared.readers;
    let mut waiting = readers.waiting();
    loop {
        if waiting.suspended && connections.is_some() {
            drop(waiting);
            close(shared, connections);
            waiting = readers.waiting();
            continue;
        }
        if waiting.closed {
            return None;
        }
        let mine = waiting.tasks.iter().position(|task| task.lane == lane);
        if !waiting.suspended
            && let Some(task) = mine.and_then(|at| waiting.tasks.remove(at))
        {
            waiting.running.push(task.cancel.clone());
            waiting.holding += usize::from(connections.is_none());
            return Some((task, shared.sleeps.load(Ordering::SeqCst)));
        }
        waiting = readers.arrived(lane).wait(waiting).unwrap_or_else(PoisonError::into_inner);
    }
}

fn attempt(shared: &Shared, connections: &mut Option<Connections>, task: &mut Task, sleeps: u64) -> Result<(), Fault> {
    if task.cancel.is_cancelled() {
        return (task.job)(Err(Fault::Cancelled));
    }
    if connections.is_none() {
        match open_cache(shared, task.lane) {
            Ok(opened) => *connections = Some(opened),
            Err(fault) => {
                shared.report(&fault);
                return (task.job)(Err(fault));
            }
        }
    }
    let Some(open) = connections.as_mut() else { return (task.job)(Err(Fault::Closed)) };
    watch(shared, &mut open.cache, &task.cancel, sleeps)?;
    let done = read(shared, open, task);
    let _ = open.cache.progress_handler(0, None::<fn() -> bool>);
    done
}

fn open(shared: &Shared, file: File) -> Result<Connection, Fault> {
    connection::open(&shared.folder.path(file), shared.folder.key(), file, Use::Read)
}

fn open_cache(shared: &Shared, lane: Lane) -> Result<Connections, Fault> {
    let cache = open(shared, File::Cache)?;
    cache.pragma_update(None, "cache_size", -lane.cache_kib())?;
    Ok(Connections { cache, own: OnceCell::new() })
}

/// Ends the job's statements when it is cancelled, or when the phone goes to sleep.
fn watch(shared: &Shared, cache: &mut Connection, cancel: &Cancel, awake: u64) -> Result<(), Fault> {
    let cancel = cancel.clone();
    let sleeps = Arc::clone(&shared.sleeps);
    cache.progress_handler(
        STEPS_BETWEEN_LOOKS,
        Some(move || cancel.is_cancelled() || sleeps.load(Ordering::Relaxed) != awake),
    )?;
    Ok(())
}

fn read(shared: &Shared, open: &Connections, task: &mut Task) -> Result<(), Fault> {
    let snapshot = match open.cache.unchecked_transaction() {
        Ok(snapshot) => snapshot,
        Err(error) => return (task.job)(Err(error.into())),
    };
    match snapshot.prepare_cached("SELECT seq FROM moment").and_then(|mut s| s.query_row([], |row| row.get(0))) {
        Ok(seq) => (task.job)(Ok(&Reading { cache: &snapshot, own: Own::Kept(&open.own, shared), seq })),
        Err(error) => (task.job)(Err(error.into())),
    }
}

fn finish(shared: &Shared, task: Task, sleeps: u64, done: Result<(), Fault>) {
    let mut waiting = shared.readers.waiting();
    if let Some(at) = waiting.running.iter().position(|running| Arc::ptr_eq(&running.0, &task.cancel.0)) {
        waiting.running.swap_remove(at);
    }
    let interrupted = shared.sleeps.load(Ordering::SeqCst) != sleeps && !task.cancel.is_cancelled();
    match done {
        // The phone went to sleep in the middle: the job runs again when it wakes.
        Err(Fault::Cancelled) if interrupted && !waiting.closed => waiting.tasks.push_front(task),
        Err(fault) => {
            drop(waiting);
            shared.report(&fault);
        }
        Ok(()) => {}
    }
}
