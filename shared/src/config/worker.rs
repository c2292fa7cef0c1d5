//! Section `worker`: the processes that refresh.

use super::check::Findings;
use super::keys::{Key, key};

/// What one `kill -9` can put in doubt is what is in flight, so this is small.
const CONCURRENCY: u32 = 8;
/// Beyond this, more worker processes serve better than more calls in one.
const MAX_CONCURRENCY: u64 = 1024;
/// Often enough that a console notices a missing worker within seconds.
const HEARTBEAT_SECONDS: u64 = 5;
/// The answer deadline plus the time to save, with room; just under Kubernetes' usual patience.
const DRAIN_SECONDS: u64 = 60;

/// Section `worker`.
#[derive(Clone, Debug)]
pub struct WorkerConfig {
    /// Most calls in flight in one process.
    pub concurrency: u32,
    /// How often a worker says that it lives.
    pub heartbeat_seconds: u64,
    /// How long a shutdown waits for calls under way.
    pub drain_seconds: u64,
}

impl Default for WorkerConfig {
    fn default() -> Self {
        Self {
            concurrency: CONCURRENCY,
            heartbeat_seconds: HEARTBEAT_SECONDS,
            drain_seconds: DRAIN_SECONDS,
        }
    }
}

pub(super) const KEYS: &[Key] = &[
    key!(worker.concurrency, "Most calls in flight in one process."),
    key!(
        worker.heartbeat_seconds,
        "How often a worker says that it lives."
    ),
    key!(
        worker.drain_seconds,
        "How long a shutdown waits for calls under way."
    ),
];

impl WorkerConfig {
    pub(super) fn check(&self, findings: &mut Findings) {
        findings.range("worker.concurrency", self.concurrency, 1, MAX_CONCURRENCY);
        findings.seconds("worker.heartbeat_seconds", self.heartbeat_seconds);
        findings.seconds("worker.drain_seconds", self.drain_seconds);
    }
}

#[cfg(test)]
mod tests {
    use crate::config::tests::{load_yaml, problems};

    #[test]
    fn documented_yaml() {
        let yaml = "worker:\n  concurrency: 16\n  heartbeat_seconds: 4\n  drain_seconds: 90\n";
        let worker = load_yaml(yaml).config.worker;
        assert_eq!((worker.concurrency, worker.heartbeat_seconds), (16, 4));
        assert_eq!(worker.drain_seconds, 90);
    }

    #[test]
    fn impossible_values() {
        for yaml in [
            "concurrency: 0",
            "concurrency: 1025",
            "heartbeat_seconds: 0",
        ] {
            problems(&format!("worker:\n  {yaml}\n"));
        }
    }
}
