//! In doubt, dead, held, orphan, replayed, halted: each is brought about for real, and then seen in the admin API, in the
//! metrics and in the log, with what to do about it.

use reqwest::Method;
use rt_manage_tests::{
    standin::{AccountSpec, Delivery, Fault, GatePoint, GateSpec, Options, StandIn},
    support::{Admin, NewCredential, System, back_up, restore, until},
};
use serde_json::{Value, json};

use super::support::{after_death, database};

async fn create(upstream: &StandIn, admin: &Admin, key: &str) -> String {
    let account = upstream.create_account(AccountSpec::key(key)).unwrap();
    let new = NewCredential {
        biz_id: key,
        refresh_token: &account.refresh_token,
        ..NewCredential::default()
    };
    admin.create(new).await
}

async fn get(admin: &Admin, path: &str) -> Value {
    let answer = admin.call(Method::GET, path, None).await;
    assert_eq!(answer.status, 200, "{path}: {answer:?}");
    answer.body
}

/// The advice of a finding in the status; `None`: it is not there.
async fn advice(admin: &Admin, code: &str) -> Option<Value> {
    let status = get(admin, "/status").await;
    let found = status["findings"].as_array().unwrap();
    let found = found.iter().find(|finding| finding["code"] == code)?;
    assert_eq!(
        (&found["count"], &found["more"]),
        (&json!(1), &json!(false)),
        "{status}"
    );
    Some(found["advice"].clone())
}

/// Waits until the metrics say so.
async fn metric(system: &System, line: &str) {
    until(&format!("the metrics say {line}"), || async {
        system.metrics().await.lines().any(|one| one == line)
    })
    .await;
}

/// Waits for a line of the log with all of these parts.
async fn logged(system: &System, parts: &[&str]) {
    until(&format!("a line of the log says {parts:?}"), || async {
        let log = system.log();
        log.lines()
            .any(|line| parts.iter().all(|part| line.contains(part)))
    })
    .await;
}

#[tokio::test]
async fn each_situation_is_seen_in_the_api_in_metrics_and_in_the_log() {
    let upstream = StandIn::start(Options::default()).unwrap();
    let builder = crate::system(&upstream.token_url())
        // The orphan's call is held for a while.
        .set("RTM_OPENAI__REQUEST_TIMEOUT_SECONDS", "12")
        .manual()
        .set("RTM_REFRESH__COALESCE_SECONDS", "0")
        .set("RTM_REFRESH__IN_DOUBT_POLICY", "manual");

    // Replayed: the process dies when the answer is on its disk, and before it is in the database.
    let step = "answer.synced";
    let victim = builder.part_of(step);
    let mut system = builder
        .clone()
        .die_at(&format!("{step}=return"))
        .start()
        .await;
    let id = create(&upstream, &system.admin().await, "replayed").await;
    let frozen = system.freeze_other_workers(victim).await;
    let public = system.public();
    let caller = tokio::spawn(async move { public.try_refresh("replayed").await });
    let mut system = after_death(&builder, system, victim, frozen).await;
    let _ = caller.await;
    let admin = system.admin().await;
    until("the answer is replayed", || async {
        system.public().get_at("replayed").await.status == 200
    })
    .await;
    assert_eq!(advice(&admin, "replayed").await, Some(json!([])));
    let past = get(&admin, &format!("/credentials/{id}/attempts")).await;
    assert_eq!(past["items"][0]["replayed"], true, "{past}");
    assert_eq!(past["items"][0]["outcome"], "rotated");
    metric(&system, "rtm_replayed_total 1").await;
    let replayed = "an answer was replayed from a journal";
    logged(
        &system,
        &[
            replayed,
            "attempt=",
            "reliability.md#replayed-and-late-answers",
        ],
    )
    .await;

    // Dead, held, in doubt: what the upstream says, or does not say.
    for (key, fault, state, log) in [
        (
            "dead",
            Fault::error(401, "refresh_token_invalidated"),
            "dead",
            "dead: the upstream refuses",
        ),
        (
            "held",
            Fault::error(401, "invalid_client"),
            "held",
            "held: something must change",
        ),
        (
            "doubt",
            Fault::delivery(Delivery::Close { reset: true }),
            "in_doubt",
            "in doubt: the call was sent",
        ),
    ] {
        let id = create(&upstream, &admin, key).await;
        upstream.set_fault(fault.for_account(key));
        assert_eq!(system.public().refresh(key).await.status, 500, "{key}");
        let listed = get(&admin, &format!("/credentials?state={state}")).await;
        assert_eq!(
            (&listed["total"], &listed["items"][0]["id"]),
            (&json!(1), &json!(id)),
            "{key}"
        );
        let finding = &listed["items"][0]["finding"];
        assert_eq!(finding["code"], state, "{key}");
        assert!(!finding["advice"].as_array().unwrap().is_empty(), "{key}");
        assert!(advice(&admin, state).await.is_some(), "{key}");
        metric(&system, &format!("rtm_credentials{{state=\"{state}\"}} 1")).await;
        let anchor = format!("reliability.md#{}", state.replace('_', "-"));
        logged(&system, &[log, "attempt=", &id, "code=", &anchor]).await;
        if key == "doubt" {
            let past = get(&admin, &format!("/credentials/{id}/attempts")).await;
            let doubt = &listed["items"][0]["doubt"];
            assert_eq!(doubt["attempt_id"], past["items"][0]["id"]);
            assert_eq!(doubt["next_probe_because"], "manual");
        }
    }

    // Orphan: the refresh token is replaced while the call is under way.
    let id = create(&upstream, &admin, "orphan").await;
    let other = upstream.create_account(AccountSpec::key("other")).unwrap();
    let gate = upstream.gate(GateSpec::at(GatePoint::AfterRotation).for_account("orphan"));
    let public = system.public();
    let caller = tokio::spawn(async move { public.refresh("orphan").await });
    gate.reached(1).await.unwrap();
    let other = json!({"refresh_token": other.refresh_token});
    let path = format!("/credentials/{id}");
    assert_eq!(
        admin.call(Method::PATCH, &path, Some(other)).await.status,
        200
    );
    gate.release();
    caller.await.unwrap();
    until("the answer is set aside", || async {
        advice(&admin, "orphan").await.is_some()
    })
    .await;
    let orphans = get(&admin, "/orphans").await;
    let orphan = &orphans["items"][0];
    assert_eq!(
        (&orphan["credential_id"], &orphan["biz_id"]),
        (&json!(id), &json!("orphan"))
    );
    metric(&system, "rtm_orphans 1").await;
    let set_aside = "set aside as an orphan";
    logged(&system, &[set_aside, &id, "reliability.md#orphan"]).await;
    // The operator takes the orphan's tokens after all: they are the live ones of that account.
    let path = format!("/orphans/{}/apply", orphan["attempt_id"].as_str().unwrap());
    let answer = admin
        .call(Method::POST, &path, Some(json!({"replace": true})))
        .await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(system.public().refresh("orphan").await.status, 200);
    assert_eq!(advice(&admin, "orphan").await, None);
    assert_eq!(upstream.account("orphan").unwrap().reused, 0);

    // Halted: the database goes back to where it was before the latest refresh.
    system.signal(rustix::process::Signal::TERM);
    system.ended().await;
    let db = database(&builder).await;
    back_up(&db).await;
    let system = builder.start().await;
    assert_eq!(system.public().refresh("replayed").await.status, 200);
    system.kill().await;
    restore(&db).await;
    let system = builder.start().await;
    let admin = system.admin().await;
    until("the halt is seen", || async {
        advice(&admin, "halted").await == Some(json!(["resume"]))
    })
    .await;
    assert_eq!(get(&admin, "/status").await["status"], "critical");
    metric(&system, "rtm_switch{name=\"halted\"} 1").await;
    logged(&system, &["HALTED", "reliability.md#halted"]).await;
    logged(
        &system,
        &["refreshing is halted everywhere", "reliability.md#halted"],
    )
    .await;
    // Not before nothing can be under way and all journals are replayed.
    let lift = async || {
        let body = Some(json!({"switch": "halted", "confirm": true}));
        admin.call(Method::POST, "/resume", body).await
    };
    let early = lift().await;
    assert_eq!(
        (early.status, early.code()),
        (409, "halt_not_settled"),
        "{early:?}"
    );
    until("the halt may be lifted", || async {
        let answer = lift().await;
        answer.status == 200 && answer.body["switches"] == json!([])
    })
    .await;
    metric(&system, "rtm_switch{name=\"halted\"} 0").await;
    let refreshed = async || system.public().refresh("replayed").await.status == 200;
    until("refreshing goes on", refreshed).await;
    assert_eq!(upstream.account("replayed").unwrap().reused, 0);
}
