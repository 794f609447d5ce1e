//! An organization as one JSON document: what `demo-data` writes and `import` reads.
//!
//! Inventory, sensors and alarms stand in it exactly as the vendor's API writes them, so that an answer of the vendor's
//! can be pasted in; people, groups and the partner are ours.

use onsite_wire::ids::{LocationId, OrganizationId, PartnerId, PersonId};
use onsite_wire::onsite::{Capability, Role, SiteEntry};
use onsite_wire::rest::{Alarm, InventoryObject, Measurement, Sensor};
use serde::{Deserialize, Serialize};

/// One organization with all that belongs to it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OrganizationDocument {
    /// Exactly one `Organization`, its locations and its devices.
    pub inventory_objects: Vec<InventoryObject>,
    /// Sensors of those devices.
    #[serde(default)]
    pub sensors: Vec<Sensor>,
    /// Alarms of those devices.
    #[serde(default)]
    pub alarms: Vec<Alarm>,
    /// The past of the sensors.
    #[serde(default)]
    pub measurements: Vec<Measurement>,
    /// People; somebody known by e-mail from another organization is the same person here.
    #[serde(default)]
    pub people: Vec<DocumentPerson>,
    /// Who may see what.
    #[serde(default)]
    pub groups: Vec<DocumentGroup>,
    /// The company that looks after it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partner: Option<DocumentPartner>,
    /// Fences and call lists; what is not named here stays as it is.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sites: Vec<SiteEntry>,
    /// What is offered; missing: everything the server has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capabilities: Option<Vec<Capability>>,
}

/// A person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DocumentPerson {
    /// The person's id.
    pub id: PersonId,
    /// Name as others see it.
    pub name: String,
    /// The address of the account.
    pub email: String,
    /// In clear, for demonstrations only; missing: the person cannot sign in yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<String>,
    /// The partner's technician, not one of the organization's own people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partner: Option<PartnerId>,
}

/// A group: members, and roles at locations (P1).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DocumentGroup {
    /// Display name.
    pub name: String,
    /// Its members.
    pub members: Vec<PersonId>,
    /// Its roles.
    pub grants: Vec<DocumentGrant>,
}

/// A role at a location and below; without a location everywhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DocumentGrant {
    /// Where.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location_id: Option<LocationId>,
    /// What.
    pub role: Role,
}

/// A partner company.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DocumentPartner {
    /// Its id.
    pub id: PartnerId,
    /// Its name.
    pub name: String,
}

impl OrganizationDocument {
    /// The organization that it is about; nothing if it holds none.
    pub fn organization_id(&self) -> Option<OrganizationId> {
        self.inventory_objects.iter().find_map(|object| match object {
            InventoryObject::Organization(organization) => Some(organization.id),
            InventoryObject::Location(_) | InventoryObject::Device(_) => None,
        })
    }
}
