//! Whoever holds a connection of HTTP/2 without asking anything is cut off (a raw client over a real socket); whoever asks is
//! not.

use std::time::Duration;

use onsite_server::Limits;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::*;

/// Nothing here takes this long unless it hangs.
const PATIENCE: Duration = Duration::from_secs(30);
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

const HEADERS: u8 = 1;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const CONTINUATION: u8 = 9;
const ACK: u8 = 1;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let mut frame = vec![length[1], length[2], length[3], kind, flags];
    frame.extend(stream.to_be_bytes());
    frame.extend(payload);
    frame
}

/// `GET PATH` from the static table; authority and path as literals that are not indexed.
fn head(path: &str) -> Vec<u8> {
    let mut block = vec![0x82, 0x86];
    for (name, value) in [(0x01, "here"), (0x04, path)] {
        block.push(name);
        block.push(u8::try_from(value.len()).unwrap());
        block.extend(value.as_bytes());
    }
    block
}

async fn quick() -> Site {
    Site::with_limits(Limits { head_ms: 300, ..Limits::default() }).await
}

/// Says this, then dribbles `more`, and answers pings and settings if `polite`, until the server hangs up. Gives the kinds of
/// the frames that came.
async fn held(site: &Site, begin: &[u8], more: &[u8], polite: bool) -> Vec<u8> {
    let (mut read, mut write) = TcpStream::connect(site.server.address()).await.unwrap().into_split();
    write.write_all(begin).await.unwrap();
    let conversation = async {
        let mut kinds = Vec::new();
        let mut head = [0; 9];
        loop {
            tokio::select! {
                got = read.read_exact(&mut head) => {
                    if got.is_err() {
                        return kinds;
                    }
                    kinds.push(head[3]);
                    let mut payload = vec![0; usize::from(head[1]) << 8 | usize::from(head[2])];
                    if read.read_exact(&mut payload).await.is_err() {
                        return kinds;
                    }
                    let asks = matches!(head[3], SETTINGS | PING) && head[4] & ACK == 0;
                    if polite && asks {
                        let echo = if head[3] == PING { payload } else { Vec::new() };
                        // When it has hung up meanwhile, reading says so.
                        let _ = write.write_all(&frame(head[3], ACK, 0, &echo)).await;
                    }
                }
                () = tokio::time::sleep(Duration::from_millis(20)), if !more.is_empty() => {
                    let _ = write.write_all(more).await;
                }
            }
        }
    };
    tokio::time::timeout(PATIENCE, conversation).await.expect("the connection is held")
}

#[tokio::test]
async fn a_connection_on_which_nothing_is_said_is_cut_off() {
    let site = quick().await;
    for begin in [&b""[..], b"PRI * HTTP/2"] {
        assert!(held(&site, begin, b"", false).await.is_empty());
    }
}

#[tokio::test]
async fn a_connection_of_http_2_that_asks_nothing_is_cut_off_though_it_answers_pings() {
    let site = quick().await;
    let begin = [PREFACE, &frame(SETTINGS, 0, 0, &[])].concat();
    held(&site, &begin, b"", true).await;
    // Pings of its own keep it open no longer.
    let pings = frame(PING, 0, 0, &[7; 8]);
    assert!(held(&site, &begin, &pings, true).await.contains(&PING), "it was spoken to");
}

#[tokio::test]
async fn a_stream_whose_head_does_not_end_is_cut_off() {
    let site = quick().await;
    let begin = [PREFACE, &frame(SETTINGS, 0, 0, &[]), &frame(HEADERS, END_STREAM, 1, &head("/healthz"))].concat();
    let answered = held(&site, &begin, b"", true).await;
    assert!(!answered.contains(&HEADERS), "{answered:?}");
    // A literal header that goes on and on, one byte a frame.
    let answered = held(&site, &begin, &frame(CONTINUATION, 0, 1, &[0x82]), true).await;
    assert!(!answered.contains(&HEADERS), "{answered:?}");
}

#[tokio::test]
async fn a_request_is_answered_and_the_connection_ends_after_it_has_rested() {
    let site = quick().await;
    let head = frame(HEADERS, END_STREAM | END_HEADERS, 1, &head("/healthz"));
    let begin = [PREFACE, &frame(SETTINGS, 0, 0, &[]), &head].concat();
    assert!(held(&site, &begin, b"", true).await.contains(&HEADERS), "the answer came");
}

#[tokio::test]
async fn a_stream_of_events_that_is_silent_for_longer_is_not_cut_off() {
    let site = quick().await;
    let phone = site.phone_of("ada@example.com").await;
    let client = reqwest::Client::builder().http2_prior_knowledge().build().unwrap();
    for client in [client, phone.client.clone()] {
        let url = format!("{}/onsite/v1/events?heartbeat=300", phone.base);
        let request = client.get(url).header("authorization", format!("Bearer {}", phone.token));
        let mut stream = request.send().await.unwrap();
        assert_eq!(stream.status(), 200);
        // Many times what an idle connection gets.
        tokio::time::sleep(Duration::from_millis(1_500)).await;
        site.server.store().condition_occurs(condition("battery", 1), site.now()).await.unwrap();
        let mut said = String::new();
        let rung = tokio::time::timeout(PATIENCE, async {
            while !said.contains("alarms") {
                said += &String::from_utf8_lossy(&stream.chunk().await.unwrap().expect("it was cut off"));
            }
        });
        rung.await.expect("no ring");
        site.server.store().condition_goes(organization(), UPS_NORTH, "battery".into(), site.now()).await.unwrap();
    }
}
