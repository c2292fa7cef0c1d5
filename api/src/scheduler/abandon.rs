//! Claims whose worker is gone. The leader declares a claim abandoned after it has *itself* watched the same
//! attempt with the same worker for longer than any honest worker could take, in uninterrupted contact with
//! the database, on its own clock.

use std::{collections::HashMap, path::Path, time::Duration};

use rt_manage_shared::{
    clock::{BootInstant, Millis},
    db::{
        DbError, attempts,
        attempts::{Attempt, Ending},
        grants,
        grants::TokenWrite,
        statistics,
    },
    deadlines::{ANSWERED_PATIENCE, UNINTERRUPTED},
    hooks::{self, Step},
    id::{AttemptId, BootId},
    model::{
        finding::Finding,
        grant::{Context, Evidence},
        tally::Tallies,
    },
    notify::Event,
};
use rt_manage_worker::journal::{IntentEvidence, Scanner};

use super::Scheduler;

/// Most open claims watched at once: far more than workers can have in flight.
const MOST: u32 = 10_000;

/// Code of attempts whose worker vanished.
const WORKER_LOST: &str = "worker_lost";

/// The open claims and since when each has been watched.
#[derive(Debug)]
pub(super) struct Watch {
    since: HashMap<(AttemptId, Option<BootId>), BootInstant>,
    limit: Duration,
    journals: std::path::PathBuf,
}

impl Watch {
    pub(super) fn new(journals: &Path, limit: Duration) -> Self {
        Self {
            since: HashMap::new(),
            limit,
            journals: journals.to_owned(),
        }
    }

    /// From now on claims may take this long.
    pub(super) const fn set_limit(&mut self, limit: Duration) {
        self.limit = limit;
    }

    /// Starts watching anew: the contact was interrupted.
    pub(super) fn forget(&mut self) {
        self.since.clear();
    }

    /// Notes what was open when it was asked for; returns what has been open for too long by `now`, and for how long. A
    /// process that was frozen in between watches anew: it knows nothing of that time.
    pub(super) fn overdue(
        &mut self,
        asked: BootInstant,
        now: BootInstant,
        open: Vec<Attempt>,
    ) -> Vec<(Attempt, Duration)> {
        if now.since(asked) > UNINTERRUPTED {
            self.forget();
        }
        let mut since = HashMap::with_capacity(open.len());
        let overdue = open
            .into_iter()
            .filter_map(|attempt| {
                let key = (attempt.id, attempt.worker);
                let first = self.since.get(&key).copied().unwrap_or(now);
                since.insert(key, first);
                let watched = now.since(first);
                (watched >= self.limit).then_some((attempt, watched))
            })
            .collect();
        self.since = since;
        overdue
    }
}

impl Scheduler {
    pub(super) async fn settle_abandoned(&mut self, now: Millis) -> Result<(), DbError> {
        let asked = BootInstant::now();
        let open = attempts::refreshing(&mut &self.db, MOST).await?;
        let overdue = self.watch.overdue(asked, BootInstant::now(), open);
        if overdue.is_empty() {
            return Ok(());
        }
        let journals = self.watch.journals.clone();
        let scan = tokio::task::spawn_blocking(move || Scanner::new(&journals).rescan()).await;
        for (attempt, watched) in overdue {
            let (evidence, answered) = match (&scan, attempt.worker) {
                (Ok(scan), Some(worker)) => (
                    scan.has_intent(worker, attempt.id),
                    scan.undone()
                        .iter()
                        .any(|answer| answer.attempt == attempt.id),
                ),
                _ => (IntentEvidence::Unknown, false),
            };
            if answered && watched < self.watch.limit * ANSWERED_PATIENCE {
                // The answer is on a disk that we can see: a worker replays it, unless it cannot be read.
                continue;
            }
            let evidence = match evidence {
                IntentEvidence::ProvablyNo => Evidence::NoIntent,
                IntentEvidence::Yes | IntentEvidence::Unknown => Evidence::Unknown,
            };
            match self.abandon(&attempt, evidence, now).await {
                // A row that contradicts itself must not keep the scheduler from its other work.
                Err(error @ DbError::Corrupt { .. }) => {
                    tracing::error!(attempt = %attempt.id, error = %error, "a lost worker's claim cannot be settled");
                }
                result => result?,
            }
        }
        Ok(())
    }

    /// The worker is not there to count it. Statistics are not worth a failure.
    async fn count(&self, ending: &Ending, now: Millis) {
        let mut tallies = Tallies::default();
        tallies.note(now, ending.outcome, ending.code.as_deref(), None);
        if let Err(error) = statistics::add(&mut &self.db, &tallies).await {
            tracing::debug!(error = %error, "an attempt that was given up could not be counted");
        }
    }

    async fn abandon(
        &self,
        attempt: &Attempt,
        evidence: Evidence,
        now: Millis,
    ) -> Result<(), DbError> {
        let mut tx = self.db.begin().await?;
        let record = grants::read_one(&mut tx, attempt.credential).await?;
        let detail = match evidence {
            Evidence::NoIntent => "the worker was lost before the call",
            Evidence::Unknown => "the worker was lost and the call may have been sent",
        };
        let mut moved = false;
        if let Some(record) = record {
            let ctx = Context {
                now,
                enabled: record.schedulable(),
                policy: &self.settings.policy,
                jitter: 0.0,
            };
            if let Ok(next) = record.grant.abandon(attempt.id, evidence, &ctx) {
                let (guard, tokens) = (record.grant.guard(), TokenWrite::default());
                if !grants::compare_and_set(&mut tx, &guard, &next, tokens).await? {
                    // Its worker lives after all and was faster.
                    return Ok(());
                }
                moved = true;
            }
        }
        let ending = Ending {
            outcome: evidence.outcome(),
            code: Some(WORKER_LOST.into()),
            detail: Some(detail.into()),
            http_status: None,
            duration_ms: None,
            finished_at: now,
        };
        attempts::finish(&mut tx, attempt.id, &ending).await?;
        hooks::step(Step::AbandonBeforeCommit);
        tx.commit().await?;
        if moved {
            report(attempt, evidence);
        }
        self.count(&ending, now).await;
        let (id, credential) = (attempt.id, attempt.credential);
        self.notifier.announce(Event::Finished {
            attempt: id,
            credential,
        });
        Ok(())
    }
}

/// Says what became of the credential.
fn report(attempt: &Attempt, evidence: Evidence) {
    let (id, credential) = (attempt.id, attempt.credential);
    let worker = attempt.worker.map(tracing::field::display);
    match evidence {
        Evidence::NoIntent => {
            tracing::warn!(attempt = %id, %credential, code = WORKER_LOST, worker, "a lost worker's claim was undone: no call was made");
        }
        Evidence::Unknown => {
            let see = Finding::InDoubt.see();
            metrics::counter!("rtm_in_doubt_total").increment(1);
            tracing::error!(attempt = %id, %credential, code = WORKER_LOST, worker, see, "in doubt: the worker was lost and the call may have been sent");
        }
    }
}
