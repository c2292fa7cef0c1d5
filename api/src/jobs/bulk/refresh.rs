//! Refreshing many: attempts are asked for in chunks, as many as the lane can work off, and the dispatcher paces them like all
//! others. An item is done when its attempt has ended; how it ended is read from the attempts.

use std::time::Duration;

use rt_manage_shared::{
    db::{
        DbError, Tx, job_items,
        job_items::{Ended, Item, Outcome},
        jobs,
        jobs::Job,
        system,
    },
    id::{AttemptId, CredentialId},
    model::{
        attempt::{Cause, Lane, OutcomeKind},
        grant::HeldReason,
        job::{Advance, ItemState},
    },
};
use serde::{Deserialize, Serialize};

use super::super::{JobContext, JobError, Step};
use crate::{
    credentials::{Became, CredentialError, OneOfMany},
    refresh::{Ask, Asked},
};

/// Attempts that are asked for in one transaction: three statements each, so a tenth of a second at most.
const CHUNK: u32 = 100;
/// Ends that are written in one transaction.
const ENDS: u32 = 500;
/// How often it is looked for ends. Nobody's refresh waits for this.
const LOOK: Duration = Duration::from_millis(500);
/// While refreshing is paused everywhere.
const PAUSED: Duration = Duration::from_secs(2);
/// Open attempts of a job, in depths of a lane: one that is being worked off, and one that waits behind it, so that workers never
/// wait for the job.
const DEPTHS: u32 = 2;

/// Where the job goes on.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Progress {
    /// Items up to here have been asked for.
    asked: u32,
    /// Attempts that were made as canaries; `None`: all of them succeeded, or there are none.
    canaries: Option<u32>,
}

impl Progress {
    fn of(job: &Job, canary: Option<u32>) -> Self {
        let text = job.progress.as_deref();
        let stored = text.and_then(|text| serde_json::from_str(text).ok());
        stored.unwrap_or(Self {
            asked: 0,
            // Where there is nothing behind them, they protect nothing.
            canaries: canary
                .filter(|canary| job.total.is_some_and(|total| *canary < total))
                .map(|_| 0),
        })
    }

    async fn write(&self, tx: &mut Tx, job: &Job) -> Result<(), DbError> {
        // Numbers always serialise.
        let text = serde_json::to_string(self).unwrap_or_default();
        jobs::set_progress(tx, job.id, Some(&text)).await
    }
}

pub(super) async fn step(
    context: &JobContext,
    job: &Job,
    canary: Option<u32>,
    release: bool,
) -> Result<Step, JobError> {
    let mut progress = Progress::of(job, canary);
    let ended = job_items::ended(&mut &context.db, job.id, ENDS).await?;
    if !ended.is_empty() {
        return settle(context, job, progress, ended).await;
    }
    let open = job.counts.running;
    let mut most = CHUNK;
    if let (Some(asked), Some(wanted)) = (progress.canaries, canary) {
        most = wanted.saturating_sub(asked);
        if most == 0 {
            if open > 0 {
                return Ok(Step::Wait(LOOK));
            }
            progress.canaries = None;
            most = CHUNK;
        }
    }
    let bound = context.settings.current().config().refresh.lane_depth;
    let room = bound.saturating_mul(DEPTHS).saturating_sub(open);
    let limit = most.min(room).min(CHUNK);
    if limit == 0 {
        return Ok(Step::Wait(LOOK));
    }
    let items = waiting(context, job, &mut progress, limit).await?;
    if items.is_empty() {
        return Ok(if open > 0 {
            Step::Wait(LOOK)
        } else {
            Step::Done
        });
    }
    if !system::switches(&mut &context.db).await?.is_empty() {
        return Ok(Step::Wait(PAUSED));
    }
    ask_for(context, job, &progress, &items, release).await
}

/// The next items that nothing was done about.
async fn waiting(
    context: &JobContext,
    job: &Job,
    progress: &mut Progress,
    limit: u32,
) -> Result<Vec<Item>, JobError> {
    let (db, waiting) = (&mut &context.db, [ItemState::Waiting]);
    let items = job_items::list(db, job.id, &waiting, progress.asked, limit).await?;
    if !items.is_empty() || progress.asked == 0 {
        return Ok(items);
    }
    // Some may have come back, because somebody else cancelled the attempt that they shared.
    progress.asked = 0;
    Ok(job_items::list(db, job.id, &waiting, 0, limit).await?)
}

/// Asks for the refreshes of these. Where one of them cannot be written, the first is asked for alone: so the one whose fault it is
/// is found in the end, and passed.
async fn ask_for(
    context: &JobContext,
    job: &Job,
    progress: &Progress,
    items: &[Item],
    release: bool,
) -> Result<Step, JobError> {
    let is_of_a_row = |error: &DbError| !error.is_temporary();
    match ask_together(context, job, progress, items, release).await {
        Err(JobError::Database(error)) if is_of_a_row(&error) => {}
        result => return result,
    }
    let Some(item) = items.first() else {
        return Ok(Step::More);
    };
    let one = std::slice::from_ref(item);
    match ask_together(context, job, progress, one, release).await {
        Err(JobError::Database(error)) if is_of_a_row(&error) => {
            tracing::error!(job.id = %job.id, item = item.position, %error, "an item could not be refreshed");
            let detail =
                "something went wrong on our side; the log has more under the id of the job";
            let outcome = settled(item.position, ItemState::Failed, "internal", detail);
            let progress = Progress {
                asked: item.position,
                ..progress.clone()
            };
            let mut tx = context.begin(job).await?;
            write(context, &mut tx, job, vec![(ItemState::Waiting, outcome)]).await?;
            progress.write(&mut tx, job).await?;
            tx.commit().await?;
            Ok(Step::More)
        }
        result => result,
    }
}

async fn ask_together(
    context: &JobContext,
    job: &Job,
    progress: &Progress,
    items: &[Item],
    release: bool,
) -> Result<Step, JobError> {
    let mut progress = progress.clone();
    let mut outcomes = Vec::with_capacity(items.len());
    let mut to_ask = Vec::with_capacity(items.len());
    for item in items {
        match item.credential {
            Some(id) => to_ask.push((item, id)),
            None => outcomes.push(settled(
                item.position,
                ItemState::Failed,
                "not_found",
                "there is no such credential",
            )),
        }
    }
    let mut tx = context.begin(job).await?;
    let mut released = Vec::new();
    if release {
        let ids: Vec<_> = to_ask.iter().map(|(_, id)| *id).collect();
        let results = context.credentials().release_many(&mut tx, &ids).await;
        let results = results.map_err(of_all)?;
        let mut held = Vec::new();
        for ((item, id), result) in to_ask.into_iter().zip(results) {
            match not_released(item, result) {
                Some(outcome) => outcomes.push(outcome),
                None => held.push((item, id)),
            }
        }
        released.extend(held.iter().map(|(_, id)| *id));
        to_ask = held;
    }
    let asks = to_ask.iter().map(|(_, id)| ask(job, *id)).collect();
    let answers = context.request(&mut tx, asks).await?;
    let mut is_paused = false;
    for ((item, _), answer) in to_ask.into_iter().zip(answers) {
        match became(item, &answer) {
            Some(outcome) => {
                let canary = progress.canaries.as_mut();
                if let Some(made) = canary.filter(|_| outcome.state == ItemState::Running) {
                    *made = made.saturating_add(1);
                }
                outcomes.push(outcome);
            }
            // Refreshing was stopped a moment ago: released ones are asked for later, like all others.
            None => is_paused = true,
        }
    }
    if is_paused {
        return Ok(Step::Wait(PAUSED));
    }
    progress.asked = items.last().map_or(progress.asked, |item| item.position);
    let outcomes = outcomes.into_iter().map(|one| (ItemState::Waiting, one));
    write(context, &mut tx, job, outcomes.collect()).await?;
    progress.write(&mut tx, job).await?;
    tx.commit().await?;
    let credentials = context.credentials();
    for id in released {
        credentials.changed(id, None);
    }
    Ok(Step::More)
}

/// What keeps a transaction of many from going on, as an error of the database: it is tried one by one.
fn of_all(error: CredentialError) -> JobError {
    match error {
        CredentialError::Database(error) => error.into(),
        CredentialError::Vault(error) => error.into(),
        _ => DbError::GuardMissed.into(),
    }
}

/// The job's id stands with the attempt, so that it can tell those that are its own.
fn ask(job: &Job, credential: CredentialId) -> Ask {
    Ask {
        credential,
        lane: Lane::Bulk,
        cause: Cause::Job,
        request_id: Some(job.id.to_string()),
    }
}

/// What becomes of an item whose credential was not let go.
fn not_released(item: &Item, result: OneOfMany) -> Option<Outcome> {
    match result.became {
        Became::Changed(_) => None,
        Became::Unchanged => Some(settled(
            item.position,
            ItemState::Skipped,
            "not_held",
            "the credential is not held",
        )),
        Became::Refused(error) => Some(settled(
            item.position,
            ItemState::Failed,
            error.code(),
            &error.to_string(),
        )),
    }
}

/// What an answer makes of an item; `None`: refreshing is paused.
fn became(item: &Item, asked: &Asked) -> Option<Outcome> {
    let fail = |code, detail| Some(settled(item.position, ItemState::Failed, code, detail));
    match asked {
        Asked::Queued { attempt }
        | Asked::NotPushed { attempt }
        | Asked::Joined { attempt, .. } => Some(Outcome {
            attempt: Some(*attempt),
            code: None,
            detail: None,
            ..settled(item.position, ItemState::Running, "", "")
        }),
        Asked::Fresh => Some(settled(
            item.position,
            ItemState::Skipped,
            "fresh",
            "its tokens came a moment ago",
        )),
        Asked::Missing => fail("not_found", "there is no such credential"),
        Asked::Disabled => fail("disabled", "the credential is disabled; enable it first"),
        Asked::Dead => fail(
            "dead",
            "the upstream said that this refresh token is unusable; replace it",
        ),
        Asked::Held(HeldReason::ClientId) => fail(
            "held",
            "the upstream does not accept the client id; change it",
        ),
        Asked::Held(HeldReason::Region) => fail(
            "held",
            "the upstream does not serve the region of this egress; change the proxy",
        ),
        Asked::Held(HeldReason::Migration) => fail(
            "held",
            "the program that it was taken over from may still refresh it; stop that one, then confirm the migration",
        ),
        Asked::InDoubt => fail(
            "in_doubt",
            "a call was sent and its outcome is not known; no probe is due",
        ),
        Asked::Stopped { .. } => None,
    }
}

fn settled(position: u32, state: ItemState, code: &str, detail: &str) -> Outcome {
    Outcome {
        position,
        state,
        label: None,
        code: Some(code.to_owned()),
        detail: Some(detail.to_owned()),
        attempt: None::<AttemptId>,
    }
}

/// What the end of an attempt makes of its item.
pub(super) fn of_end(ended: Ended) -> Outcome {
    let (position, detail) = (ended.position, ended.detail);
    let Some(outcome) = ended.outcome else {
        return if ended.cancelled {
            // By another job, or because the credential was disabled or deleted: whoever asks again finds out.
            Outcome {
                code: None,
                detail: None,
                ..settled(position, ItemState::Waiting, "", "")
            }
        } else {
            let detail = "its attempt is not known any more";
            settled(position, ItemState::Failed, "attempt_lost", detail)
        };
    };
    let state = match outcome {
        // Superseded: a later answer or a new refresh token settled it; the credential shows how.
        OutcomeKind::Rotated | OutcomeKind::Superseded => ItemState::Done,
        _ => ItemState::Failed,
    };
    Outcome {
        code: Some(ended.code.unwrap_or_else(|| outcome.as_str().to_owned())),
        detail: Some(detail.unwrap_or_else(|| format!("the refresh ended as {outcome}"))),
        ..settled(position, state, "", "")
    }
}

async fn settle(
    context: &JobContext,
    job: &Job,
    mut progress: Progress,
    ended: Vec<Ended>,
) -> Result<Step, JobError> {
    let outcomes: Vec<_> = ended.into_iter().map(of_end).collect();
    let came_back = outcomes.iter().any(|one| one.state == ItemState::Waiting);
    let failed = outcomes.iter().find(|one| one.state == ItemState::Failed);
    let failed = failed.filter(|_| progress.canaries.is_some()).map(|one| {
        let (code, detail) = (one.code.as_deref(), one.detail.as_deref());
        let (code, detail) = (code.unwrap_or_default(), detail.unwrap_or_default());
        format!("one of the first refreshes failed ({code}: {detail}); the rest was not begun")
    });
    let mut tx = context.begin(job).await?;
    let outcomes = outcomes.into_iter().map(|one| (ItemState::Running, one));
    write(context, &mut tx, job, outcomes.collect()).await?;
    if let Some(because) = failed {
        let now = context.clock.now();
        jobs::cancel(&mut tx, job.id, Some(("canary_failed", &because)), now).await?;
    }
    if came_back {
        progress.asked = 0;
        progress.write(&mut tx, job).await?;
    }
    tx.commit().await?;
    Ok(Step::More)
}

/// Writes what items have moved to, and counts it.
pub(super) async fn write(
    context: &JobContext,
    tx: &mut Tx,
    job: &Job,
    moves: Vec<(ItemState, Outcome)>,
) -> Result<(), DbError> {
    let mut advance = Advance::default();
    for (from, outcome) in &moves {
        advance.moved(*from, outcome.state);
    }
    let outcomes = moves.into_iter().map(|(_, outcome)| outcome).collect();
    job_items::settle(tx, job.id, outcomes, context.clock.now()).await?;
    jobs::advance(tx, job.id, advance).await
}
