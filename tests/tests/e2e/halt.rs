//! A database that is older than the journals: nothing spent is ever sent again.

use rt_manage_shared::hooks::Step;
use rt_manage_tests::{
    standin::{AccountSpec, Delivery, Fault, GatePoint, GateSpec, Options, StandIn},
    support::{Exit, NewCredential, Part, back_up, restore, until},
};

use super::support::database;

#[tokio::test]
async fn a_restored_database_halts_until_the_journals_are_replayed_and_an_operator_agrees() {
    let upstream = StandIn::start(Options::default()).unwrap();
    let builder = crate::system(&upstream.token_url())
        .manual()
        .set("RTM_REFRESH__COALESCE_SECONDS", "0");
    let mut system = builder.start().await;
    let admin = system.admin().await;
    for key in ["a", "b"] {
        let account = upstream.create_account(AccountSpec::key(key)).unwrap();
        let new = NewCredential {
            biz_id: key,
            refresh_token: &account.refresh_token,
            ..NewCredential::default()
        };
        admin.create(new).await;
        assert_eq!(system.public().refresh(key).await.status, 200);
    }
    system.signal(rustix::process::Signal::TERM);
    system.ended().await;
    let db = database(&builder).await;
    back_up(&db).await;

    // Two more rotations of `a`, which the backup does not know.
    let system = builder.start().await;
    for _ in 0..2 {
        assert_eq!(system.public().refresh("a").await.status, 200);
    }
    let latest = system
        .public()
        .get_at("a")
        .await
        .text("/data/access_token")
        .to_owned();
    system.kill().await;
    restore(&db).await;

    let calls = upstream.stats().token_calls;
    let system = builder.start().await;
    assert!(system.log().contains("HALTED"), "{}", system.log());
    let refused = system.public().refresh("b").await;
    assert_eq!(
        (refused.status, refused.code()),
        (503, "refresh_halted"),
        "{refused:?}"
    );
    // Both rotations were replayed, one after the other.
    until("the newest token is back", || async {
        let answer = system.public().get_at("a").await;
        answer.status == 200 && answer.text("/data/access_token") == latest
    })
    .await;
    assert_eq!(
        upstream.stats().token_calls,
        calls,
        "nothing was sent while halted"
    );
    assert!(
        !builder.command().arg("resume").status().unwrap().success(),
        "a plain resume does not lift it"
    );
    assert!(
        builder
            .command()
            .args(["resume", "--halted"])
            .status()
            .unwrap()
            .success()
    );
    // The halt does not come back: the database has caught up with the journals.
    system.kill().await;
    let system = builder.start().await;
    assert!(!system.log().contains("HALTED"), "{}", system.log());
    for key in ["a", "b"] {
        assert_eq!(system.public().refresh(key).await.status, 200);
    }
    assert_eq!(upstream.stats().reused, 0);
}

/// What happens on the way into a halt, in this order.
pub(super) const HALT: [Step; 5] = [
    Step::HaltAfterSwitch,
    Step::HaltBeforeRestore,
    Step::HaltAfterRestore,
    Step::ReplayBefore,
    Step::HaltBeforeDoubt,
];

#[tokio::test]
async fn a_halt_that_is_interrupted_at_each_step_is_completed() {
    let upstream = StandIn::start(Options::default()).unwrap();
    // One worker: another one would complete what the first one leaves.
    let builder = crate::system(&upstream.token_url())
        .manual()
        .workers(1)
        .set("RTM_REFRESH__COALESCE_SECONDS", "0")
        .set("RTM_REFRESH__IN_DOUBT_POLICY", "manual");
    let victim = builder.part_of("halt");
    let mut system = builder.start().await;
    let admin = system.admin().await;
    let mut ids = Vec::new();
    for key in ["answered", "unanswered", "silent", "failing"] {
        let account = upstream.create_account(AccountSpec::key(key)).unwrap();
        let new = NewCredential {
            biz_id: key,
            refresh_token: &account.refresh_token,
            ..NewCredential::default()
        };
        ids.push(admin.create(new).await);
        assert_eq!(system.public().refresh(key).await.status, 200);
    }
    let db = database(&builder).await;
    back_up(&db).await;
    // The backup knows neither this rotation nor that call.
    let after = system.public().refresh("answered").await;
    let latest = after.text("/data/access_token").to_owned();
    // Nor these doubts, which were recorded and are done as far as the journal knows.
    for (key, fault) in [
        ("silent", Fault::delivery(Delivery::Close { reset: true })),
        (
            "failing",
            Fault::error(500, "server_error").after_rotation(),
        ),
    ] {
        upstream.set_fault(fault.for_account(key).times(1));
        let doubtful = system.public().refresh(key).await;
        assert_eq!(doubtful.text("/data/outcome"), "ambiguous", "{doubtful:?}");
    }
    let gate = upstream.gate(GateSpec::at(GatePoint::AfterRotation).for_account("unanswered"));
    let public = system.public();
    let caller = tokio::spawn(async move { public.try_refresh("unanswered").await });
    gate.reached(1).await.unwrap();
    for part in system.parts() {
        system.kill_part(part).await;
    }
    gate.release();
    let _ = caller.await;
    restore(&db).await;

    let calls = upstream.stats().token_calls;
    if victim != Part::Api(0) {
        system.start_again(Part::Api(0)).await;
    }
    for step in HALT {
        system.spawn_armed(victim, &format!("{}=return", step.name()));
        assert_eq!(system.part_ended(victim).await, Exit::Signal(9), "{step:?}");
    }
    system.start_again(victim).await;
    until("the newest token is back", || async {
        let answer = system.public().get_at("answered").await;
        answer.status == 200 && answer.text("/data/access_token") == latest
    })
    .await;
    let admin = system.admin().await;
    for id in &ids[1..] {
        until("the doubt is seen", || async {
            admin.state(id).await == "in_doubt"
        })
        .await;
    }
    assert_eq!(upstream.stats().token_calls, calls, "nothing was sent");
    let mut resume = builder.command();
    assert!(
        resume
            .args(["resume", "--halted"])
            .status()
            .unwrap()
            .success()
    );
    assert_eq!(system.public().refresh("answered").await.status, 200);
    for key in ["unanswered", "silent", "failing"] {
        assert_eq!(system.public().refresh(key).await.code(), "in_doubt");
    }
    assert_eq!(upstream.stats().reused, 0);
}
