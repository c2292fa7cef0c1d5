//! [`Egress`], the way out that a credential uses, and [`EgressKey`], its name where nothing secret may stand:
//! in circuit breakers, metrics, logs and the attempts table.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::proxy_url::{ProxyUrl, ProxyUrlError};
use crate::vault::Secret;

const DIRECT: &str = "direct";
const PROXY: &str = "proxy-";
/// Hexadecimal digits of the digest in a key: 64 bits tell any number of real proxies apart.
const DIGITS: usize = 16;

/// The name of an egress: `direct`, or `proxy-` and the first 16 hexadecimal digits of the SHA-256 of the
/// proxy's URL in its normal form. User name and password count: providers choose the exit by them.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct EgressKey(String);

/// A text that is not the key of an egress.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the key of an egress is `direct` or `proxy-` and 16 hexadecimal digits")]
pub struct InvalidEgressKey;

impl EgressKey {
    /// The key of the direct egress.
    pub fn direct() -> Self {
        Self(DIRECT.to_owned())
    }

    /// The key of an egress that is known by a name only.
    pub fn of_name(name: &str) -> Self {
        Self::of_digest(&Sha256::digest(name).into())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn of_digest(digest: &[u8; 32]) -> Self {
        let hex = digest.iter().flat_map(|byte| [byte >> 4, byte & 15]);
        let hex = hex.filter_map(|digit| char::from_digit(u32::from(digit), 16));
        Self(PROXY.chars().chain(hex.take(DIGITS)).collect())
    }
}

impl TryFrom<String> for EgressKey {
    type Error = InvalidEgressKey;
    fn try_from(text: String) -> Result<Self, InvalidEgressKey> {
        let digits = |digits: &str| {
            let hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
            digits.len() == DIGITS && digits.bytes().all(hex)
        };
        if text == DIRECT || text.strip_prefix(PROXY).is_some_and(digits) {
            Ok(Self(text))
        } else {
            Err(InvalidEgressKey)
        }
    }
}

impl FromStr for EgressKey {
    type Err = InvalidEgressKey;
    fn from_str(text: &str) -> Result<Self, InvalidEgressKey> {
        text.to_owned().try_into()
    }
}

impl From<EgressKey> for String {
    fn from(key: EgressKey) -> Self {
        key.0
    }
}

impl fmt::Display for EgressKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for EgressKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The way out to the upstream. `Display` shows `direct` or `scheme://host:port`.
#[derive(Debug, Clone)]
pub enum Egress {
    /// Without a proxy, whatever the environment says.
    Direct,
    /// Through this proxy or not at all.
    Proxy(ProxyUrl),
}

impl Egress {
    /// The egress of a setting: direct where there is none or an empty one.
    pub fn parse(proxy: Option<&Secret>) -> Result<Self, ProxyUrlError> {
        match proxy.map(|proxy| proxy.expose().trim()) {
            None | Some("") => Ok(Self::Direct),
            Some(url) => ProxyUrl::parse(url).map(Self::Proxy),
        }
    }

    /// Its name.
    pub fn key(&self) -> EgressKey {
        self.digest()
            .map_or_else(EgressKey::direct, |digest| EgressKey::of_digest(&digest))
    }

    /// The whole digest of a proxy's URL, to tell proxies apart where a wrong one must be impossible;
    /// nothing for the direct egress.
    pub fn digest(&self) -> Option<[u8; 32]> {
        match self {
            Self::Direct => None,
            Self::Proxy(proxy) => Some(Sha256::digest(proxy.expose().expose()).into()),
        }
    }
}

impl fmt::Display for Egress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Direct => f.write_str(DIRECT),
            Self::Proxy(proxy) => fmt::Display::fmt(proxy, f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(url: &str) -> String {
        let egress = Egress::parse(Some(&Secret::new(url))).unwrap();
        egress.key().to_string()
    }

    #[test]
    fn keys_follow_the_normal_form() {
        // printf 'http://u:p@proxy.example:80' | sha256sum
        assert_eq!(key("http://u:p@proxy.example"), "proxy-20809239b83009b4");
        assert_eq!(
            key("http://u:p@Proxy.example/"),
            key("http://u:p@proxy.example:80")
        );
        assert_ne!(
            key("http://u:p@proxy.example"),
            key("http://u:q@proxy.example")
        );
        assert_eq!(key(" "), "direct");
        assert_eq!(Egress::parse(None).unwrap().key(), EgressKey::direct());
    }

    #[test]
    fn keys_round_trip_and_others_are_refused() {
        let proxy = key("http://proxy.example");
        assert_eq!(proxy.parse::<EgressKey>().unwrap().as_str(), proxy);
        assert!("direct".parse::<EgressKey>().is_ok());
        for text in [
            "",
            "Direct",
            "proxy-",
            "proxy-0123456789abcdeg",
            "proxy-0123456789ABCDEF",
        ] {
            assert_eq!(text.parse::<EgressKey>(), Err(InvalidEgressKey));
        }
    }
}
