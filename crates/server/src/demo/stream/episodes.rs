//! One condition at a time: it occurs, grows worse or is described anew, goes, returns. In the long run as many go as come.

use std::sync::Arc;

use onsite_wire::ids::AlarmId;
use onsite_wire::rest::Severity;
use onsite_wire::time::Timestamp;

use super::super::beat::ConditionKey;
use super::super::conditions::{Abnormal, Possible};
use super::{MINUTE_MS, Place, SECOND_MS, Standing, State, Step, Stream};

/// Between an episode's beginning and what it leads to: its sensor is on its way.
const LEAD_MS: i64 = 15 * SECOND_MS;
/// At first nobody wants to wait.
const EARLY_LEAD_MS: i64 = 2 * SECOND_MS;
const EARLY_MS: i64 = 20 * SECOND_MS;
/// With fewer conditions than this another one occurs, with more one goes.
const FEW: usize = 4;
const MANY: usize = 16;
/// A condition returns at most so long after it went: safely within the clearing window.
const RETURNS_WITHIN_MS: i64 = 8 * MINUTE_MS;
/// Nothing changes or goes as soon as it has come.
const SETTLES_MS: i64 = 45 * SECOND_MS;

impl Stream {
    /// Chooses what happens to one condition.
    pub(super) fn episode(&mut self, now: Timestamp) {
        let is_early = now.millis_since(self.start) < EARLY_MS;
        let (lead, pause) = if is_early {
            (EARLY_LEAD_MS, self.dice.between(5 * SECOND_MS, 8 * SECOND_MS))
        } else {
            (LEAD_MS, self.dice.between(20 * SECOND_MS, 40 * SECOND_MS))
        };
        self.plan(now.plus_millis(pause), Step::Episode);
        let at = now.plus_millis(lead);
        let settled =
            self.keys(|state| matches!(state, State::Holds { since } if now.millis_since(since) > SETTLES_MS));
        let holding = self.keys(|state| matches!(state, State::Holds { .. })).len();
        let chance = if holding > MANY { 1.0 } else { self.dice.unit() };
        let happens = match chance {
            _ if holding < FEW => false,
            0.0..0.33 => false,
            0.33..0.45 => self.changes(&settled, at),
            0.45..0.58 => self.returns(now, at),
            _ => self.goes(&settled, at),
        };
        if !happens {
            self.begins(at, lead, is_early);
        }
    }

    /// Conditions in such a state that neither a storm nor a planned step has in hand.
    fn keys(&self, is_meant: impl Fn(State) -> bool) -> Vec<ConditionKey> {
        let free = |standing: &Standing| !standing.is_planned && !standing.of_storm;
        let meant = self.standing.iter().filter(|(_, standing)| free(standing) && is_meant(standing.state));
        meant.map(|(key, _)| *key).collect()
    }

    fn begins(&mut self, at: Timestamp, lead: i64, is_early: bool) {
        let scene = Arc::clone(&self.scene);
        for _ in 0..40 {
            let survey_number = self.dice.below(scene.surveys.len());
            let Some(survey) = scene.surveys.get(survey_number) else { return };
            let place = Place { survey: survey_number, spot: self.dice.below(survey.spots.len()) };
            let Some(spot) = survey.spots.get(place.spot) else { continue };
            if spot.kind.is_component() && self.dice.chance(0.8) {
                continue;
            }
            let Some(possible) = scene.possibilities.pick(spot.kind, &mut self.dice) else { continue };
            let is_hidden = matches!(possible.fault.severity, Severity::Info | Severity::Ok);
            if !(is_early && is_hidden) && self.is_free(place, possible) {
                self.lead_in(place, possible, at, lead, false);
                return;
            }
        }
    }

    /// Whether neither this condition nor another one of its sensor stands, from the beginning or since.
    pub(super) fn is_free(&self, place: Place, possible: &Possible) -> bool {
        let scene = Arc::clone(&self.scene);
        let Some((spot, key)) = scene.spot(place).zip(scene.key(place, possible)) else { return false };
        let shown = possible.shown_by(spot, false);
        let (label, _) = possible.texts(spot, None, false);
        !self.standing.contains_key(&key)
            && shown.is_none_or(|(sensor, _)| !self.sensing.contains_key(&sensor.id))
            && !scene.foreign.contains(&(spot.device, label))
    }

    /// Plans that a condition occurs, or occurs again, at this time.
    pub(super) fn lead_in(&mut self, place: Place, possible: &Possible, at: Timestamp, lead: i64, of_storm: bool) {
        let scene = Arc::clone(&self.scene);
        let Some((spot, key)) = scene.spot(place).zip(scene.key(place, possible)) else { return };
        let standing = self.standing.entry(key).or_insert_with(|| Standing {
            place,
            possible: possible.clone(),
            state: State::Coming,
            is_planned: true,
            of_storm,
        });
        standing.is_planned = true;
        let shown = possible.shown_by(spot, false);
        let value = shown.and_then(|(sensor, abnormal)| self.lead_to(place, sensor, abnormal, at, lead));
        let alarm = possible.raise(spot, AlarmId(self.dice.id()), at, value, false);
        self.plan(at, Step::Occur(key, Box::new(alarm)));
    }

    /// Plans that a condition goes at this time.
    pub(super) fn lead_out(&mut self, key: ConditionKey, at: Timestamp) {
        let Some(standing) = self.standing.get_mut(&key) else { return };
        standing.is_planned = true;
        let (place, possible) = (standing.place, standing.possible.clone());
        let scene = Arc::clone(&self.scene);
        if let Some((sensor, _)) = scene.spot(place).and_then(|spot| possible.shown_by(spot, false)) {
            self.show_usual(place, sensor, at);
        }
        self.plan(at, Step::Go(key));
    }

    fn goes(&mut self, settled: &[ConditionKey], at: Timestamp) -> bool {
        let Some(key) = self.dice.pick(settled).copied() else { return false };
        self.lead_out(key, at);
        true
    }

    fn returns(&mut self, now: Timestamp, at: Timestamp) -> bool {
        let gone = self.keys(|state| {
            matches!(state, State::Gone { at } if (SETTLES_MS..RETURNS_WITHIN_MS).contains(&now.millis_since(at)))
        });
        let Some(key) = self.dice.pick(&gone) else { return false };
        let Some(Standing { place, possible, .. }) = self.standing.get(key).cloned() else { return false };
        self.lead_in(place, &possible, at, at.millis_since(now), false);
        true
    }

    /// A condition grows worse; one that cannot, or did already, is described with its newest value.
    fn changes(&mut self, settled: &[ConditionKey], at: Timestamp) -> bool {
        let scene = Arc::clone(&self.scene);
        let Some(key) = self.dice.pick(settled).copied() else { return false };
        let Some(standing) = self.standing.get(&key).cloned() else { return false };
        let Some(spot) = scene.spot(standing.place) else { return false };
        let worse = standing.possible.can_worsen();
        let Some((sensor, abnormal @ Abnormal::Number(..))) = standing.possible.shown_by(spot, worse) else {
            return false;
        };
        let value = self.show(standing.place, sensor.id, abnormal, at);
        if let Some(standing) = self.standing.get_mut(&key) {
            standing.is_planned = true;
        }
        let alarm = standing.possible.raise(spot, AlarmId(self.dice.id()), at, value, worse);
        self.plan(at, Step::Change(key, Box::new(alarm), (sensor.id, abnormal)));
        true
    }
}
