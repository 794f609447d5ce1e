//! `import-sites`: fences from a GeoJSON file (U3). All of them are taken, or none.

use std::fs::File;
use std::io::{BufReader, Write as _};
use std::path::PathBuf;
use std::sync::Arc;

use onsite_rules::fence::Fence;
use onsite_wire::ids::{LocationId, OrganizationId};
use onsite_wire::onsite::{LonLat, Outline};
use serde::Deserialize;

use super::CommandError;
use crate::clock::SystemClock;
use crate::storage::Storage;

/// What `import-sites` is told.
#[derive(Debug, clap::Args)]
pub(super) struct ImportSites {
    /// A GeoJSON FeatureCollection. Each feature names its site by `location` (an id) or `label`, and is a Polygon, a
    /// MultiPolygon, or a Point with a `radius` in metres.
    file: PathBuf,
    /// The directory of the data.
    #[arg(long)]
    data: PathBuf,
    /// Whose sites.
    #[arg(long)]
    organization: OrganizationId,
}

#[derive(Debug, Deserialize)]
struct Collection {
    #[serde(rename = "type")]
    kind: String,
    features: Vec<Feature>,
}

#[derive(Debug, Deserialize)]
struct Feature {
    #[serde(default)]
    properties: Option<Properties>,
    geometry: Option<Geometry>,
}

#[derive(Debug, Default, Deserialize)]
struct Properties {
    location: Option<LocationId>,
    label: Option<String>,
    radius: Option<f64>,
}

#[derive(Debug, Deserialize)]
#[serde(tag = "type", content = "coordinates")]
enum Geometry {
    Point(Vec<f64>),
    Polygon(Vec<Vec<Vec<f64>>>),
    MultiPolygon(Vec<Vec<Vec<Vec<f64>>>>),
}

/// Takes fences in, and says of which sites.
pub(super) async fn import_sites(wanted: ImportSites) -> Result<(), CommandError> {
    let file = File::open(&wanted.file).map_err(|error| CommandError::File { file: wanted.file.clone(), error })?;
    let collection: Collection = serde_json::from_reader(BufReader::new(file))
        .map_err(|error| not_sites(&wanted.file, format!("it is no GeoJSON: {error}")))?;
    if collection.kind != "FeatureCollection" {
        return Err(not_sites(&wanted.file, "it is no FeatureCollection".to_owned()));
    }
    let storage = Storage::open(&wanted.data, Arc::new(SystemClock))?;
    let organization = wanted.organization;
    let known = storage.read(move |view| view.labelled_sites(organization)).await?;
    let mut fences = Vec::new();
    for (n, feature) in collection.features.into_iter().enumerate() {
        let fence = fence(feature, &known).map_err(|why| not_sites(&wanted.file, format!("feature {}: {why}", n + 1)))?;
        fences.push(fence);
    }
    let mut taken: Vec<LocationId> = fences.iter().map(|(site, _)| *site).collect();
    taken.sort_unstable();
    let all = taken.len();
    taken.dedup();
    if taken.len() != all {
        return Err(not_sites(&wanted.file, "two features are of the same site".to_owned()));
    }
    storage.put_fences(organization, fences).await?;
    for site in taken {
        writeln!(std::io::stdout(), "site {site}")?;
    }
    Ok(())
}

fn not_sites(file: &std::path::Path, why: String) -> CommandError {
    CommandError::NotSites { file: file.to_owned(), why }
}

fn fence(feature: Feature, known: &[(LocationId, String)]) -> Result<(LocationId, Outline), String> {
    let properties = feature.properties.unwrap_or_default();
    let matching: Vec<LocationId> = known
        .iter()
        .filter(|(id, label)| match (&properties.location, &properties.label) {
            (Some(location), _) => id == location,
            (None, Some(wanted)) => label == wanted,
            (None, None) => false,
        })
        .map(|(id, _)| *id)
        .collect();
    let [site] = matching[..] else {
        return Err("it names no site of this organization, or more than one".to_owned());
    };
    let outline = outline(feature.geometry, properties.radius)?;
    Fence::of(&outline).map_err(|refusal| refusal.arguments.get("detail").cloned().unwrap_or_default())?;
    Ok((site, outline))
}

fn outline(geometry: Option<Geometry>, radius: Option<f64>) -> Result<Outline, String> {
    let polygons = match geometry {
        None => return Err("it has no geometry".to_owned()),
        Some(Geometry::Point(point)) => {
            let radius_m = radius.ok_or("a point needs a radius")?;
            return Ok(Outline::Circle { center: lon_lat(&point)?, radius_m });
        }
        Some(Geometry::Polygon(rings)) => vec![rings],
        Some(Geometry::MultiPolygon(polygons)) => polygons,
    };
    let ring = |ring: &Vec<Vec<f64>>| ring.iter().map(|point| lon_lat(point)).collect::<Result<Vec<LonLat>, String>>();
    let polygon = |rings: &Vec<Vec<Vec<f64>>>| rings.iter().map(ring).collect::<Result<Vec<_>, String>>();
    Ok(Outline::Polygons { polygons: polygons.iter().map(polygon).collect::<Result<_, _>>()? })
}

/// A position may have a height behind it.
fn lon_lat(position: &[f64]) -> Result<LonLat, String> {
    match position {
        [lon, lat] | [lon, lat, _] => Ok([*lon, *lat]),
        _ => Err("a position has not two or three numbers".to_owned()),
    }
}
