//! What the way over Redis costs: `refresh` on an idle system on top of the upstream's own time (P4), how soon a worker
//! begins (P8), and what an idle worker takes (P8).
//!
//! `cargo build --release --workspace --bins && cargo bench -p rt-manage-tests --bench redis_mode`
//! needs the servers of `scripts/test-services`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a benchmark stops at the first surprise"
)]

use std::time::Duration;

use apalis::prelude::{Data, WorkerBuilder};
use rt_manage_shared::{
    config::QueueConfig,
    id::{AttemptId, CredentialId},
    model::attempt::Lane,
    queue::{
        Producer, RefreshJob,
        redis::{Payload, RedisQueue},
    },
    vault::Secret,
};
use rt_manage_tests::{
    standin::{AccountSpec, Options, StandIn},
    support::{
        Admin, Backend, NewCredential, Part, PrivateRedis, Public, System, SystemBuilder,
        install_crypto_provider,
    },
};
use serde_json::json;
use tokio::{sync::mpsc, time::Instant};
use tokio_util::sync::CancellationToken;

const CALLS: usize = 200;
/// Calls that make connections and caches, and are not counted.
const WARM: usize = 20;
/// A plausible time of the upstream.
const UPSTREAM_MS: u64 = 50;
const IDLE: Duration = Duration::from_secs(20);

fn percentile(times: &mut [Duration], percent: usize) -> f64 {
    times.sort();
    times[(times.len() - 1) * percent / 100].as_secs_f64() * 1000.0
}

struct Bench {
    upstream: StandIn,
    admin: Admin,
    public: Public,
}

impl Bench {
    async fn keys(&self, prefix: &str) -> Vec<String> {
        let mut keys = Vec::new();
        for n in 0..WARM + CALLS {
            let spec = AccountSpec::key(&format!("{prefix}{n}"));
            let account = self.upstream.create_account(spec).unwrap();
            let new = NewCredential {
                biz_id: &account.key,
                refresh_token: &account.refresh_token,
                ..NewCredential::default()
            };
            self.admin.create(new).await;
            keys.push(account.key);
        }
        keys
    }

    async fn refreshes(&self, prefix: &str) -> Vec<Duration> {
        let mut times = Vec::new();
        for key in self.keys(prefix).await {
            let begun = Instant::now();
            let answer = self.public.refresh(&key).await;
            assert_eq!(answer.status, 200, "{answer:?}");
            times.push(begun.elapsed());
        }
        times.split_off(WARM)
    }

    async fn direct(&self, prefix: &str) -> Vec<Duration> {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let mut times = Vec::new();
        for n in 0..WARM + CALLS {
            let spec = AccountSpec::key(&format!("{prefix}{n}"));
            let account = self.upstream.create_account(spec).unwrap();
            let body = json!({
                "client_id": account.client_id, "grant_type": "refresh_token", "refresh_token": account.refresh_token,
            });
            let begun = Instant::now();
            let response = client
                .post(self.upstream.token_url())
                .json(&body)
                .send()
                .await;
            assert!(response.unwrap().bytes().await.unwrap().len() > 100);
            times.push(begun.elapsed());
        }
        times.split_off(WARM)
    }
}

/// User and system time of a process so far.
fn processor_time(system: &System, part: Part) -> Duration {
    let pid = system.pid(part).as_raw_nonzero();
    let text = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let fields: Vec<&str> = text
        .rsplit_once(')')
        .unwrap()
        .1
        .split_whitespace()
        .collect();
    // proc(5): utime and stime, in ticks of 10 ms.
    let ticks: u64 = fields[11..13]
        .iter()
        .map(|n| n.parse::<u64>().unwrap())
        .sum();
    Duration::from_millis(ticks * 10)
}

/// From the push to the hands of an idle consumer, one job at a time.
async fn pick_up(redis: &PrivateRedis) -> Vec<Duration> {
    let config = QueueConfig {
        url: Some(Secret::new(redis.url())),
        key_prefix: "pick-up".into(),
    };
    let queue = RedisQueue::open(&config).unwrap();
    let (taken, mut hands) = mpsc::unbounded_channel::<Instant>();
    let worker = WorkerBuilder::new("bench")
        .backend(queue.lane(Lane::Interactive).unwrap())
        .data(taken)
        .build(
            async |_: Payload, taken: Data<mpsc::UnboundedSender<Instant>>| {
                taken.send(Instant::now()).unwrap();
            },
        );
    let consumer = tokio::spawn(async move { worker.run().await });
    let stop = CancellationToken::new();
    let (listener, until) = (queue.clone(), stop.clone());
    let listening = tokio::spawn(async move { listener.listen_for_jobs(until).await });
    let producer = Producer::Redis(queue);
    let mut times = Vec::new();
    for _ in 0..WARM + CALLS {
        // Idle in between, but not in step with the looks that are made anyway.
        tokio::time::sleep(Duration::from_millis(47)).await;
        let job = RefreshJob {
            credential: CredentialId::generate(),
            attempt: AttemptId::generate(),
        };
        let begun = Instant::now();
        producer.push(Lane::Interactive, &[job]).await.unwrap();
        times.push(hands.recv().await.unwrap() - begun);
    }
    consumer.abort();
    stop.cancel();
    listening.await.unwrap();
    times.split_off(WARM)
}

#[tokio::main]
async fn main() {
    install_crypto_provider();
    let mut times = pick_up(&PrivateRedis::start().await).await;
    let (half, most) = (percentile(&mut times, 50), percentile(&mut times, 99));
    println!("pick-up by an idle consumer: p50 {half:.2} ms, p99 {most:.2} ms");
    for (name, backend) in [
        ("SQLite", Backend::Sqlite),
        ("MariaDB", Backend::MySql),
        ("PostgreSQL", Backend::Postgres),
    ] {
        let upstream = StandIn::start(Options::default()).unwrap();
        let redis = PrivateRedis::start().await;
        let system = SystemBuilder::new(backend, &upstream.token_url())
            .split_over(&redis, 1, 1)
            .manual()
            .set(
                "RTM_LOG__LEVEL",
                "warn,rt_manage_api=info,rt_manage_worker=info",
            )
            // As delivered.
            .set("RTM_WORKER__HEARTBEAT_SECONDS", "5")
            .set("RTM_REFRESH__GRACE_SECONDS", "10")
            .start()
            .await;
        let bench = Bench {
            admin: system.admin().await,
            public: system.public(),
            upstream,
        };
        for millis in [UPSTREAM_MS, 0] {
            bench
                .upstream
                .set_defaults(|defaults| defaults.latency_before_ms = millis);
            let mut direct = bench.direct(&format!("direct{millis}-")).await;
            let mut through = bench.refreshes(&format!("system{millis}-")).await;
            for percent in [50, 95] {
                let (a, b) = (
                    percentile(&mut direct, percent),
                    percentile(&mut through, percent),
                );
                println!(
                    "{name}, upstream of {millis} ms, p{percent}: upstream {a:.1} ms, refresh {b:.1} ms, on top {:.1} ms",
                    b - a
                );
            }
        }
        for part in [Part::Worker(0), Part::Api(0)] {
            let before = processor_time(&system, part);
            tokio::time::sleep(IDLE).await;
            let used = processor_time(&system, part).saturating_sub(before);
            println!(
                "{name}, idle {part}: {:.2} % of a core",
                used.as_secs_f64() / IDLE.as_secs_f64() * 100.0
            );
        }
        assert_eq!(bench.upstream.stats().reused, 0);
    }
}
