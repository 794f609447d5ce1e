//! A list on a slow phone: reads take so long that commits overtake them.

use std::ops::ControlFlow;
use std::time::Duration;

use uuid::Uuid;

use crate::alarms::Mark;
use crate::alarms::list::AlarmList;
use crate::live::{Effect, Query, Start};
use crate::store::{Commit, Fault, Reading};

/// A list that pauses in the middle of its reads: their snapshots grow old meanwhile.
pub struct Slow {
    pub list: AlarmList,
    pub pause: Duration,
}

impl Slow {
    fn rest(&self, times: u32) {
        if !self.pause.is_zero() {
            std::thread::sleep(self.pause * times);
        }
    }
}

impl Query for Slow {
    type Mark = Mark;
    type Key = <AlarmList as Query>::Key;
    type Row = <AlarmList as Query>::Row;
    type Tally = <AlarmList as Query>::Tally;
    type Counts = <AlarmList as Query>::Counts;
    type Ready = <AlarmList as Query>::Ready;
    type Lesson = <AlarmList as Query>::Lesson;

    fn prepare(&self, reading: &Reading<'_>) -> Result<Self::Ready, Fault> {
        self.rest(2);
        self.list.prepare(reading)
    }

    fn number(mark: &Mark) -> i64 {
        AlarmList::number(mark)
    }

    fn key(&self, ready: &Self::Ready, mark: &Mark) -> Self::Key {
        self.list.key(ready, mark)
    }

    fn passes(&self, ready: &Self::Ready, mark: &Mark) -> bool {
        self.list.passes(ready, mark)
    }

    fn retally(&self, ready: &Self::Ready, tally: &mut Self::Tally, before: Option<&Mark>, after: Option<&Mark>) {
        self.list.retally(ready, tally, before, after);
    }

    fn counts(&self, ready: &Self::Ready, tally: &Self::Tally) -> (u64, Self::Counts) {
        self.list.counts(ready, tally)
    }

    fn study(
        &self,
        reading: &Reading<'_>,
        ready: &Self::Ready,
        changed: &[i64],
    ) -> Result<Option<Self::Lesson>, Fault> {
        let lesson = self.list.study(reading, ready, changed);
        self.rest(3);
        lesson
    }

    fn must_study(&self) -> bool {
        self.list.must_study()
    }

    fn adopt(&self, ready: &mut Self::Ready, lesson: Self::Lesson) {
        self.list.adopt(ready, lesson);
    }

    fn page(
        &self,
        reading: &Reading<'_>,
        ready: &Self::Ready,
        start: Start<'_, Self::Key>,
        limit: usize,
        each: &mut dyn FnMut(Mark) -> Result<ControlFlow<()>, Fault>,
    ) -> Result<(), Fault> {
        self.list.page(reading, ready, start, limit, &mut |mark| {
            self.rest(1);
            each(mark)
        })
    }

    fn count(
        &self,
        reading: &Reading<'_>,
        ready: &Self::Ready,
        so_far: &mut dyn FnMut(&Self::Tally),
    ) -> Result<Self::Tally, Fault> {
        let tally = self.list.count(reading, ready, &mut |tally| {
            so_far(tally);
            self.rest(8);
        });
        self.rest(8);
        tally
    }

    fn rows(
        &self,
        reading: &Reading<'_>,
        ready: &Self::Ready,
        numbers: &[i64],
        each: &mut dyn FnMut(i64, Self::Row),
    ) -> Result<(), Fault> {
        self.list.rows(reading, ready, numbers, each)
    }

    fn place(&self, reading: &Reading<'_>, ready: &Self::Ready, id: Uuid) -> Result<Option<Self::Key>, Fault> {
        self.list.place(reading, ready, id)
    }

    fn effect(&self, commit: &Commit) -> Effect<Mark> {
        self.list.effect(commit)
    }
}
