//! How a person wishes to be told, what the person has read, and the daily push at the person's local time (N3, N4).

use jiff::civil::Time;
use jiff::tz::TimeZone;
use jiff::{Timestamp as Instant, ToSpan as _};
use onsite_wire::ids::{OrganizationId, PersonId, Uuid};
use onsite_wire::onsite::{DailyTime, NoticeSettings, NotificationObject, ReadBody, StoredSettings, Urgency};
use onsite_wire::time::Timestamp;
use rusqlite::params;

use super::without_revision;
use crate::storage::changes::{Feed, Write};
use crate::storage::inventory::read_body;
use crate::storage::objects::{Kind, Stored};
use crate::storage::{StorageError, View};

/// The most minutes after midnight.
const LAST_MINUTE: u16 = 24 * 60 - 1;

/// When a daily push comes next after `now`: once on each local date. A time that daylight saving leaves out is the one
/// an hour later; of a time that comes twice it is the first.
pub(crate) fn next_daily(daily: &DailyTime, now: Timestamp) -> Option<Timestamp> {
    if daily.minute > LAST_MINUTE {
        return None;
    }
    let zone = TimeZone::get(&daily.zone).ok()?;
    let minute = i8::try_from(daily.minute % 60).ok()?;
    let time = Time::new(i8::try_from(daily.minute / 60).ok()?, minute, 0, 0).ok()?;
    let today = zone.to_datetime(Instant::from_microsecond(now.micros()).ok()?).date();
    (0..3_i64).find_map(|days| {
        let date = today.checked_add(days.days()).ok()?;
        let at = zone.to_ambiguous_zoned(date.to_datetime(time)).compatible().ok()?.timestamp().as_microsecond();
        (at > now.micros()).then(|| Timestamp::from_micros(at))
    })
}

impl View<'_> {
    /// How a person wishes to be told, and what was kept back; at the beginning as everybody.
    pub(crate) fn stored_settings(
        &self,
        organization: OrganizationId,
        person: PersonId,
    ) -> Result<StoredSettings, StorageError> {
        let usual = StoredSettings { id: person, settings: NoticeSettings::default(), kept_back: 0, revision: 0 };
        let Some((stored, _)) = self.object(organization, Kind::NoticeSettings, person.0)? else { return Ok(usual) };
        match read_body("settings", &stored.body)? {
            NotificationObject::Settings(stored) => Ok(stored),
            NotificationObject::Notification(_) => Ok(usual),
        }
    }
}

impl Write<'_> {
    /// Keeps how a person wishes to be told, and gives the offset of the feed.
    pub(crate) fn put_notice_settings(
        &mut self,
        organization: OrganizationId,
        person: PersonId,
        settings: NoticeSettings,
    ) -> Result<i64, StorageError> {
        let due = settings.daily.as_ref().and_then(|daily| next_daily(daily, self.now()));
        self.put_daily(organization, person, due)?;
        let before = self.view().stored_settings(organization, person)?;
        // Counted anew whenever it is switched on; what is off keeps nothing back.
        let goes_on = before.settings.quiet_off_duty && settings.quiet_off_duty;
        let kept_back = if goes_on { before.kept_back } else { 0 };
        self.put_stored_settings(organization, StoredSettings { settings, kept_back, ..before })
    }

    fn put_stored_settings(
        &mut self,
        organization: OrganizationId,
        settings: StoredSettings,
    ) -> Result<i64, StorageError> {
        let person = settings.id;
        let stored = Stored {
            kind: Kind::NoticeSettings,
            id: person.0,
            parent: None,
            place: None,
            audience: Some(person),
            ended_at: None,
            body: without_revision(&NotificationObject::Settings(settings))?,
        };
        self.put(organization, &stored)
    }

    /// Something was kept back because the person is off duty: critical ones are counted, for that person to see (N3).
    pub(super) fn keep_back(
        &mut self,
        organization: OrganizationId,
        person: PersonId,
        urgency: Option<Urgency>,
    ) -> Result<(), StorageError> {
        if urgency != Some(Urgency::Critical) {
            return Ok(());
        }
        let before = self.view().stored_settings(organization, person)?;
        self.put_stored_settings(organization, StoredSettings { kept_back: before.kept_back + 1, ..before })?;
        Ok(())
    }

    /// The person is on duty: nothing is kept back any more, and what was is in the lists to see.
    pub(in crate::storage) fn forget_kept_back(
        &mut self,
        organization: OrganizationId,
        person: PersonId,
    ) -> Result<(), StorageError> {
        let before = self.view().stored_settings(organization, person)?;
        if before.kept_back > 0 {
            self.put_stored_settings(organization, StoredSettings { kept_back: 0, ..before })?;
        }
        Ok(())
    }

    /// When the person's daily push comes next; missing: never.
    pub(super) fn put_daily(
        &mut self,
        organization: OrganizationId,
        person: PersonId,
        due: Option<Timestamp>,
    ) -> Result<(), StorageError> {
        let Some(due) = due else {
            self.connection()
                .prepare_cached("DELETE FROM daily_pushes WHERE organization = ?1 AND person = ?2")?
                .execute(params![organization.bytes(), person.bytes()])?;
            return Ok(());
        };
        self.connection()
            .prepare_cached(
                "INSERT INTO daily_pushes (organization, person, due_at) VALUES (?1, ?2, ?3)
                 ON CONFLICT (organization, person) DO UPDATE SET due_at = excluded.due_at",
            )?
            .execute(params![organization.bytes(), person.bytes(), due.micros()])?;
        Ok(())
    }

    /// Marks a person's notifications as read, and gives the offset from which on that is in the feed.
    pub(crate) fn read_notifications(
        &mut self,
        organization: OrganizationId,
        person: PersonId,
        body: &ReadBody,
    ) -> Result<i64, StorageError> {
        let mut ids = body.notifications.clone();
        if let Some(up_to) = body.up_to {
            let rows: Vec<[u8; 16]> = self
                .connection()
                .prepare_cached(
                    "SELECT id FROM objects WHERE organization = ?1 AND feed = 'notifications' AND audience = ?2
                        AND kind = 'notification' AND removed_at IS NULL AND changed_at <= ?3 ORDER BY changed_at",
                )?
                .query_map(params![organization.bytes(), person.bytes(), up_to], |row| row.get(0))?
                .collect::<Result<_, _>>()?;
            ids.extend(rows.into_iter().map(Uuid::from_bytes));
        }
        let mut offset = None;
        for id in ids {
            let Some((mut notification, place)) = self.view().notification(organization, person, id)? else {
                continue;
            };
            if notification.read {
                continue;
            }
            notification.read = true;
            self.put_notification(organization, person, place, notification)?;
            offset = self.view().object(organization, Kind::Notification, id)?.map(|(_, offset)| offset);
        }
        match offset {
            Some(offset) => Ok(offset),
            None => Ok(self.view().feed(organization, Feed::Notifications)?.offset),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn days(zone: &str, minute: u16, from: &str, count: usize) -> Vec<String> {
        let daily = DailyTime { minute, zone: zone.to_owned() };
        let mut now = Timestamp::parse(from).unwrap();
        let mut all = Vec::new();
        for _ in 0..count {
            now = next_daily(&daily, now).unwrap();
            all.push(now.to_string());
        }
        all
    }

    #[test]
    fn the_daily_push_keeps_its_local_time_over_daylight_saving_and_comes_once_a_date() {
        let starts = |all: Vec<String>, expected: &[&str]| {
            assert_eq!(all.len(), expected.len());
            for (got, wanted) in all.iter().zip(expected) {
                assert!(got.starts_with(wanted), "{all:?}");
            }
        };
        // Berlin: 29 March 2026 has no 02:30, 25 October 2026 has it twice.
        starts(
            days("Europe/Berlin", 7 * 60, "2026-03-27T12:00:00Z", 3),
            &["2026-03-28T06:00:00", "2026-03-29T05:00:00", "2026-03-30T05:00:00"],
        );
        starts(
            days("Europe/Berlin", 150, "2026-03-28T00:00:00Z", 3),
            &["2026-03-28T01:30:00", "2026-03-29T01:30:00", "2026-03-30T00:30:00"],
        );
        starts(days("Europe/Berlin", 150, "2026-10-24T12:00:00Z", 2), &["2026-10-25T00:30:00", "2026-10-26T01:30:00"]);
        starts(days("Asia/Kathmandu", 0, "2026-01-01T00:00:00Z", 1), &["2026-01-01T18:15:00"]);
    }

    #[test]
    fn a_zone_or_a_minute_that_there_is_not_has_no_next_time() {
        let now = Timestamp::from_millis(0);
        for (minute, zone) in [(0, "Mars/Olympus"), (1_440, "UTC"), (0, ""), (0, "../../etc/passwd")] {
            assert_eq!(next_daily(&DailyTime { minute, zone: zone.to_owned() }, now), None, "{minute} {zone}");
        }
    }
}
