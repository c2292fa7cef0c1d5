//! What edits do to the refresh state.

use rt_manage_shared::{
    db::{credentials, grants},
    model::{
        attempt::{AttemptState, OutcomeKind},
        grant::{HeldReason, State, Verdict},
    },
    notify::Event,
    vault::Place,
};
use serde_json::json;

use super::desk::{Desk, fp};
use super::rt;

#[tokio::test]
async fn disabling_takes_a_queued_refresh_back() {
    let desk = Desk::new().await;
    let id = desk.created("a").await;
    let attempt = desk.queue(id).await;
    let mut events = desk.server.app.notifier.listen();
    let shown = desk.patch(id, json!({"enabled": false})).await.body;
    assert_eq!(
        (&shown["state"], &shown["next_refresh_at"]),
        (&json!("idle"), &json!(null))
    );
    assert_eq!(
        desk.attempt_state(attempt).await,
        (AttemptState::Cancelled, None)
    );
    assert_eq!(
        events.try_recv(),
        Ok(Event::Finished {
            attempt,
            credential: id
        })
    );
    assert_eq!(events.try_recv(), Ok(Event::Changed(id)));
    let shown = desk.patch(id, json!({"enabled": true})).await.body;
    assert!(shown["next_refresh_at"].is_string());
    // A call that is under way is not taken back.
    let attempt = desk.claim(id).await;
    let shown = desk.patch(id, json!({"enabled": false})).await.body;
    assert_eq!(
        (&shown["state"], &shown["attempt_id"]),
        (&json!("refreshing"), &json!(attempt))
    );
}

#[tokio::test]
async fn deleting_takes_a_queued_refresh_back() {
    let desk = Desk::new().await;
    let id = desk.created("a").await;
    let attempt = desk.queue(id).await;
    assert_eq!(desk.delete(id).await.status, 204);
    assert_eq!(
        desk.attempt_state(attempt).await,
        (AttemptState::Cancelled, None)
    );
    let grant = desk.grant(id).await;
    assert_eq!((grant.state, grant.next_refresh_at), (State::Idle, None));
    assert!(
        credentials::by_id(&mut &desk.server.app.db, id)
            .await
            .unwrap()
            .is_none()
    );
}

#[tokio::test]
async fn what_held_a_grant_releases_it_when_it_changes() {
    let desk = Desk::new().await;
    for (reason, wrong, right) in [
        (
            HeldReason::ClientId,
            json!({"proxy": "http://p"}),
            json!({"client_id": "app_other"}),
        ),
        (
            HeldReason::Region,
            json!({"client_id": "app_other"}),
            json!({"proxy": "http://p"}),
        ),
    ] {
        let id = desk.created(reason.as_str()).await;
        desk.end(id, Verdict::Held(reason)).await;
        let shown = desk.patch(id, wrong).await.body;
        assert_eq!(
            (&shown["state"], &shown["state_reason"]),
            (&json!("held"), &json!(reason.as_str()))
        );
        let shown = desk.patch(id, right).await.body;
        assert_eq!(
            (&shown["state"], &shown["state_reason"]),
            (&json!("idle"), &json!(null))
        );
        assert!(shown["next_refresh_at"].is_string());
    }
}

#[tokio::test]
async fn a_new_refresh_token_revives_and_closes_what_was_open() {
    let desk = Desk::new().await;
    let id = desk.created("a").await;
    desk.end(id, Verdict::Rejected).await;
    assert_eq!(desk.read(id).await["state"], "dead");
    let shown = desk
        .patch(id, json!({"refresh_token": rt("a2")}))
        .await
        .body;
    assert_eq!(
        (&shown["state"], &shown["last_code"], &shown["failures"]),
        (&json!("idle"), &json!(null), &json!(0))
    );
    assert_eq!(shown["refresh_token_fingerprint"], fp("a2").short());
    let app = &desk.server.app;
    let record = grants::read_one(&mut &app.db, id).await.unwrap().unwrap();
    let row = id.to_string();
    let place = Place {
        table: "grants",
        row: &row,
        column: "rt",
    };
    assert_eq!(
        app.vault.open_secret(place, &record.rt).unwrap().expose(),
        rt("a2")
    );

    let attempt = desk.queue(id).await;
    let mut events = app.notifier.listen();
    assert_eq!(
        desk.patch(id, json!({"refresh_token": rt("a3")}))
            .await
            .body["state"],
        "idle"
    );
    assert_eq!(
        desk.attempt_state(attempt).await,
        (AttemptState::Finished, Some(OutcomeKind::Superseded))
    );
    assert_eq!(
        events.try_recv(),
        Ok(Event::Finished {
            attempt,
            credential: id
        })
    );

    desk.end(id, Verdict::Ambiguous).await;
    let shown = desk.read(id).await;
    assert_eq!(
        (&shown["state"], &shown["doubt"]["probes"]),
        (&json!("in_doubt"), &json!(0))
    );
    assert_eq!(
        desk.patch(id, json!({"refresh_token": rt("a4")}))
            .await
            .body["doubt"],
        json!(null)
    );
}
