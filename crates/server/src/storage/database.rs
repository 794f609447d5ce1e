//! Connections: one writer, a few readers, opened in one way only.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use onsite_wire::ids::Generation;
use rusqlite::Connection;
use tokio::sync::{OwnedMutexGuard, OwnedSemaphorePermit, Semaphore};

use super::backup::DATABASE_FILE;
use super::{StorageError, migrations};

const READERS: usize = 8;
/// Another process (`import`, `api-key`) may hold the write lock for a while.
const PATIENCE: Duration = Duration::from_secs(30);
/// Pages kept by a connection, in KiB: many readers, one writer.
const READER_CACHE: i64 = 4_096;
const WRITER_CACHE: i64 = 32_768;

pub(super) struct Database {
    path: PathBuf,
    writer: Arc<tokio::sync::Mutex<Connection>>,
    idle: Arc<Mutex<Vec<Connection>>>,
    permits: Arc<Semaphore>,
}

/// The right to read, with the connection to do it on.
pub(super) struct Lease {
    connection: Connection,
    idle: Arc<Mutex<Vec<Connection>>>,
    _permit: OwnedSemaphorePermit,
}

impl Lease {
    pub(super) const fn connection(&self) -> &Connection {
        &self.connection
    }

    /// Keeps the connection for the next reader. One that is not given back is replaced by a new one.
    pub(super) fn give_back(self) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(self.connection);
    }
}

impl Database {
    pub(super) fn open(directory: &Path) -> Result<Self, StorageError> {
        std::fs::create_dir_all(directory)?;
        let path = directory.join(DATABASE_FILE);
        let mut writer = connect(&path)?;
        writer.pragma_update(None, "cache_size", -WRITER_CACHE)?;
        migrations::run(&mut writer)?;
        Ok(Self {
            path,
            writer: Arc::new(tokio::sync::Mutex::new(writer)),
            idle: Arc::default(),
            permits: Arc::new(Semaphore::new(READERS)),
        })
    }

    /// Waits until it is this caller's turn to write.
    pub(super) async fn writer(&self) -> OwnedMutexGuard<Connection> {
        Arc::clone(&self.writer).lock_owned().await
    }

    /// Waits for a reading connection.
    pub(super) async fn reader(&self) -> Result<Lease, StorageError> {
        let permit = Arc::clone(&self.permits).acquire_owned().await.map_err(|_| StorageError::Interrupted)?;
        let kept = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let connection = match kept {
            Some(connection) => connection,
            None => connect(&self.path)?,
        };
        Ok(Lease { connection, idle: Arc::clone(&self.idle), _permit: permit })
    }

    pub(super) fn generation(&self) -> Result<Generation, StorageError> {
        let connection = connect(&self.path)?;
        let bytes = connection.query_row("SELECT generation FROM server", [], |row| row.get(0))?;
        Ok(Generation::from_bytes(bytes))
    }
}

/// Opens the file as every connection is opened: WAL, and a commit is on the disk when it returns.
pub(super) fn connect(path: &Path) -> Result<Connection, StorageError> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(PATIENCE)?;
    connection.execute_batch(
        "PRAGMA page_size = 8192;
         PRAGMA journal_mode = WAL;
         PRAGMA synchronous = FULL;
         PRAGMA temp_store = MEMORY;",
    )?;
    connection.pragma_update(None, "cache_size", -READER_CACHE)?;
    connection.set_prepared_statement_cache_capacity(128);
    Ok(connection)
}
