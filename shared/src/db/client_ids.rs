//! The `client_ids` table: names for the client ids that credentials have.

use crate::clock::Millis;

use super::{DbError, Execute, Row, counts, counts::Count, sql};

/// A client id with a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientId {
    /// The client id itself.
    pub client_id: String,
    /// What people call it.
    pub name: String,
    /// When it was added.
    pub created_at: Millis,
    /// When its name changed last.
    pub updated_at: Millis,
}

const COLUMNS: &str = "client_id, name, created_at, updated_at";

/// Up to `limit` of them after `skip`, in order.
pub async fn page(db: &mut impl Execute, skip: i64, limit: u32) -> Result<Vec<ClientId>, DbError> {
    let text = format!("SELECT {COLUMNS} FROM {{client_ids}} ORDER BY client_id LIMIT ? OFFSET ?");
    let rows = db.fetch_all(sql(text).bind(limit).bind(skip)).await?;
    rows.iter().map(client_id).collect()
}

/// How many there are.
pub async fn total(db: &mut impl Execute) -> Result<i64, DbError> {
    let row = db
        .fetch_optional(sql("SELECT COUNT(*) AS n FROM {client_ids}"))
        .await?;
    row.map_or(Ok(0), |row| row.int("n"))
}

/// One of them.
pub async fn read(db: &mut impl Execute, id: &str) -> Result<Option<ClientId>, DbError> {
    let text = format!("SELECT {COLUMNS} FROM {{client_ids}} WHERE client_id = ?");
    let row = db.fetch_optional(sql(text).bind(id)).await?;
    row.as_ref().map(client_id).transpose()
}

/// Adds one. `false`: it is there already.
pub async fn insert(db: &mut impl Execute, new: &ClientId) -> Result<bool, DbError> {
    let statement = sql(
        "INSERT INTO {client_ids} (client_id, name, created_at, updated_at) VALUES (?, ?, ?, ?)",
    )
    .bind(new.client_id.clone())
    .bind(new.name.clone())
    .bind(new.created_at)
    .bind(new.updated_at);
    db.insert_if_absent(statement).await
}

/// Changes a name. `false`: it is not there.
pub async fn rename(
    db: &mut impl Execute,
    id: &str,
    name: &str,
    now: Millis,
) -> Result<bool, DbError> {
    let statement = sql("UPDATE {client_ids} SET name = ?, updated_at = ? WHERE client_id = ?")
        .bind(name)
        .bind(now)
        .bind(id);
    Ok(db.execute(statement).await? == 1)
}

/// Removes one.
pub async fn delete(db: &mut impl Execute, id: &str) -> Result<bool, DbError> {
    let statement = sql("DELETE FROM {client_ids} WHERE client_id = ?").bind(id);
    Ok(db.execute(statement).await? == 1)
}

/// How many credentials have it, deleted ones aside.
pub async fn uses(db: &mut impl Execute, id: &str) -> Result<Count, DbError> {
    counts::users_of(db, "client_id", id.into()).await
}

fn client_id(row: &Row) -> Result<ClientId, DbError> {
    Ok(ClientId {
        client_id: row.text("client_id")?,
        name: row.text("name")?,
        created_at: Millis(row.int("created_at")?),
        updated_at: Millis(row.int("updated_at")?),
    })
}
