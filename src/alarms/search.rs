//! A filter and a sort as SQL, and the choice of the index that answers it with the least work.
//!
//! | route | when | work |
//! |---|---|---|
//! | in order | a common value: the index of the sort is walked and rows are tested | until enough are found |
//! | by device | few devices are chosen | their alarms, then sorted |
//! | assigned | one person's | that person's, already in order |
//! | muted | muted ones alone | those, already in order |
//! | by words | few alarms have the words | those, one by one, then sorted here |
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
use super::hits::WordHits;
use super::mark::{COLUMNS, Mark, Status};
use crate::devices::directory::Directory;
use crate::devices::intake::UNSEEN_KEY;
use crate::store::Fault;

/// Below this share of the devices, a list is read by device. Tests have small stores and see both ways.
const FEW_DEVICES: usize = if cfg!(test) { 10 } else { 200 };
/// From this share of the devices on, each alarm's device is looked up here: quicker than a list of thousands in SQL.
const MANY_DEVICES: usize = if cfg!(test) { 2 } else { 8 };

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

    fn and_in(&mut self, column: &str, numbers: impl Iterator<Item = i64>) {
        let value = self.value(json_list(numbers));
        let _ = write!(self.sql, " AND {column} IN (SELECT value FROM json_each({value}))");
    }
}

/// Numbers as one value of a statement.
pub(super) fn json_list(numbers: impl Iterator<Item = i64>) -> String {
    let mut list = String::from("[");
    for n in numbers {
        // Writing into a string cannot fail.
        let _ = write!(list, "{}{n}", if list.len() > 1 { "," } else { "" });
    }
    list + "]"
}

impl Search<'_> {
    /// Which way this list is read.
    pub(super) fn route(&self) -> Route {
        if self.words.is_some_and(WordHits::are_few) {
            return Route::ByWords;
        }
        if by_text(self.sort) {
            return Route::InOrder;
        }
        if self.filter.device.is_some() {
            return Route::ByDevice;
        }
        if let Some(chosen) = self.sieve.chosen_devices()
            && chosen.len() * FEW_DEVICES <= self.directory.device_count().max(1)
        {
            return Route::ByDevice;
        }
        match (self.filter.assignment, self.filter.muted) {
            (AssignmentChoice::Person(_), _) => Route::Assigned,
            (_, MutedChoice::Only) => Route::Muted,
            _ => Route::InOrder,
        }
    }

    /// Whether SQL leaves the choice of devices to [`Search::walk`].
    fn sifts_devices(&self, route: Route) -> bool {
        let chosen = self.sieve.chosen_devices().map_or(0, <[i64]>::len);
        route == Route::InOrder && !by_text(self.sort) && chosen * MANY_DEVICES >= self.directory.device_count().max(1)
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
        match self.route() {
            Route::ByWords => vec![self.among_hits()],
            route => self.parts(from).iter().map(|part| self.statement(route, part)).collect(),
        }
    }

    /// The alarms among those with the words that pass the rest, in no order. The hits come first: left to itself, SQLite
    /// walks the index of the order and looks at every alarm.
    fn among_hits(&self) -> Statement {
        let filter = self.filter;
        let part = Part { status: filter.status, severity: filter.severity, devices: Devices::AllBehind(None) };
        let mut statement = Statement { sql: String::with_capacity(900), values: Vec::new() };
        let numbers = self.words.into_iter().flat_map(WordHits::numbers);
        let hits = statement.value(json_list(numbers));
        let _ = write!(
            statement.sql,
            "SELECT {COLUMNS} FROM json_each({hits}) AS hit CROSS JOIN alarm ON alarm.n = hit.value WHERE TRUE"
        );
        self.conditions(&mut statement, Route::ByWords, &part);
        let _ = write!(statement.sql, " LIMIT ?{}", statement.values.len() + 1);
        statement
    }

    /// The statement for one part of the list. Its last value is left to the caller: how many rows, -1 for all.
    fn statement(&self, route: Route, part: &Part<'_>) -> Statement {
        let mut statement = Statement { sql: String::with_capacity(900), values: Vec::new() };
        let _ = write!(statement.sql, "SELECT {COLUMNS} FROM {}", source(route, self.sort, part.devices));
        self.conditions(&mut statement, route, part);
        part.devices.conditions(self.sort, &mut statement);
        let order = part.devices.order(self.sort);
        let _ = write!(statement.sql, " ORDER BY {order} LIMIT ?{}", statement.values.len() + 1);
        statement
    }

    fn conditions(&self, statement: &mut Statement, route: Route, part: &Part<'_>) {
        let filter = self.filter;
        match part.status {
            Some(status) => statement.and("alarm.status", "=", i64::from(status == Status::Cleared)),
            None => statement.sql.push_str(" AND alarm.status < 2"),
        }
        if let Some(severity) = part.severity {
            statement.and("alarm.shown", "=", severity_column(severity));
        }
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
        // Behind a place that lies in the range already its beginning goes without saying, and the index seeks the place.
        let behind = part.devices.behind().map(|from| from.place.recency);
        if let Some(to) = filter.to.filter(|to| behind.is_none_or(|recency| recency <= -to.micros())) {
            statement.and("alarm.recency", ">", -to.micros());
        }
        if let Some(devices) = self.sieve.chosen_devices().filter(|_| !self.sifts_devices(route)) {
            // Where devices come first, those that are not chosen are passed over before their alarms are looked at.
            let by_device = route == Route::InOrder && matches!(part.devices, Devices::All | Devices::Later(_));
            statement.and_in(if by_device { "device.n" } else { "alarm.device" }, devices.iter().copied());
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
        let route = self.route();
        if route == Route::ByWords {
            return self.walk_hits(cache, from, limit, each);
        }
        let (words, devices) = (self.words, self.sifts_devices(route));
        let mut found = 0;
        for statement in self.statements(from) {
            // A sorter that knows how many are wanted keeps no more than those; rows that are tested afterwards forbid it.
            let left = limit.saturating_sub(found);
            let left = if words.is_some() || devices { -1 } else { i64::try_from(left).unwrap_or(-1) };
            let mut select = cache.prepare_cached(&statement.sql)?;
            let mut rows = select.query(params_from_iter(statement.values.into_iter().chain([left.into()])))?;
            while let Some(row) = rows.next()? {
                // Of a row that is not wanted no more is read than it takes to know that.
                if words.is_some_and(|hits| !row.get(0).is_ok_and(|n| hits.contains(n)))
                    || (devices && !row.get(3).is_ok_and(|device| self.sieve.passes_device(device)))
                {
                    continue;
                }
                let Some(mark) = Mark::read(row)? else { continue };
                found += 1;
                if each(mark)?.is_break() || limit == found {
                    return Ok(());
                }
            }
        }
        Ok(())
    }
}

impl Search<'_> {
    /// Walks the few alarms that have the words.
    fn walk_hits(
        &self,
        cache: &Connection,
        from: Option<&From<'_>>,
        limit: usize,
        each: &mut dyn FnMut(Mark) -> Result<ControlFlow<()>, Fault>,
    ) -> Result<(), Fault> {
        let Statement { sql, values } = self.among_hits();
        let mut select = cache.prepare_cached(&sql)?;
        let mut rows = select.query(params_from_iter(values.into_iter().chain([(-1_i64).into()])))?;
        let mut placed = Vec::new();
        while let Some(row) = rows.next()? {
            let Some(mark) = Mark::read(row)? else { continue };
            let place = Place::of(self.sort, self.directory, &mark);
            if from.is_none_or(|from| from.covers(&place)) {
                placed.push((place, mark));
            }
        }
        placed.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
        for (_, mark) in placed.into_iter().take(limit) {
            if each(mark)?.is_break() {
                break;
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
        (Route::InOrder, AlarmSort::Device | AlarmSort::Location) if is_by_device => {
            let by = if sort == AlarmSort::Device { "device_by_label" } else { "device_by_place" };
            return format!(
                "device INDEXED BY {by} CROSS JOIN alarm INDEXED BY alarm_of_device ON alarm.device = device.n WHERE TRUE"
            );
        }
        (Route::InOrder, AlarmSort::Newest) => " INDEXED BY alarm_newest",
        (Route::InOrder, AlarmSort::Severity) => " INDEXED BY alarm_severest",
        (Route::ByDevice | Route::ByWords | Route::InOrder, _) => " INDEXED BY alarm_of_device",
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

    /// Whether a place lies behind this one.
    fn covers(&self, place: &Place) -> bool {
        if self.inclusive { place >= self.place } else { place > self.place }
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

    /// The place behind which alarms of one status are read on.
    const fn behind(&self) -> Option<&From<'_>> {
        match self {
            Self::AllBehind(from) | Self::Same(_, from) => *from,
            Self::All | Self::Later(_) => None,
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
