//! A server of the vendor's kind whose list of alarms is made while it is sent.

use std::io::{self, BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Alarms with a message nearly as long as an object may be, which is stored.
pub const HUGE: usize = 256;
/// Alarms with as much again that this version does not know, which is read over.
pub const LARGE: usize = 2_300;

const ORGANIZATION: &str = "11111111-1111-4111-8111-111111111111";
const HUGE_TEXT: usize = 800_000;
const LARGE_TEXT: usize = 90_000;

pub struct Server {
    address: std::net::SocketAddr,
    sent: Arc<AtomicUsize>,
}

impl Server {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (address, sent) = (listener.local_addr().unwrap(), Arc::new(AtomicUsize::new(0)));
        let counted = Arc::clone(&sent);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let counted = Arc::clone(&counted);
                // A reader that goes away in the middle is its own affair.
                std::thread::spawn(move || drop(answer(stream, &counted)));
            }
        });
        Self { address, sent }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Bytes of the longest list that was sent whole.
    pub fn sent(&self) -> usize {
        self.sent.load(Ordering::SeqCst)
    }
}

fn answer(stream: TcpStream, sent: &AtomicUsize) -> io::Result<()> {
    let mut reader = BufReader::new(stream);
    let mut request = String::new();
    reader.read_line(&mut request)?;
    let mut header = String::new();
    while reader.read_line(&mut header)? > 2 {
        header.clear();
    }
    let path = request.split(' ').nth(1).unwrap_or_default().to_owned();
    let mut stream = reader.into_inner();
    write!(stream, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n")?;
    let offset = path.rsplit('/').next().unwrap_or_default();
    match path.rsplit('/').find(|part| part.parse::<i64>().is_err()).unwrap_or_default() {
        "organizations" => {
            write!(stream, r#"{{"organizations":[{{"id":"{ORGANIZATION}","label":"Large"}}]}}"#)
        }
        "inventory" => write!(stream, r#"{{"inventoryObjects":[],"offset":1}}"#),
        "inventory-changes" => write!(stream, r#"{{"inventoryObjectChanges":[],"offset":{offset}}}"#),
        "alarm-changes" => write!(stream, r#"{{"alarms":[],"offset":{offset}}}"#),
        _ => {
            let bytes = alarms(&mut stream)?;
            sent.fetch_max(bytes, Ordering::SeqCst);
            Ok(())
        }
    }
}

fn alarms(stream: &mut TcpStream) -> io::Result<usize> {
    let mut bytes = 0;
    let mut piece = r#"{"alarms":["#.to_owned();
    for n in 0..HUGE + LARGE {
        // The long ones come one after the other: none may have to wait for the short ones to be written.
        let (message, unknown) = if n < HUGE { (HUGE_TEXT, 10) } else { (200, LARGE_TEXT) };
        let text = |length: usize| "Battery low on module 7, please check. ".repeat(length / 39 + 1);
        piece += &format!(
            r#"{}{{"id":"22222222-2222-4222-8222-{n:012}","deviceId":"33333333-3333-4333-8333-333333333333","label":"Alarm {n}","message":"{}","somethingNew":{{"text":"{}"}},"severity":"CRITICAL","activatedTime":"2026-11-22T08:00:00Z"}}"#,
            if n == 0 { "" } else { "," },
            text(message),
            text(unknown),
        );
        bytes += piece.len();
        stream.write_all(piece.as_bytes())?;
        piece.clear();
    }
    stream.write_all(br#"],"offset":1}"#)?;
    Ok(bytes)
}
