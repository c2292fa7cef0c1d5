//! The leader counts all credentials every now and then, for the dashboard: in a task of its own, so that no round waits for it,
//! and the more seldom the longer it takes.

use std::time::Duration;

use rt_manage_shared::{
    clock::{BootInstant, Clock},
    db::Db,
};
use tokio::task::JoinHandle;

use crate::stats;

/// Counting begins at most this often.
const LEAST: Duration = Duration::from_secs(30);
/// It takes at most a twentieth of the time.
const SHARE: u32 = 20;

/// When counting begins again after a count that took so long.
pub(super) fn pause(took: Duration) -> Duration {
    LEAST.max(took.saturating_mul(SHARE))
}

/// The count under way, or when the next one begins.
#[derive(Debug)]
pub(super) struct Snapshots {
    auto: bool,
    running: Option<JoinHandle<()>>,
    began: BootInstant,
    /// `None`: at once.
    next: Option<BootInstant>,
}

impl Snapshots {
    /// `auto`: whether what is due is refreshed by itself.
    pub(super) fn new(auto: bool) -> Self {
        Self {
            auto,
            running: None,
            began: BootInstant::now(),
            next: None,
        }
    }

    /// The next count goes by this.
    pub(super) const fn set_auto(&mut self, auto: bool) {
        self.auto = auto;
    }

    /// Begins a count where it is time for that. Never waits.
    pub(super) fn tend(&mut self, db: &Db, clock: &Clock) {
        if let Some(running) = &self.running {
            if !running.is_finished() {
                return;
            }
            self.running = None;
            self.next = Some(BootInstant::now() + pause(self.began.elapsed()));
        }
        if self.next.is_some_and(|next| !next.has_passed()) {
            return;
        }
        let began = BootInstant::now();
        self.began = began;
        let (db, clock, auto) = (db.clone(), clock.clone(), self.auto);
        self.running = Some(tokio::spawn(async move {
            if let Err(error) = stats::renew(&db, clock.now(), auto).await {
                tracing::warn!(error = %error, "the credentials could not be counted");
            }
            metrics::histogram!("rtm_census_seconds").record(began.elapsed().as_secs_f64());
        }));
    }

    /// Another process counts from now on.
    pub(super) fn rest(&mut self) {
        if let Some(running) = self.running.take() {
            running.abort();
        }
        self.next = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counting_takes_a_small_part_of_the_time() {
        let seconds = Duration::from_secs;
        for (took, wanted) in [(0, 30), (1, 30), (2, 40), (30, 600)] {
            assert_eq!(pause(seconds(took)), seconds(wanted));
        }
    }
}
