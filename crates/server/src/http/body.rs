//! What comes in: bodies within limits, ids in paths. Each excess is a clear refusal before anything is done.

use std::collections::HashMap;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Bytes, to_bytes};
use axum::extract::{FromRequest, FromRequestParts, Path, Request};
use axum::http::request::Parts;
use onsite_wire::codes::Code;
use onsite_wire::ids::OrganizationId;
use serde::de::DeserializeOwned;

use super::{App, Refused};

/// The largest body, in bytes.
pub(crate) const BODY_LIMIT: usize = 1024 * 1024;
/// The deepest nesting of a body.
pub(crate) const DEPTH_LIMIT: usize = 64;

/// A JSON body within the limits.
pub(crate) struct JsonBody<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest<Arc<App>> for JsonBody<T> {
    type Rejection = Refused;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self, Refused> {
        let bytes = arrived(request, app).await?;
        if depth(&bytes) > DEPTH_LIMIT {
            return Err(Refused::too_large("64 levels"));
        }
        serde_json::from_slice(&bytes).map(Self).map_err(|error| Refused::invalid(&place_of(&error)))
    }
}

/// A body of plain bytes within the same limit.
pub(crate) struct PartBody(pub(crate) Bytes);

impl FromRequest<Arc<App>> for PartBody {
    type Rejection = Refused;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self, Refused> {
        arrived(request, app).await.map(Self)
    }
}

/// A body, held whole, within its limits of bytes and time.
async fn arrived(request: Request, app: &App) -> Result<Bytes, Refused> {
    let announced = request.headers().get("content-length").and_then(|value| value.to_str().ok()?.parse().ok());
    if announced.is_some_and(|length: usize| length > BODY_LIMIT) {
        return Err(Refused::too_large("1 MiB"));
    }
    let patience = Duration::from_millis(app.limits.body_ms);
    let arriving = tokio::time::timeout(patience, to_bytes(request.into_body(), BODY_LIMIT)).await;
    arriving.map_err(|_| Refused::of(Code::TooSlow))?.map_err(|_| Refused::too_large("1 MiB"))
}

/// Where a body is wrong, without any of its words.
fn place_of(error: &serde_json::Error) -> String {
    let what = match error.classify() {
        serde_json::error::Category::Data => "a value is not of its kind, or missing,",
        _ => "not JSON",
    };
    format!("{what} at line {} column {}", error.line(), error.column())
}

/// How deep brackets nest outside of strings.
fn depth(json: &[u8]) -> usize {
    let (mut depth, mut deepest, mut in_string, mut escaped) = (0_usize, 0, false, false);
    for byte in json {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'[' | b'{' if !in_string => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b']' | b'}' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

/// The named parts of a request's path.
pub(crate) struct PathParts(HashMap<String, String>);

impl FromRequestParts<Arc<App>> for PathParts {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Refused> {
        let Path(values) =
            Path::from_request_parts(parts, app).await.map_err(|_| Refused::invalid("the path is not text"))?;
        Ok(Self(values))
    }
}

impl PathParts {
    /// The organization. What is no id is no organization of the caller's.
    pub(crate) fn organization(&self) -> Result<OrganizationId, Refused> {
        self.read("organization").ok_or_else(|| Refused::of(Code::OtherOrganization))
    }

    /// The id of something. What is no id is not there.
    pub(crate) fn id<T: FromStr>(&self, what: &str) -> Result<T, Refused> {
        self.read(what).ok_or_else(|| Refused::not_found(what))
    }

    /// The offset after which changes are asked for.
    pub(crate) fn offset(&self) -> Result<i64, Refused> {
        self.read("offset").filter(|offset| *offset >= 0).ok_or_else(|| Refused::invalid("the offset is no number"))
    }

    fn read<T: FromStr>(&self, name: &str) -> Option<T> {
        self.0.get(name)?.parse().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depth_counts_brackets_outside_of_strings_only() {
        assert_eq!(depth(br#"{"a":[[1],"[[[[\"[["]}"#), 3);
        assert_eq!(depth(b"1"), 0);
    }
}
