//! An incident as a list shows it, and a message as its chat does.

use onsite_rules::photo::strip_preview;
use onsite_wire::codes::Code;
use onsite_wire::ids::{DeviceId, IncidentId, MessageId, OrganizationId};
use onsite_wire::onsite::{Author, Incident, IncidentState, Message, Photo, SubjectKind};
use rusqlite::{Connection, OptionalExtension};

use super::shape::{read_text, state_from_column};
use crate::devices::directory::Directory;
use crate::store::Fault;
use crate::sync::overlays::{Overlays, Standing};
use crate::time::Timestamp;

/// One line of the list of incidents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IncidentRow {
    /// The incident.
    pub id: IncidentId,
    /// Its organization.
    pub organization: OrganizationId,
    /// Where it is in its life, the person's own moves included.
    pub state: IncidentState,
    /// What it is about.
    pub subject: String,
    /// Its device.
    pub device: DeviceId,
    /// The device's name; empty while it was not seen yet.
    pub device_label: String,
    /// The names of the places above, from the site down.
    pub place: String,
    /// When it was opened.
    pub opened: Timestamp,
    /// When something happened in it last.
    pub last: Timestamp,
    /// How many alarms it names.
    pub alarms: usize,
    /// The agent who owns it; empty while nobody does.
    pub agent: String,
    /// How many messages of others the person has not read.
    pub unread: i64,
    /// Until when it can be reopened, while it is solved.
    pub closes: Option<Timestamp>,
    /// It is on this phone only: the server has not opened it yet, or refused to.
    pub on_phone: bool,
    /// Where one's own action on it stands, if one still shapes what is seen (O3).
    pub own_action: Option<Standing>,
}

/// Where one's own message stands (I4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    /// On this phone.
    OnPhone,
    /// On the server.
    OnServer,
    /// Somebody else has read it.
    Read,
    /// It was not taken, and why; its text stays until the person decides.
    Parked(Code),
}

/// One line of a chat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChatRow {
    /// The message. One's own that is not taken yet has the id of its action.
    pub id: MessageId,
    /// Its place in the server's order; `None`: one's own, which stands behind.
    pub number: Option<i64>,
    /// Who wrote it.
    pub author: Author,
    /// One wrote it oneself.
    pub mine: bool,
    /// The words; empty for a change of state, and for a photo without any.
    pub text: String,
    /// The state from here on.
    pub change: Option<IncidentState>,
    /// Its photo; where one's own is on its way, [`crate::account::Account::photos`] tells.
    pub photo: Option<Photo>,
    /// When it was written.
    pub made: Timestamp,
    /// Where one's own message stands; `None` for others'.
    pub delivery: Option<Delivery>,
    /// So many messages right before this one are not on this phone: a gap, which can be filled.
    pub missing_before: i64,
}

/// Reads incidents by their numbers.
pub(super) fn incident(
    cache: &Connection,
    directory: &Directory,
    overlays: &Overlays,
    n: i64,
) -> Result<Option<IncidentRow>, Fault> {
    let found = cache
        .prepare_cached(
            "SELECT id, organization, device, state, recency, unread, incident, revision FROM incident WHERE n = ?1",
        )?
        .query_row([n], |row| {
            let numbers: (i64, i64, i64, i64, i64, i64) =
                (row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?, row.get(7)?);
            Ok((IncidentId::from_bytes(row.get(0)?), numbers, row.get::<_, String>(6)?))
        })
        .optional()?;
    let Some((id, (organization, device_number, state, recency, unread, revision), text)) = found else {
        return Ok(None);
    };
    let incident: Incident = read_text(&text)?;
    let device = directory.device(device_number);
    let state = state_from_column(state);
    Ok(Some(IncidentRow {
        id,
        organization: directory
            .organization(organization)
            .map_or(OrganizationId::from_bytes([0; 16]), |found| found.id),
        state,
        subject: incident.subject,
        device: incident.device_id,
        device_label: device.map_or_else(String::new, |entry| entry.label.to_string()),
        place: directory.path(directory.place_of(device_number)),
        opened: incident.opened_at,
        last: Timestamp::from_micros(-recency),
        alarms: incident.alarms.len(),
        agent: incident.agent,
        unread,
        closes: incident.closes_at.filter(|_| state == IncidentState::Solved),
        on_phone: revision == 0,
        own_action: overlays.standing(SubjectKind::Incident, id.0),
    }))
}

/// A photo whose preview may be drawn: the shell's decoders get nothing that says it is huge.
fn drawable(mut photo: Photo) -> Photo {
    photo.facts.preview = photo.facts.preview.filter(|preview| strip_preview(preview).is_ok());
    photo
}

/// Reads a message by its number in the store.
pub(super) fn message(cache: &Connection, n: i64, others_read: i64) -> Result<Option<ChatRow>, Fault> {
    let found = cache
        .prepare_cached(
            "SELECT message, number, mine, standing, code,
                    number - 1 - coalesce((SELECT max(earlier.number) FROM message AS earlier
                                            WHERE earlier.incident = message.incident
                                              AND earlier.number IS NOT NULL AND earlier.number < message.number), 0)
               FROM message WHERE n = ?1",
        )?
        .query_row([n], |row| {
            let numbers: (Option<i64>, bool, i64, Option<i64>) = (row.get(1)?, row.get(2)?, row.get(3)?, row.get(5)?);
            Ok((row.get::<_, String>(0)?, numbers, row.get::<_, Option<String>>(4)?))
        })
        .optional()?;
    let Some((text, (number, mine, standing, missing), code)) = found else { return Ok(None) };
    let message: Message = read_text(&text)?;
    let delivery = match standing {
        1 => Delivery::OnPhone,
        3 => Delivery::Parked(Code::from_wire(code.as_deref().unwrap_or_default())),
        _ if number.is_some_and(|number| number <= others_read) => Delivery::Read,
        _ => Delivery::OnServer,
    };
    Ok(Some(ChatRow {
        id: message.id,
        number,
        author: message.author,
        mine,
        text: message.text,
        change: message.change,
        photo: message.photo.map(drawable),
        made: message.made_at,
        delivery: mine.then_some(delivery),
        missing_before: missing.unwrap_or(0),
    }))
}
