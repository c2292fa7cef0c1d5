//! Answers that were set aside: listed, applied, discarded.

use rt_manage_shared::{
    db::{
        grants,
        tokens::{self, Orphan},
    },
    id::{AttemptId, CredentialId},
    model::{
        attempt::{AttemptState, OutcomeKind},
        grant::{State, Verdict},
    },
    openai::RawAnswer,
    vault::{Place, Secret},
};
use serde_json::{Value, json};

use super::{
    Answer,
    desk::{Desk, fp},
    rt,
};

/// Sets an answer aside that brought the refresh token `new` for the spent one.
async fn set_aside(desk: &Desk, credential: CredentialId, spent: &str, new: &str) -> AttemptId {
    let body = json!({"access_token": "at.canary", "refresh_token": rt(new), "expires_in": 3600});
    let raw = RawAnswer::new(200, body.to_string());
    let attempt = AttemptId::generate();
    let row = attempt.to_string();
    let place = Place {
        table: "journal",
        row: &row,
        column: "answer",
    };
    let app = &desk.server.app;
    let answer = app.vault.seal(place, &raw.to_bytes()).unwrap();
    keep(desk, credential, spent, attempt, answer).await;
    attempt
}

async fn keep(
    desk: &Desk,
    credential: CredentialId,
    spent: &str,
    attempt: AttemptId,
    answer: Vec<u8>,
) {
    let orphan = Orphan {
        attempt,
        credential,
        rt_fp: fp(spent),
        reason: "the credential holds another refresh token by now".into(),
        answer,
    };
    let app = &desk.server.app;
    tokens::keep_orphan(&mut &app.db, &orphan, app.clock.now())
        .await
        .unwrap();
}

async fn apply(desk: &Desk, attempt: AttemptId, body: Value) -> Answer {
    desk.send("POST", &format!("/orphans/{attempt}/apply"), &body)
        .await
}

async fn discard(desk: &Desk, attempt: AttemptId) -> Answer {
    desk.send("DELETE", &format!("/orphans/{attempt}"), &Value::Null)
        .await
}

async fn listed(desk: &Desk) -> Vec<Value> {
    let answer = desk.send("GET", "/orphans", &Value::Null).await;
    answer.body["items"].as_array().unwrap().clone()
}

#[tokio::test]
async fn an_orphan_is_listed_and_applied() {
    let desk = Desk::new().await;
    let id = desk.created("a").await;
    let attempt = set_aside(&desk, id, "old", "successor").await;
    let shown = listed(&desk).await;
    assert_eq!(shown.len(), 1);
    assert_eq!(shown[0]["attempt_id"], json!(attempt));
    assert_eq!(
        (&shown[0]["credential_id"], &shown[0]["biz_id"]),
        (&json!(id), &json!("a"))
    );
    assert_eq!(
        shown[0]["advice"],
        json!(["apply_orphan", "discard_orphan"])
    );
    assert_eq!(
        shown[0]["spent_refresh_token_fingerprint"],
        json!(fp("old").short())
    );

    let answer = apply(&desk, attempt, json!({})).await;
    assert_eq!(answer.code(), (409, "credential_healthy"));
    let open = desk.queue(id).await;
    let answer = apply(&desk, attempt, json!({"replace": true})).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let grant = desk.grant(id).await;
    assert_eq!((grant.state, &grant.rt_fp), (State::Idle, &fp("successor")));
    assert!(grant.next_refresh_at.unwrap() <= desk.server.app.clock.now());
    assert!(grant.at_expires_at.is_some());
    assert_eq!(
        desk.attempt_state(open).await,
        (AttemptState::Finished, Some(OutcomeKind::Superseded))
    );
    // Sealed where they belong, and readable there.
    let app = &desk.server.app;
    let record = grants::read_one(&mut &app.db, id).await.unwrap().unwrap();
    let row = id.to_string();
    for (column, sealed, text) in [
        ("rt", record.rt, rt("successor")),
        (
            "access_token",
            record.access_token.unwrap(),
            "at.canary".into(),
        ),
    ] {
        let place = Place {
            table: "grants",
            row: &row,
            column,
        };
        let opened = app.vault.open_secret(place, &sealed).unwrap();
        assert_eq!(opened.expose(), text);
    }
    assert!(listed(&desk).await.is_empty());
    assert_eq!(
        apply(&desk, attempt, json!({})).await.code(),
        (404, "not_found")
    );
    // What it spent stays spent.
    let answer = desk.create(json!({"refresh_token": rt("old")})).await;
    assert_eq!(answer.code(), (409, "refresh_token_spent"));
}

#[tokio::test]
async fn a_dead_credential_takes_an_orphan_without_further_words() {
    let desk = Desk::new().await;
    let id = desk.created("a").await;
    desk.end(id, Verdict::Rejected).await;
    let attempt = set_aside(&desk, id, "old", "successor").await;
    assert_eq!(apply(&desk, attempt, json!({})).await.status, 200);
    assert_eq!(desk.grant(id).await.state, State::Idle);
}

#[tokio::test]
async fn where_only_the_refresh_token_could_be_sealed_that_is_applied() {
    let desk = Desk::new().await;
    let id = desk.created("a").await;
    let (row, attempt) = (id.to_string(), AttemptId::generate());
    let place = Place {
        table: "grants",
        row: &row,
        column: "rt",
    };
    let token = Secret::new(rt("alone"));
    let sealed = desk.server.app.vault.seal_secret(place, &token).unwrap();
    keep(&desk, id, "old", attempt, sealed).await;
    let answer = apply(&desk, attempt, json!({"replace": true})).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let grant = desk.grant(id).await;
    assert_eq!((&grant.rt_fp, grant.at_expires_at), (&fp("alone"), None));
}

#[tokio::test]
async fn an_orphan_follows_the_rules_for_refresh_tokens() {
    let desk = Desk::new().await;
    let (a, b) = (desk.created("a").await, desk.created("b").await);
    let app = &desk.server.app;
    let replace = json!({"replace": true});

    // Its token is held by another credential.
    let held = set_aside(&desk, a, "old1", "b").await;
    let answer = apply(&desk, held, replace.clone()).await;
    assert_eq!(answer.code(), (409, "refresh_token_in_use"));
    assert_eq!(answer.body["credential_id"], json!(b));
    // It was spent: by a refresh, or in another answer that was set aside.
    tokens::remember_spent(
        &mut &app.db,
        &fp("gone"),
        b,
        AttemptId::generate(),
        app.clock.now(),
    )
    .await
    .unwrap();
    let spent = set_aside(&desk, a, "old2", "gone").await;
    let chained = set_aside(&desk, a, "old3", "old4").await;
    set_aside(&desk, a, "old4", "newest").await;
    for attempt in [spent, chained] {
        let answer = apply(&desk, attempt, replace.clone()).await;
        assert_eq!(answer.code(), (409, "refresh_token_spent"));
    }
    // Nothing was written by what was refused.
    assert_eq!(desk.grant(a).await.rt_fp, fp("a"));
    assert_eq!(listed(&desk).await.len(), 4);

    // The credential holds it already: nothing was missing.
    let same = set_aside(&desk, a, "old5", "a").await;
    assert_eq!(apply(&desk, same, replace.clone()).await.status, 200);
    assert_eq!(listed(&desk).await.len(), 4);

    // Nonsense in the place of an answer.
    let broken = AttemptId::generate();
    keep(&desk, a, "old6", broken, b"nonsense".to_vec()).await;
    let answer = apply(&desk, broken, replace.clone()).await;
    assert_eq!(answer.code(), (500, "internal"));

    assert_eq!(desk.delete(a).await.status, 204);
    let answer = apply(&desk, spent, replace).await;
    assert_eq!(answer.code(), (409, "credential_deleted"));
    let shown = listed(&desk).await;
    assert_eq!(shown[0]["advice"], json!(["discard_orphan"]));
}

#[tokio::test]
async fn an_orphan_is_discarded_and_what_it_spent_is_remembered() {
    let desk = Desk::new().await;
    let id = desk.created("a").await;
    let attempt = set_aside(&desk, id, "old", "successor").await;
    assert_eq!(discard(&desk, attempt).await.status, 204);
    assert_eq!(discard(&desk, attempt).await.code(), (404, "not_found"));
    let nobody = desk.send("DELETE", "/orphans/nonsense", &Value::Null).await;
    assert_eq!(nobody.code(), (404, "not_found"));
    let answer = desk.create(json!({"refresh_token": rt("old")})).await;
    assert_eq!(answer.code(), (409, "refresh_token_spent"));
    assert_eq!(desk.grant(id).await.rt_fp, fp("a"));
}
