//! What a person began to write in a chat and did not send: kept durably, so that a call in the middle costs nothing.

use onsite_wire::ids::IncidentId;
use rusqlite::{Connection, OptionalExtension};

use crate::store::Fault;

/// What was begun in this chat; empty for nothing.
pub(super) fn read(own: &Connection, incident: IncidentId) -> Result<String, Fault> {
    let text = own
        .prepare_cached("SELECT text FROM draft WHERE incident = ?1")?
        .query_row([incident.bytes()], |row| row.get(0))
        .optional()?;
    Ok(text.unwrap_or_default())
}

/// Keeps what was begun; nothing begun is nothing kept.
pub(super) fn write(own: &Connection, incident: IncidentId, text: &str) -> Result<(), Fault> {
    if text.is_empty() {
        own.prepare_cached("DELETE FROM draft WHERE incident = ?1")?.execute([incident.bytes()])?;
    } else {
        own.prepare_cached(
            "INSERT INTO draft (incident, text) VALUES (?1, ?2)
             ON CONFLICT (incident) DO UPDATE SET text = excluded.text",
        )?
        .execute((incident.bytes(), text))?;
    }
    Ok(())
}
