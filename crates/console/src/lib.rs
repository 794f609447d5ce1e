//! A phone in the terminal, over the same core as the phones.
//!
//! | room | what lives there |
//! |---|---|
//! | `app` | the state of the console and how it changes: no terminal, no network, no clock |
//! | `screens`, `sheets` | how it is drawn, and which keys work where |
//! | `widgets`, `words` | what that is made of |
//! | `link` | the core: what the state asks for is asked of the account, what comes is told to the state |
//! | `terminal` | the terminal: keys in, cells out |
//! | `opening`, `embedded` | the account that is shown, and the demonstration where no server is named |
//! | `story` | a shift told as plain text, and checked |
//! | `replay` | what duty decides on a recorded track |
//! | `snapshot` | photos: the preview of one that is sent, and a preview in cells |
//! | `hand`, `picture`, `svg` | keys pressed without a terminal; screens of a real run as a picture |

mod api;
mod app;
pub mod args;
mod embedded;
mod hand;
mod link;
mod opening;
mod picture;
pub mod replay;
mod screens;
mod sheets;
mod snapshot;
pub mod story;
mod svg;
mod terminal;
#[cfg(test)]
mod tests;
mod widgets;
mod words;

use std::io::IsTerminal as _;
use std::process::ExitCode;

use args::Args;

/// Why the console ended other than by being left.
#[derive(Debug, thiserror::Error)]
pub enum ConsoleError {
    /// Standard output is no terminal.
    #[error("this needs a terminal")]
    NoTerminal,
    /// The core could not do it.
    #[error(transparent)]
    Core(#[from] api::Error),
    /// The demonstration's server could not start.
    #[error("the demonstration cannot start: {0}")]
    Server(#[from] onsite_server::ServerError),
    /// The demonstration's data could not be written.
    #[error("the demonstration cannot be set up: {0}")]
    Storage(#[from] onsite_server::storage::StorageError),
    /// The demonstration's organizations could not be taken in.
    #[error("the demonstration cannot be set up: {0}")]
    Ingest(#[from] onsite_server::storage::IngestError),
    /// The demonstration has nobody who could sign in.
    #[error("the demonstration has no technician")]
    NobodyThere,
    /// The server asks for a second factor, which this version cannot give.
    #[error("this account asks for a second factor, which the console cannot give yet")]
    SecondFactor,
    /// The story could not be told to its end.
    #[error(transparent)]
    Story(#[from] story::StoryError),
    /// A file or the terminal.
    #[error("{what}: {error}")]
    Io {
        /// Which.
        what: String,
        /// Why.
        error: std::io::Error,
    },
}

impl ConsoleError {
    fn io(what: impl Into<String>) -> impl FnOnce(std::io::Error) -> Self {
        let what = what.into();
        |error| Self::Io { what, error }
    }
}

/// Runs the console until the person leaves it, or tells the story; `Failure` when what was told and what is differ.
pub async fn run(args: Args) -> Result<ExitCode, ConsoleError> {
    if let Some(args::Command::DutyReplay { track, sites }) = &args.command {
        replay::tell(track, sites, &mut std::io::stdout().lock())?;
        return Ok(ExitCode::SUCCESS);
    }
    if args.story_basement {
        story::be_killed().await?;
        return Ok(ExitCode::SUCCESS);
    }
    let alone = args.server.is_none() && args.picture.is_none();
    if args.story || (alone && !std::io::stdout().is_terminal()) {
        let program = std::env::current_exe().map_err(ConsoleError::io("this program"))?;
        return Ok(match story::tell(args.seed, program, &mut std::io::stdout()).await? {
            story::Verdict::Agrees => ExitCode::SUCCESS,
            story::Verdict::Differs => ExitCode::FAILURE,
        });
    }
    if let Some(file) = &args.picture {
        picture::write(file, args.seed).await?;
        return Ok(ExitCode::SUCCESS);
    }
    if !std::io::stdout().is_terminal() {
        return Err(ConsoleError::NoTerminal);
    }
    let opened = opening::open(&args).await?;
    let unsent = terminal::run(&opened).await?;
    opened.close().await;
    if unsent > 0 && args.data.is_none() {
        eprintln!("{unsent} actions had not been sent; they are gone with the temporary folder.");
    }
    Ok(ExitCode::SUCCESS)
}
