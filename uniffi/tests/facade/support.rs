//! A server, phones on it, and listeners that remember what they were told.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use onsite_ffi::*;
use onsite_server::document::OrganizationDocument;
use onsite_server::{RunningServer, ServerConfig, demo, start};
use onsite_wire::onsite::Role;
use tempfile::TempDir;

/// Nothing here takes this long unless it hangs.
pub const PATIENCE: Duration = Duration::from_secs(60);

pub struct Backend {
    pub server: RunningServer,
    pub documents: Vec<OrganizationDocument>,
    _data: TempDir,
}

impl Backend {
    pub async fn demo() -> Self {
        Self::with(demo::organizations(7, now())).await
    }

    pub async fn of_size(alarms: usize, devices: usize) -> Self {
        Self::with(vec![demo::organization(7, alarms, devices, now())]).await
    }

    async fn with(documents: Vec<OrganizationDocument>) -> Self {
        let data = tempfile::tempdir().unwrap();
        let server = start(ServerConfig::local(data.path())).await.unwrap();
        for document in &documents {
            server.store().import(document.clone()).await.unwrap();
        }
        Self { server, documents, _data: data }
    }

    /// E-mail and password of an administrator.
    pub fn administrator(&self) -> (String, String) {
        let document = &self.documents[0];
        let administers = |person| {
            let groups = document.groups.iter().filter(|group| group.members.contains(&person));
            groups.flat_map(|group| &group.grants).any(|grant| grant.role == Role::Administrator)
        };
        let mut people = document.people.iter().filter(|person| person.password.is_some());
        let person = people.find(|person| administers(person.id)).unwrap();
        (person.email.clone(), person.password.clone().unwrap())
    }
}

pub fn now() -> onsite::time::Timestamp {
    use onsite::time::Clock;
    onsite::time::SystemClock.now().wall
}

/// A phone: its folder outlives its account.
pub struct Phone {
    pub folder: Arc<TempDir>,
    pub account: Arc<Account>,
}

pub fn config(folder: &TempDir, server: &str) -> AccountConfig {
    AccountConfig {
        folder: folder.path().to_str().unwrap().to_owned(),
        key: vec![7; 32],
        server: server.to_owned(),
        access: Access::Person,
        extra_roots: Vec::new(),
    }
}

impl Phone {
    /// Signed in; nothing is read yet.
    pub async fn fresh(backend: &Backend) -> Self {
        let folder = Arc::new(tempfile::tempdir().unwrap());
        let account = open_account(config(&folder, &backend.server.base_url())).await.unwrap();
        let (email, password) = backend.administrator();
        account.sign_in(email, password).await.unwrap();
        Self { folder, account }
    }

    /// Signed in, with everything read once.
    pub async fn signed_in(backend: &Backend) -> Self {
        let phone = Self::fresh(backend).await;
        phone.until("everything was read", |state| state.read_at.is_some()).await;
        phone
    }

    pub async fn until(&self, what: &str, is: impl Fn(&AccountState) -> bool) -> AccountState {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let state = self.account.state().unwrap();
            if is(&state) {
                return state;
            }
            assert!(Instant::now() < deadline, "never came: {what}; {state:?}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Oneself, to be made responsible.
    pub fn me(&self) -> Assignee {
        let person = self.account.state().unwrap().person.unwrap();
        Assignee { kind: AssigneeKind::Person, id: person.id, name: person.name }
    }

    /// Active alarms that nobody touched.
    pub async fn untouched(&self, wanted: usize) -> Vec<AlarmRow> {
        let filter = AlarmFilter {
            status: Some(AlarmStatus::Active),
            assignment: AssignmentChoice::Unassigned,
            muted: MutedChoice::Without,
            ..AlarmFilter::default()
        };
        let list = List::default();
        let size = i32::try_from(wanted).unwrap();
        let subscription = self.account.alarms().window(filter, AlarmSort::Newest, size, list.listener()).unwrap();
        list.until("a window", |told| told.batches > 0 && !told.searching).await;
        subscription.cancel();
        list.rows()
    }
}

pub fn code(error: &OnsiteError) -> &str {
    let OnsiteError::Failed { problem } = error;
    &problem.code
}

pub fn advice(error: &OnsiteError) -> Advice {
    let OnsiteError::Failed { problem } = error;
    problem.advice
}

/// What a listener of a list was told.
#[derive(Debug, Default)]
pub struct Told {
    pub rows: Vec<AlarmRow>,
    pub batches: usize,
    pub searching: bool,
    pub total: Option<i64>,
    pub end: Option<SubscriptionEnd>,
    /// Calls that were made while another one of the same subscription ran.
    pub overlapping: usize,
    running: bool,
}

impl Told {
    fn take(&mut self, batch: AlarmBatch) {
        self.batches += 1;
        self.searching = batch.searching;
        self.total = batch.total;
        match batch.rows {
            AlarmRows::Reset { rows } => self.rows = rows,
            AlarmRows::Steps { steps } => steps.into_iter().for_each(|step| match step {
                AlarmStep::Insert { at, row } => self.rows.insert(usize::try_from(at).unwrap(), row),
                AlarmStep::Update { at, row } => self.rows[usize::try_from(at).unwrap()] = row,
                AlarmStep::Remove { at } => drop(self.rows.remove(usize::try_from(at).unwrap())),
            }),
        }
    }
}

/// A listener's copy of a list, and what it does in a call.
#[derive(Clone, Default)]
pub struct List {
    pub told: Arc<Mutex<Told>>,
}

struct Listening {
    told: Arc<Mutex<Told>>,
    during: Box<dyn Fn() -> Result<(), ListenerError> + Send + Sync>,
}

impl AlarmListener for Listening {
    fn on_batch(&self, batch: AlarmBatch) -> Result<(), ListenerError> {
        {
            let mut told = self.told.lock().unwrap();
            told.overlapping += usize::from(told.running);
            told.running = true;
            told.take(batch);
        }
        let done = (self.during)();
        self.told.lock().unwrap().running = false;
        done
    }

    fn on_end(&self, end: SubscriptionEnd) -> Result<(), ListenerError> {
        self.told.lock().unwrap().end = Some(end);
        Ok(())
    }
}

impl List {
    pub fn listener(&self) -> Box<dyn AlarmListener> {
        self.doing(|| Ok(()))
    }

    pub fn doing(
        &self,
        during: impl Fn() -> Result<(), ListenerError> + Send + Sync + 'static,
    ) -> Box<dyn AlarmListener> {
        Box::new(Listening { told: Arc::clone(&self.told), during: Box::new(during) })
    }

    pub fn rows(&self) -> Vec<AlarmRow> {
        self.told.lock().unwrap().rows.clone()
    }

    pub async fn until(&self, what: &str, is: impl Fn(&Told) -> bool) {
        eventually(what, || is(&self.told.lock().unwrap())).await;
    }
}

pub async fn eventually(what: &str, is: impl Fn() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !is() {
        assert!(Instant::now() < deadline, "never came: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
