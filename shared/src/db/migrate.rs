//! Brings the schema up to date. Migrations are embedded, numbered, and only grow.

use sqlx::{
    AssertSqlSafe, SqlSafeStr as _,
    migrate::{MigrateError, Migration, MigrationType, Migrator},
};

use super::{
    error::DbError,
    exec::{Backend, Db},
};

/// Name of the table in which the migrator keeps its books, without prefix.
const BOOKS: &str = "schema_migrations";

struct Source {
    version: i64,
    description: &'static str,
    sqlite: &'static str,
}

const SOURCES: &[Source] = &[Source {
    version: 1,
    description: "initial",
    sqlite: include_str!("../../migrations/sqlite/0001_initial.sql"),
}];

impl Db {
    /// Applies what is missing. Several processes may call this at once.
    pub async fn migrate(&self) -> Result<(), DbError> {
        let migrator = self.migrator();
        let result = match &self.backend {
            Backend::Sqlite { write, .. } => migrator.run(write).await,
        };
        result.map_err(explain)
    }

    /// Fails unless the schema is exactly the one that this program knows.
    pub async fn check_schema(&self) -> Result<(), DbError> {
        use super::{Execute as _, sql::sql};
        let statement = sql(format!("SELECT MAX(version) AS version FROM {{{BOOKS}}}"));
        let found = match (&mut &*self).fetch_optional(statement).await {
            Ok(Some(row)) => row.opt_int("version")?.unwrap_or(0),
            Err(error) if error.is_temporary() => return Err(error),
            // No such table: nothing was ever applied.
            Ok(None) | Err(_) => 0,
        };
        let known = SOURCES
            .iter()
            .map(|source| source.version)
            .max()
            .unwrap_or(0);
        match found.cmp(&known) {
            std::cmp::Ordering::Equal => Ok(()),
            std::cmp::Ordering::Less => Err(DbError::Schema(format!(
                "the database schema has version {found}, this program needs {known}: start the API first, or run `rt-manage-api migrate`"
            ))),
            std::cmp::Ordering::Greater => Err(too_new(found)),
        }
    }

    fn migrator(&self) -> Migrator {
        let migrations = SOURCES
            .iter()
            .map(|source| {
                let text = match self.backend {
                    Backend::Sqlite { .. } => source.sqlite,
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
        MigrateError::Execute(error) => error.into(),
        MigrateError::ExecuteMigration(error, version) => match DbError::from(error) {
            DbError::Other(error) => {
                DbError::Schema(format!("schema migration {version} failed: {error}"))
            }
            other => other,
        },
        other => DbError::Schema(other.to_string()),
    }
}
