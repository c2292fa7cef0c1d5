//! The `sessions` table: a session is good for as long as its row is there.

use crate::{clock::Millis, id::SessionId};

use super::{DbError, Execute, retention, sql};

/// A session that begins.
#[derive(Debug, Clone)]
pub struct NewSession {
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
pub async fn open(db: &mut impl Execute, session: &NewSession) -> Result<(), DbError> {
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

/// Removes up to `limit` sessions that ran out before `before`.
pub async fn prune(db: &mut impl Execute, before: Millis, limit: u32) -> Result<u64, DbError> {
    let statement =
        sql("SELECT id FROM {sessions} WHERE expires_at < ? ORDER BY expires_at LIMIT ?");
    let rows = db.fetch_all(statement.bind(before).bind(limit)).await?;
    retention::remove(db, "sessions", "id", retention::texts(&rows, "id")?).await
}
