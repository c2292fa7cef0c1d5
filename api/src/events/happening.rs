//! What listeners are told of. Never a secret.

use rt_manage_shared::{
    db::{attempts::Attempt, jobs::Job},
    id::{AttemptId, BootId, CredentialId, JobId},
    model::{
        attempt::{AttemptState, OutcomeKind},
        job::{JobKind, JobState},
    },
};
use serde::Serialize;

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Happening {
    /// An attempt ended.
    Attempt {
        /// The attempt.
        attempt: AttemptId,
        /// Whose.
        credential: CredentialId,
        /// `finished` or `cancelled`.
        state: AttemptState,
        /// How it ended; `None`: nobody had begun it.
        outcome: Option<OutcomeKind>,
        /// The upstream's or our own code for it.
        code: Option<String>,
        /// Who made it.
        worker: Option<BootId>,
    },
    /// A credential was added, changed or deleted.
    Credential {
        /// Which.
        credential: CredentialId,
    },
    /// A switch was turned.
    Switch {
        /// Which.
        name: String,
        /// Whether it is on now.
        on: bool,
        /// Why it is on.
        reason: Option<String>,
    },
    /// A way out was paused or goes on, has to wait or need not wait any more.
    Egress {
        /// Its key.
        egress: String,
        /// Its name without credentials.
        label: String,
        /// Whether an operator has paused it.
        paused: bool,
        /// Whether it has to wait because of what calls met.
        on_hold: bool,
    },
    /// A worker came or went.
    Worker {
        /// This start of it.
        worker: String,
        /// Its host.
        host: String,
        /// Whether it is there now.
        alive: bool,
    },
    /// A job went on, or ended. At most one a second of each job.
    Job {
        /// Which.
        job: JobId,
        /// What it does.
        kind: JobKind,
        /// Where it stands.
        state: JobState,
        /// How many items it has, once that is known.
        total: Option<u32>,
        /// Done.
        done: u32,
        /// Failed.
        failed: u32,
        /// Nothing to do.
        skipped: u32,
        /// Given up.
        cancelled: u32,
    },
    /// The credentials were counted anew.
    Stats {
        /// As of when.
        as_of: String,
    },
    /// Some events were missed: read anew what you show.
    Reset {
        /// Why.
        because: &'static str,
    },
}

impl Happening {
    /// The name of the event.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Attempt { .. } => "attempt",
            Self::Credential { .. } => "credential",
            Self::Switch { .. } => "switch",
            Self::Egress { .. } => "egress",
            Self::Worker { .. } => "worker",
            Self::Job { .. } => "job",
            Self::Stats { .. } => "stats",
            Self::Reset { .. } => "reset",
        }
    }
}

impl From<&Job> for Happening {
    fn from(job: &Job) -> Self {
        Self::Job {
            job: job.id,
            kind: job.kind,
            state: job.state,
            total: job.total,
            done: job.counts.done,
            failed: job.counts.failed,
            skipped: job.counts.skipped,
            cancelled: job.counts.cancelled,
        }
    }
}

impl From<Attempt> for Happening {
    fn from(attempt: Attempt) -> Self {
        Self::Attempt {
            attempt: attempt.id,
            credential: attempt.credential,
            state: attempt.state,
            outcome: attempt.outcome,
            code: attempt.code,
            worker: attempt.worker,
        }
    }
}
