//! The limit: what SQLite itself can do with the same files, as simply as it can be said. Nothing of the core is used here:
//! a connection of its own with the same encryption, page size and durability, and serde_json.

pub mod alarm;
pub mod load;
pub mod upsert;

use std::collections::HashMap;
use std::path::Path;

use rusqlite::Connection;

/// Opens a file as the core's files are made: raw key, page size, WAL.
pub fn open(path: &Path, page_size: u32, synchronous: &str) -> rusqlite::Result<Connection> {
    let key: String = super::world::KEY.iter().map(|byte| format!("{byte:02x}")).collect();
    let connection = Connection::open(path)?;
    connection.execute_batch(&format!(
        "PRAGMA key = \"x'{key}'\"; PRAGMA cipher_page_size = {page_size}; PRAGMA cipher_memory_security = OFF;
         PRAGMA journal_mode = WAL; PRAGMA synchronous = {synchronous}; PRAGMA temp_store = MEMORY;"
    ))?;
    Ok(connection)
}

/// Opens a copy of cache.db with a page cache as large as it likes.
pub fn open_cache(path: &Path) -> rusqlite::Result<Connection> {
    let connection = open(path, 8_192, "NORMAL")?;
    connection.execute_batch("PRAGMA cache_size = -65536")?;
    Ok(connection)
}

/// What the limit knows by heart before it is measured: numbers of devices with their words, and of categories.
#[derive(Default)]
pub struct Known {
    devices: HashMap<[u8; 16], (i64, String)>,
    categories: HashMap<String, i64>,
    organization: i64,
    now: i64,
}

impl Known {
    /// Reads it from a copy of cache.db.
    pub fn read(cache: &Connection, now: i64) -> rusqlite::Result<Self> {
        let mut known = Self {
            now,
            organization: cache.query_row("SELECT n FROM organization", [], |row| row.get(0))?,
            ..Self::default()
        };
        // A device's own words, then those of the places above it.
        let mut select =
            cache.prepare("SELECT id, n, label_key || ' ' || replace(place_key, char(1), ' ') FROM device")?;
        let mut rows = select.query([])?;
        while let Some(row) = rows.next()? {
            known.devices.insert(row.get(0)?, (row.get(1)?, row.get(2)?));
        }
        let mut select = cache.prepare("SELECT name, n FROM category")?;
        let mut rows = select.query([])?;
        while let Some(row) = rows.next()? {
            known.categories.insert(row.get(0)?, row.get(1)?);
        }
        Ok(known)
    }

    /// A category's number, made when the name is new.
    fn category(&mut self, cache: &Connection, name: &str) -> rusqlite::Result<i64> {
        if name.is_empty() {
            return Ok(0);
        }
        if let Some(n) = self.categories.get(name) {
            return Ok(*n);
        }
        cache.execute("INSERT INTO category (name) VALUES (?1)", [name])?;
        let n = cache.last_insert_rowid();
        self.categories.insert(name.to_owned(), n);
        Ok(n)
    }
}
