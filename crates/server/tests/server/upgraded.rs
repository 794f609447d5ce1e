//! A server that is upgraded in place offers what its new version has, without an import, and what was cut down stays so.

use onsite_wire::onsite::{Capability, SubjectKind};
use serde_json::json;

use crate::notices::feed_of;
use crate::support::phone::action;
use crate::support::*;

/// Changes the data as an older version would have left it, while no server works on it.
async fn aged(site: Site, sql: &[&str]) -> Site {
    let (directory, clock, limits) = (site.directory.clone(), site.clock.clone(), site.limits);
    site.server.stop().await;
    let file = rusqlite::Connection::open(directory.path().join("onsite.db")).unwrap();
    for sql in sql {
        file.execute_batch(sql).unwrap();
    }
    drop(file);
    Site::reopened(directory, clock, limits).await
}

async fn offered(site: &Site, email: &str) -> Vec<String> {
    let me = site.phone_of(email).await.get("/onsite/v1/me").await.body;
    let list = me["organizations"][0]["capabilities"].as_array().unwrap();
    list.iter().map(|capability| capability.as_str().unwrap().to_owned()).collect()
}

/// The tables as they were before the fifth step.
const BEFORE: &str = "
    DROP TABLE duty_switches;
    DROP TABLE chat_notices;
    DROP TABLE notice_storms;
    CREATE TABLE notice_storms (organization BLOB NOT NULL, person BLOB NOT NULL, newest TEXT NOT NULL, began INTEGER,
        count INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (organization, person)) STRICT, WITHOUT ROWID;
    CREATE TABLE mute_moments (organization BLOB NOT NULL, subject BLOB NOT NULL, moment TEXT NOT NULL,
        subject_kind TEXT NOT NULL, version INTEGER NOT NULL, at INTEGER NOT NULL,
        PRIMARY KEY (organization, subject, moment)) STRICT, WITHOUT ROWID;
    ALTER TABLE notices DROP COLUMN withheld_at;
    ALTER TABLE notices DROP COLUMN withheld;
    DROP INDEX actions_of_duty;
    CREATE INDEX actions_of_presence ON actions (arrived_at) WHERE kind = 'presence';
    PRAGMA user_version = 4;";

#[tokio::test]
async fn an_upgraded_server_offers_what_it_has_without_an_import() {
    let site = Site::open().await;
    let all = offered(&site, "ada@example.com").await;
    assert!(all.contains(&"incidents".to_owned()) && all.contains(&"notifications".to_owned()));
    let older = r#"UPDATE organizations SET capabilities =
        '["acknowledge","mute","category","sensor_history","alarm_history","floor_position","people","events","digest","duty"]'"#;
    let site = aged(site, &[BEFORE, older]).await;
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
    let site = aged(site, &[BEFORE]).await;
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
    let site = aged(site, &[BEFORE, moments]).await;
    for minutes in [45, 15] {
        site.clock.advance_millis(minutes * 60 * 1_000);
        site.server.store().tick().await.unwrap();
    }
    let listed = feed_of(&site, "nora@example.com").await;
    let mut kinds: Vec<_> = listed.iter().map(|entry| entry["kind"].as_str().unwrap()).collect();
    kinds.sort_unstable();
    assert_eq!(kinds, ["mute_ended", "mute_ending"]);
}
