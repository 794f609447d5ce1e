//! Kills the phone where it hurts, counts where, and looks at what is left.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

use onsite_server::{Fault, Limits, RunningServer, ServerConfig, demo, start};
use onsite_wire::ids::{AlarmId, OrganizationId};
use onsite_wire::onsite::Role;
use onsite_wire::rest::InventoryObject;
use secrecy::SecretString;
use tempfile::TempDir;

use crate::ledger::{Ledger, converged, overseer};
use crate::phone::{PATIENCE, open, until};
use crate::victim::{self, Task};

const KILLS: usize = 200;
const OF_EACH: usize = 20;
const ACTIONS: &str = "/onsite/v1/actions";
/// So many alarms that reading them takes a while.
const ALARMS: usize = 3_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Moment {
    BetweenStoreAndSend,
    BetweenSendAndAnswer,
    InsideAPull,
    InsideAMigration,
    WhenAllWasSent,
    Whenever,
}

use Moment::*;

const ALL: [Moment; 6] =
    [BetweenStoreAndSend, BetweenSendAndAnswer, InsideAPull, InsideAMigration, Whenever, WhenAllWasSent];

#[test]
fn killed_two_hundred_times_wherever_it_hurts_nothing_is_lost_or_doubled() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let mut killer = runtime.block_on(Killer::new());
    let mut counts: BTreeMap<Moment, usize> = ALL.iter().map(|moment| (*moment, 0)).collect();
    let began = Instant::now();
    let done = |counts: &BTreeMap<Moment, usize>| {
        counts.values().sum::<usize>() >= KILLS && ALL.iter().all(|moment| counts[moment] >= OF_EACH)
    };
    let mut round = 0;
    while !done(&counts) {
        let moment = ALL[round % ALL.len()];
        round += 1;
        // A phone that was faster than the blow is not counted.
        if killer.kill(moment) {
            *counts.get_mut(&moment).unwrap() += 1;
        }
        assert!(round < 10 * KILLS, "the blows miss: {counts:?}");
    }
    println!("{:>6}  killed", "times");
    counts.iter().for_each(|(moment, count)| println!("{count:>6}  {moment:?}"));
    println!("{:>6}  in {:.0} s", counts.values().sum::<usize>(), began.elapsed().as_secs_f64());
    runtime.block_on(killer.look());
}

struct Killer {
    server: RunningServer,
    _data: TempDir,
    organization: OrganizationId,
    folder: TempDir,
    /// Alarms that nobody touched yet.
    untouched: Vec<AlarmId>,
    ledger: Ledger,
    seed: u64,
}

impl Killer {
    /// A server, and a phone on which everything was read once.
    async fn new() -> Self {
        let data = tempfile::tempdir().unwrap();
        // Tokens that are renewed in the middle of it all.
        let limits = Limits { access_seconds: 30, ..Limits::default() };
        let server = start(ServerConfig { limits, ..ServerConfig::local(data.path()) }).await.unwrap();
        let mut document = demo::organization(7, ALARMS, 100, server.store().now());
        // All of them are there to be read, and to be acted on.
        document.alarms.iter_mut().for_each(|alarm| alarm.cleared_time = None);
        server.store().import(document.clone()).await.unwrap();
        let organization = document.inventory_objects.iter().find_map(|object| match object {
            InventoryObject::Organization(organization) => Some(organization.id),
            _ => None,
        });
        let administrators: Vec<_> = document
            .groups
            .iter()
            .filter(|group| group.grants.iter().any(|grant| grant.role == Role::Administrator))
            .flat_map(|group| group.members.clone())
            .collect();
        let person = document.people.iter().find(|p| p.password.is_some() && administrators.contains(&p.id)).unwrap();
        let shown = document.alarms.iter().filter(|alarm| onsite_rules::severity::shown(alarm.severity).is_some());
        let untouched = shown.filter(|alarm| alarm.acknowledgement.is_none() && alarm.mute.is_none());
        let untouched: Vec<AlarmId> = untouched.map(|alarm| alarm.id).collect();
        let folder = tempfile::tempdir().unwrap();
        let account = open(folder.path(), &server.base_url(), std::sync::Arc::new(|| {})).await;
        account.sign_in(&person.email, &SecretString::from(person.password.clone().unwrap())).await.unwrap();
        until(&account, "everything was read", |state| state.read_at.is_some()).await;
        account.shutdown().await;
        let organization = organization.unwrap();
        Self { server, _data: data, organization, folder, untouched, ledger: Ledger::default(), seed: 1 }
    }

    /// The next number by chance; the same in every run.
    fn chance(&mut self, below: u64) -> u64 {
        self.seed = self.seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.seed >> 33) % below
    }

    /// Some alarms, never to be given out again.
    fn alarms(&mut self, count: usize) -> Vec<AlarmId> {
        assert!(self.untouched.len() >= count, "the organization is too small for so many kills");
        self.untouched.split_off(self.untouched.len() - count)
    }

    fn start(&mut self, task: Task, alarms: usize) -> Victim {
        let alarms = self.alarms(alarms);
        Victim::new(victim::start(task, self.folder.path(), &self.server.base_url(), &alarms))
    }

    /// One kill; `false` where it came too late.
    fn kill(&mut self, moment: Moment) -> bool {
        let (hit, said) = match moment {
            BetweenStoreAndSend => self.stored_and_not_sent(),
            BetweenSendAndAnswer => self.sent_and_not_answered(),
            InsideAPull => self.inside_a_pull(),
            InsideAMigration => self.inside_a_migration(),
            WhenAllWasSent => {
                let mut victim = self.start(Task::Act, 1);
                let hit = victim.until("all sent");
                (hit, victim.kill())
            }
            Whenever => {
                let pause = self.chance(250);
                let victim = self.start(Task::Act, 3);
                std::thread::sleep(Duration::from_millis(pause));
                (true, victim.kill())
            }
        };
        said.iter().for_each(|line| self.ledger.read(line));
        self.server.faults().clear();
        hit
    }

    fn stored_and_not_sent(&mut self) -> (bool, Vec<String>) {
        let presses = 1 + self.chance(3);
        let mut victim = self.start(Task::ActOffline, 2);
        let hit = (0..presses).all(|_| victim.until("stored"));
        (hit, victim.kill())
    }

    /// The server holds the request back, or has done it and its answer is lost.
    fn sent_and_not_answered(&mut self) -> (bool, Vec<String>) {
        let lost = self.chance(2) == 0;
        let fault = if lost { Fault::LoseAnswer } else { Fault::Delay(Duration::from_secs(2)) };
        self.server.faults().next(ACTIONS, 1, fault);
        let pause = self.chance(40);
        let mut victim = self.start(Task::Act, 1);
        let hit = victim.until("stored") && waited(|| self.server.faults().left() == 0);
        if lost {
            // Before or after the server's commit.
            std::thread::sleep(Duration::from_millis(pause));
        }
        (hit, victim.kill())
    }

    fn inside_a_pull(&mut self) -> (bool, Vec<String>) {
        self.lose_the_cache();
        let mut victim = self.start(Task::Read, 0);
        let reading = victim.until("reading");
        let pause = Duration::from_millis(self.chance(60));
        let file = self.folder.path().join("cache.db-shm");
        let writes = reading && waited(|| writes_now(&victim, &file));
        std::thread::sleep(pause);
        // It stands still, with its transaction open: no blow is surer.
        victim.signal("-STOP");
        let hit = writes && writes_now(&victim, &file);
        (hit, victim.kill())
    }

    /// A new cache.db, with actions waiting in own.db; or, every now and then, an account's very first opening.
    fn inside_a_migration(&mut self) -> (bool, Vec<String>) {
        if self.chance(4) == 0 {
            let folder = tempfile::tempdir().unwrap();
            let step = 1 + usize::try_from(self.chance(4)).unwrap();
            let url = self.server.base_url();
            let mut victim = Victim::new(victim::start(Task::Migrate(step), folder.path(), &url, &[]));
            let hit = victim.until("inside a migration");
            let said = victim.kill();
            let mut second = Victim::new(victim::start(Task::Read, folder.path(), &url, &[]));
            assert!(second.until("open"), "what was begun is gone, and done again");
            second.kill();
            return (hit, said);
        }
        self.lose_the_cache();
        let step = 1 + usize::try_from(self.chance(3)).unwrap();
        let mut victim = self.start(Task::Migrate(step), 0);
        let hit = victim.until("inside a migration");
        (hit, victim.kill())
    }

    /// Has the phone begin its cache anew.
    fn lose_the_cache(&self) {
        for piece in ["cache.db", "cache.db-wal", "cache.db-shm"] {
            drop(std::fs::remove_file(self.folder.path().join(piece)));
        }
    }

    /// Opens the phone in peace, and compares all that was said with all that is.
    async fn look(self) {
        let organization = self.organization;
        let account = open(self.folder.path(), &self.server.base_url(), std::sync::Arc::new(|| {})).await;
        until(&account, "all was sent", |state| state.waiting == 0).await;
        assert_eq!(account.state().parked, 0, "{:?}", account.actions());
        account.refresh(None).unwrap();
        let server = overseer(&self.server, organization).await;
        self.ledger.holds(&server, organization).await;
        println!("{:>6}  pressed, {} of them told to be stored", self.ledger.begun(), self.ledger.stored());
        assert!(self.ledger.stored() > OF_EACH * 2, "{}", self.ledger.stored());
        until(&account, "all came back", |state| state.read_at.is_some()).await;
        let shown = |account: &onsite::account::Account| {
            account.feeds().iter().all(|feed| feed.trouble.is_none() && !feed.running)
        };
        until(&account, "nothing is under way", |_| shown(&account)).await;
        converged(account, self.folder.path(), &server, organization).await;
    }
}

/// Waits until something is so; `false` when it never is.
fn waited(mut so: impl FnMut() -> bool) -> bool {
    let deadline = Instant::now() + PATIENCE;
    while !so() {
        if Instant::now() > deadline {
            return false;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    true
}

/// Whether the process holds the lock of a journal's only writer: its transaction is open.
fn writes_now(victim: &Victim, journals_index: &PathBuf) -> bool {
    let Ok(metadata) = std::fs::metadata(journals_index) else { return false };
    let locks = std::fs::read_to_string("/proc/locks").unwrap();
    locks.lines().any(|line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [_, "POSIX", _, "WRITE", process, place, from, to] = words[..] else { return false };
        let inode = place.rsplit(':').next().and_then(|inode| inode.parse().ok());
        let covers =
            from.parse::<u64>().is_ok_and(|from| from <= WRITER) && to.parse().is_ok_and(|to: u64| to >= WRITER);
        process == victim.process && inode == Some(metadata.ino()) && covers
    })
}

/// The byte of the index that stands for the writer.
const WRITER: u64 = 120;

struct Victim {
    child: Child,
    process: String,
    lines: Receiver<String>,
    said: Vec<String>,
}

impl Victim {
    fn new(mut child: Child) -> Self {
        let output = BufReader::new(child.stdout.take().unwrap());
        let (sender, lines) = mpsc::channel();
        std::thread::spawn(move || {
            for line in output.lines() {
                // The test ended before the process did.
                drop(sender.send(line.unwrap_or_default()));
            }
        });
        Self { process: child.id().to_string(), child, lines, said: Vec::new() }
    }

    /// Waits for a line that begins like this; `false`: the process ended, or never says it.
    fn until(&mut self, beginning: &str) -> bool {
        let deadline = Instant::now() + PATIENCE;
        while let Some(left) = deadline.checked_duration_since(Instant::now()) {
            let Ok(line) = self.lines.recv_timeout(left) else { return false };
            let found = line.starts_with(beginning);
            self.said.push(line);
            if found {
                return true;
            }
        }
        false
    }

    fn signal(&self, signal: &str) {
        assert!(Command::new("kill").args([signal, &self.process]).status().unwrap().success());
    }

    /// Ends it as the system does, and gives back all that it said.
    fn kill(mut self) -> Vec<String> {
        self.child.kill().unwrap();
        let ended = self.child.wait().unwrap();
        assert_eq!(
            std::os::unix::process::ExitStatusExt::signal(&ended),
            Some(9),
            "it ended by itself: {:?}",
            self.said
        );
        // What was in the pipe was said before.
        self.said.extend(self.lines.iter());
        self.said
    }
}

#[test]
fn the_lock_of_a_writer_is_seen_and_is_gone_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let file: &Path = &folder.path().join("some.db");
    let connection = rusqlite::Connection::open(file).unwrap();
    connection.execute_batch("PRAGMA journal_mode = WAL; CREATE TABLE t (n INTEGER)").unwrap();
    let (_sender, lines) = mpsc::channel();
    let child = Command::new("true").spawn().unwrap();
    let mut myself = Victim { child, process: std::process::id().to_string(), lines, said: Vec::new() };
    let index = folder.path().join("some.db-shm");
    assert!(!writes_now(&myself, &index));
    connection.execute_batch("BEGIN IMMEDIATE").unwrap();
    assert!(writes_now(&myself, &index));
    connection.execute_batch("ROLLBACK").unwrap();
    assert!(!writes_now(&myself, &index));
    myself.child.wait().unwrap();
}
