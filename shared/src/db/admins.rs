//! The `admins` table: passwords that were set in the system, which win over the configuration's.

use crate::clock::Millis;

use super::{DbError, Execute, sql};

/// An administrator's password.
#[derive(Clone)]
pub struct Admin {
    /// argon2id in PHC text form.
    pub password_hash: String,
    /// Sessions of another epoch are over.
    pub epoch: i64,
}

/// Reads an administrator.
pub async fn read(db: &mut impl Execute, username: &str) -> Result<Option<Admin>, DbError> {
    let row = db
        .fetch_optional(
            sql("SELECT password_hash, epoch FROM {admins} WHERE username = ?").bind(username),
        )
        .await?;
    row.map(|row| {
        Ok(Admin {
            password_hash: row.text("password_hash")?,
            epoch: row.int("epoch")?,
        })
    })
    .transpose()
}

/// Sets a password and ends all sessions of before.
pub async fn set_password(
    db: &mut impl Execute,
    username: &str,
    password_hash: &str,
    now: Millis,
) -> Result<(), DbError> {
    let update = || {
        sql("UPDATE {admins} SET password_hash = ?, epoch = epoch + 1, updated_at = ? WHERE username = ?")
            .bind(password_hash)
            .bind(now)
            .bind(username)
    };
    if db.execute(update()).await? > 0 {
        return Ok(());
    }
    let insert = sql(
        "INSERT INTO {admins} (username, password_hash, epoch, updated_at) VALUES (?, ?, 1, ?)",
    )
    .bind(username)
    .bind(password_hash)
    .bind(now);
    // Somebody else may have been first in the meantime; the last one wins.
    if !db.insert_if_absent(insert).await? {
        db.execute(update()).await?;
    }
    Ok(())
}
