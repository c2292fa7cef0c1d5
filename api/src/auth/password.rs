//! Passwords: how they are hashed, compared and chosen.

use std::{sync::Arc, time::Duration};

use argon2::{
    Algorithm, Argon2, Params, Version,
    password_hash::{PasswordHasher as _, PasswordVerifier as _, phc::PasswordHash},
};
use rt_manage_shared::{config::PLACEHOLDER_PASSWORD, vault::Secret};
use tokio::sync::Semaphore;

use super::placeholder::same_secret;

// OWASP Password Storage Cheat Sheet, "Argon2id": 19 MiB, two passes, one lane.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// A hash of nothing, with our parameters: what is computed where there is none to compare with, so that the
/// time of an answer does not tell.
const DUMMY: &str = "$argon2id$v=19$m=19456,t=2,p=1$cnQtbWFuYWdlLWR1bW15$\
     AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// How a configured password that is a hash begins.
const PHC_PREFIX: &str = "$argon2id$";

/// Hashes computed at once: each takes a core and 19 MiB, and the rest of the process needs cores too.
const MAX_AT_ONCE: usize = 2;
/// How long a log-in waits for its turn before it is told to come back.
const MAX_WAIT: Duration = Duration::from_secs(10);

/// Shortest password that may be chosen (NIST SP 800-63B-4 asks for at least 8; there is one account here).
const MIN_PASSWORD_CHARS: usize = 10;
/// Longest password that may be chosen: far beyond any manager's, and no way to make hashing slow.
const MAX_PASSWORD_BYTES: usize = 1024;

/// Why a password may not be chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PasswordRule {
    /// Too short.
    #[error("has fewer than 10 characters")]
    TooShort,
    /// Too long.
    #[error("has more than 1024 bytes")]
    TooLong,
    /// The published one.
    #[error("is the published example; choose your own")]
    Placeholder,
    /// No change.
    #[error("is the current one; choose another")]
    Unchanged,
}

/// Checks a password that somebody chose.
pub fn check_new_password(new: &Secret) -> Result<(), PasswordRule> {
    let text = new.expose();
    if text == PLACEHOLDER_PASSWORD {
        return Err(PasswordRule::Placeholder);
    }
    if text.len() > MAX_PASSWORD_BYTES {
        return Err(PasswordRule::TooLong);
    }
    if text.chars().count() < MIN_PASSWORD_CHARS {
        return Err(PasswordRule::TooShort);
    }
    Ok(())
}

/// Why a password was not hashed or compared.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HashError {
    /// Too many log-ins at once.
    #[error("too many log-ins at once")]
    Busy,
    /// A fault of the hash function or of the runtime.
    #[error("hashing failed: {0}")]
    Failed(String),
}

/// Hashes a password with argon2id, as PHC text. Takes tens of milliseconds of a core.
pub fn hash_password(password: &Secret) -> Result<String, HashError> {
    let failed = |error: &dyn std::fmt::Display| HashError::Failed(error.to_string());
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None).map_err(|error| failed(&error))?;
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password(password.expose().as_bytes())
        .map(|hash| hash.to_string())
        .map_err(|error| failed(&error))
}

/// What a presented password is compared with.
#[derive(Debug, Clone)]
pub(super) enum Reference {
    /// PHC text.
    Hash(String),
    /// Plain text of the configuration.
    Plain(Secret),
}

impl Reference {
    /// A configured password: a hash where it looks like one.
    pub(super) fn configured(password: &Secret) -> Self {
        if password.expose().starts_with(PHC_PREFIX) {
            Self::Hash(password.expose().to_owned())
        } else {
            Self::Plain(password.clone())
        }
    }

    /// What nobody's password matches, at the cost of one that may.
    pub(super) fn nobodys() -> Self {
        Self::Hash(DUMMY.to_owned())
    }

    /// Whether a hash can be read at all; one that cannot would lock everybody out in silence.
    pub(super) fn is_readable(&self) -> bool {
        match self {
            Self::Hash(hash) => PasswordHash::new(hash).is_ok(),
            Self::Plain(_) => true,
        }
    }

    /// Compares. Every way through costs one hash.
    fn matches(&self, presented: &Secret) -> bool {
        let (hash, plain) = match self {
            Self::Hash(hash) => (hash.as_str(), None),
            Self::Plain(plain) => (DUMMY, Some(plain)),
        };
        let presented = presented.expose().as_bytes();
        let by_hash = PasswordHash::new(hash)
            .is_ok_and(|hash| Argon2::default().verify_password(presented, &hash).is_ok());
        plain.map_or(by_hash, |plain| {
            same_secret(plain.expose().as_bytes(), presented)
        })
    }
}

/// Hashes and compares beside the request threads, a few at a time; cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Passwords(Arc<Semaphore>);

impl Passwords {
    pub(super) fn new() -> Self {
        Self(Arc::new(Semaphore::new(MAX_AT_ONCE)))
    }

    pub(super) async fn matches(
        &self,
        reference: Reference,
        presented: Secret,
    ) -> Result<bool, HashError> {
        self.run(move || reference.matches(&presented)).await
    }

    pub(super) async fn hash(&self, password: Secret) -> Result<String, HashError> {
        self.run(move || hash_password(&password)).await?
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, HashError> {
        let turn = tokio::time::timeout(MAX_WAIT, Arc::clone(&self.0).acquire_owned());
        let turn = turn
            .await
            .map_err(|_| HashError::Busy)?
            .map_err(|_| HashError::Busy)?;
        tokio::task::spawn_blocking(move || {
            // Held by the work itself: a client that goes away does not free its turn before its time.
            let _turn = turn;
            work()
        })
        .await
        .map_err(|error| HashError::Failed(error.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_have_the_documented_cost_and_open_with_their_password_only() {
        let hash = hash_password(&"correct horse".into()).unwrap();
        assert!(
            hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
            "{hash}"
        );
        let reference = Reference::configured(&hash.clone().into());
        assert!(matches!(reference, Reference::Hash(_)));
        assert!(reference.matches(&"correct horse".into()));
        assert!(!reference.matches(&"correct horsf".into()));
        assert_ne!(hash, hash_password(&"correct horse".into()).unwrap());
    }

    #[test]
    fn the_dummy_costs_what_a_real_hash_costs_and_opens_for_nobody() {
        let dummy = Reference::Hash(DUMMY.to_owned());
        assert!(dummy.is_readable());
        assert!(!dummy.matches(&"".into()));
        let cost = |hash: &str| {
            hash.split('$')
                .take(4)
                .map(str::to_owned)
                .collect::<Vec<_>>()
        };
        assert_eq!(cost(DUMMY), cost(&hash_password(&"x".into()).unwrap()));
    }

    #[test]
    fn plain_text_is_compared_whole() {
        let reference = Reference::configured(&"pass word".into());
        assert!(reference.matches(&"pass word".into()));
        assert!(!reference.matches(&"pass wor".into()));
        assert!(!Reference::configured(&"$argon2id$nonsense".into()).is_readable());
    }

    #[test]
    fn rules_for_new_passwords() {
        for (text, expected) in [
            ("admin123", Err(PasswordRule::Placeholder)),
            ("123456789", Err(PasswordRule::TooShort)),
            ("密码密码密码密码密", Err(PasswordRule::TooShort)),
            ("密码密码密码密码密码", Ok(())),
            ("1234567890", Ok(())),
            (&"x".repeat(1024), Ok(())),
            (&"x".repeat(1025), Err(PasswordRule::TooLong)),
        ] {
            assert_eq!(check_new_password(&text.into()), expected, "{text}");
        }
    }
}
