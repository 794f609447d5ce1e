//! The large store, made once a run by reading it in, and what a person who acts meanwhile waits for.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use onsite::account::Account;
use onsite::alarms::Chosen;
use onsite::time::Timestamp;
use onsite_wire::ids::AlarmId;
use onsite_wire::rest::{Assignee, AssigneeKind};

use super::Outcome;
use super::measure::Figure::P99;
use super::measure::{Line, Samples, Unit, limit};
use super::serve::Answer;
use super::world::{Copy, World};

/// Alarms that are there before the long read begins, to be acted upon.
const FIRST: usize = 400;
/// Where the large store stands.
pub const OFFSET: i64 = 2;
/// Between two actions.
const PAUSE: Duration = Duration::from_millis(500);

/// Reads the large store in, and measures actions meanwhile.
pub fn lines(world: &World) -> Outcome<Vec<Line>> {
    world.large()?;
    let made = world.made_large().ok_or("the large store was made")?;
    let waited = format!("an action stored while {} alarms are read in", world.rows);
    let read = format!("the read of {} alarms itself, actions included", world.rows);
    Ok(vec![
        Line::new(waited, Unit::Time, made.actions.clone(), None)
            .limits(&[limit(P99, 0.1, 0.02)])
            .note(format!("{} actions", made.actions.count())),
        Line::new(read, Unit::Time, made.read.clone(), None),
    ])
}

/// A large store and what was seen while it was made.
pub struct Large {
    /// Where it lies.
    pub folder: PathBuf,
    actions: Samples,
    read: Samples,
}

/// Makes it: a person signs in, a few alarms are read, and then all of them while the person goes on acting.
pub fn make(world: &World) -> Outcome<Large> {
    let folder = world.new_folder("large")?;
    let first = FIRST.min(world.rows);
    world.server.put(world.path("alarms"), world.made(first, 1));
    let account = world.signed_in(&folder)?;
    world.until("the first alarms", || Ok(read_at(&account).is_some()))?;
    // The server has forgotten the offset: everything is read anew.
    world.server.put(world.path("alarm-changes/1"), Answer::Status(410));
    world.server.put(world.path("alarms"), world.made(world.rows, OFFSET));
    let before = read_at(&account);
    let begun = Instant::now();
    account.refresh(None)?;
    let mut actions = Samples::default();
    let ids: Vec<AlarmId> = world.alarms(first).map(|alarm| alarm.id).collect();
    for id in ids.iter().cycle() {
        std::thread::sleep(PAUSE);
        let took = act(world, &account, *id)?;
        if read_at(&account) > before {
            break;
        }
        actions.time(took);
    }
    let mut read = Samples::default();
    read.time(begun.elapsed());
    world.close(account, &folder)?;
    // The actions were for this line alone: what a person did is forgotten, and lifted from the rows.
    for file in ["own.db", "own.db-wal", "own.db-shm"] {
        drop(std::fs::remove_file(folder.join(file)));
    }
    drop(Copy::open(world, &folder)?);
    Ok(Large { folder, actions, read })
}

/// When the alarms were read to their end last.
fn read_at(account: &Account) -> Option<Timestamp> {
    account.feeds().into_iter().find(|feed| feed.feed == "alarms").and_then(|feed| feed.read_at)
}

/// From the press to the answer that it is stored and shown.
pub fn act(world: &World, account: &Account, id: AlarmId) -> Outcome<Duration> {
    let person = account.state().person.ok_or("somebody is signed in")?;
    let me = Assignee { kind: AssigneeKind::Person, id: person.id.0, name: person.name };
    let begun = Instant::now();
    let receipt =
        world.runtime.block_on(account.alarms().acknowledge(Chosen::These(vec![id]), me, "on my way to look at it"))?;
    let took = begun.elapsed();
    if receipt.actions.len() == 1 { Ok(took) } else { Err(format!("an action was refused: {receipt:?}").into()) }
}
