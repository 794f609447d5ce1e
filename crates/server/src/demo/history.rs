//! The last days of an organization: alarms active and cleared, what people did to them, what was measured around them.

use std::collections::{HashMap, HashSet};

use onsite_rules::clearing::WINDOW_MS;
use onsite_rules::mute::{MuteBody, Target};
use onsite_wire::ids::{AlarmId, DeviceId, SensorId};
use onsite_wire::rest::{Alarm, InventoryObject, Measurement, MuteReason, Sensor};
use onsite_wire::time::Timestamp;

use super::conditions::{Abnormal, Possibilities, Possible, usual_reading};
use super::deeds;
use super::dice::Dice;
use super::sensors;
use super::survey::{Spot, Survey};
use crate::document::OrganizationDocument;

const ACTIVE: usize = 24;
const CLEARED: usize = 72;

const MINUTE_MS: i64 = 60_000;
const DAY_MS: i64 = 24 * 60 * MINUTE_MS;
/// Measurements of a sensor come in steps of this length.
const STEP_MS: i64 = 5 * MINUTE_MS;
/// Steps measured before and after an alarm's activation: 2 h.
const STEPS: i64 = 24;

/// Writes the past of an organization into its document.
pub(super) fn write(document: &mut OrganizationDocument, now: Timestamp, dice: &mut Dice) {
    let survey = Survey::of(document);
    let possibilities = Possibilities::all();
    let mut past = Past { survey: &survey, now, alarms: Vec::new(), measurements: Vec::new(), free: Free::default() };
    for (count, active) in [(ACTIVE, true), (CLEARED, false)] {
        let goal = past.alarms.len() + count;
        // Most tries succeed; a document with hardly any device must end too.
        for _ in 0..count * 20 {
            if past.alarms.len() >= goal {
                break;
            }
            past.happens(&possibilities, active, dice);
        }
    }
    past.measure_lately(dice);
    let Past { mut alarms, measurements, .. } = past;
    alarms.sort_by_key(|alarm| (alarm.activated_time, alarm.id));
    document.alarms = alarms;
    document.measurements = measurements;
    mute_a_device(document, &survey, now, dice);
}

struct Past<'a> {
    survey: &'a Survey,
    now: Timestamp,
    alarms: Vec<Alarm>,
    measurements: Vec<Measurement>,
    free: Free,
}

/// What is taken already: no two active alarms of one condition, no two alarms measured by one sensor at the same time.
#[derive(Default)]
struct Free {
    active: HashSet<(DeviceId, &'static str, &'static str)>,
    measured: HashMap<SensorId, Vec<(Timestamp, Timestamp)>>,
    abnormal: HashMap<SensorId, (Timestamp, Abnormal)>,
}

/// From when to when a condition held; no end: it still does.
#[derive(Clone, Copy)]
struct Span {
    from: Timestamp,
    to: Option<Timestamp>,
}

impl Past<'_> {
    /// One more alarm, unless it would contradict another one.
    fn happens(&mut self, possibilities: &Possibilities, active: bool, dice: &mut Dice) {
        let Some(spot) = dice.pick(&self.survey.spots) else { return };
        if spot.kind.is_component() && dice.chance(0.85) {
            return;
        }
        let Some(possible) = possibilities.pick(spot.kind, dice) else { return };
        let span = span(self.now, active, dice);
        let shown = possible.shown_by(spot, false);
        if !self.free.take(spot, possible, span, shown, self.now) {
            return;
        }
        let returns = returns(span.to.unwrap_or(self.now).millis_since(span.from) / STEP_MS, dice);
        let value = shown.and_then(|(sensor, abnormal)| self.measure(spot, sensor, abnormal, span, returns, dice));
        let mut alarm = possible.raise(spot, AlarmId(dice.id()), span.from, value, false);
        alarm.alarm_reactivation_count = returns;
        alarm.cleared_time = span.to;
        if let Some(label) = possible.gone_label().filter(|_| !active && dice.chance(0.5)) {
            label.clone_into(&mut alarm.label);
        }
        self.attend(&mut alarm, spot, span, dice);
        self.alarms.push(alarm);
    }

    /// What people did to an alarm while it was active.
    fn attend(&self, alarm: &mut Alarm, spot: &Spot, span: Span, dice: &mut Dice) {
        let length = span.to.unwrap_or(self.now).millis_since(span.from);
        let moment = |dice: &mut Dice| span.from.plus_millis(dice.between(length / 10, length * 9 / 10));
        if dice.chance(if span.to.is_none() { 0.4 } else { 0.6 }) {
            let made_at = moment(dice);
            alarm.acknowledgement = deeds::acknowledged(spot, self.survey, made_at, dice);
        }
        if dice.chance(0.12) {
            let made_at = moment(dice);
            let body = deeds::mute_body(made_at, dice);
            alarm.mute = deeds::muted(spot, self.survey, &body, Target::Alarm { cleared: false }, made_at, dice);
        }
    }

    /// What a sensor read from two hours before to two hours after a condition began; the value with which it began.
    fn measure(
        &mut self,
        spot: &Spot,
        sensor: &Sensor,
        abnormal: Abnormal,
        span: Span,
        returns: i32,
        dice: &mut Dice,
    ) -> Option<f64> {
        let mut began_with = None;
        for step in -STEPS..=STEPS {
            let at = span.from.plus_millis(step * STEP_MS);
            if at > self.now {
                break;
            }
            let gone = span.to.is_some_and(|to| at >= to);
            let (number, word) = if step < 0 {
                approaching(usual_reading(spot.kind, sensor, dice), sensor, abnormal, step)
            } else if gone || is_dip(step, returns) {
                usual_reading(spot.kind, sensor, dice)
            } else {
                abnormal.reading(dice)
            };
            began_with = if step == 0 { number } else { began_with };
            self.measurements.push(measured(sensor.id, at, number, word));
        }
        began_with
    }

    /// The newest value of every sensor.
    fn measure_lately(&mut self, dice: &mut Dice) {
        for spot in &self.survey.spots {
            for sensor in &spot.sensors {
                let read_at = self.now.plus_millis(-dice.between(1, STEP_MS - 1));
                let (at, (number, word)) = match self.free.abnormal.get(&sensor.id) {
                    Some((since, abnormal)) => (read_at.max(since.plus_millis(1)), abnormal.reading(dice)),
                    None => (read_at, usual_reading(spot.kind, sensor, dice)),
                };
                self.measurements.push(measured(sensor.id, at, number, word));
            }
        }
    }
}

impl Free {
    fn take(
        &mut self,
        spot: &Spot,
        possible: &Possible,
        span: Span,
        shown: Option<(&Sensor, Abnormal)>,
        now: Timestamp,
    ) -> bool {
        if let Some((sensor, abnormal)) = shown {
            let from = span.from.plus_millis(-STEPS * STEP_MS);
            // One that still holds keeps its sensor for itself.
            let to = span.to.unwrap_or(now).max(span.from.plus_millis(STEPS * STEP_MS));
            let taken = self.measured.entry(sensor.id).or_default();
            if taken.iter().any(|(other_from, other_to)| from <= *other_to && *other_from <= to) {
                return false;
            }
            // The newest values of a sensor are the usual ones, so no window of a cleared alarm may reach into them.
            if span.to.is_some_and(|to| now.millis_since(to) < 2 * STEP_MS) {
                return false;
            }
            if span.to.is_none() {
                if !self.active.insert((spot.device, possible.fault.name, possible.part)) {
                    return false;
                }
                self.abnormal.insert(sensor.id, (span.from, abnormal));
            }
            taken.push((from, to));
            return true;
        }
        span.to.is_some() || self.active.insert((spot.device, possible.fault.name, possible.part))
    }
}

/// A cleared one is known to be only after the clearing window; most active ones are young.
fn span(now: Timestamp, active: bool, dice: &mut Dice) -> Span {
    let scaled = |share: f64, length: i64| -> i64 {
        #[expect(clippy::cast_possible_truncation, reason = "milliseconds of some days are far below the limit")]
        let scaled = (share * length as f64) as i64;
        scaled
    };
    if active {
        let age = 2 * MINUTE_MS + scaled(dice.unit().powi(3), 4 * DAY_MS);
        return Span { from: now.plus_millis(-age), to: None };
    }
    let ago = WINDOW_MS + scaled(dice.unit().powi(2), 6 * DAY_MS);
    let to = now.plus_millis(-ago);
    let length = 2 * MINUTE_MS + scaled(dice.unit().powi(4), DAY_MS / 2);
    Span { from: to.plus_millis(-length), to: Some(to) }
}

/// How often a condition of this many steps returned; between two occurrences it was gone for one step.
fn returns(steps: i64, dice: &mut Dice) -> i32 {
    let most = i32::try_from(steps / 3).unwrap_or(0).min(if dice.chance(0.2) { 14 } else { 3 });
    if most < 1 || !dice.chance(0.3) { 0 } else { i32::try_from(dice.between(1, most.into())).unwrap_or(0) }
}

fn is_dip(step: i64, returns: i32) -> bool {
    step % 3 == 1 && step / 3 < i64::from(returns)
}

/// A usual number on its way to where the condition begins; still normal.
fn approaching(
    usual: (Option<f64>, Option<String>),
    sensor: &Sensor,
    abnormal: Abnormal,
    step: i64,
) -> (Option<f64>, Option<String>) {
    let way = match step {
        -1 => 0.75,
        -2 => 0.6,
        -3 => 0.4,
        -4 => 0.2,
        _ => 0.0,
    };
    match (usual, abnormal) {
        ((Some(number), _), Abnormal::Number(_, side)) => (Some(sensors::towards(sensor, side, number, way)), None),
        (usual, _) => usual,
    }
}

pub(super) fn measured(
    sensor_id: SensorId,
    timestamp: Timestamp,
    numeric_value: Option<f64>,
    string_value: Option<String>,
) -> Measurement {
    Measurement { sensor_id, timestamp, numeric_value, string_value, offset: None }
}

/// One device of each organization is under maintenance, and its alarms are muted for some hours.
fn mute_a_device(document: &mut OrganizationDocument, survey: &Survey, now: Timestamp, dice: &mut Dice) {
    let whole: Vec<_> = survey.spots.iter().filter(|spot| !spot.kind.is_component()).collect();
    let Some(spot) = dice.pick(&whole).copied() else { return };
    let made_at = now.plus_millis(-dice.between(30, 240) * MINUTE_MS);
    let until = now.plus_millis(dice.between(60, 600) * MINUTE_MS);
    let body =
        MuteBody { until: Some(until), reason: MuteReason::PlannedMaintenance, text: "Wartung / manutenção".into() };
    let aspect = deeds::muted(spot, survey, &body, Target::Device, made_at, dice);
    for object in &mut document.inventory_objects {
        if let InventoryObject::Device(device) = object
            && device.id == spot.device
        {
            device.mute.clone_from(&aspect);
        }
    }
}
