//! What incidents and their chats say of themselves when they are to be told (I6): to everybody who may see them but whoever
//! did it. No word of a chat is in it.

use onsite_rules::notice::chat_push_at;
use onsite_wire::ids::{AlarmId, IncidentId, OrganizationId, PersonId};
use onsite_wire::onsite::{
    Author, AuthorKind, Incident, IncidentState, NoticeKind, NoticeSubject, NoticeWords, Urgency, Verdict,
};
use onsite_wire::time::Timestamp;
use rusqlite::{OptionalExtension, params};

use super::{Happened, Told, notification_id};
use crate::storage::changes::Write;
use crate::storage::incidents::opened_by;
use crate::storage::objects::Kind;
use crate::storage::{StorageError, View};
use onsite_rules::notice;

/// When the last push of a chat was that was never pushed.
const NEVER: Timestamp = Timestamp::from_micros(0);

/// The notification of a chat that its person has not read yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ChatNotice {
    first: i64,
    last: i64,
    count: i64,
    pushed_at: Timestamp,
}

impl View<'_> {
    /// Whether an alarm has opened an incident at this very moment: then the two are told as one (N1).
    pub(super) fn opened_just_now(
        &self,
        organization: OrganizationId,
        alarm: AlarmId,
        now: Timestamp,
    ) -> Result<bool, StorageError> {
        let found = self.incident(organization, opened_by(alarm))?;
        Ok(found.is_some_and(|(incident, _, _)| incident.opened_at == now))
    }

    fn incident_as_told(
        &self,
        organization: OrganizationId,
        incident: &Incident,
        kind: NoticeKind,
        (by, now): (&Author, Timestamp),
    ) -> Result<Happened, StorageError> {
        let stored = self.object(organization, Kind::Incident, incident.id.0)?;
        let place = stored.and_then(|(stored, _)| stored.place);
        let device = self.device(organization, incident.device_id)?.map(|(device, _, _)| device);
        // The line that a person wrote about it is the person's; the title of the alarm that opened it is not.
        let by_itself = incident.opened_by.kind == AuthorKind::Server;
        let alarm = if by_itself { incident.subject.clone() } else { String::new() };
        let words = self.notice_words(organization, alarm, device.as_ref(), place)?;
        Ok(Happened {
            place,
            subscription: device.and_then(|device| device.subscription),
            by: by.id,
            words: NoticeWords { by: by.name.clone(), ..words },
            ..Happened::of(kind, NoticeSubject::Incident, incident.id.0, now)
        })
    }

    fn chat_notice(
        &self,
        organization: OrganizationId,
        person: PersonId,
        incident: IncidentId,
    ) -> Result<Option<ChatNotice>, StorageError> {
        Ok(self
            .connection
            .prepare_cached(
                "SELECT first_message, last_message, count, pushed_at FROM chat_notices
                 WHERE organization = ?1 AND person = ?2 AND incident = ?3",
            )?
            .query_row(params![organization.bytes(), person.bytes(), incident.bytes()], |row| {
                Ok(ChatNotice {
                    first: row.get(0)?,
                    last: row.get(1)?,
                    count: row.get(2)?,
                    pushed_at: Timestamp::from_micros(row.get(3)?),
                })
            })
            .optional()?)
    }
}

fn chat_key(organization: OrganizationId, incident: IncidentId, first: i64) -> String {
    notice::key(organization, NoticeKind::Message, incident.0, first)
}

impl Write<'_> {
    /// An incident opened.
    pub(in crate::storage) fn tell_of_opening(
        &mut self,
        organization: OrganizationId,
        incident: &Incident,
    ) -> Result<(), StorageError> {
        let by = &incident.opened_by;
        let happened = self.view().incident_as_told(organization, incident, NoticeKind::Incident, (by, self.now()))?;
        // What opens by itself opens on a critical alarm, and is told as that.
        let urgency = (by.kind == AuthorKind::Server).then_some(Urgency::Critical);
        self.tell(organization, &Happened { urgency, ..happened })
    }

    /// An incident came into another state; its chat has a line of that with this number.
    pub(in crate::storage) fn tell_of_state(
        &mut self,
        organization: OrganizationId,
        incident: &Incident,
        by: &Author,
        to: IncidentState,
    ) -> Result<(), StorageError> {
        let happened =
            self.view().incident_as_told(organization, incident, NoticeKind::IncidentState, (by, self.now()))?;
        let words = NoticeWords { state: to.as_str().to_owned(), ..happened.words };
        self.tell(organization, &Happened { occurrence: incident.last_message, words, ..happened })
    }

    /// Somebody wrote the last line of an incident's chat.
    pub(in crate::storage) fn tell_of_message(
        &mut self,
        organization: OrganizationId,
        incident: &Incident,
        by: &Author,
    ) -> Result<(), StorageError> {
        let happened = self.view().incident_as_told(organization, incident, NoticeKind::Message, (by, self.now()))?;
        self.tell(organization, &Happened { occurrence: incident.last_message, ..happened })
    }

    /// The notification of the chat that an event is of, if the person has one and has not read it.
    pub(super) fn unread_chat(
        &self,
        organization: OrganizationId,
        person: PersonId,
        happened: &Happened,
    ) -> Result<Option<ChatNotice>, StorageError> {
        if happened.kind != NoticeKind::Message {
            return Ok(None);
        }
        let incident = IncidentId(happened.subject);
        let Some(notice) = self.view().chat_notice(organization, person, incident)? else { return Ok(None) };
        let id = notification_id(person, &chat_key(organization, incident, notice.first));
        let listed = self.view().notification(organization, person, id)?;
        // One that was read in the list counts no further; its last push still keeps the next one apart.
        let unread = listed.is_some_and(|(notification, _)| !notification.read);
        Ok(Some(ChatNotice { count: if unread { notice.count } else { 0 }, ..notice }))
    }

    /// Tells one person of a message: by a notification of its own, or counted to the one that is there.
    pub(super) fn notify_of_message(
        &mut self,
        organization: OrganizationId,
        person: PersonId,
        happened: &Happened,
        (before, told): (Option<ChatNotice>, &Told<'_>),
    ) -> Result<(), StorageError> {
        let incident = IncidentId(happened.subject);
        let counted = before.filter(|_| told.listed == Verdict::CountUp);
        let first = counted.map_or(happened.occurrence, |counted| counted.first);
        let count = counted.map_or(0, |counted| counted.count) + 1;
        let last = before.map(|before| before.pushed_at);
        // What is not pushed keeps no push apart.
        let push_at = if told.rings() { chat_push_at(last, self.now()) } else { last.unwrap_or(NEVER) };
        self.connection()
            .prepare_cached(
                "INSERT INTO chat_notices (organization, person, incident, first_message, last_message, count, pushed_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
                 ON CONFLICT (organization, person, incident) DO UPDATE
                    SET first_message = excluded.first_message, last_message = excluded.last_message,
                        count = excluded.count, pushed_at = excluded.pushed_at",
            )?
            .execute(params![
                organization.bytes(),
                person.bytes(),
                incident.bytes(),
                first,
                happened.occurrence,
                count,
                push_at.micros()
            ])?;
        let happened = Happened { occurrence: first, count, push_at: Some(push_at), ..happened.clone() };
        self.notify(organization, person, chat_key(organization, incident, first), &happened, told)
    }

    /// A person has read a chat up to a number: the notification of what is read is read, and no push of it follows.
    pub(in crate::storage) fn chat_was_read(
        &mut self,
        organization: OrganizationId,
        incident: IncidentId,
        (person, up_to): (PersonId, i64),
    ) -> Result<(), StorageError> {
        let found = self.view().chat_notice(organization, person, incident)?;
        let Some(notice) = found.filter(|notice| notice.last <= up_to) else { return Ok(()) };
        self.connection()
            .prepare_cached("DELETE FROM chat_notices WHERE organization = ?1 AND person = ?2 AND incident = ?3")?
            .execute(params![organization.bytes(), person.bytes(), incident.bytes()])?;
        let key = chat_key(organization, incident, notice.first);
        self.forget_pushes(person, &key)?;
        let id = notification_id(person, &key);
        match self.view().notification(organization, person, id)? {
            Some((notification, place)) if !notification.read => {
                let read = onsite_wire::onsite::Notification { read: true, ..notification };
                self.put_notification(organization, person, place, read)
            }
            _ => Ok(()),
        }
    }
}

impl ChatNotice {
    pub(super) const fn count(&self) -> i64 {
        self.count
    }
}
