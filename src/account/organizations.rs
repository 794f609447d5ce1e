//! The customers of a partner's technician (P6), and the places of each.

use onsite_rules::rights::role_at;
use onsite_wire::ids::{LocationId, OrganizationId};
use onsite_wire::onsite::{Capability, Role};

use super::Account;
use super::members;
use crate::devices::directory::{Directory, Presence};
use crate::error::Error;
use crate::store::{Fault, Reading};
use crate::text::folded;

/// One organization that the account reaches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrganizationOverview {
    /// Its id.
    pub id: OrganizationId,
    /// Its name.
    pub label: String,
    /// Active critical alarms without a mute.
    pub active_critical: u64,
    /// Active warnings without a mute.
    pub active_warning: u64,
    /// What its server and subscription offer; empty against the vendor's API alone.
    pub capabilities: Vec<Capability>,
    /// The person's role for the organization as a whole; `None`: at some locations only, or not told.
    pub role: Option<Role>,
}

/// A location with its place in the tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocationNode {
    /// Its id.
    pub id: LocationId,
    /// Whose.
    pub organization: OrganizationId,
    /// The location above.
    pub parent: Option<LocationId>,
    /// Its name.
    pub label: String,
    /// `SITE`, `ROOM` …
    pub kind: String,
    /// 0 at the top.
    pub depth: usize,
}

impl Account {
    /// The organizations that the account reaches, by name, with live counts.
    pub async fn organizations(&self) -> Result<Vec<OrganizationOverview>, Error> {
        Ok(self.shared.store.read(overview).await?)
    }

    /// The places of an organization, or of all, in the order of a tree: each below the one it is in, by name.
    pub async fn locations(&self, organization: Option<OrganizationId>) -> Result<Vec<LocationNode>, Error> {
        let directory = self.shared.alarms.directory.clone();
        let nodes = self.shared.store.read(move |reading| {
            let directory = directory.at(reading.cache)?;
            Ok(tree(&directory, organization))
        });
        Ok(nodes.await?)
    }
}

fn overview(reading: &Reading<'_>) -> Result<Vec<OrganizationOverview>, Fault> {
    let members = members::stored(reading.cache)?;
    let mut all = Vec::with_capacity(members.organizations.len());
    for member in members.organizations {
        let (critical, warning): (i64, i64) = reading
            .cache
            .prepare_cached(
                "SELECT coalesce(sum(alarm.shown = 0), 0), coalesce(sum(alarm.shown = 1), 0)
                   FROM alarm INDEXED BY alarm_newest JOIN organization ON organization.n = alarm.organization
                  WHERE alarm.status = 0 AND alarm.muted = 0 AND organization.id = ?1",
            )?
            .query_row([member.id.bytes()], |row| Ok((row.get(0)?, row.get(1)?)))?;
        all.push(OrganizationOverview {
            id: member.id,
            label: member.label,
            active_critical: critical.unsigned_abs(),
            active_warning: warning.unsigned_abs(),
            role: member.mine.as_ref().and_then(|mine| role_at(&mine.rights, &[])),
            capabilities: member.mine.map(|mine| mine.capabilities).unwrap_or_default(),
        });
    }
    all.sort_by_cached_key(|organization| (folded(&organization.label), organization.id));
    Ok(all)
}

fn tree(directory: &Directory, organization: Option<OrganizationId>) -> Vec<LocationNode> {
    let mut nodes: Vec<(Vec<String>, LocationNode)> = directory
        .locations()
        .filter(|(_, entry)| entry.presence == Presence::Present)
        .filter_map(|(n, entry)| {
            let owner = directory.organization(entry.organization)?;
            let mut names: Vec<String> = directory.above(Some(n)).map(|(_, above)| folded(&above.label)).collect();
            names.push(folded(&owner.label));
            names.reverse();
            let node = LocationNode {
                id: entry.id,
                organization: owner.id,
                parent: entry.parent.and_then(|parent| directory.location(parent)).map(|parent| parent.id),
                label: entry.label.to_string(),
                kind: entry.kind.to_string(),
                depth: names.len().saturating_sub(2),
            };
            Some((names, node))
        })
        .filter(|(_, node)| organization.is_none_or(|id| id == node.organization))
        .collect();
    nodes.sort_by(|(left, a), (right, b)| (left, a.id).cmp(&(right, b.id)));
    nodes.into_iter().map(|(_, node)| node).collect()
}
