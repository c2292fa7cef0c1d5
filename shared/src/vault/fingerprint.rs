//! [`Fingerprint`]: how a refresh token is recognised without being known.

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::Secret;

/// Separates this hash from every other use of SHA-256, so that a fingerprint computed elsewhere for
/// another purpose can never equal ours.
const DOMAIN: &[u8] = b"rt-manage/refresh-token/v1\0";

/// Keyless SHA-256 of a refresh token, as 64 lower-case hex digits. Refresh tokens are random and long,
/// so the hash reveals nothing; being keyless it stays comparable after a change of the sealing key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Fingerprint(String);

impl Fingerprint {
    /// The fingerprint of a refresh token.
    pub fn of(refresh_token: &Secret) -> Self {
        let digest = Sha256::new()
            .chain_update(DOMAIN)
            .chain_update(refresh_token.expose().as_bytes())
            .finalize();
        Self(super::hex(&digest))
    }

    /// A fingerprint as read back from storage.
    pub fn from_stored(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The stored text form.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The first twelve digits: enough for a person to compare two of them.
    pub fn short(&self) -> &str {
        self.0.get(..12).unwrap_or(&self.0)
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_stable_and_domain_separated() {
        let fp = Fingerprint::of(&Secret::new("rt.1.example"));
        // Stored in databases for ever: a change of this value would forget every spent token.
        assert_eq!(
            fp.as_str(),
            "29f7de404efe4320134d67ed00a126eef8a402d91f67fde3493d2c5e45b20c28"
        );
        assert_eq!(fp.short().len(), 12);
    }
}
