//! The server's memory: the only place that speaks SQL.
//!
//! [`Storage`] hands out two things. A [`View`] reads; many exist at a time. A [`Write`] is one transaction of the one
//! writer; it raises offsets, and when it is committed whoever listens is told which feeds have moved. Both run on threads
//! that may block, never on tokio's workers. Beside them stand the calls by which an embedding program feeds the server
//! (`ingest`). SQL stays within what other databases understand: PostgreSQL is to stand beside SQLite here.

mod accounts;
mod action_log;
mod assignments;
mod backup;
mod changes;
mod chats;
mod conditions;
mod database;
mod due;
mod duty;
mod housekeeping;
mod import;
mod incidents;
mod ingest;
mod inventory;
mod measurements;
mod migrations;
mod notices;
mod objects;
mod people;
mod photos;
mod rights;
mod tree;

use std::collections::HashMap;
use std::path::Path;
use std::sync::atomic::AtomicI64;
use std::sync::{Arc, Mutex, PoisonError};

use onsite_wire::ids::{Generation, OrganizationId, PersonId};
use onsite_wire::rest::Measurement;
use onsite_wire::time::Timestamp;
use tokio::sync::broadcast;

pub use accounts::{AccessToken, KeyRow, NewSession, Refreshed};
pub use action_log::{LoggedAction, NewAction};
pub(crate) use backup::DataLock;
pub use backup::{back_up, restore};
pub use changes::{Feed, FeedState, Row, Write};
pub(crate) use chats::Line;
pub use conditions::Condition;
pub(crate) use duty::Switch;
pub(crate) use incidents::Opening;
pub use ingest::IngestError;
pub use measurements::{MeasuredAt, Replayed};
pub(crate) use notices::next_daily;
pub use notices::{DuePush, RegistrationRow};
pub use objects::{Kind, Place, Stored};
pub use people::{Membership, OrganizationRow, PersonRow};
pub use tree::LocationTree;

use crate::clock::Clock;
use database::Database;

/// What can go wrong with the data.
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    /// The database refused.
    #[error("database: {0}")]
    Database(#[from] rusqlite::Error),
    /// A file could not be read or written.
    #[error("file: {0}")]
    File(#[from] std::io::Error),
    /// Something stored is not what it should be.
    #[error("stored {0} cannot be read: {1}")]
    Unreadable(&'static str, serde_json::Error),
    /// The data was written by a newer version.
    #[error("the data has format {found}, this version knows {known}")]
    Newer {
        /// The data's format.
        found: i64,
        /// The newest format that this version knows.
        known: i64,
    },
    /// The file is no backup of this server.
    #[error("not a backup of this server")]
    NoBackup,
    /// Another process works on this data.
    #[error("the data is in use by another process")]
    InUse,
    /// The thread that worked on it is gone.
    #[error("the work was interrupted")]
    Interrupted,
}

impl StorageError {
    /// Whether only what was worked on is the matter, and not the data as a whole: it would fail again, and only that.
    pub(crate) fn is_of_one_object(&self) -> bool {
        match self {
            Self::Unreadable(..) => true,
            Self::Database(error) => error.sqlite_error_code() == Some(rusqlite::ErrorCode::ConstraintViolation),
            Self::File(_) | Self::Newer { .. } | Self::NoBackup | Self::InUse | Self::Interrupted => false,
        }
    }
}

/// A feed has moved: what a ring says. `audience` is set when only one person is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moved {
    /// Whose feed.
    pub organization: OrganizationId,
    /// Which.
    pub feed: Feed,
    /// Where it stands now.
    pub offset: i64,
    /// Whom it concerns; nobody named: everybody of the organization.
    pub audience: Option<PersonId>,
}

/// A measurement that was just stored, with its position in the organization's row of measurements.
#[derive(Debug, Clone, PartialEq)]
pub struct Measured {
    /// Whose.
    pub organization: OrganizationId,
    /// Its position.
    pub position: i64,
    /// The value.
    pub measurement: Measurement,
}

/// How many rings a slow listener may be behind before it is told to look at everything.
const RINGS_KEPT: usize = 1_024;
/// How many measurements a slow live stream may be behind before it is cut off.
const MEASUREMENTS_KEPT: usize = 8_192;

/// The server's data. Cheap to clone; all clones are the same data.
#[derive(Clone)]
pub struct Storage {
    database: Arc<Database>,
    clock: Arc<dyn Clock>,
    generation: Generation,
    moved: broadcast::Sender<Moved>,
    rung: Arc<Mutex<HashMap<(OrganizationId, Feed), i64>>>,
    measured: broadcast::Sender<Measured>,
    /// When leases were looked at last, in microseconds since 1970: who looks earlier than that has a clock that was set back.
    looked_at: Arc<AtomicI64>,
}

/// Reads, all of one state of the data.
pub struct View<'a> {
    connection: &'a rusqlite::Connection,
}

impl Storage {
    /// Opens the data in this directory, making or upgrading it where needed.
    pub(crate) fn open(directory: &Path, clock: Arc<dyn Clock>) -> Result<Self, StorageError> {
        let database = Database::open(directory)?;
        let generation = database.generation()?;
        Ok(Self {
            database: Arc::new(database),
            clock,
            generation,
            moved: broadcast::channel(RINGS_KEPT).0,
            rung: Arc::default(),
            measured: broadcast::channel(MEASUREMENTS_KEPT).0,
            looked_at: Arc::new(AtomicI64::new(i64::MIN)),
        })
    }

    /// The generation of this data.
    pub const fn generation(&self) -> Generation {
        self.generation
    }

    /// From now on, which feeds move.
    pub(crate) fn listen(&self) -> broadcast::Receiver<Moved> {
        self.moved.subscribe()
    }

    /// From now on, what is measured.
    pub(crate) fn listen_to_measurements(&self) -> broadcast::Receiver<Measured> {
        self.measured.subscribe()
    }

    /// The present, by the server's clock.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Rings for what another process wrote: `import` works beside a running server.
    pub(crate) async fn ring_for_others(&self) -> Result<(), StorageError> {
        for moved in self.read(|view| view.feeds()).await? {
            let known = self.rung.lock().unwrap_or_else(PoisonError::into_inner);
            let is_new = known.get(&(moved.organization, moved.feed)).is_none_or(|offset| *offset < moved.offset);
            drop(known);
            if is_new {
                self.ring(moved);
            }
        }
        Ok(())
    }

    fn ring(&self, moved: Moved) {
        let mut rung = self.rung.lock().unwrap_or_else(PoisonError::into_inner);
        let offset = rung.entry((moved.organization, moved.feed)).or_default();
        *offset = moved.offset.max(*offset);
        self.moved.send(moved).ok();
    }

    /// Reads in one state of the data, on a thread that may block.
    pub(crate) async fn read<T, E, F>(&self, work: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StorageError> + Send + 'static,
        F: FnOnce(&View<'_>) -> Result<T, E> + Send + 'static,
    {
        let lease = self.database.reader().await?;
        let done = tokio::task::spawn_blocking(move || {
            let result = read_in_one_state(lease.connection(), work);
            lease.give_back();
            result
        });
        done.await.map_err(|_| StorageError::Interrupted)?
    }

    /// Works in one transaction of the writer. An error, also one of `work`'s own, leaves nothing behind. Once begun the
    /// work is done to its end, even when the caller has gone.
    pub(crate) async fn write<T, E, F>(&self, work: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StorageError> + Send + 'static,
        F: FnOnce(&mut Write<'_>) -> Result<T, E> + Send + 'static,
    {
        let mut writer = self.database.writer().await;
        let storage = self.clone();
        let done = tokio::task::spawn_blocking(move || {
            let mut write = Write::begin(&mut writer, storage.clock.now())?;
            let value = work(&mut write)?;
            let news = write.commit()?;
            // Still under the writer's lock, so that listeners hear of offsets in their order. Nobody listening is fine.
            for moved in news.moved {
                storage.ring(moved);
            }
            for measured in news.measured {
                storage.measured.send(measured).ok();
            }
            Ok(value)
        });
        done.await.map_err(|_| StorageError::Interrupted)?
    }
}

fn read_in_one_state<T, E: From<StorageError>>(
    connection: &rusqlite::Connection,
    work: impl FnOnce(&View<'_>) -> Result<T, E>,
) -> Result<T, E> {
    let transaction = connection.unchecked_transaction().map_err(StorageError::from)?;
    work(&View { connection: &transaction })
}

impl std::fmt::Debug for Storage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Storage").field("generation", &self.generation).finish_non_exhaustive()
    }
}
