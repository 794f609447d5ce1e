//! What people do to alarms, in their words.

use onsite_rules::mute::{self, MuteBody};
use onsite_rules::rights::Permission;
use onsite_wire::rest::{Acknowledged, AcknowledgementAspect, Assignee, MuteAspect, MuteReason};
use onsite_wire::time::Timestamp;

use super::dice::Dice;
use super::people::Tongue;
use super::survey::{Colleague, Spot, Survey};

const fn notes(tongue: Tongue) -> &'static [&'static str] {
    match tongue {
        Tongue::English => {
            &["On my way, 20 minutes.", "Called the maintenance company.", "Watching it until noon.", ""]
        }
        Tongue::German => {
            &["Bin unterwegs, 20 Minuten.", "Wartungsfirma verständigt.", "Ersatzteil bestellt, kommt Donnerstag.", ""]
        }
        Tongue::Japanese => &["保守会社に連絡済みです。", "現地に向かっています。", "部品を手配しました。", ""],
        Tongue::Nordic => {
            &["Jag tar det, är där om en kvart.", "Reservdelen är beställd.", "Kollar på kameran först.", ""]
        }
        Tongue::Portuguese => &[
            "Estou a caminho, 20 minutos.",
            "Já falei com a manutenção.",
            "Peça encomendada, chega na quinta-feira.",
            "",
        ],
    }
}

/// What somebody writes beside a mute: of planned work, and of something that cannot wait for a word of its own.
const fn mute_texts(tongue: Tongue) -> (&'static str, &'static str) {
    match tongue {
        Tongue::English => ("Maintenance as planned", "Fire drill until the evening"),
        Tongue::German => ("Wartung laut Plan", "Brandschutzübung bis zum Abend"),
        Tongue::Japanese => ("計画保守のため", "消防点検のため"),
        Tongue::Nordic => ("Planerat underhåll", "Brandövning till i kväll"),
        Tongue::Portuguese => ("Manutenção prevista", "Simulacro de incêndio até à noite"),
    }
}

const HOUR_MS: i64 = 3_600_000;
const MUTE_HOURS: &[i64] = &[1, 4, 8, 24, 7 * 24];

/// A note of this person beside an acknowledgement; sometimes none.
pub(super) fn note(by: &Colleague, dice: &mut Dice) -> String {
    dice.word(notes(by.tongue)).to_owned()
}

/// A mute of an alarm as this person sets it at this time: for some hours, or now and then until it is cleared.
pub(super) fn mute_body(by: &Colleague, made_at: Timestamp, dice: &mut Dice) -> MuteBody {
    let (planned, other) = mute_texts(by.tongue);
    let reasons = [
        (MuteReason::PlannedMaintenance, planned),
        (MuteReason::KnownIssue, ""),
        (MuteReason::UnderRepair, ""),
        (MuteReason::Nuisance, ""),
        (MuteReason::Other, other),
    ];
    let (reason, text) = dice.pick(&reasons).copied().unwrap_or((MuteReason::Nuisance, ""));
    let hours = dice.pick(MUTE_HOURS).copied().unwrap_or(1);
    let until = (!dice.chance(0.2)).then(|| made_at.plus_millis(hours * HOUR_MS));
    MuteBody { until, reason, text: text.to_owned() }
}

/// A mute of a device, during planned work that ends then.
pub(super) fn planned_work(by: &Colleague, until: Timestamp) -> MuteBody {
    let (planned, _) = mute_texts(by.tongue);
    MuteBody { until: Some(until), reason: MuteReason::PlannedMaintenance, text: planned.to_owned() }
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
        acknowledged: Some(Acknowledged { assignee, note: note(by, dice), assignee_cannot_see: false }),
    }
}

/// Somebody who may mute at this device.
pub(super) fn who_mutes<'a>(spot: &Spot, survey: &'a Survey, dice: &mut Dice) -> Option<&'a Colleague> {
    dice.pick(&survey.who_may(Permission::Mute, spot)).copied()
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
