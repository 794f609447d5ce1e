//! Damage in every place of each file. What can be fetched again begins anew; what a person wrote is saved as far as it can
//! be read; nothing is thrown away.

use std::fs;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use onsite::store::{Fault, File, Replaced, Store};

use crate::folder::{CACHE_ROWS, OWN_ROWS, cache_rows, killed, open, own_rows, set_aside, write_cache, write_own};

/// Nothing here takes this long unless it hangs.
const PATIENCE: Duration = Duration::from_secs(60);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Damage {
    FirstByte,
    FirstPage,
    MiddlePage,
    CutInHalf,
    CutInAPage,
    Emptied,
    Garbage,
    JournalsFirstByte,
    JournalsMiddle,
    JournalCut,
    JournalOfGarbage,
}

use Damage::*;

const ALL: [Damage; 11] = [
    FirstByte,
    FirstPage,
    MiddlePage,
    CutInHalf,
    CutInAPage,
    Emptied,
    Garbage,
    JournalsFirstByte,
    JournalsMiddle,
    JournalCut,
    JournalOfGarbage,
];

const fn page(file: File) -> u64 {
    match file {
        File::Own => 4_096,
        File::Cache => 8_192,
    }
}

impl Damage {
    fn is_to_the_journal(self) -> bool {
        matches!(self, JournalsFirstByte | JournalsMiddle | JournalCut | JournalOfGarbage)
    }

    fn inflict(self, folder: &Path, file: File) {
        let name = if self.is_to_the_journal() { format!("{}-wal", file.name()) } else { file.name().to_owned() };
        let open = fs::OpenOptions::new().read(true).write(true).open(folder.join(name)).unwrap();
        let (length, page) = (open.metadata().unwrap().len(), page(file));
        assert!(length > page, "{self:?}: {file:?} has {length} bytes");
        let middle = length / page / 2 * page;
        match self {
            FirstByte | JournalsFirstByte => scratch(&open, 0, 1),
            FirstPage => scratch(&open, 0, page),
            MiddlePage => scratch(&open, middle, page),
            CutInHalf => open.set_len(middle).unwrap(),
            CutInAPage => open.set_len(middle + page / 3).unwrap(),
            Emptied => open.set_len(0).unwrap(),
            Garbage | JournalOfGarbage => scratch(&open, 0, length),
            JournalsMiddle => scratch(&open, length / 2, 64),
            JournalCut => open.set_len(length / 2).unwrap(),
        }
    }
}

/// Turns every bit from here on.
fn scratch(file: &fs::File, from: u64, length: u64) {
    let mut bytes = vec![0; usize::try_from(length).unwrap()];
    file.read_exact_at(&mut bytes, from).unwrap();
    bytes.iter_mut().for_each(|byte| *byte = !*byte);
    file.write_all_at(&bytes, from).unwrap();
}

/// Runs something that must come to an end.
fn in_time<T: Send + 'static>(what: String, work: impl FnOnce() -> T + Send + 'static) -> T {
    let (done, ended) = mpsc::channel();
    std::thread::spawn(move || drop(done.send(work())));
    ended.recv_timeout(PATIENCE).unwrap_or_else(|_| panic!("{what}: hangs or panicked"))
}

/// Reads until the store has come to terms with its cache.
fn settled_cache(store: &Store) -> usize {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match cache_rows(store) {
            Ok(rows) => return rows,
            Err(Fault::Damaged(File::Cache) | Fault::Closed) if Instant::now() < deadline => {
                std::thread::sleep(Duration::from_millis(5));
            }
            Err(fault) => panic!("{fault}"),
        }
    }
}

#[test]
fn whatever_is_damaged_in_the_cache_it_begins_anew_and_what_a_person_wrote_stays() {
    for damage in ALL {
        let folder = killed();
        damage.inflict(folder.path(), File::Cache);
        let path = folder.path().to_owned();
        let (rows, opened_anew) = in_time(format!("{damage:?}"), move || {
            let (store, opened) = open(&path).unwrap();
            assert!(opened.rescued.is_none(), "{damage:?}");
            let rows = settled_cache(&store);
            assert_eq!(own_rows(&store).len(), OWN_ROWS + 5, "{damage:?}");
            write_own(&store, OWN_ROWS + 5..OWN_ROWS + 6).unwrap();
            write_cache(&store, 0..CACHE_ROWS).unwrap();
            assert!(cache_rows(&store).unwrap() >= CACHE_ROWS, "{damage:?}");
            (rows, opened.cache_replaced)
        });
        let aside = set_aside(folder.path(), "cache.db");
        if damage.is_to_the_journal() || damage == Emptied {
            // SQLite takes a journal up to its first wrong sum; an empty file is a new one.
            assert!(rows == CACHE_ROWS || rows == CACHE_ROWS + 5 || rows == 0, "{damage:?}: {rows}");
            assert!(aside.is_empty(), "{damage:?}");
        } else {
            assert_eq!((rows, aside.len()), (0, 1), "{damage:?}: begun anew, the old one kept");
        }
        if [FirstByte, FirstPage, Garbage].contains(&damage) {
            assert!(opened_anew, "{damage:?} is met at once");
        }
        let (store, opened) = open(folder.path()).unwrap();
        assert!(opened.rescued.is_none() && !opened.cache_replaced, "{damage:?}: mended for good");
        assert_eq!(own_rows(&store).len(), OWN_ROWS + 6, "{damage:?}");
    }
}

#[test]
fn of_a_damaged_own_file_all_that_can_be_read_is_saved_and_the_old_one_is_kept() {
    for damage in ALL {
        let folder = killed();
        damage.inflict(folder.path(), File::Own);
        let path = folder.path().to_owned();
        let (opened, found) = in_time(format!("{damage:?}"), move || {
            let (store, opened) = open(&path).unwrap();
            let found = own_rows(&store).len();
            write_own(&store, 0..1).unwrap();
            assert!(!opened.cache_replaced, "{damage:?}: the other file is sound");
            assert_eq!(settled_cache(&store), CACHE_ROWS + 5, "{damage:?}");
            (opened, found)
        });
        let aside = set_aside(folder.path(), "own.db").len();
        if damage.is_to_the_journal() {
            assert!(opened.rescued.is_none() && aside == 0, "{damage:?}: {opened:?}");
            assert!(found >= OWN_ROWS, "{damage:?}: only what was in the journal can be lost, {found}");
            continue;
        }
        let rescued = opened.rescued.unwrap_or_else(|| panic!("{damage:?} is reported"));
        assert_eq!((rescued.rows, aside), (found, 1), "{damage:?}: {rescued:?}");
        assert!(rescued.torn_tables > 0, "{damage:?}: {rescued:?}");
        match damage {
            MiddlePage => assert!(found > OWN_ROWS / 2, "{damage:?}: both ends, {found}"),
            CutInHalf | CutInAPage => assert!(found > 0, "{damage:?}: the beginning, {found}"),
            _ => {}
        }
        let (store, opened) = open(folder.path()).unwrap();
        assert!(opened.rescued.is_none(), "{damage:?}: mended for good");
        drop(store);
    }
}

#[test]
fn damage_that_only_a_later_read_meets_replaces_the_cache_and_tells_everybody() {
    let folder = killed();
    let (store, opened) = open(folder.path()).unwrap();
    assert!(!opened.cache_replaced);
    let (told, replaced) = mpsc::channel();
    store.observe(move |commit| commit.of::<Replaced>().all(|_| told.send(commit.seq).is_ok()));
    let early = store.read(|reading| Ok(reading.seq)).wait().unwrap();
    MiddlePage.inflict(folder.path(), File::Cache);
    let met = cache_rows(&store);
    assert!(matches!(met, Err(Fault::Damaged(File::Cache))), "{met:?}");
    let seq = replaced.recv_timeout(PATIENCE).expect("everybody is told");
    assert!(seq > early, "numbers go on");
    assert_eq!(settled_cache(&store), 0);
    assert_eq!(set_aside(folder.path(), "cache.db").len(), 1);
    // Readers of the old file were gone before the new one took its name: its journal is its own, and every reader sees it.
    write_cache(&store, 0..CACHE_ROWS).unwrap();
    for _ in 0..20 {
        assert_eq!(cache_rows(&store).unwrap(), CACHE_ROWS);
    }
    assert_eq!(own_rows(&store).len(), OWN_ROWS + 5);
    drop(store);
    let (store, opened) = open(folder.path()).unwrap();
    assert!(!opened.cache_replaced);
    assert_eq!(cache_rows(&store).unwrap(), CACHE_ROWS);
}

#[test]
fn damage_in_the_own_file_that_a_reader_meets_does_not_cost_the_cache() {
    let folder = killed();
    let (store, _) = open(folder.path()).unwrap();
    MiddlePage.inflict(folder.path(), File::Own);
    let met = store
        .read(|reading| {
            reading
                .own(|own| Ok(own.query_row("SELECT sum(length(entry)) FROM action", [], |row| row.get::<_, i64>(0))?))
        })
        .wait();
    assert!(matches!(met, Err(Fault::Damaged(File::Own))), "{met:?}");
    assert_eq!(cache_rows(&store).unwrap(), CACHE_ROWS + 5);
    assert!(set_aside(folder.path(), "cache.db").is_empty());
    drop(store);
    let (store, opened) = open(folder.path()).unwrap();
    let rescued = opened.rescued.expect("the next opening saves what can be read");
    assert_eq!(own_rows(&store).len(), rescued.rows);
}

#[test]
fn a_lost_file_begins_anew_and_the_loss_of_ones_own_is_told() {
    let folder = killed();
    for piece in ["cache.db", "cache.db-wal", "cache.db-shm"] {
        drop(fs::remove_file(folder.path().join(piece)));
    }
    let (store, opened) = open(folder.path()).unwrap();
    assert!(opened.rescued.is_none());
    assert_eq!((own_rows(&store).len(), cache_rows(&store).unwrap()), (OWN_ROWS + 5, 0));
    drop(store);
    fs::remove_file(folder.path().join("own.db")).unwrap();
    let (store, opened) = open(folder.path()).unwrap();
    assert_eq!(opened.rescued.map(|rescued| rescued.rows), Some(0), "it was there once");
    assert!(own_rows(&store).is_empty());
}
