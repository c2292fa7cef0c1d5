//! Brings the schema up to date. Migrations are embedded, numbered, and only grow.
//!
//! SQLite and PostgreSQL apply migrations in transactions. MySQL commits every change of the schema by itself, so
//! its migrations are written to be repeated: one that was cut off is run again from its beginning.

use sqlx::{
    AssertSqlSafe, Connection as _, Executor as _, MySqlConnection, PgConnection, SqlSafeStr as _,
    migrate::{Migrate as _, MigrateError, Migration, MigrationType, Migrator},
};

use super::{
    Execute as _,
    dialect::Dialect,
    error::{DbError, is_forbidden, lacks_schema},
    exec::{Backend, Db},
    row::Row,
    sql::sql,
};
use crate::clock::Millis;

/// Name of the table in which the migrator keeps its books, without prefix.
const BOOKS: &str = "schema_migrations";

/// How many seconds a process waits for another one that changes the schema.
const LOCK_SECONDS: u32 = 60;

struct Source {
    version: i64,
    description: &'static str,
    sqlite: &'static str,
    mysql: &'static str,
    postgres: &'static str,
}

macro_rules! source {
    ($version:literal, $description:literal, $file:literal) => {
        Source {
            version: $version,
            description: $description,
            sqlite: include_str!(concat!("../../migrations/sqlite/", $file)),
            mysql: include_str!(concat!("../../migrations/mysql/", $file)),
            postgres: include_str!(concat!("../../migrations/postgres/", $file)),
        }
    };
}

const SOURCES: &[Source] = &[
    source!(1, "initial", "0001_initial.sql"),
    source!(2, "worker lanes", "0002_worker_lanes.sql"),
    source!(3, "findings", "0003_findings.sql"),
    source!(4, "people", "0004_people.sql"),
    source!(5, "settings", "0005_settings.sql"),
    source!(6, "keys", "0006_keys.sql"),
    source!(7, "statistics", "0007_statistics.sql"),
    source!(8, "lists", "0008_lists.sql"),
    source!(9, "jobs", "0009_jobs.sql"),
    source!(10, "identity", "0010_identity.sql"),
    source!(11, "deleted grants", "0011_deleted_grants.sql"),
];

/// A step of the schema that was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied {
    /// The version of the schema that it led to.
    pub version: i64,
    /// What it is about.
    pub description: String,
    /// When; to the second.
    pub at: Millis,
}

/// How the schema of a database compares with the one that this program knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    Same,
    /// Older, of this version.
    Behind(i64),
    /// Newer, of this version.
    Ahead(i64),
}

impl Db {
    /// Applies what is missing. Several processes may call this at once.
    pub async fn migrate(&self) -> Result<(), DbError> {
        self.migrate_to(newest()).await
    }

    /// Applies what is missing up to this version and nothing of later ones, as an earlier program would: for tests of
    /// upgrades.
    pub async fn migrate_to(&self, version: i64) -> Result<(), DbError> {
        let migrator = self.migrator(version);
        // Servers get a connection of their own, so that its locks end with it, however this ends.
        match &self.backend {
            Backend::Sqlite { write, .. } => {
                // All of it in one transaction: the driver has no lock for SQLite, and its own transactions nest.
                let mut tx = write
                    .begin_with("BEGIN IMMEDIATE")
                    .await
                    .map_err(|error| explain(error.into()))?;
                migrator.run(&mut *tx).await.map_err(explain)?;
                Ok(tx.commit().await?)
            }
            Backend::MySql(pool) => {
                let mut connection = pool.acquire().await?.detach();
                let result = self.migrate_mysql(&mut connection, migrator).await;
                let _ = connection.close().await;
                result
            }
            Backend::Postgres(pool) => {
                let mut connection = pool.acquire().await?.detach();
                let result = migrate_postgres(&mut connection, &migrator).await;
                let _ = connection.close().await;
                result
            }
        }
    }

    async fn migrate_mysql(
        &self,
        connection: &mut MySqlConnection,
        mut migrator: Migrator,
    ) -> Result<(), DbError> {
        // The driver's own lock waits "-1 seconds", which MariaDB takes for an error: it would not lock at all. Locks
        // are the server's, not the database's, and their names are short.
        migrator.set_locking(false);
        let lock = sqlx::query_scalar::<_, Option<i64>>(
            "SELECT GET_LOCK(SHA1(CONCAT('rt-manage ', DATABASE(), ' ', ?)), ?)",
        )
        .bind(self.table(""))
        .bind(LOCK_SECONDS);
        if lock.fetch_one(&mut *connection).await? != Some(1) {
            return Err(another_process());
        }
        let books = self.table(BOOKS);
        connection
            .ensure_migrations_table(&books)
            .await
            .map_err(explain)?;
        // A migration that a crash cut off is marked as not successful. Under the lock nobody else is at it, and ours may
        // be repeated; one of a newer version stays and is refused below.
        let known = newest();
        let cut_off = format!("DELETE FROM {books} WHERE success = FALSE AND version <= {known}");
        connection.execute(AssertSqlSafe(cut_off)).await?;
        migrator.run(&mut *connection).await.map_err(explain)
    }

    /// Fails unless the schema is exactly the one that this program knows.
    pub async fn check_schema(&self) -> Result<(), DbError> {
        match self.standing().await? {
            Standing::Same => Ok(()),
            Standing::Behind(version) => Err(too_old(version)),
            Standing::Ahead(version) => Err(too_new(version)),
        }
    }

    /// Whether another process has yet to bring the schema up to date. A newer schema than this program knows is an
    /// error: waiting would not help.
    pub async fn schema_is_behind(&self) -> Result<bool, DbError> {
        match self.standing().await? {
            Standing::Same => Ok(false),
            Standing::Behind(_) => Ok(true),
            Standing::Ahead(version) => Err(too_new(version)),
        }
    }

    /// The steps of the schema that were taken, the first one first.
    pub async fn applied_migrations(&self) -> Result<Vec<Applied>, DbError> {
        let text = format!(
            "SELECT version, description, {at} AS applied_at FROM {{{BOOKS}}} WHERE success ORDER BY version",
            at = self.dialect().applied_at()
        );
        let rows = (&mut &*self).fetch_all(sql(text)).await?;
        let read = |row: &Row| {
            Ok(Applied {
                version: row.int("version")?,
                description: row.text("description")?,
                at: Millis(row.int("applied_at")?),
            })
        };
        rows.iter().map(read).collect()
    }

    async fn standing(&self) -> Result<Standing, DbError> {
        // MySQL notes a migration when it begins: one that is under way, or was cut off, has changed something already.
        let statement = sql(format!(
            "SELECT MAX(version) AS begun, MAX(CASE WHEN success THEN version END) AS done FROM {{{BOOKS}}}"
        ));
        let (begun, done) = match (&mut &*self).fetch_optional(statement).await {
            Ok(Some(row)) => (
                row.opt_int("begun")?.unwrap_or(0),
                row.opt_int("done")?.unwrap_or(0),
            ),
            Err(error) if error.is_temporary() && !lacks_schema(&error) => return Err(error),
            // No such table: nothing was ever applied.
            Ok(None) | Err(_) => (0, 0),
        };
        let known = newest();
        Ok(if begun > known {
            Standing::Ahead(begun)
        } else if done < known {
            Standing::Behind(done)
        } else {
            Standing::Same
        })
    }

    fn migrator(&self, version: i64) -> Migrator {
        let migrations = SOURCES
            .iter()
            .filter(|source| source.version <= version)
            .map(|source| {
                let text = match self.dialect() {
                    Dialect::Sqlite => source.sqlite,
                    Dialect::MySql => source.mysql,
                    Dialect::Postgres => source.postgres,
                };
                Migration::new(
                    source.version,
                    source.description.into(),
                    MigrationType::Simple,
                    AssertSqlSafe(self.names.rewrite(text)).into_sql_str(),
                    false,
                )
            })
            .collect();
        let mut migrator = Migrator::with_migrations(migrations);
        migrator.dangerous_set_table_name(self.names.table(BOOKS));
        migrator
    }
}

async fn migrate_postgres(
    connection: &mut PgConnection,
    migrator: &Migrator,
) -> Result<(), DbError> {
    // Holds for the migrator's own lock too.
    let patience = format!("SET lock_timeout = '{LOCK_SECONDS}s'");
    connection.execute(AssertSqlSafe(patience)).await?;
    migrator.run(&mut *connection).await.map_err(explain)
}

/// The version of the schema that this program knows.
fn newest() -> i64 {
    let versions = SOURCES.iter().map(|source| source.version);
    versions.max().unwrap_or(0)
}

fn another_process() -> DbError {
    DbError::Schema(format!(
        "another process has been changing the database schema, or holding locks on it, for more than {LOCK_SECONDS} s: wait until it is done, then start again"
    ))
}

fn too_old(version: i64) -> DbError {
    let known = newest();
    DbError::Schema(format!(
        "the database schema has version {version}, this program needs {known}: start the API first, or run `rt-manage-api migrate`"
    ))
}

fn too_new(version: i64) -> DbError {
    DbError::Schema(format!(
        "the database schema has version {version}, which a newer rt-manage made: start that version, or restore a backup made before the upgrade"
    ))
}

fn explain(error: MigrateError) -> DbError {
    match error {
        MigrateError::VersionMissing(version) => too_new(version),
        MigrateError::VersionMismatch(version) => DbError::Schema(format!(
            "schema migration {version} was applied in another form than this program knows: the database belongs to another build"
        )),
        // Our own ones are repeated before it comes to this.
        MigrateError::Dirty(version) => DbError::Schema(format!(
            "schema migration {version} of a newer rt-manage was cut off: start that version, which completes it, or restore a backup made before the upgrade"
        )),
        MigrateError::Execute(error) => failed(error, "the schema's books"),
        MigrateError::ExecuteMigration(error, version) => {
            failed(error, &format!("schema migration {version}"))
        }
        other => DbError::Schema(other.to_string()),
    }
}

fn failed(error: sqlx::Error, what: &str) -> DbError {
    if is_forbidden(&error) {
        return DbError::Schema(format!(
            "{what} failed: {error}: grant database.user the right to create, alter, index and drop tables in the database"
        ));
    }
    match DbError::from(error) {
        DbError::Busy(_) => another_process(),
        DbError::Other(error) => DbError::Schema(format!("{what} failed: {error}")),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_grow_and_names_fit() {
        assert!(SOURCES.is_sorted_by(|one, next| one.version < next.version));
        // The longest prefix that the configuration admits, and what PostgreSQL appends to name a primary key.
        let prefix = format!("{}_", "p".repeat(32));
        for source in SOURCES {
            for text in [source.sqlite, source.mysql, source.postgres] {
                for table in text.split('{').skip(1) {
                    let name = table
                        .split(|c: char| !(c.is_ascii_alphanumeric() || "_}".contains(c)))
                        .next()
                        .unwrap()
                        .replace('}', "");
                    assert!(format!("{prefix}{name}_pkey").len() <= 63, "{name}");
                }
            }
        }
    }
}
