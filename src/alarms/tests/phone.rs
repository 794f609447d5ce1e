//! A phone's real files, fed through the real feeds, without a network.

use std::sync::{Arc, Mutex};

use onsite_rules::acknowledgement::AcknowledgeBody;
use onsite_wire::ids::{AlarmId, DeviceId, OrganizationId};
use onsite_wire::onsite::{Subject, SubjectKind};
use onsite_wire::rest::{Alarm, Assignee, AssigneeKind, InventoryObjectChange};
use uuid::Uuid;

use crate::alarms::list::AlarmList;
use crate::alarms::mark::{AlarmsChanged, Mark};
use crate::alarms::{AlarmFeed, AlarmFilter, AlarmSort, FOLLOWERS, effective, follow};
use crate::devices::directory::SharedDirectory;
use crate::devices::feed::InventoryFeed;
use crate::devices::intake::PlacesChanged;
use crate::live::Engine;
use crate::store::{Changes, Fault, Key, Options, Reading, Store};
use crate::sync::feed::{Feed, Intake, Seen, organization_number};
use crate::sync::overlays::{Overlays, Pending, Standing};
use crate::time::{Clock, SystemClock, Timestamp};

/// Overlays of alarms and devices are asked for by their ids alone.
const ANYWHERE: OrganizationId = OrganizationId::from_bytes([0; 16]);

/// What was noted with the commits since it was asked last.
#[derive(Default)]
pub struct Noted {
    pub places: bool,
    pub alarms: Vec<(Option<Mark>, Option<Mark>)>,
}

pub struct Phone {
    pub store: Store,
    pub engine: Engine,
    pub directory: SharedDirectory,
    pub overlays: Arc<Overlays>,
    noted: Arc<Mutex<Noted>>,
    _folder: tempfile::TempDir,
}

impl Phone {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let options = Options {
            folder: folder.path(),
            key: Key::new([7; 32]),
            schema: crate::account::SCHEMA,
            clock: Arc::new(SystemClock) as Arc<dyn Clock>,
            before_migration_commits: Arc::new(|| {}),
        };
        let (store, _) = Store::open(options).unwrap();
        let noted = Arc::new(Mutex::new(Noted::default()));
        let notes = Arc::clone(&noted);
        store.observe(move |commit| {
            let mut noted = notes.lock().unwrap();
            noted.places |= commit.of::<PlacesChanged>().next().is_some();
            noted.alarms.extend(commit.of::<AlarmsChanged>().flat_map(|changed| changed.0.iter().copied()));
            true
        });
        let engine = Engine::start(store.clone()).unwrap();
        let (directory, overlays) = (SharedDirectory::default(), Arc::default());
        Self { store, engine, directory, overlays, noted, _folder: folder }
    }

    pub fn list(&self, filter: &AlarmFilter, sort: AlarmSort) -> AlarmList {
        let (directory, overlays) = (self.directory.clone(), Arc::clone(&self.overlays));
        AlarmList { filter: filter.clone(), sort, directory, overlays }
    }

    pub fn noted(&self) -> Noted {
        std::mem::take(&mut *self.noted.lock().unwrap())
    }

    pub fn read<T: Send + 'static>(&self, work: impl FnMut(&Reading<'_>) -> Result<T, Fault> + Send + 'static) -> T {
        self.store.read(work).wait().unwrap()
    }

    pub fn change<T: Send + 'static>(
        &self,
        work: impl FnOnce(&rusqlite::Connection, &mut Changes) -> Result<T, Fault> + Send + 'static,
    ) -> T {
        self.store.write(move |writer| writer.cache(work)).wait().unwrap()
    }

    /// One read of a feed in one transaction; elements that cannot be read are counted, as the pull does.
    pub fn pull<F: Feed>(
        &self,
        feed: F,
        organization: OrganizationId,
        full: bool,
        elements: &[String],
        now: Timestamp,
    ) -> (Vec<Uuid>, usize) {
        let array = feed.route(organization, read_of(full)).arrays.iter().rposition(|name| !name.is_empty()).unwrap();
        let read: Vec<_> = elements.iter().map(|json| feed.parse(array, json.as_bytes())).collect();
        let skipped = read.iter().filter(|item| item.is_err()).count();
        let items: Vec<F::Item> = read.into_iter().flatten().collect();
        let missing = self.change(move |cache, changes| {
            let organization = organization_number(cache, organization)?;
            let mut seen = Seen::default();
            let mut intake = Intake { cache, changes, organization, full, seen: &mut seen, now };
            feed.take(&mut intake, items)?;
            feed.finish(&mut intake)
        });
        (missing, skipped)
    }

    pub fn alarms(&self, organization: OrganizationId, full: bool, alarms: &[Alarm], now: Timestamp) -> Vec<Uuid> {
        let elements: Vec<String> = alarms.iter().map(|alarm| serde_json::to_string(alarm).unwrap()).collect();
        let feed = AlarmFeed { overlays: Arc::clone(&self.overlays) };
        self.pull(feed, organization, full, &elements, now).0
    }

    /// What the pull does when an alarm was asked for and is not there.
    pub fn alarm_is_missing(&self, organization: OrganizationId, id: Uuid, now: Timestamp) {
        let feed = AlarmFeed { overlays: Arc::clone(&self.overlays) };
        self.change(move |cache, changes| {
            let organization = organization_number(cache, organization)?;
            let mut seen = Seen::default();
            feed.missing(&mut Intake { cache, changes, organization, full: true, seen: &mut seen, now }, id)
        });
    }

    pub fn inventory(&self, organization: OrganizationId, objects: &[InventoryObjectChange], now: Timestamp) {
        let elements: Vec<String> = objects.iter().map(|object| serde_json::to_string(object).unwrap()).collect();
        let (_, skipped) = self.pull(InventoryFeed { followers: FOLLOWERS }, organization, false, &elements, now);
        assert_eq!(skipped, 0);
    }

    pub fn overlay_alarm(&self, id: AlarmId, pending: Vec<Pending>, now: Timestamp) {
        let overlays = Arc::clone(&self.overlays);
        self.change(move |cache, changes| {
            overlays.set(ANYWHERE, Subject { kind: SubjectKind::Alarm, id: id.0 }, pending.clone());
            follow::overlay(cache, changes, id, &pending, now)
        });
    }

    pub fn overlay_device(&self, id: DeviceId, pending: Vec<Pending>, now: Timestamp) {
        let overlays = Arc::clone(&self.overlays);
        self.change(move |cache, changes| {
            overlays.set(ANYWHERE, Subject { kind: SubjectKind::Device, id: id.0 }, pending.clone());
            let laid_over = |server: &_| effective::mute(server, &pending);
            crate::devices::overlay_mute(cache, changes, id, &pending, now, laid_over, FOLLOWERS)
        });
    }

    pub fn pass_time(&self, now: Timestamp) {
        self.change(move |cache, changes| follow::pass_deadlines(cache, changes, now).map(drop));
    }
}

fn read_of(full: bool) -> crate::sync::feed::Read {
    if full { crate::sync::feed::Read::Full } else { crate::sync::feed::Read::After(1) }
}

/// One of the person's own actions.
pub fn pending(number: u8, kind: &str, body: serde_json::Value, standing: Standing) -> Pending {
    Pending {
        id: onsite_wire::ids::ActionId::from_bytes([number; 16]),
        kind: kind.to_owned(),
        body,
        made_at: Timestamp::from_millis(1_000),
        by: onsite_wire::ids::PersonId::from_bytes([1; 16]),
        by_name: "Ada".into(),
        standing,
        parked: None,
    }
}

pub fn acknowledge_body(assignee: Uuid) -> serde_json::Value {
    let assignee = Assignee { kind: AssigneeKind::Person, id: assignee, name: "Bo".into() };
    serde_json::to_value(AcknowledgeBody { assignee, note: String::new() }).unwrap()
}
