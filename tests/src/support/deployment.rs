//! How a system is spread over processes.

use std::fmt;

/// The shapes that a system runs in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deployment {
    /// One API process, which hosts the worker.
    Embedded,
    /// API replicas and workers, which talk over Redis.
    Split {
        /// How many API replicas are started.
        apis: usize,
        /// How many workers are started.
        workers: usize,
    },
}

/// One process of a system; numbers begin at 0 and belong to the same process after a restart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// An API replica; the embedded system is `Api(0)`.
    Api(usize),
    /// A worker.
    Worker(usize),
}

impl Part {
    pub(super) const fn is_api(self) -> bool {
        matches!(self, Self::Api(_))
    }

    /// The program that it runs.
    pub(super) const fn program(self) -> &'static str {
        match self {
            Self::Api(_) => "rt-manage-api",
            Self::Worker(_) => "rt-manage-worker",
        }
    }

    /// What it logs, with its address, when it may begin to work.
    pub(super) const fn ready_line(self) -> &'static str {
        match self {
            Self::Api(_) => "rt-manage is ready",
            Self::Worker(_) => "worker is ready",
        }
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Api(number) => write!(f, "api-{number}"),
            Self::Worker(number) => write!(f, "worker-{number}"),
        }
    }
}
