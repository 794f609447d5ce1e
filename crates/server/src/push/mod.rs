//! Carrying pushes to phones (N1, N2): one interface, four carriers.
//!
//! A provider sees ids and sealed bytes. What became of a push is one of five things; what is to be done about it stands in
//! `carrier`, how many are under way at a time in `lanes`. APNs and FCM were run against doubles that check what the real
//! services document, not yet against the real services.

mod apns;
mod body;
mod carrier;
mod fcm;
mod jwt;
mod lanes;
mod loopback;
mod outside;
mod web_push;

use std::pin::Pin;
use std::time::Duration;

use onsite_wire::onsite::PushProvider;

pub use apns::ApnsConfig;
pub(crate) use carrier::{Carrier, vapid_key};
pub use fcm::FcmConfig;
pub use loopback::{Loopback, Looped};

use crate::storage::RegistrationRow;

/// The most of a provider's reason that is kept, in characters.
const REASON: usize = 80;

/// How this server reaches push services.
#[derive(Debug, Clone, Default, serde::Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct PushConfig {
    /// How a push service reaches whoever runs this server: `mailto:` or `https:` (RFC 8292).
    pub contact: String,
    /// Push services may be in this server's own network and speak plain HTTP: for tests.
    pub plain_web_push: bool,
    /// Pushes may go to this process itself, which keeps them: for tests, and a console on the same machine.
    pub loopback: bool,
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
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Handed {
    /// The provider has it.
    Over,
    /// The token is gone for good.
    Gone,
    /// Not now; when the provider would have it again, if it said so.
    Later(Option<Duration>),
    /// Not before whoever runs this server has mended its key or account: what the provider said.
    Denied(String),
    /// Never, as it is: what the provider said.
    Refused(String),
}

/// What a provider's answer will be.
pub type Handing<'a> = Pin<Box<dyn Future<Output = Handed> + Send + 'a>>;

/// Somebody who carries pushes.
pub trait Provider: Send + Sync {
    /// Hands a push over.
    fn hand_over<'a>(&'a self, to: &'a RegistrationRow, message: &'a Message) -> Handing<'a>;
}

/// For whom this server carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Carried {
    loopback: bool,
    web_push: bool,
    plain_web_push: bool,
    apns: bool,
    fcm: bool,
}

impl Carried {
    /// Why an installation cannot have its pushes sent there; nothing when it can.
    pub(crate) fn refuses(&self, provider: PushProvider, token: &str) -> Option<&'static str> {
        let carried = match provider {
            PushProvider::Loopback => self.loopback,
            PushProvider::WebPush => self.web_push,
            PushProvider::Apns => self.apns,
            PushProvider::Fcm => self.fcm,
            PushProvider::Unheard => return Some("the provider is not known"),
        };
        let callable = provider != PushProvider::WebPush
            || reqwest::Url::parse(token).is_ok_and(|url| web_push::may_be_called(&url, self.plain_web_push));
        match (carried, callable) {
            (false, _) => Some("this server does not carry for this provider"),
            (true, false) => Some("no push service may be at this address"),
            (true, true) => None,
        }
    }
}

/// The lane of a push: what shares one waits for each other. Each push service that phones name has its own.
pub(crate) fn lane(provider: PushProvider, token: &str) -> String {
    match (provider, reqwest::Url::parse(token)) {
        (PushProvider::WebPush, Ok(url)) => url.origin().ascii_serialization(),
        _ => provider.as_str().to_owned(),
    }
}

/// The JSON of an answer, if it is any.
async fn json_of(answer: reqwest::Response) -> Option<serde_json::Value> {
    serde_json::from_slice(&answer.bytes().await.ok()?).ok()
}

/// What a provider said, in words that go into a log: its status, and of its reason what can do no harm there.
fn said(status: reqwest::StatusCode, reason: &str) -> String {
    let harmless = |character: &char| character.is_ascii_alphanumeric() || "_-. ".contains(*character);
    let reason: String = reason.chars().filter(harmless).take(REASON).collect();
    format!("{} {reason}", status.as_u16()).trim_end().to_owned()
}

/// What an HTTP status means, where no provider says otherwise.
fn by_status(status: reqwest::StatusCode, headers: &reqwest::header::HeaderMap, reason: &str) -> Handed {
    let seconds = headers.get("retry-after").and_then(|value| value.to_str().ok()?.parse().ok());
    match status.as_u16() {
        200..=299 => Handed::Over,
        410 => Handed::Gone,
        401 | 403 => Handed::Denied(said(status, reason)),
        408 | 429 | 500..=599 => Handed::Later(seconds.map(Duration::from_secs)),
        _ => Handed::Refused(said(status, reason)),
    }
}
