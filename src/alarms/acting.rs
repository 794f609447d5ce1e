//! What a person does to alarms, as actions: made ready against what the person sees, checked by the rules that the server
//! has too, so that nothing is queued that would be refused for certain.

use std::time::Duration;

use onsite_rules::acknowledgement::{AcknowledgeBody, NOTE_LIMIT};
use onsite_rules::action::{ACKNOWLEDGE, Aspect, KINDS, Kind, MUTE, RELEASE, Refusal, UNMUTE};
use onsite_rules::mute::{self, MuteBody, Target, holds};
use onsite_rules::rights::{Permission, may};
use onsite_wire::codes::Code;
use onsite_wire::ids::{ActionId, AlarmId, DeviceId, LocationId, OrganizationId};
use onsite_wire::onsite::{Capability, MyOrganization, Subject, SubjectKind};
use onsite_wire::rest::{AcknowledgementAspect, Assignee, AssigneeKind, MuteAspect, MuteReason};
use rusqlite::OptionalExtension;
use serde_json::Value;

use super::filter::AlarmFilter;
use super::intake::from_text;
use crate::devices;
use crate::devices::directory::Directory;
use crate::error::Error;
use crate::people;
use crate::store::{Fault, Reading};
use crate::sync::outbox::{Draft, KindRules, SubjectName};
use crate::time::Timestamp;

/// The kinds of actions of this room. A change of one's mind before anything was sent takes the place of what was unsent.
pub(crate) fn kinds() -> Vec<KindRules> {
    KINDS
        .iter()
        .filter(|kind| kind.merge.aspect().is_some())
        .map(|kind| {
            let aspect = kind.merge.aspect();
            let same = |other: &&Kind| aspect.is_some() && other.merge.aspect() == aspect;
            KindRules::of(kind, &KINDS.iter().filter(same).collect::<Vec<_>>())
        })
        .collect()
}

/// Which alarms an action is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Chosen {
    /// These.
    These(Vec<AlarmId>),
    /// All that a filter leaves now (A13).
    AllOf(AlarmFilter),
}

/// Until when something is muted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MuteUntil {
    /// For this long from the press.
    For(Duration),
    /// Until this time.
    At(Timestamp),
    /// Until the alarm is cleared; not for devices.
    Cleared,
}

impl MuteUntil {
    /// The durations that shells offer (A9), in hours.
    pub const HOURS: [u64; 5] = [1, 4, 8, 24, 7 * 24];

    /// The end, made absolute at the press.
    pub(super) fn end(self, now: Timestamp) -> Option<Timestamp> {
        match self {
            Self::For(duration) => Some(now.plus_millis(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX))),
            Self::At(at) => Some(at),
            Self::Cleared => None,
        }
    }
}

/// What came of one press: an action for each alarm, and those that could not be.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Receipt {
    /// The actions that are on this phone now.
    pub actions: Vec<(Subject, ActionId)>,
    /// What was refused at once, and why.
    pub refused: Vec<(Subject, Error)>,
}

/// What a person does to an alarm or a device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Deed {
    /// Make somebody responsible, or change who or the note (A7).
    Acknowledge {
        /// Who becomes responsible.
        assignee: Assignee,
        /// The note; empty for none.
        note: String,
    },
    /// Take an acknowledgement back (A7).
    Release,
    /// Mute, or change the mute (A9).
    Mute {
        /// Until when.
        until: MuteUntil,
        /// Why.
        reason: MuteReason,
        /// Words beside the reason.
        text: String,
    },
    /// Lift a mute (A9).
    Unmute,
}

impl Deed {
    pub(super) const fn kind(&self) -> &'static Kind {
        match self {
            Self::Acknowledge { .. } => &ACKNOWLEDGE,
            Self::Release => &RELEASE,
            Self::Mute { .. } => &MUTE,
            Self::Unmute => &UNMUTE,
        }
    }

    const fn capability(&self) -> Capability {
        match self {
            Self::Acknowledge { .. } | Self::Release => Capability::Acknowledge,
            Self::Mute { .. } | Self::Unmute => Capability::Mute,
        }
    }
}

/// An alarm or device as it stands on this phone, with all that decides what may be done to it.
pub(super) struct Standing {
    pub(super) organization: OrganizationId,
    pub(super) mine: Option<MyOrganization>,
    pub(super) path: Vec<LocationId>,
    pub(super) cleared: bool,
    pub(super) acknowledgement: Option<AcknowledgementAspect>,
    pub(super) mute: Option<MuteAspect>,
    pub(super) name: SubjectName,
}

impl Standing {
    /// Of an alarm; `None` when the phone does not have it.
    pub(super) fn of_alarm(reading: &Reading<'_>, directory: &Directory, id: AlarmId) -> Result<Option<Self>, Fault> {
        let found: Option<(i64, i64, bool, Option<String>, Option<String>, String)> = reading
            .cache
            .prepare_cached(
                "SELECT organization, device, cleared IS NOT NULL, acknowledgement, mute, label FROM alarm WHERE id = ?1",
            )?
            .query_row([id.bytes()], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?))
            })
            .optional()?;
        let Some((organization, device, cleared, acknowledgement, mute, label)) = found else { return Ok(None) };
        let Some(organization) = directory.organization(organization) else { return Ok(None) };
        Ok(Some(Self {
            organization: organization.id,
            mine: people::mine(reading.cache, organization.id)?,
            path: path(directory, device),
            cleared,
            acknowledgement: from_text(acknowledgement.as_deref())?,
            mute: from_text(mute.as_deref())?,
            name: SubjectName { label, within: device_label(directory, device) },
        }))
    }

    /// Of a device; `None` when the phone does not have it.
    pub(super) fn of_device(reading: &Reading<'_>, directory: &Directory, id: DeviceId) -> Result<Option<Self>, Fault> {
        let Some(n) = directory.device_number(id) else { return Ok(None) };
        let Some(organization) = directory.device(n).and_then(|entry| directory.organization(entry.organization))
        else {
            return Ok(None);
        };
        Ok(Some(Self {
            organization: organization.id,
            mine: people::mine(reading.cache, organization.id)?,
            path: path(directory, n),
            cleared: false,
            acknowledgement: None,
            mute: devices::effective_mute(reading.cache, n)?,
            name: SubjectName { label: device_label(directory, n), within: String::new() },
        }))
    }

    /// The version of an aspect, as the person sees it; 0 where nobody has touched it yet.
    pub(super) fn version(&self, aspect: Aspect) -> i64 {
        match aspect {
            Aspect::Acknowledgement => self.acknowledgement.as_ref().map_or(0, |seen| seen.version),
            Aspect::Mute => self.mute.as_ref().map_or(0, |seen| seen.version),
        }
    }

    /// Whether the server offers it, and whether the person may.
    pub(super) fn offered(&self, capability: Capability, permission: Permission) -> Result<(), Code> {
        let Some(mine) = &self.mine else { return Err(Code::NotOffered) };
        if !mine.capabilities.contains(&capability) {
            return Err(Code::NotOffered);
        }
        if may(&mine.rights, &self.path, permission) { Ok(()) } else { Err(Code::NotAllowed) }
    }
}

fn device_label(directory: &Directory, n: i64) -> String {
    directory.device(n).map_or_else(String::new, |entry| entry.label.to_string())
}

fn path(directory: &Directory, device: i64) -> Vec<LocationId> {
    directory.above(directory.place_of(device)).map(|(_, entry)| entry.id).collect()
}

/// When an intention is over by itself, by the phone's wall clock: a mute's own end. The outbox measures by that clock.
pub(super) fn own_end(kind: &str, body: &Value, now: Timestamp, wall: Timestamp) -> Option<Timestamp> {
    let body: MuteBody = if kind == MUTE.name { serde_json::from_value(body.clone()).ok()? } else { return None };
    body.until.map(|end| wall.plus_millis(end.millis_since(now)))
}

/// What of a deed goes into the outbox for one subject.
pub(super) fn draft(
    reading: &Reading<'_>,
    standing: &Standing,
    subject: Subject,
    deed: &Deed,
    now: Timestamp,
    wall: Timestamp,
    id: ActionId,
) -> Result<Result<Draft, Error>, Fault> {
    if let Err(code) = standing.offered(deed.capability(), deed.kind().needs) {
        return Ok(Err(Error::new(code)));
    }
    let checked = match deed {
        Deed::Acknowledge { assignee, note } => {
            let chosen = chosen(reading, standing, assignee)?;
            acknowledge(assignee, note, &chosen)
        }
        Deed::Release if standing.acknowledgement.as_ref().is_none_or(|seen| seen.acknowledged.is_none()) => {
            Err(Refusal::of(Code::NotAcknowledged))
        }
        Deed::Mute { until, reason, text } => {
            let body = MuteBody { until: until.end(now), reason: *reason, text: text.clone() };
            mute_body(&body, standing, subject, now)
        }
        Deed::Unmute if standing.mute.as_ref().is_none_or(|seen| !holds(seen, standing.cleared, now)) => {
            Err(Refusal::of(Code::NotMuted))
        }
        Deed::Release | Deed::Unmute => Ok((Value::Object(serde_json::Map::new()), None)),
    };
    Ok(match checked {
        Err(Refusal { code, arguments }) => Err(Error { code, arguments }),
        Ok((body, expires_at)) => Ok(Draft {
            id,
            organization: standing.organization,
            kind: deed.kind().name.to_owned(),
            subject,
            body,
            seen: deed.kind().merge.aspect().map_or(0, |aspect| standing.version(aspect)),
            // The outbox measures by the phone's own clock.
            expires_at: expires_at.map(|end| wall.plus_millis(end.millis_since(now))),
            retry_of: None,
            name: standing.name.clone(),
        }),
    })
}

fn value(body: impl serde::Serialize) -> Result<Value, Refusal> {
    serde_json::to_value(body).map_err(|_| Refusal::of(Code::Internal).with("detail", "action body"))
}

type Checked = Result<(Value, Option<Timestamp>), Refusal>;

fn acknowledge(assignee: &Assignee, note: &str, chosen: &onsite_rules::acknowledgement::Chosen) -> Checked {
    if note.chars().count() > NOTE_LIMIT {
        return Err(Refusal::of(Code::TextTooLong).with("limit", NOTE_LIMIT));
    }
    let body = AcknowledgeBody { assignee: assignee.clone(), note: note.to_owned() };
    let done = onsite_rules::acknowledgement::acknowledged(&body, chosen.clone())?;
    Ok((value(AcknowledgeBody { assignee: done.assignee, note: done.note })?, None))
}

fn mute_body(body: &MuteBody, standing: &Standing, subject: Subject, now: Timestamp) -> Checked {
    let target = match subject.kind {
        SubjectKind::Alarm => Target::Alarm { cleared: standing.cleared },
        SubjectKind::Person => return Err(Refusal::of(Code::NotOffered)),
        SubjectKind::Device | SubjectKind::Incident => Target::Device,
    };
    mute::check(body, target, now)?;
    Ok((value(body)?, body.until))
}

/// What the phone knows of the one chosen.
pub(super) fn chosen(
    reading: &Reading<'_>,
    standing: &Standing,
    assignee: &Assignee,
) -> Result<onsite_rules::acknowledgement::Chosen, Fault> {
    use onsite_rules::acknowledgement::Chosen;
    if assignee.kind == AssigneeKind::Partner {
        let partner = standing.mine.as_ref().filter(|mine| mine.partner.is_some_and(|id| id.0 == assignee.id));
        return Ok(partner.map_or(Chosen::Unknown, |mine| Chosen::CanSee(mine.partner_name.clone())));
    }
    let people = people::of(reading.cache, standing.organization)?;
    Ok(match people.into_iter().find(|person| person.id.0 == assignee.id) {
        None if people::are_read(reading.cache, standing.organization)? => Chosen::Unknown,
        // Right after a sign-in, or after the cache began anew: the server knows.
        None => Chosen::CanSee(assignee.name.clone()),
        Some(person) if may(&person.rights, &standing.path, Permission::View) => Chosen::CanSee(person.name),
        Some(person) => Chosen::CannotSee(person.name),
    })
}
