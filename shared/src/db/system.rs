//! The installation's own rows: `switches`, `system_secrets`, `vault_keys`.

use crate::clock::Millis;

use super::{DbError, Execute, sql};

/// No refresh is started anywhere; an operator's choice.
pub const PAUSED: &str = "paused";
/// No refresh is started anywhere, because the database is older than a journal; an operator lifts it.
pub const HALTED: &str = "halted";

/// A switch that is on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Switch {
    /// [`PAUSED`] or [`HALTED`].
    pub name: String,
    /// Why it is on, for people.
    pub reason: String,
    /// Since when.
    pub since: Millis,
}

/// The switches that are on.
pub async fn switches(db: &mut impl Execute) -> Result<Vec<Switch>, DbError> {
    let rows = db
        .fetch_all(sql(
            "SELECT name, reason, set_at FROM {switches} ORDER BY name",
        ))
        .await?;
    rows.iter()
        .map(|row| {
            Ok(Switch {
                name: row.text("name")?,
                reason: row.text("reason")?,
                since: Millis(row.int("set_at")?),
            })
        })
        .collect()
}

/// Turns a switch on. `false`: it is on already, and the first reason stays.
pub async fn switch_on(
    db: &mut impl Execute,
    name: &str,
    reason: &str,
    now: Millis,
) -> Result<bool, DbError> {
    let statement = sql("INSERT INTO {switches} (name, reason, set_at) VALUES (?, ?, ?)")
        .bind(name)
        .bind(reason)
        .bind(now);
    db.insert_if_absent(statement).await
}

/// Turns a switch off. `false`: it was off.
pub async fn switch_off(db: &mut impl Execute, name: &str) -> Result<bool, DbError> {
    Ok(db
        .execute(sql("DELETE FROM {switches} WHERE name = ?").bind(name))
        .await?
        > 0)
}

/// Reads a sealed value of the installation.
pub async fn secret(db: &mut impl Execute, name: &str) -> Result<Option<Vec<u8>>, DbError> {
    let row = db
        .fetch_optional(sql("SELECT value FROM {system_secrets} WHERE name = ?").bind(name))
        .await?;
    row.map(|row| row.bytes("value")).transpose()
}

/// Stores a sealed value unless one stands there. `false`: one stood there; read it.
pub async fn create_secret(
    db: &mut impl Execute,
    name: &str,
    value: Vec<u8>,
) -> Result<bool, DbError> {
    let statement = sql("INSERT INTO {system_secrets} (name, value) VALUES (?, ?)")
        .bind(name)
        .bind(value);
    db.insert_if_absent(statement).await
}

/// A registered sealing key.
#[derive(Debug, Clone)]
pub struct RegisteredKey {
    /// Its id.
    pub key_id: String,
    /// A known text sealed with it.
    pub check_value: Vec<u8>,
    /// Since when this database knows it.
    pub since: Millis,
}

/// The sealing keys that this database's values need.
pub async fn keys(db: &mut impl Execute) -> Result<Vec<RegisteredKey>, DbError> {
    let rows = db
        .fetch_all(sql(
            "SELECT key_id, check_value, created_at FROM {vault_keys} ORDER BY created_at, key_id",
        ))
        .await?;
    rows.iter()
        .map(|row| {
            Ok(RegisteredKey {
                key_id: row.text("key_id")?,
                check_value: row.bytes("check_value")?,
                since: Millis(row.int("created_at")?),
            })
        })
        .collect()
}

/// Registers a key. `false`: it is registered already.
pub async fn register_key(db: &mut impl Execute, key: &RegisteredKey) -> Result<bool, DbError> {
    let statement =
        sql("INSERT INTO {vault_keys} (key_id, check_value, created_at) VALUES (?, ?, ?)")
            .bind(key.key_id.clone())
            .bind(key.check_value.clone())
            .bind(key.since);
    db.insert_if_absent(statement).await
}
