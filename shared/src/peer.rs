//! What can be known of whoever connects to us.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

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
pub fn is_private(address: IpAddr) -> bool {
    let v4 = |v4: Ipv4Addr| v4.is_loopback() || v4.is_private() || v4.is_link_local();
    let v6 = |v6: Ipv6Addr| v6.is_loopback() || v6.is_unique_local() || v6.is_unicast_link_local();
    match address.to_canonical() {
        IpAddr::V4(address) => v4(address),
        IpAddr::V6(address) => v6(address),
    }
}

/// Whether a request with headers of these names (in lower case) says that somebody stands between its sender and us: the
/// peer's address is then not the sender's.
pub fn speaks_for_others<'a>(headers: impl IntoIterator<Item = &'a str>) -> bool {
    headers
        .into_iter()
        .any(|name| FORWARDING_HEADERS.contains(&name) || name.starts_with(FORWARDING_PREFIX))
}

#[cfg(test)]
mod tests {
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
            assert!(is_private(near.parse().unwrap()), "{near}");
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
            assert!(!is_private(far.parse().unwrap()), "{far}");
        }
    }

    #[test]
    fn some_headers_name_somebody_else() {
        assert!(speaks_for_others(["host", "x-real-ip"]));
        assert!(speaks_for_others(["x-forwarded-anything"]));
        assert!(!speaks_for_others(["host", "user-agent", "x-api-secret"]));
    }
}
