//! One API replica schedules. When it dies or stands still, another takes over.

use rt_manage_tests::support::{Part, until};

use super::redis_support::House;

const LEADER: Part = Part::Api(0);
const OTHER: Part = Part::Api(1);
/// What a replica says when it takes over from another one.
const TAKES_OVER: &str = "this process schedules from now on";

/// Two replicas, of which the first one schedules.
async fn led() -> House {
    let mut house = House::start(1, 2, |builder| builder).await;
    house.led().await;
    assert_eq!(house.system.start_api().await, OTHER);
    house
}

async fn takes_over(house: &House) {
    until("the other one takes over", || async {
        house.system.log_of(OTHER).contains(TAKES_OVER)
    })
    .await;
}

#[tokio::test]
async fn a_killed_scheduler_is_replaced() {
    let mut house = led().await;
    house.system.kill_part(LEADER).await;
    let first = house.credentials("first", 10).await;
    house.refreshed_once(&first).await;
    takes_over(&house).await;
    let holder = house.led().await;
    house.system.start_again(LEADER).await;
    let second = house.credentials("second", 10).await;
    house.refreshed_once(&second).await;
    house.refreshed_once(&first).await;
    assert_eq!(
        house.led().await,
        holder,
        "a replica that comes back does not push the other aside"
    );
    house.all_ready().await;
}

#[tokio::test]
async fn a_frozen_scheduler_is_replaced_and_gives_way_when_it_wakes() {
    let mut house = led().await;
    let former = house.led().await;
    house.system.freeze(LEADER).await;
    let first = house.credentials("first", 10).await;
    house.refreshed_once(&first).await;
    takes_over(&house).await;
    let holder = house.led().await;
    assert_ne!(holder, former);
    house.system.wake(LEADER);
    let second = house.credentials("second", 10).await;
    house.refreshed_once(&second).await;
    house.refreshed_once(&first).await;
    assert_eq!(house.led().await, holder);
    house.all_ready().await;
}

/// Who asks one replica while the other one is gone gets an answer, and what the gone one had begun is not begun again.
#[tokio::test]
async fn callers_of_different_replicas_share_one_call() {
    use rt_manage_tests::standin::{GatePoint, GateSpec};
    let house = House::start(2, 2, |builder| builder.manual().patient()).await;
    house.credential("one").await;
    let gate = house.upstream.gate(GateSpec::at(GatePoint::BeforeRotation));
    let mut callers = Vec::new();
    for api in house.system.apis() {
        for _ in 0..5 {
            let public = house.system.public_of(api);
            callers.push(tokio::spawn(async move { public.refresh("one").await }));
        }
    }
    gate.reached(1).await.unwrap();
    for api in house.system.apis() {
        until("five wait at each replica", || async {
            let metrics = house.system.metrics_of(api).await;
            metrics
                .lines()
                .any(|line| line.starts_with("rtm_refresh_waiting") && line.ends_with(" 5"))
        })
        .await;
    }
    gate.release();
    let mut tokens = Vec::new();
    for caller in callers {
        let answer = caller.await.unwrap();
        assert_eq!(answer.status, 200, "{answer:?}");
        tokens.push(answer.text("/data/access_token").to_owned());
    }
    tokens.dedup();
    assert_eq!(tokens.len(), 1);
    assert_eq!(house.upstream.calls_of("one").len(), 1);
}
