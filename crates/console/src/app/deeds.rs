//! What a person does to alarms: from the list or from an open alarm to the sheet that asks the rest.

use onsite_wire::onsite::{Capability, PersonEntry};
use onsite_wire::rest::{Assignee, AssigneeKind};

use super::message::Command;
use super::{Model, Screen};
use crate::api::{AlarmRow, AssigneeChoice, Chosen, Offer, Offers};
use crate::sheets::{AcknowledgeSheet, MuteSheet, MuteTarget, Sheet, Target};
use crate::words;

/// What a deed would be done to now, as the sheet names it.
pub fn target(model: &Model) -> Option<Target> {
    if model.screen == Screen::Alarm {
        let open = model.alarm.as_ref()?;
        let label = open.detail.as_ref().map_or_else(String::new, |detail| named(&detail.row));
        return Some(Target { chosen: Chosen::These(vec![open.id]), label, count: 1 });
    }
    let count = model.alarms.count_chosen();
    let label = match (model.alarms.selected(), count) {
        (Some(row), 1) if model.alarms.choice == super::alarm_list::Choice::None => named(row),
        _ => words::counted(count, "alarm"),
    };
    Some(Target { chosen: model.alarms.target()?, label, count })
}

fn named(row: &AlarmRow) -> String {
    format!("{} · {}", row.label, row.device_label)
}

/// The alarm whose row is acted on, when it is one.
fn row(model: &Model) -> Option<&AlarmRow> {
    match model.screen {
        Screen::Alarm => model.alarm.as_ref()?.detail.as_ref().map(|detail| &detail.row),
        _ => model.alarms.selected(),
    }
}

/// What the core says may be done: of the open alarm all that is known; on a list what its organization offers, the rest is
/// told when it is done.
fn offer(model: &Model, capability: Capability, of: impl Fn(&Offers) -> Offer) -> Offer {
    if let Some(open) = model.alarm.as_ref().filter(|_| model.screen == Screen::Alarm) {
        return open.detail.as_ref().map_or(Offer::Offered, |detail| of(&detail.may));
    }
    let organization = row(model).map(|row| row.organization);
    let overview = model.organizations.iter().find(|one| Some(one.id) == organization);
    match overview {
        Some(one) if !one.capabilities.contains(&capability) => Offer::NotOffered,
        _ => Offer::Offered,
    }
}

/// Says why something is not to be had; `true`: it is.
fn is_offered(model: &mut Model, offer: Offer) -> bool {
    match offer {
        Offer::Offered => return true,
        Offer::NotOffered => model.complain("Not offered here."),
        Offer::NotAllowed => model.complain("Your role does not allow this here."),
        Offer::NotNow => model.complain("The alarm is cleared."),
    }
    false
}

pub fn acknowledge(model: &mut Model) -> Vec<Command> {
    let may = offer(model, Capability::Acknowledge, |may| may.acknowledge);
    if !is_offered(model, may) {
        return Vec::new();
    }
    let Some(target) = target(model) else { return Vec::new() };
    let standing = row(model).filter(|_| target.count == 1).and_then(|row| row.acknowledged.clone());
    // Of several, the first one's people are asked for; the core refuses for an alarm that one of them may not see.
    let first = match &target.chosen {
        Chosen::These(ids) => ids.first().copied(),
        Chosen::AllOf(_) => model.alarms.rows.first().map(|row| row.id),
    };
    model.sheet = Some(Sheet::Acknowledge(AcknowledgeSheet::new(target, standing)));
    first.map(Command::Assignees).into_iter().collect()
}

pub fn hand_over(model: &mut Model) -> Vec<Command> {
    let organization = match (model.organization, model.organizations.as_slice()) {
        (Some(id), _) => id,
        (None, [only]) => only.id,
        (None, _) => {
            model.say("Choose the organization first.");
            return Vec::new();
        }
    };
    let me = model.state.person.as_ref().map(|person| person.id);
    let others = model.people.iter().filter(|person| Some(person.id) != me);
    let choice = |person: &PersonEntry| AssigneeChoice {
        assignee: Assignee { kind: AssigneeKind::Person, id: person.id.0, name: person.name.clone() },
        me: false,
        can_see: true,
    };
    let sheet = AcknowledgeSheet::to_hand_over(organization, others.map(choice).collect());
    model.sheet = Some(Sheet::Acknowledge(sheet));
    Vec::new()
}

pub fn mute(model: &mut Model) -> Vec<Command> {
    let may = offer(model, Capability::Mute, |may| may.mute);
    if is_offered(model, may)
        && let Some(target) = target(model)
    {
        let standing = row(model).filter(|_| target.count == 1).and_then(|row| row.muted.clone());
        let standing = standing.filter(|mute| mute.device.is_none());
        model.sheet = Some(Sheet::Mute(MuteSheet::new(MuteTarget::Alarms(Box::new(target)), standing)));
    }
    Vec::new()
}

pub fn mute_device(model: &mut Model) -> Vec<Command> {
    let may = offer(model, Capability::Mute, |may| may.mute_device);
    if !is_offered(model, may) {
        return Vec::new();
    }
    let Some(row) = row(model) else { return Vec::new() };
    let target = MuteTarget::Device(row.device, row.device_label.clone());
    let standing = row.muted.clone().filter(|mute| mute.device.is_some());
    model.sheet = Some(Sheet::Mute(MuteSheet::new(target, standing)));
    Vec::new()
}

/// Lifts the mute that holds: the alarm's own, or the device's.
pub fn unmute(model: &Model) -> Vec<Command> {
    let by_device = row(model).and_then(|row| row.muted.as_ref()).and_then(|mute| mute.device);
    match (target(model), by_device) {
        (Some(target), Some(device)) if target.count == 1 => {
            drop(target);
            vec![Command::UnmuteDevice(device)]
        }
        (Some(target), _) => vec![Command::Unmute(target.chosen)],
        (None, _) => Vec::new(),
    }
}

pub fn release(model: &Model) -> Vec<Command> {
    target(model).map(|target| Command::Release(target.chosen)).into_iter().collect()
}
