//! 06:50. Technician and colleague take the same alarm, one of them without signal. The one that arrives second is told,
//! and decides; nothing is overwritten silently.

use onsite::account::{ActionStage, OwnAction};
use onsite::alarms::{AlarmRow, Chosen};
use onsite_wire::ids::ActionId;
use onsite_wire::onsite::CurrentState;

use crate::story::StoryError;
use crate::story::clock::StoryTime;
use crate::story::shift::{Shift, tell_arrived, tell_pressed};

/// Plays the scene. The seed says who presses first, and how it is decided.
pub async fn play(shift: &mut Shift<'_>) -> Result<(), StoryError> {
    shift.teller.scene("Two people at once")?;
    shift.turn_with_signal(StoryTime::of_day(6, 50)).await?;
    let row = shift.choose(shift.home).await?;
    shift.technician.account()?.set_offline(true)?;
    shift.technician.until("the network is off", |state| state.offline).await?;
    let own = if shift.stage.chance.coin() {
        let own = technician_presses(shift, &row).await?;
        shift.turn_to(StoryTime::of_day(6, 51)).await?;
        colleague_presses(shift, &row).await?;
        own
    } else {
        colleague_presses(shift, &row).await?;
        shift.turn_to(StoryTime::of_day(6, 51)).await?;
        technician_presses(shift, &row).await?
    };
    shift.turn_to(StoryTime::of_day(6, 52)).await?;
    shift.technician.account()?.set_offline(false)?;
    shift.technician.sends_all().await?;
    let parked = shift.technician.action(own)?;
    shown(shift, &parked)?;
    decided(shift, &parked).await?;
    agreed(shift, &row).await
}

async fn technician_presses(shift: &mut Shift<'_>, row: &AlarmRow) -> Result<ActionId, StoryError> {
    let phone = &shift.technician;
    phone.account()?.clock_changed()?;
    let receipt = phone.account()?.alarms().acknowledge(Chosen::These(vec![row.id]), phone.me()?, "mine").await?;
    let made = tell_pressed(&mut shift.teller, phone, &receipt).await?;
    made.first().copied().ok_or(StoryError::Lacks("an action that was made"))
}

async fn colleague_presses(shift: &mut Shift<'_>, row: &AlarmRow) -> Result<(), StoryError> {
    let phone = &shift.colleague;
    phone.wakes_with_signal().await?;
    let receipt = phone.account()?.alarms().acknowledge(Chosen::These(vec![row.id]), phone.me()?, "no, mine").await?;
    let made: Vec<_> = phone.pressed(&receipt)?.iter().map(|action| action.id).collect();
    tell_arrived(&mut shift.teller, &mut shift.ledger, phone, &made).await
}

/// What the technician is shown.
fn shown(shift: &mut Shift<'_>, parked: &OwnAction) -> Result<(), StoryError> {
    let ActionStage::Parked { code, arguments, current, decisions } = &parked.stage else {
        return Err(StoryError::Lacks("a conflict"));
    };
    let phone = &shift.technician;
    shift.teller.says(phone, &format!("{} conflict, {code}: {}", parked.kind, code.text(arguments)))?;
    if let Some(current) = current {
        shift.teller.says(phone, &format!("{} acknowledged it {}", current.by_name, between(current)))?;
    }
    let choices: Vec<String> = decisions.iter().map(|decision| format!("{decision:?}").to_lowercase()).collect();
    shift.teller.says(phone, &format!("to be decided: {}", choices.join(", ")))
}

/// How the two presses lie (A8).
fn between(current: &CurrentState) -> String {
    let Some(made_at) = current.made_at else { return "at an unknown time".to_owned() };
    let seconds = made_at.millis_since(current.yours_made_at) / 1_000;
    if seconds > 0 { format!("{seconds} s after you, but arrived first") } else { format!("{} s before you", -seconds) }
}

async fn decided(shift: &mut Shift<'_>, parked: &OwnAction) -> Result<(), StoryError> {
    let phone = &shift.technician;
    if shift.stage.chance.coin() {
        let again = phone.account()?.retry(parked.id).await?;
        tell_arrived(&mut shift.teller, &mut shift.ledger, phone, &[again]).await?;
    } else {
        phone.account()?.discard(parked.id).await?;
    }
    let state = phone.until("it is decided", |state| state.parked == 0 && state.waiting == 0).await?;
    shift.teller.says(phone, &format!("decided; {} wait for a decision", state.parked))
}

/// Both phones show the same in the end.
async fn agreed(shift: &mut Shift<'_>, row: &AlarmRow) -> Result<(), StoryError> {
    shift.turn_with_signal(StoryTime::of_day(6, 54)).await?;
    for phone in [&shift.technician, &shift.colleague] {
        let row = phone.row(row.id).await?;
        let with = row.acknowledged.map_or_else(|| "nobody".to_owned(), |now| format!("{}: {:?}", now.name, now.note));
        shift.teller.says(phone, &format!("{} at {} is with {with}", row.label, row.device_label))?;
    }
    Ok(())
}
