//! Bad input: whatever a server sends, nothing panics, hangs, is lost or stops the reading; what could not be taken is
//! counted and visible.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use onsite::account::{Access, Account, AccountConfig};
use onsite::alarms::AlarmFilter;
use onsite::error::Code;
use secrecy::SecretString;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::support::{Phone, key};

const ORGANIZATION: &str = "0b7e0f0a-0000-4c1d-8a10-0000000000aa";

/// What a stranger's server answers to a path: status line, type and body.
type Answers = Arc<dyn Fn(&str) -> Vec<u8> + Send + Sync>;

fn json(body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}").into()
}

async fn serve(answers: Answers) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let answers = Arc::clone(&answers);
            tokio::spawn(async move {
                let mut request = Vec::new();
                while !request.ends_with(b"\r\n\r\n") && stream.read_buf(&mut request).await.is_ok_and(|n| n > 0) {}
                let text = String::from_utf8_lossy(&request).into_owned();
                let path = text.split(' ').nth(1).unwrap_or_default().to_owned();
                let _ = stream.write_all(&answers(&path)).await;
                let _ = stream.shutdown().await;
            });
        }
    });
    format!("http://{address}")
}

/// The rest of a small vendor's server around these alarms.
fn vendor(alarms: String, inventory: String) -> Answers {
    Arc::new(move |path| {
        if path.ends_with("/organizations") {
            json(&format!(r#"{{"organizations":["{ORGANIZATION}"]}}"#))
        } else if path.ends_with("/alarms") {
            json(&format!(r#"{{"offset":5,"alarms":[{alarms}]}}"#))
        } else if path.ends_with("/inventory") {
            json(&format!(r#"{{"inventoryObjects":[{inventory}],"offset":3}}"#))
        } else if path.contains("inventory-changes") {
            json(r#"{"inventoryObjectChanges":[],"offset":3}"#)
        } else {
            json(r#"{"alarms":[],"offset":5}"#)
        }
    })
}

async fn phone_on(server: &str) -> Phone {
    let folder = tempfile::tempdir().unwrap();
    let access = Access::ApiKey(SecretString::from("AK1/abc/xyz".to_owned()));
    let mut config = AccountConfig::new(folder.path(), key(), server, access);
    config.timeouts.answer = Duration::from_secs(10);
    let (account, _) = Account::open(config).await.unwrap();
    Phone { folder, account }
}

fn alarm(n: u32, rest: &str) -> String {
    format!(
        r#"{{"id":"9a3b6c10-0000-4f00-9b00-{n:012x}","deviceId":"0b7e0f0a-0000-4c1d-8a10-0000000000c1",
            "activatedTime":"2026-11-20T06:14:09.120Z"{rest}}}"#
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_that_cannot_be_read_are_skipped_and_counted_and_all_others_are_there() {
    let long = "x".repeat(100_000);
    let huge = "y".repeat(2 << 20);
    let alarms = [
        alarm(1, r#","label":"good","severity":"WARNING","unheardOf":{"a":[1,2]}"#),
        r#"{"label":"without an id"}"#.to_owned(),
        r#"{"id":"not-a-uuid","deviceId":"x","activatedTime":"2026-11-20T06:14:09Z"}"#.to_owned(),
        alarm(2, "").replace("2026-11-20T06:14:09.120Z", "yesterday"),
        alarm(3, r#","label":"cleared?","clearedTime":"2026-13-45T99:99:99Z""#),
        alarm(4, r#","label":"twice","message":"first""#),
        alarm(4, r#","label":"twice","message":"second""#),
        alarm(5, r#","label":"a\u0000b \u202Eright to left \uD83D\uDD25 e\u0301","severity":"CATASTROPHIC""#),
        alarm(6, &format!(r#","label":"{long}""#)),
        alarm(7, &format!(r#","label":"{huge}""#)),
        "17".to_owned(),
        "null".to_owned(),
        alarm(8, r#","label":null,"message":null,"severity":null,"clearedTime":null,"alarmReactivationCount":null"#),
    ];
    let server = serve(vendor(alarms.join(","), String::new())).await;
    let phone = phone_on(&server).await;
    phone.until("everything was read", |state| state.read_at.is_some()).await;
    let rows = phone.list(AlarmFilter::default()).await.rows;
    let mut labels: Vec<&str> = rows.iter().map(|row| row.label.as_str()).collect();
    labels.sort_unstable();
    assert_eq!(labels, ["", "a\0b \u{202e}right to left 🔥 e\u{301}", "good", "twice", long.as_str()]);
    assert_eq!(rows.iter().find(|row| row.label == "twice").unwrap().message, "second");
    assert_eq!(phone.account.skipped_rows().await.unwrap()["alarms"], 7);
    let found = phone.list(AlarmFilter { words: "right LEFT É".into(), ..AlarmFilter::default() }).await;
    assert_eq!(found.total(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tree_that_bites_its_own_tail_and_types_nobody_has_heard_of_are_taken() {
    let id = |n: u32| format!("0b7e0f0a-0000-4c1d-8a10-{n:012x}");
    let inventory = [
        format!(r#"{{"discriminator":"Organization","id":"{ORGANIZATION}","label":"Harbour Mill"}}"#),
        format!(
            r#"{{"discriminator":"Location","id":"{}","label":"A","type":"MOON_BASE","parentId":"{}"}}"#,
            id(1),
            id(2)
        ),
        format!(r#"{{"discriminator":"Location","id":"{}","label":"B","type":"ROOM","parentId":"{}"}}"#, id(2), id(1)),
        format!(
            r#"{{"discriminator":"Device","id":"{}","label":"ups","type":"TELEPORTER","parentId":"{}","locationId":"{}","gatewayIds":[]}}"#,
            id(0xc1),
            id(0xc2),
            id(1)
        ),
        format!(
            r#"{{"discriminator":"Device","id":"{}","label":"bank","type":"RPDU","parentId":"{}","gatewayIds":null}}"#,
            id(0xc2),
            id(0xc1)
        ),
        format!(r#"{{"discriminator":"Spaceship","id":"{}","label":"by shape","gatewayIds":["g"]}}"#, id(0xc3)),
    ];
    let server = serve(vendor(alarm(1, r#","label":"alarm""#), inventory.join(","))).await;
    let phone = phone_on(&server).await;
    phone.until("everything was read", |state| state.read_at.is_some()).await;
    let rows = phone.list(AlarmFilter::default()).await.rows;
    assert_eq!((rows.len(), rows[0].device_label.as_str()), (1, "ups"));
    let within = AlarmFilter { location: Some(id(2).parse().unwrap()), ..AlarmFilter::default() };
    assert_eq!(phone.list(within).await.total(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_instead_of_json_and_half_a_body_are_told_and_read_again_when_the_server_is_back() {
    let mode = Arc::new(Mutex::new("page"));
    let (good, told) = (vendor(alarm(1, r#","label":"back""#), String::new()), Arc::clone(&mode));
    let server = serve(Arc::new(move |path| match *told.lock().unwrap() {
        "page" if !path.ends_with("/organizations") => {
            b"HTTP/1.1 200 OK\r\ncontent-type: text/html\r\nconnection: close\r\n\r\n<html>Welcome, guest!".to_vec()
        }
        "half" if path.ends_with("/alarms") => {
            let whole = good(path);
            whole[..whole.len() - 40].to_vec()
        }
        _ => good(path),
    }))
    .await;
    let phone = phone_on(&server).await;
    phone.until("a stranger answers", |state| state.trouble == Some(Code::NotOurServer)).await;
    *mode.lock().unwrap() = "half";
    phone.account.network_changed().unwrap();
    phone.until("the answer breaks off", |state| state.trouble == Some(Code::AnswerBroken)).await;
    *mode.lock().unwrap() = "good";
    phone.account.network_changed().unwrap();
    phone.until("all is well", |state| state.trouble.is_none() && state.read_at.is_some()).await;
    assert_eq!(phone.list(AlarmFilter::default()).await.total(), 1);
}
