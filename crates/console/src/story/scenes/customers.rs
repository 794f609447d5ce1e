//! 08:00. The technician switches to another customer, without signal, works there and switches back. What was written for
//! one reaches that one.

use std::time::Duration;

use onsite::account::OrganizationOverview;
use onsite::alarms::{AlarmSort, Chosen, MuteUntil, Offer};
use onsite_wire::ids::{ActionId, OrganizationId};
use onsite_wire::rest::{AssigneeKind, MuteReason};

use crate::story::StoryError;
use crate::story::clock::StoryTime;
use crate::story::phone::stage;
use crate::story::shift::{Shift, active, sent, tell_pressed};

/// Plays the scene.
pub async fn play(shift: &mut Shift<'_>) -> Result<(), StoryError> {
    shift.teller.scene("Another customer")?;
    shift.turn_with_signal(StoryTime::of_day(8, 0)).await?;
    let customers = shift.technician.account()?.organizations().await?;
    let other = customers.iter().find(|customer| customer.id != shift.home).ok_or(StoryError::Lacks("a customer"))?;
    shift.technician.account()?.set_offline(true)?;
    shift.technician.until("the network is off", |state| state.offline).await?;
    switch(shift, other.id, &customers).await?;
    let mut made = mutes_a_device(shift, other.id).await?;
    made.extend(hands_to_the_partner(shift, other.id).await?);
    switch(shift, shift.home, &customers).await?;
    shift.turn_to(StoryTime::of_day(8, 10)).await?;
    shift.technician.account()?.set_offline(false)?;
    let actions = sent(&shift.technician, &made).await?;
    for action in &actions {
        let label = label(&customers, action.organization);
        let text = format!("{} for {label}: {}", action.kind, stage(&action.stage));
        shift.teller.says(&shift.technician, &text)?;
    }
    shift.ledger.keep(&shift.technician, &actions)?;
    Ok(())
}

fn label(customers: &[OrganizationOverview], id: OrganizationId) -> &str {
    customers.iter().find(|customer| customer.id == id).map_or("nobody", |customer| &customer.label)
}

/// Switches by the filter, which is remembered as the last one.
async fn switch(
    shift: &mut Shift<'_>,
    to: OrganizationId,
    customers: &[OrganizationOverview],
) -> Result<(), StoryError> {
    let phone = &shift.technician;
    let alarms = phone.account()?.alarms();
    alarms.remember_filter(&active(to), AlarmSort::Newest).await?;
    let (filter, _) = alarms.last_filter().await?;
    let chosen = filter.organization.map_or("all customers", |id| label(customers, id));
    let listed = phone.list(filter.clone()).await?;
    shift.teller.says(phone, &format!("switched to {chosen}: {} active", listed.total))
}

/// Mutes a device there, with all alarms of its components.
async fn mutes_a_device(shift: &mut Shift<'_>, there: OrganizationId) -> Result<Vec<ActionId>, StoryError> {
    let row = shift.choose(there).await?;
    let phone = &shift.technician;
    let alarms = phone.account()?.alarms();
    let offer = alarms.detail(row.id).await?.may.mute_device;
    if offer != Offer::Offered {
        return Err(StoryError::Lacks("a device that may be muted"));
    }
    let hours = MuteUntil::For(Duration::from_secs(8 * 60 * 60));
    let receipt = alarms.mute_device(row.device, hours, MuteReason::PlannedMaintenance, "").await?;
    let made = tell_pressed(&mut shift.teller, phone, &receipt).await?;
    let rows = phone.list(active(there)).await?.rows;
    let covers = |row: &&onsite::alarms::AlarmRow| row.muted.as_ref().is_some_and(|muted| muted.device.is_some());
    let covered = rows.iter().filter(covers).count();
    shift.teller.says(phone, &format!("{covered} of {} active alarms are muted with their devices", rows.len()))?;
    Ok(made)
}

/// Makes the partner company responsible for an alarm there.
async fn hands_to_the_partner(shift: &mut Shift<'_>, there: OrganizationId) -> Result<Vec<ActionId>, StoryError> {
    let row = shift.choose(there).await?;
    let phone = &shift.technician;
    let alarms = phone.account()?.alarms();
    let choices = alarms.assignees(row.id).await?;
    let partner = choices.into_iter().find(|choice| choice.assignee.kind == AssigneeKind::Partner);
    let partner = partner.ok_or(StoryError::Lacks("a partner to choose"))?.assignee;
    let receipt = alarms.acknowledge(Chosen::These(vec![row.id]), partner, "for tomorrow's crew").await?;
    let made = tell_pressed(&mut shift.teller, phone, &receipt).await?;
    let row = phone.row(row.id).await?;
    if let Some(now) = row.acknowledged {
        shift.teller.says(phone, &format!("{} is with {}: {:?}", row.label, now.name, now.note))?;
    }
    Ok(made)
}
