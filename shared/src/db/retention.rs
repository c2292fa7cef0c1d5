//! What is old enough is removed, a small batch at a time. Nothing that the refresh protocol may still ask for is: `spent` is
//! never touched, and workers can tell an attempt that was removed from one that the database has lost ([`horizon`]).

use crate::{
    clock::Millis,
    id::{AttemptId, CredentialId},
    model::{
        attempt::{AttemptState, OutcomeKind},
        audit::{Action, Actor, Deed, TargetKind},
    },
};

use super::{
    Arg, Db, DbError, Execute, Row,
    attempts::parse_id,
    audit, grants, in_list,
    snapshots::{self, Snapshot},
    sql,
};

/// Name of the snapshot that says before which attempts may have been removed.
const HORIZON: &str = "attempts_removed";

/// Attempts before this one may have been removed: it says nothing that the database does not know one of them.
pub async fn horizon(db: &mut impl Execute) -> Result<Option<AttemptId>, DbError> {
    let found = snapshots::read(db, HORIZON).await?;
    found.map(|found| parse_id(&found.value)).transpose()
}

/// Removes up to `limit` attempts that were made and ended before `before`. Those stay that are open, and those that say
/// something about a refresh token that a credential holds: that it was refused, or sent without an answer.
pub async fn prune_attempts(
    db: &mut impl Execute,
    before: Millis,
    limit: u32,
) -> Result<u64, DbError> {
    let end = AttemptId::earliest(before);
    let statement = sql(
        "SELECT a.id FROM {attempts} a WHERE a.id < ? AND a.state IN (?, ?) AND a.finished_at < ? \
         AND NOT (COALESCE(a.outcome, '') IN (?, ?, ?, ?) AND EXISTS (SELECT 1 FROM {grants} g WHERE g.rt_fp = a.rt_fp)) \
         ORDER BY a.id LIMIT ?",
    )
    .bind(end)
    .bind(AttemptState::Finished.as_str())
    .bind(AttemptState::Cancelled.as_str())
    .bind(before)
    .bind(OutcomeKind::Rejected.as_str())
    .bind(OutcomeKind::Ambiguous.as_str())
    .bind(OutcomeKind::Abandoned.as_str())
    .bind(OutcomeKind::Superseded.as_str())
    .bind(limit);
    let ids = texts(&db.fetch_all(statement).await?, "id")?;
    if ids.is_empty() {
        return Ok(0);
    }
    // Written down first: whoever misses one of them finds out why.
    let horizon = Snapshot {
        value: end.to_string(),
        taken_at: before,
    };
    snapshots::write(db, HORIZON, &horizon).await?;
    remove(db, "attempts", "id", ids).await
}

/// Removes up to `limit` notes of answers that came another way before `before`.
pub async fn prune_recovered(
    db: &mut impl Execute,
    before: Millis,
    limit: u32,
) -> Result<u64, DbError> {
    let statement = sql(
        "SELECT attempt_id FROM {recovered} WHERE recorded_at < ? ORDER BY recorded_at LIMIT ?",
    );
    let rows = db.fetch_all(statement.bind(before).bind(limit)).await?;
    remove(db, "recovered", "attempt_id", texts(&rows, "attempt_id")?).await
}

/// Credentials whose time is over, as [`expired`] finds them.
const EXPIRED: &str = "c.deleted_at < ? AND c.tombstone <> '' \
     AND NOT EXISTS (SELECT 1 FROM {grants} g WHERE g.credential_id = c.id AND (g.attempt_id IS NOT NULL OR g.doubt_since >= ?)) \
     AND NOT EXISTS (SELECT 1 FROM {orphans} o WHERE o.credential_id = c.id)";

/// Up to `limit` credentials that were deleted before `before` and for which no tokens can come any more: no attempt is open,
/// no answer is set aside, and a doubt is from before `doubt_before`, when journals may still have held the answer.
pub async fn expired(
    db: &mut impl Execute,
    before: Millis,
    doubt_before: Millis,
    limit: u32,
) -> Result<Vec<CredentialId>, DbError> {
    let text = format!(
        "SELECT c.id AS credential_id FROM {{credentials}} c WHERE {EXPIRED} ORDER BY c.deleted_at, c.id LIMIT ?"
    );
    let statement = sql(text).bind(before).bind(doubt_before).bind(limit);
    let rows = db.fetch_all(statement).await?;
    rows.iter()
        .map(|row| grants::credential_id(row, "credentials"))
        .collect()
}

/// Removes such a credential for good, if it still is one: somebody may have restored it. Its spent refresh tokens stay
/// remembered.
pub async fn purge(
    db: &Db,
    id: CredentialId,
    before: Millis,
    doubt_before: Millis,
    now: Millis,
) -> Result<bool, DbError> {
    let mut tx = db.begin().await?;
    let text = format!("SELECT c.id FROM {{credentials}} c WHERE c.id = ? AND {EXPIRED}");
    let still = sql(text).bind(id).bind(before).bind(doubt_before);
    if tx.fetch_optional(still).await?.is_none() {
        return Ok(false);
    }
    // This row first: whoever restores the credential changes it, and one of the two finds that. Nobody asks for a refresh of
    // what is deleted.
    let statement =
        sql("DELETE FROM {credentials} WHERE id = ? AND tombstone <> '' AND deleted_at < ?");
    if tx.execute(statement.bind(id).bind(before)).await? == 0 {
        return Ok(false);
    }
    grants::delete(&mut tx, id).await?;
    let deed = Deed::new(Action::CredentialPurge)
        .to(TargetKind::Credential, id)
        .with("because", "retention");
    audit::record(&mut tx, &Actor::system(), &deed, now).await?;
    tx.commit().await?;
    Ok(true)
}

pub(super) fn texts(rows: &[Row], column: &'static str) -> Result<Vec<String>, DbError> {
    rows.iter().map(|row| row.text(column)).collect()
}

/// Removes rows by their keys.
pub(super) async fn remove<T: Into<Arg>>(
    db: &mut impl Execute,
    table: &str,
    key: &str,
    keys: Vec<T>,
) -> Result<u64, DbError> {
    if keys.is_empty() {
        return Ok(0);
    }
    let text = format!(
        "DELETE FROM {{{table}}} WHERE {key} IN {}",
        in_list(keys.len())
    );
    db.execute(sql(text).bind_list(keys)).await
}
