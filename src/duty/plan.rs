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

#[cfg(test)]
mod tests {
    use onsite_rules::fence::Fence;
    use onsite_wire::ids::OrganizationId;
    use onsite_wire::onsite::Outline;
    use proptest::prelude::*;

    use super::*;

    fn sites(of: &[(f64, f64, f64)]) -> Sites {
        let all = of.iter().enumerate().map(|(n, (lon, lat, radius_m))| Site {
            id: LocationId(uuid::Uuid::from_u128(n as u128)),
            organization: OrganizationId::from_bytes([1; 16]),
            fence: Fence::of(&Outline::Circle { center: [*lon, *lat], radius_m: *radius_m }).unwrap(),
        });
        Sites::of(all.collect())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn the_nearest_sites_are_watched_and_none_other_is_reached_inside_the_roaming_circle(
            of in proptest::collection::vec((-180.0..180.0_f64, -60.0..60.0_f64, 20.0..3_000.0_f64), 0..150),
            lon in -180.0..180.0_f64, lat in -60.0..60.0_f64, limit in 1..30_usize,
        ) {
            let sites = sites(&of);
            let here = Position::new(lat, lon).unwrap();
            let plan = plan(&sites, &here, limit, LARGEST_ROAMING_M);
            prop_assert!(plan.regions.len() <= limit);
            let watched: Vec<Watched> = plan.regions.iter().map(|region| region.watched).collect();
            prop_assert_eq!(watched.last(), Some(&Watched::Roaming));
            let away = |site: &Site| (here.distance_m(site.fence.middle()) - circle_m(site)).max(0.0);
            let (inside, outside): (Vec<&Site>, Vec<&Site>) =
                sites.all().iter().partition(|site| watched.contains(&Watched::Site(site.id)));
            let farthest = inside.iter().map(|site| away(site)).fold(0.0, f64::max);
            for site in outside {
                prop_assert!(away(site) + 0.01 >= farthest);
                let roaming = plan.regions.last().unwrap().radius_m;
                prop_assert!(roaming <= SMALLEST_M || away(site) >= roaming);
            }
            for region in &plan.regions {
                prop_assert!(region.radius_m >= SMALLEST_M);
                if let Watched::Site(id) = region.watched {
                    prop_assert!(region.radius_m >= sites.site(id).unwrap().fence.enclosing_m());
                }
            }
        }
    }
}
