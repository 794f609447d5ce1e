//! Taking in an organization from a document. The document is the truth on inventory, sensors, people and groups: what it
//! does not name is removed. Alarms are taken in and never deleted.

use std::collections::{HashMap, HashSet};

use onsite_wire::ids::{LocationId, OrganizationId, PersonId};
use onsite_wire::onsite::Capability;
use onsite_wire::rest::{Alarm, Device, InventoryObject, Organization};
use uuid::Uuid;

use super::StorageError;
use super::changes::Write;
use super::ingest::IngestError;
use super::objects::Kind;
use super::people::{OrganizationRow, PersonRow};
use crate::document::{DocumentGroup, OrganizationDocument};

/// Everything that this server has to offer.
pub(super) const ALL_CAPABILITIES: [Capability; 13] = [
    Capability::Acknowledge,
    Capability::Mute,
    Capability::Category,
    Capability::SensorHistory,
    Capability::AlarmHistory,
    Capability::FloorPosition,
    Capability::People,
    Capability::Events,
    Capability::Digest,
    Capability::Duty,
    Capability::Notifications,
    Capability::Incidents,
    Capability::Photos,
];

impl Write<'_> {
    /// Takes in a document; `passwords` are the hashes of its people's passwords.
    pub(super) fn import(
        &mut self,
        document: &OrganizationDocument,
        passwords: &HashMap<PersonId, String>,
    ) -> Result<OrganizationId, IngestError> {
        let organization = the_organization(document)?;
        // What a document brings happened before: nobody is rung out of bed for it.
        self.tell_nobody();
        self.put_organization_row(&OrganizationRow {
            id: organization.id,
            label: organization.label.clone(),
            partner: document.partner.as_ref().map(|partner| (partner.id, partner.name.clone())),
            capabilities: document.capabilities.clone().unwrap_or_else(|| ALL_CAPABILITIES.to_vec()),
        })?;
        self.put_organization(organization)?;
        self.import_inventory(organization.id, document)?;
        self.import_people(organization.id, document, passwords)?;
        let offered = self.offered(organization.id)?;
        for site in &document.sites {
            self.put_site(organization.id, site.clone())?;
        }
        for alarm in &document.alarms {
            self.import_alarm(organization.id, alarm, &offered)?;
        }
        self.measure(organization.id, document.measurements.clone())?;
        Ok(organization.id)
    }

    fn import_inventory(
        &mut self,
        organization: OrganizationId,
        document: &OrganizationDocument,
    ) -> Result<(), StorageError> {
        let mut named: HashSet<Uuid> = HashSet::new();
        for object in &document.inventory_objects {
            if let InventoryObject::Location(location) = object {
                named.insert(location.id.0);
                self.put_location(organization, location)?;
            }
        }
        for device in parents_first(document) {
            named.insert(device.id.0);
            self.put_device(organization, &self.with_its_mute(organization, device)?)?;
        }
        for sensor in &document.sensors {
            named.insert(sensor.id.0);
            self.put_sensor(organization, sensor)?;
        }
        for kind in [Kind::Sensor, Kind::Device, Kind::Location] {
            for id in self.view().ids_of(organization, kind)? {
                if !named.contains(&id) {
                    if kind == Kind::Location {
                        self.put_fence(organization, LocationId(id), None)?;
                        self.put_calls(organization, id, Vec::new())?;
                    }
                    self.remove(organization, kind, id)?;
                }
            }
        }
        Ok(())
    }

    /// A document says what devices there are; what people muted stays muted, unless it says something of that too.
    fn with_its_mute(&self, organization: OrganizationId, device: &Device) -> Result<Device, StorageError> {
        let present = self.view().device(organization, device.id)?.and_then(|(present, _, _)| present.mute);
        Ok(Device { mute: device.mute.clone().or(present), ..device.clone() })
    }

    fn import_people(
        &mut self,
        organization: OrganizationId,
        document: &OrganizationDocument,
        passwords: &HashMap<PersonId, String>,
    ) -> Result<(), StorageError> {
        // Somebody known by e-mail from another organization is the same person here.
        let mut known_as: HashMap<PersonId, PersonId> = HashMap::new();
        for person in &document.people {
            let known = self.view().account(&person.email)?.map_or(person.id, |(account, _)| account.id);
            known_as.insert(person.id, known);
            let row = PersonRow { id: known, email: person.email.clone(), name: person.name.clone() };
            self.put_person(&row, passwords.get(&person.id).map(String::as_str))?;
            self.put_member(organization, known, person.partner)?;
        }
        let staying: HashSet<PersonId> = known_as.values().copied().collect();
        for member in self.view().members(organization)? {
            if !staying.contains(&member) {
                self.remove_member(organization, member)?;
            }
        }
        let groups: Vec<DocumentGroup> = document
            .groups
            .iter()
            .map(|group| DocumentGroup {
                members: group.members.iter().filter_map(|member| known_as.get(member).copied()).collect(),
                ..group.clone()
            })
            .collect();
        self.put_groups(organization, &groups)
    }

    fn import_alarm(
        &mut self,
        organization: OrganizationId,
        alarm: &Alarm,
        offered: &[Capability],
    ) -> Result<(), StorageError> {
        let present = self.view().alarm(organization, alarm.id)?.map(|(alarm, _, _)| alarm);
        let mut alarm = Alarm { revision: None, ..alarm.clone() };
        if let Some(present) = &present {
            alarm.acknowledgement = alarm.acknowledgement.or_else(|| present.acknowledgement.clone());
            alarm.mute = alarm.mute.or_else(|| present.mute.clone());
        }
        let alarm = with_aspects(alarm, offered);
        if present.as_ref() != Some(&alarm) {
            self.put_alarm(organization, &alarm)?;
            self.note_assignment(organization, &alarm)?;
        }
        self.adopt(organization, &alarm)
    }

    /// What an organization offers.
    pub(super) fn offered(&self, organization: OrganizationId) -> Result<Vec<Capability>, StorageError> {
        Ok(self.view().organization(organization)?.map(|row| row.capabilities).unwrap_or_default())
    }
}

/// An alarm with the aspects that its organization offers, and without the others.
pub(super) fn with_aspects(alarm: Alarm, offered: &[Capability]) -> Alarm {
    let offers = |capability| offered.contains(&capability);
    Alarm {
        acknowledgement: offers(Capability::Acknowledge).then(|| alarm.acknowledgement.unwrap_or_default()),
        mute: offers(Capability::Mute).then(|| alarm.mute.unwrap_or_default()),
        category: alarm.category.filter(|_| offers(Capability::Category)),
        floor_position: alarm.floor_position.filter(|_| offers(Capability::FloorPosition)),
        ..alarm
    }
}

fn the_organization(document: &OrganizationDocument) -> Result<&Organization, IngestError> {
    let mut organizations = document.inventory_objects.iter().filter_map(|object| match object {
        InventoryObject::Organization(organization) => Some(organization),
        InventoryObject::Location(_) | InventoryObject::Device(_) => None,
    });
    match (organizations.next(), organizations.next()) {
        (Some(organization), None) => Ok(organization),
        _ => Err(IngestError::Document("it must hold exactly one organization")),
    }
}

/// Devices in an order in which a component comes after what it is part of, so that it finds its place. A cycle of
/// devices, or a part of something unknown, comes last.
fn parents_first(document: &OrganizationDocument) -> Vec<&Device> {
    let mut waiting: Vec<&Device> = document
        .inventory_objects
        .iter()
        .filter_map(|object| match object {
            InventoryObject::Device(device) => Some(&**device),
            InventoryObject::Location(_) | InventoryObject::Organization(_) => None,
        })
        .collect();
    let mut placed = HashSet::new();
    let mut ordered = Vec::with_capacity(waiting.len());
    loop {
        let (ready, later): (Vec<_>, Vec<_>) =
            waiting.into_iter().partition(|device| device.parent_id.is_none_or(|parent| placed.contains(&parent)));
        if ready.is_empty() {
            ordered.extend(later);
            return ordered;
        }
        placed.extend(ready.iter().map(|device| device.id));
        ordered.extend(ready);
        waiting = later;
    }
}
