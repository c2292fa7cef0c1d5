//! [`RunningWorker`]: a worker with its tasks, the same inside the API and in a process of its own.

use std::{error::Error, future::Future, sync::Arc, time::Duration};

use rt_manage_shared::lifecycle::Lifecycle;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::{StartError, Worker, WorkerParts};

/// A worker with its tasks.
#[derive(Debug)]
pub struct RunningWorker {
    worker: Arc<Worker>,
    stop: CancellationToken,
    lanes: JoinHandle<()>,
    supervisor: JoinHandle<()>,
}

impl RunningWorker {
    /// Replays what journals hold, then begins to work. `lanes` feeds the worker from its queue until the token is
    /// cancelled and nothing is in flight any more; lanes that end unasked fail the process.
    pub async fn start<F, E>(
        parts: WorkerParts,
        lifecycle: Lifecycle,
        lanes: impl FnOnce(Arc<Worker>, CancellationToken) -> F,
    ) -> Result<Self, StartError>
    where
        F: Future<Output = Result<(), E>> + Send + 'static,
        E: Error + Send + 'static,
    {
        let worker = Worker::start(parts).await?;
        let stop = CancellationToken::new();
        let feeding = tokio::spawn(lanes(Arc::clone(&worker), stop.clone()));
        let asked = stop.clone();
        let lanes = tokio::spawn(async move {
            match feeding.await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => tracing::error!(error = %error, "the worker's lanes ended"),
                Err(error) => tracing::error!(error = %error, "the worker's lanes broke off"),
            }
            if !asked.is_cancelled() {
                lifecycle.fail("worker");
            }
        });
        let (supervised, until) = (Arc::clone(&worker), stop.clone());
        let supervisor = tokio::spawn(async move {
            // Beside each other: statistics that meet a lock must not keep a heartbeat waiting.
            tokio::join!(
                supervised.supervise(until.clone()),
                supervised.keep_statistics(until.clone())
            );
        });
        Ok(Self {
            worker,
            stop,
            lanes,
            supervisor,
        })
    }

    /// The worker.
    pub fn worker(&self) -> Arc<Worker> {
        Arc::clone(&self.worker)
    }

    /// Cancelled when the worker begins to stop.
    pub fn stop_token(&self) -> CancellationToken {
        self.stop.clone()
    }

    /// Claims nothing more and waits for the calls in flight. `false`: they had not ended within the limit.
    pub async fn stop(self, limit: Duration, lifecycle: &Lifecycle) -> bool {
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

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;
    use crate::test_parts::parts;

    const SOON: Duration = Duration::from_secs(5);

    #[tokio::test]
    async fn lanes_that_end_unasked_fail_the_process() {
        let folder = tempfile::tempdir().unwrap();
        let broken: [fn() -> Result<(), std::fmt::Error>; 3] =
            [|| Ok(()), || Err(std::fmt::Error), || panic!("on purpose")];
        for lanes in broken {
            let lifecycle = Lifecycle::new();
            let parts = parts(folder.path()).await;
            let running =
                RunningWorker::start(parts, lifecycle.clone(), |_, _| async move { lanes() })
                    .await
                    .unwrap();
            tokio::time::timeout(SOON, lifecycle.soft().cancelled())
                .await
                .unwrap();
            assert!(lifecycle.has_failed());
            assert!(running.stop(SOON, &lifecycle).await);
        }
    }

    #[tokio::test]
    async fn lanes_are_waited_for_within_the_limit() {
        let folder = tempfile::tempdir().unwrap();
        for (work, ended) in [(Duration::from_millis(50), true), (SOON, false)] {
            let lifecycle = Lifecycle::new();
            let parts = parts(folder.path()).await;
            let lanes = move |_, stop: CancellationToken| async move {
                stop.cancelled().await;
                tokio::time::sleep(work).await;
                Ok::<(), Infallible>(())
            };
            let running = RunningWorker::start(parts, lifecycle.clone(), lanes)
                .await
                .unwrap();
            lifecycle.stop();
            let limit = Duration::from_millis(500);
            assert_eq!(running.stop(limit, &lifecycle).await, ended);
            assert!(!lifecycle.has_failed());
        }
    }
}
