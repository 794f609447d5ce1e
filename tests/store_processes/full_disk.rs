//! A disk without room: a typed error, no row lost, and it goes on when there is room again. The disk is a small one in
//! memory, mounted for a process of its own; where that may not be done, the test says that it was skipped.

use std::path::PathBuf;
use std::process::Command;

use onsite::store::{Fault, File};

use crate::folder::{cache_rows, open, own_rows, set_aside, write_cache, write_own};

const DISK: &str = "ONSITE_SMALL_DISK";
const ON_IT: &str = "full_disk::on_a_small_disk";

/// Runs a test of this file on a disk of this size; `false`: this machine does not let us.
fn on_a_disk_of(megabytes: usize, test: &str) -> bool {
    let mount = tempfile::tempdir().unwrap();
    let script = format!("mount -t tmpfs -o size={megabytes}m disk \"$1\" || exit 77; shift; exec \"$@\"");
    let own = std::env::current_exe().unwrap();
    let done = Command::new("unshare")
        .args(["--mount", "--map-root-user", "--propagation", "private", "sh", "-c", &script, "sh"])
        .args([mount.path().as_os_str(), own.as_os_str()])
        .args([test, "--exact", "--ignored", "--nocapture"])
        .env(DISK, mount.path())
        .output();
    let Ok(done) = done else { return false };
    let said = String::from_utf8_lossy(&done.stdout).into_owned() + &String::from_utf8_lossy(&done.stderr);
    // The second process says so itself when it ran.
    if !said.contains("running 1 test") {
        return false;
    }
    assert!(done.status.success(), "{said}");
    true
}

#[test]
fn a_full_disk_is_told_as_such_loses_nothing_and_is_over_when_there_is_room() {
    if !on_a_disk_of(4, ON_IT) {
        println!("SKIPPED: this machine lets nobody mount a disk of their own");
    }
}

#[test]
#[ignore = "needs a small disk: the test above runs it on one"]
fn on_a_small_disk() {
    let disk = PathBuf::from(std::env::var_os(DISK).expect("is run by the test above"));
    let folder = disk.join("account");
    let (store, _) = open(&folder).unwrap();
    write_own(&store, 0..50).unwrap();
    write_cache(&store, 0..20).unwrap();
    let filler = disk.join("photos");
    std::fs::write(&filler, vec![1_u8; 2 << 20]).unwrap();
    // The cache runs full first; what a person does may still fit, or is refused, and never half done.
    let mut from = 20;
    let full = loop {
        match write_cache(&store, from..from + 50) {
            Ok(()) => from += 50,
            Err(fault) => break fault,
        }
        assert!(from < 10_000, "the disk is small");
    };
    assert!(matches!(full, Fault::Full), "{full:?}");
    assert_eq!(cache_rows(&store).unwrap(), from);
    let mut kept = 50;
    let full = loop {
        match write_own(&store, kept..kept + 10) {
            Ok(()) => kept += 10,
            Err(fault) => break fault,
        }
        assert!(kept < 100_000, "the disk is small");
    };
    assert!(matches!(full, Fault::Full), "{full:?}");
    assert_eq!(own_rows(&store).len(), kept, "all that was told to be written is there, and nothing else");
    damaged_while_full(&folder, &store);
    std::fs::remove_file(&filler).unwrap();
    write_own(&store, kept..kept + 10).unwrap();
    assert!(matches!(write_cache(&store, 0..1), Ok(()) | Err(Fault::Damaged(File::Cache))));
    write_cache(&store, 0..20).unwrap();
    assert_eq!((own_rows(&store).len(), cache_rows(&store).unwrap()), (kept + 10, 20));
    drop(store);
    let (store, opened) = open(&folder).unwrap();
    assert!(opened.rescued.is_none() && !opened.cache_replaced, "{opened:?}");
    assert_eq!((own_rows(&store).len(), cache_rows(&store).unwrap()), (kept + 10, 20));
}

/// Without room for a new cache what a person wrote stays within reach.
fn damaged_while_full(folder: &std::path::Path, store: &onsite::store::Store) {
    let job = store.write_behind(|writer| writer.cache(|_, _| Err::<(), _>(Fault::Damaged(File::Cache))));
    assert!(job.wait().is_err());
    // A read comes after the attempt to begin anew.
    drop(cache_rows(store));
    assert!(!own_rows(store).is_empty());
    assert_eq!(set_aside(folder, "cache.db").len(), 1);
}
