//! Keeps processes of different modes away from one another's database.
//!
//! A process with the embedded queue must be alone: it locks the installation (database and table prefix) exclusively.
//! Processes that share a queue over Redis lock it together. Whoever comes second in another mode is refused.
//!
//! SQLite: a lock on a file beside the database. MySQL and PostgreSQL: locks of the server that belong to one connection.
//! All of them are released by the system when the process ends, however it ends.
//!
//! MySQL's named locks have no shared form. A row's lock would have one, but it lives in a transaction that stays open:
//! that keeps every change of its table waiting, ends with the server's limit on idle transactions, and needs the table
//! before the first migration. So a shared lock is one of 256 named locks, whichever is free. Each side takes its
//! own first and looks at the other's then: of two that come at the same moment at least one sees the other. They are
//! never both admitted.

use std::{
    fs::{File, TryLockError},
    path::{Path, PathBuf},
    time::Duration,
};

use sqlx::{
    Connection as _, MySql, MySqlConnection, PgConnection, mysql::MySqlArguments,
    query::QueryScalar, query_scalar,
};
use tokio_util::sync::CancellationToken;

use super::{
    error::DbError,
    exec::{Backend, Db},
};

/// Most processes that can share a MySQL database over Redis.
const SLOTS: u32 = 256;
/// How often, and at which distance, a process tries to get in beside an embedded one that may be on its way out.
const TRIES: u32 = 5;
const PAUSE: Duration = Duration::from_millis(200);
/// A lock is looked at this often: well within the time after which a claim is given up.
const CHECK: Duration = Duration::from_secs(5);

/// Who may have the database at the same time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LockMode {
    /// Nobody else: the queue is inside the process.
    Alone,
    /// Others of this mode: the queue is Redis.
    Together,
}

/// The lock; held as long as it lives.
#[derive(Debug)]
pub struct ProcessLock {
    db: Db,
    mode: LockMode,
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
pub enum LockError {
    /// Another process has it, in a mode that excludes ours.
    #[error("{0}")]
    Taken(String),
    /// The lock file cannot be used.
    #[error("{0}: {1}")]
    File(PathBuf, std::io::Error),
    /// The server cannot be asked.
    #[error(transparent)]
    Database(#[from] DbError),
}

fn broken(error: sqlx::Error) -> LockError {
    LockError::Database(error.into())
}

/// We want the lock in mode `ours`, and somebody has it in mode `theirs`; `place` says where that is seen.
fn taken(ours: LockMode, theirs: LockMode, place: &str) -> LockError {
    LockError::Taken(match (ours, theirs) {
        (LockMode::Alone, LockMode::Alone) => format!(
            "another rt-manage process uses this database in embedded mode ({place}): stop it first, or set `queue.url` to run \
             several processes over Redis"
        ),
        (LockMode::Alone, LockMode::Together) => format!(
            "other rt-manage processes use this database over Redis ({place}): set their `queue.url` here too, or stop them \
             first"
        ),
        (LockMode::Together, _) => format!(
            "another rt-manage process uses this database in embedded mode, without `queue.url` ({place}): stop it first, or \
             start it again with the same `queue.url`"
        ),
    })
}

const ON_SERVER: &str = "it holds the lock on the database server";

impl Db {
    /// Takes the lock of this installation (database and table prefix). `sqlite_file` is the database's file; servers
    /// need none.
    pub async fn lock(&self, mode: LockMode, sqlite_file: &Path) -> Result<ProcessLock, LockError> {
        let held = match &self.backend {
            Backend::Sqlite { .. } => lock_file(sqlite_file, mode)?,
            Backend::MySql(_) | Backend::Postgres(_) => self.lock_on_server(mode).await?,
        };
        Ok(ProcessLock {
            db: self.clone(),
            mode,
            held,
        })
    }

    async fn lock_on_server(&self, mode: LockMode) -> Result<Held, LockError> {
        let name = format!("rt-manage/{}", self.table("embedded"));
        match &self.backend {
            // A file's lock is not lost and taken again.
            Backend::Sqlite { .. } => Err(taken(mode, mode, ON_SERVER)),
            Backend::MySql(pool) => {
                let mut tries = 0;
                loop {
                    let mut connection = pool.acquire().await.map_err(broken)?.detach();
                    let refused = match mode {
                        LockMode::Alone => mysql_alone(&mut connection, &name).await?,
                        LockMode::Together => mysql_together(&mut connection, &name).await?,
                    };
                    let Some(error) = refused else {
                        return Ok(Held::MySql(Box::new(connection)));
                    };
                    // At once; the server notices the end of a connection a little later.
                    sqlx::query("DO RELEASE_ALL_LOCKS()")
                        .execute(&mut connection)
                        .await
                        .map_err(broken)?;
                    tries += 1;
                    // A process that is just being refused itself lets go within moments.
                    if mode == LockMode::Alone || tries == TRIES {
                        return Err(error);
                    }
                    tokio::time::sleep(PAUSE).await;
                }
            }
            Backend::Postgres(pool) => {
                let mut connection = pool.acquire().await.map_err(broken)?.detach();
                if try_postgres(&mut connection, mode, &name).await? {
                    return Ok(Held::Postgres(Box::new(connection)));
                }
                // What can be shared is shared by somebody.
                let shared = try_postgres(&mut connection, LockMode::Together, &name).await?;
                sqlx::query("SELECT pg_advisory_unlock_all()")
                    .execute(&mut connection)
                    .await
                    .map_err(broken)?;
                let theirs = if shared {
                    LockMode::Together
                } else {
                    LockMode::Alone
                };
                Err(taken(mode, theirs, ON_SERVER))
            }
        }
    }
}

async fn try_postgres(
    connection: &mut PgConnection,
    mode: LockMode,
    name: &str,
) -> Result<bool, LockError> {
    let lock = match mode {
        LockMode::Alone => "SELECT pg_try_advisory_lock(hashtextextended($1, 0))",
        LockMode::Together => "SELECT pg_try_advisory_lock_shared(hashtextextended($1, 0))",
    };
    query_scalar(lock)
        .bind(name)
        .fetch_one(connection)
        .await
        .map_err(broken)
}

// Names are known to the whole server, so the database's is part of each; they have at most 64 characters.
const GET: &str = "SELECT GET_LOCK(SHA1(CONCAT(DATABASE(), '/', ?)), 0)";
const IS_FREE: &str = "SELECT IS_FREE_LOCK(SHA1(CONCAT(DATABASE(), '/', ?)))";
const GET_SLOT: &str = "SELECT GET_LOCK(SHA1(CONCAT(DATABASE(), '/', ?, '/', ?)), 0)";
const SLOTS_ARE_FREE: &str = "WITH RECURSIVE slots (number) AS (SELECT 0 UNION ALL SELECT number + 1 FROM slots WHERE number + 1 < ?) \
     SELECT CAST(MIN(IS_FREE_LOCK(SHA1(CONCAT(DATABASE(), '/', ?, '/', number)))) AS SIGNED) FROM slots";

/// Whether a question about locks has the answer 1; 0 and `NULL` are no.
async fn yes(
    query: QueryScalar<'_, MySql, Option<i64>, MySqlArguments>,
    connection: &mut MySqlConnection,
) -> Result<bool, LockError> {
    Ok(query.fetch_one(connection).await.map_err(broken)? == Some(1))
}

/// Why the lock is not to be had; `None`: it is ours.
async fn mysql_alone(
    connection: &mut MySqlConnection,
    name: &str,
) -> Result<Option<LockError>, LockError> {
    let ours = LockMode::Alone;
    if !yes(query_scalar(GET).bind(name), connection).await? {
        return Ok(Some(taken(ours, LockMode::Alone, ON_SERVER)));
    }
    let free = query_scalar(SLOTS_ARE_FREE).bind(SLOTS).bind(name);
    if !yes(free, connection).await? {
        return Ok(Some(taken(ours, LockMode::Together, ON_SERVER)));
    }
    Ok(None)
}

/// Why no slot is to be had; `None`: one is ours.
async fn mysql_together(
    connection: &mut MySqlConnection,
    name: &str,
) -> Result<Option<LockError>, LockError> {
    for number in 0..SLOTS {
        if yes(query_scalar(GET_SLOT).bind(name).bind(number), connection).await? {
            let alone = !yes(query_scalar(IS_FREE).bind(name), connection).await?;
            let refused = || taken(LockMode::Together, LockMode::Alone, ON_SERVER);
            return Ok(alone.then(refused));
        }
    }
    Ok(Some(LockError::Taken(format!(
        "{SLOTS} rt-manage processes use this database already, which is the most that MySQL can have: stop some"
    ))))
}

impl ProcessLock {
    /// Makes sure that the lock is held: a connection that was lost has lost its lock, and takes it again unless a
    /// process of another mode was faster ([`LockError::Taken`]).
    pub async fn keep(&mut self) -> Result<(), LockError> {
        let alive = match &mut self.held {
            Held::File { .. } => true,
            Held::MySql(connection) => connection.ping().await.is_ok(),
            Held::Postgres(connection) => connection.ping().await.is_ok(),
        };
        if !alive {
            self.held = self.db.lock_on_server(self.mode).await?;
        }
        Ok(())
    }

    /// Watches the lock until `stop`: without it a process of another mode could begin to refresh. While the database is
    /// away nothing is claimed anyway; where somebody else has taken the lock by then, this returns early.
    pub async fn watch(mut self, stop: CancellationToken) {
        while !stop.is_cancelled() {
            match self.keep().await {
                Ok(()) => {}
                Err(error @ LockError::Taken(_)) => {
                    tracing::error!(error = %error, "the lock on the database was lost");
                    return;
                }
                Err(error) => {
                    tracing::warn!(error = %error, "the lock on the database cannot be looked at");
                }
            }
            tokio::select! {
                () = tokio::time::sleep(CHECK) => {}
                () = stop.cancelled() => {}
            }
        }
        // Held on until the last call has ended, and so until the process has.
        std::mem::forget(self);
    }
}

fn lock_file(database: &Path, mode: LockMode) -> Result<Held, LockError> {
    let mut path = database.as_os_str().to_owned();
    path.push(".lock");
    let path = PathBuf::from(path);
    let io = |error| LockError::File(path.clone(), error);
    let file = File::options()
        .create(true)
        .append(true)
        .open(&path)
        .map_err(io)?;
    let result = match mode {
        LockMode::Alone => file.try_lock(),
        LockMode::Together => file.try_lock_shared(),
    };
    match result {
        Ok(()) => Ok(Held::File { _file: file }),
        Err(TryLockError::WouldBlock) => {
            // What can be shared is shared by somebody; it is let go again with the file.
            let theirs = if file.try_lock_shared().is_ok() {
                LockMode::Together
            } else {
                LockMode::Alone
            };
            Err(taken(
                mode,
                theirs,
                &format!("{} is locked", path.display()),
            ))
        }
        Err(TryLockError::Error(error)) => Err(io(error)),
    }
}
