//! Many attempts in one statement, for group commit.

use super::{DbError, Execute, attempts::Ending, in_list, rows::update_rows, sql};
use crate::{
    clock::Millis,
    id::{AttemptId, BootId},
    model::attempt::AttemptState,
};

/// Notes that a worker has claimed all of these attempts. `false`: at least one was not queued; the caller drops the
/// transaction, because the others have been written.
pub async fn claimed_many(
    db: &mut impl Execute,
    ids: &[AttemptId],
    worker: BootId,
    now: Millis,
) -> Result<bool, DbError> {
    if ids.is_empty() {
        return Ok(true);
    }
    let text = format!(
        "UPDATE {{attempts}} SET state = ?, worker = ?, claimed_at = ? WHERE state = ? AND id IN {}",
        in_list(ids.len())
    );
    let statement = sql(text)
        .bind(AttemptState::Refreshing.as_str())
        .bind(worker)
        .bind(now)
        .bind(AttemptState::Queued.as_str())
        .bind_list(ids.iter().copied());
    Ok(usize::try_from(db.execute(statement).await?) == Ok(ids.len()))
}

/// Notes how these attempts ended, once. `false`: at least one had ended before, or is named twice; the caller drops the
/// transaction, because the others have been written.
pub async fn finish_many(
    db: &mut impl Execute,
    endings: Vec<(AttemptId, Ending)>,
) -> Result<bool, DbError> {
    let count = endings.len();
    let rows = endings
        .into_iter()
        .map(|(id, ending)| {
            vec![
                id.into(),
                ending.outcome.as_str().into(),
                ending.code.into(),
                ending.detail.into(),
                ending.http_status.into(),
                ending.duration_ms.into(),
                ending.finished_at.into(),
            ]
        })
        .collect();
    let (finished, queued, refreshing) = (
        AttemptState::Finished.as_str(),
        AttemptState::Queued.as_str(),
        AttemptState::Refreshing.as_str(),
    );
    let written = update_rows(
        db,
        "attempts",
        &format!(
            "state = '{finished}', outcome = v.column2, code = v.column3, detail = v.column4, http_status = v.column5, \
             duration_ms = v.column6, finished_at = v.column7"
        ),
        &format!("t.id = v.column1 AND t.state IN ('{queued}', '{refreshing}')"),
        rows,
    )
    .await?;
    Ok(usize::try_from(written) == Ok(count))
}
