//! Alarms, and what people made of them (acknowledgement, mute) as versioned aspects beside them.

use serde::{Deserialize, Serialize};

use crate::ids::{ActionId, AlarmId, DeviceId, PersonId, SensorId};
use crate::time::Timestamp;

/// An alarm as the vendor's API serves it, with our properties behind the vendor's.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Alarm {
    /// Stable over the alarm's life.
    pub id: AlarmId,
    /// May point at a device that was not seen yet, or is gone (fact 6).
    pub device_id: DeviceId,
    /// Short title; may change.
    #[serde(default, deserialize_with = "crate::rest::alarm::text_or_null")]
    pub label: String,
    /// Longer text; may change.
    #[serde(default, deserialize_with = "crate::rest::alarm::text_or_null")]
    pub message: String,
    /// May change; null, missing or unheard-of reads as unknown, which shows as critical (A11).
    #[serde(default)]
    pub severity: Severity,
    /// When the condition occurred first.
    pub activated_time: Timestamp,
    /// When the condition went; its presence means cleared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cleared_time: Option<Timestamp>,
    /// How often the condition returned while the alarm was still active (A3).
    #[serde(default, deserialize_with = "crate::rest::alarm::number_or_null")]
    pub alarm_reactivation_count: i32,

    /// Ours: Power, Cooling, Environment, Security, Communication, Lifespan, Other; an open set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    /// Ours: what to do, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub recommended_actions: Vec<String>,
    /// Ours: the sensor whose measurements raised the alarm.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sensor_id: Option<SensorId>,
    /// Ours: where on the floor plan the device stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub floor_position: Option<FloorPosition>,
    /// Ours: who is responsible (A7). Missing where the server does not offer it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acknowledgement: Option<AcknowledgementAspect>,
    /// Ours: the alarm's own mute (A9). Missing where the server does not offer it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mute: Option<MuteAspect>,
    /// Ours: the offset at which this alarm last changed; the version that digests compare.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<i64>,
}

pub(crate) fn text_or_null<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Ok(Option::<String>::deserialize(deserializer)?.unwrap_or_default())
}

pub(crate) fn number_or_null<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<i32, D::Error> {
    Ok(Option::<i32>::deserialize(deserializer)?.unwrap_or_default())
}

/// The eight severities of the API (fact 6.1). What the phone shows of them is a rule, see `onsite_rules::severity`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Severity {
    /// Nothing is wrong.
    Ok,
    /// For information.
    Info,
    /// A warning.
    Warning,
    /// An error.
    Error,
    /// Critical.
    Critical,
    /// A failure.
    Fail,
    /// Not known to the server; also what a reader makes of a severity it has not heard of.
    #[default]
    Unknown,
    /// Not measured yet.
    Initialize,
}

impl Severity {
    /// All severities in the order of the API's document.
    pub const ALL: [Self; 8] =
        [Self::Unknown, Self::Initialize, Self::Fail, Self::Critical, Self::Error, Self::Warning, Self::Info, Self::Ok];

    /// The severity's name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "OK",
            Self::Info => "INFO",
            Self::Warning => "WARNING",
            Self::Error => "ERROR",
            Self::Critical => "CRITICAL",
            Self::Fail => "FAIL",
            Self::Unknown => "UNKNOWN",
            Self::Initialize => "INITIALIZE",
        }
    }

    /// The severity of this name; one not heard of is [`Severity::Unknown`].
    pub fn from_wire(name: &str) -> Self {
        Self::ALL.into_iter().find(|severity| severity.as_str() == name).unwrap_or(Self::Unknown)
    }
}

impl<'de> Deserialize<'de> for Severity {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = Option::<std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        Ok(name.map_or(Self::Unknown, |name| Self::from_wire(&name)))
    }
}

/// A place on a floor plan's picture.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FloorPosition {
    /// The picture's id.
    pub floor_image_id: String,
    /// 0 at the left edge, 1 at the right one.
    pub x: f64,
    /// 0 at the upper edge, 1 at the lower one.
    pub y: f64,
}

/// Who is responsible for an alarm, with the version that moves only by people's actions.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AcknowledgementAspect {
    /// 0 before the first action of a person; grows by one with each.
    pub version: i64,
    /// The action that made this version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action: Option<ActionId>,
    /// Who made this version; also set when the acknowledgement was taken back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<PersonId>,
    /// The name of that person at that time.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub by_name: String,
    /// When it was made, as the server computed it from the action's age.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub made_at: Option<Timestamp>,
    /// Missing: nobody is responsible.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acknowledged: Option<Acknowledged>,
}

/// A person or partner made responsible.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Acknowledged {
    /// Who is responsible.
    pub assignee: Assignee,
    /// A free text.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
    /// The assignee's rights ended later: the assignment stays, marked (A7).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub assignee_cannot_see: bool,
}

/// Somebody who can be made responsible.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Assignee {
    /// A person of the organization, or its partner as a company.
    pub kind: AssigneeKind,
    /// A `PersonId` or `PartnerId`, by kind.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub id: uuid::Uuid,
    /// The name at the time of writing; ignored in a request.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
}

/// What an assignee is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum AssigneeKind {
    /// A person.
    Person,
    /// A partner, whoever of it has time.
    Partner,
}

/// The mute of an alarm or of a device, with the version that moves only by people's actions.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MuteAspect {
    /// 0 before the first action of a person; grows by one with each.
    pub version: i64,
    /// The action that made this version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action: Option<ActionId>,
    /// Who made this version; also set when the mute was lifted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<PersonId>,
    /// The name of that person at that time.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub by_name: String,
    /// When it was made, as the server computed it from the action's age.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub made_at: Option<Timestamp>,
    /// Missing: lifted, or never set. Present but past its end: it has run out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub muted: Option<Muted>,
}

/// A mute: until when, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Muted {
    /// The end. Missing: until the alarm is cleared, which only an alarm's own mute may say (A9).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// Why.
    pub reason: MuteReason,
    /// Words beside the reason, up to 255 characters.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub text: String,
}

/// Why something was muted (A9). A reason not known to a reader reads as other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum MuteReason {
    /// Work was announced.
    PlannedMaintenance,
    /// Known, and looked after elsewhere.
    KnownIssue,
    /// Somebody is at it.
    UnderRepair,
    /// It rings without need.
    Nuisance,
    /// Something else, in words.
    #[serde(other)]
    Other,
}

/// Answer of `listAlarms`: all active alarms and those cleared in the last 7 days.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AlarmsResponse {
    /// The alarms, in no promised order.
    pub alarms: Vec<Alarm>,
    /// Where the changes go on.
    pub offset: i64,
}

/// Answer of `getAlarmChangesAfterOffset`: alarms that changed, in their current version. Never deletions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AlarmChangesResponse {
    /// The changed alarms.
    pub alarms: Vec<Alarm>,
    /// The next offset; equal to the one asked with when nothing is new.
    pub offset: i64,
}
