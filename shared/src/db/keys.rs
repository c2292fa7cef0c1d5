//! The `api_keys` table. A key that was revoked stays, for whoever reads the audit log.

use std::collections::BTreeSet;

use crate::{
    clock::Millis,
    id::KeyId,
    model::key::{ApiKey, KeyHash, KeyProfile, Reach, ReachKind, Scope, Scopes},
};

use super::{DbError, Execute, Row, sql};

const COLUMNS: &str = "id, name, prefix, hash, scopes, reach_kind, reach, rate_limit_per_minute, enabled, expires_at, \
     revoked_at, last_used_at, created_by, created_at, updated_at, revision";

/// Behind every identifier.
const END: &str = "~";

/// Adds a key.
pub async fn insert(db: &mut impl Execute, key: &ApiKey) -> Result<(), DbError> {
    let profile = &key.profile;
    let statement = sql(format!(
        "INSERT INTO {{api_keys}} ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
    ))
    .bind(key.id)
    .bind(profile.name.clone())
    .bind(key.prefix.clone())
    .bind(key.hash.as_str())
    .bind(written(profile.scopes))
    .bind(profile.reach.kind().as_str())
    .bind(listed(&profile.reach))
    .bind(profile.rate_limit_per_minute)
    .bind(profile.enabled)
    .bind(profile.expires_at)
    .bind(key.revoked_at)
    .bind(key.last_used_at)
    .bind(key.created_by.clone())
    .bind(key.created_at)
    .bind(key.updated_at)
    .bind(key.revision);
    db.execute(statement).await.map(|_| ())
}

/// Finds a key by the hash of its secret.
pub async fn by_hash(db: &mut impl Execute, hash: &KeyHash) -> Result<Option<ApiKey>, DbError> {
    let statement = sql(format!("SELECT {COLUMNS} FROM {{api_keys}} WHERE hash = ?"));
    let row = db.fetch_optional(statement.bind(hash.as_str())).await?;
    row.as_ref().map(key).transpose()
}

/// Reads a key.
pub async fn read(db: &mut impl Execute, id: KeyId) -> Result<Option<ApiKey>, DbError> {
    let statement = sql(format!("SELECT {COLUMNS} FROM {{api_keys}} WHERE id = ?"));
    let row = db.fetch_optional(statement.bind(id)).await?;
    row.as_ref().map(key).transpose()
}

/// Up to `limit` keys that were revoked, or were not, newest first; those before `before`, where it is given.
pub async fn list(
    db: &mut impl Execute,
    revoked: bool,
    before: Option<KeyId>,
    limit: u32,
) -> Result<Vec<ApiKey>, DbError> {
    let not = if revoked { "NOT" } else { "" };
    let statement = sql(format!(
        "SELECT {COLUMNS} FROM {{api_keys}} WHERE id < ? AND revoked_at IS {not} NULL ORDER BY id DESC LIMIT ?"
    ))
    .bind(before.map_or_else(|| END.to_owned(), |id| id.to_string()))
    .bind(limit);
    let rows = db.fetch_all(statement).await?;
    rows.iter().map(key).collect()
}

/// Changes a key that has this revision still and was not revoked. `false`: it has not, or was.
pub async fn update(
    db: &mut impl Execute,
    id: KeyId,
    revision: i64,
    profile: &KeyProfile,
    now: Millis,
) -> Result<bool, DbError> {
    let statement = sql("UPDATE {api_keys} SET name = ?, scopes = ?, reach_kind = ?, reach = ?, rate_limit_per_minute = ?, \
         enabled = ?, expires_at = ?, updated_at = ?, revision = revision + 1 \
         WHERE id = ? AND revision = ? AND revoked_at IS NULL")
    .bind(profile.name.clone())
    .bind(written(profile.scopes))
    .bind(profile.reach.kind().as_str())
    .bind(listed(&profile.reach))
    .bind(profile.rate_limit_per_minute)
    .bind(profile.enabled)
    .bind(profile.expires_at)
    .bind(now)
    .bind(id)
    .bind(revision);
    Ok(db.execute(statement).await? == 1)
}

/// Revokes a key. `false`: it was revoked before, or there is none.
pub async fn revoke(db: &mut impl Execute, id: KeyId, now: Millis) -> Result<bool, DbError> {
    let statement = sql(
        "UPDATE {api_keys} SET revoked_at = ?, updated_at = ?, revision = revision + 1 \
         WHERE id = ? AND revoked_at IS NULL",
    )
    .bind(now)
    .bind(now)
    .bind(id);
    Ok(db.execute(statement).await? == 1)
}

/// Notes when a key was used last, unless a later time is known.
pub async fn used(db: &mut impl Execute, id: KeyId, at: Millis) -> Result<(), DbError> {
    let statement = sql("UPDATE {api_keys} SET last_used_at = ? WHERE id = ? AND (last_used_at IS NULL OR last_used_at < ?)")
        .bind(at)
        .bind(id)
        .bind(at);
    db.execute(statement).await.map(|_| ())
}

fn written(scopes: Scopes) -> String {
    let names: Vec<_> = scopes.list().into_iter().map(Scope::as_str).collect();
    names.join(",")
}

fn listed(reach: &Reach) -> String {
    let list: serde_json::Value = reach.values().collect();
    list.to_string()
}

fn key(row: &Row) -> Result<ApiKey, DbError> {
    let id = row.text("id")?;
    let corrupt = |column| DbError::Corrupt {
        table: "api_keys",
        row: id.clone(),
        column,
        reason: "not a value that this program knows".into(),
    };
    let scopes: Option<Vec<Scope>> = row.text("scopes")?.split(',').map(Scope::parse).collect();
    let list = || {
        let list = serde_json::from_str::<BTreeSet<String>>(&row.text("reach")?);
        list.map_err(|_| corrupt("reach"))
    };
    let kind = ReachKind::parse(&row.text("reach_kind")?);
    let limit = row.opt_int("rate_limit_per_minute")?;
    Ok(ApiKey {
        profile: KeyProfile {
            name: row.text("name")?,
            scopes: Scopes::new(&scopes.ok_or_else(|| corrupt("scopes"))?),
            reach: match kind.ok_or_else(|| corrupt("reach_kind"))? {
                ReachKind::All => Reach::All,
                ReachKind::Tags => Reach::Tags(list()?),
                ReachKind::BizIds => Reach::BizIds(list()?),
            },
            expires_at: row.opt_millis("expires_at")?,
            rate_limit_per_minute: limit
                .map(u32::try_from)
                .transpose()
                .map_err(|_| corrupt("rate_limit_per_minute"))?,
            enabled: row.flag("enabled")?,
        },
        prefix: row.text("prefix")?,
        hash: KeyHash::from_stored(row.text("hash")?),
        revoked_at: row.opt_millis("revoked_at")?,
        last_used_at: row.opt_millis("last_used_at")?,
        created_by: row.text("created_by")?,
        created_at: Millis(row.int("created_at")?),
        updated_at: Millis(row.int("updated_at")?),
        revision: row.int("revision")?,
        id: id.parse().map_err(|_| corrupt("id"))?,
    })
}
