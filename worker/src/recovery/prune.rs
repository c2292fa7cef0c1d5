//! Journals that nothing can need any more are deleted.

use rt_manage_shared::{clock::Millis, db::DbError, deadlines, id::BootId};

use crate::Worker;

impl Worker {
    /// Deletes journals that nothing can need any more.
    pub(crate) async fn prune_journals(&self) -> Result<(), DbError> {
        let settings = self.settings.current();
        let retention = settings.journal_retention;
        let now = self.clock.now();
        // A worker whose heartbeat is younger than this is not stale, whatever its lock says.
        let live =
            rt_manage_shared::db::coordination::live_workers(&mut &self.db, recently(now)).await?;
        let (directory, own) = (settings.journal_directory.clone(), self.boot);
        let report = tokio::task::spawn_blocking(move || {
            let options = crate::journal::Retention {
                own: Some(own),
                older_than: retention,
                now,
            };
            let stale = |worker: BootId| {
                let worker = worker.to_string();
                live.iter().all(|live| live.info.boot_id != worker)
            };
            // Every attempt that the database has recorded is noted in some journal, by its owner or by whoever replayed it.
            crate::journal::delete_expired(&directory, &options, stale, |_| false)
        })
        .await;
        if let Ok(report) = report {
            for kept in &report.kept {
                tracing::warn!(
                    worker = %kept.worker,
                    answers = kept.undone.len(),
                    damages = kept.damages,
                    "an old journal is kept: it is damaged, or the database has not recorded all its answers"
                );
            }
        }
        Ok(())
    }
}

/// Workers count as alive for this long after their last heartbeat, when it comes to deleting their files.
fn recently(now: Millis) -> Millis {
    now - deadlines::JOURNAL_STALE
}
