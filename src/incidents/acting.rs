//! What a person does in incidents, as actions: checked by the rules that the server has too, so that nothing is queued that
//! would be refused for certain.

use onsite_rules::action::{FEEDBACK, Kind, MESSAGE, OPEN_INCIDENT, READ_UP_TO, REOPEN, Refusal, SOLVE};
use onsite_rules::incident::{
    FeedbackBody, Mover, OpenBody, ReadBody, check_feedback, check_opening, may_write, moves, subscribed,
};
use onsite_rules::message::MessageBody;
use onsite_rules::rights::{Permission, may};
use onsite_wire::codes::Code;
use onsite_wire::ids::{DeviceId, IncidentId, LocationId, OrganizationId, PersonId};
use onsite_wire::onsite::{Capability, Incident, IncidentState, MyOrganization, SubjectKind};
use rusqlite::OptionalExtension;
use serde_json::Value;

use super::shape::{number, read_text, seen_state};
use crate::devices::directory::{Directory, Presence};
use crate::people;
use crate::store::{Fault, Reading};
use crate::sync::outbox::{KindRules, SubjectName};
use crate::sync::overlays::Overlays;
use crate::time::Timestamp;

/// The kinds of actions of this room. A change of one's mind before anything was sent takes the place of what was unsent;
/// every message stays.
pub(crate) fn kinds() -> Vec<KindRules> {
    vec![
        KindRules::of(&OPEN_INCIDENT, &[]),
        KindRules::of(&MESSAGE, &[]),
        KindRules::of(&READ_UP_TO, &[&READ_UP_TO]),
        KindRules::of(&SOLVE, &[]),
        KindRules::of(&REOPEN, &[]),
        KindRules::of(&FEEDBACK, &[&FEEDBACK]),
    ]
}

/// What is done to an incident.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Deed {
    Write(MessageBody),
    ReadUpTo(i64),
    Solve,
    Reopen,
    Judge(FeedbackBody),
}

impl Deed {
    pub(super) const fn kind(&self) -> &'static Kind {
        match self {
            Self::Write(_) => &MESSAGE,
            Self::ReadUpTo(_) => &READ_UP_TO,
            Self::Solve => &SOLVE,
            Self::Reopen => &REOPEN,
            Self::Judge(_) => &FEEDBACK,
        }
    }
}

/// An incident as it stands on this phone, with all that decides what may be done to it.
pub(super) struct Standing {
    pub(super) organization: OrganizationId,
    pub(super) mine: Option<MyOrganization>,
    pub(super) path: Vec<LocationId>,
    /// As the server said last, or as it was opened here.
    pub(super) incident: Incident,
    /// With what the person did since.
    pub(super) state: IncidentState,
    /// An opening that the server refused: nothing can be done in it.
    pub(super) refused: bool,
    pub(super) me: Option<PersonId>,
    /// What the person sees it called.
    pub(super) name: SubjectName,
}

impl Standing {
    /// Of an incident; `None` when the phone does not have it.
    pub(super) fn of(
        reading: &Reading<'_>,
        directory: &Directory,
        overlays: &Overlays,
        id: IncidentId,
    ) -> Result<Option<Self>, Fault> {
        let Some(n) = number(reading.cache, id)? else { return Ok(None) };
        let found: Option<(i64, i64, String)> = reading
            .cache
            .prepare_cached("SELECT organization, device, incident FROM incident WHERE n = ?1")?
            .query_row([n], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
            .optional()?;
        let Some((organization, device, text)) = found else { return Ok(None) };
        let Some(organization) = directory.organization(organization) else { return Ok(None) };
        let incident: Incident = read_text(&text)?;
        let pending = overlays.of(SubjectKind::Incident, id.0);
        Ok(Some(Self {
            organization: organization.id,
            mine: people::mine(reading.cache, organization.id)?,
            path: directory.above(directory.place_of(device)).map(|(_, entry)| entry.id).collect(),
            state: seen_state(incident.state, &pending),
            refused: pending.iter().any(|action| action.kind == OPEN_INCIDENT.name && action.parked.is_some()),
            name: SubjectName { label: incident.subject.clone(), within: device_label(directory, device) },
            incident,
            me: overlays.person(),
        }))
    }

    /// Whether a deed is possible now, and its body.
    pub(super) fn body(&self, deed: &Deed, now: Timestamp) -> Result<Value, Refusal> {
        offered(self.mine.as_ref(), &self.path, deed.kind().needs)?;
        if self.refused {
            return Err(Refusal::of(Code::EarlierNotApplied).with("action", self.incident.id));
        }
        match deed {
            Deed::Write(body) => {
                if body.photo.is_some() {
                    self.takes_photos()?;
                }
                body.check()?;
                may_write(self.state)?;
                value(body)
            }
            Deed::ReadUpTo(up_to) => value(ReadBody { up_to: *up_to }),
            Deed::Solve => self.go(IncidentState::Solved, now),
            Deed::Reopen => self.go(IncidentState::Open, now),
            Deed::Judge(body) => {
                let present = self.incident.feedback.as_ref();
                let mine = present.is_some_and(|present| present.by.id.is_some() && present.by.id == self.me);
                check_feedback(body, self.state, present, mine, now)?;
                value(body)
            }
        }
    }

    /// Whether the server takes photos.
    pub(super) fn takes_photos(&self) -> Result<(), Refusal> {
        let offers = |mine: &MyOrganization| mine.capabilities.contains(&Capability::Photos);
        if self.mine.as_ref().is_some_and(offers) { Ok(()) } else { Err(Refusal::of(Code::NotOffered)) }
    }

    fn go(&self, to: IncidentState, now: Timestamp) -> Result<Value, Refusal> {
        let closes_at = self.incident.closes_at.filter(|_| self.state == self.incident.state);
        moves(self.state, to, Mover::Anyone, closes_at, now)?;
        Ok(Value::Object(serde_json::Map::new()))
    }
}

fn device_label(directory: &Directory, device: i64) -> String {
    directory.device(device).map_or_else(String::new, |entry| entry.label.to_string())
}

/// Whether the server offers incidents, and whether the person may do it there.
pub(super) fn offered(
    mine: Option<&MyOrganization>,
    path: &[LocationId],
    permission: Permission,
) -> Result<(), Refusal> {
    let mine = mine.filter(|mine| mine.capabilities.contains(&Capability::Incidents));
    let mine = mine.ok_or_else(|| Refusal::of(Code::NotOffered))?;
    if may(&mine.rights, path, permission) { Ok(()) } else { Err(Refusal::of(Code::NotAllowed)) }
}

fn value(body: impl serde::Serialize) -> Result<Value, Refusal> {
    serde_json::to_value(body).map_err(|_| Refusal::of(Code::Internal).with("detail", "action body"))
}

/// What is known of a device on which somebody wants to open an incident.
pub(super) struct Ground {
    pub(super) organization: OrganizationId,
    /// The device's name.
    pub(super) label: String,
    /// The incident of the device that is under way.
    pub(super) under_way: Option<IncidentId>,
}

/// Whether an incident could be opened on a device: offered, allowed, subscribed (known without signal).
pub(super) fn ground(
    reading: &Reading<'_>,
    directory: &Directory,
    device: DeviceId,
) -> Result<Result<Ground, Refusal>, Fault> {
    let Some((n, entry)) = directory.device_number(device).and_then(|n| Some((n, directory.device(n)?))) else {
        return Ok(Err(Refusal::of(Code::NotFound).with("what", "device")));
    };
    let Some(organization) = directory.organization(entry.organization) else {
        return Ok(Err(Refusal::of(Code::NotFound).with("what", "device")));
    };
    let mine = people::mine(reading.cache, organization.id)?;
    let path: Vec<LocationId> = directory.above(directory.place_of(n)).map(|(_, entry)| entry.id).collect();
    if let Err(refusal) = offered(mine.as_ref(), &path, Permission::Incidents) {
        return Ok(Err(refusal));
    }
    // A device that was not seen yet may have any subscription: the server knows.
    if entry.presence == Presence::Present
        && let Err(refusal) = subscribed(Some(entry.subscription))
    {
        return Ok(Err(refusal));
    }
    let under_way: Option<[u8; 16]> = reading
        .cache
        .prepare_cached("SELECT id FROM incident WHERE device = ?1 AND state < 3 ORDER BY recency LIMIT 1")?
        .query_row([n], |row| row.get(0))
        .optional()?;
    Ok(Ok(Ground {
        organization: organization.id,
        label: entry.label.to_string(),
        under_way: under_way.map(IncidentId::from_bytes),
    }))
}

/// The body of an opening, if it may be.
pub(super) fn opening(ground: &Ground, body: &OpenBody) -> Result<Value, Refusal> {
    check_opening(body)?;
    if let Some(present) = ground.under_way {
        return Err(Refusal::of(Code::IncidentExists).with("incident", present));
    }
    value(body)
}
