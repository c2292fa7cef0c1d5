//! Open attempts, as an operator looks at them.

use crate::{
    clock::Millis,
    id::AttemptId,
    model::attempt::{AttemptState, Cause, Line},
};

use super::{
    DbError, Dialect, Execute, Row,
    attempts::{self, Attempt, parse_id},
    in_list, sql,
};

/// An attempt that waits or is under way.
#[derive(Debug, Clone)]
pub struct Open {
    /// Where it stands.
    pub attempt: Attempt,
    /// The name of its credential; `None` where that was deleted.
    pub biz_id: Option<String>,
    /// Why it was made.
    pub cause: Cause,
    /// Whether it is a deliberate second use of a doubtful refresh token.
    pub probe: bool,
    /// When it was asked for.
    pub requested_at: Millis,
    /// When a worker took it.
    pub claimed_at: Option<Millis>,
}

/// Up to `limit` open attempts, newest first; those before `before`, where it is given. Reads that many of each state and line,
/// whatever waits in total.
pub async fn open(
    db: &mut impl Execute,
    before: Option<AttemptId>,
    limit: u32,
) -> Result<Vec<Open>, DbError> {
    let mut ids = Vec::new();
    for state in [AttemptState::Queued, AttemptState::Refreshing] {
        for line in Line::ALL {
            ids.extend(newest(db, state, *line, before, limit).await?);
        }
    }
    ids.sort_unstable_by(|one, other| other.cmp(one));
    ids.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let text = format!(
        "SELECT a.id, a.credential_id, a.state, a.lane, a.outcome, a.code, a.detail, a.worker, a.cause, a.probe, \
         a.requested_at, a.claimed_at, c.biz_id FROM {{attempts}} a \
         LEFT JOIN {{credentials}} c ON c.id = a.credential_id AND c.tombstone = '' \
         WHERE a.id IN {} AND a.state IN (?, ?) ORDER BY a.id DESC",
        in_list(ids.len())
    );
    let statement = sql(text)
        .bind_list(ids)
        .bind(AttemptState::Queued.as_str())
        .bind(AttemptState::Refreshing.as_str());
    let rows = db.fetch_all(statement).await?;
    rows.iter().map(read).collect()
}

/// The newest attempts of a state and line: a piece of the index `open`, with the order of all its columns for PostgreSQL's
/// sake (see `attempts_waiting.rs`).
async fn newest(
    db: &mut impl Execute,
    state: AttemptState,
    line: Line,
    before: Option<AttemptId>,
    limit: u32,
) -> Result<Vec<AttemptId>, DbError> {
    /// Behind every identifier.
    const END: &str = "~";
    let text = match db.dialect() {
        Dialect::Postgres => {
            "SELECT id FROM {attempts} WHERE (state, lane, id) > (?, ?, '') AND (state, lane, id) < (?, ?, ?) \
             ORDER BY state DESC, lane DESC, id DESC LIMIT ?"
        }
        Dialect::Sqlite | Dialect::MySql => {
            "SELECT id FROM {attempts} WHERE state = ? AND lane = ? AND id < ? ORDER BY id DESC LIMIT ?"
        }
    };
    let end = before.map_or_else(|| END.to_owned(), |id| id.to_string());
    let mut statement = sql(text).bind(state.as_str()).bind(line.as_str());
    if db.dialect() == Dialect::Postgres {
        statement = statement.bind(state.as_str()).bind(line.as_str());
    }
    let rows = db.fetch_all(statement.bind(end).bind(limit)).await?;
    rows.iter().map(|row| parse_id(&row.text("id")?)).collect()
}

fn read(row: &Row) -> Result<Open, DbError> {
    Ok(Open {
        attempt: attempts::attempt(row)?,
        biz_id: row.opt_text("biz_id")?,
        cause: attempts::cause(row)?,
        probe: row.flag("probe")?,
        requested_at: Millis(row.int("requested_at")?),
        claimed_at: row.opt_millis("claimed_at")?,
    })
}
