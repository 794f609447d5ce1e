//! The home screen's tiles.

use onsite::home as core;
use onsite_wire::ids::{OrganizationId, PersonId};

use crate::alarm_filter::AlarmFilter;

/// A tile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, uniffi::Enum)]
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

/// A tile with the list that it opens. Its number is the list's total; of `DevicesWithCritical` the count of devices.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct TileFilter {
    /// Which.
    pub tile: Tile,
    /// Its list.
    pub filter: AlarmFilter,
}

pub(crate) fn tiles(me: Option<PersonId>, organization: Option<OrganizationId>) -> Vec<TileFilter> {
    let tile = |(tile, filter): (core::Tile, onsite::alarms::AlarmFilter)| TileFilter {
        tile: match tile {
            core::Tile::ActiveCritical => Tile::ActiveCritical,
            core::Tile::ActiveWarning => Tile::ActiveWarning,
            core::Tile::AssignedToMe => Tile::AssignedToMe,
            core::Tile::DevicesWithCritical => Tile::DevicesWithCritical,
        },
        filter: filter.into(),
    };
    core::tiles(me, organization).into_iter().map(tile).collect()
}
