//! Consuming the queue inside this process.

use std::{convert::Infallible, sync::Arc};

use apalis::prelude::{Data, WorkerBuilder, WorkerBuilderExt as _, WorkerError};
use rt_manage_shared::config::MAX_CONCURRENCY;
use rt_manage_shared::queue::{
    RefreshJob,
    embedded::{DepthGuard, EmbeddedConsumer},
};
use tokio_util::sync::CancellationToken;

use super::{LaneContext, in_a_task_of_its_own};
use crate::Worker;

#[derive(Debug, Clone)]
struct EmbeddedLane {
    lane: LaneContext,
    depth: DepthGuard,
}

async fn handle(job: RefreshJob, embedded: Data<EmbeddedLane>) -> Result<(), Infallible> {
    let lane = embedded.lane.clone();
    in_a_task_of_its_own(&embedded.lane.worker.jobs, lane.perform(job)).await;
    embedded.depth.job_done();
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
        let run = |lane: LaneContext, consumer: EmbeddedConsumer| {
            let stop = stop.clone();
            let worker = WorkerBuilder::new(format!("{}-{}", self.boot, lane.lane))
                .backend(consumer.storage)
                // What is taken out of this process' memory waits for a place all the same. A library's worker keeps the number
                // that it is built with, and this queue can be consumed once: so it is the largest that can be set.
                .concurrency(usize::try_from(MAX_CONCURRENCY).unwrap_or(usize::MAX))
                .data(EmbeddedLane {
                    lane,
                    depth: consumer.depth,
                })
                .build(handle);
            worker.run_until(async move {
                stop.cancelled().await;
                Ok::<(), WorkerError>(())
            })
        };
        // This queue ends with the process, and the next one pushes everything that waits: what has no place is left there.
        let ([first, second], _following) = self.lanes(&stop);
        let result = tokio::try_join!(run(first, interactive), run(second, bulk));
        self.finish().await;
        result.map(|_| ())
    }
}
