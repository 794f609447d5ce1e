//! Incidents as they are kept, and how they open by themselves (I1). Whether somebody may move one is decided before, by
//! `onsite_rules::incident`; here it is done.

use onsite_rules::incident::{CLOSES_AFTER_MS, Mover, is_under_way, moves, subscribed};
use onsite_rules::mute::holds;
use onsite_rules::severity::{Shown, shown};
use onsite_wire::ids::{AlarmId, DeviceId, IncidentId, OrganizationId};
use onsite_wire::onsite::{Author, AuthorKind, Capability, Incident, IncidentChange, IncidentState};
use onsite_wire::rest::{Alarm, Device};
use onsite_wire::time::Timestamp;
use rusqlite::{OptionalExtension, params};
use sha2::{Digest, Sha256};

use super::changes::Write;
use super::due::Due;
use super::inventory::{read_body, write_body};
use super::objects::{Kind, Place, Stored};
use super::{StorageError, View};

/// How deep components may stand in each other before a cycle is suspected.
const DEPTH: usize = 64;

/// The author of what nobody did.
pub(crate) const fn nobody() -> Author {
    Author { kind: AuthorKind::Server, id: None, name: String::new() }
}

impl View<'_> {
    /// An incident, with its place and the offset at which it last changed.
    pub fn incident(
        &self,
        organization: OrganizationId,
        id: IncidentId,
    ) -> Result<Option<(Incident, Place, i64)>, StorageError> {
        self.object(organization, Kind::Incident, id.0)?
            .map(|(stored, offset)| Ok((read_body("incident", &stored.body)?, stored.place, offset)))
            .transpose()
    }

    /// All incidents that are not closed.
    pub fn open_incidents(&self, organization: OrganizationId) -> Result<Vec<Incident>, StorageError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT body FROM objects
             WHERE organization = ?1 AND feed = 'incidents' AND ended_at IS NULL AND removed_at IS NULL ORDER BY id",
        )?;
        let bodies = statement.query_map([organization.bytes()], |row| row.get::<_, String>(0))?;
        bodies.map(|body| read_body("incident", &body?)).collect()
    }

    /// The incident of a device that is new, open or pending.
    pub fn under_way(
        &self,
        organization: OrganizationId,
        device: DeviceId,
    ) -> Result<Option<IncidentId>, StorageError> {
        let found = self
            .connection
            .prepare_cached("SELECT incident FROM incidents_under_way WHERE organization = ?1 AND device = ?2")?
            .query_row(params![organization.bytes(), device.bytes()], |row| row.get(0))
            .optional()?;
        Ok(found.map(IncidentId::from_bytes))
    }

    fn has_had_incident(&self, organization: OrganizationId, alarm: AlarmId) -> Result<bool, StorageError> {
        Ok(self
            .connection
            .prepare_cached("SELECT 1 FROM incident_alarms WHERE organization = ?1 AND alarm = ?2")?
            .exists(params![organization.bytes(), alarm.bytes()])?)
    }

    /// Whether a mute of the alarm, of its device or of one that this is part of holds now.
    pub(super) fn is_muted(
        &self,
        organization: OrganizationId,
        alarm: &Alarm,
        device: Option<&Device>,
        now: Timestamp,
    ) -> Result<bool, StorageError> {
        if alarm.mute.as_ref().is_some_and(|mute| holds(mute, alarm.cleared_time.is_some(), now)) {
            return Ok(true);
        }
        let mut next = device.cloned();
        for _ in 0..DEPTH {
            let Some(device) = next else { return Ok(false) };
            if device.mute.as_ref().is_some_and(|mute| holds(mute, false, now)) {
                return Ok(true);
            }
            next = match device.parent_id {
                Some(parent) => self.device(organization, parent)?.map(|(device, _, _)| device),
                None => None,
            };
        }
        Ok(false)
    }
}

impl Write<'_> {
    /// Writes an incident as it is now, and gives its offset.
    pub(crate) fn put_incident(
        &mut self,
        organization: OrganizationId,
        incident: &Incident,
    ) -> Result<i64, StorageError> {
        let place = match self.view().object(organization, Kind::Incident, incident.id.0)? {
            // Its device may be gone by now; the incident stays where it was.
            Some((stored, _)) => stored.place,
            None => self.view().place_of(organization, incident.device_id)?,
        };
        let closed = incident.state == IncidentState::Closed;
        let stored = Stored {
            kind: Kind::Incident,
            id: incident.id.0,
            parent: Some(incident.device_id.0),
            place,
            audience: None,
            ended_at: closed.then(|| incident.history.last().map_or(incident.last_at, |change| change.at)),
            body: without_revision(write_body("incident", &Incident { revision: 0, ..incident.clone() })?),
        };
        self.put(organization, &stored)
    }

    /// Opens an incident: nobody owns it yet. The device has none under way, as the caller has seen to.
    pub(crate) fn open_incident(
        &mut self,
        organization: OrganizationId,
        opening: Opening,
    ) -> Result<i64, StorageError> {
        let Opening { id, device, subject, description, alarms, by, at } = opening;
        for alarm in &alarms {
            self.name_alarm(organization, *alarm, id)?;
        }
        self.connection()
            .prepare_cached("INSERT INTO incidents_under_way (organization, device, incident) VALUES (?1, ?2, ?3)")?
            .execute(params![organization.bytes(), device.bytes(), id.bytes()])?;
        let change =
            IncidentChange { at, by: by.clone(), state: Some(IncidentState::New), alarm: None, feedback: false };
        let mut incident = Incident {
            id,
            device_id: device,
            subject,
            description,
            state: IncidentState::New,
            opened_at: at,
            opened_by: by.clone(),
            alarms,
            agent: String::new(),
            closes_at: None,
            last_message: 0,
            last_at: at,
            history: vec![change],
            participants: Vec::new(),
            read_furthest: Vec::new(),
            feedback: None,
            revision: 0,
        };
        takes_part(&mut incident, &by);
        let offset = self.put_incident(organization, &incident)?;
        self.tell_of_opening(organization, &incident)?;
        Ok(offset)
    }

    fn name_alarm(
        &mut self,
        organization: OrganizationId,
        alarm: AlarmId,
        incident: IncidentId,
    ) -> Result<(), StorageError> {
        self.connection()
            .prepare_cached(
                "INSERT INTO incident_alarms (organization, alarm, incident) VALUES (?1, ?2, ?3)
                 ON CONFLICT (organization, alarm) DO NOTHING",
            )?
            .execute(params![organization.bytes(), alarm.bytes(), incident.bytes()])?;
        Ok(())
    }

    /// Moves an incident on, writes the move into its history and its chat, and gives its offset. The table has allowed it.
    pub(crate) fn move_incident(
        &mut self,
        organization: OrganizationId,
        mut incident: Incident,
        to: IncidentState,
        by: &Author,
    ) -> Result<i64, StorageError> {
        let now = self.now();
        incident.state = to;
        incident.closes_at = (to == IncidentState::Solved).then(|| now.plus_millis(CLOSES_AFTER_MS));
        incident.last_at = now;
        incident.history.push(IncidentChange {
            at: now,
            by: by.clone(),
            state: Some(to),
            alarm: None,
            feedback: false,
        });
        takes_part(&mut incident, by);
        if by.kind == AuthorKind::Agent {
            incident.agent.clone_from(&by.name);
        }
        self.set_due(organization, incident.id.0, Due::Closing, incident.closes_at)?;
        let device = incident.device_id;
        let sql = if is_under_way(to) {
            "INSERT INTO incidents_under_way (organization, device, incident) VALUES (?1, ?2, ?3)
             ON CONFLICT (organization, device) DO UPDATE SET incident = excluded.incident"
        } else {
            "DELETE FROM incidents_under_way WHERE organization = ?1 AND device = ?2 AND incident = ?3"
        };
        self.connection().prepare_cached(sql)?.execute(params![
            organization.bytes(),
            device.bytes(),
            incident.id.bytes()
        ])?;
        self.write_change(organization, &mut incident, by, to)?;
        if to == IncidentState::Closed {
            self.settle_chat(organization, incident.id)?;
        }
        let offset = self.put_incident(organization, &incident)?;
        self.tell_of_state(organization, &incident, by, to)?;
        Ok(offset)
    }

    /// The time of a solved incident is over.
    pub(super) fn close_incident(&mut self, organization: OrganizationId, id: IncidentId) -> Result<(), StorageError> {
        let Some((incident, _, _)) = self.view().incident(organization, id)? else { return Ok(()) };
        let to = IncidentState::Closed;
        if moves(incident.state, to, Mover::Clock, incident.closes_at, self.now()).is_ok() {
            self.move_incident(organization, incident, to, &nobody())?;
        }
        Ok(())
    }

    /// Opens an incident for an alarm that asks for one, or lets it join the one under way (I1). An alarm does either once.
    pub(crate) fn consider_alarm(&mut self, organization: OrganizationId, alarm: &Alarm) -> Result<(), StorageError> {
        let asks = alarm.cleared_time.is_none() && shown(alarm.severity) == Some(Shown::Critical);
        if !asks || self.view().has_had_incident(organization, alarm.id)? {
            return Ok(());
        }
        let Some((device, _, _)) = self.view().device(organization, alarm.device_id)? else { return Ok(()) };
        let now = self.now();
        if subscribed(device.subscription).is_err()
            || !self.offered(organization)?.contains(&Capability::Incidents)
            || self.view().is_muted(organization, alarm, Some(&device), now)?
        {
            return Ok(());
        }
        let under_way = self.view().under_way(organization, device.id)?;
        let found = match under_way {
            Some(id) => self.view().incident(organization, id)?,
            None => None,
        };
        if let Some((mut incident, _, _)) = found {
            self.name_alarm(organization, alarm.id, incident.id)?;
            incident.alarms.push(alarm.id);
            incident.last_at = now;
            let change = IncidentChange { at: now, by: nobody(), state: None, alarm: Some(alarm.id), feedback: false };
            incident.history.push(change);
            self.put_incident(organization, &incident)?;
        } else {
            let opening = Opening {
                id: opened_by(alarm.id),
                device: device.id,
                subject: alarm.label.clone(),
                description: alarm.message.clone(),
                alarms: vec![alarm.id],
                by: nobody(),
                at: now,
            };
            self.open_incident(organization, opening)?;
        }
        Ok(())
    }

    /// The same for all active alarms of a device and of its components: its mute has ended.
    pub(crate) fn consider_device(
        &mut self,
        organization: OrganizationId,
        device: DeviceId,
    ) -> Result<(), StorageError> {
        for id in self.view().device_tree(organization, device)? {
            let mut alarms = self.view().active_alarms(organization, Some(DeviceId(id)))?;
            alarms.sort_by_key(|alarm| (alarm.activated_time, alarm.id));
            for alarm in alarms {
                self.consider_alarm(organization, &alarm)?;
            }
        }
        Ok(())
    }
}

/// The id of the incident that an alarm opens. An alarm opens one once; so the same demonstration has the same ids.
pub(super) fn opened_by(alarm: AlarmId) -> IncidentId {
    let hash: [u8; 32] = Sha256::digest(format!("incident {alarm}").as_bytes()).into();
    let mut bytes = [0; 16];
    bytes.iter_mut().zip(hash).for_each(|(byte, of)| *byte = of);
    IncidentId(uuid::Builder::from_random_bytes(bytes).into_uuid())
}

/// What an incident begins with.
pub(crate) struct Opening {
    pub(crate) id: IncidentId,
    pub(crate) device: DeviceId,
    pub(crate) subject: String,
    pub(crate) description: String,
    pub(crate) alarms: Vec<AlarmId>,
    pub(crate) by: Author,
    pub(crate) at: Timestamp,
}

/// Somebody did something in it, and is in it from now on.
pub(crate) fn takes_part(incident: &mut Incident, author: &Author) {
    let known = |other: &Author| other.kind == author.kind && other.id == author.id && other.name == author.name;
    if author.kind != AuthorKind::Server && !incident.participants.iter().any(known) {
        incident.participants.push(author.clone());
    }
}

/// The revision is put in when an object is read.
pub(super) fn without_revision(body: String) -> String {
    body.strip_suffix(",\"revision\":0}").map_or_else(|| body.clone(), |rest| format!("{rest}}}"))
}
