//! Reads the predecessor's database, on SQLite or MySQL. It is never written: the connection is opened for reading only, and no
//! lock is held longer than one page takes, because the old program may still have to save a token.
//!
//! Its columns come as bytes whatever type they have: the file may hold numbers as texts and the other way round, and the
//! server may be one that we would not trust with our own tables.

use std::collections::HashSet;

use sqlx::{
    AssertSqlSafe, ConnectOptions as _, Connection as _, MySqlConnection, Row as _,
    SqliteConnection, sqlite::SqliteConnectOptions,
};

use super::{
    DbError,
    pool::{BUSY_TIMEOUT, Target, read_mysql},
};

/// The table of its records, without prefix.
pub const RECORDS: &str = "rts";
/// The table of its settings, without prefix.
const CONFIGS: &str = "system_configs";
/// The columns that are read; of these, an older version may lack all but `id` and `rt`.
const COLUMNS: [&str; 15] = [
    "biz_id",
    "user_name",
    "email",
    "type",
    "rt",
    "at",
    "proxy",
    "client_id",
    "tag",
    "enabled",
    "last_rt",
    "last_refresh_time",
    "memo",
    "create_time",
    "update_time",
];

/// A value that is not UTF-8.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is not UTF-8 text")]
pub struct NotText;

/// One of its records, with its tokens in the clear. It cannot be printed.
pub struct OldRow {
    /// Its number.
    pub id: i64,
    values: Vec<(&'static str, Vec<u8>)>,
}

impl OldRow {
    /// A record from these values; for tests of what is made of one.
    pub fn new(id: i64, values: &[(&'static str, &str)]) -> Self {
        let value = |(name, value): &(&'static str, &str)| (*name, value.as_bytes().to_vec());
        Self {
            id,
            values: values.iter().map(value).collect(),
        }
    }

    /// The bytes of a column; `None`: `NULL`, or there is no such column.
    pub fn bytes(&self, column: &str) -> Option<&[u8]> {
        let found = self.values.iter().find(|(name, _)| *name == column);
        found.map(|(_, value)| value.as_slice())
    }

    /// The text of a column, without white space around it; `None`: there is nothing in it.
    pub fn text(&self, column: &str) -> Result<Option<&str>, NotText> {
        let Some(bytes) = self.bytes(column) else {
            return Ok(None);
        };
        let text = std::str::from_utf8(bytes).map_err(|_| NotText)?;
        Ok(Some(text.trim_matches(['\0', ' ', '\t', '\r', '\n'])).filter(|text| !text.is_empty()))
    }
}

/// The predecessor's database.
pub struct Predecessor {
    connection: Connection,
    prefix: String,
    columns: Vec<&'static str>,
}

enum Connection {
    Sqlite(SqliteConnection),
    MySql(MySqlConnection),
}

impl Predecessor {
    /// Opens it for reading. `prefix` stands in front of its tables' names, its underscore included.
    pub async fn open(target: &Target, prefix: &str) -> Result<Self, DbError> {
        let connection = match target {
            Target::Sqlite { file } => {
                if !file.is_file() {
                    let text = format!("there is no file {}", file.display());
                    return Err(DbError::Configuration(text));
                }
                let options = SqliteConnectOptions::new()
                    .filename(file)
                    .read_only(true)
                    .busy_timeout(BUSY_TIMEOUT);
                let connection = options.connect().await.map_err(|error| {
                    DbError::Configuration(format!(
                        "{} cannot be opened for reading: {error}",
                        file.display()
                    ))
                })?;
                Connection::Sqlite(connection)
            }
            Target::MySql(server) => Connection::MySql(read_mysql(server).await?),
            Target::Postgres(_) => {
                let text = "the predecessor knows SQLite and MySQL only";
                return Err(DbError::Configuration(text.into()));
            }
        };
        let mut old = Self {
            connection,
            prefix: prefix.to_owned(),
            columns: Vec::new(),
        };
        let there = old.columns_of(RECORDS).await?;
        if !there.contains("id") || !there.contains("rt") {
            let table = old.table(RECORDS);
            return Err(DbError::Configuration(format!(
                "there is no table `{table}` with the columns `id` and `rt`: is this the predecessor's database, and is its table_prefix right (--prefix)?"
            )));
        }
        old.columns = COLUMNS
            .into_iter()
            .filter(|name| there.contains(*name))
            .collect();
        Ok(old)
    }

    /// Up to `limit` records behind `after`, in the order of their numbers.
    pub async fn page(&mut self, after: i64, limit: u32) -> Result<Vec<OldRow>, DbError> {
        let columns: Vec<_> = self.columns.iter().map(|name| self.value(name)).collect();
        let (id, table) = (self.quoted("id"), self.quoted(&self.table(RECORDS)));
        let number = match self.connection {
            Connection::Sqlite(_) => format!("CAST({id} AS INTEGER)"),
            Connection::MySql(_) => format!("CAST({id} AS SIGNED)"),
        };
        let text = format!(
            "SELECT {number} AS row_number_, {} FROM {table} WHERE {id} > ? ORDER BY {id} LIMIT {limit}",
            columns.join(", ")
        );
        let columns = self.columns.clone();
        macro_rules! rows {
            ($connection:expr) => {{
                let query = sqlx::query(AssertSqlSafe(text)).bind(after);
                let mut found = Vec::new();
                for row in query.fetch_all($connection).await? {
                    let mut values = Vec::with_capacity(columns.len());
                    for (index, name) in columns.iter().enumerate() {
                        if let Some(value) = row.try_get::<Option<Vec<u8>>, _>(index + 1)? {
                            values.push((*name, value));
                        }
                    }
                    found.push(OldRow {
                        id: row.try_get(0)?,
                        values,
                    });
                }
                found
            }};
        }
        Ok(match &mut self.connection {
            Connection::Sqlite(connection) => rows!(connection),
            Connection::MySql(connection) => rows!(connection),
        })
    }

    /// Its settings: names and values. None where it never had any.
    pub async fn settings(&mut self) -> Result<Vec<(String, String)>, DbError> {
        let there = self.columns_of(CONFIGS).await?;
        if !there.contains("config_key") || !there.contains("config_value") {
            return Ok(Vec::new());
        }
        let text = format!(
            "SELECT {}, {} FROM {} ORDER BY {}",
            self.value("config_key"),
            self.value("config_value"),
            self.quoted(&self.table(CONFIGS)),
            self.quoted("config_key"),
        );
        self.pairs(text, None).await
    }

    /// Ends the connection.
    pub async fn close(self) {
        let _ = match self.connection {
            Connection::Sqlite(connection) => connection.close().await,
            Connection::MySql(connection) => connection.close().await,
        };
    }

    async fn columns_of(&mut self, table: &str) -> Result<HashSet<String>, DbError> {
        let table = self.table(table);
        let text = match self.connection {
            Connection::Sqlite(_) => {
                "SELECT CAST(name AS BLOB), CAST('' AS BLOB) FROM pragma_table_info(?)"
            }
            Connection::MySql(_) => {
                "SELECT CAST(column_name AS BINARY), CAST('' AS BINARY) FROM information_schema.columns \
                 WHERE table_schema = DATABASE() AND table_name = ?"
            }
        };
        let found = self.pairs(text.to_owned(), Some(table)).await?;
        Ok(found
            .into_iter()
            .map(|(name, _)| name.to_ascii_lowercase())
            .collect())
    }

    /// Two columns of text; what is no text is left out.
    async fn pairs(
        &mut self,
        text: String,
        value: Option<String>,
    ) -> Result<Vec<(String, String)>, DbError> {
        macro_rules! pairs {
            ($connection:expr) => {{
                let mut query = sqlx::query(AssertSqlSafe(text));
                if let Some(value) = value {
                    query = query.bind(value);
                }
                let mut found: Vec<(Option<Vec<u8>>, Option<Vec<u8>>)> = Vec::new();
                for row in query.fetch_all($connection).await? {
                    found.push((row.try_get(0)?, row.try_get(1)?));
                }
                found
            }};
        }
        let found = match &mut self.connection {
            Connection::Sqlite(connection) => pairs!(connection),
            Connection::MySql(connection) => pairs!(connection),
        };
        let text = |bytes: Option<Vec<u8>>| String::from_utf8(bytes?).ok();
        let pair = |(one, other)| Some((text(one)?, text(other)?));
        Ok(found.into_iter().filter_map(pair).collect())
    }

    fn table(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    /// Its columns are called `at`, `type` and the like.
    fn quoted(&self, name: &str) -> String {
        match self.connection {
            Connection::Sqlite(_) => format!("\"{}\"", name.replace('"', "\"\"")),
            Connection::MySql(_) => format!("`{}`", name.replace('`', "``")),
        }
    }

    /// A column's value as bytes of UTF-8, whatever its type.
    fn value(&self, column: &str) -> String {
        let column = self.quoted(column);
        match self.connection {
            Connection::Sqlite(_) => format!("CAST(CAST({column} AS TEXT) AS BLOB)"),
            Connection::MySql(_) => {
                format!("CAST(CAST({column} AS CHAR CHARACTER SET utf8mb4) AS BINARY)")
            }
        }
    }
}
