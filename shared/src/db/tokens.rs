//! The `spent` and `orphans` tables: refresh tokens that must never be sent again, and answers that could not
//! be applied.

use crate::{
    clock::Millis,
    id::{AttemptId, CredentialId},
    vault::Fingerprint,
};

use super::{DbError, Execute, Row, grants::credential_id, sql};

/// Remembers a spent refresh token. Repeating it changes nothing.
pub async fn remember_spent(
    db: &mut impl Execute,
    rt_fp: &Fingerprint,
    credential: CredentialId,
    attempt: AttemptId,
    now: Millis,
) -> Result<(), DbError> {
    let statement =
        sql("INSERT INTO {spent} (rt_fp, credential_id, attempt_id, spent_at) VALUES (?, ?, ?, ?)")
            .bind(rt_fp)
            .bind(credential)
            .bind(attempt)
            .bind(now);
    db.insert_if_absent(statement).await.map(|_| ())
}

/// The credential that spent this refresh token.
pub async fn spent_by(
    db: &mut impl Execute,
    rt_fp: &Fingerprint,
) -> Result<Option<CredentialId>, DbError> {
    let row = db
        .fetch_optional(sql("SELECT credential_id FROM {spent} WHERE rt_fp = ?").bind(rt_fp))
        .await?;
    row.map(|row| credential_id(&row, "spent")).transpose()
}

/// A sealed answer that could not be applied.
#[derive(Debug, Clone)]
pub struct Orphan {
    /// The attempt that it answers.
    pub attempt: AttemptId,
    /// The credential that it was for.
    pub credential: CredentialId,
    /// The refresh token that it spent.
    pub rt_fp: Fingerprint,
    /// Why it could not be applied.
    pub reason: String,
    /// The answer, sealed as it stood in the journal.
    pub answer: Vec<u8>,
}

/// Sets an answer aside. Repeating it changes nothing.
pub async fn keep_orphan(
    db: &mut impl Execute,
    orphan: &Orphan,
    now: Millis,
) -> Result<(), DbError> {
    let statement = sql(
        "INSERT INTO {orphans} (attempt_id, credential_id, rt_fp, reason, answer, created_at) \
         VALUES (?, ?, ?, ?, ?, ?)",
    )
    .bind(orphan.attempt)
    .bind(orphan.credential)
    .bind(&orphan.rt_fp)
    .bind(orphan.reason.clone())
    .bind(orphan.answer.clone())
    .bind(now);
    db.insert_if_absent(statement).await.map(|_| ())
}

/// The orphans that spent this refresh token, or all of them.
pub async fn orphans(
    db: &mut impl Execute,
    rt_fp: Option<&Fingerprint>,
    limit: u32,
) -> Result<Vec<Orphan>, DbError> {
    const SELECT: &str = "SELECT attempt_id, credential_id, rt_fp, reason, answer FROM {orphans}";
    let statement = match rt_fp {
        Some(fp) => sql(format!(
            "{SELECT} WHERE rt_fp = ? ORDER BY attempt_id LIMIT ?"
        ))
        .bind(fp),
        None => sql(format!("{SELECT} ORDER BY attempt_id LIMIT ?")),
    };
    let rows = db.fetch_all(statement.bind(limit)).await?;
    rows.iter().map(orphan).collect()
}

/// Removes an orphan that was applied after all.
pub async fn adopt_orphan(db: &mut impl Execute, attempt: AttemptId) -> Result<(), DbError> {
    db.execute(sql("DELETE FROM {orphans} WHERE attempt_id = ?").bind(attempt))
        .await
        .map(|_| ())
}

fn orphan(row: &Row) -> Result<Orphan, DbError> {
    let attempt = row.text("attempt_id")?;
    Ok(Orphan {
        attempt: attempt.parse().map_err(|_| DbError::Corrupt {
            table: "orphans",
            row: attempt.clone(),
            column: "attempt_id",
            reason: "not an identifier".into(),
        })?,
        credential: credential_id(row, "orphans")?,
        rt_fp: Fingerprint::from_stored(row.text("rt_fp")?),
        reason: row.text("reason")?,
        answer: row.bytes("answer")?,
    })
}
