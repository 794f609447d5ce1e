//! Around 07:00. The mute's end is announced to the person who set it, and then it ends: the alarm counts again.

use onsite::time::Timestamp;
use onsite_rules::mute::ANNOUNCED_MS;
use onsite_wire::ids::AlarmId;

use crate::story::StoryError;
use crate::story::clock::time_of_day;
use crate::story::shift::{Shift, untouched};

/// Plays the scene.
pub async fn play(shift: &mut Shift<'_>, muted: AlarmId) -> Result<(), StoryError> {
    shift.teller.scene("A mute ends")?;
    let row = shift.technician.row(muted).await?;
    let until = row.muted.as_ref().and_then(|muted| muted.until).ok_or(StoryError::Lacks("a mute with an end"))?;
    let text = format!("{} at {} is muted until {}", row.label, row.device_label, time_of_day(until));
    shift.teller.says(&shift.technician, &text)?;
    counted(shift).await?;
    passes(shift, muted, until.plus_millis(60_000 - ANNOUNCED_MS), "mute_ends_soon").await?;
    passes(shift, muted, until.plus_millis(60_000), "mute_ended").await?;
    for phone in [&shift.technician, &shift.colleague] {
        let row = phone.row_until(muted, "the mute has ended", |row| row.muted.is_none()).await?;
        let still = row.muted.map_or_else(|| "not muted".to_owned(), |muted| format!("muted by {}", muted.by_name));
        shift.teller.says(phone, &format!("{} at {} is {still}", row.label, row.device_label))?;
    }
    counted(shift).await
}

async fn counted(shift: &mut Shift<'_>) -> Result<(), StoryError> {
    let listed = shift.technician.list(untouched(shift.home)).await?;
    shift.teller.says(&shift.technician, &format!("{} active without mute and of nobody's", listed.total))
}

/// Time passes, and the flight recorder of the technician's phone has this event of the alarm.
async fn passes(shift: &mut Shift<'_>, alarm: AlarmId, time: Timestamp, event: &str) -> Result<(), StoryError> {
    shift.turn_with_signal(time).await?;
    let line = shift.technician.recorded(alarm, event).await?;
    shift.teller.says(&shift.technician, &format!("recorded of the alarm: {}", line.code))
}
