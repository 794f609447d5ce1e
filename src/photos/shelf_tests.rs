//! What lies on a shelf: sealed, whole or nothing, and the least used first away.

use std::sync::atomic::{AtomicI64, Ordering};

use sha2::Digest;
use tempfile::TempDir;

use super::*;
use crate::time::{Moment, Timestamp};

#[derive(Debug, Default)]
struct Hand(AtomicI64);

impl Clock for Hand {
    fn now(&self) -> Moment {
        let at = self.0.fetch_add(1_000, Ordering::SeqCst);
        Moment { wall: Timestamp::from_millis(1_800_000_000_000 + at), monotonic_ms: at, boot: 1 }
    }
}

fn shelf(folder: &TempDir, key: u8, limit: u64) -> Shelf {
    Shelf::new(folder.path().join("photos"), Zeroizing::new([key; 32]), limit, Arc::new(Hand::default()))
}

fn photo(seed: u8, size: usize) -> (PhotoHash, Vec<u8>) {
    let bytes: Vec<u8> = (0..size).map(|n| (n as u8).wrapping_mul(31).wrapping_add(seed)).collect();
    (PhotoHash(Sha256::digest(&bytes).into()), bytes)
}

fn keep(shelf: &Shelf, (hash, bytes): &(PhotoHash, Vec<u8>)) {
    shelf.keep(*hash, bytes.len() as u64, bytes.chunks(10_000)).unwrap();
    shelf.arrived(*hash);
}

fn files(folder: &TempDir) -> Vec<PathBuf> {
    let found = fs::read_dir(folder.path().join("photos")).unwrap();
    let mut found: Vec<_> = found.map(|entry| entry.unwrap().path()).collect();
    found.sort();
    found
}

#[test]
fn a_photo_lies_sealed_and_any_stretch_of_it_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let shelf = shelf(&folder, 7, u64::MAX);
    for size in [1, 100, SEGMENT - 1, SEGMENT, SEGMENT + 1, 3 * SEGMENT + 77] {
        let (hash, bytes) = photo(1, size);
        assert!(!shelf.holds(hash, size as u64));
        keep(&shelf, &(hash, bytes.clone()));
        assert!(shelf.holds(hash, size as u64));
        let (all, from) = (size as u64, (size / 3) as u64);
        assert_eq!(shelf.read(hash, all, 0, size).unwrap(), bytes);
        assert_eq!(shelf.read(hash, all, from, 70_000).unwrap(), bytes[size / 3..size.min(size / 3 + 70_000)]);
        assert!(shelf.read(hash, all, all, 10).unwrap().is_empty());
    }
    for file in files(&folder) {
        let sealed = fs::read(file).unwrap();
        assert!(!sealed.windows(64).any(|window| window == &photo(1, 64).1[..]), "nothing lies in clear");
    }
}

#[test]
fn a_photo_that_was_changed_or_is_of_another_account_is_none() {
    let folder = tempfile::tempdir().unwrap();
    let one = shelf(&folder, 7, u64::MAX);
    let kept = photo(1, 2 * SEGMENT);
    let size = kept.1.len() as u64;
    keep(&one, &kept);
    assert!(!shelf(&folder, 8, u64::MAX).holds(kept.0, size), "not even its name is found");
    let file = files(&folder).remove(0);
    let mut sealed = fs::read(&file).unwrap();
    let place = sealed.len() - 40;
    sealed[place] ^= 1;
    fs::write(&file, &sealed).unwrap();
    assert_eq!(one.read(kept.0, size, 0, 100).unwrap().len(), 100, "the first segment is whole");
    assert!(matches!(one.read(kept.0, size, 0, usize::MAX), Err(ShelfFault::Torn)));
    assert!(matches!(one.read(kept.0, size, 0, 100), Err(ShelfFault::NotHere)), "what is torn goes");
    keep(&one, &kept);
    let sealed = fs::read(&file).unwrap();
    fs::write(&file, &sealed[..sealed.len() - SEALED]).unwrap();
    assert!(!one.holds(kept.0, size));
    assert!(one.read(kept.0, size, 0, 100).is_err(), "cut at a segment's end");
}

#[test]
fn what_was_used_least_goes_first_and_what_is_not_sent_never() {
    let folder = tempfile::tempdir().unwrap();
    let photos: Vec<_> = (0..6).map(|seed| photo(seed, 30_000)).collect();
    let shelf = shelf(&folder, 7, 4 * file_size(30_000));
    photos[..4].iter().for_each(|photo| keep(&shelf, photo));
    shelf.read(photos[0].0, 30_000, 0, 10).unwrap();
    shelf.set_needed([photos[1].0].into());
    let here = |shelf: &Shelf| -> Vec<usize> { (0..6).filter(|n| shelf.holds(photos[*n].0, 30_000)).collect() };
    keep(&shelf, &photos[4]);
    assert_eq!(here(&shelf), [0, 1, 3, 4], "the second was needed, the third used least");
    keep(&shelf, &photos[5]);
    assert_eq!(here(&shelf), [0, 1, 4, 5]);
    shelf.remove(photos[1].0);
    assert_eq!(here(&shelf), [0, 1, 4, 5], "needed: not even on demand");
    shelf.set_needed(photos.iter().map(|photo| photo.0).collect());
    keep(&shelf, &photos[2]);
    assert_eq!(here(&shelf), [0, 1, 2, 4, 5], "more than the limit, when all of it is needed");
    shelf.set_needed(BTreeSet::new());
    keep(&shelf, &photos[3]);
    assert_eq!(here(&shelf).len(), 4);
}

#[test]
fn a_photo_that_is_fetched_goes_on_where_it_stopped_and_is_taken_only_when_it_is_the_right_one() {
    let folder = tempfile::tempdir().unwrap();
    let shelf = shelf(&folder, 7, u64::MAX);
    let (hash, bytes) = photo(3, 3 * SEGMENT + 9);
    let size = bytes.len() as u64;
    let segment = |number: usize| bytes[number * SEGMENT..bytes.len().min((number + 1) * SEGMENT)].to_vec();
    assert_eq!(shelf.begin_part(hash, size).unwrap(), 0);
    shelf.add_segment(hash, 0, false, segment(0)).unwrap();
    shelf.add_segment(hash, 1, false, segment(1)).unwrap();
    // The process ended in the middle of the third.
    let part = files(&folder).remove(0);
    File::options().append(true).open(&part).unwrap().write_all(b"half a segment").unwrap();
    assert_eq!(shelf.begin_part(hash, size).unwrap(), 2 * SEGMENT as u64);
    shelf.add_segment(hash, 2, false, segment(2)).unwrap();
    assert!(!shelf.holds(hash, size));
    shelf.add_segment(hash, 3, true, segment(3)).unwrap();
    shelf.finish_part(hash, size).unwrap();
    assert_eq!(shelf.read(hash, size, 0, usize::MAX).unwrap(), bytes);
    // Other bytes than the message named are dropped.
    let (other, _) = photo(4, 9);
    shelf.begin_part(other, 9).unwrap();
    shelf.add_segment(other, 0, true, b"nine byte".to_vec()).unwrap();
    assert!(matches!(shelf.finish_part(other, 9), Err(ShelfFault::Torn)));
    assert_eq!(files(&folder).len(), 1);
}

#[test]
fn while_the_phone_sleeps_no_file_is_opened() {
    let folder = tempfile::tempdir().unwrap();
    let shelf = shelf(&folder, 7, u64::MAX);
    let kept = photo(1, 100);
    keep(&shelf, &kept);
    shelf.sleep();
    assert!(!shelf.holds(kept.0, 100));
    assert!(matches!(shelf.read(kept.0, 100, 0, 9), Err(ShelfFault::Asleep)));
    assert!(matches!(shelf.keep(kept.0, 100, [&kept.1[..]].into_iter()), Err(ShelfFault::Asleep)));
    shelf.remove(kept.0);
    shelf.wake();
    assert_eq!(shelf.read(kept.0, 100, 0, 9).unwrap(), kept.1[..9]);
}
