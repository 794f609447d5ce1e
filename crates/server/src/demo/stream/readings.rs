//! What sensors read: on their way to a condition, while it holds, and on a usual day.

use std::collections::HashMap;
use std::sync::Arc;

use onsite_wire::ids::SensorId;
use onsite_wire::rest::{Measurement, Sensor, ThresholdZone, ZoneSeverity};
use onsite_wire::time::Timestamp;

use super::super::beat::Event;
use super::super::conditions::{Abnormal, usual_reading};
use super::super::history::measured;
use super::super::sensors::{self, Side};
use super::{Place, SECOND_MS, Step, Stream};
use crate::document::OrganizationDocument;

/// Every so often a part of one organization's sensors is read.
const READING_MS: i64 = 10 * SECOND_MS;
/// Into so many parts the sensors of an organization fall.
const PARTS: usize = 10;
/// So long before a condition its sensor's last reading was made.
const JUST_BEFORE_MS: i64 = 100;

/// What a sensor that shows a condition is to read in between.
#[derive(Debug, Clone, Copy)]
pub(super) enum Sensing {
    /// Nothing: it is on its way somewhere, and read by itself.
    LeftAlone,
    /// The condition.
    Shows(Abnormal),
    /// What is usual; the condition went, and may return.
    UsualAgain,
}

/// The sensors of alarms that are active from the beginning go on showing them.
pub(super) fn of_active_alarms(documents: &[OrganizationDocument]) -> HashMap<SensorId, Sensing> {
    let mut sensing = HashMap::new();
    for document in documents {
        let mut newest: HashMap<SensorId, &Measurement> = HashMap::new();
        for measurement in &document.measurements {
            let known = newest.entry(measurement.sensor_id).or_insert(measurement);
            if known.timestamp <= measurement.timestamp {
                *known = measurement;
            }
        }
        let sensors: HashMap<SensorId, &Sensor> = document.sensors.iter().map(|sensor| (sensor.id, sensor)).collect();
        let active = document.alarms.iter().filter(|alarm| alarm.cleared_time.is_none());
        for id in active.filter_map(|alarm| alarm.sensor_id) {
            let value = newest.get(&id).and_then(|measurement| measurement.numeric_value);
            let shown = sensors.get(&id).zip(value).and_then(|(sensor, value)| abnormal(sensor, value));
            sensing.insert(id, shown.map_or(Sensing::LeftAlone, Sensing::Shows));
        }
    }
    sensing
}

fn abnormal(sensor: &Sensor, value: f64) -> Option<Abnormal> {
    let zone = sensors::zone_of(sensor, value)?;
    let is = |side| sensors::zone(sensor, side, zone.severity) == Some(zone);
    let side = [Side::Low, Side::High].into_iter().find(|side| is(*side))?;
    Some(Abnormal::Number(zone, side)).filter(|_| !is_normal(zone))
}

fn is_normal(zone: ThresholdZone) -> bool {
    zone.severity == ZoneSeverity::Normal
}

impl Stream {
    /// A part of the sensors of one organization is read: in turn, every sensor comes once.
    pub(super) fn reading(&mut self, n: usize, at: Timestamp) -> Option<Event> {
        self.plan(at.plus_millis(READING_MS), Step::Reading(n.wrapping_add(1)));
        let scene = Arc::clone(&self.scene);
        let count = scene.surveys.len();
        let survey = scene.surveys.get(n.checked_rem(count)?)?;
        let part = n / count % PARTS;
        let sensors = survey.spots.iter().flat_map(|spot| spot.sensors.iter().map(move |sensor| (spot, sensor)));
        let mut measurements = Vec::new();
        for (spot, sensor) in sensors.skip(part).step_by(PARTS) {
            let (number, word) = match self.sensing.get(&sensor.id) {
                Some(Sensing::LeftAlone) => continue,
                Some(Sensing::Shows(abnormal)) => abnormal.reading(&mut self.dice),
                Some(Sensing::UsualAgain) | None => usual_reading(spot.kind, sensor, &mut self.dice),
            };
            if number.is_some() || word.is_some() {
                measurements.push(measured(sensor.id, at, number, word));
            }
        }
        (!measurements.is_empty()).then_some(Event::Measured { organization: survey.organization, measurements })
    }

    /// Plans the readings that lead a sensor to a condition at `at`, and the one that shows it. Gives that one's number.
    pub(super) fn lead_to(
        &mut self,
        place: Place,
        sensor: &Sensor,
        abnormal: Abnormal,
        at: Timestamp,
        lead_ms: i64,
    ) -> Option<f64> {
        self.sensing.insert(sensor.id, Sensing::LeftAlone);
        let scene = Arc::clone(&self.scene);
        let kind = scene.spot(place)?.kind;
        for (share, way) in [(10, 0.2), (6, 0.5), (3, 0.75)] {
            let (number, word) = usual_reading(kind, sensor, &mut self.dice);
            let number = match (number, abnormal) {
                (Some(number), Abnormal::Number(_, side)) => Some(sensors::towards(sensor, side, number, way)),
                (number, _) => number,
            };
            self.measure(place, sensor.id, at.plus_millis(-lead_ms * share / 10), number, word);
        }
        let (number, word) = abnormal.reading(&mut self.dice);
        self.measure(place, sensor.id, at.plus_millis(-JUST_BEFORE_MS.min(lead_ms / 5)), number, word);
        number
    }

    /// Plans the reading that shows a changed condition at `at`. Gives its number.
    pub(super) fn show(&mut self, place: Place, sensor: SensorId, abnormal: Abnormal, at: Timestamp) -> Option<f64> {
        self.sensing.insert(sensor, Sensing::LeftAlone);
        let (number, word) = abnormal.reading(&mut self.dice);
        self.measure(place, sensor, at.plus_millis(-JUST_BEFORE_MS), number, word);
        number
    }

    /// Plans the reading that shows that a condition went at `at`.
    pub(super) fn show_usual(&mut self, place: Place, sensor: &Sensor, at: Timestamp) {
        self.sensing.insert(sensor.id, Sensing::UsualAgain);
        let scene = Arc::clone(&self.scene);
        let Some(spot) = scene.spot(place) else { return };
        let (number, word) = usual_reading(spot.kind, sensor, &mut self.dice);
        self.measure(place, sensor.id, at.plus_millis(-JUST_BEFORE_MS), number, word);
    }

    fn measure(&mut self, place: Place, sensor: SensorId, at: Timestamp, number: Option<f64>, word: Option<String>) {
        let scene = Arc::clone(&self.scene);
        let Some(survey) = scene.surveys.get(place.survey) else { return };
        self.plan(at, Step::Measured(survey.organization, vec![measured(sensor, at, number, word)]));
    }
}
