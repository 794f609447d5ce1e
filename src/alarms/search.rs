//! A filter and a sort as SQL, and the choice of the index that answers it with the least work.
//!
//! | route | when | work |
//! |---|---|---|
//! | in order | a common value: the index of the sort is walked and rows are tested | until enough are found |
//! | by device | few devices are chosen | their alarms, then sorted |
//! | assigned | one person's | that person's, already in order |
//! | muted | muted ones alone | those, already in order |
//! | by words | few alarms have the words | those, then sorted |
//!
//! A list by newest or by severity is read in parts, active before cleared and critical before warning, so that a place
//! or a time in it is found by the index; one by device or location goes on with the rest of the device it stopped at.
//!
//! Which rows pass is not decided here twice: devices arrive as numbers from the [`Sieve`](super::filter::Sieve), and a
//! property test holds the rest of the SQL against it.

use std::cmp::Ordering;
use std::fmt::Write as _;
use std::ops::ControlFlow;

use onsite_rules::severity::Shown;
use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};

use super::filter::{AlarmFilter, AlarmSort, AssignmentChoice, MutedChoice, Sieve};
use super::mark::{COLUMNS, Mark, Status};
use crate::devices::directory::Directory;
use crate::devices::intake::UNSEEN_KEY;
use crate::store::Fault;

/// Below this share of the devices, a list is read by device. Tests have small stores and see both ways.
const FEW_DEVICES: usize = if cfg!(test) { 10 } else { 200 };
/// Up to this many alarms with the typed words are read one by one.
pub(super) const FEW_WITH_WORDS: usize = if cfg!(test) { 12 } else { 2_000 };

/// An alarm's place in a list. Keys of one list have the same form.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Texts that come first: places, then the device.
    texts: Vec<std::sync::Arc<str>>,
    device: i64,
    status: Status,
    severity: Option<Shown>,
    /// Minus the activation.
    recency: i64,
    id: [u8; 16],
}

impl Place {
    /// Where a sort puts an alarm.
    pub(super) fn of(sort: AlarmSort, directory: &Directory, mark: &Mark) -> Self {
        let device = directory.device(mark.device);
        let texts = match (sort, device) {
            (AlarmSort::Newest | AlarmSort::Severity, _) => Vec::new(),
            (AlarmSort::Device, Some(device)) => vec![device.label_key.clone()],
            (AlarmSort::Location, Some(device)) => vec![device.place_key.clone(), device.label_key.clone()],
            (AlarmSort::Device, None) => vec![UNSEEN_KEY.into()],
            (AlarmSort::Location, None) => vec![UNSEEN_KEY.into(), UNSEEN_KEY.into()],
        };
        Self {
            texts,
            device: if by_text(sort) { mark.device } else { 0 },
            status: mark.status,
            severity: (sort == AlarmSort::Severity).then_some(mark.severity),
            recency: -mark.activated.micros(),
            id: *mark.id.bytes(),
        }
    }
}

const fn by_text(sort: AlarmSort) -> bool {
    matches!(sort, AlarmSort::Device | AlarmSort::Location)
}

/// Alarms that have the typed words: one bit per row number.
#[derive(Debug, Clone, Default)]
pub(super) struct WordHits {
    bits: Vec<u64>,
    count: usize,
}

impl WordHits {
    /// Asks the index.
    pub(super) fn find(cache: &Connection, query: &str) -> Result<Self, Fault> {
        let mut hits = Self::default();
        let mut select = cache.prepare_cached("SELECT rowid FROM alarm_words WHERE alarm_words MATCH ?1")?;
        let mut rows = select.query([query])?;
        while let Some(row) = rows.next()? {
            hits.set(row.get(0)?, true);
        }
        Ok(hits)
    }

    /// Whether an alarm has the words.
    pub(super) fn contains(&self, n: i64) -> bool {
        let Ok(n) = usize::try_from(n) else { return false };
        self.bits.get(n / 64).is_some_and(|word| word >> (n % 64) & 1 == 1)
    }

    pub(super) fn set(&mut self, n: i64, hit: bool) {
        let Ok(at) = usize::try_from(n) else { return };
        if self.contains(n) == hit {
            return;
        }
        if self.bits.len() <= at / 64 {
            self.bits.resize(at / 64 + 1, 0);
        }
        if let Some(word) = self.bits.get_mut(at / 64) {
            *word ^= 1 << (at % 64);
            self.count = if hit { self.count + 1 } else { self.count.saturating_sub(1) };
        }
    }

    const fn len(&self) -> usize {
        self.count
    }

    fn numbers(&self) -> impl Iterator<Item = i64> + '_ {
        self.bits.iter().enumerate().flat_map(|(at, word)| {
            (0..64).filter(move |bit| word >> bit & 1 == 1).filter_map(move |bit| i64::try_from(at * 64 + bit).ok())
        })
    }
}

/// One filter and sort made ready.
pub(super) struct Search<'a> {
    pub(super) filter: &'a AlarmFilter,
    pub(super) sort: AlarmSort,
    pub(super) sieve: &'a Sieve,
    pub(super) directory: &'a Directory,
    pub(super) words: Option<&'a WordHits>,
}

/// Which way a list is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Route {
    InOrder,
    ByDevice,
    Assigned,
    Muted,
    ByWords,
}

/// A statement and its values.
pub(super) struct Statement {
    pub(super) sql: String,
    values: Vec<Value>,
}

impl Statement {
    fn value(&mut self, value: impl Into<Value>) -> String {
        self.values.push(value.into());
        format!("?{}", self.values.len())
    }

    fn and(&mut self, column: &str, operator: &str, value: impl Into<Value>) {
        let value = self.value(value);
        // Writing into a string cannot fail.
        let _ = write!(self.sql, " AND {column} {operator} {value}");
    }

    fn and_in(&mut self, column: &str, numbers: impl IntoIterator<Item = i64>) {
        let list = numbers.into_iter().map(|n| n.to_string()).collect::<Vec<_>>().join(",");
        let value = self.value(format!("[{list}]"));
        let _ = write!(self.sql, " AND {column} IN (SELECT value FROM json_each({value}))");
    }
}

impl Search<'_> {
    /// Which way this list is read.
    pub(super) fn route(&self) -> Route {
        if self.words.is_some_and(|hits| hits.len() <= FEW_WITH_WORDS) {
            return Route::ByWords;
        }
        if by_text(self.sort) {
            return Route::InOrder;
        }
        if self.filter.device.is_some() {
            return Route::ByDevice;
        }
        if let Some(chosen) = self.sieve.chosen_devices()
            && chosen.len() * FEW_DEVICES <= self.directory.devices().count().max(1)
        {
            return Route::ByDevice;
        }
        match (self.filter.assignment, self.filter.muted) {
            (AssignmentChoice::Person(_), _) => Route::Assigned,
            (_, MutedChoice::Only) => Route::Muted,
            _ => Route::InOrder,
        }
    }

    /// The parts in which a list is read, from a place on: in each of them an index has the rest in order.
    fn parts<'p>(&self, from: Option<&'p From<'p>>) -> Vec<Part<'p>> {
        let filter = self.filter;
        if by_text(self.sort) {
            let part = Part { status: filter.status, severity: filter.severity, devices: Devices::All };
            let Some(from) = from else { return vec![part] };
            let same = self.statuses().into_iter().filter(|status| *status >= from.place.status).map(|status| {
                let behind = (status == from.place.status).then_some(from);
                Part { status: Some(status), devices: Devices::Same(from.place.device, behind), ..part }
            });
            return same.chain([Part { devices: Devices::Later(from), ..part }]).collect();
        }
        let severities = match (self.sort, filter.severity) {
            (AlarmSort::Severity, None) => vec![Some(Shown::Critical), Some(Shown::Warning)],
            (_, chosen) => vec![chosen],
        };
        let all =
            self.statuses().into_iter().flat_map(|status| severities.iter().map(move |severity| (status, *severity)));
        all.filter_map(|(status, severity)| {
            let sorted = if self.sort == AlarmSort::Severity { severity } else { None };
            let order = from.map(|from| (status, sorted).cmp(&(from.place.status, from.place.severity)));
            let behind = from.filter(|_| order == Some(Ordering::Equal));
            let part = Part { status: Some(status), severity, devices: Devices::AllBehind(behind) };
            (order != Some(Ordering::Less)).then_some(part)
        })
        .collect()
    }

    fn statuses(&self) -> Vec<Status> {
        self.filter.status.map_or_else(|| vec![Status::Active, Status::Cleared], |status| vec![status])
    }

    /// The statements of the list from a place on, one for each part.
    pub(super) fn statements(&self, from: Option<&From<'_>>) -> Vec<Statement> {
        self.parts(from).iter().map(|part| self.statement(part)).collect()
    }

    /// The statement for one part of the list. Its last value is left to the caller: how many rows, -1 for all.
    fn statement(&self, part: &Part<'_>) -> Statement {
        let route = self.route();
        let mut statement = Statement { sql: String::with_capacity(900), values: Vec::new() };
        let _ = write!(statement.sql, "SELECT {COLUMNS} FROM {}", source(route, self.sort, part.devices));
        if route == Route::ByWords {
            let numbers = self.words.map(|hits| hits.numbers().collect::<Vec<_>>()).unwrap_or_default();
            statement.and_in("alarm.n", numbers);
        }
        match part.status {
            Some(status) => statement.and("alarm.status", "=", i64::from(status == Status::Cleared)),
            None => statement.sql.push_str(" AND alarm.status < 2"),
        }
        if let Some(severity) = part.severity {
            statement.and("alarm.shown", "=", severity_column(severity));
        }
        self.conditions(&mut statement, route, part);
        part.devices.conditions(self.sort, &mut statement);
        let order = part.devices.order(self.sort);
        let _ = write!(statement.sql, " ORDER BY {order} LIMIT ?{}", statement.values.len() + 1);
        statement
    }

    fn conditions(&self, statement: &mut Statement, route: Route, part: &Part<'_>) {
        let filter = self.filter;
        if let Some(organization) = self.sieve.organization() {
            statement.and("alarm.organization", "=", organization);
        }
        if let Some(device) = self.sieve.device() {
            statement.and("alarm.device", "=", device);
        }
        if let Some(categories) = self.sieve.categories() {
            statement.and_in("alarm.category", categories.iter().copied());
        }
        match filter.muted {
            MutedChoice::Both => {}
            MutedChoice::Only => statement.sql.push_str(" AND alarm.muted = 1"),
            MutedChoice::Without => statement.sql.push_str(" AND alarm.muted = 0"),
        }
        match filter.assignment {
            AssignmentChoice::Any => {}
            AssignmentChoice::Someone => statement.sql.push_str(" AND alarm.assignee IS NOT NULL"),
            AssignmentChoice::Unassigned => statement.sql.push_str(" AND alarm.assignee IS NULL"),
            AssignmentChoice::Person(person) => statement.and("alarm.assignee", "=", person.bytes().to_vec()),
        }
        if let Some(from) = filter.from {
            statement.and("alarm.recency", "<=", -from.micros());
        }
        if let Some(to) = filter.to {
            statement.and("alarm.recency", ">", -to.micros());
        }
        if let Some(devices) = self.sieve.chosen_devices() {
            // Where devices come first, those that are not chosen are passed over before their alarms are looked at.
            let by_device = route == Route::InOrder && matches!(part.devices, Devices::All | Devices::Later(_));
            statement.and_in(if by_device { "device.n" } else { "alarm.device" }, devices);
        }
    }

    /// Walks the list in order.
    pub(super) fn walk(
        &self,
        cache: &Connection,
        from: Option<&From<'_>>,
        limit: usize,
        each: &mut dyn FnMut(Mark) -> Result<ControlFlow<()>, Fault>,
    ) -> Result<(), Fault> {
        let sifted = self.words.filter(|_| self.route() != Route::ByWords);
        let mut found = 0;
        for statement in self.statements(from) {
            // A sorter that knows how many are wanted keeps no more than those; rows that are tested afterwards forbid it.
            let left = limit.saturating_sub(found);
            let left = if sifted.is_some() { -1 } else { i64::try_from(left).unwrap_or(-1) };
            let mut select = cache.prepare_cached(&statement.sql)?;
            let mut rows = select.query(params_from_iter(statement.values.into_iter().chain([left.into()])))?;
            while let Some(row) = rows.next()? {
                let Some(mark) = Mark::read(row)? else { continue };
                if sifted.is_some_and(|hits| !hits.contains(mark.n)) {
                    continue;
                }
                found += 1;
                if each(mark)?.is_break() || limit == found {
                    return Ok(());
                }
            }
        }
        Ok(())
    }
}

fn severity_column(severity: Shown) -> i64 {
    i64::from(severity == Shown::Warning)
}

fn source(route: Route, sort: AlarmSort, devices: Devices<'_>) -> String {
    let is_by_device = matches!(devices, Devices::All | Devices::Later(_));
    let index = match (route, sort) {
        (Route::ByWords, _) => "",
        (Route::InOrder, AlarmSort::Device | AlarmSort::Location) if is_by_device => {
            let by = if sort == AlarmSort::Device { "device_by_label" } else { "device_by_place" };
            return format!(
                "device INDEXED BY {by} CROSS JOIN alarm INDEXED BY alarm_of_device ON alarm.device = device.n WHERE TRUE"
            );
        }
        (Route::InOrder, AlarmSort::Newest) => " INDEXED BY alarm_newest",
        (Route::InOrder, AlarmSort::Severity) => " INDEXED BY alarm_severest",
        (Route::ByDevice | Route::InOrder, _) => " INDEXED BY alarm_of_device",
        (Route::Assigned, _) => " INDEXED BY alarm_assigned",
        (Route::Muted, _) => " INDEXED BY alarm_muted",
    };
    let join = if is_by_device { " JOIN device ON device.n = alarm.device" } else { "" };
    format!("alarm{index}{join} WHERE TRUE")
}

/// From which place on a list is read.
#[derive(Clone, Copy)]
pub(super) struct From<'a> {
    place: &'a Place,
    inclusive: bool,
}

/// A part of a list that is a plain range of an index.
#[derive(Clone, Copy)]
struct Part<'a> {
    status: Option<Status>,
    severity: Option<Shown>,
    devices: Devices<'a>,
}

/// Which devices a part of a list covers, and from which place on.
#[derive(Clone, Copy)]
enum Devices<'a> {
    /// All, and they order the list.
    All,
    /// All, and they do not order the list.
    AllBehind(Option<&'a From<'a>>),
    /// The one that was being listed.
    Same(i64, Option<&'a From<'a>>),
    /// Those that come behind that one.
    Later(&'a From<'a>),
}

impl<'a> From<'a> {
    pub(super) const fn new(place: &'a Place, inclusive: bool) -> Self {
        Self { place, inclusive }
    }

    /// Behind this place, among alarms of one status, and of one severity where that orders the list.
    fn conditions(&self, statement: &mut Statement) {
        let operator = if self.inclusive { ">=" } else { ">" };
        let (recency, id) = (statement.value(self.place.recency), statement.value(self.place.id.to_vec()));
        let _ = write!(statement.sql, " AND (alarm.recency, alarm.id) {operator} ({recency}, {id})");
    }
}

impl Devices<'_> {
    fn conditions(self, sort: AlarmSort, statement: &mut Statement) {
        match self {
            Self::All => {}
            Self::AllBehind(from) => {
                if let Some(from) = from {
                    from.conditions(statement);
                }
            }
            Self::Same(device, from) => {
                statement.and("alarm.device", "=", device);
                if let Some(from) = from {
                    from.conditions(statement);
                }
            }
            Self::Later(from) => {
                let place = from.place;
                let columns =
                    if sort == AlarmSort::Location { "device.place_key, device.label_key" } else { "device.label_key" };
                let mut values: Vec<String> =
                    place.texts.iter().map(|text| statement.value(text.to_string())).collect();
                values.push(statement.value(place.device));
                let _ = write!(statement.sql, " AND ({columns}, device.n) > ({})", values.join(", "));
            }
        }
    }

    /// The order within the part.
    const fn order(self, sort: AlarmSort) -> &'static str {
        match (self, sort) {
            (Self::All | Self::Later(_), AlarmSort::Device) => {
                "device.label_key, device.n, alarm.status, alarm.recency, alarm.id"
            }
            (Self::All | Self::Later(_), AlarmSort::Location) => {
                "device.place_key, device.label_key, device.n, alarm.status, alarm.recency, alarm.id"
            }
            _ => "alarm.recency, alarm.id",
        }
    }
}
