//! All sites with a fence, found by position.

use std::collections::HashMap;

use onsite_rules::fence::{Fence, Position};
use onsite_wire::ids::{LocationId, OrganizationId};
use rstar::primitives::{GeomWithData, Rectangle};
use rstar::{AABB, RTree};

/// A site counts as reached up to this distance from the middle of the largest circle inside it, in metres: a small one
/// could never be entered with the accuracy that phones have indoors.
const REACH_M: f64 = 120.0;
/// The least radius of the earth, rounded down: a box on the sphere is never too small.
const EARTH_M: f64 = 6_335_000.0;

/// One site.
#[derive(Debug, Clone)]
pub struct Site {
    /// The location.
    pub id: LocationId,
    /// Whose.
    pub organization: OrganizationId,
    /// Where.
    pub fence: Fence,
}

impl Site {
    /// How far beyond its outline a site counts as reached, in metres: `max(0, 120 m − inradius)`.
    pub fn reach_m(&self) -> f64 {
        (REACH_M - self.fence.inradius_m()).max(0.0)
    }

    /// The radius of a circle around the middle outside of which nobody is on this site.
    pub(super) fn circle_m(&self) -> f64 {
        self.fence.enclosing_m() + self.reach_m()
    }
}

type Boxed = GeomWithData<Rectangle<[f64; 3]>, usize>;

/// The sites of all organizations in which one is on duty.
#[derive(Debug, Clone, Default)]
pub struct Sites {
    all: Vec<Site>,
    by_id: HashMap<LocationId, usize>,
    tree: RTree<Boxed>,
}

impl Sites {
    /// These sites.
    pub fn of(all: Vec<Site>) -> Self {
        let boxes = all.iter().enumerate().map(|(n, site)| {
            let half = site.circle_m() / EARTH_M;
            let middle = site.fence.middle().on_sphere();
            let corner = |by: f64| middle.map(|along| along + by);
            GeomWithData::new(Rectangle::from_aabb(AABB::from_corners(corner(-half), corner(half))), n)
        });
        let tree = RTree::bulk_load(boxes.collect());
        let by_id = all.iter().enumerate().map(|(n, site)| (site.id, n)).collect();
        Self { all, by_id, tree }
    }

    /// All of them.
    pub fn all(&self) -> &[Site] {
        &self.all
    }

    /// One of them.
    pub fn site(&self, id: LocationId) -> Option<&Site> {
        self.all.get(*self.by_id.get(&id)?)
    }

    /// Those that somebody at this position may have reached.
    pub(super) fn around(&self, position: &Position) -> impl Iterator<Item = &Site> {
        self.tree.locate_all_at_point(&position.on_sphere()).filter_map(|found| self.all.get(found.data))
    }

    /// All, in about the order of their distance: with each the metres to its circle, at most the true ones.
    pub(super) fn outwards(&self, position: &Position) -> impl Iterator<Item = (&Site, f64)> {
        self.tree
            .nearest_neighbor_iter_with_distance_2(&position.on_sphere())
            .filter_map(|(found, squared)| Some((self.all.get(found.data)?, squared.sqrt() * EARTH_M)))
    }
}
