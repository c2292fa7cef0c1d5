//! What the journals know and the database does not: answers are replayed, and a database that is older than
//! the journals is noticed before anything is sent.

use rt_manage_shared::{
    clock::Millis,
    db::{DbError, system},
    deadlines,
    hooks::{self, Step},
    id::BootId,
    model::finding::Finding,
};

use crate::{
    Worker,
    halt::NEWEST_DONE,
    journal::{FolderScan, Scan, Scanner},
    replay::Progress,
};

/// What has been looked at, so that a rescan every few seconds costs little.
#[derive(Debug)]
pub(crate) struct Recovery {
    scanner: Scanner,
    progress: Progress,
    /// Whether the halt was noticed, and said.
    knows_halt: bool,
}

impl Recovery {
    /// Nothing looked at yet.
    pub(crate) fn new(directory: &std::path::Path) -> Self {
        Self {
            scanner: Scanner::new(directory),
            progress: Progress::default(),
            knows_halt: false,
        }
    }

    /// Says once that everything is halted, where another process has noticed it, and once that it is over.
    fn say_halt(&mut self, halted: bool) {
        if halted && !self.knows_halt {
            tracing::error!(
                see = Finding::Halted.see(),
                "HALTED: another process has noticed that the database is older than the journals; all journals that are seen here are replayed"
            );
        } else if !halted && self.knows_halt {
            tracing::info!("the emergency halt was lifted");
        }
        self.knows_halt = halted;
    }
}

impl Worker {
    /// Compares all journals with the database and replays what it lacks; opens the gate when that is done. At
    /// start, and whenever the database was away.
    pub(crate) async fn recover(&self) -> Result<(), DbError> {
        let mut recovery = self.recovery.lock().await;
        let connections = self.db.connections_made();
        let scan = self.read_all().await;
        self.recorded
            .learn(scan.newest_done(NEWEST_DONE), connections);
        self.findings().see(&scan);
        if self.is_older_than(&scan).await? {
            let reason = "the database is older than the journals: it was restored from a copy, or lost commits in a failover. \
                 All journalled answers have been replayed; check the credentials, then run `rt-manage-api resume --halted`";
            system::switch_on(&mut &self.db, system::HALTED, reason, self.clock.now()).await?;
            tracing::error!(see = Finding::Halted.see(), "HALTED: {reason}");
            hooks::step(Step::HaltAfterSwitch);
            recovery.knows_halt = true;
            recovery.progress = Progress::default();
            self.restore_history(&scan).await?;
            hooks::step(Step::HaltAfterRestore);
        }
        let halted = self.is_halted().await?;
        let answers = if halted {
            scan.folders.iter().flat_map(FolderScan::answers).collect()
        } else {
            scan.undone()
        };
        recovery.say_halt(halted);
        self.replay_all(&mut recovery.progress, answers, &scan)
            .await;
        if halted {
            self.doubt_unsettled(&scan, &recovery.progress).await?;
        }
        drop(recovery);
        self.gate.note_recovered();
        Ok(())
    }

    /// Looks for answers that other workers left, every few seconds. What this worker writes is in its own hands.
    pub(crate) async fn look_after_others(&self) -> Result<(), DbError> {
        if self.is_halted().await? {
            // Every worker replays all that it can see, whoever noticed.
            return self.recover().await;
        }
        let mut recovery = self.recovery.lock().await;
        recovery.say_halt(false);
        let connections = self.db.connections_made();
        let scan = self.rescan(&mut recovery).await;
        self.recorded
            .learn(scan.newest_done(NEWEST_DONE), connections);
        self.findings().see(&scan);
        self.replay_all(&mut recovery.progress, scan.undone(), &scan)
            .await;
        for folder in &scan.folders {
            let settled = folder
                .undone()
                .iter()
                .all(|answer| recovery.progress.settled.contains(&answer.attempt));
            // The dead write nothing more.
            if !folder.owner_alive && settled {
                recovery.scanner.skip(folder.worker);
            }
        }
        Ok(())
    }

    /// Reads what other workers have recorded since the journals were last looked at. What this worker has recorded it knows.
    pub(crate) async fn learn_what_is_recorded(&self) {
        let mut recovery = self.recovery.lock().await;
        let connections = self.db.connections_made();
        if self.recorded.covers(connections) {
            return;
        }
        let scan = self.rescan(&mut recovery).await;
        self.recorded
            .learn(scan.newest_done(NEWEST_DONE), connections);
    }

    async fn is_halted(&self) -> Result<bool, DbError> {
        let switches = system::switches(&mut &self.db).await?;
        Ok(switches.iter().any(|switch| switch.name == system::HALTED))
    }

    async fn read_all(&self) -> Scan {
        let directory = self.settings.journal_directory.clone();
        let scan = tokio::task::spawn_blocking(move || Scanner::new(&directory).rescan()).await;
        scan.unwrap_or_else(|_| {
            tracing::error!("reading the journals ended by a panic");
            Scan::default()
        })
    }

    async fn rescan(&self, recovery: &mut Recovery) -> Scan {
        let directory = self.settings.journal_directory.clone();
        let mut scanner = std::mem::replace(&mut recovery.scanner, Scanner::new(&directory));
        let own = self.boot;
        let task = tokio::task::spawn_blocking(move || {
            scanner.skip(own);
            let scan = scanner.rescan();
            (scanner, scan)
        });
        let Ok((scanner, scan)) = task.await else {
            tracing::error!("reading the journals ended by a panic");
            return Scan::default();
        };
        recovery.scanner = scanner;
        scan
    }

    /// Deletes journals that nothing can need any more.
    pub(crate) async fn prune_journals(&self) -> Result<(), DbError> {
        let retention = self.settings.journal_retention;
        let now = self.clock.now();
        // A worker whose heartbeat is younger than this is not stale, whatever its lock says.
        let live =
            rt_manage_shared::db::coordination::live_workers(&mut &self.db, recently(now)).await?;
        let (directory, own) = (self.settings.journal_directory.clone(), self.boot);
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
