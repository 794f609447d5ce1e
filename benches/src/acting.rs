//! A person's action, stored to survive power loss, against one bare insert with the same durability; and how soon a
//! listener has what was committed.

use std::path::Path;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use onsite::account::Account;
use onsite::alarms::{AlarmFilter, AlarmSort};
use onsite_wire::ids::AlarmId;

use super::large::act;
use super::measure::Figure::{P99, Ratio};
use super::measure::{Line, Samples, Unit, in_turn, limit};
use super::serve::Answer;
use super::windows::ROWS;
use super::world::World;
use super::{Outcome, bare};

/// Alarms of the store on which a person acts.
const ALARMS: usize = 20_000;
const TIMES: usize = 100;
/// A window is quiet after this.
const QUIET: Duration = Duration::from_millis(120);
const PATIENCE: Duration = Duration::from_secs(30);

/// Measures both.
pub fn lines(world: &World) -> Outcome<Vec<Line>> {
    let folder = world.new_folder("acting")?;
    let alarms = ALARMS.min(world.rows);
    let body: Vec<u8> = world.body(alarms, 1).flatten().collect();
    world.server.put(world.path("alarms"), Answer::Ready(body.into()));
    let account = world.signed_in(&folder)?;
    world.until("everything was read", || Ok(account.state().read_at.is_some()))?;
    account.set_offline(true)?;
    let lines = vec![stored_line(world, &account)?, listener_line(world, &account, &folder)?];
    world.close(account, &folder)?;
    Ok(lines)
}

/// An entry as long as a real one.
const ENTRY: usize = 600;

fn stored_line(world: &World, account: &Account) -> Outcome<Line> {
    let own = bare::open(&world.new_folder("acting-bare")?.join("own.db"), 4_096, "FULL")?;
    own.execute_batch(
        "CREATE TABLE action (n INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE, entry TEXT NOT NULL) STRICT",
    )?;
    let entry = "x".repeat(ENTRY);
    let ids: Vec<AlarmId> = world.alarms(2 * TIMES).map(|alarm| alarm.id).collect();
    let ours = |time: usize| act(world, account, *ids.get(time).ok_or("an alarm for each time")?);
    let bare = |time: usize| {
        let begun = Instant::now();
        own.prepare_cached("INSERT INTO action (id, entry) VALUES (?1, ?2)")?
            .execute((uuid::Uuid::from_u128(time as u128).into_bytes(), &entry))?;
        Ok(begun.elapsed())
    };
    let (ours, bare) = in_turn(TIMES, ours, bare)?;
    Ok(Line::new("an action stored durably", Unit::Time, ours, Some(bare)).limits(&[limit(Ratio, 1.5, 1.1)]))
}

/// Between a commit of cache.db, as another connection sees it, and the listener's batch.
fn listener_line(world: &World, account: &Account, folder: &Path) -> Outcome<Line> {
    let commits = watch(&folder.join("cache.db"))?;
    let mut window = account.alarms().window(AlarmFilter::default(), AlarmSort::Newest, ROWS);
    let mut rows = Vec::new();
    while let Some(batch) = window.next_before(Instant::now() + QUIET) {
        batch.rows.apply(&mut rows);
    }
    let (batches, batch_came) = mpsc::channel();
    let shown: Vec<AlarmId> = rows.iter().map(|row| row.id).collect();
    let listener = std::thread::spawn(move || {
        while let Some(batch) = window.next_before(Instant::now() + PATIENCE) {
            if batches.send((Instant::now(), batch)).is_err() {
                break;
            }
        }
    });
    let mut times = Samples::default();
    for id in shown.iter().cycle().take(TIMES) {
        std::thread::sleep(QUIET);
        while batch_came.try_recv().is_ok() || commits.try_recv().is_ok() {}
        act(world, account, *id)?;
        let (came, _) = batch_came.recv_timeout(PATIENCE)?;
        // On a busy machine the word of the commit may come later than the batch itself.
        times.time(came.saturating_duration_since(commits.recv_timeout(PATIENCE)?));
    }
    drop((batch_came, commits));
    act(world, account, *shown.first().ok_or("there are alarms")?)?;
    listener.join().map_err(|_| "the listener ended early")?;
    Ok(Line::new("commit → listener's batch", Unit::Time, times, None).limits(&[limit(P99, 0.002, 0.0003)]))
}

/// Tells when somebody else committed: asks SQLite again and again, which takes some microseconds.
fn watch(file: &Path) -> Outcome<mpsc::Receiver<Instant>> {
    let cache = bare::open_cache(file)?;
    let (commits, committed) = mpsc::channel();
    std::thread::spawn(move || {
        let mut last: i64 = 0;
        while let Ok(version) = cache.pragma_query_value(None, "data_version", |row| row.get(0)) {
            if version != last && commits.send(Instant::now()).is_err() {
                break;
            }
            last = version;
        }
    });
    Ok(committed)
}
