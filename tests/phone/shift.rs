//! A technician on a shift: a phone with clocks of its own, that is carried about.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering::SeqCst};
use std::time::{Duration, Instant};

use onsite::account::{Account, AccountConfig};
use onsite::duty::{Colleague, Fix, Standing};
use onsite::time::{Clock, Moment, SystemClock};
use onsite_wire::ids::{LocationId, PersonId};
use secrecy::SecretString;
use tempfile::TempDir;

use crate::support::{Backend, PATIENCE, config};

/// Clocks whose hands can be turned: time passes, somebody sets the wall clock, the phone is restarted.
#[derive(Debug, Default)]
pub struct ShiftClock {
    passed: AtomicI64,
    set: AtomicI64,
    boot: AtomicU64,
}

impl ShiftClock {
    pub fn pass(&self, millis: i64) {
        self.passed.fetch_add(millis, SeqCst);
    }

    pub fn set_wall(&self, millis: i64) {
        self.set.fetch_add(millis, SeqCst);
    }

    pub fn restart(&self) {
        self.boot.fetch_add(1, SeqCst);
    }
}

impl Clock for ShiftClock {
    fn now(&self) -> Moment {
        let now = SystemClock.now();
        let passed = self.passed.load(SeqCst);
        Moment {
            wall: now.wall.plus_millis(passed + self.set.load(SeqCst)),
            monotonic_ms: now.monotonic_ms + passed,
            boot: now.boot.wrapping_add(self.boot.load(SeqCst)),
        }
    }
}

pub struct Technician {
    pub account: Account,
    pub clock: Arc<ShiftClock>,
    pub folder: TempDir,
    server: String,
}

impl Technician {
    pub async fn of(backend: &Backend, who: &(String, String)) -> Self {
        Self::at(&backend.server.base_url(), who).await
    }

    pub async fn at(server: &str, who: &(String, String)) -> Self {
        let (folder, clock) = (tempfile::tempdir().unwrap(), Arc::new(ShiftClock::default()));
        let account = open(&folder, server, &clock).await;
        account.sign_in(&who.0, &SecretString::from(who.1.clone())).await.unwrap();
        let technician = Self { account, clock, folder, server: server.to_owned() };
        technician.until("everything was read", |account| account.state().read_at.is_some()).await;
        technician
    }

    /// The app is killed and started again.
    pub async fn restarted(self) -> Self {
        self.restarted_after(|_| {}).await
    }

    /// The same, with something done to its files in between.
    pub async fn restarted_after(self, between: impl FnOnce(&std::path::Path)) -> Self {
        let Self { account, clock, folder, server } = self;
        account.shutdown().await;
        between(folder.path());
        let account = open(&folder, &server, &clock).await;
        Self { account, clock, folder, server }
    }

    pub async fn until(&self, what: &str, is: impl Fn(&Account) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !is(&self.account) {
            assert!(Instant::now() < deadline, "never came: {what}; {:?}; {:?}", self.standing(), self.account.state());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    pub fn me(&self) -> PersonId {
        self.account.state().person.unwrap().id
    }

    pub fn standing(&self) -> Standing {
        self.account.duty().standing()
    }

    /// What the phone's system says, and waits until it was looked at.
    pub async fn fix(&self, lat: f64, lon: f64) {
        let before = self.account.duty().decisions().first().map(|decision| decision.at.monotonic_ms);
        self.clock.pass(15_000);
        self.account.duty().fix(Fix { lat, lon, accuracy_m: 8.0, age_ms: 0, mocked: false }).unwrap();
        self.until("the fix was looked at", |account| {
            account.duty().decisions().first().map(|decision| decision.at.monotonic_ms) > before
        })
        .await;
    }

    /// Stands somewhere for so many fixes, 15 s apart, each a little elsewhere.
    pub async fn stand(&self, (lat, lon): (f64, f64), fixes: usize) {
        for n in 0..fixes {
            let off = 0.000_004 * n as f64;
            self.fix(lat + off, lon - off).await;
        }
    }

    /// What this phone shows of a colleague, as soon as it is as told.
    pub async fn sees(
        &self,
        person: PersonId,
        what: &str,
        is: impl Fn(Option<&Colleague>) -> bool,
    ) -> Option<Colleague> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let colleagues = self.account.duty().colleagues().await.unwrap();
            let found = colleagues.into_iter().find(|one| one.person == person);
            if is(found.as_ref()) {
                return found;
            }
            assert!(Instant::now() < deadline, "never came: {what}; {found:?}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    pub async fn site(&self, label: &str) -> LocationId {
        let sites = self.account.duty().sites().await.unwrap();
        sites.iter().find(|site| site.label == label).unwrap().id
    }
}

async fn open(folder: &TempDir, server: &str, clock: &Arc<ShiftClock>) -> Account {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let clock: Arc<dyn Clock> = Arc::clone(clock) as _;
        match Account::open(AccountConfig { clock, ..config(folder.path(), server) }).await {
            Ok((account, _)) => return account,
            Err(error) if error.code == onsite::error::Code::StoreBusy && Instant::now() < deadline => {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            Err(error) => panic!("{error}"),
        }
    }
}
