//! An app that goes to sleep closes its files and holds no lock; what was asked for meanwhile is done afterwards.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use onsite::store::{Cancel, Fault, Lane, Opened, Replaced, Store};
use tokio::runtime::Runtime;

use crate::folder::{CACHE_ROWS, OWN_ROWS, cache_rows, killed, open, own_rows, set_aside, write_cache, write_own};

/// The time after which iOS may end an app that still holds a lock. It is the one promise here that is about time.
const PROMISED: Duration = Duration::from_secs(1);
const PATIENCE: Duration = Duration::from_secs(60);

/// The open files of this process that lie in a folder.
fn open_files(folder: &Path) -> Vec<String> {
    let folder = folder.canonicalize().unwrap();
    let all = std::fs::read_dir("/proc/self/fd").unwrap().filter_map(|entry| entry.ok());
    let targets = all.filter_map(|entry| std::fs::read_link(entry.path()).ok());
    targets.filter(|path| path.starts_with(&folder)).map(|path| path.to_string_lossy().into_owned()).collect()
}

fn fall_asleep(store: &Store) {
    Runtime::new().unwrap().block_on(store.suspend()).unwrap();
}

fn wake(store: &Store) -> Result<Opened, Fault> {
    Runtime::new().unwrap().block_on(store.resume())
}

#[test]
fn asleep_no_file_is_open_and_no_lock_is_held() {
    let folder = killed();
    let (store, _) = open(folder.path()).unwrap();
    assert_eq!(cache_rows(&store).unwrap(), CACHE_ROWS + 5);
    assert!(open_files(folder.path()).len() >= 4, "{:?}", open_files(folder.path()));
    let began = Instant::now();
    fall_asleep(&store);
    assert!(began.elapsed() < PROMISED, "{:?}", began.elapsed());
    assert_eq!(open_files(folder.path()), Vec::<String>::new());
    let (other, _) = open(folder.path()).expect("somebody else may open them now");
    let resumed = wake(&store);
    assert!(matches!(resumed, Err(Fault::Busy)), "{resumed:?}");
    drop(other);
    wake(&store).unwrap();
    assert_eq!(own_rows(&store).len(), OWN_ROWS + 5);
    assert!(matches!(open(folder.path()), Err(Fault::Busy)));
}

#[test]
fn what_is_asked_for_while_it_sleeps_is_done_when_it_wakes() {
    let folder = killed();
    let (store, _) = open(folder.path()).unwrap();
    fall_asleep(&store);
    let writing = store.write(|writer| {
        writer.own(|own| {
            own.execute("INSERT INTO setting (name, value) VALUES ('asleep', 1)", [])?;
            Ok(())
        })
    });
    let reading = store.read(|reading| {
        let count = "SELECT count(*) FROM setting WHERE name = 'asleep'";
        Ok((reading.seq, reading.own(|own| Ok(own.query_row(count, [], |row| row.get::<_, i64>(0))?))?))
    });
    std::thread::sleep(Duration::from_millis(50));
    assert_eq!(open_files(folder.path()), Vec::<String>::new(), "nothing was opened for them");
    wake(&store).unwrap();
    writing.wait().unwrap();
    assert!(reading.wait().unwrap().0 > 0);
    let kept = store.read(|reading| {
        let count = "SELECT count(*) FROM setting WHERE name = 'asleep'";
        reading.own(|own| Ok(own.query_row(count, [], |row| row.get::<_, i64>(0))?))
    });
    assert_eq!(kept.wait().unwrap(), 1);
}

#[test]
fn a_long_read_is_broken_off_and_runs_again_after_waking() {
    let folder = killed();
    let (store, _) = open(folder.path()).unwrap();
    let (began, beginning) = mpsc::channel();
    let (ended, ending) = mpsc::channel();
    let attempts = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&attempts);
    store.read_with(Lane::Count, Cancel::default(), move |reading| {
        let reading = reading?;
        let attempt = counted.fetch_add(1, Ordering::SeqCst);
        began.send(()).unwrap();
        // Without an end the first time.
        let limit = if attempt == 0 { i64::MAX } else { 10 };
        let count =
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1) SELECT count(*) FROM n";
        let count: i64 = reading.cache.query_row(count, [limit], |row| row.get(0))?;
        ended.send(count).unwrap();
        Ok(())
    });
    beginning.recv_timeout(PATIENCE).unwrap();
    let asleep = Instant::now();
    fall_asleep(&store);
    assert!(asleep.elapsed() < PROMISED, "{:?}", asleep.elapsed());
    assert_eq!(open_files(folder.path()), Vec::<String>::new());
    assert!(ending.try_recv().is_err());
    wake(&store).unwrap();
    assert_eq!(ending.recv_timeout(PATIENCE), Ok(10));
    assert_eq!(attempts.load(Ordering::SeqCst), 2);
}

#[test]
fn two_hundred_times_to_sleep_and_back_in_the_middle_of_writing_and_reading_lose_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = open(folder.path()).unwrap();
    let mut written = Vec::new();
    for round in 0..200 {
        // A long write whose transaction is open, a person's write, and reads in all lanes, all at once.
        for part in 0..3_usize {
            written.push(store.write_behind(move |writer| {
                writer.long_write(|cache, _| {
                    let id = (round * 3 + part).to_be_bytes();
                    cache.execute(
                        "INSERT INTO seen (kind, id, answer, seen_at) VALUES ('test', ?1, '{}', 0)",
                        [id.as_slice()],
                    )?;
                    Ok(())
                })
            }));
        }
        written.push(store.write(move |writer| {
            writer.own(|own| {
                own.execute("INSERT INTO setting (name, value) VALUES (?1, 1)", [format!("round {round}")])?;
                Ok(())
            })
        }));
        for lane in Lane::ALL {
            store.read_with(lane, Cancel::default(), |reading| {
                reading?.cache.query_row("SELECT count(*) FROM seen", [], |row| row.get::<_, i64>(0))?;
                Ok(())
            });
        }
        // Sometimes in the middle of what the network brings, sometimes behind what a person did, sometimes before all.
        let done = [Some(written.len() - 4), Some(written.len() - 1), None][round % 3];
        if let Some(at) = done {
            written.remove(at).wait().unwrap();
        }
        fall_asleep(&store);
        assert_eq!(open_files(folder.path()), Vec::<String>::new(), "round {round}");
        wake(&store).unwrap();
    }
    for job in written {
        job.wait().unwrap();
    }
    store.write(|writer| writer.settle()).wait().unwrap();
    let counted = store.read(|reading| {
        let rounds = "SELECT count(*) FROM setting WHERE name LIKE 'round %'";
        let rounds = reading.own(|own| Ok(own.query_row(rounds, [], |row| row.get::<_, i64>(0))?))?;
        Ok((rounds, reading.cache.query_row("SELECT count(*) FROM seen", [], |row| row.get::<_, i64>(0))?))
    });
    assert_eq!(counted.wait().unwrap(), (200, 600));
}

#[test]
fn whoever_changed_the_files_meanwhile_is_noticed_on_waking_and_nobody_else_is() {
    let folder = killed();
    let (store, _) = open(folder.path()).unwrap();
    let (told, replaced) = mpsc::channel();
    store.observe(move |commit| commit.of::<Replaced>().all(|_| told.send(()).is_ok()));
    fall_asleep(&store);
    wake(&store).unwrap();
    assert!(replaced.try_recv().is_err(), "nothing changed, nobody is told");
    fall_asleep(&store);
    let (other, _) = open(folder.path()).unwrap();
    write_cache(&other, 0..1).unwrap();
    drop(other);
    wake(&store).unwrap();
    replaced.recv_timeout(PATIENCE).expect("what was read before is void");
}

#[test]
fn damage_that_came_in_its_sleep_is_found_on_waking() {
    let folder = killed();
    let (store, _) = open(folder.path()).unwrap();
    let (told, replaced) = mpsc::channel();
    store.observe(move |commit| commit.of::<Replaced>().all(|_| told.send(()).is_ok()));
    fall_asleep(&store);
    std::fs::write(folder.path().join("cache.db"), [0x55; 40_000]).unwrap();
    let opened = wake(&store).unwrap();
    assert!(opened.cache_replaced);
    replaced.recv_timeout(PATIENCE).expect("everybody is told");
    assert_eq!((cache_rows(&store).unwrap(), set_aside(folder.path(), "cache.db").len()), (0, 1));
    write_own(&store, 0..1).unwrap();
    write_cache(&store, 0..1).unwrap();
    assert_eq!(own_rows(&store).len(), OWN_ROWS + 5);
}
