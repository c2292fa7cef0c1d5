//! Carrying one job on, step by step, until it has ended or is given to another process.

use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};

use futures::FutureExt as _;
use rt_manage_shared::{
    clock::BootInstant,
    db::{DbError, jobs, jobs::Job, repeat_while_busy},
    deadlines::LEASE_BEAT,
    id::JobId,
    model::job::{JobKind, JobState},
};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use super::{JobContext, JobError, Step, bulk, import};

/// First pause after the database was away; each further one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(200);
/// Longest pause: the database is back, and the job goes on within moments.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// Giving a job up must not hold the end of a process up.
const RELEASE_LIMIT: Duration = Duration::from_secs(2);

/// What comes behind a step.
enum Next {
    AtOnce,
    After(Duration),
    /// The job has ended, or is not ours any more.
    Nothing,
}

/// Carries one job on.
pub(super) struct Carrier {
    context: JobContext,
    id: JobId,
    steps: Arc<Semaphore>,
    /// When the others last saw that this process is there.
    shown: BootInstant,
    pause: Duration,
}

impl Carrier {
    pub(super) fn new(context: JobContext, id: JobId, steps: &Arc<Semaphore>) -> Self {
        Self {
            context,
            id,
            steps: Arc::clone(steps),
            shown: BootInstant::now(),
            pause: FIRST_PAUSE,
        }
    }

    /// Carries it on until it has ended, or until `draining`: then it is given up, for others to take.
    pub(super) async fn carry(mut self, draining: CancellationToken) {
        tracing::info!(job.id = %self.id, "carrying a job on");
        while !draining.is_cancelled() {
            let next = match self.step().await {
                Ok(next) => {
                    self.pause = FIRST_PAUSE;
                    next
                }
                Err(error) => self.after(error).await,
            };
            let wait = match next {
                Next::AtOnce => continue,
                Next::After(wait) => wait.min(LEASE_BEAT),
                Next::Nothing => return,
            };
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = draining.cancelled() => {}
            }
        }
        self.release().await;
    }

    /// Makes a step. A panic in one is a fault of ours that ends this job and no other.
    async fn step(&mut self) -> Result<Next, JobError> {
        let steps = Arc::clone(&self.steps);
        let permit = steps.acquire().await;
        let work = repeat_while_busy(|| self.step_once());
        let next = AssertUnwindSafe(work).catch_unwind().await;
        drop(permit);
        let next = next.unwrap_or_else(|_| {
            metrics::counter!("rtm_panics_total").increment(1);
            Err(internal())
        })?;
        self.show()
            .await
            .map(|there| if there { next } else { Next::Nothing })
    }

    async fn step_once(&self) -> Result<Next, JobError> {
        let Some(job) = jobs::by_id(&mut &self.context.db, self.id).await? else {
            return Ok(Next::Nothing);
        };
        if job.runner != Some(self.context.runner()) || job.state.has_ended() {
            return Ok(Next::Nothing);
        }
        let made = if job.state == JobState::Cancelling {
            match job.kind {
                JobKind::Import => import::cancel(&self.context, &job).await,
                JobKind::Bulk => bulk::cancel(&self.context, &job).await,
            }
        } else {
            match job.kind {
                JobKind::Import => import::step(&self.context, &job).await,
                JobKind::Bulk => bulk::step(&self.context, &job).await,
            }
        };
        match made {
            Ok(Step::Wait(wait)) => Ok(Next::After(wait)),
            Ok(Step::Done) => self.end(&job).await,
            // Fenced: somebody has given it up or taken it, and the next look tells.
            Ok(Step::More) | Err(JobError::Fenced) => Ok(Next::AtOnce),
            Err(error) => Err(error),
        }
    }

    async fn end(&self, job: &Job) -> Result<Next, JobError> {
        let to = match (job.state, &job.code) {
            (JobState::Cancelling, None) => JobState::Cancelled,
            (JobState::Cancelling, Some(_)) => JobState::Failed,
            _ => JobState::Finished,
        };
        let (db, now) = (&mut &self.context.db, self.context.clock.now());
        if jobs::end(db, job.id, self.context.runner(), job.state, to, now).await? {
            tracing::info!(job.id = %job.id, job.kind = %job.kind, job.state = %to, "a job has ended");
            metrics::counter!("rtm_jobs_ended_total", "kind" => job.kind.as_str(), "state" => to.as_str()).increment(1);
            return Ok(Next::Nothing);
        }
        // Given up in the last moment.
        Ok(Next::AtOnce)
    }

    /// Lets the others see that this process is there, every now and then: a step may have had nothing to write. `false`: the job
    /// is not ours any more, or has ended.
    async fn show(&mut self) -> Result<bool, JobError> {
        if self.shown.elapsed() < LEASE_BEAT {
            return Ok(true);
        }
        let there = jobs::beat(&mut &self.context.db, self.id, self.context.runner()).await?;
        self.shown = BootInstant::now();
        Ok(there)
    }

    /// What comes behind a step that was not made.
    async fn after(&mut self, error: JobError) -> Next {
        if error.is_temporary() {
            tracing::warn!(job.id = %self.id, %error, "a job waits for the database");
            let pause = self.pause;
            self.pause = pause.saturating_mul(2).min(LONGEST_PAUSE);
            return Next::After(pause);
        }
        tracing::error!(job.id = %self.id, %error, "a job cannot go on");
        match self.give_up(&error).await {
            Ok(next) => next,
            Err(error) => {
                tracing::error!(job.id = %self.id, %error, "a job could not be given up");
                Next::After(LONGEST_PAUSE)
            }
        }
    }

    /// The rest is given up in order; where that was the step which failed, at once.
    async fn give_up(&self, error: &JobError) -> Result<Next, DbError> {
        let (code, detail) = match error {
            JobError::Impossible { code, detail } => (*code, detail.as_str()),
            _ => (INTERNAL, INTERNAL_DETAIL),
        };
        let (db, now) = (&mut &self.context.db, self.context.clock.now());
        // Somebody else may carry it on by now, and may fare better.
        if !jobs::beat(db, self.id, self.context.runner()).await? {
            return Ok(Next::Nothing);
        }
        if jobs::cancel(db, self.id, Some((code, detail)), now).await? {
            return Ok(Next::AtOnce);
        }
        let me = self.context.runner();
        jobs::fail(db, self.id, me, (code, detail), now).await?;
        Ok(Next::Nothing)
    }

    async fn release(&self) {
        let mut db = &self.context.db;
        let release = jobs::release(&mut db, self.id, self.context.runner());
        match tokio::time::timeout(RELEASE_LIMIT, release).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                tracing::warn!(job.id = %self.id, %error, "a job could not be given up; another process takes it later");
            }
            Err(_) => {
                tracing::warn!(job.id = %self.id, "a job could not be given up; another process takes it later");
            }
        }
    }
}

const INTERNAL: &str = "internal";
const INTERNAL_DETAIL: &str =
    "something went wrong on our side; the log has more under the id of the job";

fn internal() -> JobError {
    JobError::Impossible {
        code: INTERNAL,
        detail: INTERNAL_DETAIL.to_owned(),
    }
}
