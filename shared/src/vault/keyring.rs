//! The sealing keys: which exist, and which one seals new values.

use std::{collections::BTreeMap, fmt, str::FromStr};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use rand::Rng as _;
use zeroize::Zeroizing;

/// XChaCha20-Poly1305 takes 256-bit keys.
const KEY_BYTES: usize = 32;

/// The name of a sealing key: it stands in front of each sealed value and in the database's register of
/// keys, so that a missing key can be named.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(String);

impl KeyId {
    /// The text form.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for KeyId {
    type Err = KeyringError;
    fn from_str(text: &str) -> Result<Self, KeyringError> {
        let allowed = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        // 32 characters: the length has to fit one byte of a sealed value, and people have to read it.
        if text.is_empty() || text.len() > 32 || !text.chars().all(allowed) {
            return Err(KeyringError::KeyId);
        }
        Ok(Self(text.to_owned()))
    }
}

/// Why a text of master keys is not usable. No variant carries key material.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyringError {
    /// No key at all.
    #[error(
        "no master key given: expected `id:base64`, several separated by commas or line breaks"
    )]
    Empty,
    /// A key without its name.
    #[error("master key number {0} is not of the form `id:base64`")]
    Form(usize),
    /// A name that is not allowed.
    #[error("a master key's id has 1 to 32 letters, digits, `-` or `_`")]
    KeyId,
    /// The key is not 32 bytes of base64.
    #[error(
        "master key `{0}` is not base64 of exactly 32 bytes (make one with `openssl rand -base64 32`)"
    )]
    Key(String),
    /// The same name twice.
    #[error("master key `{0}` is given twice")]
    Twice(String),
}

pub(super) type Key = Zeroizing<[u8; KEY_BYTES]>;

/// The keys that this process holds. The first one given seals new values; all of them open old ones.
#[derive(Clone)]
pub struct Keyring {
    active: KeyId,
    keys: BTreeMap<KeyId, Key>,
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keyring")
            .field("active", &self.active)
            .field("keys", &self.keys.keys().collect::<Vec<_>>())
            .finish()
    }
}

impl Keyring {
    /// Reads `id:base64` entries separated by commas or line breaks; `#` starts a comment line.
    pub fn parse(text: &str) -> Result<Self, KeyringError> {
        let mut keys = BTreeMap::new();
        let mut active = None;
        let entries = text
            .lines()
            .filter(|line| !line.trim_start().starts_with('#'))
            .flat_map(|line| line.split(','))
            .map(str::trim)
            .filter(|entry| !entry.is_empty());
        for (index, entry) in entries.enumerate() {
            let (id, key) = entry.split_once(':').ok_or(KeyringError::Form(index + 1))?;
            let id: KeyId = id.trim().parse()?;
            let bytes = Zeroizing::new(
                STANDARD
                    .decode(key.trim())
                    .map_err(|_| KeyringError::Key(id.to_string()))?,
            );
            let bytes = <[u8; KEY_BYTES]>::try_from(bytes.as_slice())
                .map_err(|_| KeyringError::Key(id.to_string()))?;
            active.get_or_insert_with(|| id.clone());
            if keys.insert(id.clone(), Zeroizing::new(bytes)).is_some() {
                return Err(KeyringError::Twice(id.to_string()));
            }
        }
        let active = active.ok_or(KeyringError::Empty)?;
        Ok(Self { active, keys })
    }

    /// A new random key, as the text that [`Keyring::parse`] reads: the content of a new key file.
    pub fn generate_text(id: &str) -> Zeroizing<String> {
        let mut key = Zeroizing::new([0_u8; KEY_BYTES]);
        rand::rng().fill_bytes(key.as_mut_slice());
        Zeroizing::new(format!("{id}:{}\n", STANDARD.encode(key.as_slice())))
    }

    /// The key that seals new values.
    pub fn active_id(&self) -> &KeyId {
        &self.active
    }

    /// The names of all keys held.
    pub fn ids(&self) -> impl Iterator<Item = &KeyId> {
        self.keys.keys()
    }

    pub(super) fn active(&self) -> Option<&Key> {
        self.keys.get(&self.active)
    }

    pub(super) fn get(&self, id: &str) -> Option<&Key> {
        self.keys
            .iter()
            .find_map(|(held, key)| (held.as_str() == id).then_some(key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_key_is_active_and_generated_text_parses() {
        let text = format!(
            "# comment\n{}{}",
            *Keyring::generate_text("k2"),
            *Keyring::generate_text("k1")
        );
        let ring = Keyring::parse(&text).unwrap();
        assert_eq!(ring.active_id().as_str(), "k2");
        assert_eq!(ring.ids().count(), 2);
    }

    #[test]
    fn each_fault_is_named_without_key_material() {
        for (text, expected) in [
            ("", KeyringError::Empty),
            ("canary", KeyringError::Form(1)),
            ("bad id:AAAA", KeyringError::KeyId),
            ("k1:canary", KeyringError::Key("k1".into())),
        ] {
            let error = Keyring::parse(text).unwrap_err();
            assert_eq!(error, expected);
            assert!(!error.to_string().contains("canary"));
        }
        let twice = format!(
            "{}{}",
            *Keyring::generate_text("k1"),
            *Keyring::generate_text("k1")
        );
        assert_eq!(
            Keyring::parse(&twice).unwrap_err(),
            KeyringError::Twice("k1".into())
        );
    }
}
