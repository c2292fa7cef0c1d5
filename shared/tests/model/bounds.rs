//! How far a check looks: how often each fault may happen, and which rule of the protocol is switched off on purpose.

/// How often each thing may happen in one history.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Bounds {
    /// Workers; each has one call under way at most.
    pub workers: u8,
    /// Attempts that are requested.
    pub attempts: u8,
    /// `kill -9` of a worker, which is started again.
    pub kills: u8,
    /// The machine loses power: what was not synced is gone, and all workers with it.
    pub power_losses: u8,
    /// A worker stands still until its claim is given up, and goes on then.
    pub freezes: u8,
    /// Answers that never arrive: cut, reset, timed out.
    pub losses: u8,
    /// Calls that do not leave the process.
    pub unsent: u8,
    /// Answers that leave the token alone: 429 and 503, or *held*.
    pub refusals: u8,
    /// Success without a new refresh token.
    pub kept: u8,
    /// Answers that say nothing certain, such as 500: the token may have been rotated before.
    pub failures: u8,
    /// The upstream ends the session.
    pub rejections: u8,
    /// An operator puts in another refresh token.
    pub replacements: u8,
    /// An operator puts in a token again that the credential had before.
    pub returns: u8,
    /// A queued attempt is taken back.
    pub cancels: u8,
    /// The database is restored from an older copy.
    pub restores: u8,
    /// Refreshes by the program that the credential was taken over from, as long as nobody has confirmed that it stopped; `None`: it
    /// was not taken over.
    pub foreign: Option<u8>,
}

impl Bounds {
    /// Three workers, and nothing goes wrong.
    pub const QUIET: Self = Self {
        workers: 3,
        attempts: 0,
        kills: 0,
        power_losses: 0,
        freezes: 0,
        losses: 0,
        unsent: 0,
        refusals: 0,
        kept: 0,
        failures: 0,
        rejections: 0,
        replacements: 0,
        returns: 0,
        cancels: 0,
        restores: 0,
        foreign: None,
    };

    /// One attempt more, for a run by hand: ten to thirty times as many states.
    pub const fn larger(self) -> Self {
        Self {
            attempts: self.attempts + 1,
            ..self
        }
    }
}

/// A rule of the protocol that is left out, to see that the check notices.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mutation {
    /// A claim is written without asking whether the grant is still as it was read.
    ClaimWithoutFence,
    /// A commit is written without asking that.
    CommitWithoutGuard,
    /// An answer is looked into and committed before it is on the disk.
    CommitBeforeSync,
    /// A claim counts as never sent whenever the leader sees no intent, also after the machine lost power.
    TrustMissingIntent,
    /// A worker sends although its time to send is over.
    SendLate,
    /// A database that is older than the journals is not noticed.
    NoHalt,
    /// A restored database is caught up with what is not noted as done only.
    ReplayUndoneOnly,
    /// An ambiguous outcome counts as not sent.
    RetryAmbiguous,
    /// What was sent and got no answer is not put in doubt under a halt.
    NoDoubtUnderHalt,
    /// A token that an operator puts in again counts as a new one.
    ForgetReplacedTokens,
}
