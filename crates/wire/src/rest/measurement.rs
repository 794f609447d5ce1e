//! Lines of the measurement streams: newline-delimited JSON under gzip, an empty line as heartbeat (fact 8).

use serde::{Deserialize, Serialize};

use crate::ids::SensorId;
use crate::time::Timestamp;

/// One measured value. (`sensorId`, `timestamp`) is its key; lines are not in order and may come twice.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Measurement {
    /// Whose value.
    pub sensor_id: SensorId,
    /// When it was measured.
    pub timestamp: Timestamp,
    /// A number, or …
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub numeric_value: Option<f64>,
    /// … a word; never both.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub string_value: Option<String>,
    /// On some lines: URL-safe text from which a replay can go on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offset: Option<String>,
}

/// The last line of a replay. The literal values are not public (fact 8.5); document and server agree on these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "replaySystemMessageType")]
pub enum ReplaySystemMessage {
    /// All was delivered; the connection closes.
    #[serde(rename = "CompletedReplaySystemMessage")]
    Completed,
    /// Stopped by the limit; the connection closes.
    #[serde(rename = "RateLimitReachedReplaySystemMessage")]
    RateLimitReached,
}
