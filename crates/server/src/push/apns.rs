//! Apple's push service: HTTP/2 with a token.

use std::sync::{Arc, Mutex, PoisonError};

use onsite_wire::time::Timestamp;
use serde_json::{Value, json};

use super::jwt::Signer;
use super::{Handed, Handing, Message, Provider, by_status, json_of};
use crate::clock::Clock;
use crate::storage::RegistrationRow;

/// Apple refuses tokens older than an hour, and new ones more often than every 20 minutes.
const TOKEN_MS: i64 = 40 * 60 * 1_000;

/// How Apple's service is reached.
#[derive(Clone, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ApnsConfig {
    /// `https://api.push.apple.com`, or the sandbox.
    pub url: String,
    /// The app's bundle id.
    pub topic: String,
    /// The key's id.
    pub key_id: String,
    /// The team.
    pub team_id: String,
    /// The key as Apple hands it out: PKCS#8 in PEM.
    pub key: String,
}

impl std::fmt::Debug for ApnsConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ApnsConfig").field("url", &self.url).field("topic", &self.topic).finish_non_exhaustive()
    }
}

pub(super) struct Apns {
    http: reqwest::Client,
    clock: Arc<dyn Clock>,
    config: ApnsConfig,
    signer: Signer,
    token: Mutex<Option<(Timestamp, String)>>,
}

/// What Apple's service gets: at most `PUSH_LIMIT` bytes of it.
pub(super) fn payload(message: &Message) -> Option<String> {
    let onsite: Value = serde_json::from_str(&message.body).ok()?;
    let mut aps = json!({
        "alert": { "loc-key": format!("notice_{}", message.kind) },
        // The extension opens the sealed words and shows them instead.
        "mutable-content": 1,
        "interruption-level": if message.urgent { "time-sensitive" } else { "active" },
    });
    if let (true, Some(aps)) = (message.audible, aps.as_object_mut()) {
        aps.insert("sound".to_owned(), "default".into());
    }
    Some(json!({ "aps": aps, "onsite": onsite }).to_string())
}

impl Apns {
    /// Nothing, when the key is none.
    pub(super) fn new(http: reqwest::Client, clock: Arc<dyn Clock>, config: &ApnsConfig) -> Option<Self> {
        let signer = Signer::ec_pem(&config.key)?;
        Some(Self { http, clock, config: config.clone(), signer, token: Mutex::default() })
    }

    fn token(&self) -> Option<String> {
        let now = self.clock.now();
        let mut kept = self.token.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, token)) = kept.as_ref().filter(|(made, _)| (0..TOKEN_MS).contains(&now.millis_since(*made))) {
            return Some(token.clone());
        }
        let claims = json!({ "iss": self.config.team_id, "iat": now.millis() / 1_000 });
        let token = self.signer.sign(Some(&self.config.key_id), &claims)?;
        *kept = Some((now, token.clone()));
        Some(token)
    }

    async fn post(&self, to: &RegistrationRow, message: &Message) -> Option<Handed> {
        // It goes into a path.
        if to.token.is_empty() || !to.token.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Some(Handed::Gone);
        }
        let answer = self
            .http
            .post(format!("{}/3/device/{}", self.config.url, to.token))
            .header("authorization", format!("bearer {}", self.token()?))
            .header("apns-topic", &self.config.topic)
            .header("apns-push-type", "alert")
            .header("apns-priority", if message.urgent { "10" } else { "5" })
            .header("apns-collapse-id", &message.collapse)
            .header("content-type", "application/json")
            .body(payload(message)?)
            .send()
            .await;
        let Ok(answer) = answer else { return Some(Handed::Later(None)) };
        let (status, headers) = (answer.status(), answer.headers().clone());
        let answered: Value = json_of(answer).await.unwrap_or_default();
        let reason = answered.get("reason").and_then(Value::as_str).unwrap_or_default();
        match (status.as_u16(), reason) {
            (400, "BadDeviceToken" | "DeviceTokenNotForTopic") => Some(Handed::Gone),
            // Our own token is what is wrong: the next attempt makes a new one.
            (403, "ExpiredProviderToken") => {
                *self.token.lock().unwrap_or_else(PoisonError::into_inner) = None;
                Some(Handed::Later(None))
            }
            _ => Some(by_status(status, &headers, reason)),
        }
    }
}

impl Provider for Apns {
    fn hand_over<'a>(&'a self, to: &'a RegistrationRow, message: &'a Message) -> Handing<'a> {
        let cannot = || Handed::Refused("it cannot be written".to_owned());
        Box::pin(async move { self.post(to, message).await.unwrap_or_else(cannot) })
    }
}
