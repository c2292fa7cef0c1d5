//! Says which key of the configuration is to blame when a server cannot be reached at the start.

use sqlx::{error::DatabaseError, mysql::MySqlDatabaseError};

use super::options::Server;
use crate::db::error::DbError;

/// An error of connecting, in words that name the way out.
pub(super) fn explain(server: &Server, error: &sqlx::Error) -> DbError {
    let (user, database, address) = (&server.user, &server.database, server.address());
    let text = match error {
        sqlx::Error::Database(inner) => match code(inner.as_ref()).as_str() {
            "1045" | "1698" | "28000" | "28P01" => format!(
                "database.user, database.password: the server at {address} does not let the user `{user}` in from this host: {error}"
            ),
            "1044" | "42501" => format!(
                "database.user: `{user}` may not use the database `{database}`; grant it all rights on that database: {error}"
            ),
            "1049" | "3D000" => format!(
                "database.database: the server at {address} has no database `{database}`; create it first: {error}"
            ),
            "1040" | "1203" | "1226" | "53300" => format!(
                "database.max_open_conns: the server at {address} has no free connection; allow more there, or fewer in each of its clients: {error}"
            ),
            "57P03" => {
                format!("database.host: the server at {address} is still starting: {error}")
            }
            _ => format!("database.host: the server at {address} refuses: {error}"),
        },
        sqlx::Error::Tls(_) => unprotected(&address, error),
        // What the TLS library has against the server's certificate comes this way.
        sqlx::Error::Io(inner) if inner.kind() == std::io::ErrorKind::InvalidData => {
            unprotected(&address, error)
        }
        sqlx::Error::Io(_) if server.is_socket() => format!(
            "database.host: cannot connect to the socket {address}: {error}; is the server running?"
        ),
        sqlx::Error::Io(_) => format!(
            "database.host, database.port: cannot connect to {address}: {error}; is the server running, and does a firewall let this host through?"
        ),
        // The driver has no RSA: every Rust implementation of it leaks keys through timing.
        sqlx::Error::Configuration(inner) if inner.to_string().contains("RSA") => format!(
            "database.tls: the server at {address} wants the password of `{user}` encrypted (caching_sha2_password or sha256_password): \
             turn TLS on at the server, set database.tls to `require` and connect to its port instead of a socket, or give the user mysql_native_password"
        ),
        _ => format!("database.host: cannot use the server at {address}: {error}"),
    };
    DbError::Configuration(text)
}

fn unprotected(address: &str, error: &sqlx::Error) -> String {
    format!("database.tls, database.tls_ca_file: no protected connection to {address}: {error}")
}

/// The server did not answer at all.
pub(super) fn silent(server: &Server) -> DbError {
    explain(
        server,
        &sqlx::Error::Io(std::io::ErrorKind::TimedOut.into()),
    )
}

/// MySQL's error number, or the SQLSTATE of others.
fn code(error: &dyn DatabaseError) -> String {
    match error.try_downcast_ref::<MySqlDatabaseError>() {
        Some(error) => error.number().to_string(),
        None => error.code().unwrap_or_default().into_owned(),
    }
}
