//! What time brings: bundles every five minutes, the two moments of a mute, daily pushes.

use onsite_rules::mute::ANNOUNCED_MS;
use onsite_rules::notice::BUNDLE_MS;
use onsite_rules::rights::{Permission, may};
use onsite_rules::severity::shown;
use onsite_wire::ids::{AlarmId, DeviceId, OrganizationId, PersonId, Uuid};
use onsite_wire::onsite::{NoticeKind, NoticeSubject, NoticeWords};
use onsite_wire::rest::{Alarm, MuteAspect, Subscription};
use onsite_wire::time::Timestamp;
use rusqlite::params;

use super::settings::next_daily;
use super::{Happened, To};
use crate::storage::changes::Write;
use crate::storage::objects::Kind;
use crate::storage::{StorageError, View};

/// A moment of a mute: whose, of what kind of subject, which, of which version, and which moment.
type Moment = (OrganizationId, String, Uuid, i64, String);

impl View<'_> {
    /// Whether time has brought something that is to be told.
    pub(crate) fn notice_is_due(&self, now: Timestamp) -> Result<bool, StorageError> {
        let found = self
            .connection
            .prepare_cached(
                "SELECT 1 WHERE EXISTS (SELECT 1 FROM notice_bundles WHERE due_at <= ?1)
                    OR EXISTS (SELECT 1 FROM mute_moments WHERE at <= ?1)
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
        self.tell_mutes()?;
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
            self.tell_of_organization(organization, person, NoticeKind::Bundle, count)?;
        }
        Ok(())
    }

    fn tell_of_organization(
        &mut self,
        organization: OrganizationId,
        person: PersonId,
        kind: NoticeKind,
        count: i64,
    ) -> Result<(), StorageError> {
        // A person who left meanwhile is told nothing.
        if self.view().membership(organization, person)?.is_none() {
            return Ok(());
        }
        let label = self.view().organization(organization)?.map(|row| row.label).unwrap_or_default();
        let happened = Happened {
            kind,
            subject_kind: NoticeSubject::Organization,
            subject: organization.0,
            occurrence: self.now().micros(),
            at: self.now(),
            place: None,
            urgency: (kind == NoticeKind::Bundle).then_some(onsite_wire::onsite::Urgency::Warning),
            subscription: None,
            muted: false,
            by: None,
            to: To::One(person),
            words: NoticeWords { organization: label, ..NoticeWords::default() },
            count,
        };
        self.tell(organization, &happened)
    }

    /// Notes the moments of a mute that was set, and forgets those of the one before.
    pub(crate) fn note_mute(
        &mut self,
        organization: OrganizationId,
        subject_kind: NoticeSubject,
        subject: Uuid,
        aspect: &MuteAspect,
    ) -> Result<(), StorageError> {
        self.connection()
            .prepare_cached("DELETE FROM mute_moments WHERE organization = ?1 AND subject = ?2")?
            .execute(params![organization.bytes(), subject.as_bytes()])?;
        let Some(until) = aspect.muted.as_ref().and_then(|muted| muted.until) else { return Ok(()) };
        for (moment, at) in [("ending", until.plus_millis(-ANNOUNCED_MS)), ("ended", until)] {
            // A mute of less than 15 minutes needs no announcement: it was set a moment ago.
            if at <= self.now() {
                continue;
            }
            self.connection()
                .prepare_cached(
                    "INSERT INTO mute_moments (organization, subject, moment, subject_kind, version, at)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                )?
                .execute(params![
                    organization.bytes(),
                    subject.as_bytes(),
                    moment,
                    subject_kind.as_str(),
                    aspect.version,
                    at.micros()
                ])?;
        }
        Ok(())
    }

    fn tell_mutes(&mut self) -> Result<(), StorageError> {
        let now = self.now().micros();
        let due: Vec<Moment> = self
            .connection()
            .prepare_cached(
                "DELETE FROM mute_moments WHERE at <= ?1
                 RETURNING organization, subject_kind, subject, version, moment",
            )?
            .query_map([now], |row| {
                let (organization, subject) = (row.get(0)?, row.get(2)?);
                let subject = Uuid::from_bytes(subject);
                Ok((OrganizationId::from_bytes(organization), row.get(1)?, subject, row.get(3)?, row.get(4)?))
            })?
            .collect::<Result<_, _>>()?;
        for (organization, kind, subject, version, moment) in due {
            match NoticeSubject::from_wire(&kind) {
                NoticeSubject::Alarm => self.tell_of_alarm_mute(organization, AlarmId(subject), version, &moment)?,
                _ => self.tell_of_device_mute(organization, DeviceId(subject), version, &moment)?,
            }
        }
        Ok(())
    }

    fn tell_of_alarm_mute(
        &mut self,
        organization: OrganizationId,
        alarm: AlarmId,
        version: i64,
        moment: &str,
    ) -> Result<(), StorageError> {
        let Some((alarm, _, _)) = self.view().alarm(organization, alarm)? else { return Ok(()) };
        let Some(by) = alarm.mute.as_ref().filter(|mute| mute.version == version).and_then(|mute| mute.by) else {
            return Ok(());
        };
        if alarm.cleared_time.is_some() {
            return Ok(());
        }
        if moment == "ended" {
            return self.tell_of_mute_ended(organization, &alarm, version);
        }
        let happened = self.view().alarm_as_told(organization, &alarm, NoticeKind::MuteEnding, self.now())?;
        self.tell(organization, &Happened { occurrence: version, by: Some(by), to: To::One(by), ..happened })
    }

    /// The alarm notifies again, unless another mute still holds: the rule sees to that.
    fn tell_of_mute_ended(
        &mut self,
        organization: OrganizationId,
        alarm: &Alarm,
        version: i64,
    ) -> Result<(), StorageError> {
        if shown(alarm.severity).is_none() {
            return Ok(());
        }
        let happened = self.view().alarm_as_told(organization, alarm, NoticeKind::MuteEnded, self.now())?;
        self.tell(organization, &Happened { occurrence: version, ..happened })
    }

    fn tell_of_device_mute(
        &mut self,
        organization: OrganizationId,
        device: DeviceId,
        version: i64,
        moment: &str,
    ) -> Result<(), StorageError> {
        let Some((device, place, _)) = self.view().device(organization, device)? else { return Ok(()) };
        let Some(by) = device.mute.as_ref().filter(|mute| mute.version == version).and_then(|mute| mute.by) else {
            return Ok(());
        };
        if moment != "ended" {
            return self.tell_of_device_mute_ending(organization, &device, place, (version, by));
        }
        for below in self.view().device_tree(organization, device.id)? {
            for alarm in self.view().ids_below(organization, Kind::Alarm, below)? {
                let found = self.view().alarm(organization, AlarmId(alarm))?;
                if let Some((alarm, _, _)) = found.filter(|(alarm, _, _)| alarm.cleared_time.is_none()) {
                    // A device's versions are counted apart from its alarms': below zero they cannot meet.
                    self.tell_of_mute_ended(organization, &alarm, -version)?;
                }
            }
        }
        Ok(())
    }

    fn tell_daily(&mut self) -> Result<(), StorageError> {
        let due = self.due_people("SELECT organization, person, due_at FROM daily_pushes WHERE due_at <= ?1")?;
        for (organization, person, _) in due {
            let settings = self.view().notice_settings(organization, person)?;
            let next = settings.daily.as_ref().and_then(|daily| next_daily(daily, self.now()));
            self.put_daily(organization, person, next)?;
            if let Some(count) = self.active_alarms_of_watched(organization, person)? {
                self.tell_of_organization(organization, person, NoticeKind::Daily, count)?;
            }
        }
        Ok(())
    }

    /// How many alarms are active on devices with Asset Advisor that the person may see; nothing when there is no such
    /// device.
    fn active_alarms_of_watched(
        &self,
        organization: OrganizationId,
        person: PersonId,
    ) -> Result<Option<i64>, StorageError> {
        let view = self.view();
        let rights = view.rights(organization, person)?;
        let tree = view.locations(organization)?;
        let (mut watched, mut count) = (false, 0);
        for id in view.ids_of(organization, Kind::Device)? {
            let Some((device, place, _)) = view.device(organization, DeviceId(id))? else { continue };
            let is_watched = device.subscription == Some(Subscription::AssetAdvisor);
            if !is_watched || !may(&rights, &tree.path(place), Permission::View) {
                continue;
            }
            watched = true;
            for alarm in view.ids_below(organization, Kind::Alarm, id)? {
                let active = view
                    .alarm(organization, AlarmId(alarm))?
                    .is_some_and(|(alarm, _, _)| alarm.cleared_time.is_none() && shown(alarm.severity).is_some());
                count += i64::from(active);
            }
        }
        Ok(watched.then_some(count))
    }
}
