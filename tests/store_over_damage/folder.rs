//! A folder with both files, filled enough to have pages in the middle, and left as a killed process leaves it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use onsite::account::SCHEMA;
use onsite::store::{Fault, Key, Opened, Options, Schema, Store};
use onsite::time::SystemClock;
use rusqlite::params;
use tempfile::TempDir;

/// What a person wrote: enough for some dozens of pages.
pub const OWN_ROWS: usize = 600;
/// What can be fetched again: enough for a hundred pages.
pub const CACHE_ROWS: usize = 400;

pub fn key() -> Key {
    Key::new([7; 32])
}

pub fn open_with(folder: &Path, key: Key, schema: Schema) -> Result<(Store, Opened), Fault> {
    let clock = Arc::new(SystemClock);
    Store::open(Options { folder, key, schema, clock, before_migration_commits: Arc::new(|| {}) })
}

pub fn open(folder: &Path) -> Result<(Store, Opened), Fault> {
    open_with(folder, key(), SCHEMA)
}

/// A value that tells whether it came back whole.
pub fn value(n: usize) -> String {
    format!("{n:05} {}", "what a person wrote ".repeat(10))
}

pub fn write_own(store: &Store, numbers: std::ops::Range<usize>) -> Result<(), Fault> {
    let job = store.write(move |writer| {
        writer.own(|own| {
            for n in numbers {
                own.prepare_cached("INSERT OR REPLACE INTO action (n, id, entry) VALUES (?1, ?2, ?3)")?
                    .execute(params![i64::try_from(n).unwrap(), n.to_be_bytes().as_slice(), value(n)])?;
            }
            Ok(())
        })
    });
    job.wait()
}

pub fn write_cache(store: &Store, numbers: std::ops::Range<usize>) -> Result<(), Fault> {
    let job = store.write_behind(move |writer| {
        writer.cache(|cache, _| {
            for n in numbers {
                cache
                    .prepare_cached(
                        "INSERT OR REPLACE INTO seen (kind, id, answer, seen_at) VALUES ('test', ?1, ?2, 0)",
                    )?
                    .execute(params![n.to_be_bytes().as_slice(), "fetched ".repeat(500)])?;
            }
            Ok(())
        })
    });
    job.wait()
}

/// The rows of own.db that can be read, each whole.
pub fn own_rows(store: &Store) -> BTreeMap<i64, String> {
    let job = store.write(|writer| {
        writer.own(|own| {
            let mut select = own.prepare_cached("SELECT n, entry FROM action")?;
            Ok(select.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<rusqlite::Result<_>>()?)
        })
    });
    let rows: BTreeMap<i64, String> = job.wait().unwrap();
    for (n, text) in &rows {
        assert_eq!(*text, value(usize::try_from(*n).unwrap()), "a row that came back is whole");
    }
    rows
}

/// How many rows of cache.db can be read.
pub fn cache_rows(store: &Store) -> Result<usize, Fault> {
    let job = store.read(|reading| {
        let mut select = reading.cache.prepare_cached("SELECT answer FROM seen")?;
        let lengths: Vec<usize> =
            select.query_map([], |row| Ok(row.get_ref(0)?.as_str()?.len()))?.collect::<rusqlite::Result<_>>()?;
        Ok(lengths.len())
    });
    job.wait()
}

/// A filled folder as a process leaves it that is killed: journals not yet taken over, nothing closed.
pub fn killed() -> TempDir {
    let living = tempfile::tempdir().unwrap();
    let (store, _) = open(living.path()).unwrap();
    write_own(&store, 0..OWN_ROWS).unwrap();
    write_cache(&store, 0..CACHE_ROWS).unwrap();
    // Closing brings it into the files themselves; what follows lies in their journals.
    drop(store);
    let (store, _) = open(living.path()).unwrap();
    write_own(&store, OWN_ROWS..OWN_ROWS + 5).unwrap();
    write_cache(&store, CACHE_ROWS..CACHE_ROWS + 5).unwrap();
    let copy = copied(living.path());
    drop(store);
    copy
}

pub fn copied(from: &Path) -> TempDir {
    let to = tempfile::tempdir().unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), to.path().join(entry.file_name())).unwrap();
    }
    to
}

/// All files of a folder with their bytes, but for the lock, which has none.
pub fn contents(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.filter(|path| !path.ends_with("lock")).map(|path| (path.clone(), fs::read(path).unwrap())).collect()
}

/// The names of files that were set aside.
pub fn set_aside(folder: &Path, file: &str) -> Vec<PathBuf> {
    let prefix = format!("{file}.damaged-");
    let is_aside = |path: &PathBuf| {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        name.starts_with(&prefix) && !name.ends_with("-wal") && !name.ends_with("-shm")
    };
    fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).filter(is_aside).collect()
}
