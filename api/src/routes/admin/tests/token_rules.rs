//! Which refresh tokens are taken in.

use rt_manage_shared::{
    clock::Millis,
    db::{grants, tokens},
    id::{AttemptId, CredentialId},
    model::{
        attempt::{AttemptState, OutcomeKind},
        grant::{HeldReason, State, Verdict},
    },
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

impl Desk {
    /// A probe is ordered, and ends like this.
    async fn probed(&self, id: CredentialId, verdict: Verdict) {
        self.move_grant(id, |grant, ctx| grant.probe_now(ctx).unwrap())
            .await;
        self.end(id, verdict).await;
    }

    /// Puts this refresh token in.
    async fn put(&self, id: CredentialId, name: &str) -> super::Answer {
        self.patch(id, json!({"refresh_token": rt(name)})).await
    }
}

/// By an edit of the same credential, by one of another, by a new one: it is the same token everywhere.
#[tokio::test]
async fn what_was_known_of_a_token_that_was_replaced_comes_back_with_it() {
    let desk = Desk::new().await;
    let transient = Verdict::Transient { retry_after: None };
    for (name, verdicts, state, probes) in [
        ("fresh", vec![], State::Idle, None),
        ("refused", vec![transient], State::Idle, None),
        ("unsent", vec![Verdict::NotSent], State::Idle, None),
        (
            "held",
            vec![Verdict::Held(HeldReason::Region)],
            State::Idle,
            None,
        ),
        (
            "doubtful",
            vec![Verdict::Ambiguous],
            State::InDoubt,
            Some(0),
        ),
        (
            "probed",
            vec![Verdict::Ambiguous, Verdict::NotSent, Verdict::Ambiguous],
            State::InDoubt,
            Some(1),
        ),
        ("dead", vec![Verdict::Rejected], State::Dead, None),
        (
            "probed-to-death",
            vec![Verdict::Ambiguous, Verdict::Rejected],
            State::Dead,
            None,
        ),
    ] {
        for way in ["same", "other", "new"] {
            let name = format!("{name}-{way}");
            let id = desk.created(&name).await;
            for (position, verdict) in verdicts.iter().enumerate() {
                if position == 0 {
                    desk.end(id, verdict.clone()).await;
                } else {
                    desk.probed(id, verdict.clone()).await;
                }
            }
            let before = desk.grant(id).await;
            assert_eq!(desk.put(id, &format!("{name}-2")).await.status, 200);
            let now = match way {
                "same" => {
                    assert_eq!(desk.put(id, &name).await.status, 200);
                    id
                }
                "other" => {
                    let other = desk.created(&format!("{name}-3")).await;
                    assert_eq!(desk.put(other, &name).await.status, 200);
                    other
                }
                _ => {
                    let new = desk.create(json!({"refresh_token": rt(&name)})).await;
                    assert_eq!(new.status, 201);
                    new.body["id"].as_str().unwrap().parse().unwrap()
                }
            };
            let grant = desk.grant(now).await;
            let found = grant.doubt.map(|doubt| doubt.probes);
            assert_eq!((grant.state, found), (state, probes), "{name}");
            assert_eq!(found, before.doubt.map(|doubt| doubt.probes), "{name}");
            if state == State::Idle {
                assert!(grant.next_refresh_at.is_some(), "{name}");
            } else {
                assert_eq!(grant.last_code.as_deref(), Some("a_code"), "{name}");
                let due = grant.next_refresh_at;
                let now = desk.server.app.clock.now();
                assert!(due.is_none_or(|due| due > now), "{name}: {due:?}");
            }
        }
    }
}

#[tokio::test]
async fn a_token_is_not_taken_in_again_while_a_call_with_it_may_be_under_way() {
    let desk = Desk::new().await;
    let id = desk.created("a").await;
    // What nobody has in hand is closed, and says nothing about the token.
    let waiting = desk.queue(id).await;
    assert_eq!(desk.put(id, "b").await.status, 200);
    let closed = (AttemptState::Finished, Some(OutcomeKind::Superseded));
    assert_eq!(desk.attempt_state(waiting).await, closed);
    assert_eq!(desk.put(id, "a").await.body["state"], "idle");

    let attempt = desk.claim(id).await;
    assert_eq!(desk.put(id, "c").await.status, 200);
    let open = (AttemptState::Refreshing, None);
    assert_eq!(desk.attempt_state(attempt).await, open);
    let other = desk.created("d").await;
    for answer in [
        desk.put(id, "a").await,
        desk.put(other, "a").await,
        desk.create(json!({"refresh_token": rt("a")})).await,
    ] {
        assert_eq!(answer.code(), (409, "refresh_in_progress"));
        assert_eq!(answer.body["credential_id"], id.to_string());
    }
    assert_eq!(desk.grant(id).await.rt_fp, fp("c"));
    // Its worker reports that the grant holds another token by now: what became of this one nobody knows.
    desk.report(attempt, OutcomeKind::Superseded).await;
    assert_eq!(desk.put(other, "a").await.body["state"], "in_doubt");
}
