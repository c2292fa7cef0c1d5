//! Why the journal refuses.

use std::{io, path::PathBuf, sync::Arc};

use rustix::io::Errno;

/// Why the journal refuses. After any of these on an intent the upstream must not be called.
#[derive(Debug, Clone, thiserror::Error)]
pub enum JournalError {
    /// The disk, a quota or a file size limit leaves no room.
    #[error("no room for the journal at {path}: {source}")]
    Full {
        /// The file that should have grown.
        path: PathBuf,
        /// What the system said.
        source: Arc<io::Error>,
    },
    /// The file system failed.
    #[error("cannot {action} {path}: {source}")]
    Io {
        /// What was tried.
        action: &'static str,
        /// On which file or folder.
        path: PathBuf,
        /// What the system said.
        source: Arc<io::Error>,
    },
    /// Another process writes this folder.
    #[error("the journal folder {0} is locked by another process")]
    Locked(PathBuf),
    /// The entry is longer than the format allows.
    #[error("an entry of {0} bytes is too long for the journal")]
    TooLong(u64),
    /// The journal was closed, or its writer has ended.
    #[error("the journal is closed")]
    Closed,
}

impl JournalError {
    /// For `map_err`: names the action and the file, and tells a full disk from a broken one.
    pub(super) fn io(
        action: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| {
            let full = matches!(
                Errno::from_io_error(&source),
                Some(Errno::NOSPC | Errno::DQUOT | Errno::FBIG)
            );
            let source = Arc::new(source);
            if full {
                Self::Full { path, source }
            } else {
                Self::Io {
                    action,
                    path,
                    source,
                }
            }
        }
    }
}
