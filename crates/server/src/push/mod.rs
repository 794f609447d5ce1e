//! Carrying pushes to phones (N1, N2): one interface, four carriers.
//!
//! A provider sees ids and sealed bytes. What became of a push is one of four things; what is to be done about it stands in
//! [`Carrier::carry`]. APNs and FCM were run against doubles that check what the real services document, not yet against the
//! real services.

mod apns;
mod body;
mod carrier;
mod fcm;
mod jwt;
mod loopback;
mod web_push;

use std::pin::Pin;
use std::time::Duration;

pub use apns::ApnsConfig;
pub(crate) use carrier::{Carrier, vapid_key};
pub use fcm::FcmConfig;
pub use loopback::{Loopback, Looped};

use crate::storage::RegistrationRow;

/// How this server reaches push services.
#[derive(Debug, Clone, Default, serde::Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct PushConfig {
    /// How a push service reaches whoever runs this server: `mailto:` or `https:` (RFC 8292).
    pub contact: String,
    /// Push services may be on this machine and speak plain HTTP: for tests.
    pub plain_web_push: bool,
    /// Apple's service.
    pub apns: Option<ApnsConfig>,
    /// Google's service.
    pub fcm: Option<FcmConfig>,
}

/// A push as a provider gets it.
#[derive(Debug, Clone)]
pub struct Message {
    /// The JSON of an `onsite_wire::push::Push`.
    pub body: String,
    /// The name of its kind, for services that show something by themselves.
    pub kind: &'static str,
    /// Pushes of the same name take each other's place: 32 characters of base64url.
    pub collapse: String,
    /// It is to wake the phone.
    pub urgent: bool,
    /// It makes a sound.
    pub audible: bool,
}

/// What became of a push.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Handed {
    /// The provider has it.
    Over,
    /// The token is gone for good.
    Gone,
    /// Not now; when the provider would have it again, if it said so.
    Later(Option<Duration>),
    /// Never, as it is.
    Refused,
}

/// What a provider's answer will be.
pub type Handing<'a> = Pin<Box<dyn Future<Output = Handed> + Send + 'a>>;

/// Somebody who carries pushes.
pub trait Provider: Send + Sync {
    /// Hands a push over.
    fn hand_over<'a>(&'a self, to: &'a RegistrationRow, message: &'a Message) -> Handing<'a>;
}

/// The JSON of an answer, if it is any.
async fn json_of(answer: reqwest::Response) -> Option<serde_json::Value> {
    serde_json::from_slice(&answer.bytes().await.ok()?).ok()
}

/// What an HTTP status means, where no provider says otherwise.
fn by_status(status: reqwest::StatusCode, headers: &reqwest::header::HeaderMap) -> Handed {
    let seconds = headers.get("retry-after").and_then(|value| value.to_str().ok()?.parse().ok());
    match status.as_u16() {
        200..=299 => Handed::Over,
        410 => Handed::Gone,
        429 | 500..=599 => Handed::Later(seconds.map(Duration::from_secs)),
        _ => Handed::Refused,
    }
}
