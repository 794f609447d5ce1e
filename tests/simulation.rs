//! Phones, one server and a bad network, by the thousand: the step functions of the outbox and the schedule as they are, over
//! a driver in memory that can lose, double, delay, reorder, crash, restart and restore at every point.
//!
//! Everything follows from a seed. A seed that fails says how to repeat it: `ONSITE_SEED=… cargo test …`.
#![expect(clippy::panic, clippy::indexing_slicing, reason = "a failing seed is told by a panic; phones are counted")]

mod simulation {
    pub mod chance;
    mod day;
    mod driver;
    pub mod duty;
    pub mod leases;
    pub mod ledger;
    pub mod long_chat;
    mod network;
    pub mod notices;
    pub mod phone;
    pub mod server;
    pub mod world;
}

use std::sync::atomic::{AtomicU64, Ordering};

use simulation::phone::Mutant;
use simulation::world::{Tally, World};

/// How many seeds the promise is tried with.
const SEEDS: u64 = 1_000;
/// How long the long chat is, and its seed.
const MESSAGES: u64 = 10_000;
const MESSAGES_SEED: u64 = 4;
/// Among how many of them a defective driver must be found out.
const SEEDS_FOR_A_DEFECT: u64 = 200;

#[test]
fn nothing_is_lost_doubled_or_stalled_in_a_thousand_bad_days() {
    if let Some(seed) = std::env::var("ONSITE_SEED").ok().and_then(|seed| seed.parse().ok()) {
        match World::new(seed, Mutant::None).run() {
            Ok(tally) => println!("seed {seed}: {tally:?}"),
            Err(violation) => panic!("seed {seed}: {violation}"),
        }
        return;
    }
    let tally = every_seed();
    println!("{tally:?}");
    tally.assert_that_everything_was_tried();
}

/// All seeds, on all cores; the first that fails ends the test.
fn every_seed() -> Tally {
    let next = AtomicU64::new(0);
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let tallies = std::thread::scope(|scope| {
        let worker = || {
            let mut total = Tally::default();
            loop {
                let seed = next.fetch_add(1, Ordering::Relaxed);
                if seed >= SEEDS {
                    return Ok(total);
                }
                match World::new(seed, Mutant::None).run() {
                    Ok(tally) => total.add(&tally),
                    Err(violation) => return Err((seed, violation)),
                }
            }
        };
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(worker)).collect();
        workers
            .into_iter()
            .map(|worker| worker.join().unwrap_or_else(|_| panic!("a worker panicked")))
            .collect::<Vec<_>>()
    });
    let mut total = Tally::default();
    for tally in tallies {
        match tally {
            Ok(tally) => total.add(&tally),
            Err((seed, violation)) => panic!(
                "seed {seed}: {violation}\nrepeat with: ONSITE_SEED={seed} cargo test -p onsite --test simulation -- \
                 --nocapture nothing_is_lost"
            ),
        }
    }
    total
}

#[test]
fn a_chat_of_ten_thousand_messages_by_three_phones_ends_the_same_everywhere_each_message_once_in_its_writers_order() {
    let began = std::time::Instant::now();
    match World::of_a_long_chat(MESSAGES_SEED, MESSAGES).run() {
        Ok(tally) => println!("{MESSAGES} messages in {} s: {tally:?}", began.elapsed().as_secs()),
        Err(violation) => panic!("seed {MESSAGES_SEED}: {violation}"),
    }
}

#[test]
fn the_same_seed_is_the_same_day() {
    let day = |seed| format!("{:?}", World::new(seed, Mutant::None).run());
    for seed in 0..10 {
        assert_eq!(day(seed), day(seed));
    }
}

/// What the first seed on which a defective driver is found out says of it.
fn found_out(mutant: Mutant) -> String {
    (0..SEEDS_FOR_A_DEFECT)
        .find_map(|seed| World::new(seed, mutant).run().err())
        .unwrap_or_else(|| panic!("{mutant:?} was not found out in {SEEDS_FOR_A_DEFECT} seeds"))
}

/// The promises of which a defective driver breaks one, whichever is seen first.
fn assert_says_one_of(said: &str, promises: &[&str]) {
    assert!(promises.iter().any(|promise| said.contains(promise)), "{said}");
}

#[test]
fn a_driver_that_sends_before_it_records_is_found_out() {
    assert_says_one_of(
        &found_out(Mutant::SendsBeforeRecording),
        &["no record of it", "forgotten, but it had its effect"],
    );
}

#[test]
fn a_driver_that_forgets_what_was_in_flight_is_found_out() {
    assert_says_one_of(&found_out(Mutant::ForgetsWhatWasInFlight), &["lost"]);
}

#[test]
fn a_driver_that_asks_again_under_a_new_id_is_found_out() {
    assert_says_one_of(&found_out(Mutant::AsksAgainUnderANewId), &["twice", "before it was"]);
}

#[test]
fn a_driver_without_an_alarm_clock_is_found_out() {
    assert_says_one_of(&found_out(Mutant::NeverWakes), &["no next attempt", "nothing will be"]);
}

#[test]
fn a_driver_that_reads_the_wall_clock_for_its_schedule_is_found_out() {
    assert_says_one_of(
        &found_out(Mutant::SchedulesByTheWallClock),
        &["no next attempt", "nothing will be", "still waits", "waits, but says"],
    );
}

#[test]
fn a_phone_that_shows_a_lease_beyond_its_time_is_found_out() {
    assert_says_one_of(&found_out(Mutant::ShowsWhatIsOver), &["a lease outlives its time"]);
}

#[test]
fn a_driver_that_forgets_a_switch_between_its_record_and_duty_is_found_out() {
    assert_says_one_of(&found_out(Mutant::ForgetsTheSwitchAtStart), &["the server says otherwise"]);
}
