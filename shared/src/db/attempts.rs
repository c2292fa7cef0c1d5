//! The `attempts` table: the queue of record, and the history.

use crate::{
    clock::Millis,
    id::{AttemptId, BootId, CredentialId},
    model::attempt::{AttemptState, Cause, Lane, Line, OutcomeKind},
    vault::Fingerprint,
};

use super::{DbError, Execute, Row, grants::credential_id, in_list, sql, sql::Statement};

pub use super::attempts_history::{Past, doubt_causes, history, used_among, uses};
pub use super::attempts_many::{claimed_many, finish_many};
pub use super::attempts_open::{Open, open};
pub use super::attempts_waiting::{Waiting, queued, waiting};

/// An attempt to be queued.
#[derive(Debug, Clone)]
pub struct NewAttempt {
    /// Its id, the fence of all its writes.
    pub id: AttemptId,
    /// Whose refresh.
    pub credential: CredentialId,
    /// Who waits.
    pub lane: Lane,
    /// Why.
    pub cause: Cause,
    /// Whether it is a deliberate second use of a doubtful refresh token.
    pub probe: bool,
    /// The egress at the time of asking.
    pub egress: String,
    /// The refresh token that it is about.
    pub rt_fp: Fingerprint,
    /// The HTTP request that asked.
    pub request_id: Option<String>,
    /// When.
    pub requested_at: Millis,
}

/// An attempt as stored.
#[derive(Debug, Clone)]
pub struct Attempt {
    /// Its id.
    pub id: AttemptId,
    /// Whose refresh.
    pub credential: CredentialId,
    /// Where it stands.
    pub state: AttemptState,
    /// Its lane.
    pub lane: Lane,
    /// Its outcome, once finished.
    pub outcome: Option<OutcomeKind>,
    /// The upstream's or our own code for it.
    pub code: Option<String>,
    /// What people should know besides the code.
    pub detail: Option<String>,
    /// The worker that claimed it.
    pub worker: Option<BootId>,
}

/// How an attempt ended.
#[derive(Debug, Clone)]
pub struct Ending {
    /// The outcome.
    pub outcome: OutcomeKind,
    /// The upstream's or our own code for it.
    pub code: Option<String>,
    /// What people should know besides the code.
    pub detail: Option<String>,
    /// Status of the HTTP answer, where one came.
    pub http_status: Option<u16>,
    /// From claim to answer, in milliseconds.
    pub duration_ms: Option<u32>,
    /// When.
    pub finished_at: Millis,
}

const SELECT: &str =
    "SELECT id, credential_id, state, lane, outcome, code, detail, worker FROM {attempts}";

/// Adds a queued attempt.
pub async fn insert(db: &mut impl Execute, attempt: &NewAttempt) -> Result<(), DbError> {
    db.execute(insertion(attempt)).await.map(|_| ())
}

/// Adds an attempt that another process may be adding, too. `false`: it is there already.
pub async fn insert_if_absent(
    db: &mut impl Execute,
    attempt: &NewAttempt,
) -> Result<bool, DbError> {
    db.insert_if_absent(insertion(attempt)).await
}

fn insertion(attempt: &NewAttempt) -> Statement {
    sql("INSERT INTO {attempts} (id, credential_id, state, lane, cause, probe, egress, rt_fp, request_id, \
         requested_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
    .bind(attempt.id)
    .bind(attempt.credential)
    .bind(AttemptState::Queued.as_str())
    .bind(Line::of(attempt.lane, attempt.cause).as_str())
    .bind(attempt.cause.as_str())
    .bind(attempt.probe)
    .bind(attempt.egress.clone())
    .bind(&attempt.rt_fp)
    .bind(attempt.request_id.clone())
    .bind(attempt.requested_at)
}

/// Notes that a worker has claimed the attempt.
pub async fn claimed(
    db: &mut impl Execute,
    id: AttemptId,
    worker: BootId,
    now: Millis,
) -> Result<bool, DbError> {
    let statement = sql(
        "UPDATE {attempts} SET state = ?, worker = ?, claimed_at = ? WHERE id = ? AND state = ?",
    )
    .bind(AttemptState::Refreshing.as_str())
    .bind(worker)
    .bind(now)
    .bind(id)
    .bind(AttemptState::Queued.as_str());
    Ok(db.execute(statement).await? == 1)
}

/// Notes how the attempt ended, once. `false`: it had ended before.
pub async fn finish(
    db: &mut impl Execute,
    id: AttemptId,
    ending: &Ending,
) -> Result<bool, DbError> {
    let statement = sql("UPDATE {attempts} SET state = ?, outcome = ?, code = ?, detail = ?, http_status = ?, duration_ms = ?, \
         finished_at = ? WHERE id = ? AND state IN (?, ?)")
    .bind(AttemptState::Finished.as_str())
    .bind(ending.outcome.as_str())
    .bind(ending.code.clone())
    .bind(ending.detail.clone())
    .bind(ending.http_status)
    .bind(ending.duration_ms)
    .bind(ending.finished_at)
    .bind(id)
    .bind(AttemptState::Queued.as_str())
    .bind(AttemptState::Refreshing.as_str());
    Ok(db.execute(statement).await? == 1)
}

/// Corrects the ending of an attempt whose answer came after it was given up.
pub async fn amend(db: &mut impl Execute, id: AttemptId, ending: &Ending) -> Result<(), DbError> {
    let statement =
        sql("UPDATE {attempts} SET state = ?, outcome = ?, code = ?, detail = ?, http_status = ?, finished_at = ? WHERE id = ?")
            .bind(AttemptState::Finished.as_str())
            .bind(ending.outcome.as_str())
            .bind(ending.code.clone())
            .bind(ending.detail.clone())
            .bind(ending.http_status)
            .bind(ending.finished_at)
            .bind(id);
    db.execute(statement).await.map(|_| ())
}

/// Ends an attempt that no worker has claimed.
pub async fn cancel(db: &mut impl Execute, id: AttemptId, now: Millis) -> Result<bool, DbError> {
    let statement =
        sql("UPDATE {attempts} SET state = ?, finished_at = ? WHERE id = ? AND state = ?")
            .bind(AttemptState::Cancelled.as_str())
            .bind(now)
            .bind(id)
            .bind(AttemptState::Queued.as_str());
    Ok(db.execute(statement).await? == 1)
}

/// Moves a queued attempt to the interactive lane, because somebody waits for it now. `true` where it was not
/// there yet: the caller pushes it again, and where that fails, the dispatcher does.
pub async fn promote(db: &mut impl Execute, id: AttemptId) -> Result<bool, DbError> {
    let statement = sql(
        "UPDATE {attempts} SET lane = ?, pushed_at = NULL WHERE id = ? AND state = ? AND lane <> ?",
    )
    .bind(Line::Interactive.as_str())
    .bind(id)
    .bind(AttemptState::Queued.as_str())
    .bind(Line::Interactive.as_str());
    Ok(db.execute(statement).await? == 1)
}

/// Reads these attempts; missing ones are left out.
pub async fn read(db: &mut impl Execute, ids: &[AttemptId]) -> Result<Vec<Attempt>, DbError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let text = format!("{SELECT} WHERE id IN {}", in_list(ids.len()));
    let rows = db
        .fetch_all(sql(text).bind_list(ids.iter().copied()))
        .await?;
    rows.iter().map(attempt).collect()
}

/// How many of these, each named once, have ended as far as the database knows.
pub async fn ended(db: &mut impl Execute, ids: &[AttemptId]) -> Result<usize, DbError> {
    if ids.is_empty() {
        return Ok(0);
    }
    let text = format!(
        "SELECT COUNT(*) AS n FROM {{attempts}} WHERE state IN (?, ?) AND id IN {}",
        in_list(ids.len())
    );
    let statement = sql(text)
        .bind(AttemptState::Finished.as_str())
        .bind(AttemptState::Cancelled.as_str())
        .bind_list(ids.iter().copied());
    let row = db.fetch_optional(statement).await?;
    let count = row.map_or(Ok(0), |row| row.count("n"))?;
    Ok(usize::try_from(count).unwrap_or(usize::MAX))
}

/// Attempts that workers have claimed and not finished.
pub async fn refreshing(db: &mut impl Execute, limit: u32) -> Result<Vec<Attempt>, DbError> {
    let text = format!("{SELECT} WHERE state = ? ORDER BY id LIMIT ?");
    let rows = db
        .fetch_all(
            sql(text)
                .bind(AttemptState::Refreshing.as_str())
                .bind(limit),
        )
        .await?;
    rows.iter().map(attempt).collect()
}

/// Notes that these attempts are being pushed to the queue.
pub async fn pushed(db: &mut impl Execute, ids: &[AttemptId], now: Millis) -> Result<(), DbError> {
    set_pushed(db, ids, Some(now)).await
}

/// Notes that the queue did not take these attempts.
pub async fn not_pushed(db: &mut impl Execute, ids: &[AttemptId]) -> Result<(), DbError> {
    set_pushed(db, ids, None).await
}

async fn set_pushed(
    db: &mut impl Execute,
    ids: &[AttemptId],
    at: Option<Millis>,
) -> Result<(), DbError> {
    if ids.is_empty() {
        return Ok(());
    }
    let text = format!(
        "UPDATE {{attempts}} SET pushed_at = ? WHERE id IN {}",
        in_list(ids.len())
    );
    db.execute(sql(text).bind(at).bind_list(ids.iter().copied()))
        .await
        .map(|_| ())
}

/// Forgets that this attempt was pushed: a worker gave it back unclaimed.
pub async fn given_back(db: &mut impl Execute, id: AttemptId) -> Result<(), DbError> {
    let statement = sql("UPDATE {attempts} SET pushed_at = NULL WHERE id = ? AND state = ?")
        .bind(id)
        .bind(AttemptState::Queued.as_str());
    db.execute(statement).await.map(|_| ())
}

/// The latest earlier attempt on this refresh token that was sent and got no 2xx: where a successor was lost.
pub async fn sent_without_success(
    db: &mut impl Execute,
    rt_fp: &Fingerprint,
    before: AttemptId,
) -> Result<Option<AttemptId>, DbError> {
    let statement = sql(
        "SELECT id FROM {attempts} WHERE rt_fp = ? AND id < ? AND outcome IN (?, ?, ?) \
         ORDER BY id DESC LIMIT 1",
    )
    .bind(rt_fp)
    .bind(before)
    .bind(OutcomeKind::Ambiguous.as_str())
    .bind(OutcomeKind::Abandoned.as_str())
    .bind(OutcomeKind::Transient.as_str());
    let row = db.fetch_optional(statement).await?;
    row.map(|row| parse_id(&row.text("id")?)).transpose()
}

pub(super) fn parse_id(text: &str) -> Result<AttemptId, DbError> {
    text.parse().map_err(|_| DbError::Corrupt {
        table: "attempts",
        row: text.to_owned(),
        column: "id",
        reason: "not an identifier".into(),
    })
}

pub(super) fn attempt(row: &Row) -> Result<Attempt, DbError> {
    let id_text = row.text("id")?;
    let corrupt = |column: &'static str| DbError::Corrupt {
        table: "attempts",
        row: id_text.clone(),
        column,
        reason: "not a value that this program knows".into(),
    };
    Ok(Attempt {
        id: parse_id(&id_text)?,
        credential: credential_id(row, "attempts")?,
        state: AttemptState::parse(&row.text("state")?).ok_or_else(|| corrupt("state"))?,
        lane: Line::parse(&row.text("lane")?)
            .ok_or_else(|| corrupt("lane"))?
            .lane(),
        outcome: row
            .opt_text("outcome")?
            .map(|text| OutcomeKind::parse(&text).ok_or_else(|| corrupt("outcome")))
            .transpose()?,
        code: row.opt_text("code")?,
        detail: row.opt_text("detail")?,
        worker: row
            .opt_text("worker")?
            .map(|text| text.parse().map_err(|_| corrupt("worker")))
            .transpose()?,
    })
}

/// Why the attempt of a row was made.
pub(super) fn cause(row: &Row) -> Result<Cause, DbError> {
    let text = row.text("cause")?;
    let id = row.text("id")?;
    Cause::parse(&text).ok_or_else(|| DbError::Corrupt {
        table: "attempts",
        row: id,
        column: "cause",
        reason: "not a value that this program knows".into(),
    })
}

/// Forgets all pushes: the queue that they went to is gone.
pub async fn forget_pushes(db: &mut impl Execute) -> Result<(), DbError> {
    let statement =
        sql("UPDATE {attempts} SET pushed_at = NULL WHERE state = ? AND pushed_at IS NOT NULL")
            .bind(AttemptState::Queued.as_str());
    db.execute(statement).await.map(|_| ())
}
