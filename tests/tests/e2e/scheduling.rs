//! Access tokens are fresh before anybody asks.

use rt_manage_tests::{
    standin::{AccountSpec, Fault, Options, StandIn},
    support::{NewCredential, until},
};

#[tokio::test]
async fn credentials_are_refreshed_again_and_again_by_themselves() {
    let upstream = StandIn::start(Options::default()).unwrap();
    let spec = AccountSpec {
        count: Some(5),
        at_life_seconds: Some(9),
        ..AccountSpec::default()
    };
    let accounts = upstream.create_accounts(&spec).unwrap();
    let system = crate::system(&upstream.token_url()).start().await;
    let admin = system.admin().await;
    for account in &accounts {
        let new = NewCredential {
            biz_id: &account.key,
            refresh_token: &account.refresh_token,
            ..NewCredential::default()
        };
        admin.create(new).await;
    }
    for account in &accounts {
        until("each has been refreshed three times", || async {
            upstream.account(&account.key).unwrap().calls >= 3
        })
        .await;
        // Two thirds of nine seconds have passed since the last one at most: it is usable.
        assert_eq!(system.public().get_at(&account.key).await.status, 200);
    }
    assert_eq!(upstream.stats().reused, 0);
}

#[tokio::test]
async fn nothing_is_refreshed_with_automatic_refreshing_off() {
    let upstream = StandIn::start(Options::default()).unwrap();
    let account = upstream.create_account(AccountSpec::key("x")).unwrap();
    let system = crate::system(&upstream.token_url()).manual().start().await;
    let new = NewCredential {
        biz_id: "x",
        refresh_token: &account.refresh_token,
        ..NewCredential::default()
    };
    system.admin().await.create(new).await;
    // Two rounds of each scheduler, as its own metric counts them.
    let rounds = || async {
        let metrics = system.metrics().await;
        let line = metrics
            .lines()
            .find_map(|line| line.strip_prefix("rtm_scheduler_tick_seconds_count "))?;
        line.trim().parse::<u64>().ok()
    };
    let first = rounds().await.unwrap_or(0);
    let schedulers = u64::try_from(system.apis().len()).unwrap();
    until("two rounds of the scheduler", || async {
        rounds().await.unwrap_or(0) >= first + 2 * schedulers
    })
    .await;
    assert_eq!(upstream.stats().token_calls, 0);
}

#[tokio::test]
async fn an_interval_in_days_is_kept() {
    let upstream = StandIn::start(Options::default()).unwrap();
    let account = upstream.create_account(AccountSpec::key("x")).unwrap();
    let builder = crate::system(&upstream.token_url()).set("RTM_REFRESH__INTERVAL_DAYS", "2");
    let system = builder.start().await;
    let new = NewCredential {
        biz_id: "x",
        refresh_token: &account.refresh_token,
        ..NewCredential::default()
    };
    system.admin().await.create(new).await;
    until("the first refresh", || async {
        upstream.stats().token_calls == 1
    })
    .await;
    until("it is saved", || async {
        system.public().get_at("x").await.status == 200
    })
    .await;
    system.kill().await;
    // The access token is good for ten days; two days later it is refreshed all the same.
    let _later = builder
        .set("RTM_TEST_CLOCK_SHIFT_SECONDS", "172801")
        .start()
        .await;
    until("the second refresh", || async {
        upstream.stats().token_calls == 2
    })
    .await;
}

#[tokio::test]
async fn an_outage_opens_the_circuit_and_kills_nobody() {
    let upstream = StandIn::start(Options::default()).unwrap();
    let spec = AccountSpec {
        count: Some(60),
        ..AccountSpec::default()
    };
    let accounts = upstream.create_accounts(&spec).unwrap();
    upstream.set_fault(Fault::error(503, ""));
    let system = crate::system(&upstream.token_url()).start().await;
    let admin = system.admin().await;
    for account in &accounts {
        let new = NewCredential {
            biz_id: &account.key,
            refresh_token: &account.refresh_token,
            ..NewCredential::default()
        };
        admin.create(new).await;
    }
    until("the circuit opens", || async {
        let ready = system.get("/readyz").await;
        ready.body["egresses_on_hold"]
            .as_array()
            .is_some_and(|held| !held.is_empty())
    })
    .await;
    // Five failures in a row open it; what was in flight at that moment comes on top. Each worker counts for itself, until
    // the first one has told the others.
    let workers = u64::try_from(system.workers().len().max(1)).unwrap();
    assert!(
        upstream.stats().token_calls <= (5 + 8) * workers,
        "{:?}",
        upstream.stats()
    );
    upstream.clear_faults();
    for account in &accounts {
        until("everybody is refreshed after the outage", || async {
            system.public().get_at(&account.key).await.status == 200
        })
        .await;
    }
    assert_eq!(upstream.stats().reused, 0);
}

#[tokio::test]
async fn retry_after_holds_the_whole_egress() {
    let upstream = StandIn::start(Options::default()).unwrap();
    let first = upstream.create_account(AccountSpec::key("first")).unwrap();
    let second = upstream.create_account(AccountSpec::key("second")).unwrap();
    let system = crate::system(&upstream.token_url())
        .manual()
        .set("RTM_SERVER__REFRESH_WAIT_SECONDS", "1")
        .start()
        .await;
    let admin = system.admin().await;
    for account in [&first, &second] {
        let new = NewCredential {
            biz_id: &account.key,
            refresh_token: &account.refresh_token,
            ..NewCredential::default()
        };
        admin.create(new).await;
    }
    upstream.set_fault(
        Fault::error(429, "rate_limit_exceeded")
            .retry_after_seconds(4)
            .for_account("first")
            .times(1),
    );
    let answer = system.public().refresh("first").await;
    assert_eq!(answer.text("/data/outcome"), "transient", "{answer:?}");
    let held = system.public().refresh("second").await;
    assert!(matches!(held.status, 503 | 504), "{held:?}");
    assert_eq!(upstream.calls_of("second").len(), 0);
    until("the other one goes on after the wait", || async {
        system.public().get_at("second").await.status == 200
    })
    .await;
}
