//! Refusals as problem documents: the one place where an error becomes an answer.

use std::collections::BTreeMap;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use onsite_wire::codes::Code;
use onsite_wire::onsite::Problem;

use crate::storage::StorageError;
use crate::trouble;

/// A request that is not answered as it wished.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refused {
    code: Code,
    arguments: BTreeMap<String, String>,
    retry_after: Option<i64>,
}

impl Refused {
    /// A refusal with this code.
    pub(crate) const fn of(code: Code) -> Self {
        Self { code, arguments: BTreeMap::new(), retry_after: None }
    }

    /// Something that does not exist, or that the caller may not see: there is no telling which.
    pub(crate) fn not_found(what: &str) -> Self {
        Self::of(Code::NotFound).with("what", what)
    }

    /// A request that does not have the form it must have.
    pub(crate) fn invalid(detail: &str) -> Self {
        Self::of(Code::InvalidRequest).with("detail", detail)
    }

    /// A request over a limit.
    pub(crate) fn too_large(limit: &str) -> Self {
        Self::of(Code::TooLarge).with("limit", limit)
    }

    /// The same refusal with one more argument.
    pub(crate) fn with(mut self, name: &str, value: impl ToString) -> Self {
        self.arguments.insert(name.to_owned(), value.to_string());
        self
    }

    /// The same refusal, saying when to come again.
    pub(crate) const fn retry_after(mut self, seconds: i64) -> Self {
        self.retry_after = Some(seconds);
        self
    }
}

impl From<StorageError> for Refused {
    fn from(error: StorageError) -> Self {
        trouble::say("storage", &error);
        Self::of(Code::ServerFault)
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let problem = Problem::new(self.code, self.arguments);
        let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = serde_json::to_vec(&problem).unwrap_or_default();
        let mut response = (status, [(header::CONTENT_TYPE, "application/problem+json")], body).into_response();
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds.max(0)));
        }
        response
    }
}
