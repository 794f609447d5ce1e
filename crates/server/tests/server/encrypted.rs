//! TLS, and where it is demanded.

use onsite_server::{ServerConfig, ServerError, TlsFiles, start};

use crate::support::install_tls;

#[tokio::test]
async fn with_a_certificate_it_speaks_tls_also_beyond_this_machine_and_nothing_in_clear() {
    install_tls();
    let directory = tempfile::tempdir().unwrap();
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let files =
        TlsFiles { certificate: directory.path().join("certificate.pem"), key: directory.path().join("key.pem") };
    std::fs::write(&files.certificate, made.cert.pem()).unwrap();
    std::fs::write(&files.key, made.signing_key.serialize_pem()).unwrap();
    let everywhere = "0.0.0.0:0".parse().unwrap();
    let config =
        ServerConfig { listen: everywhere, tls: Some(files), ..ServerConfig::local(directory.path().join("data")) };
    let server = start(config).await.unwrap();
    assert!(server.base_url().starts_with("https://"));

    let root = reqwest::Certificate::from_der(made.cert.der()).unwrap();
    let client = reqwest::Client::builder().tls_certs_only([root]).build().unwrap();
    let port = server.address().port();
    let answer = client.get(format!("https://localhost:{port}/healthz")).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    assert!(client.get(format!("http://localhost:{port}/healthz")).send().await.is_err());
}

#[tokio::test]
async fn without_a_certificate_or_proxy_it_stays_on_this_machine() {
    let directory = tempfile::tempdir().unwrap();
    let everywhere = "0.0.0.0:0".parse().unwrap();
    let config = ServerConfig { listen: everywhere, ..ServerConfig::local(directory.path()) };
    assert!(matches!(start(config.clone()).await, Err(ServerError::Exposed)));
    let behind = ServerConfig { behind_proxy: true, ..config };
    assert!(start(behind).await.unwrap().base_url().starts_with("http://"));
}

#[tokio::test]
async fn behind_a_proxy_guesses_are_counted_by_the_address_that_the_proxy_names() {
    install_tls();
    let directory = tempfile::tempdir().unwrap();
    let server = start(ServerConfig { behind_proxy: true, ..ServerConfig::local(directory.path()) }).await.unwrap();
    let client = reqwest::Client::new();
    let guess = async |number: usize, address: &str| {
        let body = format!("{{\"email\": \"guess {number}\", \"password\": \"x\"}}");
        let url = format!("{}/onsite/v1/session", server.base_url());
        // What a caller writes there itself stands before what the proxy adds.
        let forwarded = format!("203.0.113.{number}, {address}");
        client.post(url).header("x-forwarded-for", forwarded).body(body).send().await.unwrap().status().as_u16()
    };
    for number in 0..50 {
        assert_eq!(guess(number, "198.51.100.1").await, 401);
    }
    assert_eq!((guess(50, "198.51.100.1").await, guess(51, "198.51.100.2").await), (429, 401));
}
