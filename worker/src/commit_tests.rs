//! Another process moves the grant between the reading and the writing of a commit.

use rt_manage_shared::{
    db::{
        attempts::NewAttempt,
        credentials::Profile,
        grants::{TokenWrite, compare_and_set},
    },
    id::{BootId, CredentialId},
    model::{
        attempt::{AttemptState, Cause, Lane},
        credential::DEFAULT_EGRESS,
        grant::{Doubt, Evidence, NewTokens, State},
    },
    vault::{Fingerprint, Secret},
};
use tempfile::TempDir;

use super::*;
use crate::{WorkerParts, test_parts::parts};

struct Bench {
    parts: WorkerParts,
    work: CommitWork,
    credential: CredentialId,
    settings: Arc<crate::WorkerSettings>,
    _folder: TempDir,
}

fn fp(text: &str) -> Fingerprint {
    Fingerprint::of(&Secret::new(text.to_owned()))
}

impl Bench {
    /// With a credential that holds this refresh token.
    async fn new(rt: &str) -> Self {
        let folder = TempDir::new().unwrap();
        let parts = parts(folder.path()).await;
        let work = CommitWork {
            clock: parts.clock.clone(),
            settings: parts.settings.clone(),
        };
        let bench = Self {
            credential: CredentialId::generate(),
            settings: parts.settings.current(),
            parts,
            work,
            _folder: folder,
        };
        let profile = Profile {
            biz_id: bench.credential.to_string(),
            client_id: "app_x".into(),
            proxy: None,
            egress: DEFAULT_EGRESS.into(),
            egress_label: String::new(),
            tag: String::new(),
            memo: String::new(),
            enabled: true,
        };
        let grant = Grant::new(bench.credential, fp(rt), None, &bench.context());
        let now = bench.parts.clock.now();
        let db = &mut &bench.parts.db;
        credentials::insert(db, bench.credential, &profile, &Identity::default(), now)
            .await
            .unwrap();
        grants::insert(db, &grant, b"sealed".to_vec(), None)
            .await
            .unwrap();
        bench
    }

    fn context(&self) -> Context<'_> {
        Context {
            now: self.parts.clock.now(),
            enabled: true,
            policy: &self.settings.policy,
            jitter: 0.5,
        }
    }

    async fn record(&self) -> GrantRecord {
        let record = grants::read_one(&mut &self.parts.db, self.credential).await;
        record.unwrap().unwrap()
    }

    /// Another process moves the grant.
    async fn moves(&self, step: impl FnOnce(&Grant, &Context<'_>) -> Grant) {
        let before = self.record().await.grant;
        let after = step(&before, &self.context());
        let db = &mut &self.parts.db;
        let moved = compare_and_set(db, &before.guard(), &after, TokenWrite::default()).await;
        assert!(moved.unwrap());
    }

    /// An attempt is asked for.
    async fn queued(&self) -> AttemptId {
        let new = NewAttempt {
            id: AttemptId::generate(),
            credential: self.credential,
            lane: Lane::Bulk,
            cause: Cause::Schedule,
            probe: false,
            egress: "direct".into(),
            rt_fp: self.record().await.grant.rt_fp,
            request_id: None,
            requested_at: self.parts.clock.now(),
        };
        attempts::insert(&mut &self.parts.db, &new).await.unwrap();
        self.moves(|grant, ctx| grant.request(new.id, ctx).unwrap())
            .await;
        new.id
    }

    /// A worker has an attempt in hand.
    async fn claimed(&self) -> AttemptId {
        let attempt = self.queued().await;
        self.moves(|grant, _| grant.claim(attempt).unwrap()).await;
        let (db, now) = (&mut &self.parts.db, self.parts.clock.now());
        let claimed = attempts::claimed(db, attempt, BootId::generate(), now).await;
        assert!(claimed.unwrap());
        attempt
    }

    /// The leader gives an attempt up that may have been sent.
    async fn gives_up(&self, attempt: AttemptId) {
        self.moves(|grant, ctx| grant.abandon(attempt, Evidence::Unknown, ctx).unwrap())
            .await;
        let ending = Ending {
            outcome: OutcomeKind::Abandoned,
            code: None,
            detail: None,
            http_status: None,
            duration_ms: None,
            finished_at: self.parts.clock.now(),
        };
        let db = &mut &self.parts.db;
        assert!(attempts::finish(db, attempt, &ending).await.unwrap());
    }

    /// Commits the successor that this attempt brought for `spent`, over what was read before.
    async fn commits(
        &self,
        attempt: AttemptId,
        spent: &str,
        mut read: GrantRecord,
    ) -> Result<Committed, DbError> {
        let finished = Finished {
            attempt,
            credential: self.credential,
            spent: fp(spent),
            verdict: Verdict::Rotated(NewTokens {
                rt_fp: Some(fp("successor")),
                at_expires_at: None,
            }),
            code: None,
            http_status: Some(200),
            duration_ms: None,
            rt: Some(b"successor, sealed".to_vec()),
            access_token: None,
            identity: Identity::default(),
            answer: Some(b"answer, sealed".to_vec()),
            replayed: false,
        };
        let mut tx = self.parts.db.begin().await.unwrap();
        let now = self.parts.clock.now();
        let committed = self
            .work
            .one(&mut tx, &finished, &mut read, &self.settings.policy, now)
            .await;
        tx.commit().await.unwrap();
        committed
    }

    /// The successor stands in the grant, and nothing was set aside.
    async fn is_refreshed(&self, attempt: AttemptId) {
        let record = self.record().await;
        assert_eq!(
            (record.grant.state, &record.grant.rt_fp),
            (State::Idle, &fp("successor"))
        );
        assert_eq!(record.rt, b"successor, sealed");
        assert_eq!(self.ended(attempt).await, Some(OutcomeKind::Rotated));
        let orphans = tokens::orphans(&mut &self.parts.db, None, 9).await.unwrap();
        assert!(orphans.is_empty(), "{orphans:?}");
    }

    async fn ended(&self, attempt: AttemptId) -> Option<OutcomeKind> {
        let found = attempts::read(&mut &self.parts.db, &[attempt])
            .await
            .unwrap();
        assert_eq!(found[0].state, AttemptState::Finished);
        found[0].outcome
    }
}

#[tokio::test]
async fn an_attempt_that_is_given_up_meanwhile_is_settled_anew() {
    let bench = Bench::new("a").await;
    let attempt = bench.claimed().await;
    let read = bench.record().await;
    bench.gives_up(attempt).await;
    let committed = bench.commits(attempt, "a", read).await.unwrap();
    assert_eq!(committed, Committed::AppliedLate);
    bench.is_refreshed(attempt).await;
}

/// Its guard misses, because a probe was asked for meanwhile: the answer makes that one pointless, and is no orphan.
#[tokio::test]
async fn a_late_answer_whose_guard_misses_is_settled_anew() {
    let bench = Bench::new("a").await;
    let attempt = bench.claimed().await;
    bench.gives_up(attempt).await;
    let read = bench.record().await;
    let doubt = read.grant.doubt;
    assert!(matches!(doubt, Some(Doubt { probes: 0, .. })));
    bench
        .moves(|grant, ctx| grant.probe_now(ctx).unwrap())
        .await;
    let probe = bench.queued().await;
    let committed = bench.commits(attempt, "a", read).await.unwrap();
    assert_eq!(committed, Committed::AppliedLate);
    bench.is_refreshed(attempt).await;
    assert_eq!(bench.ended(probe).await, Some(OutcomeKind::Superseded));
}

/// An operator puts in another refresh token meanwhile: nothing is overwritten, and nothing thrown away.
#[tokio::test]
async fn a_token_that_is_replaced_meanwhile_stays() {
    let bench = Bench::new("a").await;
    let attempt = bench.claimed().await;
    let read = bench.record().await;
    bench
        .moves(|grant, ctx| grant.replace_rt(fp("b"), ctx).unwrap())
        .await;
    let committed = bench.commits(attempt, "a", read).await.unwrap();
    assert_eq!(committed, Committed::Orphaned);
    assert_eq!(bench.record().await.grant.rt_fp, fp("b"));
    assert_eq!(bench.ended(attempt).await, Some(OutcomeKind::Rotated));
    let db = &mut &bench.parts.db;
    let orphans = tokens::orphans(db, Some(&fp("a")), 9).await.unwrap();
    assert_eq!(orphans[0].answer, b"answer, sealed");
}
