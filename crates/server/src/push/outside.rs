//! Names are looked up so that nobody makes this server call into its own network: whatever a name says, a connection is made
//! only to addresses that are reached over the internet.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// A name leads into this server's own network, or nowhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the name has no address outside")]
pub(super) struct Inside;

/// Looks names up as the system does, and gives addresses outside only.
#[derive(Debug)]
pub(super) struct Outside;

impl Resolve for Outside {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let outside = only_outside(found)?;
            Ok(Box::new(outside.into_iter()) as Addrs)
        })
    }
}

fn only_outside(found: impl Iterator<Item = SocketAddr>) -> Result<Vec<SocketAddr>, Inside> {
    let outside: Vec<_> = found.filter(|address| is_outside(address.ip())).collect();
    if outside.is_empty() { Err(Inside) } else { Ok(outside) }
}

/// Whether a request failed because its name leads inside.
pub(super) fn is_inside(error: &reqwest::Error) -> bool {
    let mut next: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = next {
        if error.is::<Inside>() {
            return true;
        }
        next = error.source();
    }
    false
}

/// Whether an address is reached over the internet: neither of this machine nor of a private, shared, local or documentary
/// network (RFC 6890, RFC 4291).
fn is_outside(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_outside_v4(address),
        IpAddr::V6(address) => match embedded(address) {
            Some(address) => is_outside_v4(address),
            None => is_outside_v6(address),
        },
    }
}

const fn is_outside_v4(address: Ipv4Addr) -> bool {
    let [first, second, third, _] = address.octets();
    let inside = matches!(
        (first, second, third),
        (0 | 10 | 127 | 224..=255, ..)
            | (100, 64..=127, _)
            | (169, 254, _)
            | (172, 16..=31, _)
            | (192, 168, _)
            | (192, 0, 0 | 2)
            | (192, 88, 99)
            | (198, 18..=19, _)
            | (198, 51, 100)
            | (203, 0, 113)
    );
    !inside
}

/// The address of the older kind that one of the newer kind stands for: mapped, compatible, translated or tunnelled.
const fn embedded(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let [a, b, c, d, e, f, g, h] = address.segments();
    let (of, and) = match (a, b, c, d, e, f) {
        (0, 0, 0, 0, 0, 0 | 0xffff) | (0, 0, 0, 0, 0xffff, 0) | (0x64, 0xff9b, 0, 0, 0, 0) => (g, h),
        (0x2002, ..) => (b, c),
        _ => return None,
    };
    let ([one, two], [three, four]) = (of.to_be_bytes(), and.to_be_bytes());
    Some(Ipv4Addr::new(one, two, three, four))
}

const fn is_outside_v6(address: Ipv6Addr) -> bool {
    let [first, second, ..] = address.segments();
    // Of what is given out for use over the internet, 2001::/23 is for protocols and 2001:db8::/32 for documents.
    matches!(first, 0x2000..=0x3fff) && !matches!((first, second), (0x2001, 0..=0x1ff | 0xdb8) | (0x3fff, 0..=0xfff))
}

#[cfg(test)]
mod tests {
    use super::super::web_push::may_be_called;
    use super::*;

    const NAMES: &[&str] = &[
        "http://push.example.com/x",
        "https://127.0.0.1/x",
        "https://127.1/x",
        "https://127.0.0.1./x",
        "https://2130706433/x",
        "https://0x7f.1/x",
        "https://[::1]/x",
        "https://[::ffff:10.0.0.1]/x",
        "https://localhost/x",
        "https://localhost./x",
        "https://a.localhost/x",
        "https://printer.local/x",
        "https://printer.local./x",
        "https://PRINTER.LOCAL../x",
        "https://metadata.google.internal/x",
        "https://metadata.google.internal./x",
        "https://router.home.arpa/x",
        "https://push./x",
        "https://user:pass@push.example.com/x",
        "file:///etc/passwd",
    ];

    const ADDRESSES: &[&str] = &[
        "127.0.0.1",
        "127.255.0.9",
        "0.0.0.0",
        "10.0.0.1",
        "10.255.255.255",
        "100.64.0.1",
        "172.16.0.1",
        "172.31.255.255",
        "192.168.1.1",
        "169.254.169.254",
        "198.18.0.1",
        "224.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "::ffff:169.254.169.254",
        "::10.0.0.1",
        "64:ff9b::a00:1",
        "64:ff9b:1::1",
        "2002:a00:1::",
        "fc00::1",
        "fd12:3456::1",
        "fe80::1",
        "febf::1",
        "fec0::1",
        "ff02::1",
        "2001:db8::1",
    ];

    #[tokio::test]
    async fn a_phone_cannot_make_the_server_call_into_its_own_network() {
        for bad in NAMES {
            let callable = reqwest::Url::parse(bad).is_ok_and(|url| may_be_called(&url, false));
            assert!(!callable, "{bad}");
        }
        for good in ["https://push.example.com/x", "https://push.example.com./x", "https://push.example.com:8443/x"] {
            assert!(may_be_called(&reqwest::Url::parse(good).unwrap(), false), "{good}");
        }
        // Whatever a name says, these are not connected to.
        let socket = |address: &str| SocketAddr::new(address.parse().unwrap(), 443);
        for bad in ADDRESSES {
            assert_eq!(only_outside([socket(bad)].into_iter()), Err(Inside), "{bad}");
        }
        for good in ["9.9.9.9", "100.63.0.1", "172.32.0.1", "2620:fe::fe", "::ffff:9.9.9.9", "64:ff9b::909:909"] {
            assert_eq!(only_outside([socket(good), socket("10.0.0.1")].into_iter()), Ok(vec![socket(good)]), "{good}");
        }
        // And by a real client: a name of this machine is looked up, and nobody calls.
        rustls::crypto::ring::default_provider().install_default().ok();
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let port = listener.local_addr().unwrap().port();
        let client = reqwest::Client::builder().no_proxy().dns_resolver(std::sync::Arc::new(Outside)).build().unwrap();
        let called = client.get(format!("http://localhost:{port}/")).send().await.unwrap_err();
        assert!(is_inside(&called), "{called:?}");
        assert!(listener.accept().is_err(), "somebody called");
    }
}
