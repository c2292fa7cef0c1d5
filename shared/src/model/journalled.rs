//! What journals prove about a database. A journal is written after the claim and before the call, and outlives both the
//! process and, with what was synced, the machine; a database can come back older than that, from a copy or after
//! a failover that lost commits.

use super::attempt::{AttemptState, OutcomeKind};

/// What the journals hold of one attempt. Its intent is among it: nothing else is written without one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Journalled {
    /// The answer's outcome, where an answer was written down.
    pub answer: Option<OutcomeKind>,
    /// Whether the database has recorded the attempt, as far as any journal knows.
    pub done: bool,
}

/// What the database holds of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Recorded {
    /// Where the attempt stands.
    pub state: AttemptState,
    /// How it ended.
    pub outcome: Option<OutcomeKind>,
}

impl Journalled {
    /// Whether the database is older than this: refreshing halts everywhere. An intent is written after the claim is in the
    /// database, and *done* after the outcome is.
    pub fn is_ahead_of(&self, recorded: Option<Recorded>) -> bool {
        match recorded.map(|recorded| recorded.state) {
            None | Some(AttemptState::Queued | AttemptState::Cancelled) => true,
            Some(AttemptState::Refreshing) => self.done,
            Some(AttemptState::Finished) => false,
        }
    }

    /// Whether the answer is committed again. What the database gave up without an answer may have been answered after
    /// the copy was made that it came from; where it was not, repeating the commit changes nothing.
    pub fn is_replayed(&self, recorded: Option<Recorded>, halted: bool) -> bool {
        halted || !self.done || recorded.is_some_and(Recorded::was_given_up)
    }

    /// Whether, under a halt, the refresh token that was used may be spent without the database knowing.
    pub fn leaves_doubt(&self, recorded: Option<Recorded>) -> bool {
        let unanswered = matches!(self.answer, None | Some(OutcomeKind::Ambiguous));
        // A row that was written from a journal says no more than that journal.
        let lost = self.is_ahead_of(recorded)
            || recorded.and_then(|recorded| recorded.outcome) == Some(OutcomeKind::Superseded);
        unanswered && lost
    }
}

impl Recorded {
    /// Whether the attempt ended without its answer.
    const fn was_given_up(self) -> bool {
        matches!(
            self.outcome,
            Some(OutcomeKind::Abandoned | OutcomeKind::AbandonedUnsent | OutcomeKind::Superseded)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn journalled(answer: Option<OutcomeKind>, done: bool) -> Journalled {
        Journalled { answer, done }
    }

    const fn row(state: AttemptState, outcome: Option<OutcomeKind>) -> Recorded {
        Recorded { state, outcome }
    }

    #[test]
    fn a_database_that_lacks_a_claim_or_an_outcome_is_older() {
        let (intent, done) = (journalled(None, false), journalled(None, true));
        for state in [AttemptState::Queued, AttemptState::Cancelled] {
            assert!(
                intent.is_ahead_of(Some(row(state, None)))
                    && done.is_ahead_of(Some(row(state, None)))
            );
        }
        assert!(intent.is_ahead_of(None) && done.is_ahead_of(None));
        let refreshing = Some(row(AttemptState::Refreshing, None));
        assert!(!intent.is_ahead_of(refreshing) && done.is_ahead_of(refreshing));
        let finished = Some(row(AttemptState::Finished, Some(OutcomeKind::Rotated)));
        assert!(!intent.is_ahead_of(finished) && !done.is_ahead_of(finished));
    }

    #[test]
    fn what_was_given_up_is_asked_again() {
        let done = journalled(Some(OutcomeKind::Rotated), true);
        let given_up = Some(row(AttemptState::Finished, Some(OutcomeKind::Abandoned)));
        let recorded = Some(row(AttemptState::Finished, Some(OutcomeKind::Rotated)));
        assert!(done.is_replayed(given_up, false));
        assert!(!done.is_replayed(recorded, false) && done.is_replayed(recorded, true));
        assert!(journalled(None, false).is_replayed(recorded, false));
    }

    #[test]
    fn only_what_was_lost_and_says_nothing_certain_leaves_doubt() {
        let from_journal = Some(row(AttemptState::Finished, Some(OutcomeKind::Superseded)));
        for done in [false, true] {
            for answer in [None, Some(OutcomeKind::Ambiguous)] {
                assert!(journalled(answer, done).leaves_doubt(None));
                assert!(journalled(answer, done).leaves_doubt(from_journal));
                let known = Some(row(AttemptState::Finished, Some(OutcomeKind::NotSent)));
                assert!(!journalled(answer, done).leaves_doubt(known));
            }
            for answer in [OutcomeKind::Rotated, OutcomeKind::Transient] {
                assert!(!journalled(Some(answer), done).leaves_doubt(None));
            }
        }
    }
}
