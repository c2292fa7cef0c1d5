//! The worker's heartbeat: it says that it lives, keeps stored time right, and notices when database or
//! journal come back.

use std::{sync::Arc, time::Duration};

use rt_manage_shared::{
    clock::BootInstant,
    db::{DbError, coordination, coordination::Pulse},
    deadlines,
};
use tokio_util::sync::CancellationToken;

use crate::Worker;

/// Expired journals are looked for this often; retention is counted in days.
const PRUNE: Duration = Duration::from_hours(1);
/// Pause before the database is asked again after it failed.
const RETRY: Duration = Duration::from_millis(500);

impl Worker {
    /// Runs until `stop`.
    pub async fn supervise(self: &Arc<Self>, stop: CancellationToken) {
        let mut rescanned = BootInstant::now();
        let mut pruned = rescanned;
        while !stop.is_cancelled() {
            let settings = self.settings.current();
            let rescan = deadlines::rescan(settings.abandon_after);
            let mut pause = settings.heartbeat;
            match self.beat().await {
                Ok(()) => {
                    let looked = if !self.gate.is_recovered() {
                        self.recover().await
                    } else if rescanned.elapsed() >= rescan {
                        rescanned = BootInstant::now();
                        self.look_after_others().await
                    } else {
                        Ok(())
                    };
                    if let Err(error) = looked {
                        tracing::error!(error = %error, "journals could not be compared with the database");
                        pause = RETRY;
                    }
                    if pruned.elapsed() >= PRUNE {
                        pruned = BootInstant::now();
                        if let Err(error) = self.prune_journals().await {
                            tracing::warn!(error = %error, "expired journals could not be looked for");
                        }
                    }
                }
                Err(error) => {
                    if matches!(error, DbError::NotWritable(_)) {
                        self.gate.note_database_full();
                    } else {
                        self.gate.note_database_error();
                    }
                    tracing::error!(error = %error, "heartbeat failed: nothing is claimed until the database answers");
                    pause = RETRY;
                }
            }
            let health = self.journal.health();
            self.gate.set_journal(health.failure.is_none());
            metrics::gauge!("rtm_worker_in_flight").set(f64::from(self.in_flight_count()));
            metrics::gauge!("rtm_journal_failed").set(if health.failure.is_some() {
                1.0
            } else {
                0.0
            });
            if !self.gate.is_recovered() || health.failure.is_some() {
                pause = pause.min(RETRY);
            }
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = stop.cancelled() => {}
            }
        }
    }

    async fn beat(&self) -> Result<(), DbError> {
        let was_away = !self.gate.database_ok();
        self.clock.set_from_database(self.db.server_time().await?);
        let now = self.clock.now();
        let known = coordination::beat_worker(&mut &self.db, self.boot, now, &self.pulse()).await?;
        if !known {
            // The row is gone: another database stands behind the same address. Compare before claiming.
            tracing::warn!("this worker is not known to the database any more; registering again");
            self.gate.note_database_error();
            coordination::register_worker(&mut &self.db, &self.info()).await?;
        }
        if was_away {
            tracing::info!("the database answers again");
        }
        self.gate.note_database_answers();
        Ok(())
    }

    /// What this worker says of itself. While it looks at the journals after a failure it says that it claims nothing; a
    /// heartbeat later it says otherwise.
    fn pulse(&self) -> Pulse {
        let (journal_damage, journal_unreadable) = {
            let findings = self.findings();
            (findings.damaged(), findings.unusable())
        };
        Pulse {
            in_flight: self.in_flight_count(),
            not_claiming: self.not_ready_because(),
            journal_failure: self.journal.health().failure,
            journal_damage,
            journal_unreadable,
        }
    }

    /// Says that this worker has ended in order, and closes its journal.
    pub async fn retire(&self) {
        self.journal.close().await;
        self.add_to_statistics().await;
        if let Err(error) =
            coordination::stop_worker(&mut &self.db, self.boot, self.clock.now()).await
        {
            tracing::warn!(error = %error, "could not note the end of this worker");
        }
    }

    pub(crate) fn in_flight_count(&self) -> u32 {
        u32::try_from(self.in_flight.len()).unwrap_or(u32::MAX)
    }
}

#[cfg(test)]
#[path = "pulse_tests.rs"]
mod tests;
