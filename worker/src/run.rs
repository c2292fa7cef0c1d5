//! The worker over apalis: one apalis worker for each lane, the same handler in both.

use std::{convert::Infallible, sync::Arc};

use apalis::prelude::{Data, WorkerBuilder, WorkerBuilderExt as _, WorkerError};
use rt_manage_shared::{
    model::attempt::Lane,
    queue::{
        RefreshJob,
        embedded::{DepthGuard, EmbeddedConsumer},
    },
};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::Worker;

/// What the handler of one lane works with.
#[derive(Debug, Clone)]
struct LaneContext {
    worker: Arc<Worker>,
    lane: Lane,
    /// Calls in flight over both lanes: what a `kill -9` can cost at most.
    permits: Arc<Semaphore>,
    depth: DepthGuard,
}

/// apalis never retries: whatever the handler could not do stands in the database and comes again from there.
async fn handle(job: RefreshJob, context: Data<LaneContext>) -> Result<(), Infallible> {
    // The semaphore is never closed; without a permit the job is dropped here and pushed again later.
    if let Ok(_permit) = context.permits.acquire().await {
        context.worker.handle(context.lane, job).await;
    }
    context.depth.job_done();
    Ok(())
}

impl Worker {
    /// Runs both lanes until `stop`; returns when no call is in flight any more.
    pub async fn run_embedded(
        self: &Arc<Self>,
        interactive: EmbeddedConsumer,
        bulk: EmbeddedConsumer,
        stop: CancellationToken,
    ) -> Result<(), WorkerError> {
        let permits = Arc::new(Semaphore::new(self.settings.concurrency));
        let lane = |lane: Lane, consumer: EmbeddedConsumer, concurrency: usize| {
            let context = LaneContext {
                worker: Arc::clone(self),
                lane,
                permits: Arc::clone(&permits),
                depth: consumer.depth,
            };
            let stop = stop.clone();
            let worker = WorkerBuilder::new(format!("{}-{lane}", self.boot))
                .backend(consumer.storage)
                .data(context)
                .concurrency(concurrency)
                .build(handle);
            worker.run_until(async move {
                stop.cancelled().await;
                Ok::<(), WorkerError>(())
            })
        };
        let result = tokio::try_join!(
            lane(Lane::Interactive, interactive, self.settings.concurrency),
            lane(Lane::Bulk, bulk, self.settings.bulk_concurrency()),
        );
        self.gate.stop();
        self.in_flight.close();
        self.in_flight.wait().await;
        result.map(|_| ())
    }
}
