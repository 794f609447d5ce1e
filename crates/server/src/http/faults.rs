//! Faults on purpose, for tests and demonstrations: lost answers, busy servers, captive portals, no signal.
//!
//! Only reachable from Rust, never over HTTP. Without a fault set it costs one look at an empty list.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::http::{Request, Response, StatusCode, header};
use tokio::sync::watch;

/// Something that goes wrong with a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// The connection is closed before anything is done.
    LoseRequest,
    /// Everything is done, and the answer is lost.
    LoseAnswer,
    /// 429, saying when to come again or not.
    TooManyRequests {
        /// Seconds.
        retry_after: Option<u64>,
    },
    /// Another status, of a server or proxy in trouble.
    Status(u16),
    /// The answer breaks off in its middle.
    HalfBody,
    /// A page in HTML with status 200: a captive portal.
    Html,
    /// The answer comes late.
    Delay(Duration),
}

#[derive(Debug)]
struct Planned {
    path_prefix: String,
    left: Option<usize>,
    fault: Fault,
}

/// Turns faults on and off. Clones are the same switch.
#[derive(Debug, Clone)]
pub struct FaultSwitch {
    planned: Arc<Mutex<Vec<Planned>>>,
    offline: Arc<watch::Sender<bool>>,
}

impl Default for FaultSwitch {
    fn default() -> Self {
        Self { planned: Arc::default(), offline: Arc::new(watch::channel(false).0) }
    }
}

/// The answer is not to be given.
#[derive(Debug, thiserror::Error)]
#[error("the connection is cut on purpose")]
pub(crate) struct Cut;

impl FaultSwitch {
    /// From now on requests whose path begins like this meet the fault: the next `times` ones.
    pub fn next(&self, path_prefix: &str, times: usize, fault: Fault) {
        self.plan(path_prefix, Some(times), fault);
    }

    /// From now on all requests whose path begins like this meet the fault.
    pub fn always(&self, path_prefix: &str, fault: Fault) {
        self.plan(path_prefix, None, fault);
    }

    /// No more faults; also online again.
    pub fn clear(&self) {
        self.planned.lock().unwrap_or_else(PoisonError::into_inner).clear();
        self.set_offline(false);
    }

    /// No signal: open connections break, event streams too, and new ones are closed at once.
    pub fn set_offline(&self, offline: bool) {
        self.offline.send_replace(offline);
    }

    /// How many planned faults are still to come; `always` ones are not counted.
    pub fn left(&self) -> usize {
        let planned = self.planned.lock().unwrap_or_else(PoisonError::into_inner);
        planned.iter().filter_map(|planned| planned.left).sum()
    }

    pub(super) fn watch_offline(&self) -> watch::Receiver<bool> {
        self.offline.subscribe()
    }

    fn plan(&self, path_prefix: &str, left: Option<usize>, fault: Fault) {
        let planned = Planned { path_prefix: path_prefix.to_owned(), left, fault };
        self.planned.lock().unwrap_or_else(PoisonError::into_inner).push(planned);
    }

    /// The first fault planned for this path, counted down.
    fn take(&self, path: &str) -> Option<Fault> {
        let mut planned = self.planned.lock().unwrap_or_else(PoisonError::into_inner);
        let hit =
            planned.iter_mut().find(|planned| path.starts_with(&planned.path_prefix) && planned.left != Some(0))?;
        hit.left = hit.left.map(|left| left - 1);
        let fault = hit.fault.clone();
        planned.retain(|planned| planned.left != Some(0));
        Some(fault)
    }

    /// Answers a request, through the fault planned for it if there is one.
    pub(super) async fn through<B, F>(&self, request: Request<B>, answer: F) -> Result<Response<Body>, Cut>
    where
        F: AsyncFnOnce(Request<B>) -> Response<Body>,
    {
        match self.take(request.uri().path()) {
            None => Ok(answer(request).await),
            Some(Fault::LoseRequest) => Err(Cut),
            Some(Fault::LoseAnswer) => {
                answer(request).await;
                Err(Cut)
            }
            Some(Fault::TooManyRequests { retry_after }) => Ok(too_many(retry_after)),
            Some(Fault::Status(status)) => Ok(plain(status, "text/plain", "in trouble")),
            Some(Fault::HalfBody) => half(answer(request).await).await,
            Some(Fault::Html) => Ok(plain(200, "text/html", "<!doctype html><title>Sign in to the network</title>")),
            Some(Fault::Delay(delay)) => {
                tokio::time::sleep(delay).await;
                Ok(answer(request).await)
            }
        }
    }
}

fn plain(status: u16, kind: &'static str, text: &'static str) -> Response<Body> {
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::SERVICE_UNAVAILABLE);
    response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static(kind));
    response
}

fn too_many(retry_after: Option<u64>) -> Response<Body> {
    let mut response = plain(429, "text/plain", "busy");
    if let Some(seconds) = retry_after {
        response.headers_mut().insert(header::RETRY_AFTER, header::HeaderValue::from(seconds));
    }
    response
}

/// The first half of a body, and then no more.
async fn half(response: Response<Body>) -> Result<Response<Body>, Cut> {
    let (mut parts, body) = response.into_parts();
    let whole = to_bytes(body, usize::MAX).await.map_err(|_| Cut)?;
    parts.headers.remove(header::CONTENT_LENGTH);
    let first = whole.slice(..whole.len() / 2);
    let broken = futures_util::stream::iter([Ok(first), Err(Cut)]);
    Ok(Response::from_parts(parts, Body::from_stream(broken)))
}
