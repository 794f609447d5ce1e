//! Incidents and their chats (I1–I6), as the feeds `incidents`, `messages` and `read_positions` bring them.

use serde::{Deserialize, Serialize};

use super::Photo;
use crate::ids::{AlarmId, DeviceId, IncidentId, MessageId, PersonId, Uuid};
use crate::time::Timestamp;

/// An incident: an object of the feed `incidents`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Incident {
    /// Its id. Of one that a person opened: the id of the action that did.
    pub id: IncidentId,
    /// The device that it is about; at most one incident of a device is new, open or pending at a time (I1).
    pub device_id: DeviceId,
    /// What it is about, in one line.
    #[serde(default)]
    pub subject: String,
    /// More words of whoever opened it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// Where it is in its life.
    pub state: IncidentState,
    /// When it was opened, by the server's clock.
    pub opened_at: Timestamp,
    /// Who opened it.
    pub opened_by: Author,
    /// The alarms that it names, in the order in which they joined.
    #[serde(default)]
    pub alarms: Vec<AlarmId>,
    /// The agent who owns it; empty while nobody does.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub agent: String,
    /// While solved: when it closes, and until when it can be reopened (I2).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closes_at: Option<Timestamp>,
    /// The number of the last message of its chat; 0 for none.
    #[serde(default)]
    pub last_message: i64,
    /// When something happened in it last: a message, a change, an alarm that joined.
    pub last_at: Timestamp,
    /// Every change, oldest first (I3).
    #[serde(default)]
    pub history: Vec<IncidentChange>,
    /// Who is in it: whoever opened it, moved it or wrote in it, in the order of coming (I4).
    #[serde(default)]
    pub participants: Vec<Author>,
    /// The two who have read furthest: enough to tell every writer whether somebody else has read a message.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub read_furthest: Vec<ReadMark>,
    /// What somebody thought of it, once it was solved (I5).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub feedback: Option<Feedback>,
    /// See [`crate::rest::Alarm::revision`].
    #[serde(default)]
    pub revision: i64,
}

/// The life of an incident (I2). Which move leads where is a rule, see `onsite_rules::incident`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", from = "String")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum IncidentState {
    /// Nobody owns it yet.
    New,
    /// An agent owns it; shown as "in progress". Also what a reader makes of a state it has not heard of.
    Open,
    /// It waits for something or somebody.
    Pending,
    /// Done; closes after 4 days unless somebody reopens it.
    Solved,
    /// Over for good.
    Closed,
}

impl IncidentState {
    /// All of them, in the order of the life.
    pub const ALL: [Self; 5] = [Self::New, Self::Open, Self::Pending, Self::Solved, Self::Closed];

    /// The state's name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Open => "open",
            Self::Pending => "pending",
            Self::Solved => "solved",
            Self::Closed => "closed",
        }
    }
}

impl From<String> for IncidentState {
    fn from(name: String) -> Self {
        Self::ALL.into_iter().find(|state| state.as_str() == name).unwrap_or(Self::Open)
    }
}

/// Who wrote or did something in an incident.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Author {
    /// Person, agent or the server itself.
    pub kind: AuthorKind,
    /// The person; missing for agents and the server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<PersonId>,
    /// The name at that time; empty for the server.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
}

/// The three kinds of authors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum AuthorKind {
    /// Somebody of the organization or its partner.
    Person,
    /// A service-bureau agent.
    Agent,
    /// Nobody: a critical alarm, or the clock. Also what a reader makes of a kind it has not heard of.
    #[serde(other)]
    Server,
}

/// One change of an incident.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct IncidentChange {
    /// When, by the server's clock.
    pub at: Timestamp,
    /// Who.
    pub by: Author,
    /// The state from then on; missing when something else changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<IncidentState>,
    /// The alarm that joined then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alarm: Option<AlarmId>,
    /// Feedback was given or edited then.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub feedback: bool,
}

/// How far somebody has read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReadMark {
    /// Who; missing: an agent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<PersonId>,
    /// The number of the last message read.
    pub up_to: i64,
}

/// What somebody thought of a completed incident (I5).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Feedback {
    /// 1 (bad) to 5 (good).
    pub rating: i32,
    /// Words; may be empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub comment: String,
    /// Who gave it.
    pub by: Author,
    /// When it was given first.
    pub at: Timestamp,
}

/// A line of a chat: an object of the feed `messages`. Never deleted; it goes with its incident. Nothing of it changes but
/// where the bytes of its photo are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Message {
    /// Its id. Of one that a person wrote: the id of the action that did.
    pub id: MessageId,
    /// Whose chat.
    pub incident_id: IncidentId,
    /// Its place in the server's order: 1, 2, 3 … without holes, so that a reader sees what it does not have.
    pub number: i64,
    /// Who wrote it.
    pub author: Author,
    /// The words; empty for a change of state.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub text: String,
    /// A change of state stands in the chat as a line of its own. After `closed` no line follows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change: Option<IncidentState>,
    /// The photo that came with it. Its id is the message's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub photo: Option<Photo>,
    /// When it was written, as the server computed it from the action's age.
    pub made_at: Timestamp,
    /// When it arrived.
    pub arrived_at: Timestamp,
    /// See [`crate::rest::Alarm::revision`].
    #[serde(default)]
    pub revision: i64,
}

/// How far one has read oneself: an object of the feed `read_positions`, which holds those of the reader only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReadPosition {
    /// Of this object.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub id: Uuid,
    /// Of which chat.
    pub incident_id: IncidentId,
    /// The number of the last message read.
    pub up_to: i64,
    /// See [`crate::rest::Alarm::revision`].
    #[serde(default)]
    pub revision: i64,
}

/// A stretch of a chat, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MessagesResponse {
    /// The messages below the number that was asked for, in falling order without holes.
    pub messages: Vec<Message>,
}
