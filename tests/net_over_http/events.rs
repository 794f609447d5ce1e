//! The event stream: rings, heartbeats, silence, and lines that never end.

use std::time::Duration;

use onsite::net::{Event, Fault, Stranger};
use tokio::io::AsyncWriteExt;

use super::server::{JSON, Server, answer, soon};

const HEAD: &str = "HTTP/1.1 200 x\r\ncontent-type: text/event-stream\r\nonsite-generation: 0b7e0f0a-1111-4c1d-8a10-0000000000e1\r\n\r\n";
const BEAT: Duration = Duration::from_millis(100);

fn ring(offset: i64) -> String {
    format!(
        "event: ring\ndata: {{\"organizationId\":\"0b7e0f0a-1111-4c1d-8a10-0000000000aa\",\"feed\":\"alarms\",\"offset\":{offset}}}\n\n"
    )
}

#[tokio::test]
async fn rings_come_as_they_are_sent_and_the_end_is_told() {
    let server = Server::acting(|_, mut stream| async move {
        let text = format!("{HEAD}: welcome\n\n{}event: heartbeat\ndata:\n\n{}", ring(1), ring(2));
        for piece in text.as_bytes().chunks(11) {
            let _ = stream.write_all(piece).await;
            tokio::task::yield_now().await;
        }
    })
    .await;
    let mut events = soon(server.http().events("onsite/v1/events?heartbeat=30", BEAT)).await.unwrap();
    assert!(events.generation().is_some());
    let mut offsets = Vec::new();
    while let Some(event) = soon(events.next()).await.unwrap() {
        offsets.push(match event {
            Event::Ring(ring) => ring.offset,
            Event::Heartbeat => 0,
        });
    }
    assert_eq!((offsets, events.not_understood()), (vec![1, 0, 2], 0));
    let request = &server.seen()[0];
    assert_eq!(request.header("accept"), Some("text/event-stream"));
    assert_eq!(request.header("accept-encoding"), Some("identity"), "a packer would hold rings back");
}

#[tokio::test]
async fn a_stream_that_misses_its_heartbeats_is_dead() {
    let server = Server::acting(|_, mut stream| async move {
        let _ = stream.write_all(format!("{HEAD}{}", ring(1)).as_bytes()).await;
        tokio::time::sleep(Duration::from_secs(600)).await;
        drop(stream);
    })
    .await;
    let mut events = soon(server.http().events("events", BEAT)).await.unwrap();
    assert!(matches!(soon(events.next()).await, Ok(Some(Event::Ring(_)))));
    assert_eq!(soon(events.next()).await, Err(Fault::Timeout));
}

#[tokio::test]
async fn an_answer_of_another_type_is_no_stream() {
    let server = Server::answering(|_| answer(200, JSON, "{}")).await;
    let fault = soon(server.http().events("events", BEAT)).await.unwrap_err();
    assert_eq!(fault, Fault::NotOurServer(Stranger::ContentType));
}
