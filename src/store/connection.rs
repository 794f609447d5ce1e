//! The only place that opens a database: encryption, journal and durability are decided here and nowhere else.

use std::path::Path;

use rusqlite::{Connection, OpenFlags};

use super::fault::{Fault, File};
use super::files::Key;

/// Prepared statements kept per connection. The windows of one phone use some dozens of shapes.
const STATEMENTS_KEPT: usize = 128;

/// What a connection is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Use {
    /// The writer's.
    Write,
    /// A reader's: it cannot write, whatever it is told to run.
    Read,
}

/// Opens a file with its key. A file that cannot be read with it is [`Fault::Damaged`]: the key was tested before.
pub(super) fn open(path: &Path, key: &Key, file: File, purpose: Use) -> Result<Connection, Fault> {
    let flags = match purpose {
        Use::Write => OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE,
        Use::Read => OpenFlags::SQLITE_OPEN_READ_WRITE,
    } | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(|e| Fault::of(file, e))?;
    prepare(&connection, key, file, purpose).map_err(|e| Fault::of(file, e))?;
    Ok(connection)
}

fn prepare(connection: &Connection, key: &Key, file: File, purpose: Use) -> rusqlite::Result<()> {
    connection.execute_batch(&key.pragma())?;
    // 16 KB pages take in a full read a tenth faster than 4 KB ones; own.db holds little and is written in small pieces.
    connection.execute_batch(match file {
        File::Own => "PRAGMA cipher_page_size = 4096;",
        File::Cache => "PRAGMA cipher_page_size = 16384;",
    })?;
    // Memory security would wipe every page on release, at several times the cost; the key itself is wiped.
    connection.execute_batch("PRAGMA cipher_memory_security = OFF;")?;
    // The first read: with a wrong page, this is where it shows.
    connection.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_KEPT);
    connection.busy_timeout(std::time::Duration::from_secs(10))?;
    connection.execute_batch(match (file, purpose) {
        (File::Own, Use::Write) => {
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -512; PRAGMA temp_store = MEMORY;"
        }
        (File::Cache, Use::Write) => {
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA cache_size = -16384; PRAGMA temp_store = MEMORY;"
        }
        (_, Use::Read) => "PRAGMA query_only = ON; PRAGMA cache_size = -4096; PRAGMA temp_store = MEMORY;",
    })
}

/// Whether a file opens with this key.
pub(super) fn opens(path: &Path, key: &Key) -> bool {
    let file = if path.ends_with(File::Own.name()) { File::Own } else { File::Cache };
    open(path, key, file, Use::Read).is_ok()
}
