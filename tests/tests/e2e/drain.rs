//! SIGTERM under load: nothing is lost, every accepted request is answered, the exit code is 0.

use rt_manage_tests::{
    standin::{AccountSpec, Fault, GatePoint, GateSpec, Options, StandIn},
    support::{Exit, NewCredential, System},
};
use rustix::process::Signal;

#[tokio::test]
async fn sigterm_answers_what_it_accepted_and_exits_with_zero() {
    let upstream = StandIn::start(Options::default()).unwrap();
    let accounts = upstream
        .create_accounts(&AccountSpec {
            count: Some(40),
            ..AccountSpec::default()
        })
        .unwrap();
    let builder = crate::system(&upstream.token_url()).patient().manual();
    let mut system = builder.start().await;
    let admin = system.admin().await;
    for account in &accounts {
        let new = NewCredential {
            biz_id: &account.key,
            refresh_token: &account.refresh_token,
            ..NewCredential::default()
        };
        admin.create(new).await;
    }
    // The first calls are held, so that the signal meets calls in flight and attempts that wait.
    let gate = upstream.gate(GateSpec::at(GatePoint::AfterRotation).times(4));
    let callers: Vec<_> = accounts
        .iter()
        .map(|account| {
            let (public, key) = (system.public(), account.key.clone());
            tokio::spawn(async move { public.refresh(&key).await })
        })
        .collect();
    gate.reached(4).await.unwrap();
    rt_manage_tests::support::until("all requests are accepted", || async {
        // Whoever has an answer does not wait any more when it is counted second.
        let waiting = waiting(&system).await;
        let answered = callers.iter().filter(|caller| caller.is_finished()).count();
        waiting + answered >= 40
    })
    .await;
    system.signal(Signal::TERM);
    gate.release();
    for caller in callers {
        let answer = caller.await.unwrap();
        assert_eq!(answer.status, 200, "{answer:?}");
    }
    assert_eq!(system.ended().await, Exit::Code(0));

    let system = builder.start().await;
    for account in &accounts {
        assert_eq!(system.public().get_at(&account.key).await.status, 200);
    }
    let stats = upstream.stats();
    assert_eq!((stats.reused, stats.token_calls), (0, 40));
}

/// Requests that wait for the end of an attempt.
async fn waiting(system: &System) -> usize {
    let metrics = system.metrics().await;
    metrics
        .lines()
        .find_map(|line| line.strip_prefix("rtm_refresh_waiting "))
        .and_then(|text| text.trim().parse().ok())
        .unwrap_or(0)
}

#[tokio::test]
async fn what_a_worker_gave_back_is_still_made_while_somebody_waits() {
    let upstream = StandIn::start(Options::default()).unwrap();
    let mut system = crate::system(&upstream.token_url()).manual().start().await;
    let admin = system.admin().await;
    for key in ["first", "second"] {
        let account = upstream.create_account(AccountSpec::key(key)).unwrap();
        let new = NewCredential {
            biz_id: key,
            refresh_token: &account.refresh_token,
            ..NewCredential::default()
        };
        admin.create(new).await;
    }
    // The way out has to rest: attempts of it are given back until then.
    upstream.set_fault(
        Fault::error(429, "rate_limit_exceeded")
            .retry_after_seconds(4)
            .times(1),
    );
    assert_eq!(system.public().refresh("first").await.status, 500);
    let public = system.public();
    let caller = tokio::spawn(async move { public.refresh("second").await });
    rt_manage_tests::support::until("it waits", || async { waiting(&system).await == 1 }).await;
    system.signal(Signal::TERM);
    let answer = caller.await.unwrap();
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(system.ended().await, Exit::Code(0));
}

#[tokio::test]
async fn a_second_signal_forces_the_end() {
    let upstream = StandIn::start(Options::default()).unwrap();
    let account = upstream.create_account(AccountSpec::key("one")).unwrap();
    let mut system = crate::system(&upstream.token_url())
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
    let caller = tokio::spawn(async move { public.try_refresh("one").await });
    gate.reached(1).await.unwrap();
    system.signal(Signal::TERM);
    rt_manage_tests::support::until("draining has begun", || async {
        let apis = system.apis();
        apis.into_iter()
            .all(|api| system.log_of(api).contains("draining"))
    })
    .await;
    system.signal(Signal::TERM);
    assert_eq!(system.ended().await, Exit::Code(1));
    gate.release();
    let _ = caller.await;
}
