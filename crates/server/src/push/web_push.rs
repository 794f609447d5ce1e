//! Web Push: RFC 8030 to hand over, RFC 8291 to seal, RFC 8292 to say who hands over.

use onsite_wire::push::to_base64url;
use onsite_wire::sealing::{Address, seal};
use onsite_wire::time::Timestamp;
use reqwest::Url;
use serde_json::json;
use std::sync::Arc;

use super::jwt::Signer;
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

/// Whether a phone may name this as its push service: `https`, a name and no address, so that nobody makes this server call
/// into its own network.
pub(crate) fn may_be_called(url: &Url, plain: bool) -> bool {
    if plain {
        return matches!(url.scheme(), "http" | "https");
    }
    let named = url.domain().is_some_and(|name| name.contains('.') && !name.ends_with(".local"));
    url.scheme() == "https" && named && url.username().is_empty() && url.password().is_none()
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
        let address = Address::new(&to.public_key, &to.auth).ok()?;
        let sealed = seal(message.body.as_bytes(), &address, &rand::random(), &rand::random()).ok()?;
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
            Ok(answer) => by_status(answer.status(), answer.headers()),
            Err(_) => Handed::Later(None),
        })
    }
}

impl Provider for WebPush {
    fn hand_over<'a>(&'a self, to: &'a RegistrationRow, message: &'a Message) -> Handing<'a> {
        Box::pin(async { self.post(to, message).await.unwrap_or(Handed::Refused) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_phone_cannot_make_the_server_call_into_its_own_network() {
        for bad in [
            "http://push.example.com/x",
            "https://127.0.0.1/x",
            "https://[::1]/x",
            "https://localhost/x",
            "https://printer.local/x",
            "https://user:pass@push.example.com/x",
            "file:///etc/passwd",
        ] {
            assert!(!may_be_called(&Url::parse(bad).unwrap(), false), "{bad}");
        }
        assert!(may_be_called(&Url::parse("https://push.example.com/x").unwrap(), false));
    }
}
