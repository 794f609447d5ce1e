//! The command line.

use std::path::PathBuf;

/// A phone in the terminal. Without arguments it starts a server of its own with invented organizations, and works on that.
#[derive(Debug, Clone, clap::Parser)]
#[command(name = "onsite-console", version, args_conflicts_with_subcommands = true)]
pub struct Args {
    /// Something else than a phone.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// Work on this server instead.
    #[arg(long, value_name = "URL", requires = "access")]
    pub server: Option<String>,
    /// Sign in as this person. The password is asked for; without a terminal it is the first line of standard input.
    #[arg(long, group = "access", requires = "server")]
    pub email: Option<String>,
    /// Read with the API key that is in this file.
    #[arg(long, value_name = "FILE", group = "access", requires = "server")]
    pub api_key_file: Option<PathBuf>,
    /// Keep this phone's data in here; without it, in a temporary folder that is gone afterwards.
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// The seed of the demonstration.
    #[arg(long, default_value_t = 1, conflicts_with = "server")]
    pub seed: u64,
    /// Tell a technician's shift as plain text; so it is also told where standard output is no terminal.
    #[arg(long, conflicts_with_all = ["server", "data"])]
    pub story: bool,
    /// Is the process that the story kills.
    #[arg(long, hide = true)]
    pub story_basement: bool,
    /// Draw screens of a demonstration into this SVG file and end.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["server", "data"])]
    pub picture: Option<PathBuf>,
}

/// What the console does beside being a phone.
#[derive(Debug, Clone, clap::Subcommand)]
pub enum Command {
    /// Tells what duty decides on a recorded track, fix by fix, each with its reason.
    DutyReplay {
        /// GPX, GeoJSON (.geojson, .json) or JSON lines (.jsonl, .ndjson).
        track: PathBuf,
        /// The sites' fences as GeoJSON.
        #[arg(long, value_name = "FILE")]
        sites: PathBuf,
    },
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser as _;

    fn read(words: &str) -> Result<Args, clap::Error> {
        Args::try_parse_from(std::iter::once("onsite-console").chain(words.split_whitespace()))
    }

    #[test]
    fn a_server_needs_somebody_who_asks_it() {
        assert!(read("").unwrap().server.is_none());
        assert!(read("--server http://localhost:8421").is_err());
        assert!(read("--email a@b.example").is_err());
        assert!(read("--server http://localhost:8421 --email a@b.example").is_ok());
        assert!(read("--server http://localhost:8421 --api-key-file key").is_ok());
        assert!(read("--server http://localhost:8421 --api-key-file key --email a@b.example").is_err());
    }

    #[test]
    fn a_password_is_never_an_argument() {
        assert!(read("--server http://localhost:8421 --email a@b.example --password x").is_err());
    }
}
