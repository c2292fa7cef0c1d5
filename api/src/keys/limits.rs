//! How many requests a key may make. Kept in memory by each process for itself: with two replicas a key can make twice as many.

use std::{
    collections::HashMap,
    num::NonZeroU32,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use governor::{DefaultDirectRateLimiter, Quota, RateLimiter, clock::Clock as _};
use rt_manage_shared::model::key::KeyRef;

#[derive(Debug)]
struct Limit {
    per_minute: NonZeroU32,
    limiter: Arc<DefaultDirectRateLimiter>,
}

#[derive(Debug, Default)]
pub(super) struct Limits(Mutex<HashMap<KeyRef, Limit>>);

impl Limits {
    /// Takes `requests` from the minute of a key; more than a minute has are taken as a whole minute.
    pub(super) fn charge(
        &self,
        key: KeyRef,
        per_minute: u32,
        requests: u32,
    ) -> Result<(), Duration> {
        let Some(per_minute) = NonZeroU32::new(per_minute) else {
            return Ok(());
        };
        let Some(requests) = NonZeroU32::new(requests) else {
            return Ok(());
        };
        let limiter = self.limiter(key, per_minute);
        match limiter.check_n(requests.min(per_minute)) {
            Ok(Ok(())) | Err(_) => Ok(()),
            Ok(Err(not_until)) => Err(not_until.wait_time_from(limiter.clock().now())),
        }
    }

    /// A key whose limit was changed begins afresh.
    fn limiter(&self, key: KeyRef, per_minute: NonZeroU32) -> Arc<DefaultDirectRateLimiter> {
        let new = || Limit {
            per_minute,
            limiter: Arc::new(RateLimiter::direct(Quota::per_minute(per_minute))),
        };
        let mut limits = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let limit = limits.entry(key).or_insert_with(new);
        if limit.per_minute != per_minute {
            *limit = new();
        }
        Arc::clone(&limit.limiter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minute_holds_so_many() {
        let (limits, key) = (Limits::default(), KeyRef::Configured);
        assert_eq!(limits.charge(key, 3, 2), Ok(()));
        assert_eq!(limits.charge(key, 3, 1), Ok(()));
        let wait = limits.charge(key, 3, 1).unwrap_err();
        assert!(
            wait > Duration::from_secs(15) && wait <= Duration::from_secs(20),
            "{wait:?}"
        );
        // Another limit, another minute; and never more than one of them at once.
        assert_eq!(limits.charge(key, 4, 100), Ok(()));
        assert!(limits.charge(key, 4, 1).is_err());
        assert_eq!(limits.charge(key, 0, 1), Ok(()));
    }
}
