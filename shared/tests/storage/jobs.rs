//! Jobs, their items and their parts.

use std::time::Duration;

use rt_manage_shared::{
    clock::Millis,
    db::{
        Db, DbError, Execute as _, Tx, attempts, credentials,
        job_items::{self, Ended, Item, Outcome},
        job_parts::{self, Part},
        jobs::{self, Claim, Filter, Job},
        sql,
    },
    id::{AttemptId, BootId, CredentialId, JobId},
    model::{
        attempt::{Cause, OutcomeKind},
        audit::{Actor, ActorKind},
        grant::StateName,
        job::{Advance, Counts, ItemState, JobKind, JobState},
        listing,
    },
};
use serde_json::json;

use crate::{
    fixtures::{NOW, add, attempt_of, ending, profile},
    support::Place,
};

fn actor(name: &str) -> Actor {
    Actor {
        kind: ActorKind::User,
        name: name.into(),
        address: Some("192.0.2.1".into()),
        request_id: Some("r".into()),
    }
}

fn job() -> Job {
    Job::new(JobId::generate(), JobKind::Bulk, "refresh", actor("a"), NOW)
}

async fn insert(db: &Db, job: &Job) -> bool {
    let mut tx = db.begin().await.unwrap();
    let inserted = jobs::insert(&mut tx, job).await.unwrap();
    tx.commit().await.unwrap();
    inserted
}

async fn read(db: &Db, id: JobId) -> Job {
    jobs::by_id(&mut &*db, id).await.unwrap().unwrap()
}

/// Takes a job that nobody has.
async fn take(db: &Db, id: JobId) -> BootId {
    let me = BootId::generate();
    let claim = jobs::claim_of(&mut &*db, id).await.unwrap().unwrap();
    assert!(jobs::take(&mut &*db, &claim, me, NOW).await.unwrap());
    me
}

pub(crate) async fn jobs_are_found_by_id_key_kind_and_state(place: Place) {
    let db = place.open().await;
    let mut first = Job {
        spec: json!({"a": {"b": [1, "字"]}}).as_object().unwrap().clone(),
        sealed: Some(vec![0, 255]),
        idempotency_key: Some("key".into()),
        request_hash: Some(vec![1]),
        total: Some(3),
        ..job()
    };
    assert!(insert(&db, &first).await);
    assert_eq!(read(&db, first.id).await, first);
    // One of each actor and key; without a key there are many.
    let twice = Job {
        idempotency_key: Some("key".into()),
        ..job()
    };
    assert!(!insert(&db, &twice).await);
    assert_eq!(jobs::by_id(&mut &db, twice.id).await.unwrap(), None);
    let others = Job {
        actor: actor("A"),
        retry_of: Some(first.id),
        kind: JobKind::Import,
        ..twice
    };
    assert!(insert(&db, &others).await && insert(&db, &job()).await);
    let found = jobs::by_key(&mut &db, &actor("a"), "key").await.unwrap();
    assert_eq!(found.unwrap().id, first.id);
    let none = jobs::by_key(&mut &db, &actor("a"), "Key").await.unwrap();
    assert_eq!(none, None);

    take(&db, first.id).await;
    first.state = JobState::Running;
    let list = async |kinds: &[JobKind], states: &[JobState], before, limit| {
        let filter = Filter {
            kinds: kinds.to_vec(),
            states: states.to_vec(),
        };
        let found = jobs::list(&mut &db, &filter, before, limit).await.unwrap();
        found.into_iter().map(|job| job.id).collect::<Vec<_>>()
    };
    let all = list(&[], &[], None, 10).await;
    assert_eq!(all.len(), 3);
    assert!(all.is_sorted_by(|newer, older| newer > older));
    assert_eq!(list(&[], &[], None, 2).await, all[..2]);
    assert_eq!(list(&[], &[], Some(all[1]), 2).await, all[2..]);
    assert_eq!(list(&[JobKind::Import], &[], None, 9).await, [others.id]);
    let open = list(&[], &JobState::OPEN, None, 9).await;
    assert_eq!(open.len(), 3);
    let both = list(
        &[JobKind::Bulk],
        &[JobState::Running],
        Some(JobId::earliest(Millis(i64::MAX / 2))),
        9,
    );
    assert_eq!(both.await, [first.id]);
    assert_eq!(jobs::count_open(&mut &db, 9).await.unwrap(), 3);
    assert_eq!(jobs::count_open(&mut &db, 2).await.unwrap(), 2);
}

pub(crate) async fn a_job_has_one_runner(place: Place) {
    let db = place.open().await;
    let id = job().id;
    assert!(insert(&db, &Job { id, ..job() }).await);
    let claims = jobs::claims(&mut &db, 9).await.unwrap();
    let unclaimed = Claim {
        job: id,
        runner: None,
        beat: 0,
    };
    assert_eq!(claims, std::slice::from_ref(&unclaimed));
    // Of many that see it, one gets it.
    let runners: Vec<_> = (0..6).map(|_| BootId::generate()).collect();
    let later = NOW + Duration::from_secs(1);
    let tries = runners.iter().map(|runner| {
        let (db, claim, runner) = (db.clone(), unclaimed.clone(), *runner);
        tokio::spawn(async move { jobs::take(&mut &db, &claim, runner, later).await.unwrap() })
    });
    let mut won = Vec::new();
    for (runner, one) in runners.iter().zip(tries.collect::<Vec<_>>()) {
        if one.await.unwrap() {
            won.push(*runner);
        }
    }
    let [me] = won[..] else { panic!("{won:?}") };
    let taken = read(&db, id).await;
    assert_eq!(
        (taken.state, taken.runner, taken.started_at),
        (JobState::Running, Some(me), Some(later))
    );
    let fence = async |runner, state| {
        let mut tx = db.begin().await.unwrap();
        let passed = jobs::fence(&mut tx, id, runner, state, later)
            .await
            .unwrap();
        tx.commit().await.unwrap();
        passed
    };
    assert!(fence(me, JobState::Running).await);
    assert!(!fence(me, JobState::Cancelling).await);
    assert!(!fence(BootId::generate(), JobState::Running).await);
    assert!(jobs::beat(&mut &db, id, me).await.unwrap());
    let seen = jobs::claim_of(&mut &db, id).await.unwrap().unwrap();
    assert_eq!((seen.runner, seen.beat), (Some(me), 3));
    assert!(!jobs::beat(&mut &db, id, BootId::generate()).await.unwrap());
    // Another one takes it over: the former runner is fenced off.
    let other = BootId::generate();
    let moved = Claim {
        beat: 2,
        ..seen.clone()
    };
    assert!(!jobs::take(&mut &db, &moved, other, later).await.unwrap());
    assert!(jobs::take(&mut &db, &seen, other, NOW).await.unwrap());
    assert!(!fence(me, JobState::Running).await);
    assert!(fence(other, JobState::Running).await);
    assert_eq!(read(&db, id).await.started_at, Some(later));
    // Released by whoever has it only.
    jobs::release(&mut &db, id, me).await.unwrap();
    assert_eq!(read(&db, id).await.runner, Some(other));
    jobs::release(&mut &db, id, other).await.unwrap();
    assert_eq!(read(&db, id).await.runner, None);
    let again = take(&db, id).await;

    // Given up, once, and then it runs no more.
    assert!(jobs::cancel(&mut &db, id, None, NOW).await.unwrap());
    assert!(
        !jobs::cancel(&mut &db, id, Some(("x", "y")), NOW)
            .await
            .unwrap()
    );
    assert!(!fence(again, JobState::Running).await);
    assert!(fence(again, JobState::Cancelling).await);
    let end = async |from, to| {
        jobs::end(&mut &db, id, again, from, to, later)
            .await
            .unwrap()
    };
    assert!(!end(JobState::Running, JobState::Finished).await);
    assert!(end(JobState::Cancelling, JobState::Cancelled).await);
    assert!(!end(JobState::Cancelling, JobState::Cancelled).await);
    let ended = read(&db, id).await;
    assert_eq!(
        (ended.state, ended.runner, ended.code, ended.finished_at),
        (JobState::Cancelled, None, None, Some(later))
    );
    assert_eq!(jobs::claim_of(&mut &db, id).await.unwrap(), None);
    assert!(jobs::claims(&mut &db, 9).await.unwrap().is_empty());
    let claim = Claim {
        beat: 8,
        ..unclaimed
    };
    assert!(!jobs::take(&mut &db, &claim, other, NOW).await.unwrap());

    let broken = job();
    insert(&db, &broken).await;
    let me = take(&db, broken.id).await;
    let fail = async |runner| {
        let because = ("code", "detail");
        jobs::fail(&mut &db, broken.id, runner, because, later)
            .await
            .unwrap()
    };
    assert!(!fail(other).await);
    assert!(fail(me).await && !fail(me).await);
    let broken = read(&db, broken.id).await;
    assert_eq!(
        (broken.state, broken.code.as_deref()),
        (JobState::Failed, Some("code"))
    );
}

/// A transaction of a job's runner.
async fn begin(db: &Db, id: JobId, runner: BootId) -> Tx {
    let mut tx = db.begin().await.unwrap();
    assert!(
        jobs::fence(&mut tx, id, runner, JobState::Running, NOW)
            .await
            .unwrap()
    );
    tx
}

fn outcome(position: u32, state: ItemState) -> Outcome {
    Outcome {
        position,
        state,
        label: None,
        code: None,
        detail: None,
        attempt: None,
    }
}

pub(crate) async fn items_are_settled_and_counted_together(place: Place) {
    let db = place.open().await;
    let one = job();
    insert(&db, &one).await;
    let (id, me) = (one.id, take(&db, one.id).await);
    let whole = Item {
        line: Some(7),
        source: Some("a.zip/b.txt".into()),
        credential: Some(CredentialId::generate()),
        label: Some("字".into()),
        payload: Some(vec![0, 1]),
        ..Item::new(1)
    };
    // More than one statement takes, and none of the sizes that are prepared.
    let items: Vec<_> = std::iter::once(whole.clone())
        .chain((2..=600).map(Item::new))
        .collect();
    let mut tx = begin(&db, id, me).await;
    job_items::insert(&mut tx, id, &items, NOW).await.unwrap();
    job_items::insert(&mut tx, id, &[], NOW).await.unwrap();
    jobs::set_total(&mut tx, id, 600).await.unwrap();
    jobs::set_progress(&mut tx, id, Some("{}")).await.unwrap();
    tx.commit().await.unwrap();
    let list = async |states: &[ItemState], after, limit| {
        job_items::list(&mut &db, id, states, after, limit)
            .await
            .unwrap()
    };
    assert_eq!(list(&[], 0, 1000).await, items);
    assert_eq!(list(&[ItemState::Waiting], 598, 9).await, items[598..]);

    let attempt = AttemptId::generate();
    let mut tx = begin(&db, id, me).await;
    let failed = Outcome {
        label: Some("named".into()),
        code: Some("c".into()),
        detail: Some("d".into()),
        attempt: Some(attempt),
        ..outcome(300, ItemState::Failed)
    };
    let outcomes = vec![
        outcome(2, ItemState::Done),
        failed,
        outcome(1, ItemState::Skipped),
    ];
    job_items::settle(&mut tx, id, outcomes, NOW).await.unwrap();
    let advance = Advance {
        running: 2,
        done: 1,
        failed: 1,
        skipped: 1,
        cancelled: 0,
    };
    jobs::advance(&mut tx, id, advance).await.unwrap();
    jobs::advance(
        &mut tx,
        id,
        Advance {
            running: -2,
            ..Advance::default()
        },
    )
    .await
    .unwrap();
    tx.commit().await.unwrap();
    let found = list(&[ItemState::Failed, ItemState::Skipped], 0, 9).await;
    assert_eq!(
        found[0],
        Item {
            state: ItemState::Skipped,
            ..whole
        }
    );
    let failed = &found[1];
    assert_eq!(
        (
            failed.position,
            failed.label.as_deref(),
            failed.code.as_deref(),
            failed.attempt
        ),
        (300, Some("named"), Some("c"), Some(attempt))
    );
    assert_eq!(
        list(&[ItemState::Failed, ItemState::Done], 2, 9)
            .await
            .len(),
        1
    );
    assert_eq!(
        list(&[ItemState::Failed, ItemState::Done], 0, 1).await[0].position,
        2
    );
    let counts = Counts {
        running: 0,
        done: 1,
        failed: 1,
        skipped: 1,
        cancelled: 0,
    };
    let read_back = read(&db, id).await;
    assert_eq!((read_back.counts, read_back.total), (counts, Some(600)));
    assert_eq!(read_back.progress.as_deref(), Some("{}"));
    // What is not there cannot be settled.
    let mut tx = begin(&db, id, me).await;
    let lost = job_items::settle(&mut tx, id, vec![outcome(601, ItemState::Done)], NOW).await;
    assert!(matches!(lost, Err(DbError::GuardMissed)), "{lost:?}");
    drop(tx);

    let mut cancelled = Vec::new();
    for _ in 0..4 {
        let mut tx = begin(&db, id, me).await;
        cancelled.push(
            job_items::cancel_waiting(&mut tx, id, 250, NOW)
                .await
                .unwrap(),
        );
        tx.commit().await.unwrap();
    }
    assert_eq!(cancelled, [250, 250, 97, 0]);
    assert_eq!(list(&[ItemState::Cancelled], 0, 1000).await.len(), 597);
    assert_eq!(list(&[ItemState::Done], 0, 9).await[0].position, 2);
}

pub(crate) async fn items_follow_their_attempts(place: Place) {
    let db = place.open().await;
    let one = job();
    insert(&db, &one).await;
    let (id, me) = (one.id, take(&db, one.id).await);
    let mut items = Vec::new();
    let mut made = Vec::new();
    for number in 1..=6 {
        let grant = add(&db, &format!("c{number}")).await;
        let attempt = AttemptId::generate();
        let mut new = attempt_of(&grant, attempt);
        new.cause = Cause::Job;
        // The second is another's, the last is not there.
        new.request_id = (number != 2).then(|| id.to_string());
        if number != 6 {
            attempts::insert(&mut &db, &new).await.unwrap();
        }
        items.push(Item {
            state: ItemState::Running,
            credential: Some(grant.credential),
            attempt: Some(attempt),
            ..Item::new(number)
        });
        made.push(attempt);
    }
    let mut tx = begin(&db, id, me).await;
    job_items::insert(&mut tx, id, &items, NOW).await.unwrap();
    tx.commit().await.unwrap();
    attempts::promote(&mut &db, made[2]).await.unwrap();
    attempts::claimed(&mut &db, made[3], BootId::generate(), NOW)
        .await
        .unwrap();
    let queued = job_items::queued(&mut &db, id, 0, 9).await.unwrap();
    let seen: Vec<_> = queued.iter().map(|one| (one.position, one.own)).collect();
    assert_eq!(seen, [(1, true), (2, false), (3, false), (5, true)]);
    assert_eq!(queued[0].attempt, made[0]);
    assert_eq!(Some(queued[0].credential), items[0].credential);
    assert_eq!(
        job_items::queued(&mut &db, id, 1, 1).await.unwrap()[0].position,
        2
    );

    attempts::finish(&mut &db, made[3], &ending(OutcomeKind::Rotated))
        .await
        .unwrap();
    attempts::cancel(&mut &db, made[4], NOW).await.unwrap();
    let ended = job_items::ended(&mut &db, id, 9).await.unwrap();
    let end = |position, outcome, cancelled, code: Option<&str>| Ended {
        position,
        outcome,
        cancelled,
        code: code.map(str::to_owned),
        detail: None,
    };
    let expected = [
        end(4, Some(OutcomeKind::Rotated), false, Some("code")),
        end(5, None, true, None),
        end(6, None, false, None),
    ];
    assert_eq!(ended, expected);
    assert_eq!(
        job_items::ended(&mut &db, id, 1).await.unwrap(),
        expected[..1]
    );
}

pub(crate) async fn parts_wait_in_their_order(place: Place) {
    let db = place.open().await;
    let one = job();
    insert(&db, &one).await;
    let part = |part| Part {
        part,
        items: 500,
        payload: vec![0; 100_000],
    };
    for number in [2, 1] {
        job_parts::insert(&mut &db, one.id, &part(number))
            .await
            .unwrap();
    }
    assert_eq!(job_parts::items_left(&mut &db, one.id).await.unwrap(), 1000);
    assert_eq!(
        job_parts::first(&mut &db, one.id).await.unwrap(),
        Some(part(1))
    );
    assert!(job_parts::delete(&mut &db, one.id, 1).await.unwrap());
    assert!(!job_parts::delete(&mut &db, one.id, 1).await.unwrap());
    assert_eq!(
        job_parts::first(&mut &db, one.id).await.unwrap(),
        Some(part(2))
    );
    assert_eq!(job_parts::delete_all(&mut &db, one.id).await.unwrap(), 1);
    assert_eq!(job_parts::first(&mut &db, one.id).await.unwrap(), None);
}

pub(crate) async fn jobs_that_ended_long_ago_are_removed_in_batches(place: Place) {
    let db = place.open().await;
    let mut ids = Vec::new();
    for number in 0..4 {
        let one = job();
        insert(&db, &one).await;
        let me = take(&db, one.id).await;
        let mut tx = begin(&db, one.id, me).await;
        let items: Vec<_> = (1..=30).map(Item::new).collect();
        job_items::insert(&mut tx, one.id, &items, NOW)
            .await
            .unwrap();
        tx.commit().await.unwrap();
        let part = Part {
            part: 1,
            items: 1,
            payload: vec![1],
        };
        job_parts::insert(&mut &db, one.id, &part).await.unwrap();
        if number < 3 {
            let at = Millis(NOW.0 + number);
            jobs::end(
                &mut &db,
                one.id,
                me,
                JobState::Running,
                JobState::Finished,
                at,
            )
            .await
            .unwrap();
        }
        ids.push(one.id);
    }
    let before = Millis(NOW.0 + 2);
    let mut removed = Vec::new();
    loop {
        let batch = jobs::prune(&mut &db, before, 20).await.unwrap();
        if batch == 0 {
            break;
        }
        removed.push(batch);
    }
    assert_eq!(removed.iter().sum::<u64>(), 62);
    assert!(removed.iter().all(|batch| *batch <= 40), "{removed:?}");
    let left = async |table: &str| {
        let statement = sql(format!("SELECT COUNT(*) AS n FROM {{{table}}}"));
        let row = (&mut &db).fetch_optional(statement).await.unwrap();
        row.unwrap().int("n").unwrap()
    };
    assert_eq!(
        (
            left("jobs").await,
            left("job_items").await,
            left("job_parts").await
        ),
        (2, 60, 2)
    );
    // What a listener has not been told of: what is open, and what has ended lately.
    let lively = jobs::lively(&mut &db, NOW, 9).await.unwrap();
    let lively: Vec<_> = lively.into_iter().map(|job| job.id).collect();
    assert_eq!(lively, [ids[3], ids[2]]);
    let open = jobs::lively(&mut &db, Millis(NOW.0 + 3), 9).await.unwrap();
    assert_eq!(open.len(), 1);
}

pub(crate) async fn all_that_a_filter_finds_is_collected_in_windows(place: Place) {
    let db = place.open().await;
    let mut ids = Vec::new();
    for number in 0..10 {
        ids.push(add(&db, &format!("c{number}")).await.credential);
    }
    let set = async |ids: &[CredentialId], text: &str| {
        for id in ids {
            let statement = sql(text.to_owned()).bind(*id);
            (&mut &db).execute(statement).await.unwrap();
        }
    };
    set(
        &ids[2..6],
        "UPDATE {grants} SET state = 'dead' WHERE credential_id = ?",
    )
    .await;
    set(
        &ids[5..8],
        "UPDATE {credentials} SET tag = 'x' WHERE id = ?",
    )
    .await;
    let gone = [ids[3], ids[7], ids[9]];
    for id in gone {
        assert!(credentials::bury(&mut &db, id, NOW).await.unwrap());
    }
    // Added after the operation was asked for.
    let later = format!(
        "UPDATE {{credentials}} SET created_at = {} WHERE id = ?",
        NOW.0 + 1
    );
    set(&[ids[0]], &later).await;
    let collect = async |filter: &listing::Filter, window| {
        let (mut found, mut after, mut rounds) = (Vec::new(), None, 0);
        loop {
            rounds += 1;
            let some = credentials::collect(&mut &db, filter, NOW, after, window)
                .await
                .unwrap();
            found.extend(some.found);
            after = some.next;
            if after.is_none() {
                break;
            }
        }
        let found: Vec<_> = found.into_iter().map(|(id, _)| id).collect();
        (found, rounds)
    };
    let pick = |numbers: &[usize]| numbers.iter().map(|n| ids[*n]).collect::<Vec<_>>();
    let all = listing::Filter::default();
    assert_eq!(collect(&all, 3).await, (pick(&[1, 2, 4, 5, 6, 8]), 3));
    assert_eq!(collect(&all, 100).await.1, 1);
    let dead = listing::Filter {
        states: vec![StateName::Dead],
        ..all.clone()
    };
    assert_eq!(collect(&dead, 2).await.0, pick(&[2, 4, 5]));
    let both = listing::Filter {
        tags: vec!["x".into(), "y".into()],
        search: Some("c".into()),
        ..dead.clone()
    };
    assert_eq!(collect(&both, 4).await.0, pick(&[5]));
    let deleted = listing::Filter {
        deleted_since: Some(NOW),
        ..all.clone()
    };
    assert_eq!(collect(&deleted, 3).await.0, pick(&[3, 7, 9]));
    let dead_and_gone = listing::Filter {
        states: vec![StateName::Dead],
        ..deleted.clone()
    };
    assert_eq!(collect(&dead_and_gone, 3).await.0, pick(&[3]));
    let long_ago = listing::Filter {
        deleted_since: Some(Millis(NOW.0 + 1)),
        ..all
    };
    assert!(collect(&long_ago, 3).await.0.is_empty());
}

pub(crate) async fn many_credentials_are_changed_at_once_or_reported(place: Place) {
    let db = place.open().await;
    let mut ids = Vec::new();
    for number in 0..5 {
        ids.push(add(&db, &format!("c{number}")).await.credential);
    }
    credentials::bury(&mut &db, ids[4], NOW).await.unwrap();
    let found = credentials::by_ids(&mut &db, &ids).await.unwrap();
    let seen: Vec<_> = found.iter().map(|one| one.id).collect();
    assert_eq!(seen, ids[..4]);
    let names = credentials::names(&mut &db, &ids[3..]).await.unwrap();
    assert_eq!(names, [(ids[3], "c3".into()), (ids[4], "c4".into())]);
    let changed: Vec<_> = (0..4)
        .map(|number| credentials::Profile {
            tag: format!("tag {number}"),
            memo: "\n".into(),
            enabled: number % 2 == 0,
            proxy: (number == 1).then(|| vec![0, 255]),
            // Not the business of this.
            biz_id: "other".into(),
            ..profile("x")
        })
        .collect();
    let changes: Vec<_> = (0..4)
        .map(|n| (ids[n], found[n].revision, &changed[n]))
        .collect();
    let later = NOW + Duration::from_secs(1);
    let update = async |changes: &[(CredentialId, i64, &credentials::Profile)]| {
        let mut tx = db.begin().await.unwrap();
        let done = credentials::update_profiles(&mut tx, changes, later)
            .await
            .unwrap();
        if done {
            tx.commit().await.unwrap();
        }
        done
    };
    assert!(update(&changes).await);
    let found = credentials::by_ids(&mut &db, &ids).await.unwrap();
    for (number, one) in found.iter().enumerate() {
        assert_eq!(one.profile.biz_id, format!("c{number}"));
        assert_eq!(one.profile.tag, format!("tag {number}"));
        assert_eq!((one.revision, one.updated_at), (2, later));
        assert_eq!(one.profile.enabled, number % 2 == 0);
        assert_eq!(one.profile.proxy, (number == 1).then(|| vec![0, 255]));
    }
    assert!(!update(&changes).await, "the revisions have moved on");
    assert!(update(&[]).await);
    let gone = [(ids[4], 2, &changed[0])];
    assert!(!update(&gone).await);

    let bury = async |ids: &[CredentialId]| {
        let mut tx = db.begin().await.unwrap();
        let done = credentials::bury_many(&mut tx, ids, later).await.unwrap();
        if done {
            tx.commit().await.unwrap();
        }
        done
    };
    assert!(!bury(&ids[3..]).await, "one is deleted");
    assert!(bury(&ids[2..4]).await && bury(&[]).await);
    let found = credentials::by_ids(&mut &db, &ids).await.unwrap();
    assert_eq!(found.len(), 2);
    let deleted = credentials::deleted_by_id(&mut &db, ids[2]).await.unwrap();
    assert_eq!(deleted.unwrap().deleted_at, Some(later));
}
