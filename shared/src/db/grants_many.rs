//! Many transitions in one statement, for group commit: what costs is the round trip, not the row.

use super::{
    Arg, DbError, Tx,
    grants::{Columns, TokenWrite},
    rows::update_rows,
};
use crate::model::grant::{Grant, Guard};

/// A transition to be written if its guard holds.
#[derive(Debug, Clone)]
pub struct Change {
    /// How the grant looks as long as nobody else has written it.
    pub guard: Guard,
    /// How it shall look.
    pub grant: Grant,
    /// New tokens.
    pub tokens: TokenWrite,
}

/// Writes all of these transitions if every one's guard holds, as [`compare_and_set`](super::grants::compare_and_set)
/// would one by one. `false`: at least one does not, or a grant is named twice. Then some may have been written: the
/// caller drops the transaction and goes row by row. Changes are best in id order: rows are locked in theirs.
pub async fn compare_and_set_many(tx: &mut Tx, changes: Vec<Change>) -> Result<bool, DbError> {
    let count = changes.len();
    let rows = changes.into_iter().map(values).collect();
    let written = update_rows(
        tx,
        "grants",
        "state = v.column2, held_reason = v.column3, attempt_id = v.column4, rt_fp = v.column5, doubt_since = v.column6, \
         probes = v.column7, failures = v.column8, last_code = v.column9, next_refresh_at = v.column10, \
         refreshed_at = v.column11, at_issued_at = v.column12, at_expires_at = v.column13, \
         rt = COALESCE(v.column14, t.rt), access_token = COALESCE(v.column15, t.access_token)",
        "t.credential_id = v.column1 AND t.state = v.column16 AND COALESCE(t.attempt_id, '') = v.column17 \
         AND t.rt_fp = v.column18",
        rows,
    )
    .await?;
    Ok(usize::try_from(written) == Ok(count))
}

fn values(change: Change) -> Vec<Arg> {
    let Change {
        guard,
        grant,
        tokens,
    } = change;
    let columns = Columns::of(&grant);
    vec![
        grant.credential.into(),
        columns.state.into(),
        columns.held_reason.into(),
        columns.attempt.into(),
        (&grant.rt_fp).into(),
        columns.doubt_since.into(),
        columns.probes.into(),
        grant.failures.into(),
        grant.last_code.into(),
        grant.next_refresh_at.into(),
        grant.refreshed_at.into(),
        grant.at_issued_at.into(),
        grant.at_expires_at.into(),
        tokens.rt.into(),
        tokens.access_token.into(),
        guard.state.as_str().into(),
        guard
            .attempt
            .map(|id| id.to_string())
            .unwrap_or_default()
            .into(),
        (&guard.rt_fp).into(),
    ]
}
