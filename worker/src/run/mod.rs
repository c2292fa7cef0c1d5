//! The worker over apalis: one apalis worker for each lane, the same handler in both, over either queue.

mod embedded;
mod redis;
mod room;

use std::{
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use rt_manage_shared::{model::attempt::Lane, queue::RefreshJob};
use tokio_util::{
    sync::CancellationToken,
    task::{AbortOnDropHandle, TaskTracker},
};

use self::room::{Room, Rooms};
use crate::Worker;

/// What the handler of one lane works with.
#[derive(Debug, Clone)]
struct LaneContext {
    worker: Arc<Worker>,
    lane: Lane,
    /// Calls in flight of this lane. Asked first, so that bulk work does not queue up in front of somebody who waits.
    own: Room,
    /// Calls in flight over both lanes: what a `kill -9` can cost at most.
    all: Room,
    /// When it is cancelled, what waits for a place is dropped.
    drop_waiting: CancellationToken,
}

impl LaneContext {
    async fn perform(self, job: RefreshJob) {
        // A job without a place is dropped here and pushed again later.
        let places = async { (self.own.enter().await, self.all.enter().await) };
        let places = tokio::select! {
            biased;
            () = self.drop_waiting.cancelled() => return,
            places = places => places,
        };
        if let (Some(_own), Some(_place)) = places {
            self.worker.handle(self.lane, job).await;
        }
    }
}

/// Which lanes cannot be consumed at the moment.
#[derive(Debug, Default)]
pub(crate) struct FailingLanes {
    interactive: Arc<AtomicBool>,
    bulk: Arc<AtomicBool>,
}

impl FailingLanes {
    fn lane(&self, lane: Lane) -> Arc<AtomicBool> {
        Arc::clone(match lane {
            Lane::Interactive => &self.interactive,
            Lane::Bulk => &self.bulk,
        })
    }

    /// Whether any is.
    pub(crate) fn any(&self) -> bool {
        [&self.interactive, &self.bulk]
            .iter()
            .any(|failing| failing.load(Ordering::Acquire))
    }
}

/// Runs a job in a task of its own: apalis drops its handlers when a queue fails, and a job that has begun must
/// not be dropped. apalis never retries either: whatever was not done stands in the database and comes again
/// from there.
async fn in_a_task_of_its_own(tasks: &TaskTracker, job: impl Future<Output = ()> + Send + 'static) {
    if tasks.spawn(job).await.is_err() {
        tracing::error!(
            "a job ended by a panic; what it had claimed is settled as that of a lost worker"
        );
    }
}

impl Worker {
    /// Both lanes. Their rooms grow and shrink with the settings for as long as the handle lives.
    fn lanes(
        self: &Arc<Self>,
        drop_waiting: &CancellationToken,
    ) -> ([LaneContext; 2], AbortOnDropHandle<()>) {
        let rooms = Rooms::new(&self.settings.current());
        let lanes = [Lane::Interactive, Lane::Bulk].map(|lane| LaneContext {
            worker: Arc::clone(self),
            lane,
            own: rooms.of(lane).clone(),
            all: rooms.all().clone(),
            drop_waiting: drop_waiting.clone(),
        });
        let following = rooms.follow(self.settings.subscribe());
        (lanes, AbortOnDropHandle::new(tokio::spawn(following)))
    }

    /// Nothing is claimed any more; returns when no call is in flight.
    async fn finish(&self) {
        self.gate.stop();
        self.jobs.close();
        self.jobs.wait().await;
        self.in_flight.close();
        self.in_flight.wait().await;
    }
}
