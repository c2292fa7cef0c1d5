//! The `jobs` table: what was asked for, how far it is, and who carries it on.
//!
//! A job has one runner. Each of its transactions begins with [`fence`], which finds the row only as long as that runner has it
//! and nobody has given the job up, and locks it until the transaction ends. So two runners never do the same twice, however
//! long one of them was frozen. Of a runner that is gone others see that its number stands still ([`Claim`]).

use serde_json::{Map, Value};

use crate::{
    clock::Millis,
    id::{BootId, JobId},
    model::{
        audit::{Actor, ActorKind},
        job::{Advance, Counts, JobKind, JobState},
    },
};

use super::{DbError, Execute, Row, Statement, Tx, in_list, job_parts, sql};

/// A job as stored.
#[derive(Debug, Clone, PartialEq)]
pub struct Job {
    /// Its id; jobs sort by them in the order in which they were asked for.
    pub id: JobId,
    /// What it does.
    pub kind: JobKind,
    /// What exactly, in the words of its kind.
    pub action: String,
    /// Where it stands.
    pub state: JobState,
    /// What was asked for. Never a secret.
    pub spec: Map<String, Value>,
    /// What was asked for and is a secret, sealed.
    pub sealed: Option<Vec<u8>>,
    /// Who asked for it.
    pub actor: Actor,
    /// The client's key for this request.
    pub idempotency_key: Option<String>,
    /// The hash of that request, sealed.
    pub request_hash: Option<Vec<u8>>,
    /// The job whose failed items it repeats.
    pub retry_of: Option<JobId>,
    /// How many items it has; `None`: not all are known yet.
    pub total: Option<u32>,
    /// How many items are in each state.
    pub counts: Counts,
    /// Where it goes on, in the words of its kind.
    pub progress: Option<String>,
    /// Why it could not go on, or was given up.
    pub code: Option<String>,
    /// The same for people.
    pub detail: Option<String>,
    /// Who carries it on.
    pub runner: Option<BootId>,
    /// When it was asked for.
    pub created_at: Millis,
    /// When it was begun.
    pub started_at: Option<Millis>,
    /// When it ended.
    pub finished_at: Option<Millis>,
    /// When it changed last.
    pub updated_at: Millis,
}

impl Job {
    /// A job that waits.
    pub fn new(id: JobId, kind: JobKind, action: &str, actor: Actor, now: Millis) -> Self {
        Self {
            id,
            kind,
            action: action.to_owned(),
            state: JobState::Waiting,
            spec: Map::new(),
            sealed: None,
            actor,
            idempotency_key: None,
            request_hash: None,
            retry_of: None,
            total: None,
            counts: Counts::default(),
            progress: None,
            code: None,
            detail: None,
            runner: None,
            created_at: now,
            started_at: None,
            finished_at: None,
            updated_at: now,
        }
    }
}

const COLUMNS: &str = "id, kind, action, state, spec, sealed, actor_kind, actor, address, request_id, idempotency_key, request_hash, \
     retry_of, total, running, done, failed, skipped, cancelled, progress, code, detail, runner, created_at, started_at, \
     finished_at, updated_at";

/// Adds a job that waits. `false`: its actor has used its key before.
pub async fn insert(tx: &mut Tx, job: &Job) -> Result<bool, DbError> {
    let statement = sql("INSERT INTO {jobs} (id, kind, action, state, spec, sealed, actor_kind, actor, address, request_id, \
         idempotency_key, request_hash, retry_of, total, running, done, failed, skipped, cancelled, beat, created_at, updated_at) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, 0, 0, 0, 0, 0, ?, ?)")
    .bind(job.id)
    .bind(job.kind.as_str())
    .bind(job.action.clone())
    .bind(job.state.as_str())
    .bind(Value::Object(job.spec.clone()).to_string())
    .bind(job.sealed.clone())
    .bind(job.actor.kind.as_str())
    .bind(job.actor.name.clone())
    .bind(job.actor.address.clone())
    .bind(job.actor.request_id.clone())
    .bind(job.idempotency_key.clone())
    .bind(job.request_hash.clone())
    .bind(job.retry_of)
    .bind(job.total)
    .bind(job.created_at)
    .bind(job.updated_at);
    tx.insert_if_absent(statement).await
}

/// Reads a job.
pub async fn by_id(db: &mut impl Execute, id: JobId) -> Result<Option<Job>, DbError> {
    let statement = sql(format!("SELECT {COLUMNS} FROM {{jobs}} WHERE id = ?")).bind(id);
    let row = db.fetch_optional(statement).await?;
    row.as_ref().map(job).transpose()
}

/// The job that this actor has asked for with this key.
pub async fn by_key(
    db: &mut impl Execute,
    actor: &Actor,
    key: &str,
) -> Result<Option<Job>, DbError> {
    let statement = sql(format!(
        "SELECT {COLUMNS} FROM {{jobs}} WHERE actor_kind = ? AND actor = ? AND idempotency_key = ?"
    ))
    .bind(actor.kind.as_str())
    .bind(actor.name.clone())
    .bind(key);
    let row = db.fetch_optional(statement).await?;
    row.as_ref().map(job).transpose()
}

/// Which jobs are looked for; what is empty lets all through.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// What they do.
    pub kinds: Vec<JobKind>,
    /// Where they stand.
    pub states: Vec<JobState>,
}

/// Up to `limit` jobs, the newest first; those before `before`, where it is given. There are some thousands at most.
pub async fn list(
    db: &mut impl Execute,
    filter: &Filter,
    before: Option<JobId>,
    limit: u32,
) -> Result<Vec<Job>, DbError> {
    let mut conditions = Vec::new();
    let mut lists: Vec<Vec<&str>> = Vec::new();
    if !filter.kinds.is_empty() {
        conditions.push(format!("kind IN {}", in_list(filter.kinds.len())));
        lists.push(filter.kinds.iter().map(|kind| kind.as_str()).collect());
    }
    if !filter.states.is_empty() {
        conditions.push(format!("state IN {}", in_list(filter.states.len())));
        lists.push(filter.states.iter().map(|state| state.as_str()).collect());
    }
    if before.is_some() {
        conditions.push("id < ?".to_owned());
    }
    let condition = if conditions.is_empty() {
        String::new()
    } else {
        format!("WHERE {}", conditions.join(" AND "))
    };
    let text = format!("SELECT {COLUMNS} FROM {{jobs}} {condition} ORDER BY id DESC LIMIT ?");
    let mut statement = lists.into_iter().fold(sql(text), Statement::bind_list);
    if let Some(before) = before {
        statement = statement.bind(before);
    }
    let rows = db.fetch_all(statement.bind(limit)).await?;
    rows.iter().map(job).collect()
}

/// How many jobs have not ended, counted up to `limit`.
pub async fn count_open(db: &mut impl Execute, limit: u32) -> Result<u32, DbError> {
    let statement = open_states(sql(
        "SELECT COUNT(*) AS n FROM (SELECT id FROM {jobs} WHERE state IN (?, ?, ?) LIMIT ?) AS q",
    ));
    let row = db.fetch_optional(statement.bind(limit)).await?;
    row.map_or(Ok(0), |row| row.count("n"))
}

fn open_states(statement: Statement) -> Statement {
    let open = JobState::OPEN.iter();
    open.fold(statement, |statement, state| statement.bind(state.as_str()))
}

/// Up to `limit` jobs that have not ended or have ended since `since`: what a listener may not have been told yet.
pub async fn lively(db: &mut impl Execute, since: Millis, limit: u32) -> Result<Vec<Job>, DbError> {
    let text = format!(
        "SELECT {COLUMNS} FROM (SELECT {COLUMNS} FROM {{jobs}} WHERE state IN (?, ?, ?) ORDER BY id LIMIT ?) AS open_jobs \
         UNION ALL SELECT {COLUMNS} FROM (SELECT {COLUMNS} FROM {{jobs}} WHERE finished_at >= ? ORDER BY finished_at LIMIT ?) AS ended_jobs"
    );
    let statement = open_states(sql(text)).bind(limit).bind(since).bind(limit);
    let rows = db.fetch_all(statement).await?;
    rows.iter().map(job).collect()
}

/// Who carries a job on, as somebody has seen it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// The job.
    pub job: JobId,
    /// Who has it; `None`: nobody.
    pub runner: Option<BootId>,
    /// Stands still when that process is gone. Watchers judge it by their own clocks, never by a stored time.
    pub beat: i64,
}

/// Up to `limit` jobs that have not ended, the oldest first.
pub async fn claims(db: &mut impl Execute, limit: u32) -> Result<Vec<Claim>, DbError> {
    let statement = open_states(sql(
        "SELECT id, runner, beat FROM {jobs} WHERE state IN (?, ?, ?) ORDER BY id LIMIT ?",
    ));
    let rows = db.fetch_all(statement.bind(limit)).await?;
    rows.iter().map(claim).collect()
}

/// Who carries this job on; `None`: it has ended, or there is none.
pub async fn claim_of(db: &mut impl Execute, id: JobId) -> Result<Option<Claim>, DbError> {
    let statement =
        sql("SELECT id, runner, beat FROM {jobs} WHERE id = ? AND state IN (?, ?, ?)").bind(id);
    let row = db.fetch_optional(open_states(statement)).await?;
    row.as_ref().map(claim).transpose()
}

fn claim(row: &Row) -> Result<Claim, DbError> {
    let text = row.text("id")?;
    Ok(Claim {
        job: parse_id(&text)?,
        runner: runner(row, &text)?,
        beat: row.int("beat")?,
    })
}

/// Takes a job whose claim still looks as `seen`. `false`: somebody was faster, or it has ended.
pub async fn take(
    db: &mut impl Execute,
    seen: &Claim,
    runner: BootId,
    now: Millis,
) -> Result<bool, DbError> {
    let text = format!(
        "UPDATE {{jobs}} SET runner = ?, beat = beat + 1, started_at = COALESCE(started_at, ?), updated_at = ?, \
         state = CASE WHEN state = '{}' THEN '{}' ELSE state END \
         WHERE id = ? AND COALESCE(runner, '') = ? AND beat = ? AND state IN (?, ?, ?)",
        JobState::Waiting,
        JobState::Running
    );
    let holder = seen.runner.map(|id| id.to_string()).unwrap_or_default();
    let statement = sql(text)
        .bind(runner)
        .bind(now)
        .bind(now)
        .bind(seen.job)
        .bind(holder)
        .bind(seen.beat);
    Ok(db.execute(open_states(statement)).await? == 1)
}

/// Shows that its runner is there. `false`: it has the job no more.
pub async fn beat(db: &mut impl Execute, id: JobId, runner: BootId) -> Result<bool, DbError> {
    let statement =
        sql("UPDATE {jobs} SET beat = beat + 1 WHERE id = ? AND runner = ? AND state IN (?, ?, ?)")
            .bind(id)
            .bind(runner);
    Ok(db.execute(open_states(statement)).await? == 1)
}

/// Gives a job up, so that another process takes it at once.
pub async fn release(db: &mut impl Execute, id: JobId, runner: BootId) -> Result<(), DbError> {
    let statement =
        sql("UPDATE {jobs} SET runner = NULL, beat = beat + 1 WHERE id = ? AND runner = ?")
            .bind(id)
            .bind(runner);
    db.execute(statement).await.map(|_| ())
}

/// Begins a transaction of a job's runner: what follows counts only if this is `true`. Until the transaction ends nobody else
/// changes the job. It shows that the runner is there, too.
pub async fn fence(
    tx: &mut Tx,
    id: JobId,
    runner: BootId,
    state: JobState,
    now: Millis,
) -> Result<bool, DbError> {
    let statement =
        sql("UPDATE {jobs} SET beat = beat + 1, updated_at = ? WHERE id = ? AND runner = ? AND state = ?")
            .bind(now)
            .bind(id)
            .bind(runner)
            .bind(state.as_str());
    Ok(tx.execute(statement).await? == 1)
}

/// Adds to the counts of a job, behind its [`fence`].
pub async fn advance(tx: &mut Tx, id: JobId, by: Advance) -> Result<(), DbError> {
    if by == Advance::default() {
        return Ok(());
    }
    let statement = sql(
        "UPDATE {jobs} SET running = running + ?, done = done + ?, failed = failed + ?, \
         skipped = skipped + ?, cancelled = cancelled + ? WHERE id = ?",
    )
    .bind(by.running)
    .bind(by.done)
    .bind(by.failed)
    .bind(by.skipped)
    .bind(by.cancelled)
    .bind(id);
    tx.execute(statement).await.map(|_| ())
}

/// Notes where a job goes on, behind its [`fence`].
pub async fn set_progress(tx: &mut Tx, id: JobId, progress: Option<&str>) -> Result<(), DbError> {
    let statement = sql("UPDATE {jobs} SET progress = ? WHERE id = ?")
        .bind(progress.map(str::to_owned))
        .bind(id);
    tx.execute(statement).await.map(|_| ())
}

/// Notes how many items a job has, behind its [`fence`].
pub async fn set_total(tx: &mut Tx, id: JobId, total: u32) -> Result<(), DbError> {
    let statement = sql("UPDATE {jobs} SET total = ? WHERE id = ?")
        .bind(total)
        .bind(id);
    tx.execute(statement).await.map(|_| ())
}

/// Gives a job up that has not ended, with the reason where it is not somebody's wish. `false`: it has ended, or is given up
/// already.
pub async fn cancel(
    db: &mut impl Execute,
    id: JobId,
    because: Option<(&str, &str)>,
    now: Millis,
) -> Result<bool, DbError> {
    let (code, detail) = because.unzip();
    let statement = sql("UPDATE {jobs} SET state = ?, code = ?, detail = ?, updated_at = ? WHERE id = ? AND state IN (?, ?)")
        .bind(JobState::Cancelling.as_str())
        .bind(code.map(str::to_owned))
        .bind(detail.map(str::to_owned))
        .bind(now)
        .bind(id)
        .bind(JobState::Waiting.as_str())
        .bind(JobState::Running.as_str());
    Ok(db.execute(statement).await? == 1)
}

/// Ends a job that its runner has in this state. `false`: it has it no more, or in another state.
pub async fn end(
    db: &mut impl Execute,
    id: JobId,
    runner: BootId,
    from: JobState,
    to: JobState,
    now: Millis,
) -> Result<bool, DbError> {
    let statement = sql("UPDATE {jobs} SET state = ?, runner = NULL, beat = beat + 1, progress = NULL, finished_at = ?, updated_at = ? \
         WHERE id = ? AND runner = ? AND state = ?")
    .bind(to.as_str())
    .bind(now)
    .bind(now)
    .bind(id)
    .bind(runner)
    .bind(from.as_str());
    Ok(db.execute(statement).await? == 1)
}

/// Ends a job at once that its runner cannot even give up in order.
pub async fn fail(
    db: &mut impl Execute,
    id: JobId,
    runner: BootId,
    because: (&str, &str),
    now: Millis,
) -> Result<bool, DbError> {
    let (code, detail) = because;
    let statement = sql("UPDATE {jobs} SET state = ?, code = ?, detail = ?, runner = NULL, beat = beat + 1, finished_at = ?, \
         updated_at = ? WHERE id = ? AND runner = ? AND state IN (?, ?, ?)")
    .bind(JobState::Failed.as_str())
    .bind(code)
    .bind(detail)
    .bind(now)
    .bind(now)
    .bind(id)
    .bind(runner);
    Ok(db.execute(open_states(statement)).await? == 1)
}

/// Removes up to about `limit` rows of jobs that ended before `before`, the oldest first, and tells how many there were: items
/// first, and a job with its last ones. 0: nothing is left of such jobs.
pub async fn prune(db: &mut impl Execute, before: Millis, limit: u32) -> Result<u64, DbError> {
    let old = sql("SELECT id FROM {jobs} WHERE finished_at < ? ORDER BY finished_at, id LIMIT ?")
        .bind(before)
        .bind(limit);
    let mut removed = 0;
    for row in db.fetch_all(old).await? {
        let id = row.text("id")?;
        removed += prune_items(db, &id, limit).await?;
        if removed >= u64::from(limit) {
            break;
        }
        job_parts::delete_all(db, parse_id(&id)?).await?;
        let job = sql("DELETE FROM {jobs} WHERE id = ? AND finished_at < ?");
        removed += db.execute(job.bind(id).bind(before)).await?;
    }
    Ok(removed)
}

async fn prune_items(db: &mut impl Execute, job: &str, limit: u32) -> Result<u64, DbError> {
    let found = sql("SELECT position FROM {job_items} WHERE job_id = ? ORDER BY position LIMIT ?")
        .bind(job)
        .bind(limit);
    let found = db.fetch_all(found).await?;
    let (Some(first), Some(last)) = (found.first(), found.last()) else {
        return Ok(0);
    };
    let statement = sql("DELETE FROM {job_items} WHERE job_id = ? AND position BETWEEN ? AND ?")
        .bind(job)
        .bind(first.int("position")?)
        .bind(last.int("position")?);
    db.execute(statement).await
}

fn job(row: &Row) -> Result<Job, DbError> {
    let id = row.text("id")?;
    let corrupt = |column: &'static str| corrupt(&id, column);
    let spec = serde_json::from_str(&row.text("spec")?).map_err(|_| corrupt("spec"))?;
    let actor = Actor {
        kind: ActorKind::parse(&row.text("actor_kind")?).ok_or_else(|| corrupt("actor_kind"))?,
        name: row.text("actor")?,
        address: row.opt_text("address")?,
        request_id: row.opt_text("request_id")?,
    };
    let total = row.opt_int("total")?;
    let retry_of = row.opt_text("retry_of")?;
    Ok(Job {
        id: parse_id(&id)?,
        kind: JobKind::parse(&row.text("kind")?).ok_or_else(|| corrupt("kind"))?,
        action: row.text("action")?,
        state: JobState::parse(&row.text("state")?).ok_or_else(|| corrupt("state"))?,
        spec,
        sealed: row.opt_bytes("sealed")?,
        actor,
        idempotency_key: row.opt_text("idempotency_key")?,
        request_hash: row.opt_bytes("request_hash")?,
        retry_of: retry_of.map(|id| parse_id(&id)).transpose()?,
        total: total.map(|total| u32::try_from(total).unwrap_or(u32::MAX)),
        counts: Counts {
            running: row.count("running")?,
            done: row.count("done")?,
            failed: row.count("failed")?,
            skipped: row.count("skipped")?,
            cancelled: row.count("cancelled")?,
        },
        progress: row.opt_text("progress")?,
        code: row.opt_text("code")?,
        detail: row.opt_text("detail")?,
        runner: runner(row, &id)?,
        created_at: Millis(row.int("created_at")?),
        started_at: row.opt_millis("started_at")?,
        finished_at: row.opt_millis("finished_at")?,
        updated_at: Millis(row.int("updated_at")?),
    })
}

fn runner(row: &Row, job: &str) -> Result<Option<BootId>, DbError> {
    let runner = row.opt_text("runner")?;
    let runner = runner.map(|text| text.parse().map_err(|_| corrupt(job, "runner")));
    runner.transpose()
}

fn parse_id(text: &str) -> Result<JobId, DbError> {
    text.parse().map_err(|_| corrupt(text, "id"))
}

fn corrupt(job: &str, column: &'static str) -> DbError {
    DbError::Corrupt {
        table: "jobs",
        row: job.to_owned(),
        column,
        reason: "not a value that this program knows".into(),
    }
}
