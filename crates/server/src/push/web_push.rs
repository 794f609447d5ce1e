//! Web Push: RFC 8030 to hand over, RFC 8291 to seal, RFC 8292 to say who hands over.

use onsite_wire::push::to_base64url;
use onsite_wire::sealing::{Address, seal};
use onsite_wire::time::Timestamp;
use reqwest::Url;
use serde_json::json;
use std::sync::Arc;

use super::jwt::Signer;
use super::outside::is_inside;
use super::{Handed, Handing, Message, Provider, by_status};
use crate::clock::Clock;
use crate::storage::RegistrationRow;

/// How long a service keeps what it cannot deliver, in seconds.
const TTL: &str = "86400";
/// How long a token is good: less than the day that is allowed.
const TOKEN_SECONDS: i64 = 12 * 60 * 60;

/// Any push service that a phone names.
pub(super) struct WebPush {
    pub(super) http: reqwest::Client,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) signer: Signer,
    pub(super) contact: String,
    pub(super) plain: bool,
}

/// Ends of names that are given out within one network only (RFC 6761, RFC 6762, RFC 8375, and what is customary).
const INNER: &[&str] =
    &[".local", ".localhost", ".localdomain", ".internal", ".intranet", ".lan", ".home", ".home.arpa", ".corp"];

/// Whether a phone may name this as its push service: `https`, a name and no address, so that nobody makes this server call
/// into its own network. Where the name leads is looked at when it is called.
pub(crate) fn may_be_called(url: &Url, plain: bool) -> bool {
    if plain {
        return matches!(url.scheme(), "http" | "https");
    }
    let named = url.domain().is_some_and(|name| {
        let name = name.trim_end_matches('.').to_ascii_lowercase();
        name.contains('.') && !INNER.iter().any(|end| name.ends_with(end))
    });
    url.scheme() == "https" && named && url.username().is_empty() && url.password().is_none()
}

/// What a push service gets: at most `PUSH_LIMIT` bytes of it (RFC 8030, 7.2).
pub(super) fn sealed(message: &Message, to: &RegistrationRow) -> Option<Vec<u8>> {
    let address = Address::new(&to.public_key, &to.auth).ok()?;
    seal(message.body.as_bytes(), &address, &rand::random(), &rand::random()).ok()
}

impl WebPush {
    /// Says who hands over: for this service only, and for a while only.
    fn authorization(&self, url: &Url, now: Timestamp) -> Option<String> {
        let claims = json!({
            "aud": url.origin().ascii_serialization(),
            "exp": now.millis() / 1_000 + TOKEN_SECONDS,
            "sub": self.contact,
        });
        let token = self.signer.sign(None, &claims)?;
        Some(format!("vapid t={token}, k={}", to_base64url(self.signer.point()?)))
    }

    async fn post(&self, to: &RegistrationRow, message: &Message) -> Option<Handed> {
        let url = Url::parse(&to.token).ok().filter(|url| may_be_called(url, self.plain))?;
        let sealed = sealed(message, to)?;
        let answer = self
            .http
            .post(url.clone())
            .header("authorization", self.authorization(&url, self.clock.now())?)
            .header("content-encoding", "aes128gcm")
            .header("content-type", "application/octet-stream")
            .header("ttl", TTL)
            .header("urgency", if message.urgent { "high" } else { "normal" })
            .header("topic", &message.collapse)
            .body(sealed)
            .send()
            .await;
        Some(match answer {
            // RFC 8030: a subscription that is no more is 404 or 410.
            Ok(answer) if answer.status().as_u16() == 404 => Handed::Gone,
            Ok(answer) => by_status(answer.status(), answer.headers(), ""),
            Err(error) if is_inside(&error) => Handed::Refused("its name leads into a private network".to_owned()),
            Err(_) => Handed::Later(None),
        })
    }
}

impl Provider for WebPush {
    fn hand_over<'a>(&'a self, to: &'a RegistrationRow, message: &'a Message) -> Handing<'a> {
        let cannot = || Handed::Refused("no push service may be at this address".to_owned());
        Box::pin(async move { self.post(to, message).await.unwrap_or_else(cannot) })
    }
}
