//! Embedded mode allows one process: a lock on a file beside the database keeps a second one out. The system
//! releases it when the process ends, however it ends.

use std::{
    fs::{File, TryLockError},
    path::PathBuf,
};

use rt_manage_shared::config::Config;

/// The lock; held as long as it lives.
#[derive(Debug)]
pub(super) struct EmbeddedLock {
    _file: File,
}

/// Why embedded mode cannot start.
#[derive(Debug, thiserror::Error)]
pub(super) enum LockError {
    #[error(
        "another rt-manage process uses this database in embedded mode ({0} is locked): stop it first, or set `queue.url` \
         to run several processes over Redis"
    )]
    Taken(PathBuf),
    #[error("{0}: {1}")]
    Io(PathBuf, std::io::Error),
}

impl EmbeddedLock {
    pub(super) fn take(config: &Config) -> Result<Self, LockError> {
        let path = PathBuf::from(format!("{}.lock", config.database.database));
        let io = |error| LockError::Io(path.clone(), error);
        let file = File::options()
            .create(true)
            .append(true)
            .open(&path)
            .map_err(io)?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => Err(LockError::Taken(path)),
            Err(TryLockError::Error(error)) => Err(io(error)),
        }
    }
}
