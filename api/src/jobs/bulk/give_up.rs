//! Giving a bulk operation up: what waits is not begun, attempts that no worker has claimed are cancelled, and those under way are
//! waited for, because what they bring counts.

use std::time::Duration;

use rt_manage_shared::{
    db::{
        Tx, attempts, grants,
        grants::TokenWrite,
        job_items::{self, Ended, Outcome, Queued},
        jobs,
        jobs::Job,
    },
    id::{AttemptId, CredentialId},
    model::{
        grant::Context,
        job::{Advance, ItemState},
    },
};

use super::{
    super::{JobContext, JobError, Step},
    refresh,
};

/// Items that are given up in one transaction.
const CHUNK: u32 = 1000;
/// Attempts that are cancelled in one transaction: three statements each.
const CANCELS: u32 = 100;
/// How often it is looked whether the attempts under way have ended.
const LOOK: Duration = Duration::from_millis(500);

pub(super) async fn step(context: &JobContext, job: &Job) -> Result<Step, JobError> {
    let waiting = job.counts.waiting(job.total.unwrap_or(0));
    if waiting > 0 && give_up_waiting(context, job).await? {
        return Ok(Step::More);
    }
    if job.counts.running == 0 {
        return Ok(Step::Done);
    }
    let db = &mut &context.db;
    let ended = job_items::ended(db, job.id, CHUNK).await?;
    if !ended.is_empty() {
        settle(context, job, ended).await?;
        return Ok(Step::More);
    }
    let queued = job_items::queued(db, job.id, 0, CANCELS).await?;
    if queued.is_empty() {
        return Ok(Step::Wait(LOOK));
    }
    Ok(if cancel(context, job, queued).await? {
        Step::More
    } else {
        Step::Wait(LOOK)
    })
}

async fn give_up_waiting(context: &JobContext, job: &Job) -> Result<bool, JobError> {
    let mut tx = context.begin(job).await?;
    let now = context.clock.now();
    let cancelled = job_items::cancel_waiting(&mut tx, job.id, CHUNK, now).await?;
    let advance = Advance {
        cancelled,
        ..Advance::default()
    };
    jobs::advance(&mut tx, job.id, advance).await?;
    tx.commit().await?;
    Ok(cancelled > 0)
}

async fn settle(context: &JobContext, job: &Job, ended: Vec<Ended>) -> Result<(), JobError> {
    let outcomes = ended.into_iter().map(refresh::of_end).map(|outcome| {
        // Nothing is asked for again.
        let outcome = if outcome.state == ItemState::Waiting {
            given_up(outcome.position, None)
        } else {
            outcome
        };
        (ItemState::Running, outcome)
    });
    let mut tx = context.begin(job).await?;
    refresh::write(context, &mut tx, job, outcomes.collect()).await?;
    Ok(tx.commit().await?)
}

/// Cancels attempts that are the job's own. Those that somebody else waits for go on without it. `false`: all of them were claimed a
/// moment ago.
async fn cancel(context: &JobContext, job: &Job, queued: Vec<Queued>) -> Result<bool, JobError> {
    let credentials = context.credentials();
    let mut tx = context.begin(job).await?;
    let (mut outcomes, mut cancelled) = (Vec::new(), Vec::new());
    for one in queued {
        let outcome = if !one.own {
            let detail = "somebody else waits for its refresh, which goes on";
            given_up(one.position, Some(("left_to_others", detail)))
        } else if cancel_one(context, &mut tx, one.credential, one.attempt).await? {
            cancelled.push((one.credential, one.attempt));
            given_up(one.position, None)
        } else {
            // Claimed, or moved, a moment ago: the next look tells.
            continue;
        };
        outcomes.push((ItemState::Running, outcome));
    }
    let some = !outcomes.is_empty();
    refresh::write(context, &mut tx, job, outcomes).await?;
    tx.commit().await?;
    for (credential, attempt) in cancelled {
        credentials.changed(credential, Some(attempt));
    }
    Ok(some)
}

async fn cancel_one(
    context: &JobContext,
    tx: &mut Tx,
    id: CredentialId,
    attempt: AttemptId,
) -> Result<bool, JobError> {
    let Some(record) = grants::read_one(tx, id).await? else {
        return Ok(false);
    };
    let settings = context.settings.current();
    let now = context.clock.now();
    let ctx = Context {
        now,
        enabled: record.schedulable(),
        policy: &settings.policy,
        jitter: rand::random(),
    };
    let Ok(grant) = record.grant.cancel(attempt, &ctx) else {
        return Ok(false);
    };
    let guard = record.grant.guard();
    if !grants::compare_and_set(tx, &guard, &grant, TokenWrite::default()).await? {
        return Ok(false);
    }
    // The grant is the fence: nobody can have claimed the attempt.
    attempts::cancel(tx, attempt, now).await?;
    Ok(true)
}

fn given_up(position: u32, because: Option<(&str, &str)>) -> Outcome {
    let (code, detail) = because.unzip();
    Outcome {
        position,
        state: ItemState::Cancelled,
        label: None,
        code: code.map(str::to_owned),
        detail: detail.map(str::to_owned),
        attempt: None,
    }
}
