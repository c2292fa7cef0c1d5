//! Everything that keeps a secret secret: the redacted [`Secret`], the keyring and sealed values,
//! and the fingerprints by which refresh tokens are compared without being known.

mod fingerprint;
mod keyring;
mod sealed;
mod secret;

pub use fingerprint::Fingerprint;
pub use keyring::{KeyId, Keyring, KeyringError};
pub use sealed::{Place, Vault, VaultError};
pub use secret::Secret;

/// Lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
            for nibble in [byte >> 4, byte & 0xf] {
                text.push(char::from_digit(u32::from(nibble), 16).unwrap_or('0'));
            }
            text
        })
}
