//! The `users` table: people whose password was set in the system, which wins over the configuration's.

use crate::{clock::Millis, model::role::Role};

use super::{DbError, Execute, Row, sql};

/// A person.
#[derive(Clone)]
pub struct User {
    /// What they log in with.
    pub username: String,
    /// What they may do.
    pub role: Role,
    /// argon2id in PHC text form.
    pub password_hash: String,
    /// Sessions of another epoch are over.
    pub epoch: i64,
    /// Whether they may log in.
    pub enabled: bool,
    /// When they were added.
    pub created_at: Millis,
    /// When anything of this changed last.
    pub updated_at: Millis,
}

const COLUMNS: &str = "username, role, password_hash, epoch, enabled, created_at, updated_at";

/// Reads a person.
pub async fn read(db: &mut impl Execute, username: &str) -> Result<Option<User>, DbError> {
    let statement = sql(format!(
        "SELECT {COLUMNS} FROM {{users}} WHERE username = ?"
    ));
    let row = db.fetch_optional(statement.bind(username)).await?;
    row.as_ref().map(user).transpose()
}

fn user(row: &Row) -> Result<User, DbError> {
    Ok(User {
        username: row.text("username")?,
        role: Role::parse(&row.text("role")?).ok_or_else(|| DbError::Corrupt {
            table: "users",
            row: row.text("username").unwrap_or_default(),
            column: "role",
            reason: "is no role".into(),
        })?,
        password_hash: row.text("password_hash")?,
        epoch: row.int("epoch")?,
        enabled: row.flag("enabled")?,
        created_at: Millis(row.int("created_at")?),
        updated_at: Millis(row.int("updated_at")?),
    })
}

/// Everybody whose password was set in the system, by name.
pub async fn all(db: &mut impl Execute) -> Result<Vec<User>, DbError> {
    let statement = sql(format!("SELECT {COLUMNS} FROM {{users}} ORDER BY username"));
    let rows = db.fetch_all(statement).await?;
    rows.iter().map(user).collect()
}

/// Adds a person who may log in. `false`: the name is taken.
pub async fn add(
    db: &mut impl Execute,
    username: &str,
    role: Role,
    password_hash: &str,
    now: Millis,
) -> Result<bool, DbError> {
    let insert = sql(
        "INSERT INTO {users} (username, role, password_hash, epoch, enabled, created_at, updated_at) VALUES (?, ?, ?, ?, 1, ?, ?)",
    )
    .bind(username)
    .bind(role.as_str())
    .bind(password_hash)
    // Not 1: sessions of a namesake who was removed before must not come alive again.
    .bind(now)
    .bind(now)
    .bind(now);
    db.insert_if_absent(insert).await
}

/// Sets what a person may do and whether they may log in, and ends all sessions of before. `false`: something was changed
/// since `user` was read, or they are gone.
pub async fn edit(
    db: &mut impl Execute,
    user: &User,
    role: Role,
    enabled: bool,
    now: Millis,
) -> Result<bool, DbError> {
    let statement = sql(
        "UPDATE {users} SET role = ?, enabled = ?, epoch = epoch + 1, updated_at = ? WHERE username = ? AND epoch = ?",
    )
    .bind(role.as_str())
    .bind(enabled)
    .bind(now)
    .bind(user.username.clone())
    .bind(user.epoch);
    Ok(db.execute(statement).await? > 0)
}

/// Removes a person. `false`: there is none of this name.
pub async fn remove(db: &mut impl Execute, username: &str) -> Result<bool, DbError> {
    let statement = sql("DELETE FROM {users} WHERE username = ?").bind(username);
    Ok(db.execute(statement).await? > 0)
}

/// Sets the password of somebody who is known, and ends all sessions of before. `false`: they are not.
pub async fn replace_password(
    db: &mut impl Execute,
    username: &str,
    password_hash: &str,
    now: Millis,
) -> Result<bool, DbError> {
    let statement = sql("UPDATE {users} SET password_hash = ?, epoch = epoch + 1, updated_at = ? WHERE username = ?")
        .bind(password_hash)
        .bind(now)
        .bind(username);
    Ok(db.execute(statement).await? > 0)
}

/// Sets a password, and ends all sessions of before. Whoever is not known yet is added with this role.
pub async fn set_password(
    db: &mut impl Execute,
    username: &str,
    role: Role,
    password_hash: &str,
    now: Millis,
) -> Result<(), DbError> {
    if replace_password(db, username, password_hash, now).await? {
        return Ok(());
    }
    let insert = sql(
        "INSERT INTO {users} (username, role, password_hash, epoch, enabled, created_at, updated_at) VALUES (?, ?, ?, 1, 1, ?, ?)",
    )
    .bind(username)
    .bind(role.as_str())
    .bind(password_hash)
    .bind(now)
    .bind(now);
    // Somebody else may have been first in the meantime; the last one wins.
    if !db.insert_if_absent(insert).await? {
        replace_password(db, username, password_hash, now).await?;
    }
    Ok(())
}
