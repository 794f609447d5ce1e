//! What alarms, assignments and mutes say of themselves when they are to be told.

use onsite_rules::mute::holds;
use onsite_rules::notice::urgency_of;
use onsite_rules::severity::{Shown, shown};
use onsite_wire::ids::{AlarmId, DeviceId, OrganizationId, PersonId};
use onsite_wire::onsite::{NoticeKind, NoticeSubject, NoticeWords};
use onsite_wire::rest::{Alarm, AssigneeKind, Device, MuteAspect, Subscription};
use onsite_wire::time::Timestamp;

use super::{Happened, To};
use crate::storage::changes::Write;
use crate::storage::objects::Place;
use crate::storage::{StorageError, View};

impl View<'_> {
    /// An alarm as it is told: its words, whether a mute holds.
    pub(crate) fn alarm_as_told(
        &self,
        organization: OrganizationId,
        alarm: &Alarm,
        kind: NoticeKind,
        now: Timestamp,
    ) -> Result<Happened, StorageError> {
        let device = self.device(organization, alarm.device_id)?;
        let place = device.as_ref().and_then(|(_, place, _)| *place);
        let device = device.map(|(device, _, _)| device);
        let muted = self.is_muted(organization, alarm, device.as_ref(), now)?;
        Ok(Happened {
            place,
            urgency: shown(alarm.severity).map(urgency_of),
            subscription: device.as_ref().map(|device| device.subscription.unwrap_or(Subscription::None)),
            muted,
            told_as_incident: self.opened_just_now(organization, alarm.id, now)?,
            words: self.notice_words(organization, alarm.label.clone(), device.as_ref(), place)?,
            ..Happened::of(kind, NoticeSubject::Alarm, alarm.id.0, now)
        })
    }

    pub(super) fn notice_words(
        &self,
        organization: OrganizationId,
        alarm: String,
        device: Option<&Device>,
        place: Place,
    ) -> Result<NoticeWords, StorageError> {
        let location = match place {
            Some(place) => self.location(organization, place)?.map(|location| location.label),
            None => None,
        };
        Ok(NoticeWords {
            alarm,
            device: device.map(|device| device.label.clone()).unwrap_or_default(),
            location: location.unwrap_or_default(),
            organization: self.organization(organization)?.map(|row| row.label).unwrap_or_default(),
            ..NoticeWords::default()
        })
    }
}

impl Write<'_> {
    /// An alarm occurred, or became critical.
    pub(crate) fn tell_of_alarm(
        &mut self,
        organization: OrganizationId,
        before: Option<&Alarm>,
        alarm: &Alarm,
    ) -> Result<(), StorageError> {
        let urgency = shown(alarm.severity);
        let worse = before
            .is_none_or(|before| shown(before.severity) != Some(Shown::Critical) && urgency == Some(Shown::Critical));
        if urgency.is_none() || !worse {
            return Ok(());
        }
        let happened = self.view().alarm_as_told(organization, alarm, NoticeKind::Alarm, self.now())?;
        self.tell(organization, &Happened { occurrence: i64::from(before.is_some()), ..happened })
    }

    /// An alarm is cleared.
    pub(crate) fn tell_of_clearing(&mut self, organization: OrganizationId, alarm: &Alarm) -> Result<(), StorageError> {
        if shown(alarm.severity).is_none() {
            return Ok(());
        }
        let happened = self.view().alarm_as_told(organization, alarm, NoticeKind::AlarmCleared, self.now())?;
        self.tell(organization, &happened)
    }

    /// Somebody was made responsible (A7). A partner is told through each of its technicians here.
    pub(crate) fn tell_of_assignment(
        &mut self,
        organization: OrganizationId,
        alarm: &Alarm,
    ) -> Result<(), StorageError> {
        let Some(aspect) = &alarm.acknowledgement else { return Ok(()) };
        let Some(acknowledged) = &aspect.acknowledged else { return Ok(()) };
        let people = match acknowledged.assignee.kind {
            AssigneeKind::Person => vec![PersonId(acknowledged.assignee.id)],
            AssigneeKind::Partner => self.technicians(organization, acknowledged.assignee.id)?,
        };
        let happened = self.view().alarm_as_told(organization, alarm, NoticeKind::Assignment, self.now())?;
        for person in people {
            self.tell(
                organization,
                &Happened {
                    occurrence: aspect.version,
                    told_as_incident: false,
                    by: aspect.by,
                    to: To::One(person),
                    words: NoticeWords { by: aspect.by_name.clone(), ..happened.words.clone() },
                    ..happened.clone()
                },
            )?;
        }
        Ok(())
    }

    fn technicians(
        &self,
        organization: OrganizationId,
        partner: onsite_wire::ids::Uuid,
    ) -> Result<Vec<PersonId>, StorageError> {
        let mut of_partner = Vec::new();
        for person in self.view().members(organization)? {
            let membership = self.view().membership(organization, person)?;
            if membership.and_then(|membership| membership.partner).is_some_and(|own| own.0 == partner) {
                of_partner.push(person);
            }
        }
        Ok(of_partner)
    }

    /// The end of an alarm's mute is announced to whoever set it (A10).
    pub(in crate::storage) fn announce_alarm_mute(
        &mut self,
        organization: OrganizationId,
        alarm: AlarmId,
    ) -> Result<(), StorageError> {
        let Some((alarm, _, _)) = self.view().alarm(organization, alarm)? else { return Ok(()) };
        let Some((version, by)) = set_by(alarm.mute.as_ref()) else { return Ok(()) };
        if !alarm.mute.as_ref().is_some_and(|mute| holds(mute, alarm.cleared_time.is_some(), self.now())) {
            return Ok(());
        }
        let happened = self.view().alarm_as_told(organization, &alarm, NoticeKind::MuteEnding, self.now())?;
        let happened = Happened { told_as_incident: false, ..happened };
        self.tell(organization, &Happened { occurrence: version, by: Some(by), to: To::One(by), ..happened })
    }

    /// An alarm's own mute has ended.
    pub(in crate::storage) fn tell_of_alarm_mute_ended(
        &mut self,
        organization: OrganizationId,
        alarm: &Alarm,
    ) -> Result<(), StorageError> {
        match set_by(alarm.mute.as_ref()) {
            Some((version, _)) => self.tell_of_mute_ended(organization, alarm, version),
            None => Ok(()),
        }
    }

    /// The alarm notifies again while it is active, unless another mute still holds: the rule sees to that.
    fn tell_of_mute_ended(
        &mut self,
        organization: OrganizationId,
        alarm: &Alarm,
        version: i64,
    ) -> Result<(), StorageError> {
        if alarm.cleared_time.is_some() || shown(alarm.severity).is_none() {
            return Ok(());
        }
        let happened = self.view().alarm_as_told(organization, alarm, NoticeKind::MuteEnded, self.now())?;
        self.tell(organization, &Happened { occurrence: version, ..happened })
    }

    /// The end of a device's mute is announced to whoever set it (A10).
    pub(in crate::storage) fn announce_device_mute(
        &mut self,
        organization: OrganizationId,
        device: DeviceId,
    ) -> Result<(), StorageError> {
        let Some((device, place, _)) = self.view().device(organization, device)? else { return Ok(()) };
        let Some((version, by)) = set_by(device.mute.as_ref()) else { return Ok(()) };
        if !device.mute.as_ref().is_some_and(|mute| holds(mute, false, self.now())) {
            return Ok(());
        }
        let words = self.view().notice_words(organization, String::new(), Some(&device), place)?;
        let happened = Happened {
            occurrence: version,
            place,
            subscription: device.subscription,
            muted: true,
            by: Some(by),
            to: To::One(by),
            words,
            ..Happened::of(NoticeKind::MuteEnding, NoticeSubject::Device, device.id.0, self.now())
        };
        self.tell(organization, &happened)
    }

    /// A device's mute has ended: what is still active on it and its components notifies again.
    pub(in crate::storage) fn tell_of_device_mute_ended(
        &mut self,
        organization: OrganizationId,
        device: DeviceId,
    ) -> Result<(), StorageError> {
        let Some((device, _, _)) = self.view().device(organization, device)? else { return Ok(()) };
        let Some((version, _)) = set_by(device.mute.as_ref()) else { return Ok(()) };
        for below in self.view().device_tree(organization, device.id)? {
            for alarm in self.view().active_alarms(organization, Some(DeviceId(below)))? {
                // A device's versions are counted apart from its alarms': below zero they cannot meet.
                self.tell_of_mute_ended(organization, &alarm, -version)?;
            }
        }
        Ok(())
    }
}

/// The version of a mute that is set, and who set it.
fn set_by(mute: Option<&MuteAspect>) -> Option<(i64, PersonId)> {
    let mute = mute.filter(|mute| mute.muted.is_some())?;
    mute.by.map(|by| (mute.version, by))
}
