//! The console as a program: the story, for now told on any terminal.

use std::process::ExitCode;

use clap::Parser;
use onsite_console::story::{self, StoryError, Verdict};

/// A phone in the terminal.
#[derive(Debug, Parser)]
#[command(name = "onsite-console", version)]
struct Arguments {
    /// Tells a technician's shift as plain text.
    #[arg(long)]
    story: bool,
    /// Which story.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Is the process that the story kills.
    #[arg(long, hide = true)]
    story_basement: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(Verdict::Agrees) => ExitCode::SUCCESS,
        Ok(Verdict::Differs) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("onsite-console: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> Result<Verdict, StoryError> {
    if arguments.story_basement {
        return story::be_killed().await.map(|()| Verdict::Agrees);
    }
    story::tell(arguments.seed, std::env::current_exe()?, &mut std::io::stdout()).await
}
