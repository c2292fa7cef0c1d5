//! Bounds what refused log-ins write into the audit log: an attacker with many addresses must not fill it.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use rt_manage_shared::clock::BootInstant;

/// Refusals that are written down in each span: enough to see who mistypes, and under a lasting attack at most
/// 14,400 entries a day from one process.
const MAX_WRITTEN: u32 = 10;
const SPAN: Duration = Duration::from_mins(1);

#[derive(Debug)]
struct Span {
    since: BootInstant,
    written: u32,
    unwritten: u64,
}

/// Which refusals are written down. What is not is counted, and told with the next one that is.
#[derive(Debug)]
pub(super) struct Refusals(Mutex<Span>);

impl Refusals {
    pub(super) fn new() -> Self {
        Self(Mutex::new(Span {
            since: BootInstant::now(),
            written: 0,
            unwritten: 0,
        }))
    }

    /// Whether a refusal is written down: with the number of those before it that were not.
    pub(super) fn admit(&self, now: BootInstant) -> Option<u64> {
        let mut span = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if now.since(span.since) >= SPAN {
            (span.since, span.written) = (now, 0);
        }
        if span.written >= MAX_WRITTEN {
            span.unwritten = span.unwritten.saturating_add(1);
            return None;
        }
        span.written += 1;
        Some(std::mem::take(&mut span.unwritten))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_counted_and_told_later() {
        let (refusals, now) = (Refusals::new(), BootInstant::now());
        for _ in 0..MAX_WRITTEN {
            assert_eq!(refusals.admit(now), Some(0));
        }
        for _ in 0..1000 {
            assert_eq!(refusals.admit(now), None);
        }
        let later = now + SPAN + Duration::from_secs(1);
        assert_eq!(refusals.admit(later), Some(1000));
        assert_eq!(refusals.admit(later), Some(0));
    }
}
