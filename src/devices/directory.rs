//! The inventory in memory: small, and asked for with every row that is shown, counted or searched.
//!
//! A reader loads it once per version of `directory_version` and shares it; windows resolve names, places and facets
//! through it instead of joining.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use onsite_wire::ids::{DeviceId, LocationId, OrganizationId};
use onsite_wire::rest::Subscription;
use rusqlite::Connection;

use crate::store::Fault;

/// How deep a tree may be; a deeper one, or one that bites its own tail, is cut there.
const DEPTH_LIMIT: usize = 64;

/// Whether an object was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// Something points at it, but it did not come yet.
    Unseen,
    /// It is there.
    Present,
    /// It was there and is gone, or may no longer be seen.
    Gone,
}

impl Presence {
    pub(crate) const fn from_column(value: i64) -> Self {
        match value {
            0 => Self::Unseen,
            1 => Self::Present,
            _ => Self::Gone,
        }
    }

    pub(crate) const fn column(self) -> i64 {
        match self {
            Self::Unseen => 0,
            Self::Present => 1,
            Self::Gone => 2,
        }
    }
}

/// A device as lists need it.
#[derive(Debug, Clone)]
pub struct DeviceEntry {
    /// Its id.
    pub id: DeviceId,
    /// Its organization's row number.
    pub organization: i64,
    /// Whether it was seen.
    pub presence: Presence,
    /// The device that encloses it.
    pub parent: Option<i64>,
    /// Its location's row number.
    pub location: Option<i64>,
    /// `UPS`, `RPDU` …
    pub kind: Arc<str>,
    /// Its model.
    pub model: Arc<str>,
    /// Who made it.
    pub manufacturer: Arc<str>,
    /// Display name.
    pub label: Arc<str>,
    /// By which lists are ordered.
    pub label_key: Arc<str>,
    /// By which lists are ordered: the folded names of the places above it.
    pub place_key: Arc<str>,
    /// What was subscribed to for it.
    pub subscription: Subscription,
    /// Its own or an enclosing device's mute holds.
    pub covered: bool,
}

/// A location as lists need it.
#[derive(Debug, Clone)]
pub struct LocationEntry {
    /// Its id.
    pub id: LocationId,
    /// Its organization's row number.
    pub organization: i64,
    /// Whether it was seen.
    pub presence: Presence,
    /// The location above.
    pub parent: Option<i64>,
    /// `SITE`, `ROOM` …
    pub kind: Arc<str>,
    /// Display name.
    pub label: Arc<str>,
}

/// An organization as lists need it.
#[derive(Debug, Clone)]
pub struct OrganizationEntry {
    /// Its id.
    pub id: OrganizationId,
    /// Display name.
    pub label: Arc<str>,
}

/// All names and places of one version.
#[derive(Debug, Default)]
pub struct Directory {
    version: i64,
    devices: Vec<Option<DeviceEntry>>,
    device_numbers: HashMap<DeviceId, i64>,
    locations: HashMap<i64, LocationEntry>,
    location_numbers: HashMap<LocationId, i64>,
    organizations: HashMap<i64, OrganizationEntry>,
    categories: HashMap<i64, Arc<str>>,
}

impl Directory {
    /// The version in a snapshot.
    pub fn current_version(cache: &Connection) -> Result<i64, Fault> {
        Ok(cache.prepare_cached("SELECT version FROM directory_version")?.query_row([], |row| row.get(0))?)
    }

    /// Reads all of it.
    pub fn load(cache: &Connection) -> Result<Self, Fault> {
        let mut directory = Self { version: Self::current_version(cache)?, ..Self::default() };
        directory.load_organizations(cache)?;
        directory.load_locations(cache)?;
        directory.load_devices(cache)?;
        Ok(directory)
    }

    fn load_organizations(&mut self, cache: &Connection) -> Result<(), Fault> {
        let mut select = cache.prepare_cached("SELECT n, id, label FROM organization")?;
        let mut rows = select.query([])?;
        while let Some(row) = rows.next()? {
            let entry = OrganizationEntry {
                id: OrganizationId::from_bytes(row.get(1)?),
                label: row.get_ref(2)?.as_str().unwrap_or_default().into(),
            };
            self.organizations.insert(row.get(0)?, entry);
        }
        let mut select = cache.prepare_cached("SELECT n, name FROM category")?;
        let mut rows = select.query([])?;
        while let Some(row) = rows.next()? {
            self.categories.insert(row.get(0)?, row.get_ref(1)?.as_str().unwrap_or_default().into());
        }
        Ok(())
    }

    fn load_locations(&mut self, cache: &Connection) -> Result<(), Fault> {
        let mut select =
            cache.prepare_cached("SELECT n, id, organization, state, parent, kind, label FROM location")?;
        let mut rows = select.query([])?;
        while let Some(row) = rows.next()? {
            let n = row.get(0)?;
            let entry = LocationEntry {
                id: LocationId::from_bytes(row.get(1)?),
                organization: row.get(2)?,
                presence: Presence::from_column(row.get(3)?),
                parent: row.get(4)?,
                kind: row.get_ref(5)?.as_str().unwrap_or_default().into(),
                label: row.get_ref(6)?.as_str().unwrap_or_default().into(),
            };
            self.location_numbers.insert(entry.id, n);
            self.locations.insert(n, entry);
        }
        Ok(())
    }

    fn load_devices(&mut self, cache: &Connection) -> Result<(), Fault> {
        // Kinds, models and makers repeat over thousands of devices; each text is kept once.
        let mut texts: HashMap<Box<str>, Arc<str>> = HashMap::new();
        let mut shared = |text: &str| -> Arc<str> {
            if let Some(known) = texts.get(text) {
                return Arc::clone(known);
            }
            let new: Arc<str> = text.into();
            texts.insert(text.into(), Arc::clone(&new));
            new
        };
        let mut select = cache.prepare_cached(
            "SELECT n, id, organization, state, parent, location, kind, model, manufacturer, label, subscription, covered,
                    label_key, place_key
               FROM device",
        )?;
        let mut rows = select.query([])?;
        while let Some(row) = rows.next()? {
            let n: i64 = row.get(0)?;
            let entry = DeviceEntry {
                id: DeviceId::from_bytes(row.get(1)?),
                organization: row.get(2)?,
                presence: Presence::from_column(row.get(3)?),
                parent: row.get(4)?,
                location: row.get(5)?,
                kind: shared(row.get_ref(6)?.as_str().unwrap_or_default()),
                model: shared(row.get_ref(7)?.as_str().unwrap_or_default()),
                manufacturer: shared(row.get_ref(8)?.as_str().unwrap_or_default()),
                label: row.get_ref(9)?.as_str().unwrap_or_default().into(),
                label_key: row.get_ref(12)?.as_str().unwrap_or_default().into(),
                place_key: shared(row.get_ref(13)?.as_str().unwrap_or_default()),
                subscription: subscription_from_column(row.get(10)?),
                covered: row.get(11)?,
            };
            self.put(n, entry);
        }
        Ok(())
    }

    fn put(&mut self, n: i64, entry: DeviceEntry) {
        let Ok(at) = usize::try_from(n) else { return };
        if self.devices.len() <= at {
            self.devices.resize_with(at + 1, || None);
        }
        self.device_numbers.insert(entry.id, n);
        if let Some(slot) = self.devices.get_mut(at) {
            *slot = Some(entry);
        }
    }

    /// The version this was read at.
    pub const fn version(&self) -> i64 {
        self.version
    }

    /// A device by its row number.
    pub fn device(&self, n: i64) -> Option<&DeviceEntry> {
        self.devices.get(usize::try_from(n).ok()?)?.as_ref()
    }

    /// A device's row number.
    pub fn device_number(&self, id: DeviceId) -> Option<i64> {
        self.device_numbers.get(&id).copied()
    }

    /// A location by its row number.
    pub fn location(&self, n: i64) -> Option<&LocationEntry> {
        self.locations.get(&n)
    }

    /// A location's row number.
    pub fn location_number(&self, id: LocationId) -> Option<i64> {
        self.location_numbers.get(&id).copied()
    }

    /// An organization by its row number.
    pub fn organization(&self, n: i64) -> Option<&OrganizationEntry> {
        self.organizations.get(&n)
    }

    /// An organization's row number.
    pub fn organization_number(&self, id: OrganizationId) -> Option<i64> {
        self.organizations.iter().find(|(_, entry)| entry.id == id).map(|(n, _)| *n)
    }

    /// All organizations by row number.
    pub fn organizations(&self) -> impl Iterator<Item = (i64, &OrganizationEntry)> {
        self.organizations.iter().map(|(n, entry)| (*n, entry))
    }

    /// All locations by row number.
    pub fn locations(&self) -> impl Iterator<Item = (i64, &LocationEntry)> {
        self.locations.iter().map(|(n, entry)| (*n, entry))
    }

    /// How many devices there are.
    pub fn device_count(&self) -> usize {
        self.device_numbers.len()
    }

    /// All devices by row number.
    pub fn devices(&self) -> impl Iterator<Item = (i64, &DeviceEntry)> {
        self.devices.iter().enumerate().filter_map(|(n, entry)| Some((i64::try_from(n).ok()?, entry.as_ref()?)))
    }

    /// A category's name by its number; empty for none.
    pub fn category(&self, n: i64) -> &str {
        self.categories.get(&n).map_or("", |name| name)
    }

    /// A category's number; 0 for none.
    pub fn category_number(&self, name: &str) -> Option<i64> {
        if name.is_empty() {
            return Some(0);
        }
        self.categories.iter().find(|(_, known)| &***known == name).map(|(n, _)| *n)
    }

    /// A location and all above it, nearest first. A cycle is cut.
    pub fn above(&self, location: Option<i64>) -> impl Iterator<Item = (i64, &LocationEntry)> {
        climb(location, |n| self.location(n), |entry| entry.parent)
    }

    /// A device and those that enclose it, nearest first. A cycle is cut.
    pub fn enclosing(&self, device: i64) -> impl Iterator<Item = (i64, &DeviceEntry)> {
        climb(Some(device), |n| self.device(n), |entry| entry.parent)
    }

    /// Where a device is: its own location or, for a component without one, that of what encloses it.
    pub fn place_of(&self, device: i64) -> Option<i64> {
        self.enclosing(device).find_map(|(_, entry)| entry.location)
    }

    /// Whether a location is the other or lies below it.
    pub fn is_within(&self, location: Option<i64>, ancestor: i64) -> bool {
        self.above(location).any(|(n, _)| n == ancestor)
    }

    /// The names from the site down to the location, for people: `Pier 4 › Hall B › R-07`.
    pub fn path(&self, location: Option<i64>) -> String {
        let mut names: Vec<&str> = self.above(location).map(|(_, entry)| &*entry.label).collect();
        names.reverse();
        names.join(" › ")
    }
}

/// From an object upwards, each once.
fn climb<T>(
    from: Option<i64>,
    entry: impl Fn(i64) -> Option<T>,
    parent: impl Fn(&T) -> Option<i64>,
) -> impl Iterator<Item = (i64, T)> {
    let mut next = from;
    let mut met = Vec::new();
    std::iter::from_fn(move || {
        let n = next.filter(|n| !met.contains(n))?;
        let entry = entry(n)?;
        met.push(n);
        next = parent(&entry);
        Some((n, entry))
    })
    .take(DEPTH_LIMIT)
}

/// A subscription as its column.
pub(crate) const fn subscription_column(subscription: Option<Subscription>) -> i64 {
    match subscription {
        None | Some(Subscription::None) => 0,
        Some(Subscription::ItExpert) => 1,
        Some(Subscription::AssetAdvisor) => 2,
    }
}

const fn subscription_from_column(value: i64) -> Subscription {
    match value {
        1 => Subscription::ItExpert,
        2 => Subscription::AssetAdvisor,
        _ => Subscription::None,
    }
}

/// The directory that readers share: read again only when its version moved.
#[derive(Debug, Default, Clone)]
pub struct SharedDirectory(Arc<Mutex<Arc<Directory>>>);

impl SharedDirectory {
    /// The directory of this snapshot.
    pub fn at(&self, cache: &Connection) -> Result<Arc<Directory>, Fault> {
        let version = Directory::current_version(cache)?;
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.version != version {
            *kept = Arc::new(Directory::load(cache)?);
        }
        Ok(Arc::clone(&kept))
    }
}
