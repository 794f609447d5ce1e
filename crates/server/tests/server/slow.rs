//! Whoever sends a request a byte at a time holds nothing for long: over a real socket.

use std::time::Duration;

use onsite_server::Limits;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::*;

/// Nothing here takes this long unless it hangs.
const PATIENCE: Duration = Duration::from_secs(30);

async fn quick() -> Site {
    Site::with_limits(Limits { head_ms: 300, body_ms: 300, ..Limits::default() }).await
}

/// What the server says until it hangs up, while `more` is dribbled to it.
async fn dribbled(site: &Site, begin: &str, more: &str) -> String {
    let stream = TcpStream::connect(site.server.address()).await.unwrap();
    let (mut read, mut write) = stream.into_split();
    write.write_all(begin.as_bytes()).await.unwrap();
    let more = more.to_owned();
    let dribbling = tokio::spawn(async move {
        // Much longer than the server waits; it ends with the connection.
        for byte in more.bytes().cycle() {
            tokio::time::sleep(Duration::from_millis(20)).await;
            if write.write_all(&[byte]).await.is_err() {
                return;
            }
        }
    });
    let mut said = Vec::new();
    // A connection that is reset has ended as well.
    let _ = tokio::time::timeout(PATIENCE, read.read_to_end(&mut said)).await.expect("the connection is held");
    dribbling.abort();
    String::from_utf8_lossy(&said).into_owned()
}

#[tokio::test]
async fn a_request_whose_head_does_not_end_is_cut_off() {
    let site = quick().await;
    let said = dribbled(&site, "GET /healthz HTTP/1.1\r\nHost: here\r\n", "X-Slow: y\r\n").await;
    assert!(!said.contains("200 OK"), "{said}");
}

#[tokio::test]
async fn a_body_that_does_not_end_is_refused_and_nothing_is_done() {
    let site = quick().await;
    let head = "POST /onsite/v1/session HTTP/1.1\r\nHost: here\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n{";
    let said = dribbled(&site, head, " ").await;
    assert!(said.starts_with("HTTP/1.1 408") && said.contains("too_slow"), "{said}");
}

#[tokio::test]
async fn others_are_answered_while_hundreds_dribble() {
    let site = Site::with_limits(Limits { head_ms: 20_000, ..Limits::default() }).await;
    let mut held = Vec::new();
    for _ in 0..300 {
        let mut stream = TcpStream::connect(site.server.address()).await.unwrap();
        stream.write_all(b"GET /healthz HT").await.unwrap();
        held.push(stream);
    }
    let phone = site.phone_of("ada@example.com").await;
    let answer = tokio::time::timeout(PATIENCE, phone.rest("alarms")).await.expect("nobody else is answered");
    assert_eq!(answer.status, 200);
    drop(held);
}
