//! What time brings: bundles every five minutes, daily pushes.

use std::collections::HashSet;

use onsite_rules::notice::BUNDLE_MS;
use onsite_rules::rights::{Permission, may};
use onsite_rules::severity::shown;
use onsite_wire::ids::{AlarmId, DeviceId, OrganizationId, PersonId};
use onsite_wire::onsite::{Incident, NoticeKind, NoticeSubject, NoticeWords};
use onsite_wire::rest::Subscription;
use onsite_wire::time::Timestamp;
use rusqlite::params;

use super::settings::next_daily;
use super::{Happened, To};
use crate::storage::changes::Write;
use crate::storage::objects::Kind;
use crate::storage::{StorageError, View};

/// New incidents in a daily push are those of so many milliseconds.
const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

impl View<'_> {
    /// Whether time has brought something that is to be told.
    pub(crate) fn notice_is_due(&self, now: Timestamp) -> Result<bool, StorageError> {
        let found = self
            .connection
            .prepare_cached(
                "SELECT 1 WHERE EXISTS (SELECT 1 FROM notice_bundles WHERE due_at <= ?1)
                    OR EXISTS (SELECT 1 FROM daily_pushes WHERE due_at <= ?1)",
            )?
            .exists([now.micros()])?;
        Ok(found)
    }
}

impl Write<'_> {
    /// Tells what time has brought.
    pub(crate) fn tell_what_is_due(&mut self) -> Result<(), StorageError> {
        self.tell_bundles()?;
        self.tell_daily()
    }

    /// One more event for the person's bundle, which is told five minutes after its first.
    pub(super) fn add_to_bundle(&mut self, organization: OrganizationId, person: PersonId) -> Result<(), StorageError> {
        let due = self.now().plus_millis(BUNDLE_MS).micros();
        self.connection()
            .prepare_cached(
                "INSERT INTO notice_bundles (organization, person, due_at, count) VALUES (?1, ?2, ?3, 1)
                 ON CONFLICT (organization, person) DO UPDATE SET count = count + 1",
            )?
            .execute(params![organization.bytes(), person.bytes(), due])?;
        Ok(())
    }

    /// The people for whom something of this table is due.
    fn due_people(&self, sql: &str) -> Result<Vec<(OrganizationId, PersonId, i64)>, StorageError> {
        let now = self.now().micros();
        let mut statement = self.connection().prepare_cached(sql)?;
        let rows = statement.query_map([now], |row| {
            Ok((OrganizationId::from_bytes(row.get(0)?), PersonId::from_bytes(row.get(1)?), row.get(2)?))
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    fn tell_bundles(&mut self) -> Result<(), StorageError> {
        let due =
            self.due_people("DELETE FROM notice_bundles WHERE due_at <= ?1 RETURNING organization, person, count")?;
        for (organization, person, count) in due {
            self.tell_of_organization(organization, person, (count, None))?;
        }
        Ok(())
    }

    /// Tells one person how many alarms there are: a bundle; with the number of new incidents it is the daily one.
    fn tell_of_organization(
        &mut self,
        organization: OrganizationId,
        person: PersonId,
        (count, incidents): (i64, Option<i64>),
    ) -> Result<(), StorageError> {
        // A person who left meanwhile is told nothing.
        if self.view().membership(organization, person)?.is_none() {
            return Ok(());
        }
        let label = self.view().organization(organization)?.map(|row| row.label).unwrap_or_default();
        let kind = if incidents.is_some() { NoticeKind::Daily } else { NoticeKind::Bundle };
        let happened = Happened {
            occurrence: self.now().micros(),
            urgency: (kind == NoticeKind::Bundle).then_some(onsite_wire::onsite::Urgency::Warning),
            to: To::One(person),
            words: NoticeWords { organization: label, ..NoticeWords::default() },
            count,
            incidents,
            ..Happened::of(kind, NoticeSubject::Organization, organization.0, self.now())
        };
        self.tell(organization, &happened)
    }

    fn tell_daily(&mut self) -> Result<(), StorageError> {
        let due = self.due_people("SELECT organization, person, due_at FROM daily_pushes WHERE due_at <= ?1")?;
        for (organization, person, _) in due {
            let stored = self.view().stored_settings(organization, person)?;
            let next = stored.settings.daily.as_ref().and_then(|daily| next_daily(daily, self.now()));
            self.put_daily(organization, person, next)?;
            if let Some((alarms, incidents)) = self.counted_daily(organization, person)? {
                self.tell_of_organization(organization, person, (alarms, Some(incidents)))?;
            }
        }
        Ok(())
    }

    /// How many alarms are active on devices with Asset Advisor that the person may see, and how many incidents of such
    /// devices are new; nothing when there is no such device.
    fn counted_daily(
        &self,
        organization: OrganizationId,
        person: PersonId,
    ) -> Result<Option<(i64, i64)>, StorageError> {
        let view = self.view();
        let rights = view.rights(organization, person)?;
        let tree = view.locations(organization)?;
        let (mut watched, mut alarms) = (HashSet::new(), 0);
        for id in view.ids_of(organization, Kind::Device)? {
            let Some((device, place, _)) = view.device(organization, DeviceId(id))? else { continue };
            let is_watched = device.subscription == Some(Subscription::AssetAdvisor);
            if !is_watched || !may(&rights, &tree.path(place), Permission::View) {
                continue;
            }
            watched.insert(device.id);
            for alarm in view.ids_below(organization, Kind::Alarm, id)? {
                let active = view
                    .alarm(organization, AlarmId(alarm))?
                    .is_some_and(|(alarm, _, _)| alarm.cleared_time.is_none() && shown(alarm.severity).is_some());
                alarms += i64::from(active);
            }
        }
        if watched.is_empty() {
            return Ok(None);
        }
        // Whatever opened within a day cannot be closed yet: that takes four after it is solved.
        let is_new = |incident: &Incident| self.now().millis_since(incident.opened_at) < DAY_MS;
        let incidents = view.open_incidents(organization)?;
        let new = incidents.iter().filter(|incident| watched.contains(&incident.device_id) && is_new(incident)).count();
        Ok(Some((alarms, i64::try_from(new).unwrap_or(i64::MAX))))
    }
}
