//! When a grant is refreshed next: pure arithmetic over times, policy and one random number.

use std::time::Duration;

use crate::clock::Millis;

use super::grant::RefreshTime;

/// When the first deliberate probe of a doubtful grant is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DoubtPolicy {
    /// When the access token nears its end: until then the old one is served and nothing is risked.
    BeforeExpiry,
    /// At once.
    Immediate,
    /// Only when an operator asks.
    Manual,
}

/// Longest distance of the first probe from the end of the access token under [`DoubtPolicy::BeforeExpiry`]:
/// time for all but the longest of the default distances, so that an answer is known before clients notice.
const PROBE_MARGIN: Duration = Duration::from_hours(2);

/// Largest part of a token's life that a refresh may come early: a third (design: "at most a third of the
/// AT's life"), so that short-lived tokens are not refreshed all the time.
const MAX_LEAD_DIVISOR: u32 = 3;

/// Part of the lead over which refreshes are spread, so that tokens issued together do not come due together.
const SPREAD_DIVISOR: u32 = 4;

/// The operator's choices that decide when refreshes happen.
#[derive(Debug, Clone)]
pub struct SchedulePolicy {
    /// How long before the access token's end it is refreshed.
    pub lead: Duration,
    /// Refresh at least this often, whatever the access token's life.
    pub interval: Option<Duration>,
    /// First step of the back-off.
    pub backoff_base: Duration,
    /// Longest back-off.
    pub backoff_max: Duration,
    /// What to do with doubt.
    pub doubt: DoubtPolicy,
    /// Distances before the first, second, … probe; their number is the number of probes.
    pub probe_delays: Vec<Duration>,
}

/// A random number in 0.0..1.0, drawn by the caller so that these functions stay pure.
pub type Jitter = f64;

impl SchedulePolicy {
    /// The regular next refresh after tokens came: end of life minus lead, or the interval, whichever comes
    /// first; spread backwards by jitter, never before `issued`.
    pub fn next_refresh(&self, issued: Millis, expires: Option<Millis>, jitter: Jitter) -> Millis {
        let lead = self.lead(issued, expires);
        let by_expiry = expires.map(|end| end - lead);
        let by_interval = self.interval.map(|interval| issued + interval);
        let target = match (by_expiry, by_interval) {
            (Some(a), Some(b)) => a.min(b),
            (Some(at), None) | (None, Some(at)) => at,
            // No access token and no interval: there is something to fetch, so it is due at once.
            (None, None) => return issued,
        };
        let window = (lead / SPREAD_DIVISOR).min(target.since(issued));
        target - window.mul_f64(jitter.clamp(0.0, 1.0))
    }

    fn lead(&self, issued: Millis, expires: Option<Millis>) -> Duration {
        let life = expires.map_or(Duration::ZERO, |end| end.since(issued));
        self.lead.min(life / MAX_LEAD_DIVISOR)
    }

    /// Which of the two sets the regular next refresh.
    pub fn reason(&self, issued: Millis, expires: Millis) -> RefreshTime {
        let by_expiry = expires - self.lead(issued, Some(expires));
        match self.interval {
            Some(interval) if issued + interval < by_expiry => RefreshTime::Interval,
            _ => RefreshTime::BeforeExpiry,
        }
    }

    /// Back-off with full jitter: uniformly between zero and the exponential ceiling, but at least a tenth of
    /// the base, so that a grant never spins.
    pub fn backoff(&self, failures: u32, jitter: Jitter) -> Duration {
        let doublings = failures.saturating_sub(1).min(30);
        let ceiling = self
            .backoff_base
            .saturating_mul(1_u32 << doublings)
            .min(self.backoff_max);
        ceiling
            .mul_f64(jitter.clamp(0.0, 1.0))
            .max(self.backoff_base / 10)
    }

    /// How many probes a doubt may spend.
    pub fn max_probes(&self) -> u32 {
        u32::try_from(self.probe_delays.len()).unwrap_or(u32::MAX)
    }

    /// When the next probe is due after `spent` probes, or `None` when the operator has to decide.
    pub fn next_probe(
        &self,
        now: Millis,
        spent: u32,
        at_expires: Option<Millis>,
    ) -> Option<Millis> {
        let delay = *self.probe_delays.get(usize::try_from(spent).ok()?)?;
        match (self.doubt, spent) {
            (DoubtPolicy::Manual, _) => None,
            (DoubtPolicy::Immediate, 0) => Some(now),
            (DoubtPolicy::BeforeExpiry, 0) => {
                let usable_until = at_expires.map_or(now, |end| end - PROBE_MARGIN);
                Some(usable_until.max(now + delay))
            }
            _ => Some(now + delay),
        }
    }

    /// Whether a first probe at this time was set by the end of the access token.
    pub fn is_before_expiry(&self, at: Millis, at_expires: Option<Millis>) -> bool {
        self.doubt == DoubtPolicy::BeforeExpiry
            && at_expires.is_some_and(|end| end - PROBE_MARGIN == at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn policy() -> SchedulePolicy {
        SchedulePolicy {
            lead: Duration::from_hours(24),
            interval: None,
            backoff_base: Duration::from_secs(30),
            backoff_max: Duration::from_hours(1),
            doubt: DoubtPolicy::BeforeExpiry,
            probe_delays: [600, 3600, 21_600].map(Duration::from_secs).to_vec(),
        }
    }

    const HOUR: i64 = 3_600_000;

    #[test]
    fn lead_is_at_most_a_third_of_the_life() {
        let at = |life, jitter| {
            policy()
                .next_refresh(Millis(0), Some(Millis(life)), jitter)
                .0
        };
        assert_eq!(at(240 * HOUR, 0.0), 216 * HOUR);
        assert_eq!(at(240 * HOUR, 1.0), 210 * HOUR);
        assert_eq!(at(3 * HOUR, 0.0), 2 * HOUR);
    }

    #[test]
    fn the_interval_comes_first_where_it_is_shorter() {
        let daily = SchedulePolicy {
            interval: Some(Duration::from_hours(24)),
            ..policy()
        };
        assert_eq!(
            daily
                .next_refresh(Millis(0), Some(Millis(240 * HOUR)), 0.0)
                .0,
            24 * HOUR
        );
        assert_eq!(daily.next_refresh(Millis(0), None, 0.0).0, 24 * HOUR);
        assert_eq!(policy().next_refresh(Millis(7), None, 0.5), Millis(7));
    }

    #[test]
    fn what_comes_first_is_the_reason() {
        let reason = |interval: Option<u64>| {
            let policy = SchedulePolicy {
                interval: interval.map(Duration::from_hours),
                ..policy()
            };
            policy.reason(Millis(0), Millis(240 * HOUR))
        };
        assert_eq!(reason(None), RefreshTime::BeforeExpiry);
        assert_eq!(reason(Some(216)), RefreshTime::BeforeExpiry);
        assert_eq!(reason(Some(215)), RefreshTime::Interval);
    }

    #[test]
    fn probes_are_counted_and_grow_apart() {
        let p = policy();
        let end = Some(Millis(100 * HOUR));
        assert_eq!(p.next_probe(Millis(0), 0, end), Some(Millis(98 * HOUR)));
        assert_eq!(p.next_probe(Millis(0), 0, None), Some(Millis(600_000)));
        assert_eq!(p.next_probe(Millis(0), 1, end), Some(Millis(HOUR)));
        assert_eq!(p.next_probe(Millis(0), 2, end), Some(Millis(6 * HOUR)));
        assert_eq!(p.next_probe(Millis(0), 3, end), None);
        let manual = SchedulePolicy {
            doubt: DoubtPolicy::Manual,
            ..policy()
        };
        assert_eq!(manual.next_probe(Millis(0), 0, end), None);
        let immediate = SchedulePolicy {
            doubt: DoubtPolicy::Immediate,
            ..policy()
        };
        assert_eq!(immediate.next_probe(Millis(5), 0, end), Some(Millis(5)));
    }

    proptest! {
        #[test]
        fn next_refresh_lies_between_issue_and_end(
            issued in 0_i64..1_000_000_000_000, life in 0_i64..10_000_000_000, jitter in 0.0..1.0_f64,
        ) {
            let end = Millis(issued + life);
            let next = policy().next_refresh(Millis(issued), Some(end), jitter);
            prop_assert!(next >= Millis(issued) && next <= end);
        }

        #[test]
        fn backoff_never_spins_and_never_exceeds_its_maximum(failures in 0_u32..1000, jitter in 0.0..1.0_f64) {
            let delay = policy().backoff(failures, jitter);
            prop_assert!(delay >= Duration::from_secs(3) && delay <= Duration::from_hours(1));
        }
    }
}
