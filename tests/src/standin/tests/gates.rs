//! Calls are held and let go.

use std::sync::Arc;

use super::{super::*, *};

#[tokio::test]
async fn a_gate_holds_a_call_before_or_after_the_rotation() {
    for (point, spent) in [
        (GatePoint::BeforeRotation, false),
        (GatePoint::AfterRotation, true),
    ] {
        let standin = Arc::new(start());
        let token = account(&standin).refresh_token;
        let gate = standin.gate(GateSpec::at(point).for_account("user001").times(1));
        let call = tokio::spawn({
            let (standin, token) = (Arc::clone(&standin), token.clone());
            async move { refresh(&client(), &standin, &token).await.0 }
        });
        gate.reached(1).await.unwrap();
        assert_eq!(standin.live_token("user001") != Some(token), spent);
        assert_eq!(standin.stats().in_flight, 1);
        assert_eq!(standin.calls()[0].answer, Written::Pending);
        gate.release();
        assert_eq!(call.await.unwrap(), 200);
    }
}

#[tokio::test]
async fn of_two_calls_at_the_same_time_one_wins() {
    let standin = Arc::new(start());
    let token = account(&standin).refresh_token;
    let gate = standin.gate(GateSpec::at(GatePoint::BeforeRotation));
    let calls: Vec<_> = (0..2)
        .map(|_| {
            let (standin, token) = (Arc::clone(&standin), token.clone());
            tokio::spawn(async move { refresh(&client(), &standin, &token).await.0 })
        })
        .collect();
    gate.reached(2).await.unwrap();
    gate.release_some(2);
    let mut statuses = Vec::new();
    for call in calls {
        statuses.push(call.await.unwrap());
    }
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 401]);
    let stats = standin.stats();
    assert_eq!((stats.max_concurrent_per_token, stats.reused), (2, 1));
    assert_eq!(standin.account("user001").unwrap().max_concurrent, 2);
}

#[tokio::test]
async fn other_calls_pass_a_gate() {
    let standin = start();
    let token = account(&standin).refresh_token;
    let before = |spec: GateSpec| standin.gate(spec);
    let _other = before(GateSpec::at(GatePoint::BeforeRotation).for_account("user002"));
    let _later = before(GateSpec::at(GatePoint::BeforeRotation).skip(1));
    let _used = before(GateSpec::at(GatePoint::AfterRotation).times(0));
    assert_eq!(refresh(&client(), &standin, &token).await.0, 200);
}

#[tokio::test]
async fn a_reset_lets_everything_go_and_forgets_it() {
    let standin = Arc::new(start());
    let token = account(&standin).refresh_token;
    let gate = standin.gate(GateSpec::at(GatePoint::BeforeRotation));
    let call = tokio::spawn({
        let standin = Arc::clone(&standin);
        async move { send(&client(), &standin, &token).await.unwrap().status() }
    });
    gate.reached(1).await.unwrap();
    standin.reset();
    assert_eq!(call.await.unwrap(), 500);
    let stats = standin.stats();
    assert_eq!(
        (stats.accounts, stats.token_calls, stats.in_flight),
        (0, 0, 0)
    );
    assert_eq!(standin.finished(), 0);
}

#[test]
fn tests_without_a_runtime_can_wait() {
    let standin = start();
    let token = account(&standin).refresh_token;
    let gate = standin.gate(GateSpec::at(GatePoint::BeforeRotation));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap()
                .block_on(refresh(&client(), &standin, &token))
        });
        gate.reached_blocking(1).unwrap();
        gate.release();
        standin.wait_finished_blocking(1, Gate::LIMIT).unwrap();
    });
}
