//! The noise model: six kinds of days, and what a phone's radio makes of them. Truth comes from the generator.
//!
//! | model | the day | the radio |
//! |---|---|---|
//! | canyon | two visits of 3 min to 3 h in a city | σ 10 m, said 20 m; every 2 min on average a jump of 80–400 m for 5–40 s, said 20–60 m |
//! | fence | stands 20–60 m beyond the reach of a site for 1–3 h, then walks along the fence inside it, then a visit | drift: Gauss–Markov, σ 15 m each way, τ 90 s, said 25 m |
//! | tunnel | drives through a tunnel of 1–4 min on the way to a visit and from it | nothing in the tunnel, then for a minute the fix from before it, with its age; σ 12 m, said 20 m |
//! | indoor | visits in buildings | indoors drift of σ 53 m each way (two of three within 80 m), τ 60 s, said 80 m; outside σ 8 m, said 12 m |
//! | car | passes the sites at 100 km/h ten times, up to straight through them | σ 8 m, said 12 m |
//! | basement | a visit: 2–4 min above, 20 min to 3 h below, and out | nothing below; else σ 10 m, said 15 m |
//!
//! "Said" is the accuracy that the phone reports, a radius that holds the truth in two of three cases: it is honest but
//! for a canyon's jumps.

use crate::chance::Chance;
use crate::world::{Point, World};

/// A kind of day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Model {
    Canyon,
    Fence,
    Tunnel,
    Indoor,
    Car,
    Basement,
}

impl Model {
    pub const ALL: [Self; 6] = [Self::Canyon, Self::Fence, Self::Tunnel, Self::Indoor, Self::Car, Self::Basement];
}

const HOME: Point = (0.0, -3_000.0);

/// A day of this kind.
pub fn day(model: Model, chance: &mut Chance) -> World {
    let mut world = World::new(chance);
    world.wait(chance.millis(60.0, 600.0));
    match model {
        Model::Canyon => {
            for n in [0, 2] {
                visit(&mut world, n, chance);
            }
        }
        Model::Indoor => {
            for n in [0, 1] {
                let from = world.now_ms();
                visit(&mut world, n, chance);
                let visit = *world.visits.last().unwrap();
                let inside = (visit.from_ms + 20_000, visit.to_ms - 20_000);
                assert!(visit.from_ms > from);
                world.indoors.push(inside);
            }
        }
        Model::Fence => fence(&mut world, chance),
        Model::Tunnel => tunnel(&mut world, chance),
        Model::Car => car(&mut world, chance),
        Model::Basement => {
            let spot = world.spot(0, 10.0, chance);
            world.arrive(0, spot);
            world.wait(chance.millis(120.0, 240.0));
            let from = world.now_ms();
            world.wait(chance.millis(1_200.0, 10_800.0));
            world.dark.push((from, world.now_ms()));
            world.leave(0, HOME);
        }
    }
    world.wait(20 * 60_000);
    world
}

/// Comes, moves about or sits, and goes.
fn visit(world: &mut World, n: usize, chance: &mut Chance) {
    let spot = world.spot(n, 10.0, chance);
    world.arrive(n, spot);
    let minutes = if chance.one_in(2.0) { chance.between(3.0, 12.0) } else { chance.between(12.0, 180.0) };
    let until = world.now_ms() + (minutes * 60_000.0) as i64;
    while world.now_ms() < until {
        if chance.one_in(2.0) {
            let spot = world.spot(n, 10.0, chance);
            world.go(spot, 1.2);
        }
        world.wait(chance.millis(30.0, 900.0).min((until - world.now_ms()).max(1_000)));
    }
    world.leave(n, HOME);
    world.wait(chance.millis(30.0, 1_200.0));
}

fn fence(world: &mut World, chance: &mut Chance) {
    let reach = world.sites.all()[0].reach_m();
    let cafe = world.beside(0, reach + chance.between(20.0, 60.0), chance);
    world.go(cafe, 10.0);
    world.wait(chance.millis(3_600.0, 10_800.0));
    world.go(HOME, 10.0);
    let spot = world.spot(0, 10.0, chance);
    world.arrive(0, spot);
    for _ in 0..8 {
        let along = world.spot(0, 4.0, chance);
        world.go(along, 1.0);
        world.wait(chance.millis(10.0, 300.0));
    }
    world.leave(0, HOME);
}

fn tunnel(world: &mut World, chance: &mut Chance) {
    let enter_tunnel = |world: &mut World, chance: &mut Chance| {
        let from = world.now_ms();
        let through = world.beside(1, chance.between(200.0, 1_000.0), chance);
        world.go(through, 22.0);
        world.wait(chance.millis(0.0, 120.0));
        world.dark.push((from, world.now_ms()));
    };
    enter_tunnel(world, chance);
    world.go(HOME, 13.0);
    let spot = world.spot(0, 10.0, chance);
    world.arrive(0, spot);
    world.wait(chance.millis(240.0, 5_400.0));
    world.leave(0, HOME);
    enter_tunnel(world, chance);
    world.go(HOME, 13.0);
}

fn car(world: &mut World, chance: &mut Chance) {
    for n in 0..10 {
        let site = n % 3;
        let by = world.beside(site, chance.between(-200.0, 100.0), chance);
        let angle = chance.between(0.0, std::f64::consts::TAU);
        let (east, north) = (4_000.0 * angle.cos(), 4_000.0 * angle.sin());
        world.go((by.0 - east, by.1 - north), 25.0);
        world.go((by.0 + east, by.1 + north), 100.0 / 3.6);
    }
    world.go((30_000.0, -30_000.0), 100.0 / 3.6);
}

/// What the radio says: where, how exact, and how old.
#[derive(Debug, Clone, Copy)]
pub struct Reading {
    pub point: Point,
    pub accuracy_m: f64,
    pub taken_ms: i64,
}

/// A phone's radio.
#[derive(Debug)]
pub struct Radio {
    model: Model,
    chance: Chance,
    drift: (f64, f64),
    drift_ms: i64,
    jump: Option<(i64, Point, f64)>,
    looked_ms: i64,
    last: Option<Reading>,
}

impl Radio {
    pub fn new(model: Model, chance: Chance) -> Self {
        let (drift, last) = ((0.0, 0.0), None);
        Self { model, chance, drift, drift_ms: 0, jump: None, looked_ms: 0, last }
    }

    /// What a question now is answered with, if with anything.
    pub fn read(&mut self, world: &World, now_ms: i64) -> Option<Reading> {
        let is_in =
            |spans: &[(i64, i64)], margin: i64| spans.iter().any(|(from, to)| (*from..*to + margin).contains(&now_ms));
        if is_in(&world.dark, 0) {
            return None;
        }
        if self.model == Model::Tunnel && is_in(&world.dark, 60_000) {
            // The system hands out what it had.
            return self.last;
        }
        let indoors = is_in(&world.indoors, 0);
        let (sigma, tau_s, said) = match self.model {
            Model::Fence => (15.0, 90.0, 25.0),
            Model::Indoor if indoors => (53.0, 60.0, 80.0),
            Model::Indoor | Model::Car => (8.0, 1.0, 12.0),
            Model::Canyon => (10.0, 3.0, 20.0),
            Model::Tunnel => (12.0, 3.0, 20.0),
            Model::Basement => (10.0, 3.0, 15.0),
        };
        let (drift_e, drift_n) = self.drifted(sigma, tau_s, now_ms);
        let (jump_e, jump_n, said) = self.jumped(said, now_ms);
        let (east, north) = world.at(now_ms);
        let reading = Reading {
            point: (east + drift_e + jump_e, north + drift_n + jump_n),
            accuracy_m: said * self.chance.between(0.9, 1.2),
            taken_ms: now_ms,
        };
        self.last = Some(reading);
        Some(reading)
    }

    /// Gauss–Markov: forgets where it was with time τ.
    fn drifted(&mut self, sigma: f64, tau_s: f64, now_ms: i64) -> Point {
        let seconds = (now_ms - self.drift_ms) as f64 / 1_000.0;
        let kept = (-seconds / tau_s).exp();
        let fresh = sigma * (1.0 - kept * kept).sqrt();
        self.drift_ms = now_ms;
        self.drift.0 = self.drift.0 * kept + self.chance.normal() * fresh;
        self.drift.1 = self.drift.1 * kept + self.chance.normal() * fresh;
        self.drift
    }

    fn jumped(&mut self, said: f64, now_ms: i64) -> (f64, f64, f64) {
        if self.model != Model::Canyon {
            return (0.0, 0.0, said);
        }
        let passed_s = ((now_ms - self.looked_ms) as f64 / 1_000.0).min(40.0);
        self.looked_ms = now_ms;
        if self.jump.is_some_and(|(until, _, _)| now_ms >= until) {
            self.jump = None;
        }
        if self.jump.is_none() && passed_s > 0.0 && self.chance.one_in(120.0 / passed_s) {
            let (far, angle) = (self.chance.between(80.0, 400.0), self.chance.between(0.0, std::f64::consts::TAU));
            let until = now_ms + self.chance.millis(5.0, 40.0);
            self.jump = Some((until, (far * angle.cos(), far * angle.sin()), self.chance.between(20.0, 60.0)));
        }
        self.jump.map_or((0.0, 0.0, said), |(_, by, said)| (by.0, by.1, said))
    }
}
