//! Many callers, one call.

use std::collections::HashSet;

use futures::future::join_all;
use rt_manage_tests::{
    standin::{AccountSpec, GatePoint, GateSpec, Options, StandIn},
    support::{NewCredential, until},
};

#[tokio::test]
async fn fifty_simultaneous_refreshes_make_one_call() {
    let upstream = StandIn::start(Options::default()).unwrap();
    let account = upstream.create_account(AccountSpec::key("one")).unwrap();
    let system = crate::system(&upstream.token_url())
        .patient()
        .manual()
        .start()
        .await;
    let new = NewCredential {
        biz_id: "one",
        refresh_token: &account.refresh_token,
        ..NewCredential::default()
    };
    system.admin().await.create(new).await;

    let gate = upstream.gate(GateSpec::at(GatePoint::BeforeRotation));
    let public = system.public();
    let callers: Vec<_> = (0..50)
        .map(|_| {
            let public = public.clone();
            tokio::spawn(async move { public.refresh("one").await })
        })
        .collect();
    gate.reached(1).await.unwrap();
    // All fifty have been answered or wait; none of them has made a second call.
    until("fifty requests have arrived", || async {
        let metrics = system.metrics().await;
        metrics
            .lines()
            .any(|line| line.starts_with("rtm_refresh_waiting") && line.ends_with(" 50"))
    })
    .await;
    gate.release();
    let answers = join_all(callers).await;
    let tokens: HashSet<String> = answers
        .into_iter()
        .map(|answer| {
            let answer = answer.unwrap();
            assert_eq!(answer.status, 200, "{answer:?}");
            answer.text("/data/access_token").to_owned()
        })
        .collect();
    assert_eq!(tokens.len(), 1);
    assert_eq!(upstream.calls_of("one").len(), 1);
}

#[tokio::test]
async fn a_refresh_a_moment_ago_is_shared() {
    let upstream = StandIn::start(Options::default()).unwrap();
    let account = upstream.create_account(AccountSpec::key("one")).unwrap();
    let system = crate::system(&upstream.token_url())
        .manual()
        .set("RTM_REFRESH__COALESCE_SECONDS", "3600")
        .start()
        .await;
    let new = NewCredential {
        biz_id: "one",
        refresh_token: &account.refresh_token,
        ..NewCredential::default()
    };
    system.admin().await.create(new).await;
    let first = system.public().refresh("one").await;
    let second = system.public().refresh("one").await;
    assert_eq!((first.status, second.status), (200, 200));
    assert_eq!(
        first.text("/data/access_token"),
        second.text("/data/access_token")
    );
    assert_eq!(upstream.calls_of("one").len(), 1);
}

#[tokio::test]
async fn without_coalescing_each_refresh_rotates() {
    let upstream = StandIn::start(Options::default()).unwrap();
    let account = upstream.create_account(AccountSpec::key("one")).unwrap();
    let system = crate::system(&upstream.token_url())
        .manual()
        .set("RTM_REFRESH__COALESCE_SECONDS", "0")
        .start()
        .await;
    let new = NewCredential {
        biz_id: "one",
        refresh_token: &account.refresh_token,
        ..NewCredential::default()
    };
    system.admin().await.create(new).await;
    for _ in 0..5 {
        assert_eq!(system.public().refresh("one").await.status, 200);
    }
    let ledger = upstream.account("one").unwrap();
    assert_eq!(
        (ledger.calls, ledger.reused, ledger.max_concurrent),
        (5, 0, 1)
    );
}
