//! Consuming the queue over Redis. Any error of Redis ends an apalis worker for good, so each lane is run again
//! and again, under a new name each time; calls in flight do not notice.

use std::{
    convert::Infallible,
    future::Future,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU8, Ordering},
    },
    time::Duration,
};

use apalis::prelude::{
    Data, Event, EventListenerExt as _, WorkerBuilder, WorkerBuilderExt as _, WorkerContext,
    WorkerError,
};
use rand::RngExt as _;
use rt_manage_shared::{
    clock::BootInstant,
    hooks::{self, Step},
    model::attempt::Lane,
    queue::{
        QueueError, RefreshJob,
        redis::{HEARTBEAT, Payload, RedisQueue},
    },
};
use tokio::sync::watch;
use tokio_util::{
    sync::CancellationToken,
    task::{AbortOnDropHandle, TaskTracker},
};

use super::{LaneContext, in_a_task_of_its_own};
use crate::Worker;

/// Pauses before a lane is run again, with up to half of them added at random.
const RETRY_FIRST: Duration = Duration::from_millis(100);
const RETRY_MAX: Duration = Duration::from_secs(5);
/// A lane that has run this long is sound: the pauses begin anew.
const SOUND: Duration = Duration::from_secs(10);
/// No heartbeat for this long: the stream hangs. Longer than the slowest answer that Redis is waited for (10 s).
const SILENT: Duration = Duration::from_secs(30);
/// A lane that ended this often in a row although Redis works holds something that nobody can read.
const UNREADABLE_AFTER: u32 = 5;
/// Distance of looks whether a lane that stops has jobs in hand.
const LOOK: Duration = Duration::from_millis(20);
/// Time for acknowledgements of a lane that stops: some round trips.
const LAST_ACKNOWLEDGEMENTS: Duration = Duration::from_millis(300);
/// Finished jobs are removed this often while there are any.
const TRIM: Duration = Duration::from_secs(1);
/// Looks for finished jobs after the last one was done: acknowledgements follow the work.
const LOOKS: u8 = 3;

/// Why a lane's consumer ended.
#[derive(Debug, thiserror::Error)]
enum LaneError {
    #[error(transparent)]
    Queue(#[from] QueueError),
    #[error("the consumer ended: {0}")]
    Consumer(#[from] WorkerError),
    #[error("the consumer broke off: {0}")]
    Broken(#[from] tokio::task::JoinError),
    #[error("the consumer ended unasked")]
    Unasked,
    #[error("the consumer gave no sign of life")]
    Silent,
    /// No failure: it begins anew with another number.
    #[error("the number of calls in flight was changed")]
    Resized,
}

/// Does a job; whatever becomes of it stands in the database.
trait Perform: Clone + Send + Sync + 'static {
    fn perform(self, job: RefreshJob) -> impl Future<Output = ()> + Send;
}

impl Perform for LaneContext {
    async fn perform(self, job: RefreshJob) {
        Self::perform(self, job).await;
    }
}

/// The consumer of one lane.
struct Consumer<'a, P> {
    queue: &'a RedisQueue,
    lane: Lane,
    /// What the names of all its runs begin with: unique to this start of the process.
    name: String,
    /// Jobs in hand at once.
    concurrency: watch::Receiver<usize>,
    performer: P,
    tasks: TaskTracker,
    /// Looks for finished jobs that are still to be made.
    looks: Arc<AtomicU8>,
    /// Whether the lane cannot be consumed at the moment.
    failing: Arc<AtomicBool>,
}

#[derive(Debug, Clone)]
struct Context<P> {
    lane: Lane,
    performer: P,
    tasks: TaskTracker,
    looks: Arc<AtomicU8>,
}

/// Always `Ok`: the library never retries anything.
async fn handle<P: Perform>(payload: Payload, context: Data<Context<P>>) -> Result<(), Infallible> {
    match payload {
        Payload::Job(job) => {
            let performer = context.performer.clone();
            in_a_task_of_its_own(&context.tasks, performer.perform(job)).await;
        }
        Payload::Unreadable => {
            metrics::counter!("rtm_queue_unreadable_total").increment(1);
            tracing::warn!(lane = %context.lane, "an entry of the queue is not a job; dropped");
        }
    }
    context.looks.store(LOOKS, Ordering::Release);
    Ok(())
}

impl Worker {
    /// Runs both lanes until `stop`; returns when no call is in flight any more.
    pub async fn run_redis(self: &Arc<Self>, queue: &RedisQueue, stop: CancellationToken) {
        // What waits for a place is given back one by one when the worker stops.
        let (lanes, _following) = self.lanes(&CancellationToken::new());
        let [interactive, bulk] = lanes.map(|context| Consumer {
            queue,
            lane: context.lane,
            failing: self.failing.lane(context.lane),
            name: format!("{}-{}", self.boot, context.lane),
            concurrency: context.own.size(),
            performer: context,
            tasks: self.jobs.clone(),
            // What an earlier process left counts as well.
            looks: Arc::new(AtomicU8::new(LOOKS)),
        });
        tokio::join!(
            interactive.run(&stop),
            bulk.run(&stop),
            queue.listen_for_jobs(stop.clone()),
        );
        self.finish().await;
    }
}

impl<P: Perform> Consumer<'_, P> {
    /// Consumes until `stop`, whatever happens to Redis.
    async fn run(&self, stop: &CancellationToken) {
        tokio::select! {
            () = self.consume_again_and_again(stop) => {}
            () = self.trim() => {}
        }
    }

    async fn consume_again_and_again(&self, stop: &CancellationToken) {
        let mut pause = RETRY_FIRST;
        let mut unreadable = 0;
        for run in 0_u64.. {
            let name = format!("{}-{run}", self.name);
            let begun = BootInstant::now();
            let ended = self.consume(&name, stop).await;
            let released = self.queue.release(self.lane, &name).await;
            if stop.is_cancelled() {
                return;
            }
            let error = ended.err().unwrap_or(LaneError::Unasked);
            if matches!(error, LaneError::Resized) {
                tracing::info!(lane = %self.lane, concurrency = *self.concurrency.borrow(), "consuming with another number of calls in flight");
                continue;
            }
            self.failing.store(true, Ordering::Release);
            metrics::counter!("rtm_lane_restarts_total", "lane" => self.lane.as_str()).increment(1);
            tracing::warn!(lane = %self.lane, error = %error, "the queue failed; consuming again");
            if begun.elapsed() >= SOUND {
                (pause, unreadable) = (RETRY_FIRST, 0);
            }
            if let Ok(dropped @ 1..) = released {
                tracing::warn!(lane = %self.lane, dropped, "entries that nobody can read were removed");
            }
            // While Redis itself is away or full, the lane's content is not the reason.
            if self.queue.check().await.is_ok() {
                unreadable += 1;
            }
            if unreadable >= UNREADABLE_AFTER && self.queue.purge(self.lane).await.is_ok() {
                unreadable = 0;
                tracing::error!(lane = %self.lane, "no consumer can read this lane: emptied; what waited is pushed again");
            }
            let jitter: f64 = rand::rng().random_range(0.0..0.5);
            tokio::select! {
                () = tokio::time::sleep(pause.mul_f64(1.0 + jitter)) => {}
                () = stop.cancelled() => return,
            }
            pause = (pause * 2).min(RETRY_MAX);
        }
    }

    /// One run.
    async fn consume(&self, name: &str, stop: &CancellationToken) -> Result<(), LaneError> {
        hooks::step(Step::LaneBegin);
        let alive = Arc::new(Mutex::new(BootInstant::now()));
        let ended = CancellationToken::new();
        let (heard, exited) = (Arc::clone(&alive), ended.clone());
        let failing = Arc::clone(&self.failing);
        let concurrency = *self.concurrency.borrow();
        let worker = WorkerBuilder::new(name)
            .backend(self.queue.lane(self.lane)?)
            .concurrency(concurrency)
            .data(Context {
                lane: self.lane,
                performer: self.performer.clone(),
                tasks: self.tasks.clone(),
                looks: Arc::clone(&self.looks),
            })
            .on_event(move |_: &WorkerContext, event: &Event| match event {
                Event::HeartBeat => {
                    *heard.lock().unwrap_or_else(PoisonError::into_inner) = BootInstant::now();
                    failing.store(false, Ordering::Release);
                }
                Event::Exit => exited.cancel(),
                _ => {}
            })
            .build(handle::<P>);
        let asked = stop.clone();
        // `run_until` and the library's monitor wait for the signal even when the worker has ended.
        let run = worker.run_with_ctx(move |context| {
            let (asked, ended) = (asked.clone(), ended.clone());
            async move {
                tokio::select! {
                    () = asked.cancelled() => context.stop(),
                    () = ended.cancelled() => Ok(()),
                }
            }
        });
        // In a task of its own: the library asks Redis for jobs whenever its future is polled, so that two of them in
        // one task would wake each other without end.
        let run = AbortOnDropHandle::new(tokio::spawn(run));
        tokio::select! {
            result = run => Ok(result??),
            () = self.silent(name, &alive) => Err(LaneError::Silent),
            () = self.drained(stop) => Ok(()),
            () = self.resized(concurrency) => Err(LaneError::Resized),
        }
    }

    /// Returns when the lane was asked to stop and no job is in hand any more. The library takes acknowledgements no
    /// more while it stops: where more than four jobs end then, their handlers wait for ever. What is left is given
    /// back, and whoever takes it finds it done.
    async fn drained(&self, stop: &CancellationToken) {
        stop.cancelled().await;
        while !self.tasks.is_empty() {
            tokio::time::sleep(LOOK).await;
        }
        tokio::time::sleep(LAST_ACKNOWLEDGEMENTS).await;
    }

    /// Returns when another number of jobs may be in hand than this. The library keeps the number that a consumer is built
    /// with, and a consumer that holds more than it can do keeps jobs from other workers: so it begins anew. Calls in flight do
    /// not notice; until they have ended, this process holds at most as many jobs as both numbers together.
    async fn resized(&self, from: usize) {
        let mut size = self.concurrency.clone();
        if size.wait_for(|size| *size != from).await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// Returns when a run has given no sign of life for too long.
    async fn silent(&self, name: &str, alive: &Mutex<BootInstant>) {
        loop {
            tokio::time::sleep(HEARTBEAT).await;
            if let Err(error) = self.queue.expire_record(self.lane, name).await {
                tracing::debug!(error = %error, "a consumer's record could not be renewed");
            }
            let last = *alive.lock().unwrap_or_else(PoisonError::into_inner);
            if last.elapsed() >= SILENT {
                return;
            }
        }
    }

    /// Removes finished jobs, which the library keeps, while this consumer finishes any. Never ends.
    async fn trim(&self) {
        loop {
            let looks = self.looks.load(Ordering::Acquire);
            if looks > 0 {
                match self.queue.trim(self.lane).await {
                    Ok(0) => {
                        // A job that is done meanwhile sets the number anew, and that stays.
                        let _ = self.looks.compare_exchange(
                            looks,
                            looks - 1,
                            Ordering::AcqRel,
                            Ordering::Relaxed,
                        );
                    }
                    Ok(_) => {}
                    Err(error) => {
                        tracing::debug!(error = %error, "finished jobs could not be removed");
                    }
                }
            }
            tokio::time::sleep(TRIM).await;
        }
    }
}

#[cfg(test)]
#[path = "redis_tests.rs"]
mod tests;
