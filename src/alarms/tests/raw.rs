//! A bare cache.db of any size, filled without the feeds, for questions to SQLite itself: plans and steps.

use onsite_wire::ids::{DeviceId, LocationId, OrganizationId, PersonId};
use rusqlite::Connection;

use crate::alarms::FOLLOWERS;
use crate::devices::feed::InventoryFeed;
use crate::store::Changes;
use crate::sync::feed::{Feed, Intake, Seen, organization_number};
use crate::time::Timestamp;

pub const DEVICES: usize = 600;
pub const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);

pub fn organization() -> OrganizationId {
    OrganizationId::from_bytes([1; 16])
}

pub fn device(at: usize) -> DeviceId {
    let mut bytes = [2; 16];
    bytes[..8].copy_from_slice(&at.to_be_bytes());
    DeviceId::from_bytes(bytes)
}

pub fn location(at: usize) -> LocationId {
    let mut bytes = [3; 16];
    bytes[..8].copy_from_slice(&at.to_be_bytes());
    LocationId::from_bytes(bytes)
}

/// Alarms have ids by their row numbers.
pub fn alarm_id(n: usize) -> [u8; 16] {
    format!("{n:016}").into_bytes().try_into().unwrap()
}

pub fn person() -> PersonId {
    PersonId::from_bytes([4; 16])
}

/// Work with what the feeds need, in one transaction.
pub fn intake<T>(cache: &Connection, work: impl FnOnce(&mut Intake<'_>) -> T) -> T {
    let transaction = cache.unchecked_transaction().unwrap();
    let organization = organization_number(&transaction, organization()).unwrap();
    let (mut changes, mut seen) = (Changes::default(), Seen::default());
    let done = work(&mut Intake {
        cache: &transaction,
        changes: &mut changes,
        organization,
        full: false,
        seen: &mut seen,
        now: NOW,
    });
    transaction.commit().unwrap();
    done
}

/// An empty cache.db.
pub fn empty() -> Connection {
    let cache = Connection::open_in_memory().unwrap();
    cache.set_prepared_statement_cache_capacity(256);
    crate::account::SCHEMA.cache.iter().for_each(|step| cache.execute_batch(step.sql).unwrap());
    cache
}

/// One with 600 devices in 30 rooms of 3 sites, and this many alarms: one in a hundred active, one in ten a warning.
pub fn filled(alarms: usize) -> Connection {
    let cache = empty();
    fill_inventory(&cache);
    let indexes: Vec<(String, String)> = {
        let mut select = cache
            .prepare(
                "SELECT name, sql FROM sqlite_schema WHERE type = 'index' AND tbl_name = 'alarm' AND sql IS NOT NULL",
            )
            .unwrap();
        select.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap().collect::<Result<_, _>>().unwrap()
    };
    // Indexes made after their rows are made in a fraction of the time.
    indexes.iter().for_each(|(name, _)| cache.execute_batch(&format!("DROP INDEX {name}")).unwrap());
    cache
        .execute(
            "WITH RECURSIVE i (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM i WHERE n < ?1)
             INSERT INTO alarm (n, id, organization, device, status, recency, cleared, shown, severity, category, label,
                                message, revision, assignee, muted)
             SELECT n, CAST(printf('%016d', n) AS BLOB), 1, 1 + n % ?2, n % 100 > 0, (n * 7919 % 1000003) * 1000000,
                    CASE WHEN n % 100 > 0 THEN 1800000000000000 END, n % 10 = 0, 3, 1 + n % 3, 'UPS on battery',
                    'Input voltage lost', n, CASE WHEN n % 70 = 0 THEN ?3 END, n % 300 = 0
               FROM i",
            (i64::try_from(alarms).unwrap(), i64::try_from(DEVICES).unwrap(), person().bytes()),
        )
        .unwrap();
    cache
        .execute("INSERT INTO alarm_words (rowid, tokens) SELECT n, 'ups on battery x' || (n % 500) || ' ' FROM alarm WHERE n <= 5000", [])
        .unwrap();
    cache.execute_batch("INSERT INTO category (n, name) VALUES (1, 'Power'), (2, 'Cooling'), (3, 'Other')").unwrap();
    indexes.iter().for_each(|(_, sql)| cache.execute_batch(sql).unwrap());
    cache
}

fn fill_inventory(cache: &Connection) {
    let feed = InventoryFeed { followers: FOLLOWERS };
    let mut objects = Vec::new();
    for at in 0..33 {
        let parent = if at < 3 { String::new() } else { format!(r#","parentId":"{}""#, location(at % 3)) };
        objects.push(format!(
            r#"{{"discriminator":"Location","id":"{}","label":"Hall {at}","type":"ROOM"{parent}}}"#,
            location(at)
        ));
    }
    for at in 0..DEVICES {
        objects.push(format!(
            r#"{{"discriminator":"Device","id":"{}","label":"Device {}","type":"{}","modelName":"Model {}","manufacturer":"Maker {}","locationId":"{}"}}"#,
            device(at),
            at * 7 % 97,
            ["UPS", "RPDU", "CRAC"][at % 3],
            at % 20,
            at % 4,
            location(3 + at % 30),
        ));
    }
    let items = objects.iter().map(|json| feed.parse(0, json.as_bytes()).unwrap()).collect();
    intake(cache, |intake| feed.take(intake, items)).unwrap();
}
