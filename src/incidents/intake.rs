//! Taking incidents and read positions in.

use std::collections::BTreeSet;

use onsite_wire::ids::{IncidentId, PersonId};
use onsite_wire::onsite::{Incident, IncidentState, ReadPosition, SubjectKind};
use rusqlite::{Connection, OptionalExtension};
use uuid::Uuid;

use super::chat::{ChatMark, MessagesChanged};
use super::list::{IncidentMark, IncidentsChanged};
use super::shape::{number, own_messages, reshape, state_column, write_text};
use crate::devices::intake::device_number;
use crate::store::{Changes, Fault};
use crate::sync::feed::Intake;
use crate::sync::overlays::Overlays;
use crate::time::Timestamp;

/// When an incident closed.
fn closed_at(incident: &Incident) -> Option<i64> {
    let closed = incident.state == IncidentState::Closed;
    closed.then(|| incident.history.last().map_or(incident.last_at, |change| change.at).micros())
}

/// Up to which number somebody else has read.
fn others_read(incident: &Incident, me: Option<PersonId>) -> i64 {
    let others = incident.read_furthest.iter().filter(|mark| mark.by.is_none() || mark.by != me);
    others.map(|mark| mark.up_to).max().unwrap_or(0)
}

/// Takes one incident in.
pub(super) fn take(
    intake: &mut Intake<'_>,
    overlays: &Overlays,
    incident: &Incident,
    incidents: &mut IncidentsChanged,
    messages: &mut MessagesChanged,
) -> Result<(), Fault> {
    let cache = intake.cache;
    let me = overlays.person();
    let known = number(cache, incident.id)?;
    let before = match known {
        Some(n) => IncidentMark::of(cache, n)?,
        None => None,
    };
    let read_before: i64 = match known {
        Some(n) => {
            cache.prepare_cached("SELECT others_read FROM incident WHERE n = ?1")?.query_row([n], |row| row.get(0))?
        }
        None => 0,
    };
    let read_now = others_read(incident, me);
    let device = device_number(cache, intake.organization, incident.device_id)?;
    let n: i64 = cache
        .prepare_cached(
            "INSERT INTO incident (id, organization, device, state, recency, others_read, closed, incident, revision)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
             ON CONFLICT (id) DO UPDATE
                SET organization = excluded.organization, device = excluded.device, state = excluded.state,
                    recency = excluded.recency, others_read = excluded.others_read, closed = excluded.closed,
                    incident = excluded.incident, revision = excluded.revision
             RETURNING n",
        )?
        .query_row(
            (
                incident.id.bytes(),
                intake.organization,
                device,
                state_column(incident.state),
                -incident.last_at.micros(),
                read_now,
                closed_at(incident),
                write_text(incident)?,
                incident.revision,
            ),
            |row| row.get(0),
        )?;
    intake.seen.note("incident", n);
    let pending = overlays.of(SubjectKind::Incident, incident.id.0);
    if !pending.is_empty() {
        // It may come into a store that began anew, or into sight again.
        own_messages(cache, intake.organization, incident.id, &pending, messages)?;
    }
    let mut shaped = IncidentsChanged::default();
    reshape(cache, incident.id, me, &pending, &mut shaped)?;
    incidents.push(before, IncidentMark::of(cache, n)?);
    if read_now > read_before {
        newly_read(cache, incident.id, read_before, read_now, messages)?;
    }
    Ok(())
}

/// One's own messages that somebody has read by now look different.
fn newly_read(
    cache: &Connection,
    incident: IncidentId,
    from: i64,
    to: i64,
    changed: &mut MessagesChanged,
) -> Result<(), Fault> {
    let rows: Vec<i64> = cache
        .prepare_cached(
            "SELECT n FROM message INDEXED BY message_mine
              WHERE incident = ?1 AND mine = 1 AND number IS NOT NULL AND number > ?2 AND number <= ?3",
        )?
        .query_map((incident.bytes(), from, to), |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    for n in rows {
        let mark = ChatMark::of(cache, n)?;
        changed.push(mark, mark);
    }
    Ok(())
}

/// Lets go of an incident with its chat. What the person wrote in it and nobody has yet stays in the outbox.
pub(super) fn remove(
    cache: &Connection,
    id: IncidentId,
    incidents: &mut IncidentsChanged,
    messages: &mut MessagesChanged,
) -> Result<(), Fault> {
    let Some(n) = number(cache, id)? else { return Ok(()) };
    let before = IncidentMark::of(cache, n)?;
    cache.prepare_cached("DELETE FROM incident WHERE n = ?1")?.execute([n])?;
    incidents.push(before, None);
    let rows: Vec<i64> = cache
        .prepare_cached("SELECT n FROM message INDEXED BY message_newest WHERE incident = ?1")?
        .query_map([id.bytes()], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    for n in rows {
        messages.push(ChatMark::of(cache, n)?, None);
    }
    cache.prepare_cached("DELETE FROM message WHERE incident = ?1")?.execute([id.bytes()])?;
    cache.prepare_cached("DELETE FROM chat WHERE incident = ?1")?.execute([id.bytes()])?;
    Ok(())
}

/// After a full read: what should have been in it and was not is gone. What closed before `shown_since` is not in one; it
/// is let go when it closed before `kept_since`.
pub(super) fn remove_unseen(
    intake: &Intake<'_>,
    shown_since: Timestamp,
    kept_since: Timestamp,
    incidents: &mut IncidentsChanged,
    messages: &mut MessagesChanged,
) -> Result<(), Fault> {
    let rows: Vec<(i64, [u8; 16], Option<i64>)> = intake
        .cache
        .prepare_cached("SELECT n, id, closed FROM incident WHERE organization = ?1 AND revision > 0")?
        .query_map([intake.organization], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
        .collect::<rusqlite::Result<_>>()?;
    for (n, id, closed) in rows {
        let is_old = closed.is_some_and(|at| at < shown_since.micros());
        let forgotten = closed.is_some_and(|at| at < kept_since.micros());
        if forgotten || (!is_old && !intake.seen.contains("incident", n)) {
            remove(intake.cache, IncidentId::from_bytes(id), incidents, messages)?;
        }
    }
    Ok(())
}

/// Takes one of the person's read positions in.
pub(super) fn take_position(
    intake: &mut Intake<'_>,
    position: &ReadPosition,
    touched: &mut BTreeSet<IncidentId>,
) -> Result<(), Fault> {
    let n: i64 = intake
        .cache
        .prepare_cached(
            "INSERT INTO read_position (id, organization, incident, up_to, revision) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (id) DO UPDATE SET incident = excluded.incident, up_to = excluded.up_to,
                organization = excluded.organization, revision = excluded.revision
             RETURNING n",
        )?
        .query_row(
            (
                position.id.as_bytes(),
                intake.organization,
                position.incident_id.bytes(),
                position.up_to,
                position.revision,
            ),
            |row| row.get(0),
        )?;
    intake.seen.note("read_position", n);
    touched.insert(position.incident_id);
    Ok(())
}

/// Lets go of a read position.
pub(super) fn remove_position(cache: &Connection, id: Uuid, touched: &mut BTreeSet<IncidentId>) -> Result<(), Fault> {
    let incident: Option<[u8; 16]> = cache
        .prepare_cached("DELETE FROM read_position WHERE id = ?1 RETURNING incident")?
        .query_row([id.as_bytes()], |row| row.get(0))
        .optional()?;
    touched.extend(incident.map(IncidentId::from_bytes));
    Ok(())
}

/// Computes touched incidents anew.
pub(super) fn reshape_all(
    intake: &mut Intake<'_>,
    overlays: &Overlays,
    touched: &BTreeSet<IncidentId>,
) -> Result<(), Fault> {
    let mut changed = IncidentsChanged::default();
    for id in touched {
        let pending = overlays.of(SubjectKind::Incident, id.0);
        reshape(intake.cache, *id, overlays.person(), &pending, &mut changed)?;
    }
    changed.note(intake.changes);
    Ok(())
}

/// Lets go of all incidents of an organization, with their chats.
pub(crate) fn let_go(cache: &Connection, organization: i64) -> Result<(), Fault> {
    for sql in [
        "DELETE FROM message WHERE organization = ?1",
        "DELETE FROM chat WHERE organization = ?1",
        "DELETE FROM read_position WHERE organization = ?1",
        "DELETE FROM incident WHERE organization = ?1",
    ] {
        cache.prepare_cached(sql)?.execute([organization])?;
    }
    Ok(())
}

/// Lets go of an organization's incidents whose device, by its row number, is not seen any more. One that is on this phone
/// only is its person's own.
pub(crate) fn narrow(
    cache: &Connection,
    changes: &mut Changes,
    organization: i64,
    seen: impl Fn(i64) -> bool,
) -> Result<(), Fault> {
    let (mut incidents, mut messages) = (IncidentsChanged::default(), MessagesChanged::default());
    let rows: Vec<([u8; 16], i64)> = cache
        .prepare_cached("SELECT id, device FROM incident WHERE organization = ?1 AND revision > 0")?
        .query_map([organization], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<rusqlite::Result<_>>()?;
    for (id, _) in rows.into_iter().filter(|(_, device)| !seen(*device)) {
        remove(cache, IncidentId::from_bytes(id), &mut incidents, &mut messages)?;
    }
    incidents.note(changes);
    messages.note(changes);
    Ok(())
}
