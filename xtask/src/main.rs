//! The repository's own commands: `cargo xtask COMMAND`. What the product does is never decided here.

use std::process::{Command, ExitCode};

/// Tests that compare a checked-in file with what the code makes of it, and write it anew when told to: package and name.
const GENERATED: &[(&str, &str)] = &[
    ("onsite-wire", "the_table_of_codes_in_the_docs_is_the_one_in_the_code"),
    ("onsite-rules", "the_life_of_an_incident_in_the_docs_is_the_table_in_the_code"),
    ("onsite-server", "our_document_in_the_docs_is_the_one_made_from_the_types"),
    ("onsite", "a_migration_that_was_checked_in_is_never_changed"),
    ("onsite", "every_statement_has_its_plan"),
    ("onsite", "the_picture_in_the_docs_is_drawn_from_this_table"),
    ("onsite", "the_picture_of_an_actions_life_is_drawn_from_this_table"),
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["generate"] => generate(),
        ["bench", rest @ ..] => bench(rest),
        _ => {
            eprintln!("usage: cargo xtask generate    writes the checked-in files that are made from the code");
            eprintln!("       cargo xtask bench […]     measures speed and size; --help says what can be chosen");
            ExitCode::from(2)
        }
    }
}

fn generate() -> ExitCode {
    for (package, test) in GENERATED {
        println!("{package}: {test}");
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(["test", "--quiet", "--all-features", "--package", package, test]).env("ONSITE_WRITE", "1");
        if !ran(cargo) {
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

/// What is measured is what is shipped: the optimized build.
fn bench(arguments: &[&str]) -> ExitCode {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["run", "--quiet", "--release", "--package", "onsite-benches", "--"]).args(arguments);
    if ran(cargo) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn ran(mut cargo: Command) -> bool {
    cargo
        .status()
        .inspect_err(|error| eprintln!("cargo cannot be started: {error}"))
        .is_ok_and(|status| status.success())
}
