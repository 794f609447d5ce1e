//! The push services: Web Push for real against a receiver of our own, APNs and FCM against doubles that check what the real
//! ones check.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, Version};
use onsite_server::{ApnsConfig, FcmConfig, PushConfig, ServerConfig, start};
use onsite_wire::onsite::NoticeKind;
use onsite_wire::push::{PUSH_LIMIT, Push, from_base64url};
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _, UnparsedPublicKey,
};
use serde_json::{Value, json};

use crate::notices::{own_key, put, registration};
use crate::support::*;

/// What came to a service.
#[derive(Debug, Clone)]
struct Came {
    path: String,
    version: Version,
    headers: HeaderMap,
    body: Bytes,
}

/// A push service that answers as it is told, and 201 when nothing is left to answer.
#[derive(Clone, Default)]
pub struct Service {
    came: Arc<Mutex<Vec<Came>>>,
    answers: Arc<Mutex<VecDeque<(u16, Value)>>>,
}

async fn answer(State(service): State<Service>, request: Request) -> (StatusCode, String) {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 64 * 1024).await.unwrap();
    let came = Came { path: parts.uri.path().to_owned(), version: parts.version, headers: parts.headers, body };
    service.came.lock().unwrap().push(came);
    let (status, body) = service.answers.lock().unwrap().pop_front().unwrap_or((201, json!({})));
    (StatusCode::from_u16(status).unwrap(), body.to_string())
}

impl Service {
    pub async fn listen(&self) -> String {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new().fallback(answer).with_state(self.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        format!("http://{address}")
    }

    pub fn answers(&self, answers: &[(u16, Value)]) {
        self.answers.lock().unwrap().extend(answers.iter().cloned());
    }

    /// From now on it takes everything.
    pub fn recovers(&self) {
        self.answers.lock().unwrap().clear();
    }

    /// What each Web Push to the first installation was about, in their order.
    pub fn kinds(&self) -> Vec<NoticeKind> {
        let came = self.came.lock().unwrap();
        let kind = |came: &Came| serde_json::from_slice::<Push>(&own_key(1).open(&came.body).unwrap()).unwrap().kind;
        came.iter().map(kind).collect()
    }

    /// How many requests came so far.
    pub fn count(&self) -> usize {
        self.came.lock().unwrap().len()
    }

    async fn came(&self, site: &Site, count: usize) -> Vec<Came> {
        for _ in 0..600 {
            let came = self.came.lock().unwrap().clone();
            if came.len() >= count {
                return came;
            }
            // What is to be tried again is tried again by the server's clock.
            site.clock.advance_millis(1_000);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("not {count} requests: {:?}", self.came.lock().unwrap());
    }
}

pub async fn site(push: PushConfig) -> Site {
    let site = Site::empty(onsite_server::Limits::default()).await;
    let (directory, clock, limits) = (site.directory.clone(), site.clock.clone(), site.limits);
    site.server.stop().await;
    let config = ServerConfig { clock: clock.clone(), push, ..ServerConfig::local(directory.path()) };
    let site = Site { server: start(config).await.unwrap(), clock, directory, limits };
    site.server.store().import(harbour_mill()).await.unwrap();
    site
}

/// Apple's service as it is at this address, and the key that signs.
pub fn apns(url: String) -> (ApnsConfig, EcdsaKeyPair) {
    use base64::Engine as _;
    let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new()).unwrap();
    let pair =
        EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8.as_ref(), &SystemRandom::new()).unwrap();
    let body = base64::engine::general_purpose::STANDARD.encode(pkcs8.as_ref());
    let config = ApnsConfig {
        url,
        topic: "com.example.onsite".into(),
        key_id: "KEY1234567".into(),
        team_id: "TEAM123456".into(),
        key: format!("-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----\n"),
    };
    (config, pair)
}

/// Google's service as it is at this address, and the key that signs.
pub fn fcm(url: String) -> (FcmConfig, &'static str) {
    // Made for these tests; nobody's.
    let key = include_str!("support/fcm-test-key.pem");
    let config = FcmConfig {
        token_url: format!("{url}/token"),
        url,
        project: "onsite-test".into(),
        client_email: "push@onsite-test.example.com".into(),
        key: key.into(),
    };
    (config, key)
}

fn part(token: &str, number: usize) -> Value {
    serde_json::from_slice(&from_base64url(token.split('.').nth(number).unwrap()).unwrap()).unwrap()
}

fn is_signed_by(token: &str, point: &[u8]) {
    let (text, signature) = token.rsplit_once('.').unwrap();
    let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point);
    key.verify(text.as_bytes(), &from_base64url(signature).unwrap()).unwrap();
}

#[tokio::test]
async fn a_web_push_is_sealed_signed_and_read_by_the_receiver() {
    let service = Service::default();
    let base = service.listen().await;
    let config = PushConfig { contact: "mailto:ops@example.com".into(), plain_web_push: true, ..PushConfig::default() };
    let site = site(config).await;
    let nora = site.phone_of("nora@example.com").await;
    let body = registration(1, "web_push", &format!("{base}/push/nora"));
    let (_, registered) = put(&nora, "/onsite/v1/push/registration", &body).await;
    let vapid = from_base64url(registered["vapidKey"].as_str().unwrap()).unwrap();
    let id = site.server.store().condition_occurs(condition("battery", 1), site.now()).await.unwrap();
    let came = service.came(&site, 1).await.remove(0);
    assert_eq!((came.path.as_str(), &came.headers["content-encoding"]), ("/push/nora", &"aes128gcm".parse().unwrap()));
    assert!(came.headers.contains_key("ttl") && came.headers["urgency"] == "high" && came.body.len() <= PUSH_LIMIT);
    let authorization = came.headers["authorization"].to_str().unwrap().strip_prefix("vapid t=").unwrap();
    let (token, key) = authorization.split_once(", k=").unwrap();
    assert_eq!(from_base64url(key).unwrap(), vapid);
    is_signed_by(token, &vapid);
    assert_eq!(
        (part(token, 1)["aud"].as_str(), part(token, 1)["sub"].as_str()),
        (Some(base.as_str()), Some("mailto:ops@example.com"))
    );
    let lasts = part(token, 1)["exp"].as_i64().unwrap() - site.now().millis() / 1_000;
    assert!((1..=24 * 60 * 60).contains(&lasts), "{lasts} s");
    let push: Push = serde_json::from_slice(&own_key(1).open(&came.body).unwrap()).unwrap();
    assert_eq!(push.subject, id.0);
    own_key(1).open(&from_base64url(&push.sealed).unwrap()).unwrap();
}

#[tokio::test]
async fn a_push_service_that_is_busy_is_asked_again_and_a_subscription_that_is_gone_is_dropped() {
    let service = Service::default();
    let base = service.listen().await;
    let site = site(PushConfig { plain_web_push: true, ..PushConfig::default() }).await;
    let nora = site.phone_of("nora@example.com").await;
    put(&nora, "/onsite/v1/push/registration", &registration(1, "web_push", &format!("{base}/push/nora"))).await;
    service.answers(&[(429, json!({})), (503, json!({})), (410, json!({}))]);
    site.server.store().condition_occurs(condition("battery", 1), site.now()).await.unwrap();
    service.came(&site, 3).await;
    for _ in 0..600 {
        let canary = nora.post("/onsite/v1/push/canary", &json!({})).await;
        if canary.code() == "registration_unknown" {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the registration is still there");
}

#[tokio::test]
async fn apns_gets_what_it_documents_over_http_2_and_a_gone_token_is_dropped() {
    let service = Service::default();
    let url = service.listen().await;
    let (apns, pair) = apns(url);
    let site = site(PushConfig { apns: Some(apns), ..PushConfig::default() }).await;
    let nora = site.phone_of("nora@example.com").await;
    put(&nora, "/onsite/v1/push/registration", &registration(1, "apns", "abcdef0123456789")).await;
    service.answers(&[(500, json!({})), (410, json!({"reason": "Unregistered"}))]);
    site.server.store().condition_occurs(condition("battery", 1), site.now()).await.unwrap();
    let came = service.came(&site, 2).await.remove(0);
    assert_eq!((came.version, came.path.as_str()), (Version::HTTP_2, "/3/device/abcdef0123456789"));
    let header = |name: &str| came.headers[name].to_str().unwrap().to_owned();
    assert_eq!((header("apns-topic"), header("apns-push-type")), ("com.example.onsite".into(), "alert".into()));
    assert!(header("apns-collapse-id").len() <= 64 && header("apns-priority") == "10");
    let token = header("authorization").strip_prefix("bearer ").unwrap().to_owned();
    is_signed_by(&token, pair.public_key().as_ref());
    assert_eq!((part(&token, 0)["alg"].as_str(), part(&token, 0)["kid"].as_str()), (Some("ES256"), Some("KEY1234567")));
    assert_eq!(part(&token, 1)["iss"], "TEAM123456");
    assert!(came.body.len() <= PUSH_LIMIT);
    let body: Value = serde_json::from_slice(&came.body).unwrap();
    assert_eq!((body["aps"]["mutable-content"].as_i64(), body["onsite"]["kind"].as_str()), (Some(1), Some("alarm")));
    assert!(!String::from_utf8_lossy(&came.body).contains("ups-north"), "the provider reads no name");
}

#[tokio::test]
async fn fcm_gets_a_signed_assertion_and_a_message_and_an_unregistered_token_is_dropped() {
    let service = Service::default();
    let url = service.listen().await;
    let (fcm, key) = fcm(url);
    let site = site(PushConfig { fcm: Some(fcm), ..PushConfig::default() }).await;
    let nora = site.phone_of("nora@example.com").await;
    put(&nora, "/onsite/v1/push/registration", &registration(1, "fcm", "device:token")).await;
    let gone = json!({"error": {"details": [{"errorCode": "UNREGISTERED"}]}});
    service.answers(&[(200, json!({"access_token": "ya29.test", "expires_in": 3_600})), (503, json!({})), (404, gone)]);
    site.server.store().condition_occurs(condition("battery", 1), site.now()).await.unwrap();
    let came = service.came(&site, 3).await;
    assert_eq!(came[0].path, "/token");
    let form = String::from_utf8(came[0].body.to_vec()).unwrap();
    let assertion = form.split_once("assertion=").unwrap().1;
    assert_eq!(
        (part(assertion, 0)["alg"].as_str(), part(assertion, 1)["iss"].as_str()),
        (Some("RS256"), Some("push@onsite-test.example.com"))
    );
    let pem: String = key.lines().filter(|line| !line.starts_with("-----")).collect();
    let der = {
        use base64::Engine as _;
        base64::engine::general_purpose::STANDARD.decode(pem).unwrap()
    };
    let pair = ring::signature::RsaKeyPair::from_pkcs8(&der).unwrap();
    let (text, signature) = assertion.rsplit_once('.').unwrap();
    UnparsedPublicKey::new(&ring::signature::RSA_PKCS1_2048_8192_SHA256, pair.public().as_ref())
        .verify(text.as_bytes(), &from_base64url(signature).unwrap())
        .unwrap();
    assert_eq!(
        (came[1].path.as_str(), came[1].headers["authorization"].to_str().unwrap()),
        ("/v1/projects/onsite-test/messages:send", "Bearer ya29.test")
    );
    let message: Value = serde_json::from_slice(&came[1].body).unwrap();
    let message = &message["message"];
    assert_eq!(
        (message["token"].as_str(), message["android"]["priority"].as_str()),
        (Some("device:token"), Some("HIGH"))
    );
    let data = message["data"]["onsite"].as_str().unwrap();
    assert!(data.len() <= PUSH_LIMIT && !data.contains("ups-north"));
    for _ in 0..600 {
        if nora.post("/onsite/v1/push/canary", &json!({})).await.code() == "registration_unknown" {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the registration is still there");
}
