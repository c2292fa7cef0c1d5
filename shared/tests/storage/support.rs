//! A database of its own for each test, on any of the back ends.

use std::{future::Future, panic::AssertUnwindSafe, time::Duration};

use futures::FutureExt as _;
use rt_manage_shared::{
    config::DatabaseTls,
    db::{Db, DbError, DbOptions, Dialect, Execute as _, Server, Target, sql},
    vault::Secret,
};
use sqlx::{
    AssertSqlSafe, ConnectOptions as _, Connection as _, Executor as _,
    sqlite::SqliteConnectOptions,
};
use tempfile::TempDir;
use url::Url;

/// Where a test's database is.
pub(crate) struct Place {
    pub(crate) dialect: Dialect,
    pub(crate) folder: TempDir,
    server: Option<Server>,
}

/// Runs a test with a database of its own, which is dropped afterwards however the test ends.
pub(crate) async fn run<F: Future<Output = ()>>(dialect: Dialect, test: fn(Place) -> F) {
    let server = match dialect {
        Dialect::Sqlite => None,
        Dialect::MySql => match server("RTM_TEST_MYSQL_URL") {
            None => return,
            found => found,
        },
        Dialect::Postgres => match server("RTM_TEST_POSTGRES_URL") {
            None => return,
            found => found,
        },
    };
    let place = Place {
        dialect,
        folder: TempDir::new().unwrap(),
        server,
    };
    let cleaner = Place {
        dialect,
        folder: TempDir::new().unwrap(),
        server: place.server.clone(),
    };
    if let Some(server) = &place.server {
        let create = match dialect {
            // Not the character set that we need: tables must not depend on it.
            Dialect::MySql => "CHARACTER SET latin1",
            _ => "",
        };
        place
            .administer(&format!("CREATE DATABASE {} {create}", server.database))
            .await;
    }
    let result = AssertUnwindSafe(test(place)).catch_unwind().await;
    if let Some(server) = &cleaner.server {
        let force = match dialect {
            Dialect::Postgres => "WITH (FORCE)",
            _ => "",
        };
        cleaner
            .administer(&format!("DROP DATABASE {} {force}", server.database))
            .await;
    }
    if let Err(panic) = result {
        std::panic::resume_unwind(panic);
    }
}

/// The server that a variable names, as scripts/test-services sets it, with a new database's name.
fn server(variable: &str) -> Option<Server> {
    let Ok(url) = std::env::var(variable) else {
        assert!(
            std::env::var_os("CI").is_none(),
            "{variable} is not set, and a back end that is skipped is a failure in CI"
        );
        println!("skipped: {variable} is not set; see scripts/test-services");
        return None;
    };
    let url = Url::parse(&url).unwrap();
    Some(Server {
        host: url.host_str().unwrap().into(),
        port: url.port().unwrap(),
        user: url.username().into(),
        password: Secret::new(url.password().unwrap_or_default()),
        database: format!("rtm_{:016x}", rand::random::<u64>()),
        tls: DatabaseTls::Prefer,
        tls_ca_file: None,
    })
}

impl Place {
    /// Options for this place.
    pub(crate) fn options(&self) -> DbOptions {
        let target = match (&self.server, self.dialect) {
            (None, _) => Target::Sqlite {
                file: self.folder.path().join("data/tokens.db"),
            },
            (Some(server), Dialect::MySql) => Target::MySql(server.clone()),
            (Some(server), _) => Target::Postgres(server.clone()),
        };
        DbOptions {
            max_open: 4,
            max_idle: 2,
            ..DbOptions::new(target)
        }
    }

    /// Options for this place on a changed server.
    pub(crate) fn options_at(&self, change: impl FnOnce(&mut Server)) -> DbOptions {
        let mut options = self.options();
        match &mut options.target {
            Target::Sqlite { .. } => {}
            Target::MySql(server) | Target::Postgres(server) => change(server),
        }
        options
    }

    /// The name of the database on the server.
    pub(crate) fn database(&self) -> &str {
        self.server
            .as_ref()
            .map_or("", |server| server.database.as_str())
    }

    /// A database with the schema.
    pub(crate) async fn open(&self) -> Db {
        self.open_as("").await
    }

    /// A database with the schema, under a prefix.
    pub(crate) async fn open_as(&self, prefix: &str) -> Db {
        let options = DbOptions {
            table_prefix: prefix.into(),
            ..self.options()
        };
        let db = Db::open(&options).await.unwrap();
        db.migrate().await.unwrap();
        db
    }

    /// A database with the schema and one connection for reading and writing, on which session settings stay.
    pub(crate) async fn open_narrow(&self) -> Db {
        let options = DbOptions {
            max_open: 1,
            max_idle: 1,
            ..self.options()
        };
        let db = Db::open(&options).await.unwrap();
        db.migrate().await.unwrap();
        db
    }

    /// Runs statements on the server, outside of the test's database.
    pub(crate) async fn administer(&self, text: &str) {
        let server = self.server.clone().unwrap();
        self.send(&server, None, text).await.unwrap();
    }

    /// Runs statements in the test's database as they are, without the code under test.
    pub(crate) async fn raw(&self, text: &str) {
        if let Some(server) = &self.server {
            let database = Some(server.database.as_str());
            self.send(server, database, text).await.unwrap();
        } else {
            let mut connection = self.file().connect().await.unwrap();
            connection.execute(AssertSqlSafe(text)).await.unwrap();
            connection.close().await.unwrap();
        }
    }

    /// The file of `SQLite`, for connections of other processes.
    fn file(&self) -> SqliteConnectOptions {
        SqliteConnectOptions::new().filename(self.folder.path().join("data/tokens.db"))
    }

    /// Whether another process finds `SQLite`'s write lock taken.
    pub(crate) async fn write_lock_is_taken(&self) -> bool {
        let impatient = self.file().busy_timeout(Duration::from_millis(10));
        let mut other = impatient.connect().await.unwrap();
        let error = other.execute("BEGIN IMMEDIATE").await.unwrap_err();
        matches!(DbError::from(error), DbError::Busy(_))
    }

    async fn send(
        &self,
        server: &Server,
        database: Option<&str>,
        text: &str,
    ) -> Result<(), sqlx::Error> {
        let text = AssertSqlSafe(text);
        if self.dialect == Dialect::MySql {
            let mut options = sqlx::mysql::MySqlConnectOptions::new()
                .host(&server.host)
                .port(server.port)
                .username(&server.user)
                .password(server.password.expose());
            if let Some(database) = database {
                options = options.database(database);
            }
            let mut connection = options.connect().await?;
            connection.execute(text).await?;
            connection.close().await
        } else {
            let options = sqlx::postgres::PgConnectOptions::new_without_pgpass()
                .host(&server.host)
                .port(server.port)
                .username(&server.user)
                .password(server.password.expose())
                .database(database.unwrap_or("postgres"));
            let mut connection = options.connect().await?;
            connection.execute(text).await?;
            connection.close().await
        }
    }

    /// Cuts all connections to the test's database, as a restart of the server would.
    pub(crate) async fn cut_connections(&self, db: &Db) {
        match self.dialect {
            // A file has none.
            Dialect::Sqlite => {}
            Dialect::MySql => {
                let rows = (&mut &*db)
                    .fetch_all(sql("SELECT CAST(id AS SIGNED) AS id FROM information_schema.processlist WHERE db = DATABASE()"))
                    .await
                    .unwrap();
                for row in rows {
                    let id = row.int("id").unwrap();
                    let server = self.server.clone().unwrap();
                    // One may have ended in the meantime.
                    let _ = self.send(&server, None, &format!("KILL {id}")).await;
                }
            }
            Dialect::Postgres => {
                let text = format!(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{}'",
                    self.database()
                );
                self.administer(&text).await;
            }
        }
        // The servers do it in the background.
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
