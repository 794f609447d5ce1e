//! What a feature registers so that its objects are pulled: where they are read, how one is taken in, what a full read
//! removes, and what a digest counts.

use std::any::Any;
use std::collections::BTreeMap;

use onsite_rules::digest::Tally;
use onsite_wire::ids::OrganizationId;
use onsite_wire::onsite::Capability;
use rusqlite::{Connection, OptionalExtension};

use crate::store::{Changes, Fault};
use crate::time::Timestamp;

/// Which read of a feed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Read {
    /// All objects.
    Full,
    /// What changed after an offset.
    After(i64),
}

/// Where a read goes, and which arrays of its answer hold objects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// Below the server's base URL.
    pub path: String,
    /// Names of the top-level arrays; an item's array is given by its place in here.
    pub arrays: &'static [&'static str],
}

/// An object that cannot be taken: it is skipped, counted and visible, and stops nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unreadable;

/// What a server must have so that a feed can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Needs {
    /// The vendor's REST v1: every server has it (O5).
    Vendor,
    /// Something of ours that an organization's server names among its capabilities.
    Offered(Capability),
}

impl Needs {
    /// Whether they are met where these capabilities are offered; none: the vendor's API only.
    pub fn met_by(self, capabilities: &[Capability]) -> bool {
        match self {
            Self::Vendor => true,
            Self::Offered(capability) => capabilities.contains(&capability),
        }
    }
}

/// A feature's feed.
pub trait Feed: Send + Sync + 'static {
    /// An object, parsed off the writer's thread.
    type Item: Send + 'static;

    /// Its stable name: in cache.db, in rings and digests.
    fn name(&self) -> &'static str;

    /// What the server must have. Where it does not, the feed is not read.
    fn needs(&self) -> Needs;

    /// Where to read.
    fn route(&self, organization: OrganizationId, read: Read) -> Route;

    /// Reads one object.
    fn parse(&self, array: usize, raw: &[u8]) -> Result<Self::Item, Unreadable>;

    /// Takes objects in, inside the writer's transaction. Called with the same object twice, the second changes nothing.
    fn take(&self, intake: &mut Intake<'_>, items: Vec<Self::Item>) -> Result<(), Fault>;

    /// The end of a read, in the transaction that moves the offset: after a full read, what was not in it is removed.
    /// Gives back what should be there by the server's own rules and was not: it is asked for one by one.
    fn finish(&self, intake: &mut Intake<'_>) -> Result<Vec<uuid::Uuid>, Fault>;

    /// Counts what the phone holds.
    fn digest(&self, cache: &Connection, organization: i64, cleared_since: Option<Timestamp>) -> Result<Tally, Fault>;

    /// Where one object is asked for by itself, and the name under which the answer is an item; `None` where it cannot be.
    fn single(&self, _organization: OrganizationId, _id: uuid::Uuid) -> Option<String> {
        None
    }

    /// What the feature makes of an object that was asked for and is not there.
    fn missing(&self, _intake: &mut Intake<'_>, _id: uuid::Uuid) -> Result<(), Fault> {
        Ok(())
    }
}

/// Rows that a read has met, by table and row number: one bit each, so that a million cost 125 kB. And what its feature
/// remembers from one job to the next.
#[derive(Debug, Default)]
pub struct Seen {
    tables: BTreeMap<&'static str, Vec<u64>>,
    memory: Option<Box<dyn Any + Send>>,
}

impl Seen {
    /// Notes a row.
    pub fn note(&mut self, table: &'static str, n: i64) {
        let Ok(n) = usize::try_from(n) else { return };
        let bits = self.tables.entry(table).or_default();
        let (word, bit) = (n / 64, n % 64);
        if bits.len() <= word {
            bits.resize(word + 1, 0);
        }
        if let Some(word) = bits.get_mut(word) {
            *word |= 1 << bit;
        }
    }

    /// What the feature kept of the last job of this read; nothing in the first one, and after one that failed.
    pub fn recall<T: Any + Default>(&mut self) -> T {
        self.memory.take().and_then(|memory| memory.downcast().ok()).map(|memory| *memory).unwrap_or_default()
    }

    /// Keeps something for the next job of this read.
    pub fn keep<T: Any + Send>(&mut self, memory: T) {
        self.memory = Some(Box::new(memory));
    }

    /// The row numbers up to `last` that were not noted, as ranges from the first to the last.
    pub fn gaps(&self, table: &str, last: i64) -> Vec<(i64, i64)> {
        let mut gaps = Vec::new();
        let mut from = None;
        for n in 1..=last {
            match (self.contains(table, n), from) {
                (false, None) => from = Some(n),
                (true, Some(first)) => {
                    gaps.push((first, n - 1));
                    from = None;
                }
                _ => {}
            }
        }
        gaps.extend(from.map(|first| (first, last)));
        gaps
    }

    /// Whether a row was noted.
    pub fn contains(&self, table: &str, n: i64) -> bool {
        usize::try_from(n)
            .ok()
            .and_then(|n| self.tables.get(table)?.get(n / 64).map(|word| word >> (n % 64) & 1 == 1))
            .unwrap_or(false)
    }
}

/// What taking in needs to know.
pub struct Intake<'a> {
    /// cache.db, inside a transaction.
    pub cache: &'a Connection,
    /// What this commit changes.
    pub changes: &'a mut Changes,
    /// The organization's row number.
    pub organization: i64,
    /// A full read: rows met are noted in `seen`.
    pub full: bool,
    /// Rows met by a full read.
    pub seen: &'a mut Seen,
    /// The server's time, as the phone estimates it.
    pub now: Timestamp,
}

/// The row number of an organization, made when it is new.
pub fn organization_number(cache: &Connection, id: OrganizationId) -> Result<i64, Fault> {
    let known = cache
        .prepare_cached("SELECT n FROM organization WHERE id = ?1")?
        .query_row([id.bytes()], |row| row.get(0))
        .optional()?;
    if let Some(n) = known {
        return Ok(n);
    }
    cache.prepare_cached("INSERT INTO organization (id, label) VALUES (?1, '')")?.execute([id.bytes()])?;
    Ok(cache.last_insert_rowid())
}
