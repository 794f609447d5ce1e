//! Servers made by hand: each connection carries one request, and the test writes the raw answer.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use onsite::net::{Http, HttpConfig, Timeouts};
use onsite::time::SystemClock;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// A request as it came.
#[derive(Debug, Clone)]
pub struct Request {
    /// Request line and headers, in lower case.
    pub head: String,
    pub body: String,
}

impl Request {
    /// Reads one; nothing when the connection ends before.
    pub async fn read(stream: &mut (impl AsyncRead + Unpin)) -> Option<Self> {
        let mut bytes = Vec::new();
        let end = loop {
            if let Some(at) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
                break at + 4;
            }
            if stream.read_buf(&mut bytes).await.ok()? == 0 {
                return None;
            }
        };
        let head = String::from_utf8_lossy(&bytes[..end]).to_lowercase();
        let request = Self { head, body: String::new() };
        let length = request.header("content-length").map_or(0, |length| length.parse().unwrap());
        while bytes.len() < end + length {
            if stream.read_buf(&mut bytes).await.ok()? == 0 {
                return None;
            }
        }
        Some(Self { body: String::from_utf8_lossy(&bytes[end..]).into_owned(), ..request })
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }

    /// Whether it is this method and path: `get /onsite/v1/me`.
    pub fn is(&self, line: &str) -> bool {
        self.head.starts_with(&format!("{line} "))
    }
}

/// A running server, and what it was asked.
pub struct Server {
    pub address: String,
    seen: Arc<Mutex<Vec<Request>>>,
}

impl Server {
    /// A server that does with each connection whatever the test wants.
    pub async fn raw<F, Done>(act: F) -> Self
    where
        F: Fn(TcpStream) -> Done + Send + 'static,
        Done: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(act(stream));
            }
        });
        Self { address, seen: Arc::default() }
    }

    /// A server that reads each request and lets the test write to the connection.
    pub async fn acting<F, Done>(act: F) -> Self
    where
        F: Fn(Request, TcpStream) -> Done + Send + Sync + 'static,
        Done: Future<Output = ()> + Send + 'static,
    {
        let seen: Arc<Mutex<Vec<Request>>> = Arc::default();
        let (act, noted) = (Arc::new(act), Arc::clone(&seen));
        let server = Self::raw(move |mut stream| {
            let (act, noted) = (Arc::clone(&act), Arc::clone(&noted));
            async move {
                if let Some(request) = Request::read(&mut stream).await {
                    noted.lock().unwrap().push(request.clone());
                    act(request, stream).await;
                }
            }
        })
        .await;
        Self { seen, ..server }
    }

    /// A server that answers each request with these bytes.
    pub async fn answering(answer: impl Fn(&Request) -> Vec<u8> + Send + Sync + 'static) -> Self {
        Self::acting(move |request, mut stream| {
            let answer = answer(&request);
            async move {
                let _ = stream.write_all(&answer).await;
                let _ = stream.shutdown().await;
            }
        })
        .await
    }

    /// What it was asked so far.
    pub fn seen(&self) -> Vec<Request> {
        self.seen.lock().unwrap().clone()
    }

    /// A client that calls it as nobody.
    pub fn http(&self) -> Http {
        http(&self.address)
    }
}

/// An answer with these further headers, each ended by `\r\n`.
pub fn answer(status: u16, headers: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    let body = body.as_ref();
    let length = body.len();
    let mut bytes =
        format!("HTTP/1.1 {status} x\r\nconnection: close\r\ncontent-length: {length}\r\n{headers}\r\n").into_bytes();
    bytes.extend(body);
    bytes
}

pub const JSON: &str = "content-type: application/json\r\n";
pub const PROBLEM: &str = "content-type: application/problem+json\r\n";

/// A client with short waits, so that tests of slow servers end soon.
pub fn config(address: &str) -> HttpConfig {
    let timeouts =
        Timeouts { connect: Duration::from_secs(5), answer: Duration::from_secs(2), silence: Duration::from_secs(2) };
    HttpConfig { timeouts, ..HttpConfig::new(address, Arc::new(SystemClock)) }
}

pub fn http(address: &str) -> Http {
    Http::new(&config(address)).unwrap()
}

/// Stops a test that hangs.
pub async fn soon<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(60), future).await.expect("hung")
}
