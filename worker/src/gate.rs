//! [`Gate`]: the reasons inside this process for which nothing may be claimed.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use rt_manage_shared::model::attempt::Lane;
use tokio_util::sync::CancellationToken;

/// Whether this worker may begin attempts.
#[derive(Debug)]
pub struct Gate {
    /// Draining: bulk work begins no more, interactive work goes on until [`Gate::stop`].
    draining: CancellationToken,
    stopped: AtomicBool,
    recovered: AtomicBool,
    journal_ok: AtomicBool,
    database_ok: AtomicBool,
    /// It answers, and takes no writes.
    database_full: AtomicBool,
    /// Rises whenever the database was found away.
    contact: AtomicU64,
}

impl Gate {
    /// Closed until recovery has looked at the journals.
    pub fn new(draining: CancellationToken) -> Self {
        Self {
            draining,
            stopped: AtomicBool::new(false),
            recovered: AtomicBool::new(false),
            journal_ok: AtomicBool::new(true),
            database_ok: AtomicBool::new(true),
            database_full: AtomicBool::new(false),
            contact: AtomicU64::new(0),
        }
    }

    /// Whether an attempt of this lane may be claimed now.
    pub fn may_claim(&self, lane: Lane) -> bool {
        let draining = lane == Lane::Bulk && self.draining.is_cancelled();
        !draining && self.closed_because().is_none()
    }

    /// Why nothing may be claimed, for readiness.
    pub fn closed_because(&self) -> Option<&'static str> {
        if self.stopped.load(Ordering::Acquire) {
            Some("stopping")
        } else if !self.journal_ok.load(Ordering::Acquire) {
            Some("the journal cannot be written")
        } else if self.database_full.load(Ordering::Acquire) {
            Some("the database takes no writes: its disk is full, or it is read-only")
        } else if !self.database_ok.load(Ordering::Acquire) {
            Some("the database does not answer")
        } else if !self.recovered.load(Ordering::Acquire) {
            Some("journals are being replayed")
        } else {
            None
        }
    }

    /// Nothing is claimed any more.
    pub fn stop(&self) {
        self.stopped.store(true, Ordering::Release);
    }

    /// The journals have been compared with the database.
    pub fn note_recovered(&self) {
        self.recovered.store(true, Ordering::Release);
    }

    /// The journal refused something. [`Gate::set_journal`] opens again.
    pub fn note_journal_error(&self) {
        self.journal_ok.store(false, Ordering::Release);
    }

    /// The state of the journal, as its health tells.
    pub fn set_journal(&self, ok: bool) {
        self.journal_ok.store(ok, Ordering::Release);
    }

    /// The database refused something. Before anything is claimed again, the journals are compared with it:
    /// it may have come back older than it was.
    pub fn note_database_error(&self) {
        self.contact.fetch_add(1, Ordering::AcqRel);
        self.database_ok.store(false, Ordering::Release);
        self.recovered.store(false, Ordering::Release);
    }

    /// The database answers and takes no writes. [`Gate::note_database_answers`], which follows a write, opens again.
    pub fn note_database_full(&self) {
        self.database_full.store(true, Ordering::Release);
        self.note_database_error();
    }

    /// Names the present stretch of uninterrupted contact with the database. A claim that was written in an earlier one
    /// may be lost, and somebody else may hold it.
    pub fn contact(&self) -> u64 {
        self.contact.load(Ordering::Acquire)
    }

    /// Whether the database answered last time.
    pub fn database_ok(&self) -> bool {
        self.database_ok.load(Ordering::Acquire)
    }

    /// The database answers.
    pub fn note_database_answers(&self) {
        self.database_full.store(false, Ordering::Release);
        self.database_ok.store(true, Ordering::Release);
    }

    /// Whether the journals have been compared with the database since it was last away.
    pub fn is_recovered(&self) -> bool {
        self.recovered.load(Ordering::Acquire)
    }
}
