//! R1, R2, R3: workers are restarted, or killed, all the time.

use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};

use crate::chaos::{
    audit::Fate,
    campaign::{Campaign, Until},
    plan::{Plan, Setup},
    report::Report,
};

/// Ticks at this distance from now on; a tick that is late moves the later ones.
pub(super) async fn every(distance: Duration) -> tokio::time::Interval {
    let mut ticks = interval(distance);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    // The first one is at once.
    ticks.tick().await;
    ticks
}

/// R1: SIGTERM every 5 s.
pub(super) async fn restarts(plan: Plan) -> Report {
    let distance = plan.millis(5000, 1000);
    let setup = Setup::of(&plan);
    let mut campaign = Campaign::start(plan, setup, |builder| builder).await;
    let mut ticks = every(distance).await;
    let mut slowest = Duration::ZERO;
    while campaign.goes_on(Until::Settled).await {
        ticks.tick().await;
        if let Some(worker) = campaign.any_worker() {
            slowest = slowest.max(campaign.restart(worker).await);
        }
    }
    campaign.check(
        "workers end in order",
        format!("the slowest took {slowest:.1?}"),
        true,
    );
    nothing_lost_or_doubted(campaign.finish().await)
}

/// R2: `kill -9` every second; what is in doubt stays so.
pub(super) async fn kills(plan: Plan) -> Report {
    let setup = Setup::of(&plan);
    let campaign = Campaign::start(plan, setup, |builder| builder).await;
    killed_all_the_time(campaign).await.finish().await
}

/// R3: the same, with an upstream that gives a successor again for longer than a claim takes to be given up, and probes at
/// once: nothing is lost, and no doubt is left.
pub(super) async fn kills_with_leeway(plan: Plan) -> Report {
    let setup = Setup::of(&plan);
    let campaign = Campaign::start(plan, setup, |builder| {
        builder
            .set("RTM_REFRESH__IN_DOUBT_POLICY", "immediate")
            // A probe may be killed, too; the next one need not come an hour later.
            .set("RTM_REFRESH__PROBE_DELAYS_SECONDS", "[1, 2, 4]")
    })
    .await;
    campaign.upstream.set_defaults(|defaults| {
        // Far more than 8 s until a claim is given up, and the wait for a probe's turn behind the others.
        defaults.reuse_leeway_ms = 600_000;
    });
    let mut campaign = killed_all_the_time(campaign).await;
    // Kills hit probes, too; the last ones are left in peace. A second probe follows after its pause.
    while campaign.goes_on(Until::NothingInDoubt).await {
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    nothing_lost_or_doubted(campaign.finish().await)
}

async fn killed_all_the_time(mut campaign: Campaign) -> Campaign {
    let distance = campaign.plan.millis(1000, 700);
    let mut ticks = every(distance).await;
    while campaign.goes_on(Until::NothingWaits).await {
        ticks.tick().await;
        if let Some(worker) = campaign.any_worker() {
            campaign.kill(worker).await;
        }
    }
    campaign.settle().await;
    campaign
}

fn nothing_lost_or_doubted(mut report: Report) -> Report {
    let lost = report.verdict.count(|fate| *fate != Fate::Held);
    report.checks.push(crate::chaos::Check {
        goal: "nothing is lost and nothing in doubt".to_owned(),
        seen: format!("{lost} lost, {} in doubt", report.in_doubt),
        holds: lost == 0 && report.in_doubt == 0,
    });
    report
}
