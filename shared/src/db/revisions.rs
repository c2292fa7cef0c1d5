//! The `revisions` table: numbers that tell a process with one cheap look whether what it knows is up to date. They are
//! raised in the transaction of each change, which also lets one change wait for another.

use super::{DbError, Execute, sql};

/// What has a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// The settings document; its number is its version.
    Settings,
    /// The named proxies.
    Proxies,
}

impl Subject {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Settings => "settings",
            Self::Proxies => "proxies",
        }
    }
}

/// How far the database is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Revisions {
    /// The newest version of the settings document; 0: nothing was ever saved.
    pub settings: i64,
    /// Raised with each change of a named proxy.
    pub proxies: i64,
}

/// Reads all numbers.
pub async fn read(db: &mut impl Execute) -> Result<Revisions, DbError> {
    let mut found = Revisions::default();
    let rows = db
        .fetch_all(sql("SELECT name, revision FROM {revisions}"))
        .await?;
    for row in rows {
        let revision = row.int("revision")?;
        match row.text("name")?.as_str() {
            "settings" => found.settings = revision,
            "proxies" => found.proxies = revision,
            _ => {}
        }
    }
    Ok(found)
}

/// Raises a number. Other transactions that do so wait until this one has ended.
pub async fn raise(db: &mut impl Execute, subject: Subject) -> Result<(), DbError> {
    let update = || {
        sql("UPDATE {revisions} SET revision = revision + 1 WHERE name = ?").bind(subject.as_str())
    };
    if db.execute(update()).await? > 0 {
        return Ok(());
    }
    let insert =
        sql("INSERT INTO {revisions} (name, revision) VALUES (?, 1)").bind(subject.as_str());
    if !db.insert_if_absent(insert).await? {
        db.execute(update()).await?;
    }
    Ok(())
}
