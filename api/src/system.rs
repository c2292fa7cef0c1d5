//! The installation itself: what it stands on, and the keys that seal what it stores.

use std::io;

use rt_manage_shared::{
    clock::Millis,
    config::SecurityConfig,
    db::{Applied, Db, DbError, audit, system, system::RegisteredKey},
    key_file,
    model::audit::{Action, Actor, Deed},
};

/// The database that everything is stored in.
#[derive(Debug)]
pub struct Database {
    /// `sqlite`, `mysql` or `postgres`.
    pub kind: &'static str,
    /// The version of the engine, as it says it.
    pub engine: String,
    /// The steps of the schema that were taken.
    pub migrations: Vec<Applied>,
}

/// Where the sealing keys are given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// In the file that `security.key_file` names.
    File,
    /// In the configuration, normally its environment.
    Configuration,
}

/// The sealing keys, without what is secret about them.
#[derive(Debug)]
pub struct SealingKeys {
    /// Where this process has them from.
    pub origin: Origin,
    /// Whether a file that we made still waits for somebody to say that it is backed up.
    pub backup_unconfirmed: bool,
    /// Those that values of the database may be sealed with.
    pub registered: Vec<RegisteredKey>,
}

/// Why the mark of a key file was not taken out.
#[derive(Debug, thiserror::Error)]
pub enum ConfirmError {
    /// The file cannot be written.
    #[error("the key file cannot be changed here ({0}): delete its first line by hand")]
    File(io::Error),
    /// The database.
    #[error(transparent)]
    Database(#[from] DbError),
}

/// Looks at the database.
pub async fn database(db: &Db) -> Result<Database, DbError> {
    Ok(Database {
        kind: db.kind(),
        engine: db.engine_version().await?,
        migrations: db.applied_migrations().await?,
    })
}

/// Looks at the sealing keys. The file is read each time: its mark may also be deleted by hand.
pub async fn sealing_keys(db: &Db, config: &SecurityConfig) -> Result<SealingKeys, DbError> {
    let origin = match config.master_keys {
        Some(_) => Origin::Configuration,
        None => Origin::File,
    };
    let backup_unconfirmed = match origin {
        Origin::Configuration => false,
        // One that cannot be read now was read at the start; there is nothing to ask for.
        Origin::File => {
            let text = key_file::read(&config.key_file).await.ok().flatten();
            text.is_some_and(|text| key_file::is_unconfirmed(&text))
        }
    };
    Ok(SealingKeys {
        origin,
        backup_unconfirmed,
        registered: system::keys(&mut &*db).await?,
    })
}

/// Somebody says that the key file is backed up: the mark in it goes. It may be said again.
pub async fn confirm_backup(
    db: &Db,
    config: &SecurityConfig,
    actor: &Actor,
    now: Millis,
) -> Result<(), ConfirmError> {
    if config.master_keys.is_some() {
        return Ok(());
    }
    let was_unconfirmed = key_file::confirm(&config.key_file).await;
    if was_unconfirmed.map_err(ConfirmError::File)? {
        tracing::info!(by = %actor.name, "an operator confirmed that the sealing key is backed up");
        let deed = Deed::new(Action::KeyBackupConfirm);
        audit::record(&mut &*db, actor, &deed, now).await?;
    }
    Ok(())
}
