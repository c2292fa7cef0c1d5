//! What becomes of an outcome that is reported for an attempt: decided from the grant as read and from what the
//! database remembers of the attempt. Storage writes what is decided here, under the guard of the grant as read;
//! fresh answers, late ones and replayed ones all pass through it.

use crate::{id::AttemptId, vault::Fingerprint};

use super::{
    attempt::{AttemptState, OutcomeKind},
    grant::{Context, Grant, MovedOn, Verdict},
};

/// The outcome of one attempt, as its worker or a journal reports it.
#[derive(Debug, Clone, Copy)]
pub struct Report<'a> {
    /// The attempt.
    pub attempt: AttemptId,
    /// The refresh token that it used.
    pub spent: &'a Fingerprint,
    /// How its call ended.
    pub verdict: &'a Verdict,
    /// The code of a failure.
    pub code: Option<&'a str>,
}

/// What the database remembers, where a report finds the grant moved on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct History {
    /// Where the attempt stands; `None` where the database does not know it.
    pub state: Option<AttemptState>,
    /// How the attempt ended, as recorded.
    pub outcome: Option<OutcomeKind>,
    /// Whether the successor that the report brings was spent in turn: then it was applied before.
    pub successor_spent: bool,
}

/// What to write of a report whose grant has moved on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settlement {
    /// Nothing: it was written before.
    Known,
    /// The grant still holds the token that was used: it changes to this.
    Late {
        /// The grant as it shall be.
        grant: Box<Grant>,
        /// The open attempt that becomes pointless by it.
        supersedes: Option<AttemptId>,
    },
    /// New tokens for a grant that holds other ones: they are kept as an orphan.
    SetAside,
    /// Nothing is lost by leaving the grant alone.
    Superseded {
        /// Whether the attempt is still open and ends with this.
        ends_attempt: bool,
    },
}

impl Report<'_> {
    /// The grant after an outcome that comes from the attempt which holds the claim. Where it still waits for a worker, the
    /// database has lost the claim since: nobody reports on an attempt without having claimed it.
    pub fn on_time(&self, grant: &Grant, ctx: &Context<'_>) -> Result<Grant, MovedOn> {
        let finish =
            |grant: &Grant| grant.finish(self.attempt, self.spent, self.verdict, self.code, ctx);
        match grant.claim(self.attempt) {
            Ok(claimed) => finish(&claimed),
            Err(MovedOn) => finish(grant),
        }
    }

    /// What to write where [`Report::on_time`] no longer fits.
    pub fn moved_on(&self, grant: &Grant, history: History, ctx: &Context<'_>) -> Settlement {
        if history.outcome == Some(self.verdict.kind()) {
            return Settlement::Known;
        }
        match grant.late_answer(self.spent, self.verdict, self.code, ctx) {
            Ok(next) => Settlement::Late {
                supersedes: grant.state.attempt().filter(|open| *open != self.attempt),
                grant: Box::new(next),
            },
            Err(MovedOn) => self
                .doubt(grant, history, ctx)
                .unwrap_or_else(|| self.unfitting(grant, history)),
        }
    }

    /// The database came back older than the claim: what it calls healthy was sent, and nobody knows what became of it.
    fn doubt(&self, grant: &Grant, history: History, ctx: &Context<'_>) -> Option<Settlement> {
        let claim_is_lost = matches!(
            history.state,
            None | Some(AttemptState::Queued | AttemptState::Cancelled)
        );
        if !claim_is_lost || *self.verdict != Verdict::Ambiguous {
            return None;
        }
        let next = grant.put_in_doubt(self.attempt, self.spent, ctx).ok()?;
        Some(Settlement::Late {
            grant: Box::new(next),
            supersedes: grant.state.attempt(),
        })
    }

    /// What to write of a report that the grant cannot take any more.
    fn unfitting(&self, grant: &Grant, history: History) -> Settlement {
        match self.successor() {
            // A successor that this grant holds, or held, was applied before.
            Some(successor) if grant.rt_fp == *successor || history.successor_spent => {
                Settlement::Known
            }
            Some(_) => Settlement::SetAside,
            None => Settlement::Superseded {
                ends_attempt: history
                    .state
                    .is_some_and(|state| state != AttemptState::Finished),
            },
        }
    }

    /// The new refresh token's fingerprint, where one came.
    pub fn successor(&self) -> Option<&Fingerprint> {
        self.verdict.successor()
    }
}

#[cfg(test)]
#[path = "settlement_tests.rs"]
mod tests;
