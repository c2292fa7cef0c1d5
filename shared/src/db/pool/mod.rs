//! Opens the database with the durability that a rotated token needs.

mod explain;
mod mysql;
mod nodelay;
mod options;
mod postgres;
mod sqlite;

use std::{
    sync::{Arc, Weak, atomic::AtomicU64},
    time::Duration,
};

use sqlx::{Connection as _, Database, Pool, pool::PoolOptions};

use super::{
    dialect::Dialect,
    error::DbError,
    exec::{Backend, Db},
    names::Names,
};

pub(super) use mysql::reading as read_mysql;
pub use options::{DbOptions, Server, Target};
pub(super) use sqlite::BUSY_TIMEOUT;

/// How long a caller waits for a free connection before it reports `Unavailable`.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(10);
/// An unused connection is closed after this time.
const IDLE_TIMEOUT: Duration = Duration::from_mins(5);
/// A connection that was used this recently is taken as it is. Asking the server each time would cost every statement a
/// round trip; never asking would let the first writes after a quiet time fail, when a firewall has forgotten them.
const FRESH: Duration = Duration::from_secs(1);
/// How long a connection has for showing that it still works.
const PING_TIMEOUT: Duration = Duration::from_secs(2);

impl Db {
    /// Opens the database; creates an SQLite file and its folder where they are missing. A server is asked once whether
    /// it is one that we can trust; further connections are made when they are needed.
    pub async fn open(options: &DbOptions) -> Result<Self, DbError> {
        let connections = Arc::new(AtomicU64::new(0));
        let (backend, dialect) = match &options.target {
            Target::Sqlite { file } => (sqlite::open(file, options).await?, Dialect::Sqlite),
            Target::MySql(server) => {
                let pool = mysql::open(server, options, &connections).await?;
                (Backend::MySql(pool), Dialect::MySql)
            }
            Target::Postgres(server) => {
                let pool = postgres::open(server, options, &connections).await?;
                (Backend::Postgres(pool), Dialect::Postgres)
            }
        };
        let names = Names::new(options.table_prefix.clone(), dialect);
        Ok(Self {
            backend,
            names: Arc::new(names),
            connections,
        })
    }
}

/// What all pools have in common.
fn base<D: Database>(options: &DbOptions) -> PoolOptions<D> {
    PoolOptions::new()
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .max_lifetime((!options.max_lifetime.is_zero()).then_some(options.max_lifetime))
        .idle_timeout(IDLE_TIMEOUT)
        .test_before_acquire(false)
}

/// Makes a pool that keeps at most `options.max_idle` connections that nobody uses, and opens none before it is asked.
fn limited<D: Database>(
    pool: PoolOptions<D>,
    options: &DbOptions,
    connect: <D::Connection as sqlx::Connection>::Options,
) -> Arc<Pool<D>> {
    let limit = options.max_idle;
    Arc::new_cyclic(|this: &Weak<Pool<D>>| {
        // Weak: a pool that kept itself alive would keep its connections for ever.
        let this = Weak::clone(this);
        pool.after_release(move |_, _| {
            let keep = this
                .upgrade()
                .is_some_and(|pool| pool.num_idle() < limit as usize);
            Box::pin(async move { Ok(keep) })
        })
        .connect_lazy_with(connect)
    })
}

/// A pool of connections to a server.
fn remote<D: Database>(options: &DbOptions) -> PoolOptions<D> {
    base(options)
        .max_connections(options.max_open.max(1))
        .before_acquire(|connection: &mut D::Connection, about| {
            Box::pin(async move {
                if about.idle_for < FRESH {
                    return Ok(true);
                }
                match tokio::time::timeout(PING_TIMEOUT, connection.ping()).await {
                    Ok(alive) => alive.map(|()| true),
                    Err(_) => Err(sqlx::Error::Io(std::io::ErrorKind::TimedOut.into())),
                }
            })
        })
}

/// Refuses a server that acknowledges commits before they are safe, unless the operator has agreed.
fn insist_on_durability(weaknesses: &[String], options: &DbOptions) -> Result<(), DbError> {
    if weaknesses.is_empty() {
        return Ok(());
    }
    let weaknesses = weaknesses.join("; ");
    if options.allow_weak_durability {
        tracing::warn!(
            weaknesses,
            "database.allow_weak_durability is set: a crash of the database server can lose refresh tokens that were rotated just before"
        );
        return Ok(());
    }
    Err(DbError::Configuration(format!(
        "the database server reports a commit as done before it is safe on disk, so its crash would lose rotated refresh tokens: {weaknesses}. \
         Change the server's configuration, or set database.allow_weak_durability to true if you accept that loss"
    )))
}

/// Warns where more connections are allowed than the server has.
fn compare_connections(options: &DbOptions, server_has: Option<u32>) {
    if let Some(server_has) = server_has.filter(|most| options.max_open > *most) {
        tracing::warn!(
            max_open_conns = options.max_open,
            max_connections = server_has,
            "database.max_open_conns is more than the database server allows to all its clients: under load, connections will be refused"
        );
    }
}
