//! R8, R9: the upstream refuses everything for a while, or some tokens for good.

use std::time::Duration;

use reqwest::Method;
use serde_json::json;
use tokio::time::Instant;

use crate::{
    chaos::{
        campaign::Campaign,
        plan::{Plan, Setup},
        report::Report,
    },
    standin::{AccountSpec, ErrorShape, Fault, wall_ms},
    support::until,
};

/// After this the circuit has to be open (goal R8).
const OPEN_WITHIN_MS: i64 = 5000;
/// One probing call in this time, for each egress (goal R8).
const PROBE_MS: i64 = 10_000;

/// What the upstream says for a while.
struct Phase {
    name: &'static str,
    fault: Fault,
    /// Nothing at all may be sent for this long after such an answer.
    retry_after_ms: Option<i64>,
}

fn phases(retry_after: u64) -> [Phase; 3] {
    let phase = |name, fault, retry_after_ms| Phase {
        name,
        fault,
        retry_after_ms,
    };
    let asked = i64::try_from(retry_after * 1000).expect("a small number");
    [
        phase("503", Fault::error(503, ""), None),
        phase("HTML", Fault::error(503, "").shape(ErrorShape::Html), None),
        phase(
            "429 with Retry-After",
            Fault::error(429, "rate_limit_exceeded").retry_after_seconds(retry_after),
            Some(asked),
        ),
    ]
}

/// R8: 503, then HTML, then 429 with Retry-After, while everything is due.
pub(super) async fn refusals(plan: Plan) -> Report {
    let lasts = plan.duration(60, 12);
    let retry_after = plan.pick(30, 6);
    let setup = Setup {
        credentials: plan.credentials.unwrap_or_else(|| plan.pick(10_000, 120)),
        rate: plan.pick(100, 5),
        ..Setup::of(&plan)
    };
    let mut campaign = Campaign::start(plan, setup, |builder| {
        // The back-off of single credentials shall not be what spares the upstream.
        builder.set("RTM_REFRESH__BACKOFF_BASE_SECONDS", "1")
    })
    .await;
    for phase in phases(retry_after) {
        let fault = campaign.upstream.set_fault(phase.fault.clone());
        let begun = wall_ms();
        tokio::time::sleep(lasts).await;
        campaign.upstream.clear_fault(fault);
        note_phase(&mut campaign, &phase, begun, wall_ms());
        campaign.deeds.count(phase.name);
    }
    let good_ms = wall_ms();
    campaign.settle().await;
    note_stampede(&mut campaign, good_ms);
    let dead = campaign.look().await.map_or(0, |look| look.of("dead"));
    campaign.check("no credential is marked dead", dead.to_string(), dead == 0);
    campaign.finish().await
}

fn note_phase(campaign: &mut Campaign, phase: &Phase, begun: i64, ended: i64) {
    let calls = campaign.upstream.calls();
    let refused: Vec<i64> = calls
        .iter()
        .filter(|call| call.at_ms >= begun && call.at_ms < ended && call.fault.is_some())
        .map(|call| call.at_ms)
        .collect();
    let first = refused.first().copied().unwrap_or(ended);
    let late: Vec<_> = refused
        .iter()
        .filter(|at| **at > first + OPEN_WITHIN_MS)
        .collect();
    let most = (ended - first).div_euclid(PROBE_MS) + 1;
    campaign.check(
        format!(
            "{}: the circuit is open within 5 s, then at most one call in 10 s",
            phase.name
        ),
        format!(
            "{} calls in the first 5 s, {} in the other {} s",
            refused.len() - late.len(),
            late.len(),
            (ended - first - OPEN_WITHIN_MS).max(0) / 1000
        ),
        !refused.is_empty() && i64::try_from(late.len()).is_ok_and(|late| late <= most),
    );
    if let Some(wait) = phase.retry_after_ms {
        // Calls that were under way when the first answer came knew nothing of it.
        let answered: Vec<_> = calls
            .iter()
            .filter(|call| call.at_ms >= begun && call.status == Some(429))
            .filter_map(|call| call.finished_at_ms)
            .collect();
        let told = answered.first().copied().unwrap_or(ended);
        let too_early = calls
            .iter()
            .filter(|call| call.at_ms > told + 1000 && call.at_ms < told + wait)
            .count();
        campaign.check(
            format!("{}: obeyed", phase.name),
            format!("{too_early} calls between 1 s after it and its end"),
            !answered.is_empty() && too_early == 0,
        );
    }
}

/// When the upstream is well again, nobody storms it.
fn note_stampede(campaign: &mut Campaign, good_ms: i64) {
    let times: Vec<i64> = campaign
        .upstream
        .calls()
        .iter()
        .filter(|call| call.at_ms >= good_ms && call.rotated)
        .map(|call| call.at_ms)
        .collect();
    let (Some(first), Some(last)) = (times.first().copied(), times.last().copied()) else {
        return campaign.check("work goes on after the outage", "no call", false);
    };
    // The stragglers, whose egress was on hold when they became due, come alone: they would make any peak look good.
    let main = &times[..times.len() * 9 / 10];
    let last = main.last().copied().unwrap_or(last);
    let seconds = usize::try_from((last - first) / 1000 + 1).expect("a small number");
    let mut buckets = vec![0_usize; seconds];
    for at in main {
        buckets[usize::try_from((at - first) / 1000).expect("a small number")] += 1;
    }
    let peak = buckets.iter().max().copied().unwrap_or_default();
    let mean = main.len().div_ceil(seconds);
    campaign.check(
        "no stampede afterwards (peak ≤ 2 × mean)",
        format!(
            "the first {} of {} calls in {seconds} s: peak {peak} a second, mean {mean}",
            main.len(),
            times.len()
        ),
        peak <= 2 * mean,
    );
}

/// R9: what the upstream has ended is not sent again, whatever happens, until the token is replaced.
pub(super) async fn dead(plan: Plan) -> Report {
    let setup = Setup {
        credentials: plan.credentials.unwrap_or_else(|| plan.pick(500, 20)),
        upstream_ms: 5,
        ..Setup::of(&plan)
    };
    let count = u32::try_from(setup.credentials).expect("a small number");
    let mut campaign = Campaign::start(plan, setup, |builder| builder).await;
    campaign.settle().await;
    let codes = [
        "refresh_token_expired",
        "app_session_terminated",
        "account_deactivated",
    ];
    for (number, account) in campaign.accounts.iter().enumerate() {
        campaign
            .upstream
            .end_session(&account.key, 401, codes[number % codes.len()])
            .expect("an account");
    }
    campaign.make_due().await;
    until("everything is dead", || async {
        campaign
            .look()
            .await
            .is_some_and(|look| look.of("dead") == count)
    })
    .await;
    let calls = campaign.upstream.stats().token_calls;
    for _ in 0..campaign.plan.pick(5, 2) {
        for part in campaign.system.parts() {
            campaign.kill(part).await;
        }
        campaign.all_up().await;
        for account in campaign.accounts.iter().take(50) {
            let answer = campaign.system.public().refresh(&account.key).await;
            assert_eq!((answer.status, answer.code()), (409, "dead"), "{answer:?}");
        }
        let begun = Instant::now();
        while begun.elapsed() < campaign.plan.millis(5000, 1500) {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
    let further = campaign.upstream.stats().token_calls - calls;
    campaign.check(
        "no further calls for dead tokens",
        further.to_string(),
        further == 0,
    );

    // New tokens revive.
    let admin = campaign.system.admin().await;
    let list = admin
        .call(Method::GET, "/credentials?page_size=10", None)
        .await;
    let items = list.body["items"].as_array().cloned().unwrap_or_default();
    for (number, item) in items.iter().enumerate() {
        let spec = AccountSpec::key(&format!("new{number}"));
        let account = campaign.upstream.create_account(spec).expect("an account");
        let path = format!("/credentials/{}", item["id"].as_str().expect("an id"));
        let change = json!({"refresh_token": account.refresh_token});
        assert_eq!(
            admin.call(Method::PATCH, &path, Some(change)).await.status,
            200
        );
        campaign.deeds.count("refresh token replaced");
    }
    campaign.settle().await;
    let revived = campaign.upstream.stats().token_calls - calls;
    let wanted = items.len() as u64;
    campaign.check(
        "replaced tokens are used, once each",
        revived.to_string(),
        revived == wanted,
    );
    campaign.finish().await
}
