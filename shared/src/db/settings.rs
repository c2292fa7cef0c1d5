//! The `settings` table: each row is a version of the document that the console saved.

use crate::clock::Millis;

use super::{DbError, Execute, Row, sql};

/// One version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    /// Counted from 1.
    pub version: i64,
    /// Keys and their values, as JSON.
    pub document: String,
    /// What it changed, as JSON.
    pub changes: String,
    /// Who saved it.
    pub saved_by: String,
    /// When.
    pub saved_at: Millis,
}

const COLUMNS: &str = "version, document, changes, saved_by, saved_at";

/// Up to `limit` versions before `before`, the newest first; `None`: from the newest on.
pub async fn history(
    db: &mut impl Execute,
    before: Option<i64>,
    limit: u32,
) -> Result<Vec<Version>, DbError> {
    let statement = sql(format!(
        "SELECT {COLUMNS} FROM {{settings}} WHERE version < ? ORDER BY version DESC LIMIT ?"
    ));
    let before = before.unwrap_or(i64::MAX);
    let rows = db.fetch_all(statement.bind(before).bind(limit)).await?;
    rows.iter().map(version).collect()
}

/// The newest version.
pub async fn newest(db: &mut impl Execute) -> Result<Option<Version>, DbError> {
    Ok(history(db, None, 1).await?.into_iter().next())
}

/// Adds a version. [`DbError::Duplicate`]: somebody else was faster.
pub async fn insert(db: &mut impl Execute, version: &Version) -> Result<(), DbError> {
    let statement = sql(
        "INSERT INTO {settings} (version, document, changes, saved_by, saved_at) VALUES (?, ?, ?, ?, ?)",
    )
    .bind(version.version)
    .bind(version.document.clone())
    .bind(version.changes.clone())
    .bind(version.saved_by.clone())
    .bind(version.saved_at);
    db.execute(statement).await.map(|_| ())
}

fn version(row: &Row) -> Result<Version, DbError> {
    Ok(Version {
        version: row.int("version")?,
        document: row.text("document")?,
        changes: row.text("changes")?,
        saved_by: row.text("saved_by")?,
        saved_at: Millis(row.int("saved_at")?),
    })
}
