//! Actions: what a person did that others must learn of.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use crate::codes::Code;
use crate::ids::{ActionId, Generation, OrganizationId, PersonId};
use crate::rest::{AcknowledgementAspect, MuteAspect};
use crate::time::Timestamp;

/// A batch of at most 100 actions, in the order in which they are to be taken.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ActionsRequest {
    /// The generation that the sender knows. When the server's is another one, nothing is applied and the answer is
    /// `generation_changed`: what a restored backup has forgotten must come again before what builds on it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub generation: Option<Generation>,
    /// The actions.
    pub actions: Vec<ActionRequest>,
}

/// One action as it is sent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ActionRequest {
    /// Made on the phone; the same id never has two effects.
    pub id: ActionId,
    /// The organization of the subject.
    pub organization_id: OrganizationId,
    /// `acknowledge`, `mute`, `message` …: an open set; one not offered is refused with `not_offered`.
    pub kind: String,
    /// The shape of `body`; the server takes each shape of the last 90 days.
    pub body_version: i32,
    /// What it is about. Order holds per subject.
    pub subject: Subject,
    /// What the person saw when acting; missing for kinds without versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub basis: Option<Basis>,
    /// How long ago it was made, in milliseconds, when this was sent.
    pub age_ms: i64,
    /// The age comes from the wall clock, because the phone was restarted in between.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub age_uncertain: bool,
    /// An earlier generation of the server's data had confirmed it in time, and it is asked again after a restored backup:
    /// its age is no reason to refuse it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub confirmed_before: bool,
    /// By kind, see `onsite_rules::action`.
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub body: Value,
}

/// What an action is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Subject {
    /// Its kind.
    pub kind: SubjectKind,
    /// Its id.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub id: Uuid,
}

/// The kinds of things that actions are about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum SubjectKind {
    /// An alarm.
    Alarm,
    /// A device.
    Device,
    /// The person who acts.
    Person,
    /// An incident.
    Incident,
}

/// What a versioned action builds upon.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Basis {
    /// The version of the aspect that the person saw.
    Version(i64),
    /// An earlier action of the same person on the same aspect, pending when this one was made.
    After(ActionId),
}

/// The answer: one result per action, in the same order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ActionsResponse {
    /// The results.
    pub results: Vec<ActionResult>,
}

/// What became of one action. Stored with its effect in one transaction, so asking again gives the same.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ActionResult {
    /// Which action.
    pub id: ActionId,
    /// What became of it.
    pub outcome: Outcome,
    /// With `already_applied`: what the first asking gave (`applied` with its position).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<Position>,
    /// With `applied`: the aspect's version that it made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<i64>,
    /// With `refused`, `conflict` and `blocked`: why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<Code>,
    /// The code's arguments by name, see `docs/messages.json`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub arguments: BTreeMap<String, String>,
    /// With `conflict`: what is there now, and who made it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub current: Option<CurrentState>,
}

/// The five outcomes of an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Outcome {
    /// It has its effect.
    Applied,
    /// It had its effect before; nothing happened now.
    AlreadyApplied,
    /// It will never have an effect as it is.
    Refused,
    /// Somebody else moved the aspect since the person looked; the person decides.
    Conflict,
    /// An earlier action on which it builds had no effect.
    Blocked,
}

/// Where an effect shows up: the feed, and the offset from which on it is in there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Position {
    /// `alarms`, `inventory` …
    pub feed: String,
    /// The feed's offset.
    pub offset: i64,
}

/// The present state of a contested aspect.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CurrentState {
    /// Who made it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<PersonId>,
    /// That person's name.
    #[serde(default)]
    pub by_name: String,
    /// When it was made, by the server's clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub made_at: Option<Timestamp>,
    /// When the losing action was made, by the same clock: tells "before you" from "after you, but arrived first" (A8).
    pub yours_made_at: Timestamp,
    /// With an acknowledgement.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acknowledgement: Option<AcknowledgementAspect>,
    /// With a mute.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mute: Option<MuteAspect>,
}
