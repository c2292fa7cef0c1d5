//! SIGTERM under load: nothing is lost, every accepted request is answered, the exit code is 0.

use rt_manage_tests::{
    standin::{AccountSpec, GatePoint, GateSpec, Options, StandIn},
    support::{Exit, NewCredential},
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
        let metrics = system.metrics().await;
        let waiting = metrics
            .lines()
            .find_map(|line| line.strip_prefix("rtm_refresh_waiting "))
            .and_then(|text| text.trim().parse::<f64>().ok())
            .unwrap_or(0.0);
        waiting + f64::from(u32::try_from(upstream.finished()).unwrap()) >= 40.0
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
