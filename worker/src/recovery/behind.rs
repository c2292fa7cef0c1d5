//! A database that is older than the journals: what it has lost is noticed, and closed in it, so that nothing that
//! was sent is called healthy.

use std::collections::{HashMap, HashSet};

use rt_manage_shared::{
    db::{
        DbError, attempts,
        attempts::{Ending, NewAttempt},
        grants,
        grants::TokenWrite,
        repeat_while_busy, retention,
    },
    hooks::{self, Step},
    id::AttemptId,
    model::{
        attempt::{AttemptState, Cause, Lane, OutcomeKind},
        credential::DEFAULT_EGRESS,
        finding::Finding,
        grant::Context,
        journalled::{Journalled, Recorded},
    },
    vault::Fingerprint,
};

use super::Recovery;
use crate::{
    Worker,
    journal::{AnswerAt, FolderScan, Intent, JournalEntry, Scan},
};

/// How many of the newest attempts are looked up, of those that journals note as recorded and of those that they hold an
/// intent of: what a database has lost is among the newest ones.
pub(super) const NEWEST: usize = 64;

/// Code of what only a journal knows.
const JOURNAL_AHEAD: &str = "journal_ahead";

/// Attempts looked up with one statement: far below what any of the back ends takes as parameters.
const CHUNK: usize = 500;

/// An attempt in the journals, and what the database holds of it.
#[derive(Debug)]
pub(super) struct Looked {
    attempt: AttemptId,
    journalled: Journalled,
    recorded: Option<Recorded>,
}

impl Scan {
    /// Answers that no journal notes as done, and those of the attempts looked at that the database may have given up
    /// before they came.
    pub(super) fn unsettled(&self, looked: &[Looked]) -> Vec<&AnswerAt> {
        let given_up: HashSet<AttemptId> = looked
            .iter()
            .filter(|one| one.journalled.is_replayed(one.recorded, false))
            .map(|one| one.attempt)
            .collect();
        let mut answers = self.undone();
        let undone: HashSet<AttemptId> = answers.iter().map(|answer| answer.attempt).collect();
        let all = self.folders.iter().flat_map(|folder| folder.answers());
        answers.extend(all.filter(|answer| {
            given_up.contains(&answer.attempt) && !undone.contains(&answer.attempt)
        }));
        answers
    }
}

impl Worker {
    /// The newest attempts in the journals, and what the database holds of them.
    pub(super) async fn newest(&self, scan: &Scan) -> Result<Vec<Looked>, DbError> {
        let done = scan.done();
        let mut newest: HashSet<AttemptId> = scan
            .newest_done(NEWEST)
            .iter()
            .map(|done| done.attempt)
            .collect();
        newest.extend(scan.newest_intents(NEWEST));
        let mut ids: Vec<AttemptId> = newest.into_iter().collect();
        let recorded = self.read_recorded(&ids).await?;
        // Read last: what is missing above for its age was removed after this had been written down.
        let horizon = retention::horizon(&mut &self.db).await?;
        ids.retain(|id| recorded.contains_key(id) || horizon.is_none_or(|horizon| *id >= horizon));
        let look = |attempt: AttemptId| Looked {
            attempt,
            journalled: Journalled {
                answer: None,
                done: done.contains(&attempt),
            },
            recorded: recorded.get(&attempt).copied(),
        };
        Ok(ids.into_iter().map(look).collect())
    }

    /// Whether the database lacks what one of these attempts has written there.
    pub(super) fn is_older_than(&self, looked: &[Looked]) -> bool {
        let ahead = looked
            .iter()
            .find(|one| one.journalled.is_ahead_of(one.recorded));
        if let Some(Looked { attempt, .. }) = ahead {
            tracing::error!(%attempt, worker = %self.boot, "the database has lost what it had recorded of an attempt");
        }
        ahead.is_some()
    }

    async fn read_recorded(
        &self,
        ids: &[AttemptId],
    ) -> Result<HashMap<AttemptId, Recorded>, DbError> {
        let mut recorded = HashMap::with_capacity(ids.len());
        for ids in ids.chunks(CHUNK) {
            for attempt in attempts::read(&mut &self.db, ids).await? {
                let row = Recorded {
                    state: attempt.state,
                    outcome: attempt.outcome,
                };
                recorded.insert(attempt.id, row);
            }
        }
        Ok(recorded)
    }

    /// Writes the attempts that the database has forgotten, so that it counts as caught up once the halt is
    /// lifted. Replay then corrects those whose answers brought something.
    pub(super) async fn restore_history(
        &self,
        scan: &Scan,
        looked: &[Looked],
    ) -> Result<(), DbError> {
        let forgotten: HashSet<AttemptId> = looked
            .iter()
            .filter(|one| one.recorded.is_none())
            .map(|one| one.attempt)
            .collect();
        for intent in intents(scan) {
            if !forgotten.contains(&intent.attempt) {
                continue;
            }
            let attempt = NewAttempt {
                id: intent.attempt,
                credential: intent.credential,
                lane: Lane::Bulk,
                cause: Cause::Recovery,
                probe: false,
                egress: DEFAULT_EGRESS.into(),
                rt_fp: Fingerprint::from_stored(intent.rt_fp.clone()),
                request_id: None,
                requested_at: intent.at,
            };
            repeat_while_busy(|| self.restore(&attempt)).await?;
        }
        Ok(())
    }

    /// Another worker that sees the same journal may be doing the same at this moment.
    async fn restore(&self, attempt: &NewAttempt) -> Result<(), DbError> {
        let mut tx = self.db.begin().await?;
        if attempts::insert_if_absent(&mut tx, attempt).await? {
            attempts::finish(&mut tx, attempt.id, &self.lost()).await?;
        }
        hooks::step(Step::HaltBeforeRestore);
        tx.commit().await
    }

    /// The ending of an attempt that the database had lost.
    fn lost(&self) -> Ending {
        Ending {
            outcome: OutcomeKind::Superseded,
            code: Some(JOURNAL_AHEAD.into()),
            detail: Some("known from a journal only: the database had lost it".into()),
            http_status: None,
            duration_ms: None,
            finished_at: self.clock.now(),
        }
    }

    /// With a database that is older than the journals: where no answer tells what became of a refresh token that was
    /// sent, it may be spent although the database calls it fresh.
    pub(super) async fn doubt_lost(&self, recovery: &Recovery, scan: &Scan) -> Result<(), DbError> {
        let done = scan.done();
        let intents = intents(scan);
        let ids: Vec<AttemptId> = intents.iter().map(|intent| intent.attempt).collect();
        let recorded = self.read_recorded(&ids).await?;
        let horizon = retention::horizon(&mut &self.db).await?;
        for intent in intents {
            let is_old = horizon.is_some_and(|horizon| intent.attempt < horizon);
            if is_old && !recorded.contains_key(&intent.attempt) {
                // It had ended before it was removed.
                continue;
            }
            let journalled = Journalled {
                answer: recovery.settled.get(&intent.attempt).copied().flatten(),
                done: done.contains(&intent.attempt),
            };
            let recorded = recorded.get(&intent.attempt).copied();
            let open = journalled.is_ahead_of(recorded);
            // There was an answer, so the call is over, and nobody can tell what it said.
            let unusable = recovery.settled.get(&intent.attempt) == Some(&None)
                && recorded.is_some_and(|row| row.state == AttemptState::Refreshing);
            if open || unusable || journalled.leaves_doubt(recorded) {
                repeat_while_busy(|| self.close_lost(intent, open)).await?;
            }
        }
        Ok(())
    }

    async fn close_lost(&self, intent: &Intent, open: bool) -> Result<(), DbError> {
        let mut doubted = false;
        let mut tx = self.db.begin().await?;
        if let Some(record) = grants::read_one(&mut tx, intent.credential).await? {
            let settings = self.settings.current();
            let ctx = Context {
                now: self.clock.now(),
                enabled: record.schedulable(),
                policy: &settings.policy,
                jitter: 0.5,
            };
            let spent = Fingerprint::from_stored(intent.rt_fp.clone());
            let doubtful = record.grant.put_in_doubt(intent.attempt, &spent, &ctx);
            let guard = record.grant.guard();
            if let Ok(doubtful) = doubtful
                && grants::compare_and_set(&mut tx, &guard, &doubtful, TokenWrite::default())
                    .await?
            {
                if let Some(pointless) = guard.attempt {
                    attempts::finish(&mut tx, pointless, &self.lost()).await?;
                }
                hooks::step(Step::HaltBeforeDoubt);
                doubted = true;
            }
        }
        if open {
            attempts::amend(&mut tx, intent.attempt, &self.lost()).await?;
        }
        tx.commit().await?;
        if doubted {
            metrics::counter!("rtm_in_doubt_total").increment(1);
            tracing::error!(credential = %intent.credential, attempt = %intent.attempt, code = JOURNAL_AHEAD, see = Finding::InDoubt.see(), "in doubt: a journal knows of a call that the database does not know");
        }
        Ok(())
    }
}

/// Each attempt's intent, once.
fn intents(scan: &Scan) -> Vec<&Intent> {
    let mut seen = HashSet::new();
    scan.folders
        .iter()
        .flat_map(FolderScan::entries)
        .filter_map(|entry| match entry {
            JournalEntry::Intent(intent) if seen.insert(intent.attempt) => Some(intent),
            _ => None,
        })
        .collect()
}

#[cfg(test)]
#[path = "behind_tests.rs"]
mod tests;
