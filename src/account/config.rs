//! How an account is opened.

use std::path::PathBuf;
use std::sync::Arc;

use secrecy::SecretString;

use crate::journal::Line;
use crate::net::Timeouts;
use crate::notifications::{DEFAULT_LINK_HOST, PushIdentity};
use crate::photos::CACHE_BYTES;
use crate::store::Key;
use crate::time::{Clock, SystemClock};

/// Who calls the server.
#[derive(Debug, Clone)]
pub enum Access {
    /// A person who signs in.
    Person,
    /// Nobody in particular: an API key, for reading only (O5).
    ApiKey(SecretString),
}

/// Everything that opening an account needs.
#[derive(Clone)]
pub struct AccountConfig {
    /// The account's own folder; one folder for each account and server.
    pub folder: PathBuf,
    /// The raw key of its files.
    pub key: Key,
    /// Where the server is.
    pub server: String,
    /// Who calls it.
    pub access: Access,
    /// The phone's clocks.
    pub clock: Arc<dyn Clock>,
    /// How long to wait for the server.
    pub timeouts: Timeouts,
    /// Certificates of issuers to trust beside the system's, each as DER.
    pub extra_roots: Vec<Vec<u8>>,
    /// So many bytes of photos are kept on the phone; what was used least goes first, what is not sent never.
    pub photo_cache_bytes: u64,
    /// The installation, for pushes; without it none are registered, and those that come say their kind only.
    pub push: Option<PushIdentity>,
    /// The host of links that open the app: the one in the app's manifest.
    pub link_host: String,
    /// Called inside each migration's transaction, before its commit: tests end the process there.
    pub before_migration_commits: Arc<dyn Fn() + Send + Sync>,
    /// Told each line of the flight recorder when it is written: it only hands on.
    pub on_line: Arc<dyn Fn(&Line) + Send + Sync>,
}

impl AccountConfig {
    /// The usual configuration.
    pub fn new(folder: impl Into<PathBuf>, key: Key, server: &str, access: Access) -> Self {
        Self {
            folder: folder.into(),
            key,
            server: server.to_owned(),
            access,
            clock: Arc::new(SystemClock),
            timeouts: Timeouts::default(),
            extra_roots: Vec::new(),
            photo_cache_bytes: CACHE_BYTES,
            push: None,
            link_host: DEFAULT_LINK_HOST.to_owned(),
            before_migration_commits: Arc::new(|| {}),
            on_line: Arc::new(|_| {}),
        }
    }
}
