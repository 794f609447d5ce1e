//! What things cost, in steps of SQLite's machine, never by a clock: the same with 10,000 alarms and with a million.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use onsite_rules::severity::Shown;
use rusqlite::Connection;

use super::raw;
use crate::alarms::list::AlarmList;
use crate::alarms::{AlarmFeed, AlarmFilter, AlarmSort, AssignmentChoice, MutedChoice, Status, follow};
use crate::devices::directory::{Directory, SharedDirectory};
use crate::live::{Query, Start};
use crate::store::Reading;
use crate::sync::feed::Feed;

struct Store {
    cache: Connection,
    steps: Arc<AtomicU64>,
    directory: SharedDirectory,
}

impl Store {
    fn of(alarms: usize) -> Self {
        let mut cache = raw::filled(alarms);
        let steps = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&steps);
        let count = move || {
            counted.fetch_add(1, Ordering::Relaxed);
            false
        };
        cache.progress_handler(1, Some(count)).unwrap();
        let directory = SharedDirectory::default();
        directory.at(&cache).unwrap();
        Self { cache, steps, directory }
    }

    fn steps(&self, work: impl FnOnce(&Self)) -> u64 {
        let before = self.steps.load(Ordering::Relaxed);
        work(self);
        self.steps.load(Ordering::Relaxed) - before
    }

    fn reading(&self) -> Reading<'_> {
        Reading::of(&self.cache, &self.cache)
    }

    fn list(&self, filter: AlarmFilter, sort: AlarmSort) -> AlarmList {
        AlarmList { filter, sort, directory: self.directory.clone(), overlays: Arc::default() }
    }

    fn first_page(&self, filter: AlarmFilter, sort: AlarmSort) {
        let (list, reading) = (self.list(filter, sort), self.reading());
        let ready = list.prepare(&reading).unwrap();
        let mut found = 0;
        let mut each = |mark: crate::alarms::Mark| {
            found += 1;
            list.rows(&reading, &ready, &[mark.n], &mut |_, _| {})?;
            Ok(if found == 51 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
        };
        list.page(&reading, &ready, Start::Top, 51, &mut each).unwrap();
        assert_eq!(found, 51);
    }

    /// One alarm arrives changed; a window with words and one without follow it.
    fn change(&self, n: usize, json: &str) {
        let feed = AlarmFeed { overlays: Arc::default() };
        let id = uuid::Uuid::from_bytes(raw::alarm_id(n));
        let device = raw::device(n % raw::DEVICES);
        let json = format!(
            r#"{{"id":"{id}","deviceId":"{device}","label":"Fan","activatedTime":"2026-11-22T10:00:00Z","severity":"CRITICAL"{json}}}"#
        );
        let item = feed.parse(0, json.as_bytes()).unwrap();
        raw::intake(&self.cache, |intake| feed.take(intake, vec![item])).unwrap();
        let reading = self.reading();
        let n = i64::try_from(n).unwrap();
        for words in ["", "fan"] {
            let list = self.list(AlarmFilter { words: words.into(), ..AlarmFilter::default() }, AlarmSort::Newest);
            let ready = self.list(AlarmFilter::default(), AlarmSort::Newest).prepare(&reading).unwrap();
            list.study(&reading, &ready, &[n]).unwrap();
            list.rows(&reading, &ready, &[n], &mut |_, _| {}).unwrap();
        }
    }

    /// What opening asks before the first rows.
    fn open(&self) {
        Directory::load(&self.cache).unwrap();
        follow::next_deadline(&self.cache).unwrap();
        follow::covered(&self.cache).unwrap();
    }
}

#[test]
fn changes_first_pages_and_opening_cost_the_same_with_a_million_alarms() {
    let (few, many) = (Store::of(10_000), Store::of(1_000_000));
    let same = |what: &str, work: &dyn Fn(&Store)| {
        let (small, large) = (few.steps(work), many.steps(work));
        assert!(small > 0, "{what} was counted");
        assert!(large * 10 <= small * 13, "{what}: {small} steps with 10,000 alarms, {large} with a million");
    };
    same("opening", &Store::open);
    same("a changed alarm", &|store| store.change(700, ""));
    same("a cleared alarm", &|store| store.change(700, r#","clearedTime":"2026-11-22T11:00:00Z""#));
    same("a new alarm", &|store| store.change(5_000_000, ""));
    same("a moved alarm", &|store| store.change(701, r#","category":"Cooling""#));
    let any = AlarmFilter::default;
    for sort in [AlarmSort::Newest, AlarmSort::Severity, AlarmSort::Device, AlarmSort::Location] {
        same(&format!("the first rows {sort:?}"), &|store| store.first_page(any(), sort));
        let active = AlarmFilter { status: Some(Status::Active), ..any() };
        same(&format!("active ones {sort:?}"), &|store| store.first_page(active.clone(), sort));
    }
    for filter in [
        AlarmFilter { severity: Some(Shown::Warning), ..any() },
        AlarmFilter { categories: ["Power".to_owned()].into(), ..any() },
        AlarmFilter { device_types: ["UPS".to_owned()].into(), ..any() },
        AlarmFilter { location: Some(raw::location(1)), ..any() },
        AlarmFilter { muted: MutedChoice::Without, ..any() },
        AlarmFilter { assignment: AssignmentChoice::Person(raw::person()), ..any() },
        AlarmFilter { assignment: AssignmentChoice::Unassigned, ..any() },
    ] {
        same(&format!("{filter:?}"), &|store| store.first_page(filter.clone(), AlarmSort::Newest));
    }
}
