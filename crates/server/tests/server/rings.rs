//! The stream of rings, and the feeds behind it.

use std::time::Duration;

use futures_util::StreamExt;
use onsite_wire::onsite::{Ring, Role};

use crate::support::phone::acknowledge;
use crate::support::*;

/// So long is waited for what must come; only a hang takes that long.
const PATIENCE: Duration = Duration::from_secs(30);

struct Bell {
    bytes: std::pin::Pin<Box<dyn futures_util::Stream<Item = reqwest::Result<axum::body::Bytes>> + Send>>,
    text: String,
}

impl Bell {
    async fn of(phone: &Phone, query: &str) -> Self {
        let response = phone.request(reqwest::Method::GET, &format!("/onsite/v1/events{query}")).send().await.unwrap();
        assert_eq!(
            (response.status().as_u16(), &response.headers()["content-type"]),
            (200, &"text/event-stream".parse().unwrap())
        );
        Self { bytes: Box::pin(response.bytes_stream()), text: String::new() }
    }

    /// The next event's name and data; nothing when the stream has ended or broken.
    async fn next(&mut self) -> Option<(String, String)> {
        loop {
            if let Some((event, rest)) = self.text.split_once("\n\n") {
                let field = |name: &str| {
                    event.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default().trim().to_owned()
                };
                let found = (field("event:"), field("data:"));
                self.text = rest.to_owned();
                return Some(found);
            }
            let bytes = tokio::time::timeout(PATIENCE, self.bytes.next()).await.expect("a hang")?;
            self.text.push_str(std::str::from_utf8(&bytes.ok()?).unwrap());
        }
    }

    async fn ring(&mut self) -> Ring {
        loop {
            let (event, data) = self.next().await.expect("the stream goes on");
            if event == "ring" {
                return serde_json::from_str(&data).unwrap();
            }
        }
    }

    /// The rings that say where everything stands at the beginning.
    async fn beginning(&mut self, organizations: usize) -> Vec<Ring> {
        let mut rings = Vec::new();
        for _ in 0..organizations * onsite_server::storage::Feed::ALL.len() {
            rings.push(self.ring().await);
        }
        rings
    }
}

#[tokio::test]
async fn a_ring_says_which_feed_has_moved_to_which_offset() {
    let site = Site::open().await;
    let phone = site.phone_of("nora@example.com").await;
    let mut bell = Bell::of(&phone, "").await;
    let begun = bell.beginning(1).await;
    let alarms = begun.iter().find(|ring| ring.feed == "alarms").unwrap();
    assert_eq!(alarms.offset, phone.offset("alarms").await, "it begins with where everything stands");
    let result = phone.act_one(&acknowledge(ALARM_NORTH, NORA, 0)).await;
    let ring = bell.ring().await;
    assert_eq!((ring.organization_id, ring.feed.as_str()), (organization(), "alarms"));
    assert_eq!(ring.offset, result.position.unwrap().offset);
    assert_eq!(phone.rest(&format!("alarm-changes/{}", alarms.offset)).await.offset(), ring.offset);
}

#[tokio::test]
async fn a_person_hears_of_no_organization_of_others_and_of_a_new_one_at_once() {
    let site = Site::open().await;
    let (nora, zoe) = (site.phone_of("nora@example.com").await, site.phone_of("zoe@example.com").await);
    let mut bell = Bell::of(&zoe, "").await;
    assert!(bell.beginning(1).await.iter().all(|ring| ring.organization_id == other_organization()));
    nora.act_one(&acknowledge(ALARM_NORTH, NORA, 0)).await;
    let mut document = harbour_mill();
    document.people.extend(quarry().people);
    document.groups.push(group("Guests", &[ZOE], None, Role::Viewer));
    site.server.store().import(document).await.unwrap();
    let mut heard = bell.ring().await;
    while heard.organization_id == other_organization() {
        heard = bell.ring().await;
    }
    assert_eq!(zoe.rest("alarms").await.status, 200);
}

#[tokio::test]
async fn the_heartbeat_is_what_was_asked_for_within_bounds() {
    let site = Site::open().await;
    let phone = site.phone_of("nora@example.com").await;
    for refused in ["?heartbeat=4", "?heartbeat=301", "?heartbeat=often"] {
        assert_eq!(phone.get(&format!("/onsite/v1/events{refused}")).await.code(), "invalid_request", "{refused}");
    }
    let mut bell = Bell::of(&phone, "?heartbeat=5").await;
    bell.beginning(1).await;
    assert_eq!(bell.next().await.unwrap().0, "heartbeat");
}

#[tokio::test]
async fn the_stream_ends_when_the_server_stops_and_breaks_when_the_signal_is_lost() {
    let site = Site::open().await;
    let phone = site.phone_of("nora@example.com").await;
    let mut bell = Bell::of(&phone, "").await;
    bell.beginning(1).await;
    site.server.faults().set_offline(true);
    assert_eq!(bell.next().await, None);
    assert!(phone.try_get("/healthz").await.is_err());
    site.server.faults().set_offline(false);
    let mut bell = Bell::of(&phone, "").await;
    bell.beginning(1).await;
    let (stopped, ended) = tokio::join!(site.server.stop(), bell.next());
    assert_eq!((stopped, ended), ((), None));
}

#[tokio::test]
async fn what_another_process_imports_rings_too() {
    let site = Site::open().await;
    let phone = site.phone_of("nora@example.com").await;
    let mut bell = Bell::of(&phone, "").await;
    bell.beginning(1).await;
    let mut document = harbour_mill();
    document.alarms.push(alarm(onsite_wire::ids::AlarmId::from_bytes([5; 16]), UPS_NORTH, None));
    let file = site.directory.path().join("document.json");
    std::fs::write(&file, serde_json::to_string(&document).unwrap()).unwrap();
    let data = site.directory.path().to_owned();
    let done = tokio::process::Command::new(env!("CARGO_BIN_EXE_onsite-server"))
        .arg("import")
        .arg(&file)
        .arg("--data")
        .arg(&data)
        .output()
        .await
        .unwrap();
    assert!(done.status.success(), "{done:?}");
    while bell.ring().await.feed != "alarms" {}
}
