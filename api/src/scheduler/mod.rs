//! The scheduler: finds what is due, paces it, pushes what waits, and settles the claims of lost workers.
//!
//! One replica at a time is active (`leader.rs`); a second one would do no harm, because every step is a
//! compare-and-set, but it would double the pace.

mod abandon;
mod dispatch;
mod due;
mod gauges;
mod leader;
mod pick;
mod retention;
mod snapshot;
#[cfg(test)]
mod tests;

use std::{sync::Arc, time::Duration};

use rt_manage_shared::{
    clock::{BootInstant, Clock},
    db::{Db, DbError, coordination, egress_pauses, system},
    deadlines::{FORGET_WORKERS, TICK, UNINTERRUPTED},
    id::BootId,
    model::attempt::Lane,
    notify::Notifier,
    queue::Producer,
};
use rt_manage_worker::{Live, WorkerSettings};
use tokio_util::sync::CancellationToken;

use self::{
    abandon::Watch, dispatch::Dispatcher, gauges::Gauges, leader::Leader, retention::Retention,
    snapshot::Snapshots,
};
use crate::refresh::Refresher;

/// Egresses that nobody has tried for this long after their wait are not used any more.
const FORGET_EGRESSES: Duration = Duration::from_hours(24);

/// How many scheduled refreshes begin in one tick at this rate.
fn per_tick(rate_per_second: u32) -> u32 {
    u32::try_from(TICK.as_secs())
        .unwrap_or(1)
        .saturating_mul(rate_per_second)
}

/// The scheduler of this process.
#[derive(Debug)]
pub struct Scheduler {
    db: Db,
    clock: Clock,
    notifier: Notifier,
    live: Live,
    /// Those of this round.
    settings: Arc<WorkerSettings>,
    producer: Producer,
    refresher: Refresher,
    auto: bool,
    rate_per_second: u32,
    lane_depth: u32,
    dispatcher: Dispatcher,
    leader: Leader,
    watch: Watch,
    gauges: Gauges,
    snapshots: Snapshots,
    retention: Retention,
}

/// What a scheduler works with.
#[derive(Debug)]
pub struct SchedulerParts {
    /// The database.
    pub db: Db,
    /// Stored time.
    pub clock: Clock,
    /// Announcements.
    pub notifier: Notifier,
    /// Policy, pace and egress.
    pub settings: Live,
    /// Where jobs are pushed.
    pub producer: Producer,
    /// Requests refreshes.
    pub refresher: Refresher,
}

impl Scheduler {
    /// A scheduler. `exclusive`: no other process can be scheduling (embedded mode), so the lease is taken at once.
    pub fn new(parts: SchedulerParts, exclusive: bool) -> Self {
        let SchedulerParts {
            db,
            clock,
            notifier,
            settings: live,
            producer,
            refresher,
        } = parts;
        let settings = live.current();
        let refresh = &settings.config().refresh;
        Self {
            auto: refresh.auto,
            rate_per_second: refresh.rate_per_second,
            lane_depth: refresh.lane_depth,
            dispatcher: Dispatcher::new(
                refresh.lane_depth,
                per_tick(refresh.rate_per_second),
                Duration::from_secs(refresh.repush_seconds),
            ),
            leader: Leader::new(BootId::generate(), exclusive),
            watch: Watch::new(&settings.journal_directory, settings.abandon_after),
            gauges: Gauges::default(),
            snapshots: Snapshots::new(refresh.auto),
            retention: Retention::new(settings.config()),
            db,
            clock,
            notifier,
            live,
            settings,
            producer,
            refresher,
        }
    }

    /// A round keeps the settings that it began with.
    fn follow_settings(&mut self) {
        let settings = self.live.current();
        if Arc::ptr_eq(&settings, &self.settings) {
            return;
        }
        let refresh = &settings.config().refresh;
        self.auto = refresh.auto;
        self.snapshots.set_auto(refresh.auto);
        self.retention.set_limits(settings.config());
        self.rate_per_second = refresh.rate_per_second;
        self.lane_depth = refresh.lane_depth;
        self.dispatcher.set_pace(
            refresh.lane_depth,
            per_tick(refresh.rate_per_second),
            Duration::from_secs(refresh.repush_seconds),
        );
        // Not shorter, for a while, than claims may take that began under earlier settings.
        self.watch.set_limit(settings.abandon_after);
        self.settings = settings;
    }

    /// Runs until `stop`. From `draining` on it gives way to other replicas, and only pushes again what somebody waits for: of
    /// those that wait here, nobody else need be left to do so.
    pub async fn run(mut self, draining: CancellationToken, stop: CancellationToken) {
        let mut last = BootInstant::now();
        while !draining.is_cancelled() {
            let started = BootInstant::now();
            if started.since(last) > UNINTERRUPTED {
                self.watch.forget();
            }
            last = started;
            let round = self.tick().await;
            self.note(round, started);
            pause(started, &draining).await;
        }
        self.snapshots.rest();
        self.retention.rest();
        self.leader.release(&self.db).await;
        while !stop.is_cancelled() {
            let started = BootInstant::now();
            let round = self.push_for_those_who_wait().await;
            self.note(round, started);
            pause(started, &stop).await;
        }
    }

    fn note(&mut self, round: Result<(), DbError>, started: BootInstant) {
        if let Err(error) = round {
            self.watch.forget();
            self.leader.doubt();
            tracing::error!(error = %error, "the scheduler could not do its round");
        }
        metrics::histogram!("rtm_scheduler_tick_seconds").record(started.elapsed().as_secs_f64());
    }

    async fn tick(&mut self) -> Result<(), DbError> {
        self.follow_settings();
        if !self.leader.lead(&self.db, BootInstant::now()).await? {
            // Whoever takes over watches anew, and looks at every line from its head.
            self.watch.forget();
            self.dispatcher.rest();
            self.gauges.rest();
            self.snapshots.rest();
            self.retention.rest();
            return Ok(());
        }
        let now = self.clock.now();
        self.settle_abandoned(now).await?;
        let switches = system::switches(&mut &self.db).await?;
        self.gauges.tell_switches(&switches);
        if switches.is_empty() {
            let holds = egress_pauses::obstacles(&mut &self.db).await?;
            if self.auto {
                self.request_due(now, &holds).await?;
            }
            // A round that was frozen in the middle leaves the rest to its successor.
            if self.leader.is_certain(BootInstant::now()) {
                self.dispatch(Lane::ALL, now, &holds).await?;
            }
        }
        self.gauges.count(&self.db).await?;
        self.snapshots.tend(&self.db, &self.clock);
        self.retention.tend(&self.db, &self.clock);
        if self.leader.is_new_hour() {
            coordination::forget_workers(&mut &self.db, now - FORGET_WORKERS).await?;
            coordination::forget_egresses(&mut &self.db, now - FORGET_EGRESSES).await?;
        }
        Ok(())
    }

    /// Pushed by two processes, an attempt is made once all the same.
    async fn push_for_those_who_wait(&mut self) -> Result<(), DbError> {
        self.follow_settings();
        if !system::switches(&mut &self.db).await?.is_empty() {
            return Ok(());
        }
        let holds = egress_pauses::obstacles(&mut &self.db).await?;
        let now = self.clock.now();
        self.dispatch(&[Lane::Interactive], now, &holds).await
    }
}

/// Until the next round.
async fn pause(started: BootInstant, until: &CancellationToken) {
    tokio::select! {
        () = tokio::time::sleep(TICK.saturating_sub(started.elapsed())) => {}
        () = until.cancelled() => {}
    }
}
