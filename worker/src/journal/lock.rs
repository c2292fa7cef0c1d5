//! The lock of a journal folder: held exclusively by its owner, which is how others see that it lives.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io,
    os::unix::fs::OpenOptionsExt,
    path::Path,
    time::Duration,
};

use super::error::JournalError;

/// Its name in each folder.
pub(super) const LOCK_FILE: &str = "lock";
/// A reader that asks whether the lock is held holds it in shared mode for a moment; the owner outwaits that.
const TRIES: u32 = 50;
/// Between two tries.
const TRY_DISTANCE: Duration = Duration::from_millis(10);

/// Takes the lock of `folder`, and makes its file where there is none. It is held until the file is dropped.
pub(super) fn acquire(folder: &Path) -> Result<File, JournalError> {
    let path = folder.join(LOCK_FILE);
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(&path)
        .map_err(JournalError::io("open", &path))?;
    for attempt in 1..=TRIES {
        match file.try_lock() {
            Ok(()) => break,
            Err(TryLockError::WouldBlock) if attempt < TRIES => std::thread::sleep(TRY_DISTANCE),
            Err(TryLockError::WouldBlock) => return Err(JournalError::Locked(folder.to_owned())),
            Err(TryLockError::Error(error)) => return Err(JournalError::io("lock", &path)(error)),
        }
    }
    Ok(file)
}

/// Whether somebody holds the lock of `folder`. Where that cannot be told: yes.
pub(super) fn is_held(folder: &Path) -> bool {
    match File::open(folder.join(LOCK_FILE)) {
        Ok(file) => file.try_lock_shared().is_err(),
        Err(error) => error.kind() != io::ErrorKind::NotFound,
    }
}
