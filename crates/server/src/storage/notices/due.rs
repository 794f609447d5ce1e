//! What time brings: bundles every five minutes, daily pushes.

use std::collections::HashSet;

use onsite_rules::notice::{self, BUNDLE_MS};
use onsite_rules::rights::{Permission, may};
use onsite_rules::severity::shown;
use onsite_wire::ids::{AlarmId, DeviceId, OrganizationId, PersonId, Uuid};
use onsite_wire::onsite::{Incident, NoticeKind, NoticeSubject, NoticeWords, Reasons, Urgency, Verdict};
use onsite_wire::rest::Subscription;
use onsite_wire::time::Timestamp;
use rusqlite::params;

use super::settings::next_daily;
use super::{Happened, To, Told};
use crate::storage::changes::Write;
use crate::storage::inventory::read_body;
use crate::storage::objects::Kind;
use crate::storage::{StorageError, View};

/// What has gathered in a person's bundle.
#[derive(Debug, Default)]
struct Bundle {
    /// What is told.
    count: i64,
    /// What settings silenced.
    silenced: i64,
    /// Why the newest of that is silent.
    silenced_by: Option<Reasons>,
}

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

    /// The person's bundle has an event more, as it is noted, and is told five minutes after its first.
    pub(super) fn add_to_bundle(&mut self, organization: OrganizationId, person: PersonId) -> Result<(), StorageError> {
        let due = self.now().plus_millis(BUNDLE_MS).micros();
        self.connection()
            .prepare_cached(
                "INSERT INTO notice_bundles (organization, person, due_at) VALUES (?1, ?2, ?3)
                 ON CONFLICT (organization, person) DO NOTHING",
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
            self.due_people("DELETE FROM notice_bundles WHERE due_at <= ?1 RETURNING organization, person, due_at")?;
        for (organization, person, _) in due {
            self.for_this_one(|write| write.tell_bundle(organization, person))?;
        }
        Ok(())
    }

    /// What cannot be told to one person today cannot be tomorrow; everybody else is told all the same.
    fn for_this_one(&mut self, tell: impl FnOnce(&mut Self) -> Result<(), StorageError>) -> Result<(), StorageError> {
        match self.apart(tell) {
            Err(error) if error.is_of_one_object() => {
                crate::trouble::say("a notification", &error);
                Ok(())
            }
            told => told,
        }
    }

    fn tell_bundle(&mut self, organization: OrganizationId, person: PersonId) -> Result<(), StorageError> {
        let bundle = self.take_bundle(organization, person)?;
        if bundle.count > 0 {
            self.tell_of_organization(organization, person, (bundle.count, None))?;
        }
        match bundle.silenced_by {
            Some(reasons) => self.list_bundle(organization, person, (bundle.silenced, reasons)),
            None => Ok(()),
        }
    }

    /// What waits in a person's bundle and may be seen by that person now. It waits no longer.
    fn take_bundle(&mut self, organization: OrganizationId, person: PersonId) -> Result<Bundle, StorageError> {
        let waiting: Vec<(String, [u8; 16], String)> = self
            .connection()
            .prepare_cached(
                "UPDATE notices SET bundled = 0 WHERE organization = ?1 AND person = ?2 AND bundled = 1
                 RETURNING kind, subject, reasons",
            )?
            .query_map(params![organization.bytes(), person.bytes()], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?))
            })?
            .collect::<Result<_, _>>()?;
        let mut bundle = Bundle::default();
        for (kind, subject, reasons) in waiting {
            let kind = match NoticeKind::from_wire(&kind) {
                NoticeKind::Incident => NoticeSubject::Incident,
                _ => NoticeSubject::Alarm,
            };
            if !self.view().may_still_see(organization, person, (kind, Uuid::from_bytes(subject)))? {
                continue;
            }
            let reasons: Reasons = read_body("reasons", &reasons)?;
            if reasons.verdict == Verdict::Bundle {
                bundle.count += 1;
            } else {
                bundle.silenced += 1;
                bundle.silenced_by = Some(reasons);
            }
        }
        Ok(bundle)
    }

    /// Puts a bundle of what settings silenced into the person's list.
    fn list_bundle(
        &mut self,
        organization: OrganizationId,
        person: PersonId,
        (count, reasons): (i64, Reasons),
    ) -> Result<(), StorageError> {
        let settings = self.view().stored_settings(organization, person)?.settings;
        let happened = self.of_organization(organization, (NoticeKind::Bundle, count))?;
        // Below zero it cannot meet the one that rings.
        let happened = Happened { occurrence: -happened.occurrence, ..happened };
        let key = notice::key(organization, happened.kind, happened.subject, happened.occurrence);
        let told = Told { settings: &settings, reasons, listed: Verdict::Notify };
        self.note(organization, person, &key, &happened, &told)?;
        self.notify(organization, person, key, &happened, &told)
    }

    /// Something about all alarms of an organization, as of now.
    fn of_organization(
        &self,
        organization: OrganizationId,
        (kind, count): (NoticeKind, i64),
    ) -> Result<Happened, StorageError> {
        let label = self.view().organization(organization)?.map(|row| row.label).unwrap_or_default();
        Ok(Happened {
            occurrence: self.now().micros(),
            urgency: (kind == NoticeKind::Bundle).then_some(Urgency::Warning),
            words: NoticeWords { organization: label, ..NoticeWords::default() },
            count,
            ..Happened::of(kind, NoticeSubject::Organization, organization.0, self.now())
        })
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
        let kind = if incidents.is_some() { NoticeKind::Daily } else { NoticeKind::Bundle };
        let happened = self.of_organization(organization, (kind, count))?;
        self.tell(organization, &Happened { to: To::One(person), incidents, ..happened })
    }

    fn tell_daily(&mut self) -> Result<(), StorageError> {
        let due = self.due_people("SELECT organization, person, due_at FROM daily_pushes WHERE due_at <= ?1")?;
        for (organization, person, _) in due {
            // Set anew where its settings can be read.
            self.put_daily(organization, person, None)?;
            self.for_this_one(|write| write.tell_daily_to(organization, person))?;
        }
        Ok(())
    }

    fn tell_daily_to(&mut self, organization: OrganizationId, person: PersonId) -> Result<(), StorageError> {
        let stored = self.view().stored_settings(organization, person)?;
        let next = stored.settings.daily.as_ref().and_then(|daily| next_daily(daily, self.now()));
        self.put_daily(organization, person, next)?;
        match self.counted_daily(organization, person)? {
            Some((alarms, incidents)) => self.tell_of_organization(organization, person, (alarms, Some(incidents))),
            None => Ok(()),
        }
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
