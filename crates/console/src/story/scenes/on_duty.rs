//! 09:50. On duty: the technician walks to a site, is seen there by a colleague, and goes again. The walk is a GPX track; each
//! of its points goes into the phone as a fix of its system would, and no further.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use onsite::duty::{Colleague, Decision, Fix, SiteView};
use onsite::time::Timestamp;
use onsite_wire::ids::{LocationId, PersonId};
use tokio::time::Instant;

use crate::replay::{TrackPoint, read_track};
use crate::story::StoryError;
use crate::story::chance::Chance;
use crate::story::clock::{StoryTime, time_of_day};
use crate::story::phone::{GLANCE, PATIENCE, Phone};
use crate::story::shift::Shift;

/// Metres of one degree of latitude.
const DEGREE_M: f64 = 111_195.0;
/// So far away the walk begins and ends, in metres.
const AWAY_M: f64 = 1_500.0;
/// Between two points of the track, in milliseconds.
const STEP_MS: i64 = 15_000;
/// And while the technician works at the site.
const AT_WORK_MS: i64 = 3 * 60_000;

/// A coordinate is looked for by so many decimals: a tenth of a metre.
const DECIMALS: usize = 6;

/// Plays the scene.
pub async fn play(shift: &mut Shift<'_>) -> Result<(), StoryError> {
    shift.teller.scene("On duty, and at a site")?;
    shift.turn_with_signal(StoryTime::of_day(9, 50)).await?;
    let site = choose(shift).await?;
    shift.technician.account()?.duty().switch(true).await?;
    shift.technician.sends_all().await?;
    let me = PersonId(shift.technician.me()?.id);
    sees(shift, me, "on duty", |one| one.is_some()).await?;
    let track = shift.stage.file("walk.gpx");
    let from = StoryTime::of_day(9, 52);
    std::fs::write(&track, gpx(&walk(&site, from, &mut shift.stage.chance)))?;
    let points = read(&track)?;
    shift.teller.says(&shift.technician, &format!("walks to {} and back, {} fixes", site.label, points.len()))?;
    let (mut arrived, mut left) = (false, false);
    for point in &points {
        step(shift, point).await?;
        let standing = shift.technician.account()?.duty().standing();
        if !arrived && standing.since_ms.is_some() {
            arrived = true;
            tell_lease(shift).await?;
            sees(shift, me, "at the site", |one| is_at(one, site.id)).await?;
        } else if arrived && !left && standing.since_ms.is_none() {
            left = true;
            sees(shift, me, "gone from the site", |one| one.is_some_and(|one| one.at.is_none())).await?;
        }
    }
    shift.technician.account()?.duty().switch(false).await?;
    shift.technician.sends_all().await?;
    sees(shift, me, "off duty", |one| one.is_none()).await?;
    said(shift, &points).await
}

/// A site of the first customer that has a fence.
async fn choose(shift: &mut Shift<'_>) -> Result<SiteView, StoryError> {
    let mut sites = shift.technician.account()?.duty().sites().await?;
    sites.retain(|site| site.organization == shift.home && site.fence.is_some());
    shift.stage.chance.pick(&sites).cloned().ok_or(StoryError::Lacks("a site with a fence"))
}

/// From afar to the site, at work there, and away again: each point with its time.
fn walk(site: &SiteView, from: Timestamp, chance: &mut Chance) -> Vec<(Timestamp, f64, f64)> {
    let Some(fence) = &site.fence else { return Vec::new() };
    let middle = fence.middle();
    let mut metres = |most: usize| f64::from(u32::try_from(chance.below(most)).unwrap_or_default());
    let bearing = metres(360).to_radians();
    // On site, and not where a yard may be.
    let there = fence.enclosing_m().mul_add(0.5, metres(10) / 10.0);
    let (mut at, mut track) = (from, Vec::new());
    let legs = [
        (AWAY_M, there, 14, STEP_MS),
        (there, there, 8, STEP_MS),
        (there, there, 5, AT_WORK_MS),
        (there, AWAY_M, 20, STEP_MS),
    ];
    for (begin, end, points, pause_ms) in legs {
        for n in 0..points {
            let part = f64::from(n) / f64::from(points - 1);
            let away = (end - begin).mul_add(part, begin);
            let (east, north) = (away * bearing.sin() + metres(7), away * bearing.cos() + metres(7));
            let lat = middle.lat() + north / DEGREE_M;
            let lon = middle.lon() + east / (DEGREE_M * middle.lat().to_radians().cos());
            track.push((at, lat, lon));
            at = at.plus_millis(pause_ms);
        }
    }
    track
}

fn gpx(track: &[(Timestamp, f64, f64)]) -> String {
    let point = |(at, lat, lon): &(Timestamp, f64, f64)| {
        format!("<trkpt lat=\"{lat:.7}\" lon=\"{lon:.7}\"><time>{at}</time><hdop>1.6</hdop></trkpt>\n")
    };
    let points: String = track.iter().map(point).collect();
    format!("<?xml version=\"1.0\"?>\n<gpx version=\"1.1\"><trk><trkseg>{points}</trkseg></trk></gpx>\n")
}

fn read(track: &Path) -> Result<Vec<TrackPoint>, StoryError> {
    let mut points = Vec::new();
    let mut take = |point| {
        points.push(point);
        Ok(())
    };
    read_track(track, &mut take).map_err(std::io::Error::other)?;
    Ok(points)
}

/// Time passes until the next point, which the phone's system hands out then; tells what was decided anew.
async fn step(shift: &mut Shift<'_>, point: &TrackPoint) -> Result<(), StoryError> {
    shift.technician.sends_all().await?;
    shift.turn_to(point.at).await?;
    let duty = shift.technician.account()?.duty().clone();
    let newest = |decisions: &[Decision]| decisions.first().map(|decision| decision.at.monotonic_ms);
    let before = newest(&duty.decisions());
    let TrackPoint { lat, lon, accuracy_m, mocked, .. } = *point;
    duty.fix(Fix { lat, lon, accuracy_m, age_ms: 0, mocked })?;
    let deadline = Instant::now() + PATIENCE;
    while newest(&duty.decisions()) <= before {
        if Instant::now() > deadline {
            return Err(StoryError::NeverCame("a decision on a fix".to_owned()));
        }
        tokio::time::sleep(GLANCE).await;
    }
    let fresh = duty.decisions().into_iter().take_while(|decision| Some(decision.at.monotonic_ms) > before);
    let moves: Vec<Decision> = fresh.filter(|decision| decision.from != decision.to).collect();
    for decision in moves.iter().rev() {
        let text = format!("{} -> {}: {}", decision.from.as_str(), decision.to.as_str(), decision.why.text());
        shift.teller.says(&shift.technician, &text)?;
    }
    Ok(())
}

async fn tell_lease(shift: &mut Shift<'_>) -> Result<(), StoryError> {
    // Colleagues may read of a site before this phone has heard that the server took it.
    let duty = shift.technician.account()?.duty();
    shift.technician.until("the server took the site", |_| duty.standing().lease_ms.is_some()).await?;
    let minutes = duty.standing().lease_ms.map_or(0, |left| left / 60_000);
    let text = format!("colleagues read it for {minutes} minutes, unless it is said again");
    shift.teller.says(&shift.technician, &text)
}

fn is_at(one: Option<&Colleague>, site: LocationId) -> bool {
    one.is_some_and(|one| one.at.is_some_and(|at| at.site == site))
}

/// What the colleague's phone shows of the technician, once it is as told.
async fn sees(
    shift: &mut Shift<'_>,
    person: PersonId,
    what: &str,
    is: impl Fn(Option<&Colleague>) -> bool,
) -> Result<(), StoryError> {
    shift.technician.sends_all().await?;
    let found = seen(&shift.colleague, shift, person, what, is).await?;
    let text = match found {
        None => "the technician is not on duty".to_owned(),
        Some(Colleague { name, at: None, .. }) => format!("{name} is on duty"),
        Some(Colleague { name, at: Some(at), site_label, .. }) => {
            format!(
                "{name} is on duty, at {site_label} since {} until {}",
                time_of_day(at.since),
                time_of_day(at.until)
            )
        }
    };
    shift.teller.says(&shift.colleague, &text)
}

async fn seen(
    phone: &Phone,
    shift: &Shift<'_>,
    person: PersonId,
    what: &str,
    is: impl Fn(Option<&Colleague>) -> bool,
) -> Result<Option<Colleague>, StoryError> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let mut colleagues = phone.account()?.duty().colleagues().await?;
        colleagues.retain(|one| one.person == person && one.organization == shift.home);
        let found = colleagues.pop();
        if is(found.as_ref()) {
            phone.at_rest().await?;
            return Ok(found);
        }
        if Instant::now() > deadline {
            return Err(StoryError::NeverCame(format!("{what}; {found:?}")));
        }
        tokio::time::sleep(GLANCE).await;
    }
}

/// What was said of it, by the names of its parts; and that the server's files have none of the track's coordinates.
async fn said(shift: &mut Shift<'_>, points: &[TrackPoint]) -> Result<(), StoryError> {
    let actions = shift.technician.account()?.actions();
    let own = actions.iter().filter(|action| ["duty", "presence"].contains(&action.kind.as_str()));
    let parts = own.flat_map(|action| action.body.as_object().into_iter().flat_map(|body| body.keys().cloned()));
    let mut parts: Vec<String> = parts.collect();
    parts.sort_unstable();
    parts.dedup();
    let written = |degrees: f64| format!("{degrees:.0$}", DECIMALS + 1).into_bytes();
    let cut = |mut text: Vec<u8>| {
        text.pop();
        text
    };
    let spelled = points.iter().flat_map(|point| [cut(written(point.lat)), cut(written(point.lon))]).collect();
    let files = shift.stage.server_files()?;
    let found = tokio::task::spawn_blocking(move || coordinates_in(&files, &spelled)).await;
    let found = found.map_err(std::io::Error::other)??;
    if found > 0 {
        return Err(StoryError::Leaked(found));
    }
    let text = format!("said of it: {}; of {} fixes the server has no coordinate", parts.join(", "), points.len());
    shift.teller.says(&shift.technician, &text)
}

/// How many of these are written in these files, looked for around each point.
fn coordinates_in(files: &[PathBuf], spelled: &BTreeSet<Vec<u8>>) -> Result<usize, std::io::Error> {
    let mut found = 0;
    for file in files {
        let bytes = std::fs::read(file)?;
        for at in bytes.iter().enumerate().filter(|(_, byte)| **byte == b'.').map(|(at, _)| at) {
            let begins = at.saturating_sub(4)..at;
            let written = |begin| bytes.get(begin..at + 1 + DECIMALS).is_some_and(|text| spelled.contains(text));
            found += begins.filter(|begin| written(*begin)).count();
        }
    }
    Ok(found)
}
