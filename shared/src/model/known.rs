//! What is known of a refresh token from what was done with it before. It goes on when the token comes in again, in
//! whichever credential: a token that may be spent is not fresh because somebody typed it in once more.

use crate::clock::Millis;

use super::{
    attempt::{AttemptState, OutcomeKind},
    grant::{Doubt, Grant, State},
};

/// An attempt that was made with a refresh token, as the database remembers it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Use {
    /// Where it stands.
    pub state: AttemptState,
    /// How it ended, once it has.
    pub outcome: Option<OutcomeKind>,
    /// Whether some worker had it in hand: a claim is recorded, or a journal told of one.
    pub claimed: bool,
    /// The code that it ended with.
    pub code: Option<String>,
    /// When it ended, else when it was asked for.
    pub at: Millis,
}

impl Use {
    /// Whether the call may be under way or about to be made: nobody else may call with this token.
    pub const fn is_under_way(&self) -> bool {
        matches!(self.state, AttemptState::Refreshing)
    }

    /// Whether a call may have been made of which no answer says what became of the token.
    fn leaves_doubt(&self) -> bool {
        match self.outcome {
            Some(OutcomeKind::Ambiguous | OutcomeKind::Abandoned) => true,
            // How the call ended was not recorded, because the grant held another token by then.
            Some(OutcomeKind::Superseded) => self.claimed,
            _ => false,
        }
    }
}

/// What is known of a refresh token.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Known {
    /// The upstream said that it is unusable, or an operator gave it up.
    pub dead: bool,
    /// It may be spent.
    pub doubt: Option<Doubt>,
    /// Failed attempts that made it so.
    pub failures: u32,
    /// Code of the last of them.
    pub code: Option<String>,
}

impl Known {
    /// What the attempts with it say, the oldest first. The same as the grant's own state machine makes of them: an answer
    /// that left the token valid ends a doubt, a rejection is final, and every claim in doubt is a probe. Those that the
    /// upstream never saw, or refused before it looked at the token, change nothing: their probe was given back.
    pub fn from_uses<'a>(uses: impl IntoIterator<Item = &'a Use>) -> Self {
        let mut known = Self::default();
        for used in uses {
            if used.outcome == Some(OutcomeKind::Rotated) {
                known = Self::default();
            } else if used.outcome == Some(OutcomeKind::Rejected) {
                known.failed(used);
                known.dead = true;
            } else if used.leaves_doubt() {
                known.failed(used);
                known.doubt = Some(known.doubt.map_or(
                    Doubt {
                        since: used.at,
                        probes: 0,
                    },
                    |doubt| Doubt {
                        probes: doubt.probes.saturating_add(1),
                        ..doubt
                    },
                ));
            }
        }
        if known.dead {
            known.doubt = None;
        }
        known
    }

    /// The graver of two: death counts most, then each probe.
    #[must_use]
    pub fn graver(self, other: Self) -> Self {
        if self.gravity() < other.gravity() {
            other
        } else {
            self
        }
    }

    fn gravity(&self) -> (bool, u32) {
        let doubt = self.doubt.map(|doubt| doubt.probes.saturating_add(1));
        (self.dead, doubt.unwrap_or(0))
    }

    fn failed(&mut self, used: &Use) {
        self.failures = self.failures.saturating_add(1);
        self.code.clone_from(&used.code);
    }
}

impl From<&Grant> for Known {
    /// What a grant says about the token that it holds.
    fn from(grant: &Grant) -> Self {
        Self {
            dead: grant.state == State::Dead,
            doubt: grant.doubt,
            failures: grant.failures,
            code: grant.last_code.clone(),
        }
    }
}

#[cfg(test)]
#[path = "known_tests.rs"]
mod tests;
