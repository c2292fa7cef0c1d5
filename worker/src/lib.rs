//! The refresh worker: claims attempts, calls OpenAI, journals answers and commits them.
//!
//! [`Worker`] is the same in a process of its own and embedded in the API; only the queue that feeds it
//! differs. The protocol is in `refresh.rs`, in the order in which it happens.

mod claim;
pub mod cli;
mod commit;
#[cfg(test)]
mod cut_tests;
pub mod egress;
mod findings;
mod finished;
mod gate;
pub mod journal;
pub mod live;
pub mod probe;
mod recorded;
mod recovery;
mod refresh;
mod report;
mod run;
mod running;
mod settings;
mod supervise;
mod tallies;
#[cfg(test)]
mod test_parts;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rt_manage_shared::{
    clock::{Clock, Millis},
    db::{Db, DbError, batch::Batcher, coordination, coordination::WorkerInfo},
    id::BootId,
    model::attempt::Lane,
    notify::Notifier,
    vault::Vault,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

pub use crate::gate::Gate;
pub use crate::live::{Live, LiveError};
pub use crate::running::RunningWorker;
pub use crate::settings::{NamedProxy, SettingsError, WorkerSettings};
use crate::{
    claim::ClaimWork,
    commit::CommitWork,
    egress::{BreakerSettings, Breakers, ClientOptions, Clients},
    findings::Findings,
    journal::{Journal, JournalError, JournalOptions},
    recorded::Recorded,
    recovery::Recovery,
    tallies::Counting,
};

/// Room reserved in the journal for each answer: three JWTs and a refresh token of the largest size met take
/// about 20 KiB; sealing adds little.
const ANSWER_RESERVE_BYTES: u64 = 64 * 1024;

/// The lanes that a worker works on.
const LANES: [Lane; 2] = [Lane::Interactive, Lane::Bulk];

/// What a worker is built from.
#[derive(Debug, Clone)]
pub struct WorkerParts {
    /// The database, migrated.
    pub db: Db,
    /// The vault, whose keys match the database's register.
    pub vault: Vault,
    /// Stored time.
    pub clock: Clock,
    /// Announcements.
    pub notifier: Notifier,
    /// The settings in force.
    pub settings: Live,
    /// Cancelled when the process begins to drain.
    pub draining: CancellationToken,
}

/// A running worker.
#[derive(Debug)]
pub struct Worker {
    boot: BootId,
    started_at: Millis,
    db: Db,
    vault: Vault,
    clock: Clock,
    notifier: Notifier,
    settings: Live,
    journal: Journal,
    clients: Clients,
    breakers: Arc<Breakers>,
    gate: Gate,
    claims: Batcher<ClaimWork>,
    commits: Batcher<CommitWork>,
    /// Jobs in hand, those included that wait for a permit.
    jobs: TaskTracker,
    /// Calls under way, from claim to commit.
    in_flight: TaskTracker,
    failing: run::FailingLanes,
    recovery: tokio::sync::Mutex<Recovery>,
    recorded: Arc<Recorded>,
    /// What is wrong in the journals.
    findings: Mutex<Findings>,
    /// How attempts ended that are not in the statistics yet.
    tallies: Counting,
}

/// Why a worker could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The journal cannot be written; without it nothing may be sent.
    #[error("journal.directory: {0}")]
    Journal(#[from] JournalError),
    /// The database does not work.
    #[error(transparent)]
    Database(#[from] DbError),
}

impl Worker {
    /// Opens the journal, registers the worker, and replays what journals hold. Claims nothing yet.
    pub async fn start(parts: WorkerParts) -> Result<Arc<Self>, StartError> {
        let WorkerParts {
            db,
            vault,
            clock,
            notifier,
            settings: live,
            draining,
        } = parts;
        let settings = live.current();
        let boot = BootId::generate();
        clock.set_from_database(db.server_time().await?);
        let options = JournalOptions {
            directory: settings.journal_directory.clone(),
            worker: boot,
            segment_bytes: settings.journal_segment_bytes,
            answer_reserve_bytes: ANSWER_RESERVE_BYTES,
        };
        let journal = Journal::open(&options)?;
        let started_at = clock.now();
        let breakers = Arc::new(Breakers::new(BreakerSettings::default()));
        let recorded = Arc::new(Recorded::default());
        let claims = ClaimWork {
            boot,
            db: db.clone(),
            recorded: Arc::clone(&recorded),
            clock: clock.clone(),
            breakers: Arc::clone(&breakers),
            settings: live.clone(),
        };
        let commits = CommitWork {
            clock: clock.clone(),
            settings: live.clone(),
        };
        let worker = Arc::new(Self {
            boot,
            started_at,
            claims: Batcher::start(db.clone(), claims),
            commits: Batcher::start(db.clone(), commits),
            clients: Clients::new(ClientOptions::default()),
            recovery: tokio::sync::Mutex::new(Recovery::new(&settings.journal_directory)),
            recorded,
            findings: Mutex::default(),
            tallies: Counting::default(),
            gate: Gate::new(draining),
            jobs: TaskTracker::new(),
            in_flight: TaskTracker::new(),
            failing: run::FailingLanes::default(),
            db,
            vault,
            clock,
            notifier,
            settings: live,
            journal,
            breakers,
        });
        // Reading root certificates takes a while; nobody's first refresh shall wait for it. One that cannot be
        // built is told with the refresh that needs it.
        let _ = worker
            .clients
            .get(&settings.default_egress, settings.connect_timeout);
        coordination::register_worker(&mut &worker.db, &worker.info()).await?;
        // Workers that start together under a halt write the same rows, and may lock one another out. Nothing is claimed before
        // the journals have been compared: the supervisor tries again.
        match worker.recover().await {
            Err(error) if error.is_temporary() => {
                tracing::error!(error = %error, "journals could not be compared with the database; trying again");
            }
            compared => compared?,
        }
        tracing::info!(worker = %boot, concurrency = settings.concurrency, "worker started");
        Ok(worker)
    }

    fn info(&self) -> WorkerInfo {
        WorkerInfo {
            boot_id: self.boot.to_string(),
            host: rustix::system::uname()
                .nodename()
                .to_string_lossy()
                .into_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            started_at: self.started_at,
            lanes: LANES.map(|lane| lane.to_string()).join(","),
        }
    }

    /// This start of the worker.
    pub fn boot(&self) -> BootId {
        self.boot
    }

    /// What is damaged or unusable in the journals, for readiness. Work goes on meanwhile.
    pub fn journal_findings(&self) -> Option<String> {
        self.findings().summary()
    }

    fn findings(&self) -> MutexGuard<'_, Findings> {
        self.findings.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Why nothing is claimed at the moment, for readiness.
    pub fn not_ready_because(&self) -> Option<String> {
        match self.journal.health().failure {
            Some(failure) => Some(format!("journal: {failure}")),
            None => match self.gate.closed_because() {
                None if self.failing.any() => {
                    Some("the queue cannot be consumed; see the log".into())
                }
                reason => reason.map(str::to_owned),
            },
        }
    }
}
