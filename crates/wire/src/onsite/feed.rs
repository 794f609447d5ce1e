//! Feeds of our own objects, digests, and the rings that say a feed has moved.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::ids::OrganizationId;
use crate::time::Timestamp;

/// A full read (without `after`) or the changes after an offset of one of our own feeds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FeedResponse {
    /// Objects in their current version; their shape is the feed's.
    #[cfg_attr(feature = "openapi", schema(value_type = Vec<Object>))]
    pub objects: Vec<Value>,
    /// Ids of objects that are gone, or that this reader may no longer see. Empty in a full read.
    #[serde(default)]
    pub removed: Vec<String>,
    /// The next offset; equal to the one asked with when nothing is new.
    pub offset: i64,
}

/// What a reader should hold of a feed: compared after a full read and daily.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Digest {
    /// The feed's offset at the time of counting.
    pub offset: i64,
    /// How many objects this reader may see.
    pub count: i64,
    /// XOR over those objects of `onsite_rules::digest::mark(id, revision)`, as 16 hexadecimal digits.
    pub xor: String,
    /// Alarms and incidents: those cleared or closed before this time are not counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cleared_since: Option<Timestamp>,
}

/// "Feed X has moved to offset N": the only thing the event stream says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Ring {
    /// Whose feed.
    pub organization_id: OrganizationId,
    /// `alarms`, `inventory`, `sensors`, `people`, `incidents`, `messages`, `read_positions`.
    pub feed: String,
    /// Where it stands.
    pub offset: i64,
}
