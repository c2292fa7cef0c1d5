//! The secrets that ship in examples are known to everybody. They work, so that the first start does, but only
//! for callers who are near: directly connected from this host or from a private network (docs: "Secrets that
//! ship in examples").

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use axum::http::HeaderMap;
use rt_manage_shared::config::AuthConfig;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

/// Headers by which proxies and content networks tell for whom they speak. `X-Forwarded-…` is told by its
/// beginning. (Sources: RFC 7239, RFC 9110 §7.6.3, RFC 8586, and the vendors' documentation.)
const FORWARDING_HEADERS: &[&str] = &[
    "forwarded",
    "via",
    "cdn-loop",
    "x-real-ip",
    "x-client-ip",
    "x-cluster-client-ip",
    "x-original-forwarded-for",
    "x-envoy-external-address",
    "x-azure-clientip",
    "cf-connecting-ip",
    "cf-ray",
    "true-client-ip",
    "fastly-client-ip",
    "fly-client-ip",
];
const FORWARDING_PREFIX: &str = "x-forwarded-";

/// Whether an address belongs to this host or to a private network: loopback, RFC 1918, unique local
/// (RFC 4193), link-local. An IPv4 address inside an IPv6 one counts as what it is.
pub fn is_private_peer(address: IpAddr) -> bool {
    let v4 = |v4: Ipv4Addr| v4.is_loopback() || v4.is_private() || v4.is_link_local();
    let v6 = |v6: Ipv6Addr| v6.is_loopback() || v6.is_unique_local() || v6.is_unicast_link_local();
    match address.to_canonical() {
        IpAddr::V4(address) => v4(address),
        IpAddr::V6(address) => v6(address),
    }
}

/// Whether somebody between the client and us says so: the peer's address is then not the client's.
pub fn has_forwarding_header(headers: &HeaderMap) -> bool {
    headers.keys().any(|name| {
        let name = name.as_str();
        FORWARDING_HEADERS.contains(&name) || name.starts_with(FORWARDING_PREFIX)
    })
}

/// What a presented API secret is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ApiSecret {
    /// The caller may call.
    Accepted,
    /// It is a wrong one.
    Wrong,
    /// The published placeholder, which is in force, from a caller who is not near.
    PlaceholderFromOutside,
}

/// Judges the API secret that a caller of the public API presents. A peer that is not known is not near.
pub fn check_api_secret(
    config: &AuthConfig,
    presented: &[u8],
    peer: Option<IpAddr>,
    headers: &HeaderMap,
) -> ApiSecret {
    if !same_secret(presented, config.api_secret.expose().as_bytes()) {
        return ApiSecret::Wrong;
    }
    let near = peer.is_some_and(is_private_peer) && !has_forwarding_header(headers);
    if config.api_secret_is_placeholder() && !near {
        return ApiSecret::PlaceholderFromOutside;
    }
    ApiSecret::Accepted
}

/// Compares two secrets in a time that depends on neither: their digests are compared, so that not even the
/// length shows.
pub(super) fn same_secret(one: &[u8], other: &[u8]) -> bool {
    Sha256::digest(one)
        .as_slice()
        .ct_eq(Sha256::digest(other).as_slice())
        .into()
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderName, HeaderValue};
    use rt_manage_shared::config::PLACEHOLDER_API_SECRET;

    use super::*;

    #[test]
    fn private_peers() {
        for near in [
            "127.0.0.1",
            "127.9.9.9",
            "10.0.0.1",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "169.254.1.1",
            "::1",
            "fd00::1",
            "fc00::1",
            "fe80::1",
            "::ffff:10.0.0.1",
            "::ffff:127.0.0.1",
        ] {
            assert!(is_private_peer(near.parse().unwrap()), "{near}");
        }
        for far in [
            "8.8.8.8",
            "172.32.0.1",
            "172.15.0.1",
            "192.169.0.1",
            "100.64.0.1",
            "0.0.0.0",
            "2001:db8::1",
            "2606:4700::1",
            "::ffff:8.8.8.8",
            "::",
        ] {
            assert!(!is_private_peer(far.parse().unwrap()), "{far}");
        }
    }

    #[test]
    fn forwarding_headers() {
        for name in [
            "Forwarded",
            "X-Forwarded-For",
            "x-real-ip",
            "X-Forwarded-Host",
            "X-Forwarded-Proto",
            "CF-Connecting-IP",
            "True-Client-IP",
            "Via",
        ] {
            let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
            let headers = HeaderMap::from_iter([(name.clone(), HeaderValue::from_static(""))]);
            assert!(has_forwarding_header(&headers), "{name}");
        }
        let plain = [
            ("host", "x"),
            ("user-agent", "curl"),
            ("x-api-secret", "s"),
            ("origin", "null"),
        ];
        let plain = plain.map(|(name, value)| {
            (
                HeaderName::from_static(name),
                HeaderValue::from_static(value),
            )
        });
        assert!(!has_forwarding_header(&HeaderMap::from_iter(plain)));
    }

    #[test]
    fn the_placeholder_is_for_near_callers_only() {
        let shipped = AuthConfig::default();
        let own = AuthConfig {
            api_secret: "own-secret".into(),
            ..AuthConfig::default()
        };
        let placeholder = PLACEHOLDER_API_SECRET.as_bytes();
        let (near, far) = (IpAddr::from([172, 17, 0, 1]), IpAddr::from([8, 8, 8, 8]));
        let direct = HeaderMap::new();
        let name = HeaderName::from_static("x-forwarded-for");
        let forwarded = HeaderMap::from_iter([(name, HeaderValue::from_static("10.0.0.1"))]);
        for (config, presented, peer, headers, expected) in [
            (
                &shipped,
                placeholder,
                Some(near),
                &direct,
                ApiSecret::Accepted,
            ),
            (
                &shipped,
                placeholder,
                Some(far),
                &direct,
                ApiSecret::PlaceholderFromOutside,
            ),
            (
                &shipped,
                placeholder,
                None,
                &direct,
                ApiSecret::PlaceholderFromOutside,
            ),
            (
                &shipped,
                placeholder,
                Some(near),
                &forwarded,
                ApiSecret::PlaceholderFromOutside,
            ),
            (
                &shipped,
                b"wrong".as_slice(),
                Some(near),
                &direct,
                ApiSecret::Wrong,
            ),
            (&own, placeholder, Some(near), &direct, ApiSecret::Wrong),
            (
                &own,
                b"own-secret".as_slice(),
                Some(far),
                &forwarded,
                ApiSecret::Accepted,
            ),
            (
                &own,
                b"own-secre".as_slice(),
                Some(near),
                &direct,
                ApiSecret::Wrong,
            ),
            (&own, b"".as_slice(), Some(near), &direct, ApiSecret::Wrong),
        ] {
            assert_eq!(check_api_secret(config, presented, peer, headers), expected);
        }
    }
}
