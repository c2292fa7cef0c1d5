//! Fail points: named steps of the refresh protocol at which a test can kill the process for real.
//!
//! They exist only in builds with the feature `test-hooks`; elsewhere [`step`] is an empty function. Which step
//! kills is chosen when the process starts, by `FAILPOINTS="answer.synced=return"` (syntax of the crate `fail`).

/// Reaches a named step. With the step armed, the process receives SIGKILL here: nothing is flushed, no
/// destructor runs.
pub fn step(name: &'static str) {
    let _ = name;
    fail::fail_point!(name, |_| {
        let _ =
            rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
    });
}

/// A deliberate fault of ours. Tests switch one on to show that the audit of the fault campaigns finds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sabotage {
    /// A worker forgets to commit, and calls the attempt done.
    CommitSkipped,
    /// A worker looks into an answer before it is in the journal.
    AnswerNotSynced,
    /// A worker claims whatever it is offered, as if nobody else could have.
    ClaimWithoutFence,
    /// New tokens that fit nowhere are dropped.
    OrphanDropped,
}

impl Sabotage {
    /// All of them.
    pub const ALL: [Self; 4] = [
        Self::CommitSkipped,
        Self::AnswerNotSynced,
        Self::ClaimWithoutFence,
        Self::OrphanDropped,
    ];

    /// Its name among the fail points.
    pub const fn name(self) -> &'static str {
        match self {
            Self::CommitSkipped => "sabotage.commit_skipped",
            Self::AnswerNotSynced => "sabotage.answer_not_synced",
            Self::ClaimWithoutFence => "sabotage.claim_without_fence",
            Self::OrphanDropped => "sabotage.orphan_dropped",
        }
    }
}

/// Whether this fault is switched on: `FAILPOINTS="sabotage.commit_skipped=return"`, in builds with the feature `test-hooks`
/// only. Elsewhere this is `false`.
pub fn sabotaged(sabotage: Sabotage) -> bool {
    let _ = sabotage;
    fail::fail_point!(sabotage.name(), |_| true);
    false
}

/// Arms the steps named by the environment. The result has to live as long as the process.
#[cfg(feature = "test-hooks")]
pub fn from_environment() -> impl Sized {
    fail::FailScenario::setup()
}

/// How far a test has moved stored time, in milliseconds: `RTM_TEST_CLOCK_SHIFT_SECONDS`, read in builds with
/// the feature `test-hooks` only.
pub fn clock_shift_millis() -> i64 {
    #[cfg(feature = "test-hooks")]
    if let Some(seconds) = std::env::var("RTM_TEST_CLOCK_SHIFT_SECONDS")
        .ok()
        .and_then(|text| text.parse::<i64>().ok())
    {
        return seconds.saturating_mul(1000);
    }
    0
}
