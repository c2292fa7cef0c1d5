//! What a campaign does to its system.

use std::time::Duration;

use rand::RngExt as _;
use rustix::process::Signal;
use tokio::time::Instant;

use super::{
    campaign::Campaign,
    facts::{Kill, boot_in},
};
use crate::{
    standin::wall_ms,
    support::{Exit, Part, PrivateDatabase},
};

/// An end in order takes the drain limit at most (`worker.drain_seconds`).
const DRAIN: Duration = Duration::from_mins(1);

impl Campaign {
    /// Some worker that runs and is ready.
    pub(super) fn any_worker(&mut self) -> Option<Part> {
        let mut ready = self.system.workers();
        ready.retain(|part| self.system.is_ready(*part));
        self.one_of(&ready)
    }

    /// Some API replica that runs and is ready.
    pub(super) fn any_api(&mut self) -> Option<Part> {
        let mut ready = self.system.apis();
        ready.retain(|part| self.system.is_ready(*part));
        self.one_of(&ready)
    }

    fn one_of(&mut self, parts: &[Part]) -> Option<Part> {
        if parts.is_empty() {
            return None;
        }
        Some(parts[self.random.random_range(0..parts.len())])
    }

    /// `kill -9`; it is started again at once.
    pub(super) async fn kill(&mut self, part: Part) {
        let boot = boot_in(&self.system.log_of(part));
        let at_ms = wall_ms();
        self.system.kill_part(part).await;
        self.deeds.kills.push(Kill { part, boot, at_ms });
        self.deeds.count(match part {
            Part::Api(_) => "kill -9 of an API",
            Part::Worker(_) => "kill -9 of a worker",
        });
        self.system.spawn_again(part);
    }

    /// SIGTERM; waits for the end, notes how it went, and starts it again.
    pub(super) async fn restart(&mut self, part: Part) -> Duration {
        let asked = Instant::now();
        self.system.signal_part(part, Signal::TERM);
        let exit = self.system.part_ended(part).await;
        let took = asked.elapsed();
        self.deeds.count(match part {
            Part::Api(_) => "SIGTERM of an API",
            Part::Worker(_) => "SIGTERM of a worker",
        });
        if exit != Exit::Code(0) || took > DRAIN {
            self.check(
                "SIGTERM ends a process with code 0 within its drain limit",
                format!("{part}: {exit:?} after {took:.1?}"),
                false,
            );
        }
        self.system.spawn_again(part);
        took
    }

    /// Workers end by themselves where they find no database or Redis at their start, as under a supervisor that starts
    /// them again.
    pub(super) fn revive(&mut self) {
        let alive: Vec<_> = self
            .system
            .pids()
            .into_iter()
            .map(|(part, _)| part)
            .collect();
        let mut dead = self.system.parts();
        dead.retain(|part| !alive.contains(part));
        for part in dead {
            self.system.reap(part);
            self.deeds.count("start by the supervisor");
            self.system.spawn_again(part);
        }
    }

    /// Stops the database: its server, or where there is none, every writer.
    pub(super) async fn stop_database(&mut self) {
        match &self.database {
            Some(database) => tokio::task::block_in_place(|| database.halt()),
            None => self.lock = Some(self.db.begin().await.expect("the write lock")),
        }
        self.deeds.count("database stopped");
    }

    /// Starts it again.
    pub(super) fn start_database(&mut self) {
        match &self.database {
            Some(database) => tokio::task::block_in_place(|| database.resume()),
            None => self.lock = None,
        }
    }

    /// The database server, where it is the campaign's own.
    pub(super) const fn server(&self) -> Option<&PrivateDatabase> {
        self.database.as_ref()
    }

    /// Kills Redis, and starts it again after a while, empty.
    pub(super) async fn stop_redis(&mut self, away: Duration) {
        self.redis.stop();
        tokio::time::sleep(away).await;
        self.redis.start_again().await;
        self.deeds.count("Redis stopped");
    }
}
