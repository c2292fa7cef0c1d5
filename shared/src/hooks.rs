//! Fail points: named steps of the refresh protocol at which a test can kill the process for real.
//!
//! They exist only in builds with the feature `test-hooks`; elsewhere [`step`] is an empty function. Which step
//! kills is chosen when the process starts, by `FAILPOINTS="answer.synced=return"` (syntax of the crate `fail`).

/// Declares the steps once: the variant, its name, and the list of all.
macro_rules! steps {
    ($($(#[$doc:meta])* $step:ident = $name:literal,)+) => {
        /// A named step. The crash tests match over all of them, so that a new one cannot be forgotten there.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Step {
            $($(#[$doc])* $step,)+
        }

        impl Step {
            /// All steps.
            pub const ALL: &[Self] = &[$(Self::$step,)+];

            /// The name by which it is armed.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$step => $name,)+
                }
            }
        }
    };
}

steps! {
    /// A request is about to be committed.
    RequestBeforeCommit = "request.before_commit",
    /// A request is committed and its job is not pushed yet.
    RequestAfterCommit = "request.after_commit",
    /// A claim is written and about to be committed.
    ClaimBeforeCommit = "claim.before_commit",
    /// The attempt is claimed; nothing is in the journal yet.
    ClaimAfter = "claim.after",
    /// The intent is in the journal; nothing is sent yet.
    IntentAfter = "intent.after",
    /// The answer is in memory only.
    AnswerReceived = "answer.received",
    /// The answer is on the disk; nobody has looked into it yet.
    AnswerSynced = "answer.synced",
    /// The outcome is known and nothing of it written.
    CommitBefore = "commit.before",
    /// The grant is written, and nothing else of the transaction.
    CommitMiddle = "commit.middle",
    /// The grants of several outcomes are written, and nothing else of their transaction.
    CommitGroup = "commit.group",
    /// The spent token is remembered; the attempt has not ended yet.
    CommitSpent = "commit.spent",
    /// All of an outcome is written and about to be committed.
    CommitBeforeCommit = "commit.before_commit",
    /// The outcome is committed; the journal does not know it yet.
    CommitAfter = "commit.after",
    /// The journal has noted that the attempt is done.
    DoneAfter = "done.after",
    /// A journalled answer was read and opened, and is about to be committed.
    ReplayBefore = "replay.before",
    /// A claim is about to be declared abandoned for good.
    AbandonBeforeCommit = "abandon.before_commit",
    /// The database was found to be older than the journals, and everything is halted.
    HaltAfterSwitch = "halt.after_switch",
    /// An attempt that the database had lost is about to be written again.
    HaltBeforeRestore = "halt.before_restore",
    /// All lost attempts are written again; nothing is replayed yet.
    HaltAfterRestore = "halt.after_restore",
    /// A credential whose call no answer followed is about to be put in doubt.
    HaltBeforeDoubt = "halt.before_doubt",
    /// A lane over Redis begins to consume.
    LaneBegin = "lane.begin",
}

/// Reaches a named step. With the step armed, the process receives SIGKILL here: nothing is flushed, no
/// destructor runs.
pub fn step(step: Step) {
    let _ = step;
    fail::fail_point!(step.name(), |_| {
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

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::Step;

    #[test]
    fn each_step_has_a_name_of_its_own() {
        let names: HashSet<_> = Step::ALL.iter().map(|step| step.name()).collect();
        assert_eq!(names.len(), Step::ALL.len());
    }
}
