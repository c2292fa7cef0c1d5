//! The `spent` and `orphans` tables: refresh tokens that must never be sent again, and answers that could not
//! be applied.

use crate::{
    clock::Millis,
    id::{AttemptId, CredentialId},
    vault::Fingerprint,
};

use super::{DbError, Execute, Row, grants::credential_id, in_list, sql};

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

/// Those of these refresh tokens that were spent, or whose answer was set aside, which spent them, too; each with the credential
/// that spent it.
pub async fn spent_among(
    db: &mut impl Execute,
    tokens: &[Fingerprint],
) -> Result<Vec<(Fingerprint, CredentialId)>, DbError> {
    if tokens.is_empty() {
        return Ok(Vec::new());
    }
    let among = in_list(tokens.len());
    let text = format!(
        "SELECT rt_fp, credential_id FROM {{spent}} WHERE rt_fp IN {among} \
         UNION ALL SELECT rt_fp, credential_id FROM {{orphans}} WHERE rt_fp IN {among}"
    );
    let rows = db
        .fetch_all(sql(text).bind_list(tokens).bind_list(tokens))
        .await?;
    rows.iter()
        .map(|row| {
            let token = Fingerprint::from_stored(row.text("rt_fp")?);
            Ok((token, credential_id(row, "spent")?))
        })
        .collect()
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

/// An orphan as an operator sees it, without its answer.
#[derive(Debug, Clone)]
pub struct Listed {
    /// The attempt that it answers.
    pub attempt: AttemptId,
    /// The credential that it was for.
    pub credential: CredentialId,
    /// That credential's name; `None` where it is gone or deleted.
    pub biz_id: Option<String>,
    /// The refresh token that it spent.
    pub rt_fp: Fingerprint,
    /// Why it could not be applied.
    pub reason: String,
    /// Since when it is set aside.
    pub created_at: Millis,
}

/// Up to `limit` orphans, those of the newest attempts first; those before `before`, where it is given.
pub async fn orphan_page(
    db: &mut impl Execute,
    before: Option<AttemptId>,
    limit: u32,
) -> Result<Vec<Listed>, DbError> {
    /// Behind every identifier.
    const END: &str = "~";
    let statement = sql(
        "SELECT o.attempt_id, o.credential_id, c.biz_id, o.rt_fp, o.reason, o.created_at FROM {orphans} o \
         LEFT JOIN {credentials} c ON c.id = o.credential_id AND c.tombstone = '' \
         WHERE o.attempt_id < ? ORDER BY o.attempt_id DESC LIMIT ?",
    )
    .bind(before.map_or_else(|| END.to_owned(), |id| id.to_string()))
    .bind(limit);
    let rows = db.fetch_all(statement).await?;
    rows.iter()
        .map(|row| {
            Ok(Listed {
                attempt: orphans_attempt(row)?,
                credential: credential_id(row, "orphans")?,
                biz_id: row.opt_text("biz_id")?,
                rt_fp: Fingerprint::from_stored(row.text("rt_fp")?),
                reason: row.text("reason")?,
                created_at: Millis(row.int("created_at")?),
            })
        })
        .collect()
}

/// The orphan of this attempt, and since when it is set aside.
pub async fn orphan_of(
    db: &mut impl Execute,
    attempt: AttemptId,
) -> Result<Option<(Orphan, Millis)>, DbError> {
    let statement = sql(
        "SELECT attempt_id, credential_id, rt_fp, reason, answer, created_at FROM {orphans} WHERE attempt_id = ?",
    )
    .bind(attempt);
    let row = db.fetch_optional(statement).await?;
    row.map(|row| Ok((orphan(&row)?, Millis(row.int("created_at")?))))
        .transpose()
}

/// Removes an orphan that was applied after all, or that nobody wants. `false`: there was none.
pub async fn adopt_orphan(db: &mut impl Execute, attempt: AttemptId) -> Result<bool, DbError> {
    let removed = db
        .execute(sql("DELETE FROM {orphans} WHERE attempt_id = ?").bind(attempt))
        .await?;
    Ok(removed > 0)
}

fn orphan(row: &Row) -> Result<Orphan, DbError> {
    Ok(Orphan {
        attempt: orphans_attempt(row)?,
        credential: credential_id(row, "orphans")?,
        rt_fp: Fingerprint::from_stored(row.text("rt_fp")?),
        reason: row.text("reason")?,
        answer: row.bytes("answer")?,
    })
}

fn orphans_attempt(row: &Row) -> Result<AttemptId, DbError> {
    let attempt = row.text("attempt_id")?;
    attempt.parse().map_err(|_| DbError::Corrupt {
        table: "orphans",
        row: attempt.clone(),
        column: "attempt_id",
        reason: "not an identifier".into(),
    })
}
