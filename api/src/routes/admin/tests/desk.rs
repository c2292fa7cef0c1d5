//! An administrator at work, and a stand-in for the worker.

use rt_manage_shared::{
    db::{attempts, attempts::Ending, grants, grants::TokenWrite},
    id::{AttemptId, BootId, CredentialId},
    model::{
        attempt::{AttemptState, Cause, Lane, OutcomeKind},
        grant::{Context, Grant, Verdict},
    },
    vault::{Fingerprint, Secret},
};
use serde_json::{Value, json};

use super::{Answer, Call, Server, call, rt};
use crate::refresh::{Ask, Asked};

/// A server with a session.
pub(super) struct Desk {
    pub(super) server: Server,
    token: String,
}

impl Desk {
    pub(super) async fn new() -> Self {
        let server = Server::new().await;
        let token = server.token().await;
        Self { server, token }
    }

    pub(super) async fn send(&self, method: &str, path: &str, body: &Value) -> Answer {
        let call = call(method, path).bearer(&self.token);
        self.server
            .send(if body.is_null() {
                call
            } else {
                call.json(body)
            })
            .await
    }

    pub(super) async fn send_call(&self, call: Call) -> Answer {
        self.server.send(call.bearer(&self.token)).await
    }

    pub(super) async fn create(&self, body: Value) -> Answer {
        self.send("POST", "/credentials", &body).await
    }

    pub(super) async fn created(&self, name: &str) -> CredentialId {
        let answer = self
            .create(json!({"refresh_token": rt(name), "biz_id": name}))
            .await;
        assert_eq!(answer.status, 201, "{answer:?}");
        answer.body["id"].as_str().unwrap().parse().unwrap()
    }

    pub(super) async fn patch(&self, id: CredentialId, body: Value) -> Answer {
        self.send("PATCH", &format!("/credentials/{id}"), &body)
            .await
    }

    pub(super) async fn delete(&self, id: CredentialId) -> Answer {
        self.send("DELETE", &format!("/credentials/{id}"), &Value::Null)
            .await
    }

    pub(super) async fn read(&self, id: CredentialId) -> Value {
        self.send("GET", &format!("/credentials/{id}"), &Value::Null)
            .await
            .body
    }

    pub(super) async fn grant(&self, id: CredentialId) -> Grant {
        grants::read_one(&mut &self.server.app.db, id)
            .await
            .unwrap()
            .unwrap()
            .grant
    }

    pub(super) fn context(&self) -> Context<'_> {
        let app = &self.server.app;
        Context {
            now: app.clock.now(),
            enabled: true,
            policy: &self.server.settings.policy,
            jitter: 0.5,
        }
    }

    /// Moves the grant as a worker would.
    pub(super) async fn move_grant(
        &self,
        id: CredentialId,
        step: impl FnOnce(&Grant, &Context<'_>) -> Grant,
    ) {
        let before = self.grant(id).await;
        let after = step(&before, &self.context());
        let db = &mut &self.server.app.db;
        assert!(
            grants::compare_and_set(db, &before.guard(), &after, TokenWrite::default())
                .await
                .unwrap()
        );
    }

    pub(super) async fn queue(&self, id: CredentialId) -> AttemptId {
        let ask = Ask {
            credential: id,
            lane: Lane::Bulk,
            cause: Cause::Schedule,
            request_id: None,
        };
        match self.server.app.refresher.ask(ask).await.unwrap() {
            Asked::Queued { attempt } => attempt,
            other => panic!("{other:?}"),
        }
    }

    pub(super) async fn claim(&self, id: CredentialId) -> AttemptId {
        let attempt = self.queue(id).await;
        self.move_grant(id, |grant, _| grant.claim(attempt).unwrap())
            .await;
        let app = &self.server.app;
        assert!(
            attempts::claimed(&mut &app.db, attempt, BootId::generate(), app.clock.now())
                .await
                .unwrap()
        );
        attempt
    }

    /// A worker makes an attempt that ends like this.
    pub(super) async fn end(&self, id: CredentialId, verdict: Verdict) {
        let attempt = self.claim(id).await;
        self.report(attempt, verdict.kind()).await;
        self.move_grant(id, |grant, ctx| {
            grant
                .finish(attempt, &grant.rt_fp, &verdict, Some("a_code"), ctx)
                .unwrap()
        })
        .await;
    }

    /// Notes how the attempt ended.
    pub(super) async fn report(&self, attempt: AttemptId, outcome: OutcomeKind) {
        let app = &self.server.app;
        let ending = Ending {
            outcome,
            code: Some("a_code".into()),
            detail: None,
            http_status: None,
            duration_ms: None,
            finished_at: app.clock.now(),
        };
        let ended = attempts::finish(&mut &app.db, attempt, &ending).await;
        assert!(ended.unwrap());
    }

    pub(super) async fn attempt_state(&self, id: AttemptId) -> (AttemptState, Option<OutcomeKind>) {
        let found = attempts::read(&mut &self.server.app.db, &[id])
            .await
            .unwrap();
        (found[0].state, found[0].outcome)
    }
}

/// The fingerprint of a planted refresh token.
pub(super) fn fp(name: &str) -> Fingerprint {
    Fingerprint::of(&Secret::new(rt(name)))
}
