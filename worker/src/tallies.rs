//! What this worker adds to the statistics: counted in memory, written every now and then. Neither a commit nor a heartbeat
//! waits for it, and a worker that is killed loses the counts of a few seconds.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use rt_manage_shared::{
    clock::Millis,
    db::{Db, DbError, repeat_while_busy, statistics},
    model::tally::Tallies,
};
use tokio_util::sync::CancellationToken;

use crate::{Worker, commit::Committed, finished::Finished};

/// Longest time that writing them may take when the worker ends.
const LAST_WORD: Duration = Duration::from_secs(2);

/// How attempts ended that are not in the statistics yet.
#[derive(Debug, Default)]
pub(crate) struct Counting(Mutex<Tallies>);

impl Counting {
    /// Counts an attempt, unless it was counted by whoever committed it before.
    pub(crate) fn note(&self, finished: &Finished, committed: Committed, now: Millis) {
        if committed != Committed::Known {
            let (outcome, code) = (finished.outcome(), finished.code());
            self.lock().note(now, outcome, code, finished.duration_ms);
        }
    }

    async fn write(&self, db: &Db) -> Result<(), DbError> {
        let counted = std::mem::take(&mut *self.lock());
        if counted.is_empty() {
            return Ok(());
        }
        let written = repeat_while_busy(|| add(db, &counted)).await;
        if written.is_err() {
            self.lock().merge(counted);
        }
        written
    }

    fn lock(&self) -> MutexGuard<'_, Tallies> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn add(db: &Db, counted: &Tallies) -> Result<(), DbError> {
    let mut tx = db.begin().await?;
    statistics::add(&mut tx, counted).await?;
    tx.commit().await
}

impl Worker {
    /// Writes what was counted, at the pace of heartbeats, until `stop`.
    pub(crate) async fn keep_statistics(&self, stop: CancellationToken) {
        while !stop.is_cancelled() {
            tokio::select! {
                () = tokio::time::sleep(self.settings.current().heartbeat) => {}
                () = stop.cancelled() => return,
            }
            if let Err(error) = self.tallies.write(&self.db).await {
                tracing::debug!(error = %error, "statistics could not be written; they are kept");
            }
        }
    }

    /// Writes what was counted last, when nothing is in flight any more.
    pub(crate) async fn add_to_statistics(&self) {
        let last = tokio::time::timeout(LAST_WORD, self.tallies.write(&self.db)).await;
        if !matches!(last, Ok(Ok(()))) {
            tracing::debug!("the last statistics could not be written");
        }
    }
}
