//! PostgreSQL: connections, what every session needs, and what the server must promise.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use sqlx::{
    ConnectOptions as _, Connection as _, Executor as _, PgConnection, PgPool, Row as _,
    postgres::{PgConnectOptions, PgSslMode},
};

use super::{
    ACQUIRE_TIMEOUT, compare_connections,
    explain::{explain, silent},
    insist_on_durability, limited, nodelay,
    options::{DbOptions, Server},
    remote,
};
use crate::{config::DatabaseTls, db::error::DbError};

/// Sent on each new connection, so that nothing depends on the server's or the user's defaults:
///
/// - guards rely on each statement seeing what is committed by then: READ COMMITTED;
/// - a lock that is not to be had is reported before the caller's patience ends;
/// - a process that was frozen inside a transaction loses its locks.
///
/// `synchronous_commit` is left as it is and judged by [`check`].
const SESSION: &str = "SET default_transaction_isolation = 'read committed'; SET TimeZone = 'UTC'; \
     SET lock_timeout = '10s'; SET idle_in_transaction_session_timeout = '60s'; SET standard_conforming_strings = on";

/// The settings that [`check`] judges, as they are in force in this session.
const SETTINGS: &str = "SELECT name, setting FROM pg_settings WHERE name IN ('server_version', 'server_version_num', \
     'server_encoding', 'synchronous_commit', 'fsync', 'full_page_writes', 'max_connections')";

/// The oldest version that we test with, as `server_version_num` has it.
const OLDEST: u32 = 15_00_00;

pub(super) async fn open(
    server: &Server,
    options: &DbOptions,
    connections: &Arc<AtomicU64>,
) -> Result<Arc<PgPool>, DbError> {
    let connect = connect_options(server);
    tokio::time::timeout(ACQUIRE_TIMEOUT, first(&connect, server, options))
        .await
        .map_err(|_| silent(server))??;
    let connections = Arc::clone(connections);
    let port = server.port;
    let pool = remote(options).after_connect(move |connection: &mut PgConnection, _| {
        connections.fetch_add(1, Ordering::AcqRel);
        nodelay::set(port);
        Box::pin(async move { connection.execute(SESSION).await.map(|_| ()) })
    });
    Ok(limited(pool, options, connect))
}

async fn first(
    connect: &PgConnectOptions,
    server: &Server,
    options: &DbOptions,
) -> Result<(), DbError> {
    let failed = |error: sqlx::Error| explain(server, &error);
    let mut connection = connect.connect().await.map_err(failed)?;
    connection.execute(SESSION).await.map_err(failed)?;
    check(&settings(&mut connection).await.map_err(failed)?, options)?;
    connection.close().await.map_err(failed)
}

fn connect_options(server: &Server) -> PgConnectOptions {
    // Without .pgpass: the configuration is the only place where we look for a password.
    let mut connect = PgConnectOptions::new_without_pgpass()
        .username(&server.user)
        .password(server.password.expose())
        .database(&server.database)
        .port(server.port)
        .application_name("rt-manage");
    if let Some(file) = &server.tls_ca_file {
        connect = connect.ssl_root_cert(file);
    }
    if server.is_socket() {
        // A socket does not leave this host, and PostgreSQL has no TLS there.
        return connect.socket(&server.host).ssl_mode(PgSslMode::Disable);
    }
    connect.host(&server.host).ssl_mode(match server.tls {
        DatabaseTls::Disable => PgSslMode::Disable,
        DatabaseTls::Prefer => PgSslMode::Prefer,
        DatabaseTls::Require => PgSslMode::Require,
        DatabaseTls::VerifyFull => PgSslMode::VerifyFull,
    })
}

async fn settings(connection: &mut PgConnection) -> Result<HashMap<String, String>, sqlx::Error> {
    let rows = connection.fetch_all(SETTINGS).await?;
    rows.iter()
        .map(|row| Ok((row.try_get(0)?, row.try_get(1)?)))
        .collect()
}

fn check(settings: &HashMap<String, String>, options: &DbOptions) -> Result<(), DbError> {
    let get = |name| settings.get(name).map_or("", String::as_str);
    if get("server_version_num").parse().unwrap_or(0) < OLDEST {
        tracing::warn!(
            version = get("server_version"),
            "the database server is older than PostgreSQL 15, the oldest that rt-manage is tested with"
        );
    }
    let encoding = get("server_encoding");
    if encoding != "UTF8" {
        return Err(DbError::Configuration(format!(
            "database.database: the database's encoding is {encoding}, which cannot hold every name: create it with ENCODING 'UTF8' TEMPLATE template0"
        )));
    }
    let weaknesses: Vec<String> = ["fsync", "synchronous_commit"]
        .into_iter()
        .filter(|name| get(name) == "off")
        .map(|name| format!("{name} is off, and must be on"))
        .collect();
    insist_on_durability(&weaknesses, options)?;
    if get("full_page_writes") == "off" {
        tracing::warn!(
            "the database server's full_page_writes is off: unless its file system never tears a page, a power cut can damage the database"
        );
    }
    compare_connections(options, get("max_connections").parse().ok());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(changes: &[(&str, &str)], allow_weak_durability: bool) -> Result<(), DbError> {
        let good = [
            ("server_version_num", "150010"),
            ("server_encoding", "UTF8"),
            ("synchronous_commit", "on"),
            ("fsync", "on"),
            ("full_page_writes", "on"),
            ("max_connections", "100"),
        ];
        let settings = good
            .iter()
            .chain(changes)
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        let options = DbOptions {
            allow_weak_durability,
            ..DbOptions::sqlite("unused")
        };
        check(&settings, &options)
    }

    #[test]
    fn weak_durability_is_refused_by_name_unless_allowed() {
        judge(&[], false).unwrap();
        // Weaker for replicas only.
        judge(&[("synchronous_commit", "local")], false).unwrap();
        for name in ["synchronous_commit", "fsync"] {
            let text = judge(&[(name, "off")], false).unwrap_err().to_string();
            assert!(text.contains(&format!("{name} is off")), "{text}");
            judge(&[(name, "off")], true).unwrap();
        }
    }

    #[test]
    fn an_encoding_that_cannot_hold_everything_is_refused() {
        judge(&[("server_encoding", "LATIN1")], true).unwrap_err();
        judge(&[("server_version_num", "140000")], false).unwrap();
    }
}
