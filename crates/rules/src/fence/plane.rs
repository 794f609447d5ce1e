//! A plane in metres around the middle of a fence.

use geo::Point;

use super::Position;

/// WGS 84: half the equator's diameter in metres.
const EQUATOR_M: f64 = 6_378_137.0;
/// WGS 84: the square of the first eccentricity.
const ECCENTRICITY: f64 = 0.006_694_379_990_141_3;
/// No fence reaches farther around the earth, in degrees of longitude.
const WIDEST_DEGREES: f64 = 30.0;

/// A longitude in −180..=180.
pub(super) fn wrapped(lon: f64) -> f64 {
    if (-180.0..=180.0).contains(&lon) { lon } else { (lon + 180.0).rem_euclid(360.0) - 180.0 }
}

/// Metres east and north of a middle. Exact enough near it: nearest points are found here, distances are geodesic.
#[derive(Debug, Clone, Copy)]
pub(super) struct Plane {
    lon: f64,
    lat: f64,
    east_m: f64,
    north_m: f64,
}

impl Plane {
    /// The plane around the middle of these points; nothing when they are too far apart.
    pub(super) fn around<'a>(points: impl Iterator<Item = &'a Position> + Clone) -> Option<Self> {
        let first = points.clone().next()?;
        let east = points.clone().map(|point| wrapped(point.lon - first.lon));
        let (west, east) = range(east);
        let (south, north) = range(points.map(Position::lat));
        if east - west > WIDEST_DEGREES || north - south > WIDEST_DEGREES {
            return None;
        }
        let lat = f64::midpoint(south, north);
        let (sin, cos) = lat.to_radians().sin_cos();
        let bend = 1.0 - ECCENTRICITY * sin * sin;
        Some(Self {
            lon: wrapped(first.lon + f64::midpoint(west, east)),
            lat,
            east_m: (EQUATOR_M / bend.sqrt() * cos).to_radians(),
            north_m: (EQUATOR_M * (1.0 - ECCENTRICITY) / bend.powf(1.5)).to_radians(),
        })
    }

    pub(super) const fn middle(&self) -> Position {
        Position { lon: self.lon, lat: self.lat }
    }

    pub(super) fn lay(&self, point: &Position) -> Point {
        Point::new(wrapped(point.lon - self.lon) * self.east_m, (point.lat - self.lat) * self.north_m)
    }

    pub(super) fn lift(&self, point: Point) -> Position {
        Position { lon: wrapped(self.lon + point.x() / self.east_m), lat: self.lat + point.y() / self.north_m }
    }
}

fn range(values: impl Iterator<Item = f64>) -> (f64, f64) {
    values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)))
}
