//! The phone in another process, which is ended without warning: what a person did there must be in the files.
//!
//! The process is this program again, with a hidden argument. It gets its errand on standard input, tells on standard
//! output, and says when it has nothing more to tell; then it is killed.

use std::path::Path;
use std::process::Stdio;

use onsite::time::Timestamp;
use onsite_wire::ids::{AlarmId, OrganizationId};
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::process::Command;

use super::StoryError;
use super::phone::Handset;
use super::scenes::basement;
use super::teller::Teller;

/// The argument that makes this program the process that holds the phone.
pub const ARGUMENT: &str = "--story-basement";
/// The line that says that all was told.
const ALL_TOLD: &str = "\u{4}";

/// What the other process is to do.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Errand {
    /// The phone that it opens.
    pub handset: Handset,
    /// The time, which stands still while it lives.
    pub now: Timestamp,
    /// Where the person works.
    pub home: OrganizationId,
    /// The alarm to acknowledge.
    pub acknowledge: AlarmId,
    /// The alarm to mute.
    pub mute: AlarmId,
}

/// Lets another process do the errand and tells what it tells, then kills it.
pub async fn run_and_kill(program: &Path, errand: &Errand, teller: &mut Teller<'_>) -> Result<(), StoryError> {
    let mut process =
        Command::new(program).arg(ARGUMENT).stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true).spawn()?;
    let (Some(mut input), Some(output)) = (process.stdin.take(), process.stdout.take()) else {
        return Err(StoryError::EndedEarly);
    };
    input.write_all(format!("{}\n", serde_json::to_string(errand)?).as_bytes()).await?;
    input.flush().await?;
    let mut lines = BufReader::new(output).lines();
    while let Some(line) = lines.next_line().await? {
        if line == ALL_TOLD {
            process.kill().await?;
            return Ok(());
        }
        teller.line(&line)?;
    }
    Err(StoryError::EndedEarly)
}

/// Is the other process: does the errand and waits to be killed, or for the end of whoever sent it.
pub async fn be_killed() -> Result<(), StoryError> {
    let mut input = BufReader::new(tokio::io::stdin());
    let mut errand = String::new();
    input.read_line(&mut errand).await?;
    let errand: Errand = serde_json::from_str(&errand)?;
    let mut out = std::io::stdout();
    let mut teller = Teller::new(&mut out);
    // Kept open: an app that is killed has not closed its files.
    let _phone = basement::without_signal(&errand, &mut teller).await?;
    teller.line(ALL_TOLD)?;
    input.read_to_end(&mut Vec::new()).await?;
    Ok(())
}
