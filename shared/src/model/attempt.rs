//! Attempts: one refresh of one credential each. Their table is the queue of record and the history.

use super::text_enum;

text_enum! {
    /// The two lanes of the queue.
    Lane {
        /// Somebody waits for the answer.
        Interactive = "interactive",
        /// Schedule and bulk work.
        Bulk = "bulk",
    }
}

text_enum! {
    /// Among which attempts one waits for its turn, as stored. The queue has two lanes; in the bulk lane the schedule and
    /// large jobs wait apart from each other, so that a job of ten thousand cannot let access tokens expire.
    Line {
        /// Somebody waits for the answer.
        Interactive = "interactive",
        /// What is due.
        Schedule = "bulk",
        /// Jobs over many credentials.
        Job = "job",
    }
}

impl Line {
    /// The line of an attempt.
    pub const fn of(lane: Lane, cause: Cause) -> Self {
        match (lane, cause) {
            (Lane::Interactive, _) => Self::Interactive,
            (Lane::Bulk, Cause::Job) => Self::Job,
            (Lane::Bulk, _) => Self::Schedule,
        }
    }

    /// The lane of the queue that it is pushed to.
    pub const fn lane(self) -> Lane {
        match self {
            Self::Interactive => Lane::Interactive,
            Self::Schedule | Self::Job => Lane::Bulk,
        }
    }
}

text_enum! {
    /// Why an attempt was made.
    Cause {
        /// The access token nears its end, or the interval is over.
        Schedule = "schedule",
        /// A client called the public API's `refresh`.
        PublicApi = "public_api",
        /// An administrator asked for it.
        Admin = "admin",
        /// A credential without a usable access token came in.
        Import = "import",
        /// An administrator asked for many at once.
        Job = "job",
        /// Known from a journal only: the database had lost it.
        Recovery = "recovery",
    }
}

text_enum! {
    /// Where an attempt stands.
    AttemptState {
        /// Waits for a worker.
        Queued = "queued",
        /// A worker has claimed it.
        Refreshing = "refreshing",
        /// It has an outcome.
        Finished = "finished",
        /// Ended before any worker claimed it.
        Cancelled = "cancelled",
    }
}

text_enum! {
    /// How an attempt ended.
    OutcomeKind {
        /// New tokens came.
        Rotated = "rotated",
        /// Nothing of the request left this process: the refresh token is intact.
        NotSent = "not_sent",
        /// The upstream refused for now: the refresh token is intact.
        Transient = "transient",
        /// The client id or the egress must change first.
        Held = "held",
        /// The upstream said that this refresh token is unusable.
        Rejected = "rejected",
        /// The call was sent and no trustworthy answer came.
        Ambiguous = "ambiguous",
        /// The worker vanished, provably before the call: the refresh token is intact.
        AbandonedUnsent = "abandoned_unsent",
        /// The worker vanished and nobody can tell whether the call was sent.
        Abandoned = "abandoned",
        /// A new refresh token or a late answer made this attempt pointless.
        Superseded = "superseded",
    }
}
