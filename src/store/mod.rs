//! The phone's files: the only place that opens, migrates, reads and writes them.
//!
//! Two files per account and server, encrypted, in WAL mode. `own.db` holds what a person wrote and survives power loss at
//! every commit; `cache.db` holds what can be fetched again. One thread writes, a few read; none of them is a tokio
//! worker. What is in the files is the features' business: they bring their migrations and run their own SQL in jobs.
//!
//! What holds here:
//! * A job that was handed over runs, whether or not its caller still waits.
//! * Observers get every commit of cache.db that noted a change, once, in order, after it is visible to readers.
//! * A wrong key touches nothing. A damaged cache.db is set aside and begins anew; a damaged own.db is set aside after
//!   what can be read of it was saved. Neither is ever deleted.
//! * After [`Store::suspend`] returned, no file is open and no lock held until [`Store::resume`].

mod checkpoint;
mod commit;
mod connection;
mod fault;
mod files;
mod migration;
mod reader;
mod rescue;
mod writer;

use std::future::Future;
use std::path::Path;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::thread;

pub use commit::{Changes, Commit, Replaced, Voided};
pub use fault::{Fault, File};
pub use files::Key;
pub use migration::Migration;
pub use reader::{Cancel, Lane, Reading};
pub use rescue::Rescued;
pub use writer::{Opened, Writer};

use crate::time::Clock;
use checkpoint::Checkpoints;
use files::Folder;
use reader::Readers;
use writer::{Haste, Queue};

/// The migrations of both files, oldest first.
#[derive(Debug, Clone, Copy)]
pub struct Schema {
    /// Of own.db.
    pub own: &'static [Migration],
    /// Of cache.db.
    pub cache: &'static [Migration],
}

type Observer = Box<dyn FnMut(&Arc<Commit>) -> bool + Send>;

struct Shared {
    folder: Folder,
    schema: Schema,
    clock: Arc<dyn Clock>,
    queue: Queue,
    readers: Readers,
    checkpoints: Checkpoints,
    observers: Mutex<Vec<Observer>>,
    /// Counts how often the phone went to sleep.
    sleeps: Arc<AtomicU64>,
    replacing: AtomicBool,
    /// Handed to jobs that this object queues for itself.
    myself: std::sync::Weak<Shared>,
    before_migration_commits: Arc<dyn Fn() + Send + Sync>,
}

impl Shared {
    /// Looks at a fault that somebody met: a damaged cache.db is replaced, once.
    fn report(&self, fault: &Fault) {
        if !matches!(fault, Fault::Damaged(File::Cache)) || self.replacing.swap(true, Ordering::SeqCst) {
            return;
        }
        let Some(shared) = self.myself.upgrade() else { return };
        self.queue.push(
            Haste::Person,
            Box::new(move |writer| {
                // Without room for a new file there is none for now; whoever needs it next has it tried again.
                drop(writer.replace_cache());
                shared.replacing.store(false, Ordering::SeqCst);
            }),
        );
    }

    fn announce(&self, commit: Arc<Commit>) {
        let mut observers = self.observers.lock().unwrap_or_else(PoisonError::into_inner);
        observers.retain_mut(|observer| observer(&commit));
    }
}

/// An account's files, open. Clones share them; the last one closes them.
#[derive(Clone)]
pub struct Store {
    shared: Arc<Shared>,
    _threads: Arc<Threads>,
}

/// How to open a [`Store`].
pub struct Options<'a> {
    /// The account's folder; made when missing.
    pub folder: &'a Path,
    /// The raw key of both files.
    pub key: Key,
    /// What the features need.
    pub schema: Schema,
    /// Names files that are set aside.
    pub clock: Arc<dyn Clock>,
    /// Called inside each migration's transaction, before its commit: tests end the process there.
    pub before_migration_commits: Arc<dyn Fn() + Send + Sync>,
}

struct Threads {
    shared: Arc<Shared>,
    handles: Mutex<Vec<thread::JoinHandle<()>>>,
    /// Declared last: whoever waits for its end finds the files closed.
    open: tokio::sync::watch::Sender<()>,
}

impl Drop for Threads {
    fn drop(&mut self) {
        self.shared.readers.close();
        self.shared.checkpoints.close();
        self.shared.queue.close();
        let mut handles = self.handles.lock().unwrap_or_else(PoisonError::into_inner);
        for handle in handles.drain(..) {
            // The last clone may be dropped by a job, on the writer's own thread.
            if handle.thread().id() != thread::current().id() {
                let _ = handle.join();
            }
        }
    }
}

/// The answer of a job that was handed over. Dropping it does not stop the job.
pub struct Answer<T>(tokio::sync::oneshot::Receiver<Result<T, Fault>>);

impl<T> Future for Answer<T> {
    type Output = Result<T, Fault>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(context).map(|answer| answer.unwrap_or(Err(Fault::Closed)))
    }
}

impl<T> Answer<T> {
    /// Waits on a thread that is not one of a runtime's.
    pub fn wait(self) -> Result<T, Fault> {
        self.0.blocking_recv().unwrap_or(Err(Fault::Closed))
    }
}

impl Store {
    /// Opens or makes the files, and brings them to the newest form.
    pub fn open(options: Options<'_>) -> Result<(Self, Opened), Fault> {
        let folder = Folder::open(options.folder, options.key)?;
        let shared = Arc::new_cyclic(|myself| Shared {
            folder,
            schema: options.schema,
            clock: options.clock,
            queue: Queue::default(),
            readers: Readers::default(),
            checkpoints: Checkpoints::default(),
            observers: Mutex::default(),
            sleeps: Arc::default(),
            replacing: AtomicBool::new(false),
            myself: myself.clone(),
            before_migration_commits: options.before_migration_commits,
        });
        let (writer, opened) = Writer::open(Arc::clone(&shared))?;
        let mut handles = vec![thread::Builder::new().name("onsite-writer".into()).spawn(move || writer.run())?];
        for lane in Lane::ALL {
            let shared = Arc::clone(&shared);
            let thread = thread::Builder::new().name(format!("onsite-read-{lane:?}").to_lowercase());
            handles.push(thread.spawn(move || reader::run(&shared, lane))?);
        }
        let checkpoints = Arc::clone(&shared);
        let thread = thread::Builder::new().name("onsite-journal".into());
        handles.push(thread.spawn(move || checkpoint::run(&checkpoints))?);
        let threads = Arc::new(Threads {
            shared: Arc::clone(&shared),
            handles: Mutex::new(handles),
            open: tokio::sync::watch::Sender::new(()),
        });
        Ok((Self { shared, _threads: threads }, opened))
    }

    /// Runs a job on the writer's thread for which a person waits. It is queued before this returns.
    pub fn write<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut Writer) -> Result<T, Fault> + Send + 'static,
    ) -> Answer<T> {
        self.queue(Haste::Person, job)
    }

    /// Runs a job on the writer's thread that the network brought. It is queued before this returns.
    pub fn write_behind<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut Writer) -> Result<T, Fault> + Send + 'static,
    ) -> Answer<T> {
        self.queue(Haste::Network, job)
    }

    fn queue<T: Send + 'static>(
        &self,
        haste: Haste,
        job: impl FnOnce(&mut Writer) -> Result<T, Fault> + Send + 'static,
    ) -> Answer<T> {
        let (answer, answered) = tokio::sync::oneshot::channel();
        self.shared.queue.push(
            haste,
            Box::new(move |writer| {
                // Nobody may wait any more; the job is done all the same.
                drop(answer.send(job(writer)));
            }),
        );
        Answer(answered)
    }

    /// Reads in one snapshot on a reader's thread.
    pub fn read<T: Send + 'static>(
        &self,
        mut job: impl FnMut(&Reading<'_>) -> Result<T, Fault> + Send + 'static,
    ) -> Answer<T> {
        let (answer, answered) = tokio::sync::oneshot::channel();
        let mut answer = Some(answer);
        self.read_with(Lane::Count, Cancel::default(), move |reading| {
            let done = reading.and_then(&mut job);
            if let Err(Fault::Cancelled) = done {
                return Err(Fault::Cancelled);
            }
            let damaged = if let Err(Fault::Damaged(file)) = &done { Some(*file) } else { None };
            if let Some(answer) = answer.take() {
                drop(answer.send(done));
            }
            damaged.map_or(Ok(()), |file| Err(Fault::Damaged(file)))
        });
        Answer(answered)
    }

    /// Reads on a reader's thread and hands results on by itself. [`Fault::Cancelled`] returned from the job, when the
    /// phone went to sleep in the middle, has it called again.
    pub fn read_with(
        &self,
        lane: Lane,
        cancel: Cancel,
        job: impl FnMut(Result<&Reading<'_>, Fault>) -> Result<(), Fault> + Send + 'static,
    ) -> bool {
        self.shared.readers.push(lane, cancel, job)
    }

    /// From now on, calls with every commit of cache.db that noted a change, on the writer's thread: it only hands on.
    /// Ends when the observer gives back `false`.
    pub fn observe(&self, observer: impl FnMut(&Arc<Commit>) -> bool + Send + 'static) {
        self.shared.observers.lock().unwrap_or_else(PoisonError::into_inner).push(Box::new(observer));
    }

    /// Resolves when the last clone is gone and the files are closed.
    pub fn closed(&self) -> impl Future<Output = ()> + Send + 'static {
        let mut open = self._threads.open.subscribe();
        async move { while open.changed().await.is_ok() {} }
    }

    /// Closes all files. Jobs wait until [`Store::resume`]; a running read is broken off and runs again then.
    pub async fn suspend(&self) -> Result<(), Fault> {
        let shared = Arc::clone(&self.shared);
        self.queue(Haste::Control, move |writer| {
            shared.readers.suspend(&shared.sleeps);
            shared.checkpoints.suspend();
            shared.queue.hold(true);
            writer.close_files()
        })
        .await
    }

    /// Opens the files again, and says what that found. [`Fault::Busy`]: somebody else has them open meanwhile; the phone
    /// sleeps on until this is called again.
    pub async fn resume(&self) -> Result<Opened, Fault> {
        let shared = Arc::clone(&self.shared);
        self.queue(Haste::Control, move |writer| {
            let opened = writer.reopen()?;
            shared.queue.hold(false);
            shared.readers.resume();
            shared.checkpoints.resume();
            Ok(opened)
        })
        .await
    }
}
