//! Sensors. The vendor says in words what they hold (unit, label, parent device: fact 7); the names are ours.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::alarm::text_or_null;
use crate::ids::{DeviceId, SensorId};

/// A sensor of a device.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Sensor {
    /// Its id.
    pub id: SensorId,
    /// The device it measures.
    pub device_id: DeviceId,
    /// Display name.
    #[serde(default, deserialize_with = "text_or_null")]
    pub label: String,
    /// `°C`, `V`, `%` …; missing for a state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// A number or a state.
    #[serde(default)]
    pub kind: SensorKind,
    /// Ours: bands of the value that mean something.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub thresholds: Vec<ThresholdZone>,
    /// Ours: see [`super::Alarm::revision`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<i64>,
}

/// What a sensor measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SensorKind {
    /// A word: open, closed, on battery.
    State,
    /// A number with a unit. Also what a reader makes of a kind it has not heard of.
    #[default]
    #[serde(other)]
    Numeric,
}

/// A band of values and what it means. Bands of one sensor do not overlap.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ThresholdZone {
    /// Lower end, inclusive; missing: no lower end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<f64>,
    /// Upper end, exclusive; missing: no upper end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<f64>,
    /// What a value inside means.
    pub severity: ZoneSeverity,
}

/// What a value in a band means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum ZoneSeverity {
    /// As it should be.
    Normal,
    /// A warning.
    Warning,
    /// Critical; also what a reader makes of a severity it has not heard of.
    #[serde(other)]
    Critical,
}

/// Answer of `listSensors`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SensorsResponse {
    /// All sensors.
    pub sensors: Vec<Sensor>,
    /// Where the changes go on.
    pub offset: i64,
}

/// A change of a sensor: the whole current sensor, or an id that is gone. Written with `discriminator`, read by shape.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "discriminator")]
pub enum SensorChange {
    /// The sensor is new, or different.
    #[serde(rename = "SensorCreateOrUpdate")]
    CreateOrUpdate {
        /// The whole current sensor.
        sensor: Sensor,
    },
    /// The sensor is gone, or this reader may no longer see it.
    #[serde(rename = "SensorDelete", rename_all = "camelCase")]
    Delete {
        /// Its id.
        sensor_id: Uuid,
    },
}

impl<'de> Deserialize<'de> for SensorChange {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Either {
            sensor: Option<Sensor>,
            sensor_id: Option<Uuid>,
        }
        let either = Either::deserialize(deserializer)?;
        match (either.sensor, either.sensor_id) {
            (Some(sensor), _) => Ok(Self::CreateOrUpdate { sensor }),
            (None, Some(sensor_id)) => Ok(Self::Delete { sensor_id }),
            (None, None) => Err(serde::de::Error::missing_field("sensor")),
        }
    }
}

/// Answer of `getSensorChangesAfterOffset`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SensorChangesResponse {
    /// The changes.
    pub sensor_changes: Vec<SensorChange>,
    /// The next offset; equal to the one asked with when nothing is new.
    pub offset: i64,
}
