//! Sites, and people who go there: the truth against which duty is measured. All in metres east and north of a point that
//! the seed chooses, one time in eight on the antimeridian.

use std::sync::Arc;

use onsite::duty::{Site, Sites};
use onsite_rules::fence::{Fence, Position};
use onsite_wire::ids::{LocationId, OrganizationId};
use onsite_wire::onsite::{LonLat, Outline};

use crate::chance::Chance;

/// Metres of one degree of latitude on the sphere that the world is drawn on.
const DEGREE_M: f64 = 111_195.0;

pub type Point = (f64, f64);

/// Where metres lie on the earth.
#[derive(Debug, Clone, Copy)]
pub struct Earth {
    lat: f64,
    lon: f64,
}

impl Earth {
    pub fn new(chance: &mut Chance) -> Self {
        let lon = if chance.one_in(8.0) { 180.0 } else { chance.between(-170.0, 170.0) };
        Self { lat: chance.between(-60.0, 60.0), lon }
    }

    pub fn lon_lat(&self, (east, north): Point) -> LonLat {
        let lon = self.lon + east / (DEGREE_M * self.lat.to_radians().cos());
        [if lon > 180.0 { lon - 360.0 } else { lon }, self.lat + north / DEGREE_M]
    }

    pub fn position(&self, point: Point) -> Position {
        let [lon, lat] = self.lon_lat(point);
        Position::new(lat, lon).unwrap()
    }
}

/// Site number `n` around a middle: small and large circles, a long hall, an L, and a block around a courtyard.
fn outline(earth: &Earth, n: usize, (east, north): Point, chance: &mut Chance) -> Outline {
    let ring = |corners: &[Point]| {
        let mut ring: Vec<LonLat> = corners.iter().map(|(e, n)| earth.lon_lat((east + e, north + n))).collect();
        ring.push(ring[0]);
        ring
    };
    let rectangle = |w: f64, h: f64| ring(&[(-w, -h), (w, -h), (w, h), (-w, h)]);
    let scale = chance.between(0.8, 1.6);
    match n % 5 {
        0 => Outline::Circle { center: earth.lon_lat((east, north)), radius_m: 35.0 * scale },
        1 => Outline::Circle { center: earth.lon_lat((east, north)), radius_m: 170.0 * scale },
        2 => Outline::Polygons { polygons: vec![vec![rectangle(45.0 * scale, 110.0 * scale)]] },
        3 => {
            let corners = [(-90.0, -90.0), (90.0, -90.0), (90.0, -20.0), (-10.0, -20.0), (-10.0, 90.0), (-90.0, 90.0)];
            let corners: Vec<Point> = corners.iter().map(|(e, n)| (e * scale, n * scale)).collect();
            Outline::Polygons { polygons: vec![vec![ring(&corners)]] }
        }
        _ => {
            let rings = vec![rectangle(130.0 * scale, 110.0 * scale), rectangle(25.0 * scale, 25.0 * scale)];
            Outline::Polygons { polygons: vec![rings] }
        }
    }
}

/// A visit that really happened.
#[derive(Debug, Clone, Copy)]
pub struct Visit {
    pub site: LocationId,
    pub from_ms: i64,
    pub to_ms: i64,
}

impl Visit {
    pub fn millis(&self) -> i64 {
        self.to_ms - self.from_ms
    }
}

/// A person's way, and what was true on it.
#[derive(Debug, Clone)]
pub struct World {
    pub earth: Earth,
    pub sites: Arc<Sites>,
    middles: Vec<Point>,
    way: Vec<(i64, Point)>,
    pub visits: Vec<Visit>,
    /// When the person is in a tunnel or a basement: nothing is received.
    pub dark: Vec<(i64, i64)>,
    /// When the person is in a building: the radio is coarse.
    pub indoors: Vec<(i64, i64)>,
}

pub fn site_id(n: usize) -> LocationId {
    LocationId::from_bytes([u8::try_from(n).unwrap() + 1; 16])
}

impl World {
    /// Three sites, 600 m to 5 km apart, and a person who stands 3 km from the first.
    pub fn new(chance: &mut Chance) -> Self {
        let earth = Earth::new(chance);
        let first = (chance.part() * 5.0) as usize;
        let middles = vec![(0.0, 0.0), (chance.between(600.0, 900.0), 0.0), (0.0, chance.between(2_000.0, 5_000.0))];
        let sites = middles.iter().enumerate().map(|(n, middle)| Site {
            id: site_id(n),
            organization: OrganizationId::from_bytes([9; 16]),
            fence: Fence::of(&outline(&earth, first + n, *middle, chance)).unwrap(),
        });
        let sites = Arc::new(Sites::of(sites.collect()));
        let start = (chance.between(-500.0, 500.0), -3_000.0);
        let way = vec![(0, start)];
        Self { earth, sites, middles, way, visits: Vec::new(), dark: Vec::new(), indoors: Vec::new() }
    }

    pub fn now_ms(&self) -> i64 {
        self.way.last().unwrap().0
    }

    fn here(&self) -> Point {
        self.way.last().unwrap().1
    }

    /// Is there from the beginning.
    pub fn stand(&mut self, there: Point) {
        self.way = vec![(0, there)];
    }

    pub fn wait(&mut self, millis: i64) {
        let here = self.here();
        self.way.push((self.now_ms() + millis, here));
    }

    pub fn go(&mut self, to: Point, metres_per_s: f64) {
        let (east, north) = self.here();
        let metres = (to.0 - east).hypot(to.1 - north);
        let millis = (metres / metres_per_s * 1_000.0) as i64;
        self.way.push((self.now_ms() + millis, to));
    }

    pub fn at(&self, ms: i64) -> Point {
        let next = self.way.partition_point(|(at, _)| *at <= ms);
        if next == 0 {
            return self.way[0].1;
        }
        let (from_ms, from) = self.way[next - 1];
        let Some((to_ms, to)) = self.way.get(next) else { return from };
        let part = (ms - from_ms) as f64 / (to_ms - from_ms) as f64;
        (from.0 + (to.0 - from.0) * part, from.1 + (to.1 - from.1) * part)
    }

    /// Whether the person truly was at the site, as far as it counts: within its reach of 120 m from its middle.
    pub fn is_at(&self, site: LocationId, ms: i64) -> bool {
        let site = self.sites.site(site).unwrap();
        site.fence.distance_m(&self.earth.position(self.at(ms))) <= site.reach_m()
    }

    pub fn away_m(&self, n: usize, point: Point) -> f64 {
        self.sites.all()[n].fence.distance_m(&self.earth.position(point))
    }

    /// A place on a site, at least `deep_m` inside or as deep as a third of what there is.
    pub fn spot(&self, n: usize, deep_m: f64, chance: &mut Chance) -> Point {
        let fence = &self.sites.all()[n].fence;
        let deep = deep_m.min(fence.inradius_m() / 3.0);
        let reach = fence.enclosing_m();
        loop {
            let (e, north) = self.middles[n];
            let point = (e + chance.between(-reach, reach), north + chance.between(-reach, reach));
            if self.away_m(n, point) <= -deep {
                return point;
            }
        }
    }

    /// A place that far beyond a site's outline.
    pub fn beside(&self, n: usize, away_m: f64, chance: &mut Chance) -> Point {
        let angle = chance.between(0.0, std::f64::consts::TAU);
        let (e, north) = self.middles[n];
        let point = |far: f64| (e + far * angle.cos(), north + far * angle.sin());
        let (mut near, mut far) = (0.0, 3_000.0);
        for _ in 0..40 {
            let middle = (near + far) / 2.0;
            if self.away_m(n, point(middle)) < away_m { near = middle } else { far = middle }
        }
        point(far)
    }

    /// Drives near a site, walks in, and notes when the outline was crossed.
    pub fn arrive(&mut self, n: usize, spot: Point) {
        let (east, north) = self.here();
        let (mut out, mut inside) = (0.0, 1.0);
        let between = |part: f64| (east + (spot.0 - east) * part, north + (spot.1 - north) * part);
        for _ in 0..40 {
            let middle = (out + inside) / 2.0;
            if self.away_m(n, between(middle)) > 0.0 { out = middle } else { inside = middle }
        }
        let gate = between(out);
        let metres = (gate.0 - east).hypot(gate.1 - north);
        self.go(between(out * (1.0 - 60.0 / metres.max(61.0))), 13.0);
        self.go(gate, 1.4);
        self.visits.push(Visit { site: site_id(n), from_ms: self.now_ms(), to_ms: i64::MAX });
        self.go(spot, 1.4);
    }

    /// Walks out straight away from the middle of the site, and drives on.
    pub fn leave(&mut self, n: usize, to: Point) {
        let here = self.here();
        let (mut inside, mut out) = (0.0, 1.0);
        let between = |part: f64| (here.0 + (to.0 - here.0) * part, here.1 + (to.1 - here.1) * part);
        for _ in 0..40 {
            let middle = (out + inside) / 2.0;
            if self.away_m(n, between(middle)) > 0.0 { out = middle } else { inside = middle }
        }
        self.go(between(out), 1.4);
        let now_ms = self.now_ms();
        self.visits.last_mut().unwrap().to_ms = now_ms;
        self.go(to, 13.0);
    }
}
