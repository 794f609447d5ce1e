//! The home screen's tiles (A6): each is a filter, and counts what the list behind it shows. Muted alarms are left out.

use onsite_rules::severity::Shown;
use onsite_wire::ids::{OrganizationId, PersonId};

use crate::alarms::{AlarmFilter, AssignmentChoice, MutedChoice, Status};
use crate::incidents::IncidentFilter;
use crate::notifications::NotificationFilter;

/// A tile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Tile {
    /// Active critical alarms.
    ActiveCritical,
    /// Active warnings.
    ActiveWarning,
    /// Active alarms for which one is responsible oneself.
    AssignedToMe,
    /// Devices with an active critical alarm: counts devices, not alarms.
    DevicesWithCritical,
}

/// The tile of incidents that are under way, by the list that it opens: its number is the list's total.
pub fn open_incidents(organization: Option<OrganizationId>) -> IncidentFilter {
    IncidentFilter { organization, ..IncidentFilter::active() }
}

/// The tile of unread notifications, by the list that it opens: its number is the list's total, and equals the unread
/// counter. The location that narrows every screen holds none back (A5).
pub fn unread_notifications(organization: Option<OrganizationId>) -> NotificationFilter {
    NotificationFilter { organization, unread: true }
}

/// The tiles of an organization, or of all, with the list that each one opens.
///
/// A tile's number is the list's total; for [`Tile::DevicesWithCritical`] it is the facets' count of devices.
pub fn tiles(me: Option<PersonId>, organization: Option<OrganizationId>) -> Vec<(Tile, AlarmFilter)> {
    let active = AlarmFilter {
        organization,
        status: Some(Status::Active),
        muted: MutedChoice::Without,
        ..AlarmFilter::default()
    };
    let of = |severity| AlarmFilter { severity: Some(severity), ..active.clone() };
    let mut tiles = vec![
        (Tile::ActiveCritical, of(Shown::Critical)),
        (Tile::ActiveWarning, of(Shown::Warning)),
        (Tile::DevicesWithCritical, of(Shown::Critical)),
    ];
    if let Some(me) = me {
        tiles.insert(2, (Tile::AssignedToMe, AlarmFilter { assignment: AssignmentChoice::Person(me), ..active }));
    }
    tiles
}
