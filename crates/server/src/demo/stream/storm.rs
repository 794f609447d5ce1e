//! Utility power is lost at a site: two hundred conditions within a minute. Some minutes later power is back, and sometimes it goes
//! once more.

use std::collections::HashSet;
use std::sync::Arc;

use onsite_wire::ids::{LocationId, SensorId};
use onsite_wire::time::Timestamp;

use super::super::beat::ConditionKey;
use super::super::catalogue::Kind;
use super::super::conditions::Possible;
use super::super::survey::Spot;
use super::{MINUTE_MS, Place, SECOND_MS, Step, Stream};

/// So many conditions a storm has.
const SIZE: usize = 200;
/// Within so long they all occur.
const SPREAD_MS: i64 = 50 * SECOND_MS;
const LEAD_MS: i64 = 500;
/// So many return when power goes once more.
const RETURNING: f64 = 0.35;

impl Stream {
    /// Plans a storm from its first condition to its last, and the next storm.
    pub(super) fn storm(&mut self, now: Timestamp) {
        let pause = self.dice.between(26 * MINUTE_MS, 34 * MINUTE_MS);
        self.plan(now.plus_millis(pause), Step::Storm);
        let struck = self.struck();
        let count = i64::try_from(struck.len().max(1)).unwrap_or(i64::MAX);
        let back = now.plus_millis(self.dice.between(4 * MINUTE_MS, 6 * MINUTE_MS));
        let goes_again = self.dice.chance(0.5);
        for (n, (place, possible)) in (0..).zip(struck) {
            let at = now.plus_millis(SECOND_MS + SPREAD_MS * n / count);
            self.lead_in(place, &possible, at, LEAD_MS, true);
            let Some(key) = self.scene.key(place, &possible) else { continue };
            let over = back.plus_millis(self.dice.between(0, MINUTE_MS));
            self.lead_out_later(key, over);
            if goes_again && self.dice.chance(RETURNING) {
                let again = back.plus_millis(self.dice.between(2 * MINUTE_MS, 3 * MINUTE_MS));
                self.plan(again.plus_millis(-LEAD_MS), Step::StormReturns(key));
                let over = again.plus_millis(self.dice.between(2 * MINUTE_MS, 4 * MINUTE_MS));
                self.lead_out_later(key, over);
            }
        }
    }

    fn lead_out_later(&mut self, key: ConditionKey, at: Timestamp) {
        self.plan(at.plus_millis(-LEAD_MS), Step::StormGoes(key));
    }

    /// A condition of a storm that went returns.
    pub(super) fn storm_returns(&mut self, key: ConditionKey, now: Timestamp) {
        if let Some(standing) = self.standing.get(&key).cloned() {
            self.lead_in(standing.place, &standing.possible, now.plus_millis(LEAD_MS), LEAD_MS, true);
        }
    }

    /// A condition of a storm goes.
    pub(super) fn storm_goes(&mut self, key: ConditionKey, now: Timestamp) {
        self.lead_out(key, now.plus_millis(LEAD_MS));
    }

    /// What the storm strikes, in order: all that can be at one site, up to the size of a storm. A site that is too small for one
    /// is struck only if none is larger.
    fn struck(&mut self) -> Vec<(Place, Possible)> {
        let scene = Arc::clone(&self.scene);
        let mut sites: Vec<(usize, Option<LocationId>)> = Vec::new();
        for (number, survey) in scene.surveys.iter().enumerate() {
            for spot in &survey.spots {
                if !sites.contains(&(number, site(spot))) {
                    sites.push((number, site(spot)));
                }
            }
        }
        let mut offers: Vec<_> = sites.into_iter().map(|(survey, at)| self.within_reach(survey, at)).collect();
        let largest = offers.iter().map(Vec::len).max().unwrap_or(0);
        offers.retain(|offer| offer.len() >= SIZE.min(largest));
        let mut struck = self.dice.pick(&offers).cloned().unwrap_or_default();
        self.dice.shuffle(&mut struck);
        struck.truncate(SIZE);
        struck.sort_by_key(|(place, _)| scene.spot(*place).map(|spot| rank(spot.kind)));
        struck
    }

    /// What a storm at this site could strike.
    fn within_reach(&self, survey: usize, at: Option<LocationId>) -> Vec<(Place, Possible)> {
        let scene = Arc::clone(&self.scene);
        let spots = scene.surveys.get(survey).map_or(&[][..], |survey| &survey.spots);
        let mut sensors: HashSet<SensorId> = HashSet::new();
        let mut reach = Vec::new();
        for (spot_number, spot) in spots.iter().enumerate().filter(|(_, spot)| site(spot) == at) {
            let place = Place { survey, spot: spot_number };
            for possible in scene.possibilities.of(spot.kind).iter().filter(|possible| possible.storms()) {
                let sensor = possible.shown_by(spot, false).map(|(sensor, _)| sensor.id);
                if self.is_free(place, possible) && sensor.is_none_or(|sensor| sensors.insert(sensor)) {
                    reach.push((place, possible.clone()));
                }
            }
        }
        reach
    }
}

fn site(spot: &Spot) -> Option<LocationId> {
    spot.path.last().copied()
}

/// Who tells of it first: what is fed by the utility, then what that feeds, then what warms up.
const fn rank(kind: Kind) -> u8 {
    match kind {
        Kind::Ups | Kind::Ats => 0,
        Kind::BatteryFrame | Kind::FloorPdu => 1,
        Kind::RackPdu | Kind::Bank | Kind::Outlet => 2,
        Kind::Cooling => 3,
        Kind::Monitor | Kind::AirProbe => 4,
    }
}
