//! How the demonstration goes on: one beat after the other, for ever, always the same for the same seed.
//!
//! A queue holds what is planned. A planned step is either ready to be told or plans further steps when its time has come:
//! an *episode* begins, changes or ends one condition, a *storm* many, a *colleague* does something, *readings* come in.

mod colleagues;
mod episodes;
mod readings;
mod storm;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, HashMap, HashSet};
use std::sync::Arc;

use onsite_rules::clearing::WINDOW_MS;
use onsite_wire::ids::{DeviceId, OrganizationId, PersonId, SensorId};
use onsite_wire::rest::{Alarm, Measurement};
use onsite_wire::time::Timestamp;

use self::readings::Sensing;
use super::beat::{Beat, ConditionKey, Event};
use super::conditions::{Abnormal, Possibilities, Possible};
use super::dice::Dice;
use super::survey::{Spot, Survey};
use crate::document::OrganizationDocument;

const SECOND_MS: i64 = 1_000;
const MINUTE_MS: i64 = 60 * SECOND_MS;
/// Where nothing happened for so long, nothing ever will.
const LONGEST_SILENCE_MS: i64 = 24 * 60 * MINUTE_MS;

/// The living stream.
#[derive(Debug)]
pub struct Stream {
    scene: Arc<Scene>,
    dice: Dice,
    start: Timestamp,
    last: Timestamp,
    queue: BinaryHeap<Reverse<Planned>>,
    planned: u64,
    /// Conditions that hold, or went so lately that they would return as the same alarm.
    standing: BTreeMap<ConditionKey, Standing>,
    /// Sensors that show a condition.
    sensing: HashMap<SensorId, Sensing>,
    /// Acknowledgements of people for themselves, which they may take back.
    responsible: Vec<(OrganizationId, DeviceId, PersonId)>,
}

/// What does not change while it goes on.
#[derive(Debug)]
struct Scene {
    surveys: Vec<Survey>,
    possibilities: Possibilities,
    /// Alarms active from the beginning, by device and title: they are nobody's here.
    foreign: HashSet<(DeviceId, String)>,
}

/// Where a spot is found: the number of its survey, and its own in there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Place {
    survey: usize,
    spot: usize,
}

/// A condition of a spot, as it is now.
#[derive(Debug, Clone)]
struct Standing {
    place: Place,
    possible: Possible,
    state: State,
    /// A step that changes it is in the queue already.
    is_planned: bool,
    /// It belongs to a storm, which ends it.
    of_storm: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// It has not occurred yet.
    Coming,
    /// It holds since then.
    Holds { since: Timestamp },
    /// It went then.
    Gone { at: Timestamp },
}

#[derive(Debug)]
struct Planned {
    at: Timestamp,
    order: u64,
    step: Step,
}

#[derive(Debug)]
enum Step {
    /// One condition begins, changes, returns or ends.
    Episode,
    /// Utility power is lost at a site.
    Storm,
    /// A colleague does something.
    Colleague,
    /// A part of an organization's sensors is read; counts up.
    Reading(usize),
    Occur(ConditionKey, Box<Alarm>),
    /// A condition is described anew, as its sensor shows it then.
    Change(ConditionKey, Box<Alarm>, (SensorId, Abnormal)),
    Go(ConditionKey),
    /// Power is lost once more: this condition of the storm is about to return.
    StormReturns(ConditionKey),
    /// Power is back: this condition of the storm is about to go.
    StormGoes(ConditionKey),
    /// The clearing window of a condition that went then is over.
    Forget(ConditionKey, Timestamp),
    Measured(OrganizationId, Vec<Measurement>),
}

impl Stream {
    /// The life of these organizations from `start` on.
    pub fn new(seed: u64, documents: &[OrganizationDocument], start: Timestamp) -> Self {
        let active =
            documents.iter().flat_map(|document| &document.alarms).filter(|alarm| alarm.cleared_time.is_none());
        let scene = Scene {
            surveys: documents.iter().map(Survey::of).collect(),
            possibilities: Possibilities::all(),
            foreign: active.map(|alarm| (alarm.device_id, alarm.label.clone())).collect(),
        };
        let mut stream = Self {
            sensing: readings::of_active_alarms(documents),
            scene: Arc::new(scene),
            dice: Dice::of(seed, "stream"),
            start,
            last: start,
            queue: BinaryHeap::new(),
            planned: 0,
            standing: BTreeMap::new(),
            responsible: Vec::new(),
        };
        stream.plan(start.plus_millis(SECOND_MS), Step::Episode);
        stream.plan(start.plus_millis(5 * SECOND_MS), Step::Reading(0));
        stream.plan(start.plus_millis(25 * SECOND_MS), Step::Colleague);
        let first_storm = stream.dice.between(6 * MINUTE_MS, 9 * MINUTE_MS);
        stream.plan(start.plus_millis(first_storm), Step::Storm);
        stream
    }

    fn plan(&mut self, at: Timestamp, step: Step) {
        self.planned += 1;
        self.queue.push(Reverse(Planned { at, order: self.planned, step }));
    }

    /// Performs a step whose time has come; the event if there is something to tell.
    fn perform(&mut self, step: Step, at: Timestamp) -> Option<Event> {
        match step {
            Step::Episode => {
                self.episode(at);
                None
            }
            Step::Storm => {
                self.storm(at);
                None
            }
            Step::StormReturns(key) => {
                self.storm_returns(key, at);
                None
            }
            Step::StormGoes(key) => {
                self.storm_goes(key, at);
                None
            }
            Step::Colleague => self.colleague(at).map(Event::Acts),
            Step::Reading(n) => self.reading(n, at),
            Step::Occur(key, alarm) => self.occur(key, alarm, at),
            Step::Change(key, alarm, shown) => self.change(key, alarm, shown),
            Step::Go(key) => self.go(key, at),
            Step::Forget(key, gone_at) => {
                self.forget(key, gone_at);
                None
            }
            Step::Measured(organization, measurements) => Some(Event::Measured { organization, measurements }),
        }
    }

    fn occur(&mut self, key: ConditionKey, mut alarm: Box<Alarm>, at: Timestamp) -> Option<Event> {
        let standing = self.standing.get_mut(&key)?;
        standing.state = State::Holds { since: at };
        standing.is_planned = false;
        let scene = Arc::clone(&self.scene);
        let shown = scene.spot(standing.place).and_then(|spot| standing.possible.shown_by(spot, false));
        if let Some((sensor, abnormal)) = shown {
            self.sensing.insert(sensor.id, Sensing::Shows(abnormal));
        }
        alarm.activated_time = at;
        Some(Event::Occurs { condition: key, alarm })
    }

    fn change(
        &mut self,
        key: ConditionKey,
        alarm: Box<Alarm>,
        (sensor, abnormal): (SensorId, Abnormal),
    ) -> Option<Event> {
        let standing = self.standing.get_mut(&key)?;
        standing.is_planned = false;
        self.sensing.insert(sensor, Sensing::Shows(abnormal));
        Some(Event::Changes { condition: key, alarm })
    }

    fn go(&mut self, key: ConditionKey, at: Timestamp) -> Option<Event> {
        let standing = self.standing.get_mut(&key)?;
        standing.state = State::Gone { at };
        standing.is_planned = false;
        self.plan(at.plus_millis(WINDOW_MS + SECOND_MS), Step::Forget(key, at));
        Some(Event::Goes { condition: key })
    }

    fn forget(&mut self, key: ConditionKey, gone_at: Timestamp) {
        let Some(standing) = self.standing.get(&key) else { return };
        if standing.state == (State::Gone { at: gone_at }) && !standing.is_planned {
            if let Some(sensor) = self.sensor_of(standing) {
                self.sensing.remove(&sensor);
            }
            self.standing.remove(&key);
        }
    }

    fn sensor_of(&self, standing: &Standing) -> Option<SensorId> {
        let spot = self.scene.spot(standing.place)?;
        standing.possible.shown_by(spot, false).map(|(sensor, _)| sensor.id)
    }
}

impl Iterator for Stream {
    type Item = Beat;

    /// What happens next, strictly later than the beat before. `None` only where there is nothing to live with: no device of a
    /// kind that anything is known of.
    fn next(&mut self) -> Option<Beat> {
        while let Some(Reverse(Planned { at, step, .. })) = self.queue.pop() {
            let at = at.max(self.last.plus_millis(1));
            if at.millis_since(self.last) > LONGEST_SILENCE_MS {
                return None;
            }
            if let Some(event) = self.perform(step, at) {
                self.last = at;
                return Some(Beat { at, event });
            }
        }
        None
    }
}

impl Scene {
    fn spot(&self, place: Place) -> Option<&Spot> {
        self.surveys.get(place.survey)?.spots.get(place.spot)
    }

    fn key(&self, place: Place, possible: &Possible) -> Option<ConditionKey> {
        Some(ConditionKey {
            organization: self.surveys.get(place.survey)?.organization,
            device: self.spot(place)?.device,
            name: possible.fault.name,
            part: possible.part,
        })
    }
}

impl Ord for Planned {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.at, self.order).cmp(&(other.at, other.order))
    }
}

impl PartialOrd for Planned {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Planned {
    fn eq(&self, other: &Self) -> bool {
        self.order == other.order
    }
}

impl Eq for Planned {}
