//! The `job_items` table: what became of each item of a job. It is written by the runner of the job, behind its
//! [fence](super::jobs::fence), together with the job's counts.

use crate::{
    clock::Millis,
    id::{AttemptId, CredentialId, JobId},
    model::{
        attempt::{AttemptState, Line, OutcomeKind},
        job::ItemState,
    },
};

use super::{
    Arg, DbError, Execute, Row, Tx,
    rows::{insert_rows, update_rows},
    sql,
};

/// An item as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Its number in the job, from 1.
    pub position: u32,
    /// Where it stands.
    pub state: ItemState,
    /// Its line in a file.
    pub line: Option<u32>,
    /// Which of several files.
    pub source: Option<String>,
    /// The credential that it is about, once that is known.
    pub credential: Option<CredentialId>,
    /// How people know that credential: its `biz_id`.
    pub label: Option<String>,
    /// What became of it, as a stable word.
    pub code: Option<String>,
    /// The same for people.
    pub detail: Option<String>,
    /// The attempt that was made for it.
    pub attempt: Option<AttemptId>,
    /// Sealed: what a repetition needs.
    pub payload: Option<Vec<u8>>,
}

impl Item {
    /// An item that nothing was done about.
    pub const fn new(position: u32) -> Self {
        Self {
            position,
            state: ItemState::Waiting,
            line: None,
            source: None,
            credential: None,
            label: None,
            code: None,
            detail: None,
            attempt: None,
            payload: None,
        }
    }
}

/// Adds items.
pub async fn insert(tx: &mut Tx, job: JobId, items: &[Item], now: Millis) -> Result<(), DbError> {
    insert_rows(
        tx,
        "job_items",
        "job_id, position, state, line, source, credential_id, label, code, detail, attempt_id, payload, updated_at",
        items.iter().map(|item| columns(job, item, now)).collect(),
    )
    .await
}

fn columns(job: JobId, item: &Item, now: Millis) -> Vec<Arg> {
    vec![
        job.into(),
        item.position.into(),
        item.state.as_str().into(),
        item.line.into(),
        item.source.clone().into(),
        item.credential.into(),
        item.label.clone().into(),
        item.code.clone().into(),
        item.detail.clone().into(),
        item.attempt.into(),
        item.payload.clone().into(),
        now.into(),
    ]
}

/// What became of an item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// Which.
    pub position: u32,
    /// Where it stands now.
    pub state: ItemState,
    /// The credential's name; `None` keeps what is known.
    pub label: Option<String>,
    /// What became of it.
    pub code: Option<String>,
    /// The same for people.
    pub detail: Option<String>,
    /// The attempt that is made for it; `None` keeps what is known.
    pub attempt: Option<AttemptId>,
}

/// Writes what became of items, each named once.
pub async fn settle(
    tx: &mut Tx,
    job: JobId,
    outcomes: Vec<Outcome>,
    now: Millis,
) -> Result<(), DbError> {
    let row = |one: Outcome| {
        vec![
            Arg::from(job),
            one.position.into(),
            one.state.as_str().into(),
            one.label.into(),
            one.code.into(),
            one.detail.into(),
            one.attempt.into(),
            now.into(),
        ]
    };
    let count = outcomes.len();
    if count == 0 {
        return Ok(());
    }
    let written = update_rows(
        tx,
        "job_items",
        "state = v.column3, label = COALESCE(v.column4, t.label), code = v.column5, detail = v.column6, \
         attempt_id = COALESCE(v.column7, t.attempt_id), updated_at = v.column8",
        "t.job_id = v.column1 AND t.position = v.column2",
        outcomes.into_iter().map(row).collect(),
    )
    .await?;
    if usize::try_from(written) != Ok(count) {
        return Err(DbError::GuardMissed);
    }
    Ok(())
}

const COLUMNS: &str =
    "position, state, line, source, credential_id, label, code, detail, attempt_id, payload";

/// Up to `limit` items of a job in one of these states, behind position `after`, in their order; no state: any. Each state is
/// looked through by its index, so that the few that failed are found among many.
pub async fn list(
    db: &mut impl Execute,
    job: JobId,
    states: &[ItemState],
    after: u32,
    limit: u32,
) -> Result<Vec<Item>, DbError> {
    let statement = if states.is_empty() {
        let text = format!(
            "SELECT {COLUMNS} FROM {{job_items}} WHERE job_id = ? AND position > ? ORDER BY position LIMIT ?"
        );
        sql(text).bind(job).bind(after).bind(limit)
    } else {
        let part = |number: usize| {
            format!(
                "SELECT {COLUMNS} FROM (SELECT {COLUMNS} FROM {{job_items}} WHERE job_id = ? AND state = ? AND position > ? \
                 ORDER BY position LIMIT ?) AS part{number}"
            )
        };
        let parts: Vec<_> = (0..states.len()).map(part).collect();
        let text = format!("{} ORDER BY position LIMIT ?", parts.join(" UNION ALL "));
        let states = states.iter().fold(sql(text), |statement, state| {
            let statement = statement.bind(job).bind(state.as_str());
            statement.bind(after).bind(limit)
        });
        states.bind(limit)
    };
    let rows = db.fetch_all(statement).await?;
    rows.iter().map(|row| item(row, job)).collect()
}

/// Gives up to `limit` items up that wait, and tells how many there were.
pub async fn cancel_waiting(
    tx: &mut Tx,
    job: JobId,
    limit: u32,
    now: Millis,
) -> Result<u32, DbError> {
    let waiting = sql(
        "SELECT position FROM {job_items} WHERE job_id = ? AND state = ? ORDER BY position LIMIT ?",
    )
    .bind(job)
    .bind(ItemState::Waiting.as_str())
    .bind(limit);
    let found = tx.fetch_all(waiting).await?;
    let (Some(first), Some(last)) = (found.first(), found.last()) else {
        return Ok(0);
    };
    let statement = sql("UPDATE {job_items} SET state = ?, updated_at = ? WHERE job_id = ? AND state = ? AND position BETWEEN ? AND ?")
        .bind(ItemState::Cancelled.as_str())
        .bind(now)
        .bind(job)
        .bind(ItemState::Waiting.as_str())
        .bind(first.int("position")?)
        .bind(last.int("position")?);
    let cancelled = tx.execute(statement).await?;
    Ok(u32::try_from(cancelled).unwrap_or(u32::MAX))
}

/// An item whose attempt has ended, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// The item.
    pub position: u32,
    /// `None`: nobody had begun the attempt, or it is not known any more.
    pub outcome: Option<OutcomeKind>,
    /// Whether the attempt was cancelled before a worker took it.
    pub cancelled: bool,
    /// The upstream's or our own code.
    pub code: Option<String>,
    /// What people should know besides.
    pub detail: Option<String>,
}

/// Up to `limit` items of a job that wait for an attempt which has ended.
pub async fn ended(db: &mut impl Execute, job: JobId, limit: u32) -> Result<Vec<Ended>, DbError> {
    let statement = sql("SELECT i.position, a.state, a.outcome, a.code, a.detail FROM {job_items} i \
         LEFT JOIN {attempts} a ON a.id = i.attempt_id \
         WHERE i.job_id = ? AND i.state = ? AND (a.id IS NULL OR a.state IN (?, ?)) ORDER BY i.position LIMIT ?")
    .bind(job)
    .bind(ItemState::Running.as_str())
    .bind(AttemptState::Finished.as_str())
    .bind(AttemptState::Cancelled.as_str())
    .bind(limit);
    let rows = db.fetch_all(statement).await?;
    rows.iter()
        .map(|row| {
            let position = row.count("position")?;
            let outcome = row.opt_text("outcome")?;
            let outcome = outcome.map(|text| {
                OutcomeKind::parse(&text).ok_or_else(|| corrupt(job, position, "attempt_id"))
            });
            let state = row.opt_text("state")?;
            Ok(Ended {
                position,
                outcome: outcome.transpose()?,
                cancelled: state.as_deref() == Some(AttemptState::Cancelled.as_str()),
                code: row.opt_text("code")?,
                detail: row.opt_text("detail")?,
            })
        })
        .collect()
}

/// An item whose attempt waits for a worker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Queued {
    /// The item.
    pub position: u32,
    /// Its credential.
    pub credential: CredentialId,
    /// Its attempt.
    pub attempt: AttemptId,
    /// Whether the attempt is the job's own affair: the job has made it, and nobody waits for it interactively.
    pub own: bool,
}

/// Up to `limit` items of a job behind `after` whose attempts wait for a worker. An attempt that the job has made carries its id
/// as the request that asked for it.
pub async fn queued(
    db: &mut impl Execute,
    job: JobId,
    after: u32,
    limit: u32,
) -> Result<Vec<Queued>, DbError> {
    let statement = sql("SELECT i.position, i.credential_id, i.attempt_id, a.lane, a.request_id FROM {job_items} i \
         JOIN {attempts} a ON a.id = i.attempt_id \
         WHERE i.job_id = ? AND i.state = ? AND a.state = ? AND i.position > ? ORDER BY i.position LIMIT ?")
    .bind(job)
    .bind(ItemState::Running.as_str())
    .bind(AttemptState::Queued.as_str())
    .bind(after)
    .bind(limit);
    let rows = db.fetch_all(statement).await?;
    rows.iter()
        .map(|row| {
            let position = row.count("position")?;
            let bad = |column| move |_| corrupt(job, position, column);
            let by = row.opt_text("request_id")?;
            Ok(Queued {
                position,
                credential: row
                    .text("credential_id")?
                    .parse()
                    .map_err(bad("credential_id"))?,
                attempt: row.text("attempt_id")?.parse().map_err(bad("attempt_id"))?,
                own: by == Some(job.to_string()) && row.text("lane")? == Line::Job.as_str(),
            })
        })
        .collect()
}

fn item(row: &Row, job: JobId) -> Result<Item, DbError> {
    let position = row.count("position")?;
    let bad = |column: &'static str| corrupt(job, position, column);
    let credential = row.opt_text("credential_id")?;
    let attempt = row.opt_text("attempt_id")?;
    let line = row.opt_int("line")?;
    Ok(Item {
        position,
        state: ItemState::parse(&row.text("state")?).ok_or_else(|| bad("state"))?,
        line: line.map(|line| u32::try_from(line).unwrap_or(u32::MAX)),
        source: row.opt_text("source")?,
        credential: credential
            .map(|id| id.parse().map_err(|_| bad("credential_id")))
            .transpose()?,
        label: row.opt_text("label")?,
        code: row.opt_text("code")?,
        detail: row.opt_text("detail")?,
        attempt: attempt
            .map(|id| id.parse().map_err(|_| bad("attempt_id")))
            .transpose()?,
        payload: row.opt_bytes("payload")?,
    })
}

fn corrupt(job: JobId, position: u32, column: &'static str) -> DbError {
    DbError::Corrupt {
        table: "job_items",
        row: format!("{job}/{position}"),
        column,
        reason: "not a value that this program knows".into(),
    }
}
