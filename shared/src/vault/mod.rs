//! Everything that keeps a secret secret: the redacted [`Secret`], the keyring and sealed values,
//! and the fingerprints by which refresh tokens are compared without being known.

mod secret;

pub use secret::Secret;
