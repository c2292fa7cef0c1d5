//! [`DbError`]: what can go wrong in storage, sorted by what a caller can do about it.

use super::error_codes::{self, Class};

/// An error of the storage layer.
#[derive(Debug, thiserror::Error)]
pub enum DbError {
    /// The database cannot be reached or does not answer; the same call may succeed later.
    #[error("the database is unavailable: {0}")]
    Unavailable(#[source] sqlx::Error),
    /// A lock was not to be had in time, or the transaction was chosen as a dead-lock's victim; repeat it.
    #[error("the database is busy: {0}")]
    Busy(#[source] sqlx::Error),
    /// The disk is full or the database may not be written; reads may go on.
    #[error("the database cannot be written: {0}")]
    NotWritable(#[source] sqlx::Error),
    /// A statement for many rows found one of them changed: nothing was written, and the work is repeated row by row.
    #[error("a row of a grouped write has changed in the meantime")]
    GuardMissed,
    /// A unique index was hit.
    #[error("a row with this key exists already")]
    Duplicate,
    /// A row contradicts itself or our schema.
    #[error("table {table}, row {row}, column {column}: {reason}")]
    Corrupt {
        /// Table name without prefix.
        table: &'static str,
        /// Primary key.
        row: String,
        /// Column name.
        column: &'static str,
        /// What is wrong.
        reason: String,
    },
    /// The schema could not be brought up to date.
    #[error("{0}")]
    Schema(String),
    /// The configuration does not lead to a database.
    #[error("{0}")]
    Configuration(String),
    /// Anything else: a fault of ours, or of the database.
    #[error("database error: {0}")]
    Other(#[source] sqlx::Error),
}

impl DbError {
    /// Whether the same work may succeed later without any change to it.
    pub const fn is_temporary(&self) -> bool {
        matches!(
            self,
            Self::Unavailable(_) | Self::Busy(_) | Self::NotWritable(_)
        )
    }
}

impl From<sqlx::Error> for DbError {
    fn from(error: sqlx::Error) -> Self {
        match class_of(&error) {
            Class::Duplicate => Self::Duplicate,
            Class::Busy => Self::Busy(error),
            Class::NotWritable => Self::NotWritable(error),
            Class::Broken | Class::Unavailable | Class::NoSchema => Self::Unavailable(error),
            Class::Other => Self::Other(error),
        }
    }
}

/// Whether the connection is of no use any more, though another one may be. A server that takes too long is not asked
/// again at once.
pub(super) fn is_broken(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(error) => error.kind() != std::io::ErrorKind::TimedOut,
        _ => class_of(error) == Class::Broken,
    }
}

/// Whether the error says that a table, or the whole database, does not exist.
pub(super) fn lacks_schema(error: &DbError) -> bool {
    matches!(error, DbError::Unavailable(error) if class_of(error) == Class::NoSchema)
}

/// Whether the server says that the user lacks a right.
pub(super) fn is_forbidden(error: &sqlx::Error) -> bool {
    matches!(error, sqlx::Error::Database(error) if error_codes::is_forbidden(error.as_ref()))
}

fn class_of(error: &sqlx::Error) -> Class {
    match error {
        sqlx::Error::Database(error) => error_codes::class_of(error.as_ref()),
        sqlx::Error::Io(_) | sqlx::Error::Protocol(_) | sqlx::Error::WorkerCrashed => Class::Broken,
        sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::Tls(_) => {
            Class::Unavailable
        }
        _ => Class::Other,
    }
}
