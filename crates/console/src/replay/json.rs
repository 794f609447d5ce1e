//! GeoJSON and JSON lines.

use std::io::{BufRead, Read as _};

use serde::Deserialize;

use super::broken;
use super::track::{ACCURACY_M, Take, TrackPoint, time};
use crate::ConsoleError;
use crate::api::Error;

/// The largest GeoJSON document, in bytes: it is one value and has to be read as a whole.
const DOCUMENT: u64 = 64 * 1024 * 1024;
/// The longest line, in bytes.
const LINE: u64 = 64 * 1024;

#[derive(Deserialize)]
struct LineOfTrack {
    time: String,
    lat: f64,
    lon: f64,
    #[serde(default)]
    accuracy: Option<f64>,
    #[serde(default)]
    mocked: bool,
}

/// One JSON object a line: `time`, `lat`, `lon`, and if known `accuracy` and `mocked`.
pub fn read_lines(mut file: impl BufRead, take: &mut Take<'_>) -> Result<(), ConsoleError> {
    let mut line = Vec::new();
    for number in 1_u64.. {
        line.clear();
        let read = (&mut file).take(LINE).read_until(b'\n', &mut line).map_err(|_| broken("it cannot be read on"))?;
        if read == 0 {
            break;
        }
        if read as u64 == LINE {
            return Err(broken(format!("line {number} is too long")).into());
        }
        if line.trim_ascii().is_empty() {
            continue;
        }
        let point: LineOfTrack =
            serde_json::from_slice(&line).map_err(|_| broken(format!("line {number} is no point")))?;
        take(TrackPoint {
            lat: point.lat,
            lon: point.lon,
            accuracy_m: point.accuracy.unwrap_or(ACCURACY_M),
            at: time(&point.time)?,
            mocked: point.mocked,
        })?;
    }
    Ok(())
}

#[derive(Deserialize)]
struct Collection {
    features: Vec<Feature>,
}

#[derive(Deserialize)]
struct Feature {
    #[serde(default)]
    properties: Properties,
    geometry: Geometry,
}

#[derive(Default, Deserialize)]
struct Properties {
    time: Option<String>,
    accuracy: Option<f64>,
    #[serde(default)]
    mocked: bool,
    #[serde(default, rename = "coordTimes")]
    times: Vec<String>,
}

#[derive(Deserialize)]
#[serde(tag = "type", content = "coordinates")]
enum Geometry {
    Point(Vec<f64>),
    LineString(Vec<Vec<f64>>),
}

/// A FeatureCollection of points with a `time`, or of lines with `coordTimes`.
pub fn read_geojson(file: impl BufRead, take: &mut Take<'_>) -> Result<(), ConsoleError> {
    let mut file = file.take(DOCUMENT);
    let collection: Collection = match serde_json::from_reader(&mut file) {
        Ok(collection) => collection,
        Err(_) if file.limit() == 0 => {
            return Err(Error::new(crate::api::Code::TooLarge).with("limit", "64 MiB").into());
        }
        Err(error) => return Err(broken(format!("no track at line {} column {}", error.line(), error.column())).into()),
    };
    for feature in collection.features {
        let Feature { properties, geometry } = feature;
        let (points, times) = match geometry {
            Geometry::Point(point) => (vec![point], properties.time.into_iter().collect()),
            Geometry::LineString(points) => (points, properties.times),
        };
        if points.len() != times.len() {
            return Err(broken("a point has no time").into());
        }
        for (point, at) in points.iter().zip(&times) {
            let [lon, lat, ..] = point.as_slice() else { return Err(broken("a position has not two numbers").into()) };
            take(TrackPoint {
                lat: *lat,
                lon: *lon,
                accuracy_m: properties.accuracy.unwrap_or(ACCURACY_M),
                at: time(at)?,
                mocked: properties.mocked,
            })?;
        }
    }
    Ok(())
}
