//! Roles and what they may do (P1, P2). The server enforces it, the phone never offers what would be refused.

use onsite_wire::ids::LocationId;
use onsite_wire::onsite::{OrganizationRights, Role};

/// Something that a role may do at a location.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Permission {
    /// See devices, alarms, locations.
    View,
    /// Make somebody responsible for an alarm.
    Acknowledge,
    /// Open an incident, write in its chat, solve and reopen it.
    Incidents,
    /// Mute and unmute.
    Mute,
    /// People, groups, keys.
    Administer,
}

/// Whether a role may do it.
pub const fn allows(role: Role, permission: Permission) -> bool {
    match permission {
        Permission::View | Permission::Acknowledge | Permission::Incidents => true,
        Permission::Mute => matches!(role, Role::Editor | Role::Operator | Role::Administrator),
        Permission::Administer => matches!(role, Role::Administrator),
    }
}

/// The least restrictive role of a person at a place, given the place's location and all above it.
///
/// An administrator is one everywhere. A device without a location, and the organization itself, are seen by whoever has
/// a grant without location. `None`: sees nothing there.
pub fn role_at(rights: &OrganizationRights, path: &[LocationId]) -> Option<Role> {
    rights
        .grants
        .iter()
        .filter(|grant| {
            grant.role == Role::Administrator || grant.location_id.is_none_or(|location| path.contains(&location))
        })
        .map(|grant| grant.role)
        .max()
}

/// Whether a person may do something at a place.
pub fn may(rights: &OrganizationRights, path: &[LocationId], permission: Permission) -> bool {
    role_at(rights, path).is_some_and(|role| allows(role, permission))
}

/// Whether a person sees the whole organization, whatever is built there later.
pub fn sees_everything(rights: &OrganizationRights) -> bool {
    rights.grants.iter().any(|grant| grant.location_id.is_none() || grant.role == Role::Administrator)
}

#[cfg(test)]
mod tests {
    use super::*;
    use onsite_wire::onsite::Grant;
    use proptest::prelude::*;

    fn location(n: u8) -> LocationId {
        LocationId::from_bytes([n; 16])
    }

    fn rights(grants: &[(Option<u8>, Role)]) -> OrganizationRights {
        let grants = grants.iter().map(|(at, role)| Grant { location_id: at.map(location), role: *role }).collect();
        OrganizationRights { grants }
    }

    #[test]
    fn a_person_in_several_groups_has_the_least_restrictive_role_and_locations_inherit() {
        let rights = rights(&[(Some(1), Role::Viewer), (Some(2), Role::Operator), (Some(3), Role::Editor)]);
        assert_eq!(role_at(&rights, &[location(9), location(2), location(1)]), Some(Role::Operator));
        assert_eq!(role_at(&rights, &[location(9), location(1)]), Some(Role::Viewer));
        assert_eq!(role_at(&rights, &[location(9)]), None);
        assert_eq!(role_at(&rights, &[]), None, "a device without a location is not at one of theirs");
    }

    #[test]
    fn an_administrator_is_one_everywhere_and_a_viewer_acknowledges_but_does_not_mute() {
        let admin = rights(&[(Some(1), Role::Administrator)]);
        assert!(may(&admin, &[], Permission::Administer) && sees_everything(&admin));
        let viewer = rights(&[(None, Role::Viewer)]);
        assert!(may(&viewer, &[location(5)], Permission::Acknowledge));
        assert!(!may(&viewer, &[location(5)], Permission::Mute));
        assert!(may(&rights(&[(None, Role::Editor)]), &[], Permission::Mute));
    }

    fn role() -> impl Strategy<Value = Role> {
        prop_oneof![Just(Role::Viewer), Just(Role::Editor), Just(Role::Operator), Just(Role::Administrator)]
    }

    proptest! {
        #[test]
        fn a_location_below_is_never_more_restricted_than_the_one_above(
            grants in prop::collection::vec((prop::option::of(0..6_u8), role()), 0..6),
            path in prop::collection::vec(0..6_u8, 0..4),
            below in 0..6_u8,
        ) {
            let rights = rights(&grants);
            let above: Vec<_> = path.into_iter().map(location).collect();
            let mut deeper = vec![location(below)];
            deeper.extend(&above);
            prop_assert!(role_at(&rights, &deeper) >= role_at(&rights, &above));
        }
    }
}
