//! Taking alarms in: the server's row becomes columns, the person's pending actions are laid over it, the words of the
//! search index are brought along, and what lists must know of the change is noted.

use std::collections::HashMap;
use std::sync::Arc;

use onsite_rules::mute::holds;
use onsite_rules::severity::{Shown, shown};
use onsite_wire::ids::{DeviceId, PersonId};
use onsite_wire::onsite::CurrentState;
use onsite_wire::rest::{AcknowledgementAspect, Alarm, FloorPosition, MuteAspect};
use rusqlite::{CachedStatement, Connection, OptionalExtension, Statement, params};
use serde::{Deserialize, Serialize};

use super::effective;
use super::mark::{AlarmsChanged, Mark, NOT_SHOWN, Status};
use super::words;
use crate::devices::directory::{Directory, Presence};
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

    /// The same with the aspects that a conflict showed, where those are newer.
    pub(super) fn moved_to(mut self, current: &CurrentState) -> Self {
        let newer = |shown: i64, known: Option<i64>| shown > known.unwrap_or_default();
        if let Some(shown) = &current.acknowledgement
            && newer(shown.version, self.acknowledgement.as_ref().map(|known| known.version))
        {
            self.acknowledgement = Some(shown.clone());
        }
        if let Some(shown) = &current.mute
            && newer(shown.version, self.mute.as_ref().map(|known| known.version))
        {
            self.mute = Some(shown.clone());
        }
        self
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

/// What of a device goes into its alarms.
struct Enclosing {
    n: i64,
    presence: Presence,
    covered: bool,
    /// Its words, and those of the places above it.
    words: String,
}

/// What a read has learnt of devices and categories. True for one version of the directory.
#[derive(Default)]
struct Learnt {
    version: i64,
    /// The last alarm was new: the next one is likely to be, too.
    news: bool,
    devices: HashMap<DeviceId, Arc<Enclosing>>,
    categories: HashMap<String, i64>,
}

/// Alarms on their way in, in one transaction. A read brings many alarms of few devices: what a device or a category gives
/// to its alarms is asked for once a read, and each statement is looked up once.
pub(super) struct Taking<'a> {
    cache: &'a Connection,
    standing: CachedStatement<'a>,
    insert: CachedStatement<'a>,
    update: CachedStatement<'a>,
    forget_words: CachedStatement<'a>,
    write_words: CachedStatement<'a>,
    learnt: Learnt,
}

impl<'a> Taking<'a> {
    /// Makes ready.
    pub(super) fn begin(intake: &mut Intake<'a>) -> Result<Self, Fault> {
        let cache = intake.cache;
        let mut learnt: Learnt = intake.seen.recall();
        let version = Directory::current_version(cache)?;
        if learnt.version != version {
            learnt = Learnt { version, ..Learnt::default() };
        }
        Ok(Self {
            cache,
            standing: cache
                .prepare_cached("SELECT n, revision, label = ?2 AND message = ?3, device FROM alarm WHERE id = ?1")?,
            insert: cache.prepare_cached(
                "INSERT INTO alarm (id, organization, device, status, recency, cleared, shown, severity, category,
                                    reactivations, label, message, detail, revision, acknowledgement, assignee, mute,
                                    mute_holds, muted, server)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20)
                     ON CONFLICT (id) DO NOTHING",
            )?,
            update: cache.prepare_cached(
                "UPDATE alarm
                    SET organization = ?2, device = ?3, status = ?4, recency = ?5, cleared = ?6, shown = ?7,
                        severity = ?8, category = ?9, reactivations = ?10, label = ?11, message = ?12, detail = ?13,
                        revision = ?14, acknowledgement = ?15, assignee = ?16, mute = ?17, mute_holds = ?18, muted = ?19,
                        server = ?20
                  WHERE id = ?1",
            )?,
            forget_words: cache.prepare_cached("DELETE FROM alarm_words WHERE rowid = ?1")?,
            write_words: cache.prepare_cached("INSERT INTO alarm_words (rowid, tokens) VALUES (?1, ?2)")?,
            learnt,
        })
    }

    /// Keeps what was learnt for the read's next job. Devices and categories that came up here raised the version.
    pub(super) fn end(mut self, intake: &mut Intake<'_>) -> Result<(), Fault> {
        self.learnt.version = Directory::current_version(self.cache)?;
        intake.seen.keep(self.learnt);
        Ok(())
    }

    /// Takes one alarm in. `revision` stands for its content where the server gives none.
    pub(super) fn take(
        &mut self,
        intake: &mut Intake<'_>,
        alarm: &Alarm,
        revision: i64,
        pending: &[Pending],
        changed: &mut AlarmsChanged,
    ) -> Result<(), Fault> {
        // Among new ones, one more is written without looking whether it is there; the table says so if it is.
        let looked = if self.learnt.news { None } else { self.standing(alarm)? };
        if looked.as_ref().is_some_and(|standing| standing.revision == revision) {
            looked.iter().for_each(|standing| intake.seen.note("alarm", standing.n));
            return Ok(());
        }
        let device = self.device(intake.organization, alarm.device_id)?;
        let category = self.category(alarm.category.as_deref())?;
        let row = Written::of(intake, alarm, revision, &device, category, pending)?;
        self.learnt.news = looked.is_none() && row.execute(&mut self.insert)? == 1;
        let standing = if self.learnt.news || looked.is_some() { looked } else { self.standing(alarm)? };
        let n = standing.as_ref().map_or_else(|| self.cache.last_insert_rowid(), |standing| standing.n);
        intake.seen.note("alarm", n);
        let mut before = None;
        if let Some(standing) = &standing {
            if standing.revision == revision {
                return Ok(());
            }
            before = Mark::of(self.cache, n)?;
            row.execute(&mut self.update)?;
        }
        if standing.as_ref().is_none_or(|standing| !standing.same_words || standing.device != device.n) {
            if standing.is_some() {
                self.forget_words.execute([n])?;
            }
            self.write_words.execute((n, words::tokens(&alarm.label, &alarm.message, &device.words)))?;
        }
        if row.aspects.mute.is_some() {
            set_deadline(self.cache, DEADLINE, n, row.aspects.mute.as_ref(), intake.now)?;
        }
        changed.push(before, row.mark(n));
        Ok(())
    }

    fn standing(&mut self, alarm: &Alarm) -> Result<Option<Standing>, Fault> {
        Ok(self
            .standing
            .query_row((alarm.id.bytes(), &alarm.label, &alarm.message), |row| {
                Ok(Standing { n: row.get(0)?, revision: row.get(1)?, same_words: row.get(2)?, device: row.get(3)? })
            })
            .optional()?)
    }

    fn device(&mut self, organization: i64, id: DeviceId) -> Result<Arc<Enclosing>, Fault> {
        if let Some(known) = self.learnt.devices.get(&id) {
            return Ok(Arc::clone(known));
        }
        let n = device_number(self.cache, organization, id)?;
        let (presence, covered) = self
            .cache
            .prepare_cached("SELECT state, covered FROM device WHERE n = ?1")?
            .query_row([n], |row| Ok((Presence::from_column(row.get(0)?), row.get(1)?)))?;
        let device = Arc::new(Enclosing { n, presence, covered, words: words::of_device(self.cache, n)? });
        self.learnt.devices.insert(id, Arc::clone(&device));
        Ok(device)
    }

    fn category(&mut self, name: Option<&str>) -> Result<i64, Fault> {
        let Some(name) = name.filter(|name| !name.is_empty()) else { return Ok(0) };
        if let Some(n) = self.learnt.categories.get(name) {
            return Ok(*n);
        }
        let n = category_number(self.cache, name)?;
        self.learnt.categories.insert(name.to_owned(), n);
        Ok(n)
    }
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
    fn of(
        intake: &Intake<'_>,
        alarm: &'a Alarm,
        revision: i64,
        device: &Enclosing,
        category: i64,
        pending: &[Pending],
    ) -> Result<Self, Fault> {
        let severity = shown(alarm.severity);
        let cleared = alarm.cleared_time.is_some();
        let server = Aspects { acknowledgement: alarm.acknowledgement.clone(), mute: alarm.mute.clone() };
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
            device: device.n,
            status: status_column(severity, cleared, device.presence),
            shown: i64::from(severity == Some(Shown::Warning)),
            category,
            revision,
            detail,
            mute_holds,
            muted: mute_holds || (device.covered && !cleared),
            server: if pending.is_empty() { None } else { to_text(Some(&server))? },
            aspects,
        })
    }

    /// Writes it; gives back how many rows that were.
    fn execute(&self, statement: &mut Statement<'_>) -> Result<usize, Fault> {
        let alarm = self.alarm;
        let acknowledgement = to_text(self.aspects.acknowledgement.as_ref())?;
        let mute = to_text(self.aspects.mute.as_ref())?;
        Ok(statement.execute(params![
            alarm.id.bytes(),
            self.organization,
            self.device,
            self.status,
            -alarm.activated_time.micros(),
            alarm.cleared_time.map(Timestamp::micros),
            self.shown,
            severity_column(alarm),
            self.category,
            alarm.alarm_reactivation_count,
            alarm.label,
            alarm.message,
            self.detail,
            self.revision,
            acknowledgement,
            self.aspects.assignee(),
            mute,
            self.mute_holds,
            self.muted,
            self.server,
        ])?)
    }

    /// The mark of the row as it is written; `None` when no list shows it.
    fn mark(&self, n: i64) -> Option<Mark> {
        let status = match self.status {
            0 => Status::Active,
            1 => Status::Cleared,
            _ => return None,
        };
        Some(Mark {
            n,
            id: self.alarm.id,
            organization: self.organization,
            device: self.device,
            status,
            severity: if self.shown == 0 { Shown::Critical } else { Shown::Warning },
            category: self.category,
            muted: self.muted,
            assignee: self.aspects.assignee().map(PersonId::from_bytes),
            activated: self.alarm.activated_time,
        })
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

/// A category's number, made when the name is new.
fn category_number(cache: &Connection, name: &str) -> Result<i64, Fault> {
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

/// Lets go of all alarms of an organization, with their words, moments and histories.
pub(crate) fn let_go(cache: &Connection, organization: i64) -> Result<(), Fault> {
    for sql in [
        "DELETE FROM alarm_words WHERE rowid IN (SELECT n FROM alarm WHERE organization = ?1)",
        "DELETE FROM deadline WHERE subject = 0 AND n IN (SELECT n FROM alarm WHERE organization = ?1)",
        "DELETE FROM seen WHERE id IN (SELECT id FROM alarm WHERE organization = ?1)",
        "DELETE FROM alarm WHERE organization = ?1",
    ] {
        cache.prepare_cached(sql)?.execute([organization])?;
    }
    Ok(())
}
