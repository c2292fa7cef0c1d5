//! `SQLite`: one file on this host.

use std::{path::Path, time::Duration};

use sqlx::{
    Connection as _, SqliteConnection,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous},
};

use super::{base, limited, options::DbOptions};
use crate::db::{error::DbError, exec::Backend};

/// How long a statement waits for another process's lock on the file before it reports `Busy`.
pub(in crate::db) const BUSY_TIMEOUT: Duration = Duration::from_secs(10);
/// `cache_size` of the connection that writes, in KiB where it is negative (<https://sqlite.org/pragma.html#pragma_cache_size>).
/// A part of an import touches more pages of the indexes than the 2 MiB of SQLite's default hold. With this and the next constant
/// the commits of an import of 100,000 took 2.0 s instead of 2.6 s (docs/performance.md), with four times as much of both 1.75 s.
const WRITER_CACHE: &str = "-16000";
/// Pages in the write-ahead log before they are copied into the database: 16 MiB. With SQLite's default of 1,000, each commit of an
/// import copies the same pages of the indexes once more.
const CHECKPOINT_PAGES: &str = "4000";
/// More reading threads than this do not make a local file faster.
const MAX_READERS: u32 = 8;

pub(super) async fn open(file: &Path, options: &DbOptions) -> Result<Backend, DbError> {
    if let Some(folder) = file.parent().filter(|path| *path != Path::new("")) {
        std::fs::create_dir_all(folder).map_err(|error| {
            DbError::Configuration(format!(
                "database.database: the folder {} cannot be made: {error}",
                folder.display()
            ))
        })?;
    }
    let connect = SqliteConnectOptions::new()
        .filename(file)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        // A commit that was acknowledged survives a power cut: the refresh token before it is spent.
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(BUSY_TIMEOUT)
        // Statements are written for the indexes that are there. With one built on the fly, the planner reads all grants to
        // update a hundred of them: 0.8 s at 100,000.
        .pragma("automatic_index", "OFF")
        .foreign_keys(false);
    let write = base(options)
        .max_connections(1)
        .max_lifetime(None)
        .idle_timeout(None)
        // Where a disk is full, SQLite may undo a transaction by itself. The driver's own roll-back then fails, and it would
        // take the connection, the only one that writes, to be inside that transaction for ever.
        .after_release(|connection: &mut SqliteConnection, _| {
            let sound = !connection.is_in_transaction();
            Box::pin(async move { Ok(sound) })
        })
        .connect_with(
            connect
                .clone()
                .pragma("cache_size", WRITER_CACHE)
                .pragma("wal_autocheckpoint", CHECKPOINT_PAGES),
        )
        .await
        .map_err(|error| {
            DbError::Configuration(format!(
                "database.database: {} cannot be opened: {error}",
                file.display()
            ))
        })?;
    let readers = base(options).max_connections(options.max_open.clamp(1, MAX_READERS));
    Ok(Backend::Sqlite {
        read: limited(readers, options, connect.read_only(true)),
        write,
    })
}
