//! The rules of the house that a machine can check: promises, layers, sizes, names, and what must not be in a document.
//!
//! A rule that fails names the file. Where a rule may be broken with a reason, the list with the reasons stands here.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says what is wrong by failing")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// The rows that `docs/promises.md` must have, in this order.
const PROMISES: &[(&str, usize)] = &[("A", 13), ("D", 9), ("I", 6), ("U", 7), ("N", 7), ("S", 10), ("P", 10), ("O", 6)];

/// Rooms of the core that know what a technician does.
const FEATURES: &[&str] =
    &["alarms", "devices", "incidents", "photos", "duty", "notifications", "session", "people", "energy"];

/// Rooms of the core that carry the features, and so may not know them.
const CARRIERS: &[&str] = &["store", "live", "sync", "net", "text", "time", "ids"];

/// Which of our packages each of them may depend on. Tests may depend on more.
const LAYERS: &[(&str, &[&str])] = &[
    ("crates/wire", &[]),
    ("crates/rules", &["onsite-wire"]),
    (".", &["onsite-wire", "onsite-rules"]),
    ("crates/server", &["onsite-wire", "onsite-rules"]),
    ("crates/console", &["onsite", "onsite-wire", "onsite-rules", "onsite-server"]),
    ("uniffi", &["onsite", "onsite-wire", "onsite-rules"]),
];

/// Longest file that needs no reason.
const LINES: usize = 500;

/// Longer ones: path and reason.
const LONG_FILES: &[(&str, &str)] = &[];

/// Names that say nothing about what is inside.
const EMPTY_NAMES: &[&str] = &["util", "utils", "helper", "helpers", "manager", "common", "misc"];

/// Signs of something unfinished.
const UNFINISHED: &[&str] = &["TODO", "FIXME", "todo!(", "unimplemented!(", "allow(dead_code)"];

/// Paths that exist on somebody's machine only.
const MACHINE_PATHS: &[&str] = &["/root/", "/home/", "/Users/", "/tmp/", "C:\\"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Files below these folders with one of these endings, as (path from the root, text).
fn files(folders: &[&str], endings: &[&str]) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for folder in folders {
        walk(&root().join(folder), endings, &mut found);
    }
    found.sort();
    found
}

fn walk(folder: &Path, endings: &[&str], found: &mut Vec<(String, String)>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for path in entries.map(|entry| entry.unwrap().path()) {
        if path.is_dir() {
            if !["target", "node_modules"].iter().any(|made| path.ends_with(made)) {
                walk(&path, endings, found);
            }
        } else if endings.iter().any(|ending| path.extension().is_some_and(|own| own == *ending)) {
            found.push((shown(&path), std::fs::read_to_string(&path).unwrap()));
        }
    }
}

fn shown(path: &Path) -> String {
    path.strip_prefix(root()).unwrap().to_string_lossy().replace('\\', "/")
}

/// Everything written in Rust, tests and tools included, but for this file, which has to name what it forbids.
fn rust() -> Vec<(String, String)> {
    let mut all = files(&["src", "crates", "uniffi", "bindings", "tests", "benches", "examples", "xtask"], &["rs"]);
    all.retain(|(path, _)| path != "tests/house.rs");
    all
}

/// The text before a line comment.
fn code(line: &str) -> &str {
    line.split("//").next().unwrap_or_default()
}

struct Promise {
    id: String,
    state: String,
    modules: Vec<String>,
    tests: Vec<String>,
}

fn promises() -> Vec<Promise> {
    let text = std::fs::read_to_string(root().join("docs/promises.md")).unwrap();
    let rows = text.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| id "));
    rows.map(|row| {
        let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
        let [id, state, _what, modules, tests] = cells[..] else { panic!("not five columns: {row}") };
        Promise { id: id.to_owned(), state: state.to_owned(), modules: quoted(modules), tests: quoted(tests) }
    })
    .collect()
}

/// What stands between backticks.
fn quoted(cell: &str) -> Vec<String> {
    cell.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// The names of the functions in `text` that a test runner runs.
fn functions_for_tests(text: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let mut is_test = false;
    for line in text.lines().map(str::trim) {
        if line.starts_with("#[") {
            is_test |= line.contains("test]") || line.contains("test(");
        } else if let Some(function) = line.trim_start_matches("async ").strip_prefix("fn ") {
            if is_test {
                names.insert(first_name(function));
            }
            is_test = false;
        } else if !line.starts_with("//") {
            is_test = false;
        }
    }
    names
}

#[test]
fn every_promise_has_its_row() {
    let expected: Vec<String> = PROMISES
        .iter()
        .flat_map(|(letter, count)| (1..=*count).map(move |number| format!("{letter}{number}")))
        .collect();
    let rows: Vec<String> = promises().into_iter().map(|promise| promise.id).collect();
    assert_eq!(rows, expected);
}

#[test]
fn a_promise_that_is_kept_names_its_modules_and_tests() {
    for promise in promises() {
        match promise.state.as_str() {
            "works" | "partly" => assert!(
                !promise.modules.is_empty() && !promise.tests.is_empty(),
                "{} is said to stand, but names no module or no test",
                promise.id
            ),
            state => assert_eq!(state, "not yet", "the state of {}", promise.id),
        }
    }
}

#[test]
fn the_modules_and_tests_that_promises_name_exist() {
    let mut known = functions_for_tests(include_str!("house.rs"));
    known.extend(rust().iter().flat_map(|(_, text)| functions_for_tests(text)));
    for promise in promises() {
        for test in &promise.tests {
            assert!(known.contains(test), "{}: there is no test {test}", promise.id);
        }
        for module in &promise.modules {
            assert!(root().join(module).exists(), "{}: there is no {module}", promise.id);
        }
    }
}

/// The names of our packages in the `[dependencies]` of a manifest.
fn own_dependencies(manifest: &str) -> BTreeSet<String> {
    let section = manifest.lines().skip_while(|line| line.trim() != "[dependencies]").skip(1);
    section
        .take_while(|line| !line.starts_with('['))
        .filter_map(|line| line.split(['.', '=', ' ']).next())
        .filter(|name| name.starts_with("onsite"))
        .map(str::to_owned)
        .collect()
}

#[test]
fn packages_depend_downwards_only() {
    for (folder, allowed) in LAYERS {
        let manifest = std::fs::read_to_string(root().join(folder).join("Cargo.toml")).unwrap();
        let allowed: BTreeSet<String> = allowed.iter().map(|name| (*name).to_owned()).collect();
        let actual = own_dependencies(&manifest);
        let upwards: Vec<&String> = actual.difference(&allowed).collect();
        assert!(upwards.is_empty(), "{folder} depends on {upwards:?}");
    }
}

/// The first names of all paths in `text` that begin at the crate's root, `use crate::{a, b::c}` included.
fn rooms_named(text: &str) -> BTreeSet<String> {
    let text: String = text.lines().map(code).collect::<Vec<_>>().join("\n");
    let mut rooms = BTreeSet::new();
    for path in text.split("crate::").skip(1) {
        let (group, is_group) = path.strip_prefix('{').map_or((path, false), |inside| (inside, true));
        if !is_group {
            rooms.insert(first_name(group));
            continue;
        }
        let mut depth = 0;
        let mut name = String::new();
        for letter in group.chars() {
            match letter {
                '{' => depth += 1,
                '}' if depth == 0 => break,
                '}' => depth -= 1,
                ',' if depth == 0 => {
                    rooms.insert(first_name(&std::mem::take(&mut name)));
                }
                other if depth == 0 => name.push(other),
                _ => {}
            }
        }
        rooms.insert(first_name(&name));
    }
    rooms
}

fn first_name(path: &str) -> String {
    path.trim_start().chars().take_while(|letter| letter.is_alphanumeric() || *letter == '_').collect()
}

#[test]
fn the_rooms_that_a_file_names_are_found_in_every_form() {
    let text = "use crate::{store::Store, alarms::{Row, list}, net};\nlet x = crate::duty::on(); // crate::people\n";
    let rooms: Vec<String> = rooms_named(text).into_iter().collect();
    assert_eq!(rooms, ["alarms", "duty", "net", "store"]);
}

#[test]
fn rooms_that_carry_do_not_know_what_they_carry() {
    for (path, text) in files(&["src"], &["rs"]) {
        let room = path.trim_start_matches("src/").split(['/', '.']).next().unwrap_or_default().to_owned();
        if CARRIERS.contains(&room.as_str()) {
            let known: Vec<String> =
                rooms_named(&text).into_iter().filter(|name| FEATURES.contains(&name.as_str())).collect();
            assert!(known.is_empty(), "{path} knows {known:?}");
        }
    }
}

#[test]
fn no_file_is_long_without_a_reason() {
    let lengths: BTreeMap<String, usize> = files(&["src", "crates", "uniffi"], &["rs"])
        .into_iter()
        .map(|(path, text)| (path, text.lines().count()))
        .collect();
    let listed: BTreeMap<&str, &str> = LONG_FILES.iter().copied().collect();
    let long: Vec<_> =
        lengths.iter().filter(|(path, lines)| **lines > LINES && !listed.contains_key(path.as_str())).collect();
    assert!(long.is_empty(), "{long:#?}");
    for (path, reason) in listed {
        let lines = lengths.get(path).copied().unwrap_or_default();
        assert!(lines > LINES, "{path} no longer needs its reason ({reason})");
    }
}

#[test]
fn the_border_has_no_sql_and_no_unsafe_code_of_its_own() {
    for (path, text) in files(&["uniffi"], &["rs"]) {
        let code: String = text.lines().map(code).collect::<Vec<_>>().join("\n");
        for sign in ["SELECT ", "INSERT ", "unsafe {", "unsafe fn", "unsafe impl"] {
            assert!(!code.contains(sign), "{path} has {sign}");
        }
        assert!(text.lines().count() <= 400, "{path} is long for a file without logic");
    }
}

#[test]
fn a_file_opens_with_what_it_is_for() {
    let silent: Vec<String> =
        rust().into_iter().filter(|(_, text)| !text.starts_with("//! ")).map(|(path, _)| path).collect();
    assert!(silent.is_empty(), "{silent:#?}");
}

#[test]
fn no_name_says_nothing() {
    for (path, text) in rust() {
        for name in PathBuf::from(&path).with_extension("").iter() {
            assert!(!EMPTY_NAMES.iter().any(|empty| name == *empty), "{path}");
        }
        for line in text.lines().map(code) {
            let module = line.trim_start().trim_start_matches("pub ").strip_prefix("mod ").map(first_name);
            assert!(!module.is_some_and(|name| EMPTY_NAMES.contains(&name.as_str())), "{path}: {line}");
        }
    }
}

#[test]
fn nothing_unfinished_is_left() {
    for (path, text) in rust() {
        for sign in UNFINISHED {
            assert!(!text.contains(sign), "{path} has {sign}");
        }
    }
}

#[test]
fn no_library_writes_over_the_screen_of_the_program_that_it_is_in() {
    for (path, text) in files(&["src", "crates/server/src", "crates/rules/src", "crates/wire/src"], &["rs"]) {
        let prints = ["eprintln!(", "eprint!(", "println!(", "print!(", "dbg!("];
        let is_program = path.ends_with("/main.rs");
        assert!(is_program || !prints.iter().any(|sign| text.contains(sign)), "{path} prints");
    }
}

#[test]
fn whatever_writes_a_checked_in_file_is_run_by_generate() {
    let runs = std::fs::read_to_string(root().join("xtask/src/main.rs")).unwrap();
    for (path, text) in rust() {
        if text.contains("ONSITE_WRITE") && !path.starts_with("xtask/") {
            let run = functions_for_tests(&text).iter().any(|name| runs.contains(&format!("\"{name}\"")));
            assert!(run, "no test of {path} is in the list of `cargo xtask generate`");
        }
    }
}

#[test]
fn documents_name_no_path_of_one_machine() {
    let mut documents = files(&["docs"], &["md", "json", "sql", "svg"]);
    for entry in std::fs::read_dir(root()).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|ending| ending == "md") {
            documents.push((shown(&path), std::fs::read_to_string(&path).unwrap()));
        }
    }
    for (path, text) in documents {
        for machine in MACHINE_PATHS {
            assert!(!text.contains(machine), "{path} names {machine}");
        }
    }
}
