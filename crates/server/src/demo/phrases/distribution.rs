//! Faults of power distribution: floor-standing, in racks, their banks and outlets.

use onsite_wire::rest::Severity::{Critical, Error, Unknown, Warning};

use super::super::conditions::Fault;
use super::super::sensors::{BREAKERS, PHASES};
use super::{COMMUNICATION, COMPONENT_LOST, ENVIRONMENT, NO_ANSWER, OTHER, POWER, SETTINGS_CHANGED, STATUS_UNKNOWN};

pub(super) const FLOOR_PDU: &[Fault] = &[
    Fault::new(
        "undervoltage",
        POWER,
        Warning,
        "Output Undervoltage",
        "Output phase {part} of {device} is at {value}, below {limit}.",
        &["Compare with the input of the distribution."],
    )
    .of_each(PHASES)
    .when_low("Output voltage {part}")
    .worsens("Output Voltage Lost", "Output phase {part} of {device} is at {value}.")
    .storms(),
    Fault::new(
        "input_missing",
        POWER,
        Critical,
        "Input Missing",
        "Nothing arrives at the input of {device}.",
        &["Check the feeding breaker.", "Look at the UPS before it."],
    )
    .weighs(1)
    .storms(),
    Fault::new(
        "breaker_load",
        POWER,
        Warning,
        "Branch Breaker Load High",
        "Breaker {part} of {device} carries {value}, above {limit}.",
        &["Find the rack behind the breaker.", "Move load to a free breaker."],
    )
    .of_each(BREAKERS)
    .when_high("Breaker load {part}")
    .worsens("Branch Breaker Near Trip", "Breaker {part} of {device} carries {value} and may open.")
    .weighs(6),
    Fault::new(
        "breaker_open",
        POWER,
        Critical,
        "Branch Breaker Open",
        "Breaker {part} of {device} is open.",
        &["Find the short circuit before closing it.", "Check the second feed of the rack."],
    )
    .of_each(BREAKERS)
    .weighs(2)
    .storms(),
    Fault::new(
        "transformer_hot",
        ENVIRONMENT,
        Warning,
        "Transformer Temperature High",
        "The transformer of {device} is at {value}, above {limit}.",
        &["Look for a blocked air inlet.", "Reduce the load."],
    )
    .when_high("Transformer temperature")
    .worsens("Transformer Overheated", "The transformer of {device} is at {value}."),
    Fault::new(
        "residual_current",
        POWER,
        Warning,
        "Residual Current",
        "{value} flow to earth at {device}; {limit} are allowed.",
        &["Unplug one load after the other to find it."],
    )
    .when_high("Residual current")
    .worsens("Ground Fault", "{value} flow to earth at {device}."),
    Fault::new(
        "surge_arrester",
        OTHER,
        Warning,
        "Surge Protection Spent",
        "The surge protection of {device} has done its duty and must be replaced.",
        &["Order the cartridge named on the door.", "Replace it without switching off."],
    )
    .weighs(1),
    NO_ANSWER,
    STATUS_UNKNOWN,
];

pub(super) const RACK_PDU: &[Fault] = &[
    Fault::new(
        "undervoltage",
        POWER,
        Warning,
        "Phase Voltage Low",
        "Phase {part} of {device} is at {value}, below {limit}.",
        &["Compare with the neighbouring rack."],
    )
    .of_each(PHASES)
    .when_low("Voltage {part}")
    .worsens("Phase Voltage Lost", "Phase {part} of {device} is at {value}.")
    .weighs(2)
    .storms(),
    Fault::new(
        "phase_dead",
        POWER,
        Critical,
        "Input Phase Lost",
        "Phase {part} of {device} delivers nothing.",
        &["Check the plug and the breaker before it.", "Make sure that the second supply carries the servers."],
    )
    .of_each(PHASES)
    .weighs(1)
    .storms(),
    Fault::new(
        "phase_load",
        POWER,
        Warning,
        "Phase Near Overload",
        "Phase {part} of {device} carries {value}, above {limit}.",
        &["Spread the plugs over the phases.", "Ask who put new equipment into the rack."],
    )
    .of_each(PHASES)
    .when_high("Current {part}")
    .worsens("Phase Overload", "Phase {part} of {device} carries {value}.")
    .weighs(8),
    Fault::new(
        "supply_redundancy",
        OTHER,
        Error,
        "Internal Supply Failure",
        "One of two internal supplies of {device} has failed; it goes on with the other.",
        &["Replace the unit at the next window."],
    )
    .weighs(1),
    NO_ANSWER,
    SETTINGS_CHANGED,
];

pub(super) const BANK: &[Fault] = &[
    Fault::new(
        "load_high",
        POWER,
        Warning,
        "Bank Near Overload",
        "{device} carries {value}, above {limit}.",
        &["Move a plug to the other bank."],
    )
    .when_high("Load")
    .worsens("Bank Overload", "{device} carries {value}. Its breaker opens soon.")
    .weighs(4),
    Fault::new(
        "load_low",
        POWER,
        Warning,
        "Bank Load Low",
        "{device} carries only {value}; at least {limit} were expected.",
        &["Check whether a server lost its second supply."],
    )
    .when_low("Load")
    .storms(),
    Fault::new(
        "no_voltage",
        POWER,
        Critical,
        "Bank Breaker Open",
        "{device} is without voltage.",
        &["Find the faulty plug before closing the breaker."],
    )
    .weighs(1)
    .storms(),
    COMPONENT_LOST,
];

pub(super) const OUTLET: &[Fault] = &[
    Fault::new(
        "no_power",
        POWER,
        Warning,
        "Outlet Without Power",
        "{device} delivers no power although it is switched on.",
        &["Check the bank's breaker.", "Check the plug."],
    )
    .weighs(1)
    .storms(),
    Fault::new(
        "switched_off",
        OTHER,
        Warning,
        "Outlet Switched Off",
        "{device} was switched off.",
        &["Ask who switched it, and why."],
    )
    .when_says("Outlet state", "Off")
    .weighs(2),
    Fault::new(
        "relay_unknown",
        COMMUNICATION,
        Unknown,
        "Outlet State Unknown",
        "The relay of {device} does not report its position.",
        &["Read the light beside the outlet."],
    )
    .weighs(1)
    .storms(),
    COMPONENT_LOST,
];
