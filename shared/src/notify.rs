//! Announcements between the parts of the system: hints that wake waiters; nobody relies on one arriving.

use serde::{Deserialize, Serialize};
use tokio::sync::{broadcast, mpsc};

use crate::id::{AttemptId, CredentialId};

/// Something happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
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
    /// Announcements of other processes may have been missed. Told inside a process only.
    #[serde(skip)]
    Missed,
}

/// Announcements waiting for a slow listener before it misses some: it then re-reads the database, as it does
/// every now and then anyway.
const BACKLOG: usize = 4096;

/// Announces to everybody in this process, and to other processes where there are some; cheap to clone.
#[derive(Debug, Clone)]
pub struct Notifier {
    sender: broadcast::Sender<Event>,
    outgoing: Option<mpsc::Sender<Event>>,
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
            outgoing: None,
        }
    }

    /// A notifier, and what it announces for other processes to hear.
    pub(crate) fn with_outgoing() -> (Self, mpsc::Receiver<Event>) {
        let (outgoing, receiver) = mpsc::channel(BACKLOG);
        let notifier = Self {
            outgoing: Some(outgoing),
            ..Self::in_process()
        };
        (notifier, receiver)
    }

    /// Announces.
    pub fn announce(&self, event: Event) {
        if let Some(outgoing) = &self.outgoing {
            // When others cannot be told as fast as things happen, they look for themselves.
            let _ = outgoing.try_send(event);
        }
        self.deliver(event);
    }

    /// Announces what another process has announced.
    pub(crate) fn deliver(&self, event: Event) {
        // Without listeners there is nobody to tell.
        let _ = self.sender.send(event);
    }

    /// Listens from now on.
    pub fn listen(&self) -> broadcast::Receiver<Event> {
        self.sender.subscribe()
    }
}
