//! The first rows of a window, by shape, against the bare SELECT; and what is counted beside them.

use std::time::{Duration, Instant};

use onsite::account::{Access, Account};
use onsite::alarms::{AlarmFilter, AlarmSort, Status};
use rusqlite::Connection;
use secrecy::SecretString;

use super::Outcome;
use super::bare;
use super::measure::Figure::{Median, P99, Ratio};
use super::measure::{Limit, Line, Samples, Unit, in_turn, limit};
use super::shapes::{Facts, Shape, shapes};
use super::world::World;

/// Rows of a window.
pub const ROWS: usize = 50;
const TIMES: usize = 100;
/// A shape that takes longer is not tried as often.
const SLOW: Duration = Duration::from_millis(100);
const TIMES_SLOW: usize = 7;
const TIMES_COUNTED: usize = 7;
const PATIENCE: Duration = Duration::from_secs(120);

/// Measures the first rows, the counts among active ones, and the counts over everything.
pub fn lines(world: &World) -> Outcome<Vec<Line>> {
    let folder = world.large()?;
    let cache = bare::open_cache(&folder.join("cache.db"))?;
    let shapes = shapes(world, &Facts::read(&cache)?);
    let (account, _) = world.runtime.block_on(Account::open(world.config(&folder, key())))?;
    account.set_offline(true)?;
    let mut lines = Vec::new();
    for shape in &shapes {
        lines.push(first_rows_line(world, &account, &cache, shape)?);
    }
    for shape in &shapes {
        lines.push(active_line(&account, &cache, shape)?);
    }
    lines.push(everything(world, &account, &cache)?);
    world.close(account, &folder)?;
    Ok(lines)
}

/// An API key, as large stores are read with.
pub fn key() -> Access {
    Access::ApiKey(SecretString::from("k"))
}

fn first_rows_line(world: &World, account: &Account, cache: &Connection, shape: &Shape) -> Outcome<Line> {
    let hits = shape.count(cache)?;
    let sql = shape.select(ROWS);
    // Both once before anything is measured: the first one reads the disk.
    let (_, found) = first_rows(account, &shape.filter, shape.sort)?;
    let expected = usize::try_from(hits).unwrap_or(usize::MAX).min(ROWS);
    if found != expected {
        return Err(format!("{}: {found} rows instead of {expected}", shape.name).into());
    }
    let slow = first_rows(account, &shape.filter, shape.sort)?.0 + bare_rows(cache, &sql)? > SLOW;
    let times = if slow { TIMES_SLOW } else { TIMES };
    let (ours, bare) =
        in_turn(times, |_| Ok(first_rows(account, &shape.filter, shape.sort)?.0), |_| bare_rows(cache, &sql))?;
    let rows = i64::try_from(world.rows)?;
    // An index serves what the bare SELECT finds in no time.
    let served = hits * 100 >= rows || bare.median() < 0.002;
    let limits: &[Limit] =
        if served { &[limit(Ratio, 2.0, 1.2), limit(P99, 0.005, 0.005)] } else { &[limit(P99, 0.5, 0.5)] };
    let what = format!("first {ROWS} of {rows}: {}", shape.name);
    Ok(Line::new(what, Unit::Time, ours, Some(bare)).limits(limits).note(format!("{hits} hits")))
}

/// Opens a window and waits for its first rows: as many as there is room for, or all there are.
pub fn first_rows(account: &Account, filter: &AlarmFilter, sort: AlarmSort) -> Outcome<(Duration, usize)> {
    let begun = Instant::now();
    let mut window = account.alarms().window(filter.clone(), sort, ROWS);
    let mut rows = Vec::new();
    loop {
        let batch = window.next_before(begun + PATIENCE).ok_or("no rows came")?;
        batch.rows.apply(&mut rows);
        if rows.len() == ROWS || !batch.searching {
            return Ok((begun.elapsed(), rows.len()));
        }
    }
}

/// Runs a SELECT as [`super::shapes::COLUMNS`] begins it, and takes every value of every row.
pub fn bare_rows(cache: &Connection, sql: &str) -> Outcome<Duration> {
    let begun = Instant::now();
    let mut select = cache.prepare_cached(sql)?;
    let mut rows = select.query([])?;
    let mut found = Vec::with_capacity(ROWS);
    while let Some(row) = rows.next()? {
        let ids: ([u8; 16], i64, [u8; 16]) = (row.get(0)?, row.get(1)?, row.get(14)?);
        let marks: (i64, i64, i64) = (row.get(2)?, row.get(3)?, row.get(6)?);
        let texts: (String, String) = (row.get(4)?, row.get(5)?);
        let times: (i64, Option<i64>, i64) = (row.get(7)?, row.get(8)?, row.get(9)?);
        let aspects: (Option<String>, Option<String>) = (row.get(10)?, row.get(11)?);
        let holds: (bool, bool) = (row.get(12)?, row.get(13)?);
        let names: (String, String) = (row.get(15)?, row.get(16)?);
        found.push((ids, marks, texts, times, aspects, holds, names));
    }
    std::hint::black_box(found);
    Ok(begun.elapsed())
}

/// From the opening to total and facets.
fn counted(account: &Account, filter: &AlarmFilter, sort: AlarmSort) -> Outcome<(Duration, u64)> {
    let begun = Instant::now();
    let mut window = account.alarms().window(filter.clone(), sort, ROWS);
    loop {
        let batch = window.next_before(begun + PATIENCE).ok_or("no counts came")?;
        if let (Some(total), Some(_)) = (batch.total, batch.counts) {
            return Ok((begun.elapsed(), total));
        }
    }
}

fn active_line(account: &Account, cache: &Connection, shape: &Shape) -> Outcome<Line> {
    let active = Shape {
        filter: AlarmFilter { status: Some(Status::Active), ..shape.filter.clone() },
        sql: format!("alarm.status = 0 AND {}", shape.sql),
        ..shape.clone()
    };
    let expected = active.count(cache)?;
    let mut ours = Samples::default();
    for _ in 0..20 {
        let (took, total) = counted(account, &active.filter, active.sort)?;
        // A window over cleared ones has no active total to be right about.
        if shape.filter.status != Some(Status::Cleared) && i64::try_from(total)? != expected {
            return Err(format!("{}: counted {total} instead of {expected}", shape.name).into());
        }
        ours.time(took);
    }
    let what = format!("total and facets among the active: {}", shape.name);
    Ok(Line::new(what, Unit::Time, ours, None).limits(&[limit(P99, 0.05, 0.005)]).note(format!("{expected} hits")))
}

/// What all facets need, in one scan along the index that has the devices in order.
const AGGREGATE: &str = "SELECT device, count(*), sum(status = 0), sum(shown = 0), sum(muted), sum(assignee IS NULL),
        sum(category = 1), sum(category = 2), sum(category = 3), sum(category = 4), sum(category = 5),
        sum(category = 6), sum(category = 7)
   FROM alarm INDEXED BY alarm_of_device WHERE status < 2 GROUP BY device";

fn everything(world: &World, account: &Account, cache: &Connection) -> Outcome<Line> {
    let ours = |_| Ok(counted(account, &AlarmFilter::default(), AlarmSort::Newest)?.0);
    let bare = |_| {
        let begun = Instant::now();
        let mut select = cache.prepare_cached(AGGREGATE)?;
        let mut rows = select.query([])?;
        let mut total = 0;
        while let Some(row) = rows.next()? {
            total += row.get::<_, i64>(1)?;
        }
        std::hint::black_box(total);
        Ok(begun.elapsed())
    };
    let (ours, bare) = in_turn(TIMES_COUNTED, ours, bare)?;
    let what = format!("total and facets over all of {}", world.rows);
    Ok(Line::new(what, Unit::Time, ours, Some(bare)).limits(&[limit(Ratio, 3.0, 1.5)]))
}

/// Reopening the account to the first rows, against opening both files with the key and one read.
pub fn reopen_lines(world: &World) -> Outcome<Vec<Line>> {
    let folder = world.large()?;
    let select = {
        let cache = bare::open_cache(&folder.join("cache.db"))?;
        let shapes = shapes(world, &Facts::read(&cache)?);
        shapes.first().ok_or("there are shapes")?.select(ROWS)
    };
    let ours = |_| {
        let begun = Instant::now();
        let (account, _) = world.runtime.block_on(Account::open(world.config(&folder, key())))?;
        first_rows(&account, &AlarmFilter::default(), AlarmSort::Newest)?;
        let took = begun.elapsed();
        world.close(account, &folder)?;
        Ok(took)
    };
    let bare = |_| {
        let begun = Instant::now();
        let own = bare::open(&folder.join("own.db"), 4_096, "FULL")?;
        let cache = bare::open_cache(&folder.join("cache.db"))?;
        bare_rows(&cache, &select)?;
        let took = begun.elapsed();
        drop(own);
        Ok(took)
    };
    let (ours, bare) = in_turn(21, ours, bare)?;
    let what = format!("reopen at {} to the first rows", world.rows);
    Ok(vec![Line::new(what, Unit::Time, ours, Some(bare)).limits(&[limit(Ratio, 3.0, 1.5), limit(Median, 0.05, 0.05)])])
}
