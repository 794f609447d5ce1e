//! The list of incidents as a live window's query (I3).

use std::ops::ControlFlow;
use std::sync::Arc;

use onsite_wire::ids::{DeviceId, IncidentId, LocationId, OrganizationId};
use onsite_wire::onsite::IncidentState;
use rusqlite::{Connection, OptionalExtension, Row};
use uuid::Uuid;

use super::row::{self, IncidentRow};
use super::shape::{state_column, state_from_column};
use crate::devices::directory::{Directory, SharedDirectory};
use crate::devices::intake::PlacesChanged;
use crate::live::{BeforeAfter, Effect, Query, Start};
use crate::store::{Changes, Commit, Fault, Reading};
use crate::sync::overlays::Overlays;

/// Which incidents a person chose to see.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct IncidentFilter {
    /// Of this organization.
    pub organization: Option<OrganizationId>,
    /// In one of these states; empty: in any.
    pub states: Vec<IncidentState>,
    /// Of this device.
    pub device: Option<DeviceId>,
    /// At this location or below.
    pub location: Option<LocationId>,
    /// Those in which one takes part oneself.
    pub mine: bool,
}

impl IncidentFilter {
    /// The tab of what is under way: new, in progress or pending.
    pub fn active() -> Self {
        use IncidentState::{New, Open, Pending};
        Self { states: vec![New, Open, Pending], ..Self::default() }
    }

    /// The tab of what is done: solved or closed.
    pub fn solved() -> Self {
        Self { states: vec![IncidentState::Solved, IncidentState::Closed], ..Self::default() }
    }
}

/// How many incidents each state would show under all other filters, and how much of them is unread.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct IncidentCounts {
    by_state: [u64; IncidentState::ALL.len()],
    /// Unread messages of those that pass.
    pub unread: i64,
}

impl IncidentCounts {
    /// How many incidents are in this state, under all other filters.
    pub fn of(&self, state: IncidentState) -> u64 {
        let at = usize::try_from(state_column(state)).unwrap_or_default();
        self.by_state.get(at).copied().unwrap_or_default()
    }
}

/// What must be known of an incident to place, filter and count it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IncidentMark {
    n: i64,
    id: IncidentId,
    organization: i64,
    device: i64,
    state: IncidentState,
    recency: i64,
    takes_part: bool,
    unread: i64,
}

impl IncidentMark {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            n: row.get(0)?,
            id: IncidentId::from_bytes(row.get(1)?),
            organization: row.get(2)?,
            device: row.get(3)?,
            state: state_from_column(row.get(4)?),
            recency: row.get(5)?,
            takes_part: row.get(6)?,
            unread: row.get(7)?,
        })
    }

    /// The mark of a row as it stands.
    pub(super) fn of(cache: &Connection, n: i64) -> Result<Option<Self>, Fault> {
        Ok(cache
            .prepare_cached(
                "SELECT n, id, organization, device, state, recency, takes_part, unread FROM incident WHERE n = ?1",
            )?
            .query_row([n], Self::read)
            .optional()?)
    }
}

/// Noted with a commit: incidents before and after.
#[derive(Debug, Default)]
pub(super) struct IncidentsChanged(BeforeAfter<IncidentMark>);

impl IncidentsChanged {
    pub(super) fn push(&mut self, before: Option<IncidentMark>, after: Option<IncidentMark>) {
        if before.is_some() || after.is_some() {
            self.0.push((before, after));
        }
    }

    pub(super) fn note(self, changes: &mut Changes) {
        if !self.0.is_empty() {
            changes.note(self);
        }
    }
}

/// A filter over the incidents in the store; the newest event comes first.
pub struct IncidentList {
    pub(super) filter: IncidentFilter,
    pub(super) directory: SharedDirectory,
    pub(super) overlays: Arc<Overlays>,
}

/// The query against one version of names and places.
#[derive(Clone)]
pub struct Ready {
    directory: Arc<Directory>,
    organization: Option<Option<i64>>,
    device: Option<Option<i64>>,
    location: Option<Option<i64>>,
}

/// Running counts.
#[derive(Debug, Clone, Default)]
pub struct Tally {
    counts: IncidentCounts,
    total: u64,
}

impl IncidentList {
    /// Whether it passes all but the filter by state.
    fn passes_but_state(&self, ready: &Ready, mark: &IncidentMark) -> bool {
        let located = |location: Option<i64>| {
            location.is_some_and(|at| ready.directory.is_within(ready.directory.place_of(mark.device), at))
        };
        ready.organization.is_none_or(|wanted| wanted == Some(mark.organization))
            && ready.device.is_none_or(|wanted| wanted == Some(mark.device))
            && ready.location.is_none_or(located)
            && (!self.filter.mine || mark.takes_part)
    }

    fn count_one(&self, ready: &Ready, tally: &mut Tally, mark: &IncidentMark, adds: bool) {
        if !self.passes_but_state(ready, mark) {
            return;
        }
        let at = usize::try_from(state_column(mark.state)).unwrap_or_default();
        let step = |count: &mut u64| *count = if adds { *count + 1 } else { count.saturating_sub(1) };
        if let Some(count) = tally.counts.by_state.get_mut(at) {
            step(count);
        }
        if self.passes(ready, mark) {
            step(&mut tally.total);
            tally.counts.unread += if adds { mark.unread } else { -mark.unread };
        }
    }
}

impl Query for IncidentList {
    type Mark = IncidentMark;
    type Key = (i64, IncidentId);
    type Row = IncidentRow;
    type Tally = Tally;
    type Counts = IncidentCounts;
    type Ready = Ready;
    type Lesson = ();

    fn prepare(&self, reading: &Reading<'_>) -> Result<Ready, Fault> {
        let directory = self.directory.at(reading.cache)?;
        Ok(Ready {
            organization: self.filter.organization.map(|id| directory.organization_number(id)),
            device: self.filter.device.map(|id| directory.device_number(id)),
            location: self.filter.location.map(|id| directory.location_number(id)),
            directory,
        })
    }

    fn number(mark: &IncidentMark) -> i64 {
        mark.n
    }

    fn key(&self, _: &Ready, mark: &IncidentMark) -> (i64, IncidentId) {
        (mark.recency, mark.id)
    }

    fn passes(&self, ready: &Ready, mark: &IncidentMark) -> bool {
        (self.filter.states.is_empty() || self.filter.states.contains(&mark.state))
            && self.passes_but_state(ready, mark)
    }

    fn retally(&self, ready: &Ready, tally: &mut Tally, before: Option<&IncidentMark>, after: Option<&IncidentMark>) {
        if let Some(before) = before {
            self.count_one(ready, tally, before, false);
        }
        if let Some(after) = after {
            self.count_one(ready, tally, after, true);
        }
    }

    fn counts(&self, _: &Ready, tally: &Tally) -> (u64, IncidentCounts) {
        (tally.total, tally.counts)
    }

    fn study(&self, _: &Reading<'_>, _: &Ready, _: &[i64]) -> Result<Option<()>, Fault> {
        Ok(None)
    }

    fn must_study(&self) -> bool {
        false
    }

    fn adopt(&self, _: &mut Ready, (): ()) {}

    fn page(
        &self,
        reading: &Reading<'_>,
        ready: &Ready,
        start: Start<'_, (i64, IncidentId)>,
        limit: usize,
        each: &mut dyn FnMut(IncidentMark) -> Result<ControlFlow<()>, Fault>,
    ) -> Result<(), Fault> {
        let ((recency, id), inclusive) = match start {
            Start::Top => ((i64::MIN, [0; 16]), true),
            Start::At((recency, id)) => ((*recency, *id.bytes()), true),
            Start::After((recency, id)) => ((*recency, *id.bytes()), false),
        };
        let mut select = reading.cache.prepare_cached(
            "SELECT n, id, organization, device, state, recency, takes_part, unread
               FROM incident INDEXED BY incident_newest WHERE (recency, id) >= (?1, ?2) ORDER BY recency, id",
        )?;
        let mut rows = select.query((recency, id))?;
        let mut found = 0;
        while let Some(row) = rows.next()? {
            let mark = IncidentMark::read(row)?;
            let skipped = !inclusive && mark.recency == recency && *mark.id.bytes() == id;
            if skipped || !self.passes(ready, &mark) {
                continue;
            }
            found += 1;
            if each(mark)?.is_break() || found >= limit {
                break;
            }
        }
        Ok(())
    }

    fn count(&self, reading: &Reading<'_>, ready: &Ready, _: &mut dyn FnMut(&Tally)) -> Result<Tally, Fault> {
        let mut tally = Tally::default();
        let mut select = reading.cache.prepare_cached(
            "SELECT n, id, organization, device, state, recency, takes_part, unread
               FROM incident INDEXED BY incident_newest",
        )?;
        let mut rows = select.query([])?;
        while let Some(row) = rows.next()? {
            self.count_one(ready, &mut tally, &IncidentMark::read(row)?, true);
        }
        Ok(tally)
    }

    fn rows(
        &self,
        reading: &Reading<'_>,
        ready: &Ready,
        numbers: &[i64],
        each: &mut dyn FnMut(i64, IncidentRow),
    ) -> Result<(), Fault> {
        for n in numbers {
            if let Some(found) = row::incident(reading.cache, &ready.directory, &self.overlays, *n)? {
                each(*n, found);
            }
        }
        Ok(())
    }

    fn place(&self, reading: &Reading<'_>, _: &Ready, id: Uuid) -> Result<Option<(i64, IncidentId)>, Fault> {
        let found = reading
            .cache
            .prepare_cached("SELECT recency FROM incident WHERE id = ?1")?
            .query_row([id.as_bytes()], |row| row.get(0))
            .optional()?;
        Ok(found.map(|recency| (recency, IncidentId(id))))
    }

    fn effect(&self, commit: &Commit) -> Effect<IncidentMark> {
        if commit.voids() {
            return Effect::Replaced;
        }
        let rows: Vec<_> = commit.of::<IncidentsChanged>().flat_map(|changed| changed.0.iter().copied()).collect();
        if commit.of::<PlacesChanged>().next().is_some() {
            Effect::Reordered(rows)
        } else if rows.is_empty() {
            Effect::Nothing
        } else {
            Effect::Rows(rows)
        }
    }
}
