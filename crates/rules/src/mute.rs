//! Mutes (A9, A10): what one may be, whether it holds now, and when it ends.

use onsite_wire::codes::Code;
use onsite_wire::rest::{MuteAspect, MuteReason, Muted};
use onsite_wire::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::action::Refusal;

/// The longest mute: a year.
pub const LONGEST_DAYS: i64 = 366;
/// The longest text beside a reason, in characters.
pub const TEXT_LIMIT: usize = 255;
/// How long before its end a mute is announced to the person who set it: 15 minutes (ours, A10).
pub const ANNOUNCED_MS: i64 = 15 * 60 * 1_000;
/// A phone's clock may be this far ahead of the server's without a year's mute being refused.
const CLOCK_TOLERANCE_MS: i64 = 60 * 60 * 1_000;

/// The body of a `mute`, version 1: the end is absolute, computed when the person pressed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MuteBody {
    /// The end; missing: until cleared, which only an alarm's own mute may say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// Why.
    pub reason: MuteReason,
    /// Words; needed with [`MuteReason::Other`].
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub text: String,
}

/// What is to be muted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// One alarm.
    Alarm {
        /// It is cleared already.
        cleared: bool,
    },
    /// All alarms of a device and its component devices.
    Device,
}

/// Whether a mute may be set at `now`.
pub fn check(body: &MuteBody, target: Target, now: Timestamp) -> Result<(), Refusal> {
    if matches!(target, Target::Alarm { cleared: true }) {
        return Err(Refusal::of(Code::AlarmCleared));
    }
    if body.text.chars().count() > TEXT_LIMIT {
        return Err(Refusal::of(Code::TextTooLong).with("limit", TEXT_LIMIT));
    }
    if body.reason == MuteReason::Other && body.text.trim().is_empty() {
        return Err(Refusal::of(Code::ReasonNeedsText));
    }
    match body.until {
        None if target == Target::Device => Err(Refusal::of(Code::MuteNeedsEnd)),
        Some(until) if until <= now => Err(Refusal::of(Code::MuteEnded)),
        Some(until) if until.millis_since(now) > LONGEST_DAYS * 86_400_000 + CLOCK_TOLERANCE_MS => {
            Err(Refusal::of(Code::MuteTooLong).with("days", LONGEST_DAYS))
        }
        _ => Ok(()),
    }
}

/// What a checked body leaves behind.
pub fn muted(body: &MuteBody) -> Muted {
    Muted { until: body.until, reason: body.reason, text: body.text.clone() }
}

/// Whether a mute holds at `now`. An alarm's own mute ends with the alarm; a device's goes on.
pub fn holds(aspect: &MuteAspect, cleared: bool, now: Timestamp) -> bool {
    match &aspect.muted {
        None => false,
        Some(muted) => !cleared && muted.until.is_none_or(|until| now < until),
    }
}

/// When the mute's state changes next without anybody's doing: its announcement, then its end.
pub fn next_moment(aspect: &MuteAspect, now: Timestamp) -> Option<Timestamp> {
    let until = aspect.muted.as_ref()?.until?;
    let announced = until.plus_millis(-ANNOUNCED_MS);
    [announced, until].into_iter().find(|moment| *moment > now)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn body(until: Option<i64>) -> MuteBody {
        MuteBody { until: until.map(Timestamp::from_millis), reason: MuteReason::Nuisance, text: String::new() }
    }

    const NOW: Timestamp = Timestamp::from_millis(1_000_000);
    const ACTIVE: Target = Target::Alarm { cleared: false };

    fn code(result: Result<(), Refusal>) -> Option<Code> {
        result.err().map(|refusal| refusal.code)
    }

    #[test]
    fn a_cleared_alarm_cannot_be_muted() {
        assert_eq!(code(check(&body(None), Target::Alarm { cleared: true }, NOW)), Some(Code::AlarmCleared));
        assert_eq!(code(check(&body(None), ACTIVE, NOW)), None);
    }

    #[test]
    fn the_mute_of_a_device_needs_an_end() {
        assert_eq!(code(check(&body(None), Target::Device, NOW)), Some(Code::MuteNeedsEnd));
        assert_eq!(code(check(&body(Some(2_000_000)), Target::Device, NOW)), None);
    }

    #[test]
    fn a_mute_ends_in_the_future_and_at_most_a_year_away() {
        assert_eq!(code(check(&body(Some(1_000_000)), ACTIVE, NOW)), Some(Code::MuteEnded));
        let year = 1_000_000 + LONGEST_DAYS * 86_400_000;
        assert_eq!(code(check(&body(Some(year)), ACTIVE, NOW)), None);
        assert_eq!(code(check(&body(Some(year + 86_400_000)), ACTIVE, NOW)), Some(Code::MuteTooLong));
    }

    #[test]
    fn the_reason_other_needs_words_and_words_have_a_limit_counted_as_people_count() {
        let mut other = MuteBody { reason: MuteReason::Other, ..body(None) };
        assert_eq!(code(check(&other, ACTIVE, NOW)), Some(Code::ReasonNeedsText));
        other.text = "é".repeat(TEXT_LIMIT);
        assert_eq!(code(check(&other, ACTIVE, NOW)), None);
        other.text.push('é');
        assert_eq!(code(check(&other, ACTIVE, NOW)), Some(Code::TextTooLong));
    }

    proptest! {
        #[test]
        fn a_mute_changes_only_at_the_moments_it_names(until in 0..10_000_000_i64, start in 0..10_000_000_i64) {
            let aspect = MuteAspect { muted: Some(muted(&body(Some(until)))), ..MuteAspect::default() };
            let mut now = Timestamp::from_millis(start);
            let mut moments = 0;
            while let Some(moment) = next_moment(&aspect, now) {
                prop_assert!(moment > now);
                let before = Timestamp::from_micros(moment.micros() - 1);
                prop_assert_eq!(holds(&aspect, false, now), holds(&aspect, false, before));
                now = moment;
                moments += 1;
            }
            prop_assert!(moments <= 2);
            prop_assert!(!holds(&aspect, false, now));
        }
    }
}
