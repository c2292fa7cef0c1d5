//! A database that has lost what the journals know.

use std::path::Path;

use rt_manage_shared::{
    clock::Millis,
    db::{
        Db,
        attempts::{self, Ending, NewAttempt},
        credentials::{self, Identity, Profile},
        grants, retention, system,
    },
    id::{AttemptId, BootId, CredentialId},
    model::{
        attempt::{AttemptState, Cause, Lane, OutcomeKind},
        credential::DEFAULT_EGRESS,
        grant::{Context, Grant, State},
    },
    vault::Fingerprint,
};

use crate::{
    Worker, WorkerParts,
    journal::{Intent, Journal, JournalOptions},
    test_parts::parts,
};

/// A credential whose attempt waits for a worker, as far as the database knows.
async fn waiting(parts: &WorkerParts) -> (CredentialId, AttemptId) {
    let (credential, attempt) = (CredentialId::generate(), AttemptId::generate());
    let now = parts.clock.now();
    let settings = parts.settings.current();
    let ctx = Context {
        now,
        enabled: true,
        policy: &settings.policy,
        jitter: 0.5,
    };
    let rt_fp = Fingerprint::from_stored("a");
    let grant = Grant::new(credential, rt_fp.clone(), None, &ctx);
    let grant = grant.request(attempt, &ctx).unwrap();
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
        egress: DEFAULT_EGRESS.into(),
        rt_fp,
        request_id: None,
        requested_at: now,
    };
    let mut tx = parts.db.begin().await.unwrap();
    credentials::insert(&mut tx, credential, &profile, &Identity::default(), now)
        .await
        .unwrap();
    grants::insert(&mut tx, &grant, vec![0], None)
        .await
        .unwrap();
    attempts::insert(&mut tx, &new).await.unwrap();
    tx.commit().await.unwrap();
    (credential, attempt)
}

/// The journal of a worker that made this attempt and is gone.
async fn made(folder: &Path, credential: CredentialId, attempt: AttemptId, done: bool) {
    let options = JournalOptions {
        directory: folder.join("journal"),
        worker: BootId::generate(),
        segment_bytes: 1 << 20,
        answer_reserve_bytes: 1 << 10,
    };
    let journal = Journal::open(&options).unwrap();
    let intent = Intent {
        attempt,
        credential,
        rt_fp: "a".into(),
        at: Millis(1),
    };
    journal.intent(intent).await.unwrap().release();
    if done {
        journal.done(attempt, Millis(2)).await;
    }
    journal.close().await;
}

async fn is_halted(db: &Db) -> bool {
    let switches = system::switches(&mut &*db).await.unwrap();
    switches.iter().any(|switch| switch.name == system::HALTED)
}

#[tokio::test]
async fn an_attempt_that_was_made_and_still_waits_halts_and_is_not_made_again() {
    for done in [false, true] {
        let folder = tempfile::tempdir().unwrap();
        let parts = parts(folder.path()).await;
        let db = parts.db.clone();
        let (credential, attempt) = waiting(&parts).await;
        made(folder.path(), credential, attempt, done).await;
        Worker::start(parts).await.unwrap();
        assert!(is_halted(&db).await, "done: {done}");
        let record = grants::read_one(&mut &db, credential)
            .await
            .unwrap()
            .unwrap();
        assert_eq!(record.grant.state, State::InDoubt);
        let row = attempts::read(&mut &db, &[attempt])
            .await
            .unwrap()
            .remove(0);
        assert_eq!(
            (row.state, row.outcome),
            (AttemptState::Finished, Some(OutcomeKind::Superseded))
        );
    }
}

#[tokio::test]
async fn a_halt_that_was_lifted_does_not_come_back() {
    let folder = tempfile::tempdir().unwrap();
    let first = parts(folder.path()).await;
    let (credential, attempt) = waiting(&first).await;
    made(folder.path(), credential, attempt, true).await;
    let again = first.clone();
    Worker::start(first).await.unwrap();
    system::switch_off(&mut &again.db, system::HALTED)
        .await
        .unwrap();
    let db = again.db.clone();
    Worker::start(again).await.unwrap();
    assert!(!is_halted(&db).await);
}

#[tokio::test]
async fn what_was_removed_for_its_age_is_not_lost() {
    let folder = tempfile::tempdir().unwrap();
    let first = parts(folder.path()).await;
    let db = first.db.clone();
    let again = first.clone();
    let (credential, attempt) = waiting(&first).await;
    made(folder.path(), credential, attempt, true).await;
    // It was made, it ended, and nothing has happened for long since.
    let now = first.clock.now();
    let ending = Ending {
        outcome: OutcomeKind::Rotated,
        code: None,
        detail: None,
        http_status: None,
        duration_ms: None,
        finished_at: now,
    };
    attempts::finish(&mut &db, attempt, &ending).await.unwrap();
    let later = now + std::time::Duration::from_mins(1);
    let removed = retention::prune_attempts(&mut &db, later, 10).await;
    assert_eq!(removed.unwrap(), 1);
    let worker = Worker::start(first).await.unwrap();
    assert!(!is_halted(&db).await);
    assert_eq!(worker.recorded.newest(), [attempt]);
    drop(worker);
    // One that no retention explains is lost.
    made(folder.path(), credential, AttemptId::earliest(later), true).await;
    Worker::start(again).await.unwrap();
    assert!(is_halted(&db).await);
}
