//! Alarms follow their devices: new words when a name or place changes, hidden while the device is gone, muted while it is
//! covered. And they follow time: a mute that ends is written by a transaction, never computed by a query.

use onsite_rules::mute::{ANNOUNCED_MS, holds};
use onsite_rules::severity::shown;
use onsite_wire::ids::{AlarmId, DeviceId, OrganizationId};
use onsite_wire::onsite::{CurrentState, Subject, SubjectKind};
use onsite_wire::rest::{MuteAspect, Severity};
use rusqlite::{Connection, OptionalExtension};

use super::feed::number;
use super::intake::{self, DEADLINE, from_text};
use super::mark::{AlarmsChanged, Mark, NOT_SHOWN};
use super::words;
use crate::devices;
use crate::devices::directory::Presence;
use crate::devices::intake::{Touched, cover_again};
use crate::devices::mute::{pass_deadline, set_deadline};
use crate::store::{Changes, Fault};
use crate::sync::overlays::Pending;
use crate::time::Timestamp;

/// Lays the person's pending actions over an alarm anew; none: lifts them. An alarm that is not there yet gets them with
/// its first row.
pub(crate) fn overlay(
    cache: &Connection,
    changes: &mut Changes,
    id: AlarmId,
    pending: &[Pending],
    now: Timestamp,
) -> Result<(), Fault> {
    let Some(n) = number(cache, id)? else { return Ok(()) };
    let mut changed = AlarmsChanged::default();
    intake::overlay(cache, n, pending, now, &mut changed)?;
    changes.note(changed);
    Ok(())
}

/// Takes the state that a conflict showed for the server's value, where it is newer than that: the feed brings the same
/// later. [`overlay`] has to follow in the same transaction; it makes what is seen of it.
pub(crate) fn learn(cache: &Connection, id: AlarmId, current: &CurrentState) -> Result<(), Fault> {
    let Some(n) = number(cache, id)? else { return Ok(()) };
    let known = intake::server_aspects(cache, n)?;
    let newer = known.clone().moved_to(current);
    if newer != known {
        cache
            .prepare_cached("UPDATE alarm SET server = ?2 WHERE n = ?1")?
            .execute((n, intake::to_text(Some(&newer))?))?;
    }
    Ok(())
}

/// Brings the alarms of touched devices along.
pub(crate) fn follow_devices(cache: &Connection, changes: &mut Changes, touched: &Touched) -> Result<(), Fault> {
    let mut changed = AlarmsChanged::default();
    for device in &touched.renamed {
        reword(cache, *device)?;
    }
    for device in &touched.presence {
        appear(cache, *device, &mut changed)?;
    }
    for device in &touched.covered {
        cover(cache, *device, &mut changed)?;
    }
    if !changed.0.is_empty() {
        changes.note(changed);
    }
    Ok(())
}

fn alarms_of(cache: &Connection, device: i64) -> Result<Vec<i64>, Fault> {
    Ok(cache
        .prepare_cached("SELECT n FROM alarm INDEXED BY alarm_of_device WHERE device = ?1")?
        .query_map([device], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?)
}

fn reword(cache: &Connection, device: i64) -> Result<(), Fault> {
    let of_device = words::of_device(cache, device)?;
    for n in alarms_of(cache, device)? {
        let tokens = cache.prepare_cached("SELECT label, message FROM alarm WHERE n = ?1")?.query_row([n], |row| {
            Ok(words::tokens(row.get_ref(0)?.as_str()?, row.get_ref(1)?.as_str()?, &of_device))
        })?;
        cache.prepare_cached("DELETE FROM alarm_words WHERE rowid = ?1")?.execute([n])?;
        cache.prepare_cached("INSERT INTO alarm_words (rowid, tokens) VALUES (?1, ?2)")?.execute((n, tokens))?;
    }
    Ok(())
}

fn appear(cache: &Connection, device: i64, changed: &mut AlarmsChanged) -> Result<(), Fault> {
    let state: i64 =
        cache.prepare_cached("SELECT state FROM device WHERE n = ?1")?.query_row([device], |row| row.get(0))?;
    let gone = Presence::from_column(state) == Presence::Gone;
    for n in alarms_of(cache, device)? {
        let before = Mark::of(cache, n)?;
        let status: i64 = cache
            .prepare_cached("SELECT severity, cleared IS NOT NULL FROM alarm WHERE n = ?1")?
            .query_row([n], |row| {
                let severity =
                    usize::try_from(row.get::<_, i64>(0)?).ok().and_then(|at| Severity::ALL.get(at).copied());
                let is_shown = shown(severity.unwrap_or_default()).is_some();
                Ok(if gone || !is_shown { NOT_SHOWN } else { row.get(1)? })
            })?;
        cache.prepare_cached("UPDATE alarm SET status = ?2 WHERE n = ?1 AND status <> ?2")?.execute((n, status))?;
        changed.push(before, Mark::of(cache, n)?);
    }
    Ok(())
}

/// Only active alarms are muted; a cleared one rings no more.
fn cover(cache: &Connection, device: i64, changed: &mut AlarmsChanged) -> Result<(), Fault> {
    let active: Vec<i64> = cache
        .prepare_cached("SELECT n FROM alarm INDEXED BY alarm_of_device WHERE device = ?1 AND cleared IS NULL")?
        .query_map([device], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    for n in active {
        mute_again(cache, n, changed)?;
    }
    Ok(())
}

fn mute_again(cache: &Connection, n: i64, changed: &mut AlarmsChanged) -> Result<(), Fault> {
    let before = Mark::of(cache, n)?;
    cache
        .prepare_cached(
            "UPDATE alarm
                SET muted = mute_holds OR (cleared IS NULL AND (SELECT covered FROM device WHERE n = alarm.device))
              WHERE n = ?1",
        )?
        .execute([n])?;
    changed.push(before, Mark::of(cache, n)?);
    Ok(())
}

/// A mute that ended by itself, or is about to: later work makes notices of these (A10).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MuteMoment {
    /// Whose organization.
    pub organization: OrganizationId,
    /// What was muted.
    pub target: MuteTarget,
    /// It has ended; else it ends within a quarter of an hour.
    pub ended: bool,
    /// When it ends or ended.
    pub until: Timestamp,
}

/// What a mute silences.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MuteTarget {
    /// One alarm.
    Alarm(AlarmId),
    /// A device with its components.
    Device(DeviceId),
}

/// When something changes by time alone; `None` when nothing does.
pub(crate) fn next_deadline(cache: &Connection) -> Result<Option<Timestamp>, Fault> {
    let at: Option<i64> = cache.prepare_cached("SELECT min(at) FROM deadline")?.query_row([], |row| row.get(0))?;
    Ok(at.map(Timestamp::from_micros))
}

/// Writes what changed by time alone up to `now`, and gives back the mutes' moments that passed.
pub(crate) fn pass_deadlines(
    cache: &Connection,
    changes: &mut Changes,
    now: Timestamp,
) -> Result<Vec<MuteMoment>, Fault> {
    let due: Vec<(i64, i64)> = cache
        .prepare_cached("SELECT subject, n FROM deadline WHERE at <= ?1 ORDER BY at, subject, n")?
        .query_map([now.micros()], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<rusqlite::Result<_>>()?;
    let mut changed = AlarmsChanged::default();
    let mut moments = Vec::new();
    for (subject, n) in due {
        pass_deadline(cache, subject, n)?;
        let moment = if subject == DEADLINE {
            pass_alarm(cache, n, now, &mut changed)?
        } else {
            pass_device(cache, changes, n, now)?
        };
        moments.extend(moment);
    }
    if !changed.0.is_empty() {
        changes.note(changed);
    }
    Ok(moments)
}

fn moment_of(
    organization: OrganizationId,
    target: MuteTarget,
    aspect: Option<&MuteAspect>,
    now: Timestamp,
) -> Option<MuteMoment> {
    let until = aspect?.muted.as_ref()?.until?;
    (until.plus_millis(-ANNOUNCED_MS) <= now).then_some(MuteMoment { organization, target, ended: until <= now, until })
}

fn pass_alarm(
    cache: &Connection,
    n: i64,
    now: Timestamp,
    changed: &mut AlarmsChanged,
) -> Result<Option<MuteMoment>, Fault> {
    let found = cache
        .prepare_cached(
            "SELECT organization.id, alarm.id, alarm.mute, alarm.cleared IS NOT NULL
               FROM alarm JOIN organization ON organization.n = alarm.organization WHERE alarm.n = ?1",
        )?
        .query_row([n], |row| Ok((row.get(0)?, row.get(1)?, row.get::<_, Option<String>>(2)?, row.get(3)?)))
        .optional()?;
    let Some((organization, id, mute, cleared)) = found else { return Ok(None) };
    let aspect: Option<MuteAspect> = from_text(mute.as_deref())?;
    let still = aspect.as_ref().is_some_and(|aspect| holds(aspect, cleared, now));
    cache.prepare_cached("UPDATE alarm SET mute_holds = ?2 WHERE n = ?1")?.execute((n, still))?;
    mute_again(cache, n, changed)?;
    set_deadline(cache, DEADLINE, n, aspect.as_ref(), now)?;
    let target = MuteTarget::Alarm(AlarmId::from_bytes(id));
    Ok(if cleared { None } else { moment_of(OrganizationId::from_bytes(organization), target, aspect.as_ref(), now) })
}

fn pass_device(cache: &Connection, changes: &mut Changes, n: i64, now: Timestamp) -> Result<Option<MuteMoment>, Fault> {
    let aspect = devices::mute::effective_mute(cache, n)?;
    set_deadline(cache, devices::mute::DEADLINE, n, aspect.as_ref(), now)?;
    if devices::mute::hold_again(cache, n, aspect.as_ref(), now)? {
        let covered = cover_again(cache, n)?.into_iter().collect();
        follow_devices(cache, changes, &Touched { covered, ..Touched::default() })?;
    }
    let (organization, id): ([u8; 16], [u8; 16]) = cache
        .prepare_cached(
            "SELECT organization.id, device.id FROM device JOIN organization ON organization.n = device.organization
              WHERE device.n = ?1",
        )?
        .query_row([n], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let target = MuteTarget::Device(DeviceId::from_bytes(id));
    Ok(moment_of(OrganizationId::from_bytes(organization), target, aspect.as_ref(), now))
}

/// The subjects over which pending actions were laid: alarms and devices that keep the server's value aside.
pub(crate) fn covered(cache: &Connection) -> Result<Vec<(OrganizationId, Subject)>, Fault> {
    let mut subjects = Vec::new();
    for (kind, select) in [
        (
            SubjectKind::Alarm,
            "SELECT organization.id, alarm.id FROM alarm INDEXED BY alarm_covered
               JOIN organization ON organization.n = alarm.organization WHERE alarm.server IS NOT NULL",
        ),
        (
            SubjectKind::Device,
            "SELECT organization.id, device.id FROM device
               JOIN organization ON organization.n = device.organization WHERE device.mute_server IS NOT NULL",
        ),
    ] {
        let mut select = cache.prepare_cached(select)?;
        let mut rows = select.query([])?;
        while let Some(row) = rows.next()? {
            let subject = Subject { kind, id: uuid::Uuid::from_bytes(row.get(1)?) };
            subjects.push((OrganizationId::from_bytes(row.get(0)?), subject));
        }
    }
    Ok(subjects)
}
