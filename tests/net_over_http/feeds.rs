//! Feeds cut from a body as it arrives: cut off, compressed, hostile, and very large.

use std::io::Write as _;
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use onsite::net::{Breakage, Fault, FeedEnd, Http, Part, SkipReason, SkippedRow, Stranger, Wanted};
use serde_json::Value;
use tokio::io::AsyncWriteExt;

use super::server::{JSON, Server, answer, config, soon};

/// What a feed brought.
#[derive(Debug, Default)]
struct Heard {
    alarms: Vec<Value>,
    skipped: Vec<SkippedRow>,
    /// The most memory that the process had while reading, in bytes.
    peak: usize,
}

async fn read(http: &Http) -> (Heard, Result<FeedEnd, Fault>) {
    let mut heard = Heard::default();
    let end = soon(read_into(http, &mut heard)).await;
    (heard, end)
}

async fn read_into(http: &Http, heard: &mut Heard) -> Result<FeedEnd, Fault> {
    let mut feed = http.feed("alarms", Wanted::default().array("alarms").number("offset")).await?;
    loop {
        let more = feed.next(|part| match part {
            Part::Element { json, .. } => heard.alarms.push(serde_json::from_slice(json).unwrap()),
            Part::Skipped(row) => heard.skipped.push(row),
        });
        if !more.await? {
            return feed.finish();
        }
        heard.peak = heard.peak.max(resident());
    }
}

/// The process's memory in bytes.
fn resident() -> usize {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    statm.split(' ').nth(1).unwrap().parse::<usize>().unwrap() * 4_096
}

fn alarms(count: usize) -> String {
    let alarms: Vec<String> =
        (0..count).map(|at| format!(r#"{{"id":"{at}","label":"Überhitzung \"{at}\""}}"#)).collect();
    format!(r#"{{"offset":7,"alarms":[{}]}}"#, alarms.join(","))
}

fn packed(text: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

#[tokio::test]
async fn a_feed_comes_through_plain_and_packed() {
    let text = alarms(5_000);
    let gzip = format!("{JSON}content-encoding: gzip\r\n");
    for bytes in [answer(200, JSON, &text), answer(200, &gzip, packed(&text))] {
        let server = Server::answering(move |_| bytes.clone()).await;
        let (heard, end) = read(&server.http()).await;
        let end = end.unwrap();
        assert_eq!((heard.alarms.len(), end.elements, end.number("offset")), (5_000, 5_000, Some(7)));
        assert_eq!(heard.alarms[4_999]["id"], "4999");
    }
}

#[tokio::test]
async fn of_half_a_body_what_came_is_given_and_no_offset() {
    let text = alarms(100);
    let plain = answer(200, JSON, &text);
    let gzip = answer(200, &format!("{JSON}content-encoding: gzip\r\n"), packed(&text));
    let chunked = format!("HTTP/1.1 200 x\r\n{JSON}transfer-encoding: chunked\r\n\r\n{:x}\r\n{text}\r\n", text.len());
    let without_length = format!("HTTP/1.1 200 x\r\n{JSON}connection: close\r\n\r\n{}", &text[..text.len() - 1]);
    let cases =
        [plain[..plain.len() / 2].to_vec(), gzip[..gzip.len() - 20].to_vec(), chunked.into(), without_length.into()];
    for (case, bytes) in cases.into_iter().enumerate() {
        let server = Server::answering(move |_| bytes.clone()).await;
        let (heard, end) = read(&server.http()).await;
        assert_eq!(end, Err(Fault::AnswerBroken(Breakage::EndedEarly)), "case {case}");
        let ids: Vec<&str> = heard.alarms.iter().map(|alarm| alarm["id"].as_str().unwrap()).collect();
        assert_eq!(ids, (0..ids.len()).map(|at| at.to_string()).collect::<Vec<_>>());
    }
}

#[tokio::test]
async fn what_cannot_be_unpacked_is_garbled() {
    let headers = format!("{JSON}content-encoding: gzip\r\n");
    let server = Server::answering(move |_| answer(200, &headers, alarms(10))).await;
    assert_eq!(read(&server.http()).await.1, Err(Fault::AnswerBroken(Breakage::Garbled)));
}

#[tokio::test]
async fn a_guest_networks_json_is_not_taken_for_an_empty_feed() {
    for body in ["{\"status\":\"login required\"}", "{}", "[]"] {
        let server = Server::answering(move |_| answer(200, JSON, body)).await;
        assert_eq!(read(&server.http()).await.1, Err(Fault::NotOurServer(Stranger::Shape)), "{body}");
    }
}

#[tokio::test]
async fn a_feed_that_falls_silent_times_out_with_what_came() {
    let server = Server::acting(|_, mut stream| async move {
        let head = format!("HTTP/1.1 200 x\r\n{JSON}\r\n{{\"alarms\":[{{\"id\":\"0\"}},");
        let _ = stream.write_all(head.as_bytes()).await;
        tokio::time::sleep(Duration::from_secs(600)).await;
        drop(stream);
    })
    .await;
    let (heard, end) = read(&server.http()).await;
    assert_eq!((heard.alarms.len(), end), (1, Err(Fault::Timeout)));
}

#[tokio::test]
async fn a_feed_that_drips_times_out() {
    let server = Server::acting(|_, mut stream| async move {
        let _ = stream.write_all(format!("HTTP/1.1 200 x\r\n{JSON}\r\n{{\"alarms\":[").as_bytes()).await;
        while stream.write_all(b" ").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
    let mut config = config(&server.address);
    config.timeouts.silence = Duration::from_millis(300);
    assert_eq!(read(&Http::new(&config).unwrap()).await.1, Err(Fault::Timeout));
}

#[tokio::test]
async fn one_string_of_200_megabytes_costs_its_own_row_and_no_memory() {
    const PIECE: usize = 256 * 1_024;
    let id = "0b7e0f0a-1111-4c1d-8a10-0000000000c1";
    let server = Server::acting(move |_, mut stream| async move {
        let begin =
            format!("HTTP/1.1 200 x\r\n{JSON}\r\n{{\"alarms\":[{{\"id\":\"a\"}},{{\"id\":\"{id}\",\"label\":\"");
        let _ = stream.write_all(begin.as_bytes()).await;
        let piece = vec![b'x'; PIECE];
        for _ in 0..200 * 1_000_000 / PIECE {
            let _ = stream.write_all(&piece).await;
        }
        let _ = stream.write_all(b"\"},{\"id\":\"b\"}],\"offset\":9}").await;
    })
    .await;
    let http = server.http();
    let before = resident();
    let (heard, end) = read(&http).await;
    assert_eq!(heard.alarms.iter().map(|alarm| alarm["id"].as_str().unwrap()).collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!((heard.skipped[0].reason, heard.skipped[0].index), (SkipReason::TooLarge, 1));
    assert_eq!(heard.skipped[0].id, Some(id.parse().unwrap()));
    assert_eq!(end.unwrap().number("offset"), Some(9));
    let grown = heard.peak.saturating_sub(before);
    assert!(grown < 50_000_000, "{grown} bytes more");
}
