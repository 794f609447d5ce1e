//! The inventory's feed: the vendor's list and changes, in one stream of objects.

use onsite_rules::digest::Tally;
use onsite_wire::ids::OrganizationId;
use onsite_wire::rest::{InventoryObject, InventoryObjectChange};
use rusqlite::Connection;
use uuid::Uuid;

use super::intake::{Follower, Work};
use crate::store::Fault;
use crate::sync::feed::{Feed, Intake, Needs, Read, Route, Unreadable};
use crate::time::Timestamp;

/// The feed's name.
pub(crate) const NAME: &str = "inventory";

/// The feed `inventory`.
#[derive(Debug, Clone, Copy)]
pub struct InventoryFeed {
    /// What must follow a device that changed.
    pub followers: &'static [Follower],
}

impl Feed for InventoryFeed {
    type Item = InventoryObjectChange;

    fn name(&self) -> &'static str {
        NAME
    }

    fn needs(&self) -> Needs {
        Needs::Vendor
    }

    fn route(&self, organization: OrganizationId, read: Read) -> Route {
        match read {
            Read::Full => {
                Route { path: format!("rest/v1/organizations/{organization}/inventory"), arrays: &["inventoryObjects"] }
            }
            Read::After(offset) => Route {
                path: format!("rest/v1/organizations/{organization}/inventory-changes/{offset}"),
                arrays: &["", "inventoryObjectChanges"],
            },
        }
    }

    fn parse(&self, array: usize, raw: &[u8]) -> Result<InventoryObjectChange, Unreadable> {
        if array == 0 {
            let inventory_object: InventoryObject = serde_json::from_slice(raw).map_err(|_| Unreadable)?;
            Ok(InventoryObjectChange::CreateOrUpdate { inventory_object })
        } else {
            serde_json::from_slice(raw).map_err(|_| Unreadable)
        }
    }

    fn take(&self, intake: &mut Intake<'_>, items: Vec<InventoryObjectChange>) -> Result<(), Fault> {
        let mut work = Work::default();
        for item in items {
            match item {
                InventoryObjectChange::CreateOrUpdate { inventory_object } => work.take(intake, &inventory_object)?,
                InventoryObjectChange::Delete { inventory_object_id } => work.remove(intake, inventory_object_id)?,
            }
        }
        work.settle(intake.cache, intake.changes, self.followers)
    }

    fn finish(&self, intake: &mut Intake<'_>) -> Result<Vec<Uuid>, Fault> {
        if intake.full {
            let mut work = Work::default();
            work.remove_unseen(intake)?;
            work.settle(intake.cache, intake.changes, self.followers)?;
        }
        Ok(Vec::new())
    }

    fn digest(&self, cache: &Connection, organization: i64, _: Option<Timestamp>) -> Result<Tally, Fault> {
        let mut tally = Tally::default();
        for select in [
            "SELECT id, revision FROM device WHERE organization = ?1 AND state = 1",
            "SELECT id, revision FROM location WHERE organization = ?1 AND state = 1",
        ] {
            let mut select = cache.prepare_cached(select)?;
            let mut rows = select.query([organization])?;
            while let Some(row) = rows.next()? {
                tally.add(&row.get(0)?, row.get(1)?);
            }
        }
        Ok(tally)
    }
}
