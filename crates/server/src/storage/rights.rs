//! Groups and what they allow (P1). A person's rights are what all of the person's groups grant together.

use onsite_wire::ids::{LocationId, OrganizationId, PersonId};
use onsite_wire::onsite::{Grant, OrganizationRights, Role};
use rusqlite::params;

use super::changes::Write;
use super::{StorageError, View};
use crate::document::DocumentGroup;

const fn role_name(role: Role) -> &'static str {
    match role {
        Role::Viewer => "viewer",
        Role::Editor => "editor",
        Role::Operator => "operator",
        Role::Administrator => "administrator",
    }
}

impl View<'_> {
    /// What a person may do in an organization; nothing for somebody who is in no group there.
    pub fn rights(&self, organization: OrganizationId, person: PersonId) -> Result<OrganizationRights, StorageError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT DISTINCT group_grants.location, group_grants.role
             FROM group_members JOIN group_grants
               ON group_grants.organization = group_members.organization
              AND group_grants.number = group_members.number
             WHERE group_members.organization = ?1 AND group_members.person = ?2
             ORDER BY group_grants.location, group_grants.role",
        )?;
        let grants = statement.query_map(params![organization.bytes(), person.bytes()], |row| {
            let location_id = row.get::<_, Option<[u8; 16]>>(0)?.map(LocationId::from_bytes);
            Ok(Grant { location_id, role: Role::from(row.get::<_, String>(1)?) })
        })?;
        Ok(OrganizationRights { grants: grants.collect::<Result<_, _>>()? })
    }
}

impl Write<'_> {
    /// Replaces all groups of an organization. Whose rights are others now loses the offsets held, shows differently to
    /// colleagues, and stays responsible for alarms, marked where they can no longer be seen (A7).
    pub(super) fn put_groups(
        &mut self,
        organization: OrganizationId,
        groups: &[DocumentGroup],
    ) -> Result<(), StorageError> {
        let members = self.view().members(organization)?;
        let before = self.rights_of(organization, &members)?;
        for table in ["person_groups", "group_members", "group_grants"] {
            let sql = format!("DELETE FROM {table} WHERE organization = ?1");
            self.connection().prepare_cached(&sql)?.execute([organization.bytes()])?;
        }
        for (number, group) in (1_i64..).zip(groups) {
            self.put_group(organization, number, group)?;
        }
        let after = self.rights_of(organization, &members)?;
        for ((person, before), after) in members.into_iter().zip(before).zip(after) {
            if before != after {
                self.forget_offsets(organization, person)?;
                self.check_assignments_of(organization, person)?;
            }
            self.put_person_entry(organization, person)?;
        }
        Ok(())
    }

    fn rights_of(
        &self,
        organization: OrganizationId,
        people: &[PersonId],
    ) -> Result<Vec<OrganizationRights>, StorageError> {
        people.iter().map(|person| self.view().rights(organization, *person)).collect()
    }

    fn put_group(
        &mut self,
        organization: OrganizationId,
        number: i64,
        group: &DocumentGroup,
    ) -> Result<(), StorageError> {
        self.connection()
            .prepare_cached("INSERT INTO person_groups (organization, number, name) VALUES (?1, ?2, ?3)")?
            .execute(params![organization.bytes(), number, group.name])?;
        for person in &group.members {
            self.connection()
                .prepare_cached(
                    "INSERT INTO group_members (organization, number, person) VALUES (?1, ?2, ?3)
                     ON CONFLICT (organization, person, number) DO NOTHING",
                )?
                .execute(params![organization.bytes(), number, person.bytes()])?;
        }
        for (position, grant) in (1_i64..).zip(&group.grants) {
            self.connection()
                .prepare_cached(
                    "INSERT INTO group_grants (organization, number, position, location, role)
                     VALUES (?1, ?2, ?3, ?4, ?5)",
                )?
                .execute(params![
                    organization.bytes(),
                    number,
                    position,
                    grant.location_id.map(|location| *location.bytes()),
                    role_name(grant.role)
                ])?;
        }
        Ok(())
    }
}
