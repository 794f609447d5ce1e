//! What a caller may see of one organization, and do there.

use std::collections::HashSet;

use onsite_rules::address::{last_two_segments, reads_only};
use onsite_rules::rights::{Permission, may, sees_everything};
use onsite_wire::codes::Code;
use onsite_wire::ids::{LocationId, OrganizationId, PersonId};
use onsite_wire::onsite::{Grant, OrganizationRights, Role};

use serde_json::Value;
use uuid::Uuid;

use super::Caller;
use crate::http::Refused;
use crate::storage::{Kind, LocationTree, Place, Row, StorageError, View};

/// The property of a device that holds its addresses.
const ADDRESSES: &str = "ipAddresses";
/// The property of a site that holds whom to call.
const CALLS: &str = "calls";

/// A caller's rights in one organization, worked out over its locations as they are now.
#[derive(Debug)]
pub(crate) struct Scope {
    /// The organization.
    pub(crate) organization: OrganizationId,
    /// The person; missing for an API key.
    pub(crate) person: Option<PersonId>,
    /// Offsets below this one are gone for the person.
    pub(crate) gone_before: i64,
    /// A partner's technician who reads only sees no whole address, no call list and nobody else's duty (P5).
    reads_only: bool,
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
        let (person, partner, rights, gone_before) = match caller {
            Caller::Key { organizations, .. } => {
                if !organizations.contains(&organization) {
                    return Err(elsewhere());
                }
                let grants = vec![Grant { location_id: None, role: Role::Viewer }];
                (None, false, OrganizationRights { grants }, 0)
            }
            Caller::Person { person, .. } => {
                let membership = view.membership(organization, *person)?.ok_or_else(elsewhere)?;
                let rights = view.rights(organization, *person)?;
                (Some(*person), membership.partner.is_some(), rights, membership.gone_before)
            }
        };
        let tree = view.locations(organization)?;
        let sight = sight(&rights, &tree);
        let reads_only = reads_only(partner, &rights);
        Ok(Self { organization, person, gone_before, reads_only, rights, tree, sight })
    }

    /// Whether the caller may see something of this kind at this place; a location's place is itself.
    pub(crate) fn sees(&self, kind: Kind, place: Place) -> bool {
        match (&self.sight, kind) {
            (Sight::Everything, _)
            | (_, Kind::Organization | Kind::Person | Kind::ReadPosition | Kind::NoticeSettings | Kind::Duty) => true,
            // The organization's own call list.
            (Sight::Some { .. }, Kind::Site) if place.is_none() => true,
            (Sight::Some { ways, .. }, Kind::Location) => place.is_some_and(|place| ways.contains(&place)),
            // Without a place it is about the organization. What it is of a device without a location was for those who see it.
            (Sight::Some { places, .. }, Kind::Notification) => place.is_none_or(|place| places.contains(&place)),
            (Sight::Some { places, .. }, _) => place.is_some_and(|place| places.contains(&place)),
        }
    }

    /// Whether the caller may see what this row holds.
    pub(crate) fn sees_row(&self, row: &Row) -> bool {
        self.sees_object(row.kind, row.place, row.id)
    }

    /// Whether the caller may see the object of this id.
    pub(crate) fn sees_object(&self, kind: Kind, place: Place, id: Uuid) -> bool {
        self.sees(kind, place) && self.may_hear_of(kind, id)
    }

    /// Whether the caller may so much as hear that there is, or was, such an object.
    pub(crate) fn may_hear_of(&self, kind: Kind, id: Uuid) -> bool {
        match kind {
            Kind::Duty => !self.reads_only || self.person.is_some_and(|person| person.0 == id),
            Kind::Presence => !self.reads_only,
            _ => true,
        }
    }

    /// An object as this caller may read it.
    pub(crate) fn cut(&self, row: Row) -> Result<Row, StorageError> {
        Ok(Row { body: self.cut_body(row.kind, row.body)?, ..row })
    }

    /// The same of an object's JSON.
    pub(crate) fn cut_body(&self, kind: Kind, body: String) -> Result<String, StorageError> {
        let part = match kind {
            Kind::Device => ADDRESSES,
            Kind::Site => CALLS,
            _ => return Ok(body),
        };
        if !self.reads_only || !body.contains(part) {
            return Ok(body);
        }
        let mut object: Value =
            serde_json::from_str(&body).map_err(|error| StorageError::Unreadable("object", error))?;
        if let Some(values) = object.get_mut(part).and_then(Value::as_array_mut) {
            if kind == Kind::Site {
                values.clear();
            }
            for address in values {
                *address = Value::from(last_two_segments(address.as_str().unwrap_or_default()));
            }
        }
        Ok(object.to_string())
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
