//! Streams of measurements, as the vendor's sample client reads them.

use std::io::Read;
use std::time::Duration;

use futures_util::StreamExt;
use onsite_server::Limits;
use onsite_wire::rest::{Measurement, ReplaySystemMessage};
use reqwest::Method;
use serde_json::Value;

use crate::support::*;

const PATIENCE: Duration = Duration::from_secs(30);

/// A stream that is read line by line while it goes on.
struct Reading {
    bytes: std::pin::Pin<Box<dyn futures_util::Stream<Item = reqwest::Result<axum::body::Bytes>> + Send>>,
    packed: Vec<u8>,
    given: usize,
    ended: bool,
}

impl Reading {
    async fn of(phone: &Phone, path: &str) -> Self {
        let path = format!("/rest/v1/organizations/{}/measurements/{path}", organization());
        let response = phone.request(Method::GET, &path).header("accept-encoding", "gzip").send().await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-encoding"], "gzip");
        Self { bytes: Box::pin(response.bytes_stream()), packed: Vec::new(), given: 0, ended: false }
    }

    /// The next line without its end; nothing when the stream is over.
    async fn line(&mut self) -> Option<String> {
        loop {
            // What is there so far; that the rest is missing shows as an error after it.
            let mut plain = Vec::new();
            flate2::read::GzDecoder::new(&self.packed[..]).read_to_end(&mut plain).ok();
            let rest = &plain[self.given..];
            if let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
                self.given += end + 1;
                return Some(String::from_utf8(rest[..end].to_vec()).unwrap());
            }
            if self.ended {
                return None;
            }
            match tokio::time::timeout(PATIENCE, self.bytes.next()).await.expect("a hang") {
                Some(bytes) => self.packed.extend_from_slice(&bytes.unwrap()),
                None => self.ended = true,
            }
        }
    }

    /// The next line that is no heartbeat.
    async fn said(&mut self) -> Option<Value> {
        loop {
            let line = self.line().await?;
            if !line.is_empty() {
                let value = serde_json::from_str(&line).unwrap();
                vendor::check_line(&value);
                return Some(value);
            }
        }
    }

    async fn measurement(&mut self) -> Measurement {
        serde_json::from_value(self.said().await.unwrap()).unwrap()
    }
}

async fn measure(site: &Site, from: i64, count: i64) {
    let values = (from..from + count)
        .map(|n| measurement(SENSOR_NORTH, site.now().plus_millis(n), f64::from(i32::try_from(n).unwrap())))
        .collect();
    site.server.store().measure(organization(), values).await.unwrap();
}

#[tokio::test]
async fn a_stream_without_gzip_is_not_acceptable() {
    let site = Site::open().await;
    let phone = site.key().await;
    for path in ["live", "live-simulator", "replay?fromOffset=0-0&toOffset=0-0"] {
        let path = format!("/rest/v1/organizations/{}/measurements/{path}", organization());
        let answer = phone.get(&path).await;
        let replay_is_too_old = path.contains("replay");
        assert_eq!(answer.status.as_u16(), if replay_is_too_old { 400 } else { 406 }, "{path}");
    }
}

#[tokio::test]
async fn live_begins_with_a_heartbeat_has_no_past_and_carries_offsets_regularly() {
    let site = Site::open().await;
    measure(&site, 0, 5).await;
    let mut live = Reading::of(&site.key().await, "live").await;
    assert_eq!(live.line().await.unwrap(), "", "a heartbeat is a completely empty line");
    measure(&site, 100, 40).await;
    let mut offsets = 0;
    for n in 100..140 {
        let said = live.measurement().await;
        assert_eq!((said.sensor_id, said.numeric_value), (SENSOR_NORTH, Some(f64::from(n))));
        offsets += i32::from(said.offset.is_some_and(|offset| {
            offset.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
        }));
    }
    assert_eq!(offsets, 4);
}

#[tokio::test]
async fn live_tells_a_person_only_of_sensors_in_sight_also_when_that_changes() {
    let site = Site::open().await;
    let mut live = Reading::of(&site.phone_of("sven@example.com").await, "live").await;
    live.line().await;
    let both = |n: i64| {
        let at = site.now().plus_millis(n);
        vec![measurement(SENSOR_NORTH, at, 1.0), measurement(SENSOR_SOUTH, at, 2.0)]
    };
    let store = site.server.store();
    store.measure(organization(), both(1)).await.unwrap();
    assert_eq!(live.measurement().await.sensor_id, SENSOR_SOUTH);
    store.move_device(organization(), UPS_NORTH, Some(SOUTH)).await.unwrap();
    store.move_device(organization(), UPS_SOUTH, Some(NORTH)).await.unwrap();
    store.measure(organization(), both(2)).await.unwrap();
    assert_eq!(live.measurement().await.sensor_id, SENSOR_NORTH);
}

#[tokio::test]
async fn a_quiet_stream_beats_its_heart() {
    let limits = Limits { stream_heartbeat_seconds: 1, ..Limits::default() };
    let site = Site::with_limits(limits).await;
    let mut live = Reading::of(&site.key().await, "live").await;
    for _ in 0..3 {
        assert_eq!(live.line().await.unwrap(), "");
    }
}

#[tokio::test]
async fn a_replay_brings_what_lies_between_two_offsets_then_says_so_and_closes() {
    let site = Site::open().await;
    let key = site.key().await;
    let mut live = Reading::of(&key, "live").await;
    live.line().await;
    measure(&site, 0, 10).await;
    let first = offset_of(&mut live, 10).await;
    drop(live);
    measure(&site, 10, 1_500).await;
    let mut live = Reading::of(&key, "live").await;
    live.line().await;
    measure(&site, 2_000, 10).await;
    let second = offset_of(&mut live, 10).await;
    let mut replay = Reading::of(&key, &format!("replay?fromOffset={first}&toOffset={second}")).await;
    for n in (10..1_510).chain(2_000..2_010) {
        assert_eq!(replay.measurement().await.numeric_value, Some(f64::from(n)));
    }
    let message: ReplaySystemMessage = serde_json::from_value(replay.said().await.unwrap()).unwrap();
    assert_eq!(message, ReplaySystemMessage::Completed);
    assert_eq!(replay.line().await, None);
}

/// The offset on the last of so many lines.
async fn offset_of(live: &mut Reading, lines: usize) -> String {
    let mut offset = None;
    for _ in 0..lines {
        offset = live.measurement().await.offset.or(offset);
    }
    offset.unwrap()
}

#[tokio::test]
async fn a_replay_over_the_limit_says_so_and_closes_and_goes_on_an_hour_later() {
    let limits = Limits { replayed_lines_per_hour: 15, ..Limits::default() };
    let site = Site::with_limits(limits).await;
    let key = site.key().await;
    let mut live = Reading::of(&key, "live").await;
    live.line().await;
    measure(&site, 0, 10).await;
    let first = offset_of(&mut live, 10).await;
    measure(&site, 10, 20).await;
    let second = offset_of(&mut live, 20).await;
    let path = format!("replay?fromOffset={first}&toOffset={second}");
    let mut replay = Reading::of(&key, &path).await;
    let message: ReplaySystemMessage = serde_json::from_value(replay.said().await.unwrap()).unwrap();
    assert_eq!((message, replay.line().await), (ReplaySystemMessage::RateLimitReached, None));
}

#[tokio::test]
async fn offsets_that_are_nonsense_or_too_old_are_refused() {
    let site = Site::open().await;
    let key = site.key().await;
    let now = format!("{:x}", site.now().millis());
    let old = format!("{:x}", site.now().millis() - 25 * 60 * 60 * 1_000);
    for query in [
        String::new(),
        "?fromOffset=1-1".to_owned(),
        "?fromOffset=x&toOffset=y".to_owned(),
        format!("?fromOffset=1-{old}&toOffset=2-{now}"),
        format!("?fromOffset=2-{now}&toOffset=1-{now}"),
    ] {
        let path = format!("/rest/v1/organizations/{}/measurements/replay{query}", organization());
        let answer = key.request(Method::GET, &path).header("accept-encoding", "gzip").send().await.unwrap();
        assert_eq!(answer.status(), 400, "{query}");
    }
}

#[tokio::test]
async fn the_simulator_invents_as_many_sensors_as_were_asked_for() {
    let site = Site::open().await;
    let key = site.key().await;
    let mut simulated = Reading::of(&key, "live-simulator?measurementsPerSecond=200&sensorCount=3").await;
    let mut sensors = std::collections::BTreeSet::new();
    for _ in 0..30 {
        sensors.insert(simulated.measurement().await.sensor_id);
    }
    assert_eq!(sensors.len(), 3);
    for query in ["measurementsPerSecond=0", "sensorCount=100001", "sensorCount=many"] {
        let path = format!("/rest/v1/organizations/{}/measurements/live-simulator?{query}", organization());
        assert_eq!(key.get(&path).await.status, 400, "{query}");
    }
}

#[tokio::test]
async fn one_caller_has_only_so_many_streams_and_a_closed_one_counts_no_more() {
    let limits = Limits { streams_per_caller: 1, stream_heartbeat_seconds: 1, ..Limits::default() };
    let site = Site::with_limits(limits).await;
    let key = site.key().await;
    let path = format!("/rest/v1/organizations/{}/measurements/live", organization());
    let ask = async || key.request(Method::GET, &path).header("accept-encoding", "gzip").send().await.unwrap();
    let first = ask().await;
    assert_eq!((first.status().as_u16(), ask().await.status().as_u16()), (200, 429));
    drop(first);
    // The server learns of it with the next heartbeat that it cannot say.
    let again = async {
        while ask().await.status() != 200 {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(PATIENCE, again).await.expect("the place is free again");
}

#[tokio::test]
async fn the_past_of_a_sensor_comes_in_buckets_with_its_zones_or_as_words() {
    let site = Site::open().await;
    let phone = site.phone_of("nora@example.com").await;
    let start = at("2026-11-22T07:00:00Z");
    let values = [1.0, 3.0, 8.0]
        .iter()
        .zip(0..)
        .map(|(value, n)| measurement(SENSOR_NORTH, start.plus_millis(n * 60_000), *value));
    site.server.store().measure(organization(), values.collect()).await.unwrap();
    let word = |minute: i64, word: &str| Measurement {
        string_value: Some(word.into()),
        numeric_value: None,
        ..measurement(DOOR_NORTH, start.plus_millis(minute * 60_000), 0.0)
    };
    let words = vec![word(-5, "Closed"), word(1, "Open"), word(2, "Open"), word(3, "Closed"), word(20, "Open")];
    site.server.store().measure(organization(), words).await.unwrap();
    let range = "from=2026-11-22T07:00:00Z&to=2026-11-22T07:10:00Z";
    let history = phone.ours(&format!("sensors/{SENSOR_NORTH}/history?{range}&buckets=5")).await.body;
    assert_eq!(history["bucketMs"], 120_000);
    assert_eq!(
        history["buckets"],
        serde_json::json!([
            {"at": "2026-11-22T07:00:00.000Z", "min": 1.0, "average": 2.0, "max": 3.0, "count": 2},
            {"at": "2026-11-22T07:02:00.000Z", "min": 8.0, "average": 8.0, "max": 8.0, "count": 1}
        ])
    );
    assert_eq!((&history["unit"], &history["zones"][0]["from"]), (&"°C".into(), &30.0.into()));
    let history = phone.ours(&format!("sensors/{DOOR_NORTH}/history?{range}&buckets=5")).await.body;
    let words: Vec<_> =
        history["states"].as_array().unwrap().iter().map(|point| point["state"].as_str().unwrap()).collect();
    assert_eq!(words, ["Closed", "Open", "Closed"]);
    for query in [
        "",
        "?from=x&to=y&buckets=1",
        &format!("?{range}&buckets=0"),
        &format!("?{range}&buckets=2001"),
        "?from=2026-11-22T08:00:00Z&to=2026-11-22T07:00:00Z&buckets=5",
    ] {
        assert_eq!(
            phone.ours(&format!("sensors/{SENSOR_NORTH}/history{query}")).await.code(),
            "invalid_request",
            "{query}"
        );
    }
}
