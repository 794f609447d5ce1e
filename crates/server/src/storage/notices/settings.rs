//! How a person wishes to be told, what the person has read, and the daily push at the person's local time (N3, N4).

use jiff::civil::Time;
use jiff::tz::TimeZone;
use jiff::{Timestamp as Instant, ToSpan as _};
use onsite_wire::ids::{OrganizationId, PersonId, Uuid};
use onsite_wire::onsite::{DailyTime, NoticeSettings, NotificationObject, ReadBody, StoredSettings};
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
    /// How a person wishes to be told; at the beginning as everybody.
    pub(crate) fn notice_settings(
        &self,
        organization: OrganizationId,
        person: PersonId,
    ) -> Result<NoticeSettings, StorageError> {
        let Some((stored, _)) = self.object(organization, Kind::NoticeSettings, person.0)? else {
            return Ok(NoticeSettings::default());
        };
        match read_body("settings", &stored.body)? {
            NotificationObject::Settings(stored) => Ok(stored.settings),
            NotificationObject::Notification(_) => Ok(NoticeSettings::default()),
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
        let object = NotificationObject::Settings(StoredSettings { id: person, settings, revision: 0 });
        let stored = Stored {
            kind: Kind::NoticeSettings,
            id: person.0,
            parent: None,
            place: None,
            audience: Some(person),
            ended_at: None,
            body: without_revision(&object)?,
        };
        self.put(organization, &stored)
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
