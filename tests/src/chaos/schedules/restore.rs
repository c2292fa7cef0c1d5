//! R11: the database is restored from a copy that is older than the journals.

use std::time::Duration;

use rustix::process::Signal;
use tokio::time::Instant;

use super::crashes::every;
use crate::{
    chaos::{
        campaign::{Campaign, Until},
        plan::{Plan, Setup},
        report::Report,
    },
    support::{PrivateDatabase, back_up, restore, until},
};

pub(super) async fn older_copy(plan: Plan) -> Report {
    let distance = plan.millis(1000, 700);
    let setup = Setup {
        credentials: plan.credentials.unwrap_or_else(|| plan.pick(2000, 40)),
        ..Setup::of(&plan)
    };
    let mut campaign = Campaign::start(plan, setup, |builder| builder).await;
    campaign.settle().await;
    campaign.stop_all().await;
    back_up(campaign.db()).await;
    campaign.start_all().await;

    // Two more rounds that the copy knows nothing of, with kills: there are answers, and calls without an answer.
    for _ in 0..2 {
        campaign.make_due().await;
        let mut ticks = every(distance).await;
        while campaign.goes_on(Until::Settled).await {
            ticks.tick().await;
            if let Some(worker) = campaign.any_worker() {
                campaign.kill(worker).await;
            }
        }
    }
    for part in campaign.system.parts() {
        campaign.system.signal_part(part, Signal::KILL);
        campaign.system.part_ended(part).await;
    }
    restore(campaign.db()).await;
    campaign.deeds.count("database restored from an older copy");
    let calls = campaign.upstream.stats().token_calls;
    campaign.start_all().await;
    halted_and_resumed(&mut campaign, calls).await;
    if campaign.server().is_some() {
        under_their_feet(&mut campaign).await;
    }
    campaign.finish().await
}

/// The server is stopped, its data are exchanged for an older copy, and it is started again while everything runs: as in
/// a failover to a server that was behind, nothing but new connections tells of it.
async fn under_their_feet(campaign: &mut Campaign) {
    let on_the_server = |campaign: &Campaign, what: fn(&PrivateDatabase)| {
        let server = campaign.server().expect("a server");
        tokio::task::block_in_place(|| what(server));
    };
    on_the_server(campaign, PrivateDatabase::copy);
    until("the database answers", || async {
        campaign.look().await.is_some()
    })
    .await;
    campaign.make_due().await;
    campaign.settle().await;
    on_the_server(campaign, PrivateDatabase::put_back);
    campaign
        .deeds
        .count("database exchanged for an older copy while all run");
    until("the database answers", || async {
        campaign.look().await.is_some()
    })
    .await;
    let calls = campaign.upstream.stats().token_calls;
    halted_and_resumed(campaign, calls).await;
}

/// The workers notice, nothing is sent, the journals are replayed, an operator lifts the halt, and work goes on.
async fn halted_and_resumed(campaign: &mut Campaign, calls: u64) {
    // Everything is due again as far as the copy knows.
    campaign.make_due().await;
    until("the halt is noticed", || async {
        campaign.snapshot().await.switches == ["halted"]
    })
    .await;
    let watched = Instant::now();
    while watched.elapsed() < campaign.plan.millis(20_000, 3000) {
        tokio::time::sleep(Duration::from_millis(100)).await;
        campaign.revive();
    }
    let during = campaign.upstream.stats().token_calls - calls;
    campaign.check(
        "nothing is sent before an operator lifts the halt",
        during.to_string(),
        during == 0,
    );
    let mut command = campaign.builder().command();
    command
        .args(["resume", "--halted"])
        .stderr(std::process::Stdio::null());
    let resumed = tokio::task::block_in_place(|| command.status()).expect("the command");
    campaign.check(
        "an operator lifts the halt",
        resumed.to_string(),
        resumed.success(),
    );
    campaign.settle().await;
    let reused = campaign.upstream.stats().reused;
    campaign.check("no spent token is sent", reused.to_string(), reused == 0);
}
