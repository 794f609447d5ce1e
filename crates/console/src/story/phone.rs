//! A phone of the story: its folder outlives its app, and an app its process.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use onsite::account::{Access, Account, AccountConfig, AccountState, ActionStage, OwnAction};
use onsite::alarms::{AlarmFilter, AlarmRow, AlarmSort, Facets, Receipt};
use onsite::error::Code;
use onsite::incidents::{ChatRow, IncidentFilter, IncidentRow};
use onsite::journal::Line;
use onsite::notifications::{NotificationFilter, NotificationRow, PushIdentity};
use onsite::store::Key;
use onsite::sync::overlays::Standing;
use onsite::time::{Clock, Timestamp};
use onsite_wire::ids::{ActionId, AlarmId, IncidentId};
use onsite_wire::onsite::{Subject, SubjectKind};
use onsite_wire::rest::{Assignee, AssigneeKind};
use serde::{Deserialize, Serialize};
use tokio::time::{Instant, timeout, timeout_at};

use super::StoryError;
use super::clock::{PhoneClock, StoryTime};

/// Nothing in a story takes this long unless it hangs.
pub const PATIENCE: Duration = Duration::from_secs(120);
/// How often it is looked again where nothing rings.
pub const GLANCE: Duration = Duration::from_millis(5);
/// After so long without news something waits for the story's time to pass.
const A_WHILE: Duration = Duration::from_millis(500);
/// So far it is turned then: too little to be told.
const MOMENT_MS: i64 = 2_000;
/// More rows than any list of the story has.
const ALL_ROWS: usize = 100_000;

/// What stays of a phone when its app is closed, and what another process needs to open it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Handset {
    /// The account's files.
    pub folder: PathBuf,
    /// Their key.
    pub key: [u8; 32],
    /// The server's address.
    pub server: String,
    /// How far its wall clock is ahead, in milliseconds.
    pub skew_ms: i64,
}

/// A phone.
pub struct Phone {
    /// What stays of it.
    pub handset: Handset,
    clock: Arc<PhoneClock>,
    account: Option<Account>,
}

/// A list as it stands: rows, total and counts complete.
pub struct Listed {
    /// Its rows.
    pub rows: Vec<AlarmRow>,
    /// How many.
    pub total: u64,
    /// Counts beside each choice.
    pub facets: Arc<Facets>,
}

impl Phone {
    /// Opens the app on this handset.
    pub async fn open(handset: Handset, time: &Arc<StoryTime>) -> Result<Self, StoryError> {
        let clock = Arc::new(PhoneClock { time: Arc::clone(time), skew_ms: handset.skew_ms });
        let mut phone = Self { handset, clock, account: None };
        phone.reopen().await?;
        Ok(phone)
    }

    /// Opens the app again. The process that had the files may still be letting go of them.
    pub async fn reopen(&mut self) -> Result<(), StoryError> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let key = Key::new(self.handset.key);
            let mut config = AccountConfig::new(&self.handset.folder, key, &self.handset.server, Access::Person);
            config.clock = Arc::clone(&self.clock) as Arc<dyn Clock>;
            config.push = Some(self.identity()?);
            match Account::open(config).await {
                Ok((account, _)) => {
                    self.account = Some(account);
                    return Ok(());
                }
                Err(error) if error.code == Code::StoreBusy && Instant::now() < deadline => {
                    tokio::time::sleep(GLANCE).await;
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Where its pushes are sealed to: drawn with its key.
    pub fn identity(&self) -> Result<PushIdentity, StoryError> {
        let (key, rest) = (self.handset.key, self.handset.key);
        let mut random = [0; 64];
        random.iter_mut().zip(key.into_iter().chain(rest)).for_each(|(slot, byte)| *slot = byte);
        PushIdentity::new(&random).map_err(|_| StoryError::Lacks("a key for pushes"))
    }

    /// Closes the app.
    pub async fn close(&mut self) {
        if let Some(account) = self.account.take() {
            account.shutdown().await;
        }
    }

    /// Whether the app is open.
    pub const fn is_open(&self) -> bool {
        self.account.is_some()
    }

    /// The core.
    pub fn account(&self) -> Result<&Account, StoryError> {
        self.account.as_ref().ok_or_else(|| StoryError::Closed(self.handset.folder.display().to_string()))
    }

    /// Where the account stands.
    pub fn state(&self) -> Result<AccountState, StoryError> {
        Ok(self.account()?.state())
    }

    /// The person whose phone it is, as somebody to be made responsible.
    pub fn me(&self) -> Result<Assignee, StoryError> {
        let person = self.state()?.person.ok_or(StoryError::Lacks("a person on this phone"))?;
        Ok(Assignee { kind: AssigneeKind::Person, id: person.id.0, name: person.name })
    }

    /// The time by this phone's wall clock.
    pub fn wall(&self) -> Timestamp {
        self.clock.now().wall
    }

    /// Waits until the account's state is as told.
    pub async fn until(&self, what: &str, is: impl Fn(&AccountState) -> bool) -> Result<AccountState, StoryError> {
        let account = self.account()?;
        let mut changes = account.changes();
        let deadline = Instant::now() + PATIENCE;
        loop {
            let state = account.state();
            if is(&state) {
                return Ok(state);
            }
            if timeout_at(deadline, changes.changed()).await.is_err() {
                return Err(StoryError::NeverCame(format!("{what}; {state:?}; {:?}", account.feeds())));
            }
        }
    }

    /// Time has passed: the phone wakes, and looks at its network.
    pub fn wakes(&self) -> Result<(), StoryError> {
        self.account()?.clock_changed()?;
        Ok(self.account()?.network_changed()?)
    }

    /// Time has passed and there is signal: waits until everything was read anew and the server rings again.
    pub async fn wakes_with_signal(&self) -> Result<AccountState, StoryError> {
        self.wakes()?;
        let now = self.wall();
        self.until("everything is read anew", |state| state.live && state.read_at >= Some(now)).await?;
        self.at_rest().await
    }

    /// Waits until nothing is being read: what is read before the clocks are turned must not end after it.
    pub async fn at_rest(&self) -> Result<AccountState, StoryError> {
        let account = self.account()?;
        self.until("nothing is being read", |_| account.feeds().iter().all(|feed| !feed.running)).await
    }

    /// All alarms under a filter.
    pub async fn list(&self, filter: AlarmFilter) -> Result<Listed, StoryError> {
        self.list_until("a complete list", filter, |_| true).await
    }

    /// All alarms under a filter, once they are as told.
    pub async fn list_until(
        &self,
        what: &str,
        filter: AlarmFilter,
        is: impl Fn(&Listed) -> bool,
    ) -> Result<Listed, StoryError> {
        let mut window = self.account()?.alarms().window(filter, AlarmSort::Newest, ALL_ROWS);
        let mut rows = Vec::new();
        let deadline = Instant::now() + PATIENCE;
        loop {
            let Ok(Some(batch)) = timeout_at(deadline, window.next()).await else {
                return Err(StoryError::NeverCame(what.to_owned()));
            };
            batch.rows.apply(&mut rows);
            let (Some(total), Some(facets), false) = (batch.total, batch.counts, batch.searching) else { continue };
            if facets.cleared.is_none() {
                continue;
            }
            let listed = Listed { rows, total, facets };
            if is(&listed) {
                return Ok(listed);
            }
            rows = listed.rows;
        }
    }

    /// All incidents under a filter.
    pub async fn incidents(&self, filter: IncidentFilter) -> Result<Vec<IncidentRow>, StoryError> {
        let mut window = self.account()?.incidents().window(filter, ALL_ROWS);
        let mut rows = Vec::new();
        let deadline = Instant::now() + PATIENCE;
        loop {
            let Ok(Some(batch)) = timeout_at(deadline, window.next()).await else {
                return Err(StoryError::NeverCame("a list of incidents".to_owned()));
            };
            batch.rows.apply(&mut rows);
            if batch.total.is_some_and(|total| total == rows.len() as u64) && !batch.searching {
                return Ok(rows);
            }
        }
    }

    /// The chat of an incident, newest first, once it is as told.
    pub async fn chat_until(
        &self,
        id: IncidentId,
        what: &str,
        is: impl Fn(&[ChatRow]) -> bool,
    ) -> Result<Vec<ChatRow>, StoryError> {
        let mut window = self.account()?.incidents().chat(id, ALL_ROWS);
        let mut rows = Vec::new();
        let deadline = Instant::now() + PATIENCE;
        while !is(&rows) {
            let Ok(Some(batch)) = timeout_at(deadline, window.next()).await else {
                return Err(StoryError::NeverCame(format!("{what}; {rows:?}")));
            };
            batch.rows.apply(&mut rows);
        }
        Ok(rows)
    }

    /// Waits until nothing is on this phone only. An attempt that failed in the moment before the signal came back makes
    /// the next one a second later, which the story's time must be given.
    pub async fn sends_all(&self) -> Result<AccountState, StoryError> {
        let account = self.account()?;
        let mut changes = account.changes();
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            let state = account.state();
            if state.waiting == 0 {
                return Ok(state);
            }
            if timeout(A_WHILE, changes.changed()).await.is_err() && !self.is_sending()? {
                self.clock.time.turn_to(self.clock.time.now().plus_millis(MOMENT_MS));
                account.clock_changed()?;
            }
        }
        Err(StoryError::NeverCame(format!("all is sent; {:?}", account.state())))
    }

    fn is_sending(&self) -> Result<bool, StoryError> {
        let is_sent = |stage: &ActionStage| matches!(stage, ActionStage::OnPhone { being_sent: true, .. });
        Ok(self.account()?.actions().iter().any(|action| is_sent(&action.stage)))
    }

    /// Asks for a test push, as soon as the server knows where it is to go.
    pub async fn sends_canary(&self) -> Result<(), StoryError> {
        let (deadline, mut since) = (Instant::now() + PATIENCE, Instant::now());
        while let Err(error) = self.account()?.notifications().send_canary().await {
            if Instant::now() > deadline {
                return Err(error.into());
            }
            tokio::time::sleep(GLANCE).await;
            if since.elapsed() > A_WHILE {
                // What failed in a bad moment is tried again after a while of the story's time.
                self.clock.time.turn_to(self.clock.time.now().plus_millis(MOMENT_MS));
                self.account()?.clock_changed()?;
                since = Instant::now();
            }
        }
        Ok(())
    }

    /// How many notifications are unread, once it is as told.
    pub async fn unread_until(&self, what: &str, is: impl Fn(u64) -> bool) -> Result<u64, StoryError> {
        let mut window = self.account()?.notifications().window(NotificationFilter::default(), 1);
        let deadline = Instant::now() + PATIENCE;
        loop {
            let Ok(Some(batch)) = timeout_at(deadline, window.next()).await else {
                return Err(StoryError::NeverCame(what.to_owned()));
            };
            if let Some(unread) = batch.counts.map(|counts| counts.unread).filter(|unread| is(*unread)) {
                return Ok(unread);
            }
        }
    }

    /// Waits for a line in the list of notifications.
    pub async fn notified(&self, what: &str, is: impl Fn(&NotificationRow) -> bool) -> Result<(), StoryError> {
        let mut window = self.account()?.notifications().window(NotificationFilter::default(), 50);
        let deadline = Instant::now() + PATIENCE;
        let mut rows = Vec::new();
        while !rows.iter().any(&is) {
            let Ok(Some(batch)) = timeout_at(deadline, window.next()).await else {
                return Err(StoryError::NeverCame(what.to_owned()));
            };
            batch.rows.apply(&mut rows);
        }
        Ok(())
    }

    /// One alarm, once it has come.
    pub async fn row_when_there(&self, id: AlarmId) -> Result<AlarmRow, StoryError> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            match self.row(id).await {
                Ok(row) => return Ok(row),
                Err(error) if Instant::now() > deadline => return Err(error),
                Err(_) => tokio::time::sleep(GLANCE).await,
            }
        }
    }

    /// One alarm as its page shows it.
    pub async fn row(&self, id: AlarmId) -> Result<AlarmRow, StoryError> {
        Ok(self.account()?.alarms().detail(id).await?.row)
    }

    /// One alarm, once it is as told.
    pub async fn row_until(
        &self,
        id: AlarmId,
        what: &str,
        is: impl Fn(&AlarmRow) -> bool,
    ) -> Result<AlarmRow, StoryError> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let row = self.row(id).await?;
            if is(&row) {
                return Ok(row);
            }
            if Instant::now() > deadline {
                return Err(StoryError::NeverCame(format!("{what}; {row:?}")));
            }
            tokio::time::sleep(GLANCE).await;
        }
    }

    /// An event of an alarm's life in the flight recorder, once it is there.
    pub async fn recorded(&self, id: AlarmId, code: &str) -> Result<Line, StoryError> {
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            let life = self.account()?.explain(id.0).await?;
            if let Some(line) = life.into_iter().find(|line| line.code == code) {
                return Ok(line);
            }
            tokio::time::sleep(GLANCE).await;
        }
        Err(StoryError::NeverCame(code.to_owned()))
    }

    /// One of the person's own actions.
    pub fn action(&self, id: ActionId) -> Result<OwnAction, StoryError> {
        let found = self.account()?.actions().into_iter().find(|action| action.id == id);
        found.ok_or(StoryError::Lacks("an action that was made"))
    }

    /// The actions that one press made. One that could not be made ends the story: it presses only what is offered.
    pub fn pressed(&self, receipt: &Receipt) -> Result<Vec<OwnAction>, StoryError> {
        match receipt.refused.first() {
            Some((_, error)) => Err(error.clone().into()),
            None => receipt.actions.iter().map(|(_, id)| self.action(*id)).collect(),
        }
    }

    /// What an action is about, in the words of a list.
    pub async fn subject(&self, subject: Subject) -> Result<String, StoryError> {
        match subject.kind {
            SubjectKind::Alarm => {
                let row = self.row(AlarmId(subject.id)).await?;
                Ok(format!("{} at {}", row.label, row.device_label))
            }
            SubjectKind::Incident => {
                let page = self.account()?.incidents().page(IncidentId(subject.id)).await?;
                Ok(format!("incident \"{}\" at {}", page.row.subject, page.row.device_label))
            }
            SubjectKind::Device => {
                let listed = self.list(AlarmFilter::default()).await?;
                let row = listed.rows.into_iter().find(|row| row.device.0 == subject.id);
                Ok(format!("device {}", row.ok_or(StoryError::Lacks("the device of an action"))?.device_label))
            }
            SubjectKind::Person => Ok("oneself".to_owned()),
        }
    }
}

/// Where one's own action on an alarm stands, as its row marks it.
pub const fn mark(own_action: Option<Standing>) -> &'static str {
    match own_action {
        None => "not marked",
        Some(Standing::OnPhone) => "marked as on this phone",
        Some(Standing::OnServer) => "marked as on the server",
    }
}

/// Where an action stands, in the words of the story (O3).
pub fn stage(stage: &ActionStage) -> String {
    match stage {
        ActionStage::OnPhone { paused: true, .. } => "on this phone, until its person signs in".to_owned(),
        ActionStage::OnPhone { .. } => "on this phone".to_owned(),
        ActionStage::OnServer => "on the server".to_owned(),
        ActionStage::Parked { code, arguments, .. } => format!("parked, {code}: {}", code.text(arguments)),
    }
}
