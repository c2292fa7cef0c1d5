//! Asking for a job.

use rt_manage_shared::{
    clock::Millis,
    db::{DbError, Execute, Tx, audit, jobs, jobs::Job},
    id::JobId,
    model::{
        audit::{Actor, Deed, TargetKind},
        job::JobKind,
    },
    vault::Secret,
};
use serde_json::{Map, Value};

use super::{
    Jobs, JobsError,
    context::{hash_place, secret_place},
};

/// Most jobs that have not ended: what comes beyond would wait for hours, and is a script that does not wait for answers.
const MOST_OPEN: u32 = 100;

/// A request that may come twice and is to be done once.
#[derive(Debug, Clone)]
pub struct Request {
    /// The client's `Idempotency-Key`.
    pub key: String,
    /// Of all that the request says.
    pub hash: [u8; 32],
}

/// What somebody asks for.
#[derive(Debug, Clone)]
pub struct NewJob {
    /// Its id, for which its parts are sealed.
    pub id: JobId,
    /// What it does.
    pub kind: JobKind,
    /// What exactly.
    pub action: String,
    /// What was asked for. Never a secret: it is shown.
    pub spec: Map<String, Value>,
    /// What was asked for and is a secret.
    pub secret: Option<Secret>,
    /// How many items it has, where that is known.
    pub total: Option<u32>,
    /// The job whose failed items it repeats.
    pub retry_of: Option<JobId>,
    /// The request, where the client gave it a key.
    pub request: Option<Request>,
}

impl NewJob {
    /// A job of a kind, with nothing said about it.
    pub fn new(kind: JobKind, action: &str) -> Self {
        Self {
            id: JobId::generate(),
            kind,
            action: action.to_owned(),
            spec: Map::new(),
            secret: None,
            total: None,
            retry_of: None,
            request: None,
        }
    }
}

/// What became of a wish for a job.
#[derive(Debug)]
pub enum Opened {
    /// Its row is written; the caller adds what belongs to it, and starts it.
    New(Box<Opening>),
    /// The same request came before: this is its job.
    Same(Box<Job>),
}

/// A job whose transaction is open.
#[derive(Debug)]
pub struct Opening {
    tx: Opaque,
    job: Job,
    jobs: Jobs,
}

/// A transaction has nothing to show.
struct Opaque(Tx);

impl std::fmt::Debug for Opaque {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tx")
    }
}

impl Opening {
    /// Its id.
    pub const fn id(&self) -> JobId {
        self.job.id
    }

    /// When it was asked for.
    pub const fn created_at(&self) -> Millis {
        self.job.created_at
    }

    /// The transaction, to write items or parts in.
    pub const fn tx(&mut self) -> &mut Tx {
        &mut self.tx.0
    }

    /// Writes down who did this, where there is something to be said yet, and lets the job go.
    pub async fn start(mut self, deed: Option<Deed>) -> Result<Job, JobsError> {
        if let Some(deed) = deed {
            let deed = deed.to(TargetKind::Job, self.job.id);
            let at = self.job.created_at;
            audit::record(&mut self.tx.0, &self.job.actor, &deed, at).await?;
        }
        self.tx.0.commit().await?;
        self.jobs.wake();
        Ok(self.job)
    }
}

impl Jobs {
    /// Writes the row of a new job, or finds the job of the same request.
    pub async fn open(&self, actor: &Actor, new: NewJob) -> Result<Opened, JobsError> {
        let mut tx = self.db.begin().await?;
        if let Some(request) = &new.request
            && let Some(job) = self.asked_before(&mut tx, actor, request).await?
        {
            return Ok(Opened::Same(job));
        }
        if jobs::count_open(&mut tx, MOST_OPEN).await? >= MOST_OPEN {
            return Err(JobsError::TooMany(MOST_OPEN));
        }
        let job = self.row(actor, &new)?;
        if jobs::insert(&mut tx, &job).await? {
            return Ok(Opened::New(Box::new(Opening {
                tx: Opaque(tx),
                job,
                jobs: self.clone(),
            })));
        }
        // The same request, at the same moment.
        let request = new.request.as_ref();
        let request = request.ok_or(DbError::Duplicate)?;
        let found = self.asked_before(&mut tx, actor, request).await?;
        Ok(Opened::Same(found.ok_or(DbError::Duplicate)?))
    }

    /// Looks for the job of the same request before work is done for it that may be in vain; an error where its key was used for
    /// another one. What counts is what [`Jobs::open`] finds.
    pub(crate) async fn asked_for(
        &self,
        actor: &Actor,
        request: &Request,
    ) -> Result<Option<Box<Job>>, JobsError> {
        self.asked_before(&mut &self.db, actor, request).await
    }

    /// The job of the same request; an error where its key was used for another one.
    async fn asked_before(
        &self,
        db: &mut impl Execute,
        actor: &Actor,
        request: &Request,
    ) -> Result<Option<Box<Job>>, JobsError> {
        let Some(job) = jobs::by_key(db, actor, &request.key).await? else {
            return Ok(None);
        };
        let row = job.id.to_string();
        let sealed = job.request_hash.as_deref().unwrap_or_default();
        let hash = self.vault.open(hash_place(&row), sealed)?;
        if hash.as_slice() == request.hash {
            Ok(Some(Box::new(job)))
        } else {
            Err(JobsError::KeyReused)
        }
    }

    fn row(&self, actor: &Actor, new: &NewJob) -> Result<Job, JobsError> {
        let row = new.id.to_string();
        let seal = |secret| self.vault.seal_secret(secret_place(&row), secret);
        let hash = |request: &Request| self.vault.seal(hash_place(&row), &request.hash);
        Ok(Job {
            spec: new.spec.clone(),
            sealed: new.secret.as_ref().map(seal).transpose()?,
            idempotency_key: new.request.as_ref().map(|request| request.key.clone()),
            request_hash: new.request.as_ref().map(hash).transpose()?,
            retry_of: new.retry_of,
            total: new.total,
            ..Job::new(
                new.id,
                new.kind,
                &new.action,
                actor.clone(),
                self.clock.now(),
            )
        })
    }
}
