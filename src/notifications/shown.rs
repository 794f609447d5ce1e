//! What this phone made of each event, in own.db: one notification for each, whichever way it came and however often (N5), with
//! the reasons (N6) and what the server is still to be told (N7).

use onsite_wire::ids::OrganizationId;
use onsite_wire::onsite::{NoticeKind, Reasons, Verdict};
use rusqlite::{Connection, OptionalExtension, Row};
use uuid::Uuid;

use super::deciding::{Told, Way};
use super::intake::{read_text, write_text};
use crate::store::Fault;
use crate::time::Timestamp;

/// What was decided longer ago is forgotten, as on the server.
const KEPT_MS: i64 = 30 * 24 * 60 * 60 * 1_000;
/// The server takes at most so many reports at once.
const REPORTS: i64 = 100;

const SHOWN: i64 = 1;
const OPENED: i64 = 2;

/// What this phone made of one event (N6).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PhoneNotice {
    /// Whose event.
    pub organization: OrganizationId,
    /// The event.
    pub key: String,
    /// What kind.
    pub kind: NoticeKind,
    /// Which way it came first.
    pub way: Way,
    /// When the event was; all times are the server's.
    pub at: Timestamp,
    /// When this phone decided.
    pub decided_at: Timestamp,
    /// What became of it here.
    pub verdict: Verdict,
    /// Why.
    pub reasons: Reasons,
    /// When it was shown.
    pub shown_at: Option<Timestamp>,
    /// When it was opened.
    pub opened_at: Option<Timestamp>,
}

/// Something that the server is to be told of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Untold {
    pub(crate) organization: OrganizationId,
    pub(crate) key: String,
    pub(crate) shown_at: Option<Timestamp>,
    pub(crate) opened_at: Option<Timestamp>,
    parts: i64,
}

/// For how many an event stood when it was decided last; `None`: it is new here.
pub(super) fn known(own: &Connection, organization: OrganizationId, key: &str) -> Result<Option<i64>, Fault> {
    Ok(own
        .prepare_cached("SELECT count FROM notice WHERE organization = ?1 AND key = ?2")?
        .query_row((organization.bytes(), key), |row| row.get(0))
        .optional()?)
}

/// Remembers what was decided. `shown_at`: the extension showed it then, before anybody decided.
pub(super) fn record(
    own: &Connection,
    told: &Told,
    way: Way,
    (verdict, reasons): (Verdict, &Reasons),
    now: Timestamp,
    shown_at: Option<Timestamp>,
) -> Result<(), Fault> {
    own.prepare_cached(
        "INSERT INTO notice (organization, key, subject, kind, count, way, at, decided_at, verdict, reasons, shown_at, untold)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)
         ON CONFLICT (organization, key) DO UPDATE
            SET count = excluded.count, decided_at = excluded.decided_at, verdict = excluded.verdict,
                reasons = excluded.reasons",
    )?
    .execute(rusqlite::params![
        told.organization.bytes(),
        told.key,
        told.subject.as_bytes(),
        told.kind.as_str(),
        told.count,
        way.as_str(),
        told.at.micros(),
        // Nothing is decided before it happened, however exactly the server's time is known here.
        now.max(told.at).micros(),
        verdict.as_str(),
        write_text(reasons)?,
        shown_at.map(|shown_at| shown_at.max(told.at).micros()),
        if shown_at.is_some() { SHOWN } else { 0 },
    ])?;
    Ok(())
}

/// Notes that it was shown; the first time stays. Gives whether there is news for the server.
pub(super) fn shown(own: &Connection, organization: OrganizationId, key: &str, at: Timestamp) -> Result<bool, Fault> {
    let noted = own
        .prepare_cached(
            "UPDATE notice SET shown_at = max(?3, at), untold = untold | ?4
              WHERE organization = ?1 AND key = ?2 AND shown_at IS NULL",
        )?
        .execute((organization.bytes(), key, at.micros(), SHOWN))?;
    Ok(noted > 0)
}

/// Notes that the person opened it; the first time stays. Gives whether there is news for the server.
pub(super) fn opened(own: &Connection, organization: OrganizationId, key: &str, at: Timestamp) -> Result<bool, Fault> {
    let noted = own
        .prepare_cached(
            "UPDATE notice SET opened_at = max(?3, at), untold = untold | ?4
              WHERE organization = ?1 AND key = ?2 AND opened_at IS NULL",
        )?
        .execute((organization.bytes(), key, at.micros(), OPENED))?;
    Ok(noted > 0)
}

fn time(row: &Row<'_>, at: usize) -> rusqlite::Result<Option<Timestamp>> {
    Ok(row.get::<_, Option<i64>>(at)?.map(Timestamp::from_micros))
}

/// What this phone made of the events about a subject, oldest first.
pub(super) fn of_subject(own: &Connection, subject: Uuid) -> Result<Vec<PhoneNotice>, Fault> {
    let mut select = own.prepare_cached(
        "SELECT organization, key, kind, way, at, decided_at, verdict, reasons, shown_at, opened_at
           FROM notice WHERE subject = ?1 ORDER BY decided_at",
    )?;
    let mut rows = select.query([subject.as_bytes()])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(PhoneNotice {
            organization: OrganizationId::from_bytes(row.get(0)?),
            key: row.get(1)?,
            kind: NoticeKind::from_wire(&row.get::<_, String>(2)?),
            way: Way::from_column(&row.get::<_, String>(3)?),
            at: Timestamp::from_micros(row.get(4)?),
            decided_at: Timestamp::from_micros(row.get(5)?),
            verdict: Verdict::from_wire(&row.get::<_, String>(6)?),
            reasons: read_text(&row.get::<_, String>(7)?)?,
            shown_at: time(row, 8)?,
            opened_at: time(row, 9)?,
        });
    }
    Ok(found)
}

/// What the server is still to be told, as much as it takes at once.
pub(crate) fn untold(own: &Connection) -> Result<Vec<Untold>, Fault> {
    let mut select = own.prepare_cached(
        "SELECT organization, key, shown_at, opened_at, untold FROM notice INDEXED BY notice_untold
          WHERE untold > 0 LIMIT ?1",
    )?;
    let rows = select.query_map([REPORTS], |row| {
        Ok(Untold {
            organization: OrganizationId::from_bytes(row.get(0)?),
            key: row.get(1)?,
            shown_at: time(row, 2)?,
            opened_at: time(row, 3)?,
            parts: row.get(4)?,
        })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// The server was told this; what came up meanwhile is still to be told.
pub(crate) fn told(own: &Connection, all: &[Untold]) -> Result<(), Fault> {
    let mut update =
        own.prepare_cached("UPDATE notice SET untold = untold & ~?3 WHERE organization = ?1 AND key = ?2")?;
    for one in all {
        update.execute((one.organization.bytes(), &one.key, one.parts))?;
    }
    Ok(())
}

/// Forgets what was decided long ago.
pub(super) fn forget_old(own: &Connection, now: Timestamp) -> Result<(), Fault> {
    own.prepare_cached("DELETE FROM notice WHERE decided_at < ?1")?.execute([now.plus_millis(-KEPT_MS).micros()])?;
    Ok(())
}

/// How long the events of the last 30 days took to be shown on this phone, in milliseconds, shortest first.
pub(super) fn delays(own: &Connection) -> Result<Vec<i64>, Fault> {
    let mut select = own.prepare_cached("SELECT (shown_at - at) / 1000 FROM notice WHERE shown_at IS NOT NULL")?;
    let mut delays: Vec<i64> = select.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
    delays.sort_unstable();
    Ok(delays)
}
