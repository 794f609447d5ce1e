//! Sessions and API keys. Secrets come in as hashes; nothing here can be used to sign in.

use onsite_wire::ids::{OrganizationId, PersonId};
use onsite_wire::time::Timestamp;
use rusqlite::{OptionalExtension, params};
use uuid::Uuid;

use super::changes::Write;
use super::{StorageError, View};

/// SHA-256 of a token or key.
pub type Hash = [u8; 32];

/// An access token that is good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AccessToken {
    /// Whose.
    pub person: PersonId,
    /// Of which session.
    pub family: Uuid,
}

/// The hashes of a new pair of tokens, and how long they are good.
#[derive(Debug, Clone, Copy)]
pub struct NewSession {
    /// Of the access token.
    pub access: Hash,
    /// Until when it is good.
    pub access_until: Timestamp,
    /// Of the refresh token.
    pub refresh: Hash,
    /// Until when it is good.
    pub refresh_until: Timestamp,
}

/// An API key, without what opens anything with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyRow {
    /// Its name, which also stands in the key itself between the slashes.
    pub name: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// What it opens.
    pub organizations: Vec<OrganizationId>,
}

/// What came of a refresh token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refreshed {
    /// It was good; the new pair is.
    Renewed(PersonId),
    /// It is unknown, too old, or was used before: then its session has ended.
    Ended,
}

impl View<'_> {
    /// The owner of an access token, if it is good at `now`.
    pub fn access_token(&self, hash: &Hash, now: Timestamp) -> Result<Option<AccessToken>, StorageError> {
        let found = self
            .connection
            .prepare_cached(
                "SELECT sessions.person, sessions.family
                 FROM access_tokens JOIN sessions ON sessions.family = access_tokens.family
                 WHERE access_tokens.hash = ?1 AND access_tokens.valid_until > ?2",
            )?
            .query_row(params![hash, now.micros()], |row| {
                let (person, family) = (row.get(0)?, row.get(1)?);
                Ok(AccessToken { person: PersonId::from_bytes(person), family: Uuid::from_bytes(family) })
            })
            .optional()?;
        Ok(found)
    }

    /// Whether a session goes on.
    pub fn session_lives(&self, family: Uuid) -> Result<bool, StorageError> {
        let found =
            self.connection.prepare_cached("SELECT 1 FROM sessions WHERE family = ?1")?.exists([family.as_bytes()])?;
        Ok(found)
    }

    /// What an API key opens; nothing for one that is not known.
    pub fn api_key(&self, hash: &Hash) -> Result<Option<Vec<OrganizationId>>, StorageError> {
        if !self.connection.prepare_cached("SELECT 1 FROM api_keys WHERE hash = ?1")?.exists([hash])? {
            return Ok(None);
        }
        let mut statement = self
            .connection
            .prepare_cached("SELECT organization FROM api_key_organizations WHERE hash = ?1 ORDER BY organization")?;
        let rows = statement.query_map([hash], |row| row.get(0))?;
        Ok(Some(rows.map(|id| id.map(OrganizationId::from_bytes)).collect::<Result<_, _>>()?))
    }

    /// All API keys, oldest first.
    pub fn api_keys(&self) -> Result<Vec<KeyRow>, StorageError> {
        let mut statement =
            self.connection.prepare_cached("SELECT hash, name, created_at FROM api_keys ORDER BY created_at, name")?;
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
        let mut keys = Vec::new();
        for row in rows {
            let (hash, name, created_at): (Hash, String, i64) = row?;
            let organizations = self.api_key(&hash)?.unwrap_or_default();
            keys.push(KeyRow { name, created_at: Timestamp::from_micros(created_at), organizations });
        }
        Ok(keys)
    }
}

impl Write<'_> {
    /// Begins a session.
    pub fn begin_session(&mut self, person: PersonId, new: &NewSession) -> Result<(), StorageError> {
        let family = crate::random::id();
        self.connection()
            .prepare_cached(
                "INSERT INTO sessions (family, person, refresh_hash, refresh_until) VALUES (?1, ?2, ?3, ?4)",
            )?
            .execute(params![family.as_bytes(), person.bytes(), new.refresh, new.refresh_until.micros()])?;
        self.put_access_token(family, new)
    }

    fn put_access_token(&mut self, family: Uuid, new: &NewSession) -> Result<(), StorageError> {
        self.connection()
            .prepare_cached("INSERT INTO access_tokens (hash, family, valid_until) VALUES (?1, ?2, ?3)")?
            .execute(params![new.access, family.as_bytes(), new.access_until.micros()])?;
        Ok(())
    }

    /// Takes a refresh token in exchange for a new pair.
    ///
    /// One that was used before ends its session, with one exception: the same `attempt` asking again, because the
    /// answer to the first asking was lost, while the pair that it would have brought was never used to refresh.
    pub fn refresh_session(
        &mut self,
        refresh: &Hash,
        attempt: Option<Uuid>,
        new: &NewSession,
    ) -> Result<Refreshed, StorageError> {
        if let Some(family) = self.spent_by(refresh)? {
            return self.refresh_again(family, refresh, attempt, new);
        }
        let found: Option<([u8; 16], i64)> = self
            .connection()
            .prepare_cached("SELECT family, refresh_until FROM sessions WHERE refresh_hash = ?1")?
            .query_row([refresh], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        let Some((family, until)) = found else { return Ok(Refreshed::Ended) };
        let family = Uuid::from_bytes(family);
        if until <= self.now().micros() {
            self.end_session(family)?;
            return Ok(Refreshed::Ended);
        }
        let now = self.now().micros();
        self.connection()
            .prepare_cached("INSERT INTO spent_tokens (hash, family, spent_at) VALUES (?1, ?2, ?3)")?
            .execute(params![refresh, family.as_bytes(), now])?;
        self.renew(family, attempt, new)
    }

    fn spent_by(&self, refresh: &Hash) -> Result<Option<Uuid>, StorageError> {
        let found = self
            .connection()
            .prepare_cached("SELECT family FROM spent_tokens WHERE hash = ?1")?
            .query_row([refresh], |row| row.get(0))
            .optional()?;
        Ok(found.map(Uuid::from_bytes))
    }

    fn refresh_again(
        &mut self,
        family: Uuid,
        refresh: &Hash,
        attempt: Option<Uuid>,
        new: &NewSession,
    ) -> Result<Refreshed, StorageError> {
        let newest: Option<[u8; 32]> = self
            .connection()
            .prepare_cached(
                "SELECT hash FROM spent_tokens WHERE family = ?1 ORDER BY spent_at DESC, rowid DESC LIMIT 1",
            )?
            .query_row([family.as_bytes()], |row| row.get(0))
            .optional()?;
        let last_attempt: Option<Option<[u8; 16]>> = self
            .connection()
            .prepare_cached("SELECT attempt FROM sessions WHERE family = ?1")?
            .query_row([family.as_bytes()], |row| row.get(0))
            .optional()?;
        let same = attempt.is_some() && last_attempt.flatten().map(Uuid::from_bytes) == attempt;
        if same && newest.as_ref() == Some(refresh) {
            return self.renew(family, attempt, new);
        }
        self.end_session(family)?;
        Ok(Refreshed::Ended)
    }

    fn renew(&mut self, family: Uuid, attempt: Option<Uuid>, new: &NewSession) -> Result<Refreshed, StorageError> {
        let attempt = attempt.map(|id| *id.as_bytes());
        let person = self
            .connection()
            .prepare_cached(
                "UPDATE sessions SET refresh_hash = ?2, refresh_until = ?3, attempt = ?4 WHERE family = ?1
                 RETURNING person",
            )?
            .query_row(params![family.as_bytes(), new.refresh, new.refresh_until.micros(), attempt], |row| row.get(0))
            .optional()?;
        let Some(person) = person else { return Ok(Refreshed::Ended) };
        self.put_access_token(family, new)?;
        Ok(Refreshed::Renewed(PersonId::from_bytes(person)))
    }

    /// Ends a session: neither its refresh token nor its access tokens are good any more, its pushes end, and the
    /// duty that was switched on in it.
    pub fn end_session(&mut self, family: Uuid) -> Result<(), StorageError> {
        self.unregister(family)?;
        self.end_duty_of_session(family)?;
        for table in ["access_tokens", "sessions"] {
            let sql = format!("DELETE FROM {table} WHERE family = ?1");
            self.connection().prepare_cached(&sql)?.execute([family.as_bytes()])?;
        }
        Ok(())
    }

    /// Takes an API key back by its name; `false`: there is none of this name.
    pub(super) fn remove_api_key(&mut self, name: &str) -> Result<bool, StorageError> {
        let hash: Option<Hash> = self
            .connection()
            .prepare_cached("DELETE FROM api_keys WHERE name = ?1 RETURNING hash")?
            .query_row([name], |row| row.get(0))
            .optional()?;
        let Some(hash) = hash else { return Ok(false) };
        self.connection().prepare_cached("DELETE FROM api_key_organizations WHERE hash = ?1")?.execute([hash])?;
        Ok(true)
    }

    /// Keeps a new API key for these organizations.
    pub(super) fn put_api_key(
        &mut self,
        hash: &Hash,
        name: &str,
        organizations: &[OrganizationId],
    ) -> Result<(), StorageError> {
        let now = self.now().micros();
        self.connection()
            .prepare_cached("INSERT INTO api_keys (hash, name, created_at) VALUES (?1, ?2, ?3)")?
            .execute(params![hash, name, now])?;
        for organization in organizations {
            self.connection()
                .prepare_cached("INSERT INTO api_key_organizations (hash, organization) VALUES (?1, ?2)")?
                .execute(params![hash, organization.bytes()])?;
        }
        Ok(())
    }
}
