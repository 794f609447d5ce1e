//! Why did I (not) get this (N6): what the server noted, and what this phone made of it.

use onsite_rules::notice::{self, urgency_of};
use onsite_rules::severity::Shown;
use onsite_wire::ids::{AlarmId, OrganizationId};
use onsite_wire::onsite::{NoticeKind, NoticeLog, NoticeSubject, Reasons};
use rusqlite::{Connection, OptionalExtension};
use uuid::Uuid;

use super::deciding::{self, Told};
use super::shown::PhoneNotice;
use crate::devices::directory::Directory;
use crate::error::Error;
use crate::store::Fault;
use crate::time::Timestamp;

/// What the server noted for this person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerNotices {
    /// Oldest first.
    pub notices: Vec<NoticeLog>,
    /// When the server was asked; without signal it may have been a while ago.
    pub seen_at: Timestamp,
}

/// Why somebody was notified of something, or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WhyNotified {
    /// What the server noted, or why that is not known.
    pub server: Result<ServerNotices, Error>,
    /// What this phone made of what came, oldest first. Empty: nothing of it came to this phone.
    pub phone: Vec<PhoneNotice>,
    /// Of an alarm on this phone: what the phone would make of it now, if it were told.
    pub now: Option<Reasons>,
}

/// What this phone would make of an alarm now. `None`: the alarm is not here.
pub(super) fn as_of_now(
    cache: &Connection,
    directory: &Directory,
    duty: Option<bool>,
    organization: OrganizationId,
    alarm: AlarmId,
    now: Timestamp,
) -> Result<Option<Reasons>, Fault> {
    let found: Option<(i64, i64)> = cache
        .prepare_cached("SELECT shown, recency FROM alarm WHERE id = ?1")?
        .query_row([alarm.bytes()], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let Some((shown, recency)) = found else { return Ok(None) };
    let urgency = urgency_of(if shown == 0 { Shown::Critical } else { Shown::Warning });
    let told = Told {
        organization,
        key: notice::key(organization, NoticeKind::Alarm, alarm.0, 0),
        id: None,
        kind: NoticeKind::Alarm,
        subject_kind: NoticeSubject::Alarm,
        subject: alarm.0,
        urgency: Some(urgency),
        channel: notice::channel(NoticeKind::Alarm, Some(urgency)),
        sound: None,
        at: Timestamp::from_micros(-recency),
        count: 1,
        incidents: None,
        words: Default::default(),
    };
    let inputs = deciding::inputs(cache, directory, duty, &told, now)?;
    Ok(Some(deciding::decide(&told, &inputs, false, now)))
}

/// One list after the other as lines of plain text: for screens without a layout of their own, and for those who help.
pub fn lines(reasons: &Reasons) -> Vec<String> {
    reasons
        .rules
        .iter()
        .map(|asked| match asked.said {
            Some(said) => format!("{}: {} → {}", asked.rule, asked.input, said.as_str()),
            None => format!("{}: {}", asked.rule, asked.input),
        })
        .collect()
}

/// The ids of the alarms that an incident names, as far as this phone knows.
pub(super) fn alarms_of(cache: &Connection, incident: Uuid) -> Result<Vec<AlarmId>, Fault> {
    let text: Option<String> = cache
        .prepare_cached("SELECT incident FROM incident WHERE id = ?1")?
        .query_row([incident.as_bytes()], |row| row.get(0))
        .optional()?;
    let incident: Option<onsite_wire::onsite::Incident> = text.and_then(|text| serde_json::from_str(&text).ok());
    Ok(incident.map(|incident| incident.alarms).unwrap_or_default())
}
