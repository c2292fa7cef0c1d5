//! All kinds of faults at random, from one seed.

use std::time::Duration;

use rand::RngExt as _;

use super::crashes::every;
use crate::{
    chaos::{
        campaign::{Campaign, Until},
        plan::{Plan, Setup},
        report::Report,
    },
    standin::{Delivery, Fault},
    support::Part,
};

/// How far the workers' idea of stored time is off, in seconds: more than any lease, less than a token's life.
const CLOCKS: [i64; 3] = [0, 95, -95];

/// What can happen.
#[derive(Debug, Clone, Copy)]
enum Event {
    KillWorker,
    KillApi,
    EndWorker,
    Freeze,
    Flush,
    StopRedis,
    StopDatabase,
    Unavailable,
    RateLimit,
    Cut,
    Reset,
    Slow,
}

/// Each as often as it stands here.
const EVENTS: [Event; 17] = [
    Event::KillWorker,
    Event::KillWorker,
    Event::KillWorker,
    Event::KillApi,
    Event::EndWorker,
    Event::EndWorker,
    Event::Freeze,
    Event::Flush,
    Event::Flush,
    Event::StopRedis,
    Event::StopDatabase,
    Event::Unavailable,
    Event::RateLimit,
    Event::Cut,
    Event::Cut,
    Event::Reset,
    Event::Slow,
];

pub(super) async fn everything(plan: Plan) -> Report {
    let distance = plan.millis(1500, 800);
    let setup = Setup {
        credentials: plan.credentials.unwrap_or_else(|| plan.pick(10_000, 100)),
        ..Setup::of(&plan)
    };
    let workers = setup.workers;
    let mut campaign = Campaign::start(plan, setup, |builder| {
        (0..workers).fold(builder, |builder, number| {
            let shift = CLOCKS[number % CLOCKS.len()].to_string();
            builder.set_for(Part::Worker(number), "RTM_TEST_CLOCK_SHIFT_SECONDS", &shift)
        })
    })
    .await;
    campaign.deeds.count("workers with clocks that are off");
    let mut ticks = every(distance).await;
    while campaign.goes_on(Until::NothingWaits).await {
        ticks.tick().await;
        let event = EVENTS[campaign.random.random_range(0..EVENTS.len())];
        happen(&mut campaign, event).await;
    }
    campaign.upstream.clear_faults();
    campaign.settle().await;
    campaign.finish().await
}

async fn happen(campaign: &mut Campaign, event: Event) {
    let fault = |campaign: &mut Campaign, name: &str, fault: Fault| {
        let times = campaign.random.random_range(1..=3);
        campaign.upstream.set_fault(fault.times(times));
        campaign.deeds.count(name);
    };
    match event {
        Event::KillWorker => {
            if let Some(worker) = campaign.any_worker() {
                campaign.kill(worker).await;
            }
        }
        Event::KillApi => {
            if let Some(api) = campaign.any_api() {
                campaign.kill(api).await;
            }
        }
        Event::EndWorker => {
            if let Some(worker) = campaign.any_worker() {
                campaign.restart(worker).await;
            }
        }
        Event::Freeze => {
            if let Some(worker) = campaign.any_worker() {
                campaign.system.freeze(worker).await;
                // Sometimes past the lease (8 s), sometimes not.
                let asleep = campaign.random.random_range(500..12_000);
                tokio::time::sleep(Duration::from_millis(asleep)).await;
                campaign.system.wake(worker);
                campaign.deeds.count("SIGSTOP of a worker");
            }
        }
        Event::Flush => {
            campaign.redis.flush();
            campaign.deeds.count("FLUSHALL");
        }
        Event::StopRedis => campaign.stop_redis(Duration::from_secs(2)).await,
        Event::StopDatabase => {
            campaign.stop_database().await;
            tokio::time::sleep(Duration::from_secs(3)).await;
            campaign.start_database();
        }
        Event::Unavailable => fault(campaign, "upstream: 503", Fault::error(503, "")),
        Event::RateLimit => fault(
            campaign,
            "upstream: 429",
            Fault::error(429, "").retry_after_seconds(1),
        ),
        Event::Cut => {
            let at_byte = campaign.random.random_range(0..2000);
            let delivery = Delivery::Cut {
                at_byte,
                reset: false,
            };
            fault(campaign, "upstream: answer cut", Fault::delivery(delivery));
        }
        Event::Reset => {
            let at_byte = campaign.random.random_range(0..2000);
            let delivery = Delivery::Cut {
                at_byte,
                reset: true,
            };
            fault(
                campaign,
                "upstream: answer reset",
                Fault::delivery(delivery),
            );
        }
        Event::Slow => fault(campaign, "upstream: slow", Fault::latency(2500, 0)),
    }
}
