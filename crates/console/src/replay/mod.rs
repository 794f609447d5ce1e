//! `duty-replay`: what duty decides on a recorded track, each decision with its reason (U3).
//!
//! The very step function of the phone runs over the track: every point is a fix as it came, and between two points time
//! passes as it would. Tracks are read as they come, so that one of any size needs little memory.

mod gpx;
mod json;
mod track;

use std::fs::File;
use std::io::{BufReader, Write};
use std::path::Path;
use std::sync::Arc;

use onsite::duty::{ANDROID_REGIONS, Decision, Duty, Effect, Event, Fix, Settings, Site, Sites, Stored};
use onsite::time::{Moment, Timestamp};
use onsite_rules::fence::{Fence, geojson};
use onsite_wire::ids::{LocationId, OrganizationId, Uuid};

use crate::ConsoleError;
use crate::api::{Code, Error};

pub use self::track::{TrackPoint, read as read_track};

/// The most ticks between two points: a gap of days is no reason to sit through it.
const MOST_TICKS: usize = 1_000;

/// A track that cannot be read, and why.
fn broken(why: impl ToString) -> Error {
    Error::new(Code::TrackBroken).with("detail", why)
}

struct Teller<'a, W> {
    duty: Duty,
    labels: Vec<(LocationId, String)>,
    now: Option<Moment>,
    wake_ms: Option<i64>,
    out: &'a mut W,
}

/// Replays a track; the format is known by the file's ending.
pub fn tell(track: &Path, sites: &Path, out: &mut impl Write) -> Result<(), ConsoleError> {
    let (sites, labels) = read_sites(sites)?;
    let start = moment(Timestamp::from_millis(0));
    let mut duty = Duty::recover(Stored::default(), Settings::default(), ANDROID_REGIONS, &start);
    duty.step(Event::Sites(Arc::new(sites)), &start);
    let mut teller = Teller { duty, labels, now: None, wake_ms: None, out };
    track::read(track, &mut |point| teller.take(point))?;
    Ok(())
}

fn read_sites(path: &Path) -> Result<(Sites, Vec<(LocationId, String)>), ConsoleError> {
    let file = File::open(path).map_err(ConsoleError::io(path.display().to_string()))?;
    let features = geojson::read(BufReader::new(file))
        .map_err(|refusal| Error { code: refusal.code, arguments: refusal.arguments })?;
    let (mut sites, mut labels) = (Vec::new(), Vec::new());
    for (n, feature) in features.into_iter().enumerate() {
        let id = feature.location.unwrap_or(LocationId(Uuid::from_u128(n as u128 + 1)));
        let fence = Fence::of(&feature.outline)
            .map_err(|refusal| Error { code: refusal.code, arguments: refusal.arguments })?;
        sites.push(Site { id, organization: OrganizationId(Uuid::nil()), fence });
        labels.push((id, feature.label.unwrap_or_else(|| id.to_string())));
    }
    Ok((Sites::of(sites), labels))
}

/// A recorded time as a phone's clocks: one boot, begun in 1970.
fn moment(at: Timestamp) -> Moment {
    Moment { wall: at, monotonic_ms: at.millis(), boot: 1 }
}

impl<W: Write> Teller<'_, W> {
    fn take(&mut self, point: TrackPoint) -> Result<(), ConsoleError> {
        let now = match self.now {
            None => {
                self.step(Event::SwitchedOn, moment(point.at))?;
                moment(point.at)
            }
            Some(before) => {
                self.pass(before, point.at)?;
                // A point from before the last one comes now all the same, and is as old as it is.
                if point.at < before.wall { before } else { moment(point.at) }
            }
        };
        self.now = Some(now);
        let TrackPoint { lat, lon, accuracy_m, mocked, at } = point;
        let age_ms = now.wall.millis_since(at);
        self.step(Event::Fix(Fix { lat, lon, accuracy_m, age_ms, mocked }), now)
    }

    /// Lets time pass until the next point.
    fn pass(&mut self, from: Moment, until: Timestamp) -> Result<(), ConsoleError> {
        let mut last_ms = from.monotonic_ms;
        for _ in 0..MOST_TICKS {
            let Some(at) = self.wake_ms.take().map(|at| at.max(last_ms + 1)) else { break };
            if at >= until.millis() {
                self.wake_ms = Some(at);
                break;
            }
            last_ms = at;
            self.step(Event::Tick, moment(Timestamp::from_millis(at)))?;
        }
        Ok(())
    }

    fn step(&mut self, event: Event, now: Moment) -> Result<(), ConsoleError> {
        for effect in self.duty.step(event, &now) {
            let told = match effect {
                Effect::Decided(decision) => self.decision(&decision),
                Effect::Claim { site, since_ms } => {
                    format!("{}  says: at {} since {} s", now.wall, self.label(site), since_ms / 1_000)
                }
                Effect::Withdraw => format!("{}  says: at no site any more", now.wall),
                Effect::WakeAt(at) => {
                    self.wake_ms = at;
                    continue;
                }
                Effect::AskFix
                | Effect::AskRegion(_)
                | Effect::Watch(_)
                | Effect::Remind
                | Effect::Switch(_)
                | Effect::Remember(_) => continue,
            };
            writeln!(self.out, "{told}").map_err(ConsoleError::io("standard output"))?;
        }
        Ok(())
    }

    fn label(&self, site: LocationId) -> &str {
        self.labels.iter().find(|(id, _)| *id == site).map_or("?", |(_, label)| label)
    }

    fn decision(&self, decision: &Decision) -> String {
        let mut line = format!("{}  ", decision.at.wall);
        if decision.from == decision.to {
            line += decision.to.as_str();
        } else {
            line += &format!("{} -> {}", decision.from.as_str(), decision.to.as_str());
        }
        line += &format!("  {}", decision.why.text());
        if let Some(site) = decision.site {
            line += &format!("  [{}]", self.label(site));
        }
        if let Some(distance) = decision.distance_m {
            line += &format!("  d {distance:.0} m");
        }
        if let Some(accuracy) = decision.accuracy_m {
            line += &format!("  ±{accuracy:.0} m");
        }
        line
    }
}

#[cfg(test)]
mod tests;
