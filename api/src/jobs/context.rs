//! [`JobContext`]: what a step of a job works with.

use std::sync::Arc;

use rt_manage_shared::{
    clock::Clock,
    db::{Db, DbError, Tx, batch::Work as _, jobs, jobs::Job},
    id::{BootId, JobId},
    notify::Notifier,
    vault::{Place, Secret, Vault},
};
use rt_manage_worker::Live;

use super::JobError;
use crate::{
    credentials::Credentials,
    refresh::{Ask, Asked, Requests},
};

/// What a step of a job works with; cheap to clone.
#[derive(Debug, Clone)]
pub struct JobContext {
    /// The database.
    pub db: Db,
    /// Opens and seals.
    pub vault: Vault,
    /// Stored time.
    pub clock: Clock,
    /// Announcements.
    pub notifier: Notifier,
    /// The settings in force.
    pub settings: Live,
    /// This process, as the one that has the job.
    runner: BootId,
}

impl JobContext {
    /// The parts of this process.
    pub fn new(
        db: &Db,
        vault: &Vault,
        clock: &Clock,
        notifier: &Notifier,
        settings: &Live,
    ) -> Self {
        Self {
            db: db.clone(),
            vault: vault.clone(),
            clock: clock.clone(),
            notifier: notifier.clone(),
            settings: settings.clone(),
            runner: BootId::generate(),
        }
    }

    pub(super) const fn runner(&self) -> BootId {
        self.runner
    }

    /// The use cases on credentials, under the settings in force.
    pub fn credentials(&self) -> Credentials {
        let settings = self.settings.current();
        Credentials {
            db: self.db.clone(),
            vault: self.vault.clone(),
            clock: self.clock.clone(),
            notifier: self.notifier.clone(),
            default_client_id: settings.config().openai.client_id.as_str().into(),
            settings,
        }
    }

    /// Begins the transaction of a step. It counts only as long as this process has the job and the job is in the state that it
    /// was read in; until it ends nobody can take the job or give it up.
    pub async fn begin(&self, job: &Job) -> Result<Tx, JobError> {
        let mut tx = self.db.begin().await?;
        let now = self.clock.now();
        if jobs::fence(&mut tx, job.id, self.runner, job.state, now).await? {
            Ok(tx)
        } else {
            Err(JobError::Fenced)
        }
    }

    /// Asks for refreshes inside the transaction of a step: each becomes a queued attempt, which the dispatcher pushes, or joins
    /// the one that is open. The answers come in the order of the wishes.
    pub async fn request(&self, tx: &mut Tx, asks: Vec<Ask>) -> Result<Vec<Asked>, DbError> {
        let requests = Requests::new(&self.clock, &self.settings);
        let asks: Vec<_> = asks.into_iter().map(|ask| Arc::new(ask.into())).collect();
        requests.apply(tx, &asks).await
    }

    /// What of the job's wish is a secret.
    pub fn secret(&self, job: &Job) -> Result<Option<Secret>, JobError> {
        let row = job.id.to_string();
        let sealed = job.sealed.as_deref();
        let open = |sealed| self.vault.open_secret(secret_place(&row), sealed);
        Ok(sealed.map(open).transpose()?)
    }
}

/// Where the secret of a job's wish is sealed for.
pub(super) const fn secret_place(row: &str) -> Place<'_> {
    Place {
        table: "jobs",
        row,
        column: "sealed",
    }
}

/// Where the hash of a job's request is sealed for.
pub(super) const fn hash_place(row: &str) -> Place<'_> {
    Place {
        table: "jobs",
        row,
        column: "request_hash",
    }
}

/// Where what a repetition of an item needs is sealed for.
pub fn payload_row(job: JobId, position: u32) -> String {
    format!("{job}/{position}")
}
