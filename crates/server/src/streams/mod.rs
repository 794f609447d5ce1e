//! Streams of measurements: one JSON document a line under gzip, an empty line when nothing happens (fact 8).
//!
//! A stream starts when it is asked for and goes on until somebody hangs up, the reader is too slow, its key is revoked or
//! its session ended (seen with the next line or heartbeat), or the server stops.
//! Lines carry an offset now and then, from which a replay can go on after a pause.

mod live;
mod offset;
mod replay;
mod simulator;

use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use futures_util::stream::unfold;
use onsite_wire::codes::Code;
use onsite_wire::ids::OrganizationId;
use onsite_wire::rest::Measurement;

pub(crate) use live::live;
pub(crate) use replay::replay;
pub(crate) use simulator::simulate;

use crate::access::{Caller, OpenStream, Scope};
use crate::http::{App, Pieces, Refused, accepts_gzip};

/// Every so many lines carry an offset.
const LINES_PER_OFFSET: usize = 10;

/// Something that has lines to say.
trait Source: Send + 'static {
    /// The next lines, each with its end; nothing when it is over. Waits until there is something to say.
    fn next(&mut self) -> impl Future<Output = Option<String>> + Send;
}

/// An open stream, and with what it was opened.
struct Opened {
    app: Arc<App>,
    caller: Caller,
    _counted: OpenStream,
}

/// Looks whether the caller may open a stream of an organization.
async fn may_open(app: &App, caller: &Caller, organization: OrganizationId) -> Result<(), Refused> {
    let asking = caller.clone();
    app.storage.read(move |view| Scope::of(view, &asking, organization).map(|_| ())).await
}

/// Opens a stream: only under gzip, and not too many at a time.
fn open(app: &Arc<App>, headers: &HeaderMap, caller: &Caller) -> Result<Opened, Refused> {
    if !accepts_gzip(headers) {
        return Err(Refused::of(Code::GzipRequired));
    }
    let counted = app.budgets.open_stream(caller)?;
    Ok(Opened { app: Arc::clone(app), caller: caller.clone(), _counted: counted })
}

/// The answer that says what the source says, as long as the key or session is good that opened it. Begins with a
/// heartbeat, so that the reader knows it is heard.
fn answer<S: Source>(source: S, opened: Opened) -> Response {
    let begin = Some((source, opened, Pieces::new(true), Some("\n".to_owned())));
    let body = Body::from_stream(unfold(begin, |state| async move {
        let (mut source, opened, mut pieces, ready) = state?;
        let lines = match ready {
            Some(lines) => Some(lines),
            None => source.next().await,
        };
        // Looked at after the wait: what was revoked meanwhile gets nothing of what came.
        let lines = if opened.caller.is_good(&opened.app.storage).await { lines } else { None };
        let Some(lines) = lines else { return Some((pieces.finish().map(Bytes::from), None)) };
        let packed = pieces.add(&lines).and_then(|()| pieces.flush());
        Some((packed.map(Bytes::from), Some((source, opened, pieces, None))))
    }));
    let headers = [(header::CONTENT_TYPE, "application/x-ndjson"), (header::CONTENT_ENCODING, "gzip")];
    (headers, body).into_response()
}

/// A measurement as a line.
fn line(measurement: &Measurement) -> String {
    serde_json::to_string(measurement).map(|json| json + "\n").unwrap_or_default()
}
