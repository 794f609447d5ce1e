//! The alarms' feed: the vendor's list and changes.

use std::sync::Arc;

use onsite_rules::digest::Tally;
use onsite_wire::ids::{AlarmId, OrganizationId};
use onsite_wire::onsite::SubjectKind;
use onsite_wire::rest::Alarm;
use rusqlite::{Connection, OptionalExtension};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::intake::Taking;
use super::mark::{AlarmsChanged, Mark};
use crate::devices::directory::Directory;
use crate::devices::intake::PlacesChanged;
use crate::store::Fault;
use crate::sync::feed::{Feed, Intake, Needs, Read, Route, Unreadable};
use crate::sync::overlays::Overlays;
use crate::time::Timestamp;

/// The vendor's list holds what was cleared within this time (fact 6). A day is left for the vendor's "roughly".
const LISTED_MS: i64 = 6 * 24 * 60 * 60 * 1_000;

/// What was seen stays this long after its clearing (O1).
const KEPT_MS: i64 = 90 * 24 * 60 * 60 * 1_000;

pub(super) const NAME: &str = "alarms";

/// The feed `alarms`.
#[derive(Debug, Clone)]
pub struct AlarmFeed {
    /// The person's pending actions, laid over what comes.
    pub overlays: Arc<Overlays>,
}

/// An alarm as it came, with what stands for its content.
#[derive(Debug, Clone)]
pub struct Arrived {
    alarm: Alarm,
    revision: i64,
}

impl Feed for AlarmFeed {
    type Item = Arrived;

    fn name(&self) -> &'static str {
        NAME
    }

    fn needs(&self) -> Needs {
        Needs::Vendor
    }

    fn route(&self, organization: OrganizationId, read: Read) -> Route {
        let path = match read {
            Read::Full => format!("rest/v1/organizations/{organization}/alarms"),
            Read::After(offset) => format!("rest/v1/organizations/{organization}/alarm-changes/{offset}"),
        };
        Route { path, arrays: &["alarms"] }
    }

    fn parse(&self, _: usize, raw: &[u8]) -> Result<Arrived, Unreadable> {
        let alarm: Alarm = serde_json::from_slice(raw).map_err(|_| Unreadable)?;
        // A server without revisions is asked by content; negative, so that the two are never taken for each other.
        let revision = alarm.revision.unwrap_or_else(|| {
            let hash = Sha256::digest(raw);
            let head = hash.iter().take(8).fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte));
            -1 - (head >> 1).cast_signed()
        });
        Ok(Arrived { alarm, revision })
    }

    fn take(&self, intake: &mut Intake<'_>, items: Vec<Arrived>) -> Result<(), Fault> {
        let mut changed = AlarmsChanged::default();
        let version = Directory::current_version(intake.cache)?;
        let mut taking = Taking::begin(intake)?;
        for item in items {
            let pending = self.overlays.of(SubjectKind::Alarm, item.alarm.id.0);
            taking.take(intake, &item.alarm, item.revision, &pending, &mut changed)?;
        }
        taking.end(intake)?;
        if !changed.0.is_empty() {
            intake.changes.note(changed);
        }
        // An alarm may bring the first news of a category, or of a device.
        if Directory::current_version(intake.cache)? != version {
            intake.changes.note(PlacesChanged);
        }
        Ok(())
    }

    fn finish(&self, intake: &mut Intake<'_>) -> Result<Vec<Uuid>, Fault> {
        if !intake.full {
            return Ok(Vec::new());
        }
        // Older ones are not in the server's list by its own rules: they stay until their 90 days are over.
        let since = intake.now.plus_millis(-LISTED_MS).micros();
        let mut missing = Vec::new();
        let mut changed = AlarmsChanged::default();
        // What came is not looked at again: after the first full read of a large store that is all there is.
        for (first, last) in intake.seen.gaps("alarm", last_number(intake.cache)?) {
            for (n, id, active) in listed_between(intake, first, last, since)? {
                if active {
                    missing.push(Uuid::from_bytes(id));
                } else {
                    remove(intake.cache, n, &mut changed)?;
                }
            }
        }
        forget_old(intake, &mut changed)?;
        if !changed.0.is_empty() {
            intake.changes.note(changed);
        }
        Ok(missing)
    }

    fn digest(&self, cache: &Connection, organization: i64, cleared_since: Option<Timestamp>) -> Result<Tally, Fault> {
        let since = cleared_since.map_or(i64::MIN, Timestamp::micros);
        let mut tally = Tally::default();
        let mut select = cache.prepare_cached(
            "SELECT alarm.id, alarm.revision FROM alarm JOIN device ON device.n = alarm.device
              WHERE alarm.organization = ?1 AND (alarm.cleared IS NULL OR alarm.cleared >= ?2) AND device.state <> 2",
        )?;
        let mut rows = select.query((organization, since))?;
        while let Some(row) = rows.next()? {
            tally.add(&row.get(0)?, row.get(1)?);
        }
        Ok(tally)
    }

    fn single(&self, organization: OrganizationId, id: Uuid) -> Option<String> {
        Some(format!("onsite/v1/organizations/{organization}/alarms/{id}"))
    }

    /// An alarm that was active and is not there: it was cleared while nobody looked, nobody knows when. The column holds
    /// minus the time of noticing, from which its 90 days run.
    fn missing(&self, intake: &mut Intake<'_>, id: Uuid) -> Result<(), Fault> {
        let mut changed = AlarmsChanged::default();
        if let Some(n) = number(intake.cache, AlarmId(id))? {
            let before = Mark::of(intake.cache, n)?;
            intake
                .cache
                .prepare_cached(
                    "UPDATE alarm
                        SET cleared = ?2, status = max(status, 1), mute_holds = 0, muted = 0, revision = 0
                      WHERE n = ?1 AND cleared IS NULL",
                )?
                .execute((n, -intake.now.micros()))?;
            changed.push(before, Mark::of(intake.cache, n)?);
            intake.changes.note(changed);
        }
        Ok(())
    }
}

fn last_number(cache: &Connection) -> Result<i64, Fault> {
    Ok(cache.prepare_cached("SELECT coalesce(max(n), 0) FROM alarm")?.query_row([], |row| row.get(0))?)
}

/// Alarms of a range of row numbers that should be in the server's list: number, id, and whether they are active.
fn listed_between(intake: &Intake<'_>, first: i64, last: i64, since: i64) -> Result<Vec<(i64, [u8; 16], bool)>, Fault> {
    let mut select = intake.cache.prepare_cached(
        "SELECT n, id, cleared IS NULL FROM alarm
          WHERE n BETWEEN ?1 AND ?2 AND organization = ?3 AND (cleared IS NULL OR cleared >= ?4)",
    )?;
    let rows = select
        .query_map((first, last, intake.organization, since), |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Lets go of alarms whose clearing, or the noticing of it, lies 90 days back, and of what was seen of them.
fn forget_old(intake: &Intake<'_>, changed: &mut AlarmsChanged) -> Result<(), Fault> {
    let old = intake.now.plus_millis(-KEPT_MS).micros();
    // What was cleared before a moment was activated before it: those alone are looked at.
    let rows: Vec<(i64, [u8; 16])> = intake
        .cache
        .prepare_cached(
            "SELECT n, id FROM alarm INDEXED BY alarm_newest
              WHERE status IN (1, 2) AND recency > ?3 AND organization = ?1 AND cleared <> 0 AND abs(cleared) < ?2",
        )?
        .query_map((intake.organization, old, -old), |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<rusqlite::Result<_>>()?;
    for (n, id) in rows {
        remove(intake.cache, n, changed)?;
        intake.cache.prepare_cached("DELETE FROM seen WHERE id = ?1")?.execute([id])?;
    }
    Ok(())
}

/// The row number of an alarm.
pub(super) fn number(cache: &Connection, id: AlarmId) -> Result<Option<i64>, Fault> {
    Ok(cache
        .prepare_cached("SELECT n FROM alarm WHERE id = ?1")?
        .query_row([id.bytes()], |row| row.get(0))
        .optional()?)
}

fn remove(cache: &Connection, n: i64, changed: &mut AlarmsChanged) -> Result<(), Fault> {
    let before = Mark::of(cache, n)?;
    cache.prepare_cached("DELETE FROM alarm WHERE n = ?1")?.execute([n])?;
    cache.prepare_cached("DELETE FROM alarm_words WHERE rowid = ?1")?.execute([n])?;
    changed.push(before, None);
    Ok(())
}
