//! The end: another client reads the server. What people did there must be what was told, each effect once.

use crate::story::shift::Shift;
use crate::story::witness::{Sighting, Witness, differences, histories_that_differ, moves, rows_that_differ};
use crate::story::{StoryError, Verdict};

/// Plays the scene.
pub async fn play(shift: &mut Shift<'_>, witness: &Witness, before: &Sighting) -> Result<Verdict, StoryError> {
    shift.teller.scene("Another client reads the server")?;
    let after = witness.look().await?;
    let told = shift.ledger.told();
    let histories = witness.histories(told).await?;
    let [acknowledgements, mutes] = moves(before, &after);
    let entries: usize = histories.values().map(Vec::len).sum();
    shift.teller.line(&format!(
        "  on the server: {acknowledgements} acknowledgements, {mutes} mutes, {entries} entries in histories; told: {}",
        told.len()
    ))?;
    let mut found = differences(before, &after, told);
    found.extend(histories_that_differ(&histories, told));
    found.extend(rows_that_differ(&shift.technician, &after, told).await?);
    for difference in &found {
        shift.teller.line(&format!("  differs: {difference}"))?;
    }
    if !found.is_empty() {
        return Ok(Verdict::Differs);
    }
    shift.teller.line("  each told effect is there once, and no other")?;
    Ok(Verdict::Agrees)
}
