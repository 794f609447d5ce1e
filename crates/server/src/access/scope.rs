//! What a caller may see of one organization, and do there.

use std::collections::HashSet;

use onsite_rules::rights::{Permission, may, sees_everything};
use onsite_wire::codes::Code;
use onsite_wire::ids::{LocationId, OrganizationId, PersonId};
use onsite_wire::onsite::{Grant, OrganizationRights, Role};

use super::Caller;
use crate::http::Refused;
use crate::storage::{Kind, LocationTree, Place, Row, View};

/// A caller's rights in one organization, worked out over its locations as they are now.
#[derive(Debug)]
pub(crate) struct Scope {
    /// The organization.
    pub(crate) organization: OrganizationId,
    /// The person; missing for an API key.
    pub(crate) person: Option<PersonId>,
    /// Offsets below this one are gone for the person.
    pub(crate) gone_before: i64,
    rights: OrganizationRights,
    tree: LocationTree,
    sight: Sight,
}

#[derive(Debug)]
enum Sight {
    Everything,
    /// Locations whose devices are seen, and those above them: the way down is shown, what stands along it is not.
    Some {
        places: HashSet<LocationId>,
        ways: HashSet<LocationId>,
    },
}

impl Scope {
    /// The caller's scope, or the refusal that is the same for an organization of others and for one that is none.
    pub(crate) fn of(view: &View<'_>, caller: &Caller, organization: OrganizationId) -> Result<Self, Refused> {
        let elsewhere = || Refused::of(Code::OtherOrganization);
        let (person, rights, gone_before) = match caller {
            Caller::Key { organizations, .. } => {
                if !organizations.contains(&organization) {
                    return Err(elsewhere());
                }
                (None, OrganizationRights { grants: vec![Grant { location_id: None, role: Role::Viewer }] }, 0)
            }
            Caller::Person { person, .. } => {
                let membership = view.membership(organization, *person)?.ok_or_else(elsewhere)?;
                (Some(*person), view.rights(organization, *person)?, membership.gone_before)
            }
        };
        let tree = view.locations(organization)?;
        let sight = sight(&rights, &tree);
        Ok(Self { organization, person, gone_before, rights, tree, sight })
    }

    /// Whether the caller may see something of this kind at this place; a location's place is itself.
    pub(crate) fn sees(&self, kind: Kind, place: Place) -> bool {
        match (&self.sight, kind) {
            (Sight::Everything, _) | (_, Kind::Organization | Kind::Person | Kind::NoticeSettings) => true,
            (Sight::Some { ways, .. }, Kind::Location) => place.is_some_and(|place| ways.contains(&place)),
            // Without a place it is about the organization. What it is of a device without a location was for those who see it.
            (Sight::Some { places, .. }, Kind::Notification) => place.is_none_or(|place| places.contains(&place)),
            (Sight::Some { places, .. }, _) => place.is_some_and(|place| places.contains(&place)),
        }
    }

    /// Whether the caller may see what this row holds.
    pub(crate) fn sees_row(&self, row: &Row) -> bool {
        self.sees(row.kind, row.place)
    }

    /// Whether the caller may do something at a place.
    pub(crate) fn may(&self, place: Place, permission: Permission) -> bool {
        may(&self.rights, &self.tree.path(place), permission)
    }

    /// Whether somebody with these rights may see what is at a place.
    pub(crate) fn shown_to(&self, rights: &OrganizationRights, place: Place) -> bool {
        may(rights, &self.tree.path(place), Permission::View)
    }

    /// A place's location and all above it, nearest first.
    pub(crate) fn path(&self, place: Place) -> Vec<LocationId> {
        self.tree.path(place)
    }
}

fn sight(rights: &OrganizationRights, tree: &LocationTree) -> Sight {
    if sees_everything(rights) {
        return Sight::Everything;
    }
    let mut places = HashSet::new();
    let mut ways = HashSet::new();
    for location in tree.locations() {
        let path = tree.path(Some(location));
        if may(rights, &path, Permission::View) {
            places.insert(location);
            ways.extend(path);
        }
    }
    Sight::Some { places, ways }
}
