//! Which refresh tokens are taken in.

use rt_manage_shared::{
    clock::Millis,
    db::{grants, tokens},
    id::{AttemptId, CredentialId},
    model::grant::{HeldReason, Verdict},
};
use serde_json::json;

use super::desk::{Desk, fp};
use super::rt;

#[tokio::test]
async fn a_spent_refresh_token_is_refused_for_ever() {
    let desk = Desk::new().await;
    let (id, other) = (desk.created("a").await, desk.created("b").await);
    let db = &mut &desk.server.app.db;
    tokens::remember_spent(db, &fp("old"), id, AttemptId::generate(), Millis(1))
        .await
        .unwrap();
    let create = json!({"refresh_token": rt("old")});
    for deleted in [false, true] {
        for answer in [
            desk.create(create.clone()).await,
            desk.patch(other, create.clone()).await,
        ] {
            assert_eq!(answer.code(), (409, "refresh_token_spent"));
            assert_eq!(answer.body["credential_id"], id.to_string());
        }
        if !deleted {
            assert_eq!(desk.delete(id).await.status, 204);
        }
    }
    let orphan = tokens::Orphan {
        attempt: AttemptId::generate(),
        credential: id,
        rt_fp: fp("set-aside"),
        reason: "test".into(),
        answer: vec![1],
    };
    tokens::keep_orphan(db, &orphan, Millis(1)).await.unwrap();
    let answer = desk.create(json!({"refresh_token": rt("set-aside")})).await;
    assert_eq!(answer.code(), (409, "refresh_token_spent"));
}

#[tokio::test]
async fn a_refresh_token_has_one_holder() {
    let desk = Desk::new().await;
    let (id, other) = (desk.created("a").await, desk.created("b").await);
    for answer in [
        desk.create(json!({"refresh_token": rt("a")})).await,
        desk.patch(
            other,
            json!({"refresh_token": rt("a"), "tag": "not written"}),
        )
        .await,
    ] {
        assert_eq!(answer.code(), (409, "refresh_token_in_use"));
        assert_eq!(answer.body["credential_id"], id.to_string());
        assert!(answer.body["detail"].as_str().unwrap().contains("`a`"));
    }
    assert_eq!(desk.read(other).await["tag"], "");
    // The same token again changes nothing.
    let before = desk.read(id).await;
    assert_eq!(
        desk.patch(id, json!({"refresh_token": rt("a")})).await.body,
        before
    );
}

#[tokio::test]
async fn a_deleted_holder_makes_room_but_its_knowledge_stays() {
    let desk = Desk::new().await;
    let app = &desk.server.app;
    for (name, verdict, state, code) in [
        ("fine", None, "idle", None),
        ("dead", Some(Verdict::Rejected), "dead", Some("a_code")),
        (
            "doubtful",
            Some(Verdict::Ambiguous),
            "in_doubt",
            Some("a_code"),
        ),
        (
            "held",
            Some(Verdict::Held(HeldReason::Region)),
            "idle",
            None,
        ),
    ] {
        let old = desk.created(name).await;
        if let Some(verdict) = verdict {
            desk.end(old, verdict).await;
        }
        let since = desk.grant(old).await.doubt;
        assert_eq!(desk.delete(old).await.status, 204);
        let new = desk.create(json!({"refresh_token": rt(name)})).await.body;
        assert_eq!(
            (new["state"].as_str(), new["last_code"].as_str()),
            (Some(state), code),
            "{name}"
        );
        assert_eq!(
            grants::holders(&mut &app.db, &fp(name))
                .await
                .unwrap()
                .len(),
            1
        );
        let id: CredentialId = new["id"].as_str().unwrap().parse().unwrap();
        assert_eq!(desk.grant(id).await.doubt, since);
    }
    let old = desk.created("busy").await;
    desk.claim(old).await;
    assert_eq!(desk.delete(old).await.status, 204);
    let answer = desk.create(json!({"refresh_token": rt("busy")})).await;
    assert_eq!(answer.code(), (409, "refresh_in_progress"));
    assert_eq!(answer.body["credential_id"], old.to_string());
    // A refusal for another reason leaves the tombstone where it was.
    let tomb = desk.created("tomb").await;
    desk.created("name").await;
    assert_eq!(desk.delete(tomb).await.status, 204);
    let answer = desk
        .create(json!({"refresh_token": rt("tomb"), "biz_id": "name"}))
        .await;
    assert_eq!(answer.code(), (409, "biz_id_taken"));
    assert_eq!(
        grants::holders(&mut &app.db, &fp("tomb")).await.unwrap(),
        [tomb]
    );
    // An edit takes a deleted one's token over in the same way.
    let heir = desk.created("heir").await;
    assert_eq!(
        desk.patch(heir, json!({"refresh_token": rt("tomb")}))
            .await
            .status,
        200
    );
    assert_eq!(
        grants::holders(&mut &app.db, &fp("tomb")).await.unwrap(),
        [heir]
    );
}
