//! Answers that stand in journals are committed as if they had just arrived.

use std::{collections::HashSet, error::Error, sync::Arc};

use rt_manage_shared::{
    deadlines,
    hooks::{self, Step},
    model::attempt::OutcomeKind,
    openai::{CallResult, RawAnswer, classify},
    vault::{Fingerprint, Place},
};

use super::Recovery;
use crate::{
    Worker,
    commit::Committed,
    finished::{CallFacts, Finished, Sealing},
    journal::{AnswerAt, ReadAnswerError, Scan},
};

/// What became of the replay of an answer.
enum Replayed {
    /// The database has decided about it.
    Committed(Committed, OutcomeKind),
    /// It cannot be read just now; the next look may succeed.
    Unread,
    /// It cannot be used in this process.
    Unusable,
}

impl Worker {
    /// Replays answers until a pass changes nothing: an answer may only fit after another one was applied.
    pub(super) async fn replay_all(
        &self,
        recovery: &mut Recovery,
        answers: Vec<&AnswerAt>,
        scan: &Scan,
    ) {
        let now = self.clock.now();
        let leave_to_owner = deadlines::leave_to_owner(self.settings.current().abandon_after);
        let alive: HashSet<_> = scan
            .folders
            .iter()
            .filter(|folder| folder.owner_alive)
            .flat_map(|folder| folder.answers())
            .map(|answer| answer.attempt)
            .collect();
        let done = scan.done();
        let settled = &mut recovery.settled;
        let mut open: Vec<&AnswerAt> = answers
            .into_iter()
            .filter(|answer| !settled.contains_key(&answer.attempt))
            .filter(|answer| {
                // What is noted as done, its owner will not commit again.
                done.contains(&answer.attempt)
                    || !alive.contains(&answer.attempt)
                    || now.since(answer.at) > leave_to_owner
            })
            .collect();
        open.sort_by_key(|answer| (answer.at, answer.attempt));
        loop {
            let mut unsettled = Vec::new();
            let mut progress = false;
            for answer in open {
                let (committed, outcome) = match self.replay(answer).await {
                    Replayed::Committed(committed, outcome) => (committed, outcome),
                    Replayed::Unread => continue,
                    Replayed::Unusable => {
                        settled.insert(answer.attempt, None);
                        continue;
                    }
                };
                match committed {
                    Committed::Applied | Committed::AppliedLate => {
                        settled.insert(answer.attempt, Some(outcome));
                        progress = true;
                    }
                    Committed::Orphaned => unsettled.push(answer),
                    Committed::Known | Committed::Superseded => {
                        settled.insert(answer.attempt, Some(outcome));
                    }
                }
            }
            if !progress || unsettled.is_empty() {
                // Only new tokens are set aside.
                let rotated = Some(OutcomeKind::Rotated);
                settled.extend(unsettled.iter().map(|answer| (answer.attempt, rotated)));
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
                    ReadAnswerError::Damaged { .. } => Replayed::Unusable,
                };
            }
            Err(panic) => {
                self.findings().note_unopened(at, &panic);
                return Replayed::Unread;
            }
        };
        let unusable = |error: &dyn Error| {
            self.findings().note_unopened(at, error);
            Replayed::Unusable
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
                Err(error) => return unusable(&error),
            },
            Err(error) => return unusable(&error),
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
            default_life: self.settings.current().default_life,
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
                let outcome = finished.outcome();
                let committed = self.commit(Arc::new(finished)).await;
                self.findings().note_opened(at.attempt);
                Replayed::Committed(committed, outcome)
            }
            Err(error) => unusable(&error),
        }
    }
}
