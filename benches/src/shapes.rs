//! The twenty windows that are measured: each a filter and an order, with the bare SELECT that the best index serves.

use std::collections::BTreeSet;

use onsite::alarms::{AlarmFilter, AlarmSort, AssignmentChoice, MutedChoice, Status};
use onsite_rules::severity::Shown;
use onsite_server::demo::SHARES_OF_MODELS;
use onsite_wire::ids::{LocationId, PersonId};
use rusqlite::Connection;

use super::Outcome;
use super::world::World;

/// How a bare SELECT reaches its rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// Along this index.
    Index(&'static str),
    /// Device by device, in the order of this index of devices.
    Devices(&'static str),
    /// The chosen devices' alarms, then ordered.
    OfDevices,
}

/// A window that is measured.
#[derive(Debug, Clone)]
pub struct Shape {
    /// What a reader of the table sees.
    pub name: &'static str,
    /// What is chosen.
    pub filter: AlarmFilter,
    /// In which order.
    pub sort: AlarmSort,
    /// How the bare SELECT reaches the rows.
    pub way: Way,
    /// The same choice as SQL.
    pub sql: String,
}

/// What of the store the shapes are about.
pub struct Facts {
    site: (LocationId, i64),
    person: [u8; 16],
    manufacturer: String,
    /// Device and activation of one alarm.
    one: ([u8; 16], i64),
}

impl Facts {
    /// Looks them up.
    pub fn read(cache: &Connection) -> Outcome<Self> {
        let site = "SELECT id, n FROM location WHERE parent IS NULL ORDER BY n LIMIT 1";
        let person = "SELECT assignee FROM alarm INDEXED BY alarm_assigned WHERE assignee IS NOT NULL LIMIT 1";
        let manufacturer = "SELECT manufacturer FROM device GROUP BY manufacturer ORDER BY count(*) DESC LIMIT 1";
        let one = "SELECT device.id, -alarm.recency FROM alarm INDEXED BY alarm_newest
                     JOIN device ON device.n = alarm.device WHERE alarm.status = 1 AND alarm.recency > ?1 LIMIT 1";
        let middle: i64 = cache.query_row("SELECT avg(recency) FROM alarm WHERE n < 1000", [], |row| {
            #[expect(clippy::cast_possible_truncation, reason = "microseconds of a time")]
            row.get::<_, f64>(0).map(|middle| middle as i64)
        })?;
        Ok(Self {
            site: cache.query_row(site, [], |row| Ok((LocationId::from_bytes(row.get(0)?), row.get(1)?)))?,
            person: cache.query_row(person, [], |row| row.get(0))?,
            manufacturer: cache.query_row(manufacturer, [], |row| row.get(0))?,
            one: cache.query_row(one, [middle], |row| Ok((row.get(0)?, row.get(1)?)))?,
        })
    }
}

fn one<T: Ord>(value: T) -> BTreeSet<T> {
    BTreeSet::from([value])
}

/// The devices of this model, as SQL.
fn of_model(at: usize) -> (String, String) {
    let model = SHARES_OF_MODELS.get(at).map_or("", |(model, _)| model);
    (model.to_owned(), of_devices(&format!("model = '{model}'")))
}

fn of_devices(condition: &str) -> String {
    format!("alarm.device IN (SELECT n FROM device WHERE {condition})")
}

/// All shapes, in the order of the table.
pub fn shapes(world: &World, facts: &Facts) -> Vec<Shape> {
    let mut all = alone(world, facts);
    all.extend(combined(world, facts));
    all
}

fn shape(name: &'static str, filter: AlarmFilter, way: Way, sql: impl Into<String>) -> Shape {
    Shape { name, filter, sort: AlarmSort::Newest, way, sql: sql.into() }
}

const NEWEST: Way = Way::Index("alarm_newest");
const SEVEREST: Way = Way::Index("alarm_severest");

/// No filter, and each filter alone.
fn alone(world: &World, facts: &Facts) -> Vec<Shape> {
    let none = AlarmFilter::default;
    let (tenth, tenth_sql) = of_model(1);
    let day = world.now.plus_millis(-24 * 60 * 60 * 1_000);
    let within = format!(
        "alarm.device IN (SELECT device.n FROM device JOIN location ON location.n = device.location
                           WHERE {0} IN (location.n, location.parent))",
        facts.site.1
    );
    vec![
        shape("all", none(), NEWEST, "TRUE"),
        shape("active", AlarmFilter { status: Some(Status::Active), ..none() }, NEWEST, "alarm.status = 0"),
        shape("critical", AlarmFilter { severity: Some(Shown::Critical), ..none() }, NEWEST, "alarm.shown = 0"),
        shape(
            "category Power",
            AlarmFilter { categories: one("Power".to_owned()), ..none() },
            NEWEST,
            "alarm.category = (SELECT n FROM category WHERE name = 'Power')",
        ),
        shape(
            "device type UPS",
            AlarmFilter { device_types: one("UPS".to_owned()), ..none() },
            NEWEST,
            of_devices("kind = 'UPS'"),
        ),
        shape("model, 10 %", AlarmFilter { models: one(tenth), ..none() }, NEWEST, tenth_sql),
        shape(
            "manufacturer",
            AlarmFilter { manufacturers: one(facts.manufacturer.clone()), ..none() },
            NEWEST,
            of_devices(&format!("manufacturer = '{}'", facts.manufacturer)),
        ),
        shape("site", AlarmFilter { location: Some(facts.site.0), ..none() }, NEWEST, within),
        shape(
            "muted",
            AlarmFilter { muted: MutedChoice::Only, ..none() },
            Way::Index("alarm_muted"),
            "alarm.muted = 1",
        ),
        shape(
            "of a person",
            AlarmFilter { assignment: AssignmentChoice::Person(PersonId::from_bytes(facts.person)), ..none() },
            Way::Index("alarm_assigned"),
            format!("alarm.assignee = {}", blob(&facts.person)),
        ),
        shape(
            "last 24 h",
            AlarmFilter { from: Some(day), ..none() },
            NEWEST,
            format!("alarm.recency <= {}", -day.micros()),
        ),
        shape(
            "device type UPS, by severity",
            AlarmFilter { device_types: one("UPS".to_owned()), ..none() },
            SEVEREST,
            of_devices("kind = 'UPS'"),
        )
        .by(AlarmSort::Severity),
    ]
}

/// Two to four filters, with a tenth, a thousandth, one and no hits, in all orders.
fn combined(world: &World, facts: &Facts) -> Vec<Shape> {
    let none = AlarmFilter::default;
    let ((tenth, tenth_sql), (thousandth, thousandth_sql)) = (of_model(1), of_model(3));
    let labels = Way::Devices("device_by_label");
    let places = Way::Devices("device_by_place");
    let cleared_tenth = AlarmFilter { status: Some(Status::Cleared), models: one(tenth), ..none() };
    let few = AlarmFilter { status: Some(Status::Cleared), models: one(thousandth.clone()), ..none() };
    let cleared = |sql: &str| format!("alarm.status = 1 AND {sql}");
    let (device, at) = facts.one;
    let at = onsite::time::Timestamp::from_micros(at);
    let single = AlarmFilter {
        device: Some(onsite_wire::ids::DeviceId::from_bytes(device)),
        from: Some(at),
        to: Some(onsite::time::Timestamp::from_micros(at.micros() + 1)),
        ..none()
    };
    let single_sql = format!(
        "alarm.device = (SELECT n FROM device WHERE id = {}) AND alarm.recency = {}",
        blob(&device),
        -at.micros()
    );
    let nobodys = AlarmFilter {
        status: Some(Status::Active),
        severity: Some(Shown::Critical),
        muted: MutedChoice::Only,
        assignment: AssignmentChoice::Person(PersonId::from_bytes([0xee; 16])),
        ..none()
    };
    let nobodys_sql =
        format!("alarm.status = 0 AND alarm.shown = 0 AND alarm.muted = 1 AND alarm.assignee = {}", blob(&[0xee; 16]));
    let past = world.now.plus_millis(-365 * 24 * 60 * 60 * 1_000);
    let ancient = AlarmFilter { models: one(thousandth), to: Some(past), ..none() };
    let ancient_sql = format!("{thousandth_sql} AND alarm.recency > {}", -past.micros());
    vec![
        shape("cleared and model, 10 %, by severity", cleared_tenth.clone(), SEVEREST, cleared(&tenth_sql))
            .by(AlarmSort::Severity),
        shape("cleared and model, 10 %, by device", cleared_tenth, labels, cleared(&tenth_sql)).by(AlarmSort::Device),
        shape("cleared and model, 0.1 %, by device", few.clone(), labels, cleared(&thousandth_sql))
            .by(AlarmSort::Device),
        shape("cleared and model, 0.1 %, by location", few, places, cleared(&thousandth_sql)).by(AlarmSort::Location),
        shape("a device at one moment, one hit", single.clone(), Way::OfDevices, single_sql.clone()),
        shape("a device at one moment, one hit, by location", single, places, single_sql).by(AlarmSort::Location),
        shape("active, critical, muted, of nobody there: no hit", nobodys, Way::Index("alarm_assigned"), nobodys_sql),
        shape("model, 0.1 %, a year ago: no hit", ancient, Way::OfDevices, ancient_sql),
    ]
}

fn blob(bytes: &[u8]) -> String {
    let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("x'{digits}'")
}

impl Shape {
    fn by(self, sort: AlarmSort) -> Self {
        Self { sort, ..self }
    }

    /// The bare SELECT of the first rows: what a row shows, with the names it is shown with.
    pub fn select(&self, limit: usize) -> String {
        let order = match self.sort {
            AlarmSort::Newest => "alarm.status, alarm.recency, alarm.id",
            AlarmSort::Severity => "alarm.status, alarm.shown, alarm.recency, alarm.id",
            AlarmSort::Device => "device.label_key, device.n, alarm.status, alarm.recency, alarm.id",
            AlarmSort::Location => {
                "device.place_key, device.label_key, device.n, alarm.status, alarm.recency, alarm.id"
            }
        };
        let from = match self.way {
            Way::Index(index) => format!("alarm INDEXED BY {index} CROSS JOIN device ON device.n = alarm.device"),
            Way::OfDevices => {
                "alarm INDEXED BY alarm_of_device CROSS JOIN device ON device.n = alarm.device".to_owned()
            }
            Way::Devices(index) => format!(
                "device INDEXED BY {index} CROSS JOIN alarm INDEXED BY alarm_of_device ON alarm.device = device.n"
            ),
        };
        format!("{COLUMNS} FROM {from} WHERE alarm.status < 2 AND {} ORDER BY {order} LIMIT {limit}", self.sql)
    }

    /// How many rows the filter leaves.
    pub fn count(&self, cache: &Connection) -> rusqlite::Result<i64> {
        cache.query_row(&format!("SELECT count(*) FROM alarm WHERE status < 2 AND {}", self.sql), [], |row| row.get(0))
    }
}

/// What a row shows.
pub const COLUMNS: &str = "SELECT alarm.id, alarm.organization, alarm.status, alarm.shown, alarm.label, alarm.message, \
     alarm.category, alarm.recency, alarm.cleared, alarm.reactivations, alarm.acknowledgement, alarm.mute, alarm.mute_holds, \
     alarm.muted, device.id, device.label, device.place_key";
