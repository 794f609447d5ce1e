//! Who is asking, and what they may see and do.
//!
//! A [`Caller`] comes out of the `Authorization` header: a person's access token, or an organization's API key. A [`Scope`]
//! is what a caller may see of one organization; every handler and feed gets it as an argument and hands out nothing that
//! it does not cover.

mod limits;
mod scope;
pub(crate) mod secrets;
pub(crate) mod session;
mod throttle;

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use onsite_wire::codes::Code;
use onsite_wire::ids::{OrganizationId, PersonId};
use uuid::Uuid;

pub(crate) use limits::{Budgets, OpenStream};
pub(crate) use scope::Scope;
pub(crate) use throttle::Throttle;

use crate::http::{App, Refused};
use crate::storage::{Storage, StorageError};

/// Who is asking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Caller {
    /// A signed-in person.
    Person {
        /// The person.
        person: PersonId,
        /// The session.
        family: Uuid,
    },
    /// An API key.
    Key {
        /// Tells it from other keys.
        hash: [u8; 32],
        /// What it opens.
        organizations: Vec<OrganizationId>,
    },
}

impl Caller {
    /// The person, where one is needed.
    pub(crate) fn person(&self) -> Result<PersonId, Refused> {
        match self {
            Self::Person { person, .. } => Ok(*person),
            Self::Key { .. } => Err(Refused::of(Code::NotAllowed)),
        }
    }

    /// Whether the key or session that a stream was opened with is still good. What cannot be asked ends it too: the caller
    /// opens it again.
    pub(crate) async fn is_good(&self, storage: &Storage) -> bool {
        let found = match self {
            Self::Key { hash, .. } => {
                let hash = *hash;
                storage.read(move |view| Ok::<_, StorageError>(view.api_key(&hash)?.is_some())).await
            }
            Self::Person { family, .. } => {
                let family = *family;
                storage.read(move |view| view.session_lives(family)).await
            }
        };
        found.unwrap_or(false)
    }

    /// What budgets are counted by.
    pub(crate) fn account(&self) -> [u8; 32] {
        match self {
            Self::Key { hash, .. } => *hash,
            Self::Person { person, .. } => secrets::hash_token(&person.to_string()),
        }
    }
}

/// The token of an `Authorization` header whose scheme is bearer, in whatever case.
fn bearer(parts: &Parts) -> Option<String> {
    let value = parts.headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.trim().split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim().to_owned())
}

impl FromRequestParts<Arc<App>> for Caller {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Refused> {
        let token = bearer(parts).ok_or_else(|| Refused::of(Code::NotSignedIn))?;
        let hash = secrets::hash_token(&token);
        let now = app.clock.now();
        let found = app
            .storage
            .read(move |view| {
                if token.starts_with("AK1/") {
                    return Ok(view.api_key(&hash)?.map(|organizations| Self::Key { hash, organizations }));
                }
                let session = view.access_token(&hash, now)?;
                Ok::<_, StorageError>(session.map(|token| Self::Person { person: token.person, family: token.family }))
            })
            .await?;
        let caller = found.ok_or_else(|| Refused::of(Code::NotSignedIn))?;
        app.budgets.spend_request(&caller, now)?;
        Ok(caller)
    }
}
