//! Lists of credentials.

use crate::model::grant::StateName;

use super::{
    DbError, Execute,
    counts::{Count, LIMIT},
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
    let statement = sql(format!(
        "SELECT COUNT(*) AS n FROM (SELECT c.id {FROM} WHERE c.tombstone = '' {} LIMIT ?) AS q",
        in_states(states)
    ))
    .bind(LIMIT);
    let row = db.fetch_optional(statement).await?;
    let found = row.map_or(Ok(0), |row| row.count("n"))?;
    Ok(Count::limited(found))
}

/// States stand in the text, not beside it: a server that knows how rare one is takes the index.
fn in_states(states: &[StateName]) -> String {
    if states.is_empty() {
        return String::new();
    }
    let mut states = states.to_vec();
    // Few different texts are prepared.
    states.sort_by_key(|state| state.as_str());
    states.dedup();
    let names: Vec<_> = states.iter().map(|state| format!("'{state}'")).collect();
    format!("AND g.state IN ({})", names.join(", "))
}
