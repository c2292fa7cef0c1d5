//! What a dashboard shows: how attempts ended, added up by the hour in `refresh_hours`, and counts over all credentials.

use serde::{Deserialize, Serialize};

use crate::{
    clock::Millis,
    model::{
        attempt::OutcomeKind,
        grant::StateName,
        tally::{Hour, Tallies, Tally},
    },
};

use super::{DbError, Execute, sql};

/// Adds what was counted since. In the order of the keys, so that workers cannot dead-lock one another; give it a
/// transaction, so that all of it is added or nothing.
pub async fn add(db: &mut impl Execute, tallies: &Tallies) -> Result<(), DbError> {
    for alike in tallies.iter() {
        let tally = alike.tally;
        let more = || {
            sql(
                "UPDATE {refresh_hours} SET attempts = attempts + ?, duration_ms = duration_ms + ? \
                 WHERE starts_at = ? AND outcome = ? AND code = ?",
            )
            .bind(tally.attempts)
            .bind(tally.duration_ms)
            .bind(alike.hour.starts_at())
            .bind(alike.outcome.as_str())
            .bind(alike.code)
        };
        if db.execute(more()).await? > 0 {
            continue;
        }
        let first = sql("INSERT INTO {refresh_hours} (starts_at, outcome, code, attempts, duration_ms) VALUES (?, ?, ?, ?, ?)")
            .bind(alike.hour.starts_at())
            .bind(alike.outcome.as_str())
            .bind(alike.code)
            .bind(tally.attempts)
            .bind(tally.duration_ms);
        if !db.insert_if_absent(first).await? {
            db.execute(more()).await?;
        }
    }
    Ok(())
}

/// How attempts ended from this hour on. As many rows as there were different endings in these hours, however many attempts.
pub async fn since(db: &mut impl Execute, hour: Hour) -> Result<Tallies, DbError> {
    let statement = sql(
        "SELECT starts_at, outcome, code, attempts, duration_ms FROM {refresh_hours} WHERE starts_at >= ? \
         ORDER BY starts_at, outcome, code",
    )
    .bind(hour.starts_at());
    let mut tallies = Tallies::default();
    for row in db.fetch_all(statement).await? {
        let outcome = row.text("outcome")?;
        let starts_at = Millis(row.int("starts_at")?);
        let outcome = OutcomeKind::parse(&outcome).ok_or_else(|| DbError::Corrupt {
            table: "refresh_hours",
            row: starts_at.0.to_string(),
            column: "outcome",
            reason: "not a value that this program knows".into(),
        })?;
        let tally = Tally {
            attempts: row.int("attempts")?,
            duration_ms: row.int("duration_ms")?,
        };
        tallies.add(Hour::of(starts_at), outcome, &row.text("code")?, tally);
    }
    Ok(tallies)
}

/// Removes up to `limit` rows of hours that began before `before`.
pub async fn prune(db: &mut impl Execute, before: Millis, limit: u32) -> Result<u64, DbError> {
    let oldest = sql(
        "SELECT starts_at, outcome, code FROM {refresh_hours} WHERE starts_at < ? ORDER BY starts_at, outcome, code LIMIT ?",
    );
    let rows = db.fetch_all(oldest.bind(before).bind(limit)).await?;
    let mut removed = 0;
    for row in rows {
        let statement =
            sql("DELETE FROM {refresh_hours} WHERE starts_at = ? AND outcome = ? AND code = ?")
                .bind(row.int("starts_at")?)
                .bind(row.text("outcome")?)
                .bind(row.text("code")?);
        removed += db.execute(statement).await?;
    }
    Ok(removed)
}

/// Counts over all credentials that were not deleted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Census {
    /// How many there are.
    pub total: u64,
    /// How many of them may be refreshed.
    pub enabled: u64,
    /// How many are in each state.
    pub states: Vec<(StateName, u64)>,
    /// How many are due within an hour, those included that wait already.
    pub due_hour: u64,
    /// How many are due within a day.
    pub due_day: u64,
    /// How many access tokens end within an hour without a refresh before that.
    pub expiring_hour: u64,
    /// How many do within a day.
    pub expiring_day: u64,
}

const HOUR: std::time::Duration = std::time::Duration::from_hours(1);
const DAY: std::time::Duration = std::time::Duration::from_hours(24);

/// Counts everything. The cost grows with the number of credentials: this is for the background. The indexes of grants lead, in
/// which no token stands: `SQLite` keeps to the order of a `CROSS JOIN`. `auto`: whether what is due is refreshed by itself.
pub async fn census(db: &mut impl Execute, now: Millis, auto: bool) -> Result<Census, DbError> {
    let mut census = Census {
        states: StateName::ALL.iter().map(|state| (*state, 0)).collect(),
        ..Census::default()
    };
    let statement = sql(
        "SELECT g.state, c.enabled, COUNT(*) AS n FROM {grants} g CROSS JOIN {credentials} c \
         WHERE c.id = g.credential_id AND c.tombstone = '' GROUP BY g.state, c.enabled",
    );
    for row in db.fetch_all(statement).await? {
        let (state, count) = (row.text("state")?, number(row.int("n")?));
        census.total += count;
        census.enabled += if row.flag("enabled")? { count } else { 0 };
        let mut known = census.states.iter_mut();
        if let Some((_, sum)) = known.find(|(name, _)| name.as_str() == state) {
            *sum += count;
        }
    }
    let due = sql(
        "SELECT COUNT(CASE WHEN g.next_refresh_at <= ? THEN 1 END) AS in_hour, COUNT(*) AS in_day \
         FROM {grants} g CROSS JOIN {credentials} c WHERE c.id = g.credential_id AND \
         g.deleted = 0 AND g.next_refresh_at <= ? AND c.enabled = 1",
    );
    if let Some(row) = db
        .fetch_optional(due.bind(now + HOUR).bind(now + DAY))
        .await?
    {
        census.due_hour = number(row.int("in_hour")?);
        census.due_day = number(row.int("in_day")?);
    }
    // What waits or is under way is being refreshed; of the others those are counted that nothing refreshes before the end.
    let expiring = sql(
        "SELECT COUNT(CASE WHEN g.at_expires_at <= ? THEN 1 END) AS in_hour, COUNT(*) AS in_day \
         FROM {grants} g CROSS JOIN {credentials} c WHERE c.id = g.credential_id AND \
         g.at_expires_at > ? AND g.at_expires_at <= ? AND c.tombstone = '' AND (c.enabled = 0 OR g.state IN (?, ?, ?) \
         OR (g.state = ? AND (? = 0 OR g.next_refresh_at IS NULL OR g.next_refresh_at >= g.at_expires_at)))",
    )
    .bind(now + HOUR)
    .bind(now)
    .bind(now + DAY)
    .bind(StateName::Dead.as_str())
    .bind(StateName::Held.as_str())
    .bind(StateName::InDoubt.as_str())
    .bind(StateName::Idle.as_str())
    .bind(auto);
    if let Some(row) = db.fetch_optional(expiring).await? {
        census.expiring_hour = number(row.int("in_hour")?);
        census.expiring_day = number(row.int("in_day")?);
    }
    Ok(census)
}

fn number(count: i64) -> u64 {
    u64::try_from(count).unwrap_or(0)
}
