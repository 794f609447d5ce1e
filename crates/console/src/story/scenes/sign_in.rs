//! 05:30. Technician and colleague sign in; their phones read everything for the first time.

use std::time::Instant;

use onsite::alarms::AlarmFilter;
use onsite::home::{Tile, tiles};
use onsite::session::SignInStep;
use secrecy::SecretString;

use crate::story::StoryError;
use crate::story::phone::Phone;
use crate::story::shift::Shift;
use crate::story::stage::Login;
use crate::story::teller::Teller;

/// Plays the scene.
pub async fn play(shift: &mut Shift<'_>) -> Result<(), StoryError> {
    shift.teller.scene("Sign-in and first sync")?;
    let (technician, colleague) = (shift.stage.technician()?, shift.stage.colleague()?);
    sign_in(&mut shift.teller, &shift.technician, technician).await?;
    sign_in(&mut shift.teller, &shift.colleague, colleague).await?;
    home_screen(shift).await
}

async fn sign_in(teller: &mut Teller<'_>, phone: &Phone, login: Login) -> Result<(), StoryError> {
    let begun = Instant::now();
    let step = phone.account()?.sign_in(&login.email, &SecretString::from(login.password)).await?;
    let SignInStep::SignedIn(person) = step else { return Err(StoryError::Lacks("a person without second factor")) };
    phone.until("everything is read", |state| state.live && state.read_at.is_some()).await?;
    let state = phone.at_rest().await?;
    let all = phone.list(AlarmFilter::default()).await?;
    let (active, cleared) = (all.facets.active, all.facets.cleared.unwrap_or_default());
    let text = format!("signed in as {}; read {} alarms, {active} active, {cleared} cleared", person.name, all.total);
    teller.says_measured(phone, &text, begun.elapsed())?;
    if let Some(offset_ms) = state.clock_offset_ms {
        let direction = if offset_ms < 0 { "ahead" } else { "behind" };
        teller.says(phone, &format!("this phone's clock is {} s {direction}", offset_ms.abs() / 1_000))?;
    }
    Ok(())
}

/// What the technician's home screen shows: the customers, and the tiles over all of them.
async fn home_screen(shift: &mut Shift<'_>) -> Result<(), StoryError> {
    let phone = &shift.technician;
    for customer in phone.account()?.organizations().await? {
        let role = customer.role.map_or_else(|| "no role".to_owned(), |role| format!("{role:?}"));
        let text = format!("{} critical, {} warnings", customer.active_critical, customer.active_warning);
        shift.teller.says(phone, &format!("customer {} ({role}): {text}", customer.label))?;
    }
    let me = phone.state()?.person.map(|person| person.id);
    for (tile, filter) in tiles(me, None) {
        let listed = phone.list(filter).await?;
        let tile = match tile {
            Tile::ActiveCritical => "active critical",
            Tile::ActiveWarning => "active warnings",
            Tile::AssignedToMe => "assigned to me",
            Tile::DevicesWithCritical => "devices with a critical alarm",
        };
        let text = format!("tile {tile}: {} alarms at {} devices", listed.total, listed.facets.devices);
        shift.teller.says(phone, &text)?;
    }
    Ok(())
}
