//! MySQL and MariaDB: connections, what every session needs, and what the server must promise.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use sqlx::{
    ConnectOptions as _, Connection as _, Executor as _, MySqlConnection, MySqlPool, Row as _,
    mysql::{MySqlConnectOptions, MySqlSslMode},
};

use super::{
    ACQUIRE_TIMEOUT, compare_connections,
    explain::{explain, silent},
    insist_on_durability, limited, nodelay,
    options::{DbOptions, Server},
    remote,
};
use crate::{config::DatabaseTls, db::error::DbError};

/// Sent on each new connection, so that nothing depends on the server's defaults. The time-outs are in seconds:
///
/// - the collation is the tables' own (see their migration), so that values compare with columns on equal terms;
/// - guards rely on each statement seeing what is committed by then: READ COMMITTED;
/// - a lock that is not to be had is reported before the caller's patience ends;
/// - a process that was frozen inside a transaction loses its locks.
const SESSION: &str = "SET NAMES utf8mb4 COLLATE /*M! utf8mb4_nopad_bin */ /*!50701 utf8mb4_0900_bin */, \
     SESSION sql_mode = 'STRICT_TRANS_TABLES,STRICT_ALL_TABLES,NO_ZERO_DATE,NO_ZERO_IN_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION', \
     SESSION time_zone = '+00:00', SESSION innodb_lock_wait_timeout = 10, SESSION wait_timeout = 900 \
     /*M! , SESSION idle_transaction_timeout = 60 */; \
     SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED";

/// The variables that [`check`] judges.
const VARIABLES: &str = "SHOW VARIABLES WHERE Variable_name IN ('version', 'innodb_flush_log_at_trx_commit', 'log_bin', \
     'sync_binlog', 'binlog_format', 'max_connections')";

/// The oldest versions with the collations that we need: `utf8mb4_0900_bin`; `utf8mb4_nopad_bin` is older, but so
/// are MariaDB's versions before this one.
const MYSQL: (u32, u32, u32) = (8, 0, 17);
const MARIADB: (u32, u32, u32) = (10, 5, 0);

pub(super) async fn open(
    server: &Server,
    options: &DbOptions,
    connections: &Arc<AtomicU64>,
) -> Result<Arc<MySqlPool>, DbError> {
    let connect = connect_options(server);
    tokio::time::timeout(ACQUIRE_TIMEOUT, first(&connect, server, options))
        .await
        .map_err(|_| silent(server))??;
    let connections = Arc::clone(connections);
    let port = server.port;
    let pool = remote(options).after_connect(move |connection: &mut MySqlConnection, _| {
        connections.fetch_add(1, Ordering::AcqRel);
        nodelay::set(port);
        Box::pin(async move { connection.execute(SESSION).await.map(|_| ()) })
    });
    Ok(limited(pool, options, connect))
}

/// A connection to a foreign database that is only read, on any server: nothing of ours is asked of it.
pub(in crate::db) async fn reading(server: &Server) -> Result<MySqlConnection, DbError> {
    const READ: &str =
        "SET NAMES utf8mb4, SESSION time_zone = '+00:00'; SET SESSION TRANSACTION READ ONLY";
    let open = async {
        let mut connection = connect_options(server).connect().await?;
        connection.execute(READ).await?;
        Ok(connection)
    };
    tokio::time::timeout(ACQUIRE_TIMEOUT, open)
        .await
        .map_err(|_| silent(server))?
        .map_err(|error: sqlx::Error| explain(server, &error))
}

async fn first(
    connect: &MySqlConnectOptions,
    server: &Server,
    options: &DbOptions,
) -> Result<(), DbError> {
    let failed = |error: sqlx::Error| explain(server, &error);
    let mut connection = connect.connect().await.map_err(failed)?;
    check(&variables(&mut connection).await.map_err(failed)?, options)?;
    connection.execute(SESSION).await.map_err(failed)?;
    connection.close().await.map_err(failed)
}

fn connect_options(server: &Server) -> MySqlConnectOptions {
    let mut connect = MySqlConnectOptions::new()
        .username(&server.user)
        .database(&server.database)
        // All of it is in SESSION.
        .pipes_as_concat(false)
        .no_engine_substitution(false)
        .timezone(None)
        .set_names(false);
    if !server.password.is_empty() {
        connect = connect.password(server.password.expose());
    }
    if let Some(file) = &server.tls_ca_file {
        connect = connect.ssl_ca(file);
    }
    if server.is_socket() {
        // A socket does not leave this host, and servers break TLS off there.
        return connect
            .socket(&server.host)
            .ssl_mode(MySqlSslMode::Disabled);
    }
    connect
        .host(&server.host)
        .port(server.port)
        .ssl_mode(match server.tls {
            DatabaseTls::Disable => MySqlSslMode::Disabled,
            DatabaseTls::Prefer => MySqlSslMode::Preferred,
            DatabaseTls::Require => MySqlSslMode::Required,
            DatabaseTls::VerifyFull => MySqlSslMode::VerifyIdentity,
        })
}

async fn variables(
    connection: &mut MySqlConnection,
) -> Result<HashMap<String, String>, sqlx::Error> {
    let rows = connection.fetch_all(VARIABLES).await?;
    rows.iter()
        .map(|row| Ok((row.try_get(0)?, row.try_get(1)?)))
        .collect()
}

fn check(variables: &HashMap<String, String>, options: &DbOptions) -> Result<(), DbError> {
    let get = |name| variables.get(name).map_or("", String::as_str);
    let version = get("version");
    let (name, oldest) = if version.contains("MariaDB") {
        ("MariaDB", MARIADB)
    } else {
        ("MySQL", MYSQL)
    };
    if numbers(version) < oldest {
        let (major, minor, patch) = oldest;
        return Err(DbError::Configuration(format!(
            "database.type: the server is {name} {version}, and {major}.{minor}.{patch} is the oldest that can compare texts byte by byte"
        )));
    }
    let (logged, format) = (get("log_bin") == "ON", get("binlog_format"));
    if logged && format == "STATEMENT" {
        return Err(DbError::Configuration(
            "the server's binlog_format is STATEMENT, with which it refuses writes at the isolation level READ COMMITTED: set it to ROW or MIXED".into(),
        ));
    }
    let flush = get("innodb_flush_log_at_trx_commit");
    // 3 is MariaDB's: as 1, with one more flush.
    let weak = (flush != "1" && flush != "3")
        .then(|| format!("innodb_flush_log_at_trx_commit is {flush}, and must be 1"));
    insist_on_durability(weak.as_slice(), options)?;
    if logged && get("sync_binlog") != "1" {
        tracing::warn!(
            sync_binlog = get("sync_binlog"),
            "the database server's sync_binlog is not 1: a power cut can undo its last commits, which only the workers' journals would bring back"
        );
    }
    compare_connections(options, get("max_connections").parse().ok());
    Ok(())
}

/// The leading numbers of `10.11.6-MariaDB-…`.
fn numbers(version: &str) -> (u32, u32, u32) {
    let digits = version
        .split(|c: char| c != '.' && !c.is_ascii_digit())
        .next()
        .unwrap_or_default();
    let mut parts = digits.split('.').map(|part| part.parse().unwrap_or(0));
    let mut next = || parts.next().unwrap_or(0);
    (next(), next(), next())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(changes: &[(&str, &str)], allow_weak_durability: bool) -> Result<(), DbError> {
        let good = [
            ("version", "8.0.36-0ubuntu"),
            ("innodb_flush_log_at_trx_commit", "1"),
            ("log_bin", "ON"),
            ("sync_binlog", "1"),
            ("binlog_format", "ROW"),
            ("max_connections", "151"),
        ];
        let variables = good
            .iter()
            .chain(changes)
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        let options = DbOptions {
            allow_weak_durability,
            ..DbOptions::sqlite("unused")
        };
        check(&variables, &options)
    }

    #[test]
    fn weak_durability_is_refused_by_name_unless_allowed() {
        judge(&[], false).unwrap();
        judge(&[("innodb_flush_log_at_trx_commit", "3")], false).unwrap();
        let weak = [("innodb_flush_log_at_trx_commit", "2")];
        let text = judge(&weak, false).unwrap_err().to_string();
        assert!(
            text.contains("innodb_flush_log_at_trx_commit is 2")
                && text.contains("database.allow_weak_durability"),
            "{text}"
        );
        judge(&weak, true).unwrap();
        // Only a warning: the journals cover it.
        judge(&[("sync_binlog", "0")], false).unwrap();
    }

    #[test]
    fn servers_that_cannot_do_it_are_refused() {
        judge(
            &[("version", "10.11.6-MariaDB-1:10.11.6+maria~deb12")],
            false,
        )
        .unwrap();
        for version in ["5.7.44", "8.0.16", "10.4.34-MariaDB", ""] {
            judge(&[("version", version)], true).unwrap_err();
        }
        judge(&[("binlog_format", "STATEMENT")], true).unwrap_err();
        judge(&[("binlog_format", "STATEMENT"), ("log_bin", "OFF")], false).unwrap();
    }
}
