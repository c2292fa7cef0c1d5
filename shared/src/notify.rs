//! Announcements between the parts of the system: hints that wake waiters; nobody relies on one arriving.

use tokio::sync::broadcast;

use crate::id::{AttemptId, CredentialId};

/// Something happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// The database has recorded how this attempt ended.
    Finished {
        /// The attempt.
        attempt: AttemptId,
        /// Whose.
        credential: CredentialId,
    },
    /// A credential was changed, enabled, disabled or deleted.
    Changed(CredentialId),
}

/// Announcements waiting for a slow listener before it misses some: it then re-reads the database, as it does
/// every now and then anyway.
const BACKLOG: usize = 4096;

/// Announces to everybody in this process; cheap to clone.
#[derive(Debug, Clone)]
pub struct Notifier {
    sender: broadcast::Sender<Event>,
}

impl Default for Notifier {
    fn default() -> Self {
        Self::in_process()
    }
}

impl Notifier {
    /// A notifier whose listeners all live in this process.
    pub fn in_process() -> Self {
        Self {
            sender: broadcast::channel(BACKLOG).0,
        }
    }

    /// Announces.
    pub fn announce(&self, event: Event) {
        // Without listeners there is nobody to tell.
        let _ = self.sender.send(event);
    }

    /// Listens from now on.
    pub fn listen(&self) -> broadcast::Receiver<Event> {
        self.sender.subscribe()
    }
}
