//! The names of our keys and channels in Redis.

use crate::model::attempt::Lane;

/// Names under one `queue.key_prefix`.
#[derive(Debug, Clone)]
pub(super) struct Names {
    prefix: String,
}

impl Names {
    pub(super) fn new(prefix: &str) -> Self {
        Self {
            prefix: prefix.to_owned(),
        }
    }

    /// The apalis queue of a lane; its keys begin with it.
    pub(super) fn lane(&self, lane: Lane) -> String {
        format!("{}:{lane}", self.prefix)
    }

    /// The channel that says that a lane has new jobs.
    pub(super) fn wake(&self, lane: Lane) -> String {
        format!("{}:wake:{lane}", self.prefix)
    }

    /// The channel of announcements.
    pub(super) fn events(&self) -> String {
        format!("{}:events", self.prefix)
    }

    /// The key that is written to see whether Redis takes anything.
    pub(super) fn probe(&self) -> String {
        format!("{}:probe", self.prefix)
    }
}
