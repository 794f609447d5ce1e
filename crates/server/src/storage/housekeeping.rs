//! What is forgotten with time: removals after 90 days, actions without effect after 90 days, old measurements, tokens
//! past their end. What was applied to an alarm or a device is never forgotten: it is the history of its alarm. An incident keeps
//! its own, and what else people do has none.

use onsite_wire::time::Timestamp;
use rusqlite::params;
use uuid::Uuid;

use super::changes::Write;
use super::{Storage, StorageError};

const DAY_MS: i64 = 24 * 60 * 60 * 1_000;
/// How long ids of removed objects and of actions are kept.
pub(crate) const KEPT_DAYS: i64 = 90;
/// How long the log of notices is kept, and with it what people were told.
const NOTICES_DAYS: i64 = 30;

impl Storage {
    /// Forgets what is old enough.
    pub async fn forget_old(&self) -> Result<(), StorageError> {
        self.write(|write| {
            let now = write.now();
            let horizon = now.plus_millis(-KEPT_DAYS * DAY_MS);
            write.forget_notices(now.plus_millis(-NOTICES_DAYS * DAY_MS))?;
            write.forget_rows("DELETE FROM registrations WHERE until < ?1", now)?;
            write.forget_worsenings()?;
            write.forget_removals(horizon)?;
            write.forget_photos()?;
            write.forget_rows("DELETE FROM actions WHERE outcome <> 'applied' AND arrived_at < ?1", horizon)?;
            write.forget_rows(
                "DELETE FROM actions
                 WHERE kind NOT IN ('acknowledge', 'release', 'mute', 'unmute') AND arrived_at < ?1",
                horizon,
            )?;
            write.forget_rows("DELETE FROM spent_tokens WHERE spent_at < ?1", horizon)?;
            write.forget_rows("DELETE FROM measurements WHERE measured_at < ?1", horizon)?;
            write.forget_rows("DELETE FROM access_tokens WHERE valid_until < ?1", now)?;
            write.end_sessions_past(now)
        })
        .await
    }
}

impl Write<'_> {
    /// Ends the sessions that nothing can renew any more.
    fn end_sessions_past(&mut self, now: Timestamp) -> Result<(), StorageError> {
        let past: Vec<[u8; 16]> = self
            .connection()
            .prepare_cached("SELECT family FROM sessions WHERE refresh_until < ?1")?
            .query_map([now.micros()], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        past.into_iter().try_for_each(|family| self.end_session(Uuid::from_bytes(family)))
    }

    fn forget_rows(&mut self, sql: &str, before: Timestamp) -> Result<(), StorageError> {
        self.connection().prepare_cached(sql)?.execute([before.micros()])?;
        Ok(())
    }

    /// Forgets how often alarms became worse that are there no more.
    fn forget_worsenings(&mut self) -> Result<(), StorageError> {
        self.connection()
            .prepare_cached(
                "DELETE FROM alarm_worsenings WHERE NOT EXISTS (
                    SELECT 1 FROM objects WHERE objects.organization = alarm_worsenings.organization
                       AND feed = 'alarms' AND id = alarm_worsenings.alarm)",
            )?
            .execute([])?;
        Ok(())
    }

    /// Forgets old removals, and notes in each feed that changes from before them are no longer complete.
    fn forget_removals(&mut self, before: Timestamp) -> Result<(), StorageError> {
        let forgotten: Vec<(Vec<u8>, String, i64)> = self
            .connection()
            .prepare_cached(
                "SELECT organization, feed, max(changed_at) FROM objects
                 WHERE removed_at IS NOT NULL AND removed_at < ?1 GROUP BY organization, feed",
            )?
            .query_map([before.micros()], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
            .collect::<Result<_, _>>()?;
        for (organization, feed, offset) in forgotten {
            self.connection()
                .prepare_cached("UPDATE feeds SET forgotten_before = ?3 WHERE organization = ?1 AND feed = ?2")?
                .execute(params![organization, feed, offset])?;
        }
        self.forget_rows("DELETE FROM objects WHERE removed_at IS NOT NULL AND removed_at < ?1", before)
    }
}
