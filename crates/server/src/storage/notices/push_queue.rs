//! Where pushes go, and those that wait to be handed over.

use onsite_rules::notice::{CHAT_QUIET_MS, WINDOW_MS};
use onsite_wire::ids::{OrganizationId, PersonId, Uuid};
use onsite_wire::onsite::{Channel, NoticeKind, PushProvider, Urgency};
use onsite_wire::push::{Push, SealedWords};
use onsite_wire::time::Timestamp;
use rusqlite::{OptionalExtension, Row, params};

use crate::storage::changes::Write;
use crate::storage::inventory::{read_body, write_body};
use crate::storage::{StorageError, View};

/// Tests of the way that a person may ask for within a minute.
const CANARIES: usize = 6;
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
    /// What shares one waits for each other.
    pub lane: String,
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

impl DuePush {
    /// Whether it is about something critical.
    pub(crate) fn is_urgent(&self) -> bool {
        rank(&self.clear, &self.words) == URGENT
    }
}

/// A push that waits and whose time has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct WaitingPush {
    installation: [u8; 16],
    key: String,
}

/// The rank of what is critical: it goes first.
const URGENT: i64 = 2;

/// In which order pushes go whose time has come: what is critical, what people do, what can wait.
fn rank(push: &Push, words: &SealedWords) -> i64 {
    if push.channel == Channel::Critical || words.urgency == Some(Urgency::Critical) {
        return URGENT;
    }
    match push.kind {
        NoticeKind::Daily | NoticeKind::Bundle | NoticeKind::AlarmCleared => 0,
        _ => 1,
    }
}

const REGISTRATION: &str = "registrations.installation, provider, token, public_key, auth, lane";

fn registration(row: &Row<'_>) -> rusqlite::Result<RegistrationRow> {
    Ok(RegistrationRow {
        installation: Uuid::from_bytes(row.get(0)?),
        provider: PushProvider::from_wire(&row.get::<_, String>(1)?),
        token: row.get(2)?,
        public_key: row.get(3)?,
        auth: row.get(4)?,
        lane: row.get(5)?,
    })
}

impl View<'_> {
    /// The next push whose time has come and that may set out on its lane to its installation: the urgent first, then by
    /// their time.
    pub(crate) fn next_push(
        &self,
        now: Timestamp,
        may_set_out: impl Fn(&str, Uuid) -> bool,
    ) -> Result<Option<WaitingPush>, StorageError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT pushes.installation, pushes.key, lane FROM pushes
               JOIN registrations ON registrations.installation = pushes.installation
              WHERE pushes.due_at <= ?1 AND until > ?1 AND registrations.person = pushes.person
              ORDER BY pushes.rank DESC, pushes.due_at, pushes.key",
        )?;
        let mut rows = statement.query([now.micros()])?;
        while let Some(row) = rows.next()? {
            let installation: [u8; 16] = row.get(0)?;
            if may_set_out(&row.get::<_, String>(2)?, Uuid::from_bytes(installation)) {
                return Ok(Some(WaitingPush { installation, key: row.get(1)? }));
            }
        }
        Ok(None)
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
                "INSERT INTO registrations (installation, person, family, provider, token, public_key, auth, until, lane)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
            )?
            .execute(params![
                installation,
                person.bytes(),
                family.as_bytes(),
                row.provider.as_str(),
                row.token,
                row.public_key,
                row.auth,
                until.micros(),
                row.lane
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
                "INSERT INTO pushes (installation, key, organization, person, clear, words, due_at, rank)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
                 ON CONFLICT (installation, key) DO UPDATE
                    SET clear = excluded.clear, words = excluded.words, rank = excluded.rank",
            )?
            .execute(params![
                installation.as_bytes(),
                push.key,
                push.organization.bytes(),
                push.person.bytes(),
                write_body("push", push)?,
                write_body("words", words)?,
                at.micros(),
                rank(push, words)
            ])?;
        Ok(())
    }

    /// Counts a test of the way; seconds to wait, where a person has asked for too many within a minute.
    pub(crate) fn count_canary(
        &mut self,
        organization: OrganizationId,
        person: PersonId,
    ) -> Result<Option<i64>, StorageError> {
        let (name, now) = (NoticeKind::Canary.as_str(), self.now());
        let mut counted = self.storm(organization, person, name)?;
        if counted.before(now) >= CANARIES {
            let oldest = counted.newest().first().map_or(0, |at| now.millis_since(*at));
            return Ok(Some((WINDOW_MS - oldest).max(0) / 1_000 + 1));
        }
        let storm = counted.one_more(now);
        self.keep_storm((organization, person, name), &counted, storm)?;
        Ok(None)
    }

    /// No test of the way waits for this installation any more.
    pub(crate) fn forget_canaries(&mut self, installation: Uuid) -> Result<(), StorageError> {
        self.connection()
            .prepare_cached("DELETE FROM pushes WHERE installation = ?1 AND key LIKE '%/canary/%'")?
            .execute([installation.as_bytes()])?;
        Ok(())
    }

    /// What waits of an event is not for this person any more.
    pub(super) fn forget_pushes(&mut self, person: PersonId, key: &str) -> Result<(), StorageError> {
        self.connection()
            .prepare_cached("DELETE FROM pushes WHERE person = ?1 AND key = ?2")?
            .execute(params![person.bytes(), key])?;
        Ok(())
    }

    /// Takes a push that waits, and counts the attempt before it is made: it is tried again after `again_ms` unless somebody
    /// says what became of it. One that is not to be handed over any more is withheld, and then there is nothing to take.
    pub(crate) fn take_push(
        &mut self,
        waiting: &WaitingPush,
        again_ms: impl Fn(i64) -> i64,
    ) -> Result<Option<DuePush>, StorageError> {
        let now = self.now();
        self.connection()
            .prepare_cached(
                "DELETE FROM pushes WHERE due_at <= ?1 AND installation NOT IN
                    (SELECT installation FROM registrations WHERE until > ?1)",
            )?
            .execute([now.micros()])?;
        match self.apart(|write| write.take_unless_silenced(waiting, &again_ms)) {
            // It would hold up all others for ever.
            Err(error) if error.is_of_one_object() => {
                crate::trouble::say("a push", &error);
                self.forget_push(Uuid::from_bytes(waiting.installation), &waiting.key)?;
                Ok(None)
            }
            taken => taken,
        }
    }

    fn take_unless_silenced(
        &mut self,
        waiting: &WaitingPush,
        again_ms: &impl Fn(i64) -> i64,
    ) -> Result<Option<DuePush>, StorageError> {
        let Some(due) = self.waiting(waiting)? else { return Ok(None) };
        if let Some(reasons) = self.silenced_meanwhile(&due)? {
            self.withhold(&due, &reasons)?;
            return Ok(None);
        }
        self.push_again_at(&due, self.now().plus_millis(again_ms(due.attempts)))?;
        Ok(Some(due))
    }

    fn waiting(&self, waiting: &WaitingPush) -> Result<Option<DuePush>, StorageError> {
        let sql = format!(
            "SELECT {REGISTRATION}, clear, words, attempts FROM pushes
               JOIN registrations ON registrations.installation = pushes.installation
              WHERE pushes.installation = ?1 AND pushes.key = ?2 AND registrations.person = pushes.person"
        );
        let found: Option<(RegistrationRow, String, String, i64)> = self
            .connection()
            .prepare_cached(&sql)?
            .query_row(params![waiting.installation, waiting.key], |row| {
                Ok((registration(row)?, row.get(6)?, row.get(7)?, row.get(8)?))
            })
            .optional()?;
        let Some((to, clear, words, attempts)) = found else { return Ok(None) };
        let clear: Push = read_body("push", &clear)?;
        Ok(Some(DuePush { words: read_body("words", &words)?, attempts: attempts + 1, to, clear }))
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
