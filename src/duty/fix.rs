//! Which position fixes are believed (U3). A fix that is not is named with its reason.

use std::collections::BTreeMap;

use onsite_rules::fence::Position;
use onsite_wire::codes::Code;

/// The oldest fix that says where somebody is now.
pub const STALE_MS: i64 = 180_000;
/// A fix may come from this far in the future: the system rounds its ages.
const ROUNDED_MS: i64 = 2_000;
/// The coarsest fix that is used, in metres.
pub const COARSEST_M: f64 = 200.0;
/// Nobody travels faster between two fixes: 300 km/h.
pub const FASTEST_M_PER_S: f64 = 300.0 / 3.6;
/// So many refused fixes that agree with each other are right, and the last good one was wrong.
const AGREEING: usize = 3;

/// A position as the phone's system gives it. It goes into the step function and nowhere else.
#[derive(Clone, Copy, PartialEq)]
pub struct Fix {
    /// Degrees north.
    pub lat: f64,
    /// Degrees east.
    pub lon: f64,
    /// The radius in metres in which the true position lies in about two of three cases.
    pub accuracy_m: f64,
    /// How long ago it was taken, by the phone's monotonic clock; negative: it claims to come from the future.
    pub age_ms: i64,
    /// The system says that a program made it up.
    pub mocked: bool,
}

impl std::fmt::Debug for Fix {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Fix")
            .field("accuracy_m", &self.accuracy_m)
            .field("age_ms", &self.age_ms)
            .finish_non_exhaustive()
    }
}

/// A fix that is believed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Good {
    pub(super) position: Position,
    pub(super) accuracy_m: f64,
    /// When it was taken, in monotonic milliseconds.
    pub(super) taken_ms: i64,
}

impl Good {
    /// Metres that lie between two fixes for certain, as far as accuracies can be trusted.
    pub(super) fn apart_m(&self, other: &Self) -> f64 {
        self.position.distance_m(&other.position) - self.accuracy_m - other.accuracy_m
    }

    /// The least speed that leads from the other fix to this one, in metres a second.
    fn speed(&self, earlier: &Self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "milliseconds between two fixes")]
        let seconds = (self.taken_ms - earlier.taken_ms).max(1) as f64 / 1_000.0;
        self.apart_m(earlier).max(0.0) / seconds
    }
}

/// Why a fix is not believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedFix {
    /// One of `fix_stale`, `fix_from_future`, `fix_out_of_order`, `fix_mocked`, `fix_coarse`, `fix_too_fast`,
    /// `fix_invalid`.
    pub code: Code,
    /// The code's arguments.
    pub arguments: BTreeMap<String, String>,
}

fn refused(code: Code) -> RefusedFix {
    RefusedFix { code, arguments: BTreeMap::new() }
}

fn refused_for(code: Code, name: &str, value: i64) -> RefusedFix {
    RefusedFix { code, arguments: BTreeMap::from([(name.to_owned(), value.to_string())]) }
}

/// What the judging remembers.
#[derive(Debug, Clone, Default)]
pub(super) struct Judge {
    last: Option<Good>,
    /// Fixes refused for their speed since the last good one, each agreeing with the one before.
    too_fast: Vec<Good>,
}

impl Judge {
    /// Whether a fix that came now is believed.
    pub(super) fn judge(&mut self, fix: &Fix, now_ms: i64) -> Result<Good, RefusedFix> {
        let good = plausible(fix, now_ms)?;
        let Some(last) = self.last else { return Ok(self.believe(good)) };
        if good.taken_ms < last.taken_ms {
            return Err(refused(Code::FixOutOfOrder));
        }
        let speed = good.speed(&last);
        if speed <= FASTEST_M_PER_S {
            return Ok(self.believe(good));
        }
        let agrees = self.too_fast.last().is_some_and(|before| good.speed(before) <= FASTEST_M_PER_S);
        if !agrees {
            self.too_fast.clear();
        }
        self.too_fast.push(good);
        if self.too_fast.len() >= AGREEING {
            return Ok(self.believe(good));
        }
        #[expect(clippy::cast_possible_truncation, reason = "a float becomes the nearest integer there is")]
        let kmh = (speed * 3.6) as i64;
        Err(refused_for(Code::FixTooFast, "kmh", kmh))
    }

    fn believe(&mut self, good: Good) -> Good {
        self.last = Some(good);
        self.too_fast.clear();
        good
    }
}

/// What a fix says by itself.
fn plausible(fix: &Fix, now_ms: i64) -> Result<Good, RefusedFix> {
    let position = Position::new(fix.lat, fix.lon).ok_or_else(|| refused(Code::FixInvalid))?;
    if !fix.accuracy_m.is_finite() || fix.accuracy_m < 0.0 {
        return Err(refused(Code::FixInvalid));
    }
    if fix.mocked {
        return Err(refused(Code::FixMocked));
    }
    if fix.age_ms < -ROUNDED_MS {
        return Err(refused(Code::FixFromFuture));
    }
    if fix.age_ms > STALE_MS {
        return Err(refused_for(Code::FixStale, "seconds", fix.age_ms / 1_000));
    }
    if fix.accuracy_m > COARSEST_M {
        #[expect(clippy::cast_possible_truncation, reason = "a float becomes the nearest integer there is")]
        let metres = fix.accuracy_m as i64;
        return Err(refused_for(Code::FixCoarse, "metres", metres));
    }
    Ok(Good { position, accuracy_m: fix.accuracy_m, taken_ms: now_ms - fix.age_ms.max(0) })
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: i64 = 1_000_000;

    fn fix(lat: f64) -> Fix {
        Fix { lat, lon: 8.5, accuracy_m: 10.0, age_ms: 0, mocked: false }
    }

    fn code(judge: &mut Judge, fix: Fix, now_ms: i64) -> Option<Code> {
        judge.judge(&fix, now_ms).err().map(|refused| refused.code)
    }

    #[test]
    fn a_fix_that_proves_nothing_is_refused_with_its_reason() {
        let mut judge = Judge::default();
        assert_eq!(code(&mut judge, Fix { age_ms: STALE_MS, ..fix(47.0) }, START), None);
        assert_eq!(code(&mut judge, Fix { age_ms: STALE_MS + 1, ..fix(47.0) }, START), Some(Code::FixStale));
        assert_eq!(code(&mut judge, Fix { age_ms: -5_000, ..fix(47.0) }, START), Some(Code::FixFromFuture));
        assert_eq!(code(&mut judge, Fix { mocked: true, ..fix(47.0) }, START), Some(Code::FixMocked));
        assert_eq!(code(&mut judge, Fix { accuracy_m: 200.0, ..fix(47.0) }, START), None);
        assert_eq!(code(&mut judge, Fix { accuracy_m: 201.0, ..fix(47.0) }, START), Some(Code::FixCoarse));
        assert_eq!(code(&mut judge, Fix { age_ms: 60_000, ..fix(47.0) }, START), Some(Code::FixOutOfOrder));
        for wrong in [f64::NAN, f64::INFINITY, 91.0] {
            assert_eq!(code(&mut judge, fix(wrong), START), Some(Code::FixInvalid));
            assert_eq!(code(&mut judge, Fix { accuracy_m: -wrong, ..fix(47.0) }, START), Some(Code::FixInvalid));
        }
    }

    #[test]
    fn one_jump_is_refused_and_three_that_agree_replace_what_was_wrong() {
        let mut judge = Judge::default();
        assert_eq!(code(&mut judge, fix(47.0), START), None);
        // 111 km away, ten seconds later.
        assert_eq!(code(&mut judge, fix(48.0), START + 10_000), Some(Code::FixTooFast));
        assert_eq!(code(&mut judge, fix(47.0), START + 20_000), None, "back where it was: the jump is forgotten");
        assert_eq!(code(&mut judge, fix(48.0), START + 30_000), Some(Code::FixTooFast));
        assert_eq!(code(&mut judge, fix(48.0001), START + 40_000), Some(Code::FixTooFast));
        assert_eq!(code(&mut judge, fix(48.0002), START + 50_000), None, "three agree");
        assert_eq!(
            code(&mut judge, fix(47.0), START + 60_000),
            Some(Code::FixTooFast),
            "and now the old one is the jump"
        );
    }

    #[test]
    fn jumps_that_do_not_agree_with_each_other_replace_nothing() {
        let mut judge = Judge::default();
        assert_eq!(code(&mut judge, fix(47.0), START), None);
        for n in 1..20 {
            let jump = fix(48.0 + f64::from(n % 3));
            assert_eq!(code(&mut judge, jump, START + i64::from(n) * 1_000), Some(Code::FixTooFast), "{n}");
        }
    }
}
