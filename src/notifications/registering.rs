//! Where this installation's pushes go: told to the server, told again each week, and after each sign-in (N7). Signing out
//! ends it on the server with the session.

use std::sync::Arc;

use onsite_wire::ids::Uuid;
use onsite_wire::onsite::{PushProvider, Registration};
use onsite_wire::push::to_base64url;
use onsite_wire::sealing::{NotSealed, OwnKey};
use rusqlite::Connection;
use serde::{Deserialize, Serialize};

use super::intake::write_text;
use crate::store::Fault;
use crate::time::Timestamp;

/// The server is told again after so long; it forgets after 60 days.
pub(crate) const AGAIN_MS: i64 = 7 * 24 * 60 * 60 * 1_000;

/// An installation of the app: its id, and the key that its pushes are sealed to. The shell keeps it where an extension
/// reaches it, in the Keystore or Keychain, and not in the account's files: it is the same for all accounts of the phone.
#[derive(Clone)]
pub struct PushIdentity {
    installation: Uuid,
    key: Arc<OwnKey>,
}

impl PushIdentity {
    /// A new one of 64 random bytes, made once when the app is installed. About one of 2³² draws is no key: draw again.
    pub fn new(random: &[u8; 64]) -> Result<Self, NotSealed> {
        let (secret, rest) = random.split_first_chunk::<32>().ok_or(NotSealed)?;
        let (auth, rest) = rest.split_first_chunk::<16>().ok_or(NotSealed)?;
        let (installation, _) = rest.split_first_chunk::<16>().ok_or(NotSealed)?;
        let key = Arc::new(OwnKey::new(secret, *auth)?);
        Ok(Self { installation: uuid::Builder::from_random_bytes(*installation).into_uuid(), key })
    }

    /// As [`PushIdentity::to_bytes`] wrote it.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, NotSealed> {
        let (installation, key) = bytes.split_first_chunk::<16>().ok_or(NotSealed)?;
        Ok(Self { installation: Uuid::from_bytes(*installation), key: Arc::new(OwnKey::from_bytes(key)?) })
    }

    /// All of it, to be kept as secret as it is.
    pub fn to_bytes(&self) -> Vec<u8> {
        [self.installation.as_bytes().as_slice(), &self.key.to_bytes()].concat()
    }

    /// The installation.
    pub const fn installation(&self) -> Uuid {
        self.installation
    }

    /// The key that pushes are sealed to.
    pub fn key(&self) -> &OwnKey {
        &self.key
    }
}

impl std::fmt::Debug for PushIdentity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PushIdentity({})", self.installation)
    }
}

/// Where the phone's system says that pushes are to go.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Address {
    pub(crate) provider: PushProvider,
    pub(crate) token: String,
}

/// What the server was told last.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Told {
    pub(crate) address: Address,
    pub(crate) installation: Uuid,
    pub(crate) public_key: String,
    /// When, and until when it holds: the server's times.
    pub(crate) at: Timestamp,
    pub(crate) until: Timestamp,
}

/// What own.db knows of pushes.
#[derive(Clone, Default)]
pub(crate) struct Stored {
    pub(crate) address: Option<Address>,
    pub(crate) told: Option<Told>,
    pub(crate) canary_asked: Option<Timestamp>,
    pub(crate) canary_came: Option<Timestamp>,
}

/// What there is to tell the server.
pub(crate) enum ToTell {
    /// Nothing now; again after so many milliseconds, if at all.
    Nothing(Option<i64>),
    /// Where pushes go.
    Register(Box<Registration>),
    /// That they go nowhere any more.
    Unregister,
}

impl Stored {
    /// What there is to tell the server.
    pub(crate) fn to_tell(&self, identity: Option<&PushIdentity>, now: Timestamp) -> ToTell {
        match (&self.address, identity, &self.told) {
            (None, _, None) | (Some(_), None, None) => ToTell::Nothing(None),
            (None, _, Some(_)) | (Some(_), None, Some(_)) => ToTell::Unregister,
            (Some(address), Some(identity), told) => {
                let registration = Registration {
                    installation: identity.installation,
                    provider: address.provider,
                    token: address.token.clone(),
                    public_key: to_base64url(identity.key.public()),
                    auth: to_base64url(identity.key.auth()),
                };
                let same = told.as_ref().filter(|told| {
                    told.address == *address
                        && told.installation == identity.installation
                        && told.public_key == registration.public_key
                });
                match same.map(|told| told.at.plus_millis(AGAIN_MS).millis_since(now)) {
                    // A clock that was set back must not put it off for long.
                    Some(left) if left > 0 => ToTell::Nothing(Some(left.min(AGAIN_MS))),
                    _ => ToTell::Register(Box::new(registration)),
                }
            }
        }
    }

    /// Until when the server sends pushes here, as far as is known.
    pub(crate) fn holds(&self, now: Timestamp) -> bool {
        self.address.is_some() && self.told.as_ref().is_some_and(|told| told.until > now)
    }
}

/// What own.db knows of pushes. What cannot be read back is told anew.
pub(crate) fn stored(own: &Connection) -> Result<Stored, Fault> {
    let (address, told, asked, came): (Option<String>, Option<String>, Option<i64>, Option<i64>) = own
        .prepare_cached("SELECT address, registered, canary_asked, canary_came FROM push")?
        .query_row([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))?;
    Ok(Stored {
        address: address.and_then(|text| serde_json::from_str(&text).ok()),
        told: told.and_then(|text| serde_json::from_str(&text).ok()),
        canary_asked: asked.map(Timestamp::from_micros),
        canary_came: came.map(Timestamp::from_micros),
    })
}

/// Keeps where the system says that pushes go.
pub(super) fn set_address(own: &Connection, address: Option<&Address>) -> Result<(), Fault> {
    let text = address.map(write_text).transpose()?;
    own.prepare_cached("UPDATE push SET address = ?1")?.execute([text])?;
    Ok(())
}

/// Keeps what the server was told; `None`: nothing that holds, as after a sign-out.
pub(crate) fn set_told(own: &Connection, told: Option<&Told>) -> Result<(), Fault> {
    let text = told.map(write_text).transpose()?;
    own.prepare_cached("UPDATE push SET registered = ?1")?.execute([text])?;
    Ok(())
}

/// A test push was asked for.
pub(super) fn canary_asked(own: &Connection, at: Timestamp) -> Result<(), Fault> {
    own.prepare_cached("UPDATE push SET canary_asked = ?1")?.execute([at.micros()])?;
    Ok(())
}

/// A test push came.
pub(super) fn canary_came(own: &Connection, at: Timestamp) -> Result<(), Fault> {
    own.prepare_cached("UPDATE push SET canary_came = ?1")?.execute([at.micros()])?;
    Ok(())
}
