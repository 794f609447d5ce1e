//! A server with one small organization, and phones on it.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use onsite::account::{Access, Account, AccountConfig, AccountState};
use onsite::alarms::{AlarmFilter, AlarmRow, AlarmSort, AlarmWindow, Facets};
use onsite::live::Batch;
use onsite::store::Key;
use onsite::time::{Clock, Moment, SystemClock, Timestamp};
use onsite_server::document::OrganizationDocument;
use onsite_server::{RunningServer, ServerConfig, demo, start};
use onsite_wire::ids::{AlarmId, OrganizationId};
use secrecy::SecretString;
use tempfile::TempDir;

/// Nothing here takes this long unless it hangs.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// A server with the demonstration's organizations, standing still.
pub struct Backend {
    pub server: RunningServer,
    pub documents: Vec<OrganizationDocument>,
    pub data: TempDir,
}

pub fn now() -> Timestamp {
    SystemClock.now().wall
}

impl Backend {
    /// With the three organizations of the demonstration.
    pub async fn demo() -> Self {
        Self::with(demo::organizations(7, now())).await
    }

    /// With one organization of this size.
    pub async fn of_size(alarms: usize, devices: usize) -> Self {
        Self::with(vec![demo::organization(7, alarms, devices, now())]).await
    }

    pub async fn with(documents: Vec<OrganizationDocument>) -> Self {
        Self::configured(documents, |_| {}).await
    }

    pub async fn configured(documents: Vec<OrganizationDocument>, change: impl FnOnce(&mut ServerConfig)) -> Self {
        let data = tempfile::tempdir().unwrap();
        let mut config = ServerConfig::local(data.path());
        change(&mut config);
        let server = start(config).await.unwrap();
        for document in &documents {
            server.store().import(document.clone()).await.unwrap();
        }
        Self { server, documents, data }
    }

    /// E-mail and password of somebody whose least restricted role in an organization is this.
    pub fn person(&self, organization: usize, role: onsite_wire::onsite::Role) -> (String, String) {
        let document = &self.documents[organization];
        let best = |person| {
            let groups = document.groups.iter().filter(|group| group.members.contains(&person));
            groups.flat_map(|group| &group.grants).map(|grant| grant.role).max()
        };
        let person =
            document.people.iter().find(|person| person.password.is_some() && best(person.id) == Some(role)).unwrap();
        (person.email.clone(), person.password.clone().unwrap())
    }

    /// How many of an organization's alarms a person sees who sees all of it.
    pub fn listed(&self, organization: usize) -> usize {
        let shown = |severity| onsite_rules::severity::shown(severity).is_some();
        self.documents[organization].alarms.iter().filter(|alarm| shown(alarm.severity)).count()
    }

    pub fn organization(&self, at: usize) -> OrganizationId {
        self.documents[at]
            .inventory_objects
            .iter()
            .find_map(|object| match object {
                onsite_wire::rest::InventoryObject::Organization(organization) => Some(organization.id),
                _ => None,
            })
            .unwrap()
    }
}

/// A phone: its folder outlives its account, as files outlive an app.
pub struct Phone {
    pub folder: TempDir,
    pub account: Account,
}

pub fn key() -> Key {
    Key::new([7; 32])
}

/// Short time-outs, so that what never answers ends a test soon.
pub fn config(folder: &Path, server: &str) -> AccountConfig {
    let mut config = AccountConfig::new(folder, key(), server, Access::Person);
    config.timeouts.answer = Duration::from_secs(10);
    config.timeouts.silence = Duration::from_secs(10);
    config
}

impl Phone {
    /// Signed in, with everything read once.
    pub async fn signed_in(backend: &Backend, who: &(String, String)) -> Self {
        Self::with_clock(backend, who, Arc::new(SystemClock)).await
    }

    /// The same with a clock of its own.
    pub async fn with_clock(backend: &Backend, who: &(String, String), clock: Arc<dyn Clock>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = AccountConfig { clock, ..config(folder.path(), &backend.server.base_url()) };
        let (account, _) = Account::open(config).await.unwrap();
        account.sign_in(&who.0, &SecretString::from(who.1.clone())).await.unwrap();
        let phone = Self { folder, account };
        phone.until("everything was read", |state| state.read_at.is_some()).await;
        phone
    }

    /// Ends the app and opens it again on the same files.
    pub async fn reopened(self, backend: &Backend) -> Self {
        let Self { folder, account } = self;
        account.shutdown().await;
        Self::opened(folder, backend).await
    }

    /// Opens the app on files that are there; waits until whoever had them open has let go.
    pub async fn opened(folder: TempDir, backend: &Backend) -> Self {
        let deadline = Instant::now() + PATIENCE;
        loop {
            match Account::open(config(folder.path(), &backend.server.base_url())).await {
                Ok((account, _)) => return Self { folder, account },
                Err(error) if error.code == onsite::error::Code::StoreBusy && Instant::now() < deadline => {
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
                Err(error) => panic!("{error}"),
            }
        }
    }

    /// Waits until the account's state is as told.
    pub async fn until(&self, what: &str, is: impl Fn(&AccountState) -> bool) -> AccountState {
        let mut changes = self.account.changes();
        let deadline = tokio::time::Instant::now() + PATIENCE;
        loop {
            let state = self.account.state();
            if is(&state) {
                return state;
            }
            let changed = tokio::time::timeout_at(deadline, changes.changed()).await;
            assert!(changed.is_ok(), "never came: {what}; {state:?}; feeds {:?}", self.account.feeds());
        }
    }

    /// A list of all alarms under a filter, complete.
    pub async fn list(&self, filter: AlarmFilter) -> Listed {
        Listed::settled(self.account.alarms().window(filter, AlarmSort::Newest, 100_000)).await
    }

    pub async fn row(&self, id: AlarmId) -> AlarmRow {
        self.account.alarms().detail(id).await.unwrap().row
    }
}

/// A listener's copy of a window.
pub struct Listed {
    pub window: AlarmWindow,
    pub rows: Vec<AlarmRow>,
    pub last: Option<Batch<AlarmRow, Facets>>,
}

impl Listed {
    pub fn new(window: AlarmWindow) -> Self {
        Self { window, rows: Vec::new(), last: None }
    }

    /// Waits until rows and counts are complete.
    pub async fn settled(window: AlarmWindow) -> Self {
        let mut listed = Self::new(window);
        listed
            .until("complete", |listed| {
                listed.last.as_ref().is_some_and(|last| {
                    !last.searching && last.counts.as_ref().is_some_and(|counts| counts.cleared.is_some())
                })
            })
            .await;
        listed
    }

    pub async fn until(&mut self, what: &str, is: impl Fn(&Self) -> bool) {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        while !is(self) {
            let batch = tokio::time::timeout_at(deadline, self.window.next()).await;
            let Ok(Some(batch)) = batch else {
                panic!(
                    "never came: {what}; {} rows, {:?}",
                    self.rows.len(),
                    self.last.as_ref().map(|l| (l.searching, l.total))
                )
            };
            batch.rows.apply(&mut self.rows);
            self.last = Some(batch);
        }
    }

    pub fn total(&self) -> u64 {
        self.last.as_ref().and_then(|last| last.total).unwrap()
    }
}

/// The phone's own clock, whose hands can be turned forward.
#[derive(Debug, Default)]
pub struct HandClock(std::sync::atomic::AtomicI64);

impl HandClock {
    /// Time passes on both clocks.
    pub fn pass(&self, millis: i64) {
        self.0.fetch_add(millis, std::sync::atomic::Ordering::SeqCst);
    }
}

impl Clock for HandClock {
    fn now(&self) -> Moment {
        let passed = self.0.load(std::sync::atomic::Ordering::SeqCst);
        let now = SystemClock.now();
        Moment { wall: now.wall.plus_millis(passed), monotonic_ms: now.monotonic_ms + passed, ..now }
    }
}

impl Phone {
    /// Waits until an alarm's row is as told.
    pub async fn until_row(&self, id: AlarmId, what: &str, is: impl Fn(&AlarmRow) -> bool) -> AlarmRow {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let row = self.row(id).await;
            if is(&row) {
                return row;
            }
            assert!(Instant::now() < deadline, "never came: {what}; {row:?}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Waits until an alarm has come.
    pub async fn until_row_is_there(&self, id: AlarmId) {
        let deadline = Instant::now() + PATIENCE;
        while self.account.alarms().detail(id).await.is_err() {
            assert!(Instant::now() < deadline, "the alarm never came");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}
