//! The runner: finds jobs that nobody carries on, and carries them on.
//!
//! Every API process has one. A job without a runner is taken by whoever sees it first, one whose runner is gone by whoever has
//! *itself* watched its number stand still for long enough, in uninterrupted contact with the database; nobody compares wall
//! clocks. A process that ends in order gives its jobs up, and others take them at once.

use std::{collections::HashMap, sync::Arc, time::Duration};

use rt_manage_shared::{
    clock::BootInstant,
    db::{
        DbError,
        jobs::{self, Claim},
    },
    deadlines::LEASE_STANDSTILL,
    id::JobId,
};
use tokio::{
    sync::Semaphore,
    task::{self, JoinError, JoinSet},
};
use tokio_util::sync::CancellationToken;

use super::{JobContext, Jobs, carry::Carrier};

/// How often it is looked for jobs that nobody carries on: a client that polls sees its job begin.
const LOOK: Duration = Duration::from_secs(1);
/// Steps of all jobs of a process that are made at the same time: one writes while the other one reads, and requests still find
/// connections.
const STEPS_AT_ONCE: usize = 2;
/// Jobs that are looked at; more are not admitted.
const MOST: u32 = 1000;

/// The runner of a process.
#[derive(Debug)]
pub struct Runner {
    context: JobContext,
    jobs: Jobs,
    steps: Arc<Semaphore>,
    /// The claims of others as last seen, and since when they look like this.
    seen: HashMap<JobId, (Claim, BootInstant)>,
    /// Those that are taken or carried on here, each in a task of its own: one whose row is locked keeps no other waiting.
    tasks: JoinSet<()>,
    ours: HashMap<task::Id, JobId>,
    away: bool,
}

impl Runner {
    /// A runner.
    pub fn new(context: JobContext, jobs: Jobs) -> Self {
        Self {
            context,
            jobs,
            steps: Arc::new(Semaphore::new(STEPS_AT_ONCE)),
            seen: HashMap::new(),
            tasks: JoinSet::new(),
            ours: HashMap::new(),
            away: false,
        }
    }

    /// Runs until `draining`, and gives up what it has then. A step that is under way is completed.
    pub async fn run(mut self, draining: CancellationToken) {
        while !draining.is_cancelled() {
            match self.look(BootInstant::now(), &draining).await {
                Ok(()) => self.away = false,
                Err(error) => {
                    // What was seen before proves nothing.
                    self.seen.clear();
                    if !self.away {
                        tracing::warn!(%error, "it could not be looked for jobs");
                    }
                    self.away = true;
                }
            }
            tokio::select! {
                () = tokio::time::sleep(LOOK) => {}
                () = self.jobs.woken() => {}
                () = draining.cancelled() => {}
                Some(ended) = self.tasks.join_next_with_id() => self.forget(ended),
            }
        }
        while self.tasks.join_next().await.is_some() {}
    }

    /// Takes what nobody carries on.
    async fn look(
        &mut self,
        now: BootInstant,
        draining: &CancellationToken,
    ) -> Result<(), DbError> {
        while let Some(ended) = self.tasks.try_join_next_with_id() {
            self.forget(ended);
        }
        let claims = jobs::claims(&mut &self.context.db, MOST).await?;
        self.seen
            .retain(|id, _| claims.iter().any(|claim| claim.job == *id));
        for claim in claims {
            let is_ours = self.ours.values().any(|job| *job == claim.job);
            if !is_ours && self.is_free(&claim, now) {
                let job = claim.job;
                let carrier = Carrier::new(self.context.clone(), claim.job, &self.steps);
                let (context, draining) = (self.context.clone(), draining.clone());
                let task = self.tasks.spawn(async move {
                    if taken(&context, &claim).await {
                        carrier.carry(draining).await;
                    }
                });
                self.ours.insert(task.id(), job);
            }
        }
        Ok(())
    }

    /// The job may be taken again, also where its task has panicked.
    fn forget(&mut self, ended: Result<(task::Id, ()), JoinError>) {
        let id = ended.map_or_else(|error| error.id(), |(id, ())| id);
        self.ours.remove(&id);
    }

    /// Whether nobody carries a job on, as far as this process has watched.
    fn is_free(&mut self, claim: &Claim, now: BootInstant) -> bool {
        // One that this process had, and gave up on.
        let mine = claim.runner == Some(self.context.runner());
        if claim.runner.is_none() || mine {
            return true;
        }
        let since = match self.seen.get(&claim.job) {
            Some((seen, since)) if seen == claim => *since,
            _ => now,
        };
        self.seen.insert(claim.job, (claim.clone(), since));
        now.since(since) >= LEASE_STANDSTILL
    }
}

/// Takes a job. A row that is locked, by a runner that was frozen in the middle of a step, is tried again by the next look.
async fn taken(context: &JobContext, claim: &Claim) -> bool {
    let (db, me) = (&mut &context.db, context.runner());
    match jobs::take(db, claim, me, context.clock.now()).await {
        Ok(taken) => {
            let former = claim.runner.filter(|former| taken && *former != me);
            if let Some(former) = former {
                tracing::warn!(job.id = %claim.job, %former, "the runner of a job stood still; carrying on");
            }
            taken
        }
        Err(error) => {
            tracing::debug!(job.id = %claim.job, %error, "a job could not be taken");
            false
        }
    }
}

/// Carries one job on in this process until it has ended or somebody else has it: for a command that waits for its job. `false`:
/// somebody else has it, or `stop` came first.
pub async fn run_here(
    context: &JobContext,
    id: JobId,
    stop: CancellationToken,
) -> Result<bool, DbError> {
    let Some(claim) = jobs::claim_of(&mut &context.db, id).await? else {
        return Ok(true);
    };
    let now = context.clock.now();
    if claim.runner.is_some()
        || !jobs::take(&mut &context.db, &claim, context.runner(), now).await?
    {
        return Ok(false);
    }
    let steps = Arc::new(Semaphore::new(STEPS_AT_ONCE));
    Carrier::new(context.clone(), id, &steps).carry(stop).await;
    let left = jobs::claim_of(&mut &context.db, id).await?;
    Ok(left.is_none())
}
