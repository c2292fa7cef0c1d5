//! The tables by which processes know of one another: `leases`, `egresses`, and `workers` (in `workers.rs`).

use crate::{clock::Millis, id::BootId};

use super::{DbError, Dialect, Execute, Tx, sql};

pub use super::workers::{
    KnownWorker, LiveWorker, Pulse, WorkerInfo, alive_since, beat_worker, forget_workers,
    halt_replayed, known_workers, live_workers, register_worker, stop_worker,
};

/// A lease: who holds it, and a number that its holder keeps raising.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// The holder's boot id.
    pub holder: String,
    /// Stands still when the holder is gone. Watchers judge it by their own clock, never by a stored time.
    pub beat: i64,
}

/// Reads a lease.
pub async fn lease(db: &mut impl Execute, name: &str) -> Result<Option<Lease>, DbError> {
    let row = db
        .fetch_optional(sql("SELECT holder, beat FROM {leases} WHERE name = ?").bind(name))
        .await?;
    row.map(|row| {
        Ok(Lease {
            holder: row.text("holder")?,
            beat: row.int("beat")?,
        })
    })
    .transpose()
}

/// Takes a lease that nobody ever held. `false`: somebody was faster.
pub async fn create_lease(
    db: &mut impl Execute,
    name: &str,
    holder: BootId,
) -> Result<bool, DbError> {
    let statement = sql("INSERT INTO {leases} (name, holder, beat) VALUES (?, ?, 1)")
        .bind(name)
        .bind(holder);
    db.insert_if_absent(statement).await
}

/// Renews or takes over a lease that still looks as `seen`. `false`: it does not.
pub async fn renew_lease(
    db: &mut impl Execute,
    name: &str,
    seen: &Lease,
    holder: BootId,
) -> Result<bool, DbError> {
    let statement =
        sql("UPDATE {leases} SET holder = ?, beat = ? WHERE name = ? AND holder = ? AND beat = ?")
            .bind(holder)
            .bind(seen.beat.wrapping_add(1))
            .bind(name)
            .bind(seen.holder.clone())
            .bind(seen.beat);
    Ok(db.execute(statement).await? == 1)
}

/// Gives a lease up that still looks as `seen`, so that another process takes it at once.
pub async fn release_lease(db: &mut impl Execute, name: &str, seen: &Lease) -> Result<(), DbError> {
    let statement =
        sql("UPDATE {leases} SET holder = '', beat = ? WHERE name = ? AND holder = ? AND beat = ?")
            .bind(seen.beat.wrapping_add(1))
            .bind(name)
            .bind(seen.holder.clone())
            .bind(seen.beat);
    db.execute(statement).await.map(|_| ())
}

/// The turn of those that take in refresh tokens from outside: what they check must still hold when they write.
pub const TOKEN_ADMISSION: &str = "turn:token_admission";

/// Waits until no other transaction has this turn, and keeps it until this one ends. What was committed in other turns is
/// seen afterwards. `SQLite` needs none: all its writing transactions take turns.
pub async fn take_turn(tx: &mut Tx, name: &str) -> Result<(), DbError> {
    if tx.dialect() == Dialect::Sqlite {
        return Ok(());
    }
    // A row's lock, because only rows' locks end with the transaction on all servers.
    let lock = || sql("UPDATE {leases} SET beat = beat + 1 WHERE name = ?").bind(name);
    if tx.execute(lock()).await? > 0 {
        return Ok(());
    }
    let first = sql("INSERT INTO {leases} (name, holder, beat) VALUES (?, '', 1)").bind(name);
    if !tx.insert_if_absent(first).await? {
        tx.execute(lock()).await?;
    }
    Ok(())
}

/// An egress that has to wait, or whose wait is over and whose circuit nobody has closed yet: then one call finds out
/// whether it works again, and everything else still waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EgressHold {
    /// Its key.
    pub egress: String,
    /// Its name without credentials.
    pub label: String,
    /// Until when.
    pub hold_until: Millis,
    /// `retry_after` or `circuit_open`.
    pub reason: String,
}

/// Holds an egress until a time, unless it is held longer already. A `Retry-After` is remembered as the reason until
/// the hold is over, so that nobody lifts it; an open circuit does not hide one.
pub async fn hold_egress(db: &mut impl Execute, hold: &EgressHold) -> Result<(), DbError> {
    if hold.reason == RETRY_AFTER {
        let note = sql("UPDATE {egresses} SET reason = ? WHERE egress = ?")
            .bind(RETRY_AFTER)
            .bind(hold.egress.clone());
        db.execute(note).await?;
    }
    let extend = || {
        sql("UPDATE {egresses} SET hold_until = ?, label = ? WHERE egress = ? AND hold_until < ?")
            .bind(hold.hold_until)
            .bind(hold.label.clone())
            .bind(hold.egress.clone())
            .bind(hold.hold_until)
    };
    if db.execute(extend()).await? > 0 || insert_hold(db, hold).await? {
        return Ok(());
    }
    // The row in the way is a longer hold, or one that came in the meantime and may be shorter.
    db.execute(extend()).await.map(|_| ())
}

async fn insert_hold(db: &mut impl Execute, hold: &EgressHold) -> Result<bool, DbError> {
    let insert =
        sql("INSERT INTO {egresses} (egress, label, hold_until, reason) VALUES (?, ?, ?, ?)")
            .bind(hold.egress.clone())
            .bind(hold.label.clone())
            .bind(hold.hold_until)
            .bind(hold.reason.clone());
    db.insert_if_absent(insert).await
}

/// Takes the turn to try an egress: of all workers that have seen its hold end at `seen` (or no hold at all) exactly one
/// gets `true`, and until `hold` ends everybody else waits. It counts when the transaction is committed.
pub async fn begin_probe(
    db: &mut impl Execute,
    hold: &EgressHold,
    seen: Option<Millis>,
) -> Result<bool, DbError> {
    let Some(seen) = seen else {
        return insert_hold(db, hold).await;
    };
    let statement = sql(
        "UPDATE {egresses} SET hold_until = ?, reason = ?, label = ? WHERE egress = ? AND hold_until = ?",
    )
    .bind(hold.hold_until)
    .bind(hold.reason.clone())
    .bind(hold.label.clone())
    .bind(hold.egress.clone())
    .bind(seen);
    Ok(db.execute(statement).await? == 1)
}

/// The egresses that have to wait at `now`.
pub async fn held_egresses(db: &mut impl Execute, now: Millis) -> Result<Vec<EgressHold>, DbError> {
    let mut holds = egress_holds(db).await?;
    holds.retain(|hold| hold.hold_until > now);
    Ok(holds)
}

/// All egresses that are not known to work, those whose wait is over included.
pub async fn egress_holds(db: &mut impl Execute) -> Result<Vec<EgressHold>, DbError> {
    let rows = db
        .fetch_all(sql(
            "SELECT egress, label, hold_until, reason FROM {egresses} ORDER BY egress",
        ))
        .await?;
    rows.iter()
        .map(|row| {
            Ok(EgressHold {
                egress: row.text("egress")?,
                label: row.text("label")?,
                hold_until: Millis(row.int("hold_until")?),
                reason: row.text("reason")?,
            })
        })
        .collect()
}

/// Lets an egress go again that was found to work; a `Retry-After` stays in force.
pub async fn close_circuit(db: &mut impl Execute, egress: &str) -> Result<bool, DbError> {
    let statement = sql("DELETE FROM {egresses} WHERE egress = ? AND reason = ?")
        .bind(egress)
        .bind(CIRCUIT_OPEN);
    Ok(db.execute(statement).await? > 0)
}

/// Forgets egresses whose wait was over before `before` and that nobody has tried since: nobody uses them any more.
pub async fn forget_egresses(db: &mut impl Execute, before: Millis) -> Result<u64, DbError> {
    db.execute(sql("DELETE FROM {egresses} WHERE hold_until < ?").bind(before))
        .await
}

/// Reason of a hold: too many calls in a row failed.
pub const CIRCUIT_OPEN: &str = "circuit_open";
/// Reason of a hold: the upstream said how long to wait.
pub const RETRY_AFTER: &str = "retry_after";
