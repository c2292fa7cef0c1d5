//! R7: many workers and callers want the same credentials, workers are frozen past their lease, and tokens are replaced while
//! a call with the old ones is under way.

use std::time::Duration;

use reqwest::Method;
use rt_manage_shared::{
    db::{Execute as _, sql},
    model::attempt::Lane,
    queue::{Producer, RefreshJob, redis::RedisQueue},
};
use serde_json::json;

use crate::{
    chaos::{
        campaign::Campaign,
        plan::{Plan, Setup},
        report::Report,
    },
    standin::{AccountSpec, GatePoint, GateSpec},
    support::SystemBuilder,
};

/// Callers of each credential at the same moment.
const CALLERS: usize = 12;
/// How long it may take until an answer that fits nowhere is seen among the orphans.
const KEPT_WITHIN: Duration = Duration::from_secs(10);
/// How long it may take until claims are given up, and until late answers are applied: three times the campaign's own wait
/// for a lost worker.
const GIVEN_UP_WITHIN: Duration = Duration::from_mins(1);
/// How often each job is doubled in the queue.
const COPIES: usize = 8;

pub(super) async fn races(plan: Plan) -> Report {
    let setup = Setup {
        credentials: plan.credentials.unwrap_or_else(|| plan.pick(40, 12)),
        workers: 8,
        concurrency: 4,
        // A busy machine takes most of a second to start all callers of a round.
        upstream_ms: 1000,
        ..Setup::of(&plan)
    };
    let rounds = plan.pick(10, 2);
    let mut campaign = Campaign::start(plan, setup, SystemBuilder::manual).await;
    for _ in 0..rounds {
        race(&mut campaign).await;
        if !campaign.all_hold() {
            // What follows needs credentials that can be refreshed.
            return campaign.finish().await;
        }
    }
    for _ in 0..rounds {
        freeze(&mut campaign).await;
    }
    for number in 0..rounds {
        replace(&mut campaign, number).await;
    }
    campaign.settle().await;
    campaign.finish().await
}

/// All callers at once, on both replicas, with every job in the queue many times.
async fn race(campaign: &mut Campaign) {
    let before = campaign.upstream.stats().rotations;
    let mut callers = Vec::new();
    for account in &campaign.accounts {
        for api in campaign.system.apis().into_iter().cycle().take(CALLERS) {
            let (public, key) = (campaign.system.public_of(api), account.key.clone());
            callers.push(tokio::spawn(
                async move { public.refresh(&key).await.status },
            ));
        }
    }
    let queue = Producer::Redis(
        RedisQueue::open(&campaign.builder().configuration().queue).expect("the queue"),
    );
    // The attempts are in the database as soon as they are asked for; the harness offers them again and again.
    while callers.iter().any(|caller| !caller.is_finished()) {
        let jobs = open_attempts(campaign).await;
        for _ in 0..COPIES {
            for job in &jobs {
                // A job that waits already is not doubled in its lane: the other lane takes it as well.
                for lane in [Lane::Interactive, Lane::Bulk] {
                    let _ = queue.push(lane, std::slice::from_ref(job)).await;
                }
            }
        }
        campaign.deeds.count("round of doubled jobs");
    }
    let mut answers = Vec::new();
    for caller in callers {
        answers.push(caller.await.expect("a caller"));
    }
    let good = answers.iter().filter(|status| **status == 200).count();
    let rotations = campaign.upstream.stats().rotations - before;
    let wanted = campaign.accounts.len() as u64;
    let (asked, answered) = (answers.len(), good);
    campaign.check(
        "callers that ask together share few refreshes",
        format!("{answered} of {asked} callers got tokens by {rotations} refreshes of {wanted} credentials"),
        // A caller that comes after the first refresh has ended begins another one, at the most each of them.
        answered == asked && rotations >= wanted && rotations <= wanted * 3,
    );
}

async fn open_attempts(campaign: &Campaign) -> Vec<RefreshJob> {
    let open = sql(
        "SELECT id, credential_id FROM {attempts} WHERE state IN ('queued', 'refreshing') ORDER BY id",
    );
    let rows = (&mut campaign.db())
        .fetch_all(open)
        .await
        .unwrap_or_default();
    rows.iter()
        .map(|row| RefreshJob {
            attempt: row.text("id").expect("an id").parse().expect("an id"),
            credential: row
                .text("credential_id")
                .expect("an id")
                .parse()
                .expect("an id"),
        })
        .collect()
}

/// A worker stands still with calls in hand until its claims are given up, and is woken: what it finds then is not thrown
/// away, and it sends nothing any more.
async fn freeze(campaign: &mut Campaign) {
    let gate = campaign
        .upstream
        .gate(GateSpec::at(GatePoint::AfterRotation));
    let public = campaign.system.public();
    let callers: Vec<_> = campaign
        .accounts
        .iter()
        .take(8)
        .map(|account| {
            let (public, key) = (public.clone(), account.key.clone());
            tokio::spawn(async move { public.refresh(&key).await.status })
        })
        .collect();
    // A build with a deliberate fault may never come to it: the audit judges what it did instead.
    let under_way = gate.reached(callers.len() as u64).await.is_ok();
    // Whoever has calls in hand stands still; the upstream's answers wait for it in the kernel.
    let frozen = campaign.system.workers();
    for worker in &frozen {
        campaign.system.freeze(*worker).await;
        campaign.deeds.count("SIGSTOP of a worker past its lease");
    }
    gate.release();
    let wanted = u32::try_from(callers.len()).expect("a small number");
    let given_up = under_way && in_doubt_becomes(campaign, |count| count >= wanted).await;
    for worker in frozen {
        campaign.system.wake(worker);
    }
    let applied = in_doubt_becomes(campaign, |count| count == 0).await;
    for caller in callers {
        let _ = caller.await;
    }
    campaign.check(
        "the late answer is never thrown away",
        format!("of {wanted} claims all were given up: {given_up}; then saved by their late answers: {applied}"),
        given_up && applied,
    );
}

/// Waits for a number of credentials in doubt. Whether it came is for the audit to judge: a build with a deliberate fault may
/// never come to it.
async fn in_doubt_becomes(campaign: &Campaign, reached: impl Fn(u32) -> bool) -> bool {
    let look = async {
        while !campaign
            .look()
            .await
            .is_some_and(|look| reached(look.of("in_doubt")))
        {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(GIVEN_UP_WITHIN, look).await.is_ok()
}

/// An operator replaces tokens while calls with the old ones are under way: the new ones are used, and what the upstream gave
/// for the old ones is set aside.
async fn replace(campaign: &mut Campaign, round: usize) {
    let admin = campaign.system.admin().await;
    let before = campaign.snapshot().await.orphans.len();
    let keys = ["a", "b"].map(|name| format!("replaced-{round}-{name}"));
    let gate = campaign
        .upstream
        .gate(GateSpec::at(GatePoint::AfterRotation));
    let mut callers = Vec::new();
    for key in &keys {
        let account = campaign
            .upstream
            .create_account(AccountSpec::key(key))
            .expect("an account");
        let body = json!({"biz_id": key, "refresh_token": account.refresh_token});
        let made = admin.call(Method::POST, "/credentials", Some(body)).await;
        let id = made.text("/id").to_owned();
        let (public, asked) = (campaign.system.public(), key.clone());
        callers.push((
            id,
            tokio::spawn(async move { public.refresh(&asked).await.status }),
        ));
    }
    gate.reached(keys.len() as u64)
        .await
        .expect("calls under way");
    for (number, (id, _)) in callers.iter().enumerate() {
        let spare = format!("spare-{round}-{number}");
        let account = campaign
            .upstream
            .create_account(AccountSpec::key(&spare))
            .expect("an account");
        let change = json!({"refresh_token": account.refresh_token});
        let path = format!("/credentials/{id}");
        let patched = admin.call(Method::PATCH, &path, Some(change)).await;
        assert_eq!(patched.status, 200, "{patched:?}");
        campaign.deeds.count("refresh token replaced in mid-call");
    }
    gate.release();
    for (_, caller) in callers {
        let _ = caller.await;
    }
    let wanted = before + keys.len();
    let _ = tokio::time::timeout(KEPT_WITHIN, async {
        while campaign.snapshot().await.orphans.len() < wanted {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    })
    .await;
    let kept = campaign.snapshot().await.orphans.len() - before;
    for key in &keys {
        let answer = campaign.system.public().refresh(key).await;
        assert_eq!(answer.status, 200, "{answer:?}");
    }
    campaign.check(
        "tokens that fit nowhere any more are kept as orphans",
        format!("{kept} of {}", keys.len()),
        kept == keys.len(),
    );
}
