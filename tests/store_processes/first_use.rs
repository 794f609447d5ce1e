//! The first moment of a process: several accounts opened at once, each on a thread of its own. Only that moment is of
//! interest, so it takes many processes.

use std::process::Command;
use std::sync::Barrier;

use crate::folder::open;

#[test]
fn the_first_files_of_a_process_may_be_opened_by_many_threads_at_once() {
    for _ in 0..40 {
        let done = Command::new(std::env::current_exe().unwrap())
            .args(["first_use::many_threads_begin", "--exact", "--ignored", "--nocapture"])
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
                open(folder.path()).unwrap();
            });
        }
    });
}
