//! Lists, counts and pages of random stores under random filters, against the plain rule.

use std::collections::HashMap;
use std::ops::ControlFlow;

use onsite_wire::ids::{AlarmId, DeviceId};

use super::phone::Phone;
use super::truth::{Sight, listed, recounted, sights};
use super::world::World;
use crate::alarms::list::AlarmList;
use crate::alarms::search::Place;
use crate::alarms::{AlarmFilter, AlarmSort, Facets};
use crate::live::{Query, Start};
use crate::store::{Fault, Reading};

const SORTS: [AlarmSort; 4] = [AlarmSort::Newest, AlarmSort::Severity, AlarmSort::Device, AlarmSort::Location];

/// The row numbers of the devices that the phone has heard of.
pub fn device_numbers(phone: &Phone) -> HashMap<DeviceId, i64> {
    phone.read(|reading| {
        let mut select = reading.cache.prepare("SELECT id, n FROM device")?;
        let rows = select.query_map([], |row| Ok((DeviceId::from_bytes(row.get(0)?), row.get(1)?)))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    })
}

pub fn truth_of(world: &World, phone: &Phone) -> Vec<Sight> {
    let numbers = device_numbers(phone);
    sights(world, &|id| numbers[&id])
}

struct Asked {
    list: AlarmList,
    size: usize,
    expected: Vec<AlarmId>,
    facets: Facets,
}

fn part(
    list: &AlarmList,
    reading: &Reading<'_>,
    ready: &<AlarmList as Query>::Ready,
    start: Start<'_, Place>,
    limit: usize,
) -> Result<Vec<(Place, AlarmId)>, Fault> {
    let mut found = Vec::new();
    list.page(reading, ready, start, limit, &mut |mark| {
        assert!(list.passes(ready, &mark), "the rule in memory is stricter than the statement");
        found.push((list.key(ready, &mark), mark.id));
        Ok(if found.len() == limit { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    })?;
    Ok(found)
}

impl Asked {
    fn check(&self, reading: &Reading<'_>) -> Result<(), Fault> {
        let (list, filter) = (&self.list, &self.list.filter);
        let ready = list.prepare(reading)?;
        let all = part(list, reading, &ready, Start::Top, usize::MAX)?;
        let ids: Vec<AlarmId> = all.iter().map(|(_, id)| *id).collect();
        assert_eq!(ids, self.expected, "{filter:?} {:?}", list.sort);
        assert!(all.is_sorted_by(|one, two| one.0 < two.0), "places and statements order alike: {:?}", list.sort);
        let (total, facets) = list.counts(&ready, &list.count(reading, &ready, &mut |_| {})?);
        assert_eq!(total, u64::try_from(self.expected.len()).unwrap(), "{filter:?}");
        assert_eq!(facets, self.facets, "{filter:?}");
        let mut paged = part(list, reading, &ready, Start::Top, self.size)?;
        while let Some((last, _)) = paged.last().cloned() {
            let next = part(list, reading, &ready, Start::After(&last), self.size)?;
            if next.is_empty() {
                break;
            }
            paged.extend(next);
        }
        assert_eq!(paged, all, "page by page: {filter:?} {:?}", list.sort);
        if let Some((place, _)) = all.get(all.len() / 2) {
            let from = part(list, reading, &ready, Start::At(place), usize::MAX)?;
            assert_eq!(from, all[all.len() / 2..], "from an anchor: {filter:?} {:?}", list.sort);
        }
        Ok(())
    }
}

/// One value of each facet, chosen: its count is what the list then has.
fn choosing_leaves_what_was_counted(sights: &[Sight], filter: &AlarmFilter, facets: &Facets) {
    let total = |filter: AlarmFilter| u64::try_from(listed(sights, &filter, AlarmSort::Newest).len()).unwrap();
    if let Some((category, count)) = facets.categories.iter().next_back() {
        assert_eq!(total(AlarmFilter { categories: [category.clone()].into(), ..filter.clone() }), *count);
    }
    if let Some((model, count)) = facets.models.iter().next() {
        assert_eq!(total(AlarmFilter { models: [model.clone()].into(), ..filter.clone() }), *count);
    }
    if let Some((location, count)) = facets.locations.iter().next() {
        assert_eq!(total(AlarmFilter { location: Some(*location), ..filter.clone() }), *count);
    }
}

#[test]
fn lists_counts_and_pages_are_what_the_plain_rule_says() {
    let (mut cases, mut telling) = (0, 0);
    for seed in 0..100 {
        let mut world = World::new(seed);
        let phone = Phone::new();
        let alarms = 20 + world.chance.below(60);
        world.fill(&phone, alarms);
        (0..6).for_each(|_| world.happen(&phone));
        let sights = truth_of(&world, &phone);
        let asked: Vec<Asked> = (0..100)
            .map(|number| {
                let filter = world.filter();
                let sort = SORTS[number % SORTS.len()];
                let expected = listed(&sights, &filter, sort);
                let facets = recounted(&sights, &filter);
                if number % 10 == 0 {
                    choosing_leaves_what_was_counted(&sights, &filter, &facets);
                }
                cases += 1;
                telling += usize::from(!expected.is_empty() && expected.len() < sights.len());
                Asked { list: phone.list(&filter, sort), size: 1 + world.chance.below(30), expected, facets }
            })
            .collect();
        phone.read(move |reading| asked.iter().try_for_each(|asked| asked.check(reading)));
    }
    assert!(telling * 3 >= cases, "only {telling} of {cases} cases leave some alarms but not all");
}
