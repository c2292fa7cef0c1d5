//! Giving jobs up, and repeating what failed.

use std::sync::Arc;

use rt_manage_shared::{
    clock::Clock,
    db::{Db, audit, jobs, jobs::Job, repeat_while_busy},
    id::JobId,
    model::audit::{Action, Actor, Deed, TargetKind},
    vault::Vault,
};
use tokio::sync::Notify;

use super::{JobsError, NewJob, Opened, Request, context::secret_place};
use crate::import::start::DRY_RUN;

/// What can be done about jobs; cheap to clone.
#[derive(Debug, Clone)]
pub struct Jobs {
    pub(super) db: Db,
    pub(super) vault: Vault,
    pub(super) clock: Clock,
    /// Somebody has asked for something: the runner of this process looks at once.
    wake: Arc<Notify>,
}

impl Jobs {
    /// Over these parts.
    pub fn new(db: &Db, vault: &Vault, clock: &Clock) -> Self {
        Self {
            db: db.clone(),
            vault: vault.clone(),
            clock: clock.clone(),
            wake: Arc::default(),
        }
    }

    pub(super) fn wake(&self) {
        self.wake.notify_one();
    }

    /// Until somebody asks for something here.
    pub(super) async fn woken(&self) {
        self.wake.notified().await;
    }

    /// The database.
    pub(crate) const fn db(&self) -> &Db {
        &self.db
    }

    /// What seals the parts of a job.
    pub const fn vault(&self) -> &Vault {
        &self.vault
    }

    /// Reads a job.
    pub async fn read(&self, id: JobId) -> Result<Job, JobsError> {
        let found = jobs::by_id(&mut &self.db, id).await?;
        found.ok_or(JobsError::NotFound)
    }

    /// Gives a job up: what it has begun ends, the rest is not begun. Once is enough.
    pub async fn cancel(&self, id: JobId, actor: &Actor) -> Result<Job, JobsError> {
        repeat_while_busy(|| self.cancel_once(id, actor)).await
    }

    async fn cancel_once(&self, id: JobId, actor: &Actor) -> Result<Job, JobsError> {
        let mut tx = self.db.begin().await?;
        let now = self.clock.now();
        let given_up = jobs::cancel(&mut tx, id, None, now).await?;
        let job = jobs::by_id(&mut tx, id).await?;
        let job = job.ok_or(JobsError::NotFound)?;
        if job.state.has_ended() {
            return Err(JobsError::Ended);
        }
        if given_up {
            let deed = Deed::new(Action::JobCancel).to(TargetKind::Job, id);
            audit::record(&mut tx, actor, &deed, now).await?;
            tx.commit().await?;
            self.wake();
        }
        Ok(job)
    }

    /// Starts a job over the items of this one that failed.
    pub async fn retry(
        &self,
        id: JobId,
        request: Option<Request>,
        actor: &Actor,
    ) -> Result<Job, JobsError> {
        repeat_while_busy(|| self.retry_once(id, request.clone(), actor)).await
    }

    async fn retry_once(
        &self,
        id: JobId,
        request: Option<Request>,
        actor: &Actor,
    ) -> Result<Job, JobsError> {
        let former = self.read(id).await?;
        if !former.state.has_ended() {
            return Err(JobsError::Running);
        }
        // A dry run has kept nothing that could be tried again.
        if former.counts.failed == 0 || former.action == DRY_RUN {
            return Err(JobsError::NothingFailed);
        }
        let row = former.id.to_string();
        let open = |sealed: &Vec<u8>| self.vault.open_secret(secret_place(&row), sealed);
        let new = NewJob {
            spec: former.spec.clone(),
            secret: former.sealed.as_ref().map(open).transpose()?,
            retry_of: Some(id),
            request,
            ..NewJob::new(former.kind, &former.action)
        };
        match self.open(actor, new).await? {
            Opened::Same(job) => Ok(*job),
            Opened::New(opening) => {
                let deed = Deed::new(Action::JobRetry)
                    .with("retry_of", id.to_string())
                    .with("action", former.action)
                    .with("failed", former.counts.failed);
                opening.start(Some(deed)).await
            }
        }
    }
}
