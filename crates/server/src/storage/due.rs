//! What time brings: a solved incident closes (I2); the end of a mute is announced (A10), and when it ends, what it kept back
//! opens an incident after all (I1) and is told again (A10); a photo that did not arrive is dropped (I4).

use onsite_rules::mute::ANNOUNCED_MS;
use onsite_wire::ids::{AlarmId, DeviceId, IncidentId, MessageId, OrganizationId};
use onsite_wire::onsite::SubjectKind;
use onsite_wire::rest::MuteAspect;
use onsite_wire::time::Timestamp;
use rusqlite::params;
use uuid::Uuid;

use super::changes::Write;
use super::{StorageError, View};

/// What happens to a subject when its time has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Due {
    /// A solved incident closes.
    Closing,
    /// The end of an alarm's own mute is announced.
    AlarmMuteAnnounced,
    /// An alarm's own mute ends.
    AlarmMuteEnds,
    /// The end of a device's mute is announced.
    DeviceMuteAnnounced,
    /// A device's mute ends.
    DeviceMuteEnds,
    /// The bytes of a message's photo are not all there.
    PhotoExpires,
}

impl Due {
    const ALL: [Self; 6] = [
        Self::Closing,
        Self::AlarmMuteAnnounced,
        Self::AlarmMuteEnds,
        Self::DeviceMuteAnnounced,
        Self::DeviceMuteEnds,
        Self::PhotoExpires,
    ];

    const fn name(self) -> &'static str {
        match self {
            Self::Closing => "closing",
            Self::AlarmMuteAnnounced => "alarm_mute_announced",
            Self::AlarmMuteEnds => "alarm_mute_ends",
            Self::DeviceMuteAnnounced => "device_mute_announced",
            Self::DeviceMuteEnds => "device_mute_ends",
            Self::PhotoExpires => "photo_expires",
        }
    }
}

impl View<'_> {
    /// Whether the time of something has come.
    pub(super) fn something_fell_due(&self, now: Timestamp) -> Result<bool, StorageError> {
        Ok(self.connection.prepare_cached("SELECT 1 FROM due WHERE at <= ?1")?.exists([now.micros()])?)
    }
}

impl Write<'_> {
    /// Sets when something happens to a subject; `None`: not at all.
    pub(crate) fn set_due(
        &mut self,
        organization: OrganizationId,
        subject: Uuid,
        what: Due,
        at: Option<Timestamp>,
    ) -> Result<(), StorageError> {
        match at {
            Some(at) => self
                .connection()
                .prepare_cached(
                    "INSERT INTO due (organization, subject, what, at) VALUES (?1, ?2, ?3, ?4)
                     ON CONFLICT (organization, subject, what) DO UPDATE SET at = excluded.at",
                )?
                .execute(params![organization.bytes(), subject.as_bytes(), what.name(), at.micros()])?,
            None => self
                .connection()
                .prepare_cached("DELETE FROM due WHERE organization = ?1 AND subject = ?2 AND what = ?3")?
                .execute(params![organization.bytes(), subject.as_bytes(), what.name()])?,
        };
        Ok(())
    }

    /// Notes the two moments of a mute that was set, and forgets those of the one before. It is set already: what is due by
    /// then finds it as it stands.
    pub(crate) fn note_mute(
        &mut self,
        organization: OrganizationId,
        kind: SubjectKind,
        subject: Uuid,
        aspect: &MuteAspect,
    ) -> Result<(), StorageError> {
        let until = aspect.muted.as_ref().and_then(|muted| muted.until);
        // A mute of less than 15 minutes needs no announcement: it was set a moment ago.
        let announced = until.map(|until| until.plus_millis(-ANNOUNCED_MS)).filter(|at| *at > self.now());
        let (announcing, ending) = match kind {
            SubjectKind::Device => (Due::DeviceMuteAnnounced, Due::DeviceMuteEnds),
            _ => (Due::AlarmMuteAnnounced, Due::AlarmMuteEnds),
        };
        self.set_due(organization, subject, announcing, announced)?;
        self.set_due(organization, subject, ending, until)
    }

    /// Does everything whose time has come. Gives how many things that were.
    pub(super) fn pass_what_is_due(&mut self) -> Result<usize, StorageError> {
        let now = self.now();
        let due: Vec<([u8; 16], [u8; 16], String)> = self
            .connection()
            .prepare_cached(
                "SELECT organization, subject, what FROM due WHERE at <= ?1 ORDER BY at, organization, subject, what",
            )?
            .query_map([now.micros()], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
            .collect::<Result<_, _>>()?;
        for (organization, subject, what) in &due {
            let (organization, subject) = (OrganizationId::from_bytes(*organization), Uuid::from_bytes(*subject));
            let Some(what) = Due::ALL.into_iter().find(|known| known.name() == what) else { continue };
            self.set_due(organization, subject, what, None)?;
            match self.apart(|write| write.pass(organization, subject, what)) {
                // What cannot be read today cannot be tomorrow; everybody else's time comes all the same.
                Err(error) if error.is_of_one_object() => crate::trouble::say(what.name(), &error),
                done => done?,
            }
        }
        Ok(due.len())
    }

    fn pass(&mut self, organization: OrganizationId, subject: Uuid, what: Due) -> Result<(), StorageError> {
        match what {
            Due::Closing => self.close_incident(organization, IncidentId(subject)),
            Due::AlarmMuteAnnounced => self.announce_alarm_mute(organization, AlarmId(subject)),
            Due::AlarmMuteEnds => {
                let Some((alarm, _, _)) = self.view().alarm(organization, AlarmId(subject))? else { return Ok(()) };
                self.consider_alarm(organization, &alarm)?;
                self.tell_of_alarm_mute_ended(organization, &alarm)
            }
            Due::DeviceMuteAnnounced => self.announce_device_mute(organization, DeviceId(subject)),
            Due::DeviceMuteEnds => {
                self.consider_device(organization, DeviceId(subject))?;
                self.tell_of_device_mute_ended(organization, DeviceId(subject))
            }
            Due::PhotoExpires => self.expire_photo(organization, MessageId(subject)),
        }
    }
}
