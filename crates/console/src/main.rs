//! The console as a program.

use std::process::ExitCode;

use clap::Parser as _;
use onsite_console::args::Args;

#[tokio::main]
async fn main() -> ExitCode {
    match onsite_console::run(Args::parse()).await {
        Ok(code) => code,
        Err(error) => {
            eprintln!("onsite-console: {error}");
            ExitCode::FAILURE
        }
    }
}
