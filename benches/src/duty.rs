//! Duty with 10,000 sites: one step with a fix, and a plan of the regions to watch. Against no bare limit: the must is a time.

use std::sync::Arc;
use std::time::Instant;

use onsite::duty::plan::LARGEST_ROAMING_M;
use onsite::duty::{ANDROID_REGIONS, Duty, Event, Fix, Settings, Site, Sites, Stored, plan};
use onsite::time::{Moment, Timestamp};
use onsite_rules::fence::{Fence, Position};
use onsite_wire::ids::{LocationId, OrganizationId, Uuid};
use onsite_wire::onsite::{LonLat, Outline};

use super::Outcome;
use super::measure::Figure::{Median, P99};
use super::measure::{Line, Samples, Unit, limit};
use super::world::World;

const SITES: u32 = 10_000;
const STEPS: i64 = 2_000;
const PLANS: u32 = 200;

/// Circles and polygons of 24 points all over a country, a hundred of them in one town.
fn sites() -> Outcome<Sites> {
    let mut sites = Vec::new();
    for n in 0..SITES {
        let (row, column) = (f64::from(n / 100), f64::from(n % 100));
        let spread = if n % 100 == 7 { 0.002 } else { 0.05 };
        let (lat, lon) = (46.0 + row * spread, 6.0 + column * spread);
        let outline = if n % 2 == 0 {
            Outline::Circle { center: [lon, lat], radius_m: 120.0 }
        } else {
            let corner = |k: u32| -> LonLat {
                let (sin, cos) = (f64::from(k % 24) * 15.0).to_radians().sin_cos();
                [lon + 0.002 * cos, lat + 0.0015 * sin]
            };
            Outline::Polygons { polygons: vec![vec![(0..=24).map(corner).collect()]] }
        };
        let fence = Fence::of(&outline).map_err(|refusal| refusal.code.as_str())?;
        let id = LocationId(Uuid::from_u128(u128::from(n) + 1));
        sites.push(Site { id, organization: OrganizationId(Uuid::nil()), fence });
    }
    Ok(Sites::of(sites))
}

fn moment(ms: i64) -> Moment {
    Moment { wall: Timestamp::from_millis(1_800_000_000_000 + ms), monotonic_ms: ms, boot: 1 }
}

/// Measures both.
pub fn lines(_: &World) -> Outcome<Vec<Line>> {
    let sites = Arc::new(sites()?);
    let mut duty = Duty::recover(Stored::default(), Settings::default(), ANDROID_REGIONS, &moment(0));
    duty.step(Event::Sites(Arc::clone(&sites)), &moment(0));
    duty.step(Event::SwitchedOn, &moment(0));
    let mut steps = Samples::default();
    for n in 0..STEPS {
        // A drive through the town and the country, 25 m/s, with a fix every second.
        let way = f64::from(i32::try_from(n)?) * 0.000_22;
        let (lat, lon) = (46.0 + way, 6.35 + way / 3.0);
        let fix = Fix { lat, lon, accuracy_m: 12.0, age_ms: 0, mocked: false };
        let begun = Instant::now();
        duty.step(Event::Fix(fix), &moment(1_000 + n * 1_000));
        steps.time(begun.elapsed());
    }
    let mut plans = Samples::default();
    for n in 0..PLANS {
        let here = Position::new(46.0 + 0.02 * f64::from(n), 6.0 + 0.02 * f64::from(n)).ok_or("no position")?;
        let begun = Instant::now();
        let made = plan(&sites, &here, ANDROID_REGIONS, LARGEST_ROAMING_M);
        plans.time(begun.elapsed());
        if made.regions.len() != ANDROID_REGIONS {
            return Err("a plan is not full".into());
        }
    }
    Ok(vec![
        Line::new(format!("a step of duty with {SITES} sites"), Unit::Time, steps, None)
            .limits(&[limit(Median, 50e-6, 10e-6)]),
        Line::new(format!("a plan of regions for {SITES} sites"), Unit::Time, plans, None)
            .limits(&[limit(P99, 5e-3, 1e-3)]),
    ])
}
