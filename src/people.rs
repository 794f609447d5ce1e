//! The people of an organization, as colleagues see each other: whom one can make responsible for an alarm.

use onsite_rules::digest::Tally;
use onsite_wire::ids::OrganizationId;
use onsite_wire::onsite::{Capability, MyOrganization, PersonEntry};
use rusqlite::{Connection, OptionalExtension};
use uuid::Uuid;

use crate::store::Fault;
use crate::sync::copies::is_read;
use crate::sync::feed::{Feed, Intake, Needs, Read, Route, Unreadable};
use crate::time::Timestamp;

const NAME: &str = "people";

/// The feed `people`.
#[derive(Debug, Clone, Copy, Default)]
pub struct PeopleFeed;

/// A person, or the id of one who is gone.
#[derive(Debug, Clone)]
pub enum Change {
    /// New or different.
    Present(Box<PersonEntry>),
    /// Gone.
    Gone(Uuid),
}

impl Feed for PeopleFeed {
    type Item = Change;

    fn name(&self) -> &'static str {
        NAME
    }

    fn needs(&self) -> Needs {
        Needs::Offered(Capability::People)
    }

    fn route(&self, organization: OrganizationId, read: Read) -> Route {
        let path = match read {
            Read::Full => format!("onsite/v1/organizations/{organization}/feeds/people"),
            Read::After(offset) => format!("onsite/v1/organizations/{organization}/feeds/people?after={offset}"),
        };
        Route { path, arrays: &["objects", "removed"] }
    }

    fn parse(&self, array: usize, raw: &[u8]) -> Result<Change, Unreadable> {
        if array == 0 {
            serde_json::from_slice(raw).map(|person| Change::Present(Box::new(person))).map_err(|_| Unreadable)
        } else {
            serde_json::from_slice(raw).map(Change::Gone).map_err(|_| Unreadable)
        }
    }

    fn take(&self, intake: &mut Intake<'_>, items: Vec<Change>) -> Result<(), Fault> {
        for item in items {
            match item {
                Change::Present(person) => take(intake, &person)?,
                Change::Gone(id) => {
                    intake
                        .cache
                        .prepare_cached("DELETE FROM person WHERE organization = ?1 AND id = ?2")?
                        .execute((intake.organization, id.as_bytes()))?;
                }
            }
        }
        Ok(())
    }

    fn finish(&self, intake: &mut Intake<'_>) -> Result<Vec<Uuid>, Fault> {
        if intake.full {
            let rows: Vec<i64> = intake
                .cache
                .prepare_cached("SELECT n FROM person WHERE organization = ?1")?
                .query_map([intake.organization], |row| row.get(0))?
                .collect::<rusqlite::Result<_>>()?;
            for n in rows.into_iter().filter(|n| !intake.seen.contains("person", *n)) {
                intake.cache.prepare_cached("DELETE FROM person WHERE n = ?1")?.execute([n])?;
            }
        }
        Ok(Vec::new())
    }

    fn digest(&self, cache: &Connection, organization: i64, _: Option<Timestamp>) -> Result<Tally, Fault> {
        let mut tally = Tally::default();
        let mut select = cache.prepare_cached("SELECT id, revision FROM person WHERE organization = ?1")?;
        let mut rows = select.query([organization])?;
        while let Some(row) = rows.next()? {
            tally.add(&row.get(0)?, row.get(1)?);
        }
        Ok(tally)
    }
}

fn take(intake: &mut Intake<'_>, person: &PersonEntry) -> Result<(), Fault> {
    let detail = serde_json::to_string(person).map_err(|_| Fault::Value("person"))?;
    let n: i64 = intake
        .cache
        .prepare_cached(
            "INSERT INTO person (id, organization, name, detail, revision) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (organization, id) DO UPDATE
                SET name = excluded.name, detail = excluded.detail, revision = excluded.revision
             RETURNING n",
        )?
        .query_row((person.id.bytes(), intake.organization, &person.name, detail, person.revision), |row| row.get(0))?;
    intake.seen.note("person", n);
    Ok(())
}

/// Whether all people of an organization were read once: until then, who is not there may exist all the same.
pub(crate) fn are_read(cache: &Connection, organization: OrganizationId) -> Result<bool, Fault> {
    is_read(cache, organization, NAME)
}

/// What the account's person may do in an organization; `None` where the server does not say.
pub(crate) fn mine(cache: &Connection, id: OrganizationId) -> Result<Option<MyOrganization>, Fault> {
    let text: Option<Option<String>> = cache
        .prepare_cached("SELECT me FROM organization WHERE id = ?1")?
        .query_row([id.bytes()], |row| row.get(0))
        .optional()?;
    text.flatten().map(|text| serde_json::from_str(&text).map_err(|_| Fault::Value("me"))).transpose()
}

/// The people of an organization by name.
pub(crate) fn of(cache: &Connection, organization: OrganizationId) -> Result<Vec<PersonEntry>, Fault> {
    let mut select = cache.prepare_cached(
        "SELECT person.detail FROM person JOIN organization ON organization.n = person.organization
          WHERE organization.id = ?1 ORDER BY person.name, person.id",
    )?;
    let texts = select.query_map([organization.bytes()], |row| row.get::<_, String>(0))?;
    let texts = texts.collect::<rusqlite::Result<Vec<_>>>()?;
    texts.iter().map(|text| serde_json::from_str(text).map_err(|_| Fault::Value("person"))).collect()
}

/// Lets go of all people of an organization.
pub(crate) fn let_go(cache: &Connection, organization: i64) -> Result<(), Fault> {
    cache.prepare_cached("DELETE FROM person WHERE organization = ?1")?.execute([organization])?;
    Ok(())
}
