//! What every process does first, in the same way: open the database, find the sealing keys and prove that
//! they are the ones that the database's values need.

use std::path::Path;

use crate::{
    clock::Clock,
    config::Config,
    db::{Db, DbError, DbOptions, lock::LockError, system, system::RegisteredKey},
    key_file,
    vault::{Keyring, KeyringError, Place, Vault, VaultError},
};

/// The text that a registered key must open.
const CHECK_TEXT: &[u8] = b"rt-manage sealing key check";

/// Why a process could not get ready.
#[derive(Debug, thiserror::Error)]
pub enum BootstrapError {
    /// The database.
    #[error(transparent)]
    Database(#[from] DbError),
    /// A process of another mode has the database.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// The schema could not be changed.
    #[error("bringing the database schema up to date: {0}")]
    Migrate(#[source] DbError),
    /// The text of the keys.
    #[error("{origin}: {error}")]
    Keyring {
        /// Where the keys were read.
        origin: String,
        /// What is wrong with them.
        error: KeyringError,
    },
    /// The key file.
    #[error("security.key_file {path}: {error}")]
    KeyFile {
        /// The file.
        path: String,
        /// What is wrong with it.
        error: std::io::Error,
    },
    /// A key that the database needs is not here.
    #[error(
        "the database's values are sealed with key `{0}`, which is not among the keys given: add it to RTM_MASTER_KEYS or to {1}"
    )]
    MissingKey(String, String),
    /// A key of the right name, but another one.
    #[error(
        "key `{0}` is not the key of that name which this database was sealed with: find the right one, in a backup of {1}"
    )]
    WrongKey(String, String),
    /// Workers never make keys.
    #[error(
        "no sealing key is given and only the API makes one: start the API first, or set RTM_MASTER_KEYS"
    )]
    NoKey,
    /// The register's own value could not be sealed.
    #[error(transparent)]
    Vault(#[from] VaultError),
}

/// Opens the database of a configuration.
pub async fn open_database(config: &Config) -> Result<Db, BootstrapError> {
    Ok(Db::open(&DbOptions::from(&config.database)).await?)
}

/// Who opens the vault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// May make the first key and register keys.
    Api,
    /// Uses what is there.
    Worker,
}

/// Finds the sealing keys and checks them against the database's register.
pub async fn open_vault(
    config: &Config,
    db: &Db,
    clock: &Clock,
    role: Role,
) -> Result<Vault, BootstrapError> {
    let registered = system::keys(&mut &*db).await?;
    let path = &config.security.key_file;
    let shown = path.display().to_string();
    let keyring = match &config.security.master_keys {
        Some(keys) => parse(keys.expose(), "RTM_MASTER_KEYS")?,
        None => match key_file::read(path).await.map_err(key_file_error(path))? {
            Some(text) => {
                if key_file::is_unconfirmed(&text) {
                    tracing::warn!(
                        file = %shown,
                        "the sealing key was made at the first start: back this file up, then say so in the console or delete its first line to end this warning"
                    );
                }
                parse(&text, &shown)?
            }
            None => match (registered.first(), role) {
                (Some(key), _) => {
                    return Err(BootstrapError::MissingKey(key.key_id.clone(), shown));
                }
                (None, Role::Worker) => return Err(BootstrapError::NoKey),
                (None, Role::Api) => {
                    let made = key_file::make(path).await.map_err(key_file_error(path))?;
                    parse(&made, &shown)?
                }
            },
        },
    };
    let vault = Vault::new(keyring);
    for key in &registered {
        check(&vault, key, &shown)?;
    }
    let active = vault.keyring().active_id().as_str();
    if registered.iter().all(|key| key.key_id != active) {
        if role == Role::Worker {
            return Err(BootstrapError::NoKey);
        }
        let check_value = vault.seal(place(active), CHECK_TEXT)?;
        let key = RegisteredKey {
            key_id: active.to_owned(),
            check_value,
            since: clock.now(),
        };
        if !system::register_key(&mut &*db, &key).await? {
            // Another process registered a key of this name in the meantime: it must be the same one.
            for key in system::keys(&mut &*db).await? {
                check(&vault, &key, &shown)?;
            }
        }
    }
    Ok(vault)
}

fn parse(text: &str, origin: &str) -> Result<Keyring, BootstrapError> {
    Keyring::parse(text).map_err(|error| BootstrapError::Keyring {
        origin: origin.to_owned(),
        error,
    })
}

fn place(key_id: &str) -> Place<'_> {
    Place {
        table: "vault_keys",
        row: key_id,
        column: "check_value",
    }
}

fn check(vault: &Vault, key: &RegisteredKey, file: &str) -> Result<(), BootstrapError> {
    match vault.open(place(&key.key_id), &key.check_value) {
        Ok(text) if text.as_slice() == CHECK_TEXT => Ok(()),
        Err(VaultError::MissingKey(_)) => Err(BootstrapError::MissingKey(
            key.key_id.clone(),
            file.to_owned(),
        )),
        Ok(_) | Err(_) => Err(BootstrapError::WrongKey(
            key.key_id.clone(),
            file.to_owned(),
        )),
    }
}

fn key_file_error(path: &Path) -> impl Fn(std::io::Error) -> BootstrapError + '_ {
    |error| BootstrapError::KeyFile {
        path: path.display().to_string(),
        error,
    }
}
