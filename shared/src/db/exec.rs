//! The executor: the only file that knows the back ends.
//!
//! [`Db`] is a closed enum over native drivers, [`Tx`] a transaction on one of them, [`Row`] a result row.
//! Table modules are plain code over [`Execute`] and never see a driver. A new back end is a variant here,
//! a connection in `pool.rs`, and a folder of migrations.

use std::{future::Future, sync::Arc};

use sqlx::{AssertSqlSafe, Row as _, Sqlite, SqlitePool, sqlite::SqliteRow};

use crate::clock::Millis;

use super::{
    error::DbError,
    sql::{Arg, Names, Statement, sql},
};

/// A handle to the database; cheap to clone.
#[derive(Debug, Clone)]
pub struct Db {
    pub(super) backend: Backend,
    pub(super) names: Arc<Names>,
}

/// The back ends.
#[derive(Debug, Clone)]
pub(super) enum Backend {
    /// One writer connection (SQLite has one writer anyway; a queue in front of it is fairer than `SQLITE_BUSY`)
    /// and several readers.
    Sqlite { read: SqlitePool, write: SqlitePool },
}

/// A transaction; rolled back when dropped without [`Tx::commit`].
pub struct Tx {
    inner: TxInner,
    names: Arc<Names>,
}

enum TxInner {
    Sqlite(sqlx::Transaction<'static, Sqlite>),
}

/// A result row.
pub struct Row(RowInner);

enum RowInner {
    Sqlite(SqliteRow),
}

/// Runs statements: on the database directly (each in a transaction of its own) or inside a [`Tx`].
pub trait Execute: Send {
    /// All rows.
    fn fetch_all(
        &mut self,
        statement: Statement,
    ) -> impl Future<Output = Result<Vec<Row>, DbError>> + Send;

    /// Runs a write and tells how many rows it matched.
    fn execute(
        &mut self,
        statement: Statement,
    ) -> impl Future<Output = Result<u64, DbError>> + Send;

    /// The first row.
    fn fetch_optional(
        &mut self,
        statement: Statement,
    ) -> impl Future<Output = Result<Option<Row>, DbError>> + Send {
        async { Ok(self.fetch_all(statement).await?.into_iter().next()) }
    }
}

macro_rules! bound {
    ($text:expr, $args:expr) => {{
        let mut query = sqlx::query(AssertSqlSafe($text));
        for arg in $args {
            query = match arg {
                Arg::Int(value) => query.bind(value),
                Arg::Text(value) => query.bind(value),
                Arg::Bytes(value) => query.bind(value),
            };
        }
        query
    }};
}

impl Execute for &Db {
    async fn fetch_all(&mut self, statement: Statement) -> Result<Vec<Row>, DbError> {
        let text = self.names.resolve(&statement.text);
        match &self.backend {
            Backend::Sqlite { read, .. } => {
                let rows = bound!(text, statement.args).fetch_all(read).await?;
                Ok(rows
                    .into_iter()
                    .map(|row| Row(RowInner::Sqlite(row)))
                    .collect())
            }
        }
    }

    async fn execute(&mut self, statement: Statement) -> Result<u64, DbError> {
        let text = self.names.resolve(&statement.text);
        match &self.backend {
            Backend::Sqlite { write, .. } => Ok(bound!(text, statement.args)
                .execute(write)
                .await?
                .rows_affected()),
        }
    }
}

impl Execute for Tx {
    async fn fetch_all(&mut self, statement: Statement) -> Result<Vec<Row>, DbError> {
        let text = self.names.resolve(&statement.text);
        match &mut self.inner {
            TxInner::Sqlite(tx) => {
                let rows = bound!(text, statement.args).fetch_all(&mut **tx).await?;
                Ok(rows
                    .into_iter()
                    .map(|row| Row(RowInner::Sqlite(row)))
                    .collect())
            }
        }
    }

    async fn execute(&mut self, statement: Statement) -> Result<u64, DbError> {
        let text = self.names.resolve(&statement.text);
        match &mut self.inner {
            TxInner::Sqlite(tx) => Ok(bound!(text, statement.args)
                .execute(&mut **tx)
                .await?
                .rows_affected()),
        }
    }
}

impl Tx {
    /// Makes the transaction durable.
    pub async fn commit(self) -> Result<(), DbError> {
        match self.inner {
            TxInner::Sqlite(tx) => Ok(tx.commit().await?),
        }
    }
}

impl Db {
    /// Begins a writing transaction. On SQLite it takes the write lock at once (`BEGIN IMMEDIATE`), so that a
    /// transaction that has read never fails to write.
    pub async fn begin(&self) -> Result<Tx, DbError> {
        let inner = match &self.backend {
            Backend::Sqlite { write, .. } => {
                TxInner::Sqlite(write.begin_with("BEGIN IMMEDIATE").await?)
            }
        };
        Ok(Tx {
            inner,
            names: Arc::clone(&self.names),
        })
    }

    /// The database's own wall clock.
    pub async fn server_time(&self) -> Result<Millis, DbError> {
        let statement = match self.backend {
            Backend::Sqlite { .. } => {
                sql("SELECT CAST(unixepoch('now', 'subsec') * 1000 AS INTEGER) AS now")
            }
        };
        let row = (&mut &*self).fetch_optional(statement).await?;
        let row =
            row.ok_or_else(|| DbError::Schema("the database does not tell its time".into()))?;
        let now = row.int("now")?;
        Ok(Millis(
            now.saturating_add(crate::hooks::clock_shift_millis()),
        ))
    }

    /// The name of the back end, for answers and logs.
    pub const fn kind(&self) -> &'static str {
        match self.backend {
            Backend::Sqlite { .. } => "sqlite",
        }
    }

    /// The full name of a table, prefix included.
    pub fn table(&self, name: &str) -> String {
        self.names.table(name)
    }

    /// Closes all connections; SQLite writes its log back into the database file.
    pub async fn close(&self) {
        match &self.backend {
            Backend::Sqlite { read, write } => {
                read.close().await;
                write.close().await;
            }
        }
    }
}

macro_rules! getters {
    ($($(#[$doc:meta])* $name:ident -> $type:ty),+ $(,)?) => {$(
        $(#[$doc])*
        pub fn $name(&self, column: &'static str) -> Result<$type, DbError> {
            match &self.0 {
                RowInner::Sqlite(row) => row.try_get::<$type, _>(column).map_err(DbError::from),
            }
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
