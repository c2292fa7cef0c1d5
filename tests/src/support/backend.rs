//! The databases that the system is tested on.

use std::fmt;

use clap::ValueEnum;
use url::Url;

/// A database server, or a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Backend {
    /// A file in the scratch folder.
    Sqlite,
    /// The MySQL or MariaDB server of `RTM_TEST_MYSQL_URL`.
    #[value(name = "mysql")]
    MySql,
    /// The PostgreSQL server of `RTM_TEST_POSTGRES_URL`.
    Postgres,
}

impl fmt::Display for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sqlite => "sqlite",
            Self::MySql => "mysql",
            Self::Postgres => "postgres",
        })
    }
}

impl Backend {
    /// The configuration of a database of its own on the server that all tests share, as environment variables.
    pub(super) fn environment(self) -> Vec<(String, String)> {
        let variable = match self {
            Self::Sqlite => return Vec::new(),
            Self::MySql => "RTM_TEST_MYSQL_URL",
            Self::Postgres => "RTM_TEST_POSTGRES_URL",
        };
        let url = std::env::var(variable).unwrap_or_else(|_| {
            panic!("{variable} is not set: run scripts/test, or start the servers with scripts/test-services")
        });
        self.environment_at(&url)
    }

    /// The same on another server of this kind. Installations on one server are kept apart by their table prefix.
    pub(super) fn environment_at(self, url: &str) -> Vec<(String, String)> {
        let (kind, database) = match self {
            Self::Sqlite => return Vec::new(),
            // scripts/test-services makes this one for us; PostgreSQL's exists in every new server.
            Self::MySql => ("mysql", "rtm_e2e"),
            Self::Postgres => ("postgres", "postgres"),
        };
        let url = Url::parse(url).expect("a database URL");
        let prefix = format!("t{:016x}", rand::random::<u64>());
        [
            ("TYPE", kind.to_owned()),
            ("HOST", url.host_str().expect("a host").to_owned()),
            ("PORT", url.port().expect("a port").to_string()),
            ("USER", url.username().to_owned()),
            ("PASSWORD", url.password().unwrap_or_default().to_owned()),
            ("DATABASE", database.to_owned()),
            ("TABLE_PREFIX", prefix),
        ]
        .into_iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(key, value)| (format!("RTM_DATABASE__{key}"), value))
        .collect()
    }
}
