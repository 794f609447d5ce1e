//! Looking again right before a push is handed over: between deciding and handing over lie waits and outages, in which rights
//! end, settings change, people go off duty and alarms are muted. The same function decides again; whom it silences gets no
//! push, and the log says why.

use onsite_rules::notice::{self, Event, Situation};
use onsite_rules::rights::{Permission, may};
use onsite_wire::ids::{AlarmId, OrganizationId, PersonId, Uuid};
use onsite_wire::onsite::{NoticeKind, NoticeSubject, Reasons, Verdict};
use onsite_wire::rest::Subscription;
use rusqlite::params;

use super::DuePush;
use crate::storage::changes::Write;
use crate::storage::inventory::write_body;
use crate::storage::objects::Kind;
use crate::storage::{StorageError, View};

impl View<'_> {
    /// Whether a person may see now what a push is about.
    fn may_still_see(
        &self,
        organization: OrganizationId,
        person: PersonId,
        (kind, subject): (NoticeSubject, Uuid),
    ) -> Result<bool, StorageError> {
        if self.membership(organization, person)?.is_none() {
            return Ok(false);
        }
        let rights = self.rights(organization, person)?;
        let kind = match kind {
            NoticeSubject::Alarm => Kind::Alarm,
            NoticeSubject::Device => Kind::Device,
            NoticeSubject::Incident => Kind::Incident,
            NoticeSubject::Organization | NoticeSubject::Unheard => return Ok(!rights.grants.is_empty()),
        };
        let Some((stored, _)) = self.object(organization, kind, subject)? else { return Ok(false) };
        Ok(may(&rights, &self.locations(organization)?.path(stored.place), Permission::View))
    }
}

impl Write<'_> {
    /// Why a push that waits is not to be handed over any more; nothing when it is.
    pub(super) fn silenced_meanwhile(&mut self, push: &DuePush) -> Result<Option<Reasons>, StorageError> {
        let (organization, person) = (push.clear.organization, push.clear.person);
        let (kind, now) = (push.clear.kind, self.now());
        let settings = self.view().stored_settings(organization, person)?.settings;
        let subject = (push.clear.subject_kind, push.clear.subject);
        // A test of the way is about the installation of whoever asked for it.
        let may_see = kind == NoticeKind::Canary || self.view().may_still_see(organization, person, subject)?;
        let (muted, subscription) = self.as_it_stands(organization, push)?;
        let reasons = notice::decide(&Situation {
            event: Event { kind, urgency: push.words.urgency, at: push.clear.at, own_doing: false },
            settings: &settings,
            muted,
            duty: self.duty_of(organization, person)?,
            may_see,
            subscription,
            // What was decided already: only what may be otherwise by now is asked again.
            told_as_incident: false,
            instant_before: 0,
            unread_before: 0,
            known: false,
            now,
        });
        Ok((reasons.verdict == Verdict::Silent).then_some(reasons))
    }

    /// Whether an alarm is muted now, and what its device is subscribed to.
    fn as_it_stands(
        &self,
        organization: OrganizationId,
        push: &DuePush,
    ) -> Result<(bool, Option<Subscription>), StorageError> {
        if push.clear.subject_kind != NoticeSubject::Alarm {
            return Ok((false, None));
        }
        let Some((alarm, _, _)) = self.view().alarm(organization, AlarmId(push.clear.subject))? else {
            return Ok((false, None));
        };
        let now = self.view().alarm_as_told(organization, &alarm, push.clear.kind, self.now())?;
        Ok((now.muted, now.subscription))
    }

    /// Takes a push out of the queue that is not handed over, and notes why.
    pub(super) fn withhold(&mut self, push: &DuePush, reasons: &Reasons) -> Result<(), StorageError> {
        let (organization, person) = (push.clear.organization, push.clear.person);
        self.forget_push(push.to.installation, &push.clear.key)?;
        let noted = self
            .connection()
            .prepare_cached(
                "UPDATE notices SET withheld_at = ?4, withheld = ?5
                 WHERE organization = ?1 AND person = ?2 AND key = ?3 AND withheld_at IS NULL",
            )?
            .execute(params![
                organization.bytes(),
                person.bytes(),
                push.clear.key,
                self.now().micros(),
                write_body("reasons", reasons)?
            ])?;
        // Once for the person, however many installations there are.
        if noted == 1 && reasons.decided == "duty" {
            self.keep_back(organization, person, push.words.urgency)?;
        }
        Ok(())
    }
}
