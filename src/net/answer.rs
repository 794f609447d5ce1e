//! Judges an answer by its head: taken, or which [`Fault`] it is. Reads small bodies.

use std::collections::BTreeMap;
use std::error::Error as _;
use std::io;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use onsite_wire::GENERATION_HEADER;
use onsite_wire::codes::Code;
use onsite_wire::ids::Generation;
use onsite_wire::onsite::Problem;
use onsite_wire::time::Timestamp;
use reqwest::header::{CONTENT_TYPE, DATE, HeaderMap, RETRY_AFTER};
use reqwest::{Response, StatusCode};
use rustls::CertificateError;
use serde::de::DeserializeOwned;

use super::{Breakage, Fault, Stranger};

/// A problem document is at most this large.
const PROBLEM_SIZE: usize = 64 * 1024;
/// An argument of a server's code is cut to this many characters.
const ARGUMENT_LENGTH: usize = 200;
/// Nobody is made to wait longer by one answer.
const LONGEST_WAIT: Duration = Duration::from_secs(24 * 60 * 60);

/// What kind of answer a request asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Expected {
    Json,
    EventStream,
    Bytes,
    Nothing,
}

impl Expected {
    pub(super) const fn media_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::EventStream => "text/event-stream",
            Self::Bytes | Self::Nothing => "*/*",
        }
    }

    /// Whether this status and type are what was asked for. The vendor's answers are exactly 200; a missing type is left
    /// to the reader of the body.
    fn is_met_by(self, response: &Response) -> bool {
        let status = response.status();
        let media_type = media_type(response.headers());
        match self {
            Self::Nothing => status.is_success(),
            // A guest network answers everything with a page.
            Self::Bytes => status == StatusCode::OK && media_type.is_some_and(|media_type| media_type != "text/html"),
            Self::Json => status == StatusCode::OK && media_type.is_none_or(|media_type| is_json(&media_type)),
            Self::EventStream => {
                status == StatusCode::OK && media_type.is_some_and(|media_type| media_type == "text/event-stream")
            }
        }
    }
}

/// The answer if it is what was asked for; else why not. `now` is what the phone believes the time is.
pub(super) async fn checked(response: Response, expected: Expected, now: Timestamp) -> Result<Response, Fault> {
    if expected.is_met_by(&response) {
        return Ok(response);
    }
    Err(refusal(response, now).await)
}

async fn refusal(response: Response, now: Timestamp) -> Fault {
    let status = response.status();
    let wait = retry_after(response.headers(), date(&response).unwrap_or(now));
    let media_type = media_type(response.headers()).unwrap_or_default();
    match status.as_u16() {
        300..=399 => Fault::NotOurServer(Stranger::Redirect),
        408 => Fault::Timeout,
        429 => Fault::TooManyRequests { retry_after: wait },
        // "Network authentication required": a guest network's own status.
        511 => Fault::NotOurServer(Stranger::ContentType),
        500..=599 => Fault::ServerFault { status: status.as_u16(), retry_after: wait },
        // A page that says 401 or 404 is a guest network's or a wrong address; it must not end a session or an alarm.
        400..=499 if media_type == "text/html" => Fault::NotOurServer(Stranger::ContentType),
        400..=499 if media_type == "application/problem+json" => {
            let body = small_body(response, PROBLEM_SIZE).await.unwrap_or_default();
            named(status.as_u16(), serde_json::from_slice(&body).ok())
        }
        400..=499 => named(status.as_u16(), None),
        _ => Fault::NotOurServer(Stranger::ContentType),
    }
}

/// The fault of a 4xx, by its code where the server named one, else by its status as the vendor means it.
fn named(status: u16, problem: Option<Problem>) -> Fault {
    let code = problem.as_ref().map(|problem| problem.code);
    let mut arguments = problem.map(|problem| problem.arguments).unwrap_or_default();
    arguments.retain(|name, _| code.is_some_and(|code| code.arguments().contains(&name.as_str())));
    for value in arguments.values_mut() {
        *value = value.chars().take(ARGUMENT_LENGTH).collect();
    }
    match (status, code) {
        (401, None | Some(Code::NotSignedIn | Code::Unheard)) => Fault::NotSignedIn,
        (403, Some(Code::NotAllowed)) => Fault::NotAllowed,
        (403, None | Some(Code::OtherOrganization)) => Fault::OtherOrganization,
        (404, None | Some(Code::NotFound)) => Fault::NotFound { what: arguments.remove("what").unwrap_or_default() },
        (410, None | Some(Code::OffsetGone)) => Fault::OffsetGone,
        (_, Some(code)) => Fault::Refused { status, code, arguments },
        (_, None) => {
            Fault::Refused { status, code: Code::InvalidRequest, arguments: detail(format!("status {status}")) }
        }
    }
}

fn detail(text: String) -> BTreeMap<String, String> {
    BTreeMap::from([("detail".to_owned(), text)])
}

/// A request that this program could not even write down.
pub(super) fn unsendable() -> Fault {
    Fault::Refused { status: 0, code: Code::Internal, arguments: detail("request".to_owned()) }
}

/// `Retry-After`, seconds or a date; a date is compared with the same server's own clock where that is known.
fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let wait = match text.parse::<u64>() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => {
            let until = timestamp(httpdate::parse_http_date(text).ok()?)?;
            Duration::from_millis(u64::try_from(until.millis_since(now)).unwrap_or(0))
        }
    };
    Some(wait.min(LONGEST_WAIT))
}

/// The server's time by its `Date` header, in whole seconds.
pub(super) fn date(response: &Response) -> Option<Timestamp> {
    let text = response.headers().get(DATE)?.to_str().ok()?;
    timestamp(httpdate::parse_http_date(text).ok()?)
}

fn timestamp(time: SystemTime) -> Option<Timestamp> {
    let since_1970 = time.duration_since(UNIX_EPOCH).ok()?;
    i64::try_from(since_1970.as_millis()).ok().map(Timestamp::from_millis)
}

/// The generation that the answer names.
pub(super) fn generation(response: &Response) -> Option<Generation> {
    response.headers().get(GENERATION_HEADER)?.to_str().ok()?.trim().parse().ok()
}

/// The media type in lower case, without its parameters.
fn media_type(headers: &HeaderMap) -> Option<String> {
    let text = headers.get(CONTENT_TYPE)?.to_str().ok()?;
    Some(text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase())
}

fn is_json(media_type: &str) -> bool {
    media_type == "application/json" || media_type.ends_with("+json")
}

/// Reads a body that is held whole, up to a limit.
pub(super) async fn small_body(mut response: Response, limit: usize) -> Result<Vec<u8>, Fault> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| failure_in_body(&error))? {
        if body.len() + chunk.len() > limit {
            return Err(Fault::AnswerBroken(Breakage::TooLarge));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// Reads a small answer. JSON that is whole but lacks what must be there is a stranger's.
pub(super) fn json<T: DeserializeOwned>(body: &[u8]) -> Result<T, Fault> {
    let body = body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body);
    serde_json::from_slice(body).map_err(|error| match error.classify() {
        serde_json::error::Category::Data => Fault::NotOurServer(Stranger::Shape),
        _ if !body.trim_ascii_start().starts_with(b"{") => Fault::NotOurServer(Stranger::Shape),
        serde_json::error::Category::Eof => Fault::AnswerBroken(Breakage::EndedEarly),
        serde_json::error::Category::Syntax | serde_json::error::Category::Io => Fault::AnswerBroken(Breakage::NotJson),
    })
}

/// Why there is no head of an answer.
pub(super) fn failure_before_head(error: &reqwest::Error) -> Fault {
    if let Some(tls) = cause::<rustls::Error>(error) {
        return match tls {
            rustls::Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            ) => Fault::TlsNameWrong,
            rustls::Error::InvalidMessage(_) => Fault::NotOurServer(Stranger::NotTls),
            _ => Fault::TlsUntrusted,
        };
    }
    if error.is_timeout() {
        return Fault::Timeout;
    }
    if error.is_connect() || cause::<io::Error>(error).is_some() {
        return Fault::NoNetwork;
    }
    Fault::AnswerBroken(Breakage::Head)
}

/// Why a body does not go on.
pub(super) fn failure_in_body(error: &reqwest::Error) -> Fault {
    if error.is_timeout() {
        return Fault::Timeout;
    }
    let garbled = cause::<io::Error>(error)
        .is_some_and(|error| matches!(error.kind(), io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput));
    Fault::AnswerBroken(if garbled { Breakage::Garbled } else { Breakage::EndedEarly })
}

/// The first cause of this type. An `io::Error` names what it wraps only by `get_ref`.
fn cause<'a, E: std::error::Error + 'static>(error: &'a reqwest::Error) -> Option<&'a E> {
    let mut next: Option<&'a (dyn std::error::Error + 'static)> = error.source();
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        next = match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(wrapped) => Some(wrapped),
            None => error.source(),
        };
    }
    None
}
