//! What travels in a push: ids in clear, words sealed to the installation (N2).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use crate::ids::{OrganizationId, PersonId, Uuid};
use crate::onsite::{Channel, NoticeKind, NoticeSubject, NoticeWords, Urgency};
use crate::time::Timestamp;

/// The longest push, in bytes: what the strictest provider takes.
pub const PUSH_LIMIT: usize = 4_096;

/// A push as a provider sees it. Repeated, missing or wrong properties make it no push.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Push {
    /// 1.
    pub version: i32,
    /// Whose event.
    pub organization: OrganizationId,
    /// Whom it is for.
    pub person: PersonId,
    /// What kind.
    pub kind: NoticeKind,
    /// What it is about.
    pub subject_kind: NoticeSubject,
    /// Its id.
    pub subject: Uuid,
    /// The event's key.
    pub key: String,
    /// Its id in the feed; a canary has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notification: Option<Uuid>,
    /// When the event was.
    pub at: Timestamp,
    /// How many it stands for.
    #[serde(default = "one")]
    pub count: i64,
    /// In a daily one: how many incidents opened in the 24 hours before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incidents: Option<i64>,
    /// The channel.
    pub channel: Channel,
    /// [`SealedWords`] as a body of RFC 8291, in base64url.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub sealed: String,
}

const fn one() -> i64 {
    1
}

/// The part that only the installation can read.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SealedWords {
    /// Of alarms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub urgency: Option<Urgency>,
    /// The name of the sound; empty: none, missing: the usual one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sound: Option<String>,
    /// The words.
    #[serde(default)]
    pub words: NoticeWords,
}

/// Bytes as base64url without padding.
pub fn to_base64url(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The bytes of base64url, with or without padding; nothing where it is none.
pub fn from_base64url(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).ok()
}
