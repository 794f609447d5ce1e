//! Photos of a chat (I4): the message goes first and says what will come, the bytes follow in parts.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::codes::Code;

/// What a photo is, as its message says it before the bytes are there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PhotoFacts {
    /// SHA-256 of all bytes as they are sent.
    pub sha256: PhotoHash,
    /// How many bytes.
    pub size: i64,
    /// Which format.
    #[serde(rename = "type")]
    pub kind: PhotoType,
    /// Pixels across, as a person sees it: a turned photo counts turned.
    pub width: i32,
    /// Pixels down, as a person sees it.
    pub height: i32,
    /// A small JPEG or PNG of the same photo, in base64; missing when its writer had none.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "in_base64")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    pub preview: Option<Vec<u8>>,
}

/// A photo of a message, and where its bytes are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Photo {
    /// What it is.
    #[serde(flatten)]
    pub facts: PhotoFacts,
    /// Where its bytes are.
    pub state: PhotoState,
    /// With `failed`: why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Code>,
    /// The reason's arguments by name, see `docs/messages.json`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub arguments: BTreeMap<String, String>,
}

/// The formats of photos.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum PhotoType {
    /// JPEG.
    #[serde(rename = "image/jpeg")]
    Jpeg,
    /// PNG.
    #[serde(rename = "image/png")]
    Png,
    /// Something newer than this reader.
    #[serde(other)]
    Unheard,
}

impl PhotoType {
    /// The media type.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::Unheard => "application/octet-stream",
        }
    }
}

/// Where the bytes of a photo are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum PhotoState {
    /// Not all of them are on the server yet.
    Waiting,
    /// All of them are on the server.
    There,
    /// They will never be: refused, lost on the writer's phone, or not there within 7 days. Also what a reader makes of a
    /// state it has not heard of.
    #[serde(other)]
    Failed,
}

/// How far the bytes of a photo have come: the answer to asking, and to each part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PhotoUpload {
    /// So many bytes are there: the next part begins here.
    pub offset: i64,
    /// Where they are.
    pub state: PhotoState,
    /// With `failed`: why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Code>,
    /// The reason's arguments by name, see `docs/messages.json`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub arguments: BTreeMap<String, String>,
}

/// A SHA-256, written as 64 lower-case hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PhotoHash(pub [u8; 32]);

impl std::fmt::Display for PhotoHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl std::str::FromStr for PhotoHash {
    type Err = NotAHash;

    fn from_str(text: &str) -> Result<Self, NotAHash> {
        if text.len() != 64 {
            return Err(NotAHash);
        }
        let mut hash = [0; 32];
        for (byte, digits) in hash.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
            let is_ours = |digit: &u8| digit.is_ascii_digit() || (b'a'..=b'f').contains(digit);
            let digits = Some(digits).filter(|digits| digits.iter().all(is_ours)).ok_or(NotAHash)?;
            let digits = std::str::from_utf8(digits).map_err(|_| NotAHash)?;
            *byte = u8::from_str_radix(digits, 16).map_err(|_| NotAHash)?;
        }
        Ok(Self(hash))
    }
}

/// A text is no SHA-256.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a SHA-256")]
pub struct NotAHash;

impl Serialize for PhotoHash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for PhotoHash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(feature = "openapi")]
impl utoipa::PartialSchema for PhotoHash {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        utoipa::openapi::schema::ObjectBuilder::new()
            .schema_type(utoipa::openapi::schema::Type::String)
            .description(Some("64 lower-case hexadecimal digits."))
            .build()
            .into()
    }
}

#[cfg(feature = "openapi")]
impl utoipa::ToSchema for PhotoHash {}

/// Bytes inside JSON.
mod in_base64 {
    use super::*;

    pub(super) fn serialize<S: Serializer>(bytes: &Option<Vec<u8>>, serializer: S) -> Result<S::Ok, S::Error> {
        bytes.as_ref().map(|bytes| STANDARD.encode(bytes)).serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<u8>>, D::Error> {
        let text = Option::<String>::deserialize(deserializer)?;
        text.map(|text| STANDARD.decode(text).map_err(serde::de::Error::custom)).transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_photo_is_written_flat_and_read_back() {
        let facts = PhotoFacts {
            sha256: PhotoHash([0xab; 32]),
            size: 12,
            kind: PhotoType::Png,
            width: 4,
            height: 3,
            preview: Some(vec![1, 2, 255]),
        };
        let photo =
            Photo { facts, state: PhotoState::Failed, reason: Some(Code::PhotoExpired), arguments: BTreeMap::new() };
        let json = serde_json::to_string(&photo).unwrap();
        assert!(json.contains(&format!("\"sha256\":\"{}\"", "ab".repeat(32))), "{json}");
        assert!(json.contains("\"type\":\"image/png\"") && json.contains("\"preview\":\"AQL/\""), "{json}");
        assert_eq!(serde_json::from_str::<Photo>(&json).unwrap(), photo);
    }

    #[test]
    fn a_hash_is_64_lower_case_digits_and_nothing_else() {
        assert_eq!("0f".repeat(32).parse(), Ok(PhotoHash([0x0f; 32])));
        for wrong in ["", "0f", &"0F".repeat(32), &"+f".repeat(32), &"é0".repeat(32)] {
            assert_eq!(wrong.parse::<PhotoHash>(), Err(NotAHash), "{wrong}");
        }
    }

    #[test]
    fn what_a_newer_server_says_is_still_a_photo() {
        let json = format!(
            r#"{{"sha256":"{}","size":1,"type":"image/avif","width":1,"height":1,"state":"on_tape"}}"#,
            "00".repeat(32)
        );
        let photo: Photo = serde_json::from_str(&json).unwrap();
        assert_eq!((photo.facts.kind, photo.state), (PhotoType::Unheard, PhotoState::Failed));
    }
}
