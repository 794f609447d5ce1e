//! Polygons that a file cut in two at the antimeridian, as RFC 7946 advises: joined again, for a person who stands on the cut
//! is deep inside the site and not on its outline.

use geo::{Coord, LineString, MultiPolygon, Polygon, unary_union};
use onsite_wire::onsite::{LonLat, Outline};

/// So near to ±180° lies the cut, in degrees: a tenth of a millimetre.
const CUT: f64 = 1e-9;

/// The outline with the halves of what was cut at the antimeridian joined; any other one as it is. It must be an outline
/// already: what crosses itself is not mended.
pub fn joined(outline: Outline) -> Outline {
    let Outline::Polygons { polygons } = outline else { return outline };
    let is_cut = |side: f64| polygons.iter().any(|polygon| ends_at(side, polygon));
    if !(is_cut(1.0) && is_cut(-1.0)) {
        return Outline::Polygons { polygons };
    }
    let turned: Vec<Polygon> = polygons.iter().map(|polygon| eastwards(polygon)).collect();
    Outline::Polygons { polygons: rings(&unary_union(&turned)) }
}

/// Whether a polygon lies on this side of the antimeridian and has an edge on it.
fn ends_at(side: f64, rings: &[Vec<LonLat>]) -> bool {
    let on_cut = |point: &&LonLat| (point[0] - 180.0 * side).abs() <= CUT;
    rings
        .first()
        .is_some_and(|ring| ring.iter().all(|point| point[0] * side >= 0.0) && ring.iter().filter(on_cut).count() >= 2)
}

/// A polygon with western longitudes counted on beyond 180°.
fn eastwards(rings: &[Vec<LonLat>]) -> Polygon {
    let east = |[lon, lat]: &LonLat| {
        let lon = if *lon < 0.0 { lon + 360.0 } else { *lon };
        // Both halves were cut at the same meridian, however exactly they say so.
        Coord { x: if (lon - 180.0).abs() <= CUT { 180.0 } else { lon }, y: *lat }
    };
    let mut rings = rings.iter().map(|ring| ring.iter().map(east).collect::<LineString>());
    let outer = rings.next().unwrap_or_else(|| LineString::new(Vec::new()));
    Polygon::new(outer, rings.collect())
}

fn rings(polygons: &MultiPolygon) -> Vec<Vec<Vec<LonLat>>> {
    let ring = |ring: &LineString| ring.coords().map(|point| [point.x, point.y]).collect();
    let polygon = |polygon: &Polygon| {
        std::iter::once(polygon.exterior()).chain(polygon.interiors()).map(ring).collect::<Vec<Vec<LonLat>>>()
    };
    polygons.iter().map(polygon).collect()
}
