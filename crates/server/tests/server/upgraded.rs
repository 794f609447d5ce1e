//! A server that is upgraded in place offers what its new version has, without an import, and what was cut down stays so.

use onsite_wire::onsite::{Capability, SubjectKind};
use rusqlite::Connection;
use serde_json::json;

use crate::notices::feed_of;
use crate::support::phone::action;
use crate::support::*;

/// The steps of the version before.
const STEPS: [&str; 4] = [
    include_str!("../../src/storage/migrations/0001_start.sql"),
    include_str!("../../src/storage/migrations/0002_incidents.sql"),
    include_str!("../../src/storage/migrations/0003_duty.sql"),
    include_str!("../../src/storage/migrations/0004_notices.sql"),
];

/// What a table has in the version before and in this one.
fn columns(file: &Connection, table: &str) -> Vec<String> {
    let of = |schema: &str| -> Vec<String> {
        let mut select = file.prepare(&format!("SELECT name FROM pragma_table_info('{table}', '{schema}')")).unwrap();
        select.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    };
    let newer = of("newer");
    of("main").into_iter().filter(|column| newer.contains(column)).collect()
}

/// The same data as the version before has it, and on it a server of this one. `changes`: what differs there.
async fn upgraded(site: Site, changes: &str) -> Site {
    let (directory, clock, limits) = (site.directory.clone(), site.clock.clone(), site.limits);
    site.server.stop().await;
    let (path, newer) = (directory.path().join("onsite.db"), directory.path().join("newer.db"));
    Connection::open(&path).unwrap().execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
    std::fs::rename(&path, &newer).unwrap();
    for beside in ["onsite.db-wal", "onsite.db-shm"] {
        // They are gone when the last connection closed in order.
        let _ = std::fs::remove_file(directory.path().join(beside));
    }
    let file = Connection::open(&path).unwrap();
    STEPS.iter().for_each(|step| file.execute_batch(step).unwrap());
    file.execute("ATTACH ?1 AS newer", [newer.to_str().unwrap()]).unwrap();
    let mut tables = file.prepare("SELECT name FROM main.sqlite_schema WHERE type = 'table'").unwrap();
    let names: Vec<String> = tables.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    for table in names {
        let columns = columns(&file, &table).join(", ");
        if !columns.is_empty() {
            file.execute_batch(&format!("INSERT INTO main.{table} ({columns}) SELECT {columns} FROM newer.{table}"))
                .unwrap();
        }
    }
    drop(tables);
    file.execute_batch(changes).unwrap();
    file.execute_batch("DETACH newer; PRAGMA user_version = 4;").unwrap();
    drop(file);
    Site::reopened(directory, clock, limits).await
}

async fn offered(site: &Site, email: &str) -> Vec<String> {
    let me = site.phone_of(email).await.get("/onsite/v1/me").await.body;
    let list = me["organizations"][0]["capabilities"].as_array().unwrap();
    list.iter().map(|capability| capability.as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn an_upgraded_server_offers_what_it_has_without_an_import() {
    let site = Site::open().await;
    let all = offered(&site, "ada@example.com").await;
    assert!(all.contains(&"incidents".to_owned()) && all.contains(&"notifications".to_owned()));
    let older = r#"UPDATE organizations SET capabilities =
        '["acknowledge","mute","category","sensor_history","alarm_history","floor_position","people","events","digest","duty"]'"#;
    let site = upgraded(site, older).await;
    assert_eq!(offered(&site, "ada@example.com").await, all);
    let nora = site.phone_of("nora@example.com").await;
    let mut settings = action("notice_settings", SubjectKind::Person, NORA.0, 0, json!({"push": false}));
    settings.basis = None;
    assert_eq!(nora.act_one(&settings).await.code, None, "and does it");
}

#[tokio::test]
async fn an_organization_whose_document_cuts_it_down_is_offered_no_more_after_an_upgrade() {
    let site = Site::empty(onsite_server::Limits::default()).await;
    let mut document = harbour_mill();
    document.capabilities = Some(vec![Capability::Acknowledge, Capability::Digest]);
    site.server.store().import(document).await.unwrap();
    let site = upgraded(site, "").await;
    assert_eq!(offered(&site, "ada@example.com").await, ["acknowledge", "digest"]);
}

#[tokio::test]
async fn a_mute_that_was_set_before_the_upgrade_is_announced_and_ends_after_it() {
    let site = Site::open().await;
    let nora = site.phone_of("nora@example.com").await;
    let until = site.now().plus_millis(60 * 60 * 1_000);
    let body = json!({"reason": "nuisance", "until": until});
    nora.act_one(&action("mute", SubjectKind::Alarm, ALARM_NORTH.0, 0, body)).await;
    // As the version before kept it: each moment beside the subject's kind, and the end a second time.
    let moments = "INSERT INTO mute_moments (organization, subject, moment, subject_kind, version, at)
        SELECT organization, subject, CASE what WHEN 'alarm_mute_ends' THEN 'ended' ELSE 'ending' END, 'alarm', 1, at
          FROM due WHERE what IN ('alarm_mute_ends', 'alarm_mute_announced');
        DELETE FROM due WHERE what = 'alarm_mute_announced';";
    let site = upgraded(site, moments).await;
    for minutes in [45, 15] {
        site.clock.advance_millis(minutes * 60 * 1_000);
        site.server.store().tick().await.unwrap();
    }
    let listed = feed_of(&site, "nora@example.com").await;
    let mut kinds: Vec<_> = listed.iter().map(|entry| entry["kind"].as_str().unwrap()).collect();
    kinds.sort_unstable();
    assert_eq!(kinds, ["mute_ended", "mute_ending"]);
}
