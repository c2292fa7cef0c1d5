//! The job queue: it carries hints that an attempt waits; the attempts table is the truth. A job may be lost,
//! doubled or late without harm, and never holds a secret.
//!
//! [`Producer`] is what the API pushes to; a back end's consumer is what a worker runs over (apalis).

pub mod embedded;
pub mod redis;

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

/// The queue does not work. Attempts stand in the database and are pushed later. No text holds a secret or an
/// address, so that readiness may show it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum QueueError {
    /// The worker inside this process is gone.
    #[error("the embedded worker has ended")]
    Ended,
    /// No connection, or one that broke.
    #[error("Redis cannot be reached")]
    Unreachable,
    /// Nothing came back in time.
    #[error("Redis does not answer in time")]
    TimedOut,
    /// NOAUTH, WRONGPASS.
    #[error("Redis refuses the user name or the password of queue.url")]
    Refused,
    /// NOPERM: an ACL stands in the way.
    #[error("Redis does not allow this user what the queue needs (ACL)")]
    NotAllowed,
    /// OOM under `maxmemory` and `noeviction`.
    #[error("Redis is out of memory (maxmemory)")]
    OutOfMemory,
    /// A replica, or one that cannot save.
    #[error("Redis takes no writes (a replica, or it cannot save to its disk)")]
    ReadOnly,
    /// It has just been started.
    #[error("Redis is loading its data")]
    Loading,
    /// Anything else, by Redis' own code.
    #[error("Redis answers with an error ({0})")]
    Other(String),
}

/// Where jobs are pushed to: a closed enum over the back ends; cheap to clone.
#[derive(Debug, Clone)]
pub enum Producer {
    /// Inside this process.
    Embedded(embedded::EmbeddedProducer),
    /// Over Redis, to workers anywhere.
    Redis(redis::RedisQueue),
    /// To nobody: the queue is inside another process, whose dispatcher finds in the database what waits.
    Elsewhere,
}

impl Producer {
    /// Pushes jobs, all of them or none. Over Redis a job that still waits is not doubled; one that is in a worker's
    /// hands is, because it may be lost there, and the database lets an attempt be claimed once.
    pub async fn push(&self, lane: Lane, jobs: &[RefreshJob]) -> Result<(), QueueError> {
        match self {
            Self::Embedded(queue) => queue.push(lane, jobs),
            Self::Redis(queue) => queue.push(lane, jobs).await,
            Self::Elsewhere => Ok(()),
        }
    }

    /// How many jobs of the lane wait for a worker.
    pub async fn depth(&self, lane: Lane) -> Result<u32, QueueError> {
        match self {
            Self::Embedded(queue) => Ok(queue.depth(lane)),
            Self::Redis(queue) => queue.depth(lane).await,
            Self::Elsewhere => Ok(0),
        }
    }

    /// Whether the queue takes jobs now.
    pub async fn check(&self) -> Result<(), QueueError> {
        match self {
            Self::Embedded(_) | Self::Elsewhere => Ok(()),
            Self::Redis(queue) => queue.check().await,
        }
    }
}
