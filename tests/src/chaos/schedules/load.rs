//! R14: API replicas and workers are asked to end while callers wait.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use rt_manage_shared::db::{Execute as _, sql};
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

/// What became of the callers' requests.
#[derive(Debug, Clone, Default)]
struct Outcome {
    /// How many answers there were of each code.
    answers: BTreeMap<String, usize>,
    /// The ids of requests whose connection ended without an answer.
    unanswered: Vec<String>,
}

type Answers = Arc<Mutex<Outcome>>;

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
    let outcome = answers.lock().expect("no panic under the lock").clone();
    let cut_off = begun_of(&campaign, &outcome.unanswered).await;
    let good = outcome.answers.get("200 ok").copied().unwrap_or_default();
    campaign.check(
        "every accepted request is answered",
        format!(
            "{cut_off} were not; {} more were cut off before anybody had read them; answers: {:?}",
            outcome.unanswered.len() - cut_off,
            outcome.answers
        ),
        cut_off == 0 && good > 0,
    );
    campaign.check(
        "SIGTERM ends a process with code 0 within its drain limit",
        format!("the slowest took {slowest:.1?}"),
        true,
    );
    // What nobody asked for is not waited for.
    campaign.finish().await
}

/// How many of these requests a process had begun to work on: the attempt that a request starts carries its id. The kernel takes
/// connections that nobody reads any more once the listener is closed; what came by those was never accepted.
async fn begun_of(campaign: &Campaign, ids: &[String]) -> usize {
    let mut begun = 0;
    for id in ids {
        let attempt = sql("SELECT id FROM {attempts} WHERE request_id = ?").bind(id.as_str());
        let found = (&mut campaign.db()).fetch_optional(attempt).await;
        begun += usize::from(found.expect("the database answers").is_some());
    }
    begun
}

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
            let id = format!("{:016x}", rand::random::<u64>());
            let request = http
                .post(format!("{url}/public-api/refresh"))
                .header("X-Request-ID", &id)
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
                Err(_) => {
                    let mut outcome = self.answers.lock().expect("no panic under the lock");
                    outcome.unanswered.push(id);
                    continue;
                }
            };
            let mut outcome = self.answers.lock().expect("no panic under the lock");
            *outcome.answers.entry(code).or_default() += 1;
        }
    }
}
