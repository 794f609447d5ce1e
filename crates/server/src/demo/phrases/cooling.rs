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
        "Supply air of {device} is at {value}, above the limit of {limit}.",
        &["Check the chilled water valve.", "Compare with the unit beside it."],
    )
    .when_high("Supply air temperature")
    .worsens("Supply Air Temperature Critical", "Supply air of {device} is at {value}, far above the setpoint.")
    .weighs(6)
    .storms(),
    Fault::new(
        "return_hot",
        COOLING,
        Warning,
        "Return Air Temperature High",
        "Return air of {device} is at {value}, above the limit of {limit}.",
        &["Look for missing blanking panels.", "Start the standby unit."],
    )
    .when_high("Return air temperature")
    .worsens("Return Air Temperature Critical", "Return air of {device} is at {value}.")
    .storms(),
    Fault::new(
        "water_warm",
        COOLING,
        Warning,
        "Chilled Water Warm",
        "Chilled water enters {device} at {value}, above the limit of {limit}.",
        &["Ask the building's technicians about the chiller.", "Check the bypass valve."],
    )
    .when_high("Chilled water inlet temperature")
    .worsens("Chilled Water Lost", "Chilled water enters {device} at {value}: no cooling from the plant.")
    .storms(),
    Fault::new(
        "filter",
        LIFESPAN,
        Warning,
        "Air Filter Clogged",
        "Pressure drop over the filter of {device} is {value}, above {limit}: filter change needed.",
        &["Change the filter.", "Reset the filter's hours at the display."],
    )
    .when_high("Filter differential pressure")
    .worsens("Air Filter Blocked", "Pressure drop over the filter of {device} is {value}: air flow is reduced.")
    .weighs(4),
    Fault::new(
        "suction_low",
        COOLING,
        Warning,
        "Low Suction Pressure",
        "Suction pressure of {device} is {value}, below the limit of {limit}.",
        &["Look for oil at the joints.", "Have a refrigeration engineer check the charge."],
    )
    .when_low("Suction pressure")
    .worsens("Compressor Stopped On Low Pressure", "Suction pressure of {device} is {value}: compressor locked out."),
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
        "No air flow measured through {device}.",
        &["Open the rack doors if it gets warm.", "Check the fans' fuse."],
    )
    .weighs(2)
    .storms(),
    Fault::new(
        "unit_stopped",
        COOLING,
        Critical,
        "Cooling Unit Stopped",
        "{device} has stopped and does not cool.",
        &["Read the reason at the display.", "Start the standby unit."],
    )
    .when_says("Unit state", "Stopped")
    .storms(),
    Fault::new(
        "drip_pan",
        COOLING,
        Critical,
        "Condensate In Drip Pan",
        "Condensate pan of {device} is full.",
        &["Empty the pan.", "Clean the float of the pump."],
    )
    .when_says("Drip pan", "Wet"),
    Fault::new(
        "humidifier",
        COOLING,
        Error,
        "Humidifier Cylinder Fault",
        "Humidifier cylinder of {device} draws no current.",
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
