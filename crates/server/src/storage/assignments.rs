//! Who is responsible for which alarm, and whether they can still see it (A7).

use onsite_rules::rights::{Permission, may};
use onsite_wire::ids::{AlarmId, OrganizationId, PersonId};
use onsite_wire::rest::{Alarm, AssigneeKind};
use rusqlite::params;

use super::StorageError;
use super::changes::Write;

impl Write<'_> {
    /// Notes who is responsible for an alarm, as its acknowledgement says.
    pub(crate) fn note_assignment(&mut self, organization: OrganizationId, alarm: &Alarm) -> Result<(), StorageError> {
        let assignee = alarm.acknowledgement.as_ref().and_then(|aspect| aspect.acknowledged.as_ref());
        match assignee.map(|acknowledged| &acknowledged.assignee) {
            Some(assignee) if assignee.kind == AssigneeKind::Person => self
                .connection()
                .prepare_cached(
                    "INSERT INTO assignments (organization, alarm, person) VALUES (?1, ?2, ?3)
                     ON CONFLICT (organization, alarm) DO UPDATE SET person = excluded.person",
                )?
                .execute(params![organization.bytes(), alarm.id.bytes(), assignee.id.as_bytes()])?,
            _ => self
                .connection()
                .prepare_cached("DELETE FROM assignments WHERE organization = ?1 AND alarm = ?2")?
                .execute(params![organization.bytes(), alarm.id.bytes()])?,
        };
        Ok(())
    }

    /// Looks again at all alarms of a person whose rights have changed.
    pub(super) fn check_assignments_of(
        &mut self,
        organization: OrganizationId,
        person: PersonId,
    ) -> Result<(), StorageError> {
        let alarms: Vec<[u8; 16]> = self
            .connection()
            .prepare_cached("SELECT alarm FROM assignments WHERE organization = ?1 AND person = ?2 ORDER BY alarm")?
            .query_map(params![organization.bytes(), person.bytes()], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        for alarm in alarms {
            self.check_assignment(organization, AlarmId::from_bytes(alarm))?;
        }
        Ok(())
    }

    /// Marks the assignment of an alarm whose assignee may no longer see it, or takes the mark away. No version moves:
    /// those move by people's actions only.
    pub(super) fn check_assignment(
        &mut self,
        organization: OrganizationId,
        alarm: AlarmId,
    ) -> Result<(), StorageError> {
        let Some((mut alarm, place, _)) = self.view().alarm(organization, alarm)? else { return Ok(()) };
        let Some(acknowledged) = alarm.acknowledgement.as_mut().and_then(|aspect| aspect.acknowledged.as_mut()) else {
            return Ok(());
        };
        if acknowledged.assignee.kind != AssigneeKind::Person {
            return Ok(());
        }
        let rights = self.view().rights(organization, PersonId(acknowledged.assignee.id))?;
        let path = self.view().locations(organization)?.path(place);
        let cannot_see = !may(&rights, &path, Permission::View);
        if acknowledged.assignee_cannot_see != cannot_see {
            acknowledged.assignee_cannot_see = cannot_see;
            self.put_alarm(organization, &alarm)?;
        }
        Ok(())
    }
}
