//! `import-sites`: fences from a GeoJSON file (U3). All of them are taken, or none.

use std::fs::File;
use std::io::{BufReader, Write as _};
use std::path::PathBuf;
use std::sync::Arc;

use onsite_rules::fence::geojson::{self, SiteFeature};
use onsite_wire::ids::{LocationId, OrganizationId};

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

/// Takes fences in, and says of which sites.
pub(super) async fn import_sites(wanted: ImportSites) -> Result<(), CommandError> {
    let file = File::open(&wanted.file).map_err(|error| CommandError::File { file: wanted.file.clone(), error })?;
    let features = geojson::read(BufReader::new(file))
        .map_err(|refusal| not_sites(&wanted.file, refusal.arguments.get("detail").cloned().unwrap_or_default()))?;
    let storage = Storage::open(&wanted.data, Arc::new(SystemClock))?;
    let organization = wanted.organization;
    let known = storage.read(move |view| view.labelled_sites(organization)).await?;
    let mut fences = Vec::new();
    for (n, feature) in features.into_iter().enumerate() {
        let site = site(&feature, &known).ok_or_else(|| {
            not_sites(&wanted.file, format!("feature {}: it names no site here, or more than one", n + 1))
        })?;
        fences.push((site, feature.outline));
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

/// The one site that a feature names.
fn site(feature: &SiteFeature, known: &[(LocationId, String)]) -> Option<LocationId> {
    let mut matching = known.iter().filter(|(id, label)| match (&feature.location, &feature.label) {
        (Some(location), _) => id == location,
        (None, Some(wanted)) => label == wanted,
        (None, None) => false,
    });
    matching.next().filter(|_| matching.next().is_none()).map(|(id, _)| *id)
}
