//! [`DbOptions`]: the resolved form of the configuration's `database` section.

use std::{path::PathBuf, time::Duration};

use crate::{
    config::{DatabaseConfig, DatabaseKind, DatabaseTls},
    vault::Secret,
};

/// Where the database is and how it may be used.
#[derive(Debug, Clone)]
pub struct DbOptions {
    /// Where it is.
    pub target: Target,
    /// Prefix of every table's name, with its underscore.
    pub table_prefix: String,
    /// Most connections.
    pub max_open: u32,
    /// Most idle connections.
    pub max_idle: u32,
    /// Longest life of a connection; zero is for ever.
    pub max_lifetime: Duration,
    /// Use a server even if its crash can lose commits that it acknowledged.
    pub allow_weak_durability: bool,
}

/// A database.
#[derive(Debug, Clone)]
pub enum Target {
    /// A file on this host.
    Sqlite {
        /// The file.
        file: PathBuf,
    },
    /// A MySQL or MariaDB server.
    MySql(Server),
    /// A PostgreSQL server.
    Postgres(Server),
}

/// A database on a server.
#[derive(Debug, Clone)]
pub struct Server {
    /// Host name or address; or, beginning with a slash, the socket (MySQL) or its folder (PostgreSQL).
    pub host: String,
    /// Port.
    pub port: u16,
    /// User.
    pub user: String,
    /// Password of the user.
    pub password: Secret,
    /// Name of the database.
    pub database: String,
    /// How the connection is protected.
    pub tls: DatabaseTls,
    /// Certificates of the authorities that may vouch for the server, as PEM.
    pub tls_ca_file: Option<PathBuf>,
}

impl Server {
    /// Whether it is reached through a socket of this host.
    pub(super) fn is_socket(&self) -> bool {
        self.host.starts_with('/')
    }

    /// The address, for people.
    pub(super) fn address(&self) -> String {
        if self.is_socket() {
            self.host.clone()
        } else if self.host.contains(':') {
            format!("[{}]:{}", self.host, self.port)
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }
}

impl DbOptions {
    /// Options with the configuration's defaults.
    pub fn new(target: Target) -> Self {
        Self {
            target,
            ..Self::from(&DatabaseConfig::default())
        }
    }

    /// Options for a file, with the configuration's defaults.
    pub fn sqlite(file: impl Into<PathBuf>) -> Self {
        Self::new(Target::Sqlite { file: file.into() })
    }
}

impl From<&DatabaseConfig> for DbOptions {
    fn from(config: &DatabaseConfig) -> Self {
        let server = || Server {
            host: config.host.clone(),
            port: config.effective_port(),
            user: config.user.clone(),
            password: config.password.clone(),
            database: config.database.clone(),
            tls: config.tls,
            tls_ca_file: config.tls_ca_file.clone(),
        };
        Self {
            target: match config.kind {
                DatabaseKind::Sqlite => Target::Sqlite {
                    file: config.database.clone().into(),
                },
                DatabaseKind::Mysql => Target::MySql(server()),
                DatabaseKind::Postgres => Target::Postgres(server()),
            },
            table_prefix: config.table_name_prefix(),
            max_open: config.max_open_conns,
            max_idle: config.max_idle_conns,
            max_lifetime: Duration::from_secs(config.conn_max_lifetime),
            allow_weak_durability: config.allow_weak_durability,
        }
    }
}
