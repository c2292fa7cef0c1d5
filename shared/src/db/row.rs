//! [`Row`]: a result row of any back end.

use sqlx::{Row as _, mysql::MySqlRow, postgres::PgRow, sqlite::SqliteRow};

use super::DbError;
use crate::clock::Millis;

/// A result row.
pub struct Row(RowInner);

enum RowInner {
    Sqlite(SqliteRow),
    MySql(MySqlRow),
    Postgres(PgRow),
}

impl From<SqliteRow> for Row {
    fn from(row: SqliteRow) -> Self {
        Self(RowInner::Sqlite(row))
    }
}

impl From<MySqlRow> for Row {
    fn from(row: MySqlRow) -> Self {
        Self(RowInner::MySql(row))
    }
}

impl From<PgRow> for Row {
    fn from(row: PgRow) -> Self {
        Self(RowInner::Postgres(row))
    }
}

macro_rules! getters {
    ($($(#[$doc:meta])* $name:ident -> $type:ty),+ $(,)?) => {$(
        $(#[$doc])*
        pub fn $name(&self, column: &'static str) -> Result<$type, DbError> {
            Ok(match &self.0 {
                RowInner::Sqlite(row) => row.try_get::<$type, _>(column)?,
                RowInner::MySql(row) => row.try_get::<$type, _>(column)?,
                RowInner::Postgres(row) => row.try_get::<$type, _>(column)?,
            })
        }
    )+};
}

impl Row {
    getters! {
        /// A number.
        int -> i64,
        /// A number or `NULL`.
        opt_int -> Option<i64>,
        /// A text.
        text -> String,
        /// A text or `NULL`.
        opt_text -> Option<String>,
        /// Bytes.
        bytes -> Vec<u8>,
        /// Bytes or `NULL`.
        opt_bytes -> Option<Vec<u8>>,
    }

    /// A stored time or `NULL`.
    pub fn opt_millis(&self, column: &'static str) -> Result<Option<Millis>, DbError> {
        Ok(self.opt_int(column)?.map(Millis))
    }

    /// A truth value, stored as 0 or 1.
    pub fn flag(&self, column: &'static str) -> Result<bool, DbError> {
        Ok(self.int(column)? != 0)
    }

    /// A count that must not be negative.
    pub fn count(&self, column: &'static str) -> Result<u32, DbError> {
        Ok(u32::try_from(self.int(column)?).unwrap_or(u32::MAX))
    }
}
