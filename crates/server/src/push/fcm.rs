//! Google's push service: HTTP v1, with an access token that a signed assertion brings.

use std::sync::Arc;

use onsite_wire::time::Timestamp;
use serde_json::{Value, json};
use tokio::sync::Mutex;

use super::jwt::Signer;
use super::{Handed, Handing, Message, Provider, by_status, json_of};
use crate::clock::Clock;
use crate::storage::RegistrationRow;

const SCOPE: &str = "https://www.googleapis.com/auth/firebase.messaging";
/// How long an assertion is good.
const ASSERTION_SECONDS: i64 = 60 * 60;
/// A token is renewed this long before its end.
const EARLY_MS: i64 = 60 * 1_000;

/// How Google's service is reached.
#[derive(Clone, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FcmConfig {
    /// `https://fcm.googleapis.com`.
    pub url: String,
    /// `https://oauth2.googleapis.com/token`.
    pub token_url: String,
    /// The project.
    pub project: String,
    /// The service account.
    pub client_email: String,
    /// Its key: PKCS#8 in PEM.
    pub key: String,
}

impl std::fmt::Debug for FcmConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FcmConfig").field("url", &self.url).field("project", &self.project).finish_non_exhaustive()
    }
}

pub(super) struct Fcm {
    http: reqwest::Client,
    clock: Arc<dyn Clock>,
    config: FcmConfig,
    signer: Signer,
    token: Mutex<Option<(Timestamp, String)>>,
}

impl Fcm {
    /// Nothing, when the key is none.
    pub(super) fn new(http: reqwest::Client, clock: Arc<dyn Clock>, config: &FcmConfig) -> Option<Self> {
        let signer = Signer::rsa_pem(&config.key)?;
        Some(Self { http, clock, config: config.clone(), signer, token: Mutex::default() })
    }

    async fn token(&self) -> Option<String> {
        let now = self.clock.now();
        let mut kept = self.token.lock().await;
        if let Some((_, token)) = kept.as_ref().filter(|(until, _)| now < *until) {
            return Some(token.clone());
        }
        let seconds = now.millis() / 1_000;
        let claims = json!({
            "iss": self.config.client_email, "scope": SCOPE, "aud": self.config.token_url,
            "iat": seconds, "exp": seconds + ASSERTION_SECONDS,
        });
        let assertion = self.signer.sign(None, &claims)?;
        // Both values are made of characters that a form takes as they are, but for the colons.
        let form = format!("grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion={assertion}");
        let answer = self
            .http
            .post(&self.config.token_url)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(form)
            .send()
            .await
            .ok()?;
        let answer = json_of(answer.error_for_status().ok()?).await?;
        let token = answer.get("access_token")?.as_str()?.to_owned();
        let lasts = answer.get("expires_in").and_then(Value::as_i64).unwrap_or(0);
        *kept = Some((now.plus_millis(lasts * 1_000 - EARLY_MS), token.clone()));
        Some(token)
    }

    async fn post(&self, to: &RegistrationRow, message: &Message) -> Handed {
        // Without a token it is Google's trouble or the key's, not this push's.
        let Some(token) = self.token().await else { return Handed::Later(None) };
        let body = json!({ "message": {
            "token": to.token,
            "data": { "onsite": message.body },
            "android": {
                "priority": if message.urgent { "HIGH" } else { "NORMAL" },
                "collapse_key": message.collapse,
                "ttl": "86400s",
            },
        }});
        let answer = self
            .http
            .post(format!("{}/v1/projects/{}/messages:send", self.config.url, self.config.project))
            .bearer_auth(token)
            .header("content-type", "application/json")
            .body(body.to_string())
            .send()
            .await;
        let Ok(answer) = answer else { return Handed::Later(None) };
        let (status, headers) = (answer.status(), answer.headers().clone());
        let reason: Value = json_of(answer).await.unwrap_or_default();
        let unregistered = reason
            .pointer("/error/details")
            .and_then(Value::as_array)
            .is_some_and(|details| details.iter().any(|detail| detail["errorCode"] == "UNREGISTERED"));
        match status.as_u16() {
            404 if unregistered => Handed::Gone,
            401 => {
                *self.token.lock().await = None;
                Handed::Later(None)
            }
            _ => by_status(status, &headers),
        }
    }
}

impl Provider for Fcm {
    fn hand_over<'a>(&'a self, to: &'a RegistrationRow, message: &'a Message) -> Handing<'a> {
        Box::pin(self.post(to, message))
    }
}
