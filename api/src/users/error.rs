//! Why something about people was not done.

use rt_manage_shared::db::DbError;

use crate::{
    auth::{AuthError, HashError},
    error::FieldError,
};

/// Why something about people was not done.
#[derive(Debug, thiserror::Error)]
pub enum UsersError {
    /// Fields that are wrong.
    #[error("some fields are wrong")]
    Invalid(Vec<FieldError>),
    /// Nobody has this name.
    #[error("there is no such person")]
    NotFound,
    /// Somebody has this name already.
    #[error("somebody has this user name already")]
    NameTaken,
    /// The account of the configuration is an administrator in any case.
    #[error("the account that `auth.username` names is always an administrator who may log in")]
    Configured,
    /// Too many people.
    #[error("there are 500 people already, and no more can be added")]
    Full,
    /// Somebody else changed the same person.
    #[error("somebody else has just changed this person; look again")]
    Contended,
    /// The own password was not proven.
    #[error(transparent)]
    Auth(#[from] AuthError),
    /// The database.
    #[error(transparent)]
    Database(#[from] DbError),
}

impl From<HashError> for UsersError {
    fn from(error: HashError) -> Self {
        Self::Auth(error.into())
    }
}
