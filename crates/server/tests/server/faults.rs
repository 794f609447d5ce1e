//! The faults that others test against do what they say.

use std::time::Duration;

use onsite_server::Fault;

use crate::support::*;

#[tokio::test]
async fn each_fault_shows_as_what_it_imitates_as_often_as_was_said() {
    let site = Site::open().await;
    let phone = site.key().await;
    let faults = site.server.faults();
    let path = format!("/rest/v1/organizations/{}/alarms", organization());

    faults.next("/rest", 1, Fault::TooManyRequests { retry_after: Some(7) });
    faults.next("/rest", 1, Fault::TooManyRequests { retry_after: None });
    let busy = phone.get(&path).await;
    assert_eq!((busy.status.as_u16(), &busy.headers["retry-after"]), (429, &"7".parse().unwrap()));
    let busy = phone.get(&path).await;
    assert_eq!((busy.status.as_u16(), busy.headers.contains_key("retry-after")), (429, false));

    faults.next("/rest", 2, Fault::Status(503));
    assert_eq!(phone.get("/healthz").await.status, 200, "another path");
    assert_eq!(
        (phone.get(&path).await.status, phone.get(&path).await.status),
        (reqwest::StatusCode::SERVICE_UNAVAILABLE, reqwest::StatusCode::SERVICE_UNAVAILABLE)
    );
    assert_eq!(phone.get(&path).await.status, 200);

    faults.next("/rest", 1, Fault::HalfBody);
    assert!(phone.try_get(&path).await.is_err());
    faults.next("/rest", 1, Fault::Html);
    let portal = phone.get(&path).await;
    assert_eq!((portal.status.as_u16(), &portal.headers["content-type"]), (200, &"text/html".parse().unwrap()));
    faults.next("/rest", 1, Fault::LoseRequest);
    assert!(phone.try_get(&path).await.is_err());
    faults.next("/rest", 1, Fault::Delay(Duration::from_millis(20)));
    assert_eq!(phone.get(&path).await.status, 200);
    assert_eq!(faults.left(), 0);

    faults.always("/", Fault::Status(500));
    assert_eq!(
        (phone.get(&path).await.status, phone.get("/healthz").await.status),
        (reqwest::StatusCode::INTERNAL_SERVER_ERROR, reqwest::StatusCode::INTERNAL_SERVER_ERROR)
    );
    faults.clear();
    assert_eq!(phone.get(&path).await.status, 200);
}
