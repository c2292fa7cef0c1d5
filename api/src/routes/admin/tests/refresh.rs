//! Refreshing from the console.

use std::time::Duration;

use rt_manage_shared::{
    db::{attempts, attempts::Ending, grants, grants::TokenWrite, system},
    id::{BootId, CredentialId},
    model::grant::{Context, Grant, HeldReason, NewTokens, State, Verdict},
    notify::Event,
    vault::{Fingerprint, Secret},
};
use serde_json::json;

use super::{Answer, PASSWORD, Server, call, rt};
use crate::state::App;

async fn created(server: &Server, token: &str, name: &str) -> CredentialId {
    let body = json!({"refresh_token": rt(name), "biz_id": name});
    let answer = server
        .send(call("POST", "/credentials").bearer(token).json(&body))
        .await;
    answer.body["id"].as_str().unwrap().parse().unwrap()
}

async fn refresh(server: &Server, token: &str, id: CredentialId) -> Answer {
    server
        .send(call("POST", &format!("/credentials/{id}/refresh")).bearer(token))
        .await
}

/// Plays the worker for one attempt.
pub(super) async fn work(app: &App, id: CredentialId, verdict: Verdict, code: Option<&str>) {
    let db = &mut &app.db;
    let (record, attempt) = loop {
        let record = grants::read_one(db, id).await.unwrap().unwrap();
        if let State::Queued(attempt) = record.grant.state {
            break (record, attempt);
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    };
    let now = app.clock.now();
    let settings = app.settings.current();
    let ctx = Context {
        now,
        enabled: true,
        policy: &settings.policy,
        jitter: 0.5,
    };
    let claimed = record.grant.claim(attempt).unwrap();
    assert!(
        grants::compare_and_set(db, &record.grant.guard(), &claimed, TokenWrite::default())
            .await
            .unwrap()
    );
    attempts::claimed(db, attempt, BootId::generate(), now)
        .await
        .unwrap();
    let done = claimed
        .finish(attempt, &claimed.rt_fp, &verdict, code, &ctx)
        .unwrap();
    assert!(
        grants::compare_and_set(db, &claimed.guard(), &done, TokenWrite::default())
            .await
            .unwrap()
    );
    let ending = Ending {
        outcome: verdict.kind(),
        code: code.map(str::to_owned),
        detail: Some("told by the test".into()),
        http_status: None,
        duration_ms: Some(1),
        finished_at: now,
    };
    attempts::finish(db, attempt, &ending).await.unwrap();
    app.notifier.announce(Event::Finished {
        attempt,
        credential: id,
    });
}

pub(super) fn rotated(app: &App, name: &str) -> Verdict {
    Verdict::Rotated(NewTokens {
        rt_fp: Some(Fingerprint::of(&Secret::new(rt(name)))),
        at_expires_at: Some(app.clock.now() + Duration::from_hours(240)),
    })
}

#[tokio::test]
async fn a_refresh_is_waited_for() {
    let server = Server::new().await;
    let token = server.token().await;
    let id = created(&server, &token, "a").await;
    let (answer, ()) = tokio::join!(
        refresh(&server, &token, id),
        work(&server.app, id, rotated(&server.app, "a2"), None)
    );
    assert_eq!(answer.status, 200);
    assert_eq!(answer.body["attempt"]["outcome"], "rotated");
    assert_eq!(answer.body["credential"]["access_token"]["present"], true);
    // A moment later the tokens are fresh, and nothing is done.
    let answer = refresh(&server, &token, id).await;
    assert_eq!(
        (answer.status.as_u16(), &answer.body["attempt"]),
        (200, &json!(null))
    );
}

#[tokio::test]
async fn a_failure_is_told_with_its_code() {
    let server = Server::new().await;
    let token = server.token().await;
    for (name, verdict, outcome) in [
        ("a", Verdict::Rejected, "rejected"),
        ("b", Verdict::Ambiguous, "ambiguous"),
        ("c", Verdict::Transient { retry_after: None }, "transient"),
    ] {
        let id = created(&server, &token, name).await;
        let (answer, ()) = tokio::join!(
            refresh(&server, &token, id),
            work(&server.app, id, verdict, Some("refresh_token_expired"))
        );
        assert_eq!(answer.code(), (502, "refresh_failed"));
        assert_eq!(answer.body["outcome"], outcome);
        assert_eq!(answer.body["attempt"]["code"], "refresh_token_expired");
        assert_eq!(answer.body["attempt"]["detail"], "told by the test");
        assert!(answer.body["attempt"]["id"].is_string());
    }
}

#[tokio::test]
async fn disabling_ends_the_wait() {
    let server = Server::new().await;
    let token = server.token().await;
    let id = created(&server, &token, "a").await;
    let disable = async {
        while !matches!(
            grants::read_one(&mut &server.app.db, id)
                .await
                .unwrap()
                .unwrap()
                .grant
                .state,
            State::Queued(_)
        ) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let patch = call("PATCH", &format!("/credentials/{id}"))
            .bearer(&token)
            .json(&json!({"enabled": false}));
        assert_eq!(server.send(patch).await.status, 200);
    };
    let (answer, ()) = tokio::join!(refresh(&server, &token, id), disable);
    assert_eq!(
        (answer.code(), &answer.body["outcome"]),
        ((502, "refresh_failed"), &json!("cancelled"))
    );
}

#[tokio::test]
async fn a_refresh_that_takes_long_is_pending() {
    let server = Server::with(|config| {
        config.auth.password = PASSWORD.into();
        config.server.refresh_wait_seconds = 1;
    })
    .await;
    let token = server.token().await;
    let id = created(&server, &token, "a").await;
    let answer = refresh(&server, &token, id).await;
    assert_eq!(answer.code(), (504, "refresh_pending"));
    let grant = grants::read_one(&mut &server.app.db, id)
        .await
        .unwrap()
        .unwrap()
        .grant;
    assert_eq!(
        answer.body["attempt"]["id"],
        json!(grant.state.attempt().unwrap())
    );
}

#[tokio::test]
async fn refusals_have_their_codes() {
    let server = Server::new().await;
    let token = server.token().await;
    let app = &server.app;
    let id = created(&server, &token, "a").await;
    let set = async |change: &dyn Fn(Grant) -> Grant| {
        let before = grants::read_one(&mut &app.db, id)
            .await
            .unwrap()
            .unwrap()
            .grant;
        let after = change(before.clone());
        assert!(
            grants::compare_and_set(&mut &app.db, &before.guard(), &after, TokenWrite::default())
                .await
                .unwrap()
        );
    };
    set(&|grant| Grant {
        state: State::Dead,
        ..grant
    })
    .await;
    assert_eq!(refresh(&server, &token, id).await.code(), (409, "dead"));
    set(&|grant| Grant {
        state: State::Held(HeldReason::ClientId),
        ..grant
    })
    .await;
    let answer = refresh(&server, &token, id).await;
    assert_eq!(
        (answer.code(), &answer.body["state_reason"]),
        ((409, "held"), &json!("client_id"))
    );
    let doubt = rt_manage_shared::model::grant::Doubt {
        since: app.clock.now(),
        probes: 0,
    };
    set(&|grant| Grant {
        state: State::InDoubt,
        doubt: Some(doubt),
        next_refresh_at: None,
        ..grant
    })
    .await;
    assert_eq!(refresh(&server, &token, id).await.code(), (409, "in_doubt"));
    set(&|grant| Grant {
        state: State::Idle,
        doubt: None,
        ..grant
    })
    .await;
    for (switch, code) in [
        (system::PAUSED, "refresh_paused"),
        (system::HALTED, "refresh_halted"),
    ] {
        system::switch_on(&mut &app.db, switch, "test", app.clock.now())
            .await
            .unwrap();
        assert_eq!(refresh(&server, &token, id).await.code(), (503, code));
        system::switch_off(&mut &app.db, switch).await.unwrap();
    }
    let patch = call("PATCH", &format!("/credentials/{id}"))
        .bearer(&token)
        .json(&json!({"enabled": false}));
    server.send(patch).await;
    assert_eq!(refresh(&server, &token, id).await.code(), (403, "disabled"));
    assert_eq!(
        refresh(&server, &token, CredentialId::generate())
            .await
            .code(),
        (404, "not_found")
    );
}
