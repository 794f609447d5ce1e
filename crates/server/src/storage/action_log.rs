//! The log of actions: what makes one that comes twice have one effect, and what people did to an alarm.

use std::collections::BTreeMap;

use onsite_wire::ids::{ActionId, OrganizationId, PersonId};
use onsite_wire::onsite::{ActionResult, HistoryEntry, Outcome};
use onsite_wire::time::Timestamp;
use rusqlite::{OptionalExtension, params};
use uuid::Uuid;

use super::changes::Write;
use super::inventory::{read_body, write_body};
use super::{StorageError, View};

/// An action that arrived before.
#[derive(Debug, Clone, PartialEq)]
pub struct LoggedAction {
    /// Whose it was.
    pub person: PersonId,
    /// A hash of its content.
    pub fingerprint: [u8; 32],
    /// What became of it.
    pub result: ActionResult,
}

/// An action that has just been decided.
#[derive(Debug, Clone)]
pub struct NewAction {
    /// Of which organization its subject is.
    pub organization: OrganizationId,
    /// Who.
    pub person: PersonId,
    /// The person's name now.
    pub by_name: String,
    /// Its kind.
    pub kind: String,
    /// What it is about.
    pub subject: Uuid,
    /// A hash of its content.
    pub fingerprint: [u8; 32],
    /// What became of it.
    pub result: ActionResult,
    /// What it said, for the history.
    pub details: BTreeMap<String, String>,
    /// When it was made.
    pub made_at: Timestamp,
}

const fn outcome_name(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Applied | Outcome::AlreadyApplied => "applied",
        Outcome::Refused => "refused",
        Outcome::Conflict => "conflict",
        Outcome::Blocked => "blocked",
    }
}

impl View<'_> {
    /// An action that arrived before.
    pub fn action(&self, id: ActionId) -> Result<Option<LoggedAction>, StorageError> {
        let found: Option<([u8; 16], [u8; 32], String)> = self
            .connection
            .prepare_cached("SELECT person, fingerprint, result FROM actions WHERE id = ?1")?
            .query_row([id.bytes()], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
            .optional()?;
        let Some((person, fingerprint, result)) = found else { return Ok(None) };
        let result = read_body("result", &result)?;
        Ok(Some(LoggedAction { person: PersonId::from_bytes(person), fingerprint, result }))
    }

    /// What people did to something, oldest first.
    pub fn history(&self, organization: OrganizationId, subject: Uuid) -> Result<Vec<HistoryEntry>, StorageError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT id, kind, person, by_name, made_at, arrived_at, details FROM actions
             WHERE organization = ?1 AND subject = ?2 AND outcome = 'applied' ORDER BY arrived_at, rowid",
        )?;
        let mut rows = statement.query(params![organization.bytes(), subject.as_bytes()])?;
        let mut entries = Vec::new();
        while let Some(row) = rows.next()? {
            entries.push(HistoryEntry {
                action: ActionId::from_bytes(row.get(0)?),
                kind: row.get(1)?,
                by: PersonId::from_bytes(row.get(2)?),
                by_name: row.get(3)?,
                made_at: Timestamp::from_micros(row.get(4)?),
                arrived_at: Timestamp::from_micros(row.get(5)?),
                details: read_body("details", &row.get::<_, String>(6)?)?,
            });
        }
        Ok(entries)
    }
}

impl Write<'_> {
    /// Keeps what became of an action, in the transaction of its effect.
    pub fn log_action(&mut self, action: &NewAction) -> Result<(), StorageError> {
        let arrived_at = self.now().micros();
        self.connection()
            .prepare_cached(
                "INSERT INTO actions (id, organization, person, by_name, kind, subject, fingerprint, outcome, result,
                                      details, made_at, arrived_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
            )?
            .execute(params![
                action.result.id.bytes(),
                action.organization.bytes(),
                action.person.bytes(),
                action.by_name,
                action.kind,
                action.subject.as_bytes(),
                action.fingerprint,
                outcome_name(action.result.outcome),
                write_body("result", &action.result)?,
                write_body("details", &action.details)?,
                action.made_at.micros(),
                arrived_at,
            ])?;
        Ok(())
    }
}
