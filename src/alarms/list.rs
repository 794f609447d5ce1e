//! The list of alarms as a live window's query.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::Arc;

use rusqlite::OptionalExtension;
use uuid::Uuid;

use super::facets::{Facets, Tally};
use super::filter::{AlarmFilter, AlarmSort, Sieve, Verdict, typed};
use super::hits::WordHits;
use super::mark::{AlarmsChanged, Mark, Status};
use super::row::{self, AlarmRow};
use super::search::{From, Place, Search, json_list};
use super::words;
use crate::devices::directory::{Directory, SharedDirectory};
use crate::devices::intake::PlacesChanged;
use crate::live::{Effect, Query, Start};
use crate::store::{Commit, Fault, Reading};
use crate::sync::overlays::Overlays;

/// A filter and a sort over the store.
pub struct AlarmList {
    pub(super) filter: AlarmFilter,
    pub(super) sort: AlarmSort,
    pub(super) directory: SharedDirectory,
    pub(super) overlays: Arc<Overlays>,
}

/// The query against one version of names and places.
#[derive(Clone)]
pub struct Ready {
    directory: Arc<Directory>,
    sieve: Arc<Sieve>,
    words: Option<WordHits>,
}

impl AlarmList {
    /// The same list under another filter.
    pub(super) fn with(&self, filter: AlarmFilter) -> Self {
        Self { filter, sort: self.sort, directory: self.directory.clone(), overlays: Arc::clone(&self.overlays) }
    }

    /// The alarms that have the typed words; `None` when none were typed.
    fn worded(&self, reading: &Reading<'_>) -> Result<Option<WordHits>, Fault> {
        let query = typed(&self.filter);
        (!query.is_empty()).then(|| WordHits::find(reading.cache, &query.for_index())).transpose()
    }

    fn search<'a>(&'a self, ready: &'a Ready) -> Search<'a> {
        Search {
            filter: &self.filter,
            sort: self.sort,
            sieve: &ready.sieve,
            directory: &ready.directory,
            words: ready.words.as_ref(),
        }
    }
}

impl Query for AlarmList {
    type Mark = Mark;
    type Key = Place;
    type Row = AlarmRow;
    type Tally = Tally;
    type Counts = Facets;
    type Ready = Ready;
    type Lesson = HashMap<i64, bool>;

    fn prepare(&self, reading: &Reading<'_>) -> Result<Ready, Fault> {
        let directory = self.directory.at(reading.cache)?;
        let sieve = Arc::new(Sieve::new(&self.filter, &directory));
        let words = self.worded(reading)?;
        Ok(Ready { directory, sieve, words })
    }

    fn number(mark: &Mark) -> i64 {
        mark.n
    }

    fn key(&self, ready: &Ready, mark: &Mark) -> Place {
        Place::of(self.sort, &ready.directory, mark)
    }

    fn passes(&self, ready: &Ready, mark: &Mark) -> bool {
        ready.words.as_ref().is_none_or(|hits| hits.contains(mark.n)) && ready.sieve.verdict(mark) == Verdict::Passes
    }

    fn retally(&self, ready: &Ready, tally: &mut Tally, before: Option<&Mark>, after: Option<&Mark>) {
        if let Some(before) = before {
            tally.take_out(&ready.sieve, before);
        }
        if let Some(after) = after {
            tally.set_worded(after.n, ready.words.as_ref().is_none_or(|hits| hits.contains(after.n)));
            tally.put_in(&ready.sieve, after);
        }
    }

    fn counts(&self, ready: &Ready, tally: &Tally) -> (u64, Facets) {
        (tally.total(), tally.facets(&ready.directory))
    }

    fn study(&self, reading: &Reading<'_>, _: &Ready, changed: &[i64]) -> Result<Option<HashMap<i64, bool>>, Fault> {
        let query = typed(&self.filter);
        if query.is_empty() {
            return Ok(None);
        }
        // Asking the index for one alarm costs as much as asking it for all; the alarm's own texts are nearer.
        let lesson = changed.iter().map(|n| Ok((*n, query.matches(&words::of_alarm(reading.cache, *n)?))));
        Ok(Some(lesson.collect::<Result<_, Fault>>()?))
    }

    fn must_study(&self) -> bool {
        !typed(&self.filter).is_empty()
    }

    fn adopt(&self, ready: &mut Ready, lesson: HashMap<i64, bool>) {
        if let Some(words) = &mut ready.words {
            lesson.into_iter().for_each(|(n, hit)| words.set(n, hit));
        }
    }

    fn page(
        &self,
        reading: &Reading<'_>,
        ready: &Ready,
        start: Start<'_, Place>,
        limit: usize,
        each: &mut dyn FnMut(Mark) -> Result<ControlFlow<()>, Fault>,
    ) -> Result<(), Fault> {
        let from = match start {
            Start::Top => None,
            Start::At(place) => Some(From::new(place, true)),
            Start::After(place) => Some(From::new(place, false)),
        };
        self.search(ready).walk(reading.cache, from.as_ref(), limit, each)
    }

    fn count(&self, reading: &Reading<'_>, ready: &Ready, so_far: &mut dyn FnMut(&Tally)) -> Result<Tally, Fault> {
        let worded = self.worded(reading)?;
        let few = worded.as_ref().filter(|hits| hits.are_few()).map(|hits| json_list(hits.numbers()));
        let mut tally = Tally::new(worded);
        if let Some(few) = few {
            let mut select = reading.cache.prepare_cached(
                "SELECT alarm.n, alarm.id, organization, device, status, shown, category, muted, assignee, recency
                   FROM json_each(?1) AS hit CROSS JOIN alarm ON alarm.n = hit.value",
            )?;
            let mut rows = select.query([few])?;
            while let Some(row) = rows.next()? {
                if let Some(mark) = Mark::read(row)? {
                    tally.put_in(&ready.sieve, &mark);
                }
            }
            return Ok(tally.completed());
        }
        // Active ones first: there are few, and they are what most lists show.
        for status in [Status::Active, Status::Cleared] {
            let mut select = reading.cache.prepare_cached(
                "SELECT n, id, organization, device, status, shown, category, muted, assignee, recency
                   FROM alarm INDEXED BY alarm_newest WHERE status = ?1",
            )?;
            let mut rows = select.query([i64::from(status == Status::Cleared)])?;
            while let Some(row) = rows.next()? {
                if let Some(mark) = Mark::read(row)? {
                    tally.put_in(&ready.sieve, &mark);
                }
            }
            if status == Status::Active && self.filter.status == Some(Status::Active) {
                so_far(&tally);
            }
        }
        Ok(tally.completed())
    }

    fn rows(
        &self,
        reading: &Reading<'_>,
        ready: &Ready,
        numbers: &[i64],
        each: &mut dyn FnMut(i64, AlarmRow),
    ) -> Result<(), Fault> {
        row::read(reading.cache, &ready.directory, &self.overlays, numbers, each)
    }

    fn place(&self, reading: &Reading<'_>, ready: &Ready, id: Uuid) -> Result<Option<Place>, Fault> {
        let n: Option<i64> = reading
            .cache
            .prepare_cached("SELECT n FROM alarm WHERE id = ?1")?
            .query_row([id.as_bytes()], |row| row.get(0))
            .optional()?;
        let mark = n.map(|n| Mark::of(reading.cache, n)).transpose()?.flatten();
        Ok(mark.map(|mark| self.key(ready, &mark)))
    }

    fn effect(&self, commit: &Commit) -> Effect<Mark> {
        if commit.voids() {
            return Effect::Replaced;
        }
        let mut rows = Vec::new();
        for changed in commit.of::<AlarmsChanged>() {
            rows.extend_from_slice(&changed.0);
        }
        if commit.of::<PlacesChanged>().next().is_some() {
            Effect::Reordered(rows)
        } else if rows.is_empty() {
            Effect::Nothing
        } else {
            Effect::Rows(rows)
        }
    }
}
