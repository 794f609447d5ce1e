//! The flight recorder: the last 5,000 events of this account in own.db. Codes, ids and times; no names, no texts, no
//! positions, so that it may leave the phone with a person's diagnostics.

use onsite_wire::ids::{ActionId, OrganizationId};
use rusqlite::{Connection, Row};
use uuid::Uuid;

use crate::store::Fault;
use crate::time::Timestamp;

/// How many events are kept.
pub const KEPT: i64 = 5_000;

/// One event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// By the phone's wall clock.
    pub at: Timestamp,
    /// What happened: `action_made`, `pull_ended`, `stream_up` …
    pub code: String,
    /// Whose.
    pub organization: Option<OrganizationId>,
    /// The alarm or device.
    pub subject: Option<Uuid>,
    /// The action.
    pub action: Option<ActionId>,
    /// Numbers and codes, `feed=alarms rows=12`.
    pub detail: String,
}

impl Line {
    /// An event with this code.
    pub fn new(at: Timestamp, code: &str) -> Self {
        Self { at, code: code.to_owned(), organization: None, subject: None, action: None, detail: String::new() }
    }

    /// Of this organization.
    #[must_use]
    pub const fn of(mut self, organization: OrganizationId) -> Self {
        self.organization = Some(organization);
        self
    }

    /// About this alarm or device.
    #[must_use]
    pub const fn about(mut self, subject: Uuid) -> Self {
        self.subject = Some(subject);
        self
    }

    /// About this action.
    #[must_use]
    pub const fn action(mut self, action: ActionId) -> Self {
        self.action = Some(action);
        self
    }

    /// With these numbers and codes.
    #[must_use]
    pub fn saying(mut self, detail: impl Into<String>) -> Self {
        self.detail = detail.into();
        self
    }
}

/// Writes events, and lets go of the oldest beyond [`KEPT`].
pub(crate) fn write(own: &Connection, lines: &[Line]) -> Result<(), Fault> {
    let mut insert = own.prepare_cached(
        "INSERT INTO journal (at, code, organization, subject, action, detail) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?;
    for line in lines {
        insert.execute((
            line.at.micros(),
            &line.code,
            line.organization.as_ref().map(|id| *id.bytes()),
            line.subject.map(Uuid::into_bytes),
            line.action.as_ref().map(|id| *id.bytes()),
            &line.detail,
        ))?;
    }
    own.prepare_cached("DELETE FROM journal WHERE n <= ?1 - ?2")?.execute((own.last_insert_rowid(), KEPT))?;
    Ok(())
}

fn line(row: &Row<'_>) -> rusqlite::Result<Line> {
    Ok(Line {
        at: Timestamp::from_micros(row.get(0)?),
        code: row.get(1)?,
        organization: row.get::<_, Option<[u8; 16]>>(2)?.map(OrganizationId::from_bytes),
        subject: row.get::<_, Option<[u8; 16]>>(3)?.map(Uuid::from_bytes),
        action: row.get::<_, Option<[u8; 16]>>(4)?.map(ActionId::from_bytes),
        detail: row.get(5)?,
    })
}

/// The newest events, newest first.
pub(crate) fn newest(own: &Connection, limit: i64) -> Result<Vec<Line>, Fault> {
    Ok(own
        .prepare_cached("SELECT at, code, organization, subject, action, detail FROM journal ORDER BY n DESC LIMIT ?1")?
        .query_map([limit], line)?
        .collect::<rusqlite::Result<_>>()?)
}

/// The life of one action, alarm or device, oldest first.
pub(crate) fn life(own: &Connection, id: Uuid) -> Result<Vec<Line>, Fault> {
    Ok(own
        .prepare_cached(
            "SELECT at, code, organization, subject, action, detail FROM journal
              WHERE subject = ?1 OR action = ?1 ORDER BY n",
        )?
        .query_map([id.as_bytes()], line)?
        .collect::<rusqlite::Result<_>>()?)
}
