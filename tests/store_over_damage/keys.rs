//! S6: who may open the files, and who is refused without a byte being touched.

use std::fs;

use onsite::account::SCHEMA;
use onsite::store::{Fault, File, Key, Migration, Schema};

use crate::folder::{CACHE_ROWS, OWN_ROWS, cache_rows, contents, killed, open, open_with, own_rows};

fn wrong() -> Key {
    Key::new([8; 32])
}

#[test]
fn a_wrong_key_is_refused_and_no_byte_of_the_files_changes() {
    let folder = killed();
    let before = contents(folder.path());
    let refused = open_with(folder.path(), wrong(), SCHEMA);
    assert!(matches!(refused, Err(Fault::WrongKey)), "{:?}", refused.err());
    assert!(contents(folder.path()) == before, "nothing was touched");
    let (store, _) = open(folder.path()).unwrap();
    assert_eq!(own_rows(&store).len(), OWN_ROWS + 5);
}

#[test]
fn without_its_check_value_a_wrong_key_is_still_refused_and_the_right_one_writes_it_again() {
    for left in [None, Some(0), Some(7)] {
        let folder = killed();
        let check = folder.path().join("key.check");
        match left {
            None => fs::remove_file(&check).unwrap(),
            Some(length) => fs::OpenOptions::new().write(true).open(&check).unwrap().set_len(length).unwrap(),
        }
        let before = contents(folder.path());
        let refused = open_with(folder.path(), wrong(), SCHEMA);
        assert!(matches!(refused, Err(Fault::WrongKey)), "{left:?}: {:?}", refused.err());
        assert!(contents(folder.path()) == before, "{left:?}: nothing was touched");
        let (store, opened) = open(folder.path()).unwrap();
        assert!(opened.rescued.is_none() && !opened.cache_replaced, "{opened:?}");
        assert_eq!((own_rows(&store).len(), cache_rows(&store).unwrap()), (OWN_ROWS + 5, CACHE_ROWS + 5));
        drop(store);
        assert_eq!(fs::read(&check).unwrap().len(), 32);
        assert!(matches!(open_with(folder.path(), wrong(), SCHEMA), Err(Fault::WrongKey)));
    }
}

#[test]
fn an_empty_file_vouches_for_no_key() {
    let folder = killed();
    fs::remove_file(folder.path().join("key.check")).unwrap();
    fs::OpenOptions::new().write(true).open(folder.path().join("own.db")).unwrap().set_len(0).unwrap();
    let before = contents(folder.path());
    assert!(matches!(open_with(folder.path(), wrong(), SCHEMA), Err(Fault::WrongKey)));
    assert!(contents(folder.path()) == before, "nothing was touched");
}

#[test]
fn opening_the_same_files_twice_is_store_busy() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = open(folder.path()).unwrap();
    assert!(matches!(open(folder.path()), Err(Fault::Busy)));
    drop(store);
    open(folder.path()).unwrap();
}

/// Today's steps, and one more.
fn of_tomorrow(today: &[Migration]) -> &'static [Migration] {
    let tomorrow = Migration { name: "9999_tomorrow.sql", sql: "CREATE TABLE tomorrow (n INTEGER) STRICT" };
    Box::leak(today.iter().copied().chain([tomorrow]).collect())
}

#[test]
fn a_file_that_a_newer_version_wrote_is_refused_and_keeps_its_rows() {
    let own = Schema { own: of_tomorrow(SCHEMA.own), cache: SCHEMA.cache };
    let cache = Schema { own: SCHEMA.own, cache: of_tomorrow(SCHEMA.cache) };
    for (tomorrow, file) in [(own, File::Own), (cache, File::Cache)] {
        let folder = killed();
        drop(open_with(folder.path(), crate::folder::key(), tomorrow).unwrap());
        let refused = open(folder.path());
        assert!(matches!(&refused, Err(Fault::Newer(newer)) if *newer == file), "{:?}", refused.err());
        let (store, opened) = open_with(folder.path(), crate::folder::key(), tomorrow).unwrap();
        assert!(opened.rescued.is_none() && !opened.cache_replaced, "{opened:?}");
        assert_eq!((own_rows(&store).len(), cache_rows(&store).unwrap()), (OWN_ROWS + 5, CACHE_ROWS + 5));
    }
}
