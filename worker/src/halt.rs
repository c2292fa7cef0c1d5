//! A database that is older than the journals: it was restored from a copy, or lost commits in a failover.

use std::collections::HashSet;

use rt_manage_shared::{
    db::{
        DbError, attempts,
        attempts::{Ending, NewAttempt},
        grants,
        grants::TokenWrite,
    },
    hooks::{self, Step},
    id::{AttemptId, CredentialId},
    model::{
        attempt::{AttemptState, Cause, Lane, OutcomeKind},
        credential::DEFAULT_EGRESS,
        finding::Finding,
        grant::Context,
    },
    vault::Fingerprint,
};

use crate::{
    Worker,
    journal::{FolderScan, JournalEntry, Scan},
    replay::Progress,
};

/// How many of the newest recorded attempts are looked up to tell whether the database is older than the
/// journals: a lost commit is among the newest ones.
pub(crate) const NEWEST_DONE: usize = 64;

/// Attempts that are looked up with one statement: some ten kilobytes of identifiers.
const LOOKED_UP_AT_ONCE: usize = 500;

/// The code of an attempt that the database had lost.
const JOURNAL_AHEAD: &str = "journal_ahead";

impl Worker {
    /// Whether an attempt that a journal notes as recorded is unknown to the database.
    pub(crate) async fn is_older_than(&self, scan: &Scan) -> Result<bool, DbError> {
        let unknown = self.unknown_attempts(scan).await?;
        if let Some(attempt) = unknown.first() {
            tracing::error!(%attempt, "a recorded attempt is missing from the database");
        }
        Ok(!unknown.is_empty())
    }

    /// The newest attempts that journals note as recorded and the database does not know.
    async fn unknown_attempts(&self, scan: &Scan) -> Result<Vec<AttemptId>, DbError> {
        let newest: Vec<AttemptId> = scan
            .newest_done(NEWEST_DONE)
            .iter()
            .map(|done| done.attempt)
            .collect();
        let known: HashSet<AttemptId> = attempts::read(&mut &self.db, &newest)
            .await?
            .iter()
            .map(|attempt| attempt.id)
            .collect();
        Ok(newest
            .into_iter()
            .filter(|id| !known.contains(id))
            .collect())
    }

    /// Writes the attempts that the database has forgotten, so that it counts as caught up once the halt is
    /// lifted. Replay then corrects those whose answers brought something.
    pub(crate) async fn restore_history(&self, scan: &Scan) -> Result<(), DbError> {
        let unknown: HashSet<AttemptId> = self.unknown_attempts(scan).await?.into_iter().collect();
        let now = self.clock.now();
        let mut restored = HashSet::new();
        for entry in scan.folders.iter().flat_map(FolderScan::entries) {
            let JournalEntry::Intent(intent) = entry else {
                continue;
            };
            if !unknown.contains(&intent.attempt) || !restored.insert(intent.attempt) {
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
            let ending = Ending {
                outcome: OutcomeKind::Superseded,
                code: Some(JOURNAL_AHEAD.into()),
                detail: Some("known from a journal only: the database had lost it".into()),
                http_status: None,
                duration_ms: None,
                finished_at: now,
            };
            let mut tx = self.db.begin().await?;
            // Another worker that sees the same journal may be doing the same at this moment.
            if attempts::insert_if_absent(&mut tx, &attempt).await? {
                attempts::finish(&mut tx, attempt.id, &ending).await?;
            }
            hooks::step(Step::HaltBeforeRestore);
            tx.commit().await?;
        }
        Ok(())
    }

    /// With a database that is older than the journals, a refresh token may be spent although the database calls it
    /// fresh: wherever a journal knows of a call and not of a clear answer.
    pub(crate) async fn doubt_unsettled(
        &self,
        scan: &Scan,
        progress: &Progress,
    ) -> Result<(), DbError> {
        let unanswered = scan
            .folders
            .iter()
            .flat_map(FolderScan::unanswered)
            .map(|intent| (intent.attempt, intent.credential, &intent.rt_fp));
        let unclear = scan
            .folders
            .iter()
            .flat_map(FolderScan::answers)
            .filter(|answer| progress.unclear.contains(&answer.attempt))
            .map(|answer| (answer.attempt, answer.credential, &answer.rt_fp));
        let calls: Vec<_> = unanswered.chain(unclear).collect();
        for calls in calls.chunks(LOOKED_UP_AT_ONCE) {
            let ids: Vec<AttemptId> = calls.iter().map(|(attempt, ..)| *attempt).collect();
            // What the database remembers itself has had its consequences. That a journal notes an attempt as done
            // says nothing any more: the database has forgotten it.
            let remembered: HashSet<AttemptId> = attempts::read(&mut &self.db, &ids)
                .await?
                .iter()
                .filter(|attempt| {
                    attempt.state == AttemptState::Finished
                        && attempt.code.as_deref() != Some(JOURNAL_AHEAD)
                })
                .map(|attempt| attempt.id)
                .collect();
            for (attempt, credential, spent) in calls {
                if !remembered.contains(attempt) {
                    self.doubt(*attempt, *credential, spent).await?;
                }
            }
        }
        Ok(())
    }

    /// Puts a credential in doubt that still holds the refresh token of a call.
    async fn doubt(
        &self,
        attempt: AttemptId,
        credential: CredentialId,
        spent: &str,
    ) -> Result<(), DbError> {
        let mut doubted = false;
        let mut tx = self.db.begin().await?;
        if let Some(record) = grants::read_one(&mut tx, credential).await? {
            let ctx = Context {
                now: self.clock.now(),
                enabled: record.schedulable(),
                policy: &self.settings.policy,
                jitter: 0.5,
            };
            let spent = Fingerprint::from_stored(spent.to_owned());
            if let Ok(next) = record.grant.put_in_doubt(&spent, &ctx) {
                let (guard, tokens) = (record.grant.guard(), TokenWrite::default());
                doubted = grants::compare_and_set(&mut tx, &guard, &next, tokens).await?;
                hooks::step(Step::HaltBeforeDoubt);
            }
        }
        tx.commit().await?;
        if doubted {
            metrics::counter!("rtm_in_doubt_total").increment(1);
            tracing::error!(%credential, %attempt, code = JOURNAL_AHEAD, see = Finding::InDoubt.see(), "in doubt: a journal knows of a call that the database does not know");
        }
        Ok(())
    }
}
