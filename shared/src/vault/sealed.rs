//! [`Vault`]: authenticated encryption of single values, bound to the place where they are stored.
//!
//! Layout of a sealed value: `version (1) | length of key id | key id | nonce (24) | ciphertext and tag`.
//! The place (table, row, column) is authenticated but not stored: a value copied to another row or
//! column does not open there.

use chacha20poly1305::{
    KeyInit as _, XChaCha20Poly1305, XNonce,
    aead::{Aead as _, Payload},
};
use rand::Rng as _;
use std::sync::Arc;
use zeroize::Zeroizing;

use super::{Keyring, Secret};

const VERSION: u8 = 1;
/// The nonce of `XChaCha20`: long enough to be drawn at random for any number of values.
const NONCE_BYTES: usize = 24;

/// Where a sealed value stands.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// Table name without prefix, or `journal`.
    pub table: &'a str,
    /// The row's primary key.
    pub row: &'a str,
    /// Column name.
    pub column: &'a str,
}

impl Place<'_> {
    /// Unambiguous bytes: each part is preceded by its length.
    fn associated_data(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for part in [self.table, self.row, self.column] {
            bytes.extend_from_slice(&u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes());
            bytes.extend_from_slice(part.as_bytes());
        }
        bytes
    }
}

/// Why a value could not be sealed or opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VaultError {
    /// The value was sealed with a key that this process does not hold.
    #[error(
        "sealed with key `{0}`, which this process does not hold: add it to RTM_MASTER_KEYS or to the key file"
    )]
    MissingKey(String),
    /// The bytes are not a sealed value of a known version.
    #[error("not a sealed value of a known version")]
    Format,
    /// The value was altered, stands in another place than it was sealed for, or the key is a different one of the same name.
    #[error(
        "the sealed value does not open: altered, moved, or sealed with another key of the same id"
    )]
    Rejected,
}

/// Seals and opens values with a [`Keyring`]. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Vault {
    keyring: Arc<Keyring>,
}

impl Vault {
    /// A vault over these keys.
    pub fn new(keyring: Keyring) -> Self {
        Self {
            keyring: Arc::new(keyring),
        }
    }

    /// The keys in use.
    pub fn keyring(&self) -> &Keyring {
        &self.keyring
    }

    /// Seals `plain` for `place` with the active key.
    pub fn seal(&self, place: Place<'_>, plain: &[u8]) -> Result<Vec<u8>, VaultError> {
        let id = self.keyring.active_id().as_str();
        let key = self
            .keyring
            .active()
            .ok_or_else(|| VaultError::MissingKey(id.to_owned()))?;
        let mut nonce = [0_u8; NONCE_BYTES];
        rand::rng().fill_bytes(&mut nonce);
        let payload = Payload {
            msg: plain,
            aad: &place.associated_data(),
        };
        let ciphertext = XChaCha20Poly1305::new((&**key).into())
            .encrypt(&XNonce::from(nonce), payload)
            .map_err(|_| VaultError::Rejected)?;
        let id_length = u8::try_from(id.len()).map_err(|_| VaultError::Format)?;
        let mut sealed = Vec::with_capacity(2 + id.len() + NONCE_BYTES + ciphertext.len());
        sealed.extend_from_slice(&[VERSION, id_length]);
        sealed.extend_from_slice(id.as_bytes());
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(&ciphertext);
        Ok(sealed)
    }

    /// Seals a text.
    pub fn seal_secret(&self, place: Place<'_>, secret: &Secret) -> Result<Vec<u8>, VaultError> {
        self.seal(place, secret.expose().as_bytes())
    }

    /// Opens a value sealed for `place`.
    pub fn open(&self, place: Place<'_>, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        let (id, rest) = key_id(sealed)?;
        let key = self
            .keyring
            .get(id)
            .ok_or_else(|| VaultError::MissingKey(id.to_owned()))?;
        let (nonce, ciphertext) = rest
            .split_first_chunk::<NONCE_BYTES>()
            .ok_or(VaultError::Format)?;
        let payload = Payload {
            msg: ciphertext,
            aad: &place.associated_data(),
        };
        XChaCha20Poly1305::new((&**key).into())
            .decrypt(&XNonce::from(*nonce), payload)
            .map(Zeroizing::new)
            .map_err(|_| VaultError::Rejected)
    }

    /// Opens a sealed text.
    pub fn open_secret(&self, place: Place<'_>, sealed: &[u8]) -> Result<Secret, VaultError> {
        let plain = self.open(place, sealed)?;
        let text = std::str::from_utf8(&plain).map_err(|_| VaultError::Format)?;
        Ok(Secret::new(text))
    }
}

fn key_id(sealed: &[u8]) -> Result<(&str, &[u8]), VaultError> {
    let [VERSION, length, rest @ ..] = sealed else {
        return Err(VaultError::Format);
    };
    let (id, rest) = rest
        .split_at_checked(usize::from(*length))
        .ok_or(VaultError::Format)?;
    let id = std::str::from_utf8(id).map_err(|_| VaultError::Format)?;
    Ok((id, rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const PLACE: Place<'static> = Place {
        table: "grants",
        row: "01",
        column: "rt",
    };

    fn vault() -> Vault {
        Vault::new(Keyring::parse(&Keyring::generate_text("k1")).unwrap())
    }

    #[test]
    fn opens_only_in_its_place_and_unaltered() {
        let vault = vault();
        let sealed = vault.seal_secret(PLACE, &Secret::new("canary")).unwrap();
        assert!(!sealed.windows(6).any(|window| window == b"canary"));
        assert_eq!(
            vault.open_secret(PLACE, &sealed).unwrap().expose(),
            "canary"
        );
        let elsewhere = Place {
            column: "at",
            ..PLACE
        };
        assert_eq!(vault.open(elsewhere, &sealed), Err(VaultError::Rejected));
        for index in 0..sealed.len() {
            let mut altered = sealed.clone();
            altered[index] ^= 1;
            assert!(vault.open(PLACE, &altered).is_err(), "byte {index}");
        }
    }

    #[test]
    fn names_the_missing_key() {
        let other = Vault::new(Keyring::parse(&Keyring::generate_text("k2")).unwrap());
        let sealed = vault().seal(PLACE, b"x").unwrap();
        assert_eq!(
            other.open(PLACE, &sealed),
            Err(VaultError::MissingKey("k1".into()))
        );
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_open_or_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(vault().open(PLACE, &bytes).is_err());
        }
    }
}
