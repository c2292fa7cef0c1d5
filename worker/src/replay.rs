//! Journalled answers reach the database as fresh ones do; repeating that changes nothing.

use std::{collections::HashSet, error::Error, sync::Arc};

use rt_manage_shared::{
    deadlines,
    hooks::{self, Step},
    id::AttemptId,
    model::attempt::OutcomeKind,
    openai::{CallResult, RawAnswer, classify},
    vault::{Fingerprint, Place},
};

use crate::{
    Worker,
    commit::Committed,
    finished::{CallFacts, Finished, Sealing},
    journal::{AnswerAt, ReadAnswerError, Scan},
};

/// How far replaying has come.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    /// Attempts whose answers need no further look in this process.
    pub(crate) settled: HashSet<AttemptId>,
    /// Attempts whose answers leave open what became of the refresh token.
    pub(crate) unclear: HashSet<AttemptId>,
}

/// What became of the replay of an answer.
enum Replayed {
    /// The database has decided.
    Committed {
        committed: Committed,
        /// Whether the answer says what became of the refresh token.
        clear: bool,
    },
    /// It cannot be read just now; the next look may succeed.
    Unread,
    /// It cannot be used in this process.
    Unopened,
}

impl Worker {
    /// Replays answers until a pass changes nothing: an answer may only fit after another one was applied.
    pub(crate) async fn replay_all(
        &self,
        progress: &mut Progress,
        answers: Vec<&AnswerAt>,
        scan: &Scan,
    ) {
        let now = self.clock.now();
        let leave_to_owner = deadlines::leave_to_owner(self.settings.abandon_after);
        let alive: HashSet<_> = scan
            .folders
            .iter()
            .filter(|folder| folder.owner_alive)
            .flat_map(|folder| folder.answers())
            .map(|answer| answer.attempt)
            .collect();
        let mut open: Vec<&AnswerAt> = answers
            .into_iter()
            .filter(|answer| !progress.settled.contains(&answer.attempt))
            .filter(|answer| {
                !alive.contains(&answer.attempt) || now.since(answer.at) > leave_to_owner
            })
            .collect();
        open.sort_by_key(|answer| (answer.at, answer.attempt));
        loop {
            let mut unsettled = Vec::new();
            let mut changed = false;
            for answer in open {
                let (committed, clear) = match self.replay(answer).await {
                    Replayed::Committed { committed, clear } => (committed, clear),
                    Replayed::Unopened => (Committed::Superseded, false),
                    Replayed::Unread => {
                        progress.unclear.insert(answer.attempt);
                        continue;
                    }
                };
                if !clear {
                    progress.unclear.insert(answer.attempt);
                }
                match committed {
                    Committed::Applied | Committed::AppliedLate => {
                        progress.settled.insert(answer.attempt);
                        changed = true;
                    }
                    Committed::Orphaned => unsettled.push(answer),
                    Committed::Known | Committed::Superseded => {
                        progress.settled.insert(answer.attempt);
                    }
                }
            }
            if !changed || unsettled.is_empty() {
                progress
                    .settled
                    .extend(unsettled.iter().map(|answer| answer.attempt));
                return;
            }
            open = unsettled;
        }
    }

    /// What cannot be read or opened stays in its journal, is told and is counted.
    async fn replay(&self, at: &AnswerAt) -> Replayed {
        let entry = at.clone();
        let answer = match tokio::task::spawn_blocking(move || entry.read()).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(error)) => {
                self.findings().note_unopened(at, &error);
                return match error {
                    ReadAnswerError::Io { .. } => Replayed::Unread,
                    ReadAnswerError::Damaged { .. } => Replayed::Unopened,
                };
            }
            Err(panic) => {
                self.findings().note_unopened(at, &panic);
                return Replayed::Unread;
            }
        };
        let unopened = |error: &dyn Error| {
            self.findings().note_unopened(at, error);
            Replayed::Unopened
        };
        let row = at.attempt.to_string();
        let place = Place {
            table: "journal",
            row: &row,
            column: "answer",
        };
        let raw = match self.vault.open(place, &answer.sealed) {
            Ok(bytes) => match RawAnswer::from_bytes(&bytes) {
                Ok(raw) => raw,
                Err(error) => return unopened(&error),
            },
            Err(error) => return unopened(&error),
        };
        let facts = CallFacts {
            http_status: Some(raw.status),
            duration_ms: None,
            answer: Some(answer.sealed),
            replayed: true,
        };
        let outcome = classify(&CallResult::Answer(raw), at.at);
        let spent = Fingerprint::from_stored(at.rt_fp.clone());
        let sealing = Sealing {
            vault: &self.vault,
            default_life: self.settings.default_life,
        };
        match Finished::new(
            at.attempt,
            at.credential,
            spent,
            &outcome,
            at.at,
            facts,
            &sealing,
        ) {
            Ok(finished) => {
                hooks::step(Step::ReplayBefore);
                let clear = finished.outcome() != OutcomeKind::Ambiguous;
                let committed = self.commit(Arc::new(finished)).await;
                self.findings().note_opened(at.attempt);
                Replayed::Committed { committed, clear }
            }
            Err(error) => unopened(&error),
        }
    }
}
