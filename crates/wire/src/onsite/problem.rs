//! Errors as RFC 9457 problem documents with a stable code.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::codes::Code;

/// An `application/problem+json` document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Problem {
    /// `about:blank`: the code says it all.
    #[serde(rename = "type", default = "about_blank")]
    pub kind: String,
    /// The code's English text.
    #[serde(default)]
    pub title: String,
    /// The HTTP status again.
    #[serde(default)]
    pub status: u16,
    /// What is stable, and what programs decide by.
    #[serde(default)]
    pub code: Code,
    /// The code's arguments by name, see `docs/messages.json`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub arguments: BTreeMap<String, String>,
}

fn about_blank() -> String {
    "about:blank".to_owned()
}

impl Problem {
    /// A problem with this code and these arguments, with the code's own status and English text.
    pub fn new(code: Code, arguments: BTreeMap<String, String>) -> Self {
        Self { kind: about_blank(), title: code.text(&arguments), status: code.status(), code, arguments }
    }
}
