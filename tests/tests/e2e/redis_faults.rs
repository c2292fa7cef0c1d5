//! Redis goes away in each of its ways: both processes live on, reads do not notice, whoever asks for a refresh is told
//! clearly, and the backlog is worked off by itself when it is back.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use rt_manage_tests::{
    standin::{GatePoint, GateSpec},
    support::{PrivateRedis, Public, until},
};
use tokio::{task::JoinHandle, time::Instant};

use super::redis_support::House;

/// How long a caller waits at most.
const WAIT_SECONDS: u64 = 5;
/// What a busy machine may add to a limit before it counts as broken.
const ROOM: Duration = Duration::from_secs(10);

/// What happens to Redis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    /// It is stopped, and comes back empty.
    Stopped,
    /// It takes connections and does not answer.
    Paused,
    /// It refuses whatever takes memory.
    Full,
    /// It asks for a password that we do not have.
    WrongPassword,
}

impl Fault {
    fn begin(self, redis: &PrivateRedis) {
        match self {
            Self::Stopped => redis.stop(),
            Self::Paused => redis.pause(),
            Self::Full => redis.exhaust_memory(),
            Self::WrongPassword => redis.change_password("anotherone"),
        }
    }

    async fn end(self, redis: &PrivateRedis, password: &str) {
        match self {
            Self::Stopped => redis.start_again().await,
            Self::Paused => redis.resume(),
            Self::Full => redis.restore_memory(),
            Self::WrongPassword => redis.change_password(password),
        }
    }
}

/// Somebody who reads an access token again and again, until told to stop; the slowest answer.
fn reader(public: Public, key: &str, stop: &Arc<AtomicBool>) -> JoinHandle<Duration> {
    let (key, stop) = (key.to_owned(), Arc::clone(stop));
    tokio::spawn(async move {
        let mut slowest = Duration::ZERO;
        while !stop.load(Ordering::Relaxed) {
            let asked = Instant::now();
            let answer = public.get_at(&key).await;
            assert_eq!(answer.status, 200, "{answer:?}");
            slowest = slowest.max(asked.elapsed());
            // Not to leave the machine to others would slow down what is tested.
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        slowest
    })
}

async fn outage(fault: Fault) {
    let house = House::start(2, 2, |builder| {
        builder.patient().set(
            "RTM_SERVER__REFRESH_WAIT_SECONDS",
            &WAIT_SECONDS.to_string(),
        )
    })
    .await;
    let House {
        upstream,
        redis,
        system,
        ..
    } = &house;
    let password = redis.password();
    let before = house.credentials("before", 3).await;
    house.refreshed_once(&before).await;
    let pids = system.pids();
    let stop = Arc::new(AtomicBool::new(false));
    let readers: Vec<_> = system
        .apis()
        .into_iter()
        .map(|api| reader(system.public_of(api), "before0", &stop))
        .collect();

    // One call is under way when it happens.
    let gate = upstream.gate(GateSpec::at(GatePoint::AfterRotation).for_account("in-hand"));
    let in_hand = house.credential("in-hand").await;
    let public = system.public();
    let caller = tokio::spawn(async move { public.refresh("in-hand").await });
    gate.reached(1).await.unwrap();
    fault.begin(redis);
    gate.release();
    let answer = caller.await.unwrap();
    assert_eq!(
        answer.status, 200,
        "{fault:?}: an answer needs no Redis: {answer:?}"
    );

    // Each replica tells its callers; a second one joins the attempt of the first.
    let mut during = Vec::new();
    for (number, api) in system.apis().into_iter().enumerate() {
        let key = format!("asked{number}");
        let id = house.credential(&key).await;
        for _ in 0..2 {
            let asked = Instant::now();
            let answer = system.public_of(api).refresh(&key).await;
            assert!(
                matches!(
                    (answer.status, answer.code()),
                    (503, "queue_unavailable") | (504, "refresh_pending")
                ),
                "{fault:?}: {answer:?}"
            );
            assert!(
                asked.elapsed() < Duration::from_secs(WAIT_SECONDS) + ROOM,
                "{fault:?}: {:?}",
                asked.elapsed()
            );
        }
        during.push((key, id));
    }
    during.extend(house.credentials("due", 20).await);
    house.all_miss_the_queue().await;
    house.backlog_of(20).await;
    house.all_live().await;
    assert_eq!(system.pids(), pids, "{fault:?}: the same processes live on");
    for (key, _) in &during {
        assert_eq!(upstream.calls_of(key).len(), 0, "{fault:?}: {key}");
    }

    fault.end(redis, &password).await;
    house.refreshed_once(&during).await;
    house
        .refreshed_once(&[("in-hand".to_owned(), in_hand)])
        .await;
    house.all_ready().await;
    assert_eq!(system.pids(), pids, "{fault:?}: the same processes live on");
    stop.store(true, Ordering::Relaxed);
    for reader in readers {
        let slowest = reader.await.unwrap();
        assert!(
            slowest < Duration::from_secs(5),
            "{fault:?}: a read took {slowest:?}"
        );
    }
    assert!(!system.log().contains(&password), "{fault:?}");
}

#[tokio::test]
async fn redis_stopped_and_restarted_empty() {
    outage(Fault::Stopped).await;
}

#[tokio::test]
async fn redis_paused() {
    outage(Fault::Paused).await;
}

#[tokio::test]
async fn redis_out_of_memory() {
    outage(Fault::Full).await;
}

#[tokio::test]
async fn redis_with_another_password() {
    outage(Fault::WrongPassword).await;
}

/// Jobs that Redis loses while they wait there come again from the database, and so do those of callers.
async fn loses_its_content(stopped: bool) {
    let mut house = House::start(2, 2, |builder| {
        builder.set("RTM_REFRESH__REPUSH_SECONDS", "2")
    })
    .await;
    let workers = house.system.workers();
    for worker in &workers {
        house.system.freeze(*worker).await;
    }
    let mut made = house.credentials("due", 60).await;
    made.push(("asked".to_owned(), house.credential("asked").await));
    let public = house.system.public();
    let caller = tokio::spawn(async move { public.refresh("asked").await });
    until("the jobs wait in Redis", || async {
        let lists = house.redis.keys_of_type("list");
        let waiting: u64 = lists
            .iter()
            .map(|list| house.redis.query::<u64>(&["LLEN", list]))
            .sum();
        waiting >= 61
    })
    .await;
    if stopped {
        house.redis.stop();
        house.redis.start_again().await;
    } else {
        house.redis.flush();
    }
    for worker in workers {
        house.system.wake(worker);
    }
    house.refreshed_once(&made).await;
    let answer = caller.await.unwrap();
    assert_eq!(answer.status, 200, "{answer:?}");
    house.all_ready().await;
}

#[tokio::test]
async fn redis_flushed_with_a_backlog() {
    loses_its_content(false).await;
}

#[tokio::test]
async fn redis_restarted_empty_with_a_backlog() {
    loses_its_content(true).await;
}
