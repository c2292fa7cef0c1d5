//! What credentials refer to by name: proxies and client ids.

mod client_ids;
mod probe;
mod proxies;

pub use client_ids::{ClientIds, Use as ClientIdUse};
pub use probe::{Found, Way};
pub use proxies::{Change, Proxies, Use as ProxyUse};

use rt_manage_shared::{
    db::{DbError, MaybeBusy, counts::Count},
    model::credential::{TextError, check_label},
    vault::VaultError,
};

use crate::error::FieldError;

/// Longest name of an entry, in characters: a label in lists.
pub const MAX_NAME_CHARS: usize = 100;

/// Why nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum NamedError {
    /// Fields that cannot be accepted.
    #[error("some fields cannot be accepted")]
    Invalid(Vec<FieldError>),
    /// There is no such entry.
    #[error("there is no such entry")]
    NotFound,
    /// Another entry has this name, or this client id.
    #[error("there is such an entry already")]
    Taken,
    /// Credentials use it.
    #[error("credentials use this entry; give them another one first")]
    InUse(Count),
    /// Somebody else has changed it.
    #[error("the entry has revision {0} by now")]
    Changed(i64),
    /// The database.
    #[error(transparent)]
    Database(#[from] DbError),
    /// The vault.
    #[error(transparent)]
    Vault(#[from] VaultError),
}

impl MaybeBusy for NamedError {
    fn is_busy(&self) -> bool {
        matches!(self, Self::Database(error) if error.is_busy())
    }
}

fn check_name(name: &str, errors: &mut Vec<FieldError>) {
    let result = if name.trim().is_empty() {
        Err(TextError::Empty)
    } else {
        check_label(name, MAX_NAME_CHARS)
    };
    if let Err(error) = result {
        errors.push(FieldError::new("name", error.to_string()));
    }
}

fn done(errors: Vec<FieldError>) -> Result<(), NamedError> {
    if errors.is_empty() {
        Ok(())
    } else {
        Err(NamedError::Invalid(errors))
    }
}
