//! What this phone makes of what the server decided to tell: the same rules with the phone's own inputs, which may silence and
//! never add (N3, N5, N6).

use onsite_rules::notice::{self, Duty, Event, Situation, narrowed};
use onsite_rules::rights::{Permission, may};
use onsite_wire::ids::{AlarmId, DeviceId, IncidentId, LocationId, OrganizationId};
use onsite_wire::onsite::{
    Channel, LockScreen, NoticeKind, NoticeSettings, NoticeSubject, NoticeWords, Notification, Reasons, Urgency,
    Verdict,
};
use onsite_wire::rest::Subscription;
use rusqlite::{Connection, OptionalExtension};
use uuid::Uuid;

use super::push::ParsedPush;
use super::route::Route;
use super::row::Said;
use super::shape;
use crate::alarms::{mute_of, mute_of_device};
use crate::devices::directory::{Directory, Presence};
use crate::people;
use crate::store::Fault;
use crate::time::Timestamp;

/// Which way an event came first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Way {
    /// By a push, while the app was there.
    Push,
    /// By a push that the extension showed and kept while the app was not there.
    Inbox,
    /// By the feed.
    Feed,
}

impl Way {
    /// As it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Push => "push",
            Self::Inbox => "inbox",
            Self::Feed => "feed",
        }
    }

    pub(super) fn from_column(name: &str) -> Self {
        match name {
            "push" => Self::Push,
            "inbox" => Self::Inbox,
            _ => Self::Feed,
        }
    }
}

/// An event that the server decided to tell, whichever way it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Told {
    pub(crate) organization: OrganizationId,
    pub(crate) key: String,
    /// Its id in the feed; a canary has none.
    pub(crate) id: Option<Uuid>,
    pub(crate) kind: NoticeKind,
    pub(crate) subject_kind: NoticeSubject,
    pub(crate) subject: Uuid,
    pub(crate) urgency: Option<Urgency>,
    pub(crate) channel: Channel,
    /// The server's word: missing where none came with it, empty for silence.
    pub(crate) sound: Option<String>,
    pub(crate) at: Timestamp,
    pub(crate) count: i64,
    pub(crate) incidents: Option<i64>,
    pub(crate) words: NoticeWords,
}

impl Told {
    pub(super) fn of_push(push: ParsedPush) -> Self {
        Self {
            organization: push.organization,
            key: push.key,
            id: push.notification,
            kind: push.kind,
            subject_kind: push.subject_kind,
            subject: push.subject,
            // Without its key a push still says by its channel how urgent it is.
            urgency: push.urgency.or(match push.channel {
                Channel::Critical => Some(Urgency::Critical),
                Channel::Warning => Some(Urgency::Warning),
                _ => None,
            }),
            channel: push.channel,
            sound: push.sound,
            at: push.at,
            count: push.count,
            incidents: push.incidents,
            words: push.texts,
        }
    }

    pub(super) fn of_feed(organization: OrganizationId, notification: Notification) -> Self {
        Self {
            organization,
            key: notification.key,
            id: Some(notification.id),
            kind: notification.kind,
            subject_kind: notification.subject_kind,
            subject: notification.subject,
            urgency: notification.urgency,
            channel: notification.channel,
            sound: None,
            at: notification.at,
            count: notification.count,
            incidents: notification.incidents,
            words: notification.words,
        }
    }

    /// As the feed will bring it, as far as a push says it.
    pub(super) fn as_notification(&self, id: Uuid) -> Notification {
        Notification {
            id,
            key: self.key.clone(),
            kind: self.kind,
            subject_kind: self.subject_kind,
            subject: self.subject,
            urgency: self.urgency,
            words: self.words.clone(),
            count: self.count,
            incidents: self.incidents,
            at: self.at,
            channel: self.channel,
            reasons: Reasons { verdict: Verdict::Notify, rules: Vec::new(), decided: String::new() },
            read: false,
            revision: 0,
        }
    }
}

/// What this phone knows that decides.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Inputs {
    pub(super) settings: NoticeSettings,
    pub(super) muted: bool,
    pub(super) duty: Duty,
    pub(super) may_see: bool,
    pub(super) subscription: Option<Subscription>,
}

/// What this phone decides. `known`: the same event was decided before, standing for as many.
pub(super) fn decide(told: &Told, inputs: &Inputs, known: bool, now: Timestamp) -> Reasons {
    notice::decide(&Situation {
        // Whose doing it was is the server's to know: it would have told nothing.
        event: Event { kind: told.kind, urgency: told.urgency, at: told.at, own_doing: false },
        settings: &inputs.settings,
        muted: inputs.muted,
        duty: inputs.duty,
        may_see: inputs.may_see,
        subscription: inputs.subscription,
        // What is one with an incident, what counts up, and storms are the server's to see.
        told_as_incident: false,
        unread_before: 0,
        instant_before: 0,
        known,
        now,
    })
}

/// A notification as the phone's system is to show it. One key, one notification: a later one of the same key takes the place
/// of the one before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Announcement {
    /// Whose event.
    pub organization: OrganizationId,
    /// The event; the system's tag.
    pub key: String,
    /// Its id in the list; a canary is in none.
    pub notification: Option<Uuid>,
    /// What kind.
    pub kind: NoticeKind,
    /// What it says.
    pub said: Said,
    /// How many it stands for.
    pub count: i64,
    /// The channel.
    pub channel: Channel,
    /// The sound's name; empty is none, missing the channel's usual one.
    pub sound: Option<String>,
    /// It may break Do Not Disturb where the system allows it.
    pub breaks_quiet: bool,
    /// How much a locked screen shows.
    pub lock_screen: LockScreen,
    /// Where a tap leads.
    pub route: Route,
    /// When the event was.
    pub at: Timestamp,
}

/// The notification to be shown.
pub(super) fn announcement(told: &Told, settings: &NoticeSettings) -> Announcement {
    let verdict = if told.count > 1 { Verdict::CountUp } else { Verdict::Notify };
    let own_sound = notice::sound(settings, told.channel, told.count, verdict);
    // What the server silenced stays silent; else the person's choice on this phone is the newest.
    let sound = if told.sound.as_deref() == Some("") { told.sound.clone() } else { own_sound };
    Announcement {
        organization: told.organization,
        key: told.key.clone(),
        notification: told.id,
        kind: told.kind,
        said: Said::of(told.kind, &told.words, told.count, told.incidents),
        count: told.count,
        channel: told.channel,
        sound,
        breaks_quiet: settings.critical_breaks_quiet && told.channel == Channel::Critical,
        lock_screen: settings.lock_screen,
        route: Route::of_subject(told.organization, None, told.subject_kind, told.subject),
        at: told.at,
    }
}

/// What becomes of it: the server decided to tell, and this phone may only silence.
pub(super) fn outcome(reasons: &Reasons) -> Verdict {
    narrowed(Verdict::Notify, reasons.verdict)
}

/// Gathers what this phone knows of an event's subject. What it does not know silences nothing.
pub(super) fn inputs(
    cache: &Connection,
    directory: &Directory,
    duty: Option<bool>,
    told: &Told,
    now: Timestamp,
) -> Result<Inputs, Fault> {
    let device = match told.subject_kind {
        NoticeSubject::Alarm => device_of_alarm(cache, AlarmId(told.subject))?,
        NoticeSubject::Device => directory.device_number(DeviceId(told.subject)),
        NoticeSubject::Incident => device_of_incident(cache, IncidentId(told.subject))?,
        _ => None,
    };
    let muted = match (told.subject_kind, device) {
        (NoticeSubject::Alarm, _) => mute_of(cache, directory, AlarmId(told.subject))?,
        (NoticeSubject::Incident, Some(device)) => mute_of_device(cache, directory, device)?,
        _ => None,
    };
    // A mute whose end has come holds no more, whether or not that was written yet; and by the event's own time at the
    // latest, however exactly the server's time is known here.
    let as_of = now.max(told.at);
    let muted = muted.is_some_and(|mute| mute.until.is_none_or(|until| until > as_of));
    let entry = device.and_then(|n| directory.device(n)).filter(|entry| entry.presence == Presence::Present);
    let path: Option<Vec<LocationId>> = device
        .filter(|_| entry.is_some())
        .map(|n| directory.above(directory.place_of(n)).map(|(_, at)| at.id).collect());
    let mine = people::mine(cache, told.organization)?;
    let may_see = match (&mine, path) {
        (Some(mine), Some(path)) => may(&mine.rights, &path, Permission::View),
        _ => true,
    };
    let has_duty = mine.is_some_and(|mine| mine.capabilities.contains(&onsite_wire::onsite::Capability::Duty));
    Ok(Inputs {
        settings: shape::settings(cache, told.organization)?,
        muted,
        duty: match duty.filter(|_| has_duty) {
            Some(true) => Duty::On,
            Some(false) => Duty::Off,
            None => Duty::Unknown,
        },
        may_see,
        subscription: entry.map(|entry| entry.subscription),
    })
}

fn device_of_incident(cache: &Connection, id: IncidentId) -> Result<Option<i64>, Fault> {
    Ok(cache
        .prepare_cached("SELECT device FROM incident WHERE id = ?1")?
        .query_row([id.bytes()], |row| row.get(0))
        .optional()?)
}

fn device_of_alarm(cache: &Connection, id: AlarmId) -> Result<Option<i64>, Fault> {
    Ok(cache
        .prepare_cached("SELECT device FROM alarm WHERE id = ?1")?
        .query_row([id.bytes()], |row| row.get(0))
        .optional()?)
}
