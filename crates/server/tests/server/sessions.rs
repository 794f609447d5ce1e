//! Signing in, staying signed in, signing out, and being slowed down.

use onsite_server::Limits;
use onsite_wire::ids::Uuid;
use onsite_wire::onsite::Tokens;

use crate::support::*;

const EMAIL: &str = "nora@example.com";

fn nobody(site: &Site) -> Phone {
    Phone::with_token(&site.server.base_url(), "")
}

fn tokens(answer: &crate::support::phone::Answer) -> Tokens {
    assert_eq!(answer.status, 200, "{}", answer.body);
    serde_json::from_value(answer.body.clone()).unwrap()
}

#[tokio::test]
async fn an_access_token_is_good_until_its_end_by_the_servers_clock() {
    let site = Site::open().await;
    let phone = site.phone_of(EMAIL).await;
    site.clock.advance_millis(14 * 60 * 1_000);
    assert_eq!(phone.get("/onsite/v1/me").await.status, 200);
    site.clock.advance_millis(2 * 60 * 1_000);
    let expired = phone.get("/onsite/v1/me").await;
    assert_eq!((expired.status.as_u16(), expired.code()), (401, "not_signed_in"));
}

#[tokio::test]
async fn every_answer_says_what_time_it_is_by_the_servers_own_clock() {
    let site = Site::open().await;
    let phone = nobody(&site);
    let url = format!("{}/onsite/v1/me", site.server.base_url());
    let date = async || {
        let answer = phone.client.get(&url).send().await.unwrap();
        httpdate::parse_http_date(answer.headers()["date"].to_str().unwrap()).unwrap()
    };
    let before = date().await;
    site.clock.advance_millis(40 * 24 * 60 * 60 * 1_000);
    let days = date().await.duration_since(before).unwrap().as_secs() / (24 * 60 * 60);
    assert_eq!(days, 40);
}

#[tokio::test]
async fn the_scheme_of_authorization_is_taken_in_any_case_and_nothing_else_is() {
    let site = Site::open().await;
    let phone = site.phone_of(EMAIL).await;
    let key = site.server.store().create_api_key(vec![organization()]).await.unwrap();
    assert!(key.starts_with("AK1/") && key.split('/').count() == 3);
    let url = format!("{}/rest/v1/organizations", site.server.base_url());
    for (value, status) in [
        (format!("bearer {key}"), 200),
        (format!("BEARER {key}"), 200),
        (format!("Bearer {}", phone.token), 200),
        (format!("Basic {key}"), 401),
        (key.clone(), 401),
        ("bearer AK1/abc/xyz".to_owned(), 401),
        ("bearer ".to_owned(), 401),
    ] {
        let answer = phone.client.get(&url).header("authorization", &value).send().await.unwrap();
        assert_eq!(answer.status(), status, "{value}");
    }
    assert_eq!(phone.client.get(&url).send().await.unwrap().status(), 401);
}

#[tokio::test]
async fn a_refresh_token_is_good_once_and_used_twice_it_ends_the_session() {
    let site = Site::open().await;
    let phone = site.phone_of(EMAIL).await;
    let second = tokens(&phone.try_refresh(&phone.refresh, None).await);
    assert_ne!(second.refresh_token, phone.refresh);
    let again = phone.try_refresh(&phone.refresh, None).await;
    assert_eq!((again.status.as_u16(), again.code()), (401, "session_ended"));
    assert_eq!(phone.try_refresh(&second.refresh_token, None).await.code(), "session_ended", "the whole family");
    for token in [&phone.token, &second.access_token] {
        let phone = Phone::with_token(&site.server.base_url(), token);
        assert_eq!(phone.get("/onsite/v1/me").await.status, 401);
    }
}

#[tokio::test]
async fn an_answer_to_a_refresh_that_was_lost_can_be_asked_for_again_by_the_same_attempt_only() {
    let site = Site::open().await;
    let phone = site.phone_of(EMAIL).await;
    let attempt = Some(Uuid::from_bytes([3; 16]));
    tokens(&phone.try_refresh(&phone.refresh, attempt).await);
    let again = tokens(&phone.try_refresh(&phone.refresh, attempt).await);
    let next = tokens(&phone.try_refresh(&again.refresh_token, Some(Uuid::from_bytes([4; 16]))).await);
    assert_eq!(Phone::with_token(&site.server.base_url(), &next.access_token).get("/onsite/v1/me").await.status, 200);
    assert_eq!(phone.try_refresh(&phone.refresh, attempt).await.code(), "session_ended", "it had been received");
}

#[tokio::test]
async fn a_refresh_token_past_its_end_is_none() {
    let site = Site::open().await;
    let phone = site.phone_of(EMAIL).await;
    site.clock.advance_millis(61 * 24 * 60 * 60 * 1_000);
    assert_eq!(phone.try_refresh(&phone.refresh, None).await.code(), "session_ended");
    assert_eq!(phone.try_refresh("nonsense", None).await.code(), "session_ended");
}

#[tokio::test]
async fn signing_out_ends_the_session_and_no_other() {
    let site = Site::open().await;
    let (phone, other) = (site.phone_of(EMAIL).await, site.phone_of(EMAIL).await);
    let gone = phone.request(reqwest::Method::DELETE, "/onsite/v1/session").send().await.unwrap();
    assert_eq!(gone.status(), 204);
    assert_eq!(phone.get("/onsite/v1/me").await.status, 401);
    assert_eq!(phone.try_refresh(&phone.refresh, None).await.code(), "session_ended");
    assert_eq!(other.get("/onsite/v1/me").await.status, 200);
}

#[tokio::test]
async fn an_address_is_found_in_any_case_and_a_wrong_password_tells_nothing() {
    let site = Site::open().await;
    let phone = nobody(&site);
    assert!(phone.try_sign_in(" Nora@Example.COM ", PASSWORD).await.is_ok());
    let wrong = phone.try_sign_in(EMAIL, "wrong").await.unwrap_err();
    let unknown = phone.try_sign_in("nobody@example.com", "wrong").await.unwrap_err();
    assert_eq!((wrong.status.as_u16(), wrong.code()), (401, "wrong_credentials"));
    assert_eq!(wrong.body, unknown.body);
}

#[tokio::test]
async fn guessing_is_throttled_also_for_the_right_password_and_ends_with_time() {
    let site = Site::open().await;
    let phone = nobody(&site);
    for _ in 0..5 {
        assert_eq!(phone.try_sign_in(EMAIL, "guess").await.unwrap_err().code(), "wrong_credentials");
    }
    let throttled = phone.try_sign_in(EMAIL, PASSWORD).await.unwrap_err();
    assert_eq!((throttled.status.as_u16(), throttled.code()), (429, "too_many_requests"));
    assert_eq!(throttled.headers["retry-after"], "901");
    assert!(phone.try_sign_in("ada@example.com", PASSWORD).await.is_ok(), "others are let in");
    site.clock.advance_millis(15 * 60 * 1_000 + 1_000);
    assert!(phone.try_sign_in(EMAIL, PASSWORD).await.is_ok());
}

#[tokio::test]
async fn too_many_requests_are_answered_with_429_with_and_without_the_time_to_wait() {
    for say_retry_after in [true, false] {
        let limits = Limits { requests_per_minute: Some(3), say_retry_after, ..Limits::default() };
        let site = Site::with_limits(limits).await;
        let (phone, other) = (site.key().await, site.key().await);
        for _ in 0..3 {
            assert_eq!(phone.rest("alarm-changes/0").await.status, 200);
        }
        let refused = phone.rest("alarm-changes/0").await;
        assert_eq!((refused.status.as_u16(), refused.code()), (429, "too_many_requests"));
        assert_eq!(refused.headers.contains_key("retry-after"), say_retry_after);
        assert_eq!(other.rest("alarm-changes/0").await.status, 200, "each caller has a budget of its own");
        site.clock.advance_millis(60_000);
        assert_eq!(phone.rest("alarm-changes/0").await.status, 200);
    }
}
