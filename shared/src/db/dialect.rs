//! The few fragments of SQL in which the back ends differ.

use std::borrow::Cow;

/// The SQL of a back end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// `SQLite`.
    Sqlite,
    /// MySQL and MariaDB.
    MySql,
    /// PostgreSQL.
    Postgres,
}

impl Dialect {
    /// Its name, as the configuration's `database.type` has it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::MySql => "mysql",
            Self::Postgres => "postgres",
        }
    }

    /// Reads the server's clock as `now`, in milliseconds.
    pub(super) const fn server_time(self) -> &'static str {
        match self {
            Self::Sqlite => "SELECT CAST(unixepoch('now', 'subsec') * 1000 AS INTEGER) AS now",
            // A decimal, so that no digit is lost; the session's time zone is UTC, which has no gaps.
            Self::MySql => "SELECT CAST(UNIX_TIMESTAMP(NOW(3)) * 1000 AS SIGNED) AS now",
            // Not `now()`: that is the begin of the transaction.
            Self::Postgres => {
                "SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT) AS now"
            }
        }
    }

    /// Reads the version of the engine as `version`.
    pub(super) const fn engine_version(self) -> &'static str {
        match self {
            Self::Sqlite => "SELECT sqlite_version() AS version",
            Self::MySql => "SELECT VERSION() AS version",
            Self::Postgres => "SELECT current_setting('server_version') AS version",
        }
    }

    /// When a migration was applied, from the column in which the driver notes it: in milliseconds. The driver writes UTC.
    pub(super) const fn applied_at(self) -> &'static str {
        match self {
            Self::Sqlite => "unixepoch(installed_on) * 1000",
            Self::MySql => "CAST(UNIX_TIMESTAMP(installed_on) * 1000 AS SIGNED)",
            Self::Postgres => "CAST(EXTRACT(EPOCH FROM installed_on) * 1000 AS BIGINT)",
        }
    }

    /// Counts the tables of a name in the installation's database or schema as `n`.
    pub(super) const fn table_exists(self) -> &'static str {
        match self {
            Self::Sqlite => {
                "SELECT COUNT(*) AS n FROM sqlite_master WHERE type = 'table' AND name = ?"
            }
            Self::MySql => {
                "SELECT COUNT(*) AS n FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = ?"
            }
            Self::Postgres => {
                "SELECT COUNT(*) AS n FROM information_schema.tables WHERE table_schema = current_schema() AND table_name = ?"
            }
        }
    }

    /// Behind a table: the index that finds its rows. The others find the right one by themselves.
    pub(super) fn force_index(self, table: &str, index: &str) -> String {
        match self {
            Self::MySql => format!("FORCE INDEX ({{{table}}}_{index})"),
            Self::Sqlite | Self::Postgres => String::new(),
        }
    }

    /// A join whose left side is read first. PostgreSQL goes by its statistics and has no word for it.
    pub(super) const fn join_in_order(self) -> &'static str {
        match self {
            Self::Sqlite => "CROSS JOIN",
            Self::MySql => "STRAIGHT_JOIN",
            Self::Postgres => "JOIN",
        }
    }

    /// An `INSERT` that leaves a row alone which stands in its way; `None` where that is an error to be caught.
    ///
    /// PostgreSQL needs it, because any error ends its transaction. MySQL has no such form: `INSERT IGNORE` would
    /// also cut texts that are too long, and with found rows `ON DUPLICATE KEY UPDATE` does not tell what it did.
    pub(super) fn insert_if_absent(self, text: &str) -> Option<Cow<'static, str>> {
        match self {
            Self::Sqlite | Self::Postgres => Some(format!("{text} ON CONFLICT DO NOTHING").into()),
            Self::MySql => None,
        }
    }
}
