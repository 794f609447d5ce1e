//! Brings a file to the newest form: numbered SQL files, each run once, in one transaction with its entry.
//!
//! Every entry keeps the hash of the SQL that made it. A test compares the hashes with `migrations/hashes.txt`, so an old
//! migration that was changed fails there; a file that has more entries than the code knows is newer and is refused.

use rusqlite::Connection;
use sha2::{Digest, Sha256};

use super::fault::{Fault, File};

/// One numbered step. Its number is its place in the list, from 1.
#[derive(Debug, Clone, Copy)]
pub struct Migration {
    /// The file's name, `0001_actions.sql`.
    pub name: &'static str,
    /// The file's text.
    pub sql: &'static str,
}

impl Migration {
    /// The first 16 hexadecimal digits of the SHA-256 of its SQL.
    pub fn hash(&self) -> String {
        Sha256::digest(self.sql.as_bytes()).iter().take(8).map(|byte| format!("{byte:02x}")).collect()
    }
}

/// Runs what is missing. `before_commit` is called inside each step's transaction: tests end the process there.
pub(super) fn migrate(
    connection: &Connection,
    file: File,
    steps: &[Migration],
    before_commit: &dyn Fn(),
) -> Result<(), Fault> {
    let known = steps.len();
    let done = done(connection).map_err(|e| Fault::of(file, e))?;
    if done > known {
        return Err(Fault::Newer(file));
    }
    for (number, step) in steps.iter().enumerate().skip(done) {
        run(connection, number + 1, step, before_commit).map_err(|e| Fault::of(file, e))?;
    }
    Ok(())
}

fn done(connection: &Connection) -> rusqlite::Result<usize> {
    connection.query_row("PRAGMA user_version", [], |row| row.get::<_, i64>(0)).map(|n| usize::try_from(n).unwrap_or(0))
}

fn run(connection: &Connection, number: usize, step: &Migration, before_commit: &dyn Fn()) -> rusqlite::Result<()> {
    let transaction = connection.unchecked_transaction()?;
    transaction.execute_batch(step.sql)?;
    transaction.execute_batch(
        "CREATE TABLE IF NOT EXISTS migration (number INTEGER PRIMARY KEY, name TEXT NOT NULL, hash TEXT NOT NULL) STRICT",
    )?;
    transaction.execute(
        "INSERT INTO migration (number, name, hash) VALUES (?1, ?2, ?3)",
        (i64::try_from(number).unwrap_or(i64::MAX), step.name, step.hash()),
    )?;
    transaction.pragma_update(None, "user_version", i64::try_from(number).unwrap_or(i64::MAX))?;
    before_commit();
    transaction.commit()
}
