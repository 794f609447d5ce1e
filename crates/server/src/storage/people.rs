//! Organizations and the people in them.

use onsite_wire::ids::{OrganizationId, PartnerId, PersonId};
use onsite_wire::onsite::{Capability, PersonEntry};
use rusqlite::{OptionalExtension, Row, params};

use super::changes::{Feed, Write};
use super::import::ALL_CAPABILITIES;
use super::inventory::{read_body, write_body};
use super::objects::{Kind, Stored};
use super::{StorageError, View};

/// An organization as the server keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrganizationRow {
    /// Its id.
    pub id: OrganizationId,
    /// Its name.
    pub label: String,
    /// The company that looks after it, and its name.
    pub partner: Option<(PartnerId, String)>,
    /// What it offers.
    pub capabilities: Vec<Capability>,
}

/// A person's account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonRow {
    /// The person.
    pub id: PersonId,
    /// The account's address, as it is compared: without space around it, in small letters.
    pub email: String,
    /// Name as others see it.
    pub name: String,
}

/// That a person belongs to an organization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Membership {
    /// Name as others see it.
    pub name: String,
    /// The partner whose technician this is.
    pub partner: Option<PartnerId>,
    /// Offsets below this one are gone for this person.
    pub gone_before: i64,
}

/// An address as accounts are found by it.
pub(crate) fn folded(email: &str) -> String {
    email.trim().to_lowercase()
}

const ORGANIZATION: &str = "id, label, partner, partner_name, capabilities";

fn organization(row: &Row<'_>) -> rusqlite::Result<(OrganizationRow, String)> {
    let partner = row.get::<_, Option<[u8; 16]>>(2)?.map(PartnerId::from_bytes);
    let found = OrganizationRow {
        id: OrganizationId::from_bytes(row.get(0)?),
        label: row.get(1)?,
        partner: partner.zip(row.get(3)?),
        capabilities: Vec::new(),
    };
    Ok((found, row.get(4)?))
}

/// What was cut down is kept as a list; `null` is everything that this version has, whatever the one had that wrote it.
fn with_capabilities((row, capabilities): (OrganizationRow, String)) -> Result<OrganizationRow, StorageError> {
    let cut_down: Option<Vec<Capability>> = read_body("capabilities", &capabilities)?;
    Ok(OrganizationRow { capabilities: cut_down.unwrap_or_else(|| ALL_CAPABILITIES.to_vec()), ..row })
}

impl View<'_> {
    /// An organization.
    pub fn organization(&self, id: OrganizationId) -> Result<Option<OrganizationRow>, StorageError> {
        let sql = format!("SELECT {ORGANIZATION} FROM organizations WHERE id = ?1");
        let found = self.connection.prepare_cached(&sql)?.query_row([id.bytes()], organization).optional()?;
        found.map(with_capabilities).transpose()
    }

    /// All organizations, by name.
    pub fn organizations(&self) -> Result<Vec<OrganizationRow>, StorageError> {
        let sql = format!("SELECT {ORGANIZATION} FROM organizations ORDER BY label, id");
        let mut statement = self.connection.prepare_cached(&sql)?;
        statement.query_map([], organization)?.map(|row| with_capabilities(row?)).collect()
    }

    /// The organizations in which a person may work, by name.
    pub fn organizations_of(&self, person: PersonId) -> Result<Vec<OrganizationRow>, StorageError> {
        let sql = format!(
            "SELECT {ORGANIZATION} FROM organizations
             WHERE id IN (SELECT organization FROM members WHERE person = ?1) ORDER BY label, id"
        );
        let mut statement = self.connection.prepare_cached(&sql)?;
        statement.query_map([person.bytes()], organization)?.map(|row| with_capabilities(row?)).collect()
    }

    /// A person's account.
    pub fn person(&self, id: PersonId) -> Result<Option<PersonRow>, StorageError> {
        let found = self
            .connection
            .prepare_cached("SELECT email, name FROM people WHERE id = ?1")?
            .query_row([id.bytes()], |row| Ok(PersonRow { id, email: row.get(0)?, name: row.get(1)? }))
            .optional()?;
        Ok(found)
    }

    /// The account of this address, with the hash of its password if it may sign in.
    pub fn account(&self, email: &str) -> Result<Option<(PersonRow, Option<String>)>, StorageError> {
        let found = self
            .connection
            .prepare_cached("SELECT id, email, name, password_hash FROM people WHERE email = ?1")?
            .query_row([folded(email)], |row| {
                let id = PersonId::from_bytes(row.get(0)?);
                Ok((PersonRow { id, email: row.get(1)?, name: row.get(2)? }, row.get(3)?))
            })
            .optional()?;
        Ok(found)
    }

    /// Whether and how a person belongs to an organization.
    pub fn membership(
        &self,
        organization: OrganizationId,
        person: PersonId,
    ) -> Result<Option<Membership>, StorageError> {
        let found = self
            .connection
            .prepare_cached(
                "SELECT people.name, members.partner, members.gone_before
                 FROM members JOIN people ON people.id = members.person
                 WHERE members.organization = ?1 AND members.person = ?2",
            )?
            .query_row(params![organization.bytes(), person.bytes()], |row| {
                Ok(Membership {
                    name: row.get(0)?,
                    partner: row.get::<_, Option<[u8; 16]>>(1)?.map(PartnerId::from_bytes),
                    gone_before: row.get(2)?,
                })
            })
            .optional()?;
        Ok(found)
    }

    /// Everybody in an organization.
    pub(super) fn members(&self, organization: OrganizationId) -> Result<Vec<PersonId>, StorageError> {
        let mut statement =
            self.connection.prepare_cached("SELECT person FROM members WHERE organization = ?1 ORDER BY person")?;
        let rows = statement.query_map([organization.bytes()], |row| row.get(0))?;
        Ok(rows.map(|id| id.map(PersonId::from_bytes)).collect::<Result<_, _>>()?)
    }
}

impl Write<'_> {
    /// Writes an organization. One that offers everything offers what a later version has, too.
    pub(super) fn put_organization_row(&mut self, row: &OrganizationRow) -> Result<(), StorageError> {
        let all = ALL_CAPABILITIES.iter().all(|capability| row.capabilities.contains(capability));
        let cut_down = (!all).then_some(&row.capabilities);
        let (partner, partner_name) = row.partner.clone().unzip();
        self.connection()
            .prepare_cached(
                "INSERT INTO organizations (id, label, partner, partner_name, capabilities)
                 VALUES (?1, ?2, ?3, ?4, ?5)
                 ON CONFLICT (id) DO UPDATE SET label = excluded.label, partner = excluded.partner,
                    partner_name = excluded.partner_name, capabilities = excluded.capabilities",
            )?
            .execute(params![
                row.id.bytes(),
                row.label,
                partner.map(|partner| *partner.bytes()),
                partner_name.unwrap_or_default(),
                write_body("capabilities", &cut_down)?,
            ])?;
        Ok(())
    }

    /// Writes an account. One without a new password keeps the one it has.
    pub(super) fn put_person(&mut self, person: &PersonRow, password: Option<&str>) -> Result<(), StorageError> {
        self.connection()
            .prepare_cached(
                "INSERT INTO people (id, email, name, password_hash) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (id) DO UPDATE SET email = excluded.email, name = excluded.name,
                    password_hash = coalesce(excluded.password_hash, people.password_hash)",
            )?
            .execute(params![person.id.bytes(), folded(&person.email), person.name, password])?;
        Ok(())
    }

    pub(super) fn put_member(
        &mut self,
        organization: OrganizationId,
        person: PersonId,
        partner: Option<PartnerId>,
    ) -> Result<(), StorageError> {
        self.connection()
            .prepare_cached(
                "INSERT INTO members (organization, person, partner) VALUES (?1, ?2, ?3)
                 ON CONFLICT (organization, person) DO UPDATE SET partner = excluded.partner",
            )?
            .execute(params![organization.bytes(), person.bytes(), partner.map(|partner| *partner.bytes())])?;
        Ok(())
    }

    pub(super) fn remove_member(&mut self, organization: OrganizationId, person: PersonId) -> Result<(), StorageError> {
        for sql in [
            "DELETE FROM members WHERE organization = ?1 AND person = ?2",
            "DELETE FROM group_members WHERE organization = ?1 AND person = ?2",
        ] {
            self.connection().prepare_cached(sql)?.execute(params![organization.bytes(), person.bytes()])?;
        }
        self.end_duty(organization, person)?;
        self.check_assignments_of(organization, person)?;
        self.remove(organization, Kind::Person, person.0)
    }

    /// All offsets that a person holds of an organization are gone: the person sees something else from now on.
    pub(super) fn forget_offsets(
        &mut self,
        organization: OrganizationId,
        person: PersonId,
    ) -> Result<(), StorageError> {
        // Every feed moves, so that every offset from before is below, and everybody's phone comes to ask.
        let mut gone_before = 0;
        for feed in Feed::ALL {
            gone_before = self.next_offset(organization, feed, None)?;
        }
        let first = gone_before - i64::try_from(Feed::ALL.len()).unwrap_or(0) + 1;
        self.connection()
            .prepare_cached("UPDATE members SET gone_before = ?3 WHERE organization = ?1 AND person = ?2")?
            .execute(params![organization.bytes(), person.bytes(), first])?;
        Ok(())
    }

    /// Writes the person as colleagues see each other.
    pub(super) fn put_person_entry(
        &mut self,
        organization: OrganizationId,
        person: PersonId,
    ) -> Result<(), StorageError> {
        let Some(membership) = self.view().membership(organization, person)? else { return Ok(()) };
        let entry = PersonEntry {
            id: person,
            name: membership.name,
            partner: membership.partner,
            rights: self.view().rights(organization, person)?,
            revision: 0,
        };
        let stored = Stored {
            kind: Kind::Person,
            id: person.0,
            parent: None,
            place: None,
            audience: None,
            ended_at: None,
            body: write_body("person", &WithoutRevision::from(entry))?,
        };
        self.put_if_different(organization, &stored)?;
        Ok(())
    }
}

/// An entry of the feed as it is kept: the revision is put in when it is read.
#[derive(serde::Serialize)]
#[serde(rename_all = "camelCase")]
struct WithoutRevision {
    id: PersonId,
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    partner: Option<PartnerId>,
    rights: onsite_wire::onsite::OrganizationRights,
}

impl From<PersonEntry> for WithoutRevision {
    fn from(entry: PersonEntry) -> Self {
        Self { id: entry.id, name: entry.name, partner: entry.partner, rights: entry.rights }
    }
}
