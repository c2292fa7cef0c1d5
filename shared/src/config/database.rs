//! Section `database`: where everything is stored.

use std::path::PathBuf;

use super::check::{Findings, MAX_SECONDS};
use super::keys::{Key, key};
use super::value::Choice;
use crate::vault::Secret;

/// The seed's value.
const SQLITE_FILE: &str = "./data/tokens.db";
/// The seed's value.
const MAX_IDLE_CONNS: u32 = 10;
/// The seed's value.
const MAX_OPEN_CONNS: u32 = 100;
/// The seed's value, in seconds.
const CONN_MAX_LIFETIME: u64 = 3600;
/// Leaves room for our longest table name below MySQL's 64 and PostgreSQL's 63 characters.
const MAX_PREFIX_CHARS: usize = 32;
/// What MySQL listens on, and the seed's value.
const MYSQL_PORT: u16 = 3306;
/// What PostgreSQL listens on.
const POSTGRES_PORT: u16 = 5432;

/// Section `database`.
#[derive(Clone, Debug)]
pub struct DatabaseConfig {
    /// Which database (`type` in the file).
    pub kind: DatabaseKind,
    /// The file of SQLite, or the database's name on a server.
    pub database: String,
    /// The server.
    pub host: String,
    /// The server's port, if it is not the usual one.
    pub port: Option<u16>,
    /// Who logs in at the server.
    pub user: String,
    /// The password of `user`.
    pub password: Secret,
    /// How connections to a server are protected.
    pub tls: DatabaseTls,
    /// Certificates of the authorities that may vouch for the server.
    pub tls_ca_file: Option<PathBuf>,
    /// What every table's name begins with, before an underscore.
    pub table_prefix: String,
    /// Connections beyond this many close when nobody uses them.
    pub max_idle_conns: u32,
    /// Most connections of this process.
    pub max_open_conns: u32,
    /// After how many seconds a connection is replaced; 0 is never.
    pub conn_max_lifetime: u64,
    /// Whether a server may be used whose crash can lose commits that it acknowledged.
    pub allow_weak_durability: bool,
}

/// The databases that we know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DatabaseKind {
    /// A file on this host.
    Sqlite,
    /// MySQL, or MariaDB.
    Mysql,
    /// PostgreSQL.
    Postgres,
}

impl Choice for DatabaseKind {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("sqlite", Self::Sqlite),
        ("mysql", Self::Mysql),
        ("postgres", Self::Postgres),
        ("sqlite3", Self::Sqlite),
        ("mariadb", Self::Mysql),
        ("postgresql", Self::Postgres),
    ];
}

/// How connections to a server are protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DatabaseTls {
    /// Not at all.
    Disable,
    /// With TLS where the server has it. Keeps those out who only listen.
    Prefer,
    /// With TLS or not at all; whose certificate it is does not matter.
    Require,
    /// With TLS, and a certificate for this very host by an authority of `tls_ca_file`.
    VerifyFull,
}

impl Choice for DatabaseTls {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("disable", Self::Disable),
        ("prefer", Self::Prefer),
        ("require", Self::Require),
        ("verify_full", Self::VerifyFull),
        ("verify-full", Self::VerifyFull),
    ];
}

impl Default for DatabaseConfig {
    fn default() -> Self {
        Self {
            kind: DatabaseKind::Sqlite,
            database: SQLITE_FILE.to_owned(),
            host: String::new(),
            port: None,
            user: String::new(),
            password: Secret::default(),
            // As the clients of both servers do; a server on this host often has no TLS.
            tls: DatabaseTls::Prefer,
            tls_ca_file: None,
            table_prefix: String::new(),
            max_idle_conns: MAX_IDLE_CONNS,
            max_open_conns: MAX_OPEN_CONNS,
            conn_max_lifetime: CONN_MAX_LIFETIME,
            allow_weak_durability: false,
        }
    }
}

pub(super) const KEYS: &[Key] = &[
    key!(database.kind as "type", "sqlite, mysql or postgres."),
    key!(
        database.database,
        "File of SQLite, or name of the database on a server."
    ),
    key!(
        database.host,
        "Server of MySQL or PostgreSQL; a path is its socket (MySQL) or the socket's folder (PostgreSQL)."
    ),
    key!(
        database.port,
        "Port of the server; 3306 for MySQL and 5432 for PostgreSQL if unset."
    ),
    key!(database.user, "User at the server."),
    key!(database.password, "Password of the user."),
    key!(
        database.tls,
        "Protection of connections: disable, prefer (TLS where the server has it), require, or verify_full (TLS with a certificate for the host by an authority of tls_ca_file)."
    ),
    key!(
        database.tls_ca_file,
        "PEM file of the authorities that may vouch for the server, for verify_full."
    ),
    key!(
        database.table_prefix,
        "Tables are named prefix, underscore, name; empty for no prefix."
    ),
    key!(
        database.max_idle_conns,
        "Unused connections beyond this many are closed."
    ),
    key!(database.max_open_conns, "Most connections of one process."),
    key!(
        database.conn_max_lifetime,
        "Seconds after which a connection is replaced; 0 is never."
    ),
    key!(
        database.allow_weak_durability,
        "Use a server even if its crash can lose refresh tokens that were just rotated."
    ),
];

impl DatabaseConfig {
    /// What every table's name begins with: nothing, or the prefix and an underscore.
    pub fn table_name_prefix(&self) -> String {
        if self.table_prefix.is_empty() {
            String::new()
        } else {
            format!("{}_", self.table_prefix)
        }
    }

    /// The port to connect to; 0 for SQLite, which has none.
    pub fn effective_port(&self) -> u16 {
        self.port.unwrap_or(match self.kind {
            DatabaseKind::Sqlite => 0,
            DatabaseKind::Mysql => MYSQL_PORT,
            DatabaseKind::Postgres => POSTGRES_PORT,
        })
    }

    pub(super) fn check(&self, findings: &mut Findings) {
        match self.kind {
            DatabaseKind::Sqlite => self.check_sqlite(findings),
            DatabaseKind::Mysql | DatabaseKind::Postgres => self.check_server(findings),
        }
        let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let digit_first = self.table_prefix.starts_with(|c: char| c.is_ascii_digit());
        if self.table_prefix.len() > MAX_PREFIX_CHARS
            || digit_first
            || !self.table_prefix.chars().all(word)
        {
            findings.error(
                &["database.table_prefix"],
                format!(
                    "must be at most {MAX_PREFIX_CHARS} letters, digits and underscores, and begin with no digit"
                ),
            );
        }
        findings.range(
            "database.max_open_conns",
            self.max_open_conns,
            1,
            u32::MAX.into(),
        );
        findings.range(
            "database.conn_max_lifetime",
            self.conn_max_lifetime,
            0,
            MAX_SECONDS,
        );
        if self.max_idle_conns > self.max_open_conns {
            findings.warning(
                &["database.max_idle_conns", "database.max_open_conns"],
                format!(
                    "is {}, more than database.max_open_conns ({}), which is what counts",
                    self.max_idle_conns, self.max_open_conns
                ),
            );
        }
    }

    fn check_sqlite(&self, findings: &mut Findings) {
        findings.not_empty("database.database", &self.database);
        if self.database.contains(":memory:") {
            findings.error(
                &["database.database"],
                "must be a file: memory forgets every token",
            );
        }
        let unused = [
            ("database.host", !self.host.is_empty()),
            ("database.port", self.port.is_some()),
            ("database.user", !self.user.is_empty()),
            ("database.password", !self.password.is_empty()),
            ("database.tls", self.tls != DatabaseTls::Prefer),
            ("database.tls_ca_file", self.tls_ca_file.is_some()),
            ("database.allow_weak_durability", self.allow_weak_durability),
        ];
        for (key, _) in unused.into_iter().filter(|(_, set)| *set) {
            findings.warning(
                &[key, "database.type"],
                "has no effect, because database.type is sqlite",
            );
        }
    }

    fn check_server(&self, findings: &mut Findings) {
        findings.not_empty("database.host", &self.host);
        if self.database == SQLITE_FILE || self.database.trim().is_empty() {
            findings.error(
                &["database.database", "database.type"],
                "must be the name of the database on the server",
            );
        }
        findings.not_empty("database.user", &self.user);
        let socket = self.host.starts_with('/');
        if !socket && (self.host.contains("://") || self.host.matches(':').count() == 1) {
            findings.error(
                &["database.host"],
                "must be a host alone; the port goes into database.port",
            );
        }
        if self.port == Some(0) {
            findings.range("database.port", 0_u64, 1, u16::MAX.into());
        }
        self.check_tls(findings);
    }

    fn check_tls(&self, findings: &mut Findings) {
        match (self.tls, &self.tls_ca_file) {
            (DatabaseTls::VerifyFull, None) => findings.error(
                &["database.tls_ca_file", "database.tls"],
                "must name the authorities' certificates, because database.tls is verify_full",
            ),
            (DatabaseTls::VerifyFull, Some(_)) | (_, None) => {}
            (_, Some(_)) => findings.warning(
                &["database.tls_ca_file", "database.tls"],
                "has no effect, because only database.tls: verify_full looks at certificates",
            ),
        }
        if self.tls == DatabaseTls::VerifyFull && self.host.starts_with('/') {
            findings.error(
                &["database.tls", "database.host"],
                "must not be verify_full for a socket: no certificate is for it",
            );
        }
        if self.allow_weak_durability {
            findings.warning(
                &["database.allow_weak_durability"],
                "is true: a crash of the database server can lose refresh tokens that were just rotated",
            );
        }
    }
}

#[cfg(test)]
#[path = "database_tests.rs"]
mod tests;
