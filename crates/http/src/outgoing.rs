//! The one place that makes HTTP clients, and the guard that keeps requests to addresses which users name away
//! from our own network.
//!
//! Nothing a user names is trusted: [`check_url`] refuses addresses written as numbers, and the client
//! of [`guarded_client`] looks at what a name stands for each time it connects, so a name that changes its
//! mind in between is no way around. Both are needed: a client asks no resolver about a number.

use reqwest::Url;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

/// The longest URL that [`check_url`] accepts, in bytes.
pub const LONGEST_URL: usize = 2048;

/// A client for an address that the operator configured. It follows no redirects, uses no proxy from the
/// environment and gives up after `timeout`.
pub fn client(timeout: Duration) -> Result<reqwest::Client, reqwest::Error> {
    builder(timeout).build()
}

/// Where requests to addresses that users name may go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reach {
    /// To addresses that are reachable from the whole internet, over https.
    #[default]
    PublicOnly,
    /// Anywhere, over https or http: for sandboxes and tests.
    AllowPrivate,
}

/// A client for addresses that users name, otherwise like [`client`]. Give it only URLs that [`check_url`] accepts.
pub fn guarded_client(timeout: Duration, reach: Reach) -> Result<reqwest::Client, reqwest::Error> {
    let builder = builder(timeout);
    match reach {
        Reach::PublicOnly => builder.dns_resolver(PublicAddresses),
        Reach::AllowPrivate => builder,
    }
    .build()
}

fn builder(timeout: Duration) -> reqwest::ClientBuilder {
    // Fails only when a provider is installed already, which is as well.
    let _ = rustls::crypto::ring::default_provider().install_default();
    #[expect(clippy::disallowed_methods, reason = "the one constructor")]
    let builder = reqwest::Client::builder();
    builder
        .timeout(timeout)
        .connect_timeout(timeout.min(Duration::from_secs(5)))
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        // Sooner than our own servers close an idle connection.
        .pool_idle_timeout(Duration::from_secs(20))
        .user_agent(concat!("tallystick/", env!("CARGO_PKG_VERSION")))
}

/// Why a URL is not called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UrlRefusal {
    /// It is not an absolute URL.
    Malformed,
    /// It is longer than [`LONGEST_URL`].
    TooLong,
    /// Its scheme is not https.
    NotHttps,
    /// It contains a user name or a password.
    HasCredentials,
    /// Its port is 0.
    NoPort,
    /// Its host is not on the public internet.
    NotPublic,
}

impl fmt::Display for UrlRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Malformed => "the URL is malformed",
            Self::TooLong => "the URL is too long",
            Self::NotHttps => "the URL does not start with https://",
            Self::HasCredentials => "the URL contains a user name or a password",
            Self::NoPort => "the URL has port 0",
            Self::NotPublic => "the host has no address on the public internet",
        })
    }
}

impl std::error::Error for UrlRefusal {}

/// Reads a URL that a user names, and refuses one that must not be called. To be asked when it is stored and before
/// each call, as the rules may have changed.
pub fn check_url(text: &str, reach: Reach) -> Result<Url, UrlRefusal> {
    // The parser may lengthen a URL, by percent-encoding.
    let long = |text: &str| text.len() > LONGEST_URL;
    if long(text) {
        return Err(UrlRefusal::TooLong);
    }
    let url = Url::parse(text).map_err(|_| UrlRefusal::Malformed)?;
    match (url.scheme(), reach) {
        ("https", _) | ("http", Reach::AllowPrivate) => {}
        _ => return Err(UrlRefusal::NotHttps),
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(UrlRefusal::HasCredentials);
    }
    if url.port() == Some(0) {
        return Err(UrlRefusal::NoPort);
    }
    if long(url.as_str()) {
        return Err(UrlRefusal::TooLong);
    }
    let host = url.host_str().ok_or(UrlRefusal::Malformed)?;
    if reach == Reach::PublicOnly && is_known_private(host) {
        return Err(UrlRefusal::NotPublic);
    }
    Ok(url)
}

/// Whether a host, as the URL parser writes it, is private without a name server being asked. The parser
/// has brought numbers in every notation (`0x7f.1`, `2130706433`) into the usual one.
fn is_known_private(host: &str) -> bool {
    let literal = host.trim_start_matches('[').trim_end_matches(']');
    if let Ok(address) = literal.parse() {
        return !is_public(address);
    }
    let name = host.trim_end_matches('.');
    name == "localhost" || name.ends_with(".localhost")
}

/// Resolves names to their public addresses only.
struct PublicAddresses;

impl Resolve for PublicAddresses {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            // reqwest puts the port of the URL in the place of 0.
            let public: Vec<_> = tokio::net::lookup_host((name.as_str(), 0))
                .await?
                .filter(|address| is_public(address.ip()))
                .collect();
            if public.is_empty() {
                return Err(UrlRefusal::NotPublic.into());
            }
            Ok(Box::new(public.into_iter()) as Addrs)
        })
    }
}

fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

/// Addresses that are not reachable from the whole internet: network, bits of its prefix. IANA's registry of special
/// purposes, and one address that a cloud answers on itself.
const NOT_PUBLIC_V4: &[(Ipv4Addr, u32)] = &[
    (Ipv4Addr::new(0, 0, 0, 0), 8),
    (Ipv4Addr::new(10, 0, 0, 0), 8),
    (Ipv4Addr::new(100, 64, 0, 0), 10),
    (Ipv4Addr::new(127, 0, 0, 0), 8),
    (Ipv4Addr::new(168, 63, 129, 16), 32),
    (Ipv4Addr::new(169, 254, 0, 0), 16),
    (Ipv4Addr::new(172, 16, 0, 0), 12),
    (Ipv4Addr::new(192, 0, 0, 0), 24),
    (Ipv4Addr::new(192, 0, 2, 0), 24),
    (Ipv4Addr::new(192, 88, 99, 0), 24),
    (Ipv4Addr::new(192, 168, 0, 0), 16),
    (Ipv4Addr::new(198, 18, 0, 0), 15),
    (Ipv4Addr::new(198, 51, 100, 0), 24),
    (Ipv4Addr::new(203, 0, 113, 0), 24),
    (Ipv4Addr::new(224, 0, 0, 0), 4),
    (Ipv4Addr::new(240, 0, 0, 0), 4),
];

/// Within 2000::/3, what is not: protocol assignments (Teredo among them) and documentation.
const NOT_PUBLIC_V6: &[(Ipv6Addr, u32)] = &[
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23),
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32),
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20),
];

fn is_public_v4(address: Ipv4Addr) -> bool {
    let bits = address.to_bits();
    !NOT_PUBLIC_V4
        .iter()
        .any(|(network, prefix)| (bits ^ network.to_bits()) >> (32 - prefix) == 0)
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    if let Some(inner) = embedded_v4(address) {
        return is_public_v4(inner);
    }
    let bits = address.to_bits();
    bits >> 125 == 0b001
        && !NOT_PUBLIC_V6
            .iter()
            .any(|(network, prefix)| (bits ^ network.to_bits()) >> (128 - prefix) == 0)
}

/// The IPv4 address that a packet to this one ends up at: mapped, NAT64 or 6to4.
fn embedded_v4(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let of = |high: u16, low: u16| Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low));
    match address.segments() {
        [0, 0, 0, 0, 0, 0xffff, high, low] => Some(of(high, low)),
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => Some(of(high, low)),
        [0x2002, high, low, ..] => Some(of(high, low)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_of_the_whole_internet_are_public() {
        for public in [
            "1.1.1.1",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "126.255.255.255",
            "128.0.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "192.0.1.0",
            "192.167.255.255",
            "198.17.255.255",
            "198.20.0.0",
            "223.255.255.255",
            "2606:4700:4700::1111",
            "2400:cb00::1",
            "::ffff:1.1.1.1",
            "64:ff9b::1.1.1.1",
            "2002:101:101::1",
        ] {
            assert!(is_public(public.parse().unwrap()), "{public}");
        }
        for private in [
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "10.255.255.255",
            "100.64.0.0",
            "100.100.100.200",
            "100.127.255.255",
            "127.0.0.1",
            "127.255.255.254",
            "168.63.129.16",
            "169.254.0.1",
            "169.254.169.254",
            "172.16.0.0",
            "172.31.255.255",
            "192.0.0.192",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.0.1",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.7",
            "203.0.113.7",
            "224.0.0.1",
            "239.255.255.255",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::7f00:1",
            "::ffff:127.0.0.1",
            "::ffff:169.254.169.254",
            "::ffff:0:127.0.0.1",
            "64:ff9b::10.0.0.1",
            "64:ff9b:1::1.1.1.1",
            "100::1",
            "2001::1",
            "2001:1::1",
            "2001:db8::1",
            "2002:7f00:1::1",
            "2002:a9fe:a9fe::1",
            "3fff::1",
            "4000::1",
            "5f00::1",
            "fc00::1",
            "fd12:3456::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ] {
            assert!(!is_public(private.parse().unwrap()), "{private}");
        }
    }

    #[test]
    fn urls_are_checked_however_they_are_written() {
        use UrlRefusal::{HasCredentials, Malformed, NoPort, NotHttps, NotPublic, TooLong};
        let long = format!("https://example.com/{}", "a".repeat(LONGEST_URL));
        let grows = format!("https://example.com/{}", "é".repeat(LONGEST_URL / 3));
        for (url, refusal) in [
            ("", Malformed),
            ("example.com/hook", Malformed),
            ("https://", Malformed),
            ("https://1.2.3.4.5/", Malformed),
            (&long, TooLong),
            (&grows, TooLong),
            ("http://example.com/", NotHttps),
            ("ftp://example.com/", NotHttps),
            ("file:///etc/passwd", NotHttps),
            ("https://user@example.com/", HasCredentials),
            ("https://:secret@example.com/", HasCredentials),
            ("https://example.com:0/", NoPort),
            ("https://localhost/", NotPublic),
            ("https://LOCALHOST./", NotPublic),
            ("https://db.localhost:8443/", NotPublic),
            ("https://127.0.0.1/", NotPublic),
            ("https://127.1/", NotPublic),
            ("https://2130706433/", NotPublic),
            ("https://0x7f000001/", NotPublic),
            ("https://0x7f.0.0.1/", NotPublic),
            ("https://0177.0.0.1/", NotPublic),
            ("https://①②⑦.0.0.1/", NotPublic),
            ("https://127.0.0.1./", NotPublic),
            ("https://%31%32%37.0.0.1/", NotPublic),
            ("https://169.254.169.254/latest/meta-data", NotPublic),
            ("https://0/", NotPublic),
            ("https://[::1]/", NotPublic),
            ("https://[::ffff:10.0.0.1]/", NotPublic),
            ("https://[fd00::1]:8443/", NotPublic),
            ("https:\\\\10.0.0.1\\x", NotPublic),
        ] {
            assert_eq!(
                check_url(url, Reach::PublicOnly).unwrap_err(),
                refusal,
                "{url}"
            );
        }
        for url in [
            "https://example.com/hook?x=1",
            "https://example.com:8443/hook",
            "https://1.1.1.1/",
            "https://[2606:4700:4700::1111]/",
            "https://localhost.example.com/",
        ] {
            assert!(check_url(url, Reach::PublicOnly).is_ok(), "{url}");
        }
        for url in ["http://127.0.0.1:9/", "http://localhost/", "https://[::1]/"] {
            assert!(check_url(url, Reach::AllowPrivate).is_ok(), "{url}");
        }
        assert_eq!(
            check_url("file:///etc/passwd", Reach::AllowPrivate),
            Err(NotHttps)
        );
    }

    #[tokio::test]
    async fn a_name_for_a_private_address_is_not_connected_to() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!(
            "http://localhost:{}/",
            listener.local_addr().unwrap().port()
        );
        let client = guarded_client(Duration::from_secs(5), Reach::PublicOnly).unwrap();
        let error = client.get(url).send().await.unwrap_err();
        let mut cause: &dyn std::error::Error = &error;
        while let Some(inner) = cause.source() {
            cause = inner;
        }
        assert_eq!(cause.to_string(), UrlRefusal::NotPublic.to_string());
    }
}
