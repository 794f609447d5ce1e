//! A valid answer of any size is taken in within the memory of a phone: what is held is a matter of single objects, never of
//! the body. Half of it are alarms nearly as long as an object may be, half is what this version does not know.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod server;

use std::process::Command;
use std::time::{Duration, Instant};

use onsite::account::{Access, Account, AccountConfig};
use onsite::alarms::{AlarmFilter, AlarmSort};
use onsite::store::Key;
use secrecy::SecretString;

use server::{HUGE, LARGE, Server};

/// By these the process is told what it is.
const SERVER: &str = "ONSITE_LARGE_ANSWER_SERVER";
/// What a phone may need more than an empty process, in bytes.
const BOUND: u64 = 120_000_000;
/// Only a hang takes longer, on a busy machine too.
const PATIENCE: Duration = Duration::from_secs(300);

/// The most memory that a process of this kind ever had, and what else it said.
fn peak(server: &str) -> (u64, String) {
    let told = Command::new(std::env::current_exe().unwrap())
        .args(["the_process_that_is_looked_at", "--exact", "--ignored", "--nocapture"])
        .env(SERVER, server)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&told.stdout).into_owned();
    assert!(told.status.success(), "{said}{}", String::from_utf8_lossy(&told.stderr));
    let line = said.lines().find(|line| line.contains("VmHWM")).unwrap();
    let kib: u64 = line.split_whitespace().rev().nth(1).unwrap().parse().unwrap();
    (kib * 1_024, said)
}

#[test]
fn a_valid_answer_of_400_mb_is_taken_in_whole_and_within_the_memory_of_a_phone() {
    let server = Server::start();
    let (empty, _) = peak("");
    let (full, said) = peak(&server.url());
    assert!(server.sent() > 400_000_000, "{} bytes were an answer", server.sent());
    assert!(said.contains(&format!("alarms {}", HUGE + LARGE)), "no alarm is lost: {said}");
    let more = full.saturating_sub(empty);
    println!("{} bytes were read with {more} bytes more than an empty process", server.sent());
    assert!(more < BOUND, "{more} bytes more than an empty process");
}

#[test]
#[ignore = "is started by the test that looks at it"]
fn the_process_that_is_looked_at() {
    let server = std::env::var(SERVER).expect("is started by the test that looks at it");
    if !server.is_empty() {
        read(&server);
    }
    println!("{}", std::fs::read_to_string("/proc/self/status").unwrap());
}

fn read(server: &str) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let access = Access::ApiKey(SecretString::from("any"));
    let config = AccountConfig::new(folder.path(), Key::new([7; 32]), server, access);
    let (account, _) = runtime.block_on(Account::open(config)).unwrap();
    let deadline = Instant::now() + PATIENCE;
    while account.state().read_at.is_none() {
        assert!(Instant::now() < deadline, "{:?} {:?}", account.state(), account.feeds());
        std::thread::sleep(Duration::from_millis(20));
    }
    let mut window = account.alarms().window(AlarmFilter::default(), AlarmSort::Newest, 1);
    let total = loop {
        let batch = window.next_before(deadline).expect("the window tells its total");
        if let Some(total) = batch.total.filter(|_| !batch.searching) {
            break total;
        }
    };
    println!("alarms {total}");
}
