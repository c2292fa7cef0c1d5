//! [`ProxyUrl`]: a proxy's address, checked and in one normal form.
//!
//! The form is rebuilt from its parts rather than passed on: an HTTP client that cannot read a proxy's URL
//! may quietly connect without it, and nothing must ever leave by another way than the credential's own.

use std::{fmt, net::IpAddr};

use url::{Host, Url};

use super::address::{is_forbidden_address, is_private_address};
use crate::vault::Secret;

/// Longest proxy URL. Well above real ones (user names with session parameters reach some 300 bytes) and
/// below the 65,534 bytes at which URI readers give up.
const MAX_BYTES: usize = 2048;
/// Longest user name and password, decoded: one length byte each in SOCKS5 (RFC 1929).
const MAX_CREDENTIAL_BYTES: usize = 255;

/// The schemes, with the port that each means when none is written.
const SCHEMES: [(&str, u16); 4] = [
    ("http", 80),
    ("https", 443),
    ("socks5", 1080),
    ("socks5h", 1080),
];

/// Why a proxy URL cannot be used. The messages say what to do and never repeat the URL: it may contain a
/// password, in any part of a mistyped one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ProxyUrlError {
    /// Not a URL at all.
    #[error("this is not a proxy URL; write it as http://user:password@host:port")]
    Malformed,
    /// Longer than 2048 bytes.
    #[error("the proxy URL is longer than 2048 bytes")]
    TooLong,
    /// Another scheme.
    #[error("a proxy URL begins with http://, https://, socks5:// or socks5h://")]
    Scheme,
    /// No host, or one that is no host name.
    #[error("the proxy URL names no usable host; write it as http://user:password@host:port")]
    Host,
    /// A path, query or fragment.
    #[error("a proxy URL ends after the port; percent-encode `/`, `?` and `#` in the password")]
    Trailing,
    /// User name or password too long for SOCKS5.
    #[error("user name and password of a proxy have at most 255 bytes each")]
    Credentials,
    /// A link-local or metadata address.
    #[error(
        "link-local and cloud metadata addresses cannot be proxies; use the proxy's own address"
    )]
    ForbiddenAddress,
}

/// A proxy that may be used. `Debug` and `Display` show `scheme://host:port` only.
#[derive(Clone)]
pub struct ProxyUrl {
    url: Secret,
    shown: String,
    host: String,
    address: Option<IpAddr>,
    resolves_target: bool,
}

impl ProxyUrl {
    /// Checks and normalises a proxy's URL.
    pub fn parse(text: &str) -> Result<Self, ProxyUrlError> {
        let text = text.trim();
        if text.len() > MAX_BYTES {
            return Err(ProxyUrlError::TooLong);
        }
        let known = |scheme: &str| SCHEMES.into_iter().find(|(name, _)| *name == scheme);
        // `user:password@host` also parses as a URL of the scheme `user`: name the scheme first.
        let written = text.split_once("://").ok_or(ProxyUrlError::Scheme)?.0;
        let (scheme, default_port) =
            known(&written.to_ascii_lowercase()).ok_or(ProxyUrlError::Scheme)?;
        let url = Url::parse(text).map_err(|error| match error {
            url::ParseError::EmptyHost
            | url::ParseError::InvalidIpv4Address
            | url::ParseError::InvalidIpv6Address
            | url::ParseError::InvalidDomainCharacter
            | url::ParseError::IdnaError => ProxyUrlError::Host,
            _ => ProxyUrlError::Malformed,
        })?;
        if !matches!(url.path(), "" | "/") || url.query().is_some() || url.fragment().is_some() {
            return Err(ProxyUrlError::Trailing);
        }
        let host = host(&url)?;
        let address = match host {
            Host::Ipv4(v4) => Some(IpAddr::V4(v4)),
            Host::Ipv6(v6) => Some(IpAddr::V6(v6)),
            Host::Domain(_) => None,
        };
        if address.is_some_and(is_forbidden_address) {
            return Err(ProxyUrlError::ForbiddenAddress);
        }
        // The port is always written, so that `host` and `host:80` are one egress.
        let at = format!("{host}:{}", url.port().unwrap_or(default_port));
        let user = user_info(&url)?;
        Ok(Self {
            url: Secret::new(format!("{scheme}://{user}{at}")),
            shown: format!("{scheme}://{at}"),
            host: host.to_string(),
            address,
            resolves_target: scheme != "socks5",
        })
    }

    /// The normal form with credentials, for the HTTP client.
    pub fn expose(&self) -> &Secret {
        &self.url
    }

    /// `scheme://host:port`, without credentials.
    pub fn shown(&self) -> &str {
        &self.shown
    }

    /// The proxy's host name, or its address as text.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Whether the URL itself names a private address. A name that resolves to one is found when it is
    /// resolved.
    pub fn is_private_literal(&self) -> bool {
        self.address.is_some_and(is_private_address)
    }

    /// Whether the proxy resolves the target's name (all but `socks5`): then no other name than the proxy's
    /// own is ever resolved here.
    pub fn resolves_target(&self) -> bool {
        self.resolves_target
    }
}

/// The host by the rules of web URLs for all schemes: the parser leaves that of a SOCKS URL as it was
/// written, and `0xa9fea9fe` is an address too.
fn host(url: &Url) -> Result<Host<String>, ProxyUrlError> {
    let text = url.host_str().ok_or(ProxyUrlError::Host)?;
    let host = Host::parse(text).map_err(|_| ProxyUrlError::Host)?;
    if let Host::Domain(name) = &host {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
        if name.is_empty() || name.len() > 253 || !name.bytes().all(plain) {
            return Err(ProxyUrlError::Host);
        }
    }
    Ok(host)
}

/// `user:password@` with everything but unreserved characters (RFC 3986, section 2.3) percent-encoded.
fn user_info(url: &Url) -> Result<String, ProxyUrlError> {
    let encode = |part: &str| {
        let decoded = percent_decoded(part.as_bytes());
        if decoded.len() > MAX_CREDENTIAL_BYTES {
            return Err(ProxyUrlError::Credentials);
        }
        let unreserved =
            |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~');
        let encoded = decoded.into_iter().map(|byte| match byte {
            byte if unreserved(byte) => char::from(byte).to_string(),
            byte => format!("%{byte:02X}"),
        });
        Ok(encoded.collect::<String>())
    };
    Ok(match (url.username(), url.password()) {
        ("", None) => String::new(),
        (user, None) => format!("{}@", encode(user)?),
        (user, Some(password)) => format!("{}:{}@", encode(user)?, encode(password)?),
    })
}

fn percent_decoded(mut bytes: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(bytes.len());
    while let Some((&first, rest)) = bytes.split_first() {
        let hex = rest.get(..2).filter(|_| first == b'%');
        let hex = hex.and_then(|pair| std::str::from_utf8(pair).ok());
        let hex = hex.filter(|pair| pair.bytes().all(|byte| byte.is_ascii_hexdigit()));
        if let Some(byte) = hex.and_then(|pair| u8::from_str_radix(pair, 16).ok()) {
            decoded.push(byte);
            bytes = rest.get(2..).unwrap_or_default();
        } else {
            decoded.push(first);
            bytes = rest;
        }
    }
    decoded
}

impl fmt::Display for ProxyUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

impl fmt::Debug for ProxyUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn normal(text: &str) -> Result<String, ProxyUrlError> {
        ProxyUrl::parse(text).map(|proxy| proxy.expose().expose().to_owned())
    }

    #[test]
    fn good_urls_get_one_normal_form() {
        for (text, form) in [
            ("http://Proxy.Example", "http://proxy.example:80"),
            (" https://proxy.example/ ", "https://proxy.example:443"),
            ("SOCKS5://127.1:9", "socks5://127.0.0.1:9"),
            ("socks5h://[::1]", "socks5h://[::1]:1080"),
            ("http://u:p@ss@h:1", "http://u:p%40ss@h:1"),
            ("http://u%2D1:p%2f%zz@h:1", "http://u-1:p%2F%25zz@h:1"),
            ("http://user@h:1", "http://user@h:1"),
        ] {
            assert_eq!(normal(text).as_deref(), Ok(form), "{text}");
        }
    }

    #[test]
    fn bad_urls_are_named() {
        for (text, error) in [
            ("", ProxyUrlError::Scheme),
            ("host:8080", ProxyUrlError::Scheme),
            ("user:pw@host:8080", ProxyUrlError::Scheme),
            ("ftp://host", ProxyUrlError::Scheme),
            ("socks4://host", ProxyUrlError::Scheme),
            ("http://", ProxyUrlError::Host),
            ("socks5://:1080", ProxyUrlError::Host),
            ("socks5://a%20b:1080", ProxyUrlError::Host),
            ("http://host:99999", ProxyUrlError::Malformed),
            ("http://host/path", ProxyUrlError::Trailing),
            ("http://u:p?@host", ProxyUrlError::Malformed),
            ("http://169.254.169.254", ProxyUrlError::ForbiddenAddress),
            ("socks5://0xa9fea9fe:1", ProxyUrlError::ForbiddenAddress),
            ("socks5://169.254.1.1:1", ProxyUrlError::ForbiddenAddress),
            ("http://[fe80::1]:1", ProxyUrlError::ForbiddenAddress),
            ("http://[fd00:ec2::254]", ProxyUrlError::ForbiddenAddress),
        ] {
            let result = normal(text);
            assert_eq!(result, Err(error), "{text}");
        }
        assert_eq!(
            normal(&format!("http://{}@h", "u".repeat(256))),
            Err(ProxyUrlError::Credentials)
        );
        assert_eq!(
            normal(&format!("http://{}", "h".repeat(3000))),
            Err(ProxyUrlError::TooLong)
        );
    }

    #[test]
    fn nothing_shown_has_credentials() {
        let proxy = ProxyUrl::parse("socks5://canary-u:canary-p@127.0.0.1:1").unwrap();
        assert_eq!(
            format!("{proxy} {proxy:?}"),
            "socks5://127.0.0.1:1 socks5://127.0.0.1:1"
        );
        assert!(proxy.is_private_literal() && !proxy.resolves_target());
    }

    proptest! {
        #[test]
        fn the_normal_form_is_stable(text in "(https?|socks5h?)://([!-~é ]{0,12}(:[!-~é ]{0,12})?@)?[a-z0-9.:%\\[\\]-]{0,20}") {
            if let Ok(form) = normal(&text) {
                prop_assert_eq!(normal(&form), Ok(form.clone()));
                prop_assert!(form.bytes().all(|byte| byte.is_ascii_graphic()));
            }
        }

        #[test]
        fn any_text_is_read_or_refused(text in ".{0,60}") {
            let _ = ProxyUrl::parse(&text);
        }
    }
}
