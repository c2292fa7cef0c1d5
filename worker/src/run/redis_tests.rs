//! What apalis-redis does out of the box and what keeps us from it, against a real Redis: `scripts/test-services`
//! starts one, and a test that finds none fails.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a broken expectation must stop the test"
)]

use std::{collections::HashMap, sync::Arc};

use redis::{AsyncCommands as _, aio::MultiplexedConnection};
use rt_manage_shared::{
    config::QueueConfig,
    id::{AttemptId, CredentialId},
    queue::Producer,
    vault::Secret,
};
use tokio::{sync::Semaphore, task::JoinHandle};

use super::*;

/// No wait of a test is this long unless something is broken.
const LIMIT: Duration = Duration::from_mins(1);

/// A queue of its own in the common Redis, and a hand in it.
struct Bench {
    queue: RedisQueue,
    producer: Producer,
    redis: MultiplexedConnection,
    prefix: String,
}

impl Bench {
    async fn new() -> Self {
        let url = std::env::var("RTM_TEST_REDIS_URL")
            .expect("RTM_TEST_REDIS_URL: start Redis with scripts/test-services");
        let prefix = format!("test:{}", AttemptId::generate());
        let config = QueueConfig {
            url: Some(Secret::new(url.clone())),
            key_prefix: prefix.clone(),
        };
        let queue = RedisQueue::open(&config).unwrap();
        let client = redis::Client::open(url).unwrap();
        Self {
            producer: Producer::Redis(queue.clone()),
            queue,
            redis: client.get_multiplexed_async_connection().await.unwrap(),
            prefix,
        }
    }

    fn key(&self, name: &str) -> String {
        format!("{}:bulk:{name}", self.prefix)
    }

    async fn push(&self, jobs: &[RefreshJob]) {
        self.producer.push(Lane::Bulk, jobs).await.unwrap();
    }

    /// Everything of this queue that is in Redis, but for what says who consumes.
    async fn jobs_left(&mut self) -> Vec<String> {
        let keys: Vec<String> = self
            .redis
            .keys(format!("{}:bulk:*", self.prefix))
            .await
            .unwrap();
        keys.into_iter()
            .filter(|key| !key.contains(":bulk:workers"))
            .collect()
    }

    async fn consumers(&mut self) -> Vec<(String, f64)> {
        let key = self.key("workers");
        self.redis.zrange_withscores(key, 0, -1).await.unwrap()
    }

    fn consume(&self, concurrency: usize, performer: &Performer) -> Running {
        let (queue, performer, stop) = (
            self.queue.clone(),
            performer.clone(),
            CancellationToken::new(),
        );
        let (until, name) = (stop.clone(), AttemptId::generate().to_string());
        let task = tokio::spawn(async move {
            let tasks = TaskTracker::new();
            let size = watch::Sender::new(concurrency);
            let consumer = Consumer {
                queue: &queue,
                lane: Lane::Bulk,
                name,
                concurrency: size.subscribe(),
                performer,
                tasks: tasks.clone(),
                looks: Arc::new(AtomicU8::new(LOOKS)),
                failing: Arc::default(),
            };
            tokio::join!(consumer.run(&until), queue.listen_for_jobs(until.clone()));
            tasks.close();
            tasks.wait().await;
        });
        Running { stop, task }
    }
}

struct Running {
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Running {
    async fn stop(self) {
        self.stop.cancel();
        tokio::time::timeout(LIMIT, self.task)
            .await
            .expect("it ends when asked")
            .unwrap();
    }
}

/// Counts jobs; lets each begin and end only as far as there are permits.
#[derive(Clone)]
struct Performer {
    begun: Arc<Mutex<HashMap<AttemptId, u32>>>,
    done: Arc<Mutex<HashMap<AttemptId, u32>>>,
    permits: Arc<Semaphore>,
}

impl Performer {
    fn new(permits: usize) -> Self {
        Self {
            begun: Arc::default(),
            done: Arc::default(),
            permits: Arc::new(Semaphore::new(permits)),
        }
    }

    fn free() -> Self {
        Self::new(Semaphore::MAX_PERMITS)
    }

    fn begun(&self, job: &RefreshJob) -> u32 {
        let begun = self.begun.lock().unwrap();
        begun.get(&job.attempt).copied().unwrap_or(0)
    }

    fn done(&self, job: &RefreshJob) -> u32 {
        let done = self.done.lock().unwrap();
        done.get(&job.attempt).copied().unwrap_or(0)
    }

    fn all_done(&self, jobs: &[RefreshJob]) -> bool {
        let done = self.done.lock().unwrap();
        jobs.iter().all(|job| done.contains_key(&job.attempt))
    }
}

impl Perform for Performer {
    async fn perform(self, job: RefreshJob) {
        *self.begun.lock().unwrap().entry(job.attempt).or_default() += 1;
        self.permits.acquire().await.unwrap().forget();
        *self.done.lock().unwrap().entry(job.attempt).or_default() += 1;
    }
}

fn jobs(number: usize) -> Vec<RefreshJob> {
    (0..number)
        .map(|_| RefreshJob {
            credential: CredentialId::generate(),
            attempt: AttemptId::generate(),
        })
        .collect()
}

async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let begun = BootInstant::now();
    while !holds().await {
        assert!(begun.elapsed() < LIMIT, "waited in vain: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Trap 1: the library unpacks all jobs that are due in one call of Lua, which has room for some 8,000.
#[tokio::test]
async fn a_backlog_of_ten_thousand_is_worked_off() {
    let mut bench = Bench::new().await;
    let jobs = jobs(10_000);
    for chunk in jobs.chunks(1000) {
        bench.push(chunk).await;
    }
    assert_eq!(bench.producer.depth(Lane::Bulk).await, Ok(10_000));
    let performer = Performer::free();
    let running = bench.consume(64, &performer);
    until("all are done", async || performer.all_done(&jobs)).await;
    assert_eq!(bench.consumers().await.len(), 1, "one consumer did it all");
    until("Redis is empty", async || {
        bench.jobs_left().await.is_empty()
    })
    .await;
    running.stop().await;
}

/// Trap 2: without our wake-up a push is seen at the next look, which comes after a second. Sixty pushes one after
/// the other would take a minute; nothing here depends on how fast they are.
#[tokio::test]
async fn a_push_wakes_an_idle_consumer() {
    let bench = Bench::new().await;
    let performer = Performer::free();
    let running = bench.consume(1, &performer);
    let begun = BootInstant::now();
    for job in jobs(60) {
        bench.push(std::slice::from_ref(&job)).await;
        until("it is done", async || performer.done(&job) == 1).await;
    }
    assert!(
        begun.elapsed() < Duration::from_secs(30),
        "nobody was woken"
    );
    running.stop().await;
}

/// Trap 3: a consumer whose hands are full, with more waiting, must go on saying that it lives.
#[tokio::test]
async fn heartbeats_go_on_while_all_hands_are_full() {
    let mut bench = Bench::new().await;
    let jobs = jobs(3);
    bench.push(&jobs).await;
    let performer = Performer::new(0);
    let running = bench.consume(1, &performer);
    until("the first has begun", async || {
        performer.begun(&jobs[0]) == 1
    })
    .await;
    let [(name, first)] = bench.consumers().await.try_into().unwrap();
    until("another heartbeat", async || {
        bench
            .consumers()
            .await
            .iter()
            .any(|(_, last)| *last > first)
    })
    .await;
    assert_eq!(
        bench.producer.depth(Lane::Bulk).await,
        Ok(2),
        "not taken ahead"
    );
    performer.permits.add_permits(3);
    until("all are done", async || performer.all_done(&jobs)).await;
    assert_eq!(bench.consumers().await[0].0, name, "it was never restarted");
    running.stop().await;
}

/// Traps 4, 5 and 8: any error ends the library's worker, and drops its handlers. Ours is run again under a new
/// name, and what is in hand goes on to its end.
#[tokio::test]
async fn a_failed_consumer_is_replaced_and_its_work_goes_on() {
    let mut bench = Bench::new().await;
    let jobs = jobs(2);
    bench.push(&jobs[..1]).await;
    let performer = Performer::new(0);
    let running = bench.consume(2, &performer);
    until("the first has begun", async || {
        performer.begun(&jobs[0]) > 0
    })
    .await;
    let before = bench.consumers().await[0].0.clone();
    // As after FLUSHALL: the next thing that it does fails.
    let _: () = bench.redis.del(bench.key("workers")).await.unwrap();
    until("another consumer", async || {
        bench
            .consumers()
            .await
            .iter()
            .any(|(name, _)| *name != before)
    })
    .await;
    performer.permits.add_permits(10);
    until("the first is done", async || performer.done(&jobs[0]) > 0).await;
    bench.push(&jobs[1..]).await;
    until("so is the second", async || performer.done(&jobs[1]) > 0).await;
    running.stop().await;
}

/// Trap 5: what a killed consumer held comes back, and the dispatcher's push brings it back at once.
#[tokio::test]
async fn what_a_killed_consumer_held_is_pushed_again() {
    let bench = Bench::new().await;
    let jobs = jobs(1);
    bench.push(&jobs).await;
    let stuck = Performer::new(0);
    let killed = bench.consume(1, &stuck);
    until("it has begun", async || stuck.begun(&jobs[0]) == 1).await;
    killed.task.abort();
    assert!(killed.task.await.unwrap_err().is_cancelled());
    assert_eq!(bench.producer.depth(Lane::Bulk).await, Ok(0));
    bench.push(&jobs).await;
    assert_eq!(bench.producer.depth(Lane::Bulk).await, Ok(1));
    let performer = Performer::free();
    let running = bench.consume(1, &performer);
    until("the other one did it", async || {
        performer.done(&jobs[0]) == 1
    })
    .await;
    running.stop().await;
}

/// A consumer that ends in order gives back what it took and did not begin, and leaves no name behind.
#[tokio::test]
async fn a_consumer_that_ends_leaves_nothing_behind() {
    let mut bench = Bench::new().await;
    let jobs = jobs(1);
    let performer = Performer::free();
    let running = bench.consume(4, &performer);
    bench.push(&jobs).await;
    until("it is done", async || performer.done(&jobs[0]) == 1).await;
    running.stop().await;
    assert_eq!(bench.consumers().await, []);
    let records: Vec<String> = bench
        .redis
        .keys(bench.key("workers:metadata:*"))
        .await
        .unwrap();
    assert_eq!(records, [""; 0]);
}

/// Its handlers wait for room in a channel that nobody empties while it stops.
#[tokio::test]
async fn a_consumer_that_stops_with_full_hands_ends_with_its_last_job() {
    let bench = Bench::new().await;
    let jobs = jobs(16);
    bench.push(&jobs).await;
    let performer = Performer::new(0);
    let running = bench.consume(16, &performer);
    until("all have begun", async || {
        jobs.iter().all(|job| performer.begun(job) > 0)
    })
    .await;
    running.stop.cancel();
    performer.permits.add_permits(jobs.len());
    until("all are done", async || performer.all_done(&jobs)).await;
    let ended = tokio::time::timeout(SILENT / 2, running.task).await;
    ended.expect("nothing had to be given up").unwrap();
}

/// Trap 6: a job is done once, acknowledged, and not retried; pushing it again while it waits changes nothing, and
/// pushing it after it was done does it again: the database decides.
#[tokio::test]
async fn a_job_is_done_once_for_each_time_it_is_pushed() {
    let mut bench = Bench::new().await;
    let jobs = jobs(50);
    for _ in 0..3 {
        bench.push(&jobs).await;
    }
    assert_eq!(bench.producer.depth(Lane::Bulk).await, Ok(50));
    let performer = Performer::free();
    let running = bench.consume(8, &performer);
    until("all are done", async || performer.all_done(&jobs)).await;
    until("Redis is empty", async || {
        bench.jobs_left().await.is_empty()
    })
    .await;
    assert!(jobs.iter().all(|job| performer.done(job) == 1));
    bench.push(&jobs[..1]).await;
    until("done again", async || performer.done(&jobs[0]) == 2).await;
    running.stop().await;
}

/// Trap 7: finished jobs stay for ever, and what does not decode kills the worker.
#[tokio::test]
async fn garbage_is_dropped_and_finished_jobs_are_removed() {
    let mut bench = Bench::new().await;
    let job = jobs(1);
    let (data, list, meta) = (bench.key("data"), bench.key("active"), bench.key("meta"));
    // A payload that is no job; an id without a job; a job whose state no consumer understands.
    for (id, payload) in [("a", "\u{0}not JSON"), ("b", "{\"credential\":7}")] {
        let _: () = bench.redis.hset(&data, id, payload).await.unwrap();
        let fields = [
            ("attempts", "0"),
            ("max_attempts", "1"),
            ("status", "Pending"),
        ];
        let state = format!("{meta}:{id}");
        let _: () = bench.redis.hset_multiple(state, &fields).await.unwrap();
    }
    let _: () = bench.redis.hset(&data, "c", "{}").await.unwrap();
    let state = format!("{meta}:c");
    let _: () = bench.redis.hset(state, "attempts", "many").await.unwrap();
    let _: () = bench
        .redis
        .rpush(&list, &["a", "gone", "b", "c", "gone too"])
        .await
        .unwrap();
    bench.push(&job).await;
    let performer = Performer::free();
    let running = bench.consume(2, &performer);
    until("the job behind it is done", async || {
        performer.done(&job[0]) == 1
    })
    .await;
    until("Redis is empty", async || {
        bench.jobs_left().await.is_empty()
    })
    .await;
    running.stop().await;
}

/// A lane that nobody can read is emptied after some tries.
#[tokio::test]
async fn a_lane_of_the_wrong_type_heals() {
    let mut bench = Bench::new().await;
    let _: () = bench
        .redis
        .set(bench.key("active"), "a text")
        .await
        .unwrap();
    let performer = Performer::free();
    let running = bench.consume(1, &performer);
    let job = jobs(1);
    until("it takes jobs again", async || {
        bench.producer.push(Lane::Bulk, &job).await.is_ok()
    })
    .await;
    until("and does them", async || performer.done(&job[0]) > 0).await;
    running.stop().await;
}

/// Announcements reach other processes, and nobody hears himself twice.
#[tokio::test]
async fn announcements_cross_processes() {
    use rt_manage_shared::notify::Event;
    let bench = Bench::new().await;
    let other = RedisQueue::open(&QueueConfig {
        url: Some(Secret::new(std::env::var("RTM_TEST_REDIS_URL").unwrap())),
        key_prefix: bench.prefix.clone(),
    })
    .unwrap();
    let stop = CancellationToken::new();
    let here = bench.queue.notifier(stop.clone());
    let there = other.notifier(stop.clone());
    let (mut ours, mut theirs) = (here.listen(), there.listen());
    for (queue, notifier) in [(bench.queue.clone(), here.clone()), (other, there.clone())] {
        let stop = stop.clone();
        tokio::spawn(async move { queue.listen_for_events(&notifier, stop).await });
    }
    // Until both subscriptions stand, announcements get lost, as they may.
    let first = Event::Changed(CredentialId::generate());
    until("the other one hears it", async || {
        here.announce(first);
        tokio::time::sleep(Duration::from_millis(20)).await;
        theirs.try_recv() == Ok(first)
    })
    .await;
    let back = Event::Finished {
        attempt: AttemptId::generate(),
        credential: CredentialId::generate(),
    };
    until("and the way back works", async || {
        there.announce(back);
        tokio::time::sleep(Duration::from_millis(20)).await;
        std::iter::from_fn(|| ours.try_recv().ok()).any(|event| event == back)
    })
    .await;
    let once = Event::Changed(CredentialId::generate());
    here.announce(once);
    let last = Event::Changed(CredentialId::generate());
    there.announce(last);
    let mut heard = Vec::new();
    while heard.last() != Some(&last) {
        heard.push(ours.recv().await.unwrap());
    }
    assert_eq!(heard.iter().filter(|event| **event == once).count(), 1);
    stop.cancel();
}
