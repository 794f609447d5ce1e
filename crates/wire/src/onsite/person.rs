//! People, their rights, and what an organization has to offer.

use serde::{Deserialize, Serialize};

use crate::ids::{Generation, LocationId, OrganizationId, PartnerId, PersonId};
use crate::time::Timestamp;

/// The signed-in person, with everything that decides what may be offered (P2).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Me {
    /// The person.
    pub id: PersonId,
    /// Name as others see it.
    pub name: String,
    /// The address of the account.
    pub email: String,
    /// The server's time when it answered (S2).
    pub now: Timestamp,
    /// Every organization that the person may work in: a partner's technician has many (P6).
    pub organizations: Vec<MyOrganization>,
}

/// An organization as one person may work in it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MyOrganization {
    /// Its id.
    pub id: OrganizationId,
    /// Its name.
    pub label: String,
    /// The generation of its data.
    pub generation: Generation,
    /// What its server and subscription offer; what is not named is not offered.
    pub capabilities: Vec<Capability>,
    /// The person's rights there.
    pub rights: OrganizationRights,
    /// The partner that looks after it, if one does: can be made responsible for an alarm.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partner: Option<PartnerId>,
    /// The partner's name.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub partner_name: String,
}

/// A person's roles in one organization, from all groups.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OrganizationRights {
    /// Roles by location; locations below inherit, the least restrictive role wins (P1).
    pub grants: Vec<Grant>,
}

/// A role at a location and all below it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Grant {
    /// The location; missing: everywhere in the organization.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location_id: Option<LocationId>,
    /// The role there.
    pub role: Role,
}

/// The four roles (P1), from the most restricted to the least.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", from = "String")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Role {
    /// Looks, acknowledges, chats. Also what a reader makes of a role it has not heard of.
    Viewer,
    /// And mutes, and edits custom properties.
    Editor,
    /// And schedules visits, and sets thresholds.
    Operator,
    /// Everything, everywhere.
    Administrator,
}

impl From<String> for Role {
    fn from(name: String) -> Self {
        match name.as_str() {
            "editor" => Self::Editor,
            "operator" => Self::Operator,
            "administrator" => Self::Administrator,
            _ => Self::Viewer,
        }
    }
}

/// Something that an organization's server and subscription offer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Capability {
    /// Make somebody responsible for an alarm (A7).
    Acknowledge,
    /// Mute alarms and devices (A9).
    Mute,
    /// Categories of alarms (A4).
    Category,
    /// Plots of sensors (A2).
    SensorHistory,
    /// What people did to an alarm (A2).
    AlarmHistory,
    /// Positions on floor plans (A2).
    FloorPosition,
    /// The list of persons, to choose an assignee from.
    People,
    /// Rings instead of polling.
    Events,
    /// Digests to compare with.
    Digest,
    /// Being on duty, at sites with fences, and whom to call (U1–U7).
    Duty,
    /// Notifications: the feed, settings and pushes (N1–N7).
    Notifications,
    /// Incidents and their chats, for devices with Asset Advisor (I1).
    Incidents,
    /// Photos in chats (I4).
    Photos,
    /// Something newer than this reader; ignored.
    #[serde(other)]
    Unheard,
}

/// A person of an organization, as colleagues see each other: an object of the feed `people`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PersonEntry {
    /// The person.
    pub id: PersonId,
    /// Name as others see it.
    pub name: String,
    /// The partner whose technician this is; missing for the organization's own people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partner: Option<PartnerId>,
    /// What the person may see here: who may not see an alarm cannot be made responsible for it (A7).
    pub rights: OrganizationRights,
    /// See [`crate::rest::Alarm::revision`].
    #[serde(default)]
    pub revision: i64,
}

/// What a server is and offers, readable without sign-in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ServerCapabilities {
    /// Always `onsite`.
    pub server: String,
    /// The server's version.
    pub version: String,
    /// The server's time when it answered (S2).
    pub now: Timestamp,
    /// Kinds of actions with the newest body version taken.
    pub action_kinds: std::collections::BTreeMap<String, i32>,
    /// Our own feeds.
    pub feeds: Vec<String>,
}
