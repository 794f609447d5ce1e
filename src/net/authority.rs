//! Who is calling: where the value of `Authorization` comes from, and who is told when a server refuses it.

use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};

use secrecy::{ExposeSecret, SecretString};

use super::Fault;

/// What an [`Authority`] answers with, later.
pub type Asking<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A token or key, and which one of its authority's it is.
#[derive(Clone)]
pub struct Credential {
    /// Counts the credentials of one authority, so that a late refusal of an old one is not taken for the newest.
    pub serial: u64,
    secret: SecretString,
}

impl Credential {
    /// The `serial`-th credential of an authority.
    pub const fn new(serial: u64, secret: SecretString) -> Self {
        Self { serial, secret }
    }

    /// The value of `Authorization`, marked so that nothing prints it; none if the secret has bytes no header may have.
    pub(super) fn header(&self) -> Option<reqwest::header::HeaderValue> {
        let text = zeroize::Zeroizing::new(format!("bearer {}", self.secret.expose_secret()));
        let mut value = reqwest::header::HeaderValue::from_str(&text).ok()?;
        value.set_sensitive(true);
        Some(value)
    }
}

impl std::fmt::Debug for Credential {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Credential({})", self.serial)
    }
}

/// Gives requests their credential.
pub trait Authority: Send + Sync {
    /// The credential to send now; may wait for a new one to arrive.
    fn credential(&self) -> Asking<'_, Result<Credential, Fault>>;

    /// The server refused this one (401). Afterwards [`Authority::credential`] gives another, or says why there is none.
    fn refused(&self, credential: &Credential);
}

/// A fixed API key (O5): refused once, it is wrong.
pub struct ApiKey {
    key: SecretString,
    refused: AtomicBool,
}

impl ApiKey {
    /// An account that has nothing but this key.
    pub const fn new(key: SecretString) -> Self {
        Self { key, refused: AtomicBool::new(false) }
    }
}

impl Authority for ApiKey {
    fn credential(&self) -> Asking<'_, Result<Credential, Fault>> {
        let refused = self.refused.load(Ordering::Relaxed);
        let credential = if refused { Err(Fault::NotSignedIn) } else { Ok(Credential::new(0, self.key.clone())) };
        Box::pin(std::future::ready(credential))
    }

    fn refused(&self, _: &Credential) {
        self.refused.store(true, Ordering::Relaxed);
    }
}

impl std::fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ApiKey(…)")
    }
}
