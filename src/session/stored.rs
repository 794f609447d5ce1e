//! What of a session outlives the process, and where it lies.

use onsite_wire::ids::PersonId;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use zeroize::{Zeroize, Zeroizing};

use super::step::Access;
use crate::time::Moment;

/// Who is signed in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// The person.
    pub id: PersonId,
    /// Name as others see it.
    pub name: String,
}

/// A session as it lies in the phone's encrypted files.
#[derive(Debug, Clone)]
pub struct StoredSession {
    /// Whose.
    pub person: Person,
    /// The refresh token to present next.
    pub refresh: SecretString,
    /// Goes with that refresh token whenever it is presented, and with no other.
    pub exchange: Uuid,
    /// The access token that came with it.
    pub access: Access,
}

/// Keeps one session durably. Calls may block; they come one at a time.
pub trait TokenVault: Send + Sync {
    /// The session that was saved last, if there is one that can be read.
    fn load(&self) -> Option<StoredSession>;

    /// Saves it in place of any other; when this returns well, it survives power loss.
    fn save(&self, session: &StoredSession) -> Result<(), VaultFault>;

    /// Forgets it.
    fn clear(&self) -> Result<(), VaultFault>;
}

/// A session could not be saved or forgotten.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct VaultFault(pub onsite_wire::codes::Code);

/// The stored form; its fields are wiped when it goes.
#[derive(Serialize, Deserialize)]
struct Plain {
    person: Person,
    refresh: String,
    exchange: Uuid,
    access: String,
    received: Moment,
    lifetime_ms: i64,
}

impl Drop for Plain {
    fn drop(&mut self) {
        self.refresh.zeroize();
        self.access.zeroize();
    }
}

impl StoredSession {
    /// The session as bytes for an encrypted file.
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let plain = Plain {
            person: self.person.clone(),
            refresh: self.refresh.expose_secret().to_owned(),
            exchange: self.exchange,
            access: self.access.token.expose_secret().to_owned(),
            received: self.access.received,
            lifetime_ms: self.access.lifetime_ms,
        };
        // Room for all of it at once: a buffer that grows leaves copies behind.
        let mut bytes = Zeroizing::new(Vec::with_capacity(1024 + 2 * (plain.refresh.len() + plain.access.len())));
        // Strings and numbers always become JSON; if ever not, what was written cannot be read, as after damage.
        if serde_json::to_writer(&mut *bytes, &plain).is_err() {
            bytes.clear();
        }
        bytes
    }

    /// Reads [`StoredSession::to_bytes`]; nothing if the bytes are not of that form.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let plain: Plain = serde_json::from_slice(bytes).ok()?;
        let access = Access {
            token: plain.access.as_str().into(),
            serial: 0,
            received: plain.received,
            lifetime_ms: plain.lifetime_ms,
        };
        let (person, refresh) = (plain.person.clone(), plain.refresh.as_str().into());
        Some(Self { person, refresh, exchange: plain.exchange, access })
    }
}
