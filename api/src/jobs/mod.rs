//! Jobs: long operations over many credentials. Somebody asks for one and gets its id (`start.rs`); whichever API process comes
//! first carries it on (`runner.rs`, `carry.rs`), in steps that are one transaction each.
//!
//! To add a kind: a variant of [`JobKind`](rt_manage_shared::model::job::JobKind), a module here with two functions
//!
//! ```ignore
//! pub(super) async fn step(context: &JobContext, job: &Job) -> Result<Step, JobError>;
//! pub(super) async fn cancel(context: &JobContext, job: &Job) -> Result<Step, JobError>;
//! ```
//!
//! and an arm in `carry.rs`. Each call gets the job as it was read a moment ago, and does one small piece: it begins its
//! transaction with [`JobContext::begin`], writes items, counts and where it goes on in that transaction, and says whether there is
//! more. What is committed is never done again: a process may be killed at any point, and another one calls the same function with
//! the job as the last commit left it.

pub mod bulk;
mod carry;
mod context;
mod import;
mod manage;
mod results;
mod runner;
mod start;

use std::time::Duration;

use rt_manage_shared::{
    db::{DbError, MaybeBusy},
    vault::VaultError,
};

pub use self::{
    context::{JobContext, payload_row},
    manage::Jobs,
    results::results,
    runner::{Runner, run_here},
    start::{NewJob, Opened, Opening, Request},
};
use crate::credentials::CredentialError;

/// What is left of a job after a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// The next step can be made at once.
    More,
    /// Nothing can be done for about so long.
    Wait(Duration),
    /// Nothing: every item has its result.
    Done,
}

/// Why a step of a job was not made.
#[derive(Debug, thiserror::Error)]
pub enum JobError {
    /// Another process has the job, or somebody has given it up. Nothing was written.
    #[error("the job is not ours any more, or was given up")]
    Fenced,
    /// The job cannot go on; the rest of it is given up.
    #[error("{detail}")]
    Impossible {
        /// Stable, for programs.
        code: &'static str,
        /// For people.
        detail: String,
    },
    /// The database.
    #[error(transparent)]
    Database(#[from] DbError),
    /// The vault.
    #[error(transparent)]
    Vault(#[from] VaultError),
}

impl JobError {
    /// Whether the same step may succeed later.
    const fn is_temporary(&self) -> bool {
        matches!(self, Self::Database(error) if error.is_temporary())
    }
}

impl MaybeBusy for JobError {
    fn is_busy(&self) -> bool {
        matches!(self, Self::Database(error) if error.is_busy())
    }
}

/// Why nothing became of a wish about jobs.
#[derive(Debug, thiserror::Error)]
pub enum JobsError {
    /// There is no such job.
    #[error("there is no such job")]
    NotFound,
    /// It has ended: there is nothing to give up.
    #[error("the job has ended")]
    Ended,
    /// It has not ended: nobody knows yet what is to be repeated.
    #[error("the job has not ended; cancel it, or wait for its end")]
    Running,
    /// There is nothing to repeat.
    #[error("no item of this job has failed")]
    NothingFailed,
    /// Too many are under way.
    #[error("{0} jobs are under way; wait until some have ended, or cancel some")]
    TooMany(u32),
    /// The key was used before, for another request.
    #[error("this Idempotency-Key was used before for another request; take a new one")]
    KeyReused,
    /// Fields that cannot be accepted, or a credential that is in the way.
    #[error(transparent)]
    Credential(#[from] CredentialError),
    /// The database.
    #[error(transparent)]
    Database(#[from] DbError),
    /// The vault.
    #[error(transparent)]
    Vault(#[from] VaultError),
}

impl MaybeBusy for JobsError {
    fn is_busy(&self) -> bool {
        match self {
            Self::Database(error) => error.is_busy(),
            Self::Credential(error) => error.is_busy(),
            _ => false,
        }
    }
}
