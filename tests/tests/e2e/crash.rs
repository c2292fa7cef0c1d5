//! The process is killed at each named step of the refresh protocol: every credential lands where the crash table says
//! (docs/architecture.md). An embedded system is started again; of several processes the others carry on, and the dead
//! one is not replaced.

use rt_manage_tests::{
    standin::{AccountSpec, GatePoint, GateSpec, Options, StandIn},
    support::{Exit, NewCredential, Part, Public, System, SystemBuilder, until},
};
use rustix::process::Signal;

/// What a crash at a step leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lands {
    /// Refreshed, without a second call for the same token.
    Refreshed,
    /// Nothing was sent; the same token is used once, later.
    Intact,
    /// Nobody can know; the credential says so.
    InDoubt,
}

/// The client that reaches the process that is to die: a request goes to that replica, a job to any worker that runs.
fn caller_of(system: &System, victim: Part) -> Public {
    match victim {
        Part::Api(_) => system.public_of(victim),
        Part::Worker(_) => system.public(),
    }
}

/// What goes on after the death of `victim`, with the workers awake that had to leave the job to it.
async fn after_death(
    builder: &SystemBuilder,
    mut system: System,
    victim: Part,
    frozen: Vec<Part>,
) -> System {
    assert_eq!(
        system.part_ended(victim).await,
        Exit::Signal(9),
        "{victim} was reached"
    );
    for part in frozen {
        system.wake(part);
    }
    if system.apis().is_empty() {
        builder.start().await
    } else {
        system
    }
}

async fn crash_at(step: &str, lands: Lands) {
    let upstream = StandIn::start(Options::default()).unwrap();
    let account = upstream.create_account(AccountSpec::key("one")).unwrap();
    let builder = crate::system(&upstream.token_url())
        .manual()
        .set("RTM_REFRESH__IN_DOUBT_POLICY", "manual");
    let victim = builder.part_of(step);
    let armed = builder.clone().die_at(&format!("{step}=return"));
    let mut system = armed.start().await;
    let new = NewCredential {
        biz_id: "one",
        refresh_token: &account.refresh_token,
        ..NewCredential::default()
    };
    let id = system.admin().await.create(new).await;
    let frozen = system.freeze_other_workers(victim).await;
    let public = caller_of(&system, victim);
    let caller = tokio::spawn(async move { public.try_refresh("one").await });
    let system = after_death(&builder, system, victim, frozen).await;
    let calls_before = upstream.calls_of("one").len();
    // The caller's connection breaks with the process; an API that lives on tells what became of its request.
    let told = match victim {
        Part::Api(_) => None,
        Part::Worker(_) if lands == Lands::Refreshed => Some(200),
        Part::Worker(_) => Some(500),
    };
    assert_eq!(caller.await.unwrap(), told, "{step}");

    let admin = system.admin().await;
    match lands {
        Lands::Refreshed => {
            until(&format!("{step}: the answer is replayed"), || async {
                system.public().get_at("one").await.status == 200
            })
            .await;
            assert_eq!(admin.state(&id).await, "idle", "{step}");
        }
        Lands::Intact => {
            until(&format!("{step}: the credential is free again"), || async {
                matches!(admin.state(&id).await.as_str(), "idle")
            })
            .await;
            assert_eq!(calls_before, 0, "{step}");
        }
        Lands::InDoubt => {
            until(&format!("{step}: the doubt is seen"), || async {
                admin.state(&id).await == "in_doubt"
            })
            .await;
            assert_eq!(
                system.public().refresh("one").await.code(),
                "in_doubt",
                "{step}"
            );
            assert_eq!(upstream.calls_of("one").len(), calls_before, "{step}");
            return;
        }
    }
    // The credential works on, and no spent token was ever sent.
    let answer = system.public().refresh("one").await;
    assert_eq!(answer.status, 200, "{step}: {answer:?}");
    let ledger = upstream.account("one").unwrap();
    assert_eq!((ledger.reused, ledger.max_concurrent), (0, 1), "{step}");
}

macro_rules! crash_tests {
    ($($name:ident: $step:literal => $lands:ident;)+) => {$(
        #[tokio::test]
        async fn $name() {
            crash_at($step, Lands::$lands).await;
        }
    )+};
}

crash_tests! {
    before_the_request_is_written: "request.before_commit" => Intact;
    after_the_request_is_written: "request.after_commit" => Refreshed;
    after_the_claim: "claim.after" => Intact;
    after_the_intent: "intent.after" => InDoubt;
    after_the_answer_before_the_disk: "answer.received" => InDoubt;
    after_the_answer_is_on_disk: "answer.synced" => Refreshed;
    before_the_commit: "commit.before" => Refreshed;
    in_the_middle_of_the_commit: "commit.middle" => Refreshed;
    after_the_commit: "commit.after" => Refreshed;
    after_the_journal_is_done: "done.after" => Refreshed;
}

/// While the call is under way there is no step to stop at: the stand-in holds the call, the test kills.
#[tokio::test]
async fn during_the_call() {
    let upstream = StandIn::start(Options::default()).unwrap();
    let account = upstream.create_account(AccountSpec::key("one")).unwrap();
    let builder = crate::system(&upstream.token_url())
        .manual()
        .set("RTM_REFRESH__IN_DOUBT_POLICY", "manual");
    let victim = builder.part_of("the call");
    let mut system = builder.start().await;
    let new = NewCredential {
        biz_id: "one",
        refresh_token: &account.refresh_token,
        ..NewCredential::default()
    };
    let id = system.admin().await.create(new).await;
    let frozen = system.freeze_other_workers(victim).await;
    let gate = upstream.gate(GateSpec::at(GatePoint::AfterRotation));
    let public = system.public();
    let caller = tokio::spawn(async move { public.try_refresh("one").await });
    gate.reached(1).await.unwrap();
    system.signal_part(victim, Signal::KILL);
    let system = after_death(&builder, system, victim, frozen).await;
    gate.release();
    let _ = caller.await;
    let admin = system.admin().await;
    until("the doubt is seen", || async {
        admin.state(&id).await == "in_doubt"
    })
    .await;
    assert_eq!(upstream.calls_of("one").len(), 1);
}
