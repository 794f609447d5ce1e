//! The server as a program.

use std::process::ExitCode;

use clap::Parser;
use onsite_server::cli::{Program, run};

#[tokio::main]
async fn main() -> ExitCode {
    onsite_server::trouble::tell(|line| eprintln!("{line}"));
    match run(Program::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("onsite-server: {error}");
            ExitCode::FAILURE
        }
    }
}
