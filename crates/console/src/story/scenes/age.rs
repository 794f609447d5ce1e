//! 09:35. The signal was gone for a while: the age of the data is known, and goes when it is read again.

use onsite::account::AccountState;

use crate::story::StoryError;
use crate::story::clock::StoryTime;
use crate::story::shift::Shift;

/// Plays the scene.
pub async fn play(shift: &mut Shift<'_>) -> Result<(), StoryError> {
    shift.teller.scene("The age of the data")?;
    shift.turn_with_signal(StoryTime::of_day(8, 20)).await?;
    told(shift, &shift.technician.state()?)?;
    shift.stage.server.faults().set_offline(true);
    shift.turn_to(StoryTime::of_day(9, 35)).await?;
    shift.technician.wakes()?;
    let old = |state: &AccountState| state.trouble.is_some() && state.age_ms > Some(0);
    let state = shift.technician.until("the data grows old", old).await?;
    told(shift, &state)?;
    shift.stage.server.faults().set_offline(false);
    shift.turn_with_signal(StoryTime::of_day(9, 40)).await?;
    told(shift, &shift.technician.state()?)
}

fn told(shift: &mut Shift<'_>, state: &AccountState) -> Result<(), StoryError> {
    let age = state.age_ms.map_or_else(|| "never read".to_owned(), |age| format!("{} min old", age / 60_000));
    let trouble = if state.trouble.is_some() { "reading fails" } else { "reading works" };
    shift.teller.says(&shift.technician, &format!("the data is {age}; {trouble}"))
}
