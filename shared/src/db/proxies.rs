//! The `proxies` table: proxies with names, which credentials refer to by id.

use crate::{
    clock::Millis,
    id::{CredentialId, ProxyId},
    model::grant::{HeldReason, StateName},
};

use super::{DbError, Execute, Row, counts, counts::Count, sql};

/// A named proxy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proxy {
    /// Its id.
    pub id: ProxyId,
    /// Its name: unique, compared byte by byte.
    pub name: String,
    /// The sealed URL.
    pub url: Vec<u8>,
    /// Key of its egress.
    pub egress: String,
    /// Scheme, host and port.
    pub egress_label: String,
    /// Raised with each change.
    pub revision: i64,
    /// When it was added.
    pub created_at: Millis,
    /// When it changed last.
    pub updated_at: Millis,
}

const COLUMNS: &str = "id, name, url, egress, egress_label, revision, created_at, updated_at";

/// All of them, by name.
pub async fn all(db: &mut impl Execute) -> Result<Vec<Proxy>, DbError> {
    let text = format!("SELECT {COLUMNS} FROM {{proxies}} ORDER BY name");
    let rows = db.fetch_all(sql(text)).await?;
    rows.iter().map(proxy).collect()
}

/// Up to `limit` of them by name, after `skip`.
pub async fn page(db: &mut impl Execute, skip: i64, limit: u32) -> Result<Vec<Proxy>, DbError> {
    let text = format!("SELECT {COLUMNS} FROM {{proxies}} ORDER BY name LIMIT ? OFFSET ?");
    let rows = db.fetch_all(sql(text).bind(limit).bind(skip)).await?;
    rows.iter().map(proxy).collect()
}

/// How many there are.
pub async fn total(db: &mut impl Execute) -> Result<i64, DbError> {
    let row = db
        .fetch_optional(sql("SELECT COUNT(*) AS n FROM {proxies}"))
        .await?;
    row.map_or(Ok(0), |row| row.int("n"))
}

/// One of them.
pub async fn by_id(db: &mut impl Execute, id: ProxyId) -> Result<Option<Proxy>, DbError> {
    let text = format!("SELECT {COLUMNS} FROM {{proxies}} WHERE id = ?");
    let row = db.fetch_optional(sql(text).bind(id)).await?;
    row.as_ref().map(proxy).transpose()
}

/// Keeps this one as it is until the transaction ends: whoever refers to it and whoever removes it take turns. `false`: it
/// is not there.
pub async fn hold(db: &mut impl Execute, id: ProxyId) -> Result<bool, DbError> {
    let statement = sql("UPDATE {proxies} SET revision = revision WHERE id = ?").bind(id);
    Ok(db.execute(statement).await? == 1)
}

/// Adds one. [`DbError::Duplicate`]: its name is taken.
pub async fn insert(db: &mut impl Execute, proxy: &Proxy) -> Result<(), DbError> {
    let statement = sql(
        "INSERT INTO {proxies} (id, name, url, egress, egress_label, revision, created_at, updated_at) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(proxy.id)
    .bind(proxy.name.clone())
    .bind(proxy.url.clone())
    .bind(proxy.egress.clone())
    .bind(proxy.egress_label.clone())
    .bind(proxy.revision)
    .bind(proxy.created_at)
    .bind(proxy.updated_at);
    db.execute(statement).await.map(|_| ())
}

/// Changes one that still has the revision before this one's. `false`: it has not.
pub async fn update(db: &mut impl Execute, proxy: &Proxy) -> Result<bool, DbError> {
    let statement = sql("UPDATE {proxies} SET name = ?, url = ?, egress = ?, egress_label = ?, revision = ?, updated_at = ? \
         WHERE id = ? AND revision = ?")
    .bind(proxy.name.clone())
    .bind(proxy.url.clone())
    .bind(proxy.egress.clone())
    .bind(proxy.egress_label.clone())
    .bind(proxy.revision)
    .bind(proxy.updated_at)
    .bind(proxy.id)
    .bind(proxy.revision - 1);
    Ok(db.execute(statement).await? == 1)
}

/// Removes one.
pub async fn delete(db: &mut impl Execute, id: ProxyId) -> Result<bool, DbError> {
    let statement = sql("DELETE FROM {proxies} WHERE id = ?").bind(id);
    Ok(db.execute(statement).await? == 1)
}

/// How many credentials use it, deleted ones aside.
pub async fn uses(db: &mut impl Execute, id: ProxyId) -> Result<Count, DbError> {
    counts::users_of(db, "proxy_id", id.into()).await
}

/// Up to `limit` credentials after `after` that use it and that the upstream refused for its region.
pub async fn refused_for_region(
    db: &mut impl Execute,
    id: ProxyId,
    after: Option<CredentialId>,
    limit: u32,
) -> Result<Vec<CredentialId>, DbError> {
    let statement = sql("SELECT c.id FROM {credentials} c JOIN {grants} g ON g.credential_id = c.id \
         WHERE c.proxy_id = ? AND c.tombstone = '' AND g.state = ? AND g.held_reason = ? AND c.id > ? ORDER BY c.id LIMIT ?")
    .bind(id)
    .bind(StateName::Held.as_str())
    .bind(HeldReason::Region.as_str())
    .bind(after.map_or_else(String::new, |after| after.to_string()))
    .bind(limit);
    let rows = db.fetch_all(statement).await?;
    rows.iter()
        .map(|row| {
            let text = row.text("id")?;
            text.parse().map_err(|_| DbError::Corrupt {
                table: "credentials",
                row: text.clone(),
                column: "id",
                reason: "is no id".into(),
            })
        })
        .collect()
}

fn proxy(row: &Row) -> Result<Proxy, DbError> {
    let text = row.text("id")?;
    Ok(Proxy {
        id: text.parse().map_err(|_| DbError::Corrupt {
            table: "proxies",
            row: text.clone(),
            column: "id",
            reason: "is no id".into(),
        })?,
        name: row.text("name")?,
        url: row.bytes("url")?,
        egress: row.text("egress")?,
        egress_label: row.text("egress_label")?,
        revision: row.int("revision")?,
        created_at: Millis(row.int("created_at")?),
        updated_at: Millis(row.int("updated_at")?),
    })
}
