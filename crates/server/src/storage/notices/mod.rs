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
mod storms;
mod withheld;

use onsite_rules::notice::{self, Duty, Event, Situation};
use onsite_rules::rights::{Permission, may};
use onsite_wire::ids::{LocationId, OrganizationId, PersonId, Uuid};
use onsite_wire::onsite::{
    Capability, NoticeKind, NoticeSettings, NoticeSubject, NoticeWords, Notification, NotificationObject, Reasons,
    Urgency, Verdict,
};
use onsite_wire::push::{Push, SealedWords};
use onsite_wire::rest::Subscription;
use onsite_wire::time::Timestamp;
use rusqlite::params;
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

/// What was decided for one person.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Told<'a> {
    settings: &'a NoticeSettings,
    /// What becomes of it, and why.
    reasons: Reasons,
    /// What becomes of it in the list, where what settings silenced stands, too (N4).
    listed: Verdict,
}

impl Told<'_> {
    /// Whether it goes to the person's phones.
    const fn rings(&self) -> bool {
        !matches!(self.reasons.verdict, Verdict::Silent | Verdict::Unheard)
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
        let offered = self.offered(organization)?;
        if !self.tells() || !offered.contains(&Capability::Notifications) {
            return Ok(());
        }
        let people = match happened.to {
            To::Everybody => self.view().members(organization)?,
            To::One(person) => vec![person],
        };
        let path = self.view().locations(organization)?.path(happened.place);
        let duty_is_offered = offered.contains(&Capability::Duty);
        for person in people {
            self.tell_one(organization, person, happened, (&path, duty_is_offered))?;
        }
        Ok(())
    }

    fn tell_one(
        &mut self,
        organization: OrganizationId,
        person: PersonId,
        happened: &Happened,
        (path, duty_is_offered): (&[LocationId], bool),
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
        let chat = self.unread_chat(organization, person, happened)?;
        let instant = |rings| self.storm(organization, person, &storms::name_of(&event, rings));
        let situation = Situation {
            event,
            settings: &settings,
            muted: happened.muted,
            duty: self.duty_of(organization, person, duty_is_offered)?,
            may_see,
            subscription: happened.subscription,
            told_as_incident: happened.told_as_incident,
            instant_before: instant(true)?.before(self.now()),
            unread_before: chat.map_or(0, |chat| chat.count()),
            known: self.is_known(organization, person, &key, happened)?,
            now: self.now(),
        };
        let reasons = notice::decide(&situation);
        let listed = match reasons.verdict {
            Verdict::Silent => {
                let instant_before = instant(false)?.before(self.now());
                notice::listed(&Situation { instant_before, ..situation })
            }
            _ => reasons.clone(),
        };
        // A message that counts is in the line of the notification that it counts to; nobody asks about one's own. Of
        // devices without subscription the answer is always the same one, and is made when somebody asks.
        let unnoted = happened.kind == NoticeKind::Message
            && (reasons.verdict == Verdict::CountUp || reasons.decided == "own_doing")
            || reasons.decided == "subscription";
        let told = Told { settings: &settings, reasons, listed: listed.verdict };
        if !unnoted && !self.note(organization, person, &key, happened, &told)? {
            return Ok(());
        }
        if told.reasons.decided == "duty" {
            self.keep_back(organization, person, happened.urgency)?;
        }
        match (listed.verdict, listed.decided.as_str()) {
            (Verdict::Silent | Verdict::Unheard, _) => Ok(()),
            (Verdict::Bundle, _) => self.add_to_bundle(organization, person),
            (_, "storm") => self.tell_in_storm(organization, person, (key, happened), &told),
            (_, "chat") => self.notify_of_message(organization, person, happened, (chat, &told)),
            _ => self.notify(organization, person, key, happened, &told),
        }
    }

    /// Whether somebody is on duty; where duty is not offered, nobody knows.
    fn duty_of(&self, organization: OrganizationId, person: PersonId, offered: bool) -> Result<Duty, StorageError> {
        if !offered {
            return Ok(Duty::Unknown);
        }
        Ok(if self.view().duty(organization, person)?.is_some() { Duty::On } else { Duty::Off })
    }

    /// Puts it into the person's feed and, if it is to ring, on its way to the person's installations.
    fn notify(
        &mut self,
        organization: OrganizationId,
        person: PersonId,
        key: String,
        happened: &Happened,
        told: &Told<'_>,
    ) -> Result<(), StorageError> {
        let channel = notice::channel(happened.kind, happened.urgency);
        let id = notification_id(person, &key);
        let sealed = SealedWords {
            urgency: happened.urgency,
            sound: notice::sound(told.settings, channel, happened.count, told.listed),
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
            reasons: told.reasons.clone(),
            read: false,
            revision: 0,
        };
        self.put_notification(organization, person, happened.place, notification)?;
        if told.rings() { self.queue_push(&push, &sealed, happened.push_at.unwrap_or(self.now())) } else { Ok(()) }
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

    /// Whether this event was decided for this person before. Mutes of an alarm, its device and that one's device that end
    /// at the same moment are one event.
    fn is_known(
        &self,
        organization: OrganizationId,
        person: PersonId,
        key: &str,
        happened: &Happened,
    ) -> Result<bool, StorageError> {
        let is_noted = self
            .connection()
            .prepare_cached("SELECT 1 FROM notices WHERE organization = ?1 AND person = ?2 AND key = ?3")?
            .exists(params![organization.bytes(), person.bytes(), key])?;
        if is_noted || happened.kind != NoticeKind::MuteEnded {
            return Ok(is_noted);
        }
        let (subject, now) = (happened.subject.as_bytes(), self.now().micros());
        Ok(self
            .connection()
            .prepare_cached(
                "SELECT 1 FROM notices
                 WHERE organization = ?1 AND person = ?2 AND subject = ?3 AND made_at = ?4 AND kind = 'mute_ended'",
            )?
            .exists(params![organization.bytes(), person.bytes(), subject, now])?)
    }

    /// Notes what was decided, and whether it waits in the bundle. False: the event was noted before, and what was decided then stays.
    fn note(
        &mut self,
        organization: OrganizationId,
        person: PersonId,
        key: &str,
        happened: &Happened,
        told: &Told<'_>,
    ) -> Result<bool, StorageError> {
        let rows = self
            .connection()
            .prepare_cached(
                "INSERT INTO notices (organization, person, key, kind, subject, at, made_at, verdict, reasons, bundled)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
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
                told.reasons.verdict.as_str(),
                write_body("reasons", &told.reasons)?,
                told.listed == Verdict::Bundle,
            ])?;
        Ok(rows == 1)
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
