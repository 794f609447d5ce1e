//! An organization's document as the inventors of alarms look at it: every device with its place, its sensors, its people.

use std::collections::HashMap;

use onsite_rules::rights::{Permission, may, sees_everything};
use onsite_wire::ids::{DeviceId, LocationId, OrganizationId, PersonId};
use onsite_wire::onsite::OrganizationRights;
use onsite_wire::rest::{Assignee, AssigneeKind, Device, FloorPosition, InventoryObject, Location, Sensor};

use super::catalogue::Kind;
use super::dice::derived;
use super::people;
use crate::document::OrganizationDocument;

/// An organization, surveyed.
#[derive(Debug)]
pub(super) struct Survey {
    /// Which.
    pub(super) organization: OrganizationId,
    /// Its devices, in the document's order.
    pub(super) spots: Vec<Spot>,
    /// Its people.
    pub(super) colleagues: Vec<Colleague>,
    /// Its partner, as somebody to make responsible.
    pub(super) partner: Option<Assignee>,
}

/// A device where it stands.
#[derive(Debug)]
pub(super) struct Spot {
    /// The device.
    pub(super) device: DeviceId,
    /// Its name.
    pub(super) label: String,
    /// What it is.
    pub(super) kind: Kind,
    /// Its location and all above, nearest first.
    pub(super) path: Vec<LocationId>,
    /// The site's name.
    pub(super) site: String,
    /// Where it stands on its room's plan.
    pub(super) floor: Option<FloorPosition>,
    /// What it measures.
    pub(super) sensors: Vec<Sensor>,
}

/// A person at work.
#[derive(Debug)]
pub(super) struct Colleague {
    /// Who.
    pub(super) id: PersonId,
    /// The name.
    pub(super) name: String,
    /// What the person may do, and where.
    pub(super) rights: OrganizationRights,
}

impl Survey {
    /// Looks at a document. Devices of kinds not invented here are passed over.
    pub(super) fn of(document: &OrganizationDocument) -> Self {
        let mut sensors: HashMap<DeviceId, Vec<Sensor>> = HashMap::new();
        for sensor in &document.sensors {
            sensors.entry(sensor.device_id).or_default().push(sensor.clone());
        }
        let organization = document.inventory_objects.iter().find_map(|object| match object {
            InventoryObject::Organization(organization) => Some(organization.id),
            InventoryObject::Location(_) | InventoryObject::Device(_) => None,
        });
        let named = |person: &crate::document::DocumentPerson| Colleague {
            id: person.id,
            name: person.name.clone(),
            rights: people::rights(document, person.id),
        };
        let partner = document.partner.as_ref();
        Self {
            organization: organization.unwrap_or_else(|| OrganizationId::from_bytes([0; 16])),
            spots: spots(&document.inventory_objects, |device| sensors.remove(&device.id).unwrap_or_default()),
            colleagues: document.people.iter().map(named).collect(),
            partner: partner.map(|partner| Assignee {
                kind: AssigneeKind::Partner,
                id: partner.id.0,
                name: partner.name.clone(),
            }),
        }
    }

    /// The people who may do this at a device.
    pub(super) fn who_may(&self, permission: Permission, spot: &Spot) -> Vec<&Colleague> {
        self.colleagues.iter().filter(|colleague| may(&colleague.rights, &spot.path, permission)).collect()
    }
}

/// The devices of an inventory where they stand, with the sensors that `sensors` finds for each.
pub(super) fn spots(inventory: &[InventoryObject], mut sensors: impl FnMut(&Device) -> Vec<Sensor>) -> Vec<Spot> {
    let mut locations = HashMap::new();
    let mut labels = HashMap::new();
    for object in inventory {
        match object {
            InventoryObject::Location(location) => {
                locations.insert(location.id, location);
            }
            InventoryObject::Device(device) => {
                labels.insert(device.id, (device.label.as_str(), device.parent_id));
            }
            InventoryObject::Organization(_) => {}
        }
    }
    let devices = inventory.iter().filter_map(|object| match object {
        InventoryObject::Device(device) => Some(device),
        InventoryObject::Organization(_) | InventoryObject::Location(_) => None,
    });
    let spot = |device: &Box<Device>| {
        let path = path(device.location_id, &locations);
        let site = path.last().and_then(|id| locations.get(id)).map(|site| site.label.clone());
        Some(Spot {
            device: device.id,
            label: full_label(device, &labels),
            kind: Kind::from_wire(&device.kind)?,
            site: site.unwrap_or_default(),
            floor: floor(device, &path, &locations),
            sensors: sensors(device),
            path,
        })
    };
    devices.filter_map(spot).collect()
}

fn path(location: Option<LocationId>, locations: &HashMap<LocationId, &Location>) -> Vec<LocationId> {
    let above = |id: &LocationId| locations.get(id).and_then(|location| location.parent_id);
    // A tree deeper than this would be a circle.
    std::iter::successors(location, above).take(16).collect()
}

/// A component is named after what it is a component of: "HAM-RPDU-01 Bank 2".
fn full_label(device: &Device, labels: &HashMap<DeviceId, (&str, Option<DeviceId>)>) -> String {
    let mut label = device.label.clone();
    let mut parent = device.parent_id;
    let mut depth = 0;
    while let Some((above, next)) = parent.and_then(|id| labels.get(&id)).filter(|_| depth < 4) {
        label = format!("{above} {label}");
        (parent, depth) = (*next, depth + 1);
    }
    label
}

/// The plan is the room's; the place on it follows from the rack, or from the device where it stands free.
fn floor(device: &Device, path: &[LocationId], locations: &HashMap<LocationId, &Location>) -> Option<FloorPosition> {
    let room = path.iter().find(|id| locations.get(id).is_some_and(|location| location.kind == "ROOM"))?;
    let stands = device.location_id.filter(|location| location != room).map_or(device.id.0, |rack| rack.0);
    let share = |n| f64::from(u16::from_be_bytes([derived(stands, n).as_bytes()[0], derived(stands, n).as_bytes()[1]]));
    let within = |n| (share(n) / 65_535.0 * 0.9 + 0.05) * 1_000.0;
    Some(FloorPosition {
        floor_image_id: format!("floor-{room}"),
        x: within(1).round() / 1_000.0,
        y: within(2).round() / 1_000.0,
    })
}

impl Spot {
    /// The sensor with this label.
    pub(super) fn sensor(&self, label: &str) -> Option<&Sensor> {
        self.sensors.iter().find(|sensor| sensor.label == label)
    }
}

impl Colleague {
    /// The person as somebody to make responsible.
    pub(super) fn assignee(&self) -> Assignee {
        Assignee { kind: AssigneeKind::Person, id: self.id.0, name: self.name.clone() }
    }

    /// Whether the person sees every device.
    pub(super) fn sees_everything(&self) -> bool {
        sees_everything(&self.rights)
    }
}
