//! Live windows while the world goes on: a listener's copy, built from batches alone, is always what a fresh window shows.

use std::collections::{BTreeSet, HashMap};
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use onsite_wire::ids::AlarmId;
use onsite_wire::rest::Alarm;
use uuid::Uuid;

use super::filters::truth_of;
use super::phone::{Noted, Phone};
use super::raw;
use super::slow::Slow;
use super::truth::{listed, recounted};
use super::world::World;
use crate::alarms::search::Place;
use crate::alarms::{AlarmFilter, AlarmRow, AlarmSort, Facets, Status};
use crate::live::{Batch, Query, RowsChange, Start, Window};

/// What a window that was opened this moment would show.
#[derive(Debug, PartialEq)]
struct Fresh {
    rows: Vec<AlarmRow>,
    total: Option<u64>,
    facets: Option<Arc<Facets>>,
    has_more: bool,
}

/// A window, and what its listener knows.
struct Listener {
    window: Window<Slow>,
    filter: AlarmFilter,
    sort: AlarmSort,
    size: usize,
    target: Option<AlarmId>,
    anchor: Option<Place>,
    /// What came in above the anchor, by the plain rule.
    newer: BTreeSet<i64>,
    /// What stood above the anchor when it was looked at last.
    above: BTreeSet<i64>,
    rows: Vec<AlarmRow>,
    last: Option<Batch<AlarmRow, Facets>>,
}

impl Listener {
    fn open(phone: &Phone, world: &mut World, anchored: bool, slow: bool) -> Self {
        let (filter, sort, size) = (world.filter(), world.sort(), 1 + world.chance.below(12));
        let at = world.chance.below(world.alarms.len());
        let target = anchored.then(|| world.alarms[at].alarm.id);
        let list = Slow { list: phone.list(&filter, sort), pause: Duration::from_micros(if slow { 400 } else { 0 }) };
        let window = phone.engine.open(list, size, target.map(|id| id.0));
        let (newer, above) = Default::default();
        let mut listener =
            Self { window, filter, sort, size, target, anchor: None, newer, above, rows: vec![], last: None };
        listener.reanchor(phone);
        listener.above = listener.standing_above(phone);
        listener
    }

    /// The window begins anew: at its row, or where it began if that row is nowhere.
    fn reanchor(&mut self, phone: &Phone) {
        let (list, target) = (phone.list(&self.filter, self.sort), self.target);
        let found = phone.read(move |reading| {
            let ready = list.prepare(reading)?;
            Ok(target.map(|id| list.place(reading, &ready, id.0)).transpose()?.flatten())
        });
        self.anchor = match self.target {
            Some(_) => found.or(self.anchor.take()),
            None => None,
        };
    }

    fn standing_above(&self, phone: &Phone) -> BTreeSet<i64> {
        let Some(anchor) = self.anchor.clone() else { return BTreeSet::new() };
        let list = phone.list(&self.filter, self.sort);
        phone.read(move |reading| {
            let ready = list.prepare(reading)?;
            let mut above = BTreeSet::new();
            list.page(reading, &ready, Start::Top, usize::MAX, &mut |mark| {
                if list.key(&ready, &mark) < anchor {
                    above.insert(mark.n);
                }
                Ok(ControlFlow::Continue(()))
            })?;
            Ok(above)
        })
    }

    /// Something happened: what came in above the anchor is counted, what went from there no longer.
    fn count_newer(&mut self, phone: &Phone, noted: &Noted) {
        if noted.places {
            self.reanchor(phone);
        }
        let above = self.standing_above(phone);
        let was_above = if noted.places { self.above_before(phone, noted) } else { self.above.clone() };
        self.newer.retain(|n| above.contains(n));
        let changed = noted.alarms.iter().filter_map(|(before, after)| Some(after.or(*before)?.n));
        self.newer.extend(changed.filter(|n| above.contains(n) && !was_above.contains(n)));
        self.above = above;
    }

    /// Which changed alarms stood above under the new names already.
    fn above_before(&self, phone: &Phone, noted: &Noted) -> BTreeSet<i64> {
        let list = phone.list(&self.filter, self.sort);
        let before: Vec<_> = noted.alarms.iter().filter_map(|(before, _)| *before).collect();
        let Some(anchor) = self.anchor.clone() else { return BTreeSet::new() };
        phone.read(move |reading| {
            let ready = list.prepare(reading)?;
            let above = before.iter().filter(|mark| list.passes(&ready, mark) && list.key(&ready, mark) < anchor);
            Ok(above.map(|mark| mark.n).collect())
        })
    }

    fn fresh(&self, phone: &Phone) -> Fresh {
        let list = phone.list(&self.filter, self.sort);
        let (anchor, size) = (self.anchor.clone(), self.size);
        phone.read(move |reading| {
            let ready = list.prepare(reading)?;
            let mut numbers = Vec::new();
            let start = anchor.as_ref().map_or(Start::Top, Start::At);
            list.page(reading, &ready, start, size + 1, &mut |mark| {
                numbers.push(mark.n);
                Ok(ControlFlow::Continue(()))
            })?;
            let has_more = numbers.len() > size;
            numbers.truncate(size);
            let mut found = HashMap::new();
            list.rows(reading, &ready, &numbers, &mut |n, row| assert!(found.insert(n, row).is_none()))?;
            let rows = numbers.iter().map(|n| found.remove(n).unwrap()).collect();
            let (total, facets) = list.counts(&ready, &list.count(reading, &ready, &mut |_| {})?);
            Ok(Fresh { rows, total: Some(total), facets: Some(Arc::new(facets)), has_more })
        })
    }

    /// Takes the one batch that waits, if any.
    fn listen(&mut self) {
        if let Some(batch) = self.window.take_now() {
            if self.last.is_none() {
                assert!(matches!(batch.rows, RowsChange::Reset(_)), "the first batch is a reset");
            }
            batch.rows.apply(&mut self.rows);
            self.last = Some(batch);
        }
    }

    fn check(&mut self, phone: &Phone) {
        self.listen();
        assert!(self.window.take_now().is_none(), "one batch for all that happened");
        let batch = self.last.as_ref().expect("a settled window has shown something");
        let shown = Fresh {
            rows: self.rows.clone(),
            total: batch.total,
            facets: batch.counts.clone(),
            has_more: batch.has_more,
        };
        let fresh = self.fresh(phone);
        let what = format!("{:?} {:?} {:?}", self.filter, self.sort, self.target);
        assert_eq!((shown.total, shown.has_more), (fresh.total, fresh.has_more), "{what}");
        assert_eq!(shown, fresh, "{what}");
        assert!(!batch.searching);
        let ids: BTreeSet<_> = self.rows.iter().map(|row| row.id).collect();
        assert_eq!(ids.len(), self.rows.len(), "no row stands there twice");
    }
}

fn opened(mut world: World) -> (World, Phone) {
    let phone = Phone::new();
    world.fill(&phone, 40);
    phone.noted();
    (world, phone)
}

#[test]
fn a_copy_built_from_batches_is_always_what_a_fresh_window_shows() {
    for seed in 0..12 {
        // Of one organization: then what happens is one commit, and where windows begin anew is certain.
        let (mut world, phone) = opened(World::of_one_organization(1_000 + seed));
        let mut listeners: Vec<_> =
            (0..6).map(|number| Listener::open(&phone, &mut world, number % 2 == 1, false)).collect();
        phone.engine.settle();
        for step in 0..40 {
            world.happen(&phone);
            phone.engine.settle();
            let noted = phone.noted();
            for listener in &mut listeners {
                listener.count_newer(&phone, &noted);
                // Some listen seldom, and get one batch for all that happened.
                if world.chance.one_in(2) {
                    listener.check(&phone);
                    let newer = u64::try_from(listener.newer.len()).unwrap();
                    let last = listener.last.as_ref().unwrap();
                    assert_eq!(last.newer, newer, "seed {seed} step {step} {:?} {:?}", listener.filter, listener.sort);
                }
            }
            let at = world.chance.below(listeners.len());
            let alarm = world.chance.below(world.alarms.len());
            let id = world.alarms[alarm].alarm.id;
            match world.chance.below(12) {
                0 => {
                    listeners[at].window.more(3);
                    listeners[at].size += 3;
                }
                1 => {
                    let listener = &mut listeners[at];
                    listener.window.show(id.0);
                    let before = listener.anchor.clone();
                    listener.target = Some(id);
                    listener.reanchor(&phone);
                    if listener.anchor != before || listener.anchor.is_some() {
                        listener.above = listener.standing_above(&phone);
                    }
                    if phone_has(&phone, &listener.filter, listener.sort, id) {
                        listener.newer.clear();
                    }
                }
                2 => {
                    let listener = &mut listeners[at];
                    listener.window.show_top();
                    (listener.target, listener.anchor) = (None, None);
                    listener.newer.clear();
                    listener.above.clear();
                }
                3 => listeners[at] = Listener::open(&phone, &mut world, step % 2 == 1, false),
                _ => {}
            }
            phone.engine.settle();
        }
        listeners.iter_mut().for_each(|listener| listener.check(&phone));
    }
}

/// Whether an alarm has a place in a list, in it or not.
fn phone_has(phone: &Phone, filter: &AlarmFilter, sort: AlarmSort, id: AlarmId) -> bool {
    let list = phone.list(filter, sort);
    phone.read(move |reading| {
        let ready = list.prepare(reading)?;
        Ok(list.place(reading, &ready, id.0)?.is_some())
    })
}

#[test]
fn changes_that_arrive_while_rows_and_counts_are_being_read_lose_and_double_nothing() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    for seed in 0..20 {
        let (mut world, phone) = opened(World::new(2_000 + seed));
        let mut listeners: Vec<_> = (0..5).map(|_| Listener::open(&phone, &mut world, false, true)).collect();
        for _ in 0..15 {
            for _ in 0..1 + world.chance.below(6) {
                let at = world.chance.below(listeners.len());
                match world.chance.below(10) {
                    0 => listeners[at] = Listener::open(&phone, &mut world, false, true),
                    1 => {
                        listeners[at].window.more(2);
                        listeners[at].size += 2;
                    }
                    2 => {
                        runtime.block_on(phone.store.suspend()).unwrap();
                        listeners[at].window.show_top();
                        listeners[at].window.more(1);
                        listeners[at].size += 1;
                        runtime.block_on(phone.store.resume()).unwrap();
                    }
                    3 => listeners[at].listen(),
                    4 | 5 => listeners[at].window.show_top(),
                    _ => world.happen(&phone),
                }
            }
            phone.engine.settle();
            listeners.iter_mut().for_each(|listener| listener.check(&phone));
        }
        let sights = truth_of(&world, &phone);
        for listener in &listeners {
            let all = listed(&sights, &listener.filter, listener.sort);
            let shown: Vec<AlarmId> = listener.rows.iter().map(|row| row.id).collect();
            assert_eq!(shown, all[..all.len().min(listener.size)], "seed {seed}: the window and the plain rule");
            let facets = listener.last.as_ref().and_then(|batch| batch.counts.clone()).unwrap();
            assert_eq!(*facets, recounted(&sights, &listener.filter), "seed {seed}: the counts and the plain rule");
        }
    }
}

#[test]
fn a_list_of_the_active_shows_its_counts_before_the_cleared_are_counted_and_never_a_part_of_those() {
    let (world, phone) = opened(World::new(3_100));
    let filter = AlarmFilter { status: Some(Status::Active), ..AlarmFilter::default() };
    let list = Slow { list: phone.list(&filter, AlarmSort::Newest), pause: Duration::from_millis(10) };
    let mut window = phone.engine.open(list, 50, None);
    let whole = recounted(&truth_of(&world, &phone), &filter);
    assert!(whole.cleared > Some(0));
    let mut met_part = false;
    loop {
        let batch = window.next_before(std::time::Instant::now() + Duration::from_secs(20)).unwrap();
        let Some(counts) = batch.counts else { continue };
        assert_eq!(Facets { cleared: whole.cleared, ..(*counts).clone() }, whole);
        if counts.cleared.is_some() {
            assert_eq!(*counts, whole);
            break;
        }
        met_part = true;
    }
    assert!(met_part);
}

#[test]
fn nothing_is_shown_before_the_first_rows() {
    let (mut world, phone) = opened(World::new(3_000));
    for _ in 0..30 {
        let mut window = phone.engine.open(phone.list(&AlarmFilter::default(), AlarmSort::Newest), 5, None);
        world.happen(&phone);
        let first = window.next_before(std::time::Instant::now() + Duration::from_secs(20)).unwrap();
        let RowsChange::Reset(rows) = first.rows else { panic!("the first batch is a reset") };
        assert!(rows.len() == 5 || (first.searching && !rows.is_empty()), "{} rows", rows.len());
    }
}

/// So many active alarms on one device, the newest first, and the phone that has them.
fn row_of_alarms(count: u8) -> (Phone, Vec<Alarm>) {
    let phone = Phone::new();
    let alarm = |at: u8| {
        serde_json::from_value(serde_json::json!({
            "id": Uuid::from_bytes([at; 16]), "deviceId": raw::device(1), "label": "on", "severity": "CRITICAL",
            "activatedTime": raw::NOW.plus_millis(-60_000 * i64::from(at)),
        }))
    };
    let alarms: Vec<Alarm> = (1..=count).map(|at| alarm(at).unwrap()).collect();
    phone.alarms(raw::organization(), false, &alarms, raw::NOW);
    (phone, alarms)
}

#[test]
fn a_row_that_moves_up_while_it_is_being_searched_stands_there_once() {
    let (phone, alarms) = row_of_alarms(30);
    let list = phone.list(&AlarmFilter::default(), AlarmSort::Newest);
    let mut window = phone.engine.open(Slow { list, pause: Duration::from_millis(2) }, 30, None);
    let mut rows = Vec::new();
    let first = window.next_before(std::time::Instant::now() + Duration::from_secs(20)).unwrap();
    assert!(first.searching, "rows are shown as they are found");
    first.rows.apply(&mut rows);
    let moved = Alarm { activated_time: raw::NOW, ..alarms[29].clone() };
    phone.alarms(raw::organization(), false, std::slice::from_ref(&moved), raw::NOW);
    phone.engine.settle();
    let last = window.take_now().unwrap();
    last.rows.apply(&mut rows);
    let expected: Vec<AlarmId> = [moved.id].into_iter().chain(alarms[..29].iter().map(|alarm| alarm.id)).collect();
    assert_eq!(rows.iter().map(|row| row.id).collect::<Vec<_>>(), expected);
    assert_eq!((last.total, last.searching, last.has_more), (Some(30), false, false));
}

#[test]
fn a_window_that_begins_at_a_row_knows_when_nothing_is_left_below_it() {
    let (phone, alarms) = row_of_alarms(5);
    let filter = AlarmFilter { status: Some(Status::Active), ..AlarmFilter::default() };
    let mut window = phone.engine.open(phone.list(&filter, AlarmSort::Newest), 2, Some(alarms[1].id.0));
    phone.engine.settle();
    let mut shown = |phone: &Phone| {
        phone.engine.settle();
        window.take_now().map(|batch| (batch.total, batch.newer, batch.has_more))
    };
    assert_eq!(shown(&phone), Some((Some(5), 0, true)));
    for (at, expected) in [(4, (Some(4), 0, true)), (3, (Some(3), 0, false))] {
        let cleared = Alarm { cleared_time: Some(raw::NOW), ..alarms[at].clone() };
        phone.alarms(raw::organization(), false, &[cleared], raw::NOW);
        assert_eq!(shown(&phone), Some(expected));
    }
    let newest = Alarm { activated_time: raw::NOW, ..alarms[3].clone() };
    phone.alarms(raw::organization(), false, &[newest], raw::NOW);
    assert_eq!(shown(&phone), Some((Some(4), 1, false)), "it came in above");
    let reworded = Alarm { label: "changed".into(), ..alarms[0].clone() };
    phone.alarms(raw::organization(), false, &[reworded], raw::NOW);
    assert_eq!(shown(&phone), None, "what stood above and changes is not new");
}
