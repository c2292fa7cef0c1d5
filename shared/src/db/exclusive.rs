//! Keeps a second embedded process away from a database: embedded mode allows one.
//!
//! SQLite: a lock on a file beside the database. MySQL and PostgreSQL: a lock of the server that belongs to one
//! connection. All of them are released by the system when the process ends, however it ends.

use std::{
    fs::{File, TryLockError},
    path::{Path, PathBuf},
};

use sqlx::{Connection as _, MySqlConnection, PgConnection};

use super::{
    error::DbError,
    exec::{Backend, Db},
};

/// The lock; held as long as it lives.
#[derive(Debug)]
pub struct ExclusiveLock {
    db: Db,
    held: Held,
}

#[derive(Debug)]
enum Held {
    File { _file: File },
    MySql(Box<MySqlConnection>),
    Postgres(Box<PgConnection>),
}

/// Why the lock was not to be had.
#[derive(Debug, thiserror::Error)]
pub enum ExclusiveError {
    /// Another process has it.
    #[error(
        "another rt-manage process uses this database in embedded mode ({0}): stop it first, or set `queue.url` to run \
         several processes over Redis"
    )]
    Taken(String),
    /// The lock file cannot be used.
    #[error("{0}: {1}")]
    File(PathBuf, std::io::Error),
    /// The server cannot be asked.
    #[error(transparent)]
    Database(#[from] DbError),
}

fn broken(error: sqlx::Error) -> ExclusiveError {
    ExclusiveError::Database(error.into())
}

impl Db {
    /// Takes the lock of this installation (database and table prefix).
    pub async fn lock_exclusively(
        &self,
        sqlite_file: &Path,
    ) -> Result<ExclusiveLock, ExclusiveError> {
        let held = match &self.backend {
            Backend::Sqlite { .. } => lock_file(sqlite_file)?,
            Backend::MySql(_) | Backend::Postgres(_) => self.lock_on_server().await?,
        };
        Ok(ExclusiveLock {
            db: self.clone(),
            held,
        })
    }

    async fn lock_on_server(&self) -> Result<Held, ExclusiveError> {
        let name = format!("rt-manage/{}", self.table("embedded"));
        let taken = || ExclusiveError::Taken("it holds the lock on the database server".into());
        match &self.backend {
            Backend::Sqlite { .. } => Err(taken()),
            Backend::MySql(pool) => {
                let mut connection = pool.acquire().await.map_err(broken)?.detach();
                // Names are known to the whole server, so the database's is part of it; at most 64 characters.
                let lock = "SELECT GET_LOCK(SHA1(CONCAT(DATABASE(), '/', ?)), 0)";
                let got: Option<i64> = sqlx::query_scalar(lock)
                    .bind(&name)
                    .fetch_one(&mut connection)
                    .await
                    .map_err(broken)?;
                if got == Some(1) {
                    Ok(Held::MySql(Box::new(connection)))
                } else {
                    Err(taken())
                }
            }
            Backend::Postgres(pool) => {
                let mut connection = pool.acquire().await.map_err(broken)?.detach();
                let lock = "SELECT pg_try_advisory_lock(hashtextextended($1, 0))";
                let got: bool = sqlx::query_scalar(lock)
                    .bind(&name)
                    .fetch_one(&mut connection)
                    .await
                    .map_err(broken)?;
                if got {
                    Ok(Held::Postgres(Box::new(connection)))
                } else {
                    Err(taken())
                }
            }
        }
    }
}

impl ExclusiveLock {
    /// Makes sure that the lock is held: a connection that was lost has lost its lock, and takes it again unless
    /// another process was faster ([`ExclusiveError::Taken`]).
    pub async fn keep(&mut self) -> Result<(), ExclusiveError> {
        let alive = match &mut self.held {
            Held::File { .. } => true,
            Held::MySql(connection) => connection.ping().await.is_ok(),
            Held::Postgres(connection) => connection.ping().await.is_ok(),
        };
        if !alive {
            self.held = self.db.lock_on_server().await?;
        }
        Ok(())
    }
}

fn lock_file(database: &Path) -> Result<Held, ExclusiveError> {
    let mut path = database.as_os_str().to_owned();
    path.push(".lock");
    let path = PathBuf::from(path);
    let io = |error| ExclusiveError::File(path.clone(), error);
    let file = File::options()
        .create(true)
        .append(true)
        .open(&path)
        .map_err(io)?;
    match file.try_lock() {
        Ok(()) => Ok(Held::File { _file: file }),
        Err(TryLockError::WouldBlock) => Err(ExclusiveError::Taken(format!(
            "{} is locked",
            path.display()
        ))),
        Err(TryLockError::Error(error)) => Err(io(error)),
    }
}
