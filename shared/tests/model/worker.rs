//! Workers: the steps of the refresh protocol, and what is in a worker's hands between them.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    sync::Arc,
};

use rt_manage_shared::model::grant::Grant;

use crate::{
    database::Outcome,
    names::{Attempt, Token},
    upstream::Reply,
};

/// How an attempt ended, as its worker or a journal has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum End {
    Answer(Reply),
    /// Sent, and no answer came.
    Lost,
    /// Nothing was sent.
    Unsent,
}

/// What a worker is about to commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Ending {
    pub attempt: Attempt,
    pub token: Token,
    pub end: End,
}

impl Ending {
    pub fn outcome(self) -> Outcome {
        use rt_manage_shared::model::grant::Verdict;
        Outcome {
            attempt: self.attempt,
            token: self.token,
            verdict: match self.end {
                End::Answer(reply) => reply.verdict(),
                End::Lost => Verdict::Ambiguous,
                End::Unsent => Verdict::NotSent,
            },
        }
    }
}

/// Where a worker stands.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Step {
    Idle,
    /// The grant was read; the claim is about to be written.
    Claiming {
        attempt: Attempt,
        read: Arc<Grant>,
    },
    Claimed {
        attempt: Attempt,
        token: Token,
        probe: bool,
    },
    /// The intent is in the journal.
    Intended {
        attempt: Attempt,
        token: Token,
        probe: bool,
    },
    /// The call was sent.
    Calling {
        attempt: Attempt,
        token: Token,
    },
    /// The outcome is known, and on the disk where it is an answer.
    Ended(Ending),
    /// The grant was read; the outcome is about to be written.
    Committing {
        ending: Ending,
        read: Arc<Grant>,
    },
    /// The database has it; the journal does not know that yet.
    Committed {
        attempt: Attempt,
    },
}

impl Step {
    /// The attempt in hand.
    pub fn attempt(&self) -> Option<Attempt> {
        match self {
            Self::Idle => None,
            Self::Claiming { attempt, .. }
            | Self::Claimed { attempt, .. }
            | Self::Intended { attempt, .. }
            | Self::Calling { attempt, .. }
            | Self::Committed { attempt } => Some(*attempt),
            Self::Ended(ending) | Self::Committing { ending, .. } => Some(ending.attempt),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Worker {
    /// Whether the journals have been compared with the database since the start, and since the database was away.
    pub recovered: bool,
    pub step: Step,
}

impl Worker {
    pub fn new() -> Self {
        Self {
            recovered: true,
            step: Step::Idle,
        }
    }

    /// Workers are alike: states that differ by their order only are the same. The order itself means nothing.
    pub fn rank(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.hash(&mut hasher);
        hasher.finish()
    }
}
