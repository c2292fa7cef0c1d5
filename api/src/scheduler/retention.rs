//! The leader removes what is old enough, in small batches and in a task of its own: no round waits for it.

use std::time::Duration;

use rt_manage_shared::{
    clock::{BootInstant, Clock, Millis},
    config::{Config, RetentionConfig},
    db::{Db, DbError, audit, jobs, repeat_while_busy, retention, sessions, statistics},
};
use tokio::task::JoinHandle;

/// First this long after a process has begun to lead: it has more urgent things to do then.
const FIRST: Duration = Duration::from_mins(1);
/// Then once an hour: what is kept is counted in days.
const AGAIN: Duration = Duration::from_hours(1);
/// Rows that one statement removes: a few milliseconds of locks.
const BATCH: u32 = 500;
/// Between two batches others have the database to themselves.
const PAUSE: Duration = Duration::from_millis(100);

/// The removal under way, or when the next one begins.
#[derive(Debug)]
pub(super) struct Retention {
    limits: Limits,
    running: Option<JoinHandle<()>>,
    next: Option<BootInstant>,
}

/// How long what is kept.
#[derive(Debug, Clone)]
pub(super) struct Limits {
    pub(super) days: RetentionConfig,
    /// How long a journal may hold an answer that the database lacks.
    pub(super) journal: Duration,
}

impl Limits {
    pub(super) fn new(config: &Config) -> Self {
        Self {
            days: config.retention.clone(),
            journal: Duration::from_hours(config.journal.retention_hours),
        }
    }
}

impl Retention {
    pub(super) fn new(config: &Config) -> Self {
        Self {
            limits: Limits::new(config),
            running: None,
            next: None,
        }
    }

    /// The next removal goes by these.
    pub(super) fn set_limits(&mut self, config: &Config) {
        self.limits = Limits::new(config);
    }

    /// Begins to remove where it is time for that. Never waits.
    pub(super) fn tend(&mut self, db: &Db, clock: &Clock) {
        let next = *self.next.get_or_insert_with(|| BootInstant::now() + FIRST);
        let running = self.running.as_ref();
        if !next.has_passed() || running.is_some_and(|running| !running.is_finished()) {
            return;
        }
        self.next = Some(BootInstant::now() + AGAIN);
        let (db, clock, limits) = (db.clone(), clock.clone(), self.limits.clone());
        self.running = Some(tokio::spawn(async move {
            let result = remove_old(&db, &limits, clock.now(), PAUSE).await;
            if let Err(error) = result {
                tracing::warn!(error = %error, "what is old could not be removed; trying again in an hour");
            }
        }));
    }

    /// Stops. A statement that is under way is done or undone as a whole.
    pub(super) fn rest(&mut self) {
        if let Some(running) = self.running.take() {
            running.abort();
        }
        self.next = None;
    }
}

/// What is removed by age alone.
#[derive(Debug, Clone, Copy)]
enum Old {
    Attempts,
    Recovered,
    Hours,
    Audit,
    Jobs,
    Sessions,
}

impl Old {
    const ALL: [Self; 6] = [
        Self::Attempts,
        Self::Recovered,
        Self::Hours,
        Self::Audit,
        Self::Jobs,
        Self::Sessions,
    ];

    const fn table(self) -> &'static str {
        match self {
            Self::Attempts => "attempts",
            Self::Recovered => "recovered",
            Self::Hours => "refresh_hours",
            Self::Audit => "audit",
            Self::Jobs => "jobs",
            Self::Sessions => "sessions",
        }
    }

    /// Removes a batch; tells how much that was.
    async fn remove(self, db: &Db, days: &RetentionConfig, now: Millis) -> Result<u64, DbError> {
        let db = &mut &*db;
        match self {
            Self::Attempts => {
                retention::prune_attempts(db, before(now, days.attempts_days), BATCH).await
            }
            Self::Recovered => {
                retention::prune_recovered(db, before(now, days.attempts_days), BATCH).await
            }
            Self::Hours => statistics::prune(db, before(now, days.statistics_days), BATCH).await,
            Self::Audit => audit::prune(db, before(now, days.audit_days), BATCH).await,
            Self::Jobs => jobs::prune(db, before(now, days.jobs_days), BATCH).await,
            Self::Sessions => sessions::prune(db, now, BATCH).await,
        }
    }
}

fn before(now: Millis, days: u32) -> Millis {
    now - Duration::from_hours(24).saturating_mul(days)
}

/// Removes all that is old enough at `now`.
pub(super) async fn remove_old(
    db: &Db,
    limits: &Limits,
    now: Millis,
    pause: Duration,
) -> Result<(), DbError> {
    for old in Old::ALL {
        let mut total = 0;
        loop {
            let removed = repeat_while_busy(|| old.remove(db, &limits.days, now)).await?;
            total += removed;
            if removed < u64::from(BATCH) {
                break;
            }
            tokio::time::sleep(pause).await;
        }
        told(old.table(), total);
    }
    let deleted = before(now, limits.days.deleted_days);
    purge_deleted(db, deleted, deleted.min(now - limits.journal), now, pause).await
}

async fn purge_deleted(
    db: &Db,
    before: Millis,
    doubt_before: Millis,
    now: Millis,
    pause: Duration,
) -> Result<(), DbError> {
    let mut total = 0;
    loop {
        let found = retention::expired(&mut &*db, before, doubt_before, BATCH).await?;
        let mut purged = 0;
        for id in found {
            let work = || retention::purge(db, id, before, doubt_before, now);
            purged += u64::from(repeat_while_busy(work).await?);
        }
        total += purged;
        if purged == 0 {
            break;
        }
        tokio::time::sleep(pause).await;
    }
    told("credentials", total);
    Ok(())
}

fn told(table: &'static str, removed: u64) {
    if removed > 0 {
        metrics::counter!("rtm_removed_total", "table" => table).increment(removed);
        tracing::info!(table, removed, "old rows were removed");
    }
}
