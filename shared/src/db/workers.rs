//! The `workers` table: one row for each start of a worker, kept alive by its heartbeat.

use std::time::Duration;

use crate::{clock::Millis, deadlines::MISSED_HEARTBEATS, id::BootId};

use super::{DbError, Execute, Row, sql};

/// A worker process, as it registers itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkerInfo {
    /// This start of it.
    pub boot_id: String,
    /// Host name.
    pub host: String,
    /// Program version.
    pub version: String,
    /// When it started.
    pub started_at: Millis,
    /// The lanes that it works on, separated by commas; empty where it is older than this column.
    pub lanes: String,
}

/// A worker that has said not long ago that it lives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveWorker {
    /// What it registered.
    pub info: WorkerInfo,
    /// When it last said that it lives.
    pub heartbeat_at: Millis,
    /// What it said of itself then.
    pub pulse: Pulse,
    /// When the halt began for which it has last replayed all journals that it sees.
    pub replayed_halt: Option<Millis>,
}

/// What a worker says of itself with each heartbeat.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pulse {
    /// Calls under way.
    pub in_flight: u32,
    /// Why it claims nothing; `None`: it works.
    pub not_claiming: Option<String>,
    /// Why its journal takes nothing; `None`: it does.
    pub journal_failure: Option<String>,
    /// Damaged places in the journals that it sees.
    pub journal_damage: u32,
    /// Answers in those journals that it could not read or open.
    pub journal_unreadable: u32,
}

/// Length of the columns for reasons on MySQL, in characters.
const MAX_REASON: usize = 255;

/// Registers a worker.
pub async fn register_worker(db: &mut impl Execute, worker: &WorkerInfo) -> Result<(), DbError> {
    let statement = sql(
        "INSERT INTO {workers} (boot_id, host, version, started_at, heartbeat_at, in_flight, lanes) \
         VALUES (?, ?, ?, ?, ?, 0, ?)",
    )
    .bind(worker.boot_id.clone())
    .bind(worker.host.clone())
    .bind(worker.version.clone())
    .bind(worker.started_at)
    .bind(worker.started_at)
    .bind(worker.lanes.clone());
    db.execute(statement).await.map(|_| ())
}

/// Notes that a worker lives. `false`: its row is gone, it registers again.
pub async fn beat_worker(
    db: &mut impl Execute,
    id: BootId,
    now: Millis,
    pulse: &Pulse,
) -> Result<bool, DbError> {
    let statement = sql("UPDATE {workers} SET heartbeat_at = ?, in_flight = ?, not_claiming = ?, journal_failure = ?, \
         journal_damage = ?, journal_unreadable = ? WHERE boot_id = ?")
    .bind(now)
    .bind(pulse.in_flight)
    .bind(short(pulse.not_claiming.as_deref()))
    .bind(short(pulse.journal_failure.as_deref()))
    .bind(pulse.journal_damage)
    .bind(pulse.journal_unreadable)
    .bind(id);
    Ok(db.execute(statement).await? == 1)
}

/// Notes that a worker has replayed all journals that it sees under the halt that began at `halt`.
pub async fn halt_replayed(db: &mut impl Execute, id: BootId, halt: Millis) -> Result<(), DbError> {
    let statement = sql("UPDATE {workers} SET replayed_halt = ? WHERE boot_id = ?")
        .bind(halt)
        .bind(id);
    db.execute(statement).await.map(|_| ())
}

/// Notes that a worker ended in order.
pub async fn stop_worker(db: &mut impl Execute, id: BootId, now: Millis) -> Result<(), DbError> {
    let statement = sql(
        "UPDATE {workers} SET stopped_at = ?, heartbeat_at = ?, in_flight = 0 WHERE boot_id = ?",
    )
    .bind(now)
    .bind(now)
    .bind(id);
    db.execute(statement).await.map(|_| ())
}

/// Workers whose last sign of life is at or after `since`.
pub async fn live_workers(
    db: &mut impl Execute,
    since: Millis,
) -> Result<Vec<LiveWorker>, DbError> {
    let text = format!("{SELECT} WHERE heartbeat_at >= ? AND stopped_at IS NULL ORDER BY boot_id");
    let rows = db.fetch_all(sql(text).bind(since)).await?;
    rows.iter().map(worker).collect()
}

/// A worker that lives, or that was seen not long ago.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownWorker {
    /// What it said last.
    pub last: LiveWorker,
    /// When it ended in order; `None`: it lives, or has vanished.
    pub stopped_at: Option<Millis>,
}

/// Up to `limit` workers that are not forgotten yet, those first that were seen last.
pub async fn known_workers(db: &mut impl Execute, limit: u32) -> Result<Vec<KnownWorker>, DbError> {
    let text = format!("{SELECT} ORDER BY heartbeat_at DESC, boot_id DESC LIMIT ?");
    let rows = db.fetch_all(sql(text).bind(limit)).await?;
    rows.iter()
        .map(|row| {
            Ok(KnownWorker {
                last: worker(row)?,
                stopped_at: row.opt_millis("stopped_at")?,
            })
        })
        .collect()
}

const SELECT: &str = "SELECT boot_id, host, version, started_at, heartbeat_at, in_flight, lanes, not_claiming, journal_failure, \
     journal_damage, journal_unreadable, replayed_halt, stopped_at FROM {workers}";

fn worker(row: &Row) -> Result<LiveWorker, DbError> {
    Ok(LiveWorker {
        info: WorkerInfo {
            boot_id: row.text("boot_id")?,
            host: row.text("host")?,
            version: row.text("version")?,
            started_at: Millis(row.int("started_at")?),
            lanes: row.text("lanes")?,
        },
        heartbeat_at: Millis(row.int("heartbeat_at")?),
        replayed_halt: row.opt_millis("replayed_halt")?,
        pulse: Pulse {
            in_flight: row.count("in_flight")?,
            not_claiming: row.opt_text("not_claiming")?,
            journal_failure: row.opt_text("journal_failure")?,
            journal_damage: row.count("journal_damage")?,
            journal_unreadable: row.count("journal_unreadable")?,
        },
    })
}

/// The oldest last sign of life of a worker that counts as alive at `now` (database time).
pub fn alive_since(now: Millis, heartbeat: Duration) -> Millis {
    now - heartbeat.saturating_mul(MISSED_HEARTBEATS)
}

/// Forgets workers that were last seen before `before`.
pub async fn forget_workers(db: &mut impl Execute, before: Millis) -> Result<u64, DbError> {
    db.execute(sql("DELETE FROM {workers} WHERE heartbeat_at < ?").bind(before))
        .await
}

/// A reason, cut to what its column takes: a path or an error of the system may be long.
fn short(reason: Option<&str>) -> Option<String> {
    reason.map(|text| text.chars().take(MAX_REASON).collect())
}
