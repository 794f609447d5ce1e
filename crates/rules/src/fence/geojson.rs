//! Sites' outlines as GeoJSON (RFC 7946): a FeatureCollection whose features are a Polygon, a MultiPolygon, or a Point with
//! a `radius` in metres. Each names its site by `location` (an id) or `label`. What was cut at the antimeridian is one fence
//! again.

use onsite_wire::ids::LocationId;
use onsite_wire::onsite::{LonLat, Outline};
use serde::Deserialize;

use super::Fence;
use crate::action::Refusal;

/// One feature, its outline found to be one.
#[derive(Debug, Clone, PartialEq)]
pub struct SiteFeature {
    /// The site's id.
    pub location: Option<LocationId>,
    /// The site's name.
    pub label: Option<String>,
    /// Where it is.
    pub outline: Outline,
}

#[derive(Deserialize)]
struct Collection {
    #[serde(rename = "type")]
    kind: String,
    features: Vec<Feature>,
}

#[derive(Deserialize)]
struct Feature {
    #[serde(default)]
    properties: Option<Properties>,
    geometry: Option<Geometry>,
}

#[derive(Default, Deserialize)]
struct Properties {
    location: Option<LocationId>,
    label: Option<String>,
    radius: Option<f64>,
}

#[derive(Deserialize)]
#[serde(tag = "type", content = "coordinates")]
enum Geometry {
    Point(Vec<f64>),
    Polygon(Vec<Vec<Vec<f64>>>),
    MultiPolygon(Vec<Vec<Vec<Vec<f64>>>>),
}

fn invalid(why: impl Into<String>) -> Refusal {
    super::invalid(&why.into())
}

/// Reads a collection; the first feature that cannot be used refuses it all (`fence_invalid`, with its number).
pub fn read(reader: impl std::io::Read) -> Result<Vec<SiteFeature>, Refusal> {
    let collection: Collection = serde_json::from_reader(reader)
        .map_err(|error| invalid(format!("no GeoJSON at line {} column {}", error.line(), error.column())))?;
    if collection.kind != "FeatureCollection" {
        return Err(invalid("it is no FeatureCollection"));
    }
    let features = collection.features.into_iter().enumerate();
    features
        .map(|(n, feature)| {
            site(feature).map_err(|refusal| {
                let why = refusal.arguments.get("detail").cloned().unwrap_or_default();
                invalid(format!("feature {}: {why}", n + 1))
            })
        })
        .collect()
}

fn site(feature: Feature) -> Result<SiteFeature, Refusal> {
    let properties = feature.properties.unwrap_or_default();
    let outline = outline(feature.geometry, properties.radius)?;
    Fence::of(&outline)?;
    let outline = super::joined(outline);
    Fence::of(&outline)?;
    Ok(SiteFeature { location: properties.location, label: properties.label, outline })
}

fn outline(geometry: Option<Geometry>, radius: Option<f64>) -> Result<Outline, Refusal> {
    let polygons = match geometry {
        None => return Err(invalid("it has no geometry")),
        Some(Geometry::Point(point)) => {
            let radius_m = radius.ok_or_else(|| invalid("a point needs a radius"))?;
            return Ok(Outline::Circle { center: lon_lat(&point)?, radius_m });
        }
        Some(Geometry::Polygon(rings)) => vec![rings],
        Some(Geometry::MultiPolygon(polygons)) => polygons,
    };
    let ring = |ring: &Vec<Vec<f64>>| ring.iter().map(|point| lon_lat(point)).collect::<Result<Vec<LonLat>, _>>();
    let polygon = |rings: &Vec<Vec<Vec<f64>>>| rings.iter().map(ring).collect::<Result<Vec<_>, _>>();
    Ok(Outline::Polygons { polygons: polygons.iter().map(polygon).collect::<Result<_, _>>()? })
}

/// A position may have a height behind it.
fn lon_lat(position: &[f64]) -> Result<LonLat, Refusal> {
    match position {
        [lon, lat] | [lon, lat, _] => Ok([*lon, *lat]),
        _ => Err(invalid("a position has not two or three numbers")),
    }
}
