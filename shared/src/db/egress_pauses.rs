//! The `egress_pauses` table: ways out through which nothing is called, because an operator said so. And the ways out that
//! credentials use.

use crate::clock::Millis;

use super::{
    DbError, Execute,
    coordination::{self, EgressHold},
    sql,
};

/// A way out that is paused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EgressPause {
    /// Its key.
    pub egress: String,
    /// Its name without credentials.
    pub label: String,
    /// Why, for people.
    pub reason: String,
    /// Since when.
    pub since: Millis,
}

/// Reason of a hold that ends when an operator says so, at no time.
pub const PAUSED: &str = "paused";
/// Until when it is: for ever.
const FOR_EVER: Millis = Millis(i64::MAX);

/// All ways out that are paused.
pub async fn all(db: &mut impl Execute) -> Result<Vec<EgressPause>, DbError> {
    let statement =
        sql("SELECT egress, label, reason, set_at FROM {egress_pauses} ORDER BY egress");
    let rows = db.fetch_all(statement).await?;
    rows.iter()
        .map(|row| {
            Ok(EgressPause {
                egress: row.text("egress")?,
                label: row.text("label")?,
                reason: row.text("reason")?,
                since: Millis(row.int("set_at")?),
            })
        })
        .collect()
}

/// Pauses a way out. `false`: it was paused, and the first reason stays.
pub async fn pause(db: &mut impl Execute, pause: &EgressPause) -> Result<bool, DbError> {
    let statement =
        sql("INSERT INTO {egress_pauses} (egress, label, reason, set_at) VALUES (?, ?, ?, ?)")
            .bind(pause.egress.clone())
            .bind(pause.label.clone())
            .bind(pause.reason.clone())
            .bind(pause.since);
    db.insert_if_absent(statement).await
}

/// Lets a way out be used again. `false`: it was not paused.
pub async fn resume(db: &mut impl Execute, egress: &str) -> Result<bool, DbError> {
    let statement = sql("DELETE FROM {egress_pauses} WHERE egress = ?").bind(egress);
    Ok(db.execute(statement).await? > 0)
}

/// The ways out that must not be used, or have to be tried first: those that are not known to work, and those that are paused.
pub async fn obstacles(db: &mut impl Execute) -> Result<Vec<EgressHold>, DbError> {
    let mut holds = coordination::egress_holds(db).await?;
    for pause in all(db).await? {
        holds.retain(|hold| hold.egress != pause.egress);
        holds.push(EgressHold {
            egress: pause.egress,
            label: pause.label,
            hold_until: FOR_EVER,
            reason: PAUSED.to_owned(),
        });
    }
    Ok(holds)
}

/// A way out, as it is stored with credentials.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Way {
    /// As stored.
    pub egress: String,
    /// Its name without credentials.
    pub label: String,
}

/// Up to `limit` ways out that are stored with credentials. The cost grows with the number of ways, not of credentials: each is
/// found by one step in an index.
pub async fn in_use(db: &mut impl Execute, limit: u32) -> Result<Vec<Way>, DbError> {
    let statement = sql(
        "WITH RECURSIVE ways (egress, place) AS (SELECT MIN(egress), 1 FROM {credentials} UNION ALL \
         SELECT (SELECT MIN(c.egress) FROM {credentials} c WHERE c.egress > w.egress), w.place + 1 FROM ways w \
         WHERE w.egress IS NOT NULL AND w.place < ?) \
         SELECT w.egress, (SELECT c.egress_label FROM {credentials} c WHERE c.egress = w.egress LIMIT 1) AS label \
         FROM ways w WHERE w.egress IS NOT NULL ORDER BY w.egress",
    );
    let rows = db.fetch_all(statement.bind(limit)).await?;
    rows.iter()
        .map(|row| {
            Ok(Way {
                egress: row.text("egress")?,
                label: row.opt_text("label")?.unwrap_or_default(),
            })
        })
        .collect()
}

/// Whether a credential has this way out stored; then its label.
pub async fn label_of(db: &mut impl Execute, egress: &str) -> Result<Option<String>, DbError> {
    let statement = sql("SELECT egress_label FROM {credentials} WHERE egress = ? LIMIT 1");
    let row = db.fetch_optional(statement.bind(egress)).await?;
    row.map(|row| row.text("egress_label")).transpose()
}
