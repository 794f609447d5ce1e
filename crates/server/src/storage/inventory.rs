//! Locations, devices, sensors and alarms as objects: where each is, and what changes its place with it.
//!
//! A place decides who sees something. When a device or location moves, all below it and its sensors and alarms get new
//! offsets in the same transaction, and so do the locations above the old and the new place: whoever may see those only as
//! the way down to something else learns of it.

use std::collections::HashSet;

use onsite_wire::ids::{AlarmId, DeviceId, IncidentId, LocationId, OrganizationId, SensorId};
use onsite_wire::rest::{Alarm, Device, InventoryObject, Location, Organization, Sensor};
use rusqlite::params;
use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use super::changes::Write;
use super::objects::{Kind, Place, Stored};
use super::{StorageError, View};

pub(super) fn write_body<T: Serialize>(what: &'static str, value: &T) -> Result<String, StorageError> {
    serde_json::to_string(value).map_err(|error| StorageError::Unreadable(what, error))
}

pub(super) fn read_body<T: DeserializeOwned>(what: &'static str, body: &str) -> Result<T, StorageError> {
    serde_json::from_str(body).map_err(|error| StorageError::Unreadable(what, error))
}

impl View<'_> {
    /// An alarm, with its place and the offset at which it last changed.
    pub fn alarm(
        &self,
        organization: OrganizationId,
        id: AlarmId,
    ) -> Result<Option<(Alarm, Place, i64)>, StorageError> {
        self.object(organization, Kind::Alarm, id.0)?
            .map(|(stored, offset)| Ok((read_body("alarm", &stored.body)?, stored.place, offset)))
            .transpose()
    }

    /// All active alarms, of one device or of all.
    pub fn active_alarms(
        &self,
        organization: OrganizationId,
        device: Option<DeviceId>,
    ) -> Result<Vec<Alarm>, StorageError> {
        let sql = if device.is_some() {
            "SELECT body FROM objects INDEXED BY objects_by_parent
             WHERE organization = ?1 AND parent = ?2 AND kind = 'alarm' AND ended_at IS NULL AND removed_at IS NULL"
        } else {
            "SELECT body FROM objects
             WHERE organization = ?1 AND feed = 'alarms' AND ended_at IS NULL AND removed_at IS NULL AND ?2 IS NULL"
        };
        let device = device.map(|device| *device.bytes());
        let mut statement = self.connection.prepare_cached(sql)?;
        let bodies = statement.query_map(params![organization.bytes(), device], |row| row.get::<_, String>(0))?;
        bodies.map(|body| read_body("alarm", &body?)).collect()
    }

    /// A device, with its place and the offset at which it last changed.
    pub fn device(
        &self,
        organization: OrganizationId,
        id: DeviceId,
    ) -> Result<Option<(Device, Place, i64)>, StorageError> {
        let Some((stored, offset)) = self.object(organization, Kind::Device, id.0)? else { return Ok(None) };
        match read_body("device", &stored.body)? {
            InventoryObject::Device(device) => Ok(Some((*device, stored.place, offset))),
            InventoryObject::Location(_) | InventoryObject::Organization(_) => Ok(None),
        }
    }

    /// A sensor, with its place.
    pub fn sensor(&self, organization: OrganizationId, id: SensorId) -> Result<Option<(Sensor, Place)>, StorageError> {
        self.object(organization, Kind::Sensor, id.0)?
            .map(|(stored, _)| Ok((read_body("sensor", &stored.body)?, stored.place)))
            .transpose()
    }

    pub(crate) fn location(
        &self,
        organization: OrganizationId,
        id: LocationId,
    ) -> Result<Option<Location>, StorageError> {
        let Some((stored, _)) = self.object(organization, Kind::Location, id.0)? else { return Ok(None) };
        match read_body("location", &stored.body)? {
            InventoryObject::Location(location) => Ok(Some(location)),
            InventoryObject::Device(_) | InventoryObject::Organization(_) => Ok(None),
        }
    }

    /// Where a device is; one not known is directly under the organization.
    pub(super) fn place_of(&self, organization: OrganizationId, device: DeviceId) -> Result<Place, StorageError> {
        Ok(self.object(organization, Kind::Device, device.0)?.and_then(|(stored, _)| stored.place))
    }

    /// A device and all its components.
    pub(super) fn device_tree(&self, organization: OrganizationId, top: DeviceId) -> Result<Vec<Uuid>, StorageError> {
        let mut found = vec![top.0];
        let mut seen: HashSet<Uuid> = found.iter().copied().collect();
        let mut next = 0;
        while let Some(device) = found.get(next).copied() {
            let components = self.ids_below(organization, Kind::Device, device)?;
            found.extend(components.into_iter().filter(|component| seen.insert(*component)));
            next += 1;
        }
        Ok(found)
    }
}

impl Write<'_> {
    pub(super) fn put_organization(&mut self, organization: &Organization) -> Result<(), StorageError> {
        let body = InventoryObject::Organization(Organization { revision: None, ..organization.clone() });
        let stored = Stored {
            kind: Kind::Organization,
            id: organization.id.0,
            parent: None,
            place: None,
            audience: None,
            ended_at: None,
            body: write_body("organization", &body)?,
        };
        self.put_if_different(organization.id, &stored)?;
        Ok(())
    }

    pub(super) fn put_location(
        &mut self,
        organization: OrganizationId,
        location: &Location,
    ) -> Result<(), StorageError> {
        let body = InventoryObject::Location(Location { revision: None, ..location.clone() });
        let stored = Stored {
            kind: Kind::Location,
            id: location.id.0,
            parent: location.parent_id.map(|parent| parent.0),
            place: Some(location.id),
            audience: None,
            ended_at: None,
            body: write_body("location", &body)?,
        };
        self.put_if_different(organization, &stored)?;
        Ok(())
    }

    /// Writes a device, and gives its offset. What stands on it (components without a location of their own, sensors,
    /// alarms) follows it.
    pub(crate) fn put_device(&mut self, organization: OrganizationId, device: &Device) -> Result<i64, StorageError> {
        let place = match (device.location_id, device.parent_id) {
            (Some(location), _) => Some(location),
            (None, Some(parent)) => self.view().place_of(organization, parent)?,
            (None, None) => None,
        };
        let before = self.view().object(organization, Kind::Device, device.id.0)?;
        // The vendor's document knows no null: a device that no gateway sees has an empty list.
        let gateway_ids = Some(device.gateway_ids.clone().unwrap_or_default());
        let body = InventoryObject::Device(Box::new(Device { revision: None, gateway_ids, ..device.clone() }));
        let stored = Stored {
            kind: Kind::Device,
            id: device.id.0,
            parent: device.parent_id.map(|parent| parent.0),
            place,
            audience: None,
            ended_at: None,
            body: write_body("device", &body)?,
        };
        let offset = self.put_if_different(organization, &stored)?;
        if before.is_none_or(|(before, _)| before.place != place) {
            self.follow(organization, device.id, place)?;
        }
        Ok(offset)
    }

    /// Sensors and alarms of a device go to its new place. Those that came before their device get their place here.
    fn follow(&mut self, organization: OrganizationId, device: DeviceId, place: Place) -> Result<(), StorageError> {
        for kind in [Kind::Sensor, Kind::Alarm, Kind::Incident, Kind::Notification] {
            for id in self.view().ids_below(organization, kind, device.0)? {
                self.bring_along(organization, kind, id, place)?;
            }
        }
        for component in self.view().ids_below(organization, Kind::Device, device.0)? {
            let component = DeviceId(component);
            let Some((component, at, _)) = self.view().device(organization, component)? else { continue };
            if component.location_id.is_none() && at != place {
                self.touch(organization, Kind::Device, component.id.0, place)?;
                self.follow(organization, component.id, place)?;
            }
        }
        Ok(())
    }

    fn bring_along(
        &mut self,
        organization: OrganizationId,
        kind: Kind,
        id: Uuid,
        place: Place,
    ) -> Result<(), StorageError> {
        self.touch(organization, kind, id, place)?;
        // What was told of it has its words, and goes out of sight with it.
        for told in self.view().ids_below(organization, Kind::Notification, id)? {
            self.touch(organization, Kind::Notification, told, place)?;
        }
        match kind {
            Kind::Alarm => self.check_assignment(organization, AlarmId(id)),
            Kind::Incident => self.move_chat(organization, IncidentId(id), place),
            _ => Ok(()),
        }
    }

    pub(super) fn put_sensor(&mut self, organization: OrganizationId, sensor: &Sensor) -> Result<(), StorageError> {
        let stored = Stored {
            kind: Kind::Sensor,
            id: sensor.id.0,
            parent: Some(sensor.device_id.0),
            place: self.view().place_of(organization, sensor.device_id)?,
            audience: None,
            ended_at: None,
            body: write_body("sensor", &Sensor { revision: None, ..sensor.clone() })?,
        };
        self.put_if_different(organization, &stored)?;
        Ok(())
    }

    /// Writes an alarm as it is now, and gives its offset. A critical one may open an incident.
    pub(crate) fn put_alarm(&mut self, organization: OrganizationId, alarm: &Alarm) -> Result<i64, StorageError> {
        let known = self.view().object(organization, Kind::Alarm, alarm.id.0)?;
        let place = match known {
            // Its device may be gone by now; the alarm stays where it was.
            Some((stored, _)) => stored.place,
            None => self.view().place_of(organization, alarm.device_id)?,
        };
        let stored = Stored {
            kind: Kind::Alarm,
            id: alarm.id.0,
            parent: Some(alarm.device_id.0),
            place,
            audience: None,
            ended_at: alarm.cleared_time,
            body: write_body("alarm", &Alarm { revision: None, ..alarm.clone() })?,
        };
        let offset = self.put(organization, &stored)?;
        self.consider_alarm(organization, alarm)?;
        Ok(offset)
    }

    /// Moves a device, its components with it. False: there is no such device or location.
    pub(super) fn move_device(
        &mut self,
        organization: OrganizationId,
        device: DeviceId,
        to: Place,
    ) -> Result<bool, StorageError> {
        if let Some(to) = to
            && self.view().location(organization, to)?.is_none()
        {
            return Ok(false);
        }
        let Some((moved, from, _)) = self.view().device(organization, device)? else { return Ok(false) };
        for id in self.view().device_tree(organization, device)? {
            let Some((part, place, _)) = self.view().device(organization, DeviceId(id))? else { continue };
            let stays = part.id != moved.id && (part.location_id.is_none() || place != from);
            if !stays {
                self.put_device(organization, &Device { location_id: to, ..part })?;
            }
        }
        Ok(true)
    }

    /// Moves a location with all that is in it. False: there is no such location, or it would stand in itself.
    pub(super) fn move_location(
        &mut self,
        organization: OrganizationId,
        location: LocationId,
        to: Place,
    ) -> Result<bool, StorageError> {
        let before = self.view().locations(organization)?;
        let inside = before.subtree(location);
        if to.is_some_and(|to| inside.contains(&to) || !before.locations().any(|known| known == to)) {
            return Ok(false);
        }
        let Some(moved) = self.view().location(organization, location)? else { return Ok(false) };
        let (above_old, above_new) = (before.path(moved.parent_id), before.path(to));
        self.put_location(organization, &Location { parent_id: to, ..moved })?;
        for location in &above_new {
            self.reveal(organization, Kind::Location, location.0)?;
        }
        let left = above_old.into_iter().filter(|location| !above_new.contains(location));
        for location in left.chain(inside.iter().copied()) {
            self.touch(organization, Kind::Location, location.0, Some(location))?;
        }
        for location in inside {
            for kind in [Kind::Device, Kind::Sensor, Kind::Alarm, Kind::Incident, Kind::Site, Kind::Presence] {
                for id in self.view().ids_at(organization, kind, location)? {
                    self.bring_along(organization, kind, id, Some(location))?;
                }
            }
        }
        Ok(true)
    }

    /// Takes a device away with its components and sensors. Its alarms stay: they are never deleted.
    pub(super) fn remove_device(
        &mut self,
        organization: OrganizationId,
        device: DeviceId,
    ) -> Result<bool, StorageError> {
        let known = self.view().object(organization, Kind::Device, device.0)?.is_some();
        if known {
            for id in self.view().device_tree(organization, device)? {
                for sensor in self.view().ids_below(organization, Kind::Sensor, id)? {
                    self.remove(organization, Kind::Sensor, sensor)?;
                }
                self.remove(organization, Kind::Device, id)?;
            }
        }
        Ok(known)
    }
}
