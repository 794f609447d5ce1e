//! An alarm as a list shows it.

use onsite_rules::clearing::shown_count;
use onsite_rules::severity::Shown;
use onsite_wire::ids::{AlarmId, DeviceId, OrganizationId};
use onsite_wire::onsite::SubjectKind;
use onsite_wire::rest::{AcknowledgementAspect, AssigneeKind, MuteAspect, MuteReason};
use rusqlite::{Connection, OptionalExtension, Row};
use uuid::Uuid;

use super::intake::from_text;
use super::mark::Status;
use super::search::json_list;
use crate::devices;
use crate::devices::directory::Directory;
use crate::store::Fault;
use crate::sync::overlays::{Overlays, Standing};
use crate::time::Timestamp;

/// One line of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlarmRow {
    /// The alarm.
    pub id: AlarmId,
    /// Its organization.
    pub organization: OrganizationId,
    /// Active or cleared.
    pub status: Status,
    /// Critical or warning.
    pub severity: Shown,
    /// Short title.
    pub label: String,
    /// Longer text.
    pub message: String,
    /// Its device.
    pub device: DeviceId,
    /// The device's name; empty while it was not seen yet.
    pub device_label: String,
    /// The names of the places above, from the site down: `Pier 4 › R-07`.
    pub place: String,
    /// Its category; empty for none.
    pub category: String,
    /// When it was activated.
    pub activated: Timestamp,
    /// When its condition went for good; `None` while active.
    pub cleared: Option<Cleared>,
    /// How often the condition occurred (A3).
    pub count: i32,
    /// Who is responsible.
    pub acknowledged: Option<AcknowledgedBy>,
    /// The mute that holds.
    pub muted: Option<MutedBy>,
    /// Where one's own action on it stands, if one still shapes what is seen (O3).
    pub own_action: Option<Standing>,
}

/// When an alarm's condition went for good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Cleared {
    /// At this time.
    At(Timestamp),
    /// While nobody looked: the server has forgotten the alarm since.
    TimeUnknown,
}

impl Cleared {
    /// Of the column `cleared`: a time, or, where that is not known, minus the time at which its absence was noticed. 0 is
    /// what an earlier version wrote for that.
    pub(super) const fn from_column(micros: i64) -> Self {
        if micros > 0 { Self::At(Timestamp::from_micros(micros)) } else { Self::TimeUnknown }
    }

    /// The time, where it is known.
    pub const fn at(self) -> Option<Timestamp> {
        match self {
            Self::At(at) => Some(at),
            Self::TimeUnknown => None,
        }
    }
}

/// Who is responsible, and how that came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AcknowledgedBy {
    /// A person or a partner.
    pub kind: AssigneeKind,
    /// A `PersonId` or `PartnerId`.
    pub id: Uuid,
    /// The name.
    pub name: String,
    /// The note; empty for none.
    pub note: String,
    /// Who made it so.
    pub by_name: String,
    /// When.
    pub at: Option<Timestamp>,
    /// The assignee's rights ended since.
    pub cannot_see: bool,
}

/// A mute that holds: who, why and until when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MutedBy {
    /// The end; `None`: until cleared.
    pub until: Option<Timestamp>,
    /// Why.
    pub reason: MuteReason,
    /// Words beside the reason.
    pub text: String,
    /// Who.
    pub by_name: String,
    /// The device whose mute it is; `None`: the alarm's own.
    pub device: Option<DeviceId>,
}

/// Who is responsible, by an aspect.
pub(super) fn acknowledged_by(aspect: &AcknowledgementAspect) -> Option<AcknowledgedBy> {
    let acknowledged = aspect.acknowledged.as_ref()?;
    Some(AcknowledgedBy {
        kind: acknowledged.assignee.kind,
        id: acknowledged.assignee.id,
        name: acknowledged.assignee.name.clone(),
        note: acknowledged.note.clone(),
        by_name: aspect.by_name.clone(),
        at: aspect.made_at,
        cannot_see: acknowledged.assignee_cannot_see,
    })
}

fn muted_by(aspect: &MuteAspect, device: Option<DeviceId>) -> Option<MutedBy> {
    let muted = aspect.muted.as_ref()?;
    Some(MutedBy {
        until: muted.until,
        reason: muted.reason,
        text: muted.text.clone(),
        by_name: aspect.by_name.clone(),
        device,
    })
}

/// Reads rows by their numbers, in one question; those that are gone are left out.
pub(super) fn read(
    cache: &Connection,
    directory: &Directory,
    overlays: &Overlays,
    numbers: &[i64],
    each: &mut dyn FnMut(i64, AlarmRow),
) -> Result<(), Fault> {
    let mut select = cache.prepare_cached(
        "SELECT alarm.id, organization, device, status, shown, label, message, category, recency, cleared, reactivations,
                acknowledgement, mute, mute_holds, muted, assignee IS NOT NULL, n
           FROM json_each(?1) AS wanted CROSS JOIN alarm ON n = wanted.value",
    )?;
    let mut rows = select.query([json_list(numbers.iter().copied())])?;
    while let Some(row) = rows.next()? {
        each(row.get(16)?, read_one(row, cache, directory, overlays)?);
    }
    Ok(())
}

fn read_one(row: &Row<'_>, cache: &Connection, directory: &Directory, overlays: &Overlays) -> Result<AlarmRow, Fault> {
    let device_number: i64 = row.get(2)?;
    let device = directory.device(device_number);
    let id: [u8; 16] = row.get(0)?;
    let organization = directory.organization(row.get(1)?);
    let mut alarm = AlarmRow {
        id: AlarmId::from_bytes(id),
        organization: organization.map_or(OrganizationId::from_bytes([0; 16]), |entry| entry.id),
        status: if row.get::<_, i64>(3)? == 0 { Status::Active } else { Status::Cleared },
        severity: if row.get::<_, i64>(4)? == 0 { Shown::Critical } else { Shown::Warning },
        label: row.get(5)?,
        message: row.get(6)?,
        device: device.map_or(DeviceId::from_bytes([0; 16]), |entry| entry.id),
        device_label: device.map_or_else(String::new, |entry| entry.label.to_string()),
        place: directory.path(directory.place_of(device_number)),
        category: directory.category(row.get(7)?).to_owned(),
        activated: Timestamp::from_micros(-row.get::<_, i64>(8)?),
        cleared: row.get::<_, Option<i64>>(9)?.map(Cleared::from_column),
        count: shown_count(row.get(10)?),
        acknowledged: None,
        muted: None,
        own_action: overlays.standing(SubjectKind::Alarm, Uuid::from_bytes(id)),
    };
    if row.get(15)?
        && let Some(aspect) = from_text::<AcknowledgementAspect>(row.get::<_, Option<String>>(11)?.as_deref())?
    {
        alarm.acknowledged = acknowledged_by(&aspect);
    }
    let own_mute: Option<String> = if row.get(13)? { row.get(12)? } else { None };
    alarm.muted = holding(cache, directory, device_number, own_mute.as_deref(), row.get(14)?)?;
    Ok(alarm)
}

/// The mute that holds for an alarm, its own before its device's; `None`: none does, or the alarm is not here.
pub(crate) fn mute_of(cache: &Connection, directory: &Directory, id: AlarmId) -> Result<Option<MutedBy>, Fault> {
    let found: Option<(i64, Option<String>, bool, bool)> = cache
        .prepare_cached("SELECT device, mute, mute_holds, muted FROM alarm WHERE id = ?1")?
        .query_row([id.bytes()], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))
        .optional()?;
    let Some((device, mute, holds, muted)) = found else { return Ok(None) };
    holding(cache, directory, device, mute.as_deref().filter(|_| holds), muted)
}

fn holding(
    cache: &Connection,
    directory: &Directory,
    device: i64,
    own: Option<&str>,
    muted: bool,
) -> Result<Option<MutedBy>, Fault> {
    match from_text::<MuteAspect>(own)? {
        Some(aspect) => Ok(muted_by(&aspect, None)),
        None if muted => muted_by_device(cache, directory, device),
        None => Ok(None),
    }
}

/// The mute of the nearest enclosing device that covers it.
pub(crate) fn muted_by_device(
    cache: &Connection,
    directory: &Directory,
    device: i64,
) -> Result<Option<MutedBy>, Fault> {
    for (n, entry) in directory.enclosing(device) {
        let holding: bool =
            cache.prepare_cached("SELECT mute_holds FROM device WHERE n = ?1")?.query_row([n], |row| row.get(0))?;
        if holding && let Some(aspect) = devices::mute::effective_mute(cache, n)? {
            return Ok(muted_by(&aspect, Some(entry.id)));
        }
    }
    Ok(None)
}
