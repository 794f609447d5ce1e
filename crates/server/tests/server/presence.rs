//! No history of presence is kept (U2): after going off duty, or when the lease has ended, nothing in the server's data tells
//! where somebody was, and after half an hour nothing tells when a switch was pressed.

use std::collections::BTreeSet;

use onsite_wire::onsite::SubjectKind;
use reqwest::Method;
use rusqlite::types::Value as Cell;
use serde_json::{Value, json};

use crate::support::phone::action;
use crate::support::*;

const MINUTE_MS: i64 = 60 * 1_000;

async fn fenced() -> Site {
    let site = Site::open().await;
    let ada = site.phone_of("ada@example.com").await;
    let path = format!("/onsite/v1/organizations/{}/sites/{NORTH}/fence", organization());
    let fence = json!({"type": "circle", "center": [8.0, 47.0], "radiusM": 200.0});
    let request = ada.request(Method::PUT, &path).header("content-type", "application/json");
    let status = request.body(fence.to_string()).send().await.unwrap().status();
    assert!(status.is_success(), "{status}");
    site
}

async fn say(phone: &Phone, kind: &str, body: Value) {
    let mut request = action(kind, SubjectKind::Person, NORA.0, 0, body);
    request.basis = None;
    let done = phone.act_one(&request).await;
    assert_eq!(done.code, None, "{done:?}");
}

async fn is_at_north(phone: &Phone) {
    say(phone, "duty", json!({"on": true})).await;
    say(phone, "presence", json!({"site": NORTH, "sinceMs": 0})).await;
}

fn text(cell: &Cell) -> String {
    match cell {
        Cell::Text(text) => text.clone(),
        // Ids as others write them, too.
        Cell::Blob(bytes) => match <[u8; 16]>::try_from(bytes.as_slice()) {
            Ok(id) => uuid::Uuid::from_bytes(id).to_string(),
            Err(_) => String::from_utf8_lossy(bytes).into_owned(),
        },
        Cell::Integer(number) => number.to_string(),
        Cell::Real(number) => number.to_string(),
        Cell::Null => String::new(),
    }
}

/// Every row of every table, as text.
fn everything(site: &Site) -> BTreeSet<String> {
    let file = rusqlite::Connection::open(site.directory.path().join("onsite.db")).unwrap();
    let mut names = file.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").unwrap();
    let names: Vec<String> = names.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    let mut all = BTreeSet::new();
    for name in names {
        let mut select = file.prepare(&format!("SELECT * FROM {name}")).unwrap();
        let columns = select.column_count();
        let mut rows = select.query([]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            let cells: Vec<String> = (0..columns).map(|at| text(&row.get(at).unwrap())).collect();
            all.insert(format!("{name}: {}", cells.join(" | ")));
        }
    }
    all
}

/// What is there now and was not before, and names the site.
fn left_of_north(site: &Site, before: &BTreeSet<String>) -> Vec<String> {
    let north = NORTH.to_string();
    let plain = north.replace('-', "");
    let now = everything(site);
    now.difference(before).filter(|row| row.contains(&north) || row.contains(&plain)).cloned().collect()
}

#[tokio::test]
async fn after_going_off_duty_or_the_end_of_the_lease_nothing_in_the_data_tells_where_somebody_was() {
    for by_lease in [false, true] {
        let site = fenced().await;
        let nora = site.phone_of("nora@example.com").await;
        let before = everything(&site);
        is_at_north(&nora).await;
        assert!(!left_of_north(&site, &before).is_empty(), "while it holds it is there: the search finds it");
        if by_lease {
            site.clock.advance_millis(15 * MINUTE_MS);
            site.server.store().end_leases().await.unwrap();
        } else {
            say(&nora, "presence", json!({"site": null, "sinceMs": 0})).await;
            say(&nora, "duty", json!({"on": false})).await;
        }
        assert_eq!(left_of_north(&site, &before), Vec::<String>::new());
    }
}

#[tokio::test]
async fn the_log_forgets_switches_of_duty_after_half_an_hour_and_one_that_comes_again_changes_nothing() {
    let site = fenced().await;
    let nora = site.phone_of("nora@example.com").await;
    let switches = |site: &Site| everything(site).into_iter().filter(|row| row.starts_with("actions: ")).count();
    let mut on = action("duty", SubjectKind::Person, NORA.0, 0, json!({"on": true}));
    on.basis = None;
    nora.act_one(&on).await;
    let mut off = action("duty", SubjectKind::Person, NORA.0, 0, json!({"on": false}));
    off.basis = None;
    site.clock.advance_millis(MINUTE_MS);
    nora.act_one(&off).await;
    assert_eq!(switches(&site), 2);
    site.clock.advance_millis(31 * MINUTE_MS);
    site.server.store().end_leases().await.unwrap();
    assert_eq!(switches(&site), 0);
    // Both answers were lost, and the phone asks again.
    let nora = site.phone_of("nora@example.com").await;
    on.age_ms = 32 * MINUTE_MS;
    assert_eq!(nora.act_one(&on).await.code.map(|code| code.as_str()), Some("too_old"));
    let mut again = action("duty", SubjectKind::Person, NORA.0, 0, json!({"on": true}));
    again.basis = None;
    nora.act_one(&again).await;
    off.age_ms = 31 * MINUTE_MS;
    let superseded = nora.act_one(&off).await;
    assert_eq!(superseded.code.map(|code| code.as_str()), Some("switched_later"), "and it is not told as done");
    let shown = nora.ours("feeds/duty").await.all("objects", "name");
    assert_eq!(shown, ["Nora"], "the switch that was pressed last holds");
}

/// What a reader gets of the feed from where it stands, raw, and where it stands then.
async fn hears(phone: &Phone, after: &mut i64) -> Value {
    let answer = phone.ours(&format!("feeds/duty?after={after}")).await;
    *after = answer.offset();
    answer.body
}

#[tokio::test]
async fn who_may_not_see_a_site_learns_nothing_of_who_comes_moves_and_leaves() {
    let site = fenced().await;
    let (nora, sven) = (site.phone_of("nora@example.com").await, site.phone_of("sven@example.com").await);
    let vera = site.phone_of("vera@example.com").await;
    say(&nora, "duty", json!({"on": true})).await;
    let (mut stood, mut saw) = (sven.ours("feeds/duty").await.offset(), vera.ours("feeds/duty").await.offset());
    let mut stays = BTreeSet::new();
    let person: Vec<u8> = NORA.bytes().to_vec();
    let reversed: Vec<u8> = person.iter().map(|byte| !byte).collect();
    for _ in 0..3 {
        for _ in 0..2 {
            say(&nora, "presence", json!({"site": NORTH, "sinceMs": 0})).await;
            let heard = hears(&sven, &mut stood).await;
            assert_eq!((&heard["objects"], &heard["removed"]), (&json!([]), &json!([])), "comes, and stays");
            site.clock.advance_millis(MINUTE_MS);
        }
        let seen = hears(&vera, &mut saw).await;
        let stay = seen["objects"][0]["id"].as_str().unwrap().to_owned();
        say(&nora, "presence", json!({"site": null, "sinceMs": 0})).await;
        assert_eq!(hears(&vera, &mut saw).await["removed"], json!([stay]), "who saw it hears of its end");
        for gone in hears(&sven, &mut stood).await["removed"].as_array().unwrap() {
            let id: uuid::Uuid = gone.as_str().unwrap().parse().unwrap();
            assert!(id.as_bytes()[..] != person[..] && id.as_bytes()[..] != reversed[..], "{id} is told of a person");
            assert!(stays.insert(id), "{id} tells two stays of one person from two of two");
        }
    }
}

#[tokio::test]
async fn the_end_of_the_session_that_switched_on_ends_duty_and_that_of_another_does_not() {
    let site = fenced().await;
    let (one, other) = (site.phone_of("nora@example.com").await, site.phone_of("nora@example.com").await);
    let ada = site.phone_of("ada@example.com").await;
    let listed = async || ada.ours("feeds/duty").await.body["objects"].as_array().unwrap().len();
    is_at_north(&one).await;
    assert_eq!(listed().await, 2);
    assert_eq!(other.request(Method::DELETE, "/onsite/v1/session").send().await.unwrap().status(), 204);
    assert_eq!(listed().await, 2, "it did not switch on");
    assert_eq!(one.request(Method::DELETE, "/onsite/v1/session").send().await.unwrap().status(), 204);
    assert_eq!(listed().await, 0);
    // A phone that never comes back ends with its session.
    let lost = site.phone_of("nora@example.com").await;
    say(&lost, "duty", json!({"on": true})).await;
    site.clock.advance_millis(400 * 24 * 60 * MINUTE_MS);
    site.server.store().forget_old().await.unwrap();
    let ada = site.phone_of("ada@example.com").await;
    assert_eq!(ada.ours("feeds/duty").await.body["objects"], json!([]));
}

fn switched(on: bool, age_ms: i64) -> onsite_wire::onsite::ActionRequest {
    let mut switch = action("duty", SubjectKind::Person, NORA.0, 0, json!({"on": on}));
    (switch.basis, switch.age_ms) = (None, age_ms);
    switch
}

#[tokio::test]
async fn an_older_switch_of_another_phone_is_refused_and_off_of_unknown_age_is_taken() {
    let site = fenced().await;
    let (one, other) = (site.phone_of("nora@example.com").await, site.phone_of("nora@example.com").await);
    let code = |result: onsite_wire::onsite::ActionResult| result.code.map(|code| code.as_str());
    let listed = async || one.ours("feeds/duty").await.body["objects"].as_array().unwrap().len();
    assert_eq!(code(one.act_one(&switched(true, 0)).await), None);
    site.clock.advance_millis(5 * MINUTE_MS);
    assert_eq!(code(other.act_one(&switched(false, 6 * MINUTE_MS)).await), Some("switched_later"), "older than on");
    assert_eq!(listed().await, 1);
    assert_eq!(code(other.act_one(&switched(false, 0)).await), None);
    assert_eq!(code(one.act_one(&switched(true, 2 * MINUTE_MS + 1)).await), Some("switched_later"), "older than off");
    assert_eq!(listed().await, 0);
    assert_eq!(code(one.act_one(&switched(true, 0)).await), None);
    let mut off = switched(false, 300 * MINUTE_MS);
    off.age_uncertain = true;
    assert_eq!(code(other.act_one(&off).await), None);
    assert_eq!(listed().await, 0, "nobody can tell when it was pressed: off is safe");
    site.clock.advance_millis(31 * MINUTE_MS);
    site.server.store().end_leases().await.unwrap();
    let traces = |row: &String| row.starts_with("duty_switches") || row.starts_with("actions: ");
    assert!(!everything(&site).iter().any(traces), "and half an hour later nothing tells of it");
}
