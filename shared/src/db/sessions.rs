//! The `sessions` table: a session is good for as long as its row is there.

use crate::{clock::Millis, id::SessionId};

use super::{DbError, Execute, Row, in_list, sql};

/// Most sessions of somebody that are listed.
const MAX_LISTED: u32 = 500;

/// A session, from its beginning on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredSession {
    /// Its id, which its token carries (`jti`, RFC 7519 §4.1.7).
    pub id: SessionId,
    /// Whose.
    pub username: String,
    /// From where it was opened.
    pub address: String,
    /// The program that opened it, as it says.
    pub user_agent: Option<String>,
    /// Since when.
    pub created_at: Millis,
    /// Until when, at most.
    pub expires_at: Millis,
}

/// Begins a session.
pub async fn open(db: &mut impl Execute, session: &StoredSession) -> Result<(), DbError> {
    let statement = sql("INSERT INTO {sessions} (id, username, address, user_agent, created_at, expires_at) VALUES (?, ?, ?, ?, ?, ?)")
        .bind(session.id)
        .bind(session.username.clone())
        .bind(session.address.clone())
        .bind(session.user_agent.clone())
        .bind(session.created_at)
        .bind(session.expires_at);
    db.execute(statement).await.map(|_| ())
}

/// Whether a session was opened and not ended.
pub async fn is_open(db: &mut impl Execute, id: SessionId) -> Result<bool, DbError> {
    let row = db
        .fetch_optional(sql("SELECT id FROM {sessions} WHERE id = ?").bind(id))
        .await?;
    Ok(row.is_some())
}

/// Somebody's sessions that have not expired, the newest first.
pub async fn of(
    db: &mut impl Execute,
    username: &str,
    now: Millis,
) -> Result<Vec<StoredSession>, DbError> {
    let statement = sql(
        "SELECT id, username, address, user_agent, created_at, expires_at FROM {sessions} \
         WHERE username = ? AND expires_at > ? ORDER BY username DESC, id DESC LIMIT ?",
    )
    .bind(username)
    .bind(now)
    .bind(MAX_LISTED);
    let rows = db.fetch_all(statement).await?;
    rows.iter().map(session).collect()
}

fn session(row: &Row) -> Result<StoredSession, DbError> {
    let id = row.text("id")?;
    Ok(StoredSession {
        id: id.parse().map_err(|_| DbError::Corrupt {
            table: "sessions",
            row: id,
            column: "id",
            reason: "is no identifier".into(),
        })?,
        username: row.text("username")?,
        address: row.text("address")?,
        user_agent: row.opt_text("user_agent")?,
        created_at: Millis(row.int("created_at")?),
        expires_at: Millis(row.int("expires_at")?),
    })
}

/// Ends a session of this person. `false`: they have no such session.
pub async fn close_of(
    db: &mut impl Execute,
    username: &str,
    id: SessionId,
) -> Result<bool, DbError> {
    let statement = sql("DELETE FROM {sessions} WHERE id = ? AND username = ?")
        .bind(id)
        .bind(username);
    Ok(db.execute(statement).await? > 0)
}

/// Ends a session. `false`: it was over.
pub async fn close(db: &mut impl Execute, id: SessionId) -> Result<bool, DbError> {
    let closed = db
        .execute(sql("DELETE FROM {sessions} WHERE id = ?").bind(id))
        .await?;
    Ok(closed > 0)
}

/// Ends all sessions of somebody.
pub async fn close_all(db: &mut impl Execute, username: &str) -> Result<u64, DbError> {
    db.execute(sql("DELETE FROM {sessions} WHERE username = ?").bind(username))
        .await
}

/// Removes up to `limit` sessions that expired before `before`, and tells how many there were.
pub async fn prune(db: &mut impl Execute, before: Millis, limit: u32) -> Result<u64, DbError> {
    let statement =
        sql("SELECT id FROM {sessions} WHERE expires_at < ? ORDER BY expires_at LIMIT ?")
            .bind(before)
            .bind(limit);
    let found = db.fetch_all(statement).await?;
    if found.is_empty() {
        return Ok(0);
    }
    let ids: Result<Vec<_>, _> = found.iter().map(|row| row.text("id")).collect();
    let text = format!(
        "DELETE FROM {{sessions}} WHERE id IN {}",
        in_list(found.len())
    );
    db.execute(sql(text).bind_list(ids?)).await
}
