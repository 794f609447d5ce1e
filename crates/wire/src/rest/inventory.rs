//! Inventory: the organization, its locations and its devices, in one list told apart by a discriminator.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::alarm::{MuteAspect, text_or_null};
use crate::ids::{DeviceId, LocationId, OrganizationId};
use crate::time::Date;

/// Any object of the inventory. Written with `discriminator`; read by it or, where it is missing or strange, by shape
/// (fact 5.2: the vendor's property name and values are not public).
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "discriminator")]
pub enum InventoryObject {
    /// The organization itself, exactly one.
    Organization(Organization),
    /// A location made by users.
    Location(Location),
    /// A device found by a gateway.
    Device(Box<Device>),
}

/// The organization as an inventory object; its id is the one of the path.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Organization {
    /// Equal to the organization id in the path.
    pub id: OrganizationId,
    /// Display name.
    #[serde(default, deserialize_with = "text_or_null")]
    pub label: String,
    /// One free line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// Ours: see [`super::Alarm::revision`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<i64>,
}

/// A location.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Location {
    /// Its id.
    pub id: LocationId,
    /// Display name.
    #[serde(default, deserialize_with = "text_or_null")]
    pub label: String,
    /// Parent location; missing at the top.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent_id: Option<LocationId>,
    /// `SITE`, `BUILDING`, `ROOM`, `RACK` …: an open set.
    #[serde(rename = "type", default, deserialize_with = "text_or_null")]
    pub kind: String,
    /// One free line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// Ours: see [`super::Alarm::revision`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<i64>,
}

/// A device.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Device {
    /// Its id.
    pub id: DeviceId,
    /// Display name.
    #[serde(default, deserialize_with = "text_or_null")]
    pub label: String,
    /// `UPS`, `RPDU`, `PDU`, `OUTLET_GROUP` …: an open set.
    #[serde(rename = "type", default, deserialize_with = "text_or_null")]
    pub kind: String,
    /// Parent device of a composite: rack PDU › bank › outlet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent_id: Option<DeviceId>,
    /// Missing: directly under the organization.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location_id: Option<LocationId>,
    /// The gateways that see it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gateway_ids: Option<Vec<String>>,
    /// A calendar day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warranty_expiration_date: Option<Date>,
    /// A calendar day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_due_date: Option<Date>,
    /// A calendar day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_service_date: Option<Date>,
    /// Free text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device_note: Option<String>,
    /// The model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model_name: Option<String>,
    /// The serial number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub serial_number: Option<String>,
    /// Ours: who made it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manufacturer: Option<String>,
    /// Ours: its firmware.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub firmware_version: Option<String>,
    /// Ours: its addresses; a read-only partner gets the last two segments only (P5).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ip_addresses: Vec<String>,
    /// Ours: what was subscribed to for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subscription: Option<Subscription>,
    /// Ours: the device's mute, which covers its component devices (A9).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mute: Option<MuteAspect>,
    /// Ours: see [`super::Alarm::revision`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<i64>,
}

/// The subscription of a device; decides what is offered for it (P10).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Subscription {
    /// IT Expert.
    ItExpert,
    /// Asset Advisor: watched by the service bureau.
    AssetAdvisor,
    /// Nothing is pushed for it. Also what a reader makes of a subscription it has not heard of.
    #[serde(other)]
    None,
}

/// Every property of every kind of object: read once, then told apart.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AnyObject {
    discriminator: Option<String>,
    id: Uuid,
    label: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
    parent_id: Option<Uuid>,
    location_id: Option<LocationId>,
    gateway_ids: Option<Vec<String>>,
    address: Option<String>,
    warranty_expiration_date: Option<Date>,
    service_due_date: Option<Date>,
    last_service_date: Option<Date>,
    device_note: Option<String>,
    model_name: Option<String>,
    serial_number: Option<String>,
    manufacturer: Option<String>,
    firmware_version: Option<String>,
    #[serde(default)]
    ip_addresses: Option<Vec<String>>,
    subscription: Option<Subscription>,
    mute: Option<MuteAspect>,
    revision: Option<i64>,
}

enum Shape {
    Organization,
    Location,
    Device,
}

impl AnyObject {
    fn shape(&self) -> Shape {
        match self.discriminator.as_deref() {
            Some("Organization") => Shape::Organization,
            Some("Location") => Shape::Location,
            Some("Device") => Shape::Device,
            _ if self.gateway_ids.is_some() || self.location_id.is_some() || self.serial_number.is_some() => {
                Shape::Device
            }
            _ if self.kind.is_some() || self.parent_id.is_some() => Shape::Location,
            _ => Shape::Organization,
        }
    }
}

impl From<AnyObject> for InventoryObject {
    fn from(any: AnyObject) -> Self {
        let label = any.label.clone().unwrap_or_default();
        match any.shape() {
            Shape::Organization => Self::Organization(Organization {
                id: OrganizationId(any.id),
                label,
                address: any.address,
                revision: any.revision,
            }),
            Shape::Location => Self::Location(Location {
                id: LocationId(any.id),
                label,
                parent_id: any.parent_id.map(LocationId),
                kind: any.kind.unwrap_or_default(),
                address: any.address,
                revision: any.revision,
            }),
            Shape::Device => Self::Device(Box::new(Device {
                id: DeviceId(any.id),
                label,
                kind: any.kind.unwrap_or_default(),
                parent_id: any.parent_id.map(DeviceId),
                location_id: any.location_id,
                gateway_ids: any.gateway_ids,
                warranty_expiration_date: any.warranty_expiration_date,
                service_due_date: any.service_due_date,
                last_service_date: any.last_service_date,
                device_note: any.device_note,
                model_name: any.model_name,
                serial_number: any.serial_number,
                manufacturer: any.manufacturer,
                firmware_version: any.firmware_version,
                ip_addresses: any.ip_addresses.unwrap_or_default(),
                subscription: any.subscription,
                mute: any.mute,
                revision: any.revision,
            })),
        }
    }
}

impl<'de> Deserialize<'de> for InventoryObject {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        AnyObject::deserialize(deserializer).map(Self::from)
    }
}

/// Answer of `listInventory`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct InventoryResponse {
    /// All objects, in no promised order: a device may stand before its location.
    pub inventory_objects: Vec<InventoryObject>,
    /// Where the changes go on.
    pub offset: i64,
}

/// A change of the inventory: the whole current object, or an id that is gone. Written with `discriminator`, read by shape.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "discriminator")]
pub enum InventoryObjectChange {
    /// The object is new, or different.
    #[serde(rename = "InventoryObjectCreateOrUpdate", rename_all = "camelCase")]
    CreateOrUpdate {
        /// The whole current object.
        inventory_object: InventoryObject,
    },
    /// The object is gone, or this reader may no longer see it.
    #[serde(rename = "InventoryObjectDelete", rename_all = "camelCase")]
    Delete {
        /// A `DeviceId` or `LocationId`.
        inventory_object_id: Uuid,
    },
}

impl<'de> Deserialize<'de> for InventoryObjectChange {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Either {
            inventory_object: Option<InventoryObject>,
            inventory_object_id: Option<Uuid>,
        }
        let either = Either::deserialize(deserializer)?;
        match (either.inventory_object, either.inventory_object_id) {
            (Some(inventory_object), _) => Ok(Self::CreateOrUpdate { inventory_object }),
            (None, Some(inventory_object_id)) => Ok(Self::Delete { inventory_object_id }),
            (None, None) => Err(serde::de::Error::missing_field("inventoryObject")),
        }
    }
}

/// Answer of `getInventoryChangesAfterOffset`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct InventoryChangesResponse {
    /// The changes.
    pub inventory_object_changes: Vec<InventoryObjectChange>,
    /// The next offset; equal to the one asked with when nothing is new.
    pub offset: i64,
}

/// Answer of `getDevice`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GetDeviceResponse {
    /// The device; always an [`InventoryObject::Device`].
    pub device: InventoryObject,
    /// What it stands in, nearest first, ending with the organization (fact 5.1).
    pub ancestors: Vec<InventoryObject>,
}

/// Answer of `listOrganizations`. Its shape is not public (fact 3): a reader also takes bare ids.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OrganizationsResponse {
    /// What the caller may read.
    pub organizations: Vec<OrganizationEntry>,
}

/// One organization that the caller may read.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct OrganizationEntry {
    /// Its id.
    pub id: OrganizationId,
    /// Its name.
    pub label: String,
}

impl<'de> Deserialize<'de> for OrganizationEntry {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Either {
            Bare(OrganizationId),
            Entry { id: OrganizationId, label: Option<String> },
        }
        Ok(match Either::deserialize(deserializer)? {
            Either::Bare(id) => Self { id, label: String::new() },
            Either::Entry { id, label } => Self { id, label: label.unwrap_or_default() },
        })
    }
}
