//! A full read over loopback into an empty store, against a body from memory, serde_json and the fastest bare insert.

use std::sync::Arc;
use std::time::{Duration, Instant};

use onsite::sync::schedule::Read;

use super::Outcome;
use super::bare::load::Unindexed;
use super::bare::{self, Known};
use super::measure::Figure::Ratio;
use super::measure::{Line, Unit, in_turn, limit};
use super::serve::Answer;
use super::world::{Copy, World};

const TIMES: usize = 5;
/// Alarms of the read.
pub const ALARMS: usize = 100_000;

/// Sums that are the same when the same was stored.
const SAME: &str = "SELECT count(*), sum(status), sum(shown), sum(muted), sum(revision), sum(device), count(assignee),
        count(mute), sum(category), sum(recency % 1000003), sum(length(detail)),
        (SELECT count(*) FROM alarm_words WHERE alarm_words MATCH 'gateway'), (SELECT count(*) FROM deadline) FROM alarm";

/// Measures it.
pub fn lines(world: &World) -> Outcome<Vec<Line>> {
    let alarms = world.rows.min(ALARMS);
    let body: Arc<Vec<u8>> = Arc::new(world.body(alarms, 1).flatten().collect());
    world.server.put(world.path("alarms"), Answer::Ready(Arc::clone(&body)));
    let (ours, bare) = in_turn(TIMES, |_| ours(world), |_| limit_of(world, &body))?;
    let what = format!("full read of {alarms} alarms into an empty store");
    let note = format!("{} bytes an alarm", body.len() / alarms.max(1));
    check(world)?;
    Ok(vec![Line::new(what, Unit::Time, ours, Some(bare)).limits(&[limit(Ratio, 1.5, 1.1)]).note(note)])
}

fn ours(world: &World) -> Outcome<Duration> {
    let folder = world.new_folder("full-read")?;
    let copy = Copy::open(world, &folder)?;
    copy.pull_inventory(world)?;
    copy.pull_alarms(world, Read::Full)
}

fn limit_of(world: &World, body: &[u8]) -> Outcome<Duration> {
    let folder = world.new_folder("full-read-bare")?;
    let copy = Copy::open(world, &folder)?;
    copy.pull_inventory(world)?;
    drop(copy);
    let cache = bare::open_cache(&folder.join("cache.db"))?;
    let mut known = Known::read(&cache, world.now.micros())?;
    let unindexed = Unindexed::of(&cache)?;
    let begun = Instant::now();
    unindexed.load(&cache, &mut known, body)?;
    Ok(begun.elapsed())
}

/// A limit that stores less than is asked for is none.
fn check(world: &World) -> Outcome<()> {
    let sums = |name: &str| -> Outcome<Vec<Option<i64>>> {
        let cache = bare::open_cache(&world.folder(name).join("cache.db"))?;
        Ok(cache.query_row(SAME, [], |row| (0..13).map(|at| row.get(at)).collect())?)
    };
    let (ours, bare) = (sums("full-read")?, sums("full-read-bare")?);
    if ours == bare { Ok(()) } else { Err(format!("the two stored different rows: {ours:?} {bare:?}").into()) }
}
