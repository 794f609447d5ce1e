//! The program's commands. What they print on standard output is read by other programs: one fact a line, nothing else.

mod data;
mod serve;

use std::path::PathBuf;

use clap::{Parser, Subcommand};
use onsite_wire::ids::OrganizationId;
use onsite_wire::time::Timestamp;

use crate::server::ServerError;
use crate::storage::{IngestError, StorageError};

pub use serve::Serve;

/// The backend for development, demonstrations and small organizations.
#[derive(Debug, Parser)]
#[command(name = "onsite-server", version)]
pub struct Program {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Runs the server until it is told to stop.
    Serve(Serve),
    /// Writes an invented organization as JSON, inventory and alarms as the vendor's API writes them.
    DemoData(DemoData),
    /// Takes in an organization from a file; a server may be running on the data.
    Import(OneFile),
    /// Writes all data into one file, of one moment; a server may be running on the data.
    Backup(OneFile),
    /// Puts a backup in the place of the data, as a new generation; no server may be running on it.
    Restore(OneFile),
    /// Makes an API key and shows it once.
    ApiKey(ApiKey),
    /// Lists the API keys by name, with when they were made and what they open; never the keys themselves.
    ApiKeys(Data),
    /// Takes an API key back, also from under a running server: it opens nothing any more, at once.
    ApiKeyRevoke(ApiKeyRevoke),
}

#[derive(Debug, clap::Args)]
struct Data {
    /// The directory of the data.
    #[arg(long)]
    data: PathBuf,
}

#[derive(Debug, clap::Args)]
struct ApiKeyRevoke {
    /// The key's name, as `api-keys` lists it. It stands in the key itself too: AK1/NAME/…
    name: String,
    /// The directory of the data.
    #[arg(long)]
    data: PathBuf,
}

#[derive(Debug, clap::Args)]
struct OneFile {
    /// The file.
    file: PathBuf,
    /// The directory of the data.
    #[arg(long)]
    data: PathBuf,
}

#[derive(Debug, clap::Args)]
struct ApiKey {
    /// The directory of the data.
    #[arg(long)]
    data: PathBuf,
    /// What the key opens; may be given several times.
    #[arg(long, required = true)]
    organization: Vec<OrganizationId>,
}

#[derive(Debug, clap::Args)]
struct DemoData {
    /// The same seed and time invent the same.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many alarms.
    #[arg(long, default_value_t = 1_000)]
    alarms: usize,
    /// How many devices.
    #[arg(long, default_value_t = 200)]
    devices: usize,
    /// As it stands at this time; missing: now.
    #[arg(long, value_parser = Timestamp::parse)]
    now: Option<Timestamp>,
    /// Where to write it.
    #[arg(long)]
    out: PathBuf,
}

/// Why a command did not do what it was told.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// The server could not start.
    #[error(transparent)]
    Server(#[from] ServerError),
    /// The data could not be read or written.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// Something could not be taken in.
    #[error(transparent)]
    Ingest(#[from] IngestError),
    /// A file could not be read or written.
    #[error("{file}: {error}")]
    File {
        /// Which.
        file: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// A file does not hold an organization.
    #[error("{file} does not hold an organization: {error}")]
    NotADocument {
        /// Which.
        file: PathBuf,
        /// Why.
        error: serde_json::Error,
    },
    /// There is nothing to take back.
    #[error("no API key is named {0}")]
    NoSuchKey(String),
    /// Everybody could sign in to a demonstration.
    #[error("a demonstration has public passwords: outside of this machine it needs --allow-public-demo")]
    PublicDemo,
    /// Signals or standard output are not to be had.
    #[error("{0}")]
    Surroundings(#[from] std::io::Error),
}

/// Does what was asked for on the command line.
pub async fn run(program: Program) -> Result<(), CommandError> {
    match program.command {
        Command::Serve(serve) => serve.run().await,
        Command::DemoData(wanted) => data::demo_data(&wanted),
        Command::Import(named) => data::import(&named).await,
        Command::Backup(named) => Ok(crate::storage::back_up(&named.data, &named.file)?),
        Command::Restore(named) => Ok(crate::storage::restore(&named.data, &named.file)?),
        Command::ApiKey(wanted) => data::api_key(wanted).await,
        Command::ApiKeys(named) => data::api_keys(&named).await,
        Command::ApiKeyRevoke(named) => data::revoke_api_key(&named).await,
    }
}
