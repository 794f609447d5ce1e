//! The feeds `sites` and `duty`: fences and call lists, who is on duty and where.

use onsite_rules::digest::Tally;
use onsite_wire::ids::OrganizationId;
use onsite_wire::onsite::{Capability, DutyEntry, SiteEntry};
use rusqlite::Connection;
use uuid::Uuid;

use crate::store::Fault;
use crate::sync::feed::{Feed, Intake, Needs, Read, Route, Unreadable};
use crate::time::Timestamp;

/// The name of the feed of sites.
pub const SITES: &str = "sites";
/// The name of the feed of people on duty.
pub const DUTY: &str = "duty";

const SITE: i64 = 0;
const PERSON: i64 = 1;

/// One of the two feeds.
#[derive(Debug, Clone, Copy)]
pub struct DutyFeed {
    name: &'static str,
    kind: i64,
}

impl DutyFeed {
    /// Fences and call lists.
    pub const fn sites() -> Self {
        Self { name: SITES, kind: SITE }
    }

    /// People on duty.
    pub const fn people() -> Self {
        Self { name: DUTY, kind: PERSON }
    }
}

/// An object as it is kept, or the id of one that is gone.
#[derive(Debug, Clone)]
pub enum Change {
    /// New or different.
    Present {
        /// Its id.
        id: Uuid,
        /// Its revision.
        revision: i64,
        /// As it came.
        detail: String,
    },
    /// Gone.
    Gone(Uuid),
}

/// Noted when sites, or their fences or call lists, are others now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SitesChanged;

impl Feed for DutyFeed {
    type Item = Change;

    fn name(&self) -> &'static str {
        self.name
    }

    fn needs(&self) -> Needs {
        Needs::Offered(Capability::Duty)
    }

    fn route(&self, organization: OrganizationId, read: Read) -> Route {
        let after = match read {
            Read::Full => String::new(),
            Read::After(offset) => format!("?after={offset}"),
        };
        let path = format!("onsite/v1/organizations/{organization}/feeds/{}{after}", self.name);
        Route { path, arrays: &["objects", "removed"] }
    }

    fn parse(&self, array: usize, raw: &[u8]) -> Result<Change, Unreadable> {
        if array == 1 {
            return serde_json::from_slice(raw).map(Change::Gone).map_err(|_| Unreadable);
        }
        // Read as what it must be, kept as it came.
        let (id, revision) = if self.kind == SITE {
            serde_json::from_slice::<SiteEntry>(raw).map(|entry| (entry.id, entry.revision)).map_err(|_| Unreadable)?
        } else {
            serde_json::from_slice::<DutyEntry>(raw).map(|entry| (entry.id, entry.revision)).map_err(|_| Unreadable)?
        };
        let detail = String::from_utf8(raw.to_vec()).map_err(|_| Unreadable)?;
        Ok(Change::Present { id, revision, detail })
    }

    fn take(&self, intake: &mut Intake<'_>, items: Vec<Change>) -> Result<(), Fault> {
        if self.kind == SITE && !items.is_empty() {
            intake.changes.note(SitesChanged);
        }
        for item in items {
            match item {
                Change::Present { id, revision, detail } => {
                    let n: i64 = intake
                        .cache
                        .prepare_cached(
                            "INSERT INTO duty_object (organization, kind, id, detail, revision) VALUES (?1, ?2, ?3, ?4, ?5)
                             ON CONFLICT (organization, kind, id) DO UPDATE
                                SET detail = excluded.detail, revision = excluded.revision
                             RETURNING n",
                        )?
                        .query_row((intake.organization, self.kind, id.as_bytes(), detail, revision), |row| row.get(0))?;
                    intake.seen.note("duty_object", n);
                }
                Change::Gone(id) => {
                    intake
                        .cache
                        .prepare_cached("DELETE FROM duty_object WHERE organization = ?1 AND kind = ?2 AND id = ?3")?
                        .execute((intake.organization, self.kind, id.as_bytes()))?;
                }
            }
        }
        Ok(())
    }

    fn finish(&self, intake: &mut Intake<'_>) -> Result<Vec<Uuid>, Fault> {
        if intake.full {
            let rows: Vec<i64> = intake
                .cache
                .prepare_cached("SELECT n FROM duty_object WHERE organization = ?1 AND kind = ?2")?
                .query_map((intake.organization, self.kind), |row| row.get(0))?
                .collect::<rusqlite::Result<_>>()?;
            for n in rows.into_iter().filter(|n| !intake.seen.contains("duty_object", *n)) {
                intake.cache.prepare_cached("DELETE FROM duty_object WHERE n = ?1")?.execute([n])?;
                if self.kind == SITE {
                    intake.changes.note(SitesChanged);
                }
            }
        }
        Ok(Vec::new())
    }

    fn digest(&self, cache: &Connection, organization: i64, _: Option<Timestamp>) -> Result<Tally, Fault> {
        let mut tally = Tally::default();
        let mut select =
            cache.prepare_cached("SELECT id, revision FROM duty_object WHERE organization = ?1 AND kind = ?2")?;
        let mut rows = select.query((organization, self.kind))?;
        while let Some(row) = rows.next()? {
            tally.add(&row.get(0)?, row.get(1)?);
        }
        Ok(tally)
    }
}

fn entries<T: serde::de::DeserializeOwned>(
    cache: &Connection,
    kind: i64,
    what: &'static str,
) -> Result<Vec<(OrganizationId, T)>, Fault> {
    let mut select = cache.prepare_cached(
        "SELECT organization.id, duty_object.detail
           FROM organization CROSS JOIN duty_object ON duty_object.organization = organization.n AND duty_object.kind = ?1
          WHERE organization.reached = 1",
    )?;
    let rows = select.query_map([kind], |row| Ok((row.get(0)?, row.get::<_, String>(1)?)))?;
    rows.map(|row| {
        let (id, text) = row?;
        let entry = serde_json::from_str(&text).map_err(|_| Fault::Value(what))?;
        Ok((OrganizationId::from_bytes(id), entry))
    })
    .collect()
}

/// The sites of all organizations that the account reaches, and the organizations' own call lists among them.
pub(crate) fn sites(cache: &Connection) -> Result<Vec<(OrganizationId, SiteEntry)>, Fault> {
    entries(cache, SITE, "site")
}

/// Who is on duty in all organizations, and where.
pub(crate) fn people(cache: &Connection) -> Result<Vec<(OrganizationId, DutyEntry)>, Fault> {
    entries(cache, PERSON, "duty")
}

/// Lets go of an organization's sites, and of who is on duty there.
pub(crate) fn let_go(cache: &Connection, organization: i64) -> Result<(), Fault> {
    cache.prepare_cached("DELETE FROM duty_object WHERE organization = ?1")?.execute([organization])?;
    Ok(())
}
