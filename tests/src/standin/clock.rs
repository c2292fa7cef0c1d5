//! The two clocks of the stand-in: wall time for claims and records, monotonic time for the leeway.

use rustix::time::{ClockId, clock_gettime};

fn read(clock: ClockId) -> i64 {
    let now = clock_gettime(clock);
    now.tv_sec * 1000 + now.tv_nsec / 1_000_000
}

/// Milliseconds since the Unix epoch.
pub(crate) fn wall_ms() -> i64 {
    read(ClockId::Realtime)
}

/// Milliseconds on a clock that nobody sets back.
pub(super) fn monotonic_ms() -> i64 {
    read(ClockId::Monotonic)
}
