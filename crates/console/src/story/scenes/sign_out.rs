//! The end of the shift.

use onsite::account::SessionState;

use crate::story::StoryError;
use crate::story::shift::Shift;

/// Plays the scene. With something unsent on the phone, signing out would be refused.
pub async fn play(shift: &mut Shift<'_>) -> Result<(), StoryError> {
    shift.teller.scene("Sign-out")?;
    shift.technician.account()?.sign_out(false).await?;
    let state = shift.technician.until("nobody is signed in", |state| state.session == SessionState::SignedOut).await?;
    let text = format!("{:?}; {} on this phone only", state.session, state.waiting);
    shift.teller.says(&shift.technician, &text)?;
    shift.technician.close().await;
    shift.colleague.close().await;
    Ok(())
}
