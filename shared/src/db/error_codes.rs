//! What the error codes of each back end mean to a caller.

use sqlx::{
    error::DatabaseError, mysql::MySqlDatabaseError, postgres::PgDatabaseError, sqlite::SqliteError,
};

/// What can be done about an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    /// A unique index was hit.
    Duplicate,
    /// Repeat the transaction.
    Busy,
    /// Full, or read-only.
    NotWritable,
    /// This connection is gone; another one may work at once.
    Broken,
    /// The server cannot serve us now.
    Unavailable,
    /// The tables are not there, e.g. after a failover to an empty server. They may come back: what is to be written must
    /// not be given up for it.
    NoSchema,
    /// A fault of ours, or of the database.
    Other,
}

pub(super) fn class_of(error: &dyn DatabaseError) -> Class {
    if error.is_unique_violation() {
        Class::Duplicate
    } else if let Some(error) = error.try_downcast_ref::<MySqlDatabaseError>() {
        mysql(error.number())
    } else if let Some(error) = error.try_downcast_ref::<PgDatabaseError>() {
        postgres(error.code())
    } else if let Some(error) = error.try_downcast_ref::<SqliteError>() {
        // The code of this one is that of any wrong statement.
        if error.message().starts_with("no such table") {
            return Class::NoSchema;
        }
        error
            .code()
            .and_then(|code| code.parse().ok())
            .map_or(Class::Other, sqlite)
    } else {
        Class::Other
    }
}

/// Whether a right is missing: to a database, table, column, function or statement.
pub(super) fn is_forbidden(error: &dyn DatabaseError) -> bool {
    if let Some(error) = error.try_downcast_ref::<MySqlDatabaseError>() {
        return matches!(error.number(), 1044 | 1142 | 1143 | 1227 | 1370);
    }
    error.code().as_deref() == Some("42501")
}

/// Result codes, <https://www.sqlite.org/rescode.html>. Extended codes carry the primary one in their low byte.
const fn sqlite(code: i64) -> Class {
    match code & 0xff {
        // BUSY, LOCKED
        5 | 6 => Class::Busy,
        // READONLY, IOERR, FULL
        8 | 10 | 13 => Class::NotWritable,
        // CANTOPEN
        14 => Class::Unavailable,
        _ => Class::Other,
    }
}

/// Error numbers, <https://dev.mysql.com/doc/mysql-errors/8.4/en/server-error-reference.html> and
/// <https://mariadb.com/docs/server/reference/error-codes/mariadb-error-code-reference>.
const fn mysql(number: u16) -> Class {
    match number {
        // The record changed since it was read, lock wait time-out, dead-lock, interrupted, statement time-outs.
        1020 | 1205 | 1213 | 1317 | 1969 | 3024 => Class::Busy,
        // Writing to a file failed, disk full, error of the storage engine (mostly its file system), table full,
        // `--read-only`, read-only transaction, read-only mode, InnoDB read-only.
        3 | 1021 | 1026 | 1030 | 1114 | 1290 | 1792 | 1836 | 1874 => Class::NotWritable,
        // Server is shutting down, aborted connections and packets, connection killed, server has gone away, lost
        // connection, closed for inactivity.
        1053 | 1152 | 1158..=1161 | 1184 | 1927 | 2006 | 2013 | 4031 => Class::Broken,
        // Too many connections (of the server, of the user), host blocked, resource limit; no longer let in.
        1040 | 1129 | 1203 | 1226 | 1044 | 1045 | 1698 => Class::Unavailable,
        // Unknown database, no such table.
        1049 | 1146 => Class::NoSchema,
        _ => Class::Other,
    }
}

/// SQLSTATEs, <https://www.postgresql.org/docs/current/errcodes-appendix.html>.
fn postgres(state: &str) -> Class {
    match state {
        // Serialization failure, dead-lock, lock not available, query cancelled.
        "40001" | "40P01" | "55P03" | "57014" => Class::Busy,
        // Read-only transaction, disk full, I/O error.
        "25006" | "53100" | "58030" => Class::NotWritable,
        // Shutdown, crash, starting up, idle time-outs.
        "57P01" | "57P02" | "57P03" | "57P05" | "25P03" | "25P04" => Class::Broken,
        // Database dropped, unknown database, unknown schema, no such table.
        "57P04" | "3D000" | "3F000" | "42P01" => Class::NoSchema,
        // Connection exceptions; no resources; no longer let in.
        _ => match state.get(..2) {
            Some("08") => Class::Broken,
            Some("53" | "28") => Class::Unavailable,
            _ => Class::Other,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_have_their_class() {
        // SQLITE_BUSY_SNAPSHOT is 5 with an extension.
        assert_eq!((sqlite(517), sqlite(13)), (Class::Busy, Class::NotWritable));
        assert_eq!((mysql(1213), mysql(1406)), (Class::Busy, Class::Other));
        assert_eq!(postgres("08006"), Class::Broken);
        assert_eq!(postgres("53300"), Class::Unavailable);
        assert_eq!(postgres("53100"), Class::NotWritable);
        assert_eq!(postgres(""), Class::Other);
    }
}
