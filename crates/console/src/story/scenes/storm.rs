//! 07:31. Utility power is lost at a site: some two hundred alarms. A colleague takes three; the technician, without signal
//! for a moment, all that nobody had: one press, one action for each alarm, one result.

use std::time::Instant;

use onsite::account::ActionStage;
use onsite::alarms::{AlarmFilter, AlarmRow, Chosen};
use onsite_wire::ids::{ActionId, AlarmId};

use crate::story::StoryError;
use crate::story::clock::{StoryTime, time_of_day};
use crate::story::shift::{Shift, sent, tell_arrived, untouched};

/// So many alarms the colleague takes.
const TAKEN: usize = 3;

/// Plays the scene.
pub async fn play(shift: &mut Shift<'_>) -> Result<(), StoryError> {
    shift.teller.scene("A storm")?;
    let (first, _) = shift.stage.storm(StoryTime::of_day(7, 20)).await?;
    shift.turn_with_signal(StoryTime::of_day(7, 31)).await?;
    let storm = AlarmFilter { from: Some(first), ..untouched(shift.home) };
    let listed = shift.technician.list(storm.clone()).await?;
    let facets = &listed.facets;
    let text = format!(
        "{} alarms since {}: {} critical, {} warnings, at {} devices",
        listed.total,
        time_of_day(first),
        facets.critical,
        facets.warning,
        facets.devices
    );
    shift.teller.says(&shift.technician, &text)?;
    shift.technician.account()?.set_offline(true)?;
    shift.technician.until("the network is off", |state| state.offline).await?;
    colleague_takes(shift, &listed.rows).await?;
    shift.turn_to(StoryTime::of_day(7, 32)).await?;
    let actions = all_at_once(shift, storm).await?;
    left_to_others(shift, &actions).await
}

async fn colleague_takes(shift: &mut Shift<'_>, storm: &[AlarmRow]) -> Result<(), StoryError> {
    let mut taken: Vec<AlarmId> = Vec::new();
    while taken.len() < TAKEN.min(storm.len()) {
        let row = shift.stage.chance.pick(storm).ok_or(StoryError::Lacks("a storm"))?;
        if !taken.contains(&row.id) {
            taken.push(row.id);
        }
    }
    let phone = &shift.colleague;
    let receipt = phone.account()?.alarms().acknowledge(Chosen::These(taken), phone.me()?, "these are mine").await?;
    let made: Vec<_> = phone.pressed(&receipt)?.iter().map(|action| action.id).collect();
    tell_arrived(&mut shift.teller, &mut shift.ledger, phone, &made).await
}

/// One press on everything that the filter leaves.
async fn all_at_once(shift: &mut Shift<'_>, storm: AlarmFilter) -> Result<Vec<ActionId>, StoryError> {
    let phone = &shift.technician;
    let alarms = phone.account()?.alarms();
    let receipt = alarms.acknowledge(Chosen::AllOf(storm), phone.me()?, "power is lost").await?;
    let made: Vec<_> = phone.pressed(&receipt)?.iter().map(|action| action.id).collect();
    let state = phone.state()?;
    shift.teller.says(phone, &format!("one press: {} actions, {} on this phone", made.len(), state.waiting))?;
    shift.turn_to(StoryTime::of_day(7, 33)).await?;
    let begun = Instant::now();
    phone.account()?.set_offline(false)?;
    let actions = sent(phone, &made).await?;
    let outcome = phone.account()?.outcome(&receipt);
    let (done, others) = (outcome.done, outcome.decided_by_others.len());
    let text = format!("{done} done, {others} decided by others, {} refused", outcome.refused.len());
    shift.teller.says_measured(phone, &text, begun.elapsed())?;
    shift.ledger.keep(phone, &actions)?;
    Ok(made)
}

/// Those that others had decided are listed, and left to them.
async fn left_to_others(shift: &mut Shift<'_>, actions: &[ActionId]) -> Result<(), StoryError> {
    let phone = &shift.technician;
    for id in actions {
        let own = phone.action(*id)?;
        let ActionStage::Parked { code, arguments, .. } = &own.stage else { continue };
        let subject = phone.subject(own.subject).await?;
        shift.teller.says(phone, &format!("{subject}: {}", code.text(arguments)))?;
        phone.account()?.discard(*id).await?;
    }
    let state = phone.until("all is decided", |state| state.parked == 0).await?;
    shift.teller.says(phone, &format!("left to them; {} wait for a decision", state.parked))
}
