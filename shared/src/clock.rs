//! Two clocks, never mixed.
//!
//! [`Clock`] tells *stored* time: milliseconds since the Unix epoch as the database sees them, so that
//! processes on hosts with wrong clocks agree. [`BootInstant`] measures *deadlines inside one process* on
//! `CLOCK_BOOTTIME`, which goes on while the machine is suspended: a worker that was frozen notices.

use std::{
    ops::{Add, Sub},
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use rustix::time::{ClockId, clock_gettime};
use serde::{Deserialize, Serialize};

/// A stored point in time: milliseconds since 1970-01-01T00:00:00Z (`BIGINT` in every database).
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Millis(pub i64);

impl Millis {
    /// From whole seconds since the epoch (the unit of JWT claims); saturates.
    pub const fn from_seconds(seconds: i64) -> Self {
        Self(seconds.saturating_mul(1000))
    }

    /// Whole seconds since the epoch, rounded down.
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// Time from `earlier` to `self`; zero where `earlier` is later.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// RFC 3339 in UTC with seconds, as answers show it.
    pub fn to_rfc3339(self) -> String {
        jiff::Timestamp::from_second(self.seconds())
            .map_or_else(|_| self.0.to_string(), |time| time.to_string())
    }
}

fn signed_millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

impl Add<Duration> for Millis {
    type Output = Self;
    fn add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(signed_millis(duration)))
    }
}

impl Sub<Duration> for Millis {
    type Output = Self;
    fn sub(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(signed_millis(duration)))
    }
}

/// The shared wall clock: this host's, corrected by the offset to the database's. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Clock {
    offset_millis: Arc<AtomicI64>,
}

impl Clock {
    /// A clock that still shows this host's time.
    pub fn new() -> Self {
        Self::default()
    }

    /// Now, in database time.
    pub fn now(&self) -> Millis {
        Millis(host_millis().saturating_add(self.offset_millis.load(Ordering::Relaxed)))
    }

    /// Corrects the clock: the database said `database_now` at about this moment.
    pub fn set_from_database(&self, database_now: Millis) {
        let offset = database_now.0.saturating_sub(host_millis());
        self.offset_millis.store(offset, Ordering::Relaxed);
    }

    /// The correction in force, in milliseconds (database time minus host time).
    pub fn offset_millis(&self) -> i64 {
        self.offset_millis.load(Ordering::Relaxed)
    }
}

fn host_millis() -> i64 {
    let time = clock_gettime(ClockId::Realtime);
    time.tv_sec
        .saturating_mul(1000)
        .saturating_add(time.tv_nsec / 1_000_000)
}

/// A moment on `CLOCK_BOOTTIME`; only meaningful inside one process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct BootInstant(Duration);

impl BootInstant {
    /// Now.
    pub fn now() -> Self {
        let time = clock_gettime(ClockId::Boottime);
        Self(Duration::new(
            u64::try_from(time.tv_sec).unwrap_or(0),
            u32::try_from(time.tv_nsec).unwrap_or(0),
        ))
    }

    /// Time passed since this moment.
    pub fn elapsed(self) -> Duration {
        Self::now().0.saturating_sub(self.0)
    }

    /// Whether this moment has passed.
    pub fn has_passed(self) -> bool {
        Self::now() >= self
    }

    /// Time from `earlier` to `self`; zero where `earlier` is later.
    pub fn since(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }
}

impl Add<Duration> for BootInstant {
    type Output = Self;
    fn add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(duration))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_offset_moves_stored_time() {
        let clock = Clock::new();
        clock.set_from_database(clock.now() + Duration::from_hours(2));
        let shift = clock.offset_millis();
        assert!((7_199_000..=7_201_000).contains(&shift), "{shift}");
    }

    #[test]
    fn rfc3339_has_seconds_and_utc() {
        assert_eq!(
            Millis(1_700_000_000_999).to_rfc3339(),
            "2023-11-14T22:13:20Z"
        );
    }
}
