//! The queue inside one process: apalis' in-memory back end, one instance for each lane.
//!
//! The storage is built over a channel of ours, because the sink that it comes with panics when two tasks push
//! at the same moment (`try_lock().unwrap()` in apalis-core 1.0.0); its receiving half is used as it is.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use apalis_core::{
    backend::memory::{MemorySink, MemoryStorage, MemoryStorageError},
    task::{Task, builder::TaskBuilder, task_id::TaskId},
};
use futures::{SinkExt as _, StreamExt as _, channel::mpsc};

use crate::model::attempt::Lane;

use super::{QueueError, RefreshJob};

/// The storage that an apalis worker consumes.
pub type LaneStorage = MemoryStorage<RefreshJob>;

#[derive(Debug, Clone)]
struct LaneSender {
    sender: mpsc::UnboundedSender<Task<RefreshJob>>,
    depth: Arc<AtomicU32>,
}

/// The pushing half; cheap to clone.
#[derive(Debug, Clone)]
pub struct EmbeddedProducer {
    interactive: LaneSender,
    bulk: LaneSender,
}

/// The consuming half of one lane.
#[derive(Debug)]
pub struct EmbeddedConsumer {
    /// What apalis reads from.
    pub storage: LaneStorage,
    /// Counts the lane's jobs that wait or run.
    pub depth: DepthGuard,
}

/// Lowers a lane's measured depth when a job is done.
#[derive(Debug, Clone)]
pub struct DepthGuard(Arc<AtomicU32>);

impl DepthGuard {
    /// One job of the lane is done.
    pub fn job_done(&self) {
        let _ = self
            .0
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |depth| {
                Some(depth.saturating_sub(1))
            });
    }
}

/// Makes the queue: its pushing half, and the consuming halves of the interactive and of the bulk lane.
pub fn create() -> (EmbeddedProducer, EmbeddedConsumer, EmbeddedConsumer) {
    let (interactive, interactive_consumer) = lane();
    let (bulk, bulk_consumer) = lane();
    (
        EmbeddedProducer { interactive, bulk },
        interactive_consumer,
        bulk_consumer,
    )
}

fn lane() -> (LaneSender, EmbeddedConsumer) {
    let (sender, receiver) = mpsc::unbounded();
    let sink = sender
        .clone()
        .sink_map_err(|error: mpsc::SendError| MemoryStorageError::from(error));
    let sink = MemorySink::new(Arc::new(futures::lock::Mutex::new(Box::new(sink))));
    let depth = Arc::new(AtomicU32::new(0));
    let consumer = EmbeddedConsumer {
        storage: MemoryStorage::new_with(sink, receiver.boxed()),
        depth: DepthGuard(Arc::clone(&depth)),
    };
    (LaneSender { sender, depth }, consumer)
}

impl EmbeddedProducer {
    const fn lane(&self, lane: Lane) -> &LaneSender {
        match lane {
            Lane::Interactive => &self.interactive,
            Lane::Bulk => &self.bulk,
        }
    }

    pub(super) fn push(&self, lane: Lane, jobs: &[RefreshJob]) -> Result<(), QueueError> {
        let lane = self.lane(lane);
        for job in jobs {
            let id = TaskId::from_string(job.attempt);
            lane.depth.fetch_add(1, Ordering::Relaxed);
            lane.sender
                .unbounded_send(TaskBuilder::new(job.clone()).task_id(id).build())
                .map_err(|_| {
                    lane.depth.fetch_sub(1, Ordering::Relaxed);
                    QueueError::Ended
                })?;
        }
        Ok(())
    }

    pub(super) fn depth(&self, lane: Lane) -> u32 {
        self.lane(lane).depth.load(Ordering::Relaxed)
    }
}
