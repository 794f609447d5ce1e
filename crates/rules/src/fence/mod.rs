//! Fences (U3): what an outline may be, and how far a point is from one. A server refuses by it what a phone could not use.
//!
//! A polygon is laid into a plane in metres around its middle, so that neither the antimeridian nor a degree's changing
//! length matters; the nearest point of the outline is found there, and the distance to it is geodesic.

pub mod geojson;
mod inscribed;
mod plane;
mod seam;

use geo::{ClosestPoint, Contains, Distance, Euclidean, Geodesic, LineString, Point, Polygon, Validation};
use onsite_wire::codes::Code;
use onsite_wire::onsite::{LonLat, Outline};

use self::plane::Plane;
pub use self::seam::joined;
use crate::action::Refusal;

/// The largest distance from a fence's middle to its farthest point, in metres (ours).
pub const LARGEST_M: f64 = 50_000.0;
/// The most points of one outline (ours).
pub const MOST_POINTS: usize = 2_000;
/// Nearer to a pole than this latitude no fence is taken (ours): a plane around it would be bent too much.
pub const LARGEST_LATITUDE: f64 = 85.0;

/// A point on the earth. Stays on the phone: it has no way to be written out.
#[derive(Clone, Copy, PartialEq)]
pub struct Position {
    lon: f64,
    lat: f64,
}

impl std::fmt::Debug for Position {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Position(…)")
    }
}

impl Position {
    /// The point at this latitude and longitude in degrees; nothing for what is no point on the earth.
    pub fn new(lat: f64, lon: f64) -> Option<Self> {
        let valid = lat.is_finite() && lon.is_finite() && lat.abs() <= 90.0 && lon.abs() <= 540.0;
        valid.then(|| Self { lon: plane::wrapped(lon), lat })
    }

    /// Degrees north.
    pub const fn lat(&self) -> f64 {
        self.lat
    }

    /// Degrees east, in −180..=180.
    pub const fn lon(&self) -> f64 {
        self.lon
    }

    /// Metres to another point, along the earth.
    pub fn distance_m(&self, other: &Self) -> f64 {
        Geodesic.distance(self.point(), other.point())
    }

    /// On a sphere of radius 1: for indexes, which know no antimeridian then.
    pub fn on_sphere(&self) -> [f64; 3] {
        let (lat, lon) = (self.lat.to_radians(), self.lon.to_radians());
        [lat.cos() * lon.cos(), lat.cos() * lon.sin(), lat.sin()]
    }

    fn point(&self) -> Point {
        Point::new(self.lon, self.lat)
    }
}

/// A site's fence, ready to be measured against.
#[derive(Debug, Clone)]
pub struct Fence {
    shape: Shape,
    middle: Position,
    enclosing_m: f64,
    inradius_m: f64,
}

#[derive(Debug, Clone)]
enum Shape {
    Circle,
    Area { plane: Plane, polygons: Vec<Polygon> },
}

impl Fence {
    /// The fence of this outline, or why it is none (`fence_invalid`).
    pub fn of(outline: &Outline) -> Result<Self, Refusal> {
        match outline {
            Outline::Circle { center, radius_m } => circle(*center, *radius_m),
            Outline::Polygons { polygons } => area(polygons),
            Outline::Unheard => Err(invalid("its type is unknown")),
        }
    }

    /// Metres from a point to the outline, negative inside.
    pub fn distance_m(&self, from: &Position) -> f64 {
        match &self.shape {
            Shape::Circle => self.middle.distance_m(from) - self.enclosing_m,
            Shape::Area { plane, polygons } => {
                let point = plane.lay(from);
                let each = polygons.iter().map(|polygon| {
                    let nearest = nearest_on_outline(polygon, point).map(|nearest| plane.lift(nearest));
                    let away = nearest.map_or(f64::INFINITY, |nearest| nearest.distance_m(from));
                    if polygon.contains(&point) { -away } else { away }
                });
                each.fold(f64::INFINITY, f64::min)
            }
        }
    }

    /// The radius in metres of the largest circle inside.
    pub const fn inradius_m(&self) -> f64 {
        self.inradius_m
    }

    /// The middle of the circle that encloses it.
    pub const fn middle(&self) -> &Position {
        &self.middle
    }

    /// The radius in metres of the circle around its middle that encloses it.
    pub const fn enclosing_m(&self) -> f64 {
        self.enclosing_m
    }

    /// Metres between two sites: from middle to middle (U6).
    pub fn apart_m(&self, other: &Self) -> f64 {
        self.middle.distance_m(&other.middle)
    }
}

fn invalid(why: &str) -> Refusal {
    Refusal::of(Code::FenceInvalid).with("detail", why)
}

fn position([lon, lat]: LonLat) -> Result<Position, Refusal> {
    let position = Position::new(lat, lon).ok_or_else(|| invalid("a coordinate is not on the earth"))?;
    if lat.abs() > LARGEST_LATITUDE { Err(invalid("it is too near to a pole")) } else { Ok(position) }
}

fn circle(center: LonLat, radius_m: f64) -> Result<Fence, Refusal> {
    let middle = position(center)?;
    if !radius_m.is_finite() || radius_m <= 0.0 {
        return Err(invalid("a circle needs a radius"));
    }
    if radius_m > LARGEST_M {
        return Err(invalid("it is too large"));
    }
    Ok(Fence { shape: Shape::Circle, middle, enclosing_m: radius_m, inradius_m: radius_m })
}

fn area(rings: &[Vec<Vec<LonLat>>]) -> Result<Fence, Refusal> {
    let points = rings.iter().flatten().map(Vec::len).sum::<usize>();
    if points == 0 || rings.iter().any(|polygon| polygon.first().is_none_or(Vec::is_empty)) {
        return Err(invalid("a polygon is empty"));
    }
    if points > MOST_POINTS {
        return Err(invalid("it has too many points"));
    }
    let positions = rings
        .iter()
        .map(|polygon| polygon.iter().map(|ring| ring.iter().map(|point| position(*point)).collect()).collect())
        .collect::<Result<Vec<Vec<Vec<Position>>>, Refusal>>()?;
    let plane = Plane::around(positions.iter().flatten().flatten()).ok_or_else(|| invalid("it is too large"))?;
    let polygons: Vec<Polygon> = positions.iter().map(|rings| laid(&plane, rings)).collect();
    for polygon in &polygons {
        polygon
            .check_validation()
            .map_err(|_| invalid("a polygon crosses or touches itself, or has too few points"))?;
    }
    let middle = plane.middle();
    let farthest = positions.iter().flatten().flatten().map(|point| middle.distance_m(point)).fold(0.0, f64::max);
    if farthest > LARGEST_M {
        return Err(invalid("it is too large"));
    }
    let inradius_m = polygons.iter().map(inscribed::radius).fold(0.0, f64::max);
    if inradius_m <= 0.0 {
        return Err(invalid("a polygon has no inside"));
    }
    Ok(Fence { shape: Shape::Area { plane, polygons }, middle, enclosing_m: farthest, inradius_m })
}

fn laid(plane: &Plane, rings: &[Vec<Position>]) -> Polygon {
    let mut rings = rings.iter().map(|ring| ring.iter().map(|point| plane.lay(point)).collect::<LineString>());
    let outer = rings.next().unwrap_or_else(|| LineString::new(Vec::new()));
    Polygon::new(outer, rings.collect())
}

/// The point of a polygon's rings that is nearest.
fn nearest_on_outline(polygon: &Polygon, point: Point) -> Option<Point> {
    let rings = std::iter::once(polygon.exterior()).chain(polygon.interiors());
    rings
        .filter_map(|ring| match ring.closest_point(&point) {
            geo::Closest::Intersection(nearest) | geo::Closest::SinglePoint(nearest) => Some(nearest),
            geo::Closest::Indeterminate => None,
        })
        .min_by(|a, b| Euclidean.distance(*a, point).total_cmp(&Euclidean.distance(*b, point)))
}

#[cfg(test)]
mod tests;
