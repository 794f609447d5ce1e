//! Faults of UPSs, battery cabinets and transfer switches.

use onsite_wire::rest::Severity::{Critical, Error, Fail, Info, Initialize, Warning};

use super::super::conditions::Fault;
use super::super::sensors::{FANS, MODULES, PHASES};
use super::{ENVIRONMENT, LIFESPAN, NO_ANSWER, OTHER, POWER, SETTINGS_CHANGED, STATUS_UNKNOWN, SUPPORT_ENDS};

const POWER_MODULES: &[&str] = &["PM1", "PM2", "PM3", "PM4"];

pub(super) const UPS: &[Fault] = &[
    Fault::new(
        "power_failure",
        POWER,
        Critical,
        "Power Failure",
        "Utility power is lost at {device} in {site}. The load runs on battery.",
        &[
            "Find out whether the whole site is without power.",
            "Watch the runtime; start the generator if it does not.",
        ],
    )
    .when_says("Operating mode", "On battery")
    .ends_as("Power Failure Cleared")
    .weighs(4)
    .storms(),
    Fault::new(
        "undervoltage",
        POWER,
        Warning,
        "Undervoltage",
        "Input phase {part} of {device} is at {value}, below {limit}.",
        &["Compare with the other phases.", "Ask the utility about work on the line."],
    )
    .of_each(PHASES)
    .when_low("Input voltage {part}")
    .ends_as("Undervoltage Cleared")
    .worsens("Severe Undervoltage", "Input phase {part} of {device} fell to {value}, far below {limit}.")
    .storms(),
    Fault::new(
        "overvoltage",
        POWER,
        Warning,
        "Overvoltage",
        "Input phase {part} of {device} is at {value}, above {limit}.",
        &["Check the tap of the transformer.", "Measure at the main distribution."],
    )
    .of_each(PHASES)
    .when_high("Input voltage {part}")
    .ends_as("Overvoltage Cleared"),
    Fault::new(
        "low_battery",
        POWER,
        Critical,
        "Low Battery",
        "The batteries of {device} hold {value}, less than {limit}.",
        &["Shut down what can wait.", "Start the generator."],
    )
    .when_low("Battery capacity")
    .weighs(2),
    Fault::new(
        "discharged_battery",
        POWER,
        Fail,
        "Discharged Battery",
        "{device} can carry its load for another {value} only.",
        &["Shut down the load in order.", "Do not open the battery breaker."],
    )
    .when_low("Battery runtime remaining")
    .weighs(1),
    Fault::new(
        "runtime_short",
        POWER,
        Warning,
        "Runtime Below Limit",
        "With the present load {device} has {value} of runtime; {limit} were asked for.",
        &["Move load to another UPS.", "Have the batteries tested."],
    )
    .when_low("Battery runtime remaining")
    .worsens("Runtime Critically Short", "{device} has {value} of runtime left.")
    .storms(),
    Fault::new(
        "battery_general",
        POWER,
        Error,
        "Battery general error",
        "{device} reports a fault in its battery circuit.",
        &[
            "Look for a tripped battery breaker.",
            "Read the event log at the display.",
            "Call service before touching it.",
        ],
    )
    .weighs(2),
    Fault::new(
        "self_test",
        OTHER,
        Info,
        "Self-Test in Progress",
        "{device} tests its batteries.",
        &["Nothing to do; wait until it ends."],
    )
    .when_says("Operating mode", "Self-test")
    .weighs(1),
    Fault::new(
        "self_test_failed",
        LIFESPAN,
        Critical,
        "Self-Test Failed",
        "The last battery test of {device} ended before its time.",
        &["Repeat the test after a full charge.", "Order batteries if it fails again."],
    )
    .weighs(2),
    Fault::new(
        "bypass_unavailable",
        POWER,
        Warning,
        "Input Voltage Or Frequency Cannot Support Bypass",
        "Input frequency of {device} is {value}; bypass needs more than {limit}.",
        &["Do not switch to maintenance bypass now.", "Check the generator's governor if it is running."],
    )
    .when_low("Input frequency")
    .ends_as("Input Voltage Or Frequency Can Now Support Bypass")
    .storms(),
    Fault::new(
        "overload",
        POWER,
        Warning,
        "Output Load High",
        "Phase {part} of {device} carries {value} of its rating, above {limit}.",
        &["Find what was switched on.", "Move single-phase loads to another phase."],
    )
    .of_each(PHASES)
    .when_high("Output load {part}")
    .worsens(
        "Overload",
        "Phase {part} of {device} carries {value} of its rating. It changes to bypass if this goes on.",
    )
    .weighs(5),
    Fault::new(
        "battery_hot",
        ENVIRONMENT,
        Warning,
        "Battery Temperature High",
        "The batteries of {device} are at {value}, above {limit}.",
        &["Check the room's cooling.", "Clean the dust filters."],
    )
    .when_high("Battery temperature")
    .worsens("Battery Overheated", "The batteries of {device} are at {value}. Charging stops above {limit}.")
    .weighs(4),
    Fault::new(
        "fan_failed",
        OTHER,
        Error,
        "Internal Fan Failure",
        "The {part} of {device} stands still.",
        &["Listen at the rear grille.", "Replace the fan tray."],
    )
    .of_each(FANS)
    .weighs(2),
    Fault::new(
        "power_module",
        POWER,
        Fail,
        "Power Module Fault",
        "Power module {part} of {device} has taken itself out of service.",
        &["Check that the others carry the load.", "Reseat the module once.", "Replace it."],
    )
    .of_each(POWER_MODULES)
    .weighs(2),
    Fault::new(
        "module_without_input",
        POWER,
        Warning,
        "Power Module Without Input",
        "Power module {part} of {device} gets no input voltage.",
        &["Check the module's input fuse."],
    )
    .of_each(POWER_MODULES)
    .weighs(1)
    .storms(),
    Fault::new(
        "redundancy_lost",
        POWER,
        Warning,
        "Power Redundancy Lost",
        "{device} could not carry its load with one module fewer.",
        &["Reduce the load.", "Bring the failed module back."],
    ),
    Fault::new(
        "static_bypass",
        POWER,
        Critical,
        "UPS In Bypass",
        "{device} passes utility power straight to the load. Nothing is protected.",
        &["Find out whether somebody is working at it.", "Read the reason at the display before switching back."],
    )
    .when_says("Operating mode", "Static bypass")
    .weighs(2),
    Fault::new(
        "not_synchronized",
        POWER,
        Warning,
        "Inverter Not Synchronized",
        "The inverter of {device} does not follow the input.",
        &["Wait for the input to become steady."],
    )
    .weighs(1)
    .storms(),
    Fault::new(
        "battery_due",
        LIFESPAN,
        Warning,
        "Battery Replacement Due",
        "The batteries of {device} are past the age for which they were made.",
        &["Order a set of batteries.", "Agree on a date for the exchange."],
    ),
    Fault::new(
        "capacitors_old",
        LIFESPAN,
        Warning,
        "Capacitors Near End Of Life",
        "The capacitors of {device} have few months of service left.",
        &["Plan the exchange with the next service visit."],
    )
    .weighs(1),
    Fault::new(
        "card_starting",
        OTHER,
        Initialize,
        "Management Card Starting",
        "The management card of {device} has restarted and has not read the device yet.",
        &["Wait five minutes, then look again."],
    )
    .weighs(1),
    NO_ANSWER,
    STATUS_UNKNOWN,
    SETTINGS_CHANGED,
    SUPPORT_ENDS,
];

pub(super) const BATTERY_FRAME: &[Fault] = &[
    Fault::new(
        "string_voltage",
        POWER,
        Warning,
        "Battery String Voltage Low",
        "The string of {device} is at {value}, below {limit}.",
        &["Check whether it is being discharged.", "Measure each block when it rests."],
    )
    .when_low("String voltage")
    .worsens("Battery String Voltage Critically Low", "The string of {device} fell to {value}.")
    .storms(),
    Fault::new(
        "discharging",
        POWER,
        Warning,
        "Battery Discharging",
        "Battery {part} of {device} is being discharged.",
        &["See the UPS that it feeds."],
    )
    .of_each(MODULES)
    .weighs(1)
    .storms(),
    Fault::new(
        "resistance",
        LIFESPAN,
        Warning,
        "Internal Resistance High",
        "Battery {part} of {device} shows {value}, above {limit}.",
        &["Tighten the connectors at its next service.", "Replace the block if it grows further."],
    )
    .of_each(MODULES)
    .when_high("Internal resistance {part}")
    .worsens("Battery Block Worn Out", "Battery {part} of {device} shows {value}; it will not last a discharge.")
    .weighs(4),
    Fault::new(
        "ambient",
        ENVIRONMENT,
        Warning,
        "Battery Room Temperature High",
        "It is {value} at {device}; batteries age fast above {limit}.",
        &["Check the air conditioning of the battery room."],
    )
    .when_high("Ambient temperature")
    .worsens("Battery Room Overheated", "It is {value} at {device}."),
    Fault::new(
        "breaker_open",
        POWER,
        Critical,
        "Battery Breaker Open",
        "The breaker of {device} is open. Its UPS has no batteries.",
        &["Find out who opened it, and why.", "Compare the voltages on both sides before closing it."],
    )
    .weighs(2),
    NO_ANSWER,
    SUPPORT_ENDS,
];

pub(super) const ATS: &[Fault] = &[
    Fault::new(
        "source_a_lost",
        POWER,
        Critical,
        "Source A Lost",
        "Source A of {device} is at {value}. It has changed to source B.",
        &["Check the breaker of source A.", "Do not work at source B until A is back."],
    )
    .when_low("Source A voltage")
    .weighs(4)
    .storms(),
    Fault::new(
        "source_b_low",
        POWER,
        Warning,
        "Source B Voltage Low",
        "Source B of {device} is at {value}, below {limit}.",
        &["Measure at the feeding distribution."],
    )
    .when_low("Source B voltage")
    .worsens("Source B Lost", "Source B of {device} is at {value}."),
    Fault::new(
        "transferred",
        POWER,
        Warning,
        "Transferred To Alternate Source",
        "{device} feeds its load from source B.",
        &["Find out what happened to source A."],
    )
    .when_says("Active source", "B")
    .storms(),
    Fault::new(
        "redundancy_lost",
        POWER,
        Warning,
        "Source Redundancy Lost",
        "{device} has only one usable source.",
        &["Treat the remaining feed with care."],
    )
    .storms(),
    Fault::new(
        "output_high",
        POWER,
        Warning,
        "Output Current High",
        "{device} delivers {value}, above {limit}.",
        &["Move plugs to another switch."],
    )
    .when_high("Output current")
    .worsens("Output Overload", "{device} delivers {value}. Its breaker opens soon."),
    NO_ANSWER,
    SETTINGS_CHANGED,
];
