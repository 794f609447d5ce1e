//! What all lines share: an invented organization, the server that hands it out, and phones that read from it.

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use onsite::account::{Access, Account, AccountConfig};
use onsite::alarms::AlarmFeed;
use onsite::devices::feed::InventoryFeed;
use onsite::net::{ApiKey, Http, HttpConfig};
use onsite::store::{Key, Options, Store};
use onsite::sync::pull::{Pullable, Pulled, Puller};
use onsite::sync::schedule::{PullEnd, Read};
use onsite::time::{Clock, SystemClock, Timestamp};
use onsite_server::demo;
use onsite_wire::ids::{Generation, OrganizationId};
use onsite_wire::onsite::Outcome::Applied;
use onsite_wire::onsite::{ActionResult, ActionsRequest, ActionsResponse, Position};
use onsite_wire::onsite::{
    Capability, Me, MyOrganization, OrganizationRights, PersonEntry, Role, SignInResponse, SignedIn, Tokens,
};
use onsite_wire::rest::{Alarm, InventoryObject, InventoryResponse, OrganizationEntry, OrganizationsResponse};
use secrecy::SecretString;
use tempfile::TempDir;

use super::Outcome;
use super::large::{self, Large};
use super::serve::{Answer, Pieces, Server};

/// The key of all files.
pub const KEY: [u8; 32] = [7; 32];
/// Devices of the organization.
const DEVICES: usize = 2_000;
const SEED: u64 = 11;
/// Alarms that are written in one piece of an answer.
const PIECE: usize = 500;

/// The organization, its server, and the folder of all files.
pub struct World {
    /// Alarms of the large store.
    pub rows: usize,
    /// When it was invented.
    pub now: Timestamp,
    /// The organization.
    pub organization: OrganizationId,
    /// Its locations and devices.
    pub inventory: Arc<Vec<InventoryObject>>,
    /// Hands it out.
    pub server: Server,
    /// On which phones run.
    pub runtime: tokio::runtime::Runtime,
    folder: TempDir,
    large: OnceLock<Large>,
}

impl World {
    /// Invents it. Files lie beside the program, on a real disk.
    pub fn new(rows: usize) -> Outcome<Self> {
        let program = std::env::current_exe()?;
        let folder = tempfile::tempdir_in(program.parent().ok_or("the program lies nowhere")?)?;
        let now = SystemClock.now().wall;
        let document = demo::organization(SEED, 0, DEVICES, now);
        let Some(InventoryObject::Organization(organization)) = document.inventory_objects.first() else {
            return Err("an organization begins with itself".into());
        };
        let world = Self {
            rows,
            now,
            organization: organization.id,
            server: Server::start()?,
            runtime: tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?,
            inventory: Arc::new(document.inventory_objects.clone()),
            folder,
            large: OnceLock::new(),
        };
        let person = document.people.first().ok_or("somebody works there")?;
        world.hand_out(person.id, &person.name, &organization.label)?;
        Ok(world)
    }

    /// What the server answers from the beginning: who one is, and the inventory.
    fn hand_out(&self, me: onsite_wire::ids::PersonId, name: &str, label: &str) -> Outcome<()> {
        let rights = OrganizationRights {
            grants: vec![onsite_wire::onsite::Grant { location_id: None, role: Role::Administrator }],
        };
        let person = PersonEntry { id: me, name: name.to_owned(), partner: None, rights: rights.clone(), revision: 1 };
        let people = serde_json::json!({ "objects": [person], "removed": [], "offset": 1 });
        self.server.put(format!("onsite/v1/organizations/{}/feeds/people", self.organization), Answer::json(&people)?);
        let organization = MyOrganization {
            id: self.organization,
            label: label.to_owned(),
            generation: Generation::from_bytes([1; 16]),
            capabilities: vec![Capability::Acknowledge, Capability::Mute, Capability::Category, Capability::People],
            rights,
            partner: None,
            partner_name: String::new(),
        };
        let tokens = Tokens { access_token: "a".into(), expires_in: 1_000_000, refresh_token: "r".into() };
        let signed_in = SignedIn { person_id: me, name: name.to_owned(), tokens, now: self.now };
        self.server.put("onsite/v1/session", Answer::json(&SignInResponse::SignedIn(signed_in))?);
        let me = Me {
            id: me,
            name: name.to_owned(),
            email: "a@b.example".into(),
            now: self.now,
            organizations: vec![organization],
        };
        self.server.put("onsite/v1/me", Answer::json(&me)?);
        let entry = OrganizationEntry { id: self.organization, label: label.to_owned() };
        self.server.put("rest/v1/organizations", Answer::json(&OrganizationsResponse { organizations: vec![entry] })?);
        self.server.put("onsite/v1/actions", Answer::Reply(Arc::new(applied)));
        let inventory = InventoryResponse { inventory_objects: (*self.inventory).clone(), offset: 1 };
        self.server.put(self.path("inventory"), Answer::json(&inventory)?);
        Ok(())
    }

    /// A path below the organization's.
    pub fn path(&self, below: &str) -> String {
        format!("rest/v1/organizations/{}/{below}", self.organization)
    }

    /// A folder's path.
    pub fn folder(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A new folder.
    pub fn new_folder(&self, name: &str) -> Outcome<PathBuf> {
        let path = self.folder(name);
        if path.exists() {
            std::fs::remove_dir_all(&path)?;
        }
        std::fs::create_dir_all(&path)?;
        Ok(path)
    }

    /// The first alarms of the organization, as the server tells them.
    pub fn alarms(&self, count: usize) -> impl Iterator<Item = Alarm> + use<> {
        let alarms = demo::alarms(SEED, count, &self.inventory, self.now);
        (1..).zip(alarms).map(|(revision, alarm)| Alarm { revision: Some(revision), ..alarm })
    }

    /// The body of an answer with these alarms, in pieces.
    pub fn body(&self, count: usize, offset: i64) -> Pieces {
        pieces(self.alarms(count), offset)
    }

    /// An answer with these alarms that is made while it is sent.
    pub fn made(&self, count: usize, offset: i64) -> Answer {
        let (inventory, now) = (Arc::clone(&self.inventory), self.now);
        Answer::Made(Arc::new(move || {
            let alarms = demo::alarms(SEED, count, &inventory, now);
            pieces((1..).zip(alarms).map(|(revision, alarm)| Alarm { revision: Some(revision), ..alarm }), offset)
        }))
    }

    /// The configuration of an account on this server.
    pub fn config(&self, folder: &Path, access: Access) -> AccountConfig {
        AccountConfig::new(folder, Key::new(KEY), &self.server.url(), access)
    }

    /// An account of a person who has signed in.
    pub fn signed_in(&self, folder: &Path) -> Outcome<Account> {
        self.runtime.block_on(async {
            let (account, _) = Account::open(self.config(folder, Access::Person)).await?;
            account.sign_in("a@b.example", &SecretString::from("p")).await?;
            Ok(account)
        })
    }

    /// Ends an account and waits until its files are free.
    pub fn close(&self, account: Account, folder: &Path) -> Outcome<()> {
        self.runtime.block_on(account.shutdown());
        self.until("the files are free", || Ok(Copy::open(self, folder).is_ok()))
    }

    /// The folder of the large store, made when it is asked for first.
    pub fn large(&self) -> Outcome<PathBuf> {
        if let Some(large) = self.large.get() {
            return Ok(large.folder.clone());
        }
        let made = large::make(self)?;
        Ok(self.large.get_or_init(|| made).folder.clone())
    }

    /// The large store and what was seen while it was made.
    pub fn made_large(&self) -> Option<&Large> {
        self.large.get()
    }

    /// Waits for something that comes by itself.
    pub fn until(&self, what: &str, mut is: impl FnMut() -> Outcome<bool>) -> Outcome<()> {
        let begun = Instant::now();
        while !is()? {
            if begun.elapsed() > Duration::from_secs(900) {
                return Err(format!("never came: {what}").into());
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(())
    }
}

/// Applies whatever is sent, and brings none of it back by the feed.
fn applied(request: &[u8]) -> Vec<u8> {
    let sent: ActionsRequest =
        serde_json::from_slice(request).unwrap_or(ActionsRequest { generation: None, actions: vec![] });
    let applied = |action: onsite_wire::onsite::ActionRequest| ActionResult {
        id: action.id,
        outcome: Applied,
        position: Some(Position { feed: "alarms".to_owned(), offset: i64::MAX }),
        version: Some(1),
        code: None,
        arguments: std::collections::BTreeMap::new(),
        current: None,
    };
    let results = sent.actions.into_iter().map(applied).collect();
    serde_json::to_vec(&ActionsResponse { results }).unwrap_or_default()
}

fn pieces(alarms: impl Iterator<Item = Alarm> + 'static, offset: i64) -> Pieces {
    let mut alarms = alarms.peekable();
    let mut begun = false;
    let mut ended = false;
    Box::new(std::iter::from_fn(move || {
        if ended {
            return None;
        }
        let mut piece = if begun { Vec::new() } else { br#"{"alarms":["#.to_vec() };
        begun = true;
        for alarm in alarms.by_ref().take(PIECE) {
            if serde_json::to_writer(&mut piece, &alarm).is_err() {
                return None;
            }
            piece.push(b',');
        }
        if alarms.peek().is_none() {
            ended = true;
            if piece.last() == Some(&b',') {
                piece.pop();
            }
            piece.extend_from_slice(format!(r#"],"offset":{offset}}}"#).as_bytes());
        }
        Some(piece)
    }))
}

/// A phone's copy of the organization without the account around it: a store and its feeds, read when told to.
pub struct Copy {
    puller: Puller,
    organization: OrganizationId,
}

impl Copy {
    /// Opens or makes it.
    pub fn open(world: &World, folder: &Path) -> Outcome<Self> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let options = Options {
            folder,
            key: Key::new(KEY),
            schema: onsite::account::SCHEMA,
            clock: Arc::clone(&clock),
            before_migration_commits: Arc::new(|| {}),
        };
        let (store, _) = Store::open(options)?;
        let http = Http::new(&HttpConfig::new(&world.server.url(), clock))?;
        let http = http.with_authority(Arc::new(ApiKey::new(SecretString::from("k"))));
        Ok(Self { puller: Puller { store, http }, organization: world.organization })
    }

    fn pull(&self, world: &World, feed: &dyn Pullable, read: Read) -> Outcome<Duration> {
        let begun = Instant::now();
        let pulled = world.runtime.block_on(feed.pull(&self.puller, self.organization, read));
        let took = begun.elapsed();
        match pulled {
            Pulled { end: PullEnd::Read { .. }, skipped: 0, .. } => Ok(took),
            other => Err(format!("a read ended with {other:?}").into()),
        }
    }

    /// Reads the inventory.
    pub fn pull_inventory(&self, world: &World) -> Outcome<Duration> {
        // There are no alarms yet that could follow.
        self.pull(world, &Arc::new(InventoryFeed { followers: &[] }), Read::Full)
    }

    /// Reads alarms.
    pub fn pull_alarms(&self, world: &World, read: Read) -> Outcome<Duration> {
        self.pull(world, &Arc::new(AlarmFeed { overlays: Arc::default() }), read)
    }
}
