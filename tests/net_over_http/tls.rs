//! Certificates that are right, wrong, and for somebody else.

use std::sync::Arc;

use onsite::net::{Breakage, Fault, Http, HttpConfig, Stranger};
use rcgen::CertifiedKey;
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use tokio::io::AsyncWriteExt;
use tokio_rustls::TlsAcceptor;

use super::server::{JSON, Request, Server, answer, config, soon};

/// A server on `localhost` with a certificate for `name`; the client trusts that certificate if told to.
async fn secured(name: &str, trusted: bool) -> (Server, HttpConfig) {
    let CertifiedKey { cert, signing_key } = rcgen::generate_simple_self_signed([name.to_owned()]).unwrap();
    let key = PrivateKeyDer::try_from(signing_key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(tls));
    let server = Server::raw(move |stream| {
        let acceptor = acceptor.clone();
        async move {
            let Ok(mut stream) = acceptor.accept(stream).await else { return };
            if Request::read(&mut stream).await.is_some() {
                let _ = stream.write_all(&answer(200, JSON, "5")).await;
                let _ = stream.shutdown().await;
            }
        }
    })
    .await;
    let roots = if trusted { vec![cert.der().to_vec()] } else { Vec::new() };
    let address = server.address.replace("http://127.0.0.1", "https://localhost");
    (server, HttpConfig { extra_roots: roots, ..config(&address) })
}

async fn get(config: &HttpConfig) -> Result<i64, Fault> {
    soon(Http::new(config).unwrap().get::<i64>("x")).await.map(|answer| answer.body)
}

#[tokio::test]
async fn a_certificate_of_an_issuer_that_was_added_is_trusted() {
    let (_server, config) = secured("localhost", true).await;
    assert_eq!(get(&config).await, Ok(5));
}

#[tokio::test]
async fn a_certificate_for_another_name_is_told_apart() {
    let (_server, config) = secured("another.example", true).await;
    assert_eq!(get(&config).await, Err(Fault::TlsNameWrong));
}

#[tokio::test]
async fn a_certificate_of_an_unknown_issuer_is_not_trusted() {
    let (_server, mut config) = secured("localhost", false).await;
    let (_other, with_root) = secured("localhost", true).await;
    config.extra_roots = with_root.extra_roots;
    assert_eq!(get(&config).await, Err(Fault::TlsUntrusted));
}

#[tokio::test]
async fn a_server_without_tls_where_tls_should_be_is_a_stranger() {
    let (_server, secured) = secured("localhost", true).await;
    let plain = Server::raw(|mut stream| async move {
        let _ = stream.write_all(b"HTTP/1.1 400 x\r\n\r\n").await;
        let mut sink = Vec::new();
        let _ = tokio::io::AsyncReadExt::read_buf(&mut stream, &mut sink).await;
    })
    .await;
    let config = HttpConfig { address: plain.address.replace("http:", "https:"), ..secured };
    assert_eq!(get(&config).await, Err(Fault::NotOurServer(Stranger::NotTls)));
}

#[tokio::test]
async fn a_server_with_tls_where_none_is_asked_for_is_a_broken_answer() {
    let (server, _) = secured("localhost", true).await;
    assert_eq!(get(&config(&server.address)).await, Err(Fault::AnswerBroken(Breakage::Head)));
}
