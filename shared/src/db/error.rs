//! [`DbError`]: what can go wrong in storage, sorted by what a caller can do about it.

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

/// SQLite's primary result codes, <https://www.sqlite.org/rescode.html>.
mod sqlite_code {
    pub(super) const BUSY: i64 = 5;
    pub(super) const LOCKED: i64 = 6;
    pub(super) const READ_ONLY: i64 = 8;
    pub(super) const IO_ERROR: i64 = 10;
    pub(super) const FULL: i64 = 13;
    pub(super) const CANT_OPEN: i64 = 14;
}

impl From<sqlx::Error> for DbError {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::Database(inner) if inner.is_unique_violation() => Self::Duplicate,
            sqlx::Error::Database(inner) => {
                let code = inner.code().and_then(|code| code.parse::<i64>().ok());
                // Extended codes carry the primary one in their low byte.
                match code.map(|code| code & 0xff) {
                    Some(sqlite_code::BUSY | sqlite_code::LOCKED) => Self::Busy(error),
                    Some(sqlite_code::FULL | sqlite_code::READ_ONLY | sqlite_code::IO_ERROR) => {
                        Self::NotWritable(error)
                    }
                    Some(sqlite_code::CANT_OPEN) => Self::Unavailable(error),
                    _ => Self::Other(error),
                }
            }
            sqlx::Error::Io(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed
            | sqlx::Error::Tls(_) => Self::Unavailable(error),
            _ => Self::Other(error),
        }
    }
}
