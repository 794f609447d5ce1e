//! What goes wrong with a request, each met on a real connection.

use std::sync::Arc;
use std::time::Duration;

use onsite::net::{ApiKey, Breakage, Fault, Stranger};
use onsite::time::{Clock, SystemClock};
use onsite_wire::codes::Code;
use onsite_wire::ids::Generation;
use serde::Deserialize;
use tokio::io::AsyncWriteExt;

use super::server::{JSON, PROBLEM, Server, answer, http, soon};

/// A small answer that must have a number.
#[derive(Debug, PartialEq, Deserialize)]
struct Small {
    number: i64,
}

/// What a client makes of an answer.
async fn fault_of(bytes: Vec<u8>) -> Fault {
    let server = Server::answering(move |_| bytes.clone()).await;
    soon(server.http().get::<Small>("onsite/v1/me")).await.unwrap_err()
}

#[tokio::test]
async fn a_good_answer_comes_with_its_generation_and_tells_the_servers_clock() {
    let generation: Generation = "0b7e0f0a-1111-4c1d-8a10-0000000000e1".parse().unwrap();
    let server = Server::answering(move |_| {
        let an_hour_ahead = std::time::SystemTime::now() + Duration::from_secs(3_600);
        let date = httpdate::fmt_http_date(an_hour_ahead);
        answer(200, &format!("{JSON}Onsite-Generation: {generation}\r\ndate: {date}\r\n"), "\u{feff}{\"number\":5}")
    })
    .await;
    let http = server.http();
    let got = soon(http.get::<Small>("onsite/v1/me")).await.unwrap();
    assert_eq!((got.body, got.generation), (Small { number: 5 }, Some(generation)));
    let offset_ms = http.server_clock().offset_ms(&SystemClock.now()).unwrap();
    assert!((3_500_000..3_700_000).contains(&offset_ms), "{offset_ms}");
    let request = &server.seen()[0];
    assert!(request.is("get /onsite/v1/me"));
    assert_eq!(request.header("accept-encoding"), Some("gzip"));
    assert!(request.header("user-agent").unwrap().starts_with("onsite/"));
    assert_eq!(request.header("authorization"), None);
}

#[tokio::test]
async fn an_address_with_a_path_in_front_is_kept() {
    let server = Server::answering(|_| answer(200, JSON, "{\"number\":5}")).await;
    let http = http(&format!("{}/behind/proxy", server.address));
    soon(http.get::<Small>("onsite/v1/me")).await.unwrap();
    assert!(server.seen()[0].is("get /behind/proxy/onsite/v1/me"));
}

#[tokio::test]
async fn a_server_that_is_down_is_no_network() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    assert_eq!(soon(http(&address).get::<Small>("x")).await.unwrap_err(), Fault::NoNetwork);
}

#[tokio::test]
async fn a_name_that_does_not_exist_is_no_network() {
    let fault = soon(http("http://onsite.invalid").get::<Small>("x")).await.unwrap_err();
    assert_eq!(fault.code(), Code::NoNetwork);
}

#[tokio::test]
async fn a_server_that_never_answers_times_out() {
    let server = Server::acting(|_, stream| async move {
        tokio::time::sleep(Duration::from_secs(600)).await;
        drop(stream);
    })
    .await;
    assert_eq!(soon(server.http().get::<Small>("x")).await.unwrap_err(), Fault::Timeout);
}

#[tokio::test]
async fn a_small_answer_that_drips_times_out() {
    let server = Server::acting(|_, mut stream| async move {
        let _ = stream.write_all(b"HTTP/1.1 200 x\r\ncontent-type: application/json\r\n\r\n").await;
        while stream.write_all(b" ").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    })
    .await;
    assert_eq!(soon(server.http().get::<Small>("x")).await.unwrap_err(), Fault::Timeout);
}

#[tokio::test]
async fn headers_without_end_are_broken_off() {
    let server = Server::acting(|_, mut stream| async move {
        let _ = stream.write_all(b"HTTP/1.1 200 x\r\n").await;
        while stream.write_all(b"x-more: and more and more and more\r\n").await.is_ok() {}
    })
    .await;
    assert_eq!(soon(server.http().get::<Small>("x")).await.unwrap_err(), Fault::AnswerBroken(Breakage::Head));
}

#[tokio::test]
async fn a_connection_closed_before_an_answer_and_a_stranger_to_http_are_broken_answers() {
    for greeting in ["", "SSH-2.0-OpenSSH_9.9\r\n"] {
        assert_eq!(fault_of(greeting.into()).await, Fault::AnswerBroken(Breakage::Head), "{greeting}");
    }
}

#[tokio::test]
async fn a_page_is_a_strangers_whatever_its_status() {
    for status in [200, 401, 403, 404, 410] {
        let fault =
            fault_of(answer(status, "content-type: text/html; charset=utf-8\r\n", "<html>Sign in</html>")).await;
        assert_eq!(fault, Fault::NotOurServer(Stranger::ContentType), "{status}");
    }
    let portal = fault_of(answer(511, "content-type: text/html\r\n", "<html>")).await;
    assert_eq!(portal, Fault::NotOurServer(Stranger::ContentType));
}

#[tokio::test]
async fn json_of_another_kind_is_a_strangers_and_cut_or_bad_json_is_broken() {
    let shape = Fault::NotOurServer(Stranger::Shape);
    for (body, expected) in [
        ("{\"status\":\"ok\"}", shape.clone()),
        ("[]", shape.clone()),
        ("<html>", shape),
        ("{\"number\":", Fault::AnswerBroken(Breakage::EndedEarly)),
        ("{\"number\":5,}", Fault::AnswerBroken(Breakage::NotJson)),
    ] {
        assert_eq!(fault_of(answer(200, JSON, body)).await, expected, "{body}");
    }
}

#[tokio::test]
async fn a_body_cut_by_length_or_by_chunks_ended_early() {
    let by_length =
        b"HTTP/1.1 200 x\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{\"number\":5}".to_vec();
    let by_chunks =
        b"HTTP/1.1 200 x\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\nc\r\n{\"number\":5}\r\n".to_vec();
    for bytes in [by_length, by_chunks] {
        assert_eq!(fault_of(bytes).await, Fault::AnswerBroken(Breakage::EndedEarly));
    }
}

#[tokio::test]
async fn a_small_answer_without_end_is_not_held() {
    let server = Server::acting(|_, mut stream| async move {
        let _ = stream.write_all(b"HTTP/1.1 200 x\r\ncontent-type: application/json\r\n\r\n").await;
        while stream.write_all(&[b' '; 65_536]).await.is_ok() {}
    })
    .await;
    assert_eq!(soon(server.http().get::<Small>("x")).await.unwrap_err(), Fault::AnswerBroken(Breakage::TooLarge));
}

#[tokio::test]
async fn a_redirect_is_not_followed_neither_here_nor_elsewhere() {
    let elsewhere = Server::answering(|_| answer(200, JSON, "{\"number\":5}")).await;
    let target = elsewhere.address.clone();
    for status in [301, 302, 303, 307, 308] {
        let target = target.clone();
        let server = Server::answering(move |_| answer(status, &format!("location: {target}/x\r\n"), "")).await;
        let key = server.http().with_authority(Arc::new(ApiKey::new("AK1/abc/xyz".into())));
        assert_eq!(soon(key.get::<Small>("x")).await.unwrap_err(), Fault::NotOurServer(Stranger::Redirect));
    }
    assert!(elsewhere.seen().is_empty());
}

#[tokio::test]
async fn too_many_requests_says_how_long_to_wait_if_the_server_does() {
    let seconds = |seconds| Fault::TooManyRequests { retry_after: Some(Duration::from_secs(seconds)) };
    let clock = "date: Sun, 06 Nov 1994 08:49:37 GMT\r\n";
    for (headers, expected) in [
        (String::new(), Fault::TooManyRequests { retry_after: None }),
        ("retry-after: 17\r\n".to_owned(), seconds(17)),
        (format!("{clock}retry-after: Sun, 06 Nov 1994 08:50:07 GMT\r\n"), seconds(30)),
        (format!("{clock}retry-after: Sun, 06 Nov 1994 08:00:00 GMT\r\n"), seconds(0)),
        ("retry-after: 99999999999\r\n".to_owned(), seconds(86_400)),
        ("retry-after: soon\r\n".to_owned(), Fault::TooManyRequests { retry_after: None }),
    ] {
        assert_eq!(fault_of(answer(429, &headers, "")).await, expected, "{headers}");
    }
}

#[tokio::test]
async fn a_server_with_a_fault_may_say_how_long_to_wait() {
    let fault = fault_of(answer(503, "retry-after: 5\r\n", "")).await;
    assert_eq!(fault, Fault::ServerFault { status: 503, retry_after: Some(Duration::from_secs(5)) });
    assert_eq!(fault.code(), Code::Unavailable);
    let page = fault_of(answer(502, "content-type: text/html\r\n", "<html>Bad gateway</html>")).await;
    assert_eq!(page, Fault::ServerFault { status: 502, retry_after: None });
}

#[tokio::test]
async fn statuses_without_a_code_mean_what_they_mean_to_the_vendor() {
    for (status, code, transient) in [
        (400, Code::InvalidRequest, false),
        (401, Code::NotSignedIn, false),
        (403, Code::OtherOrganization, false),
        (404, Code::NotFound, false),
        (406, Code::InvalidRequest, false),
        (408, Code::NoNetwork, true),
        (410, Code::OffsetGone, false),
        (204, Code::NotOurServer, true),
    ] {
        let fault = fault_of(answer(status, JSON, if status == 204 { "" } else { "{\"message\":\"no\"}" })).await;
        assert_eq!((fault.code(), fault.is_transient()), (code, transient), "{status}");
    }
}

#[tokio::test]
async fn a_problem_says_its_code_and_only_the_arguments_of_that_code() {
    let problem = r#"{"code":"too_large","arguments":{"limit":"100","token":"secret"}}"#;
    let fault = fault_of(answer(413, PROBLEM, problem)).await;
    assert_eq!(fault.to_string(), "Too large: at most 100.");
    assert_eq!(fault.arguments().into_keys().collect::<Vec<_>>(), ["limit"]);
    for (status, code) in
        [(403, "not_allowed"), (401, "session_ended"), (401, "wrong_credentials"), (410, "offset_gone")]
    {
        let fault = fault_of(answer(status, PROBLEM, format!(r#"{{"code":"{code}"}}"#))).await;
        assert_eq!(fault.code().as_str(), code);
    }
    let unheard = fault_of(answer(409, PROBLEM, r#"{"code":"from_next_year"}"#)).await;
    assert_eq!(unheard.code(), Code::Unheard);
}

#[tokio::test]
async fn an_api_key_goes_with_each_request_and_is_not_tried_again_once_it_was_refused() {
    let server = Server::answering(|request| match request.header("authorization") {
        Some("bearer ak1/abc/xyz") if request.is("get /good") => answer(200, JSON, "{\"number\":5}"),
        _ => answer(401, "", ""),
    })
    .await;
    let http = server.http().with_authority(Arc::new(ApiKey::new("AK1/abc/xyz".into())));
    assert!(soon(http.get::<Small>("good")).await.is_ok());
    assert_eq!(soon(http.get::<Small>("bad")).await.unwrap_err(), Fault::NotSignedIn);
    assert_eq!(soon(http.get::<Small>("good")).await.unwrap_err(), Fault::NotSignedIn);
    assert_eq!(server.seen().len(), 2, "a key that is wrong is not sent again");
}

#[tokio::test]
async fn a_key_that_no_header_can_carry_is_no_key() {
    let server = Server::answering(|_| answer(200, JSON, "{\"number\":5}")).await;
    let http = server.http().with_authority(Arc::new(ApiKey::new("a\nb".into())));
    assert_eq!(soon(http.get::<Small>("x")).await.unwrap_err(), Fault::NotSignedIn);
    assert!(server.seen().is_empty());
}
