//! Tracks in any of the formats that are read, point by point.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use onsite::time::Timestamp;

use super::{broken, gpx, json};
use crate::ConsoleError;

/// How exact a point is that does not say so, in metres.
pub const ACCURACY_M: f64 = 10.0;

/// One point of a track.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TrackPoint {
    /// Degrees north.
    pub lat: f64,
    /// Degrees east.
    pub lon: f64,
    /// How exact, in metres.
    pub accuracy_m: f64,
    /// When.
    pub at: Timestamp,
    /// Made up by a program.
    pub mocked: bool,
}

/// What is done with each point.
pub type Take<'a> = dyn FnMut(TrackPoint) -> Result<(), ConsoleError> + 'a;

/// Hands out the points of a file in their order.
pub fn read(path: &Path, take: &mut Take<'_>) -> Result<(), ConsoleError> {
    let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default().to_ascii_lowercase();
    let file = File::open(path).map_err(ConsoleError::io(path.display().to_string()))?;
    let file = BufReader::new(file);
    match ending.as_str() {
        "gpx" => gpx::read(file, take),
        "geojson" | "json" => json::read_geojson(file, take),
        "jsonl" | "ndjson" => json::read_lines(file, take),
        _ => Err(broken("its ending is none of gpx, geojson, json, jsonl, ndjson").into()),
    }
}

/// A recorded time.
pub fn time(text: &str) -> Result<Timestamp, crate::api::Error> {
    Timestamp::parse(text.trim()).map_err(|_| broken("a time is none"))
}
