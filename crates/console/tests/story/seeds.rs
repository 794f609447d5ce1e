//! The story as a program tells it: it ends well, the same way each time, and another way for each seed.

#![allow(clippy::expect_used, reason = "a test says what is wrong by failing")]

use std::collections::BTreeMap;
use std::process::Command;
use std::sync::Mutex;

use onsite_console::story::without_measured;

/// The seeds that are told.
const SEEDS: std::ops::RangeInclusive<u64> = 1..=20;
/// So many stories are told at a time.
const TELLERS: usize = 2;

/// What is told, measured times apart.
fn told(seed: u64) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_onsite-console"))
        .args(["--story", "--seed", &seed.to_string()])
        .output()
        .expect("the console starts");
    let text = String::from_utf8(output.stdout).expect("a story is text");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "seed {seed} ended with {}: {errors}\n{text}", output.status);
    text.lines().map(|line| format!("{}\n", without_measured(line))).collect()
}

#[test]
fn each_seed_tells_its_own_story_which_agrees_with_the_server_and_the_same_lines_again() {
    let seeds = Mutex::new(SEEDS);
    let stories = Mutex::new(BTreeMap::new());
    std::thread::scope(|scope| {
        for _ in 0..TELLERS {
            scope.spawn(|| {
                loop {
                    let Some(seed) = seeds.lock().unwrap().next() else { break };
                    let (first, second) = (told(seed), told(seed));
                    let differs = first.lines().zip(second.lines()).find(|(one, other)| one != other);
                    assert_eq!(differs, None, "seed {seed}");
                    assert_eq!(first, second, "seed {seed}");
                    stories.lock().unwrap().insert(first.lines().skip(1).collect::<Vec<_>>().join("\n"), seed);
                }
            });
        }
    });
    assert_eq!(stories.into_inner().unwrap().len(), SEEDS.count(), "each seed tells another story");
}
