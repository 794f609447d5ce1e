//! The stream, listened to for hours of its own time.

use std::collections::{BTreeMap, HashMap, HashSet};

use onsite_rules::clearing::{Condition, Life, WINDOW_MS};
use onsite_rules::mute::{Target as MuteTarget, check};
use onsite_rules::rights::{Permission, may, sees_everything};
use onsite_rules::severity::{Shown, shown};
use onsite_wire::ids::{AlarmId, PersonId, SensorId};
use onsite_wire::rest::{AssigneeKind, Sensor, ZoneSeverity};
use onsite_wire::time::Timestamp;

use super::super::{Act, Beat, ConditionKey, Deed, Event, Stream, Wanted, organizations};
use super::documents::{path, rights};
use super::{NOW, meaning};
use crate::document::OrganizationDocument;

const HOURS: i64 = 4;

fn listen(seed: u64, hours: i64) -> (Vec<OrganizationDocument>, Vec<Beat>) {
    let documents = organizations(seed, NOW);
    let stream = Stream::new(seed, &documents, NOW);
    let end = NOW.plus_millis(hours * 3_600_000);
    let beats = stream.take_while(|beat| beat.at < end).collect();
    (documents, beats)
}

fn is_about_an_alarm(beat: &Beat) -> bool {
    matches!(beat.event, Event::Occurs { .. } | Event::Changes { .. } | Event::Goes { .. })
}

#[test]
fn the_same_seed_goes_on_the_same_way_and_another_one_differently() {
    assert_eq!(listen(5, 1).1, listen(5, 1).1);
    let documents = organizations(5, NOW);
    let beats: Vec<_> = Stream::new(6, &documents, NOW).take(200).collect();
    assert_ne!(beats, listen(5, 1).1[..200]);
}

#[test]
fn every_beat_is_later_than_the_one_before_and_measures_nothing_of_the_future() {
    let (_, beats) = listen(1, HOURS);
    assert!(beats.first().unwrap().at > NOW);
    assert!(beats.windows(2).all(|pair| pair[0].at < pair[1].at));
    for beat in &beats {
        if let Event::Measured { measurements, .. } = &beat.event {
            assert!(measurements.iter().all(|measurement| measurement.timestamp <= beat.at));
        }
    }
}

#[test]
fn something_happens_within_seconds_and_then_every_half_minute() {
    for seed in 1..=5 {
        let (_, beats) = listen(seed, 1);
        let moments: Vec<_> = beats.iter().filter(|beat| is_about_an_alarm(beat)).map(|beat| beat.at).collect();
        assert!(moments[0].millis_since(NOW) < 5_000 && moments[1].millis_since(NOW) < 15_000);
        assert!(moments.windows(2).all(|pair| pair[1].millis_since(pair[0]) <= 60_000), "no minute is empty");
    }
}

#[test]
fn a_storm_of_two_hundred_within_a_minute_comes_every_half_hour() {
    for seed in 1..=4 {
        let (_, beats) = listen(seed, HOURS);
        let occurred: Vec<_> =
            beats.iter().filter(|beat| matches!(beat.event, Event::Occurs { .. })).map(|beat| beat.at).collect();
        let mut storms: Vec<Timestamp> = Vec::new();
        for pair in occurred.windows(200) {
            let is_new = storms.last().is_none_or(|last| pair[0].millis_since(*last) > 10 * 60_000);
            if pair[199].millis_since(pair[0]) < 60_000 && is_new {
                storms.push(pair[0]);
            }
        }
        assert!((7..=9).contains(&storms.len()), "{} storms in four hours, seed {seed}", storms.len());
    }
}

/// Plays what happens as the rules of delayed clearing have it.
#[derive(Default)]
struct Lives {
    lives: HashMap<ConditionKey, (Life, AlarmId)>,
    returned: usize,
    alarms: HashSet<AlarmId>,
}

impl Lives {
    fn hear(&mut self, beat: &Beat) {
        match &beat.event {
            Event::Occurs { condition, alarm } => {
                assert_eq!(alarm.device_id, condition.device);
                assert_eq!(alarm.activated_time, beat.at);
                assert!(alarm.cleared_time.is_none());
                let known = self.lives.get(condition).map(|(life, id)| (life.step(Condition::Passes, beat.at), *id));
                let next = match known {
                    Some((Life::Holding { .. }, _)) => panic!("{condition:?} holds already"),
                    Some((life @ Life::Fading { .. }, id)) => {
                        self.returned += 1;
                        (life.step(Condition::Occurs, beat.at), id)
                    }
                    Some((Life::Cleared { .. }, _)) | None => {
                        assert!(self.alarms.insert(alarm.id), "a new alarm has a new id");
                        (Life::NEW, alarm.id)
                    }
                };
                self.lives.insert(*condition, next);
            }
            Event::Changes { condition, .. } => {
                assert!(matches!(self.lives[condition].0, Life::Holding { .. }), "{condition:?} does not hold");
            }
            Event::Goes { condition } => {
                let (life, id) = self.lives[condition];
                assert!(matches!(life, Life::Holding { .. }), "{condition:?} does not hold");
                self.lives.insert(*condition, (life.step(Condition::Goes, beat.at), id));
            }
            Event::Measured { .. } | Event::Acts(_) => {}
        }
    }
}

#[test]
fn a_condition_goes_only_after_it_occurred_and_some_return_within_the_clearing_window() {
    for seed in 1..=4 {
        let (_, beats) = listen(seed, HOURS);
        let mut lives = Lives::default();
        let mut most = 0;
        for beat in &beats {
            lives.hear(beat);
            let holding = lives.lives.values().filter(|(life, _)| matches!(life, Life::Holding { .. })).count();
            most = most.max(holding);
        }
        assert!(lives.returned > 40, "{}", lives.returned);
        assert!(most < 240, "conditions do not pile up: {most}");
        let fading = lives.lives.values().filter_map(|(life, _)| life.deadline());
        assert!(fading.into_iter().all(|end| end.millis_since(NOW) <= HOURS * 3_600_000 + WINDOW_MS + 1_000));
    }
}

#[test]
fn conditions_do_not_repeat_alarms_that_are_active_from_the_beginning() {
    let (documents, beats) = listen(1, HOURS);
    let active = documents.iter().flat_map(|document| &document.alarms).filter(|alarm| alarm.cleared_time.is_none());
    let active: HashSet<_> = active.map(|alarm| (alarm.device_id, alarm.label.as_str())).collect();
    for beat in &beats {
        if let Event::Occurs { alarm, .. } = &beat.event {
            assert!(!active.contains(&(alarm.device_id, alarm.label.as_str())), "{}", alarm.label);
        }
    }
}

#[test]
fn a_sensor_is_read_beyond_its_threshold_just_before_a_condition_occurs_and_within_it_before_it_goes() {
    let (documents, beats) = listen(2, HOURS);
    let sensors: HashMap<SensorId, &Sensor> =
        documents.iter().flat_map(|document| &document.sensors).map(|sensor| (sensor.id, sensor)).collect();
    let mut read: HashMap<SensorId, Vec<f64>> = HashMap::new();
    let mut shown_by: BTreeMap<ConditionKey, SensorId> = BTreeMap::new();
    let (mut occurred, mut worsened, mut went) = (0, 0, 0);
    for beat in &beats {
        match &beat.event {
            Event::Measured { measurements, .. } => {
                for measurement in measurements {
                    read.entry(measurement.sensor_id).or_default().extend(measurement.numeric_value);
                }
            }
            Event::Occurs { condition, alarm } => {
                let Some(id) = alarm.sensor_id else { continue };
                let Some([.., before, value]) = read.get(&id).map(Vec::as_slice) else { continue };
                shown_by.insert(*condition, id);
                let warns = shown(alarm.severity) == Some(Shown::Warning);
                let expected = if warns { ZoneSeverity::Warning } else { ZoneSeverity::Critical };
                assert_eq!(meaning(sensors[&id], *before), ZoneSeverity::Normal, "{}", alarm.message);
                assert_eq!(meaning(sensors[&id], *value), expected, "{}", alarm.message);
                assert!(alarm.message.contains(&format!("{value} ")) || !alarm.message.contains("{value}"));
                occurred += 1;
            }
            Event::Changes { condition, alarm } => {
                let (severity, message) = (alarm.severity, &alarm.message);
                let Some(id) = shown_by.get(condition) else { continue };
                let value = *read[id].last().unwrap();
                let critical = meaning(sensors[id], value) == ZoneSeverity::Critical;
                assert_eq!(critical, shown(severity) == Some(Shown::Critical), "{message} {value}");
                worsened += usize::from(critical);
            }
            Event::Goes { condition } => {
                let Some(id) = shown_by.get(condition) else { continue };
                assert_eq!(meaning(sensors[id], *read[id].last().unwrap()), ZoneSeverity::Normal);
                went += 1;
            }
            Event::Acts(_) => {}
        }
    }
    assert!(occurred > 100 && worsened > 10 && went > 100, "{occurred} {worsened} {went}");
}

#[test]
fn sensors_without_a_condition_are_read_every_five_minutes_and_are_normal() {
    let (documents, beats) = listen(3, 1);
    let mut reads: HashMap<SensorId, usize> = HashMap::new();
    for beat in &beats {
        if let Event::Measured { measurements, .. } = &beat.event {
            measurements.iter().for_each(|measurement| *reads.entry(measurement.sensor_id).or_default() += 1);
        }
    }
    let sensors: Vec<_> = documents.iter().flat_map(|document| &document.sensors).collect();
    let often = sensors.iter().filter(|sensor| reads.get(&sensor.id).is_some_and(|count| *count >= 11)).count();
    assert!(often * 10 > sensors.len() * 9, "{often} of {}", sensors.len());
}

fn check_act(act: &Act, at: Timestamp, documents: &[OrganizationDocument]) {
    let is_meant = |document: &&OrganizationDocument| {
        let first = document.inventory_objects.first();
        matches!(first, Some(onsite_wire::rest::InventoryObject::Organization(it)) if it.id == act.organization)
    };
    let document = documents.iter().find(is_meant).unwrap();
    let place = act.target.device.map(|device| path(document, device)).unwrap_or_default();
    let permission = match act.deed {
        Deed::Acknowledge(_) | Deed::Release => Permission::Acknowledge,
        Deed::Mute(_) => Permission::Mute,
    };
    let own = rights(document, act.by);
    assert!(may(&own, &place, permission) && (act.target.device.is_some() || sees_everything(&own)));
    match (&act.deed, act.target.wanted) {
        (Deed::Acknowledge(body), Wanted::Unacknowledged) => match body.assignee.kind {
            AssigneeKind::Person => {
                assert!(may(&rights(document, PersonId(body.assignee.id)), &place, Permission::View));
            }
            AssigneeKind::Partner => assert_eq!(body.assignee.id, document.partner.as_ref().unwrap().id.0),
        },
        (Deed::Mute(body), Wanted::Unmuted) => {
            assert_eq!(check(body, MuteTarget::Alarm { cleared: false }, at), Ok(()));
        }
        (Deed::Release, Wanted::AssignedTo(person)) => assert_eq!(person, act.by),
        other => panic!("{other:?} do not belong together"),
    }
}

#[test]
fn colleagues_of_every_role_act_and_only_within_their_rights() {
    let (documents, beats) = listen(4, 12);
    let (mut people, mut kinds) = (HashSet::new(), [0; 3]);
    for beat in &beats {
        let Event::Acts(act) = &beat.event else { continue };
        check_act(act, beat.at, &documents);
        people.insert(act.by);
        kinds[match act.deed {
            Deed::Acknowledge(_) => 0,
            Deed::Mute(_) => 1,
            Deed::Release => 2,
        }] += 1;
    }
    assert!(people.len() >= 10 && kinds.iter().all(|count| *count > 20), "{} {kinds:?}", people.len());
}

#[test]
fn where_there_is_nothing_to_live_with_the_stream_ends_at_once() {
    for documents in [Vec::new(), vec![super::super::organization(1, 0, 0, NOW)]] {
        assert_eq!(Stream::new(1, &documents, NOW).next(), None);
    }
}
