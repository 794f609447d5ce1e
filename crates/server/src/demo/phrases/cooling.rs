//! Faults of air conditioners.

use onsite_wire::rest::Severity::{Critical, Error, Warning};

use super::super::conditions::Fault;
use super::super::sensors::FANS;
use super::{COOLING, LIFESPAN, NO_ANSWER, SETTINGS_CHANGED, STATUS_UNKNOWN, SUPPORT_ENDS};

pub(super) const COOLING_UNIT: &[Fault] = &[
    Fault::new(
        "supply_hot",
        COOLING,
        Warning,
        "Supply Air Temperature High",
        "{device} blows {value}, above {limit}.",
        &["Check the chilled water valve.", "Compare with the unit beside it."],
    )
    .when_high("Supply air temperature")
    .worsens("Supply Air Temperature Critical", "{device} blows {value} into the cold aisle.")
    .weighs(6)
    .storms(),
    Fault::new(
        "return_hot",
        COOLING,
        Warning,
        "Return Air Temperature High",
        "Air returns to {device} at {value}, above {limit}.",
        &["Look for missing blanking panels.", "Start the standby unit."],
    )
    .when_high("Return air temperature")
    .worsens("Return Air Temperature Critical", "Air returns to {device} at {value}.")
    .storms(),
    Fault::new(
        "water_warm",
        COOLING,
        Warning,
        "Chilled Water Warm",
        "Water enters {device} at {value}, above {limit}.",
        &["Ask the building's technicians about the chiller.", "Check the bypass valve."],
    )
    .when_high("Chilled water inlet temperature")
    .worsens("Chilled Water Lost", "Water enters {device} at {value}.")
    .storms(),
    Fault::new(
        "filter",
        LIFESPAN,
        Warning,
        "Air Filter Clogged",
        "The filter of {device} resists with {value}; above {limit} it should be changed.",
        &["Change the filter.", "Reset the filter's hours at the display."],
    )
    .when_high("Filter differential pressure")
    .worsens("Air Filter Blocked", "The filter of {device} resists with {value}.")
    .weighs(4),
    Fault::new(
        "suction_low",
        COOLING,
        Warning,
        "Low Suction Pressure",
        "Suction pressure of {device} is {value}, below {limit}.",
        &["Look for oil at the joints.", "Have a refrigeration engineer check the charge."],
    )
    .when_low("Suction pressure")
    .worsens("Compressor Stopped On Low Pressure", "Suction pressure of {device} is {value}."),
    Fault::new(
        "fan_slow",
        COOLING,
        Warning,
        "Fan Speed Low",
        "The {part} of {device} turns at {value}, below {limit}.",
        &["Look for something in the blades.", "Swap the fan; it can be done while running."],
    )
    .of_each(FANS)
    .when_low("Speed of {part}")
    .worsens("Fan Failed", "The {part} of {device} turns at {value}.")
    .storms(),
    Fault::new(
        "airflow_lost",
        COOLING,
        Critical,
        "Loss Of Airflow",
        "No air moves through {device}.",
        &["Open the rack doors if it gets warm.", "Check the fans' fuse."],
    )
    .weighs(2)
    .storms(),
    Fault::new(
        "unit_stopped",
        COOLING,
        Critical,
        "Cooling Unit Stopped",
        "{device} does not cool.",
        &["Read the reason at the display.", "Start the standby unit."],
    )
    .when_says("Unit state", "Stopped")
    .storms(),
    Fault::new(
        "drip_pan",
        COOLING,
        Critical,
        "Condensate In Drip Pan",
        "Water stands in the pan of {device}.",
        &["Empty the pan.", "Clean the float of the pump."],
    )
    .when_says("Drip pan", "Wet"),
    Fault::new(
        "humidifier",
        COOLING,
        Error,
        "Humidifier Cylinder Fault",
        "The humidifier of {device} draws no current.",
        &["Descale or change the cylinder."],
    )
    .weighs(2),
    Fault::new(
        "compressor_hours",
        LIFESPAN,
        Warning,
        "Service Interval Exceeded",
        "{device} has run longer than its service interval.",
        &["Agree on a date for its service."],
    )
    .weighs(2),
    NO_ANSWER,
    STATUS_UNKNOWN,
    SETTINGS_CHANGED,
    SUPPORT_ENDS,
];
