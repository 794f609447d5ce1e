//! The fastest bare insert: one transaction, ids as 16-byte blobs, the words in the same transaction, indexes afterwards.

use rusqlite::Connection;

use super::Known;
use super::alarm::{Body, COLUMNS};
use crate::Outcome;

/// The alarms' table without anything that is kept in order while rows go in, and what is made of it afterwards.
pub struct Unindexed {
    afterwards: Vec<String>,
}

impl Unindexed {
    /// Takes the indexes off an empty store.
    pub fn of(cache: &Connection) -> Outcome<Self> {
        let table: String =
            cache.query_row("SELECT sql FROM sqlite_schema WHERE name = 'alarm'", [], |row| row.get(0))?;
        let mut afterwards: Vec<String> = cache
            .prepare("SELECT sql FROM sqlite_schema WHERE type = 'index' AND tbl_name = 'alarm' AND sql IS NOT NULL")?
            .query_map([], |row| row.get(0))?
            .collect::<rusqlite::Result<_>>()?;
        let plain = table.replacen(" UNIQUE", "", 1);
        if plain == table {
            return Err("the id of an alarm is no longer unique".into());
        }
        afterwards.push("CREATE UNIQUE INDEX alarm_id ON alarm (id)".to_owned());
        cache.execute_batch("DROP TABLE alarm")?;
        cache.execute_batch(&plain)?;
        Ok(Self { afterwards })
    }

    /// Takes a body in.
    pub fn load(&self, cache: &Connection, known: &mut Known, body: &[u8]) -> Outcome<()> {
        cache.execute_batch("BEGIN")?;
        let body: Body<'_> = serde_json::from_slice(body)?;
        let marks = vec!["?"; 19].join(", ");
        let mut insert = cache.prepare(&format!("INSERT INTO alarm ({COLUMNS}) VALUES ({marks})"))?;
        let mut words = cache.prepare("INSERT INTO alarm_words (rowid, tokens) VALUES (?1, ?2)")?;
        let mut deadline = cache.prepare("INSERT INTO deadline (at, subject, n) VALUES (?1, 0, ?2)")?;
        for alarm in &body.alarms {
            let moment = alarm.bind(known, cache, &mut insert)?;
            insert.raw_execute()?;
            let n = cache.last_insert_rowid();
            words.execute((n, alarm.words(known)))?;
            if let Some(moment) = moment {
                deadline.execute((moment, n))?;
            }
        }
        for index in &self.afterwards {
            cache.execute_batch(index)?;
        }
        cache.execute_batch("COMMIT")?;
        Ok(())
    }
}
