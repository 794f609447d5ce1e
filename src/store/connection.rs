//! The only place that opens a database: encryption, journal and durability are decided here and nowhere else.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Once;

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
    /// Of a torn file that is only looked through: it may be shorter than it says.
    Rescue,
}

/// SQLite counts itself as initialized a moment before its encryption is: a second thread that opened a file just then was
/// told that its key is none. So the first connection of the process is made by one thread while all others wait.
fn initialize() {
    static ONCE: Once = Once::new();
    // What fails here fails again, and is told, when the file is opened.
    ONCE.call_once(|| drop(Connection::open_in_memory()));
}

/// Opens a file with its key. A file that cannot be read with it is [`Fault::Damaged`]: the key was tested before.
pub(super) fn open(path: &Path, key: &Key, file: File, purpose: Use) -> Result<Connection, Fault> {
    let flags = match purpose {
        Use::Write => OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE,
        Use::Read | Use::Rescue => OpenFlags::SQLITE_OPEN_READ_WRITE,
    } | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    initialize();
    let connection = Connection::open_with_flags(path, flags).map_err(|e| Fault::of(file, e))?;
    prepare(&connection, key, file, purpose).map_err(|e| Fault::of(file, e))?;
    Ok(connection)
}

fn prepare(connection: &Connection, key: &Key, file: File, purpose: Use) -> rusqlite::Result<()> {
    // Damage is told by faults; nothing of a phone's files is written into a log.
    connection.execute_batch("PRAGMA cipher_log_level = NONE;")?;
    connection.execute_batch(&key.pragma())?;
    // Large pages take a full read in faster, small ones are read and written faster one by one: at 400,000 alarms a search
    // for a rare word and an action during a full read took half the time with 4 KB instead of 16. 8 KB lies between. own.db
    // holds little and is written in small pieces.
    connection.execute_batch(match file {
        File::Own => "PRAGMA cipher_page_size = 4096;",
        File::Cache => "PRAGMA cipher_page_size = 8192;",
    })?;
    // Memory security would wipe every page on release, at several times the cost; the key itself is wiped.
    connection.execute_batch("PRAGMA cipher_memory_security = OFF;")?;
    if purpose == Use::Rescue {
        // With this, SQLite goes on with the pages that are there when the end is missing.
        connection.execute_batch("PRAGMA writable_schema = ON;")?;
    }
    // The first read: with a wrong page, this is where it shows.
    connection.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_KEPT);
    connection.busy_timeout(std::time::Duration::from_secs(10))?;
    connection.execute_batch(match (file, purpose) {
        (File::Own, Use::Write) => {
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -512; PRAGMA temp_store = MEMORY;"
        }
        (File::Cache, Use::Write) => {
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA cache_size = -16384; PRAGMA temp_store = MEMORY;
             PRAGMA wal_autocheckpoint = 0; PRAGMA journal_size_limit = 16777216;"
        }
        (_, Use::Read | Use::Rescue) => "PRAGMA query_only = ON; PRAGMA cache_size = -4096; PRAGMA temp_store = MEMORY;",
    })
}

/// Whether the beginning of a file can be read with this key. Nothing of it is touched, its journal neither.
pub(super) fn opens(path: &Path, key: &Key, file: File) -> bool {
    let mut uri = String::from("file:");
    for byte in path.as_os_str().as_encoded_bytes() {
        match byte {
            b'/' | b'-' | b'.' | b'_' | b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' => uri.push(char::from(*byte)),
            // Writing into a string cannot fail.
            other => drop(write!(uri, "%{other:02X}")),
        }
    }
    uri.push_str("?immutable=1");
    initialize();
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Connection::open_with_flags(uri, flags).is_ok_and(|connection| prepare(&connection, key, file, Use::Read).is_ok())
}
