//! Faults that monitors and climate sensors tell of: climate, doors, water, smoke.

use onsite_wire::rest::Severity::{Critical, Error, Warning};

use super::super::conditions::Fault;
use super::{ENVIRONMENT, NO_ANSWER, OTHER, SECURITY, SETTINGS_CHANGED, STATUS_UNKNOWN};

const TOO_WARM: Fault = Fault::new(
    "temperature_high",
    ENVIRONMENT,
    Warning,
    "High Temperature",
    "It is {value} at {device}, above {limit}.",
    &["Check the nearest cooling unit.", "Look for warm air that flows back to the front."],
)
.when_high("Temperature")
.worsens("Temperature Critical", "It is {value} at {device}. Equipment begins to switch itself off.")
.weighs(8)
.storms();

const TOO_COLD: Fault = Fault::new(
    "temperature_low",
    ENVIRONMENT,
    Warning,
    "Low Temperature",
    "It is {value} at {device}, below {limit}.",
    &["Check the setpoint of the cooling units."],
)
.when_low("Temperature")
.weighs(1);

const TOO_HUMID: Fault = Fault::new(
    "humidity_high",
    ENVIRONMENT,
    Warning,
    "High Humidity",
    "Humidity at {device} is {value}, above {limit}.",
    &["Look for an open door or window.", "Check the dehumidifier."],
)
.when_high("Humidity")
.worsens("Humidity Critical", "Humidity at {device} is {value}; water may form on cold metal.")
.weighs(4);

const TOO_DRY: Fault = Fault::new(
    "humidity_low",
    ENVIRONMENT,
    Warning,
    "Low Humidity",
    "Humidity at {device} is {value}, below {limit}.",
    &["Wear a wrist strap at open equipment.", "Check the humidifier."],
)
.when_low("Humidity")
.weighs(2);

pub(super) const MONITOR: &[Fault] = &[
    TOO_WARM,
    TOO_COLD,
    TOO_HUMID,
    TOO_DRY,
    Fault::new(
        "door_open",
        SECURITY,
        Warning,
        "Door Open",
        "The door watched by {device} stands open.",
        &["Ask on site who is in the room.", "Close the door."],
    )
    .when_says("Door", "Open")
    .weighs(8),
    Fault::new(
        "motion",
        SECURITY,
        Critical,
        "Motion Detected",
        "{device} sees somebody move outside working hours.",
        &["Look at the camera's pictures.", "Call the guard."],
    )
    .when_says("Motion", "Detected")
    .weighs(4),
    Fault::new(
        "camera",
        SECURITY,
        Error,
        "Camera Disconnected",
        "{device} gets no picture from its camera pod.",
        &["Check the pod's cable.", "Find out whether somebody pulled it."],
    ),
    Fault::new(
        "leak",
        ENVIRONMENT,
        Critical,
        "Water Leak",
        "The rope of {device} is wet.",
        &["Shut the water off.", "Lift the floor tiles along the rope.", "Keep away from open sockets."],
    )
    .when_says("Water detector", "Wet"),
    Fault::new(
        "smoke",
        ENVIRONMENT,
        Critical,
        "Smoke Detected",
        "{device} smells smoke in {site}.",
        &["Call the fire brigade unless it is known to be false.", "Nobody goes in alone."],
    )
    .when_says("Smoke detector", "Smoke")
    .weighs(1),
    Fault::new(
        "sensor_unplugged",
        OTHER,
        Warning,
        "Sensor Disconnected",
        "A sensor that belongs to {device} is no longer plugged in.",
        &["Plug it in again, or remove it from the configuration."],
    )
    .weighs(2),
    NO_ANSWER,
    STATUS_UNKNOWN,
    SETTINGS_CHANGED,
];

pub(super) const AIR_PROBE: &[Fault] = &[TOO_WARM, TOO_COLD, TOO_HUMID, TOO_DRY, NO_ANSWER];
