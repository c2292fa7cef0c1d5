//! R14: API replicas and workers are asked to end while callers wait.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use serde_json::json;
use tokio::time::Instant;

use super::crashes::every;
use crate::{
    chaos::{
        campaign::Campaign,
        plan::{Plan, Setup},
        report::Report,
    },
    support::SystemBuilder,
};

/// Callers that ask one after the other.
const CALLERS: usize = 6;

/// What became of the callers' requests, by the code of the answer.
type Answers = Arc<Mutex<BTreeMap<String, usize>>>;

pub(super) async fn restarts(plan: Plan) -> Report {
    let (lasts, distance) = (plan.duration(60, 10), plan.millis(3000, 1500));
    let setup = Setup {
        credentials: plan.credentials.unwrap_or_else(|| plan.pick(600, 60)),
        upstream_ms: 200,
        ..Setup::of(&plan)
    };
    let mut campaign = Campaign::start(plan, setup, SystemBuilder::manual).await;
    let answers = Answers::default();
    let stop = Arc::new(AtomicBool::new(false));
    let callers: Vec<_> = (0..CALLERS)
        .map(|number| {
            let caller = Caller {
                keys: campaign
                    .accounts
                    .iter()
                    .skip(number)
                    .step_by(CALLERS)
                    .map(|account| account.key.clone())
                    .collect(),
                urls: campaign.urls(),
                stop: Arc::clone(&stop),
                answers: Arc::clone(&answers),
            };
            tokio::spawn(caller.ask())
        })
        .collect();
    let begun = Instant::now();
    let mut ticks = every(distance).await;
    let mut slowest = Duration::ZERO;
    let mut turn = 0;
    while begun.elapsed() < lasts {
        ticks.tick().await;
        // Workers and API replicas by turns.
        let chosen = if turn % 2 == 0 {
            campaign.any_api()
        } else {
            campaign.any_worker()
        };
        turn += 1;
        if let Some(part) = chosen {
            slowest = slowest.max(campaign.restart(part).await);
            campaign.publish_urls();
        }
        campaign.all_up().await;
        campaign.publish_urls();
    }
    stop.store(true, Ordering::Relaxed);
    for caller in callers {
        caller.await.expect("a caller");
    }
    let answers = answers.lock().expect("no panic under the lock").clone();
    let unanswered = answers.get(UNANSWERED).copied().unwrap_or_default();
    let good = answers.get("200 ok").copied().unwrap_or_default();
    campaign.check(
        "every accepted request is answered",
        format!("{unanswered} were not; answers: {answers:?}"),
        unanswered == 0 && good > 0,
    );
    campaign.check(
        "SIGTERM ends a process with code 0 within its drain limit",
        format!("the slowest took {slowest:.1?}"),
        true,
    );
    // What nobody asked for is not waited for.
    campaign.finish().await
}

/// A request that was accepted and whose connection ended without an answer.
const UNANSWERED: &str = "no answer";

struct Caller {
    keys: Vec<String>,
    urls: Arc<Mutex<Vec<String>>>,
    stop: Arc<AtomicBool>,
    answers: Answers,
}

impl Caller {
    /// Each request has a connection of its own: one that is accepted is to be answered.
    async fn ask(self) {
        let http = reqwest::Client::builder()
            .no_proxy()
            .pool_max_idle_per_host(0)
            .build()
            .expect("an HTTP client");
        for (turn, key) in self.keys.iter().cycle().enumerate() {
            if self.stop.load(Ordering::Relaxed) {
                return;
            }
            let url = {
                let urls = self.urls.lock().expect("no panic under the lock");
                urls.get(turn % urls.len().max(1)).cloned()
            };
            let Some(url) = url else {
                tokio::time::sleep(Duration::from_millis(10)).await;
                continue;
            };
            let request = http
                .post(format!("{url}/public-api/refresh"))
                .header("X-API-Secret", "my-api-secret-2025")
                .json(&json!({"biz_id": key}));
            let code = match request.send().await {
                Ok(response) => {
                    let status = response.status().as_u16();
                    let body: serde_json::Value = response.json().await.unwrap_or_default();
                    format!("{status} {}", body["code"].as_str().unwrap_or("?"))
                }
                // Nobody listens: it was not accepted.
                Err(error) if error.is_connect() => "not accepted".to_owned(),
                Err(_) => UNANSWERED.to_owned(),
            };
            let mut answers = self.answers.lock().expect("no panic under the lock");
            *answers.entry(code).or_default() += 1;
        }
    }
}
