//! API keys: made, listed and taken back one by one.

use std::time::Duration;

use futures_util::StreamExt;
use onsite_server::Limits;
use reqwest::Method;

use crate::support::*;

/// The name that stands in a key.
fn name(phone: &Phone) -> String {
    phone.token.split('/').nth(1).unwrap().to_owned()
}

#[tokio::test]
async fn a_revoked_key_opens_nothing_at_once_and_no_other_key_is_touched() {
    let site = Site::open().await;
    let (one, other) = (site.key().await, site.key().await);
    assert_eq!(one.rest("alarms").await.status, 200);
    assert!(site.server.store().revoke_api_key(&name(&one)).await.unwrap());
    for path in ["alarms", "inventory", "alarm-changes/0", "sensors", "measurements/live"] {
        let answer = one.rest(path).await;
        assert_eq!((answer.status.as_u16(), answer.code()), (401, "not_signed_in"), "{path}");
    }
    assert_eq!(one.get("/rest/v1/organizations").await.status, 401);
    assert_eq!(other.rest("alarms").await.status, 200);
    assert!(!site.server.store().revoke_api_key(&name(&one)).await.unwrap(), "there is none of this name any more");
}

#[tokio::test]
async fn a_stream_that_was_opened_with_a_key_ends_when_the_key_is_revoked() {
    let site = Site::with_limits(Limits { stream_heartbeat_seconds: 1, ..Limits::default() }).await;
    for path in ["live", "live-simulator?measurementsPerSecond=50"] {
        let (key, other) = (site.key().await, site.key().await);
        let open = async |phone: &Phone| {
            let path = format!("/rest/v1/organizations/{}/measurements/{path}", organization());
            let response = phone.request(Method::GET, &path).header("accept-encoding", "gzip").send().await.unwrap();
            assert_eq!(response.status(), 200);
            response.bytes_stream()
        };
        let (mut stream, mut untouched) = (open(&key).await, open(&other).await);
        stream.next().await.unwrap().unwrap();
        site.server.store().revoke_api_key(&name(&key)).await.unwrap();
        let ended = async { while stream.next().await.is_some() {} };
        tokio::time::timeout(Duration::from_secs(30), ended).await.expect("it goes on");
        untouched.next().await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn keys_are_listed_by_name_and_never_shown_again() {
    let site = Site::open().await;
    let (one, other) = (site.key().await, site.key().await);
    let listed = site.server.store().api_keys().await.unwrap();
    let names: std::collections::BTreeSet<_> = listed.iter().map(|key| key.name.clone()).collect();
    assert_eq!(names, [name(&one), name(&other)].into());
    assert!(listed.iter().all(|key| key.organizations == [organization()] && key.created_at == site.now()));
    assert!(!format!("{listed:?}").contains(one.token.rsplit('/').next().unwrap()));
}
