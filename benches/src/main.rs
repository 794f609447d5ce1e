//! `cargo xtask bench`: how fast and how large the core is, against the bare limit, measured in turn in one run.
//!
//! Each line stands in a file of its own with its limit beside it; [`bare`] is what the limits share. Nothing in here is a
//! test: a slow machine makes a slow table, and nothing fails.

mod acting;
mod bare;
mod changes;
mod chat;
mod duty;
mod full_read;
mod large;
mod measure;
mod memory;
mod notices;
mod rung;
mod search;
mod serve;
mod shapes;
mod size;
mod windows;
mod world;

use std::path::Path;
use std::process::ExitCode;

use measure::{HEAD, Line};
use world::World;

/// How the command is called.
const USAGE: &str = "cargo xtask bench [--rows N] [--json] [--only PART]…    measures speed and size";

/// What goes wrong ends the run: a half-measured line is worse than none.
pub type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

type Part = (&'static str, fn(&World) -> Outcome<Vec<Line>>);

const PARTS: &[Part] = &[
    ("full-read", full_read::lines),
    ("large", large::lines),
    ("windows", windows::lines),
    ("search", search::lines),
    ("reopen", windows::reopen_lines),
    ("changes", changes::lines),
    ("acting", acting::lines),
    ("rung", rung::lines),
    ("duty", duty::lines),
    ("chat", chat::lines),
    ("notices", notices::lines),
    ("memory", memory::lines),
    ("size", size::lines),
];

struct Choice {
    rows: usize,
    json: bool,
    only: Vec<String>,
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    if let [memory::CHILD, kind, url, folder] = *arguments.as_slice() {
        return ended(memory::be(kind, url, Path::new(folder)));
    }
    let Some(choice) = choice(&arguments) else {
        eprintln!("usage: {USAGE}");
        eprintln!("parts: {}", PARTS.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(" "));
        return ExitCode::from(2);
    };
    ended(measure(&choice))
}

fn ended(measured: Outcome<()>) -> ExitCode {
    match measured {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("the measurement ended: {error}");
            ExitCode::FAILURE
        }
    }
}

fn choice(arguments: &[&str]) -> Option<Choice> {
    let mut choice = Choice { rows: 1_000_000, json: false, only: Vec::new() };
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        match *argument {
            "--rows" => choice.rows = arguments.next()?.parse().ok().filter(|rows| *rows >= 1_000)?,
            "--json" => choice.json = true,
            "--only" => choice.only.push((*arguments.next()?).to_owned()),
            _ => return None,
        }
    }
    choice.only.iter().all(|only| PARTS.iter().any(|(name, _)| name == only)).then_some(choice)
}

fn measure(choice: &Choice) -> Outcome<()> {
    let world = World::new(choice.rows)?;
    let mut all = Vec::new();
    if !choice.json {
        println!("{HEAD}");
    }
    for (name, lines) in PARTS {
        if !choice.only.is_empty() && !choice.only.iter().any(|only| only == name) {
            continue;
        }
        for line in lines(&world)? {
            if choice.json {
                all.push(line.json());
            } else {
                println!("{}", line.row());
            }
        }
    }
    if choice.json {
        println!("{}", serde_json::to_string_pretty(&all)?);
    }
    Ok(())
}
