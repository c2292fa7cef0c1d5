//! A campaign: many refreshes through two API replicas and four workers, while workers are killed and Redis is
//! restarted empty. At the end every credential is fresh or flagged in doubt, and each token that was lost is one of
//! the latter.
//!
//! `cargo build --release --workspace --bins && cargo bench -p rt-manage-tests --bench campaign -- --help`
//! needs the servers of `scripts/test-services`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a campaign stops at the first surprise"
)]

use std::{
    collections::{BTreeMap, HashSet},
    fmt::Write as _,
    path::Path,
    process::Stdio,
    sync::{Arc, Mutex},
    time::Duration,
};

use clap::Parser;
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};
use rt_manage_tests::{
    standin::{Account, AccountSpec, Options, StandIn},
    support::{
        Backend, Part, PrivateRedis, Public, System, SystemBuilder, install_crypto_provider,
    },
};
use tokio::time::{Instant, interval};

#[derive(Debug, Parser)]
struct Args {
    /// sqlite, mysql or postgres.
    #[arg(long, default_value = "mysql")]
    backend: String,
    /// Credentials that are due at the start.
    #[arg(long, default_value_t = 10_000)]
    credentials: usize,
    #[arg(long, default_value_t = 2)]
    apis: usize,
    #[arg(long, default_value_t = 4)]
    workers: usize,
    /// Seconds between kills of a worker (`kill -9`); 0: none.
    #[arg(long, default_value_t = 3)]
    kill_every: u64,
    /// Seconds between restarts of Redis, which comes back empty after a second; 0: none.
    #[arg(long, default_value_t = 20)]
    restart_redis_every: u64,
    /// Time that the upstream takes.
    #[arg(long, default_value_t = 50)]
    upstream_ms: u64,
    /// Scheduled refreshes a second, at most.
    #[arg(long, default_value_t = 1000)]
    rate: u32,
    /// Most jobs that wait in a lane (`refresh.lane_depth`).
    #[arg(long, default_value_t = 1000)]
    lane_depth: u32,
    /// Chooses who is killed.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// What `cargo bench` adds.
    #[arg(long, hide = true)]
    bench: bool,
}

/// Callers that ask one after the other while the rest is worked off.
const CALLERS: usize = 4;
/// Credentials that these ask for.
const ASKED: usize = 64;
/// Longer than any campaign, in seconds.
const FOREVER: u64 = 1_000_000;

#[tokio::main]
async fn main() {
    let args = Args::parse();
    install_crypto_provider();
    println!("{args:?}");
    let upstream = StandIn::start(Options::default()).unwrap();
    upstream.set_defaults(|defaults| defaults.latency_before_ms = args.upstream_ms);
    let redis = PrivateRedis::start().await;
    let backend = match args.backend.as_str() {
        "sqlite" => Backend::Sqlite,
        "postgres" => Backend::Postgres,
        _ => Backend::MySql,
    };
    let rate = args.rate.to_string();
    let builder = SystemBuilder::new(backend, &upstream.token_url())
        .split_over(&redis, args.apis, args.workers)
        .set("RTM_LOG__LEVEL", "info")
        .set("RTM_REFRESH__SEND_BUDGET_SECONDS", "5")
        .set("RTM_REFRESH__PERSIST_SECONDS", "5")
        .set("RTM_REFRESH__GRACE_SECONDS", "2")
        .set("RTM_REFRESH__IN_DOUBT_POLICY", "manual")
        .set("RTM_REFRESH__COALESCE_SECONDS", "0")
        .set("RTM_REFRESH__RATE_PER_SECOND", &rate)
        .set("RTM_REFRESH__LANE_DEPTH", &args.lane_depth.to_string())
        .set("RTM_AUTH__PUBLIC_API_RETURN_REFRESH_TOKEN", "true");
    let account = |prefix: &str, n: usize| {
        let spec = AccountSpec::key(&format!("{prefix}{n}"));
        upstream.create_account(spec).unwrap()
    };
    let due: Vec<_> = (0..args.credentials).map(|n| account("due", n)).collect();
    let asked: Vec<_> = (0..ASKED).map(|n| account("asked", n)).collect();

    // Nothing is refreshed before everything is there.
    let paused = builder.clone().manual().start().await;
    let begun = Instant::now();
    import(&builder, due.iter().chain(&asked));
    println!(
        "imported {} in {:.1?}",
        due.len() + asked.len(),
        begun.elapsed()
    );
    drop(paused);
    let base_line = redis.used_memory();

    let mut system = builder.start().await;
    let begun = Instant::now();
    let public = system.public();
    let asked = Arc::new(Mutex::new(Vec::new()));
    let callers: Vec<_> = (0..CALLERS)
        .map(|number| {
            let public = system.public_of(Part::Api(number % args.apis));
            let keys = (number..ASKED).step_by(CALLERS);
            let keys: Vec<_> = keys.map(|n| format!("asked{n}")).collect();
            tokio::spawn(ask_again_and_again(public, keys, Arc::clone(&asked)))
        })
        .collect();
    let faults = work_off(&args, &mut system, &redis, &due).await;
    let worked = begun.elapsed();
    for caller in callers {
        caller.abort();
    }
    println!("{faults:?}");
    println!(
        "{} credentials in {worked:.1?}: {:.0} a second",
        due.len(),
        as_f64(due.len()) / worked.as_secs_f64()
    );
    tell_of_callers(&asked.lock().unwrap());
    audit(&upstream, &public, &due, &system.log()).await;
    println!(
        "Redis: {} bytes at first, {} more now; keys: {}",
        base_line,
        i128::from(redis.used_memory()) - i128::from(base_line),
        redis.key_count()
    );
    println!(
        "processes alive: {} of {}",
        system.parts().len(),
        args.apis + args.workers
    );
}

#[derive(Debug, Default)]
struct Faults {
    killed: u32,
    redis_restarts: u32,
}

/// Hurts the system until every credential is fresh or flagged.
async fn work_off(
    args: &Args,
    system: &mut System,
    redis: &PrivateRedis,
    due: &[Account],
) -> Faults {
    let mut random = StdRng::seed_from_u64(args.seed);
    let mut faults = Faults::default();
    let public = system.public();
    let seconds = |number: u64| Duration::from_secs(if number == 0 { FOREVER } else { number });
    let mut kill = interval(seconds(args.kill_every));
    let mut restart = interval(seconds(args.restart_redis_every));
    // The first tick is at once.
    kill.tick().await;
    restart.tick().await;
    let mut left: Vec<_> = due.iter().map(|account| account.key.clone()).collect();
    left.reverse();
    while !left.is_empty() {
        tokio::select! {
            biased;
            _ = kill.tick() => {
                let victim = Part::Worker(random.random_range(0..args.workers));
                system.kill_part(victim).await;
                system.start_again(victim).await;
                faults.killed += 1;
            }
            _ = restart.tick() => {
                redis.stop();
                tokio::time::sleep(Duration::from_secs(1)).await;
                redis.start_again().await;
                faults.redis_restarts += 1;
            }
            settled = settled(&public, &left) => {
                left.truncate(left.len() - settled);
                if settled == 0 {
                    tokio::time::sleep(Duration::from_millis(200)).await;
                }
            }
        }
    }
    faults
}

/// How many of the last ones need nothing any more, one after the other.
async fn settled(public: &Public, left: &[String]) -> usize {
    let mut settled = 0;
    for key in left.iter().rev().take(100) {
        let answer = public.get_at(key).await;
        if answer.status != 200 && answer.code() != "in_doubt" {
            break;
        }
        settled += 1;
    }
    settled
}

async fn ask_again_and_again(
    public: Public,
    keys: Vec<String>,
    asked: Arc<Mutex<Vec<(Duration, String)>>>,
) {
    for key in keys.iter().cycle() {
        let begun = Instant::now();
        let answer = public.refresh(key).await;
        let code = format!("{} {}", answer.status, answer.code());
        asked.lock().unwrap().push((begun.elapsed(), code));
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

fn tell_of_callers(asked: &[(Duration, String)]) {
    let mut codes: BTreeMap<&str, usize> = BTreeMap::new();
    for (_, code) in asked {
        *codes.entry(code).or_default() += 1;
    }
    let mut good: Vec<_> = asked
        .iter()
        .filter(|(_, code)| code.starts_with("200"))
        .map(|(took, _)| *took)
        .collect();
    good.sort();
    let at = |percent: usize| good.get(good.len().saturating_sub(1) * percent / 100);
    println!(
        "callers of refresh meanwhile: {codes:?}; answered with tokens: p50 {:.1?}, p95 {:.1?}, p99 {:.1?}",
        at(50),
        at(95),
        at(99)
    );
}

/// Holds what is stored against the upstream's ledger.
async fn audit(upstream: &StandIn, public: &Public, due: &[Account], log: &str) {
    let (mut stored, mut flagged, mut other) = (Vec::new(), HashSet::new(), BTreeMap::new());
    for account in due {
        let answer = public.get_at(&account.key).await;
        let state = match answer.status {
            200 => answer.text("/data/state").to_owned(),
            _ => answer.code().to_owned(),
        };
        if state == "in_doubt" {
            flagged.insert(account.key.clone());
        } else if state != "idle" {
            other.insert(account.key.clone(), state);
        }
        if answer.status == 200 {
            let token = answer.text("/data/refresh_token").to_owned();
            stored.push((account.key.clone(), token));
        }
    }
    let audit = upstream.audit(stored);
    let mut reasons: BTreeMap<&str, usize> = BTreeMap::new();
    for line in log.lines() {
        if let Some((_, text)) = line.split_once("in doubt: ")
            && let Some((reason, _)) = text.split_once(" attempt=")
        {
            *reasons.entry(reason).or_default() += 1;
        }
    }
    let is_due = |key: &&str| key.starts_with("due");
    let lost: Vec<_> = audit.lost_keys().into_iter().filter(is_due).collect();
    let missing = audit.not_stored.iter().map(String::as_str).filter(is_due);
    let unexplained: Vec<_> = lost
        .iter()
        .copied()
        .chain(missing)
        .filter(|key| !flagged.contains(*key))
        .collect();
    let stats = upstream.stats();
    println!(
        "in doubt: {}, as the log tells: {reasons:?}; other states: {other:?}",
        flagged.len()
    );
    println!(
        "lost: {}; unexplained: {} {unexplained:?}; ended sessions: {}",
        lost.len(),
        unexplained.len(),
        audit.ended.len()
    );
    println!(
        "upstream: {} calls, {} rotations, {} spent tokens sent, at most {} at once, {} with one token",
        stats.token_calls,
        stats.rotations,
        stats.reused,
        stats.max_in_flight,
        stats.max_concurrent_per_token
    );
    assert!(unexplained.is_empty() && stats.reused == 0);
}

#[expect(clippy::cast_precision_loss, reason = "numbers for people")]
fn as_f64(number: usize) -> f64 {
    number as f64
}

fn import<'a>(builder: &SystemBuilder, accounts: impl Iterator<Item = &'a Account>) {
    let mut text = String::from("biz_id,refresh_token\n");
    for account in accounts {
        writeln!(text, "{},{}", account.key, account.refresh_token).unwrap();
    }
    let file = builder.folder().join("tokens.csv");
    std::fs::write(&file, text).unwrap();
    let run = |file: &Path| {
        let mut command = builder.command();
        command.arg("import").arg(file).stdout(Stdio::null());
        command.status().unwrap()
    };
    assert!(tokio::task::block_in_place(|| run(&file)).success());
}
