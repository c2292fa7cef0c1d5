//! The worker inside the API process: started with it, stopped after the last waiting client has its answer.

use std::{sync::Arc, time::Duration};

use rt_manage_shared::{lifecycle::Lifecycle, queue::embedded::EmbeddedConsumer};
use rt_manage_worker::{StartError, Worker, WorkerParts};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// A worker with its tasks.
pub(super) struct EmbeddedWorker {
    worker: Arc<Worker>,
    stop: CancellationToken,
    lanes: JoinHandle<()>,
    supervisor: JoinHandle<()>,
}

impl EmbeddedWorker {
    /// Replays what journals hold, then begins to work. Lanes that end unasked fail the process.
    pub(super) async fn start(
        parts: WorkerParts,
        interactive: EmbeddedConsumer,
        bulk: EmbeddedConsumer,
        lifecycle: Lifecycle,
    ) -> Result<Self, StartError> {
        let worker = Worker::start(parts).await?;
        let stop = CancellationToken::new();
        let (runner, until) = (Arc::clone(&worker), stop.clone());
        let asked = stop.clone();
        let lanes = tokio::spawn(async move {
            if let Err(error) = runner.run_embedded(interactive, bulk, until).await {
                tracing::error!(error = %error, "the embedded worker ended");
            }
            if !asked.is_cancelled() {
                lifecycle.fail("embedded worker");
            }
        });
        let (supervised, until) = (Arc::clone(&worker), stop.clone());
        let supervisor = tokio::spawn(async move { supervised.supervise(until).await });
        Ok(Self {
            worker,
            stop,
            lanes,
            supervisor,
        })
    }

    /// The worker.
    pub(super) fn worker(&self) -> Arc<Worker> {
        Arc::clone(&self.worker)
    }

    /// Cancelled when the worker begins to stop.
    pub(super) fn stop_token(&self) -> CancellationToken {
        self.stop.clone()
    }

    /// Claims nothing more and waits for the calls in flight. `false`: they had not ended within the limit.
    pub(super) async fn stop(self, limit: Duration, lifecycle: &Lifecycle) -> bool {
        self.stop.cancel();
        let ended = async { tokio::join!(self.lanes, self.supervisor) };
        tokio::select! {
            joined = tokio::time::timeout(limit, ended) => {
                if joined.is_err() {
                    return false;
                }
            }
            () = lifecycle.hard().cancelled() => return false,
        }
        self.worker.retire().await;
        true
    }
}
