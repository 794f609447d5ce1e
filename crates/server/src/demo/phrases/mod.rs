//! Faults in the words of such equipment, by the kind of device they befall.

mod cooling;
mod distribution;
mod environment;
mod power;

use onsite_wire::rest::Severity::{Critical, Unknown, Warning};

use super::catalogue::Kind;
use super::conditions::Fault;

const POWER: &str = "Power";
const COOLING: &str = "Cooling";
const ENVIRONMENT: &str = "Environment";
const SECURITY: &str = "Security";
const COMMUNICATION: &str = "Communication";
const LIFESPAN: &str = "Lifespan";
const OTHER: &str = "Other";

/// What can be wrong with devices of a kind.
pub(super) const fn of(kind: Kind) -> &'static [Fault] {
    match kind {
        Kind::Ups => power::UPS,
        Kind::BatteryFrame => power::BATTERY_FRAME,
        Kind::Ats => power::ATS,
        Kind::FloorPdu => distribution::FLOOR_PDU,
        Kind::RackPdu => distribution::RACK_PDU,
        Kind::Bank => distribution::BANK,
        Kind::Outlet => distribution::OUTLET,
        Kind::Cooling => cooling::COOLING_UNIT,
        Kind::Monitor => environment::MONITOR,
        Kind::AirProbe => environment::AIR_PROBE,
    }
}

/// A device with an address of its own stopped answering.
const NO_ANSWER: Fault = Fault::new(
    "no_answer",
    COMMUNICATION,
    Critical,
    "Device Communication Alert",
    "{device} has not answered three polls in a row.",
    &["Check the network card's link light.", "Ping the device from the site.", "Restart the management card only."],
)
.weighs(4)
.storms();

/// A component is missing in the answers of the device it belongs to.
const COMPONENT_LOST: Fault = Fault::new(
    "component_lost",
    COMMUNICATION,
    Warning,
    "Lost Component Communication",
    "{device} is no longer reported by the unit it is part of.",
    &["Check the ribbon cable behind the display.", "Restart the controller of the unit."],
)
.weighs(2)
.storms();

/// A device that answers, but not how it is.
const STATUS_UNKNOWN: Fault = Fault::new(
    "status_unknown",
    COMMUNICATION,
    Unknown,
    "Status Unknown",
    "{device} answers, but gives no status.",
    &["Read the status at the device's own display.", "Update the firmware if it happens again."],
)
.weighs(1);

/// A password or setting was changed at the device.
const SETTINGS_CHANGED: Fault = Fault::new(
    "settings_changed",
    OTHER,
    Warning,
    "Configuration Changed",
    "Settings of {device} were changed at its own panel or web page.",
    &["Compare the settings with the last saved ones.", "Ask on site who changed them."],
)
.weighs(1);

/// The maker's support for a device ends.
const SUPPORT_ENDS: Fault = Fault::new(
    "support_ends",
    LIFESPAN,
    Warning,
    "Product Support Ending",
    "The maker stops supporting {device} within twelve months.",
    &["Plan the replacement.", "Keep one spare of each wearing part until then."],
)
.weighs(1);
