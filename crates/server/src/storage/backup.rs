//! One file that holds everything, taken while the server runs; and the way back.

use std::fs::{File, OpenOptions};
use std::path::Path;

use rusqlite::{Connection, params};

use super::database::connect;
use super::{StorageError, migrations};

/// The name of the database in the data directory.
pub const DATABASE_FILE: &str = "onsite.db";
const LOCK_FILE: &str = "onsite.lock";

/// A restored server goes on counting from far beyond anything it can have handed out after the backup, and counts all
/// objects as changed: a client of the vendor's kind, which knows no generations, reads them all again.
const RESTORED_OFFSET_STEP: i64 = 1 << 32;

/// The right to work on a data directory as its server; given up when dropped.
#[derive(Debug)]
pub(crate) struct DataLock {
    _file: File,
}

impl DataLock {
    /// Takes the lock, or says that another server has it.
    pub(crate) fn take(directory: &Path) -> Result<Self, StorageError> {
        std::fs::create_dir_all(directory)?;
        let file = OpenOptions::new().create(true).truncate(false).write(true).open(directory.join(LOCK_FILE))?;
        file.try_lock().map_err(|_| StorageError::InUse)?;
        Ok(Self { _file: file })
    }
}

/// Writes everything in this data directory into one file, of one moment, also while a server runs on it. The file is
/// there when it is complete, not before.
pub fn back_up(directory: &Path, file: &Path) -> Result<(), StorageError> {
    let database = directory.join(DATABASE_FILE);
    if !database.exists() {
        return Err(StorageError::NoBackup);
    }
    let unfinished = file.with_extension("unfinished");
    remove_if_there(&unfinished)?;
    let connection = connect(&database)?;
    connection.execute("VACUUM INTO ?1", params![unfinished.to_string_lossy()])?;
    File::open(&unfinished)?.sync_all()?;
    std::fs::rename(&unfinished, file)?;
    Ok(())
}

/// Puts a backup in the place of what is in this data directory, as a new generation. No server may run on it.
pub fn restore(directory: &Path, file: &Path) -> Result<(), StorageError> {
    let _lock = DataLock::take(directory)?;
    if !file.is_file() {
        return Err(StorageError::NoBackup);
    }
    let unfinished = directory.join("restoring.db");
    remove_if_there(&unfinished)?;
    std::fs::copy(file, &unfinished)?;
    let renewed = renew(&unfinished);
    if renewed.is_err() {
        remove_if_there(&unfinished)?;
    }
    renewed?;
    for left in ["onsite.db-wal", "onsite.db-shm"] {
        remove_if_there(&directory.join(left))?;
    }
    std::fs::rename(&unfinished, directory.join(DATABASE_FILE))?;
    File::open(directory)?.sync_all()?;
    Ok(())
}

/// Checks a copy of a backup and makes it a generation of its own.
fn renew(file: &Path) -> Result<(), StorageError> {
    let mut connection = Connection::open(file)?;
    let sound = connection.pragma_query_value(None, "quick_check", |row| row.get::<_, String>(0));
    if sound.as_deref() != Ok("ok") || migrations::format(&connection)? == 0 {
        return Err(StorageError::NoBackup);
    }
    migrations::run(&mut connection)?;
    let transaction = connection.transaction()?;
    transaction.execute("UPDATE server SET generation = ?1", [crate::random::id().as_bytes()])?;
    for sql in [
        "UPDATE organizations SET last_offset = last_offset + ?1",
        "UPDATE feeds SET last_offset = last_offset + ?1",
        "UPDATE objects SET changed_at = changed_at + ?1",
    ] {
        transaction.execute(sql, [RESTORED_OFFSET_STEP])?;
    }
    transaction.commit()?;
    connection.close().map_err(|(_, error)| error)?;
    Ok(())
}

fn remove_if_there(file: &Path) -> Result<(), StorageError> {
    match std::fs::remove_file(file) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
        _ => Ok(()),
    }
}
