//! The first moment of a process: several accounts opened at once, each on a thread of its own. Only that moment is of
//! interest, so it takes many processes; they have a program of their own, because a process that is being made holds for
//! an instant every file that its parent has open.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::process::Command;
use std::sync::{Arc, Barrier};

use onsite::account::SCHEMA;
use onsite::store::{Key, Options, Store};
use onsite::time::SystemClock;

#[test]
fn the_first_files_of_a_process_may_be_opened_by_many_threads_at_once() {
    for _ in 0..40 {
        let done = Command::new(std::env::current_exe().unwrap())
            .args(["many_threads_begin", "--exact", "--ignored", "--nocapture"])
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&done.stdout).into_owned() + &String::from_utf8_lossy(&done.stderr);
        assert!(said.contains("running 1 test") && done.status.success(), "{said}");
    }
}

#[test]
#[ignore = "needs a new process: the test above runs it in one"]
fn many_threads_begin() {
    let folders: Vec<_> = (0..8).map(|_| tempfile::tempdir().unwrap()).collect();
    let together = Barrier::new(folders.len());
    std::thread::scope(|scope| {
        for folder in &folders {
            scope.spawn(|| {
                together.wait();
                let options = Options {
                    folder: folder.path(),
                    key: Key::new([7; 32]),
                    schema: SCHEMA,
                    clock: Arc::new(SystemClock),
                    before_migration_commits: Arc::new(|| {}),
                };
                Store::open(options).unwrap();
            });
        }
    });
}
