//! What goes into a step of duty and what comes out.

use std::collections::BTreeMap;
use std::sync::Arc;

use onsite_wire::codes::Code;
use onsite_wire::ids::LocationId;
use serde::{Deserialize, Serialize};

use crate::duty::fix::{Fix, RefusedFix};
use crate::duty::plan::{Plan, Watched};
use crate::duty::sites::Sites;
use crate::duty::table::Name;
use crate::time::Moment;

const HOUR_MS: i64 = 60 * 60 * 1_000;

/// What happened.
#[derive(Debug, Clone)]
pub enum Event {
    /// The person went on duty (U1).
    SwitchedOn,
    /// The person went off duty.
    SwitchedOff,
    /// A switch that was recorded already, or was let go of: duty follows it, and hands nothing over.
    Follows {
        /// On duty.
        on: bool,
    },
    /// A position came, asked for or not.
    Fix(Fix),
    /// The system says that a watched circle was crossed, one way or the other: a hint, no more.
    Crossed(Watched),
    /// The system's answer to [`Effect::AskRegion`].
    RegionAnswer {
        /// Of which site.
        site: LocationId,
        /// The phone is in its circle.
        inside: bool,
    },
    /// Whether the app may use the location always.
    Permission(bool),
    /// Whether location services are on.
    LocationServices(bool),
    /// Sites, or their fences, are others now.
    Sites(Arc<Sites>),
    /// The person chose.
    Settings(Settings),
    /// What became of what was handed over.
    Heard(Heard),
    /// The server did not take a claim.
    ClaimRefused(Code),
    /// The server's own list of those on duty has the person, or not; nothing of the person's own is under way.
    Told {
        /// The person is in it.
        on: bool,
    },
    /// Time passed, or a clock or time zone was set: nothing here depends on either but the length of the shift after a
    /// restart.
    Tick,
}

/// Where the switch stands at the server, as far as this phone was told (U7, O3).
///
/// In the order of what counts where organizations differ: one that has it otherwise is told first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AtServer {
    /// Nothing was heard of it yet.
    #[default]
    Unknown,
    /// The server has it as this phone has it: colleagues read the same.
    Same,
    /// The switch is on this phone only; it is sent when that is possible.
    OnPhone,
    /// The server has it otherwise, and why: `too_old`, `not_on_duty`, `switched_later`, `on_duty_elsewhere` …
    Differs(Code),
}

/// What became of what was handed over: all of it as it stands now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Heard {
    /// The last switch; `None`: the actions say nothing about it.
    pub switch: Option<AtServer>,
    /// When the claim was made that the server took last, in monotonic milliseconds; `None`: it shows no site.
    pub lease_ms: Option<i64>,
    /// Why the last claim is still on this phone.
    pub trouble: Option<Code>,
}

/// What a person chose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// Off duty by itself after so many hours; `None`: never (U5).
    pub auto_off_hours: Option<u32>,
    /// After so many hours on duty, leaving the last site reminds of the switch (U5).
    pub shift_hours: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self { auto_off_hours: None, shift_hours: 8 }
    }
}

impl Settings {
    pub(super) fn auto_off_ms(&self) -> Option<i64> {
        self.auto_off_hours.map(|hours| i64::from(hours) * HOUR_MS)
    }

    pub(super) fn shift_ms(&self) -> i64 {
        i64::from(self.shift_hours) * HOUR_MS
    }
}

/// What the driver does.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Ask the system for a position. It comes back as [`Event::Fix`], or does not.
    AskFix,
    /// Ask the system whether the phone is in the circle of this site; costs no positioning.
    AskRegion(LocationId),
    /// Say that the person is at this site, for another lease (U7).
    Claim {
        /// The site.
        site: LocationId,
        /// Since how many milliseconds.
        since_ms: i64,
    },
    /// Say that the person is at no site any more.
    Withdraw,
    /// Have the system watch these regions, and no others (U4).
    Watch(Plan),
    /// The shift is long over and the last site left: ask the person whether to go off duty (U5).
    Remind,
    /// Hand the switch over: the person pressed it, or went off duty by itself (U5). In one transaction with
    /// [`Effect::Remember`], so that no crash comes between what colleagues read and what the phone shows.
    Switch(bool),
    /// What was decided, and why.
    Decided(Decision),
    /// Keep this: it is what [`super::Duty::recover`] is given.
    Remember(Stored),
    /// Call with [`Event::Tick`] when the monotonic clock stands here, or later. Takes the place of the last one.
    WakeAt(Option<i64>),
}

/// One decision, for the person and for a replay. Holds no position.
#[derive(Debug, Clone, PartialEq)]
pub struct Decision {
    /// When.
    pub at: Moment,
    /// Where duty stood before.
    pub from: Name,
    /// Where it stands now.
    pub to: Name,
    /// Why.
    pub why: Why,
    /// The site that it is about.
    pub site: Option<LocationId>,
    /// Metres to that site's outline, negative inside.
    pub distance_m: Option<f64>,
    /// How exact the position was, in metres.
    pub accuracy_m: Option<f64>,
}

/// Why something was decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why {
    /// The switch.
    SwitchedOn,
    /// The switch.
    SwitchedOff,
    /// The hours after which duty ends by itself are over.
    AutoOff,
    /// The fix was not believed.
    Refused(RefusedFix),
    /// Near enough to the site, for the first time.
    NearEnough,
    /// Near enough again; it has to hold longer.
    NearAgain,
    /// Near enough for long enough.
    Dwelt,
    /// At the site where the person was before.
    StillThere,
    /// Too coarse or too near to the line to say anything new.
    Undecided,
    /// Nowhere near a site.
    AtNoSite,
    /// Beyond the site after all.
    NotThere,
    /// No fix near enough for 5 minutes.
    TimedOut,
    /// Beyond the margin, for the first time.
    Beyond,
    /// Beyond the margin again; it has to hold longer.
    BeyondAgain,
    /// Beyond the margin for long enough.
    Gone,
    /// At the site again.
    BackAgain,
    /// The site has no fence any more.
    NoFence,
    /// Where the person is cannot be known: `location_not_permitted`, `location_off`, `no_fixes`, `no_evidence`.
    CannotKnow(Code),
    /// What made it impossible to know is over.
    CanKnow,
}

impl Why {
    /// In a word, and for refusals and lapses their code.
    pub fn word(&self) -> &'static str {
        match self {
            Self::SwitchedOn => "switched_on",
            Self::SwitchedOff => "switched_off",
            Self::AutoOff => "auto_off",
            Self::Refused(refused) => refused.code.as_str(),
            Self::NearEnough => "near_enough",
            Self::NearAgain => "near_again",
            Self::Dwelt => "dwelt",
            Self::StillThere => "still_there",
            Self::Undecided => "undecided",
            Self::AtNoSite => "at_no_site",
            Self::NotThere => "not_there",
            Self::TimedOut => "timed_out",
            Self::Beyond => "beyond",
            Self::BeyondAgain => "beyond_again",
            Self::Gone => "gone",
            Self::BackAgain => "back_again",
            Self::NoFence => "no_fence",
            Self::CannotKnow(code) => code.as_str(),
            Self::CanKnow => "can_know",
        }
    }

    /// The words of a refusal or a lapse.
    pub fn text(&self) -> String {
        match self {
            Self::Refused(refused) => refused.code.text(&refused.arguments),
            Self::CannotKnow(code) => code.text(&BTreeMap::new()),
            other => other.word().replace('_', " "),
        }
    }
}

/// What outlives the app: nothing of where the person is but a site.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Stored {
    /// Since when on duty; `None`: off duty.
    #[serde(default)]
    pub on: Option<Moment>,
    /// The site where the person was last.
    #[serde(default)]
    pub stay: Option<StoredStay>,
    /// Where the switch stands at the server.
    #[serde(default)]
    pub at_server: AtServer,
}

/// A site where a person was when the app ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredStay {
    /// The site.
    pub site: LocationId,
    /// Since when.
    pub since: Moment,
    /// The last evidence.
    pub evidence: Moment,
    /// When the site was last said.
    pub claimed: Moment,
}

/// Where duty stands, for the person (U1, U2, U7).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// The state.
    pub name: Name,
    /// Since when on duty.
    pub on: Option<Moment>,
    /// Whether colleagues read the same, and why not.
    pub at_server: AtServer,
    /// The site of the state: entering, inside, leaving.
    pub site: Option<LocationId>,
    /// Since how many milliseconds at that site.
    pub since_ms: Option<i64>,
    /// Why no site is shown, or why it will lapse.
    pub reason: Option<Code>,
    /// For how many milliseconds colleagues still read the site: from the last claim that the server took.
    pub lease_ms: Option<i64>,
}

impl Standing {
    /// Off duty.
    pub(crate) const fn off_duty(at_server: AtServer) -> Self {
        Self { name: Name::OffDuty, on: None, at_server, site: None, since_ms: None, reason: None, lease_ms: None }
    }
}
