//! Notices: for each event and person what was decided, why, and what is to be pushed (N1, N6).
//!
//! [`Write::tell`] is the one way in. Whatever happens says what it is about and whom it concerns; who is told and how is
//! decided by `onsite_rules::notice`.

mod alarms;
mod due;
mod incidents;
mod log;
mod push_queue;
mod settings;
mod withheld;

use onsite_rules::notice::{self, Duty, Event, Situation, Storm};
use onsite_rules::rights::{Permission, may};
use onsite_wire::ids::{LocationId, OrganizationId, PersonId, Uuid};
use onsite_wire::onsite::{
    Capability, NoticeKind, NoticeSubject, NoticeWords, Notification, NotificationObject, Reasons, Urgency, Verdict,
};
use onsite_wire::push::{Push, SealedWords};
use onsite_wire::rest::Subscription;
use onsite_wire::time::Timestamp;
use rusqlite::{OptionalExtension, params};
use sha2::{Digest, Sha256};

use super::changes::Write;
use super::inventory::{read_body, write_body};
use super::objects::{Kind, Place, Stored};
use super::{StorageError, View};

pub use push_queue::{DuePush, RegistrationRow};
pub(crate) use settings::next_daily;

/// Whom an event concerns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum To {
    /// Everybody who may see it.
    Everybody,
    /// One person.
    One(PersonId),
}

/// Something that happened and may be told.
#[derive(Debug, Clone)]
pub(crate) struct Happened {
    pub(crate) kind: NoticeKind,
    pub(crate) subject_kind: NoticeSubject,
    pub(crate) subject: Uuid,
    /// Tells it from other events of this kind on this subject.
    pub(crate) occurrence: i64,
    pub(crate) at: Timestamp,
    pub(crate) place: Place,
    pub(crate) urgency: Option<Urgency>,
    pub(crate) subscription: Option<Subscription>,
    pub(crate) muted: bool,
    pub(crate) by: Option<PersonId>,
    pub(crate) to: To,
    pub(crate) words: NoticeWords,
    pub(crate) count: i64,
    /// New incidents, in a daily one.
    pub(crate) incidents: Option<i64>,
    /// The incident that it opened is told in its place.
    pub(crate) told_as_incident: bool,
    /// When its push goes out; missing: at once.
    pub(crate) push_at: Option<Timestamp>,
}

impl Happened {
    /// Something for everybody who may see it, about no device, of which nothing else is known.
    pub(crate) fn of(kind: NoticeKind, subject_kind: NoticeSubject, subject: Uuid, at: Timestamp) -> Self {
        Self {
            kind,
            subject_kind,
            subject,
            occurrence: 0,
            at,
            place: None,
            urgency: None,
            subscription: None,
            muted: false,
            by: None,
            to: To::Everybody,
            words: NoticeWords::default(),
            count: 1,
            incidents: None,
            told_as_incident: false,
            push_at: None,
        }
    }

    fn event(&self, person: PersonId) -> Event {
        Event { kind: self.kind, urgency: self.urgency, at: self.at, own_doing: self.by == Some(person) }
    }
}

/// The id of a person's notification of an event: the same whenever it is made.
fn notification_id(person: PersonId, key: &str) -> Uuid {
    let hash: [u8; 32] = Sha256::new().chain_update(person.bytes()).chain_update(key).finalize().into();
    let mut bytes = [0; 16];
    for (to, from) in bytes.iter_mut().zip(hash) {
        *to = from;
    }
    uuid::Builder::from_custom_bytes(bytes).into_uuid()
}

impl Write<'_> {
    /// Tells whoever is to be told of an event. The same event a second time changes nothing.
    pub(crate) fn tell(&mut self, organization: OrganizationId, happened: &Happened) -> Result<(), StorageError> {
        if !self.tells() || !self.offered(organization)?.contains(&Capability::Notifications) {
            return Ok(());
        }
        let people = match happened.to {
            To::Everybody => self.view().members(organization)?,
            To::One(person) => vec![person],
        };
        let path = self.view().locations(organization)?.path(happened.place);
        for person in people {
            self.tell_one(organization, person, happened, &path)?;
        }
        Ok(())
    }

    fn tell_one(
        &mut self,
        organization: OrganizationId,
        person: PersonId,
        happened: &Happened,
        path: &[LocationId],
    ) -> Result<(), StorageError> {
        let rights = self.view().rights(organization, person)?;
        let of_the_organization = happened.subject_kind == NoticeSubject::Organization;
        let may_see = of_the_organization || may(&rights, path, Permission::View);
        // Who may not see it gets not even a line in the log: its time would tell that there is something.
        if !may_see {
            return Ok(());
        }
        let key = notice::key(organization, happened.kind, happened.subject, happened.occurrence);
        let settings = self.view().stored_settings(organization, person)?.settings;
        let event = happened.event(person);
        let mut storm = self.storm(organization, person, &event)?;
        let chat = self.unread_chat(organization, person, happened)?;
        let reasons = notice::decide(&Situation {
            event,
            settings: &settings,
            muted: happened.muted,
            duty: self.duty_of(organization, person)?,
            may_see,
            subscription: happened.subscription,
            told_as_incident: happened.told_as_incident,
            instant_before: storm.before(self.now()),
            unread_before: chat.map_or(0, |chat| chat.count()),
            known: self.is_noted(organization, person, &key)?,
            now: self.now(),
        });
        // A message that counts is in the line of the notification that it counts to; nobody asks about one's own.
        let unnoted = happened.kind == NoticeKind::Message
            && (reasons.verdict == Verdict::CountUp || reasons.decided == "own_doing");
        if !unnoted && !self.note(organization, person, &key, happened, &reasons)? {
            return Ok(());
        }
        match reasons.verdict {
            Verdict::Silent | Verdict::Unheard if reasons.decided == "duty" => {
                self.keep_back(organization, person, happened.urgency)
            }
            Verdict::Silent | Verdict::Unheard => Ok(()),
            Verdict::Bundle => self.add_to_bundle(organization, person),
            Verdict::Notify | Verdict::CountUp if reasons.decided == "storm" => {
                let counted = storm.one_more(self.now());
                self.keep_storm((organization, person, &event), &storm, counted)?;
                match counted {
                    None => self.notify(organization, person, key, happened, reasons),
                    Some((began, count)) => self.count_up(organization, person, happened, (began, count), reasons),
                }
            }
            Verdict::Notify | Verdict::CountUp if reasons.decided == "chat" => {
                self.notify_of_message(organization, person, happened, (chat, reasons))
            }
            Verdict::Notify | Verdict::CountUp => self.notify(organization, person, key, happened, reasons),
        }
    }

    /// Whether somebody is on duty; where duty is not offered, nobody knows.
    fn duty_of(&self, organization: OrganizationId, person: PersonId) -> Result<Duty, StorageError> {
        if !self.offered(organization)?.contains(&Capability::Duty) {
            return Ok(Duty::Unknown);
        }
        Ok(if self.view().duty(organization, person)?.is_some() { Duty::On } else { Duty::Off })
    }

    /// The notification that stands for a storm, with its count.
    fn count_up(
        &mut self,
        organization: OrganizationId,
        person: PersonId,
        happened: &Happened,
        (began, count): (Timestamp, i64),
        reasons: Reasons,
    ) -> Result<(), StorageError> {
        // Alarms become a bundle; of what people did it is still said what it was.
        let of_alarms = notice::storm_of(&happened.event(person)) == NoticeKind::Alarm;
        let storm = Happened {
            kind: if of_alarms { NoticeKind::Bundle } else { happened.kind },
            subject_kind: NoticeSubject::Organization,
            subject: organization.0,
            occurrence: began.micros(),
            place: None,
            count,
            words: NoticeWords { organization: happened.words.organization.clone(), ..NoticeWords::default() },
            ..happened.clone()
        };
        let key = notice::key(organization, storm.kind, storm.subject, storm.occurrence);
        self.note(organization, person, &key, &storm, &reasons)?;
        self.notify(organization, person, key, &storm, reasons)
    }

    /// Puts it into the person's feed and on its way to the person's installations.
    fn notify(
        &mut self,
        organization: OrganizationId,
        person: PersonId,
        key: String,
        happened: &Happened,
        reasons: Reasons,
    ) -> Result<(), StorageError> {
        let settings = self.view().stored_settings(organization, person)?.settings;
        let channel = notice::channel(happened.kind, happened.urgency);
        let id = notification_id(person, &key);
        let sealed = SealedWords {
            urgency: happened.urgency,
            sound: notice::sound(&settings, channel, happened.count, reasons.verdict),
            words: happened.words.clone(),
        };
        let push = Push {
            version: 1,
            organization,
            person,
            kind: happened.kind,
            subject_kind: happened.subject_kind,
            subject: happened.subject,
            key: key.clone(),
            notification: Some(id),
            at: happened.at,
            count: happened.count,
            incidents: happened.incidents,
            channel,
            sealed: String::new(),
        };
        let notification = Notification {
            id,
            key,
            kind: happened.kind,
            subject_kind: happened.subject_kind,
            subject: happened.subject,
            urgency: happened.urgency,
            words: happened.words.clone(),
            count: happened.count,
            incidents: happened.incidents,
            at: happened.at,
            channel,
            reasons,
            read: false,
            revision: 0,
        };
        self.put_notification(organization, person, happened.place, notification)?;
        self.queue_push(&push, &sealed, happened.push_at.unwrap_or(self.now()))
    }

    fn put_notification(
        &mut self,
        organization: OrganizationId,
        person: PersonId,
        place: Place,
        notification: Notification,
    ) -> Result<(), StorageError> {
        let stored = Stored {
            kind: Kind::Notification,
            id: notification.id,
            // So it goes out of sight with what it is about.
            parent: Some(notification.subject),
            place,
            audience: Some(person),
            ended_at: None,
            body: without_revision(&NotificationObject::Notification(Box::new(notification)))?,
        };
        self.put(organization, &stored)?;
        Ok(())
    }

    /// Whether this event was decided for this person before.
    fn is_noted(&self, organization: OrganizationId, person: PersonId, key: &str) -> Result<bool, StorageError> {
        Ok(self
            .connection()
            .prepare_cached("SELECT 1 FROM notices WHERE organization = ?1 AND person = ?2 AND key = ?3")?
            .exists(params![organization.bytes(), person.bytes(), key])?)
    }

    /// Notes what was decided. False: the event was noted before, and what was decided then stays.
    fn note(
        &mut self,
        organization: OrganizationId,
        person: PersonId,
        key: &str,
        happened: &Happened,
        reasons: &Reasons,
    ) -> Result<bool, StorageError> {
        let rows = self
            .connection()
            .prepare_cached(
                "INSERT INTO notices (organization, person, key, kind, subject, at, made_at, verdict, reasons)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
                 ON CONFLICT (organization, person, key) DO NOTHING",
            )?
            .execute(params![
                organization.bytes(),
                person.bytes(),
                key,
                happened.kind.as_str(),
                happened.subject.as_bytes(),
                happened.at.micros(),
                self.now().micros(),
                reasons.verdict.as_str(),
                write_body("reasons", reasons)?,
            ])?;
        Ok(rows == 1)
    }

    fn storm(&self, organization: OrganizationId, person: PersonId, event: &Event) -> Result<Storm, StorageError> {
        let found: Option<(String, Option<i64>, i64)> = self
            .connection()
            .prepare_cached(
                "SELECT newest, began, count FROM notice_storms WHERE organization = ?1 AND person = ?2 AND kind = ?3",
            )?
            .query_row(params![organization.bytes(), person.bytes(), notice::storm_of(event).as_str()], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?))
            })
            .optional()?;
        let Some((newest, began, count)) = found else { return Ok(Storm::default()) };
        let newest: Vec<i64> = read_body("storm", &newest)?;
        let newest = newest.into_iter().map(Timestamp::from_micros).collect();
        Ok(Storm::kept(newest, began.map(|began| (Timestamp::from_micros(began), count))))
    }

    fn keep_storm(
        &mut self,
        (organization, person, event): (OrganizationId, PersonId, &Event),
        storm: &Storm,
        counted: Option<(Timestamp, i64)>,
    ) -> Result<(), StorageError> {
        let newest: Vec<i64> = storm.newest().iter().map(|at| at.micros()).collect();
        self.connection()
            .prepare_cached(
                "INSERT INTO notice_storms (organization, person, kind, newest, began, count)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)
                 ON CONFLICT (organization, person, kind) DO UPDATE
                    SET newest = excluded.newest, began = excluded.began, count = excluded.count",
            )?
            .execute(params![
                organization.bytes(),
                person.bytes(),
                notice::storm_of(event).as_str(),
                write_body("storm", &newest)?,
                counted.map(|(began, _)| began.micros()),
                counted.map_or(0, |(_, count)| count),
            ])?;
        Ok(())
    }
}

impl View<'_> {
    /// A person's own notification.
    fn notification(
        &self,
        organization: OrganizationId,
        person: PersonId,
        id: Uuid,
    ) -> Result<Option<(Notification, Place)>, StorageError> {
        let Some((stored, _)) = self.object(organization, Kind::Notification, id)? else { return Ok(None) };
        if stored.audience != Some(person) {
            return Ok(None);
        }
        match read_body("notification", &stored.body)? {
            NotificationObject::Notification(notification) => Ok(Some((*notification, stored.place))),
            NotificationObject::Settings(_) => Ok(None),
        }
    }
}

/// An object of the feed as it is kept: its revision is put in when it is read.
fn without_revision(object: &NotificationObject) -> Result<String, StorageError> {
    let unreadable = |error| StorageError::Unreadable("notification", error);
    let mut value = serde_json::to_value(object).map_err(unreadable)?;
    if let Some(properties) = value.as_object_mut() {
        properties.remove("revision");
    }
    serde_json::to_string(&value).map_err(unreadable)
}
