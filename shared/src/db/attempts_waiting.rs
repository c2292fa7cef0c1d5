//! Attempts that wait for a worker, as the dispatcher sees them.

use super::{
    DbError, Dialect, Execute, Row, Statement, attempts::parse_id, grants::credential_id, in_list,
    sql,
};
use crate::{
    clock::Millis,
    id::{AttemptId, CredentialId},
    model::attempt::{AttemptState, Line},
};

/// An attempt that no worker has claimed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// Its id.
    pub id: AttemptId,
    /// Whose refresh.
    pub credential: CredentialId,
    /// When it was asked for.
    pub requested_at: Millis,
    /// When it was last pushed to the queue and not given back since.
    pub pushed_at: Option<Millis>,
    /// The egress that its credential has now, as stored there: the one of the time of asking may be out of date.
    pub egress: String,
}

/// Up to `limit` waiting attempts of a line that come after `after`, oldest first. Reads that many rows whatever waits
/// in total; the caller looks through a long line page by page. The page is cut before the join, so that no server
/// reads more for it.
pub async fn waiting(
    db: &mut impl Execute,
    line: Line,
    after: Option<AttemptId>,
    limit: u32,
) -> Result<Vec<Waiting>, DbError> {
    let text = format!(
        "SELECT w.id, w.credential_id, w.requested_at, w.pushed_at, c.egress FROM \
         (SELECT a.id, a.credential_id, a.requested_at, a.pushed_at FROM {{attempts}} a WHERE {} LIMIT ?) AS w \
         LEFT JOIN {{credentials}} c ON c.id = w.credential_id ORDER BY w.id",
        in_line(db.dialect(), "")
    );
    let statement = bind_line(sql(text), db.dialect(), line, after).bind(limit);
    let rows = db.fetch_all(statement).await?;
    rows.iter().map(read).collect()
}

/// The condition for a line's attempts behind one of them, and their order: a piece of the index `open`. PostgreSQL takes
/// rows for evenly spread and would look for a line's in the order of the primary key, behind the whole history, unless
/// no other index has the order that is asked for; MySQL and `SQLite` use the index for plain comparisons.
fn in_line(dialect: Dialect, further: &str) -> String {
    match dialect {
        Dialect::Postgres => format!(
            "(a.state, a.lane, a.id) > (?, ?, ?) AND (a.state, a.lane, a.id) < (?, ?, '{AFTER_ALL}') {further} \
             ORDER BY a.state, a.lane, a.id"
        ),
        Dialect::Sqlite | Dialect::MySql => {
            format!("a.state = ? AND a.lane = ? AND a.id > ? {further} ORDER BY a.id")
        }
    }
}

/// Behind every identifier.
const AFTER_ALL: char = '~';

fn bind_line(
    statement: Statement,
    dialect: Dialect,
    line: Line,
    after: Option<AttemptId>,
) -> Statement {
    let (state, line) = (AttemptState::Queued.as_str(), line.as_str());
    let after = after.map(|id| id.to_string()).unwrap_or_default();
    let statement = statement.bind(state).bind(line).bind(after);
    match dialect {
        Dialect::Postgres => statement.bind(state).bind(line),
        Dialect::Sqlite | Dialect::MySql => statement,
    }
}

fn read(row: &Row) -> Result<Waiting, DbError> {
    Ok(Waiting {
        id: parse_id(&row.text("id")?)?,
        credential: credential_id(row, "attempts")?,
        requested_at: Millis(row.int("requested_at")?),
        pushed_at: row.opt_millis("pushed_at")?,
        egress: row.opt_text("egress")?.unwrap_or_default(),
    })
}

/// How many attempts of a line wait whose credential's egress is not among `without`, counted up to `limit`.
pub async fn queued(
    db: &mut impl Execute,
    line: Line,
    without: &[String],
    limit: u32,
) -> Result<u32, DbError> {
    let (join, condition) = if without.is_empty() {
        ("", String::new())
    } else {
        (
            "LEFT JOIN {credentials} c ON c.id = a.credential_id",
            format!(
                "AND COALESCE(c.egress, '') NOT IN {}",
                in_list(without.len())
            ),
        )
    };
    let text = format!(
        "SELECT COUNT(*) AS n FROM (SELECT a.id FROM {{attempts}} a {join} WHERE {} LIMIT ?) AS q",
        in_line(db.dialect(), &condition)
    );
    let mut statement = bind_line(sql(text), db.dialect(), line, None);
    if !without.is_empty() {
        statement = statement.bind_list(without.iter().cloned());
    }
    let statement = statement.bind(limit);
    db.fetch_optional(statement)
        .await?
        .map_or(Ok(0), |row| row.count("n"))
}
