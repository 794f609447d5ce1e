//! What time brings: a solved incident closes (I2), a mute ends and what it kept back opens an incident after all (I1), a photo
//! that did not arrive is dropped (I4).

use onsite_wire::ids::{AlarmId, DeviceId, IncidentId, MessageId, OrganizationId};
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
    /// An alarm's own mute ends.
    AlarmMuteEnds,
    /// A device's mute ends.
    DeviceMuteEnds,
    /// The bytes of a message's photo are not all there.
    PhotoExpires,
}

impl Due {
    const ALL: [Self; 4] = [Self::Closing, Self::AlarmMuteEnds, Self::DeviceMuteEnds, Self::PhotoExpires];

    const fn name(self) -> &'static str {
        match self {
            Self::Closing => "closing",
            Self::AlarmMuteEnds => "alarm_mute_ends",
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
            match what {
                Due::Closing => self.close_incident(organization, IncidentId(subject))?,
                Due::AlarmMuteEnds => {
                    if let Some((alarm, _, _)) = self.view().alarm(organization, AlarmId(subject))? {
                        self.consider_alarm(organization, &alarm)?;
                    }
                }
                Due::DeviceMuteEnds => self.consider_device(organization, DeviceId(subject))?,
                Due::PhotoExpires => self.expire_photo(organization, MessageId(subject))?,
            }
        }
        Ok(due.len())
    }
}
