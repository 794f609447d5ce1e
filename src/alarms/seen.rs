//! Answers that were seen once and are there without signal: plots, histories, why one was notified (O1).

use rusqlite::OptionalExtension;
use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use crate::error::Error;
use crate::store::{Fault, Store};
use crate::time::Timestamp;

/// Keeps an answer.
pub(super) async fn keep<T: Serialize>(
    store: &Store,
    kind: &'static str,
    id: Uuid,
    answer: &T,
    now: Timestamp,
) -> Result<(), Error> {
    let text = serde_json::to_string(answer).map_err(|_| Fault::Value("seen"))?;
    let kept = store.write_behind(move |writer| {
        writer.cache(|cache, _| {
            cache
                .prepare_cached(
                    "INSERT INTO seen (kind, id, answer, seen_at) VALUES (?1, ?2, ?3, ?4)
                     ON CONFLICT (kind, id) DO UPDATE SET answer = excluded.answer, seen_at = excluded.seen_at",
                )?
                .execute((kind, id.as_bytes(), text, now.micros()))?;
            Ok(())
        })
    });
    Ok(kept.await?)
}

/// The answer that was kept last, and when it was given.
pub(super) async fn recall<T: DeserializeOwned + Send + 'static>(
    store: &Store,
    kind: &'static str,
    id: Uuid,
) -> Result<Option<(T, Timestamp)>, Error> {
    let kept = store.read(move |reading| {
        let row: Option<(String, i64)> = reading
            .cache
            .prepare_cached("SELECT answer, seen_at FROM seen WHERE kind = ?1 AND id = ?2")?
            .query_row((kind, id.as_bytes()), |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        row.map(|(text, at)| {
            let answer = serde_json::from_str(&text).map_err(|_| Fault::Value("seen"))?;
            Ok((answer, Timestamp::from_micros(at)))
        })
        .transpose()
    });
    Ok(kept.await?)
}
