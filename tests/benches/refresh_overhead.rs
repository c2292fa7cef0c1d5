//! What `refresh` costs on top of the upstream's own time, on an idle system: the same number of calls, made
//! straight to the stand-in and through the running system, in one run.
//!
//! `cargo bench -p rt-manage-tests --bench refresh_overhead` (build the release binaries first).
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a benchmark stops at the first surprise"
)]

use std::time::Duration;

use rt_manage_tests::{
    standin::{AccountSpec, Options, StandIn},
    support::{Backend, NewCredential, SystemBuilder, install_crypto_provider},
};
use serde_json::json;
use tokio::time::Instant;

const CALLS: usize = 200;
/// A plausible time of the upstream.
const UPSTREAM_MS: u64 = 50;

fn percentile(times: &mut [Duration], percent: usize) -> f64 {
    times.sort();
    times[(times.len() - 1) * percent / 100].as_secs_f64() * 1000.0
}

#[tokio::main]
async fn main() {
    install_crypto_provider();
    let upstream = StandIn::start(Options::default()).unwrap();
    upstream.set_defaults(|defaults| defaults.latency_before_ms = UPSTREAM_MS);
    let accounts = |prefix: &str| {
        (0..CALLS)
            .map(|n| {
                upstream
                    .create_account(AccountSpec::key(&format!("{prefix}{n}")))
                    .unwrap()
            })
            .collect::<Vec<_>>()
    };

    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let mut direct = Vec::new();
    for account in accounts("direct") {
        let body = json!({
            "client_id": account.client_id, "grant_type": "refresh_token", "refresh_token": account.refresh_token,
        });
        let started = Instant::now();
        let response = client
            .post(upstream.token_url())
            .json(&body)
            .send()
            .await
            .unwrap();
        assert!(response.bytes().await.unwrap().len() > 100);
        direct.push(started.elapsed());
    }

    let system = SystemBuilder::new(Backend::Sqlite, &upstream.token_url())
        .manual()
        .set("RTM_LOG__LEVEL", "warn,rt_manage_api=info")
        .start()
        .await;
    let admin = system.admin().await;
    let accounts = accounts("system");
    for account in &accounts {
        let new = NewCredential {
            biz_id: &account.key,
            refresh_token: &account.refresh_token,
            ..NewCredential::default()
        };
        admin.create(new).await;
    }
    let public = system.public();
    let mut through = Vec::new();
    for account in &accounts {
        let started = Instant::now();
        let answer = public.refresh(&account.key).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        through.push(started.elapsed());
    }
    for percent in [50, 95] {
        let (a, b) = (
            percentile(&mut direct, percent),
            percentile(&mut through, percent),
        );
        println!(
            "p{percent}: upstream {a:.1} ms, refresh {b:.1} ms, on top {:.1} ms, ratio {:.2}",
            b - a,
            b / a
        );
    }
    let mut served = Vec::new();
    for account in &accounts {
        let started = Instant::now();
        assert_eq!(public.get_at(&account.key).await.status, 200);
        served.push(started.elapsed());
    }
    println!(
        "get-at, one after the other: p50 {:.2} ms",
        percentile(&mut served, 50)
    );
    assert_eq!(upstream.stats().reused, 0);
}
