//! Being on duty, as records.

use onsite::duty as core;

use crate::error::{OnsiteError, Problem, id};

/// Where a person's duty stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, uniffi::Enum)]
pub enum DutyName {
    /// Not on duty.
    OffDuty,
    /// On duty; where, is not known yet.
    Unknown,
    /// On duty, at no site.
    Outside,
    /// On duty, perhaps at a site: it has to hold for a while.
    Entering,
    /// On duty, at a site.
    Inside,
    /// On duty, still shown at a site, perhaps gone.
    Leaving,
    /// On duty; where, cannot be known, and why.
    Degraded,
}

impl From<core::Name> for DutyName {
    fn from(name: core::Name) -> Self {
        match name {
            core::Name::OffDuty => Self::OffDuty,
            core::Name::Unknown => Self::Unknown,
            core::Name::Outside => Self::Outside,
            core::Name::Entering => Self::Entering,
            core::Name::Inside => Self::Inside,
            core::Name::Leaving => Self::Leaving,
            core::Name::Degraded => Self::Degraded,
        }
    }
}

/// Where duty stands, for the person.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct DutyStanding {
    /// The state.
    pub name: DutyName,
    /// Since when on duty, by the phone's clock.
    pub on_since: Option<i64>,
    /// The site of the state: entering, inside, leaving.
    pub site: Option<String>,
    /// Since how many milliseconds at that site.
    pub since_ms: Option<i64>,
    /// Why no site is shown, or why it will lapse.
    pub reason: Option<Problem>,
    /// For how many milliseconds colleagues still read the site.
    pub lease_ms: Option<i64>,
}

impl From<core::Standing> for DutyStanding {
    fn from(standing: core::Standing) -> Self {
        Self {
            name: standing.name.into(),
            on_since: standing.on.map(|on| on.wall.millis()),
            site: standing.site.map(|id| id.to_string()),
            since_ms: standing.since_ms,
            reason: standing.reason.map(Problem::bare),
            lease_ms: standing.lease_ms,
        }
    }
}

/// One decision and why. Holds no position.
#[derive(Debug, Clone, PartialEq, uniffi::Record)]
pub struct DutyDecision {
    /// When, by the phone's clock.
    pub at: i64,
    /// Where duty stood before.
    pub from: DutyName,
    /// Where it stands now.
    pub to: DutyName,
    /// Why, in a word: `dwelt`, `fix_coarse` …
    pub why: String,
    /// Why, in English.
    pub text: String,
    /// The site that it is about.
    pub site: Option<String>,
    /// Metres to that site's outline, negative inside.
    pub distance_m: Option<f64>,
    /// How exact the position was, in metres.
    pub accuracy_m: Option<f64>,
}

impl From<core::Decision> for DutyDecision {
    fn from(decision: core::Decision) -> Self {
        Self {
            at: decision.at.wall.millis(),
            from: decision.from.into(),
            to: decision.to.into(),
            why: decision.why.word().to_owned(),
            text: decision.why.text(),
            site: decision.site.map(|id| id.to_string()),
            distance_m: decision.distance_m,
            accuracy_m: decision.accuracy_m,
        }
    }
}

/// A position as the phone's system gives it. It goes into the decision and nowhere else.
#[derive(Clone, Copy, PartialEq, uniffi::Record)]
pub struct Fix {
    /// Degrees north.
    pub lat: f64,
    /// Degrees east.
    pub lon: f64,
    /// The radius in metres in which the true position lies in about two of three cases.
    pub accuracy_m: f64,
    /// How long ago it was taken, by the phone's monotonic clock.
    pub age_ms: i64,
    /// The system says that a program made it up.
    pub mocked: bool,
}

impl std::fmt::Debug for Fix {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Fix(…)")
    }
}

impl From<Fix> for core::Fix {
    fn from(fix: Fix) -> Self {
        Self { lat: fix.lat, lon: fix.lon, accuracy_m: fix.accuracy_m, age_ms: fix.age_ms, mocked: fix.mocked }
    }
}

/// What is watched.
#[derive(Debug, Clone, PartialEq, Eq, Hash, uniffi::Enum)]
pub enum Watched {
    /// A site.
    Site {
        /// Which.
        id: String,
    },
    /// The circle around where the person was.
    Roaming,
}

impl From<core::Watched> for Watched {
    fn from(watched: core::Watched) -> Self {
        match watched {
            core::Watched::Site(id) => Self::Site { id: id.to_string() },
            core::Watched::Roaming => Self::Roaming,
        }
    }
}

impl Watched {
    pub(crate) fn read(self) -> Result<core::Watched, OnsiteError> {
        Ok(match self {
            Self::Site { id: site } => core::Watched::Site(id(&site)?),
            Self::Roaming => core::Watched::Roaming,
        })
    }
}

/// A circle that the system watches.
#[derive(Clone, PartialEq, uniffi::Record)]
pub struct Region {
    /// What it stands for.
    pub watched: Watched,
    /// Its middle, degrees north.
    pub lat: f64,
    /// Its middle, degrees east.
    pub lon: f64,
    /// Its radius in metres.
    pub radius_m: f64,
}

impl std::fmt::Debug for Region {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Region").field("watched", &self.watched).finish_non_exhaustive()
    }
}

pub(crate) fn regions(plan: core::Plan) -> Vec<Region> {
    let region = |region: core::Region| Region {
        watched: region.watched.into(),
        lat: region.middle.lat(),
        lon: region.middle.lon(),
        radius_m: region.radius_m,
    };
    plan.regions.into_iter().map(region).collect()
}

/// What the phone's system is asked for.
#[derive(Debug, Clone, PartialEq, uniffi::Enum)]
pub enum Wish {
    /// A position: answer with `fix`, or not at all.
    Fix,
    /// Whether the phone is in the circle of this site: answer with `region_answer`.
    Region {
        /// Which.
        site: String,
    },
    /// Watch these regions and no others, and tell of crossings with `crossed`.
    Watch {
        /// The nearest sites, nearest first, and the roaming circle last. Empty: nothing is watched.
        regions: Vec<Region>,
    },
    /// Ask the person whether to go off duty.
    Remind,
}

impl From<core::Wish> for Wish {
    fn from(wish: core::Wish) -> Self {
        match wish {
            core::Wish::Fix => Self::Fix,
            core::Wish::Region(site) => Self::Region { site: site.to_string() },
            core::Wish::Watch(plan) => Self::Watch { regions: regions(plan) },
            core::Wish::Remind => Self::Remind,
        }
    }
}

/// What a person chose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Record)]
pub struct DutySettings {
    /// Off duty by itself after so many hours; none: never.
    pub auto_off_hours: Option<i32>,
    /// After so many hours on duty, leaving the last site reminds of the switch.
    pub shift_hours: i32,
}

impl From<core::Settings> for DutySettings {
    fn from(settings: core::Settings) -> Self {
        let hours = |hours: u32| i32::try_from(hours).unwrap_or(i32::MAX);
        Self { auto_off_hours: settings.auto_off_hours.map(hours), shift_hours: hours(settings.shift_hours) }
    }
}

impl DutySettings {
    pub(crate) fn read(self) -> Result<core::Settings, OnsiteError> {
        let hours = |hours: i32| u32::try_from(hours).map_err(|_| OnsiteError::input("hours are not negative"));
        Ok(core::Settings {
            auto_off_hours: self.auto_off_hours.map(hours).transpose()?,
            shift_hours: hours(self.shift_hours)?,
        })
    }
}

/// A site as the person sees it.
#[derive(Debug, Clone, PartialEq, uniffi::Record)]
pub struct SiteView {
    /// The location.
    pub id: String,
    /// Whose.
    pub organization: String,
    /// Its name.
    pub label: String,
    /// It has a fence; without one nobody can be seen there.
    pub fenced: bool,
}

impl From<core::SiteView> for SiteView {
    fn from(site: core::SiteView) -> Self {
        Self {
            id: site.id.to_string(),
            organization: site.organization.to_string(),
            label: site.label,
            fenced: site.fence.is_some(),
        }
    }
}

/// Where somebody on the call list is; in the order of calling.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, uniffi::Enum)]
pub enum Reach {
    /// On duty at this site.
    Here,
    /// On duty at a site within 50 km.
    Near,
    /// On duty, farther away or at no site.
    Elsewhere,
    /// Not on duty: shown only when nobody is.
    OffDuty,
}

/// One to call.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct Call {
    /// Who.
    pub person: String,
    /// The name.
    pub name: String,
    /// What a tap calls.
    pub phone: String,
    /// Why here in the order.
    pub reach: Reach,
    /// At which site the person is.
    pub site: Option<String>,
}

impl From<(core::Call, String)> for Call {
    fn from((call, name): (core::Call, String)) -> Self {
        Self {
            person: call.entry.person.to_string(),
            name,
            phone: call.entry.phone,
            reach: match call.reach {
                core::Reach::Here => Reach::Here,
                core::Reach::Near => Reach::Near,
                core::Reach::Elsewhere => Reach::Elsewhere,
                core::Reach::OffDuty => Reach::OffDuty,
            },
            site: call.at.map(|id| id.to_string()),
        }
    }
}
