//! The vendor's public REST v1 as types (`/rest/v1`).
//!
//! Names are exactly the vendor's where the vendor has names. Every further property is ours, optional for a reader, and
//! left out by a writer that has no value: the vendor's clients ignore what they do not know.
//!
//! All lists and change answers carry `offset`, a 64-bit number; the next changes call puts it into its path. The same
//! offset back means: nothing new. There is no paging, filter or sort parameter.

mod alarm;
mod inventory;
mod measurement;
mod sensor;

pub use alarm::{
    Acknowledged, AcknowledgementAspect, Alarm, AlarmChangesResponse, AlarmsResponse, Assignee, AssigneeKind,
    FloorPosition, MuteAspect, MuteReason, Muted, Severity,
};
pub use inventory::{
    Device, GetDeviceResponse, InventoryChangesResponse, InventoryObject, InventoryObjectChange, InventoryResponse,
    Location, Organization, OrganizationEntry, OrganizationsResponse, Subscription,
};
pub use measurement::{Measurement, ReplaySystemMessage};
pub use sensor::{
    Sensor, SensorChange, SensorChangesResponse, SensorKind, SensorsResponse, ThresholdZone, ZoneSeverity,
};
