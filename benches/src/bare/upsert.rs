//! The same changes bare: one statement an alarm, its words only where they differ.

use rusqlite::{Connection, OptionalExtension};

use super::Known;
use super::alarm::{Body, COLUMNS};
use crate::Outcome;

/// Takes changed alarms in, in one transaction.
pub fn upsert(cache: &Connection, known: &mut Known, body: &[u8]) -> Outcome<()> {
    cache.execute_batch("BEGIN IMMEDIATE")?;
    let body: Body<'_> = serde_json::from_slice(body)?;
    let marks = vec!["?"; 19].join(", ");
    let taken: Vec<String> =
        COLUMNS.split(", ").skip(1).map(|column| format!("{column} = excluded.{column}")).collect();
    let taken = taken.join(", ");
    let mut standing = cache.prepare_cached("SELECT label = ?2 AND message = ?3 FROM alarm WHERE id = ?1")?;
    let mut upsert = cache.prepare_cached(&format!(
        "INSERT INTO alarm ({COLUMNS}) VALUES ({marks}) ON CONFLICT (id) DO UPDATE SET {taken} RETURNING n"
    ))?;
    let mut forget = cache.prepare_cached("DELETE FROM alarm_words WHERE rowid = ?1")?;
    let mut words = cache.prepare_cached("INSERT INTO alarm_words (rowid, tokens) VALUES (?1, ?2)")?;
    let mut deadline = cache.prepare_cached("REPLACE INTO deadline (at, subject, n) VALUES (?1, 0, ?2)")?;
    for alarm in &body.alarms {
        let same_words: Option<bool> =
            standing.query_row((alarm.id(), &*alarm.label, &*alarm.message), |row| row.get(0)).optional()?;
        let moment = alarm.bind(known, cache, &mut upsert)?;
        let n: i64 = {
            let mut rows = upsert.raw_query();
            rows.next()?.ok_or("an upsert returns its row")?.get(0)?
        };
        if same_words != Some(true) {
            if same_words.is_some() {
                forget.execute([n])?;
            }
            words.execute((n, alarm.words(known)))?;
        }
        if let Some(moment) = moment {
            deadline.execute((moment, n))?;
        }
    }
    drop((standing, upsert, forget, words, deadline));
    cache.execute_batch("COMMIT")?;
    Ok(())
}
