//! The database: one grant, its attempts, spent tokens, orphans and the emergency halt. Each method is one statement
//! or one transaction of production; what it decides is decided by the code of production.

use std::sync::Arc;

use rt_manage_shared::model::{
    attempt::{AttemptState, OutcomeKind},
    grant::{Carried, Grant, Guard, State, Verdict},
    known::{Known, Use},
    settlement::{History, Report, Settlement},
};

use crate::names::{
    Attempt, Set, Token, attempt, attempt_id, context, fingerprint, first_grant, timeless, token,
};

/// An attempt's row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Row {
    pub state: AttemptState,
    pub outcome: Option<OutcomeKind>,
    pub token: Token,
    /// Whether a worker had it in hand, as far as the database was told.
    pub claimed: bool,
}

impl Row {
    fn as_use(self) -> Use {
        Use {
            state: self.state,
            outcome: self.outcome,
            claimed: self.claimed,
            code: None,
            at: context().now,
        }
    }
}

/// An answer that fits nowhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Orphan {
    pub attempt: Attempt,
    pub spent: Token,
    pub successor: Token,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Database {
    pub grant: Arc<Grant>,
    /// By attempt; `None` where a restored database does not know it.
    pub rows: Vec<Option<Row>>,
    pub spent: Set,
    pub orphans: Vec<Orphan>,
    pub halted: bool,
    /// Tokens that an operator replaced by another one.
    pub replaced: Set,
}

/// What became of a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Committed {
    Applied,
    Late,
    Known,
    SetAside,
    Superseded,
    /// The grant was moved between reading and writing: nothing was written.
    GuardMissed,
}

/// An outcome on its way into the database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    pub attempt: Attempt,
    pub token: Token,
    pub verdict: Verdict,
}

impl Outcome {
    fn report(&self) -> Report<'_> {
        Report {
            attempt: attempt_id(self.attempt),
            spent: fingerprint(self.token),
            verdict: &self.verdict,
            code: None,
        }
    }

    fn successor(&self) -> Option<Token> {
        self.verdict.successor().map(token)
    }
}

impl Database {
    pub fn new(migrated: bool) -> Self {
        Self {
            grant: Arc::new(timeless(first_grant(0, migrated))),
            rows: Vec::new(),
            spent: Set::default(),
            orphans: Vec::new(),
            halted: false,
            replaced: Set::default(),
        }
    }

    /// The token that the grant holds.
    pub fn token(&self) -> Token {
        token(&self.grant.rt_fp)
    }

    pub fn row(&self, attempt: Attempt) -> Option<Row> {
        self.rows.get(usize::from(attempt)).copied().flatten()
    }

    fn row_mut(&mut self, attempt: Attempt) -> &mut Option<Row> {
        let index = usize::from(attempt);
        if self.rows.len() <= index {
            self.rows.resize(index + 1, None);
        }
        &mut self.rows[index]
    }

    /// The guarded update of the grant.
    pub fn compare_and_set(&mut self, guard: &Guard, next: Grant) -> bool {
        if self.grant.guard() != *guard {
            return false;
        }
        self.grant = Arc::new(timeless(next));
        true
    }

    /// A request that finds the grant idle, or a probe due.
    pub fn request(&mut self, new: Attempt) -> bool {
        if self.halted {
            return false;
        }
        let Ok(next) = self.grant.request(attempt_id(new), &context()) else {
            return false;
        };
        self.grant = Arc::new(timeless(next));
        *self.row_mut(new) = Some(Row {
            state: AttemptState::Queued,
            outcome: None,
            token: self.token(),
            claimed: false,
        });
        true
    }

    /// Writes a claim that is based on `read`.
    pub fn claim(&mut self, claimed: Attempt, read: &Grant, fenced: bool) -> bool {
        let Ok(next) = read.claim(attempt_id(claimed)) else {
            return false;
        };
        let queued = matches!(self.row(claimed), Some(row) if row.state == AttemptState::Queued);
        if fenced && !(queued && self.grant.guard() == read.guard()) {
            return false;
        }
        self.grant = Arc::new(timeless(next));
        *self.row_mut(claimed) = Some(Row {
            state: AttemptState::Refreshing,
            outcome: None,
            token: self.token(),
            claimed: true,
        });
        true
    }

    /// Ends an attempt that is open.
    pub fn finish(&mut self, ended: Attempt, outcome: OutcomeKind) {
        if let Some(row) = self.row_mut(ended)
            && matches!(row.state, AttemptState::Queued | AttemptState::Refreshing)
        {
            row.state = AttemptState::Finished;
            row.outcome = Some(outcome);
        }
    }

    /// Corrects the ending of an attempt.
    pub fn amend(&mut self, ended: Attempt, outcome: OutcomeKind) {
        if let Some(row) = self.row_mut(ended) {
            row.state = AttemptState::Finished;
            row.outcome = Some(outcome);
        }
    }

    /// Adds an attempt that only a journal knows.
    pub fn insert_known_from_journal(&mut self, attempt: Attempt, token: Token) {
        self.row_mut(attempt).get_or_insert(Row {
            state: AttemptState::Finished,
            outcome: Some(OutcomeKind::Superseded),
            token,
            claimed: true,
        });
    }

    /// Ends an attempt of which the database had lost that it was claimed.
    pub fn amend_from_journal(&mut self, attempt: Attempt) {
        self.amend(attempt, OutcomeKind::Superseded);
        if let Some(row) = self.row_mut(attempt) {
            row.claimed = true;
        }
    }

    /// Writes an outcome; what is decided is based on `read`, and `read` is what the guard names.
    pub fn commit(&mut self, outcome: &Outcome, read: &Grant, guarded: bool) -> Committed {
        let guard = if guarded {
            read.guard()
        } else {
            self.grant.guard()
        };
        let report = outcome.report();
        if let Ok(next) = report.on_time(read, &context()) {
            if !self.write(outcome, &guard, next) {
                return Committed::GuardMissed;
            }
            self.finish(outcome.attempt, outcome.verdict.kind());
            return Committed::Applied;
        }
        let row = self.row(outcome.attempt);
        let history = History {
            state: row.map(|row| row.state),
            outcome: row.and_then(|row| row.outcome),
            successor_spent: outcome
                .successor()
                .is_some_and(|token| self.spent.has(token)),
        };
        match report.moved_on(read, history, &context()) {
            Settlement::Known => Committed::Known,
            Settlement::Late { grant, supersedes } => {
                if !self.write(outcome, &guard, *grant) {
                    return Committed::GuardMissed;
                }
                if let Some(open) = supersedes {
                    self.finish(attempt(open), OutcomeKind::Superseded);
                }
                self.orphans
                    .retain(|orphan| orphan.attempt != outcome.attempt);
                self.amend(outcome.attempt, outcome.verdict.kind());
                Committed::Late
            }
            Settlement::SetAside => {
                self.finish(outcome.attempt, outcome.verdict.kind());
                self.set_aside(outcome);
                Committed::SetAside
            }
            Settlement::Superseded { ends_attempt } => {
                if ends_attempt {
                    self.finish(outcome.attempt, OutcomeKind::Superseded);
                }
                Committed::Superseded
            }
        }
    }

    fn write(&mut self, outcome: &Outcome, guard: &Guard, next: Grant) -> bool {
        let moves = next.rt_fp != *fingerprint(outcome.token);
        let written = self.compare_and_set(guard, next);
        if written && moves {
            self.spent.add(outcome.token);
        }
        written
    }

    fn set_aside(&mut self, outcome: &Outcome) {
        let known = |orphan: &Orphan| orphan.attempt == outcome.attempt;
        if let Some(successor) = outcome.successor()
            && !self.orphans.iter().any(known)
        {
            self.orphans.push(Orphan {
                attempt: outcome.attempt,
                spent: outcome.token,
                successor,
            });
            self.orphans.sort_unstable();
        }
    }

    /// An operator puts in a refresh token. `false`: it is refused, or it is the one that is there. With `forgetful` nobody
    /// asks what was done with it before.
    pub fn replace(&mut self, new: Token, forgetful: bool) -> bool {
        let orphaned = self.orphans.iter().any(|orphan| orphan.spent == new);
        if self.spent.has(new) || orphaned {
            return false;
        }
        let Some(next) = self.grant.replace_rt(fingerprint(new).clone(), &context()) else {
            return false;
        };
        let mut uses = self.uses(new);
        if forgetful {
            uses.clear();
        }
        if uses.iter().any(Use::is_under_way) {
            return false;
        }
        // What a worker has in hand stays open until it has reported.
        if let State::Queued(open) = self.grant.state {
            self.finish(attempt(open), OutcomeKind::Superseded);
        }
        self.replaced.add(self.token());
        let next = next.inherit(&Known::from_uses(&uses), &context());
        self.grant = Arc::new(timeless(next));
        true
    }

    /// A queued attempt is taken back.
    pub fn cancel(&mut self) -> bool {
        let State::Queued(open) = self.grant.state else {
            return false;
        };
        let Ok(next) = self.grant.cancel(open, &context()) else {
            return false;
        };
        self.grant = Arc::new(timeless(next));
        if let Some(row) = self.row_mut(attempt(open)) {
            row.state = AttemptState::Cancelled;
        }
        true
    }

    /// What was done with a token, as far as the database remembers it.
    fn uses(&self, token: Token) -> Vec<Use> {
        let rows = self.rows.iter().flatten();
        rows.filter(|row| row.token == token)
            .map(|row| row.as_use())
            .collect()
    }

    /// The program that the credential was taken over from has another token by now. It is admitted like any other.
    pub fn take_over_again(&mut self, new: Token) -> bool {
        let (before, uses) = (self.token(), self.uses(new));
        let orphaned = self.orphans.iter().any(|orphan| orphan.spent == new);
        if self.spent.has(new) || orphaned || uses.iter().any(Use::is_under_way) {
            return false;
        }
        let known = Known::from_uses(&uses);
        let next = self.grant.renew_migrated(
            fingerprint(new).clone(),
            Carried::default(),
            &known,
            &context(),
        );
        let Some(next) = next else {
            return false;
        };
        self.grant = Arc::new(timeless(next));
        self.spent.add(before);
        true
    }

    /// That program has stopped, says an operator.
    pub fn confirm(&mut self) -> bool {
        let Some(next) = self.grant.confirm_migration(&context()) else {
            return false;
        };
        self.grant = Arc::new(timeless(next));
        true
    }

    /// What held the grant has changed.
    pub fn release(&mut self) -> bool {
        let Some(next) = self.grant.release(&context()) else {
            return false;
        };
        self.grant = Arc::new(timeless(next));
        true
    }
}
