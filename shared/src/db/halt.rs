//! When an emergency halt may be lifted.

use std::time::Duration;

use crate::clock::Millis;

use super::{DbError, Execute, coordination, system};

/// How an emergency halt stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Halt {
    /// There is none.
    Off,
    /// It must not be lifted yet: what a journal holds may still be missing in the database.
    Unsettled {
        /// Living workers that have not replayed the journals that they see, by their starts.
        workers: Vec<String>,
        /// How long calls that were claimed before it may still be under way.
        calls_for: Duration,
    },
    /// An operator may lift it.
    Settled,
}

/// How the halt stands at `now` (database time). `heartbeat` is the distance of workers' heartbeats, `abandon_after` the time
/// after which no honest worker can have a call under way that it claimed before.
pub async fn halt(
    db: &mut impl Execute,
    now: Millis,
    heartbeat: Duration,
    abandon_after: Duration,
) -> Result<Halt, DbError> {
    let switches = system::switches(db).await?;
    let Some(halted) = switches.iter().find(|one| one.name == system::HALTED) else {
        return Ok(Halt::Off);
    };
    let since = coordination::alive_since(now, heartbeat);
    let workers: Vec<String> = coordination::live_workers(db, since)
        .await?
        .into_iter()
        .filter(|worker| worker.replayed_halt != Some(halted.since))
        .map(|worker| worker.info.boot_id)
        .collect();
    let calls_for = (halted.since + abandon_after).since(now);
    if workers.is_empty() && calls_for.is_zero() {
        Ok(Halt::Settled)
    } else {
        Ok(Halt::Unsettled { workers, calls_for })
    }
}
