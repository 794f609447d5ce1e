//! 05:40. The technician takes an alarm. The server's answer is lost after its commit: it is asked again, and there is one
//! effect.

use std::time::Duration;

use onsite::alarms::Chosen;
use onsite_server::Fault;

use crate::story::StoryError;
use crate::story::clock::StoryTime;
use crate::story::shift::{Shift, tell_arrived};

/// Where phones send their actions.
const ACTIONS: &str = "/onsite/v1/actions";

/// Plays the scene.
pub async fn play(shift: &mut Shift<'_>) -> Result<(), StoryError> {
    shift.teller.scene("Acknowledge; the answer is lost")?;
    shift.turn_with_signal(StoryTime::of_day(5, 40)).await?;
    let row = shift.choose(shift.home).await?;
    let phone = &shift.technician;
    let detail = phone.account()?.alarms().detail(row.id).await?;
    let text = format!("{} at {}: acknowledging is {:?}", row.label, row.device_label, detail.may.acknowledge);
    shift.teller.says(phone, &text)?;
    for advice in &detail.recommended_actions {
        shift.teller.says(phone, &format!("recommended: {advice}"))?;
    }
    shift.stage.server.faults().next(ACTIONS, 1, Fault::LoseAnswer);
    let receipt = phone.account()?.alarms().acknowledge(Chosen::These(vec![row.id]), phone.me()?, "on my way").await?;
    let actions = phone.pressed(&receipt)?;
    let ids: Vec<_> = actions.iter().map(|action| action.id).collect();
    let waits = |state: &onsite::account::AccountState| state.waiting == 1 && state.next_attempt.is_some();
    let state = phone.until("the lost answer is noticed", waits).await?;
    let until_next = state.next_attempt.map_or(0, |at| at.millis_since(phone.wall()).max(0));
    let text = format!("{} on this phone; the next attempt is set", state.waiting);
    shift.teller.says_measured(phone, &text, Duration::from_millis(until_next.unsigned_abs()))?;
    shift.turn_to(StoryTime::of_day(5, 41)).await?;
    shift.technician.account()?.clock_changed()?;
    tell_arrived(&mut shift.teller, &mut shift.ledger, &shift.technician, &ids).await?;
    seen_by_the_colleague(shift, row.id).await
}

async fn seen_by_the_colleague(shift: &mut Shift<'_>, id: onsite_wire::ids::AlarmId) -> Result<(), StoryError> {
    let phone = &shift.colleague;
    phone.wakes_with_signal().await?;
    let row = phone.row_until(id, "the colleague sees it", |row| row.acknowledged.is_some()).await?;
    if let Some(now) = row.acknowledged {
        shift.teller.says(phone, &format!("{} is with {}: {:?}", row.label, now.name, now.note))?;
    }
    for entry in phone.account()?.alarms().history(id).await? {
        shift.teller.says(phone, &format!("its history: {} by {}", entry.kind, entry.by_name))?;
    }
    Ok(())
}
