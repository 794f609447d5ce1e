//! Writing, and the order of what was written.
//!
//! Every organization has one counter. A [`Write`] raises it for each object that it changes, inside its transaction, and
//! there is one writer: nobody can read offset 11 before offset 10 is there. A feed is an index over present objects by the
//! offset at which each last changed; it is no log, and an object that changed twice is in it once.

use std::collections::{BTreeMap, HashMap};

use onsite_wire::ids::{LocationId, OrganizationId, PersonId};
use onsite_wire::time::Timestamp;
use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};
use uuid::Uuid;

use super::objects::Kind;
use super::{Measured, Moved, StorageError, View};

/// The feeds that there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Feed {
    /// Alarms.
    Alarms,
    /// The organization, its locations and devices.
    Inventory,
    /// Sensors.
    Sensors,
    /// People.
    People,
    /// Fences and call lists.
    Sites,
    /// Who is on duty, and where.
    Duty,
    /// What each person was told, and how one wishes to be told; everybody gets their own only.
    Notifications,
    /// Incidents.
    Incidents,
    /// The chats of incidents.
    Messages,
    /// How far each person has read; everybody gets their own only.
    ReadPositions,
}

impl Feed {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::Alarms,
        Self::Inventory,
        Self::Sensors,
        Self::People,
        Self::Incidents,
        Self::Messages,
        Self::ReadPositions,
        Self::Sites,
        Self::Duty,
        Self::Notifications,
    ];
    /// Those that are read through our own half of the contract; the others are the vendor's.
    pub const OURS: [Self; 7] = [
        Self::People,
        Self::Incidents,
        Self::Messages,
        Self::ReadPositions,
        Self::Sites,
        Self::Duty,
        Self::Notifications,
    ];

    /// Its name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Alarms => "alarms",
            Self::Inventory => "inventory",
            Self::Sensors => "sensors",
            Self::People => "people",
            Self::Sites => "sites",
            Self::Duty => "duty",
            Self::Notifications => "notifications",
            Self::Incidents => "incidents",
            Self::Messages => "messages",
            Self::ReadPositions => "read_positions",
        }
    }

    /// The feed of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|feed| feed.name() == name)
    }
}

/// Where a feed stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FeedState {
    /// The offset of its last change.
    pub offset: i64,
    /// Removals below this offset are forgotten: changes after an older one may be incomplete.
    pub forgotten_before: i64,
}

/// An object as a feed hands it out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Its id.
    pub id: Uuid,
    /// Its kind.
    pub kind: Kind,
    /// Where it is, for deciding who sees it.
    pub place: Option<LocationId>,
    /// The offset at which it last changed.
    pub changed_at: i64,
    /// The offset at which it last came to another place.
    pub moved_at: i64,
    /// It is gone; only the id is left.
    pub removed: bool,
    /// As it is written on the wire, without its revision.
    pub body: String,
}

impl Row {
    /// The object as it is written on the wire, with its revision as the last property.
    pub fn json(&self) -> String {
        let body = self.body.strip_suffix('}').unwrap_or(&self.body);
        format!("{body},\"revision\":{}}}", self.changed_at)
    }
}

const ROW: &str = "id, kind, place, changed_at, moved_at, removed_at IS NOT NULL, body";

fn row(row: &rusqlite::Row<'_>) -> rusqlite::Result<Row> {
    Ok(Row {
        id: Uuid::from_bytes(row.get(0)?),
        kind: Kind::stored(&row.get::<_, String>(1)?),
        place: row.get::<_, Option<[u8; 16]>>(2)?.map(LocationId::from_bytes),
        changed_at: row.get(3)?,
        moved_at: row.get(4)?,
        removed: row.get(5)?,
        body: row.get(6)?,
    })
}

impl View<'_> {
    /// Where a feed stands.
    pub fn feed(&self, organization: OrganizationId, feed: Feed) -> Result<FeedState, StorageError> {
        let found = self
            .connection
            .prepare_cached("SELECT last_offset, forgotten_before FROM feeds WHERE organization = ?1 AND feed = ?2")?
            .query_row(params![organization.bytes(), feed.name()], |row| {
                Ok(FeedState { offset: row.get(0)?, forgotten_before: row.get(1)? })
            })
            .optional()?;
        Ok(found.unwrap_or_default())
    }

    /// Where all feeds of all organizations stand.
    pub(super) fn feeds(&self) -> Result<Vec<Moved>, StorageError> {
        let mut statement = self.connection.prepare_cached("SELECT organization, feed, last_offset FROM feeds")?;
        let mut rows = statement.query([])?;
        let mut all = Vec::new();
        while let Some(row) = rows.next()? {
            let organization = OrganizationId::from_bytes(row.get(0)?);
            // A feed of a later version is not rung for.
            if let Some(feed) = Feed::named(&row.get::<_, String>(1)?) {
                all.push(Moved { organization, feed, offset: row.get(2)?, audience: None });
            }
        }
        Ok(all)
    }

    /// The first `limit` objects that changed after an offset, in the order of their offsets: those of the organization
    /// and those of this one person.
    pub fn changes(
        &self,
        organization: OrganizationId,
        feed: Feed,
        audience: Option<PersonId>,
        after: i64,
        limit: usize,
    ) -> Result<Vec<Row>, StorageError> {
        let sql = format!(
            "SELECT {ROW} FROM objects
             WHERE organization = ?1 AND feed = ?2 AND changed_at > ?3 AND (audience IS NULL OR audience = ?4)
             ORDER BY changed_at LIMIT ?5"
        );
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let audience = audience.map(|person| *person.bytes());
        let mut statement = self.connection.prepare_cached(&sql)?;
        let rows = statement.query_map(params![organization.bytes(), feed.name(), after, audience, limit], row)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The next `limit` present objects in the order of their ids. Objects that ended before `ended_since` are left out.
    pub fn page(
        &self,
        organization: OrganizationId,
        feed: Feed,
        audience: Option<PersonId>,
        ended_since: Timestamp,
        after: Option<Uuid>,
        limit: usize,
    ) -> Result<Vec<Row>, StorageError> {
        let sql = format!(
            "SELECT {ROW} FROM objects
             WHERE organization = ?1 AND feed = ?2 AND id > ?3 AND removed_at IS NULL
               AND (audience IS NULL OR audience = ?4) AND (ended_at IS NULL OR ended_at >= ?5)
             ORDER BY id LIMIT ?6"
        );
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let audience = audience.map(|person| *person.bytes());
        // No id is shorter than this one: it comes before all.
        let after = after.map(|id| id.as_bytes().to_vec()).unwrap_or_default();
        let mut statement = self.connection.prepare_cached(&sql)?;
        let rows = statement
            .query_map(params![organization.bytes(), feed.name(), after, audience, ended_since.micros(), limit], row)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Calls `each` with id, kind, place and offset of every present object: what a digest counts.
    pub fn each_mark(
        &self,
        organization: OrganizationId,
        feed: Feed,
        audience: Option<PersonId>,
        ended_since: Timestamp,
        mut each: impl FnMut(&[u8; 16], Kind, Option<LocationId>, i64),
    ) -> Result<(), StorageError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT id, kind, place, changed_at FROM objects
             WHERE organization = ?1 AND feed = ?2 AND removed_at IS NULL
               AND (audience IS NULL OR audience = ?3) AND (ended_at IS NULL OR ended_at >= ?4)",
        )?;
        let audience = audience.map(|person| *person.bytes());
        let mut rows = statement.query(params![organization.bytes(), feed.name(), audience, ended_since.micros()])?;
        while let Some(row) = rows.next()? {
            let place = row.get::<_, Option<[u8; 16]>>(2)?.map(LocationId::from_bytes);
            each(&row.get(0)?, Kind::stored(row.get_ref(1)?.as_str().unwrap_or_default()), place, row.get(3)?);
        }
        Ok(())
    }
}

/// One transaction of the writer.
pub struct Write<'c> {
    transaction: Transaction<'c>,
    now: Timestamp,
    counters: HashMap<OrganizationId, i64>,
    moved: BTreeMap<(OrganizationId, Feed, Option<PersonId>), i64>,
    measured: Vec<Measured>,
    silent: bool,
}

/// What listeners are to be told after a commit.
pub(super) struct News {
    pub(super) moved: Vec<Moved>,
    pub(super) measured: Vec<Measured>,
}

impl<'c> Write<'c> {
    pub(super) fn begin(connection: &'c mut Connection, now: Timestamp) -> Result<Self, StorageError> {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        Ok(Self {
            transaction,
            now,
            counters: HashMap::new(),
            moved: BTreeMap::new(),
            measured: Vec::new(),
            silent: false,
        })
    }

    /// The time of this transaction.
    pub const fn now(&self) -> Timestamp {
        self.now
    }

    /// What is there now, with what this transaction wrote.
    pub fn view(&self) -> View<'_> {
        View { connection: &self.transaction }
    }

    pub(super) fn connection(&self) -> &Connection {
        &self.transaction
    }

    /// From here on nobody is notified of what this transaction does.
    pub(super) const fn tell_nobody(&mut self) {
        self.silent = true;
    }

    /// Whether people are notified of what this transaction does.
    pub(super) const fn tells(&self) -> bool {
        !self.silent
    }

    /// The next offset, for a change of this feed.
    pub(super) fn next_offset(
        &mut self,
        organization: OrganizationId,
        feed: Feed,
        audience: Option<PersonId>,
    ) -> Result<i64, StorageError> {
        let last = match self.counters.get(&organization) {
            Some(last) => *last,
            None => self
                .transaction
                .prepare_cached("SELECT last_offset FROM organizations WHERE id = ?1")?
                .query_row([organization.bytes()], |row| row.get(0))?,
        };
        let next = last + 1;
        self.counters.insert(organization, next);
        self.moved.insert((organization, feed, audience), next);
        Ok(next)
    }

    /// Where this transaction moved a feed to, if it did.
    pub(super) fn moved_to(&self, organization: OrganizationId, feed: Feed) -> Option<i64> {
        self.moved.get(&(organization, feed, None)).copied()
    }

    /// Does something whole or not at all: where it fails nothing of it is left, and this transaction goes on.
    pub(crate) fn apart<T>(
        &mut self,
        work: impl FnOnce(&mut Self) -> Result<T, StorageError>,
    ) -> Result<T, StorageError> {
        let before = (self.counters.clone(), self.moved.clone(), self.measured.len());
        self.transaction.execute_batch("SAVEPOINT apart")?;
        let done = work(self);
        if done.is_err() {
            self.transaction.execute_batch("ROLLBACK TO apart")?;
            self.measured.truncate(before.2);
            (self.counters, self.moved) = (before.0, before.1);
        }
        self.transaction.execute_batch("RELEASE apart")?;
        done
    }

    /// To be told to live streams when this is committed.
    pub(super) fn tell_measured(&mut self, measured: Measured) {
        self.measured.push(measured);
    }

    pub(super) fn commit(self) -> Result<News, StorageError> {
        for (organization, last) in &self.counters {
            self.transaction
                .prepare_cached("UPDATE organizations SET last_offset = ?2 WHERE id = ?1")?
                .execute(params![organization.bytes(), last])?;
        }
        for ((organization, feed, _), offset) in &self.moved {
            self.transaction
                .prepare_cached(
                    "INSERT INTO feeds (organization, feed, last_offset) VALUES (?1, ?2, ?3)
                     ON CONFLICT (organization, feed)
                     DO UPDATE SET last_offset = max(last_offset, excluded.last_offset)",
                )?
                .execute(params![organization.bytes(), feed.name(), offset])?;
        }
        self.transaction.commit()?;
        let moved = self
            .moved
            .into_iter()
            .map(|((organization, feed, audience), offset)| Moved { organization, feed, offset, audience })
            .collect();
        Ok(News { moved, measured: self.measured })
    }
}
