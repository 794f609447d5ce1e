//! 06:40. Up again: what waited is sent, and the mute still runs from the press.

use super::basement::Carried;
use crate::story::StoryError;
use crate::story::clock::{StoryTime, time_of_day};
use crate::story::shift::{Shift, tell_arrived};

/// Plays the scene.
pub async fn play(shift: &mut Shift<'_>, carried: &Carried) -> Result<(), StoryError> {
    shift.teller.scene("Signal back")?;
    shift.stage.server.faults().set_offline(false);
    shift.turn_to(StoryTime::of_day(6, 40)).await?;
    let state = shift.technician.wakes_with_signal().await?;
    shift.colleague.wakes_with_signal().await?;
    let age = state.age_ms.map_or_else(|| "unknown".to_owned(), |age| format!("{} min", age / 60_000));
    shift.teller.says(&shift.technician, &format!("live: {}; the age of the data is {age}", state.live))?;
    tell_arrived(&mut shift.teller, &mut shift.ledger, &shift.technician, &carried.waiting).await?;
    let phone = &shift.colleague;
    let row = phone.row_until(carried.muted, "the colleague sees the mute", |row| row.muted.is_some()).await?;
    if let Some(muted) = row.muted {
        let until = muted.until.map_or_else(|| "cleared".to_owned(), time_of_day);
        let text = format!("{} is muted by {} until {until}, {:?}", row.label, muted.by_name, muted.reason);
        shift.teller.says(phone, &text)?;
    }
    Ok(())
}
