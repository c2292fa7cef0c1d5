//! What the journals know and the database does not: answers are replayed, and a database that is older than
//! the journals is noticed before anything is sent.

mod behind;
mod prune;
mod replay;

use std::collections::HashMap;

use rt_manage_shared::{
    clock::Millis,
    db::{DbError, coordination, system},
    hooks::{self, Step},
    id::AttemptId,
    model::{attempt::OutcomeKind, finding::Finding},
};

use self::behind::NEWEST;
use crate::{
    Worker,
    journal::{FolderScan, Scan, Scanner},
};

/// What has been looked at, so that a rescan every few seconds costs little.
#[derive(Debug)]
pub(crate) struct Recovery {
    scanner: Scanner,
    /// The answers that have been looked at, and what they say; `None` where they cannot be read.
    settled: HashMap<AttemptId, Option<OutcomeKind>>,
    /// Whether refreshing was halted when the journals were last compared with the database.
    halted: bool,
}

impl Recovery {
    /// Nothing looked at yet.
    pub(crate) fn new(directory: &std::path::Path) -> Self {
        Self {
            scanner: Scanner::new(directory),
            settled: HashMap::new(),
            halted: false,
        }
    }

    /// Says once that everything is halted, where another process has noticed it, and once that it is over. What was settled
    /// in the database as it was says nothing about the one that is there now.
    fn note_halt(&mut self, halted: bool) {
        if halted && !self.halted {
            tracing::error!(
                see = Finding::Halted.see(),
                "HALTED: another process has noticed that the database is older than the journals; all journals that are seen here are replayed"
            );
            self.settled.clear();
        } else if !halted && self.halted {
            tracing::info!("the emergency halt was lifted");
        }
        self.halted = halted;
    }
}

impl Worker {
    /// Compares all journals with the database and replays what it lacks; opens the gate when that is done. At
    /// start, and whenever the database was away.
    pub(crate) async fn recover(&self) -> Result<(), DbError> {
        let mut recovery = self.recovery.lock().await;
        let connections = self.db.connections_made();
        let scan = self.read_all().await;
        self.learn(&scan, connections);
        let newest = self.newest(&scan).await?;
        if self.is_older_than(&newest) {
            let reason = "the database is older than the journals: it was restored from a copy, or lost commits in a failover. \
                 All journalled answers are being replayed; check the credentials, then run `rt-manage-api resume --halted`";
            system::switch_on(&mut &self.db, system::HALTED, reason, self.clock.now()).await?;
            tracing::error!(see = Finding::Halted.see(), "HALTED: {reason}");
            hooks::step(Step::HaltAfterSwitch);
            recovery.halted = true;
            recovery.settled.clear();
            self.restore_history(&scan, &newest).await?;
            hooks::step(Step::HaltAfterRestore);
        }
        let halted = self.halted_since().await?;
        recovery.note_halt(halted.is_some());
        let answers = if halted.is_some() {
            scan.folders.iter().flat_map(FolderScan::answers).collect()
        } else {
            scan.unsettled(&newest)
        };
        self.replay_all(&mut recovery, answers, &scan).await;
        if let Some(since) = halted {
            self.doubt_lost(&recovery, &scan).await?;
            coordination::halt_replayed(&mut &self.db, self.boot, since).await?;
        }
        drop(recovery);
        self.gate.note_recovered();
        Ok(())
    }

    /// Looks for answers that other workers left, every few seconds. What this worker writes is in its own hands.
    pub(crate) async fn look_after_others(&self) -> Result<(), DbError> {
        if self.halted_since().await?.is_some() {
            // Every worker replays all that it can see, whoever noticed.
            return self.recover().await;
        }
        let mut recovery = self.recovery.lock().await;
        recovery.note_halt(false);
        let connections = self.db.connections_made();
        let scan = self.rescan(&mut recovery).await;
        self.learn(&scan, connections);
        self.replay_all(&mut recovery, scan.undone(), &scan).await;
        for folder in &scan.folders {
            let settled = folder
                .undone()
                .iter()
                .all(|answer| recovery.settled.contains_key(&answer.attempt));
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
        self.learn(&scan, connections);
    }

    /// Takes note of what journals tell that were read when the database had made so many connections.
    fn learn(&self, scan: &Scan, connections: u64) {
        self.recorded.learn(scan.newest_done(NEWEST), connections);
        self.findings().see(scan);
    }

    async fn halted_since(&self) -> Result<Option<Millis>, DbError> {
        let switches = system::switches(&mut &self.db).await?;
        let halted = switches.iter().find(|switch| switch.name == system::HALTED);
        Ok(halted.map(|switch| switch.since))
    }

    async fn read_all(&self) -> Scan {
        let directory = self.settings.current().journal_directory.clone();
        let scan = tokio::task::spawn_blocking(move || Scanner::new(&directory).rescan()).await;
        scan.unwrap_or_else(|_| {
            tracing::error!("reading the journals ended by a panic");
            Scan::default()
        })
    }

    async fn rescan(&self, recovery: &mut Recovery) -> Scan {
        let directory = self.settings.current().journal_directory.clone();
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
}
