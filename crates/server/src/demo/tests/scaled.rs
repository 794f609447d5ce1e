//! Organizations of any size.

use std::collections::{BTreeMap, HashMap, HashSet};

use onsite_rules::mute::{MuteBody, Target, check};
use onsite_wire::ids::DeviceId;
use onsite_wire::rest::{Alarm, InventoryObject};

use super::super::{SHARES_OF_MODELS, WORDS, alarms, organization};
use super::NOW;

const COUNT: usize = 40_000;

fn models(inventory: &[InventoryObject]) -> HashMap<DeviceId, String> {
    let model = |object: &InventoryObject| match object {
        InventoryObject::Device(device) => Some((device.id, device.model_name.clone().unwrap())),
        _ => None,
    };
    inventory.iter().filter_map(model).collect()
}

/// Whether a share of many is what it should be, give or take four standard deviations.
fn is_share(found: usize, share: f64, of: usize) -> bool {
    let expected = share * of as f64;
    (found as f64 - expected).abs() <= 4.0 * expected.sqrt().max(1.0)
}

#[test]
fn the_same_seed_gives_the_same_and_alarms_one_by_one_are_those_of_the_document() {
    let document = organization(9, 500, 60, NOW);
    assert_eq!(document, organization(9, 500, 60, NOW));
    assert_eq!(document.alarms, alarms(9, 500, &document.inventory_objects, NOW).collect::<Vec<_>>());
    assert_ne!(document.alarms, alarms(10, 500, &document.inventory_objects, NOW).collect::<Vec<_>>());
}

#[test]
fn it_has_exactly_as_much_as_was_asked_for_and_every_reference_holds() {
    for devices in [1, 8, 13, 500] {
        let document = organization(1, 300, devices, NOW);
        let models = models(&document.inventory_objects);
        assert_eq!((models.len(), document.alarms.len()), (devices, 300));
        let sensors: HashMap<_, _> = document.sensors.iter().map(|sensor| (sensor.id, sensor.device_id)).collect();
        assert_eq!(sensors.len(), document.sensors.len());
        for alarm in &document.alarms {
            assert!(models.contains_key(&alarm.device_id));
            assert!(alarm.sensor_id.is_none_or(|id| sensors[&id] == alarm.device_id));
        }
    }
    assert_eq!(organization(1, 300, 0, NOW).alarms, [], "no device, no alarm");
}

#[test]
fn models_and_words_have_the_shares_they_are_said_to_have() {
    let document = organization(3, 0, 400, NOW);
    let models = models(&document.inventory_objects);
    let all: Vec<Alarm> = alarms(3, COUNT, &document.inventory_objects, NOW).collect();
    let mut by_model: BTreeMap<&str, usize> = BTreeMap::new();
    for alarm in &all {
        *by_model.entry(models[&alarm.device_id].as_str()).or_default() += 1;
    }
    for (model, share) in SHARES_OF_MODELS {
        assert!(is_share(by_model[model], share, COUNT), "{model} {}", by_model[model]);
    }
    for (word, share) in WORDS {
        let found = all.iter().filter(|alarm| alarm.message.to_lowercase().contains(word)).count();
        assert!(is_share(found, share, COUNT), "{word} {found}");
    }
}

#[test]
fn it_is_as_uneven_as_large_organizations_are() {
    let document = organization(4, COUNT, 400, NOW);
    let all = &document.alarms;
    let ids: HashSet<_> = all.iter().map(|alarm| alarm.id).collect();
    assert_eq!(ids.len(), COUNT);
    assert!(is_share(all.iter().filter(|alarm| alarm.cleared_time.is_none()).count(), 0.02, COUNT));
    assert!(is_share(all.iter().filter(|alarm| alarm.acknowledgement.is_some()).count(), 0.125, COUNT));
    assert!(is_share(all.iter().filter(|alarm| alarm.mute.is_some()).count(), 0.02, COUNT));
    let mut by_device: HashMap<DeviceId, usize> = HashMap::new();
    all.iter().for_each(|alarm| *by_device.entry(alarm.device_id).or_default() += 1);
    let mut counts: Vec<_> = by_device.into_values().collect();
    counts.sort_unstable_by_key(|count| std::cmp::Reverse(*count));
    let most: usize = counts.iter().take(40).sum();
    assert!(most * 10 > COUNT * 4, "a tenth of the devices raises {most} of {COUNT}");
    let day = |alarm: &Alarm| NOW.millis_since(alarm.cleared_time.unwrap_or(NOW)) / 86_400_000;
    let days: HashSet<_> = all.iter().map(day).collect();
    assert!(days.len() >= 89 && days.iter().all(|day| (0..=90).contains(day)));
}

#[test]
fn times_are_in_order_and_mutes_are_such_as_may_be_set() {
    let document = organization(5, 5_000, 100, NOW);
    for alarm in &document.alarms {
        assert!(alarm.activated_time < NOW);
        assert!(alarm.cleared_time.is_none_or(|cleared| alarm.activated_time < cleared && cleared < NOW));
        let Some(mute) = &alarm.mute else { continue };
        let muted = mute.muted.as_ref().unwrap();
        let body = MuteBody { until: muted.until, reason: muted.reason, text: muted.text.clone() };
        assert_eq!(check(&body, Target::Alarm { cleared: false }, mute.made_at.unwrap()), Ok(()));
    }
}
