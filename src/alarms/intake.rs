//! Taking alarms in: the server's row becomes columns, the person's pending actions are laid over it, the words of the
//! search index are brought along, and what lists must know of the change is noted.

use onsite_rules::mute::holds;
use onsite_rules::severity::{Shown, shown};
use onsite_wire::rest::{AcknowledgementAspect, Alarm, FloorPosition, MuteAspect};
use rusqlite::{Connection, OptionalExtension, named_params};
use serde::{Deserialize, Serialize};

use super::effective;
use super::mark::{AlarmsChanged, Mark, NOT_SHOWN};
use super::words;
use crate::devices::directory::Presence;
use crate::devices::intake::device_number;
use crate::devices::mute::set_deadline;
use crate::store::Fault;
use crate::sync::feed::Intake;
use crate::sync::overlays::Pending;
use crate::time::Timestamp;

/// The subject of an alarm's own mute in the table of deadlines.
pub(super) const DEADLINE: i64 = 0;

/// What only an alarm's own page shows.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Detail {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) recommended_actions: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) sensor_id: Option<onsite_wire::ids::SensorId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) floor_position: Option<FloorPosition>,
}

/// The server's two aspects of an alarm, kept while pending actions cover them.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub(super) struct Aspects {
    pub(super) acknowledgement: Option<AcknowledgementAspect>,
    pub(super) mute: Option<MuteAspect>,
}

impl Aspects {
    /// The same with the pending actions laid over it. A server leaves out what nobody has touched yet.
    fn under(&self, pending: &[Pending]) -> Self {
        if pending.is_empty() {
            return self.clone();
        }
        Self {
            acknowledgement: Some(effective::acknowledgement(
                &self.acknowledgement.clone().unwrap_or_default(),
                pending,
            )),
            mute: Some(effective::mute(&self.mute.clone().unwrap_or_default(), pending)),
        }
    }

    fn assignee(&self) -> Option<[u8; 16]> {
        let acknowledged = self.acknowledgement.as_ref()?.acknowledged.as_ref()?;
        Some(*acknowledged.assignee.id.as_bytes())
    }
}

pub(super) fn to_text<T: Serialize>(value: Option<&T>) -> Result<Option<String>, Fault> {
    value.map(|value| serde_json::to_string(value).map_err(|_| Fault::Value("aspect"))).transpose()
}

pub(super) fn from_text<T: for<'a> Deserialize<'a>>(text: Option<&str>) -> Result<Option<T>, Fault> {
    text.map(|text| serde_json::from_str(text).map_err(|_| Fault::Value("aspect"))).transpose()
}

/// What stands in the store of an alarm that comes again.
struct Standing {
    n: i64,
    revision: i64,
    same_words: bool,
    device: i64,
}

/// Takes one alarm in. `revision` stands for its content where the server gives none.
pub(super) fn take(
    intake: &mut Intake<'_>,
    alarm: &Alarm,
    revision: i64,
    pending: &[Pending],
    changed: &mut AlarmsChanged,
) -> Result<(), Fault> {
    let standing = standing(intake.cache, alarm)?;
    if let Some(standing) = &standing {
        intake.seen.note("alarm", standing.n);
        if standing.revision == revision {
            return Ok(());
        }
    }
    let device = device_number(intake.cache, intake.organization, alarm.device_id)?;
    let (presence, covered) = intake
        .cache
        .prepare_cached("SELECT state, covered FROM device WHERE n = ?1")?
        .query_row([device], |row| Ok((Presence::from_column(row.get(0)?), row.get::<_, bool>(1)?)))?;
    let before = standing.as_ref().map(|standing| Mark::of(intake.cache, standing.n)).transpose()?.flatten();
    let server = Aspects { acknowledgement: alarm.acknowledgement.clone(), mute: alarm.mute.clone() };
    let row = Written::of(intake, alarm, revision, device, presence, covered, &server, pending)?;
    let n = match &standing {
        Some(standing) => row.update(intake.cache, standing.n)?,
        None => row.insert(intake.cache)?,
    };
    intake.seen.note("alarm", n);
    if standing.as_ref().is_none_or(|standing| !standing.same_words || standing.device != device) {
        words::write(intake.cache, n, device, &alarm.label, &alarm.message, standing.is_some())?;
    }
    if row.aspects.mute.is_some() {
        set_deadline(intake.cache, DEADLINE, n, row.aspects.mute.as_ref(), intake.now)?;
    }
    changed.push(before, Mark::of(intake.cache, n)?);
    Ok(())
}

fn standing(cache: &Connection, alarm: &Alarm) -> Result<Option<Standing>, Fault> {
    Ok(cache
        .prepare_cached("SELECT n, revision, label = ?2 AND message = ?3, device FROM alarm WHERE id = ?1")?
        .query_row((alarm.id.bytes(), &alarm.label, &alarm.message), |row| {
            Ok(Standing { n: row.get(0)?, revision: row.get(1)?, same_words: row.get(2)?, device: row.get(3)? })
        })
        .optional()?)
}

/// An alarm as columns.
struct Written<'a> {
    alarm: &'a Alarm,
    organization: i64,
    device: i64,
    status: i64,
    shown: i64,
    category: i64,
    revision: i64,
    detail: Option<String>,
    aspects: Aspects,
    mute_holds: bool,
    muted: bool,
    server: Option<String>,
}

impl<'a> Written<'a> {
    #[expect(clippy::too_many_arguments, reason = "one row from all its sources; a struct would only rename them")]
    fn of(
        intake: &Intake<'_>,
        alarm: &'a Alarm,
        revision: i64,
        device: i64,
        presence: Presence,
        covered: bool,
        server: &Aspects,
        pending: &[Pending],
    ) -> Result<Self, Fault> {
        let severity = shown(alarm.severity);
        let cleared = alarm.cleared_time.is_some();
        let aspects = server.under(pending);
        let detail = Detail {
            recommended_actions: alarm.recommended_actions.clone(),
            sensor_id: alarm.sensor_id,
            floor_position: alarm.floor_position.clone(),
        };
        let detail = if detail == Detail::default() { None } else { to_text(Some(&detail))? };
        let mute_holds = aspects.mute.as_ref().is_some_and(|mute| holds(mute, cleared, intake.now));
        Ok(Self {
            alarm,
            organization: intake.organization,
            device,
            status: status_column(severity, cleared, presence),
            shown: i64::from(severity == Some(Shown::Warning)),
            category: category_number(intake.cache, alarm.category.as_deref())?,
            revision,
            detail,
            mute_holds,
            muted: mute_holds || (covered && !cleared),
            server: if pending.is_empty() { None } else { to_text(Some(server))? },
            aspects,
        })
    }

    fn insert(&self, cache: &Connection) -> Result<i64, Fault> {
        self.execute(
            cache,
            "INSERT INTO alarm (id, organization, device, status, recency, cleared, shown, severity, category, reactivations,
                                label, message, detail, revision, acknowledgement, assignee, mute, mute_holds, muted,
                                server)
             VALUES (:id, :organization, :device, :status, :recency, :cleared, :shown, :severity, :category, :reactivations,
                     :label, :message, :detail, :revision, :acknowledgement, :assignee, :mute, :mute_holds, :muted,
                     :server)",
        )?;
        Ok(cache.last_insert_rowid())
    }

    fn update(&self, cache: &Connection, n: i64) -> Result<i64, Fault> {
        self.execute(
            cache,
            "UPDATE alarm
                SET organization = :organization, device = :device, status = :status, recency = :recency,
                    cleared = :cleared, shown = :shown, severity = :severity, category = :category,
                    reactivations = :reactivations, label = :label, message = :message, detail = :detail,
                    revision = :revision, acknowledgement = :acknowledgement, assignee = :assignee, mute = :mute,
                    mute_holds = :mute_holds, muted = :muted, server = :server
              WHERE id = :id",
        )?;
        Ok(n)
    }

    fn execute(&self, cache: &Connection, sql: &str) -> Result<(), Fault> {
        let alarm = self.alarm;
        cache.prepare_cached(sql)?.execute(named_params! {
            ":id": alarm.id.bytes(), ":organization": self.organization, ":device": self.device,
            ":status": self.status, ":recency": -alarm.activated_time.micros(),
            ":cleared": alarm.cleared_time.map(Timestamp::micros), ":shown": self.shown,
            ":severity": severity_column(alarm), ":category": self.category,
            ":reactivations": alarm.alarm_reactivation_count, ":label": alarm.label, ":message": alarm.message,
            ":detail": self.detail, ":revision": self.revision,
            ":acknowledgement": to_text(self.aspects.acknowledgement.as_ref())?, ":assignee": self.aspects.assignee(),
            ":mute": to_text(self.aspects.mute.as_ref())?, ":mute_holds": self.mute_holds, ":muted": self.muted,
            ":server": self.server,
        })?;
        Ok(())
    }
}

fn severity_column(alarm: &Alarm) -> i64 {
    onsite_wire::rest::Severity::ALL
        .iter()
        .position(|severity| *severity == alarm.severity)
        .and_then(|at| i64::try_from(at).ok())
        .unwrap_or_default()
}

fn status_column(severity: Option<Shown>, cleared: bool, device: Presence) -> i64 {
    if severity.is_none() || device == Presence::Gone { NOT_SHOWN } else { i64::from(cleared) }
}

/// A category's number, made when the name is new; 0 for none.
fn category_number(cache: &Connection, name: Option<&str>) -> Result<i64, Fault> {
    let Some(name) = name.filter(|name| !name.is_empty()) else { return Ok(0) };
    let known = cache
        .prepare_cached("SELECT n FROM category WHERE name = ?1")?
        .query_row([name], |row| row.get(0))
        .optional()?;
    if let Some(n) = known {
        return Ok(n);
    }
    cache.prepare_cached("INSERT INTO category (name) VALUES (?1)")?.execute([name])?;
    let n = cache.last_insert_rowid();
    crate::devices::intake::raise_version(cache)?;
    Ok(n)
}

/// Lays the pending actions over a stored alarm anew, or lifts them when there are none.
pub(super) fn overlay(
    cache: &Connection,
    n: i64,
    pending: &[Pending],
    now: Timestamp,
    changed: &mut AlarmsChanged,
) -> Result<(), Fault> {
    let before = Mark::of(cache, n)?;
    let server = server_aspects(cache, n)?;
    let aspects = server.under(pending);
    let (cleared, covered): (bool, bool) = cache
        .prepare_cached(
            "SELECT alarm.cleared IS NOT NULL, device.covered FROM alarm JOIN device ON device.n = alarm.device
              WHERE alarm.n = ?1",
        )?
        .query_row([n], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let mute_holds = aspects.mute.as_ref().is_some_and(|mute| holds(mute, cleared, now));
    cache
        .prepare_cached(
            "UPDATE alarm
                SET acknowledgement = ?2, assignee = ?3, mute = ?4, mute_holds = ?5, muted = ?6, server = ?7
              WHERE n = ?1",
        )?
        .execute((
            n,
            to_text(aspects.acknowledgement.as_ref())?,
            aspects.assignee(),
            to_text(aspects.mute.as_ref())?,
            mute_holds,
            mute_holds || (covered && !cleared),
            if pending.is_empty() { None } else { to_text(Some(&server))? },
        ))?;
    set_deadline(cache, DEADLINE, n, aspects.mute.as_ref(), now)?;
    changed.push(before, Mark::of(cache, n)?);
    Ok(())
}

/// What the server said last of an alarm's aspects.
pub(super) fn server_aspects(cache: &Connection, n: i64) -> Result<Aspects, Fault> {
    let (server, acknowledgement, mute): (Option<String>, Option<String>, Option<String>) = cache
        .prepare_cached("SELECT server, acknowledgement, mute FROM alarm WHERE n = ?1")?
        .query_row([n], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    match from_text(server.as_deref())? {
        Some(server) => Ok(server),
        None => {
            Ok(Aspects { acknowledgement: from_text(acknowledgement.as_deref())?, mute: from_text(mute.as_deref())? })
        }
    }
}
