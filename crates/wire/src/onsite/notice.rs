//! Notifications: what a person was told, how one wishes to be told, and why (N1–N7).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::ids::{OrganizationId, PersonId, Uuid};
use crate::time::Timestamp;

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$each:meta])* $variant:ident $word:literal,)* } else $other:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
        pub enum $name { $($(#[$each])* #[serde(rename = $word)] $variant,)*
            /// Something newer than this reader.
            #[serde(other, rename = "unheard")] $other,
        }

        impl $name {
            /// All that this version knows.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The name on the wire.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)* Self::$other => "unheard" }
            }

            /// The one of this name; what is not known is [`Self::Unheard`].
            pub fn from_wire(name: &str) -> Self {
                match name { $($word => Self::$variant,)* _ => Self::$other }
            }
        }
    };
}

words! {
    /// What a notification is about.
    NoticeKind {
        /// An alarm occurred, or became worse.
        Alarm "alarm",
        /// An alarm is cleared.
        AlarmCleared "alarm_cleared",
        /// Somebody was made responsible (A7).
        Assignment "assignment",
        /// A mute ends in 15 minutes (A10).
        MuteEnding "mute_ending",
        /// A mute has ended, and the alarm is still active (A10).
        MuteEnded "mute_ended",
        /// Several alarms at once: a bundle of five minutes, or a storm that counts up.
        Bundle "bundle",
        /// Once a day, how much there is.
        Daily "daily",
        /// An incident opened. One that a critical alarm opened stands for the alarm, too (N1).
        Incident "incident",
        /// An incident came into another state (I6).
        IncidentState "incident_state",
        /// Somebody wrote in an incident's chat; none of the words are in it (I6).
        Message "message",
        /// A test of the way from the server to the phone (N7).
        Canary "canary",
    } else Unheard
}

words! {
    /// Where a notification goes in the settings of the phone's system; on Android the sound belongs to it (N3).
    Channel {
        /// Critical alarms.
        Critical "critical",
        /// Other alarms.
        Warning "warning",
        /// What colleagues hand over.
        Assignment "assignment",
        /// Mutes that end.
        Mute "mute",
        /// Incidents that people opened, and what becomes of any.
        Incident "incident",
        /// Messages in chats.
        Chat "chat",
        /// Cleared alarms, bundles without urgency, the daily one.
        Quiet "quiet",
    } else Unheard
}

words! {
    /// How much a locked screen shows.
    LockScreen {
        /// Everything.
        All "all",
        /// Only what kind of notification it is.
        KindOnly "kind_only",
        /// Nothing.
        Nothing "nothing",
    } else Unheard
}

words! {
    /// What becomes of an event for one person.
    Verdict {
        /// Told at once.
        Notify "notify",
        /// Told with others, every five minutes.
        Bundle "bundle",
        /// Counted into the one that is there.
        CountUp "count_up",
        /// Not told.
        Silent "silent",
    } else Unheard
}

words! {
    /// What an urgent notification is about, as the phone shows severities (A11).
    Urgency {
        /// Critical.
        Critical "critical",
        /// A warning.
        Warning "warning",
    } else Unheard
}

words! {
    /// What a notification is about.
    NoticeSubject {
        /// An alarm.
        Alarm "alarm",
        /// A device.
        Device "device",
        /// The organization: its list of alarms.
        Organization "organization",
        /// An incident.
        Incident "incident",
    } else Unheard
}

/// The daily push: at which local time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DailyTime {
    /// Minutes after midnight, 0 to 1439.
    pub minute: u16,
    /// The IANA time zone.
    pub zone: String,
}

/// How a person wishes to be told, in one organization (N3). What is missing is as it is at the beginning.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NoticeSettings {
    /// Pushes at all.
    pub push: bool,
    /// The severities that push.
    pub severities: Vec<Urgency>,
    /// Sounds by the name of their channel; an empty one is no sound, a missing channel has the usual one.
    pub sounds: BTreeMap<String, String>,
    /// The daily push; missing: off.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub daily: Option<DailyTime>,
    /// Nothing while off duty.
    pub quiet_off_duty: bool,
    /// How much a locked screen shows.
    pub lock_screen: LockScreen,
    /// Critical ones break Do Not Disturb where the system allows it.
    pub critical_breaks_quiet: bool,
    /// Cleared alarms notify, too.
    pub on_clearing: bool,
}

impl Default for NoticeSettings {
    fn default() -> Self {
        Self {
            push: true,
            severities: vec![Urgency::Critical, Urgency::Warning],
            sounds: BTreeMap::new(),
            daily: None,
            quiet_off_duty: false,
            lock_screen: LockScreen::All,
            critical_breaks_quiet: false,
            on_clearing: false,
        }
    }
}

/// One rule that was asked, with what it saw.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RuleAsked {
    /// The rule's name.
    pub rule: String,
    /// What it saw.
    pub input: String,
    /// What it made of it; missing: it had nothing to say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub said: Option<Verdict>,
}

/// Why somebody was told or not: the rules in their order. The last one that said something decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Reasons {
    /// What became of it.
    pub verdict: Verdict,
    /// The rules that were asked, in order.
    pub rules: Vec<RuleAsked>,
    /// The one that decided.
    pub decided: String,
}

/// The words of a notification; in a push they are sealed.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NoticeWords {
    /// The alarm's title.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub alarm: String,
    /// The device.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub device: String,
    /// Where it is.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub location: String,
    /// The organization.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub organization: String,
    /// Who did it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub by: String,
    /// The state that an incident came into.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub state: String,
}

/// An object of the person's feed `notifications`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum NotificationObject {
    /// Something the person was told.
    Notification(Box<Notification>),
    /// How the person wishes to be told.
    Settings(StoredSettings),
}

/// Something a person was told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Notification {
    /// Its id in the feed.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub id: Uuid,
    /// The event: organization, kind, subject, occurrence or version. The same in push and feed (N5).
    pub key: String,
    /// What kind.
    pub kind: NoticeKind,
    /// What it is about.
    pub subject_kind: NoticeSubject,
    /// Its id.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub subject: Uuid,
    /// Of alarms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub urgency: Option<Urgency>,
    /// Its words.
    #[serde(default)]
    pub words: NoticeWords,
    /// How many it stands for.
    #[serde(default = "one")]
    pub count: i64,
    /// In a daily one: how many incidents opened in the 24 hours before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incidents: Option<i64>,
    /// When the event was.
    pub at: Timestamp,
    /// The channel.
    pub channel: Channel,
    /// Why the person was told. The verdict `silent`: settings silenced it, so it is in the list and announced nowhere.
    pub reasons: Reasons,
    /// The person has read it, on whatever phone.
    #[serde(default)]
    pub read: bool,
    /// See [`crate::rest::Alarm::revision`].
    #[serde(default)]
    pub revision: i64,
}

const fn one() -> i64 {
    1
}

/// The settings as the feed has them: one object per person and organization, with the person's id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StoredSettings {
    /// The person.
    pub id: PersonId,
    /// The settings.
    pub settings: NoticeSettings,
    /// How many critical ones "quiet while off duty" has kept back since the person was last on duty (N3); 0 while it is off.
    #[serde(default)]
    pub kept_back: i64,
    /// See [`crate::rest::Alarm::revision`].
    #[serde(default)]
    pub revision: i64,
}

/// What the server noted of one event and the person who asks (N6).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NoticeLog {
    /// The event.
    pub key: String,
    /// What kind.
    pub kind: NoticeKind,
    /// When it was decided.
    pub made_at: Timestamp,
    /// Why.
    pub reasons: Reasons,
    /// Why the push was not handed over, although it was decided to tell: rights, settings and duty are looked at again
    /// right before; `provider` decided where a provider refused it for good, which another installation's may not have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub withheld: Option<Withheld>,
    /// When a provider took the push.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handed_over_at: Option<Timestamp>,
    /// When a phone showed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shown_at: Option<Timestamp>,
    /// When the person opened it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opened_at: Option<Timestamp>,
}

/// A push that was made and not handed over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Withheld {
    /// When that was decided.
    pub at: Timestamp,
    /// The rules as they spoke then.
    pub reasons: Reasons,
}

/// The server's log of a subject, oldest first.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NoticeLogResponse {
    /// What was noted.
    pub notices: Vec<NoticeLog>,
}

/// Totals of the last 30 days, for administrators: nobody in particular (N7).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DeliveryFigures {
    /// Decided to tell somebody.
    pub made: i64,
    /// Taken by a provider.
    pub handed_over: i64,
    /// Shown by a phone.
    pub shown: i64,
    /// Opened by a person.
    pub opened: i64,
    /// Median of the time from event to shown, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub median_ms: Option<i64>,
    /// Its 99th percentile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p99_ms: Option<i64>,
}

words! {
    /// Who carries pushes to an installation.
    PushProvider {
        /// Nobody: the server keeps them, for tests and the console.
        Loopback "loopback",
        /// A push service of RFC 8030.
        WebPush "web_push",
        /// Apple's.
        Apns "apns",
        /// Google's.
        Fcm "fcm",
    } else Unheard
}

/// An installation of the app says where its pushes go. It belongs to the session that says so, and to nobody before.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Registration {
    /// The installation.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub installation: Uuid,
    /// Who carries.
    pub provider: PushProvider,
    /// The device token, or the URL of RFC 8030.
    pub token: String,
    /// The installation's public key, 65 bytes of an uncompressed point of P-256, as base64url (RFC 8291).
    pub public_key: String,
    /// Its secret for authentication, 16 bytes as base64url (RFC 8291).
    pub auth: String,
}

impl std::fmt::Debug for Registration {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Registration({} by {})", self.installation, self.provider.as_str())
    }
}

/// What a registration brought.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Registered {
    /// Without renewal it ends then.
    pub until: Timestamp,
    /// The key by which a push service knows this server (RFC 8292), as base64url.
    pub vapid_key: String,
}

/// What a phone did with pushes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NoticeReports {
    /// At most 100.
    pub reports: Vec<NoticeReport>,
}

/// One push was shown or opened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NoticeReport {
    /// Whose event.
    pub organization_id: OrganizationId,
    /// The event's key.
    pub key: String,
    /// Milliseconds since it was shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shown_ms_ago: Option<i64>,
    /// Milliseconds since it was opened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opened_ms_ago: Option<i64>,
}

/// The body of `notice_settings`, version 1: all settings, as they are to be.
pub type SettingsBody = NoticeSettings;

/// The body of `read_notices`, version 1.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReadBody {
    /// These were read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "openapi", schema(value_type = Vec<String>))]
    pub notifications: Vec<Uuid>,
    /// And all whose revision is not above this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub up_to: Option<i64>,
}
