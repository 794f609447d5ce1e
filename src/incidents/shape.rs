//! What a person sees of an incident: the server's value with the person's own pending actions laid over it, and behind the
//! server's messages the person's own that are not in its order yet.

use std::collections::BTreeMap;

use onsite_rules::action::{MESSAGE, OPEN_INCIDENT, READ_UP_TO, REOPEN, SOLVE};
use onsite_rules::incident::{OpenBody, ReadBody, unread};
use onsite_rules::message::MessageBody;
use onsite_wire::ids::{ActionId, IncidentId, MessageId, OrganizationId, PersonId};
use onsite_wire::onsite::{
    Author, AuthorKind, Incident, IncidentChange, IncidentState, Message, Photo, PhotoFacts, PhotoState, Subject,
    SubjectKind,
};
use rusqlite::{Connection, OptionalExtension};
use serde::de::DeserializeOwned;

use super::chat::{ChatMark, MessagesChanged};
use super::list::{IncidentMark, IncidentsChanged};
use crate::devices::intake::device_number;
use crate::store::{Changes, Fault};
use crate::sync::feed::organization_number;
use crate::sync::overlays::{Pending, Standing};

/// Before this place stand the person's own messages that the server has not put in its order.
const OWN_BEGIN: i64 = -(1 << 62);

/// A state as its column.
pub(super) fn state_column(state: IncidentState) -> i64 {
    let at = IncidentState::ALL.iter().position(|known| *known == state);
    at.and_then(|at| i64::try_from(at).ok()).unwrap_or_default()
}

pub(super) fn state_from_column(value: i64) -> IncidentState {
    let at = usize::try_from(value).ok();
    at.and_then(|at| IncidentState::ALL.get(at).copied()).unwrap_or(IncidentState::Open)
}

pub(super) fn read_text<T: DeserializeOwned>(text: &str) -> Result<T, Fault> {
    serde_json::from_str(text).map_err(|_| Fault::Value("incident"))
}

pub(super) fn write_text<T: serde::Serialize>(value: &T) -> Result<String, Fault> {
    serde_json::to_string(value).map_err(|_| Fault::Value("incident"))
}

/// The body of an action, if it is of this kind.
fn body<T: DeserializeOwned>(pending: &Pending, kind: &str) -> Option<T> {
    (pending.kind == kind).then(|| T::deserialize(&pending.body).ok()).flatten()
}

/// The row number of an incident.
pub(super) fn number(cache: &Connection, id: IncidentId) -> Result<Option<i64>, Fault> {
    Ok(cache
        .prepare_cached("SELECT n FROM incident WHERE id = ?1")?
        .query_row([id.bytes()], |row| row.get(0))
        .optional()?)
}

/// The state that is seen: what the person did lately counts, what was parked does not.
pub(super) fn seen_state(server: IncidentState, pending: &[Pending]) -> IncidentState {
    pending.iter().filter(|action| action.parked.is_none()).fold(server, |state, action| match action.kind.as_str() {
        kind if kind == SOLVE.name => IncidentState::Solved,
        kind if kind == REOPEN.name => IncidentState::Open,
        _ => state,
    })
}

/// Computes the effective columns of an incident anew. `None`: it is not here.
pub(super) fn reshape(
    cache: &Connection,
    id: IncidentId,
    me: Option<PersonId>,
    pending: &[Pending],
    changed: &mut IncidentsChanged,
) -> Result<(), Fault> {
    let Some(n) = number(cache, id)? else { return Ok(()) };
    let before = IncidentMark::of(cache, n)?;
    let text: String =
        cache.prepare_cached("SELECT incident FROM incident WHERE n = ?1")?.query_row([n], |row| row.get(0))?;
    let incident: Incident = read_text(&text)?;
    let live = || pending.iter().filter(|action| action.parked.is_none());
    let is_me = |author: &Author| author.id.is_some() && author.id == me;
    let acts = live().any(|action| action.kind != READ_UP_TO.name);
    let takes_part = acts || incident.participants.iter().any(is_me);
    let read_up_to: i64 = cache
        .prepare_cached("SELECT coalesce(max(up_to), 0) FROM read_position WHERE incident = ?1")?
        .query_row([id.bytes()], |row| row.get(0))?;
    let read_here = live().filter_map(|action| body::<ReadBody>(action, READ_UP_TO.name)).map(|body| body.up_to).max();
    let read_up_to = read_up_to.max(read_here.unwrap_or(0));
    let held: i64 = cache
        .prepare_cached("SELECT coalesce(max(number), 0) FROM message WHERE incident = ?1 AND number IS NOT NULL")?
        .query_row([id.bytes()], |row| row.get(0))?;
    let last = held.max(incident.last_message);
    let own_behind: i64 = cache
        .prepare_cached(
            "SELECT count(*) FROM message
              WHERE incident = ?1 AND mine = 1 AND number IS NOT NULL AND number > ?2",
        )?
        .query_row((id.bytes(), read_up_to), |row| row.get(0))?;
    cache
        .prepare_cached("UPDATE incident SET state = ?2, takes_part = ?3, unread = ?4, last_message = ?5 WHERE n = ?1")?
        .execute((
            n,
            state_column(seen_state(incident.state, pending)),
            takes_part,
            unread(last, read_up_to, own_behind),
            last,
        ))?;
    changed.push(before, IncidentMark::of(cache, n)?);
    Ok(())
}

/// Lays what a person did to an incident over it anew: a new one appears, own messages stand behind the server's.
pub(crate) fn overlay(
    cache: &Connection,
    changes: &mut Changes,
    organization: OrganizationId,
    id: IncidentId,
    me: Option<PersonId>,
    pending: &[Pending],
) -> Result<(), Fault> {
    let organization = organization_number(cache, organization)?;
    let mut incidents = IncidentsChanged::default();
    let mut messages = MessagesChanged::default();
    opened_here(cache, organization, id, pending, &mut incidents)?;
    own_messages(cache, organization, id, pending, &mut messages)?;
    reshape(cache, id, me, pending, &mut incidents)?;
    incidents.note(changes);
    messages.note(changes);
    Ok(())
}

fn author(action: &Pending) -> Author {
    Author { kind: AuthorKind::Person, id: Some(action.by), name: action.by_name.clone() }
}

/// An incident that was opened on this phone stands in the lists from then on, also one that was refused, until the person
/// lets go of it.
fn opened_here(
    cache: &Connection,
    organization: i64,
    id: IncidentId,
    pending: &[Pending],
    changed: &mut IncidentsChanged,
) -> Result<(), Fault> {
    let opening = pending.iter().find_map(|action| Some((action, body::<OpenBody>(action, OPEN_INCIDENT.name)?)));
    let known = number(cache, id)?;
    match (known, opening) {
        (None, Some((action, body))) => {
            let device = device_number(cache, organization, body.device_id)?;
            let incident = newborn(id, action, body);
            let text = write_text(&incident)?;
            let at = -incident.opened_at.micros();
            cache
                .prepare_cached(
                    "INSERT INTO incident (id, organization, device, state, recency, incident, revision)
                     VALUES (?1, ?2, ?3, 0, ?4, ?5, 0)",
                )?
                .execute((id.bytes(), organization, device, at, text))?;
            changed.push(None, IncidentMark::of(cache, cache.last_insert_rowid())?);
        }
        (Some(n), None) if pending.is_empty() => {
            let before = IncidentMark::of(cache, n)?;
            let gone = cache.prepare_cached("DELETE FROM incident WHERE n = ?1 AND revision = 0")?.execute([n])?;
            if gone > 0 {
                changed.push(before, None);
            }
        }
        _ => {}
    }
    Ok(())
}

fn newborn(id: IncidentId, action: &Pending, body: OpenBody) -> Incident {
    let by = author(action);
    let at = action.made_at;
    Incident {
        id,
        device_id: body.device_id,
        subject: body.subject,
        description: body.description,
        state: IncidentState::New,
        opened_at: at,
        opened_by: by.clone(),
        alarms: body.alarms,
        agent: String::new(),
        closes_at: None,
        last_message: 0,
        last_at: at,
        history: vec![IncidentChange {
            at,
            by: by.clone(),
            state: Some(IncidentState::New),
            alarm: None,
            feedback: false,
        }],
        participants: vec![by],
        read_furthest: Vec::new(),
        feedback: None,
        revision: 0,
    }
}

/// Lays the person's own messages that are not in the server's order behind it.
pub(super) fn own_messages(
    cache: &Connection,
    organization: i64,
    id: IncidentId,
    pending: &[Pending],
    changed: &mut MessagesChanged,
) -> Result<(), Fault> {
    let standing: Vec<(i64, [u8; 16])> = cache
        .prepare_cached("SELECT n, id FROM message INDEXED BY message_own WHERE incident = ?1 AND number IS NULL")?
        .query_map([id.bytes()], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<rusqlite::Result<_>>()?;
    for (n, message) in standing {
        let wanted = pending.iter().any(|action| *action.id.bytes() == message && action.kind == MESSAGE.name);
        if !wanted {
            let before = ChatMark::of(cache, n)?;
            cache.prepare_cached("DELETE FROM message WHERE n = ?1")?.execute([n])?;
            changed.push(before, None);
        }
    }
    for action in pending {
        if let Some(body) = body::<MessageBody>(action, MESSAGE.name) {
            own_message(cache, organization, id, action, body, changed)?;
        }
    }
    Ok(())
}

/// One of the person's own messages. One that the server's order has already stays there: the echo came before the answer.
fn own_message(
    cache: &Connection,
    organization: i64,
    incident: IncidentId,
    action: &Pending,
    body: MessageBody,
    changed: &mut MessagesChanged,
) -> Result<(), Fault> {
    let column = match (action.parked, action.standing) {
        (Some(_), _) => 3,
        (None, Standing::OnPhone) => 1,
        (None, Standing::OnServer) => 2,
    };
    let code = action.parked.map(onsite_wire::codes::Code::as_str);
    let before = by_id(cache, action.id)?;
    if let Some((n, in_order)) = before {
        if in_order {
            return Ok(());
        }
        let mark = ChatMark::of(cache, n)?;
        cache.prepare_cached("UPDATE message SET standing = ?2, code = ?3 WHERE n = ?1")?.execute((n, column, code))?;
        changed.push(mark, mark);
        return Ok(());
    }
    let first: Option<i64> = cache
        .prepare_cached("SELECT min(place) FROM message INDEXED BY message_own WHERE incident = ?1 AND number IS NULL")?
        .query_row([incident.bytes()], |row| row.get(0))?;
    let message = Message {
        id: MessageId(action.id.0),
        incident_id: incident,
        number: 0,
        author: author(action),
        text: body.text,
        change: None,
        photo: body.photo.map(waiting),
        made_at: action.made_at,
        arrived_at: action.made_at,
        revision: 0,
    };
    cache
        .prepare_cached(
            "INSERT INTO message (id, organization, incident, place, mine, standing, code, message, revision)
             VALUES (?1, ?2, ?3, ?4, 1, ?5, ?6, ?7, 0)",
        )?
        .execute((
            action.id.bytes(),
            organization,
            incident.bytes(),
            first.unwrap_or(OWN_BEGIN).min(OWN_BEGIN) - 1,
            column,
            code,
            write_text(&message)?,
        ))?;
    changed.push(None, ChatMark::of(cache, cache.last_insert_rowid())?);
    Ok(())
}

const fn waiting(facts: PhotoFacts) -> Photo {
    Photo { facts, state: PhotoState::Waiting, reason: None, arguments: BTreeMap::new() }
}

/// The photo of a message, as far as this phone knows.
pub(super) fn photo(cache: &Connection, id: MessageId) -> Result<Option<Photo>, Fault> {
    let text: Option<String> = cache
        .prepare_cached("SELECT message FROM message WHERE id = ?1")?
        .query_row([id.bytes()], |row| row.get(0))
        .optional()?;
    text.map_or(Ok(None), |text| Ok(read_text::<Message>(&text)?.photo))
}

/// Where the bytes of a message's photo are, as far as this phone knows.
pub(crate) fn photo_state(cache: &Connection, id: MessageId) -> Result<Option<PhotoState>, Fault> {
    Ok(photo(cache, id)?.map(|photo| photo.state))
}

fn by_id(cache: &Connection, id: ActionId) -> Result<Option<(i64, bool)>, Fault> {
    Ok(cache
        .prepare_cached("SELECT n, number IS NOT NULL FROM message WHERE id = ?1")?
        .query_row([id.bytes()], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?)
}

/// The incidents over which something of the person's own was laid.
pub(crate) fn covered(cache: &Connection) -> Result<Vec<(OrganizationId, Subject)>, Fault> {
    let mut select = cache.prepare_cached(
        "SELECT organization.id, own.incident
           FROM (SELECT organization, incident FROM message WHERE number IS NULL
                 UNION SELECT organization, id FROM incident) AS own
           JOIN organization ON organization.n = own.organization",
    )?;
    let rows = select.query_map([], |row| {
        let subject = Subject { kind: SubjectKind::Incident, id: uuid::Uuid::from_bytes(row.get(1)?) };
        Ok((OrganizationId::from_bytes(row.get(0)?), subject))
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}
