//! A client over real HTTP: one person signed in, or one API key.

use std::sync::atomic::{AtomicU32, Ordering};

use onsite_wire::ids::{ActionId, PersonId, Uuid};
use onsite_wire::onsite::{
    ActionRequest, ActionResult, ActionsRequest, ActionsResponse, Basis, SignInRequest, SignInResponse, SignedIn,
    Subject, SubjectKind,
};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::house::{PASSWORD, organization};
use super::vendor;

pub struct Phone {
    pub base: String,
    pub token: String,
    pub refresh: String,
    pub client: reqwest::Client,
}

#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: reqwest::header::HeaderMap,
    pub body: Value,
}

impl Answer {
    pub fn code(&self) -> &str {
        self.body["code"].as_str().unwrap_or_default()
    }

    pub fn offset(&self) -> i64 {
        self.body["offset"].as_i64().unwrap()
    }

    /// The sorted values of a property of all objects of a list.
    pub fn all(&self, list: &str, property: &str) -> Vec<String> {
        let objects = self.body[list].as_array().unwrap_or_else(|| panic!("no {list} in {}", self.body));
        let mut found: Vec<_> = objects.iter().map(|o| o[property].as_str().unwrap_or_default().to_owned()).collect();
        found.sort();
        found
    }
}

/// Ids as sorted text, to compare with [`Answer::all`].
pub fn texts<T: ToString>(ids: impl IntoIterator<Item = T>) -> Vec<String> {
    let mut texts: Vec<_> = ids.into_iter().map(|id| id.to_string()).collect();
    texts.sort();
    texts
}

impl Phone {
    pub fn with_token(base: &str, token: &str) -> Self {
        let client = reqwest::Client::builder().no_gzip().pool_max_idle_per_host(0).build().unwrap();
        Self { base: base.into(), token: token.into(), refresh: String::new(), client }
    }

    pub async fn sign_in(base: &str, email: &str) -> Self {
        let phone = Self::with_token(base, "");
        let signed_in = phone.try_sign_in(email, PASSWORD).await.unwrap();
        Self { token: signed_in.tokens.access_token, refresh: signed_in.tokens.refresh_token, ..phone }
    }

    pub async fn try_sign_in(&self, email: &str, password: &str) -> Result<SignedIn, Answer> {
        let request = SignInRequest { email: email.into(), password: password.into() };
        let answer = self.post("/onsite/v1/session", &serde_json::to_value(request).unwrap()).await;
        if answer.status != StatusCode::OK {
            return Err(answer);
        }
        match serde_json::from_value(answer.body).unwrap() {
            SignInResponse::SignedIn(signed_in) => Ok(signed_in),
            SignInResponse::SecondFactor(_) => panic!("no second factor was set up"),
        }
    }

    pub async fn try_refresh(&self, token: &str, attempt: Option<Uuid>) -> Answer {
        self.post("/onsite/v1/session/refresh", &json!({"refreshToken": token, "attempt": attempt})).await
    }

    pub fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let request = self.client.request(method, format!("{}{path}", self.base));
        if self.token.is_empty() { request } else { request.header("authorization", format!("Bearer {}", self.token)) }
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.try_get(path).await.unwrap()
    }

    pub async fn try_get(&self, path: &str) -> Result<Answer, reqwest::Error> {
        let answer = read(self.request(Method::GET, path)).await?;
        if answer.status == StatusCode::OK
            && answer.headers.get("content-type").is_some_and(|kind| kind == "application/json")
        {
            vendor::check_answer(path, &answer.body);
        }
        Ok(answer)
    }

    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.try_post(path, body.to_string()).await.unwrap()
    }

    pub async fn try_post(&self, path: &str, body: String) -> Result<Answer, reqwest::Error> {
        read(self.request(Method::POST, path).header("content-type", "application/json").body(body)).await
    }

    pub async fn rest(&self, path: &str) -> Answer {
        self.get(&format!("/rest/v1/organizations/{}/{path}", organization())).await
    }

    pub async fn ours(&self, path: &str) -> Answer {
        self.get(&format!("/onsite/v1/organizations/{}/{path}", organization())).await
    }

    /// Where a feed stands after reading all of it.
    pub async fn offset(&self, list: &str) -> i64 {
        self.rest(list).await.offset()
    }

    pub async fn act(&self, actions: &[ActionRequest]) -> Vec<ActionResult> {
        let answer = self.try_act(actions).await.unwrap();
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
        serde_json::from_value::<ActionsResponse>(answer.body).unwrap().results
    }

    pub async fn try_act(&self, actions: &[ActionRequest]) -> Result<Answer, reqwest::Error> {
        let request = ActionsRequest { generation: None, actions: actions.to_vec() };
        self.try_post("/onsite/v1/actions", serde_json::to_string(&request).unwrap()).await
    }

    pub async fn act_one(&self, action: &ActionRequest) -> ActionResult {
        self.act(std::slice::from_ref(action)).await.remove(0)
    }
}

async fn read(request: reqwest::RequestBuilder) -> Result<Answer, reqwest::Error> {
    let response = request.send().await?;
    let (status, headers) = (response.status(), response.headers().clone());
    let bytes = response.bytes().await?;
    Ok(Answer { status, headers, body: serde_json::from_slice(&bytes).unwrap_or(Value::Null) })
}

pub fn action_id() -> ActionId {
    static NEXT: AtomicU32 = AtomicU32::new(1);
    let mut bytes = [0xAC; 16];
    bytes[12..].copy_from_slice(&NEXT.fetch_add(1, Ordering::SeqCst).to_be_bytes());
    ActionId::from_bytes(bytes)
}

pub fn action(kind: &str, subject: SubjectKind, id: Uuid, version: i64, body: Value) -> ActionRequest {
    ActionRequest {
        id: action_id(),
        organization_id: organization(),
        kind: kind.into(),
        body_version: 1,
        subject: Subject { kind: subject, id },
        basis: Some(Basis::Version(version)),
        age_ms: 0,
        age_uncertain: false,
        confirmed_before: false,
        body,
    }
}

pub fn acknowledge(alarm: onsite_wire::ids::AlarmId, assignee: PersonId, version: i64) -> ActionRequest {
    let body = json!({"assignee": {"kind": "person", "id": assignee}, "note": "on my way"});
    action("acknowledge", SubjectKind::Alarm, alarm.0, version, body)
}

pub fn release(alarm: onsite_wire::ids::AlarmId, version: i64) -> ActionRequest {
    action("release", SubjectKind::Alarm, alarm.0, version, json!({}))
}

pub fn mute(alarm: onsite_wire::ids::AlarmId, version: i64) -> ActionRequest {
    action("mute", SubjectKind::Alarm, alarm.0, version, json!({"reason": "nuisance"}))
}
