//! [`Plan`]: which schedule is run, on which database, how large, from which seed.

use std::{
    fmt::{self, Write as _},
    time::Duration,
};

use clap::ValueEnum;
use rt_manage_shared::hooks::Sabotage;

use crate::support::Backend;

/// A named schedule of faults. The numbers are those of the reliability goals (docs/reliability.md).
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Schedule {
    /// Workers are restarted with SIGTERM all the time.
    R1,
    /// Workers are killed all the time; doubt is left alone.
    R2,
    /// As R2, with an upstream that gives a successor again, and probes at once.
    R3,
    /// The database is stopped in the middle of refreshes.
    R5,
    /// As R5, and every worker is killed meanwhile.
    Outage,
    /// Redis is emptied all the time, and stopped for a while.
    R6,
    /// Many workers race for the same credentials; workers are frozen past their lease; tokens are replaced in mid-call.
    R7,
    /// The upstream answers 503, then HTML, then 429 with Retry-After, while everything is due.
    R8,
    /// Refresh tokens that the upstream has ended, and restarts.
    R9,
    /// The database is restored from a copy that is older than the journals.
    R11,
    /// SIGTERM for API replicas and workers while callers wait.
    R14,
    /// The journal's disk is full, then the database's.
    R15,
    /// Steady load; memory and file descriptors stay where they are.
    R16,
    /// All kinds of faults at random: kills, freezes, restarts, Redis, the database, the upstream, clocks.
    Mixed,
}

impl Schedule {
    /// All of them.
    pub fn all() -> &'static [Self] {
        Self::value_variants()
    }

    /// Whether it stops the database, so that it must not be the one that others use.
    pub const fn stops_the_database(self) -> bool {
        matches!(self, Self::R5 | Self::Outage | Self::R11 | Self::Mixed)
    }
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mixed => f.write_str("mixed"),
            Self::Outage => f.write_str("outage"),
            numbered => write!(f, "{numbered:?}"),
        }
    }
}

/// How large a campaign is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scale {
    /// The numbers of the goals: minutes each.
    Full,
    /// The same faults on few credentials: seconds each, for every run of the tests.
    Short,
}

/// What is run.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The schedule.
    pub schedule: Schedule,
    /// The database.
    pub backend: Backend,
    /// Chooses who is hit and when.
    pub seed: u64,
    /// How large.
    pub scale: Scale,
    /// Another number of credentials than the scale's.
    pub credentials: Option<usize>,
    /// Another duration than the scale's, for the schedules that go by time.
    pub seconds: Option<u64>,
    /// A deliberate fault of ours, which the audit has to find.
    pub sabotage: Option<Sabotage>,
}

impl Plan {
    /// A schedule on a database, in full size, with seed 1.
    pub const fn new(schedule: Schedule, backend: Backend) -> Self {
        Self {
            schedule,
            backend,
            seed: 1,
            scale: Scale::Full,
            credentials: None,
            seconds: None,
            sabotage: None,
        }
    }

    /// The short form.
    #[must_use]
    pub const fn short(mut self) -> Self {
        self.scale = Scale::Short;
        self
    }

    /// With a deliberate fault of ours.
    #[must_use]
    pub const fn sabotaged(mut self, sabotage: Sabotage) -> Self {
        self.sabotage = Some(sabotage);
        self
    }

    /// The value of this scale.
    pub(super) const fn pick<T: Copy>(&self, full: T, short: T) -> T {
        match self.scale {
            Scale::Full => full,
            Scale::Short => short,
        }
    }

    /// The time of this scale, in milliseconds.
    pub(super) const fn millis(&self, full: u64, short: u64) -> Duration {
        Duration::from_millis(self.pick(full, short))
    }

    /// How long a schedule goes on that goes by time.
    pub(super) fn duration(&self, full: u64, short: u64) -> Duration {
        Duration::from_secs(self.seconds.unwrap_or_else(|| self.pick(full, short)))
    }

    /// The command that runs it again.
    pub fn command(&self) -> String {
        let mut command = format!(
            "scripts/chaos {} --database {} --seed {}",
            self.schedule, self.backend, self.seed
        );
        if self.scale == Scale::Short {
            command.push_str(" --short");
        }
        if let Some(credentials) = self.credentials {
            let _ = write!(command, " --credentials {credentials}");
        }
        if let Some(seconds) = self.seconds {
            let _ = write!(command, " --seconds {seconds}");
        }
        if let Some(sabotage) = self.sabotage {
            let _ = write!(command, " --sabotage {}", sabotage.name());
        }
        command
    }
}

/// What a schedule needs of its system.
#[derive(Debug, Clone)]
pub(super) struct Setup {
    /// Credentials that are due at the start.
    pub(super) credentials: usize,
    /// API replicas.
    pub(super) apis: usize,
    /// Worker processes.
    pub(super) workers: usize,
    /// Calls in flight for each worker.
    pub(super) concurrency: u32,
    /// Time that the upstream takes before it rotates, in milliseconds.
    pub(super) upstream_ms: u64,
    /// Scheduled refreshes a second.
    pub(super) rate: u32,
}

impl Setup {
    /// What most schedules run with: R2's four workers with eight calls each, or a small system that is slow enough for
    /// faults to hit something.
    pub(super) fn of(plan: &Plan) -> Self {
        Self {
            credentials: plan.credentials.unwrap_or_else(|| plan.pick(10_000, 100)),
            apis: 2,
            workers: plan.pick(4, 3),
            // A quarter is kept for callers: ten leave eight for what is due.
            concurrency: plan.pick(10, 4),
            upstream_ms: plan.pick(50, 300),
            rate: 1000,
        }
    }
}
