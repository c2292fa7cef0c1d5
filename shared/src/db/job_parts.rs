//! The `job_parts` table: what has been read from a file and not been taken in yet, some hundred rows in one sealed value. A
//! part is removed in the transaction that takes it in.

use crate::id::JobId;

use super::{DbError, Execute, sql};

/// A part of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Its number; parts are taken in by their order.
    pub part: u32,
    /// How many items come of it.
    pub items: u32,
    /// Its rows, sealed.
    pub payload: Vec<u8>,
}

/// Adds a part.
pub async fn insert(db: &mut impl Execute, job: JobId, part: &Part) -> Result<(), DbError> {
    let statement =
        sql("INSERT INTO {job_parts} (job_id, part, items, payload) VALUES (?, ?, ?, ?)")
            .bind(job)
            .bind(part.part)
            .bind(part.items)
            .bind(part.payload.clone());
    db.execute(statement).await.map(|_| ())
}

/// The first part that is left.
pub async fn first(db: &mut impl Execute, job: JobId) -> Result<Option<Part>, DbError> {
    let statement =
        sql("SELECT part, items, payload FROM {job_parts} WHERE job_id = ? ORDER BY part LIMIT 1");
    let row = db.fetch_optional(statement.bind(job)).await?;
    row.map(|row| {
        Ok(Part {
            part: row.count("part")?,
            items: row.count("items")?,
            payload: row.bytes("payload")?,
        })
    })
    .transpose()
}

/// How many items come of the parts that are left.
pub async fn items_left(db: &mut impl Execute, job: JobId) -> Result<u32, DbError> {
    // Not `SUM`: its type is another one on each server.
    let statement = sql("SELECT items FROM {job_parts} WHERE job_id = ?").bind(job);
    let rows = db.fetch_all(statement).await?;
    rows.iter().try_fold(
        0_u32,
        |sum, row| Ok(sum.saturating_add(row.count("items")?)),
    )
}

/// Removes a part. `false`: it is gone.
pub async fn delete(db: &mut impl Execute, job: JobId, part: u32) -> Result<bool, DbError> {
    let statement = sql("DELETE FROM {job_parts} WHERE job_id = ? AND part = ?")
        .bind(job)
        .bind(part);
    Ok(db.execute(statement).await? == 1)
}

/// Removes all parts of a job.
pub async fn delete_all(db: &mut impl Execute, job: JobId) -> Result<u64, DbError> {
    let statement = sql("DELETE FROM {job_parts} WHERE job_id = ?").bind(job);
    db.execute(statement).await
}
