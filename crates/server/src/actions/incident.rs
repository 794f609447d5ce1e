//! What people do with incidents: open one, write in its chat, read it, solve, reopen, judge it (I1, I2, I4, I5).

use std::collections::BTreeMap;

use onsite_rules::action::{FEEDBACK, MESSAGE, OPEN_INCIDENT, READ_UP_TO, REOPEN, Refusal, SOLVE};
use onsite_rules::incident::{
    FeedbackBody, Mover, OpenBody, ReadBody, check_feedback, check_opening, is_under_way, may_write, moves, subscribed,
};
use onsite_rules::message::MessageBody;
use onsite_wire::codes::Code;
use onsite_wire::ids::{AlarmId, IncidentId, MessageId};
use onsite_wire::onsite::{
    ActionRequest, Author, AuthorKind, Capability, Feedback, Incident, IncidentChange, IncidentState, Position,
};

use super::decide::{Arrived, Effect, Stop};
use crate::access::Scope;
use crate::storage::{Feed, Kind, Line, Opening, Place, View, Write};

/// Where an incident would be that is opened by this request: at its device, if the person may see that.
pub(super) fn place_of_opening(view: &View<'_>, scope: &Scope, request: &ActionRequest) -> Result<Option<Place>, Stop> {
    let body = super::decide::body::<OpenBody>(request)?;
    let found = view.object(scope.organization, Kind::Device, body.device_id.0)?;
    Ok(found.map(|(stored, _)| stored.place).filter(|place| scope.sees(Kind::Device, *place)))
}

/// Does what a person did.
pub(super) fn apply(write: &mut Write<'_>, arrived: &Arrived<'_>) -> Result<Effect, Stop> {
    let name = arrived.kind.name;
    if name == OPEN_INCIDENT.name {
        return open(write, arrived);
    }
    let found = write.view().incident(arrived.scope.organization, IncidentId(arrived.request.subject.id))?;
    let (incident, _, _) = found.ok_or_else(|| Refusal::of(Code::NotFound).with("what", "subject"))?;
    if name == MESSAGE.name {
        message(write, arrived, incident)
    } else if name == READ_UP_TO.name {
        read(write, arrived, incident)
    } else if name == SOLVE.name {
        go(write, arrived, incident, IncidentState::Solved)
    } else if name == REOPEN.name {
        go(write, arrived, incident, IncidentState::Open)
    } else if name == FEEDBACK.name {
        feedback(write, arrived, incident)
    } else {
        Err(Refusal::of(Code::NotOffered).into())
    }
}

fn author(arrived: &Arrived<'_>) -> Author {
    Author { kind: AuthorKind::Person, id: Some(arrived.person), name: arrived.by_name.clone() }
}

fn effect(feed: Feed, offset: i64) -> Effect {
    let position = Position { feed: feed.name().to_owned(), offset };
    Effect { version: None, position: Some(position), details: BTreeMap::new() }
}

/// What a phone makes has an id of its own: one that is in use is somebody else's, and is not written over.
fn check_new(write: &Write<'_>, arrived: &Arrived<'_>, feed: Feed) -> Result<(), Stop> {
    if write.view().is_taken(arrived.scope.organization, feed, arrived.request.id.0)? {
        return Err(Refusal::of(Code::IdUsed).into());
    }
    Ok(())
}

fn open(write: &mut Write<'_>, arrived: &Arrived<'_>) -> Result<Effect, Stop> {
    let organization = arrived.scope.organization;
    let body: OpenBody = arrived.body()?;
    if arrived.request.subject.id != arrived.request.id.0 {
        return Err(Refusal::of(Code::BodyInvalid).with("detail", "the incident's id is the action's").into());
    }
    check_opening(&body)?;
    check_new(write, arrived, Feed::Incidents)?;
    let device = write.view().device(organization, body.device_id)?;
    subscribed(device.and_then(|(device, _, _)| device.subscription))?;
    if let Some(present) = write.view().under_way(organization, body.device_id)? {
        return Err(Refusal::of(Code::IncidentExists).with("incident", present).into());
    }
    let mut alarms: Vec<AlarmId> = Vec::new();
    for id in body.alarms {
        let known = write.view().alarm(organization, id)?;
        if known.is_some_and(|(alarm, _, _)| alarm.device_id == body.device_id) && !alarms.contains(&id) {
            alarms.push(id);
        }
    }
    let opening = Opening {
        id: IncidentId(arrived.request.id.0),
        device: body.device_id,
        subject: body.subject,
        description: body.description,
        alarms,
        by: author(arrived),
        at: write.now(),
    };
    Ok(effect(Feed::Incidents, write.open_incident(organization, opening)?))
}

fn message(write: &mut Write<'_>, arrived: &Arrived<'_>, mut incident: Incident) -> Result<Effect, Stop> {
    let organization = arrived.scope.organization;
    let body: MessageBody = arrived.body()?;
    check_new(write, arrived, Feed::Messages)?;
    let row = write.view().organization(organization)?;
    if body.photo.is_some() && !row.is_some_and(|row| row.capabilities.contains(&Capability::Photos)) {
        return Err(Refusal::of(Code::NotOffered).into());
    }
    body.check()?;
    may_write(incident.state)?;
    let line = Line {
        id: MessageId(arrived.request.id.0),
        author: author(arrived),
        text: body.text,
        change: None,
        photo: body.photo,
        made_at: arrived.made_at,
    };
    let offset = write.write_line(organization, &mut incident, line)?;
    write.put_incident(organization, &incident)?;
    Ok(effect(Feed::Messages, offset))
}

fn read(write: &mut Write<'_>, arrived: &Arrived<'_>, mut incident: Incident) -> Result<Effect, Stop> {
    let body: ReadBody = arrived.body()?;
    let news = write.read_chat(arrived.scope.organization, &mut incident, Some(arrived.person), body.up_to)?;
    Ok(match news {
        Some(offset) => effect(Feed::ReadPositions, offset),
        None => Effect { version: None, position: None, details: BTreeMap::new() },
    })
}

fn go(write: &mut Write<'_>, arrived: &Arrived<'_>, incident: Incident, to: IncidentState) -> Result<Effect, Stop> {
    let organization = arrived.scope.organization;
    moves(incident.state, to, Mover::Anyone, incident.closes_at, write.now())?;
    if is_under_way(to)
        && let Some(other) = write.view().under_way(organization, incident.device_id)?
        && other != incident.id
    {
        return Err(Refusal::of(Code::IncidentExists).with("incident", other).into());
    }
    let by = author(arrived);
    Ok(effect(Feed::Incidents, write.move_incident(organization, incident, to, &by)?))
}

fn feedback(write: &mut Write<'_>, arrived: &Arrived<'_>, mut incident: Incident) -> Result<Effect, Stop> {
    let organization = arrived.scope.organization;
    let body: FeedbackBody = arrived.body()?;
    let by = author(arrived);
    let present = incident.feedback.as_ref();
    let mine = present.is_some_and(|present| present.by.id == by.id);
    check_feedback(&body, incident.state, present, mine, arrived.made_at)?;
    let at = present.map_or(arrived.made_at, |present| present.at);
    incident.feedback = Some(Feedback { rating: body.rating, comment: body.comment, by: by.clone(), at });
    let now = write.now();
    // Edited, it stands once in the history, at the time of the last edit: whoever edits all day does not make it longer.
    incident.history.retain(|change| !(change.feedback && change.by.id == by.id));
    incident.history.push(IncidentChange { at: now, by, state: None, alarm: None, feedback: true });
    Ok(effect(Feed::Incidents, write.put_incident(organization, &incident)?))
}
