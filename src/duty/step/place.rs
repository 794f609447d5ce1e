//! Where a person on duty is: what one believed fix changes (U3).

use onsite_wire::codes::Code;
use onsite_wire::ids::LocationId;

use super::event::Why;
use crate::duty::fix::Good;
use crate::duty::sites::Sites;
use crate::duty::table::Name;

/// How long somebody must be near enough before a site counts as entered.
pub const ENTER_DWELL_MS: i64 = 60_000;
/// How long somebody must be beyond the margin before a site counts as left.
pub const LEAVE_DWELL_MS: i64 = 120_000;
/// How far beyond the outline somebody must be for certain to be leaving, in metres.
pub const MARGIN_M: f64 = 50.0;
/// So many fixes must say over the dwell that a site is entered: two are not enough, for one of them may be a jump.
const ENTER_FIXES: u32 = 3;
/// So many of them must say it for certain …
const CERTAIN_FIXES: u32 = 3;
/// … or one less, when so many agree: in a building few are certain.
const MANY_FIXES: u32 = 6;
/// A fix at least this exact that lies beyond the reach says that nobody entered, in metres.
const EXACT_M: f64 = 50.0;
/// So many fixes must say over the dwell that a site is left.
const LEAVE_FIXES: u32 = 6;
/// Without a fix near enough for this long, entering is given up.
pub(super) const TRIAL_MS: i64 = 5 * 60_000;

/// Something that has to hold for a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Trial {
    pub(super) site: LocationId,
    pub(super) first_ms: i64,
    pub(super) last_ms: i64,
    /// Fixes that agree.
    fixes: u32,
    /// Those among them that say it for certain.
    certain: u32,
}

impl Trial {
    const fn begun(site: LocationId, at_ms: i64) -> Self {
        Self { site, first_ms: at_ms, last_ms: at_ms, fixes: 1, certain: 1 }
    }

    /// One more fix says the same. After too long a silence it is the first one again.
    const fn again(self, at_ms: i64, certain: bool) -> Self {
        if at_ms - self.last_ms > TRIAL_MS {
            return Self { certain: certain as u32, ..Self::begun(self.site, at_ms) };
        }
        Self { last_ms: at_ms, fixes: self.fixes + 1, certain: self.certain + certain as u32, ..self }
    }

    const fn holds(&self, fixes: u32, dwell_ms: i64) -> bool {
        let certain = if self.fixes >= MANY_FIXES { CERTAIN_FIXES - 1 } else { CERTAIN_FIXES };
        self.fixes >= fixes && self.certain >= certain && self.last_ms - self.first_ms >= dwell_ms
    }
}

/// Being at a site.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stay {
    pub(super) site: LocationId,
    pub(super) since_ms: i64,
    pub(super) evidence_ms: i64,
}

/// Where a person on duty is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Unknown(Option<Code>),
    Outside,
    Entering(Trial),
    Inside(Stay),
    Leaving(Stay, Trial),
    Degraded(Code),
}

impl Place {
    pub(super) const fn name(&self) -> Name {
        match self {
            Self::Unknown(_) => Name::Unknown,
            Self::Outside => Name::Outside,
            Self::Entering(_) => Name::Entering,
            Self::Inside(_) => Name::Inside,
            Self::Leaving(..) => Name::Leaving,
            Self::Degraded(_) => Name::Degraded,
        }
    }

    pub(super) const fn stay(&self) -> Option<&Stay> {
        match self {
            Self::Inside(stay) | Self::Leaving(stay, _) => Some(stay),
            _ => None,
        }
    }

    pub(super) const fn site(&self) -> Option<LocationId> {
        match self {
            Self::Entering(trial) => Some(trial.site),
            Self::Inside(stay) | Self::Leaving(stay, _) => Some(stay.site),
            Self::Unknown(_) | Self::Outside | Self::Degraded(_) => None,
        }
    }
}

/// What a fix changed.
#[derive(Debug, Clone)]
pub(super) struct Walked {
    pub(super) place: Place,
    pub(super) why: Why,
    pub(super) site: Option<LocationId>,
    pub(super) distance_m: Option<f64>,
}

/// How a fix lies to one site.
#[derive(Debug, Clone, Copy)]
struct Measure {
    site: LocationId,
    distance_m: f64,
    accuracy_m: f64,
    reach_m: f64,
}

impl Measure {
    fn of(sites: &Sites, site: LocationId, good: &Good) -> Option<Self> {
        let found = sites.site(site)?;
        let distance_m = found.fence.distance_m(&good.position);
        Some(Self { site, distance_m, accuracy_m: good.accuracy_m, reach_m: found.reach_m() })
    }

    /// d + accuracy ≤ max(0, 120 m − inradius).
    fn is_near_enough(&self) -> bool {
        self.distance_m + self.accuracy_m <= self.reach_m
    }

    /// After a fix that was near enough, others need only lie where the site counts as reached.
    fn is_within_reach(&self) -> bool {
        self.distance_m <= self.reach_m
    }

    /// d − accuracy > margin. A site that reaches beyond its outline is left beyond that reach only: what is entered from
    /// there must not be left there.
    fn is_beyond(&self) -> bool {
        self.distance_m - self.accuracy_m > self.margin_m()
    }

    fn margin_m(&self) -> f64 {
        MARGIN_M.max(self.reach_m)
    }

    /// The fix itself, for what it is worth, lies at the site.
    fn is_there(&self) -> bool {
        self.distance_m <= self.margin_m()
    }

    const fn walked(&self, place: Place, why: Why) -> Walked {
        Walked { place, why, site: Some(self.site), distance_m: Some(self.distance_m) }
    }
}

/// What a believed fix makes of a place. `held`: the site where the person was when it was known last.
pub(super) fn walk(place: Place, held: Option<Stay>, sites: &Sites, good: &Good) -> Walked {
    match place {
        Place::Unknown(_) | Place::Degraded(_) | Place::Outside => {
            match held.and_then(|stay| Some((stay, Measure::of(sites, stay.site, good)?))) {
                Some((stay, measure)) if measure.is_there() => {
                    let stay = Stay { evidence_ms: good.taken_ms, ..stay };
                    measure.walked(Place::Inside(stay), Why::StillThere)
                }
                Some((_, measure)) if !measure.is_beyond() => measure.walked(place, Why::Undecided),
                _ => arrive(sites, good, Why::AtNoSite),
            }
        }
        Place::Entering(trial) => enter(trial, sites, good),
        Place::Inside(stay) => match Measure::of(sites, stay.site, good) {
            None => Walked { place: Place::Outside, why: Why::NoFence, site: Some(stay.site), distance_m: None },
            Some(measure) if measure.is_beyond() => {
                measure.walked(Place::Leaving(stay, Trial::begun(stay.site, good.taken_ms)), Why::Beyond)
            }
            Some(measure) if measure.is_there() => {
                let stay = Stay { evidence_ms: good.taken_ms, ..stay };
                measure.walked(Place::Inside(stay), Why::StillThere)
            }
            Some(measure) => measure.walked(place, Why::Undecided),
        },
        Place::Leaving(stay, trial) => leave(stay, trial, sites, good),
    }
}

fn enter(trial: Trial, sites: &Sites, good: &Good) -> Walked {
    let Some(measure) = Measure::of(sites, trial.site, good) else { return arrive(sites, good, Why::NoFence) };
    if measure.is_within_reach() {
        let trial = trial.again(good.taken_ms, measure.is_near_enough());
        if trial.holds(ENTER_FIXES, ENTER_DWELL_MS) {
            let stay = Stay { site: trial.site, since_ms: trial.first_ms, evidence_ms: good.taken_ms };
            return measure.walked(Place::Inside(stay), Why::Dwelt);
        }
        return measure.walked(Place::Entering(trial), Why::NearAgain);
    }
    if measure.accuracy_m <= EXACT_M || measure.distance_m - measure.accuracy_m > measure.reach_m {
        return arrive(sites, good, Why::NotThere);
    }
    measure.walked(Place::Entering(trial), Why::Undecided)
}

fn leave(stay: Stay, trial: Trial, sites: &Sites, good: &Good) -> Walked {
    let Some(measure) = Measure::of(sites, stay.site, good) else {
        return Walked { place: Place::Outside, why: Why::NoFence, site: Some(stay.site), distance_m: None };
    };
    if measure.is_beyond() {
        let trial = trial.again(good.taken_ms, true);
        if trial.holds(LEAVE_FIXES, LEAVE_DWELL_MS) {
            return measure.walked(Place::Outside, Why::Gone);
        }
        return measure.walked(Place::Leaving(stay, trial), Why::BeyondAgain);
    }
    if measure.is_there() {
        let stay = Stay { evidence_ms: good.taken_ms, ..stay };
        return measure.walked(Place::Inside(stay), Why::BackAgain);
    }
    // Whoever goes is farther away with each fix: after one that may lie at the site the count begins anew.
    let trial = Trial { fixes: 0, certain: 0, ..Trial::begun(stay.site, good.taken_ms) };
    measure.walked(Place::Leaving(stay, trial), Why::Undecided)
}

/// Begins to enter the site that the fix lies deepest in, if there is one.
fn arrive(sites: &Sites, good: &Good, otherwise: Why) -> Walked {
    let measures = sites.around(&good.position).filter_map(|site| Measure::of(sites, site.id, good));
    let near = measures.filter(Measure::is_near_enough);
    let best = near.min_by(|a, b| (a.distance_m - a.reach_m).total_cmp(&(b.distance_m - b.reach_m)));
    match best {
        Some(measure) => measure.walked(Place::Entering(Trial::begun(measure.site, good.taken_ms)), Why::NearEnough),
        None => Walked { place: Place::Outside, why: otherwise, site: None, distance_m: None },
    }
}
