//! Requests: small JSON answers, held whole under a limit, and streamed ones, never held.
//!
//! An `Http` is cheap to clone; clones share connections and the estimate of the server's clock.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use onsite_wire::ids::Generation;
use reqwest::header::{ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CONTENT_TYPE};
use reqwest::{Client, Method, RequestBuilder, Response, Url};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::time::timeout;

use super::answer::{self, Expected};
use super::{
    Authority, ClockReading, Credential, Download, Events, Fault, Feed, HttpConfig, ServerClock, Splitter, Timeouts,
    Unusable, Wanted, client,
};
use crate::time::{Clock, Moment};

/// A small answer may be this large.
const SMALL_ANSWER: usize = 8 * 1024 * 1024;

/// A server, as somebody calls it.
#[derive(Clone)]
pub struct Http {
    shared: Arc<Shared>,
    authority: Option<Arc<dyn Authority>>,
}

struct Shared {
    client: Client,
    base: Url,
    timeouts: Timeouts,
    clock: Arc<dyn Clock>,
    server_clock: Mutex<ServerClock>,
}

/// A small answer, and what came with it.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer<T> {
    /// The body.
    pub body: T,
    /// The generation of the server's data; a server that has only the vendor's API names none.
    pub generation: Option<Generation>,
    /// When the request was sent.
    pub sent: Moment,
    /// When the head of the answer was there.
    pub received: Moment,
}

/// What goes with a request.
enum Sent {
    Nothing,
    Json(Vec<u8>),
    Bytes(Vec<u8>),
}

/// The head of an answer with status 200, its body still to come.
pub(super) struct Opened {
    pub(super) response: Response,
    pub(super) generation: Option<Generation>,
    sent: Moment,
    received: Moment,
}

impl Http {
    /// A client that calls as nobody.
    pub fn new(config: &HttpConfig) -> Result<Self, Unusable> {
        let base = client::base(&config.address)?;
        let shared = Shared {
            client: client::client(config, &base)?,
            base,
            timeouts: config.timeouts,
            clock: Arc::clone(&config.clock),
            server_clock: Mutex::default(),
        };
        Ok(Self { shared: Arc::new(shared), authority: None })
    }

    /// The same server, called as somebody.
    #[must_use]
    pub fn with_authority(&self, authority: Arc<dyn Authority>) -> Self {
        Self { shared: Arc::clone(&self.shared), authority: Some(authority) }
    }

    /// The same server, called as nobody.
    #[must_use]
    pub fn anonymous(&self) -> Self {
        Self { shared: Arc::clone(&self.shared), authority: None }
    }

    /// The estimate of the server's clock, from all answers so far.
    pub fn server_clock(&self) -> ServerClock {
        self.shared.server_clock.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Takes up what an earlier process kept of the server's clock.
    pub fn recall_clock(&self, kept: super::KeptClock) {
        self.shared.server_clock.lock().unwrap_or_else(PoisonError::into_inner).recall(kept);
    }

    /// The clocks that this client reads.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.shared.clock
    }

    /// Gets a small JSON answer. `path` is relative to the server's address: `onsite/v1/me`.
    pub async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<Answer<T>, Fault> {
        self.small(Method::GET, path, Sent::Nothing).await
    }

    /// Posts JSON and gets a small JSON answer.
    pub async fn post<B: Serialize + Sync, T: DeserializeOwned>(
        &self,
        path: &str,
        body: &B,
    ) -> Result<Answer<T>, Fault> {
        // Types of the contract always become JSON; one that did not would be a defect, and is shown as a refusal.
        let body = serde_json::to_vec(body).map_err(|_| answer::unsendable())?;
        self.small(Method::POST, path, Sent::Json(body)).await
    }

    /// Puts plain bytes and gets a small JSON answer.
    pub async fn put_bytes<T: DeserializeOwned>(&self, path: &str, bytes: Vec<u8>) -> Result<Answer<T>, Fault> {
        self.small(Method::PUT, path, Sent::Bytes(bytes)).await
    }

    /// Deletes, and gets a small JSON answer.
    pub async fn delete_for<T: DeserializeOwned>(&self, path: &str) -> Result<Answer<T>, Fault> {
        self.small(Method::DELETE, path, Sent::Nothing).await
    }

    /// Opens an answer of plain bytes: they come out of [`Download::next`] as they arrive.
    pub async fn download(&self, path: &str) -> Result<Download, Fault> {
        let opened = self.open(Method::GET, path, Sent::Nothing, Expected::Bytes).await?;
        Ok(Download::new(opened, self.shared.timeouts.silence))
    }

    /// Puts JSON and gets a small JSON answer.
    pub async fn put<B: Serialize + Sync, T: DeserializeOwned>(
        &self,
        path: &str,
        body: &B,
    ) -> Result<Answer<T>, Fault> {
        let body = serde_json::to_vec(body).map_err(|_| answer::unsendable())?;
        self.small(Method::PUT, path, Sent::Json(body)).await
    }

    /// Posts JSON; any body of the answer is ignored.
    pub async fn tell<B: Serialize + Sync>(&self, path: &str, body: &B) -> Result<(), Fault> {
        let body = serde_json::to_vec(body).map_err(|_| answer::unsendable())?;
        self.open(Method::POST, path, Sent::Json(body), Expected::Nothing).await.map(drop)
    }

    /// Deletes; any body of the answer is ignored.
    pub async fn delete(&self, path: &str) -> Result<(), Fault> {
        self.open(Method::DELETE, path, Sent::Nothing, Expected::Nothing).await.map(drop)
    }

    /// Opens a feed's answer: its elements come out of [`Feed::next`] as they arrive.
    pub async fn feed(&self, path: &str, wanted: Wanted) -> Result<Feed, Fault> {
        let opened = self.open(Method::GET, path, Sent::Nothing, Expected::Json).await?;
        Ok(Feed::new(opened, Splitter::new(wanted), self.shared.timeouts.silence))
    }

    /// Opens the stream of events, which is dead after two missed heartbeats.
    pub async fn events(&self, path: &str, heartbeat: Duration) -> Result<Events, Fault> {
        let opened = self.open(Method::GET, path, Sent::Nothing, Expected::EventStream).await?;
        Ok(Events::new(opened, heartbeat.saturating_mul(2).saturating_add(self.shared.timeouts.connect)))
    }

    async fn small<T: DeserializeOwned>(&self, method: Method, path: &str, body: Sent) -> Result<Answer<T>, Fault> {
        let opened = self.open(method, path, body, Expected::Json).await?;
        let body = timeout(self.shared.timeouts.answer, answer::small_body(opened.response, SMALL_ANSWER)).await;
        let body = answer::json(&body.map_err(|_| Fault::Timeout)??)?;
        Ok(Answer { body, generation: opened.generation, sent: opened.sent, received: opened.received })
    }

    /// Sends until the head of a good answer is there; once more when the credential was refused and there is another.
    async fn open(&self, method: Method, path: &str, body: Sent, expected: Expected) -> Result<Opened, Fault> {
        let request = self.request(method, path, body, expected)?;
        let Some(authority) = &self.authority else { return self.attempt(request, None, expected).await };
        let first = authority.credential().await?;
        // Bodies are held whole, so that a request can always be sent again.
        let again = request.try_clone();
        let outcome = self.attempt(request, Some(&first), expected).await;
        let (true, Some(again)) = (is_refused(&outcome), again) else { return outcome };
        authority.refused(&first);
        let second = authority.credential().await?;
        if second.serial == first.serial {
            return Err(Fault::NotSignedIn);
        }
        let outcome = self.attempt(again, Some(&second), expected).await;
        if !is_refused(&outcome) {
            return outcome;
        }
        // A server that refuses what it has just given is at fault; nobody needs to sign in again.
        authority.refused(&second);
        Err(Fault::ServerFault { status: 401, retry_after: None })
    }

    fn request(&self, method: Method, path: &str, body: Sent, expected: Expected) -> Result<RequestBuilder, Fault> {
        let url = Url::parse(&format!("{}{path}", self.shared.base)).map_err(|_| answer::unsendable())?;
        let mut request = self.shared.client.request(method, url).header(ACCEPT, expected.media_type());
        if matches!(expected, Expected::EventStream | Expected::Bytes) {
            // A packer may hold a ring back until it has enough to pack; an image is packed already.
            request = request.header(ACCEPT_ENCODING, "identity");
        }
        Ok(match body {
            Sent::Nothing => request,
            Sent::Json(body) => request.header(CONTENT_TYPE, "application/json").body(body),
            Sent::Bytes(body) => request.header(CONTENT_TYPE, "application/octet-stream").body(body),
        })
    }

    /// Sends once.
    async fn attempt(
        &self,
        mut request: RequestBuilder,
        credential: Option<&Credential>,
        expected: Expected,
    ) -> Result<Opened, Fault> {
        if let Some(credential) = credential {
            request = request.header(AUTHORIZATION, credential.header().ok_or(Fault::NotSignedIn)?);
        }
        let sent = self.shared.clock.now();
        let response = timeout(self.shared.timeouts.answer, request.send()).await.map_err(|_| Fault::Timeout)?;
        let response = response.map_err(|error| answer::failure_before_head(&error))?;
        let received = self.shared.clock.now();
        self.observe(&response, sent, received);
        let checked = answer::checked(response, expected, received.wall);
        let response = timeout(self.shared.timeouts.answer, checked).await.map_err(|_| Fault::Timeout)??;
        Ok(Opened { generation: answer::generation(&response), response, sent, received })
    }

    fn observe(&self, response: &Response, sent: Moment, received: Moment) {
        if let Some(server) = answer::date(response) {
            let reading = ClockReading { sent, received, server, resolution_ms: 1_000 };
            self.shared.server_clock.lock().unwrap_or_else(PoisonError::into_inner).observe(&reading);
        }
    }
}

/// Whether the server did not take the credential, whatever it calls that.
const fn is_refused(outcome: &Result<Opened, Fault>) -> bool {
    matches!(outcome, Err(Fault::NotSignedIn | Fault::Refused { status: 401, .. }))
}

impl std::fmt::Debug for Http {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Http({})", self.shared.base)
    }
}
