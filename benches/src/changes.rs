//! Changes among the newest alarms of a large store, against the same upserts bare.

use std::sync::Arc;
use std::time::{Duration, Instant};

use onsite::sync::schedule::{Mark, Read};
use onsite_wire::rest::Alarm;

use super::Outcome;
use super::bare::upsert::upsert;
use super::bare::{self, Known};
use super::large::OFFSET;
use super::measure::Figure::Ratio;
use super::measure::{Line, Unit, in_turn, limit};
use super::serve::Answer;
use super::world::{Copy, World};

const TIMES: usize = 11;
const CHANGES: usize = 1_000;
/// Among so many of the newest.
const NEWEST: usize = 5_000;
/// Higher than any revision that the store has.
const REVISION: i64 = 1_000_000_000;

/// Measures it.
pub fn lines(world: &World) -> Outcome<Vec<Line>> {
    let folder = world.large()?;
    let copied = world.new_folder("changes-bare")?.join("cache.db");
    std::fs::copy(folder.join("cache.db"), &copied)?;
    let cache = bare::open_cache(&copied)?;
    let mut known = Known::read(&cache, world.now.micros())?;
    let bodies = bodies(world);
    let copy = Copy::open(world, &folder)?;
    let path = |offset: i64| world.path(&format!("alarm-changes/{offset}"));
    let ours = |time: usize| -> Outcome<Duration> {
        let offset = OFFSET + i64::try_from(time)?;
        let body = bodies.get(time).ok_or("a body for each time")?;
        world.server.put(path(offset), Answer::Ready(Arc::clone(body)));
        copy.pull_alarms(world, Read::Changes(Mark { generation: None, offset }))
    };
    let bare = |time: usize| -> Outcome<Duration> {
        let body = bodies.get(time).ok_or("a body for each time")?;
        let begun = Instant::now();
        upsert(&cache, &mut known, body)?;
        Ok(begun.elapsed())
    };
    let (ours, bare) = in_turn(TIMES, ours, bare)?;
    let what = format!("{CHANGES} changes among the newest {NEWEST} of {}", world.rows);
    Ok(vec![Line::new(what, Unit::Time, ours, Some(bare)).limits(&[limit(Ratio, 1.5, 1.1)])])
}

/// Every fifth of the newest, changed anew for each time: all occur once more, a quarter clears, a tenth says something else.
fn bodies(world: &World) -> Vec<Arc<Vec<u8>>> {
    let mut newest: Vec<Alarm> = world.alarms(world.rows).filter(|alarm| alarm.cleared_time.is_none()).collect();
    let mut rest: Vec<Alarm> = Vec::new();
    if newest.len() < NEWEST {
        rest.extend(world.alarms(NEWEST).filter(|alarm| alarm.cleared_time.is_some()));
    }
    newest.sort_by_key(|alarm| std::cmp::Reverse(alarm.activated_time));
    newest.extend(rest);
    newest.truncate(NEWEST);
    let changed = |time: usize| -> Vec<u8> {
        let chosen = newest.iter().skip(time % 5).step_by(NEWEST / CHANGES).enumerate();
        let alarms: Vec<Alarm> = chosen.map(|(at, alarm)| change(world, alarm.clone(), at, time)).collect();
        let offset = OFFSET + i64::try_from(time).unwrap_or_default() + 1;
        serde_json::to_vec(&onsite_wire::rest::AlarmChangesResponse { alarms, offset }).unwrap_or_default()
    };
    (0..TIMES).map(|time| Arc::new(changed(time))).collect()
}

fn change(world: &World, mut alarm: Alarm, at: usize, time: usize) -> Alarm {
    alarm.revision = i64::try_from(time).ok().map(|time| REVISION + time);
    alarm.alarm_reactivation_count += 1 + i32::try_from(time).unwrap_or_default();
    if at.is_multiple_of(4) {
        alarm.cleared_time = Some(world.now);
    }
    if at.is_multiple_of(10) {
        alarm.message.push_str(&format!(" Seen {time} times."));
    }
    alarm
}
