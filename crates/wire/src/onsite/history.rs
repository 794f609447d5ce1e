//! What was: what people did to an alarm, and what a sensor measured.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::ids::{ActionId, PersonId, SensorId};
use crate::rest::ThresholdZone;
use crate::time::Timestamp;

/// What people did to an alarm, oldest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HistoryResponse {
    /// The entries.
    pub entries: Vec<HistoryEntry>,
}

/// One thing that a person did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HistoryEntry {
    /// The action.
    pub action: ActionId,
    /// Its kind: `acknowledge`, `mute` …
    pub kind: String,
    /// Who.
    pub by: PersonId,
    /// The name at that time.
    pub by_name: String,
    /// When it was made, as computed from its age.
    pub made_at: Timestamp,
    /// When it arrived.
    pub arrived_at: Timestamp,
    /// What it said: `assignee`, `note`, `until`, `reason`, `text`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub details: BTreeMap<String, String>,
}

/// A sensor's past in buckets of equal length.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SensorHistory {
    /// Whose.
    pub sensor_id: SensorId,
    /// Start of the first bucket.
    pub from: Timestamp,
    /// End of the last bucket.
    pub to: Timestamp,
    /// Length of a bucket in milliseconds.
    pub bucket_ms: i64,
    /// Buckets with at least one number, in order.
    pub buckets: Vec<Bucket>,
    /// State sensors: each change of the word.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub states: Vec<StatePoint>,
    /// Bands of the value that mean something.
    #[serde(default)]
    pub zones: Vec<ThresholdZone>,
    /// `°C`, `V`, `%` …
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
}

/// The numbers of one bucket.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Bucket {
    /// Start of the bucket.
    pub at: Timestamp,
    /// Smallest value.
    pub min: f64,
    /// Arithmetic mean.
    pub average: f64,
    /// Largest value.
    pub max: f64,
    /// How many values.
    pub count: i64,
}

/// A word from a time on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StatePoint {
    /// From when on.
    pub at: Timestamp,
    /// The word.
    pub state: String,
}
