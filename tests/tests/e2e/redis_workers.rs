//! Workers that are killed, asked to end, frozen, and replaced.

use std::{fs, path::Path, time::Duration};

use rt_manage_tests::{
    standin::{GatePoint, GateSpec},
    support::{Answer, Exit, Part, System, SystemBuilder, until},
};
use rustix::process::Signal;
use tokio::{task::JoinHandle, time::Instant};

use super::redis_support::House;

const FIRST: Part = Part::Worker(0);
/// Calls that one worker has under way at most (`worker.concurrency`), and those of them that nobody waits for.
const IN_FLIGHT: u64 = 8;
const BULK_IN_FLIGHT: u64 = 6;

/// Calls that the stand-in holds must not run into their deadline meanwhile.
fn patient(builder: SystemBuilder) -> SystemBuilder {
    builder
        .set("RTM_OPENAI__REQUEST_TIMEOUT_SECONDS", "15")
        .set("RTM_REFRESH__REPUSH_SECONDS", "2")
}

fn callers(system: &System, made: &[(String, String)]) -> Vec<JoinHandle<Answer>> {
    made.iter()
        .map(|(key, _)| {
            let (public, key) = (system.public(), key.clone());
            tokio::spawn(async move { public.refresh(&key).await })
        })
        .collect()
}

/// Waits until a worker is done with whatever it had in hand, by asking it to end.
async fn let_it_end(system: &mut System, worker: Part) {
    system.signal_part(worker, Signal::TERM);
    assert_eq!(system.part_ended(worker).await, Exit::Code(0));
}

#[tokio::test]
async fn what_a_killed_worker_had_in_hand_is_taken_over() {
    let mut house = House::start(2, 3, |builder| {
        builder
            .set("RTM_REFRESH__REPUSH_SECONDS", "2")
            .set("RTM_OPENAI__REQUEST_TIMEOUT_SECONDS", "10")
    })
    .await;
    let others = house.system.freeze_other_workers(FIRST).await;
    let gate = house.upstream.gate(GateSpec::at(GatePoint::AfterRotation));
    let made = house.credentials("c", 40).await;
    gate.reached(BULK_IN_FLIGHT).await.unwrap();
    house.system.kill_part(FIRST).await;
    let held: Vec<_> = house
        .upstream
        .calls()
        .into_iter()
        .filter_map(|call| call.account)
        .collect();
    assert!(held.len() as u64 <= IN_FLIGHT, "{held:?}");
    gate.release();
    for worker in others {
        house.system.wake(worker);
    }
    // What had been sent is in doubt, because its answer is lost; the rest is refreshed by the others.
    let (doubtful, free): (Vec<_>, Vec<_>) =
        made.into_iter().partition(|(key, _)| held.contains(key));
    house.refreshed_once(&free).await;
    for (key, id) in &doubtful {
        until(&format!("{key} is in doubt"), || async {
            house.admin.state(id).await == "in_doubt"
        })
        .await;
        assert_eq!(house.upstream.calls_of(key).len(), 1, "{key}");
    }
    house.system.start_again(FIRST).await;
    house.all_ready().await;
    let stats = house.upstream.stats();
    assert_eq!((stats.reused, stats.max_concurrent_per_token), (0, 1));
}

#[tokio::test]
async fn a_worker_that_is_asked_to_end_finishes_what_it_has() {
    let mut house = House::start(2, 3, |builder| patient(builder).manual()).await;
    let others = house.system.freeze_other_workers(FIRST).await;
    let gate = house
        .upstream
        .gate(GateSpec::at(GatePoint::AfterRotation).times(IN_FLIGHT));
    let made = house.credentials("c", 30).await;
    let callers = callers(&house.system, &made);
    gate.reached(IN_FLIGHT).await.unwrap();
    house.system.signal_part(FIRST, Signal::TERM);
    for worker in others {
        house.system.wake(worker);
    }
    until("draining has begun", || async {
        house.system.log_of(FIRST).contains("draining")
    })
    .await;
    // It takes nothing new; the others do the rest while it waits for its answers.
    until("the others have done the rest", || async {
        house.upstream.finished() >= 30 - IN_FLIGHT
    })
    .await;
    gate.release();
    for caller in callers {
        let answer = caller.await.unwrap();
        assert_eq!(answer.status, 200, "{answer:?}");
    }
    let answered = Instant::now();
    assert_eq!(house.system.part_ended(FIRST).await, Exit::Code(0));
    assert!(
        answered.elapsed() < Duration::from_secs(10),
        "it ended {:?} after its last answer",
        answered.elapsed()
    );
    house.refreshed_once(&made).await;
    assert_eq!(house.upstream.stats().token_calls, 30);
}

/// Neither an idle worker nor one that has worked waits for anything when it is asked to end.
#[tokio::test]
async fn a_worker_without_work_ends_at_once() {
    let mut house = House::start(1, 2, |builder| builder).await;
    let mut ends = Vec::new();
    for made in [0, 20] {
        let made = house.credentials("c", made).await;
        house.refreshed_once(&made).await;
        let worker = *house.system.workers().last().unwrap();
        let asked = Instant::now();
        let_it_end(&mut house.system, worker).await;
        ends.push(asked.elapsed());
    }
    assert!(
        ends.iter().all(|took| *took < Duration::from_secs(10)),
        "{ends:?}"
    );
}

/// A worker that can consume no more does not stay as if it could: whoever supervises it has to start it again.
#[tokio::test]
async fn a_worker_whose_lanes_break_off_ends_with_a_failure() {
    // Both lanes begin; the one that has to begin again breaks off.
    let mut house = House::start(1, 2, |builder| {
        builder.arm(FIRST, "lane.begin=2*off->panic")
    })
    .await;
    house.redis.flush();
    let exit = house.system.part_ended(FIRST).await;
    assert_eq!(exit, Exit::Code(1));
    let made = house.credentials("c", 3).await;
    house.refreshed_once(&made).await;
}

#[tokio::test]
async fn a_second_signal_forces_a_worker_to_end() {
    let mut house = House::start(1, 1, |builder| patient(builder).manual()).await;
    let id = house.credential("one").await;
    let gate = house.upstream.gate(GateSpec::at(GatePoint::BeforeRotation));
    let public = house.system.public();
    let caller = tokio::spawn(async move { public.refresh("one").await });
    gate.reached(1).await.unwrap();
    house.system.signal_part(FIRST, Signal::TERM);
    until("draining has begun", || async {
        house.system.log_of(FIRST).contains("draining")
    })
    .await;
    house.system.signal_part(FIRST, Signal::TERM);
    let exit = house.system.part_ended(FIRST).await;
    assert!(matches!(exit, Exit::Code(code) if code != 0), "{exit:?}");
    gate.release();
    // The call was under way: nobody calls that healthy.
    until("the doubt is seen", || async {
        house.admin.state(&id).await == "in_doubt"
    })
    .await;
    let answer = caller.await.unwrap();
    assert_eq!(answer.code(), "refresh_failed", "{answer:?}");
    assert_eq!(house.upstream.calls_of("one").len(), 1);
}

/// Asks for a refresh that only the first worker can take.
async fn given_to_the_first(house: &mut House, key: &str) -> (JoinHandle<Answer>, Vec<Part>) {
    let others = house.system.freeze_other_workers(FIRST).await;
    let (public, key) = (house.system.public(), key.to_owned());
    let caller = tokio::spawn(async move { public.refresh(&key).await });
    (caller, others)
}

/// Freezes the first worker until its claim has been given up; returns what the caller was told.
async fn frozen_past_abandonment(
    house: &mut House,
    id: &str,
    caller: JoinHandle<Answer>,
    others: Vec<Part>,
) -> Answer {
    house.system.freeze(FIRST).await;
    for worker in others {
        house.system.wake(worker);
    }
    until("the claim is given up", || async {
        house.admin.state(id).await != "refreshing"
    })
    .await;
    caller.await.unwrap()
}

#[tokio::test]
async fn an_answer_that_a_frozen_worker_finds_late_is_not_lost() {
    let mut house = House::start(2, 2, |builder| {
        builder.manual().set("RTM_REFRESH__COALESCE_SECONDS", "0")
    })
    .await;
    let id = house.credential("one").await;
    let gate = house.upstream.gate(GateSpec::at(GatePoint::AfterRotation));
    let (caller, others) = given_to_the_first(&mut house, "one").await;
    gate.reached(1).await.unwrap();
    house.system.freeze(FIRST).await;
    gate.release();
    let told = frozen_past_abandonment(&mut house, &id, caller, others).await;
    assert_eq!(told.text("/data/outcome"), "abandoned", "{told:?}");
    assert_eq!(house.admin.state(&id).await, "in_doubt");
    assert_eq!(
        house.system.public().refresh("one").await.code(),
        "in_doubt"
    );
    house.system.wake(FIRST);
    until("the late answer is applied", || async {
        house.system.public().get_at("one").await.status == 200
    })
    .await;
    assert_eq!(house.admin.state(&id).await, "idle");
    assert_eq!(house.upstream.calls_of("one").len(), 1);
    assert_eq!(house.system.public().refresh("one").await.status, 200);
    let ledger = house.upstream.account("one").unwrap();
    assert_eq!(
        (ledger.calls, ledger.reused, ledger.max_concurrent),
        (2, 0, 1)
    );
}

#[tokio::test]
async fn a_worker_that_was_frozen_after_its_claim_does_not_send() {
    let mut house = House::start(2, 2, |builder| {
        builder
            .manual()
            .set("RTM_REFRESH__COALESCE_SECONDS", "0")
            .arm(FIRST, "claim.after=1*sleep(20000)")
    })
    .await;
    let id = house.credential("one").await;
    let (caller, others) = given_to_the_first(&mut house, "one").await;
    until("it is claimed", || async {
        house.admin.state(&id).await == "refreshing"
    })
    .await;
    let told = frozen_past_abandonment(&mut house, &id, caller, others).await;
    assert_eq!(told.text("/data/outcome"), "abandoned_unsent", "{told:?}");
    assert_eq!(house.admin.state(&id).await, "idle");
    // Its token is free again, and is used once, by another worker.
    assert_eq!(house.system.public().refresh("one").await.status, 200);
    house.system.wake(FIRST);
    let_it_end(&mut house.system, FIRST).await;
    let ledger = house.upstream.account("one").unwrap();
    assert_eq!(
        (ledger.calls, ledger.reused, ledger.max_concurrent),
        (1, 0, 1)
    );
    assert_eq!(house.admin.state(&id).await, "idle");
    assert_eq!(house.system.public().refresh("one").await.status, 200);
}

/// Bytes that are not zero in all files of a folder: journals are made larger than what is in them.
fn written(folder: &Path) -> usize {
    let entries = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    entries
        .map(|path| {
            if path.is_dir() {
                return written(&path);
            }
            let bytes = fs::read(&path).unwrap_or_default();
            bytes.into_iter().filter(|byte| *byte != 0).count()
        })
        .sum()
}

#[tokio::test]
async fn a_worker_that_was_frozen_after_its_intent_does_not_send() {
    let mut house = House::start(2, 2, |builder| {
        builder.manual().arm(FIRST, "intent.after=1*sleep(20000)")
    })
    .await;
    let id = house.credential("one").await;
    let journals = house.system.builder().folder().join("data/journal");
    let before = written(&journals);
    let (caller, others) = given_to_the_first(&mut house, "one").await;
    // The claim comes first: only with the intent in the journal is this another case than the one above.
    until("the intent is written", || async {
        written(&journals) > before
    })
    .await;
    assert_eq!(house.admin.state(&id).await, "refreshing");
    let told = frozen_past_abandonment(&mut house, &id, caller, others).await;
    assert_eq!(told.text("/data/outcome"), "abandoned", "{told:?}");
    house.system.wake(FIRST);
    let_it_end(&mut house.system, FIRST).await;
    assert_eq!(house.upstream.calls_of("one").len(), 0);
    assert_eq!(house.admin.state(&id).await, "in_doubt");
}

#[tokio::test]
async fn a_replacement_with_the_same_journal_folder_finds_what_a_killed_worker_left() {
    let mut house = House::start(2, 2, |builder| {
        builder
            .manual()
            .journals_apart()
            .arm(FIRST, "answer.synced=return")
    })
    .await;
    let id = house.credential("one").await;
    let (caller, others) = given_to_the_first(&mut house, "one").await;
    assert_eq!(house.system.part_ended(FIRST).await, Exit::Signal(9));
    for worker in others {
        house.system.wake(worker);
    }
    // Nobody else sees that journal.
    let told = caller.await.unwrap();
    assert_eq!(told.text("/data/outcome"), "abandoned", "{told:?}");
    assert_eq!(house.admin.state(&id).await, "in_doubt");
    house.system.start_again(FIRST).await;
    until("the answer is replayed", || async {
        house.system.public().get_at("one").await.status == 200
    })
    .await;
    assert_eq!(house.admin.state(&id).await, "idle");
    assert_eq!(house.upstream.calls_of("one").len(), 1);
    assert_eq!(house.system.public().refresh("one").await.status, 200);
    assert_eq!(house.upstream.account("one").unwrap().reused, 0);
}
