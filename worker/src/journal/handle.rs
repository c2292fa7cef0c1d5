//! What the rest of the worker holds of the journal.

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
        mpsc,
    },
};

use rt_manage_shared::{
    clock::Millis,
    id::{AttemptId, BootId},
};
use tokio::sync::oneshot;

use super::{
    disk::{self, Disk},
    entry::{Answer, Done, Intent, boot_id_text},
    error::JournalError,
    lock,
    writer::{Command, Reply, Writer},
};

/// Where and how the journal is written.
#[derive(Debug, Clone)]
pub struct JournalOptions {
    /// The folder of all workers' journals.
    pub directory: PathBuf,
    /// Whose journal this is.
    pub worker: BootId,
    /// Room that is set aside for each segment file.
    pub segment_bytes: u64,
    /// Room that is reserved for the sealed payload of each answer before the upstream is called.
    pub answer_reserve_bytes: u64,
}

/// Health of the journal, for readiness and metrics.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct JournalHealth {
    /// Why no intent can be accepted; `None`: all is well. The writer tries again by itself each second.
    pub failure: Option<String>,
    /// Number of the segment that is written.
    pub segment: u64,
    /// Bytes of it that are neither written nor reserved.
    pub free_bytes: u64,
    /// Bytes reserved for answers of calls in flight.
    pub reserved_bytes: u64,
    /// Syncs so far (`fdatasync`, each for a group of entries).
    pub syncs: u64,
    /// Entries written so far.
    pub entries: u64,
    /// Segments given up because the device refused a write or a sync.
    pub abandoned_segments: u64,
    /// Whether room is set aside by writing zeros, since the file system knows no better way.
    pub zero_filled: bool,
}

/// What handles, reservations and the writer share.
#[derive(Debug, Default)]
pub(super) struct Shared {
    reserved: AtomicU64,
    health: Mutex<JournalHealth>,
}

impl Shared {
    /// Bytes reserved now. Only the writer reserves, so between two looks of its own this can only shrink.
    pub(super) fn reserved(&self) -> u64 {
        self.reserved.load(Ordering::Acquire)
    }

    pub(super) fn reserve(self: &Arc<Self>, bytes: u64) -> Reservation {
        self.reserved.fetch_add(bytes, Ordering::AcqRel);
        Reservation {
            bytes,
            shared: Arc::clone(self),
        }
    }

    pub(super) fn update_health(&self, change: impl FnOnce(&mut JournalHealth)) {
        change(&mut self.health.lock().unwrap_or_else(PoisonError::into_inner));
    }

    pub(super) fn health(&self) -> JournalHealth {
        let mut health = self
            .health
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        health.reserved_bytes = self.reserved();
        health
    }
}

/// Room for one answer. Dropped without an answer, it gives the room back.
#[derive(Debug)]
#[must_use = "dropping it gives the room back"]
pub struct Reservation {
    bytes: u64,
    shared: Arc<Shared>,
}

impl Reservation {
    /// Gives the room back: no answer will come.
    pub fn release(self) {}
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.shared.reserved.fetch_sub(self.bytes, Ordering::AcqRel);
    }
}

/// A handle of the journal that this process writes; clones share it.
///
/// When the last handle is gone the writer ends by itself; [`Journal::close`] waits for that.
#[derive(Debug, Clone)]
pub struct Journal {
    commands: mpsc::Sender<Command>,
    shared: Arc<Shared>,
    folder: Arc<Path>,
}

impl Journal {
    /// Creates the worker's folder, locks it, prepares the first segment and starts the writer thread.
    ///
    /// Blocks on the disk; call it before serving.
    pub fn open(options: &JournalOptions) -> Result<Self, JournalError> {
        let folder = options.directory.join(boot_id_text(options.worker));
        disk::create_folder(&folder)?;
        disk::sync_folder(&options.directory)?;
        Self::start(Disk::new(folder, options.worker), options)
    }

    pub(super) fn start(disk: Disk, options: &JournalOptions) -> Result<Self, JournalError> {
        let folder: Arc<Path> = disk.folder().into();
        let lock = lock::acquire(&folder)?;
        let shared = Arc::new(Shared::default());
        let writer = Writer::start(disk, options, Arc::clone(&shared), lock)?;
        let (commands, received) = mpsc::channel();
        std::thread::Builder::new()
            .name("journal".to_owned())
            .spawn(move || writer.run(&received))
            .map_err(JournalError::io("start the writer of", &*folder))?;
        Ok(Self {
            commands,
            shared,
            folder,
        })
    }

    /// Records that a call is about to be made, and reserves room for its answer.
    ///
    /// After `Ok` the intent survives a kill of this process, and [`Journal::answer`] cannot fail for lack of
    /// space. After any error the upstream must not be called.
    pub async fn intent(&self, intent: Intent) -> Result<Reservation, JournalError> {
        self.ask(|reply| Command::Intent { intent, reply }).await
    }

    /// Records an answer; returns when it is on the disk (`fdatasync`).
    ///
    /// Once called, the answer is written even where the caller stops waiting. An answer longer than its
    /// reservation is written where the disk has room for it.
    pub async fn answer(
        &self,
        reservation: Reservation,
        answer: Answer,
    ) -> Result<(), JournalError> {
        self.ask(|reply| Command::Answer {
            answer,
            reservation,
            reply,
        })
        .await
    }

    /// Records that the database knows the attempt. Best effort: without it the attempt is replayed, which
    /// does no harm.
    pub async fn done(&self, attempt: AttemptId, at: Millis) {
        let done = Done { attempt, at };
        if let Err(error) = self.ask(|reply| Command::Done { done, reply }).await {
            tracing::debug!(%attempt, %error, "the journal could not note that an attempt is done");
        }
    }

    /// Health for readiness and metrics; cheap.
    pub fn health(&self) -> JournalHealth {
        self.shared.health()
    }

    /// The folder that is written.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Ends the journal in order: all that was asked before is written and synced, unused room is given back
    /// and the lock released. Whatever is asked afterwards, by any clone, fails with [`JournalError::Closed`].
    pub async fn close(&self) {
        // An error says that it is closed already.
        let _ = self.ask(|reply| Command::Close { reply }).await;
    }

    /// Whatever ended the writer, readiness must say so.
    fn closed(&self) -> JournalError {
        let error = JournalError::Closed;
        self.shared
            .update_health(|health| health.failure = Some(error.to_string()));
        error
    }

    async fn ask<T>(&self, command: impl FnOnce(Reply<T>) -> Command) -> Result<T, JournalError> {
        let (reply, answer) = oneshot::channel();
        self.commands
            .send(command(reply))
            .map_err(|_| self.closed())?;
        answer.await.map_err(|_| self.closed())?
    }
}
