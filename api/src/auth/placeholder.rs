//! The secrets that ship in examples are known to everybody. They work, so that the first start does, but only
//! for callers who are near: directly connected from this host or from a private network (docs: "Secrets that
//! ship in examples").

use std::net::IpAddr;

use axum::http::{HeaderMap, HeaderName};
use rt_manage_shared::{config::AuthConfig, peer};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

/// Whether somebody between the client and us says so: the peer's address is then not the client's.
pub fn has_forwarding_header(headers: &HeaderMap) -> bool {
    peer::speaks_for_others(headers.keys().map(HeaderName::as_str))
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
    let near = peer.is_some_and(peer::is_private) && !has_forwarding_header(headers);
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
    use axum::http::HeaderValue;
    use rt_manage_shared::config::PLACEHOLDER_API_SECRET;

    use super::*;

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
