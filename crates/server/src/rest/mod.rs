//! The vendor's public REST v1, as the vendor's clients expect it, over the same feeds.

mod alarms;
mod inventory;
mod organizations;
mod sensors;

pub(crate) use alarms::{alarm_changes, list_alarms};
pub(crate) use inventory::{get_device, inventory_changes, list_inventory, written};
pub(crate) use organizations::list_organizations;
pub(crate) use sensors::{list_sensors, sensor_changes};
