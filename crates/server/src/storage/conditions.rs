//! Conditions of devices, and the alarms they are shown as (A3).
//!
//! The life of an alarm is decided by `onsite_rules::clearing`; here it is kept: one row as long as the condition holds or
//! went less than the window ago. A condition is known by its device and a name that the device gives it.

use onsite_rules::clearing::{Condition as Happening, Life, WINDOW_MS};
use onsite_wire::ids::{AlarmId, DeviceId, OrganizationId};
use onsite_wire::rest::Alarm;
use onsite_wire::time::Timestamp;
use rusqlite::{OptionalExtension, params};

use super::changes::Write;
use super::import::with_aspects;
use super::{StorageError, View};

/// A condition as a device reports it.
#[derive(Debug, Clone, PartialEq)]
pub struct Condition {
    /// Whose device.
    pub organization: OrganizationId,
    /// What the device calls it: with the device, the identity of the alarm while it lasts.
    pub name: String,
    /// The alarm that shows it, in present words: its id is taken if this is the beginning, its times never.
    pub alarm: Alarm,
}

/// A condition that is kept.
struct Kept {
    alarm: AlarmId,
    life: Life,
}

impl View<'_> {
    /// Whether a condition went at or before this time and its alarm is not cleared yet.
    pub(super) fn something_is_due(&self, due: Timestamp) -> Result<bool, StorageError> {
        let found = self
            .connection
            .prepare_cached("SELECT 1 FROM conditions WHERE gone_at IS NOT NULL AND gone_at <= ?1")?
            .exists([due.micros()])?;
        Ok(found)
    }
}

impl Write<'_> {
    /// A condition occurs, occurs again, or is reported with other words: the alarm that shows it.
    pub(super) fn condition_occurs(&mut self, condition: &Condition, at: Timestamp) -> Result<AlarmId, StorageError> {
        let kept = self.kept(condition.organization, condition.alarm.device_id, &condition.name)?;
        let life = kept.as_ref().map(|kept| kept.life.step(Happening::Occurs, at));
        match (kept, life) {
            (Some(kept), Some(life)) if !matches!(life, Life::Cleared { .. }) => {
                self.keep(condition, kept.alarm, life)?;
                self.say(condition, kept.alarm, life.reactivations(), None)?;
                Ok(kept.alarm)
            }
            (kept, life) => {
                if let (Some(kept), Some(Life::Cleared { cleared_at, .. })) = (kept, life) {
                    self.clear(condition.organization, kept.alarm, cleared_at)?;
                }
                let alarm = self.new_alarm_id(condition)?;
                self.keep(condition, alarm, Life::NEW)?;
                self.say(condition, alarm, 0, Some(at))?;
                Ok(alarm)
            }
        }
    }

    /// A condition is described anew, whether it holds or went a moment ago. False: it was not known.
    pub(super) fn condition_changes(&mut self, condition: &Condition) -> Result<bool, StorageError> {
        let kept = self.kept(condition.organization, condition.alarm.device_id, &condition.name)?;
        let Some(kept) = kept else { return Ok(false) };
        self.say(condition, kept.alarm, kept.life.reactivations(), None)?;
        Ok(true)
    }

    /// The id that the condition wishes for its alarm, unless there is such an alarm already.
    fn new_alarm_id(&self, condition: &Condition) -> Result<AlarmId, StorageError> {
        let taken = self.view().alarm(condition.organization, condition.alarm.id)?.is_some();
        Ok(if taken { AlarmId(crate::random::id()) } else { condition.alarm.id })
    }

    /// A condition goes: from here on its alarm is active for the window. False: it was not known.
    pub(super) fn condition_goes(
        &mut self,
        organization: OrganizationId,
        device: DeviceId,
        name: &str,
        at: Timestamp,
    ) -> Result<bool, StorageError> {
        let Some(kept) = self.kept(organization, device, name)? else { return Ok(false) };
        match kept.life.step(Happening::Goes, at) {
            Life::Fading { gone_at, .. } => {
                self.connection()
                    .prepare_cached(
                        "UPDATE conditions SET gone_at = ?4 WHERE organization = ?1 AND device = ?2 AND name = ?3",
                    )?
                    .execute(params![organization.bytes(), device.bytes(), name, gone_at.micros()])?;
            }
            Life::Cleared { cleared_at, .. } => {
                self.clear(organization, kept.alarm, cleared_at)?;
                self.forget(organization, device, name)?;
            }
            Life::Holding { .. } => {}
        }
        Ok(true)
    }

    /// Clears what has been gone for the whole window. Gives how many alarms that were.
    pub(super) fn clear_what_is_due(&mut self) -> Result<usize, StorageError> {
        let due = self.now().plus_millis(-WINDOW_MS).micros();
        let gone: Vec<([u8; 16], [u8; 16], String)> = self
            .connection()
            .prepare_cached(
                "SELECT organization, device, name FROM conditions
                 WHERE gone_at IS NOT NULL AND gone_at <= ?1 ORDER BY gone_at, organization, device, name",
            )?
            .query_map([due], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
            .collect::<Result<_, _>>()?;
        for (organization, device, name) in &gone {
            let (organization, device) = (OrganizationId::from_bytes(*organization), DeviceId::from_bytes(*device));
            match self.apart(|write| write.clear_if_gone(organization, device, name)) {
                // It would hold up all others for ever.
                Err(error) if error.is_of_one_object() => {
                    crate::trouble::say("a condition", &error);
                    self.forget(organization, device, name)?;
                }
                done => done?,
            }
        }
        Ok(gone.len())
    }

    fn clear_if_gone(
        &mut self,
        organization: OrganizationId,
        device: DeviceId,
        name: &str,
    ) -> Result<(), StorageError> {
        let Some(kept) = self.kept(organization, device, name)? else { return Ok(()) };
        if let Life::Cleared { cleared_at, .. } = kept.life.step(Happening::Passes, self.now()) {
            self.clear(organization, kept.alarm, cleared_at)?;
            self.forget(organization, device, name)?;
        }
        Ok(())
    }

    /// An alarm that was imported: its condition is known by the alarm's id, and goes by that name.
    pub(super) fn adopt(&mut self, organization: OrganizationId, alarm: &Alarm) -> Result<(), StorageError> {
        let name = alarm.id.to_string();
        if alarm.cleared_time.is_some() {
            return self.forget(organization, alarm.device_id, &name);
        }
        self.connection()
            .prepare_cached(
                "INSERT INTO conditions (organization, device, name, alarm, reactivations) VALUES (?1, ?2, ?3, ?4, ?5)
                 ON CONFLICT (organization, device, name) DO NOTHING",
            )?
            .execute(params![
                organization.bytes(),
                alarm.device_id.bytes(),
                name,
                alarm.id.bytes(),
                alarm.alarm_reactivation_count
            ])?;
        Ok(())
    }

    fn kept(&self, organization: OrganizationId, device: DeviceId, name: &str) -> Result<Option<Kept>, StorageError> {
        let found: Option<([u8; 16], i32, Option<i64>)> = self
            .connection()
            .prepare_cached(
                "SELECT alarm, reactivations, gone_at FROM conditions
                 WHERE organization = ?1 AND device = ?2 AND name = ?3",
            )?
            .query_row(params![organization.bytes(), device.bytes(), name], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?))
            })
            .optional()?;
        Ok(found.map(|(alarm, reactivations, gone_at)| Kept {
            alarm: AlarmId::from_bytes(alarm),
            life: match gone_at {
                None => Life::Holding { reactivations },
                Some(gone_at) => Life::Fading { reactivations, gone_at: Timestamp::from_micros(gone_at) },
            },
        }))
    }

    fn keep(&mut self, condition: &Condition, alarm: AlarmId, life: Life) -> Result<(), StorageError> {
        self.connection()
            .prepare_cached(
                "INSERT INTO conditions (organization, device, name, alarm, reactivations, gone_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, NULL)
                 ON CONFLICT (organization, device, name) DO UPDATE SET
                    alarm = excluded.alarm, reactivations = excluded.reactivations, gone_at = NULL",
            )?
            .execute(params![
                condition.organization.bytes(),
                condition.alarm.device_id.bytes(),
                condition.name,
                alarm.bytes(),
                life.reactivations()
            ])?;
        Ok(())
    }

    fn forget(&mut self, organization: OrganizationId, device: DeviceId, name: &str) -> Result<(), StorageError> {
        self.connection()
            .prepare_cached("DELETE FROM conditions WHERE organization = ?1 AND device = ?2 AND name = ?3")?
            .execute(params![organization.bytes(), device.bytes(), name])?;
        Ok(())
    }

    /// Writes the alarm that shows a condition, if that makes it another one than it was.
    fn say(
        &mut self,
        condition: &Condition,
        id: AlarmId,
        reactivations: i32,
        new_at: Option<Timestamp>,
    ) -> Result<(), StorageError> {
        let present = self.view().alarm(condition.organization, id)?.map(|(alarm, _, _)| alarm);
        let alarm = Alarm {
            id,
            activated_time: present.as_ref().map_or(new_at.unwrap_or(self.now()), |alarm| alarm.activated_time),
            cleared_time: None,
            alarm_reactivation_count: reactivations,
            acknowledgement: present.as_ref().and_then(|alarm| alarm.acknowledgement.clone()),
            mute: present.as_ref().and_then(|alarm| alarm.mute.clone()),
            revision: None,
            ..condition.alarm.clone()
        };
        let alarm = with_aspects(alarm, &self.offered(condition.organization)?);
        if present.as_ref() != Some(&alarm) {
            self.put_alarm(condition.organization, &alarm)?;
            self.tell_of_alarm(condition.organization, present.as_ref(), &alarm)?;
        }
        Ok(())
    }

    fn clear(
        &mut self,
        organization: OrganizationId,
        alarm: AlarmId,
        cleared_at: Timestamp,
    ) -> Result<(), StorageError> {
        let Some((mut alarm, _, _)) = self.view().alarm(organization, alarm)? else { return Ok(()) };
        alarm.cleared_time = Some(cleared_at);
        self.put_alarm(organization, &alarm)?;
        self.tell_of_clearing(organization, &alarm)
    }
}
