//! Who refreshes what this process asks for: a worker inside it, or worker processes that are reached over Redis.

use std::{sync::Arc, time::Duration};

use rt_manage_shared::{
    db::{DbError, attempts},
    lifecycle::Lifecycle,
    notify::Notifier,
    process::Base,
    queue::{Producer, embedded, redis::RedisQueue},
};
use rt_manage_worker::{Live, RunningWorker, StartError, Worker, WorkerParts};
use tokio_util::sync::CancellationToken;

/// The way to whoever refreshes, and back.
pub(super) struct Queueing {
    pub(super) producer: Producer,
    pub(super) notifier: Notifier,
    pub(super) refreshing: Refreshing,
}

/// Who refreshes.
pub(super) enum Refreshing {
    /// A worker in this process.
    Here(RunningWorker),
    /// Worker processes. The token ends waiting and announcing.
    Elsewhere(CancellationToken),
}

/// Why the embedded worker could not begin.
#[derive(Debug, thiserror::Error)]
pub(super) enum EmbeddedError {
    #[error(transparent)]
    Database(#[from] DbError),
    #[error(transparent)]
    Worker(#[from] StartError),
}

/// Starts a worker in this process, over a queue in its memory.
pub(super) async fn embedded(
    base: &Base,
    settings: &Live,
    lifecycle: &Lifecycle,
) -> Result<Queueing, EmbeddedError> {
    let notifier = Notifier::in_process();
    let (producer, interactive, bulk) = embedded::create();
    // The queue is empty after a start: whatever waits has to be pushed again.
    attempts::forget_pushes(&mut &base.db).await?;
    let parts = WorkerParts {
        db: base.db.clone(),
        vault: base.vault.clone(),
        clock: base.clock.clone(),
        notifier: notifier.clone(),
        settings: settings.clone(),
        draining: lifecycle.soft().clone(),
    };
    let lanes = |worker: Arc<Worker>, stop| async move {
        worker.run_embedded(interactive, bulk, stop).await
    };
    let worker = RunningWorker::start(parts, lifecycle.clone(), lanes).await?;
    Ok(Queueing {
        producer: Producer::Embedded(producer),
        notifier,
        refreshing: Refreshing::Here(worker),
    })
}

/// Hears what worker processes announce. Redis need not be there yet.
pub(super) fn over_redis(queue: &RedisQueue, lifecycle: &Lifecycle) -> Queueing {
    let stop = CancellationToken::new();
    let notifier = queue.notifier(stop.clone());
    let (listener, events, until) = (queue.clone(), notifier.clone(), stop.clone());
    lifecycle.spawn_part("announcements", async move {
        listener.listen_for_events(&events, until).await;
    });
    Queueing {
        producer: Producer::Redis(queue.clone()),
        notifier,
        refreshing: Refreshing::Elsewhere(stop),
    }
}

impl Refreshing {
    /// The worker in this process.
    pub(super) fn worker(&self) -> Option<Arc<Worker>> {
        match self {
            Self::Here(worker) => Some(worker.worker()),
            Self::Elsewhere(_) => None,
        }
    }

    /// Cancelled when nobody has to be waited for any more.
    pub(super) fn stop_token(&self) -> CancellationToken {
        match self {
            Self::Here(worker) => worker.stop_token(),
            Self::Elsewhere(stop) => stop.clone(),
        }
    }

    /// Ends it after the last waiting client has its answer. `false`: calls in flight had not ended within the limit.
    pub(super) async fn stop(self, limit: Duration, lifecycle: &Lifecycle) -> bool {
        match self {
            Self::Here(worker) => worker.stop(limit, lifecycle).await,
            Self::Elsewhere(stop) => {
                stop.cancel();
                true
            }
        }
    }
}
