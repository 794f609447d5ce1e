//! The objects that feeds index: one row each, in the present version.

use onsite_wire::ids::{LocationId, OrganizationId, PersonId};
use onsite_wire::time::Timestamp;
use rusqlite::{OptionalExtension, params};
use uuid::Uuid;

use super::changes::{Feed, Write};
use super::{StorageError, View};

/// What an object is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// The organization itself.
    Organization,
    /// A location.
    Location,
    /// A device.
    Device,
    /// A sensor.
    Sensor,
    /// An alarm.
    Alarm,
    /// A person.
    Person,
    /// A location's fence and call list.
    Site,
    /// A person on duty.
    Duty,
    /// Where a person on duty is.
    Presence,
    /// Something that a person was told.
    Notification,
    /// How a person wishes to be told.
    NoticeSettings,
    /// An incident.
    Incident,
    /// A message of an incident's chat.
    Message,
    /// How far one person has read a chat.
    ReadPosition,
}

impl Kind {
    const fn name(self) -> &'static str {
        match self {
            Self::Organization => "organization",
            Self::Location => "location",
            Self::Device => "device",
            Self::Sensor => "sensor",
            Self::Alarm => "alarm",
            Self::Person => "person",
            Self::Site => "site",
            Self::Duty => "duty",
            Self::Presence => "presence",
            Self::Notification => "notification",
            Self::NoticeSettings => "notice_settings",
            Self::Incident => "incident",
            Self::Message => "message",
            Self::ReadPosition => "read_position",
        }
    }

    pub(super) fn stored(name: &str) -> Self {
        match name {
            "organization" => Self::Organization,
            "location" => Self::Location,
            "device" => Self::Device,
            "sensor" => Self::Sensor,
            "alarm" => Self::Alarm,
            "site" => Self::Site,
            "duty" => Self::Duty,
            "presence" => Self::Presence,
            "notification" => Self::Notification,
            "notice_settings" => Self::NoticeSettings,
            "incident" => Self::Incident,
            "message" => Self::Message,
            "read_position" => Self::ReadPosition,
            _ => Self::Person,
        }
    }

    /// The feed that it is in.
    pub const fn feed(self) -> Feed {
        match self {
            Self::Organization | Self::Location | Self::Device => Feed::Inventory,
            Self::Sensor => Feed::Sensors,
            Self::Alarm => Feed::Alarms,
            Self::Person => Feed::People,
            Self::Site => Feed::Sites,
            Self::Duty | Self::Presence => Feed::Duty,
            Self::Notification | Self::NoticeSettings => Feed::Notifications,
            Self::Incident => Feed::Incidents,
            Self::Message => Feed::Messages,
            Self::ReadPosition => Feed::ReadPositions,
        }
    }
}

/// Where something is: a location, or directly under the organization.
pub type Place = Option<LocationId>;

/// An object as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// What it is.
    pub kind: Kind,
    /// Its id.
    pub id: Uuid,
    /// What it belongs to: a location's parent, a component's device, a sensor's, an alarm's or
    /// an incident's device, a message's incident.
    pub parent: Option<Uuid>,
    /// Where it is.
    pub place: Place,
    /// The one person it concerns; nobody named: everybody of the organization.
    pub audience: Option<PersonId>,
    /// Since when it is over; lists leave it out some time later.
    pub ended_at: Option<Timestamp>,
    /// As it is written on the wire, without its revision.
    pub body: String,
}

impl View<'_> {
    /// A present object, with the offset at which it last changed.
    pub fn object(
        &self,
        organization: OrganizationId,
        kind: Kind,
        id: Uuid,
    ) -> Result<Option<(Stored, i64)>, StorageError> {
        let found = self
            .connection
            .prepare_cached(
                "SELECT parent, place, audience, ended_at, body, changed_at FROM objects
                 WHERE organization = ?1 AND feed = ?2 AND id = ?3 AND kind = ?4 AND removed_at IS NULL",
            )?
            .query_row(params![organization.bytes(), kind.feed().name(), id.as_bytes(), kind.name()], |row| {
                let stored = Stored {
                    kind,
                    id,
                    parent: row.get::<_, Option<[u8; 16]>>(0)?.map(Uuid::from_bytes),
                    place: row.get::<_, Option<[u8; 16]>>(1)?.map(LocationId::from_bytes),
                    audience: row.get::<_, Option<[u8; 16]>>(2)?.map(PersonId::from_bytes),
                    ended_at: row.get::<_, Option<i64>>(3)?.map(Timestamp::from_micros),
                    body: row.get(4)?,
                };
                Ok((stored, row.get(5)?))
            })
            .optional()?;
        Ok(found)
    }

    /// Whether something has this id in a feed, or had it until it was removed.
    pub(crate) fn is_taken(&self, organization: OrganizationId, feed: Feed, id: Uuid) -> Result<bool, StorageError> {
        let sql = "SELECT 1 FROM objects WHERE organization = ?1 AND feed = ?2 AND id = ?3";
        Ok(self.connection.prepare_cached(sql)?.exists(params![organization.bytes(), feed.name(), id.as_bytes()])?)
    }

    /// The ids of present objects of a kind that belong to this one.
    pub(super) fn ids_below(
        &self,
        organization: OrganizationId,
        kind: Kind,
        parent: Uuid,
    ) -> Result<Vec<Uuid>, StorageError> {
        self.ids(
            "SELECT id FROM objects INDEXED BY objects_by_parent
             WHERE organization = ?1 AND parent = ?2 AND kind = ?3 AND removed_at IS NULL",
            organization,
            kind,
            parent,
        )
    }

    /// The ids of present objects of a kind that are at exactly this location.
    pub(super) fn ids_at(
        &self,
        organization: OrganizationId,
        kind: Kind,
        place: LocationId,
    ) -> Result<Vec<Uuid>, StorageError> {
        self.ids(
            "SELECT id FROM objects INDEXED BY objects_by_place
             WHERE organization = ?1 AND place = ?2 AND kind = ?3 AND removed_at IS NULL",
            organization,
            kind,
            place.0,
        )
    }

    fn ids(&self, sql: &str, organization: OrganizationId, kind: Kind, of: Uuid) -> Result<Vec<Uuid>, StorageError> {
        let mut statement = self.connection.prepare_cached(sql)?;
        let rows = statement.query_map(params![organization.bytes(), of.as_bytes(), kind.name()], |row| row.get(0))?;
        Ok(rows.map(|id| id.map(Uuid::from_bytes)).collect::<Result<_, _>>()?)
    }

    /// The ids of all present objects of a kind.
    pub(super) fn ids_of(&self, organization: OrganizationId, kind: Kind) -> Result<Vec<Uuid>, StorageError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT id FROM objects WHERE organization = ?1 AND feed = ?2 AND kind = ?3 AND removed_at IS NULL",
        )?;
        let rows = statement.query_map(params![organization.bytes(), kind.feed().name(), kind.name()], |row| {
            row.get::<_, [u8; 16]>(0)
        })?;
        Ok(rows.map(|id| id.map(Uuid::from_bytes)).collect::<Result<_, _>>()?)
    }
}

impl Write<'_> {
    /// Writes an object that is new or different, and gives its offset.
    pub(crate) fn put(&mut self, organization: OrganizationId, object: &Stored) -> Result<i64, StorageError> {
        let offset = self.next_offset(organization, object.kind.feed(), object.audience)?;
        self.connection()
            .prepare_cached(
                "INSERT INTO objects (organization, feed, id, kind, parent, place, audience, changed_at, ended_at, body)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
                 ON CONFLICT (organization, feed, id) DO UPDATE SET
                    moved_at = CASE WHEN objects.place IS NOT DISTINCT FROM excluded.place
                                    THEN objects.moved_at ELSE excluded.changed_at END,
                    kind = excluded.kind, parent = excluded.parent, place = excluded.place,
                    audience = excluded.audience, changed_at = excluded.changed_at, ended_at = excluded.ended_at,
                    removed_at = NULL, body = excluded.body",
            )?
            .execute(params![
                organization.bytes(),
                object.kind.feed().name(),
                object.id.as_bytes(),
                object.kind.name(),
                object.parent.map(|id| *id.as_bytes()),
                object.place.map(|place| *place.bytes()),
                object.audience.map(|person| *person.bytes()),
                offset,
                object.ended_at.map(Timestamp::micros),
                object.body,
            ])?;
        Ok(offset)
    }

    /// Writes an object only if something of it differs from what is there, and gives its offset, new or old.
    pub(super) fn put_if_different(
        &mut self,
        organization: OrganizationId,
        object: &Stored,
    ) -> Result<i64, StorageError> {
        match self.view().object(organization, object.kind, object.id)? {
            Some((present, offset)) if present == *object => Ok(offset),
            _ => self.put(organization, object),
        }
    }

    /// Gives an object that is at another place now a new offset: who saw it may not see it any more.
    pub(super) fn touch(
        &mut self,
        organization: OrganizationId,
        kind: Kind,
        id: Uuid,
        place: Place,
    ) -> Result<(), StorageError> {
        let offset = self.next_offset(organization, kind.feed(), None)?;
        self.connection()
            .prepare_cached(
                "UPDATE objects SET changed_at = ?4, moved_at = ?4, place = ?5
                 WHERE organization = ?1 AND feed = ?2 AND id = ?3",
            )?
            .execute(params![
                organization.bytes(),
                kind.feed().name(),
                id.as_bytes(),
                offset,
                place.map(|place| *place.bytes())
            ])?;
        Ok(())
    }

    /// Gives an object a new offset that somebody may see now who did not; who saw it still does.
    pub(super) fn reveal(&mut self, organization: OrganizationId, kind: Kind, id: Uuid) -> Result<(), StorageError> {
        let offset = self.next_offset(organization, kind.feed(), None)?;
        self.connection()
            .prepare_cached("UPDATE objects SET changed_at = ?4 WHERE organization = ?1 AND feed = ?2 AND id = ?3")?
            .execute(params![organization.bytes(), kind.feed().name(), id.as_bytes(), offset])?;
        Ok(())
    }

    /// Takes an object away; its id stays for 90 days, for those who held it.
    pub(super) fn remove(&mut self, organization: OrganizationId, kind: Kind, id: Uuid) -> Result<(), StorageError> {
        let offset = self.next_offset(organization, kind.feed(), None)?;
        let now = self.now().micros();
        self.connection()
            .prepare_cached(
                "UPDATE objects SET changed_at = ?4, moved_at = ?4, removed_at = ?5, body = ''
                 WHERE organization = ?1 AND feed = ?2 AND id = ?3 AND removed_at IS NULL",
            )?
            .execute(params![organization.bytes(), kind.feed().name(), id.as_bytes(), offset, now])?;
        Ok(())
    }
}
