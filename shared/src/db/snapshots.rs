//! The `snapshots` table: what was found out about the whole at some time.

use crate::clock::Millis;

use super::{DbError, Execute, sql};

/// Something that was found out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// What it is, in the form that whoever wrote it chose.
    pub value: String,
    /// As of when.
    pub taken_at: Millis,
}

/// Reads what was found out last.
pub async fn read(db: &mut impl Execute, name: &str) -> Result<Option<Snapshot>, DbError> {
    let statement = sql("SELECT value, taken_at FROM {snapshots} WHERE name = ?").bind(name);
    let row = db.fetch_optional(statement).await?;
    row.map(|row| {
        Ok(Snapshot {
            value: row.text("value")?,
            taken_at: Millis(row.int("taken_at")?),
        })
    })
    .transpose()
}

/// Writes down what was found out; something newer stays.
pub async fn write(db: &mut impl Execute, name: &str, snapshot: &Snapshot) -> Result<(), DbError> {
    let renew = || {
        sql("UPDATE {snapshots} SET value = ?, taken_at = ? WHERE name = ? AND taken_at <= ?")
            .bind(snapshot.value.clone())
            .bind(snapshot.taken_at)
            .bind(name)
            .bind(snapshot.taken_at)
    };
    if db.execute(renew()).await? > 0 {
        return Ok(());
    }
    let first = sql("INSERT INTO {snapshots} (name, value, taken_at) VALUES (?, ?, ?)")
        .bind(name)
        .bind(snapshot.value.clone())
        .bind(snapshot.taken_at);
    if !db.insert_if_absent(first).await? {
        // A newer one, or one that came in the meantime and may be older.
        db.execute(renew()).await?;
    }
    Ok(())
}
