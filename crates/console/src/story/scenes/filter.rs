//! 05:35. The technician looks for what to begin with: facet counts, choices, words, and why the list is short.

use std::collections::BTreeSet;

use onsite::alarms::AlarmFilter;

use crate::story::StoryError;
use crate::story::clock::{StoryTime, minute};
use crate::story::shift::{Shift, active};

/// So many rows of a list are told.
const ROWS: usize = 3;

/// Plays the scene.
pub async fn play(shift: &mut Shift<'_>) -> Result<(), StoryError> {
    shift.teller.scene("Filter")?;
    shift.turn_with_signal(StoryTime::of_day(5, 35)).await?;
    let filter = by_category(shift).await?;
    rows(shift, filter.clone()).await?;
    why_short(shift, &filter).await?;
    by_words(shift).await
}

/// Narrows to a category, by the counts beside the choices.
async fn by_category(shift: &mut Shift<'_>) -> Result<AlarmFilter, StoryError> {
    let phone = &shift.technician;
    let listed = phone.list(active(shift.home)).await?;
    let counts: Vec<_> = listed.facets.categories.iter().filter(|(name, _)| !name.is_empty()).collect();
    let told: Vec<String> = counts.iter().map(|(name, count)| format!("{name} {count}")).collect();
    shift.teller.says(phone, &format!("{} active, by category: {}", listed.total, told.join(", ")))?;
    let (chosen, promised) = shift.stage.chance.pick(&counts).copied().ok_or(StoryError::Lacks("categories"))?;
    let filter = AlarmFilter { categories: BTreeSet::from([chosen.clone()]), ..active(shift.home) };
    let narrowed = phone.list(filter.clone()).await?;
    let text = format!("{chosen} chosen: {} active, {promised} were promised", narrowed.total);
    shift.teller.says(phone, &text)?;
    Ok(filter)
}

async fn rows(shift: &mut Shift<'_>, filter: AlarmFilter) -> Result<(), StoryError> {
    let phone = &shift.technician;
    for row in phone.list(filter).await?.rows.iter().take(ROWS) {
        let (severity, since) = (row.severity.as_str(), minute(row.activated));
        let text = format!("{severity}: {} at {}, {}, since {since}", row.label, row.device_label, row.place);
        shift.teller.says(phone, &text)?;
    }
    Ok(())
}

async fn why_short(shift: &mut Shift<'_>, filter: &AlarmFilter) -> Result<(), StoryError> {
    let phone = &shift.technician;
    for why in phone.account()?.alarms().why_short(filter).await? {
        let text = format!("why this list is short: {} {}", why.code, why.code.text(&why.arguments));
        shift.teller.says(phone, text.trim_end())?;
    }
    Ok(())
}

/// Searches for the beginning of a device's name.
async fn by_words(shift: &mut Shift<'_>) -> Result<(), StoryError> {
    let phone = &shift.technician;
    let all = phone.list(AlarmFilter { organization: Some(shift.home), ..AlarmFilter::default() }).await?.rows;
    let row = shift.stage.chance.pick(&all).ok_or(StoryError::Lacks("alarms"))?;
    let words: String = row.device_label.chars().take(4).collect();
    let found = phone.list(AlarmFilter { words: words.clone(), ..AlarmFilter::default() }).await?;
    let text = format!("{words:?} typed: {} found, at {} devices", found.total, found.facets.devices);
    shift.teller.says(phone, &text)
}
