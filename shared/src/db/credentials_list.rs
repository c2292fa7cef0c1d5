//! Lists of credentials.

use crate::model::grant::StateName;

use super::{
    DbError, Execute,
    counts::{self, Count},
    credentials::{COLUMNS, Credential, FROM, credential},
    sql,
};

/// One page of the credentials in one of these states, newest first; none: in any state.
pub async fn page(
    db: &mut impl Execute,
    states: &[StateName],
    offset: i64,
    limit: u32,
) -> Result<Vec<Credential>, DbError> {
    let statement = sql(format!(
        "SELECT {COLUMNS} {FROM} WHERE c.tombstone = '' {} ORDER BY c.id DESC LIMIT ? OFFSET ?",
        in_states(states)
    ))
    .bind(limit)
    .bind(offset);
    let rows = db.fetch_all(statement).await?;
    rows.iter().map(credential).collect()
}

/// How many credentials are in one of these states, counted up to a limit.
pub async fn total_in(db: &mut impl Execute, states: &[StateName]) -> Result<Count, DbError> {
    counts::in_states(db, &once(states)).await
}

/// States stand in the text, not beside it: a server that knows how rare one is takes the index.
fn in_states(states: &[StateName]) -> String {
    if states.is_empty() {
        return String::new();
    }
    let names: Vec<_> = once(states)
        .iter()
        .map(|state| format!("'{state}'"))
        .collect();
    format!("AND g.state IN ({})", names.join(", "))
}

/// Each of the states once, in one order: few different texts are prepared.
fn once(states: &[StateName]) -> Vec<StateName> {
    let mut states = states.to_vec();
    states.sort_by_key(|state| state.as_str());
    states.dedup();
    states
}
