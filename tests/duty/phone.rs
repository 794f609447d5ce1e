//! A phone: its system answers questions and watches regions as systems do, late and coarsely.

use std::collections::{BTreeMap, BTreeSet};

use onsite::duty::{ANDROID_REGIONS, Decision, Duty, Effect, Event, Fix, Name, Region, Settings, Stored, Watched};
use onsite::time::{Moment, Timestamp};
use onsite_wire::ids::LocationId;

use crate::chance::Chance;
use crate::noise::{Model, Radio};
use crate::world::World;

/// How often the system looks at its regions.
const SYSTEM_MS: i64 = 30_000;
/// The system's own idea of the position, each way.
const SYSTEM_SIGMA_M: f64 = 40.0;

/// What a day on the phone was.
#[derive(Debug, Default)]
pub struct Diary {
    pub decisions: Vec<Decision>,
    pub asked_ms: Vec<i64>,
    pub claims: Vec<(i64, LocationId)>,
    pub withdrawn_ms: Vec<i64>,
    pub steps: usize,
}

impl Diary {
    /// When which site was entered: an arrival, not a stay that goes on.
    pub fn enters(&self) -> Vec<(i64, LocationId)> {
        self.moves(Name::Entering, Name::Inside)
    }

    pub fn leaves(&self) -> Vec<(i64, LocationId)> {
        self.moves(Name::Leaving, Name::Outside)
    }

    fn moves(&self, from: Name, to: Name) -> Vec<(i64, LocationId)> {
        let of = |decision: &&Decision| (decision.from, decision.to) == (from, to);
        self.decisions.iter().filter(of).map(|decision| (decision.at.monotonic_ms, decision.site.unwrap())).collect()
    }
}

pub struct Phone {
    duty: Duty,
    radio: Radio,
    chance: Chance,
    regions: Vec<Region>,
    in_regions: BTreeSet<Watched>,
    /// What the system will say, by the time when it does.
    coming: BTreeMap<(i64, u64), Coming>,
    next: u64,
    wake_ms: Option<i64>,
    pub diary: Diary,
}

enum Coming {
    Fix,
    Event(Event),
}

fn moment(ms: i64) -> Moment {
    Moment { wall: Timestamp::from_millis(1_800_000_000_000 + ms), monotonic_ms: ms, boot: 1 }
}

impl Phone {
    pub fn new(model: Model, mut chance: Chance) -> Self {
        let radio = Radio::new(model, Chance::new((chance.part() * 1e9) as u64));
        Self {
            duty: Duty::recover(Stored::default(), Settings::default(), ANDROID_REGIONS, &moment(0)),
            radio,
            chance,
            regions: Vec::new(),
            in_regions: BTreeSet::new(),
            coming: BTreeMap::new(),
            next: 0,
            wake_ms: None,
            diary: Diary::default(),
        }
    }

    /// Lives through a day on duty.
    pub fn live(&mut self, world: &World) {
        let until = world.now_ms();
        self.step(Event::Sites(std::sync::Arc::clone(&world.sites)), 0);
        self.step(Event::SwitchedOn, 0);
        let mut system_ms = SYSTEM_MS;
        loop {
            let coming = self.coming.first_key_value().map(|((at, _), _)| *at);
            let now_ms = coming.into_iter().chain(self.wake_ms).chain([system_ms]).min().unwrap();
            if now_ms > until {
                return;
            }
            if coming == Some(now_ms) {
                let (_, coming) = self.coming.pop_first().unwrap();
                match coming {
                    Coming::Event(event) => self.step(event, now_ms),
                    Coming::Fix => self.fix(world, now_ms),
                }
            } else if system_ms == now_ms {
                self.watch(world, now_ms);
                system_ms += SYSTEM_MS;
            } else {
                self.wake_ms = None;
                self.step(Event::Tick, now_ms);
            }
        }
    }

    fn fix(&mut self, world: &World, now_ms: i64) {
        let Some(reading) = self.radio.read(world, now_ms) else { return };
        let [lon, lat] = world.earth.lon_lat(reading.point);
        let (accuracy_m, age_ms) = (reading.accuracy_m, now_ms - reading.taken_ms);
        self.step(Event::Fix(Fix { lat, lon, accuracy_m, age_ms, mocked: false }), now_ms);
    }

    /// The system looks at its regions with its own coarse idea of where the phone is.
    fn watch(&mut self, world: &World, now_ms: i64) {
        if world.dark.iter().any(|(from, to)| (*from..*to).contains(&now_ms)) {
            return;
        }
        let (east, north) = world.at(now_ms);
        let (e, n) = (self.chance.normal() * SYSTEM_SIGMA_M, self.chance.normal() * SYSTEM_SIGMA_M);
        let here = world.earth.position((east + e, north + n));
        for region in self.regions.clone() {
            let inside = region.middle.distance_m(&here) <= region.radius_m;
            let changed =
                if inside { self.in_regions.insert(region.watched) } else { self.in_regions.remove(&region.watched) };
            if changed && (region.watched != Watched::Roaming || !inside) {
                let late = self.chance.millis(2.0, 60.0);
                self.later(now_ms + late, Coming::Event(Event::Crossed(region.watched)));
            }
        }
    }

    fn later(&mut self, at_ms: i64, coming: Coming) {
        self.next += 1;
        self.coming.insert((at_ms, self.next), coming);
    }

    fn step(&mut self, event: Event, now_ms: i64) {
        self.diary.steps += 1;
        for effect in self.duty.step(event, &moment(now_ms)) {
            match effect {
                Effect::AskFix => {
                    self.diary.asked_ms.push(now_ms);
                    let late = self.chance.millis(1.0, 8.0);
                    self.later(now_ms + late, Coming::Fix);
                }
                Effect::AskRegion(site) => {
                    let inside = self.in_regions.contains(&Watched::Site(site));
                    self.later(now_ms + 500, Coming::Event(Event::RegionAnswer { site, inside }));
                }
                Effect::Claim { site, .. } => self.diary.claims.push((now_ms, site)),
                Effect::Withdraw => self.diary.withdrawn_ms.push(now_ms),
                Effect::Watch(plan) => {
                    let kept: BTreeSet<Watched> = plan.regions.iter().map(|region| region.watched).collect();
                    self.in_regions.retain(|watched| kept.contains(watched));
                    self.regions = plan.regions;
                    // A roaming circle is drawn around the phone, as far as the system knows.
                    self.in_regions.insert(Watched::Roaming);
                }
                Effect::Decided(decision) => {
                    assert!(onsite::duty::table::allows(decision.from, decision.to), "{decision:?}");
                    self.diary.decisions.push(decision);
                }
                Effect::WakeAt(at) => self.wake_ms = at,
                Effect::Remember(_) | Effect::Remind | Effect::Switch(_) => {}
            }
        }
    }
}
