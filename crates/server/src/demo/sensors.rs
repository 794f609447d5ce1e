//! What equipment measures: which sensors a kind of device has, where their values usually lie, which values mean what.

use onsite_wire::ids::SensorId;
use onsite_wire::rest::{Device, Sensor, SensorKind, ThresholdZone, ZoneSeverity};

use super::catalogue::Kind;
use super::dice::{Dice, derived};

/// The three phases of a supply.
pub(super) const PHASES: &[&str] = &["L1", "L2", "L3"];
/// Fans of one unit.
pub(super) const FANS: &[&str] = &["fan 1", "fan 2", "fan 3"];
/// Battery modules of one frame.
pub(super) const MODULES: &[&str] = &["module 1", "module 2", "module 3", "module 4"];
/// Branch breakers of a floor-standing distribution.
pub(super) const BREAKERS: &[&str] = &["Q1", "Q2", "Q3", "Q4", "Q5", "Q6"];
/// Something about the device as a whole.
pub(super) const WHOLE: &[&str] = &[""];

/// A sensor that every device of a kind has, once per part.
#[derive(Debug, Clone, Copy)]
pub(super) struct Probe {
    label: &'static str,
    parts: &'static [&'static str],
    reading: Reading,
}

/// What a sensor says.
#[derive(Debug, Clone, Copy)]
pub(super) enum Reading {
    /// A number in a unit.
    Number {
        /// Its unit.
        unit: &'static str,
        /// Where it lies day in, day out.
        usual: (f64, f64),
        /// Where it should not lie.
        limits: Limits,
    },
    /// A word, and this one usually.
    State(&'static str),
}

/// Below or above which a value is a warning or critical.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    low_critical: Option<f64>,
    low_warning: Option<f64>,
    high_warning: Option<f64>,
    high_critical: Option<f64>,
}

/// The side on which a value leaves what is normal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    /// Too small.
    Low,
    /// Too large.
    High,
}

const FREE: Limits = Limits { low_critical: None, low_warning: None, high_warning: None, high_critical: None };

const fn low(critical: f64, warning: f64) -> Limits {
    Limits { low_critical: Some(critical), low_warning: Some(warning), ..FREE }
}

const fn high(warning: f64, critical: f64) -> Limits {
    Limits { high_warning: Some(warning), high_critical: Some(critical), ..FREE }
}

const fn both(low_critical: f64, low_warning: f64, high_warning: f64, high_critical: f64) -> Limits {
    Limits {
        low_critical: Some(low_critical),
        low_warning: Some(low_warning),
        high_warning: Some(high_warning),
        high_critical: Some(high_critical),
    }
}

const fn number(label: &'static str, unit: &'static str, usual: (f64, f64), limits: Limits) -> Probe {
    Probe { label, parts: WHOLE, reading: Reading::Number { unit, usual, limits } }
}

const fn state(label: &'static str, usual: &'static str) -> Probe {
    Probe { label, parts: WHOLE, reading: Reading::State(usual) }
}

const fn each(parts: &'static [&'static str], probe: Probe) -> Probe {
    Probe { parts, ..probe }
}

const MAINS: Limits = both(195.0, 207.0, 246.0, 255.0);
const MAINS_USUAL: (f64, f64) = (226.0, 234.0);

const UPS: &[Probe] = &[
    each(PHASES, number("Input voltage {part}", "V", MAINS_USUAL, MAINS)),
    each(PHASES, number("Output load {part}", "%", (35.0, 60.0), high(80.0, 95.0))),
    number("Input frequency", "Hz", (49.95, 50.05), both(48.0, 49.5, 50.5, 52.0)),
    number("Battery capacity", "%", (97.0, 100.0), low(25.0, 60.0)),
    number("Battery runtime remaining", "min", (28.0, 45.0), low(6.0, 12.0)),
    number("Battery temperature", "°C", (22.0, 26.0), high(32.0, 40.0)),
    state("Operating mode", "Online"),
];

const BATTERY_FRAME: &[Probe] = &[
    number("String voltage", "V", (538.0, 546.0), low(440.0, 480.0)),
    number("Ambient temperature", "°C", (20.0, 24.0), high(28.0, 35.0)),
    each(MODULES, number("Internal resistance {part}", "mΩ", (3.1, 3.8), high(4.8, 6.0))),
];

const FLOOR_PDU: &[Probe] = &[
    each(PHASES, number("Output voltage {part}", "V", MAINS_USUAL, MAINS)),
    each(BREAKERS, number("Breaker load {part}", "%", (25.0, 55.0), high(75.0, 90.0))),
    number("Transformer temperature", "°C", (55.0, 75.0), high(95.0, 115.0)),
    number("Residual current", "mA", (8.0, 40.0), high(150.0, 300.0)),
];

const RACK_PDU: &[Probe] = &[
    each(PHASES, number("Voltage {part}", "V", MAINS_USUAL, MAINS)),
    each(PHASES, number("Current {part}", "A", (6.0, 14.0), high(24.0, 30.0))),
    number("Active power", "kW", (2.5, 6.0), FREE),
];

const BANK: &[Probe] = &[number(
    "Load",
    "A",
    (2.0, 8.0),
    Limits { low_warning: Some(0.5), high_warning: Some(12.0), high_critical: Some(16.0), ..FREE },
)];

const OUTLET: &[Probe] = &[number("Active power", "W", (120.0, 420.0), FREE), state("Outlet state", "On")];

const COOLING: &[Probe] = &[
    number("Supply air temperature", "°C", (17.0, 20.0), high(24.0, 28.0)),
    number("Return air temperature", "°C", (26.0, 31.0), high(36.0, 40.0)),
    number("Chilled water inlet temperature", "°C", (9.0, 12.0), high(16.0, 20.0)),
    number("Filter differential pressure", "Pa", (60.0, 120.0), high(200.0, 260.0)),
    number("Suction pressure", "bar", (7.5, 9.0), low(5.0, 6.0)),
    each(FANS, number("Speed of {part}", "%", (45.0, 70.0), low(15.0, 30.0))),
    state("Unit state", "Running"),
    state("Drip pan", "Dry"),
];

const CLIMATE: Limits = both(10.0, 16.0, 27.0, 32.0);
const HUMIDITY: Limits = both(20.0, 30.0, 60.0, 72.0);

const MONITOR: &[Probe] = &[
    number("Temperature", "°C", (20.0, 24.0), CLIMATE),
    number("Humidity", "%", (40.0, 50.0), HUMIDITY),
    state("Door", "Closed"),
    state("Water detector", "Dry"),
    state("Smoke detector", "Clear"),
    state("Motion", "None"),
];

const AIR_PROBE: &[Probe] =
    &[number("Temperature", "°C", (20.0, 24.0), CLIMATE), number("Humidity", "%", (40.0, 50.0), HUMIDITY)];

const ATS: &[Probe] = &[
    number("Source A voltage", "V", MAINS_USUAL, MAINS),
    number("Source B voltage", "V", MAINS_USUAL, MAINS),
    number("Output current", "A", (4.0, 11.0), high(13.0, 16.0)),
    state("Active source", "A"),
];

const fn probes(kind: Kind) -> &'static [Probe] {
    match kind {
        Kind::Ups => UPS,
        Kind::BatteryFrame => BATTERY_FRAME,
        Kind::FloorPdu => FLOOR_PDU,
        Kind::RackPdu => RACK_PDU,
        Kind::Bank => BANK,
        Kind::Outlet => OUTLET,
        Kind::Cooling => COOLING,
        Kind::Monitor => MONITOR,
        Kind::AirProbe => AIR_PROBE,
        Kind::Ats => ATS,
    }
}

/// The sensors of a device, in a fixed order; none of a device of a kind not invented here.
pub(super) fn of(device: &Device) -> Vec<Sensor> {
    let Some(kind) = Kind::from_wire(&device.kind) else { return Vec::new() };
    let parts = probes(kind).iter().flat_map(|probe| probe.parts.iter().map(move |part| (probe, *part)));
    parts.zip(1..).map(|((probe, part), n)| sensor(device, probe, part, n)).collect()
}

fn sensor(device: &Device, probe: &Probe, part: &str, n: i64) -> Sensor {
    let (unit, kind, thresholds) = match probe.reading {
        Reading::Number { unit, limits, .. } => (Some(unit.to_owned()), SensorKind::Numeric, zones(limits)),
        Reading::State(_) => (None, SensorKind::State, Vec::new()),
    };
    Sensor {
        id: SensorId(derived(device.id.0, n)),
        device_id: device.id,
        label: probe.label.replace("{part}", part),
        unit,
        kind,
        thresholds,
        revision: None,
    }
}

/// The limits as bands from the lowest to the highest, without gaps.
fn zones(limits: Limits) -> Vec<ThresholdZone> {
    let steps = [
        (limits.low_critical, ZoneSeverity::Critical),
        (limits.low_warning, ZoneSeverity::Warning),
        (limits.high_warning, ZoneSeverity::Normal),
        (limits.high_critical, ZoneSeverity::Warning),
    ];
    let above = match (limits.high_critical, limits.high_warning) {
        (Some(_), _) => ZoneSeverity::Critical,
        (None, Some(_)) => ZoneSeverity::Warning,
        (None, None) => ZoneSeverity::Normal,
    };
    let mut zones = Vec::new();
    let mut from = None;
    for (to, severity) in steps.into_iter().filter(|(to, _)| to.is_some()) {
        zones.push(ThresholdZone { from, to, severity });
        from = to;
    }
    if from.is_some() {
        zones.push(ThresholdZone { from, to: None, severity: above });
    }
    zones
}

/// What a sensor of this label usually says; `None` for one not invented here.
pub(super) fn usual(kind: Kind, label: &str) -> Option<Reading> {
    let named = |probe: &&Probe| probe.parts.iter().any(|part| probe.label.replace("{part}", part) == label);
    probes(kind).iter().find(named).map(|probe| probe.reading)
}

/// The band on this side of normal with this meaning.
pub(super) fn zone(sensor: &Sensor, side: Side, severity: ZoneSeverity) -> Option<ThresholdZone> {
    let normal = sensor.thresholds.iter().position(|zone| zone.severity == ZoneSeverity::Normal)?;
    let (below, above) = sensor.thresholds.split_at(normal);
    let meant = |zone: &&ThresholdZone| zone.severity == severity;
    match side {
        Side::Low => below.iter().rfind(meant).copied(),
        Side::High => above.iter().find(meant).copied(),
    }
}

/// The band in which a value lies.
pub(super) fn zone_of(sensor: &Sensor, value: f64) -> Option<ThresholdZone> {
    let holds =
        |zone: &&ThresholdZone| zone.from.is_none_or(|from| from <= value) && zone.to.is_none_or(|to| value < to);
    sensor.thresholds.iter().find(holds).copied()
}

/// A value clearly inside a band, near its end towards normal.
pub(super) fn value_in(zone: ThresholdZone, side: Side, dice: &mut Dice) -> f64 {
    let value = match (zone.from, zone.to, side) {
        (Some(from), Some(to), Side::High) => from + (to - from) * dice.real(0.15, 0.7),
        (Some(from), Some(to), Side::Low) => to - (to - from) * dice.real(0.15, 0.7),
        (Some(from), None, _) => from * dice.real(1.02, 1.06),
        (None, Some(to), _) => to * dice.real(0.6, 0.96),
        (None, None, _) => 0.0,
    };
    rounded(value)
}

/// A normal number moved this part of the way to the end of normal on this side.
pub(super) fn towards(sensor: &Sensor, side: Side, number: f64, way: f64) -> f64 {
    let normal = sensor.thresholds.iter().find(|zone| zone.severity == ZoneSeverity::Normal);
    let end = normal.and_then(|zone| if side == Side::High { zone.to } else { zone.from });
    rounded(end.map_or(number, |end| number + (end - number) * way))
}

/// Hundredths: finer than any limit here, so that rounding never carries a value over one.
pub(super) fn rounded(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn device(kind: Kind) -> Device {
        let device = super::super::catalogue::device(kind, &mut Dice::of(1, "test"));
        Device { label: "test".into(), ..device }
    }

    #[test]
    fn bands_of_a_sensor_join_without_gap_and_what_is_usual_is_normal() {
        for kind in Kind::ALL {
            for sensor in of(&device(kind)) {
                for (left, right) in sensor.thresholds.iter().zip(sensor.thresholds.iter().skip(1)) {
                    assert!(left.to.is_some() && left.to == right.from, "{}", sensor.label);
                    assert!(left.from.is_none_or(|from| Some(from) < left.to), "{}", sensor.label);
                }
                let Some(Reading::Number { usual: (low, high), .. }) = usual(kind, &sensor.label) else { continue };
                for value in [low, high] {
                    let zone = zone_of(&sensor, value);
                    assert!(zone.is_none_or(|zone| zone.severity == ZoneSeverity::Normal), "{}", sensor.label);
                }
            }
        }
    }

    #[test]
    fn a_value_made_for_a_band_lies_in_it() {
        let mut dice = Dice::of(1, "test");
        for sensor in Kind::ALL.into_iter().flat_map(|kind| of(&device(kind))) {
            for side in [Side::Low, Side::High] {
                for severity in [ZoneSeverity::Warning, ZoneSeverity::Critical] {
                    let Some(zone) = zone(&sensor, side, severity) else { continue };
                    for _ in 0..200 {
                        let value = value_in(zone, side, &mut dice);
                        assert_eq!(zone_of(&sensor, value), Some(zone), "{} {value}", sensor.label);
                    }
                }
            }
        }
    }
}
