//! The core: what the model asks for is asked of the account, and what the account says is told to the model. The only room
//! that calls the core.

mod answers;
mod follow;
mod incidents;
pub mod notices;
mod watch;

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};

use onsite_wire::ids::OrganizationId;
use tokio::sync::mpsc::UnboundedSender;
use tokio::task::JoinHandle;

use crate::api::{Account, Error, Receipt};
use crate::app::message::{Command, Deed, Message};

/// Everybody who tells the model something.
pub type Messages = UnboundedSender<Message>;

/// The way to the core and back.
pub struct Link {
    account: Account,
    messages: Messages,
    organization: Option<OrganizationId>,
    receipts: Receipts,
    following: JoinHandle<()>,
    tiles: Vec<JoinHandle<()>>,
    list: Option<watch::List>,
    alarm: Option<JoinHandle<()>>,
    incidents: incidents::Watched,
    notices: notices::Watched,
}

/// The last deed, whose outcome is told until nothing of it waits.
#[derive(Clone, Default)]
struct Receipts(Arc<Mutex<Option<(Deed, Receipt)>>>);

impl Receipts {
    fn keep(&self, deed: Deed, receipt: Receipt) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((deed, receipt));
    }

    fn last(&self) -> Option<(Deed, Receipt)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.following.abort();
        self.tiles.drain(..).for_each(|task| task.abort());
        if let Some(alarm) = self.alarm.take() {
            alarm.abort();
        }
    }
}

impl Link {
    /// Begins to tell the model what happens.
    pub fn new(account: Account, messages: Messages) -> Self {
        let receipts = Receipts::default();
        let following = tokio::spawn(follow::follow(account.clone(), messages.clone(), receipts.clone()));
        Self {
            account,
            messages,
            organization: None,
            receipts,
            following,
            tiles: Vec::new(),
            list: None,
            alarm: None,
            incidents: incidents::Watched::default(),
            notices: notices::Watched::default(),
        }
    }

    /// Does what the model asks. Answers come as messages; what cannot be done comes as [`Message::Failed`].
    pub fn perform(&mut self, command: Command) {
        let account = self.account.clone();
        match command {
            Command::WatchTiles(filters) => self.watch_tiles(filters),
            Command::OpenWindow { window, filter, sort, everywhere } => {
                let alarms = account.alarms();
                let size = crate::app::alarm_list::AlarmList::first_size();
                let opened = if everywhere {
                    alarms.window_everywhere(*filter, sort, size)
                } else {
                    alarms.window(*filter, sort, size)
                };
                self.list = Some(watch::List::open(opened, &self.messages, window));
            }
            Command::More(rows) => {
                if let Some(list) = &self.list {
                    list.more(rows);
                }
            }
            Command::OpenAlarm(id) => {
                self.close_alarm();
                self.alarm = Some(tokio::spawn(watch::alarm(account, self.messages.clone(), id)));
            }
            Command::CloseAlarm => self.close_alarm(),
            Command::OpenIncidents(number, filter) => self.incidents.list(&account, &self.messages, number, *filter),
            Command::WatchIncidents(filter) => self.incidents.count(&account, &self.messages, *filter),
            Command::OpenNotices(number, filter) => self.notices.list(&account, &self.messages, number, filter),
            Command::WatchNotices(organization) => self.notices.count(&account, &self.messages, organization),
            Command::OpenIncident(id) => self.incidents.open(&account, &self.messages, id),
            Command::CloseIncident => self.incidents.close(),
            Command::MoreChat(rows) => self.incidents.more(rows),
            Command::LoadPlaces(organization) => {
                self.organization = organization;
                self.places();
            }
            Command::SetLocation(location) => {
                let (messages, organization) = (self.messages.clone(), self.organization);
                self.ask(async move {
                    account.set_location_filter(location).await?;
                    answers::places(&account, organization, &messages).await
                });
            }
            Command::SetOffline(offline) => self.tell(account.set_offline(offline)),
            Command::Refresh => {
                self.tell(account.network_changed().and_then(|()| account.refresh(None)));
            }
            Command::Acknowledge(..)
            | Command::Release(_)
            | Command::Mute(..)
            | Command::MuteDevice(..)
            | Command::Unmute(_)
            | Command::UnmuteDevice(_)
            | Command::HandOver(..) => self.act(command),
            // The terminal ends.
            Command::Quit => {}
            asked => self.ask(async move { answers::answer(&account, asked).await }),
        }
    }

    fn close_alarm(&mut self) {
        if let Some(alarm) = self.alarm.take() {
            alarm.abort();
        }
    }

    fn watch_tiles(&mut self, filters: Vec<crate::api::AlarmFilter>) {
        self.tiles.drain(..).for_each(|task| task.abort());
        let kinds = crate::api::tiles(self.account.state().person.map(|person| person.id), None);
        for (n, filter) in filters.into_iter().enumerate() {
            let counts_devices = kinds.get(n).is_some_and(|(tile, _)| *tile == crate::api::Tile::DevicesWithCritical);
            let window = self.account.alarms().window(filter, crate::api::AlarmSort::Newest, 1);
            self.tiles.push(tokio::spawn(watch::tile(window, self.messages.clone(), n, counts_devices)));
        }
    }

    fn places(&self) {
        let (account, messages, organization) = (self.account.clone(), self.messages.clone(), self.organization);
        self.ask(async move { answers::places(&account, organization, &messages).await });
    }

    /// Does a deed, and follows its outcome.
    fn act(&self, command: Command) {
        let (account, receipts) = (self.account.clone(), self.receipts.clone());
        self.ask(async move {
            let (deed, receipt) = answers::act(&account, command).await?;
            receipts.keep(deed, receipt.clone());
            Ok(Some(Message::Outcome(deed, account.outcome(&receipt))))
        });
    }

    /// Asks, and tells the answer.
    fn ask(&self, answer: impl Future<Output = Result<Option<Message>, Error>> + Send + 'static) {
        let messages = self.messages.clone();
        tokio::spawn(async move {
            let message = match answer.await {
                Ok(message) => message,
                Err(error) => Some(Message::Failed(error)),
            };
            if let Some(message) = message {
                // Nobody listens any more when the console ends.
                messages.send(message).ok();
            }
        });
    }

    fn tell(&self, done: Result<(), Error>) {
        if let Err(error) = done {
            self.messages.send(Message::Failed(error)).ok();
        }
    }
}
