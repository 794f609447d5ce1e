//! One alarm's own page: all that is known of it, and what may be done (A2).

use onsite_rules::rights::Permission;
use onsite_wire::codes::Code;
use onsite_wire::ids::{AlarmId, DeviceId, SensorId};
use onsite_wire::onsite::{Capability, SensorHistory};
use onsite_wire::rest::{Assignee, AssigneeKind, FloorPosition};
use rusqlite::OptionalExtension;

use super::acting::{Standing, chosen};
use super::intake::{Detail, from_text};
use super::row::{self, AlarmRow};
use crate::devices::directory::Directory;
use crate::devices::intake::DeviceDetail;
use crate::people;
use crate::store::{Fault, Reading};
use crate::sync::overlays::Overlays;
use crate::time::Timestamp;

/// Whether something is there for this person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Offer {
    /// It is.
    Offered,
    /// This server or subscription does not have it (A2: never empty, but "not offered here").
    NotOffered,
    /// The person's role does not allow it here.
    NotAllowed,
    /// Not for this alarm as it stands: it is cleared, or has no sensor.
    NotNow,
}

/// What may be done and seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Offers {
    /// Make somebody responsible.
    pub acknowledge: Offer,
    /// Mute the alarm.
    pub mute: Offer,
    /// Mute its device.
    pub mute_device: Offer,
    /// The sensor's plot around the alarm.
    pub plot: Offer,
    /// What people did to it.
    pub history: Offer,
    /// Categories.
    pub category: Offer,
    /// Its position on the floor plan.
    pub floor_position: Offer,
}

/// The device of an alarm, as the alarm's page names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceSummary {
    /// Its id.
    pub id: DeviceId,
    /// Its name.
    pub label: String,
    /// `UPS` …
    pub kind: String,
    /// Its model.
    pub model: String,
    /// Who made it.
    pub manufacturer: String,
    /// What only its own page shows.
    pub detail: DeviceDetail,
}

/// One alarm's own page.
#[derive(Debug, Clone, PartialEq)]
pub struct AlarmDetail {
    /// As the list shows it.
    pub row: AlarmRow,
    /// Its device; `None` while it was not seen yet.
    pub device: Option<DeviceSummary>,
    /// What to do, in order.
    pub recommended_actions: Vec<String>,
    /// Where the device stands on the floor plan.
    pub floor_position: Option<FloorPosition>,
    /// The sensor whose measurements raised it.
    pub sensor: Option<SensorId>,
    /// What may be done and seen.
    pub may: Offers,
}

/// Somebody who can, or cannot, be made responsible.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AssigneeChoice {
    /// Who.
    pub assignee: Assignee,
    /// It is oneself.
    pub me: bool,
    /// May see the alarm; who may not cannot be chosen.
    pub can_see: bool,
}

/// A sensor around an alarm.
#[derive(Debug, Clone, PartialEq)]
pub struct Plot {
    /// The numbers.
    pub history: SensorHistory,
    /// When the alarm was activated.
    pub alarm_from: Timestamp,
    /// When it was cleared; `None` while active, and where that is not known.
    pub alarm_to: Option<Timestamp>,
    /// When this was asked of the server; it may have been a while ago.
    pub seen_at: Timestamp,
}

/// Reads one alarm's page; `None` when the phone does not have the alarm.
pub(super) fn read(
    reading: &Reading<'_>,
    directory: &Directory,
    overlays: &Overlays,
    id: AlarmId,
) -> Result<Option<AlarmDetail>, Fault> {
    let found: Option<(i64, i64, Option<String>)> = reading
        .cache
        .prepare_cached("SELECT n, device, detail FROM alarm WHERE id = ?1")?
        .query_row([id.bytes()], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .optional()?;
    let Some((n, device, detail)) = found else { return Ok(None) };
    let mut found = None;
    row::read(reading.cache, directory, overlays, &[n], &mut |_, row| found = Some(row))?;
    let Some(row) = found else { return Ok(None) };
    let Some(standing) = Standing::of_alarm(reading, directory, id)? else { return Ok(None) };
    let detail: Detail = from_text(detail.as_deref())?.unwrap_or_default();
    let may = offers(&standing, &detail);
    Ok(Some(AlarmDetail {
        row,
        device: summary(reading, directory, device)?,
        recommended_actions: detail.recommended_actions,
        floor_position: detail.floor_position,
        sensor: detail.sensor_id,
        may,
    }))
}

fn summary(reading: &Reading<'_>, directory: &Directory, n: i64) -> Result<Option<DeviceSummary>, Fault> {
    let Some(entry) = directory.device(n) else { return Ok(None) };
    let detail: Option<String> = reading
        .cache
        .prepare_cached("SELECT detail FROM device WHERE n = ?1")?
        .query_row([n], |row| row.get(0))
        .optional()?;
    Ok(Some(DeviceSummary {
        id: entry.id,
        label: entry.label.to_string(),
        kind: entry.kind.to_string(),
        model: entry.model.to_string(),
        manufacturer: entry.manufacturer.to_string(),
        detail: from_text(detail.as_deref())?.unwrap_or_default(),
    }))
}

fn offers(standing: &Standing, detail: &Detail) -> Offers {
    let offer = |capability, permission| match standing.offered(capability, permission) {
        Ok(()) => Offer::Offered,
        Err(Code::NotOffered) => Offer::NotOffered,
        Err(_) => Offer::NotAllowed,
    };
    let unless = |offer, not_now| if offer == Offer::Offered && not_now { Offer::NotNow } else { offer };
    let mute = offer(Capability::Mute, Permission::Mute);
    Offers {
        acknowledge: offer(Capability::Acknowledge, Permission::Acknowledge),
        mute: unless(mute, standing.cleared),
        mute_device: mute,
        plot: unless(offer(Capability::SensorHistory, Permission::View), detail.sensor_id.is_none()),
        history: offer(Capability::AlarmHistory, Permission::View),
        category: offer(Capability::Category, Permission::View),
        floor_position: unless(offer(Capability::FloorPosition, Permission::View), detail.floor_position.is_none()),
    }
}

/// Everybody of the alarm's organization and its partner: oneself first, then by name.
pub(super) fn assignees(
    reading: &Reading<'_>,
    directory: &Directory,
    me: Option<uuid::Uuid>,
    id: AlarmId,
) -> Result<Vec<AssigneeChoice>, Fault> {
    use onsite_rules::acknowledgement::Chosen;
    let Some(standing) = Standing::of_alarm(reading, directory, id)? else { return Ok(Vec::new()) };
    let mut choices = Vec::new();
    for person in people::of(reading.cache, standing.organization)? {
        let assignee = Assignee { kind: AssigneeKind::Person, id: person.id.0, name: person.name };
        let can_see = matches!(chosen(reading, &standing, &assignee)?, Chosen::CanSee(_));
        choices.push(AssigneeChoice { me: me == Some(assignee.id), assignee, can_see });
    }
    choices.sort_by_key(|choice| !choice.me);
    if let Some(mine) = &standing.mine
        && let Some(partner) = mine.partner
    {
        let assignee = Assignee { kind: AssigneeKind::Partner, id: partner.0, name: mine.partner_name.clone() };
        choices.push(AssigneeChoice { assignee, me: false, can_see: true });
    }
    Ok(choices)
}
