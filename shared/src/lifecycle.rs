//! How a process ends: a soft signal drains, a second one forces, a dead part ends the whole.

use std::{future::Future, time::Duration};

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// Shutdown in two steps, shared by all parts of a process; cheap to clone.
///
/// *Soft*: take nothing new, finish what is in hand. *Hard*: end now. A part that ends although nobody asked
/// it to is a fault: the process then stops too, and exits non-zero, so that a supervisor restarts it.
#[derive(Debug, Clone, Default)]
pub struct Lifecycle {
    soft: CancellationToken,
    hard: CancellationToken,
    failed: CancellationToken,
    tasks: TaskTracker,
}

impl Lifecycle {
    /// A running process.
    pub fn new() -> Self {
        Self::default()
    }

    /// Cancelled when draining begins.
    pub fn soft(&self) -> &CancellationToken {
        &self.soft
    }

    /// Cancelled when everything shall end at once.
    pub fn hard(&self) -> &CancellationToken {
        &self.hard
    }

    /// Begins draining.
    pub fn stop(&self) {
        self.soft.cancel();
    }

    /// Whether some part died unasked.
    pub fn has_failed(&self) -> bool {
        self.failed.is_cancelled()
    }

    /// Declares the process broken: drains, and lets it exit non-zero.
    pub fn fail(&self, part: &'static str) {
        tracing::error!(
            part,
            "a part of this process ended although nobody asked it to; stopping"
        );
        self.failed.cancel();
        self.soft.cancel();
    }

    /// Runs a part that lives as long as the process. If it returns or panics before draining began, the
    /// process fails.
    pub fn spawn_part<F>(&self, part: &'static str, future: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let lifecycle = self.clone();
        let task = tokio::spawn(future);
        self.tasks.spawn(async move {
            let ended = task.await;
            if ended.is_err() || !lifecycle.soft.is_cancelled() {
                lifecycle.fail(part);
            }
        });
    }

    /// Listens for SIGTERM and SIGINT: the first one drains, the second one forces.
    pub fn listen_for_signals(&self) -> std::io::Result<()> {
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let lifecycle = self.clone();
        tokio::spawn(async move {
            let mut next = async || {
                tokio::select! {
                    _ = terminate.recv() => "SIGTERM",
                    _ = interrupt.recv() => "SIGINT",
                }
            };
            let name = next().await;
            tracing::info!(signal = name, "draining; a second signal ends at once");
            lifecycle.soft.cancel();
            let name = next().await;
            tracing::warn!(signal = name, "ending at once");
            lifecycle.hard.cancel();
        });
        Ok(())
    }

    /// Waits until all parts have ended, at most `limit`. `false`: some had not.
    pub async fn drained(&self, limit: Duration) -> bool {
        self.tasks.close();
        tokio::select! {
            () = self.tasks.wait() => true,
            () = tokio::time::sleep(limit) => false,
            () = self.hard.cancelled() => false,
        }
    }
}
