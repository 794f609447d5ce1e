//! An account: one person, or one API key, on one server, with everything this phone keeps of it.
//!
//! This is where the rooms come together. Opening needs no network: what was seen is there at once, and what was being
//! done goes on. From then on one task ([`driver`](self)) turns what happens into steps of the outbox and the schedule and
//! does what they decide; the files are read and written by threads of their own.

mod acting;
mod config;
mod deciding;
mod diagnostics;
mod driver;
mod feeds;
mod leaving;
mod looking;
mod members;
mod notices;
mod on_duty;
mod organizations;
mod out_of_sight;
mod outcome;
mod own_file;
mod reading;
mod signal;
mod sleep;
mod uploading;
mod view;
mod ways;

use std::sync::{Arc, Mutex, PoisonError};

use onsite_wire::codes::Code;
use onsite_wire::ids::{LocationId, OrganizationId, PersonId};
use onsite_wire::onsite::PersonEntry;
use secrecy::SecretString;
use tokio::sync::{broadcast, mpsc, oneshot, watch};

pub use config::{Access, AccountConfig};
pub use organizations::{LocationNode, OrganizationOverview};
pub use outcome::Outcome;
pub use uploading::{PhotoOnWay, PhotoStage};
pub use view::{AccountState, ActionStage, FeedState, OwnAction, SessionState};

use self::driver::{Driver, Message, Parts};
use self::view::View;
use crate::alarms::Alarms;
use crate::devices::directory::SharedDirectory;
use crate::duty::{self, DutyRoom};
use crate::error::Error;
use crate::incidents::Incidents;
use crate::live::Engine;
use crate::net::{ApiKey, Http, HttpConfig};
use crate::notifications::{self, Desk, Notifications};
use crate::people;
use crate::photos::{Fetching, Shelf};
use crate::session::{Session, SignInStep};
use crate::store::{Migration, Opened, Options, Schema, Store};
use crate::sync::overlays::Overlays;
use crate::sync::pull::Puller;

/// The migrations of both files.
pub const SCHEMA: Schema = Schema {
    own: &[
        Migration { name: "0001_own.sql", sql: include_str!("../../migrations/own/0001_own.sql") },
        Migration { name: "0002_drafts.sql", sql: include_str!("../../migrations/own/0002_drafts.sql") },
        Migration { name: "0003_notices.sql", sql: include_str!("../../migrations/own/0003_notices.sql") },
    ],
    cache: &[
        Migration { name: "0001_moment.sql", sql: include_str!("../../migrations/cache/0001_moment.sql") },
        Migration { name: "0002_inventory.sql", sql: include_str!("../../migrations/cache/0002_inventory.sql") },
        Migration { name: "0003_alarms.sql", sql: include_str!("../../migrations/cache/0003_alarms.sql") },
        Migration { name: "0004_incidents.sql", sql: include_str!("../../migrations/cache/0004_incidents.sql") },
        Migration { name: "0005_duty.sql", sql: include_str!("../../migrations/cache/0005_duty.sql") },
        Migration {
            name: "0006_notifications.sql",
            sql: include_str!("../../migrations/cache/0006_notifications.sql"),
        },
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
    incidents: Incidents,
    shelf: Shelf,
    notifications: Notifications,
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
        let kept = store.write(|writer| writer.own(own_file::kept_clock)).await?;
        kept.into_iter().for_each(|kept| http.recall_clock(kept));
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
        let shelf = uploading::shelf(config)?;
        let directory = SharedDirectory::default();
        let desk = Arc::new(Desk {
            folder: config.folder.clone(),
            identity: config.push.clone(),
            directory: directory.clone(),
            overlays: Arc::clone(&overlays),
            duty: Arc::clone(&duty),
            postings: broadcast::Sender::new(256),
        });
        let mut driver = Driver::new(Parts {
            store: store.clone(),
            puller: puller.clone(),
            clock: Arc::clone(&config.clock),
            session: session.clone(),
            overlays: Arc::clone(&overlays),
            feeds: feeds::feeds(&overlays),
            view: Arc::clone(&view),
            changed,
            sender: sender.clone(),
            duty: Arc::clone(&duty),
            on_line: Arc::clone(&config.on_line),
            shelf: shelf.clone(),
            desk: Arc::clone(&desk),
        });
        ways::observe(&store, &sender, &desk);
        driver.begin().await?;
        let location = Arc::new(Mutex::new(stored_location(&store).await?));
        let engine = Arc::new(Engine::start(store.clone())?);
        let narrowed: Arc<dyn Fn() -> Option<LocationId> + Send + Sync> = {
            let location = Arc::clone(&location);
            Arc::new(move || *location.lock().unwrap_or_else(PoisonError::into_inner))
        };
        let incidents = Incidents {
            store: store.clone(),
            engine: Arc::clone(&engine),
            directory: directory.clone(),
            overlays: Arc::clone(&overlays),
            puller: puller.clone(),
            handover: ways::handover(&sender),
            teller: ways::looker(&sender),
            location: Arc::clone(&narrowed),
            shelf: shelf.clone(),
            fetching: Fetching::default(),
        };
        let alarms = Alarms {
            store: store.clone(),
            engine,
            directory,
            overlays,
            puller,
            handover: ways::handover(&sender),
            me: ways::me(&view),
            location: narrowed,
        };
        let duty = ways::duty_room(&alarms, duty, &sender);
        let notifications = Notifications {
            alarms: alarms.clone(),
            incidents: incidents.clone(),
            duty: duty.clone(),
            desk,
            link_host: config.link_host.as_str().into(),
            person: ways::person(&view),
            teller: ways::teller(&sender),
        };
        tokio::spawn(driver.run(receiver));
        if let Some(session) = &session {
            tokio::spawn(ways::follow_session(session.changes(), sender.downgrade()));
        }
        Ok(Self {
            shared: Arc::new(Shared {
                store,
                session,
                sender,
                view,
                changed: watching,
                location,
                alarms,
                incidents,
                duty,
                shelf,
                notifications,
            }),
        })
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
                // This session's pushes are still to be registered.
                notifications::set_told(own, None)?;
                match owner {
                    Some(owner) => Ok(owner == person.bytes()),
                    None => own_file::set_setting(own, PERSON, Some(&person.bytes().to_vec())).map(|()| true),
                }
            })
        });
        Ok(claimed.await?)
    }

    /// Where the account stands; never waits. Times are of this moment, whenever the rest changed last.
    pub fn state(&self) -> AccountState {
        let http = &self.shared.alarms.puller.http;
        let now = http.clock().now();
        let estimate = http.server_clock().estimate(&now);
        let state = self.view(|view| view.state.clone());
        AccountState {
            age_ms: state.read_at.map(|read_at| now.wall.millis_since(read_at).max(0)),
            clock_offset_ms: estimate.map(|(server, _)| server.millis_since(now.wall)),
            clock_uncertain: !estimate.is_some_and(|(_, certain)| certain),
            now: estimate.map_or(now.wall, |(server, _)| server),
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

    /// Ends what is under way. Files are closed when the last clone and the last window are dropped.
    pub async fn shutdown(self) {
        let (done, ended) = oneshot::channel();
        if self.tell(Message::Stop(done)).is_ok() {
            // Without the task there is nothing to end.
            let _ = ended.await;
        }
    }

    /// Resolves when the account's files are closed: the last clone, room and window are gone, and so is all that was under way.
    pub fn closed(&self) -> impl Future<Output = ()> + Send + 'static {
        self.shared.store.closed()
    }

    /// Everything about alarms.
    pub fn alarms(&self) -> &Alarms {
        &self.shared.alarms
    }

    /// Everything about being on duty.
    pub fn duty(&self) -> &DutyRoom {
        &self.shared.duty
    }

    /// Everything about incidents and their chats.
    pub fn incidents(&self) -> &Incidents {
        &self.shared.incidents
    }

    /// Everything about notifications.
    pub fn notifications(&self) -> &Notifications {
        &self.shared.notifications
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
