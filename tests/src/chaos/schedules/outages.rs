//! R5, R6: the database, or Redis, goes away in the middle of the work.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use rt_manage_shared::model::grant::StateName;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::crashes::every;
use crate::{
    chaos::{
        campaign::{Campaign, Until},
        facts::Logs,
        plan::{Plan, Setup},
        report::Report,
    },
    standin::wall_ms,
    support::{Backend, Public},
};

/// After an outage is noticed, a call that has passed its last look at the gate may still be sent (goal R5).
const NOTICED_MS: i64 = 1000;
/// How long answers in hand may take to be applied after the database is back (goal R5).
const APPLIED: Duration = Duration::from_secs(10);

/// R5: the database is stopped for minutes.
pub(super) async fn database(plan: Plan) -> Report {
    without_database(plan, false).await
}

/// The same, and meanwhile every worker is killed: what it had in hand is in its journal and nowhere else.
pub(super) async fn database_and_workers(plan: Plan) -> Report {
    without_database(plan, true).await
}

async fn without_database(plan: Plan, kill: bool) -> Report {
    let away = match plan.backend {
        // A locked file is noticed when the wait for the lock is over, after 10 s.
        Backend::Sqlite => plan.millis(120_000, 15_000),
        // So is a server by those that wait for a connection: by then a look at the settings, which is repeated on each
        // connection of the pool, may have found all of them broken. Workers are killed at three quarters of the time.
        Backend::MySql | Backend::Postgres => plan.millis(120_000, 16_000),
    };
    let setup = Setup {
        // Slow enough for calls to be under way when it happens.
        upstream_ms: plan.pick(200, 500),
        ..Setup::of(&plan)
    };
    let middle = setup.credentials / 2;
    let mut campaign = Campaign::start(plan, setup, |builder| builder).await;
    while campaign.upstream.finished() < middle as u64
        && campaign.goes_on(Until::NothingWaits).await
    {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let stopped_ms = wall_ms();
    campaign.stop_database().await;
    tokio::time::sleep(away * 3 / 4).await;
    for worker in campaign.system.workers().into_iter().filter(|_| kill) {
        campaign.kill(worker).await;
    }
    tokio::time::sleep(away / 4).await;
    let back_ms = wall_ms();
    campaign.start_database();
    let returned = Instant::now();
    note_calls_while_away(&mut campaign, stopped_ms, back_ms);

    // Every answer that was in hand is applied soon.
    let applied = loop {
        let missing = not_applied(&campaign, back_ms).await;
        if missing == Some(0) || returned.elapsed() > APPLIED * 2 {
            break missing;
        }
        campaign.revive();
        tokio::time::sleep(Duration::from_millis(100)).await;
    };
    let took = returned.elapsed();
    campaign.check(
        "every answer in hand is applied within 10 s of the database's return",
        format!("{applied:?} missing after {took:.1?}"),
        applied == Some(0) && took <= APPLIED,
    );
    campaign.settle().await;
    campaign.finish().await
}

/// Calls that began after the outage had been noticed. Whoever waits for a connection meanwhile has not noticed, and cannot
/// claim anything either.
fn note_calls_while_away(campaign: &mut Campaign, stopped_ms: i64, back_ms: i64) {
    let logs = Logs::read(campaign.builder().folder());
    let noticed = logs
        .database_away
        .iter()
        .filter(|(name, _)| name.starts_with("worker"))
        .filter_map(|(_, times)| times.iter().find(|at| **at >= stopped_ms))
        .min()
        .copied();
    let calls = campaign.upstream.calls();
    let since = |from: i64| {
        let began = calls.iter().map(|call| call.at_ms);
        began.filter(|at| *at > from && *at < back_ms).count()
    };
    let late = since(noticed.unwrap_or(stopped_ms) + NOTICED_MS);
    campaign.check(
        "no upstream call 1 s after the outage is noticed",
        format!(
            "{late} calls; noticed {:?} ms after the stop, {} calls since then",
            noticed.map(|at| at - stopped_ms),
            since(stopped_ms)
        ),
        late == 0 && noticed.is_some(),
    );
}

/// How many tokens that came before `until_ms` are not in the database yet; `None` while it is away.
async fn not_applied(campaign: &Campaign, until_ms: i64) -> Option<usize> {
    campaign.look().await?;
    let snapshot = campaign.snapshot().await;
    let stored: std::collections::HashSet<_> = snapshot
        .credentials
        .iter()
        .filter(|credential| credential.state != StateName::Refreshing)
        .map(|credential| credential.token.as_str())
        .collect();
    let calls = campaign.upstream.calls();
    let missing = campaign.upstream.ledger().into_iter().filter(|account| {
        let came_before = |number: u64| {
            let call = usize::try_from(number - 1)
                .ok()
                .and_then(|at| calls.get(at));
            call.and_then(|call| call.finished_at_ms)
                .is_some_and(|at| at < until_ms)
        };
        let last = account
            .tokens
            .iter()
            .rev()
            .find(|token| token.issued_by_call.is_none_or(came_before));
        last.is_some_and(|token| {
            token.position > 0 && !stored.contains(token.refresh_token.as_str())
        })
    });
    Some(missing.count())
}

/// R6: Redis is emptied all the time, and stopped for a while.
pub(super) async fn redis(plan: Plan) -> Report {
    let (flush, away) = (plan.millis(30_000, 1500), plan.millis(20_000, 3000));
    let setup = Setup {
        credentials: plan.credentials.unwrap_or_else(|| plan.pick(10_000, 120)),
        ..Setup::of(&plan)
    };
    let middle = setup.credentials / 2;
    let mut campaign = Campaign::start(plan, setup, |builder| builder).await;
    let reader = Readers::start(&campaign, "c0").await;
    let mut flushes = every(flush).await;
    let mut stopped = false;
    while campaign.goes_on(Until::Settled).await {
        if !stopped && campaign.upstream.finished() >= middle as u64 {
            stopped = true;
            campaign.stop_redis(away).await;
        }
        tokio::select! {
            _ = flushes.tick() => {
                campaign.redis.flush();
                campaign.deeds.count("FLUSHALL");
            }
            () = tokio::time::sleep(Duration::from_millis(50)) => {}
        }
    }
    reader.note(&mut campaign).await;
    campaign.check(
        "Redis was stopped in the middle",
        stopped.to_string(),
        stopped,
    );
    campaign.finish().await
}

/// Somebody who reads an access token all the time.
pub(super) struct Readers {
    stop: Arc<AtomicBool>,
    seen: Arc<Mutex<Seen>>,
    tasks: Vec<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Seen {
    answers: usize,
    refused: Vec<String>,
    times: Vec<Duration>,
}

impl Readers {
    /// One reader for each API replica, as soon as there is something to read.
    pub(super) async fn start(campaign: &Campaign, key: &str) -> Self {
        let system = &campaign.system;
        crate::support::until("the first token is there", || async {
            system.public().get_at(key).await.status == 200
        })
        .await;
        let readers = Self {
            stop: Arc::default(),
            seen: Arc::default(),
            tasks: Vec::new(),
        };
        let tasks = system.apis().into_iter().map(|api| {
            let (stop, seen) = (Arc::clone(&readers.stop), Arc::clone(&readers.seen));
            tokio::spawn(read(system.public_of(api), key.to_owned(), stop, seen))
        });
        Self {
            tasks: tasks.collect(),
            ..readers
        }
    }

    /// Ends, and notes what was read.
    pub(super) async fn note(self, campaign: &mut Campaign) {
        self.stop.store(true, Ordering::Relaxed);
        for task in self.tasks {
            task.await.expect("a reader");
        }
        let mut seen = std::mem::take(&mut *self.seen.lock().expect("no panic under the lock"));
        seen.times.sort_unstable();
        let at = |percent: usize| {
            let last = seen.times.len().saturating_sub(1);
            seen.times
                .get(last * percent / 100)
                .copied()
                .unwrap_or_default()
        };
        let refused = seen.refused.len();
        campaign.check(
            "get-at is unaffected",
            format!(
                "{} answers, {refused} of them refusals {:?}; p50 {:.1?}, p99 {:.1?}",
                seen.answers,
                seen.refused.first(),
                at(50),
                at(99)
            ),
            refused == 0 && seen.answers > 0,
        );
    }
}

async fn read(public: Public, key: String, stop: Arc<AtomicBool>, seen: Arc<Mutex<Seen>>) {
    while !stop.load(Ordering::Relaxed) {
        let asked = Instant::now();
        let answer = public.get_at(&key).await;
        let took = asked.elapsed();
        {
            let mut seen = seen.lock().expect("no panic under the lock");
            seen.answers += 1;
            seen.times.push(took);
            if answer.status != 200 {
                seen.refused
                    .push(format!("{} {}", answer.status, answer.code()));
            }
        }
        // Not to leave the machine to others would slow down what is tested.
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
