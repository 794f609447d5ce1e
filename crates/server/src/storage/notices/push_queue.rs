//! Where pushes go, and those that wait to be handed over.

use onsite_rules::notice::CHAT_QUIET_MS;
use onsite_wire::ids::{PersonId, Uuid};
use onsite_wire::onsite::{NoticeKind, PushProvider};
use onsite_wire::push::{Push, SealedWords};
use onsite_wire::time::Timestamp;
use rusqlite::{OptionalExtension, Row, params};

use crate::storage::changes::Write;
use crate::storage::inventory::{read_body, write_body};
use crate::storage::{StorageError, View};

/// Without renewal a registration ends after this many milliseconds: 60 days.
const KEPT_MS: i64 = 60 * 24 * 60 * 60 * 1_000;

/// Where an installation's pushes go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegistrationRow {
    /// The installation.
    pub installation: Uuid,
    /// Who carries.
    pub provider: PushProvider,
    /// The device token or URL.
    pub token: String,
    /// An uncompressed point.
    pub public_key: Vec<u8>,
    /// The secret for authentication.
    pub auth: Vec<u8>,
}

/// A push that is to be handed over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DuePush {
    /// Where it goes.
    pub to: RegistrationRow,
    /// What the provider sees.
    pub clear: Push,
    /// What is sealed.
    pub words: SealedWords,
    /// How often it was tried.
    pub attempts: i64,
}

/// Where a push waits that cannot be read, and why it cannot.
type Unreadable = (Uuid, String, StorageError);

const REGISTRATION: &str = "registrations.installation, provider, token, public_key, auth";

fn registration(row: &Row<'_>) -> rusqlite::Result<RegistrationRow> {
    Ok(RegistrationRow {
        installation: Uuid::from_bytes(row.get(0)?),
        provider: PushProvider::from_wire(&row.get::<_, String>(1)?),
        token: row.get(2)?,
        public_key: row.get(3)?,
        auth: row.get(4)?,
    })
}

impl View<'_> {
    /// Whether a push waits whose time has come.
    pub(crate) fn push_is_due(&self, now: Timestamp) -> Result<bool, StorageError> {
        Ok(self.connection.prepare_cached("SELECT 1 FROM pushes WHERE due_at <= ?1")?.exists([now.micros()])?)
    }

    /// The installation of a session, if it gets pushes.
    pub(crate) fn registration_of(
        &self,
        family: Uuid,
        now: Timestamp,
    ) -> Result<Option<RegistrationRow>, StorageError> {
        let sql = format!("SELECT {REGISTRATION} FROM registrations WHERE family = ?1 AND until > ?2");
        let mut statement = self.connection.prepare_cached(&sql)?;
        Ok(statement.query_row(params![family.as_bytes(), now.micros()], registration).optional()?)
    }

    /// A key of this server.
    pub(crate) fn server_key(&self, name: &str) -> Result<Option<Vec<u8>>, StorageError> {
        let mut statement = self.connection.prepare_cached("SELECT secret FROM server_keys WHERE name = ?1")?;
        Ok(statement.query_row([name], |row| row.get(0)).optional()?)
    }
}

impl Write<'_> {
    /// Keeps a key of this server, unless it has one.
    pub(crate) fn put_server_key(&mut self, name: &str, secret: &[u8]) -> Result<(), StorageError> {
        self.connection()
            .prepare_cached("INSERT INTO server_keys (name, secret) VALUES (?1, ?2) ON CONFLICT (name) DO NOTHING")?
            .execute(params![name, secret])?;
        Ok(())
    }

    /// An installation belongs to this session from now on, and to nobody before. Gives until when.
    pub(crate) fn register(
        &mut self,
        person: PersonId,
        family: Uuid,
        row: &RegistrationRow,
    ) -> Result<Timestamp, StorageError> {
        let until = self.now().plus_millis(KEPT_MS);
        let installation = row.installation.as_bytes();
        // What waited for whoever had it before is not for this person.
        self.connection()
            .prepare_cached("DELETE FROM pushes WHERE installation = ?1 AND person <> ?2")?
            .execute(params![installation, person.bytes()])?;
        self.connection()
            .prepare_cached(
                "DELETE FROM registrations WHERE installation = ?1 OR family = ?2 OR (provider = ?3 AND token = ?4)",
            )?
            .execute(params![installation, family.as_bytes(), row.provider.as_str(), row.token])?;
        self.connection()
            .prepare_cached(
                "INSERT INTO registrations (installation, person, family, provider, token, public_key, auth, until)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            )?
            .execute(params![
                installation,
                person.bytes(),
                family.as_bytes(),
                row.provider.as_str(),
                row.token,
                row.public_key,
                row.auth,
                until.micros()
            ])?;
        Ok(until)
    }

    /// The session gets no more pushes.
    pub(crate) fn unregister(&mut self, family: Uuid) -> Result<(), StorageError> {
        self.connection()
            .prepare_cached(
                "DELETE FROM pushes WHERE installation IN (SELECT installation FROM registrations WHERE family = ?1)",
            )?
            .execute([family.as_bytes()])?;
        self.connection()
            .prepare_cached("DELETE FROM registrations WHERE family = ?1")?
            .execute([family.as_bytes()])?;
        Ok(())
    }

    /// The provider says that this token is gone for good.
    pub(crate) fn drop_registration(&mut self, row: &RegistrationRow) -> Result<(), StorageError> {
        self.connection()
            .prepare_cached("DELETE FROM pushes WHERE installation = ?1")?
            .execute([row.installation.as_bytes()])?;
        // Only the token that was tried: it may have been renewed meanwhile.
        self.connection()
            .prepare_cached("DELETE FROM registrations WHERE installation = ?1 AND token = ?2")?
            .execute(params![row.installation.as_bytes(), row.token])?;
        Ok(())
    }

    /// Puts a push on its way to all installations of its person, to go out then.
    pub(super) fn queue_push(&mut self, push: &Push, words: &SealedWords, at: Timestamp) -> Result<(), StorageError> {
        let now = self.now().micros();
        let installations: Vec<[u8; 16]> = self
            .connection()
            .prepare_cached("SELECT installation FROM registrations WHERE person = ?1 AND until > ?2")?
            .query_map(params![push.person.bytes(), now], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        for installation in installations {
            self.queue_push_to(Uuid::from_bytes(installation), push, words, at)?;
        }
        Ok(())
    }

    /// Puts a push on its way to one installation, in the place of one of the same event that waits, and then with that
    /// one's time.
    pub(crate) fn queue_push_to(
        &mut self,
        installation: Uuid,
        push: &Push,
        words: &SealedWords,
        at: Timestamp,
    ) -> Result<(), StorageError> {
        self.connection()
            .prepare_cached(
                "INSERT INTO pushes (installation, key, organization, person, clear, words, due_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
                 ON CONFLICT (installation, key) DO UPDATE SET clear = excluded.clear, words = excluded.words",
            )?
            .execute(params![
                installation.as_bytes(),
                push.key,
                push.organization.bytes(),
                push.person.bytes(),
                write_body("push", push)?,
                write_body("words", words)?,
                at.micros()
            ])?;
        Ok(())
    }

    /// What waits of an event is not for this person any more.
    pub(super) fn forget_pushes(&mut self, person: PersonId, key: &str) -> Result<(), StorageError> {
        self.connection()
            .prepare_cached("DELETE FROM pushes WHERE person = ?1 AND key = ?2")?
            .execute(params![person.bytes(), key])?;
        Ok(())
    }

    /// Takes the next push whose time has come, and counts the attempt before it is made: it is tried again after
    /// `again_ms` unless somebody says what became of it. Those that are not to be handed over any more are withheld.
    pub(crate) fn take_due_push(&mut self, again_ms: impl Fn(i64) -> i64) -> Result<Option<DuePush>, StorageError> {
        let now = self.now();
        self.connection()
            .prepare_cached(
                "DELETE FROM pushes WHERE due_at <= ?1 AND installation NOT IN
                    (SELECT installation FROM registrations WHERE until > ?1)",
            )?
            .execute([now.micros()])?;
        while let Some(found) = self.next_due(now)? {
            let due = match found {
                Ok(due) => due,
                // It would hold up all others for ever.
                Err((installation, key, error)) => {
                    crate::trouble::say("a push", &error);
                    self.forget_push(installation, &key)?;
                    continue;
                }
            };
            if let Some(reasons) = self.silenced_meanwhile(&due)? {
                self.withhold(&due, &reasons)?;
                continue;
            }
            self.push_again_at(&due, now.plus_millis(again_ms(due.attempts)))?;
            return Ok(Some(due));
        }
        Ok(None)
    }

    fn next_due(&self, now: Timestamp) -> Result<Option<Result<DuePush, Unreadable>>, StorageError> {
        let sql = format!(
            "SELECT {REGISTRATION}, clear, words, attempts, key FROM pushes
               JOIN registrations ON registrations.installation = pushes.installation
              WHERE pushes.due_at <= ?1 AND registrations.person = pushes.person ORDER BY pushes.due_at LIMIT 1"
        );
        let found: Option<(RegistrationRow, String, String, i64, String)> = self
            .connection()
            .prepare_cached(&sql)?
            .query_row([now.micros()], |row| {
                Ok((registration(row)?, row.get(5)?, row.get(6)?, row.get(7)?, row.get(8)?))
            })
            .optional()?;
        Ok(found.map(|(to, clear, words, attempts, key)| {
            let installation = to.installation;
            let read = || Ok((read_body("push", &clear)?, read_body("words", &words)?));
            match read() {
                Ok((clear, words)) => Ok(DuePush { words, attempts: attempts + 1, to, clear }),
                Err(error) => Err((installation, key, error)),
            }
        }))
    }

    /// Takes a push out of the queue.
    pub(super) fn forget_push(&mut self, installation: Uuid, key: &str) -> Result<(), StorageError> {
        self.connection()
            .prepare_cached("DELETE FROM pushes WHERE installation = ?1 AND key = ?2")?
            .execute(params![installation.as_bytes(), key])?;
        Ok(())
    }

    /// When a push is tried again.
    pub(crate) fn push_again_at(&mut self, push: &DuePush, at: Timestamp) -> Result<(), StorageError> {
        self.connection()
            .prepare_cached("UPDATE pushes SET attempts = ?3, due_at = ?4 WHERE installation = ?1 AND key = ?2")?
            .execute(params![push.to.installation.as_bytes(), push.clear.key, push.attempts, at.micros()])?;
        Ok(())
    }

    /// A push is done with, unless a newer one of the same event has taken its place.
    pub(crate) fn push_is_done(&mut self, push: &DuePush) -> Result<(), StorageError> {
        let clear = write_body("push", &push.clear)?;
        let (installation, key) = (push.to.installation.as_bytes(), &push.clear.key);
        let done = self
            .connection()
            .prepare_cached("DELETE FROM pushes WHERE installation = ?1 AND key = ?2 AND clear = ?3")?
            .execute(params![installation, key, clear])?;
        if done == 0 {
            // The next push of a chat keeps its distance.
            let wait = if push.clear.kind == NoticeKind::Message { CHAT_QUIET_MS } else { 0 };
            let now = self.now().plus_millis(wait).micros();
            self.connection()
                .prepare_cached("UPDATE pushes SET attempts = 0, due_at = ?3 WHERE installation = ?1 AND key = ?2")?
                .execute(params![installation, key, now])?;
        }
        Ok(())
    }
}
