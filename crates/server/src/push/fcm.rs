//! Google's push service: HTTP v1, with an access token that a signed assertion brings.

use std::sync::Arc;

use onsite_wire::time::Timestamp;
use serde_json::{Value, json};
use tokio::sync::Mutex;

use super::jwt::Signer;
use super::{Handed, Handing, Message, Provider, by_status, json_of, said};
use crate::clock::Clock;
use crate::storage::RegistrationRow;

const SCOPE: &str = "https://www.googleapis.com/auth/firebase.messaging";
/// How long an assertion is good.
const ASSERTION_SECONDS: i64 = 60 * 60;
/// No access token is kept longer.
const LONGEST_SECONDS: i64 = 24 * 60 * 60;
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

    /// An access token; else what becomes of the push without one.
    async fn token(&self) -> Result<String, Handed> {
        let now = self.clock.now();
        let mut kept = self.token.lock().await;
        if let Some((_, token)) = kept.as_ref().filter(|(until, _)| now < *until) {
            return Ok(token.clone());
        }
        let seconds = now.millis() / 1_000;
        let claims = json!({
            "iss": self.config.client_email, "scope": SCOPE, "aud": self.config.token_url,
            "iat": seconds, "exp": seconds + ASSERTION_SECONDS,
        });
        let signed = self.signer.sign(None, &claims);
        let assertion = signed.ok_or_else(|| Handed::Denied("the key does not sign".to_owned()))?;
        // Both values are made of characters that a form takes as they are, but for the colons.
        let form = format!("grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion={assertion}");
        let asked = self.http.post(&self.config.token_url).header("content-type", "application/x-www-form-urlencoded");
        let answer = asked.body(form).send().await.map_err(|_| Handed::Later(None))?;
        let status = answer.status();
        let answer = json_of(answer).await.unwrap_or_default();
        if status.is_client_error() {
            // The key or the account is what is wrong, not this push.
            let reason = answer.get("error").and_then(Value::as_str).unwrap_or_default();
            return Err(Handed::Denied(format!("for a token {}", said(status, reason))));
        }
        let token = answer.get("access_token").and_then(Value::as_str).filter(|_| status.is_success());
        let token = token.ok_or(Handed::Later(None))?.to_owned();
        let lasts = answer.get("expires_in").and_then(Value::as_i64).unwrap_or(0).clamp(0, LONGEST_SECONDS);
        *kept = Some((now.plus_millis(lasts * 1_000 - EARLY_MS), token.clone()));
        Ok(token)
    }

    async fn post(&self, to: &RegistrationRow, message: &Message) -> Handed {
        let token = match self.token().await {
            Ok(token) => token,
            Err(handed) => return handed,
        };
        let body = json!({ "message": {
            "token": to.token,
            "data": data(message),
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
        let answered: Value = json_of(answer).await.unwrap_or_default();
        let reason = reason(&answered);
        match status.as_u16() {
            404 if reason == "UNREGISTERED" => Handed::Gone,
            // The access token is what is wrong: the next attempt asks for a new one.
            401 => {
                *self.token.lock().await = None;
                Handed::Denied(said(status, reason))
            }
            // Without such a reason it is the project that is not found.
            404 => Handed::Denied(said(status, reason)),
            _ => by_status(status, &headers, reason),
        }
    }
}

/// What Google's service carries: at most `PUSH_LIMIT` bytes of it.
pub(super) fn data(message: &Message) -> Value {
    json!({ "onsite": message.body })
}

/// What Google's service says was wrong.
fn reason(answered: &Value) -> &str {
    let details = answered.pointer("/error/details").and_then(Value::as_array);
    let code = details.and_then(|details| details.iter().find_map(|detail| detail.get("errorCode")?.as_str()));
    code.or_else(|| answered.pointer("/error/status")?.as_str()).unwrap_or_default()
}

impl Provider for Fcm {
    fn hand_over<'a>(&'a self, to: &'a RegistrationRow, message: &'a Message) -> Handing<'a> {
        Box::pin(self.post(to, message))
    }
}
