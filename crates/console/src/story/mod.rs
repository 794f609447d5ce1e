//! The story: a technician's shift told as plain text, over the same core as the screens and real HTTP.
//!
//! | file | for |
//! |---|---|
//! | `scenes/` | what happens, one file for each scene; a later feature adds its own here and calls it in [`tell`] |
//! | `shift` | what scenes share |
//! | `stage`, `clock`, `chance` | the server and its demonstration; the virtual time; what the seed decides |
//! | `phone`, `process` | a phone; the same phone in another process, which is killed |
//! | `teller` | prints |
//! | `ledger`, `witness` | what was told to be on the server; a second client that looks whether it is |
//!
//! Every line is what a core reported: scenes read and tell, they never state. The same seed tells the same lines; a measured
//! time stands at the end of a line as `(12 ms)` and is the only thing that may differ.

mod chance;
mod clock;
mod error;
mod ledger;
mod phone;
mod process;
mod scenes;
mod shift;
mod stage;
mod teller;
mod witness;

use std::io::Write;
use std::path::PathBuf;

pub use error::StoryError;
pub use process::{ARGUMENT as BASEMENT_ARGUMENT, be_killed};
pub use teller::without_measured;

use self::shift::Shift;
use self::stage::Stage;
use self::teller::Teller;
use self::witness::Witness;

/// How the told story and the server compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Each told effect is on the server, once, and no other.
    Agrees,
    /// Lines at the end say what differs.
    Differs,
}

/// Tells the story of this seed. `program` is this program: it is started again as the process that is killed.
pub async fn tell(seed: u64, program: PathBuf, out: &mut (dyn Write + Send)) -> Result<Verdict, StoryError> {
    let stage = Stage::set(seed).await?;
    let witness = Witness::new(&stage).await?;
    let before = witness.look().await?;
    let mut shift = Shift::new(stage, Teller::new(out), program).await?;
    shift
        .teller
        .line(&format!("A technician's shift, seed {seed}. Times are the server's, as each phone knows them."))?;
    scenes::sign_in::play(&mut shift).await?;
    scenes::filter::play(&mut shift).await?;
    scenes::acknowledge::play(&mut shift).await?;
    let carried = scenes::basement::play(&mut shift).await?;
    scenes::signal_back::play(&mut shift, &carried).await?;
    scenes::incident::play(&mut shift).await?;
    scenes::photo::play(&mut shift).await?;
    scenes::conflict::play(&mut shift).await?;
    scenes::mute_ends::play(&mut shift, carried.muted).await?;
    scenes::notices::play(&mut shift).await?;
    scenes::storm::play(&mut shift).await?;
    scenes::customers::play(&mut shift).await?;
    scenes::age::play(&mut shift).await?;
    scenes::on_duty::play(&mut shift).await?;
    let verdict = scenes::witnessed::play(&mut shift, &witness, &before).await?;
    scenes::sign_out::play(&mut shift).await?;
    shift.stage.strike().await?;
    Ok(verdict)
}
