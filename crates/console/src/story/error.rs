//! Why a story could not be told to its end.

use onsite::error::Error;
use onsite_server::ServerError;
use onsite_server::storage::{IngestError, StorageError};

/// Why a story could not be told to its end. That it was told and does not agree with the server is no error but a
/// [`Verdict`](super::Verdict).
#[derive(Debug, thiserror::Error)]
pub enum StoryError {
    /// The core refused what the story asks of it.
    #[error("the core: {0} ({code})", code = .0.code)]
    Core(#[from] Error),
    /// The witness could not read the server.
    #[error("the witness: {0}")]
    Witness(#[from] onsite::net::Fault),
    /// The server did not start.
    #[error("the server: {0}")]
    Server(#[from] ServerError),
    /// The server did not take what the story feeds it.
    #[error("the server: {0}")]
    Ingest(#[from] IngestError),
    /// The server's data failed.
    #[error("the server: {0}")]
    Storage(#[from] StorageError),
    /// The service bureau could not do what the story has it do.
    #[error("the service bureau: {0}")]
    Bureau(#[from] onsite_server::BureauError),
    /// The other process, its pipes, the folder, the terminal.
    #[error("{0}")]
    Io(#[from] std::io::Error),
    /// What passes between the story's processes is not what it should be.
    #[error("between the processes: {0}")]
    Handed(#[from] serde_json::Error),
    /// Something that had to come did not, for as long as nothing may take.
    #[error("never came: {0}")]
    NeverCame(String),
    /// The demonstration lacks what the story needs.
    #[error("the demonstration lacks {0}")]
    Lacks(&'static str),
    /// So many coordinates of a walk are on the server.
    #[error("{0} coordinates of a walk went up")]
    Leaked(usize),
    /// The app is closed at this point of the story.
    #[error("the app of {0} is closed")]
    Closed(String),
    /// The process that held the phone ended before it was ended.
    #[error("the process with the phone ended by itself")]
    EndedEarly,
}

impl From<onsite::net::Unusable> for StoryError {
    fn from(unusable: onsite::net::Unusable) -> Self {
        Self::Core(unusable.into())
    }
}
