//! What every process does in the same way: it opens what it works on, keeps that up while it runs, and ends in order.

use std::{path::Path, process::ExitCode, time::Duration};

use crate::{
    bootstrap::{self, BootstrapError, Role},
    clock::{BootInstant, Clock},
    config::Config,
    db::{Db, lock::LockMode},
    lifecycle::Lifecycle,
    telemetry,
    vault::Vault,
};

/// How long a worker waits for the API to make schema and sealing key: containers start in any order.
const PATIENCE: Duration = Duration::from_mins(1);
/// Distance of its looks.
const LOOK: Duration = Duration::from_millis(500);
/// It says this often that it still waits.
const SAY: Duration = Duration::from_secs(10);

/// What a process works on.
#[derive(Debug, Clone)]
pub struct Base {
    /// The database, with the schema that this program knows.
    pub db: Db,
    /// Stored time, set from the database.
    pub clock: Clock,
    /// The vault, whose keys match the database's register.
    pub vault: Vault,
}

/// Opens the database, keeps processes of the other mode away from it, and brings its schema up to date (the API) or waits
/// until that is done (a worker). The lock and the metrics are looked after as parts of the process.
pub async fn open(
    config: &Config,
    role: Role,
    lifecycle: &Lifecycle,
) -> Result<Base, BootstrapError> {
    let db = bootstrap::open_database(config).await?;
    let mode = if config.queue.url.is_some() {
        LockMode::Together
    } else {
        LockMode::Alone
    };
    // A server's database needs no file.
    let file = Path::new(&config.database.database);
    let lock = db.lock(mode, file).await?;
    let clock = Clock::new();
    let vault = match role {
        Role::Api => {
            db.migrate().await.map_err(BootstrapError::Migrate)?;
            clock.set_from_database(db.server_time().await?);
            bootstrap::open_vault(config, &db, &clock, role).await?
        }
        Role::Worker => {
            let mut patience = Patience::new(PATIENCE);
            await_schema(&db, &mut patience).await?;
            clock.set_from_database(db.server_time().await?);
            await_vault(config, &db, &clock, &mut patience).await?
        }
    };
    let soft = lifecycle.soft();
    lifecycle.spawn_part("lock on the database", lock.watch(soft.clone()));
    lifecycle.spawn_part(
        "metrics upkeep",
        telemetry::keep_metrics_small(soft.clone()),
    );
    Ok(Base { db, clock, vault })
}

/// Waits for the parts of a process that drains, closes the database, and tells how the process ends. `drained`: what does
/// not run as a part has ended in time.
pub async fn end(lifecycle: &Lifecycle, db: &Db, drained: bool, limit: Duration) -> ExitCode {
    if !lifecycle.drained(limit).await || !drained {
        tracing::error!(
            "not everything had ended within the drain limit; journals hold what was in flight"
        );
        return ExitCode::FAILURE;
    }
    db.close().await;
    tracing::info!("stopped");
    if lifecycle.has_failed() {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    }
}

/// Limited waiting for another process.
struct Patience {
    until: BootInstant,
    said: Option<BootInstant>,
}

impl Patience {
    fn new(limit: Duration) -> Self {
        Self {
            until: BootInstant::now() + limit,
            said: None,
        }
    }

    /// `false`: it is over.
    async fn wait(&mut self, what: &str) -> bool {
        if self.until.has_passed() {
            return false;
        }
        if self.said.is_none_or(|said| said.elapsed() >= SAY) {
            self.said = Some(BootInstant::now());
            tracing::info!("waiting for the API: {what}");
        }
        tokio::time::sleep(LOOK).await;
        true
    }
}

async fn await_schema(db: &Db, patience: &mut Patience) -> Result<(), BootstrapError> {
    loop {
        match db.schema_is_behind().await {
            Ok(false) => return Ok(()),
            Ok(true) => {
                if !patience
                    .wait("the database schema has to be brought up to date")
                    .await
                {
                    // It says which command does it.
                    return Ok(db.check_schema().await?);
                }
            }
            Err(error) if error.is_temporary() => {
                if !patience.wait("the database does not answer").await {
                    return Err(error.into());
                }
            }
            Err(error) => return Err(error.into()),
        }
    }
}

async fn await_vault(
    config: &Config,
    db: &Db,
    clock: &Clock,
    patience: &mut Patience,
) -> Result<Vault, BootstrapError> {
    loop {
        match bootstrap::open_vault(config, db, clock, Role::Worker).await {
            Err(BootstrapError::NoKey) if patience.wait("there is no sealing key yet").await => {}
            result => return result,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;
    use crate::db::DbOptions;

    fn config(folder: &Path, over_redis: bool) -> Config {
        let mut config = Config::default();
        config.database.database = folder.join("data/tokens.db").display().to_string();
        config.security.key_file = folder.join("data/keys/master.keys");
        config.queue.url = over_redis.then(|| "redis://127.0.0.1:6379".into());
        config
    }

    #[tokio::test]
    async fn a_worker_waits_for_schema_and_key_and_makes_neither() {
        let folder = tempfile::tempdir().unwrap();
        let config = config(folder.path(), true);
        let lifecycle = Lifecycle::new();
        let opened = Cell::new(false);
        let waiting = async {
            let worker = open(&config, Role::Worker, &lifecycle).await;
            opened.set(true);
            worker.unwrap()
        };
        let others = async {
            tokio::time::sleep(LOOK * 2).await;
            let file = Path::new(&config.database.database);
            let db = Db::open(&DbOptions::sqlite(file)).await.unwrap();
            assert!(db.schema_is_behind().await.unwrap() && !opened.get());
            db.migrate().await.unwrap();
            tokio::time::sleep(LOOK * 2).await;
            assert!(!opened.get() && !config.security.key_file.exists());
            open(&config, Role::Api, &lifecycle).await.unwrap()
        };
        let (worker, api) = tokio::join!(waiting, others);
        worker.db.check_schema().await.unwrap();
        lifecycle.stop();
        let ended = end(&lifecycle, &worker.db, true, Duration::from_secs(5)).await;
        assert_eq!(format!("{ended:?}"), format!("{:?}", ExitCode::SUCCESS));
        api.db.close().await;
    }

    #[tokio::test]
    async fn waiting_ends_with_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        let db = Db::open(&DbOptions::sqlite(folder.path().join("t.db")))
            .await
            .unwrap();
        let mut patience = Patience::new(Duration::ZERO);
        let error = await_schema(&db, &mut patience).await.unwrap_err();
        assert!(
            error.to_string().contains("rt-manage-api migrate"),
            "{error}"
        );
        db.migrate().await.unwrap();
        let config = config(folder.path(), true);
        let error = await_vault(&config, &db, &Clock::new(), &mut patience)
            .await
            .unwrap_err();
        assert!(matches!(error, BootstrapError::NoKey), "{error}");
    }

    #[tokio::test]
    async fn the_queue_decides_beside_whom_a_process_may_run() {
        let folder = tempfile::tempdir().unwrap();
        let lifecycle = Lifecycle::new();
        let over_redis = config(folder.path(), true);
        let embedded = config(folder.path(), false);
        for _ in 0..2 {
            open(&over_redis, Role::Api, &lifecycle).await.unwrap();
        }
        let error = open(&embedded, Role::Api, &lifecycle).await.unwrap_err();
        assert!(error.to_string().contains("over Redis"), "{error}");
    }
}
