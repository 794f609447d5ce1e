//! An account: one person, or one API key, on one server, with everything this phone keeps of it.
//!
//! This is where the rooms come together. Opening needs no network: what was seen is there at once, and what was being
//! done goes on. From then on one task ([`driver`](self)) turns what happens into steps of the outbox and the schedule and
//! does what they decide; the files are read and written by threads of their own.

mod acting;
mod config;
mod diagnostics;
mod driver;
mod members;
mod on_duty;
mod organizations;
mod own_file;
mod reading;
mod signal;
mod view;

use std::sync::{Arc, Mutex, PoisonError};

use onsite_wire::codes::Code;
use onsite_wire::ids::{ActionId, LocationId, OrganizationId, PersonId};
use onsite_wire::onsite::{CurrentState, PersonEntry};
use secrecy::SecretString;
use tokio::sync::{mpsc, oneshot, watch};

pub use config::{Access, AccountConfig};
pub use organizations::{LocationNode, OrganizationOverview};
pub use view::{AccountState, ActionStage, FeedState, OwnAction, SessionState};

use self::driver::{Driver, Message, Parts};
use self::view::View;
use crate::alarms::{AlarmFeed, Alarms, FOLLOWERS, Receipt, own_end};
use crate::devices::directory::SharedDirectory;
use crate::devices::feed::InventoryFeed;
use crate::duty::{self, DutyFeed, DutyRoom, SitesChanged};
use crate::error::Error;
use crate::live::Engine;
use crate::net::{ApiKey, Http, HttpConfig};
use crate::people::{self, PeopleFeed};
use crate::session::{Person, Session, SignInStep};
use crate::store::{Migration, Opened, Options, Replaced, Schema, Store};
use crate::sync::handover::{Handover, Made, new_action_id};
use crate::sync::outbox::Draft;
use crate::sync::overlays::Overlays;
use crate::sync::pull::{Pullable, Puller, server_now};

/// The migrations of both files.
pub const SCHEMA: Schema = Schema {
    own: &[Migration { name: "0001_own.sql", sql: include_str!("../../migrations/own/0001_own.sql") }],
    cache: &[
        Migration { name: "0001_moment.sql", sql: include_str!("../../migrations/cache/0001_moment.sql") },
        Migration { name: "0002_inventory.sql", sql: include_str!("../../migrations/cache/0002_inventory.sql") },
        Migration { name: "0003_alarms.sql", sql: include_str!("../../migrations/cache/0003_alarms.sql") },
        Migration { name: "0010_duty.sql", sql: include_str!("../../migrations/cache/0010_duty.sql") },
    ],
};

const PERSON: &str = "account.person";
const SERVER: &str = "account.server";
const LOCATION: &str = "location_filter";

/// An open account. Clones are the same account; the last one closes it.
#[derive(Clone)]
pub struct Account {
    shared: Arc<Shared>,
}

struct Shared {
    store: Store,
    session: Option<Session>,
    sender: mpsc::UnboundedSender<Message>,
    view: Arc<Mutex<View>>,
    changed: watch::Receiver<u64>,
    location: Arc<Mutex<Option<LocationId>>>,
    alarms: Alarms,
    duty: DutyRoom,
}

impl Account {
    /// Opens an account from its files; needs no network. Must be called inside a tokio runtime, on which it goes on.
    pub async fn open(config: AccountConfig) -> Result<(Self, Opened), Error> {
        let http = Http::new(&HttpConfig {
            timeouts: config.timeouts,
            extra_roots: config.extra_roots.clone(),
            ..HttpConfig::new(&config.server, Arc::clone(&config.clock))
        })?;
        let options = Options {
            folder: &config.folder,
            key: config.key.clone(),
            schema: SCHEMA,
            clock: Arc::clone(&config.clock),
            before_migration_commits: Arc::clone(&config.before_migration_commits),
        };
        let (store, opened) = Store::open(options)?;
        belongs_here(&store, &config.server).await?;
        let (session, http) = match &config.access {
            Access::Person => {
                let vault = own_file::Vault::open(&store).await?;
                let session = Session::open(&http, Box::new(vault), tokio::runtime::Handle::current());
                (Some(session.clone()), http.with_authority(Arc::new(session)))
            }
            Access::ApiKey(key) => (None, http.with_authority(Arc::new(ApiKey::new(key.clone())))),
        };
        Ok((Self::assemble(&config, store, http, session).await?, opened))
    }

    async fn assemble(
        config: &AccountConfig,
        store: Store,
        http: Http,
        session: Option<Session>,
    ) -> Result<Self, Error> {
        let overlays = Arc::new(Overlays::default());
        let puller = Puller { store: store.clone(), http };
        let (sender, receiver) = mpsc::unbounded_channel();
        let (changed, watching) = watch::channel(0);
        let view = Arc::new(Mutex::new(View::default()));
        let duty = Arc::new(duty::room::Shared::new());
        let mut driver = Driver::new(Parts {
            store: store.clone(),
            puller: puller.clone(),
            clock: Arc::clone(&config.clock),
            session: session.clone(),
            overlays: Arc::clone(&overlays),
            feeds: vec![
                Arc::new(Arc::new(InventoryFeed { followers: FOLLOWERS })) as Arc<dyn Pullable>,
                Arc::new(Arc::new(AlarmFeed { overlays: Arc::clone(&overlays) })),
                Arc::new(Arc::new(PeopleFeed)),
                Arc::new(Arc::new(DutyFeed::sites())),
                Arc::new(Arc::new(DutyFeed::people())),
            ],
            view: Arc::clone(&view),
            changed,
            sender: sender.clone(),
            duty: Arc::clone(&duty),
        });
        store.observe({
            let sender = sender.downgrade();
            move |commit| {
                let Some(sender) = sender.upgrade() else { return false };
                let sites = commit.of::<SitesChanged>().next().is_none() || sender.send(Message::SitesChanged).is_ok();
                sites && (commit.of::<Replaced>().next().is_none() || sender.send(Message::CacheReplaced).is_ok())
            }
        });
        driver.begin().await?;
        let location = Arc::new(Mutex::new(stored_location(&store).await?));
        let engine = Arc::new(Engine::start(store.clone())?);
        let alarms = Alarms {
            store: store.clone(),
            engine,
            directory: SharedDirectory::default(),
            overlays,
            puller,
            handover: handover(&sender),
            me: me(&view),
            location: {
                let location = Arc::clone(&location);
                Arc::new(move || *location.lock().unwrap_or_else(PoisonError::into_inner))
            },
        };
        let duty = duty_room(&alarms, duty, &sender);
        tokio::spawn(driver.run(receiver));
        if let Some(session) = &session {
            tokio::spawn(follow_session(session.changes(), sender.downgrade()));
        }
        Ok(Self { shared: Arc::new(Shared { store, session, sender, view, changed: watching, location, alarms, duty }) })
    }

    fn tell(&self, message: Message) -> Result<(), Error> {
        self.shared.sender.send(message).map_err(|_| Error::new(Code::StoreClosed))
    }

    fn view<T>(&self, look: impl FnOnce(&View) -> T) -> T {
        look(&self.shared.view.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Signs in with e-mail and password (S1). The account's files belong to the person who signed in first: another one
    /// is `account_differs`.
    pub async fn sign_in(&self, email: &str, password: &SecretString) -> Result<SignInStep, Error> {
        let Some(session) = &self.shared.session else { return Err(Error::input("an API key needs no sign-in")) };
        let step = session.sign_in(email, password).await?;
        if let SignInStep::SignedIn(person) = &step
            && !self.claim(person.id).await?
        {
            session.sign_out().await.map_err(|fault| Error::new(fault.0))?;
            return Err(Error::new(Code::AccountDiffers));
        }
        self.tell(Message::Session)?;
        Ok(step)
    }

    /// Makes the files this person's; `false`: they are somebody else's.
    async fn claim(&self, person: PersonId) -> Result<bool, Error> {
        let claimed = self.shared.store.write(move |writer| {
            writer.own(|own| {
                let owner: Option<Vec<u8>> = own_file::setting(own, PERSON)?;
                match owner {
                    Some(owner) => Ok(owner == person.bytes()),
                    None => own_file::set_setting(own, PERSON, Some(&person.bytes().to_vec())).map(|()| true),
                }
            })
        });
        Ok(claimed.await?)
    }

    /// Ends the session (S5). With actions that are on this phone only it says how many, and does nothing, until
    /// `lose_unsent` is given. The account's folder is the shell's to delete afterwards.
    pub async fn sign_out(&self, lose_unsent: bool) -> Result<(), Error> {
        let Some(session) = &self.shared.session else { return Err(Error::input("an API key needs no sign-in")) };
        let unsent = self.state().waiting;
        if unsent > 0 && !lose_unsent {
            return Err(Error::new(Code::UnsentActions).with("count", unsent));
        }
        session.sign_out().await.map_err(|fault| Error::new(fault.0))?;
        self.tell(Message::Session)
    }

    /// Where the account stands; never waits. Times are of this moment, whenever the rest changed last.
    pub fn state(&self) -> AccountState {
        let http = &self.shared.alarms.puller.http;
        let now = http.clock().now();
        let state = self.view(|view| view.state.clone());
        AccountState {
            age_ms: state.read_at.map(|read_at| now.wall.millis_since(read_at).max(0)),
            clock_offset_ms: http.server_clock().offset_ms(&now),
            now: server_now(http),
            ..state
        }
    }

    /// Tells when [`Account::state`] or [`Account::actions`] may differ.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.shared.changed.clone()
    }

    /// The person's own actions, newest first: waiting, parked, and those confirmed in the last 7 days.
    pub fn actions(&self) -> Vec<OwnAction> {
        self.view(|view| view.actions.clone())
    }

    /// Where the copy of each feed stands.
    pub fn feeds(&self) -> Vec<FeedState> {
        self.view(|view| view.feeds.clone())
    }

    /// Switches the network off and on: what is under way is cut, as in a basement.
    pub fn set_offline(&self, offline: bool) -> Result<(), Error> {
        self.tell(Message::Offline(offline))
    }

    /// Whether the app is in front.
    pub fn set_front(&self, front: bool) -> Result<(), Error> {
        self.tell(Message::Front(front))
    }

    /// The phone has another network, or one again.
    pub fn network_changed(&self) -> Result<(), Error> {
        self.tell(Message::NetworkChanged)
    }

    /// A clock was set, or time passed that the task could not see pass.
    pub fn clock_changed(&self) -> Result<(), Error> {
        self.tell(Message::ClockChanged)
    }

    /// Asks for the newest: of one organization, or of all.
    pub fn refresh(&self, organization: Option<OrganizationId>) -> Result<(), Error> {
        self.tell(Message::Refresh(organization))
    }

    /// Closes all files, as an app must that goes to sleep. Windows stay and wait.
    pub async fn suspend(&self) -> Result<(), Error> {
        Ok(self.shared.store.suspend().await?)
    }

    /// Opens the files again.
    pub async fn resume(&self) -> Result<(), Error> {
        let opened = self.shared.store.resume().await?;
        if let Some(rescued) = opened.rescued {
            self.tell(Message::OwnRescued(rescued))?;
        }
        self.tell(Message::NetworkChanged)
    }

    /// Ends what is under way. Files are closed when the last clone and the last window are dropped.
    pub async fn shutdown(self) {
        let (done, ended) = oneshot::channel();
        if self.tell(Message::Stop(done)).is_ok() {
            // Without the task there is nothing to end.
            let _ = ended.await;
        }
    }

    /// Everything about alarms.
    pub fn alarms(&self) -> &Alarms {
        &self.shared.alarms
    }

    /// Everything about being on duty.
    pub fn duty(&self) -> &DutyRoom {
        &self.shared.duty
    }

    /// The people of an organization by name.
    pub async fn people(&self, organization: OrganizationId) -> Result<Vec<PersonEntry>, Error> {
        Ok(self.shared.store.read(move |reading| people::of(reading.cache, organization)).await?)
    }

    /// The location that narrows every screen (A5).
    pub fn location_filter(&self) -> Option<LocationId> {
        *self.shared.location.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Narrows every screen to a location, or lifts that. Windows that are open stay as they are: open them anew.
    pub async fn set_location_filter(&self, location: Option<LocationId>) -> Result<(), Error> {
        let bytes = location.map(|location| location.bytes().to_vec());
        let kept = self.shared.store.write(move |writer| {
            writer.own(|own| {
                own_file::set_setting(own, LOCATION, bytes.as_ref().map(|bytes| bytes as &dyn rusqlite::ToSql))
            })
        });
        kept.await?;
        *self.shared.location.lock().unwrap_or_else(PoisonError::into_inner) = location;
        Ok(())
    }

    /// Does a parked action again, over what is there now: a new action that names the parked one.
    pub async fn retry(&self, id: ActionId) -> Result<ActionId, Error> {
        let own = self.actions().into_iter().find(|action| action.id == id);
        let own = own.ok_or_else(|| Error::new(Code::ActionNotWaiting))?;
        let ActionStage::Parked { current, .. } = &own.stage else { return Err(Error::new(Code::ActionNotWaiting)) };
        // A conflict shows what is there now before the feed may have brought it.
        let shown = current.as_deref().map_or(0, shown_version);
        let seen = self.shared.alarms.version_of(own.subject, &own.kind).await?.max(shown);
        let http = &self.shared.alarms.puller.http;
        let moment = http.clock().now();
        let draft = Draft {
            id: new_action_id(&moment),
            expires_at: own_end(&own.kind, &own.body, server_now(http), moment.wall)
                .or_else(|| duty::room::own_end(&own.kind, &own.body, moment.wall)),
            organization: own.organization,
            kind: own.kind,
            subject: own.subject,
            body: own.body,
            seen,
            retry_of: Some(id),
        };
        let made = self.shared.alarms.handover.hand(vec![draft]).await?;
        match made.into_iter().next() {
            Some(Ok(id)) => Ok(id),
            Some(Err(code)) => Err(Error::new(code)),
            None => Err(Error::new(Code::StoreClosed)),
        }
    }

    /// Lets go of a parked action, or of one that the server cannot have heard of.
    pub async fn discard(&self, id: ActionId) -> Result<(), Error> {
        let (answer, answered) = oneshot::channel();
        self.tell(Message::Discard(id, answer))?;
        answered.await.unwrap_or_else(|_| Err(Error::new(Code::StoreClosed)))
    }

    /// What became of one press (A13).
    pub fn outcome(&self, receipt: &Receipt) -> Outcome {
        let actions = self.actions();
        let mut outcome = Outcome {
            refused: receipt.refused.iter().map(|(subject, error)| (subject.id, error.code)).collect(),
            ..Outcome::default()
        };
        for (subject, id) in &receipt.actions {
            match actions.iter().find(|action| action.id == *id).map(|action| &action.stage) {
                Some(ActionStage::OnPhone { .. }) => outcome.waiting += 1,
                Some(ActionStage::Parked { code: Code::VersionMoved, .. }) => {
                    outcome.decided_by_others.push(subject.id)
                }
                Some(ActionStage::Parked { code, .. }) => outcome.refused.push((subject.id, *code)),
                Some(ActionStage::OnServer) | None => outcome.done += 1,
            }
        }
        outcome
    }
}

/// What became of one press on many alarms (A13): "197 done, 3 decided by others".
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Outcome {
    /// On the server.
    pub done: usize,
    /// Still on this phone.
    pub waiting: usize,
    /// Somebody else was there in between.
    pub decided_by_others: Vec<uuid::Uuid>,
    /// Refused, blocked or too old, and why.
    pub refused: Vec<(uuid::Uuid, Code)>,
}

/// The version of the aspect that a conflict shows.
fn shown_version(current: &CurrentState) -> i64 {
    let acknowledgement = current.acknowledgement.as_ref().map(|aspect| aspect.version);
    acknowledgement.or(current.mute.as_ref().map(|aspect| aspect.version)).unwrap_or_default()
}

/// The files belong to one server.
async fn belongs_here(store: &Store, server: &str) -> Result<(), Error> {
    let server = server.trim_end_matches('/').to_owned();
    let same = store.write(move |writer| {
        writer.own(|own| match own_file::setting::<String>(own, SERVER)? {
            Some(known) => Ok(known == server),
            None => own_file::set_setting(own, SERVER, Some(&server)).map(|()| true),
        })
    });
    if same.await? { Ok(()) } else { Err(Error::new(Code::AccountDiffers)) }
}

async fn stored_location(store: &Store) -> Result<Option<LocationId>, Error> {
    let stored = store.read(|reading| reading.own(|own| own_file::setting::<Vec<u8>>(own, LOCATION))).await?;
    Ok(stored.and_then(|bytes| bytes.try_into().ok()).map(LocationId::from_bytes))
}

fn handover(sender: &mpsc::UnboundedSender<Message>) -> Handover {
    let sender = sender.downgrade();
    Handover::to(move |drafts| {
        let (answer, answered) = oneshot::channel();
        // Taken here, before anybody awaits: a caller that is dropped drops only its wait.
        if let Some(sender) = sender.upgrade() {
            drop(sender.send(Message::Made(drafts, answer)));
        }
        Box::pin(async move {
            let made: Result<Made, Error> = answered.await.unwrap_or_else(|_| Err(Error::new(Code::StoreClosed)));
            made
        })
    })
}

fn duty_room(alarms: &Alarms, shared: Arc<duty::room::Shared>, sender: &mpsc::UnboundedSender<Message>) -> DutyRoom {
    let sender = sender.downgrade();
    DutyRoom {
        store: alarms.store.clone(),
        http: alarms.puller.http.clone(),
        directory: alarms.directory.clone(),
        shared,
        teller: Arc::new(move |event, done| {
            let sender = sender.upgrade().ok_or_else(|| Error::new(Code::StoreClosed))?;
            sender.send(Message::Duty(event, done)).map_err(|_| Error::new(Code::StoreClosed))
        }),
    }
}

fn me(view: &Arc<Mutex<View>>) -> Arc<dyn Fn() -> Option<PersonId> + Send + Sync> {
    let view = Arc::clone(view);
    Arc::new(move || {
        let view = view.lock().unwrap_or_else(PoisonError::into_inner);
        view.state.person.as_ref().map(|person: &Person| person.id)
    })
}

async fn follow_session(
    mut changes: watch::Receiver<crate::session::Status>,
    sender: mpsc::WeakUnboundedSender<Message>,
) {
    while changes.changed().await.is_ok() {
        let Some(sender) = sender.upgrade() else { break };
        if sender.send(Message::Session).is_err() {
            break;
        }
    }
}
