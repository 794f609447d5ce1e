//! The log: what was noted for one person, and totals that name nobody (N6, N7).

use onsite_wire::ids::{OrganizationId, PersonId, Uuid};
use onsite_wire::onsite::{DeliveryFigures, NoticeKind, NoticeLog, NoticeReport, Withheld};
use onsite_wire::time::Timestamp;
use rusqlite::params;

use super::notification_id;
use crate::storage::changes::Write;
use crate::storage::inventory::read_body;
use crate::storage::objects::Kind;
use crate::storage::{StorageError, View};

const HUNDRED: usize = 100;

impl View<'_> {
    /// What was noted of a subject for this person, oldest first.
    pub(crate) fn notice_log(
        &self,
        organization: OrganizationId,
        person: PersonId,
        subject: Uuid,
    ) -> Result<Vec<NoticeLog>, StorageError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT key, kind, made_at, reasons, handed_at, shown_at, opened_at, withheld_at, withheld FROM notices
             WHERE organization = ?1 AND person = ?2 AND subject = ?3 ORDER BY made_at, key",
        )?;
        let mut rows = statement.query(params![organization.bytes(), person.bytes(), subject.as_bytes()])?;
        let mut log = Vec::new();
        while let Some(row) = rows.next()? {
            let time = |at: Option<i64>| at.map(Timestamp::from_micros);
            let withheld = match (time(row.get(7)?), row.get::<_, Option<String>>(8)?) {
                (Some(at), Some(reasons)) => Some(Withheld { at, reasons: read_body("reasons", &reasons)? }),
                _ => None,
            };
            log.push(NoticeLog {
                key: row.get(0)?,
                kind: NoticeKind::from_wire(&row.get::<_, String>(1)?),
                made_at: Timestamp::from_micros(row.get(2)?),
                reasons: read_body("reasons", &row.get::<_, String>(3)?)?,
                withheld,
                handed_over_at: time(row.get(4)?),
                shown_at: time(row.get(5)?),
                opened_at: time(row.get(6)?),
            });
        }
        Ok(log)
    }

    /// Totals of what is kept.
    pub(crate) fn notice_figures(&self, organization: OrganizationId) -> Result<DeliveryFigures, StorageError> {
        let mut figures = self
            .connection
            .prepare_cached(
                "SELECT count(*), count(handed_at), count(shown_at), count(opened_at) FROM notices
                 WHERE organization = ?1 AND verdict IN ('notify', 'count_up')",
            )?
            .query_row([organization.bytes()], |row| {
                Ok(DeliveryFigures {
                    made: row.get(0)?,
                    handed_over: row.get(1)?,
                    shown: row.get(2)?,
                    opened: row.get(3)?,
                    ..DeliveryFigures::default()
                })
            })?;
        let mut statement = self.connection.prepare_cached(
            "SELECT (shown_at - at) / 1000 FROM notices WHERE organization = ?1 AND shown_at IS NOT NULL ORDER BY 1",
        )?;
        let took: Vec<i64> =
            statement.query_map([organization.bytes()], |row| row.get(0))?.collect::<Result<_, _>>()?;
        let rank = |percent: usize| took.get((took.len().saturating_sub(1)) * percent / HUNDRED).copied();
        (figures.median_ms, figures.p99_ms) = (rank(50), rank(99));
        Ok(figures)
    }
}

impl Write<'_> {
    /// Notes what a phone says of a push; the first time that is said stays. Times before the event are the event's.
    pub(crate) fn report_notice(&mut self, person: PersonId, report: &NoticeReport) -> Result<(), StorageError> {
        let at = |ago: Option<i64>| ago.map(|ago| self.now().plus_millis(ago.max(0).saturating_neg()).micros());
        let (shown, opened) = (at(report.shown_ms_ago), at(report.opened_ms_ago));
        self.connection()
            .prepare_cached(
                "UPDATE notices SET shown_at = coalesce(shown_at, max(?4, at)), opened_at = coalesce(opened_at, max(?5, at))
                 WHERE organization = ?1 AND person = ?2 AND key = ?3",
            )?
            .execute(params![report.organization_id.bytes(), person.bytes(), report.key, shown, opened])?;
        Ok(())
    }

    /// A provider took the push.
    pub(crate) fn note_handed_over(
        &mut self,
        organization: OrganizationId,
        person: PersonId,
        key: &str,
    ) -> Result<(), StorageError> {
        let now = self.now().micros();
        self.connection()
            .prepare_cached(
                "UPDATE notices SET handed_at = coalesce(handed_at, ?4)
                 WHERE organization = ?1 AND person = ?2 AND key = ?3",
            )?
            .execute(params![organization.bytes(), person.bytes(), key, now])?;
        Ok(())
    }

    /// Forgets what was noted before, and takes it out of the feed.
    pub(in crate::storage) fn forget_notices(&mut self, before: Timestamp) -> Result<(), StorageError> {
        // Nobody has read those chats for as long; the next message begins anew.
        self.connection()
            .prepare_cached("DELETE FROM chat_notices WHERE pushed_at < ?1")?
            .execute([before.micros()])?;
        let old: Vec<([u8; 16], [u8; 16], String)> = self
            .connection()
            .prepare_cached("DELETE FROM notices WHERE made_at < ?1 RETURNING organization, person, key")?
            .query_map([before.micros()], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
            .collect::<Result<_, _>>()?;
        for (organization, person, key) in old {
            let (organization, person) = (OrganizationId::from_bytes(organization), PersonId::from_bytes(person));
            let id = notification_id(person, &key);
            if self.view().notification(organization, person, id)?.is_some() {
                self.remove(organization, Kind::Notification, id)?;
            }
        }
        Ok(())
    }
}
