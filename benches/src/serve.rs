//! A server that only hands out answers which were made beforehand: what is measured is the reader.

use std::collections::HashMap;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};

/// Pieces of a body, made while it is sent.
pub type Pieces = Box<dyn Iterator<Item = Vec<u8>>>;

/// What a path answers.
#[derive(Clone)]
pub enum Answer {
    /// This body.
    Ready(Arc<Vec<u8>>),
    /// A body that is too large to be kept.
    Made(Arc<dyn Fn() -> Pieces + Send + Sync>),
    /// What this makes of the request's body.
    Reply(Arc<dyn Fn(&[u8]) -> Vec<u8> + Send + Sync>),
    /// An error with this status.
    Status(u16),
}

impl Answer {
    /// JSON of a value.
    pub fn json(value: &impl serde::Serialize) -> serde_json::Result<Self> {
        Ok(Self::Ready(Arc::new(serde_json::to_vec(value)?)))
    }
}

/// The server. It listens until the process ends.
#[derive(Clone)]
pub struct Server {
    address: SocketAddr,
    answers: Arc<Mutex<HashMap<String, Answer>>>,
}

impl Server {
    /// Listens on a free port of this machine.
    pub fn start() -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let server = Self { address: listener.local_addr()?, answers: Arc::default() };
        let answers = Arc::clone(&server.answers);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let answers = Arc::clone(&answers);
                // A reader that goes away in the middle is its own affair.
                std::thread::spawn(move || drop(serve(stream, &answers)));
            }
        });
        Ok(server)
    }

    /// Where it is.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Sets what a path answers.
    pub fn put(&self, path: impl Into<String>, answer: Answer) {
        self.answers.lock().unwrap_or_else(PoisonError::into_inner).insert(path.into(), answer);
    }
}

fn serve(stream: TcpStream, answers: &Mutex<HashMap<String, Answer>>) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut reader = BufReader::new(stream);
    let mut request = String::new();
    reader.read_line(&mut request)?;
    let mut length = 0;
    loop {
        let mut header = String::new();
        reader.read_line(&mut header)?;
        if let Some(value) = header.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap_or(0);
        }
        if header.trim().is_empty() {
            break;
        }
    }
    let mut body = Vec::new();
    (&mut reader).take(length).read_to_end(&mut body)?;
    let path = request.split(' ').nth(1).unwrap_or_default();
    let path = path.trim_start_matches('/').split('?').next().unwrap_or_default();
    let answer = answers.lock().unwrap_or_else(PoisonError::into_inner).get(path).cloned();
    let answer = match answer.unwrap_or_else(|| nothing_new(path)) {
        Answer::Reply(reply) => Answer::Ready(Arc::new(reply(&body))),
        other => other,
    };
    write_answer(reader.into_inner(), answer)
}

/// A feed that was not told otherwise has not moved.
fn nothing_new(path: &str) -> Answer {
    let Some((feed, offset)) = path.rsplit_once('/') else { return Answer::Status(404) };
    match feed.rsplit('/').next().unwrap_or_default() {
        "alarm-changes" => Answer::Ready(Arc::new(format!(r#"{{"alarms":[],"offset":{offset}}}"#).into())),
        "inventory-changes" => {
            Answer::Ready(Arc::new(format!(r#"{{"inventoryObjectChanges":[],"offset":{offset}}}"#).into()))
        }
        _ => Answer::Status(503),
    }
}

fn write_answer(mut stream: TcpStream, answer: Answer) -> io::Result<()> {
    const OK: &str = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n";
    match answer {
        Answer::Ready(body) => {
            write!(stream, "{OK}Content-Length: {}\r\n\r\n", body.len())?;
            stream.write_all(&body)
        }
        Answer::Made(make) => {
            write!(stream, "{OK}\r\n")?;
            make().try_for_each(|piece| stream.write_all(&piece))
        }
        Answer::Reply(_) => Ok(()),
        Answer::Status(status) => {
            write!(stream, "HTTP/1.1 {status} -\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        }
    }
}
