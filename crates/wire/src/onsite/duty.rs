//! On duty: sites with their outlines, who is on duty and where, and whom to call (U1–U7).
//!
//! Outlines come down from the server. Of a person only a site's id goes up: no request of the phone has a coordinate.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::ids::{LocationId, PersonId};
use crate::time::Timestamp;

/// An object of the feed `sites`: a location's outline and call list, or the organization's own call list under the
/// organization's id.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SiteEntry {
    /// The location, or the organization.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub id: Uuid,
    /// Where it is; missing for a site without a fence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outline: Option<Outline>,
    /// Whom to call, in order (U6); empty: the one above it holds.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub calls: Vec<CallEntry>,
    /// See [`crate::rest::Alarm::revision`].
    #[serde(default)]
    pub revision: i64,
}

/// One line of a call list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CallEntry {
    /// Who.
    pub person: PersonId,
    /// What a tap calls.
    pub phone: String,
}

/// A call list as an administrator orders it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CallList {
    /// In the order of calling.
    pub calls: Vec<CallEntry>,
}

/// A point on the earth as GeoJSON writes it: longitude, then latitude, in degrees.
pub type LonLat = [f64; 2];

/// Where a site is (U3): rings and points as GeoJSON writes them, a ring's last point equal to its first. A ring that
/// crosses the antimeridian either goes on beyond ±180° or jumps; both are read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Outline {
    /// A circle.
    #[serde(rename_all = "camelCase")]
    Circle {
        /// Its middle.
        #[cfg_attr(feature = "openapi", schema(value_type = Vec<f64>))]
        center: LonLat,
        /// Its radius in metres.
        radius_m: f64,
    },
    /// Polygons: of each first the outer ring, then its holes.
    Polygons {
        /// The polygons.
        #[cfg_attr(feature = "openapi", schema(value_type = Vec<Vec<Vec<Vec<f64>>>>))]
        polygons: Vec<Vec<Vec<LonLat>>>,
    },
    /// Something newer than this reader: the site counts as one without a fence.
    #[serde(other)]
    Unheard,
}

/// An object of the feed `duty`: one person, as colleagues see it (U2).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DutyEntry {
    /// The person, or the name of the person's presence: an object of its own, so that who may not see the site does not
    /// learn of it.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub id: Uuid,
    /// Who.
    pub person: PersonId,
    /// The name others see.
    pub name: String,
    /// Since when on duty; missing in a presence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// At which site, in a presence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<AtSite>,
    /// See [`crate::rest::Alarm::revision`].
    #[serde(default)]
    pub revision: i64,
}

/// The lease of a site (U7): it ends by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AtSite {
    /// The site.
    pub site: LocationId,
    /// Since when.
    pub since: Timestamp,
    /// When the lease ends unless it is renewed, by the server's clock.
    pub until: Timestamp,
}

/// The body of the action `duty`, version 1 (U1). When it was pressed follows from the action's age.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DutyBody {
    /// On duty, or off.
    pub on: bool,
}

/// The body of the action `presence`, version 1 (U2): at a site, or at none any more. A site's id is all that is said of
/// where somebody is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PresenceBody {
    /// The site; missing: withdrawn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub site: Option<LocationId>,
    /// Since how many milliseconds before this action was made; 0 when withdrawn.
    #[serde(default)]
    pub since_ms: i64,
}
