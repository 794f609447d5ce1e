//! How the HTTP client is set up: address, certificates, timeouts. The only place that configures it.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use onsite_wire::codes::Code;
use reqwest::{Certificate, Client, Url};

use crate::time::Clock;

/// How long to wait for what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// Until the connection stands, TLS included.
    pub connect: Duration,
    /// Until a small answer is complete, and until the head of a streamed one is there.
    pub answer: Duration,
    /// Between two pieces of a streamed body.
    pub silence: Duration,
}

impl Default for Timeouts {
    /// For a phone with a weak signal: a cellar's connection takes seconds, not minutes.
    fn default() -> Self {
        Self { connect: Duration::from_secs(15), answer: Duration::from_secs(45), silence: Duration::from_secs(30) }
    }
}

/// What a client is made of.
#[derive(Debug, Clone)]
pub struct HttpConfig {
    /// Where the server is: `https://onsite.example.com`, with a path in front of ours where a proxy wants one.
    pub address: String,
    /// The `User-Agent`.
    pub user_agent: String,
    /// How long to wait for what.
    pub timeouts: Timeouts,
    /// Certificates of issuers to trust beside the system's, each as DER.
    pub extra_roots: Vec<Vec<u8>>,
    /// The phone's clocks: to estimate the server's.
    pub clock: Arc<dyn Clock>,
}

impl HttpConfig {
    /// The usual configuration for a server at this address.
    pub fn new(address: &str, clock: Arc<dyn Clock>) -> Self {
        Self {
            address: address.to_owned(),
            user_agent: concat!("onsite/", env!("CARGO_PKG_VERSION")).to_owned(),
            timeouts: Timeouts::default(),
            extra_roots: Vec::new(),
            clock,
        }
    }
}

/// Why no client can be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unusable {
    /// Not an `http` or `https` address, or one with a password, query or fragment in it.
    #[error("the address is none")]
    Address,
    /// An extra certificate is none.
    #[error("an extra certificate cannot be read")]
    Roots,
    /// The system's certificates cannot be read, or TLS cannot be set up.
    #[error("TLS cannot be set up")]
    Tls,
}

impl From<Unusable> for crate::error::Error {
    fn from(unusable: Unusable) -> Self {
        match unusable {
            Unusable::Address | Unusable::Roots => Self::input(unusable),
            Unusable::Tls => Self::new(Code::Internal).with("detail", unusable),
        }
    }
}

/// The address as a base that paths can be joined to.
pub(super) fn base(address: &str) -> Result<Url, Unusable> {
    let mut url = Url::parse(address.trim()).map_err(|_| Unusable::Address)?;
    let plain = url.username().is_empty() && url.password().is_none() && url.query().is_none();
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() || !plain || url.fragment().is_some() {
        return Err(Unusable::Address);
    }
    if !url.path().ends_with('/') {
        let with_slash = format!("{}/", url.path());
        url.set_path(&with_slash);
    }
    Ok(url)
}

/// A client for this base.
pub(super) fn client(config: &HttpConfig, base: &Url) -> Result<Client, Unusable> {
    // Fails only when a provider is installed already, and then that one serves.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let roots = config.extra_roots.iter().map(|der| Certificate::from_der(der)).collect::<Result<Vec<_>, _>>();
    let builder = Client::builder()
        .user_agent(&config.user_agent)
        .connect_timeout(config.timeouts.connect)
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        .tcp_nodelay(true)
        .pool_max_idle_per_host(4);
    // Without TLS the system's certificates need not be there, nor be read.
    let builder = if base.scheme() == "https" {
        builder.tls_certs_merge(roots.map_err(|_| Unusable::Roots)?)
    } else {
        builder.tls_certs_only([])
    };
    // A proxy set for the way out is none to this machine.
    let builder = if is_loopback(base) { builder.no_proxy() } else { builder };
    builder.build().map_err(|_| Unusable::Tls)
}

fn is_loopback(base: &Url) -> bool {
    let host = base.host_str().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_taken_with_and_without_a_path_and_a_last_slash() {
        for address in ["http://127.0.0.1:8421", "http://127.0.0.1:8421/", " http://127.0.0.1:8421 "] {
            assert_eq!(base(address).unwrap().as_str(), "http://127.0.0.1:8421/");
        }
        assert_eq!(base("https://a.example/behind/proxy").unwrap().as_str(), "https://a.example/behind/proxy/");
    }

    #[test]
    fn what_is_no_address_of_a_server_is_refused() {
        for address in ["", "onsite", "ftp://a.example", "https://me:pw@a.example", "https://a.example/?q", "https://"]
        {
            assert_eq!(base(address), Err(Unusable::Address), "{address}");
        }
    }

    #[test]
    fn this_machine_is_known_by_its_names() {
        for (address, is) in [
            ("http://127.0.0.1:1", true),
            ("http://[::1]:1", true),
            ("http://localhost:1", true),
            ("http://10.0.0.1", false),
            ("https://localhost.example", false),
        ] {
            assert_eq!(is_loopback(&base(address).unwrap()), is, "{address}");
        }
    }
}
