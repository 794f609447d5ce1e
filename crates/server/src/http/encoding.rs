//! gzip, for whoever asks for it.

use std::io::Write as _;

use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use flate2::Compression;
use flate2::write::GzEncoder;

/// Smaller answers are not worth it.
const WORTH_IT: usize = 1_024;

/// Whether the caller takes gzip.
pub(crate) fn accepts_gzip(headers: &HeaderMap) -> bool {
    let lists = headers.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    lists.flat_map(|list| list.split(',')).any(|entry| {
        let mut parts = entry.split(';').map(str::trim);
        let named = parts.next().is_some_and(|name| name.eq_ignore_ascii_case("gzip") || name == "*");
        let refused = parts
            .filter_map(|part| part.strip_prefix("q="))
            .any(|weight| weight.parse::<f32>().is_ok_and(|weight| weight <= 0.0));
        named && !refused
    })
}

/// A JSON answer, under gzip where the caller takes it.
pub(crate) fn json_answer(headers: &HeaderMap, json: Vec<u8>) -> Response {
    let packed = (json.len() >= WORTH_IT && accepts_gzip(headers)).then(|| gzip(&json)).flatten();
    let encoded = packed.is_some();
    let mut response = ([(header::CONTENT_TYPE, "application/json")], packed.unwrap_or(json)).into_response();
    if encoded {
        response.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    response.headers_mut().insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    response
}

fn gzip(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(bytes.len() / 4), Compression::fast());
    encoder.write_all(bytes).ok()?;
    encoder.finish().ok()
}

/// A body written piece by piece, under gzip or as it is.
pub(crate) enum Pieces {
    /// As it is.
    Plain(Vec<u8>),
    /// Under gzip.
    Gzip(GzEncoder<Vec<u8>>),
}

impl Pieces {
    /// The beginning of a body.
    pub(crate) fn new(gzip: bool) -> Self {
        if gzip { Self::Gzip(GzEncoder::new(Vec::new(), Compression::fast())) } else { Self::Plain(Vec::new()) }
    }

    /// Adds to the body.
    pub(crate) fn add(&mut self, text: &str) -> std::io::Result<()> {
        match self {
            Self::Plain(bytes) => bytes.write_all(text.as_bytes()),
            Self::Gzip(encoder) => encoder.write_all(text.as_bytes()),
        }
    }

    /// What was added since the last time, as far as it is packed already.
    pub(crate) fn take(&mut self) -> Vec<u8> {
        match self {
            Self::Plain(bytes) => std::mem::take(bytes),
            Self::Gzip(encoder) => std::mem::take(encoder.get_mut()),
        }
    }

    /// All that was added, packed so that the reader can read it now.
    pub(crate) fn flush(&mut self) -> std::io::Result<Vec<u8>> {
        if let Self::Gzip(encoder) = self {
            encoder.flush()?;
        }
        Ok(self.take())
    }

    /// The rest of the body.
    pub(crate) fn finish(self) -> std::io::Result<Vec<u8>> {
        match self {
            Self::Plain(bytes) => Ok(bytes),
            Self::Gzip(encoder) => encoder.finish(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gzip_is_taken_when_it_is_named_and_not_weighed_to_nothing() {
        let asks = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_str(value).unwrap());
            accepts_gzip(&headers)
        };
        assert!(asks("gzip") && asks("br, GZIP;q=0.5") && asks("*"));
        assert!(!asks("identity") && !asks("gzip;q=0") && !asks("gzipped"));
        assert!(!accepts_gzip(&HeaderMap::new()));
    }
}
