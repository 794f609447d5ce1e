//! The locations of one organization as a tree.

use std::collections::{HashMap, HashSet};

use onsite_wire::ids::{LocationId, OrganizationId};
use rusqlite::params;

use super::{Place, StorageError, View};

/// Which location stands in which.
#[derive(Debug, Clone, Default)]
pub struct LocationTree {
    parents: HashMap<LocationId, Option<LocationId>>,
}

impl LocationTree {
    /// A place's location and all above it, nearest first. A cycle ends where it closes.
    pub fn path(&self, place: Place) -> Vec<LocationId> {
        let mut path = Vec::new();
        let mut next = place;
        while let Some(location) = next {
            if path.contains(&location) {
                break;
            }
            path.push(location);
            next = self.parents.get(&location).copied().flatten();
        }
        path
    }

    /// All locations.
    pub fn locations(&self) -> impl Iterator<Item = LocationId> + '_ {
        self.parents.keys().copied()
    }

    /// A location and all below it, in no order.
    pub fn subtree(&self, top: LocationId) -> HashSet<LocationId> {
        self.locations().filter(|location| self.path(Some(*location)).contains(&top)).chain([top]).collect()
    }
}

impl View<'_> {
    /// The tree of an organization's locations.
    pub fn locations(&self, organization: OrganizationId) -> Result<LocationTree, StorageError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT id, parent FROM objects INDEXED BY objects_locations
             WHERE organization = ?1 AND kind = 'location' AND removed_at IS NULL",
        )?;
        let rows = statement.query_map(params![organization.bytes()], |row| {
            let parent = row.get::<_, Option<[u8; 16]>>(1)?.map(LocationId::from_bytes);
            Ok((LocationId::from_bytes(row.get(0)?), parent))
        })?;
        Ok(LocationTree { parents: rows.collect::<Result<_, _>>()? })
    }
}
