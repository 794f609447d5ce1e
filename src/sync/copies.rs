//! Where the phone's copy of each feed stands: its mark, what the schedule remembers of it, what could not be taken. All that is
//! asked of the table `feed` stands here.

use std::collections::BTreeMap;

use onsite_wire::ids::{Generation, OrganizationId};
use rusqlite::{Connection, OptionalExtension};

use super::schedule::{Feed, FeedTimes, Mark};
use crate::store::Fault;

/// Moves a copy on, in the last transaction of a read.
pub(super) fn write_mark(
    cache: &Connection,
    organization: i64,
    name: &str,
    mark: Mark,
    skipped: u64,
    full: bool,
) -> Result<(), Fault> {
    let skipped = i64::try_from(skipped).unwrap_or(i64::MAX);
    cache
        .prepare_cached(
            "INSERT INTO feed (organization, name, generation, position, skipped) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (organization, name) DO UPDATE
                SET generation = excluded.generation, position = excluded.position,
                    skipped = CASE WHEN ?6 THEN excluded.skipped ELSE feed.skipped + excluded.skipped END",
        )?
        .execute((organization, name, mark.generation.as_ref().map(|g| *g.bytes()), mark.offset, skipped, full))?;
    Ok(())
}

/// Where a copy stands; `None` before its first full read ended.
pub(super) fn read_mark(cache: &Connection, organization: i64, name: &str) -> Result<Option<Mark>, Fault> {
    let row: Option<(Option<[u8; 16]>, Option<i64>)> = cache
        .prepare_cached("SELECT generation, position FROM feed WHERE organization = ?1 AND name = ?2")?
        .query_row((organization, name), |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    Ok(row.and_then(|(generation, offset)| {
        Some(Mark { generation: generation.map(Generation::from_bytes), offset: offset? })
    }))
}

/// What is known of a feed's copy: where it stands, and what the schedule remembers.
pub fn record_of(cache: &Connection, organization: i64, name: &str) -> Result<(Option<Mark>, FeedTimes), Fault> {
    let times: Option<String> = cache
        .prepare_cached("SELECT times FROM feed WHERE organization = ?1 AND name = ?2")?
        .query_row((organization, name), |row| row.get(0))
        .optional()?;
    // Times that cannot be read cost a full read.
    let times = times.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
    Ok((read_mark(cache, organization, name)?, times))
}

/// Keeps what the schedule remembers of a feed.
pub fn remember(cache: &Connection, organization: i64, name: &str, times: &FeedTimes) -> Result<(), Fault> {
    let times = serde_json::to_string(times).map_err(|_| Fault::Value("feed times"))?;
    cache
        .prepare_cached(
            "INSERT INTO feed (organization, name, times) VALUES (?1, ?2, ?3)
             ON CONFLICT (organization, name) DO UPDATE SET times = excluded.times",
        )?
        .execute((organization, name, times))?;
    Ok(())
}

/// Rows that could not be taken, by organization and feed.
pub fn skipped_rows(cache: &Connection) -> Result<BTreeMap<String, u64>, Fault> {
    let mut select =
        cache.prepare_cached("SELECT name, sum(skipped) FROM feed GROUP BY name HAVING sum(skipped) > 0")?;
    let rows = select.query_map([], |row| Ok((row.get(0)?, row.get::<_, i64>(1)?.unsigned_abs())))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Where the copies of all feeds stand.
pub fn marks(cache: &Connection) -> Result<Vec<(Feed, Mark)>, Fault> {
    let mut select = cache.prepare_cached(
        "SELECT organization.id, feed.name, feed.generation, feed.position
           FROM feed JOIN organization ON organization.n = feed.organization WHERE feed.position IS NOT NULL",
    )?;
    let rows = select.query_map([], |row| {
        let feed = Feed { organization: OrganizationId::from_bytes(row.get(0)?), name: row.get(1)? };
        let generation = row.get::<_, Option<[u8; 16]>>(2)?.map(Generation::from_bytes);
        Ok((feed, Mark { generation, offset: row.get(3)? }))
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Whether a full read of a feed ever ended.
pub fn is_read(cache: &Connection, organization: OrganizationId, name: &str) -> Result<bool, Fault> {
    Ok(cache
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM feed JOIN organization ON organization.n = feed.organization
                             WHERE organization.id = ?1 AND feed.name = ?2 AND feed.position IS NOT NULL)",
        )?
        .query_row((organization.bytes(), name), |row| row.get(0))?)
}

/// Lets go of where an organization's copies stand: they are no copies any more.
pub fn let_go(cache: &Connection, organization: i64) -> Result<(), Fault> {
    cache.prepare_cached("DELETE FROM feed WHERE organization = ?1")?.execute([organization])?;
    Ok(())
}
