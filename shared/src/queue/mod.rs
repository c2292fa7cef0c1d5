//! The job queue: it carries hints that an attempt waits; the attempts table is the truth. A job may be lost,
//! doubled or late without harm, and never holds a secret.
//!
//! [`Producer`] is what the API pushes to; a back end's consumer is what a worker runs over (apalis).

pub mod embedded;

use serde::{Deserialize, Serialize};

use crate::{
    id::{AttemptId, CredentialId},
    model::attempt::Lane,
};

/// One hint: this attempt waits for a worker.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefreshJob {
    /// Whose refresh.
    pub credential: CredentialId,
    /// Which attempt.
    pub attempt: AttemptId,
}

/// The queue does not take the job. The attempt stands in the database and is pushed later.
#[derive(Debug, thiserror::Error)]
#[error("the queue is unavailable: {0}")]
pub struct QueueError(pub String);

/// Where jobs are pushed to: a closed enum over the back ends.
#[derive(Debug, Clone)]
pub enum Producer {
    /// Inside this process.
    Embedded(embedded::EmbeddedProducer),
}

impl Producer {
    /// Pushes a job.
    pub fn push(&self, lane: Lane, job: RefreshJob) -> Result<(), QueueError> {
        match self {
            Self::Embedded(queue) => queue.push(lane, job),
        }
    }

    /// How many jobs of the lane wait or run.
    pub fn depth(&self, lane: Lane) -> u32 {
        match self {
            Self::Embedded(queue) => queue.depth(lane),
        }
    }
}
