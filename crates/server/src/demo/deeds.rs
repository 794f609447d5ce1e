//! What people do to alarms, in their words.

use onsite_rules::mute::{self, MuteBody};
use onsite_rules::rights::Permission;
use onsite_wire::rest::{Acknowledged, AcknowledgementAspect, Assignee, MuteAspect, MuteReason};
use onsite_wire::time::Timestamp;

use super::dice::Dice;
use super::survey::{Colleague, Spot, Survey};

const NOTES: &[&str] = &[
    "Bin unterwegs, 20 Minuten.",
    "Checked on the camera, going there after lunch.",
    "Já falei com a segurança, estou a caminho.",
    "保守会社に連絡済みです。",
    "Jag tar det, reservdel finns i bilen.",
    "Called the utility: work on the line until four.",
    "Ersatzlüfter bestellt, kommt Donnerstag.",
    "Known from last week; watching the trend.",
    "",
    "",
];

const MUTE_TEXTS: &[(MuteReason, &str)] = &[
    (MuteReason::PlannedMaintenance, "UPS-Wartung laut Plan"),
    (MuteReason::PlannedMaintenance, ""),
    (MuteReason::KnownIssue, "Waiting for the new sensor"),
    (MuteReason::KnownIssue, "Avaria conhecida, peça encomendada"),
    (MuteReason::UnderRepair, "Technician of the maker is on site"),
    (MuteReason::UnderRepair, ""),
    (MuteReason::Nuisance, "Rings with every delivery through the door"),
    (MuteReason::Other, "消防点検のため"),
];

const HOUR_MS: i64 = 3_600_000;
const MUTE_HOURS: &[i64] = &[1, 4, 8, 24, 7 * 24];

/// A note beside an acknowledgement; often none.
pub(super) fn note(dice: &mut Dice) -> String {
    dice.word(NOTES).to_owned()
}

/// A mute of an alarm as somebody sets it at this time: for some hours, or now and then until it is cleared.
pub(super) fn mute_body(made_at: Timestamp, dice: &mut Dice) -> MuteBody {
    let (reason, text) = dice.pick(MUTE_TEXTS).copied().unwrap_or((MuteReason::Nuisance, ""));
    let hours = dice.pick(MUTE_HOURS).copied().unwrap_or(1);
    let until = (!dice.chance(0.2)).then(|| made_at.plus_millis(hours * HOUR_MS));
    MuteBody { until, reason, text: text.to_owned() }
}

/// Who becomes responsible when this person acknowledges: usually that person, else somebody who may see the device, or the
/// partner.
pub(super) fn assignee(by: &Colleague, spot: &Spot, survey: &Survey, dice: &mut Dice) -> Assignee {
    let partner = survey.partner.clone().filter(|_| dice.chance(0.1));
    let colleagues = survey.who_may(Permission::View, spot);
    let other = dice.pick(&colleagues).map(|other| other.assignee()).filter(|_| dice.chance(0.15));
    partner.or(other).unwrap_or_else(|| by.assignee())
}

/// An acknowledgement by somebody who may see the device, made at this time; sometimes taken back since.
pub(super) fn acknowledged(
    spot: &Spot,
    survey: &Survey,
    made_at: Timestamp,
    dice: &mut Dice,
) -> Option<AcknowledgementAspect> {
    let by = dice.pick(&survey.who_may(Permission::Acknowledge, spot)).copied()?;
    let assignee = assignee(by, spot, survey, dice);
    let mut aspect = acknowledged_by(by, assignee, made_at, dice);
    if dice.chance(0.1) {
        (aspect.version, aspect.acknowledged) = (2, None);
    }
    Some(aspect)
}

/// An acknowledgement that this person made at this time.
pub(super) fn acknowledged_by(
    by: &Colleague,
    assignee: Assignee,
    made_at: Timestamp,
    dice: &mut Dice,
) -> AcknowledgementAspect {
    AcknowledgementAspect {
        version: 1,
        action: Some(dice.action(made_at)),
        by: Some(by.id),
        by_name: by.name.clone(),
        made_at: Some(made_at),
        acknowledged: Some(Acknowledged { assignee, note: note(dice), assignee_cannot_see: false }),
    }
}

/// A mute that somebody who may set it there set at this time, if the rules let it.
pub(super) fn muted(
    spot: &Spot,
    survey: &Survey,
    body: &MuteBody,
    target: mute::Target,
    made_at: Timestamp,
    dice: &mut Dice,
) -> Option<MuteAspect> {
    let by = dice.pick(&survey.who_may(Permission::Mute, spot)).copied()?;
    muted_by(by, body, target, made_at, dice)
}

/// A mute that this person set at this time, if the rules let it.
pub(super) fn muted_by(
    by: &Colleague,
    body: &MuteBody,
    target: mute::Target,
    made_at: Timestamp,
    dice: &mut Dice,
) -> Option<MuteAspect> {
    mute::check(body, target, made_at).ok()?;
    Some(MuteAspect {
        version: 1,
        action: Some(dice.action(made_at)),
        by: Some(by.id),
        by_name: by.name.clone(),
        made_at: Some(made_at),
        muted: Some(mute::muted(body)),
    })
}
