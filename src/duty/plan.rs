//! Which regions the phone's system shall watch (U4): it watches a few only, and wakes the app when one is crossed.

use onsite_rules::fence::Position;
use onsite_wire::ids::LocationId;

use super::sites::{Site, Sites};

/// How many regions iOS watches.
pub const IOS_REGIONS: usize = 20;
/// How many regions Android watches.
pub const ANDROID_REGIONS: usize = 100;
/// Smaller circles are not noticed reliably, in metres.
pub const SMALLEST_M: f64 = 150.0;
/// The largest roaming circle, in metres.
pub const LARGEST_ROAMING_M: f64 = 50_000.0;

/// What is watched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Watched {
    /// A site.
    Site(LocationId),
    /// The circle around where the person was: leaving it asks for another plan.
    Roaming,
}

/// A circle that the system watches.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Region {
    /// What it stands for.
    pub watched: Watched,
    /// Its middle.
    pub middle: Position,
    /// Its radius in metres.
    pub radius_m: f64,
}

/// All regions to watch; they take the place of those before.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Plan {
    /// The nearest sites, nearest first, and the roaming circle last. Empty: nothing is watched.
    pub regions: Vec<Region>,
}

/// The circle of a site: it encloses all from where the site counts as reached.
fn circle_m(site: &Site) -> f64 {
    site.circle_m().max(SMALLEST_M)
}

/// The regions to watch for somebody here: the nearest `limit − 1` sites and a roaming circle of at most `roaming_m`, in
/// which nobody comes to a site that is not watched, however many there are.
pub fn plan(sites: &Sites, here: &Position, limit: usize, roaming_m: f64) -> Plan {
    let wanted = limit.saturating_sub(1);
    let mut nearest: Vec<(f64, &Site)> = Vec::new();
    for (site, at_least) in sites.outwards(here) {
        // Everything from here on is farther away than the last one that is taken and the first that is not.
        if nearest.get(wanted).is_some_and(|(last, _)| at_least > *last) {
            break;
        }
        let away = (here.distance_m(site.fence.middle()) - circle_m(site)).max(0.0);
        let place = nearest.partition_point(|(other, _)| *other <= away);
        nearest.insert(place, (away, site));
        nearest.truncate(wanted + 1);
    }
    let unwatched = nearest.get(wanted).map_or(f64::INFINITY, |(away, _)| *away);
    nearest.truncate(wanted);
    let region = |(_, site): &(f64, &Site)| Region {
        watched: Watched::Site(site.id),
        middle: *site.fence.middle(),
        radius_m: circle_m(site),
    };
    let mut regions: Vec<Region> = nearest.iter().map(region).collect();
    let radius_m = (unwatched / 2.0).min(roaming_m).clamp(SMALLEST_M, LARGEST_ROAMING_M);
    regions.push(Region { watched: Watched::Roaming, middle: *here, radius_m });
    Plan { regions }
}
