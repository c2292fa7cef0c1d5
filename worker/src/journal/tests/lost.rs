//! Credentials whose worker died with the answer in its journal.

use rt_manage_shared::{
    db::{
        Db,
        attempts::{self, NewAttempt},
        credentials::{self, Identity, Profile},
        grants,
    },
    id::{AttemptId, BootId, CredentialId},
    model::{
        attempt::{Cause, Lane},
        credential::DEFAULT_EGRESS,
        grant::{Context, Grant, State},
    },
    openai::RawAnswer,
    vault::{Fingerprint, Place, Secret, Vault},
};

use super::super::{Answer, Intent, Journal};
use crate::WorkerParts;

/// A credential whose worker died with the answer in its journal.
pub(super) struct Lost {
    credential: CredentialId,
    pub(super) attempt: AttemptId,
    spent: Fingerprint,
    successor: Secret,
}

impl Lost {
    pub(super) async fn new(parts: &WorkerParts, worker: BootId) -> Self {
        let (credential, attempt) = (CredentialId::generate(), AttemptId::generate());
        let now = parts.clock.now();
        let settings = parts.settings.current();
        let ctx = Context {
            now,
            enabled: true,
            policy: &settings.policy,
            jitter: 0.5,
        };
        let spent = Fingerprint::of(&Secret::new(credential.to_string()));
        let grant = Grant::new(credential, spent.clone(), None, &ctx);
        let queued = grant.request(attempt, &ctx).unwrap();
        let profile = Profile {
            biz_id: credential.to_string(),
            client_id: "app_x".into(),
            proxy: None,
            egress: DEFAULT_EGRESS.into(),
            egress_label: String::new(),
            tag: String::new(),
            memo: String::new(),
            enabled: true,
        };
        let new = NewAttempt {
            id: attempt,
            credential,
            lane: Lane::Bulk,
            cause: Cause::Schedule,
            probe: false,
            egress: "direct".into(),
            rt_fp: spent.clone(),
            request_id: None,
            requested_at: now,
        };
        let mut tx = parts.db.begin().await.unwrap();
        credentials::insert(&mut tx, credential, &profile, &Identity::default(), now)
            .await
            .unwrap();
        let claimed = queued.claim(attempt).unwrap();
        grants::insert(&mut tx, &claimed, b"sealed".to_vec(), None)
            .await
            .unwrap();
        attempts::insert(&mut tx, &new).await.unwrap();
        assert!(
            attempts::claimed(&mut tx, attempt, worker, now)
                .await
                .unwrap()
        );
        tx.commit().await.unwrap();
        Self {
            credential,
            attempt,
            spent,
            successor: Secret::new(format!("rt.1.{credential}")),
        }
    }

    pub(super) fn sealed(&self, vault: &Vault, bytes: &[u8]) -> Vec<u8> {
        let row = self.attempt.to_string();
        let place = Place {
            table: "journal",
            row: &row,
            column: "answer",
        };
        vault.seal(place, bytes).unwrap()
    }

    /// What the upstream said.
    pub(super) fn answer(&self) -> Vec<u8> {
        let body = format!(r#"{{"refresh_token": "{}"}}"#, self.successor.expose());
        RawAnswer::new(200, body).to_bytes().to_vec()
    }

    pub(super) async fn is_journalled(
        &self,
        journal: &Journal,
        parts: &WorkerParts,
        sealed: Vec<u8>,
    ) {
        let at = parts.clock.now();
        let intent = Intent {
            attempt: self.attempt,
            credential: self.credential,
            rt_fp: self.spent.to_string(),
            at,
        };
        let room = journal.intent(intent.clone()).await.unwrap();
        let answer = Answer {
            attempt: intent.attempt,
            credential: intent.credential,
            rt_fp: intent.rt_fp,
            at,
            sealed,
        };
        journal.answer(room, answer).await.unwrap();
    }

    pub(super) async fn is_doubtful(&self, db: &Db) -> bool {
        let record = grants::read_one(&mut &*db, self.credential).await;
        let grant = record.unwrap().unwrap().grant;
        grant.state == State::InDoubt && grant.rt_fp == self.spent
    }

    pub(super) async fn is_refreshed(&self, db: &Db) -> bool {
        let record = grants::read_one(&mut &*db, self.credential)
            .await
            .unwrap()
            .unwrap();
        let grant = record.grant;
        match grant.state {
            State::Idle => {
                assert_eq!(grant.rt_fp, Fingerprint::of(&self.successor));
                true
            }
            State::Refreshing(attempt) => {
                assert_eq!((attempt, grant.rt_fp), (self.attempt, self.spent.clone()));
                false
            }
            other => panic!("{other:?}"),
        }
    }
}
