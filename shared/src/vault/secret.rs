//! [`Secret`]: a string that cannot be printed, serialised or compared by accident.

use std::fmt;

use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Deserializer};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

/// A secret text (token, password, key). Its memory is wiped on drop; `Debug` shows `[redacted]`;
/// there is no `Display` and no `Serialize`, so it cannot reach a log or an answer unless somebody
/// writes [`Secret::expose`].
#[derive(Clone, Default)]
pub struct Secret(SecretString);

impl Secret {
    /// Takes ownership of a secret text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(SecretString::from(text.into()))
    }

    /// The plain text. Every call is a place to review: the result may go to the vault, to the
    /// upstream, or to the caller who has proven a right to it, and nowhere else.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// Whether somebody presents this secret. The time that takes tells nothing, not even the length: digests are
    /// compared.
    pub fn is(&self, presented: &[u8]) -> bool {
        Sha256::digest(self.expose())
            .as_slice()
            .ct_eq(Sha256::digest(presented).as_slice())
            .into()
    }

    /// Whether the text is empty.
    pub fn is_empty(&self) -> bool {
        self.expose().is_empty()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::new)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_never_shows_the_text() {
        let secret = Secret::new("canary-1");
        assert_eq!(
            format!("{secret:?} {:?}", Some(&secret)),
            "[redacted] Some([redacted])"
        );
        assert_eq!(secret.expose(), "canary-1");
    }

    #[test]
    fn only_the_same_text_is_the_secret() {
        let secret = Secret::new("canary-1");
        assert!(secret.is(b"canary-1"));
        assert!(!secret.is(b"canary-2") && !secret.is(b"canary-") && !secret.is(b""));
    }
}
