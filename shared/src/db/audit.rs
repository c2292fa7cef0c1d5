//! The `audit` table: who did what. It is written in the transaction of what it tells of, and never changed.

use crate::{
    clock::Millis,
    id::AuditId,
    model::audit::{Actor, Deed},
};

use super::{DbError, Execute, retention, sql};

/// Length of the narrowest columns for texts from outside on MySQL, in characters.
const MAX_NAME: usize = 255;

/// Writes down what somebody did. Give it the transaction of the deed itself.
pub async fn record(
    db: &mut impl Execute,
    actor: &Actor,
    deed: &Deed,
    now: Millis,
) -> Result<AuditId, DbError> {
    let id = AuditId::generate();
    let (target_kind, target) = match &deed.target {
        Some((kind, target)) => (Some(kind.as_str()), Some(short(target))),
        None => (None, None),
    };
    let detail = serde_json::Value::Object(deed.detail.clone());
    let statement = sql("INSERT INTO {audit} (id, at, actor_kind, actor, address, request_id, action, target_kind, target, detail) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
    .bind(id)
    .bind(now)
    .bind(actor.kind.as_str())
    .bind(short(&actor.name))
    .bind(actor.address.clone())
    .bind(actor.request_id.clone())
    .bind(deed.action.as_str())
    .bind(target_kind)
    .bind(target)
    .bind(detail.to_string());
    db.execute(statement).await?;
    Ok(id)
}

fn short(text: &str) -> String {
    text.chars().take(MAX_NAME).collect()
}

/// Removes up to `limit` entries from before `before`, the oldest first.
pub async fn prune(db: &mut impl Execute, before: Millis, limit: u32) -> Result<u64, DbError> {
    let statement = sql("SELECT id FROM {audit} WHERE id < ? AND at < ? ORDER BY id LIMIT ?")
        .bind(AuditId::earliest(before))
        .bind(before)
        .bind(limit);
    let ids = retention::texts(&db.fetch_all(statement).await?, "id")?;
    retention::remove(db, "audit", "id", ids).await
}
