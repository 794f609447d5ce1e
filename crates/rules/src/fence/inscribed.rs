//! The largest circle inside a polygon, by halving squares: a square is looked into only while a larger circle could still
//! have its middle there.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use geo::{BoundingRect, Contains, Distance, Euclidean, Point, Polygon};

use super::nearest_on_outline;

/// How exact the radius is, in metres, or as a part of the polygon's width where that is coarser.
const EXACT_M: f64 = 0.5;
const EXACT_PART: f64 = 0.005;
/// The most squares looked at: a fence of any shape is read in a moment.
const MOST_SQUARES: usize = 4_000;

struct Square {
    middle: Point,
    half: f64,
    depth: f64,
}

impl Square {
    fn new(polygon: &Polygon, middle: Point, half: f64) -> Self {
        let away = nearest_on_outline(polygon, middle).map_or(0.0, |nearest| Euclidean.distance(nearest, middle));
        Self { middle, half, depth: if polygon.contains(&middle) { away } else { -away } }
    }

    /// No circle around a point in this square is larger.
    fn bound(&self) -> f64 {
        self.depth + self.half * std::f64::consts::SQRT_2
    }
}

impl PartialEq for Square {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Square {}

impl PartialOrd for Square {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Square {
    fn cmp(&self, other: &Self) -> Ordering {
        self.bound().total_cmp(&other.bound())
    }
}

/// The radius of the largest circle inside, never more than the true one; 0 without an inside.
pub(super) fn radius(polygon: &Polygon) -> f64 {
    let Some(rect) = polygon.bounding_rect() else { return 0.0 };
    let half = rect.width().max(rect.height()) / 2.0;
    let exact = EXACT_M.max(half * EXACT_PART);
    let first = Square::new(polygon, Point::from(rect.center()), half);
    let mut best = first.depth.max(0.0);
    let mut squares = BinaryHeap::from([first]);
    for _ in 0..MOST_SQUARES {
        let Some(square) = squares.pop().filter(|square| square.bound() > best + exact) else { break };
        let half = square.half / 2.0;
        for (east, north) in [(-half, -half), (-half, half), (half, -half), (half, half)] {
            let middle = Point::new(square.middle.x() + east, square.middle.y() + north);
            let quarter = Square::new(polygon, middle, half);
            best = best.max(quarter.depth);
            squares.push(quarter);
        }
    }
    best
}
