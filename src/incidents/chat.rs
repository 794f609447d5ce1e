//! The messages of one incident as a live window's query: the newest first, one's own that are not taken yet before all.

use std::ops::ControlFlow;

use onsite_wire::ids::IncidentId;
use rusqlite::{Connection, OptionalExtension};
use uuid::Uuid;

use super::row::{self, ChatRow};
use crate::live::{BeforeAfter, Effect, Query, Start};
use crate::store::{Changes, Commit, Fault, Reading};

/// What must be known of a message to place it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChatMark {
    n: i64,
    incident: IncidentId,
    place: i64,
}

impl ChatMark {
    /// The mark of a row as it stands.
    pub(super) fn of(cache: &Connection, n: i64) -> Result<Option<Self>, Fault> {
        Ok(cache
            .prepare_cached("SELECT n, incident, place FROM message WHERE n = ?1")?
            .query_row([n], |row| {
                Ok(Self { n: row.get(0)?, incident: IncidentId::from_bytes(row.get(1)?), place: row.get(2)? })
            })
            .optional()?)
    }
}

/// Noted with a commit: messages before and after. Equal marks say that a message looks different.
#[derive(Debug, Default)]
pub(super) struct MessagesChanged(BeforeAfter<ChatMark>);

impl MessagesChanged {
    pub(super) fn push(&mut self, before: Option<ChatMark>, after: Option<ChatMark>) {
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

/// The chat of an incident.
pub struct ChatList {
    pub(super) incident: IncidentId,
}

impl Query for ChatList {
    type Mark = ChatMark;
    type Key = (i64, i64);
    type Row = ChatRow;
    type Tally = u64;
    type Counts = ();
    type Ready = ();
    type Lesson = ();

    fn prepare(&self, _: &Reading<'_>) -> Result<(), Fault> {
        Ok(())
    }

    fn number(mark: &ChatMark) -> i64 {
        mark.n
    }

    fn key(&self, (): &(), mark: &ChatMark) -> (i64, i64) {
        (mark.place, mark.n)
    }

    fn passes(&self, (): &(), mark: &ChatMark) -> bool {
        mark.incident == self.incident
    }

    fn retally(&self, (): &(), tally: &mut u64, before: Option<&ChatMark>, after: Option<&ChatMark>) {
        let counts = |mark: Option<&ChatMark>| u64::from(mark.is_some_and(|mark| mark.incident == self.incident));
        *tally = (*tally + counts(after)).saturating_sub(counts(before));
    }

    fn counts(&self, (): &(), tally: &u64) -> (u64, ()) {
        (*tally, ())
    }

    fn study(&self, _: &Reading<'_>, (): &(), _: &[i64]) -> Result<Option<()>, Fault> {
        Ok(None)
    }

    fn must_study(&self) -> bool {
        false
    }

    fn adopt(&self, (): &mut (), (): ()) {}

    fn page(
        &self,
        reading: &Reading<'_>,
        (): &(),
        start: Start<'_, (i64, i64)>,
        limit: usize,
        each: &mut dyn FnMut(ChatMark) -> Result<ControlFlow<()>, Fault>,
    ) -> Result<(), Fault> {
        let (place, n) = match start {
            Start::Top => (i64::MIN, i64::MIN),
            Start::At((place, n)) => (*place, *n),
            Start::After((place, n)) => (*place, n.saturating_add(1)),
        };
        let mut select = reading.cache.prepare_cached(
            "SELECT n, place FROM message INDEXED BY message_newest
              WHERE incident = ?1 AND (place, n) >= (?2, ?3) ORDER BY place, n LIMIT ?4",
        )?;
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let mut rows = select.query((self.incident.bytes(), place, n, limit))?;
        while let Some(row) = rows.next()? {
            let mark = ChatMark { n: row.get(0)?, incident: self.incident, place: row.get(1)? };
            if each(mark)?.is_break() {
                break;
            }
        }
        Ok(())
    }

    fn count(&self, reading: &Reading<'_>, (): &(), _: &mut dyn FnMut(&u64)) -> Result<u64, Fault> {
        let count: i64 = reading
            .cache
            .prepare_cached("SELECT count(*) FROM message INDEXED BY message_newest WHERE incident = ?1")?
            .query_row([self.incident.bytes()], |row| row.get(0))?;
        Ok(count.unsigned_abs())
    }

    fn rows(
        &self,
        reading: &Reading<'_>,
        (): &(),
        numbers: &[i64],
        each: &mut dyn FnMut(i64, ChatRow),
    ) -> Result<(), Fault> {
        let others_read: Option<i64> = reading
            .cache
            .prepare_cached("SELECT others_read FROM incident WHERE id = ?1")?
            .query_row([self.incident.bytes()], |row| row.get(0))
            .optional()?;
        for n in numbers {
            if let Some(found) = row::message(reading.cache, *n, others_read.unwrap_or(0))? {
                each(*n, found);
            }
        }
        Ok(())
    }

    fn place(&self, reading: &Reading<'_>, (): &(), id: Uuid) -> Result<Option<(i64, i64)>, Fault> {
        Ok(reading
            .cache
            .prepare_cached("SELECT place, n FROM message WHERE id = ?1 AND incident = ?2")?
            .query_row((id.as_bytes(), self.incident.bytes()), |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?)
    }

    fn effect(&self, commit: &Commit) -> Effect<ChatMark> {
        if commit.voids() {
            return Effect::Replaced;
        }
        let changed = commit.of::<MessagesChanged>().flat_map(|changed| changed.0.iter());
        let here = |(before, after): &&(Option<ChatMark>, Option<ChatMark>)| {
            [before, after].into_iter().flatten().any(|mark| mark.incident == self.incident)
        };
        let rows: Vec<_> = changed.filter(here).copied().collect();
        if rows.is_empty() { Effect::Nothing } else { Effect::Rows(rows) }
    }
}
