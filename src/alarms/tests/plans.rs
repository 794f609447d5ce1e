//! How SQLite answers what it is asked: the plan of every statement of the core, as a checked-in text. A new statement, or
//! another plan, shows here first. `ONSITE_WRITE=1` writes the text anew.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use onsite_rules::severity::Shown;
use rusqlite::Connection;

use super::raw;
use crate::alarms::filter::{Sieve, typed};
use crate::alarms::hits::WordHits;
use crate::alarms::mark::Mark;
use crate::alarms::search::{From, Place, Route, Search};
use crate::alarms::{AlarmFilter, AlarmSort, AssignmentChoice, MutedChoice, Status};
use crate::devices::directory::Directory;

/// Files that make statements from pieces: lists, whose shapes stand below, and the rescue, which reads whole tables.
const MADE_FROM_PIECES: &[&str] = &["src/alarms/search.rs", "src/store/rescue.rs"];

/// Statements that look at every alarm or sort, and why they may.
const MAY_LOOK_AT_ALL: &[(&str, &str)] = &[
    ("SELECT n, id, cleared IS NULL FROM alarm", "the end of a full read, which has just brought them all"),
    ("SELECT alarm.id, alarm.revision FROM alarm", "a digest is over all of them"),
    ("DELETE FROM alarm WHERE organization", "once, when an organization is no longer the person's"),
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn plan(connection: &Connection, sql: &str) -> rusqlite::Result<Vec<String>> {
    let mut explain = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}"))?;
    let count = explain.parameter_count();
    (1..=count).try_for_each(|at| explain.raw_bind_parameter(at, rusqlite::types::Null))?;
    let mut rows = explain.raw_query();
    let mut lines: BTreeMap<i64, usize> = BTreeMap::from([(0, 0)]);
    let mut plan = Vec::new();
    while let Some(row) = rows.next()? {
        let depth = lines.get(&row.get(1)?).copied().unwrap_or_default();
        lines.insert(row.get(0)?, depth + 1);
        plan.push(format!("{}{}", "  ".repeat(depth), row.get::<_, String>(3)?));
    }
    Ok(plan)
}

fn rust_files(folder: &Path, found: &mut Vec<(String, String)>) {
    for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let path = entry.path();
        if path.is_dir() {
            if !path.ends_with("tests") {
                rust_files(&path, found);
            }
        } else if path.extension().is_some_and(|ending| ending == "rs") && !path.ends_with("tests.rs") {
            let name = path.strip_prefix(root()).unwrap().to_string_lossy().replace('\\', "/");
            found.push((name, std::fs::read_to_string(&path).unwrap()));
        }
    }
}

/// The text literals of a file before its tests, each on one line.
fn literals(source: &str) -> Vec<String> {
    let source = source.split("#[cfg(test)]\nmod tests {").next().unwrap();
    let mut found = Vec::new();
    let mut rest = source;
    while let Some(at) = rest.find(['"', '/', '\'']) {
        let tail = &rest[at..];
        if tail.starts_with("//") {
            rest = tail.find('\n').map_or("", |end| &tail[end..]);
        } else if tail.starts_with("'\"'") || tail.starts_with("'\\") {
            rest = &tail[3..];
        } else if tail.starts_with('"') {
            let mut end = 1;
            while !tail[end..].starts_with('"') {
                end += if tail[end..].starts_with('\\') { 2 } else { tail[end..].chars().next().unwrap().len_utf8() };
            }
            let text = tail[1..end].replace("\\\n", "\n").replace("\\\"", "\"");
            found.push(text.split_whitespace().collect::<Vec<_>>().join(" "));
            rest = &tail[end + 1..];
        } else {
            rest = &tail[1..];
        }
    }
    found
}

fn is_statement(text: &str) -> bool {
    ["SELECT ", "INSERT ", "UPDATE ", "DELETE ", "WITH "].iter().any(|verb| text.starts_with(verb))
}

fn may_look_at_all(sql: &str) -> bool {
    MAY_LOOK_AT_ALL.iter().any(|(beginning, _)| sql.starts_with(beginning))
}

/// Every statement that stands in the sources as it is run, with its plan.
fn standing_statements(plans: &mut String) {
    let (cache, own) = (raw::empty(), Connection::open_in_memory().unwrap());
    crate::account::SCHEMA.own.iter().for_each(|step| own.execute_batch(step.sql).unwrap());
    // Made by the migrations' runner beside the steps.
    for file in [&cache, &own] {
        file.execute_batch("CREATE TABLE migration (number INTEGER PRIMARY KEY, name TEXT, hash TEXT)").unwrap();
    }
    let mut files = Vec::new();
    rust_files(&root().join("src"), &mut files);
    files.sort();
    let mut from_pieces = BTreeSet::new();
    for (file, source) in &files {
        for sql in literals(source).into_iter().filter(|text| is_statement(text)) {
            if sql.contains('{') {
                from_pieces.insert(file.as_str());
                continue;
            }
            let plan = plan(&cache, &sql).or_else(|_| plan(&own, &sql));
            let plan = plan.unwrap_or_else(|error| panic!("{file} asks neither file this: {sql}\n{error}"));
            let looks_at_all = plan.iter().any(|line| line.trim() == "SCAN alarm");
            assert!(!looks_at_all || may_look_at_all(&sql), "{file} looks at every alarm: {sql}");
            plans.push_str(&format!("{file}\n  {sql}\n"));
            plan.iter().for_each(|line| plans.push_str(&format!("    {line}\n")));
        }
    }
    assert_eq!(from_pieces.into_iter().collect::<Vec<_>>(), MADE_FROM_PIECES, "files that make statements from pieces");
}

/// The shapes of lists that technicians ask for.
fn shapes() -> Vec<(&'static str, AlarmFilter, AlarmSort)> {
    let any = AlarmFilter::default;
    let active = || AlarmFilter { status: Some(Status::Active), ..any() };
    let newest = AlarmSort::Newest;
    let mine = AssignmentChoice::Person(raw::person());
    let maker = || ["Maker 1".to_owned()].into();
    vec![
        ("nothing", any(), newest),
        ("by severity", any(), AlarmSort::Severity),
        ("by device", any(), AlarmSort::Device),
        ("by location", any(), AlarmSort::Location),
        ("active", active(), newest),
        ("critical", AlarmFilter { severity: Some(Shown::Critical), ..any() }, newest),
        ("a category", AlarmFilter { categories: ["Power".to_owned()].into(), ..any() }, newest),
        ("a device type", AlarmFilter { device_types: ["UPS".to_owned()].into(), ..any() }, newest),
        ("a manufacturer", AlarmFilter { manufacturers: maker(), ..any() }, newest),
        ("a location", AlarmFilter { location: Some(raw::location(1)), ..any() }, newest),
        ("muted ones", AlarmFilter { muted: MutedChoice::Only, ..any() }, newest),
        ("without muted ones", AlarmFilter { muted: MutedChoice::Without, ..any() }, newest),
        ("mine", AlarmFilter { assignment: mine, ..any() }, newest),
        ("unassigned", AlarmFilter { assignment: AssignmentChoice::Unassigned, ..any() }, newest),
        ("a time range", AlarmFilter { from: Some(raw::NOW), to: Some(raw::NOW), ..any() }, newest),
        ("an organization", AlarmFilter { organization: Some(raw::organization()), ..any() }, newest),
        ("a device", AlarmFilter { device: Some(raw::device(5)), ..any() }, newest),
        ("common words", AlarmFilter { words: "battery".into(), ..any() }, newest),
        ("rare words", AlarmFilter { words: "x77".into(), ..any() }, newest),
        ("active, mine", AlarmFilter { assignment: mine, ..active() }, newest),
        ("active, mine, by severity", AlarmFilter { assignment: mine, ..active() }, AlarmSort::Severity),
        (
            "active, critical, without muted",
            AlarmFilter { severity: Some(Shown::Critical), muted: MutedChoice::Without, ..active() },
            newest,
        ),
        (
            "active in a location, by severity",
            AlarmFilter { location: Some(raw::location(1)), ..active() },
            AlarmSort::Severity,
        ),
        ("active, by device", active(), AlarmSort::Device),
        ("active, muted, by severity", AlarmFilter { muted: MutedChoice::Only, ..active() }, AlarmSort::Severity),
        (
            "a few devices",
            AlarmFilter {
                models: ["Model 7".to_owned()].into(),
                manufacturers: ["Maker 3".to_owned()].into(),
                location: Some(raw::location(10)),
                ..any()
            },
            newest,
        ),
        ("rare words, active, by location", AlarmFilter { words: "x77".into(), ..active() }, AlarmSort::Location),
        (
            "common words, a category, critical",
            AlarmFilter {
                words: "battery".into(),
                categories: ["Power".to_owned()].into(),
                severity: Some(Shown::Critical),
                ..any()
            },
            newest,
        ),
    ]
}

/// Lists that no index has in order are sorted: few alarms, by their devices or words.
fn may_sort(route: Route, filter: &AlarmFilter) -> bool {
    route == Route::ByWords || (route == Route::ByDevice && filter.device.is_none())
}

fn list_statements(plans: &mut String) {
    let cache = raw::filled(2_000);
    let directory = Directory::load(&cache).unwrap();
    for (name, filter, sort) in shapes() {
        let sieve = Sieve::new(&filter, &directory);
        let words = typed(&filter);
        let words = (!words.is_empty()).then(|| WordHits::find(&cache, &words.for_index()).unwrap());
        let search = Search { filter: &filter, sort, sieve: &sieve, directory: &directory, words: words.as_ref() };
        let place = Place::of(sort, &directory, &Mark::of(&cache, 100).unwrap().unwrap());
        let from = From::new(&place, false);
        for (part, start) in [("from the top", None), ("behind a row", Some(&from))] {
            let mut statements = search.statements(start);
            statements.dedup_by(|one, other| one.sql == other.sql);
            for statement in statements {
                let plan = plan(&cache, &statement.sql).unwrap();
                plans.push_str(&format!("{name}, {part}: {:?}\n  {}\n", search.route(), statement.sql));
                plan.iter().for_each(|line| plans.push_str(&format!("    {line}\n")));
                let sorts = plan.iter().any(|line| line.contains("TEMP B-TREE"));
                assert!(!sorts || may_sort(search.route(), &filter), "{name} is sorted: {plan:#?}");
                assert!(!plan.iter().any(|line| line.trim() == "SCAN alarm"), "{name} looks at every alarm: {plan:#?}");
            }
        }
    }
}

#[test]
fn every_statement_has_its_plan() {
    let mut plans = String::from("How SQLite answers every statement of the core; see plans.rs.\n\nLists\n\n");
    list_statements(&mut plans);
    plans.push_str("\nStatements\n\n");
    standing_statements(&mut plans);
    let path = root().join("src/alarms/tests/plans.txt");
    if std::env::var_os("ONSITE_WRITE").is_some() {
        std::fs::write(&path, &plans).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    for (line, (is, was)) in plans.lines().zip(written.lines()).enumerate() {
        assert_eq!(is, was, "line {} of plans.txt; ONSITE_WRITE=1 writes it anew", line + 1);
    }
    assert_eq!(plans.lines().count(), written.lines().count());
}
