//! Opens the database with the durability that a rotated token needs.

use std::{
    path::Path,
    sync::{Arc, OnceLock},
    time::Duration,
};

use sqlx::{
    SqlitePool,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

use super::{
    error::DbError,
    exec::{Backend, Db},
    sql::Names,
};

/// How long a statement waits for another process's lock on the file before it reports `Busy`.
const SQLITE_BUSY_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a caller waits for a free connection before it reports `Unavailable`.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(10);
/// More reading threads than this do not make a local file faster.
const SQLITE_MAX_READERS: u32 = 8;
/// An unused connection is closed after this time.
const IDLE_TIMEOUT: Duration = Duration::from_mins(5);

/// Where the database is and how it may be used; the resolved form of the configuration's `database` section.
#[derive(Debug, Clone)]
pub struct DbOptions {
    /// The file of an SQLite database.
    pub sqlite_file: std::path::PathBuf,
    /// Prefix of every table's name, with its underscore.
    pub table_prefix: String,
    /// Most connections.
    pub max_open: u32,
    /// Most idle connections.
    pub max_idle: u32,
    /// Longest life of a connection.
    pub max_lifetime: Duration,
}

impl Db {
    /// Opens the database; creates an SQLite file and its folder where they are missing.
    pub async fn open(options: &DbOptions) -> Result<Self, DbError> {
        if let Some(folder) = options
            .sqlite_file
            .parent()
            .filter(|path| *path != Path::new(""))
        {
            std::fs::create_dir_all(folder).map_err(|error| {
                DbError::Configuration(format!(
                    "database.database: the folder {} cannot be made: {error}",
                    folder.display()
                ))
            })?;
        }
        let connect = SqliteConnectOptions::new()
            .filename(&options.sqlite_file)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            // A commit that was acknowledged survives a power cut: the refresh token before it is spent.
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(SQLITE_BUSY_TIMEOUT)
            .foreign_keys(false);
        let base = || {
            SqlitePoolOptions::new()
                .acquire_timeout(ACQUIRE_TIMEOUT)
                .max_lifetime((!options.max_lifetime.is_zero()).then_some(options.max_lifetime))
                .idle_timeout(IDLE_TIMEOUT)
                // A local file does not drop its connections.
                .test_before_acquire(false)
        };
        let write = base()
            .max_connections(1)
            .max_lifetime(None)
            .idle_timeout(None)
            .connect_with(connect.clone())
            .await
            .map_err(|error| {
                DbError::Configuration(format!(
                    "database.database: {} cannot be opened: {error}",
                    options.sqlite_file.display()
                ))
            })?;
        let read_pool = Arc::new(OnceLock::<SqlitePool>::new());
        let (limit, known) = (options.max_idle, Arc::clone(&read_pool));
        let read = base()
            .max_connections(options.max_open.clamp(1, SQLITE_MAX_READERS))
            .after_release(move |_, _| {
                let keep = known
                    .get()
                    .is_none_or(|pool| pool.num_idle() < limit as usize);
                Box::pin(async move { Ok(keep) })
            })
            .connect_lazy_with(connect.read_only(true));
        // The hook above only needs the pool after the first release.
        let _ = read_pool.set(read.clone());
        Ok(Self {
            backend: Backend::Sqlite { read, write },
            names: Arc::new(Names::new(options.table_prefix.clone())),
        })
    }
}
