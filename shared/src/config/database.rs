//! Section `database`: where everything is stored.

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
    /// What every table's name begins with, before an underscore.
    pub table_prefix: String,
    /// Connections beyond this many close when nobody uses them.
    pub max_idle_conns: u32,
    /// Most connections of this process.
    pub max_open_conns: u32,
    /// After how many seconds a connection is replaced; 0 is never.
    pub conn_max_lifetime: u64,
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

impl Default for DatabaseConfig {
    fn default() -> Self {
        Self {
            kind: DatabaseKind::Sqlite,
            database: SQLITE_FILE.to_owned(),
            host: String::new(),
            port: None,
            user: String::new(),
            password: Secret::default(),
            table_prefix: String::new(),
            max_idle_conns: MAX_IDLE_CONNS,
            max_open_conns: MAX_OPEN_CONNS,
            conn_max_lifetime: CONN_MAX_LIFETIME,
        }
    }
}

pub(super) const KEYS: &[Key] = &[
    key!(database.kind as "type", "sqlite, mysql or postgres."),
    key!(
        database.database,
        "File of SQLite, or name of the database on a server."
    ),
    key!(database.host, "Server of MySQL or PostgreSQL."),
    key!(
        database.port,
        "Port of the server; 3306 for MySQL and 5432 for PostgreSQL if unset."
    ),
    key!(database.user, "User at the server."),
    key!(database.password, "Password of the user."),
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
        if self.table_prefix.len() > MAX_PREFIX_CHARS || !self.table_prefix.chars().all(word) {
            findings.error(
                &["database.table_prefix"],
                format!("must be at most {MAX_PREFIX_CHARS} letters, digits and underscores"),
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
        if self.host.contains("://") || (self.host.matches(':').count() == 1) {
            findings.error(
                &["database.host"],
                "must be a host alone; the port goes into database.port",
            );
        }
        if self.port == Some(0) {
            findings.range("database.port", 0_u64, 1, u16::MAX.into());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::tests::{load_yaml, problems};

    #[test]
    fn documented_yaml() {
        let loaded = load_yaml(
            r#"
database:
  type: "mysql"
  host: "db.internal"
  port: 3307
  user: "rt"
  password: 0123456
  database: "tokens"
  table_prefix: "rt"
  max_idle_conns: 5
  max_open_conns: 50
  conn_max_lifetime: 600
"#,
        );
        let database = loaded.config.database;
        assert_eq!(database.kind, DatabaseKind::Mysql);
        assert_eq!(
            (database.host.as_str(), database.effective_port()),
            ("db.internal", 3307)
        );
        assert_eq!(
            (database.user.as_str(), database.database.as_str()),
            ("rt", "tokens")
        );
        // A numeric password keeps its leading zero, quotes or not.
        assert_eq!(database.password.expose(), "0123456");
        assert_eq!(database.table_name_prefix(), "rt_");
        assert_eq!((database.max_idle_conns, database.max_open_conns), (5, 50));
        assert_eq!(database.conn_max_lifetime, 600);
        assert_eq!(loaded.warnings, [] as [&str; 0]);
    }

    #[test]
    fn usual_ports_and_no_prefix() {
        let yaml = "database: {type: postgresql, host: '::1', database: tokens}";
        let database = load_yaml(yaml).config.database;
        assert_eq!(
            (database.kind, database.effective_port()),
            (DatabaseKind::Postgres, 5432)
        );
        assert_eq!(database.table_name_prefix(), "");
    }

    #[test]
    fn a_server_needs_a_host_and_a_name() {
        let found = problems("database:\n  type: mysql\n");
        assert!(
            found.contains("database.host: must not be empty"),
            "{found}"
        );
        assert!(
            found.contains("database.database: must be the name"),
            "{found}"
        );
    }

    #[test]
    fn what_sqlite_does_not_use_is_a_warning() {
        let warnings = load_yaml("database: {host: x, password: canary}")
            .warnings
            .join("\n");
        assert!(
            warnings.contains("database.host: has no effect"),
            "{warnings}"
        );
        assert!(
            warnings.contains("database.password: has no effect"),
            "{warnings}"
        );
        assert!(!warnings.contains("canary"));
    }

    #[test]
    fn impossible_values() {
        for yaml in [
            "type: oracle",
            "database: ''",
            "database: ':memory:'",
            "table_prefix: 'a-b'",
            "table_prefix: 'abcdefghijklmnopqrstuvwxyz0123456'",
            "max_open_conns: 0",
            "conn_max_lifetime: 1h",
            "{type: mysql, host: 'db:3306', database: x}",
            "{type: mysql, host: db, database: x, port: 0}",
        ] {
            problems(&format!("database:\n  {yaml}\n"));
        }
    }
}
