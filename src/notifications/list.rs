//! The latest notifications as a live window's query, with the unread counter (N4).

use std::ops::ControlFlow;

use onsite_wire::ids::OrganizationId;
use rusqlite::{Connection, OptionalExtension, Row};
use uuid::Uuid;

use super::row::{self, NotificationRow};
use crate::live::{BeforeAfter, Effect, Query, Start};
use crate::store::{Changes, Commit, Fault, Reading};

/// Which notifications a person chose to see. The location that narrows every screen holds none back (A5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct NotificationFilter {
    /// Of this organization.
    pub organization: Option<OrganizationId>,
    /// Only what was not read.
    pub unread: bool,
}

/// Counts beside the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct NotificationCounts {
    /// How many were not read, of the filter's organization, whether or not the filter leaves out the others.
    pub unread: u64,
}

/// What must be known of a notification to place, filter and count it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoticeMark {
    n: i64,
    id: Uuid,
    organization: i64,
    recency: i64,
    read: bool,
}

impl NoticeMark {
    fn from_row(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            n: row.get(0)?,
            id: Uuid::from_bytes(row.get(1)?),
            organization: row.get(2)?,
            recency: row.get(3)?,
            read: row.get(4)?,
        })
    }

    /// The mark of a row as it stands.
    pub(super) fn of(cache: &Connection, n: i64) -> Result<Option<Self>, Fault> {
        Ok(cache
            .prepare_cached("SELECT n, id, organization, recency, read FROM notification WHERE n = ?1")?
            .query_row([n], Self::from_row)
            .optional()?)
    }

    /// The mark of the row with this id.
    pub(super) fn by_id(cache: &Connection, id: Uuid) -> Result<Option<Self>, Fault> {
        Ok(cache
            .prepare_cached("SELECT n, id, organization, recency, read FROM notification WHERE id = ?1")?
            .query_row([id.as_bytes()], Self::from_row)
            .optional()?)
    }
}

/// Noted with a commit: notifications before and after.
#[derive(Debug, Default)]
pub(super) struct NoticesChanged(pub(super) BeforeAfter<NoticeMark>);

impl NoticesChanged {
    pub(super) fn push(&mut self, before: Option<NoticeMark>, after: Option<NoticeMark>) {
        if before.is_some() || after.is_some() {
            self.0.push((before, after));
        }
    }

    /// Those that were unread before and are read, or gone, now.
    pub(super) fn settled(&self) -> impl Iterator<Item = Uuid> {
        let unread = self.0.iter().filter(|(before, _)| before.is_some_and(|before| !before.read));
        let settled = unread.filter(|(_, after)| after.is_none_or(|after| after.read));
        settled.filter_map(|(before, _)| before.map(|before| before.id))
    }

    pub(super) fn note(self, changes: &mut Changes) {
        if !self.0.is_empty() {
            changes.note(self);
        }
    }
}

/// Noted with a commit: the feed brought an unread notification with this row number, and not as a part of all there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NoticesCame(pub(crate) i64);

/// A filter over the notifications in the store; the newest event comes first.
#[derive(Debug, Clone, Copy)]
pub struct NotificationList {
    pub(super) filter: NotificationFilter,
}

/// The query against one snapshot: the organization's row number, if one was asked for.
#[derive(Debug, Clone, Copy)]
pub struct Ready {
    pub(super) organization: Option<Option<i64>>,
}

/// Running counts.
#[derive(Debug, Clone, Copy, Default)]
pub struct Tally {
    total: u64,
    unread: u64,
}

impl NotificationList {
    fn count_one(&self, ready: &Ready, tally: &mut Tally, mark: &NoticeMark, adds: bool) {
        let step = |count: &mut u64| *count = if adds { *count + 1 } else { count.saturating_sub(1) };
        if is_of(ready, mark) && !mark.read {
            step(&mut tally.unread);
        }
        if self.passes(ready, mark) {
            step(&mut tally.total);
        }
    }
}

fn is_of(ready: &Ready, mark: &NoticeMark) -> bool {
    ready.organization.is_none_or(|wanted| wanted == Some(mark.organization))
}

impl Query for NotificationList {
    type Mark = NoticeMark;
    type Key = (i64, Uuid);
    type Row = NotificationRow;
    type Tally = Tally;
    type Counts = NotificationCounts;
    type Ready = Ready;
    type Lesson = ();

    fn prepare(&self, reading: &Reading<'_>) -> Result<Ready, Fault> {
        let number = |id: OrganizationId| {
            reading
                .cache
                .prepare_cached("SELECT n FROM organization WHERE id = ?1")?
                .query_row([id.bytes()], |row| row.get::<_, i64>(0))
                .optional()
        };
        Ok(Ready { organization: self.filter.organization.map(number).transpose()? })
    }

    fn number(mark: &NoticeMark) -> i64 {
        mark.n
    }

    fn key(&self, _: &Ready, mark: &NoticeMark) -> (i64, Uuid) {
        (mark.recency, mark.id)
    }

    fn passes(&self, ready: &Ready, mark: &NoticeMark) -> bool {
        is_of(ready, mark) && !(self.filter.unread && mark.read)
    }

    fn retally(&self, ready: &Ready, tally: &mut Tally, before: Option<&NoticeMark>, after: Option<&NoticeMark>) {
        if let Some(before) = before {
            self.count_one(ready, tally, before, false);
        }
        if let Some(after) = after {
            self.count_one(ready, tally, after, true);
        }
    }

    fn counts(&self, _: &Ready, tally: &Tally) -> (u64, NotificationCounts) {
        (tally.total, NotificationCounts { unread: tally.unread })
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
        start: Start<'_, (i64, Uuid)>,
        limit: usize,
        each: &mut dyn FnMut(NoticeMark) -> Result<ControlFlow<()>, Fault>,
    ) -> Result<(), Fault> {
        let ((recency, id), inclusive) = match start {
            Start::Top => ((i64::MIN, [0; 16]), true),
            Start::At((recency, id)) => ((*recency, *id.as_bytes()), true),
            Start::After((recency, id)) => ((*recency, *id.as_bytes()), false),
        };
        let mut select = reading.cache.prepare_cached(
            "SELECT n, id, organization, recency, read FROM notification INDEXED BY notification_newest
              WHERE (recency, id) >= (?1, ?2) ORDER BY recency, id",
        )?;
        let mut rows = select.query((recency, id))?;
        let mut found = 0;
        while let Some(row) = rows.next()? {
            let mark = NoticeMark::from_row(row)?;
            let skipped = !inclusive && mark.recency == recency && *mark.id.as_bytes() == id;
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
            "SELECT n, id, organization, recency, read FROM notification INDEXED BY notification_newest",
        )?;
        let mut rows = select.query([])?;
        while let Some(row) = rows.next()? {
            self.count_one(ready, &mut tally, &NoticeMark::from_row(row)?, true);
        }
        Ok(tally)
    }

    fn rows(
        &self,
        reading: &Reading<'_>,
        _: &Ready,
        numbers: &[i64],
        each: &mut dyn FnMut(i64, NotificationRow),
    ) -> Result<(), Fault> {
        for n in numbers {
            if let Some(found) = row::read(reading.cache, *n)? {
                each(*n, found);
            }
        }
        Ok(())
    }

    fn place(&self, reading: &Reading<'_>, _: &Ready, id: Uuid) -> Result<Option<(i64, Uuid)>, Fault> {
        Ok(NoticeMark::by_id(reading.cache, id)?.map(|mark| (mark.recency, mark.id)))
    }

    fn effect(&self, commit: &Commit) -> Effect<NoticeMark> {
        if commit.voids() {
            return Effect::Replaced;
        }
        let rows: Vec<_> = commit.of::<NoticesChanged>().flat_map(|changed| changed.0.iter().copied()).collect();
        if rows.is_empty() { Effect::Nothing } else { Effect::Rows(rows) }
    }
}
