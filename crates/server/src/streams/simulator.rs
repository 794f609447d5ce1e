//! Invented measurements at a chosen rate, for whoever tries a client out. They belong to no organization's sensors and
//! cannot be replayed.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Query, State};
use axum::http::HeaderMap;
use axum::response::Response;
use onsite_wire::ids::SensorId;
use onsite_wire::rest::Measurement;
use serde::Deserialize;

use super::{Source, answer, line, may_open, open};
use crate::access::Caller;
use crate::http::{App, PathParts, Refused};

const RATES: std::ops::RangeInclusive<u32> = 1..=10_000;
const SENSORS: std::ops::RangeInclusive<u32> = 1..=100_000;
/// Faster than this many times a second nothing is said; lines come together then.
const TURNS_PER_SECOND: u32 = 10;

/// What is asked of the simulator.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Asked {
    measurements_per_second: Option<u32>,
    sensor_count: Option<u32>,
}

struct Simulator {
    app: Arc<App>,
    lines_per_turn: u32,
    turn: Duration,
    sensors: u32,
    told: u32,
}

/// `simulatedLiveMeasurements`.
pub(crate) async fn simulate(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    caller: Caller,
    path: PathParts,
    query: Result<Query<Asked>, axum::extract::rejection::QueryRejection>,
) -> Result<Response, Refused> {
    let organization = path.organization()?;
    may_open(&app, &caller, organization).await?;
    let Query(asked) = query.map_err(|_| Refused::invalid("a number is none"))?;
    let (rate, sensors) = (asked.measurements_per_second.unwrap_or(10), asked.sensor_count.unwrap_or(100));
    if !RATES.contains(&rate) || !SENSORS.contains(&sensors) {
        return Err(Refused::invalid("measurementsPerSecond is 1 to 10000, sensorCount 1 to 100000"));
    }
    let opened = open(&app, &headers, &caller)?;
    let turns = rate.min(TURNS_PER_SECOND);
    let simulator = Simulator {
        app: Arc::clone(&app),
        lines_per_turn: rate / turns,
        turn: Duration::from_secs(1) / turns,
        sensors,
        told: 0,
    };
    Ok(answer(simulator, opened))
}

impl Source for Simulator {
    async fn next(&mut self) -> Option<String> {
        let app = Arc::clone(&self.app);
        tokio::select! {
            () = app.stopped() => return None,
            () = tokio::time::sleep(self.turn) => {}
        }
        let now = self.app.clock.now();
        let mut lines = String::new();
        for _ in 0..self.lines_per_turn {
            let sensor = self.told % self.sensors;
            lines.push_str(&line(&Measurement {
                sensor_id: simulated(sensor),
                timestamp: now,
                numeric_value: Some(20.0 + f64::from(self.told % 100) / 10.0),
                string_value: None,
                offset: None,
            }));
            self.told = self.told.wrapping_add(1);
        }
        Some(lines)
    }
}

/// The id of an invented sensor: the same in every simulation.
fn simulated(number: u32) -> SensorId {
    SensorId(uuid::Uuid::from_u128(0x51_0000_0000_4000_8000_0000_0000_0000 | u128::from(number)))
}
