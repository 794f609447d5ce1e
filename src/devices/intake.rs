//! Taking the inventory in. What hangs on a device's name, place or mute is brought along in the same transaction, so
//! that no list shows an alarm under yesterday's name.

use std::collections::BTreeSet;

use onsite_rules::mute;
use onsite_wire::ids::{DeviceId, LocationId};
use onsite_wire::rest::{Device, InventoryObject, Location, MuteAspect, Organization};
use rusqlite::{Connection, OptionalExtension, named_params};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::directory::{Presence, subscription_column};
use crate::store::{Changes, Fault};
use crate::sync::feed::Intake;
use crate::text::folded;
use crate::time::{Date, Timestamp};

/// Orders devices and places that were not seen yet behind all that were.
pub(crate) const UNSEEN_KEY: &str = "\u{10ffff}";
/// As deep as a tree is followed; see the directory.
const DEPTH_LIMIT: i64 = 64;

/// Noted when names, places or kinds changed: what was filtered, sorted or counted by them is void.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlacesChanged;

/// Noted for devices whose alarms must follow: new words, another place, gone or back, muted or no longer.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Touched {
    /// Devices whose name or place changed.
    pub renamed: BTreeSet<i64>,
    /// Devices that went or came back.
    pub presence: BTreeSet<i64>,
    /// Devices whose cover by a mute changed, or may look different.
    pub covered: BTreeSet<i64>,
}

/// What hangs on devices registers one of these: it is called in the transaction in which they changed.
pub type Follower = fn(&Connection, &mut Changes, &Touched) -> Result<(), Fault>;

impl Touched {
    /// Nothing hangs on what changed.
    pub fn is_empty(&self) -> bool {
        self.renamed.is_empty() && self.presence.is_empty() && self.covered.is_empty()
    }
}

/// What only a device's own page shows.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct DeviceDetail {
    /// The serial number.
    pub serial_number: Option<String>,
    /// Its firmware.
    pub firmware_version: Option<String>,
    /// Its addresses.
    pub ip_addresses: Vec<String>,
    /// Free text.
    pub device_note: Option<String>,
    /// End of warranty.
    pub warranty_expiration_date: Option<Date>,
    /// Next service.
    pub service_due_date: Option<Date>,
    /// Last service.
    pub last_service_date: Option<Date>,
}

/// The row number of a device; one not heard of yet gets a row that waits for it.
pub fn device_number(cache: &Connection, organization: i64, id: DeviceId) -> Result<i64, Fault> {
    let known = cache
        .prepare_cached("SELECT n FROM device WHERE id = ?1")?
        .query_row([id.bytes()], |row| row.get(0))
        .optional()?;
    if let Some(n) = known {
        return Ok(n);
    }
    cache
        .prepare_cached(
            "INSERT INTO device (id, organization, state, label_key, place_key) VALUES (?1, ?2, 0, ?3, ?3)",
        )?
        .execute((id.bytes(), organization, UNSEEN_KEY))?;
    let n = cache.last_insert_rowid();
    raise_version(cache)?;
    Ok(n)
}

fn location_number(cache: &Connection, organization: i64, id: LocationId) -> Result<i64, Fault> {
    let known = cache
        .prepare_cached("SELECT n FROM location WHERE id = ?1")?
        .query_row([id.bytes()], |row| row.get(0))
        .optional()?;
    if let Some(n) = known {
        return Ok(n);
    }
    cache
        .prepare_cached("INSERT INTO location (id, organization, state) VALUES (?1, ?2, 0)")?
        .execute((id.bytes(), organization))?;
    Ok(cache.last_insert_rowid())
}

pub(crate) fn raise_version(cache: &Connection) -> Result<(), Fault> {
    cache.prepare_cached("UPDATE directory_version SET version = version + 1")?.execute([])?;
    Ok(())
}

/// One transaction's work on the inventory: objects go in one by one, then [`Work::settle`] brings along what hangs on them.
#[derive(Default)]
pub struct Work {
    touched: Touched,
    moved_locations: BTreeSet<i64>,
    recover: BTreeSet<i64>,
    version_moved: bool,
}

impl Work {
    /// Takes one object in.
    pub fn take(&mut self, intake: &mut Intake<'_>, object: &InventoryObject) -> Result<(), Fault> {
        match object {
            InventoryObject::Organization(organization) => self.take_organization(intake, organization),
            InventoryObject::Location(location) => self.take_location(intake, location),
            InventoryObject::Device(device) => self.take_device(intake, device),
        }
    }

    fn take_organization(&mut self, intake: &Intake<'_>, organization: &Organization) -> Result<(), Fault> {
        let changed = intake
            .cache
            .prepare_cached("UPDATE organization SET label = ?2 WHERE n = ?1 AND label <> ?2")?
            .execute((intake.organization, &organization.label))?;
        self.version_moved |= changed > 0;
        Ok(())
    }

    fn take_location(&mut self, intake: &mut Intake<'_>, location: &Location) -> Result<(), Fault> {
        let n = location_number(intake.cache, intake.organization, location.id)?;
        intake.seen.note("location", n);
        let parent = location.parent_id.map(|id| location_number(intake.cache, intake.organization, id)).transpose()?;
        let moved = intake
            .cache
            .prepare_cached(
                "UPDATE location
                    SET state = 1, parent = :parent, kind = :kind, label = :label, organization = :organization
                  WHERE n = :n AND (state, parent, kind, label, organization)
                        IS NOT (1, :parent, :kind, :label, :organization)",
            )?
            .execute(named_params! {
                ":n": n, ":parent": parent, ":kind": location.kind, ":label": location.label,
                ":organization": intake.organization,
            })?;
        if moved > 0 {
            self.moved_locations.insert(n);
            self.version_moved = true;
        }
        intake
            .cache
            .prepare_cached(
                "UPDATE location SET address = ?2, revision = ?3 WHERE n = ?1 AND (address, revision) IS NOT (?2, ?3)",
            )?
            .execute((n, location.address.as_deref().unwrap_or_default(), location.revision.unwrap_or_default()))?;
        Ok(())
    }

    fn take_device(&mut self, intake: &mut Intake<'_>, device: &Device) -> Result<(), Fault> {
        let n = device_number(intake.cache, intake.organization, device.id)?;
        intake.seen.note("device", n);
        let parent = device.parent_id.map(|id| device_number(intake.cache, intake.organization, id)).transpose()?;
        let location =
            device.location_id.map(|id| location_number(intake.cache, intake.organization, id)).transpose()?;
        self.name_device(intake, device, n, parent, location)?;
        let detail = serde_json::to_string(&DeviceDetail {
            serial_number: device.serial_number.clone(),
            firmware_version: device.firmware_version.clone(),
            ip_addresses: device.ip_addresses.clone(),
            device_note: device.device_note.clone(),
            warranty_expiration_date: device.warranty_expiration_date,
            service_due_date: device.service_due_date,
            last_service_date: device.last_service_date,
        })
        .map_err(|_| Fault::Value("device detail"))?;
        intake
            .cache
            .prepare_cached(
                "UPDATE device SET detail = ?2, revision = ?3 WHERE n = ?1 AND (detail, revision) IS NOT (?2, ?3)",
            )?
            .execute((n, detail, device.revision.unwrap_or_default()))?;
        if super::mute::take_server_mute(intake.cache, n, device.mute.as_ref(), intake.now)? {
            self.recover.insert(n);
        }
        Ok(())
    }

    fn name_device(
        &mut self,
        intake: &Intake<'_>,
        device: &Device,
        n: i64,
        parent: Option<i64>,
        location: Option<i64>,
    ) -> Result<(), Fault> {
        let before: (i64, Option<i64>) = intake
            .cache
            .prepare_cached("SELECT state, parent FROM device WHERE n = ?1")?
            .query_row([n], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let changed = intake
            .cache
            .prepare_cached(
                "UPDATE device
                    SET state = 1, parent = :parent, location = :location, kind = :kind, model = :model,
                        manufacturer = :manufacturer, label = :label, subscription = :subscription,
                        organization = :organization
                  WHERE n = :n AND
                        (state, parent, location, kind, model, manufacturer, label, subscription, organization) IS NOT
                        (1, :parent, :location, :kind, :model, :manufacturer, :label, :subscription, :organization)",
            )?
            .execute(named_params! {
                ":n": n, ":parent": parent, ":location": location, ":kind": device.kind,
                ":model": device.model_name.as_deref().unwrap_or_default(),
                ":manufacturer": device.manufacturer.as_deref().unwrap_or_default(),
                ":label": device.label, ":subscription": subscription_column(device.subscription),
                ":organization": intake.organization,
            })?;
        if changed == 0 {
            return Ok(());
        }
        self.version_moved = true;
        self.touched.renamed.insert(n);
        if before.0 == Presence::Gone.column() {
            self.touched.presence.insert(n);
        }
        if before.1 != parent {
            self.recover.insert(n);
        }
        // A component without a location of its own stands where what encloses it stands.
        self.touched.renamed.extend(below(intake.cache, n)?);
        Ok(())
    }

    /// An object is gone, or this person may no longer see it.
    pub fn remove(&mut self, intake: &Intake<'_>, id: Uuid) -> Result<(), Fault> {
        let id = id.as_bytes();
        for (table, column) in [
            ("device", "UPDATE device SET state = 2, revision = 0 WHERE id = ?1 AND state <> 2 RETURNING n"),
            ("location", "UPDATE location SET state = 2, revision = 0 WHERE id = ?1 AND state <> 2 RETURNING n"),
        ] {
            let n: Option<i64> = intake.cache.prepare_cached(column)?.query_row([id], |row| row.get(0)).optional()?;
            let Some(n) = n else { continue };
            self.version_moved = true;
            if table == "device" {
                self.touched.presence.insert(n);
            } else {
                self.moved_locations.insert(n);
            }
        }
        Ok(())
    }

    /// After a full read: what it did not contain is gone.
    pub fn remove_unseen(&mut self, intake: &Intake<'_>) -> Result<(), Fault> {
        for (table, select) in [
            ("device", "SELECT n, id FROM device WHERE organization = ?1 AND state = 1"),
            ("location", "SELECT n, id FROM location WHERE organization = ?1 AND state = 1"),
        ] {
            let rows: Vec<(i64, [u8; 16])> = intake
                .cache
                .prepare_cached(select)?
                .query_map([intake.organization], |row| Ok((row.get(0)?, row.get(1)?)))?
                .collect::<rusqlite::Result<_>>()?;
            for (_, id) in rows.into_iter().filter(|(n, _)| !intake.seen.contains(table, *n)) {
                self.remove(intake, Uuid::from_bytes(id))?;
            }
        }
        Ok(())
    }

    /// Brings along what hangs on what changed, and notes it for the windows.
    pub fn settle(mut self, cache: &Connection, changes: &mut Changes, followers: &[Follower]) -> Result<(), Fault> {
        for location in &self.moved_locations {
            self.touched.renamed.extend(devices_within(cache, *location)?);
        }
        for device in &self.touched.renamed {
            order_device(cache, *device)?;
        }
        for device in &self.recover {
            self.touched.covered.extend(cover_again(cache, *device)?);
        }
        if self.version_moved {
            raise_version(cache)?;
            changes.note(PlacesChanged);
        }
        if !self.touched.is_empty() {
            followers.iter().try_for_each(|follow| follow(cache, changes, &self.touched))?;
        }
        Ok(())
    }
}

/// Lets go of all locations, devices and sensors of an organization.
pub(crate) fn let_go(cache: &Connection, organization: i64) -> Result<(), Fault> {
    for sql in [
        "DELETE FROM deadline WHERE subject = 1 AND n IN (SELECT n FROM device WHERE organization = ?1)",
        "DELETE FROM sensor WHERE organization = ?1",
        "DELETE FROM device WHERE organization = ?1",
        "DELETE FROM location WHERE organization = ?1",
    ] {
        cache.prepare_cached(sql)?.execute([organization])?;
    }
    raise_version(cache)
}

/// All component devices below a device, however deep.
pub(crate) fn below(cache: &Connection, device: i64) -> Result<Vec<i64>, Fault> {
    collect(
        cache,
        "WITH RECURSIVE part (n, depth) AS (
           SELECT n, 1 FROM device WHERE parent = ?1 AND n <> ?1
           UNION
           SELECT device.n, depth + 1 FROM device JOIN part ON device.parent = part.n WHERE depth < ?2)
         SELECT DISTINCT n FROM part WHERE n <> ?1",
        device,
    )
}

/// All devices in a location or below it, their components included.
fn devices_within(cache: &Connection, location: i64) -> Result<Vec<i64>, Fault> {
    let direct = collect(
        cache,
        "WITH RECURSIVE place (n, depth) AS (
           SELECT ?1, 1
           UNION
           SELECT location.n, depth + 1 FROM location JOIN place ON location.parent = place.n WHERE depth < ?2)
         SELECT DISTINCT device.n FROM device JOIN place ON device.location = place.n",
        location,
    )?;
    let mut all: BTreeSet<i64> = direct.iter().copied().collect();
    for device in direct {
        all.extend(below(cache, device)?);
    }
    Ok(all.into_iter().collect())
}

fn collect(cache: &Connection, sql: &str, of: i64) -> Result<Vec<i64>, Fault> {
    Ok(cache.prepare_cached(sql)?.query_map([of, DEPTH_LIMIT], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?)
}

/// The names of the places above a device, from the top.
pub(crate) fn place_names(cache: &Connection, device: i64) -> Result<Vec<String>, Fault> {
    let names: Vec<String> = cache
        .prepare_cached(
            "WITH RECURSIVE
               part (n, depth) AS (
                 SELECT ?1, 1
                 UNION
                 SELECT device.parent, depth + 1 FROM device JOIN part ON device.n = part.n
                  WHERE device.location IS NULL AND device.parent IS NOT NULL AND depth < ?2),
               place (n, depth) AS (
                 SELECT device.location, 1 FROM device JOIN part ON device.n = part.n WHERE device.location IS NOT NULL
                 UNION
                 SELECT location.parent, depth + 1 FROM location JOIN place ON location.n = place.n
                  WHERE location.parent IS NOT NULL AND depth < ?2)
             SELECT location.label FROM place JOIN location ON location.n = place.n
              GROUP BY location.n ORDER BY min(place.depth) DESC",
        )?
        .query_map([device, DEPTH_LIMIT], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    Ok(names)
}

/// Writes the keys by which a device and its alarms are ordered.
fn order_device(cache: &Connection, device: i64) -> Result<(), Fault> {
    let (label, state): (String, i64) = cache
        .prepare_cached("SELECT label, state FROM device WHERE n = ?1")?
        .query_row([device], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let (label_key, place_key) = if state == Presence::Unseen.column() {
        (UNSEEN_KEY.to_owned(), UNSEEN_KEY.to_owned())
    } else {
        // The separator sorts before every letter, so that a room's own devices come before its racks'.
        let places: Vec<String> = place_names(cache, device)?.iter().map(|name| folded(name)).collect();
        (folded(&label), places.join("\u{1}"))
    };
    cache
        .prepare_cached(
            "UPDATE device SET label_key = ?2, place_key = ?3 WHERE n = ?1 AND (label_key, place_key) IS NOT (?2, ?3)",
        )?
        .execute((device, label_key, place_key))?;
    Ok(())
}

/// Computes anew whether a device and its components are covered by a mute; gives back all of them: even where the cover
/// stays, it may be another mute that covers.
pub(crate) fn cover_again(cache: &Connection, device: i64) -> Result<Vec<i64>, Fault> {
    let mut devices = below(cache, device)?;
    devices.push(device);
    let mut moved = 0;
    for n in &devices {
        moved += cache
            .prepare_cached(
                "UPDATE device SET covered = 1 - covered
                  WHERE n = ?1 AND covered <> EXISTS (
                    WITH RECURSIVE above (n, depth) AS (
                      SELECT ?1, 1
                      UNION
                      SELECT device.parent, depth + 1 FROM device JOIN above ON device.n = above.n
                       WHERE device.parent IS NOT NULL AND depth < ?2)
                    SELECT 1 FROM above JOIN device AS muted ON muted.n = above.n WHERE muted.mute_holds = 1)",
            )?
            .execute([*n, DEPTH_LIMIT])?;
    }
    if moved > 0 {
        raise_version(cache)?;
    }
    Ok(devices)
}

/// Whether a device's mute holds; a device is never cleared.
pub(super) fn holds(aspect: Option<&MuteAspect>, now: Timestamp) -> bool {
    aspect.is_some_and(|aspect| mute::holds(aspect, false, now))
}
