//! Chats: the messages of an incident in the server's order, and how far each reader has come (I4).

use std::collections::BTreeMap;

use onsite_rules::message::RECENT;
use onsite_wire::ids::{IncidentId, MessageId, OrganizationId, PersonId};
use onsite_wire::onsite::{
    Author, Incident, IncidentState, Message, Photo, PhotoFacts, PhotoState, ReadMark, ReadPosition,
};
use onsite_wire::time::Timestamp;
use rusqlite::{OptionalExtension, params};
use uuid::Uuid;

use super::changes::Write;
use super::incidents::{takes_part, without_revision};
use super::inventory::write_body;
use super::objects::{Kind, Stored};
use super::{StorageError, View};

/// All agents are one reader.
const AGENTS: [u8; 16] = [0; 16];
/// The end of a message that full reads and digests leave out from now on.
const LONG_AGO: i64 = 0;

/// A line of a chat as it is written.
pub(crate) struct Line {
    pub(crate) id: MessageId,
    pub(crate) author: Author,
    pub(crate) text: String,
    pub(crate) change: Option<IncidentState>,
    /// The photo whose bytes will follow.
    pub(crate) photo: Option<PhotoFacts>,
    pub(crate) made_at: Timestamp,
}

impl View<'_> {
    /// At most `limit` messages of a chat below a number, as they are written on the wire, newest first.
    pub fn messages_before(
        &self,
        organization: OrganizationId,
        incident: IncidentId,
        before: i64,
        limit: i64,
    ) -> Result<Vec<(String, i64)>, StorageError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT objects.body, objects.changed_at
             FROM chat_lines JOIN objects ON objects.organization = chat_lines.organization
              AND objects.feed = 'messages' AND objects.id = chat_lines.message
             WHERE chat_lines.organization = ?1 AND chat_lines.incident = ?2 AND chat_lines.number < ?3
             ORDER BY chat_lines.number DESC LIMIT ?4",
        )?;
        let rows = statement.query_map(params![organization.bytes(), incident.bytes(), before, limit], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    fn line(
        &self,
        organization: OrganizationId,
        incident: IncidentId,
        number: i64,
    ) -> Result<Option<Uuid>, StorageError> {
        let found = self
            .connection
            .prepare_cached("SELECT message FROM chat_lines WHERE organization = ?1 AND incident = ?2 AND number = ?3")?
            .query_row(params![organization.bytes(), incident.bytes(), number], |row| row.get(0))
            .optional()?;
        Ok(found.map(Uuid::from_bytes))
    }

    fn read_furthest(&self, organization: OrganizationId, incident: IncidentId) -> Result<Vec<ReadMark>, StorageError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT reader, up_to FROM chat_readers
             WHERE organization = ?1 AND incident = ?2 ORDER BY up_to DESC, reader LIMIT 2",
        )?;
        let rows = statement.query_map(params![organization.bytes(), incident.bytes()], |row| {
            let reader: [u8; 16] = row.get(0)?;
            Ok(ReadMark { by: (reader != AGENTS).then(|| PersonId::from_bytes(reader)), up_to: row.get(1)? })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

impl Write<'_> {
    /// Writes a line at the end of a chat, and gives its offset. The incident knows of it from here on; writing the
    /// incident is left to the caller, who may have more to change.
    pub(crate) fn write_line(
        &mut self,
        organization: OrganizationId,
        incident: &mut Incident,
        line: Line,
    ) -> Result<i64, StorageError> {
        let number = incident.last_message + 1;
        let now = self.now();
        self.connection()
            .prepare_cached("INSERT INTO chat_lines (organization, incident, number, message) VALUES (?1, ?2, ?3, ?4)")?
            .execute(params![organization.bytes(), incident.id.bytes(), number, line.id.bytes()])?;
        let place = self.view().object(organization, Kind::Incident, incident.id.0)?.and_then(|(kept, _)| kept.place);
        takes_part(incident, &line.author);
        incident.last_message = number;
        incident.last_at = now;
        if line.photo.is_some() {
            self.expect_photo(organization, line.id)?;
        }
        let waiting = |facts| Photo { facts, state: PhotoState::Waiting, reason: None, arguments: BTreeMap::new() };
        let message = Message {
            id: line.id,
            incident_id: incident.id,
            number,
            author: line.author,
            text: line.text,
            change: line.change,
            photo: line.photo.map(waiting),
            made_at: line.made_at,
            arrived_at: now,
            revision: 0,
        };
        let offset = self.put(
            organization,
            &Stored {
                kind: Kind::Message,
                id: line.id.0,
                parent: Some(incident.id.0),
                place,
                audience: None,
                ended_at: None,
                body: without_revision(write_body("message", &message)?),
            },
        )?;
        if message.change.is_none() {
            self.tell_of_message(organization, incident, &message.author)?;
        }
        // A full read brings the last 50 of each chat: this one pushes another out.
        if let Some(id) = self.view().line(organization, incident.id, number - RECENT)? {
            self.connection()
                .prepare_cached(
                    "UPDATE objects SET ended_at = ?3 WHERE organization = ?1 AND feed = 'messages' AND id = ?2",
                )?
                .execute(params![organization.bytes(), id.as_bytes(), LONG_AGO])?;
        }
        Ok(offset)
    }

    /// A change of state stands in the chat as a line of its own.
    pub(super) fn write_change(
        &mut self,
        organization: OrganizationId,
        incident: &mut Incident,
        by: &Author,
        to: IncidentState,
    ) -> Result<(), StorageError> {
        let made_at = self.now();
        let line = Line {
            id: MessageId(crate::random::id()),
            author: by.clone(),
            text: String::new(),
            change: Some(to),
            photo: None,
            made_at,
        };
        self.write_line(organization, incident, line)?;
        Ok(())
    }

    /// The incident is closed: nothing of its chat is in a full read any more.
    pub(super) fn settle_chat(
        &mut self,
        organization: OrganizationId,
        incident: IncidentId,
    ) -> Result<(), StorageError> {
        self.connection()
            .prepare_cached(
                "UPDATE objects INDEXED BY objects_by_parent SET ended_at = ?3
                 WHERE organization = ?1 AND parent = ?2 AND kind = 'message' AND ended_at IS NULL",
            )?
            .execute(params![organization.bytes(), incident.bytes(), LONG_AGO])?;
        Ok(())
    }

    /// Somebody has read a chat up to a number; the larger one stays. `None`: an agent. Gives the offset of the person's
    /// own position, if there is news in it. The incident's furthest readers are brought along.
    pub(crate) fn read_chat(
        &mut self,
        organization: OrganizationId,
        incident: &mut Incident,
        reader: Option<PersonId>,
        up_to: i64,
    ) -> Result<Option<i64>, StorageError> {
        let up_to = up_to.min(incident.last_message);
        let key = reader.map_or(AGENTS, |person| *person.bytes());
        let known: Option<([u8; 16], i64)> = self
            .connection()
            .prepare_cached(
                "SELECT object, up_to FROM chat_readers WHERE organization = ?1 AND incident = ?2 AND reader = ?3",
            )?
            .query_row(params![organization.bytes(), incident.id.bytes(), key], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        if known.is_some_and(|(_, known)| known >= up_to) {
            return Ok(None);
        }
        let object = known.map_or_else(crate::random::id, |(object, _)| Uuid::from_bytes(object));
        self.connection()
            .prepare_cached(
                "INSERT INTO chat_readers (organization, incident, reader, object, up_to) VALUES (?1, ?2, ?3, ?4, ?5)
                 ON CONFLICT (organization, incident, reader) DO UPDATE SET up_to = excluded.up_to",
            )?
            .execute(params![organization.bytes(), incident.id.bytes(), key, object.as_bytes(), up_to])?;
        let furthest = self.view().read_furthest(organization, incident.id)?;
        if incident.read_furthest != furthest {
            incident.read_furthest = furthest;
            self.put_incident(organization, incident)?;
        }
        let Some(person) = reader else { return Ok(None) };
        self.chat_was_read(organization, incident.id, (person, up_to))?;
        let position = ReadPosition { id: object, incident_id: incident.id, up_to, revision: 0 };
        let stored = Stored {
            kind: Kind::ReadPosition,
            id: object,
            parent: Some(incident.id.0),
            place: None,
            audience: Some(person),
            ended_at: None,
            body: without_revision(write_body("read position", &position)?),
        };
        Ok(Some(self.put(organization, &stored)?))
    }

    /// The messages of an incident that is at another place now: whoever holds the last ones learns of it, the others
    /// are read backwards and only under the incident's own place.
    pub(super) fn move_chat(
        &mut self,
        organization: OrganizationId,
        incident: IncidentId,
        place: super::Place,
    ) -> Result<(), StorageError> {
        let recent: Vec<[u8; 16]> = self
            .connection()
            .prepare_cached(
                "SELECT id FROM objects INDEXED BY objects_by_parent
                 WHERE organization = ?1 AND parent = ?2 AND kind = 'message' AND ended_at IS NULL",
            )?
            .query_map(params![organization.bytes(), incident.bytes()], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        self.connection()
            .prepare_cached(
                "UPDATE objects INDEXED BY objects_by_parent SET place = ?3
                 WHERE organization = ?1 AND parent = ?2 AND kind = 'message'",
            )?
            .execute(params![organization.bytes(), incident.bytes(), place.map(|place| *place.bytes())])?;
        for message in recent {
            self.touch(organization, Kind::Message, Uuid::from_bytes(message), place)?;
        }
        Ok(())
    }
}
