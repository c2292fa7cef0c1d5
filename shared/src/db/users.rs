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

/// Sets a password, and ends all sessions of before. Whoever is not known yet is added with this role.
pub async fn set_password(
    db: &mut impl Execute,
    username: &str,
    role: Role,
    password_hash: &str,
    now: Millis,
) -> Result<(), DbError> {
    let update = || {
        sql("UPDATE {users} SET password_hash = ?, epoch = epoch + 1, updated_at = ? WHERE username = ?")
            .bind(password_hash)
            .bind(now)
            .bind(username)
    };
    if db.execute(update()).await? > 0 {
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
        db.execute(update()).await?;
    }
    Ok(())
}
