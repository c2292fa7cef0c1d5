//! The executor: with `row.rs` and the files of `pool` the only one that knows the drivers.
//!
//! [`Db`] is a closed enum over native drivers, [`Tx`] a transaction on one of them.
//! Table modules are plain code over [`Execute`] and never see a driver. A new back end is a variant here and in
//! `dialect.rs`, a file in `pool/`, its error codes, and a folder of migrations.

use std::{
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use sqlx::{AssertSqlSafe, MySql, MySqlPool, PgPool, Postgres, Sqlite, SqlitePool};

use crate::clock::Millis;

use super::{
    dialect::Dialect,
    error::{DbError, is_broken},
    names::Names,
    row::Row,
    sql::{Arg, Statement, sql},
};

/// Longest wait for a server's answer. Longer than its own waits for locks; far shorter than the quarter of an hour that
/// the kernel takes to find that the other host is gone, and no statement of ours takes this long.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);

/// A handle to the database; cheap to clone.
#[derive(Debug, Clone)]
pub struct Db {
    pub(super) backend: Backend,
    pub(super) names: Arc<Names>,
    pub(super) connections: Arc<AtomicU64>,
}

/// The back ends. Pools are shared here only: what their hooks know of them does not keep them alive.
#[derive(Debug, Clone)]
pub(super) enum Backend {
    /// One writer connection (SQLite has one writer anyway; a queue in front of it is fairer than `SQLITE_BUSY`)
    /// and several readers.
    Sqlite {
        read: Arc<SqlitePool>,
        write: SqlitePool,
    },
    MySql(Arc<MySqlPool>),
    Postgres(Arc<PgPool>),
}

/// A transaction; rolled back when dropped without [`Tx::commit`]. Any error of a statement ends it on all back ends
/// (PostgreSQL would roll back at a commit and report success; MySQL would go on outside of it after a dead-lock).
pub struct Tx {
    inner: TxInner,
    names: Arc<Names>,
    failed: bool,
}

enum TxInner {
    Sqlite(sqlx::Transaction<'static, Sqlite>),
    MySql(sqlx::Transaction<'static, MySql>),
    Postgres(sqlx::Transaction<'static, Postgres>),
}

/// Runs statements: on the database directly (each in a transaction of its own) or inside a [`Tx`].
pub trait Execute: Send {
    /// The SQL that is spoken here.
    fn dialect(&self) -> Dialect;

    /// All rows.
    fn fetch_all(
        &mut self,
        statement: Statement,
    ) -> impl Future<Output = Result<Vec<Row>, DbError>> + Send;

    /// Runs a write and tells how many rows it matched, changed or not.
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

    /// Runs an `INSERT` of one row, and does nothing where a unique index has its key already: `false`. Unlike
    /// [`DbError::Duplicate`] this leaves a transaction usable.
    fn insert_if_absent(
        &mut self,
        statement: Statement,
    ) -> impl Future<Output = Result<bool, DbError>> + Send;
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

/// Tries `$run` anew while connections turn out to be broken: each one in the pool may have outlived its server. Only
/// for what may run twice.
macro_rules! on_a_sound_connection {
    ($pool:expr, $run:expr) => {{
        let mut suspects = $pool.size();
        loop {
            match answer($run).await {
                Err(error) if suspects > 0 && is_broken(&error) => suspects -= 1,
                result => break result,
            }
        }
    }};
}

async fn answer<T>(call: impl Future<Output = Result<T, sqlx::Error>>) -> Result<T, sqlx::Error> {
    tokio::time::timeout(ANSWER_TIMEOUT, call)
        .await
        .unwrap_or_else(|_| {
            let text = "the server did not answer in time";
            Err(std::io::Error::new(std::io::ErrorKind::TimedOut, text).into())
        })
}

fn rows<R: Into<Row>>(rows: Vec<R>) -> Vec<Row> {
    rows.into_iter().map(R::into).collect()
}

impl Execute for &Db {
    fn dialect(&self) -> Dialect {
        self.names.dialect()
    }

    async fn fetch_all(&mut self, statement: Statement) -> Result<Vec<Row>, DbError> {
        let text = self.names.resolve(&statement.text);
        match &self.backend {
            Backend::Sqlite { read, .. } => {
                let found = bound!(text, statement.args).fetch_all(&**read).await?;
                Ok(rows(found))
            }
            Backend::MySql(pool) => {
                let found = on_a_sound_connection!(
                    pool,
                    bound!(Arc::clone(&text), statement.args.clone()).fetch_all(&**pool)
                );
                Ok(rows(found?))
            }
            Backend::Postgres(pool) => {
                let found = on_a_sound_connection!(
                    pool,
                    bound!(Arc::clone(&text), statement.args.clone()).fetch_all(&**pool)
                );
                Ok(rows(found?))
            }
        }
    }

    async fn execute(&mut self, statement: Statement) -> Result<u64, DbError> {
        let text = self.names.resolve(&statement.text);
        // Not repeated by itself: the answer that was lost may have been "done".
        Ok(match &self.backend {
            Backend::Sqlite { write, .. } => bound!(text, statement.args)
                .execute(write)
                .await?
                .rows_affected(),
            Backend::MySql(pool) => answer(bound!(text, statement.args).execute(&**pool))
                .await?
                .rows_affected(),
            Backend::Postgres(pool) => answer(bound!(text, statement.args).execute(&**pool))
                .await?
                .rows_affected(),
        })
    }

    async fn insert_if_absent(&mut self, mut statement: Statement) -> Result<bool, DbError> {
        if let Some(text) = self.dialect().insert_if_absent(&statement.text) {
            statement.text = text;
        }
        match self.execute(statement).await {
            Ok(inserted) => Ok(inserted > 0),
            Err(DbError::Duplicate) => Ok(false),
            Err(error) => Err(error),
        }
    }
}

impl Execute for Tx {
    fn dialect(&self) -> Dialect {
        self.names.dialect()
    }

    async fn fetch_all(&mut self, statement: Statement) -> Result<Vec<Row>, DbError> {
        let text = self.names.resolve(&statement.text);
        self.go_on()?;
        let found = match &mut self.inner {
            TxInner::Sqlite(tx) => bound!(text, statement.args)
                .fetch_all(&mut **tx)
                .await
                .map(rows),
            TxInner::MySql(tx) => answer(bound!(text, statement.args).fetch_all(&mut **tx))
                .await
                .map(rows),
            TxInner::Postgres(tx) => answer(bound!(text, statement.args).fetch_all(&mut **tx))
                .await
                .map(rows),
        };
        self.failed = found.is_err();
        Ok(found?)
    }

    async fn execute(&mut self, statement: Statement) -> Result<u64, DbError> {
        let matched = self.write(statement).await;
        self.failed = matched.is_err();
        matched
    }

    async fn insert_if_absent(&mut self, mut statement: Statement) -> Result<bool, DbError> {
        if let Some(text) = self.dialect().insert_if_absent(&statement.text) {
            statement.text = text;
        }
        let inserted = match self.write(statement).await {
            Ok(inserted) => Ok(inserted > 0),
            // Where this is an error at all, only the statement is undone.
            Err(DbError::Duplicate) => Ok(false),
            Err(error) => Err(error),
        };
        self.failed = inserted.is_err();
        inserted
    }
}

impl Tx {
    async fn write(&mut self, statement: Statement) -> Result<u64, DbError> {
        let text = self.names.resolve(&statement.text);
        self.go_on()?;
        Ok(match &mut self.inner {
            TxInner::Sqlite(tx) => bound!(text, statement.args)
                .execute(&mut **tx)
                .await?
                .rows_affected(),
            TxInner::MySql(tx) => answer(bound!(text, statement.args).execute(&mut **tx))
                .await?
                .rows_affected(),
            TxInner::Postgres(tx) => answer(bound!(text, statement.args).execute(&mut **tx))
                .await?
                .rows_affected(),
        })
    }

    fn go_on(&mut self) -> Result<(), DbError> {
        if self.failed {
            let text = "a statement of this transaction has failed, so it cannot go on";
            return Err(DbError::Other(sqlx::Error::Protocol(text.into())));
        }
        // Until the answer is here: a caller may give up waiting for it.
        self.failed = true;
        Ok(())
    }

    /// Makes the transaction durable.
    pub async fn commit(mut self) -> Result<(), DbError> {
        self.go_on()?;
        let done = match self.inner {
            TxInner::Sqlite(tx) => tx.commit().await,
            TxInner::MySql(tx) => answer(tx.commit()).await,
            TxInner::Postgres(tx) => answer(tx.commit()).await,
        };
        done.map_err(DbError::from)
    }
}

impl Db {
    /// Begins a writing transaction. On SQLite it takes the write lock at once (`BEGIN IMMEDIATE`), so that a
    /// transaction that has read never fails to write; on servers it reads what is committed (READ COMMITTED).
    pub async fn begin(&self) -> Result<Tx, DbError> {
        let inner = match &self.backend {
            Backend::Sqlite { write, .. } => {
                TxInner::Sqlite(write.begin_with("BEGIN IMMEDIATE").await?)
            }
            Backend::MySql(pool) => TxInner::MySql(on_a_sound_connection!(pool, pool.begin())?),
            Backend::Postgres(pool) => {
                TxInner::Postgres(on_a_sound_connection!(pool, pool.begin())?)
            }
        };
        Ok(Tx {
            inner,
            names: Arc::clone(&self.names),
            failed: false,
        })
    }

    /// The database's own wall clock.
    pub async fn server_time(&self) -> Result<Millis, DbError> {
        let statement = sql(self.names.dialect().server_time());
        let row = (&mut &*self).fetch_optional(statement).await?;
        let row =
            row.ok_or_else(|| DbError::Schema("the database does not tell its time".into()))?;
        let now = row.int("now")?;
        Ok(Millis(
            now.saturating_add(crate::hooks::clock_shift_millis()),
        ))
    }

    /// The version of the engine, as it says it: `3.51.1`, `10.11.14-MariaDB`.
    pub async fn engine_version(&self) -> Result<String, DbError> {
        let statement = sql(self.dialect().engine_version());
        let row = (&mut &*self).fetch_optional(statement).await?;
        let untold = || DbError::Schema("the database does not tell its version".into());
        row.ok_or_else(untold)?.text("version")
    }

    /// How many connections to a server have been made so far. A change means that another server may stand behind the
    /// address by now. Always 0 for a file.
    pub fn connections_made(&self) -> u64 {
        self.connections.load(Ordering::Acquire)
    }

    /// The name of the back end, for answers and logs.
    pub fn kind(&self) -> &'static str {
        self.names.dialect().name()
    }

    /// Whether a table exists; its name is given without prefix and need not be one of ours.
    pub async fn has_table(&self, name: &str) -> Result<bool, DbError> {
        let statement = sql(self.dialect().table_exists()).bind(self.table(name));
        let row = (&mut &*self).fetch_optional(statement).await?;
        row.map_or(Ok(false), |row| Ok(row.int("n")? > 0))
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
            Backend::MySql(pool) => pool.close().await,
            Backend::Postgres(pool) => pool.close().await,
        }
    }
}
