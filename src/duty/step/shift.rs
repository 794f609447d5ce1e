//! One shift: from going on duty to going off.

use onsite_rules::duty::{EVIDENCE_MS, LEASE_MS, RENEWED_MS};
use onsite_rules::fence::Position;
use onsite_wire::codes::Code;
use onsite_wire::ids::LocationId;

use super::asking::{Asking, Hint, Pace};
use super::event::{Decision, Effect, Settings, StoredStay, Why};
use super::place::{Place, Stay, TRIAL_MS, walk};
use super::{Work, is_fresh};
use crate::duty::fix::{Fix, Good, Judge};
use crate::duty::plan::{LARGEST_ROAMING_M, Watched, plan};
use crate::duty::sites::Sites;
use crate::duty::table::Name;
use crate::time::Moment;

/// Without questions answered in a row, it is said that no fixes come.
const UNANSWERED: u32 = 3;
/// At rest.
const RESTING_MS: i64 = 20 * 60_000;
/// The fastest pace on the way.
const QUICK_MS: i64 = 10_000;
/// The slowest pace on the way.
const SLOW_MS: i64 = 5 * 60_000;
/// How fast the next fence may come nearer, in metres a second.
const NEARER_M_PER_S: f64 = 40.0;
/// While a dwell is counted.
const TRIAL: Pace = Pace { urgent: true, moving_ms: 15_000, resting_ms: 30_000 };
/// How often the system is asked about its region when there is no fresher evidence.
const REGION_MS: i64 = 10 * 60_000;
/// A stay without evidence is continued by a fix at its site for so long: a day's work below the ground.
const SILENT_MS: i64 = 12 * 60 * 60_000;
/// The roaming circle around a person who rests, in metres: leaving it says that they move.
const RESTING_M: f64 = 200.0;
/// So long after the last site was left, without another one, the person is reminded.
const REMINDED_MS: i64 = 10 * 60_000;

#[derive(Debug, Clone)]
pub(super) struct Shift {
    pub(super) since: Moment,
    pub(super) place: Place,
    /// The site where the person was when it was last known, and until when a fix there continues that stay.
    pub(super) held: Option<(Stay, i64)>,
    /// When the site was last said.
    pub(super) claimed_ms: Option<i64>,
    /// When the claim was made that the server took last.
    pub(super) leased_ms: Option<i64>,
    /// Why the server did not take the last claim.
    pub(super) refused: Option<Code>,
    /// Why the last claim is still on this phone.
    pub(super) trouble: Option<Code>,
    /// The server does not have it otherwise: claiming is worth a request.
    pub(super) counts: bool,
    judge: Judge,
    asking: Asking,
    last: Option<Good>,
    /// Metres to the circle of the nearest site, at least.
    nearest_m: f64,
    /// Where the plan was made, and the radius of its roaming circle.
    planned: Option<(Position, f64)>,
    region_asked_ms: Option<i64>,
    left_ms: Option<i64>,
}

impl Work {
    pub(super) fn decided(&mut self, from: Name, to: Name, why: Why, site: Option<LocationId>) {
        let at = self.now;
        let decision = Decision { at, from, to, why, site, distance_m: None, accuracy_m: None };
        self.effects.push(Effect::Decided(decision));
    }
}

impl Shift {
    pub(super) fn begun(now: Moment) -> Self {
        Self {
            since: now,
            place: Place::Unknown(None),
            held: None,
            claimed_ms: None,
            leased_ms: None,
            refused: None,
            trouble: None,
            counts: true,
            judge: Judge::default(),
            asking: Asking::default(),
            last: None,
            nearest_m: 0.0,
            planned: None,
            region_asked_ms: None,
            left_ms: None,
        }
    }

    /// The shift of an app that was killed, or of a phone that was restarted.
    pub(super) fn resumed(since: Moment, stay: Option<StoredStay>, now: &Moment) -> Self {
        let restarted = since.boot != now.boot || since.monotonic_ms > now.monotonic_ms;
        let stay = stay.filter(|stay| stay.evidence.boot == now.boot && stay.evidence.monotonic_ms <= now.monotonic_ms);
        Self {
            place: Place::Unknown(restarted.then_some(Code::PhoneRestarted)),
            held: stay.map(|stay| {
                let (since_ms, evidence_ms) = (stay.since.monotonic_ms, stay.evidence.monotonic_ms);
                (Stay { site: stay.site, since_ms, evidence_ms }, evidence_ms + EVIDENCE_MS)
            }),
            claimed_ms: stay.map(|stay| stay.claimed.monotonic_ms),
            ..Self::begun(since)
        }
    }

    /// A fix came.
    pub(super) fn fix(&mut self, fix: &Fix, sites: &Sites, regions: usize, work: &mut Work) {
        self.asking.answered();
        let from = self.place.name();
        let good = match self.judge.judge(fix, work.now_ms()) {
            Ok(good) => good,
            Err(refused) => {
                let decision = Decision {
                    at: work.now,
                    from,
                    to: from,
                    why: Why::Refused(refused),
                    site: self.place.site(),
                    distance_m: None,
                    accuracy_m: Some(fix.accuracy_m),
                };
                work.effects.push(Effect::Decided(decision));
                return;
            }
        };
        self.asking.believed(&good, work.now_ms());
        self.last = Some(good);
        let walked = walk(self.place, self.held.map(|(stay, _)| stay), sites, &good);
        let decision = Decision {
            at: work.now,
            from,
            to: walked.place.name(),
            why: walked.why,
            site: walked.site,
            distance_m: walked.distance_m,
            accuracy_m: Some(good.accuracy_m),
        };
        work.effects.push(Effect::Decided(decision));
        self.come_to(walked.place, work);
        self.nearest_m = sites.outwards(&good.position).next().map_or(f64::INFINITY, |(_, away)| away);
        self.plan_again(sites, regions, work);
    }

    /// The place is this one now: says so where others are to learn of it.
    fn come_to(&mut self, place: Place, work: &mut Work) {
        let before = self.place;
        self.place = place;
        match (before.stay(), place.stay()) {
            (None, Some(stay)) => {
                self.left_ms = None;
                self.held = None;
                // A stay that goes on was said before: its renewal is due when it is.
                if self.claim_due_ms(work.now_ms()).is_some_and(|due| due <= work.now_ms()) {
                    self.claim(*stay, work);
                }
            }
            (Some(_), None) => {
                self.left_ms = Some(work.now_ms());
                self.withdraw(work);
            }
            (None, None) if !matches!(place, Place::Unknown(_) | Place::Degraded(_)) && self.held.is_some() => {
                // Known again, and elsewhere.
                self.held = None;
                self.withdraw(work);
            }
            _ => {}
        }
    }

    /// When the site is said next; `None`: not while the server has the switch otherwise.
    fn claim_due_ms(&self, now_ms: i64) -> Option<i64> {
        self.counts.then(|| self.claimed_ms.map_or(now_ms, |claimed| claimed + RENEWED_MS))
    }

    fn claim(&mut self, stay: Stay, work: &mut Work) {
        self.claimed_ms = Some(work.now_ms());
        work.effects.push(Effect::Claim { site: stay.site, since_ms: work.now_ms() - stay.since_ms });
    }

    /// Says that the site is left, if it may still be shown.
    fn withdraw(&mut self, work: &mut Work) {
        if self.claimed_ms.take().is_some_and(|claimed| work.now_ms() - claimed < LEASE_MS) {
            work.effects.push(Effect::Withdraw);
        }
    }

    pub(super) fn crossed(&mut self, watched: Watched) {
        let roaming = watched == Watched::Roaming;
        self.asking.hint(if roaming { Hint::Strong } else { Hint::Weak });
        if roaming {
            self.planned = None;
        }
    }

    pub(super) fn region_answer(&mut self, site: LocationId, inside: bool, now_ms: i64) {
        match &mut self.place {
            Place::Inside(stay) if stay.site == site && inside => stay.evidence_ms = now_ms,
            Place::Inside(stay) if stay.site == site => self.asking.hint(Hint::Weak),
            _ => {}
        }
    }

    pub(super) fn sites_changed(&mut self, sites: &Sites, regions: usize, work: &mut Work) {
        self.planned = None;
        if let Some(site) = self.place.site().filter(|site| sites.site(*site).is_none()) {
            work.decided(self.place.name(), Name::Outside, Why::NoFence, Some(site));
            self.come_to(Place::Outside, work);
        }
        self.plan_again(sites, regions, work);
        self.asking.hint(Hint::Strong);
    }

    /// Makes a plan when there is none, or the person is well on the way out of the roaming circle.
    fn plan_again(&mut self, sites: &Sites, regions: usize, work: &mut Work) {
        let Some(here) = self.last.map(|good| good.position) else { return };
        let roaming_m = if self.asking.is_moving(work.now_ms()) { LARGEST_ROAMING_M } else { RESTING_M };
        let holds =
            |(middle, radius_m): (Position, f64)| middle.distance_m(&here) <= radius_m * 0.7 && radius_m <= roaming_m;
        if self.planned.is_some_and(holds) {
            return;
        }
        let plan = plan(sites, &here, regions, roaming_m);
        self.planned = plan.regions.last().map(|roaming| (here, roaming.radius_m));
        work.effects.push(Effect::Watch(plan));
    }

    /// Where the person is can no longer be known. Nothing is withdrawn: the lease lapses by itself (U7).
    pub(super) fn lose(&mut self, code: Code, work: &mut Work) {
        work.decided(self.place.name(), Name::Degraded, Why::CannotKnow(code), self.place.site());
        let stay = self.place.stay().map(|stay| (*stay, stay.evidence_ms + EVIDENCE_MS));
        self.held = stay.or(self.held);
        self.place = Place::Degraded(code);
    }

    pub(super) fn find_again(&mut self, work: &mut Work) {
        work.decided(self.place.name(), Name::Unknown, Why::CanKnow, None);
        self.place = Place::Unknown(None);
        self.asking.hint(Hint::Strong);
    }

    pub(super) fn pass_time(&mut self, settings: &Settings, known: bool, work: &mut Work) {
        let now_ms = work.now_ms();
        self.asking.pass_time(now_ms);
        self.held = self.held.filter(|(_, until)| now_ms <= *until);
        if !known {
            return;
        }
        match self.place {
            Place::Entering(trial) if now_ms - trial.last_ms > TRIAL_MS => {
                work.decided(Name::Entering, Name::Outside, Why::TimedOut, Some(trial.site));
                self.place = Place::Outside;
            }
            Place::Inside(stay) | Place::Leaving(stay, _) if !is_fresh(&stay, now_ms) => {
                work.decided(self.place.name(), Name::Degraded, Why::CannotKnow(Code::NoEvidence), Some(stay.site));
                self.place = Place::Degraded(Code::NoEvidence);
                // The phone listened all the time, and nothing said that the person went.
                self.held = Some((stay, now_ms + SILENT_MS));
            }
            Place::Unknown(_) | Place::Outside | Place::Entering(_) if self.asking.unanswered() >= UNANSWERED => {
                self.lose(Code::NoFixes, work);
            }
            _ => {}
        }
        if let Some(stay) = self.place.stay().copied() {
            if self.claim_due_ms(now_ms).is_some_and(|due| due <= now_ms) {
                self.claim(stay, work);
            }
            if self.region_due_ms(&stay) <= now_ms {
                self.region_asked_ms = Some(now_ms);
                work.effects.push(Effect::AskRegion(stay.site));
            }
        }
        if self.reminder_ms(settings, &work.now).is_some_and(|due| due <= now_ms) {
            self.left_ms = None;
            work.effects.push(Effect::Remind);
        }
        if self.asking.due_ms(now_ms, self.pace()) <= now_ms {
            self.asking.ask(now_ms);
            work.effects.push(Effect::AskFix);
        }
    }

    pub(super) fn wake_at(&self, settings: &Settings, known: bool, now: &Moment) -> Option<i64> {
        if !known {
            return None;
        }
        let ask = self.asking.due_ms(now.monotonic_ms, self.pace());
        let place = match self.place {
            Place::Entering(trial) => Some(trial.last_ms + TRIAL_MS + 1),
            _ => None,
        };
        let stay = self.place.stay().map(|stay| {
            let claim = self.claim_due_ms(now.monotonic_ms).unwrap_or(i64::MAX);
            claim.min(stay.evidence_ms + EVIDENCE_MS + 1).min(self.region_due_ms(stay))
        });
        let reminder = self.reminder_ms(settings, now);
        place.into_iter().chain(stay).chain(reminder).chain(Some(ask)).min()
    }

    fn region_due_ms(&self, stay: &Stay) -> i64 {
        let last = self.region_asked_ms.unwrap_or(i64::MIN);
        stay.evidence_ms.max(last).saturating_add(REGION_MS)
    }

    /// When the person is reminded of the switch, in monotonic milliseconds.
    fn reminder_ms(&self, settings: &Settings, now: &Moment) -> Option<i64> {
        let left = self.left_ms.filter(|_| !matches!(self.place, Place::Entering(_)))?;
        let worked_when_left = now.since(&self.since).0 - (now.monotonic_ms - left);
        (worked_when_left >= settings.shift_ms()).then_some(left + REMINDED_MS)
    }

    fn pace(&self) -> Pace {
        match self.place {
            Place::Entering(_) | Place::Leaving(..) => TRIAL,
            Place::Inside(_) => Pace { urgent: false, moving_ms: 60_000, resting_ms: RESTING_MS },
            Place::Unknown(_) => Pace { urgent: false, moving_ms: QUICK_MS, resting_ms: 60_000 },
            Place::Outside | Place::Degraded(_) => {
                #[expect(clippy::cast_possible_truncation, reason = "a float becomes the nearest integer there is")]
                let until_near = (self.nearest_m / NEARER_M_PER_S * 1_000.0) as i64;
                Pace { urgent: false, moving_ms: until_near.clamp(QUICK_MS, SLOW_MS), resting_ms: RESTING_MS }
            }
        }
    }
}
