//! Migrations that exist are never changed: phones in the field have run them.

use std::path::Path;

use onsite::account::SCHEMA;
use onsite::store::Migration;

fn listed(file: &str, migrations: &[Migration]) -> Vec<String> {
    migrations.iter().map(|migration| format!("{file} {} {}", migration.name, migration.hash())).collect()
}

#[test]
fn a_migration_that_was_checked_in_is_never_changed() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations/hashes.txt");
    let present = [listed("own", SCHEMA.own), listed("cache", SCHEMA.cache)].concat();
    let known = std::fs::read_to_string(&path).unwrap_or_default();
    for line in known.lines() {
        assert!(present.iter().any(|made| made == line), "changed or gone: {line}\nAdd a new migration instead.");
    }
    let new: Vec<&String> = present.iter().filter(|made| !known.lines().any(|line| line == **made)).collect();
    if std::env::var_os("ONSITE_WRITE").is_some() {
        let all = known + &new.iter().map(|line| format!("{line}\n")).collect::<String>();
        std::fs::write(&path, all).unwrap();
    } else {
        assert!(new.is_empty(), "not in migrations/hashes.txt yet (`cargo xtask generate` adds them): {new:?}");
    }
}

#[test]
fn every_file_in_the_folder_of_migrations_is_run_in_the_order_of_its_number() {
    for (file, migrations) in [("own", SCHEMA.own), ("cache", SCHEMA.cache)] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations").join(file);
        let mut names: Vec<String> =
            std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        assert_eq!(migrations.iter().map(|migration| migration.name).collect::<Vec<_>>(), names);
        for (at, name) in names.iter().enumerate() {
            assert!(name.starts_with(&format!("{:04}_", at + 1)), "{name}");
        }
    }
}
