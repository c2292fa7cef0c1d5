//! The storage contract, against a real database: what each statement does, and that prefixes and guards hold.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::too_many_lines,
    clippy::similar_names,
    reason = "a broken expectation must stop the test"
)]

use std::time::Duration;

use rt_manage_shared::{
    clock::Millis,
    db::{
        Db, DbError, DbOptions, Execute as _, admins,
        attempts::{self, Ending, NewAttempt},
        coordination::{self, EgressHold, Lease, WorkerInfo},
        credentials::{self, Identity, Key, Profile},
        grants::{self, TokenWrite},
        sql, system,
        system::RegisteredKey,
        tokens::{self, Orphan},
    },
    id::{AttemptId, BootId, CredentialId},
    model::{
        attempt::{AttemptState, Cause, Lane, OutcomeKind},
        grant::{Context, Grant, NewTokens, State, Verdict},
        schedule::{DoubtPolicy, SchedulePolicy},
    },
    vault::{Fingerprint, Secret},
};
use tempfile::TempDir;

const NOW: Millis = Millis(1_800_000_000_000);

async fn open(folder: &TempDir, prefix: &str) -> Db {
    let options = DbOptions {
        sqlite_file: folder.path().join("data/tokens.db"),
        table_prefix: prefix.into(),
        max_open: 4,
        max_idle: 2,
        max_lifetime: Duration::from_hours(1),
    };
    let db = Db::open(&options).await.unwrap();
    db.migrate().await.unwrap();
    db
}

fn policy() -> SchedulePolicy {
    SchedulePolicy {
        lead: Duration::from_hours(24),
        interval: None,
        backoff_base: Duration::from_secs(30),
        backoff_max: Duration::from_hours(1),
        doubt: DoubtPolicy::Immediate,
        probe_delays: vec![Duration::from_mins(10)],
    }
}

fn fp(text: &str) -> Fingerprint {
    Fingerprint::of(&Secret::new(text))
}

fn profile(biz_id: &str) -> Profile {
    Profile {
        biz_id: biz_id.into(),
        client_id: "app_x".into(),
        proxy: None,
        egress: "default".into(),
        egress_label: String::new(),
        tag: "t".into(),
        memo: "m".into(),
        enabled: true,
    }
}

fn context(policy: &SchedulePolicy) -> Context<'_> {
    Context {
        now: NOW,
        enabled: true,
        policy,
        jitter: 0.5,
    }
}

async fn add(db: &Db, biz_id: &str) -> Grant {
    let (id, policy) = (CredentialId::generate(), policy());
    let grant = Grant::new(id, fp(biz_id), None, &context(&policy));
    let mut tx = db.begin().await.unwrap();
    credentials::insert(&mut tx, id, &profile(biz_id), &Identity::default(), NOW)
        .await
        .unwrap();
    grants::insert(&mut tx, &grant, b"sealed".to_vec(), None)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    grant
}

fn attempt_of(grant: &Grant, id: AttemptId) -> NewAttempt {
    NewAttempt {
        id,
        credential: grant.credential,
        lane: Lane::Bulk,
        cause: Cause::Schedule,
        probe: false,
        egress: "direct".into(),
        rt_fp: grant.rt_fp.clone(),
        request_id: None,
        requested_at: NOW,
    }
}

fn ending(outcome: OutcomeKind) -> Ending {
    Ending {
        outcome,
        code: Some("code".into()),
        detail: None,
        http_status: Some(200),
        duration_ms: Some(5),
        finished_at: NOW,
    }
}

#[tokio::test]
async fn migrations_repeat_and_prefixes_keep_installations_apart() {
    let folder = TempDir::new().unwrap();
    let plain = open(&folder, "").await;
    let prefixed = open(&folder, "rt_").await;
    prefixed.migrate().await.unwrap();
    add(&plain, "same").await;
    add(&prefixed, "same").await;
    assert_eq!(credentials::total(&mut &prefixed).await.unwrap(), 1);
    let rows = (&mut &plain)
        .fetch_all(sql("SELECT name FROM sqlite_master WHERE type IN ('table', 'index') AND name NOT LIKE 'sqlite_%'"))
        .await
        .unwrap();
    let names: Vec<String> = rows.iter().map(|row| row.text("name").unwrap()).collect();
    assert!(names.contains(&"rt_grants".to_owned()) && names.contains(&"grants".to_owned()));
    assert_eq!(
        names.len() % 2,
        0,
        "each table and index exists once for each prefix: {names:?}"
    );
    plain.check_schema().await.unwrap();
}

#[tokio::test]
async fn a_schema_from_the_future_is_refused() {
    let folder = TempDir::new().unwrap();
    let db = open(&folder, "").await;
    let future = sql(
        "INSERT INTO {schema_migrations} (version, description, success, checksum, execution_time) \
         VALUES (999, 'future', 1, ?, 0)",
    )
    .bind(b"x".to_vec());
    (&mut &db).execute(future).await.unwrap();
    for error in [
        db.migrate().await.unwrap_err(),
        db.check_schema().await.unwrap_err(),
    ] {
        assert!(error.to_string().contains("newer rt-manage"), "{error}");
    }
}

#[tokio::test]
async fn durability_is_full() {
    let folder = TempDir::new().unwrap();
    let db = open(&folder, "").await;
    let mut tx = db.begin().await.unwrap();
    let row = tx
        .fetch_optional(sql("SELECT * FROM pragma_synchronous"))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(row.int("synchronous").unwrap(), 2, "FULL");
    let row = tx
        .fetch_optional(sql("SELECT * FROM pragma_journal_mode"))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(row.text("journal_mode").unwrap(), "wal");
}

#[tokio::test]
async fn the_guard_decides_by_what_stands_in_the_row() {
    let folder = TempDir::new().unwrap();
    let db = open(&folder, "").await;
    let (grant, policy) = (add(&db, "x").await, policy());
    let ctx = context(&policy);
    let (first, second) = (AttemptId::generate(), AttemptId::generate());
    let queued = grant.request(first, &ctx).unwrap();
    let rival = grant.request(second, &ctx).unwrap();
    assert!(
        grants::compare_and_set(&mut &db, &grant.guard(), &queued, TokenWrite::default())
            .await
            .unwrap()
    );
    assert!(
        !grants::compare_and_set(&mut &db, &grant.guard(), &rival, TokenWrite::default())
            .await
            .unwrap()
    );
    let read = grants::read_one(&mut &db, grant.credential)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(read.grant, queued);
    let claimed = queued.claim(first).unwrap();
    assert!(
        grants::compare_and_set(&mut &db, &queued.guard(), &claimed, TokenWrite::default())
            .await
            .unwrap()
    );
    let verdict = Verdict::Rotated(NewTokens {
        rt_fp: Some(fp("y")),
        at_expires_at: Some(NOW + Duration::from_hours(1)),
    });
    let done = claimed
        .finish(first, &fp("x"), &verdict, None, &ctx)
        .unwrap();
    let write = TokenWrite {
        rt: Some(b"new".to_vec()),
        access_token: Some(b"at".to_vec()),
    };
    assert!(
        grants::compare_and_set(&mut &db, &claimed.guard(), &done, write)
            .await
            .unwrap()
    );
    let read = grants::read_one(&mut &db, grant.credential)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (read.grant.state, read.rt.as_slice()),
        (State::Idle, b"new".as_slice())
    );
    // `None` keeps what stands there.
    let again = done.rescheduled(&ctx);
    assert!(
        grants::compare_and_set(&mut &db, &done.guard(), &again, TokenWrite::default())
            .await
            .unwrap()
    );
    let read = grants::read_one(&mut &db, grant.credential)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(read.access_token.as_deref(), Some(b"at".as_slice()));
    assert_eq!(
        grants::holders(&mut &db, &fp("y")).await.unwrap(),
        [grant.credential]
    );
}

#[tokio::test]
async fn due_grants_come_in_order_and_only_when_due() {
    let folder = TempDir::new().unwrap();
    let db = open(&folder, "").await;
    let (a, b) = (add(&db, "a").await, add(&db, "b").await);
    let later = b.postponed(NOW + Duration::from_secs(5)).unwrap();
    assert!(
        grants::compare_and_set(&mut &db, &b.guard(), &later, TokenWrite::default())
            .await
            .unwrap()
    );
    assert_eq!(
        grants::due(&mut &db, NOW, 10).await.unwrap(),
        [a.credential]
    );
    let all = grants::due(&mut &db, NOW + Duration::from_secs(5), 10)
        .await
        .unwrap();
    assert_eq!(all, [a.credential, b.credential]);
    assert_eq!(
        grants::due(&mut &db, NOW + Duration::from_secs(5), 1)
            .await
            .unwrap()
            .len(),
        1
    );
}

#[tokio::test]
async fn a_row_that_contradicts_itself_is_named() {
    let folder = TempDir::new().unwrap();
    let db = open(&folder, "").await;
    let grant = add(&db, "x").await;
    let spoil =
        sql("UPDATE {grants} SET state = 'queued' WHERE credential_id = ?").bind(grant.credential);
    (&mut &db).execute(spoil).await.unwrap();
    let error = grants::read_one(&mut &db, grant.credential)
        .await
        .unwrap_err();
    let DbError::Corrupt {
        table, row, column, ..
    } = error
    else {
        panic!("{error}")
    };
    assert_eq!(
        (table, row, column),
        ("grants", grant.credential.to_string(), "attempt_id")
    );
}

#[tokio::test]
async fn attempts_move_forward_only() {
    let folder = TempDir::new().unwrap();
    let db = open(&folder, "").await;
    let (grant, worker) = (add(&db, "x").await, BootId::generate());
    let ids: Vec<AttemptId> = (0..3).map(|_| AttemptId::generate()).collect();
    for id in &ids {
        attempts::insert(&mut &db, &attempt_of(&grant, *id))
            .await
            .unwrap();
    }
    assert_eq!(attempts::queued(&mut &db, Lane::Bulk, 10).await.unwrap(), 3);
    assert_eq!(attempts::queued(&mut &db, Lane::Bulk, 2).await.unwrap(), 2);
    assert!(attempts::promote(&mut &db, ids[0]).await.unwrap());
    assert!(!attempts::promote(&mut &db, ids[0]).await.unwrap());
    let waiting = attempts::to_push(&mut &db, Lane::Bulk, NOW, 10)
        .await
        .unwrap();
    assert_eq!(waiting.len(), 2);
    attempts::pushed(&mut &db, &ids[1..], NOW).await.unwrap();
    assert!(
        attempts::to_push(&mut &db, Lane::Bulk, NOW, 10)
            .await
            .unwrap()
            .is_empty()
    );
    assert_eq!(
        attempts::to_push(&mut &db, Lane::Bulk, NOW + Duration::from_secs(1), 10)
            .await
            .unwrap()
            .len(),
        2
    );
    attempts::given_back(&mut &db, ids[1]).await.unwrap();
    assert_eq!(
        attempts::to_push(&mut &db, Lane::Bulk, NOW, 10)
            .await
            .unwrap()[0]
            .id,
        ids[1]
    );
    attempts::forget_pushes(&mut &db).await.unwrap();
    assert_eq!(
        attempts::to_push(&mut &db, Lane::Bulk, NOW, 10)
            .await
            .unwrap()
            .len(),
        2
    );

    assert!(
        attempts::claimed(&mut &db, ids[0], worker, NOW)
            .await
            .unwrap()
    );
    assert!(
        !attempts::claimed(&mut &db, ids[0], worker, NOW)
            .await
            .unwrap()
    );
    assert_eq!(
        attempts::refreshing(&mut &db, 10).await.unwrap()[0].worker,
        Some(worker)
    );
    assert!(!attempts::cancel(&mut &db, ids[0], NOW).await.unwrap());
    assert!(attempts::cancel(&mut &db, ids[1], NOW).await.unwrap());
    assert!(
        attempts::finish(&mut &db, ids[0], &ending(OutcomeKind::Ambiguous))
            .await
            .unwrap()
    );
    assert!(
        !attempts::finish(&mut &db, ids[0], &ending(OutcomeKind::Rotated))
            .await
            .unwrap()
    );
    let earlier = attempts::sent_without_success(&mut &db, &grant.rt_fp, ids[2])
        .await
        .unwrap();
    assert_eq!(earlier, Some(ids[0]));
    attempts::amend(&mut &db, ids[0], &ending(OutcomeKind::Rotated))
        .await
        .unwrap();
    let read = attempts::read(&mut &db, &ids).await.unwrap();
    let first = read.iter().find(|attempt| attempt.id == ids[0]).unwrap();
    assert_eq!(
        (first.state, first.outcome),
        (AttemptState::Finished, Some(OutcomeKind::Rotated))
    );
    assert_eq!(
        attempts::sent_without_success(&mut &db, &grant.rt_fp, ids[2])
            .await
            .unwrap(),
        None
    );
}

#[tokio::test]
async fn credentials_are_found_changed_buried_and_purged() {
    let folder = TempDir::new().unwrap();
    let db = open(&folder, "").await;
    let grant = add(&db, "Ünï🦀").await;
    let id = grant.credential;
    let mut tx = db.begin().await.unwrap();
    let taken = credentials::insert(
        &mut tx,
        CredentialId::generate(),
        &profile("Ünï🦀"),
        &Identity::default(),
        NOW,
    )
    .await;
    assert!(matches!(taken, Err(DbError::Duplicate)));
    drop(tx);
    // Byte-exact: another case or normal form is another name.
    assert!(!credentials::biz_id_taken(&mut &db, "ünï🦀").await.unwrap());
    assert!(credentials::biz_id_taken(&mut &db, "Ünï🦀").await.unwrap());
    let told = Identity {
        email: Some("a@b".into()),
        plan: Some("plus".into()),
        ..Identity::default()
    };
    credentials::learn_identity(&mut &db, id, &told)
        .await
        .unwrap();
    credentials::learn_identity(&mut &db, id, &Identity::default())
        .await
        .unwrap();
    let found = credentials::with_tokens(&mut &db, Key::Email("a@b"))
        .await
        .unwrap();
    assert_eq!(
        (found.len(), found[0].credential.identity.plan.as_deref()),
        (1, Some("plus"))
    );
    assert_eq!(
        credentials::with_tokens(&mut &db, Key::Id(id))
            .await
            .unwrap()[0]
            .rt,
        b"sealed"
    );
    let changed = Profile {
        tag: "new".into(),
        ..profile("other")
    };
    assert!(
        credentials::update_profile(&mut &db, id, 1, &changed, NOW)
            .await
            .unwrap()
    );
    assert!(
        !credentials::update_profile(&mut &db, id, 1, &changed, NOW)
            .await
            .unwrap()
    );
    assert_eq!(
        credentials::by_id(&mut &db, id)
            .await
            .unwrap()
            .unwrap()
            .revision,
        2
    );
    let second = add(&db, "second").await;
    let page = credentials::page(&mut &db, 0, 1).await.unwrap();
    assert_eq!(page[0].id, second.credential, "newest first");
    assert_eq!(credentials::total(&mut &db).await.unwrap(), 2);
    assert!(credentials::bury(&mut &db, id, NOW).await.unwrap());
    assert!(!credentials::bury(&mut &db, id, NOW).await.unwrap());
    assert!(credentials::by_id(&mut &db, id).await.unwrap().is_none());
    assert!(
        grants::read_one(&mut &db, id)
            .await
            .unwrap()
            .unwrap()
            .deleted,
        "its tokens stay"
    );
    let again = add(&db, "other").await;
    assert_ne!(again.credential, id, "the name is free again");
    credentials::purge(&mut &db, id).await.unwrap();
    assert!(grants::read_one(&mut &db, id).await.unwrap().is_none());
}

#[tokio::test]
async fn spent_tokens_and_orphans_are_kept_once() {
    let folder = TempDir::new().unwrap();
    let db = open(&folder, "").await;
    let (credential, attempt) = (CredentialId::generate(), AttemptId::generate());
    for _ in 0..2 {
        tokens::remember_spent(&mut &db, &fp("a"), credential, attempt, NOW)
            .await
            .unwrap();
    }
    assert_eq!(
        tokens::spent_by(&mut &db, &fp("a")).await.unwrap(),
        Some(credential)
    );
    assert_eq!(tokens::spent_by(&mut &db, &fp("b")).await.unwrap(), None);
    let orphan = Orphan {
        attempt,
        credential,
        rt_fp: fp("a"),
        reason: "r".into(),
        answer: b"sealed".to_vec(),
    };
    for _ in 0..2 {
        tokens::keep_orphan(&mut &db, &orphan, NOW).await.unwrap();
    }
    assert_eq!(
        tokens::orphans(&mut &db, Some(&fp("a")), 10)
            .await
            .unwrap()
            .len(),
        1
    );
    assert_eq!(
        tokens::orphans(&mut &db, None, 10).await.unwrap()[0].answer,
        b"sealed"
    );
    tokens::adopt_orphan(&mut &db, attempt).await.unwrap();
    assert!(
        tokens::orphans(&mut &db, None, 10)
            .await
            .unwrap()
            .is_empty()
    );
}

#[tokio::test]
async fn workers_leases_and_egresses() {
    let folder = TempDir::new().unwrap();
    let db = open(&folder, "").await;
    let (id, rival) = (BootId::generate(), BootId::generate());
    assert!(
        !coordination::beat_worker(&mut &db, id, NOW, 1)
            .await
            .unwrap()
    );
    let info = WorkerInfo {
        boot_id: id,
        host: "h".into(),
        version: "v",
        started_at: NOW,
    };
    coordination::register_worker(&mut &db, &info)
        .await
        .unwrap();
    assert!(
        coordination::beat_worker(&mut &db, id, NOW, 1)
            .await
            .unwrap()
    );
    assert_eq!(
        coordination::live_workers(&mut &db, NOW).await.unwrap(),
        [id.to_string()]
    );
    coordination::stop_worker(&mut &db, id, NOW).await.unwrap();
    assert!(
        coordination::live_workers(&mut &db, NOW)
            .await
            .unwrap()
            .is_empty()
    );
    assert_eq!(
        coordination::forget_workers(&mut &db, NOW + Duration::from_secs(1))
            .await
            .unwrap(),
        1
    );

    assert_eq!(coordination::lease(&mut &db, "l").await.unwrap(), None);
    assert!(coordination::create_lease(&mut &db, "l", id).await.unwrap());
    assert!(
        !coordination::create_lease(&mut &db, "l", rival)
            .await
            .unwrap()
    );
    let seen = coordination::lease(&mut &db, "l").await.unwrap().unwrap();
    assert_eq!(
        seen,
        Lease {
            holder: id.to_string(),
            beat: 1
        }
    );
    assert!(
        coordination::renew_lease(&mut &db, "l", &seen, rival)
            .await
            .unwrap()
    );
    assert!(
        !coordination::renew_lease(&mut &db, "l", &seen, id)
            .await
            .unwrap()
    );

    let hold = |until: i64, reason: &str| EgressHold {
        egress: "direct".into(),
        label: "direct".into(),
        hold_until: Millis(until),
        reason: reason.into(),
    };
    coordination::hold_egress(&mut &db, &hold(NOW.0 + 10, coordination::CIRCUIT_OPEN))
        .await
        .unwrap();
    coordination::hold_egress(&mut &db, &hold(NOW.0 + 5, coordination::RETRY_AFTER))
        .await
        .unwrap();
    let held = coordination::held_egresses(&mut &db, NOW).await.unwrap();
    assert_eq!(
        (held.len(), held[0].hold_until.0),
        (1, NOW.0 + 10),
        "a shorter hold does not shorten a longer one"
    );
    assert!(
        coordination::held_egresses(&mut &db, NOW + Duration::from_millis(10))
            .await
            .unwrap()
            .is_empty()
    );
    assert!(
        coordination::close_circuit(&mut &db, "direct")
            .await
            .unwrap()
    );
    coordination::hold_egress(&mut &db, &hold(NOW.0 + 10, coordination::RETRY_AFTER))
        .await
        .unwrap();
    assert!(
        !coordination::close_circuit(&mut &db, "direct")
            .await
            .unwrap(),
        "a Retry-After stays in force"
    );
}

#[tokio::test]
async fn the_installations_own_rows() {
    let folder = TempDir::new().unwrap();
    let db = open(&folder, "").await;
    system::switch_on(&mut &db, system::PAUSED, "first", NOW)
        .await
        .unwrap();
    system::switch_on(&mut &db, system::PAUSED, "second", NOW)
        .await
        .unwrap();
    assert_eq!(system::switches(&mut &db).await.unwrap()[0].reason, "first");
    assert!(system::switch_off(&mut &db, system::PAUSED).await.unwrap());
    assert!(!system::switch_off(&mut &db, system::PAUSED).await.unwrap());
    assert!(
        system::create_secret(&mut &db, "s", b"1".to_vec())
            .await
            .unwrap()
    );
    assert!(
        !system::create_secret(&mut &db, "s", b"2".to_vec())
            .await
            .unwrap()
    );
    assert_eq!(
        system::secret(&mut &db, "s").await.unwrap(),
        Some(b"1".to_vec())
    );
    let key = RegisteredKey {
        key_id: "k1".into(),
        check_value: b"c".to_vec(),
    };
    assert!(system::register_key(&mut &db, &key, NOW).await.unwrap());
    assert!(!system::register_key(&mut &db, &key, NOW).await.unwrap());
    assert_eq!(system::keys(&mut &db).await.unwrap().len(), 1);
    assert!(admins::read(&mut &db, "admin").await.unwrap().is_none());
    for epoch in 1..=2 {
        admins::set_password(&mut &db, "admin", "hash", NOW)
            .await
            .unwrap();
        assert_eq!(
            admins::read(&mut &db, "admin")
                .await
                .unwrap()
                .unwrap()
                .epoch,
            epoch
        );
    }
    let drift = db.server_time().await.unwrap().0 - rt_manage_shared::clock::Clock::new().now().0;
    assert!(drift.abs() < 1000, "{drift}");
}
