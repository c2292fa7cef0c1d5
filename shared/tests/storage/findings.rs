//! What an operator looks at: counts, lists by state, the history of a credential, orphans.

use rt_manage_shared::{
    clock::Millis,
    db::{
        Db, Dialect, Execute as _,
        attempts::{self, Ending, NewAttempt},
        counts::{self, Count},
        credentials,
        grants::{self, TokenWrite},
        recovered::{self, Recovered},
        sql,
        tokens::{self, Orphan},
    },
    id::{AttemptId, BootId, CredentialId},
    model::{
        attempt::OutcomeKind,
        grant::{Grant, StateName, Verdict},
    },
};

use crate::{
    fixtures::{NOW, add, attempt_of, context, ending, fp, policy},
    support::Place,
};

/// Moves a grant to the state that a verdict leads to.
async fn end(db: &Db, grant: &Grant, verdict: Verdict) -> Grant {
    let (policy, attempt) = (policy(), AttemptId::generate());
    let ctx = context(&policy);
    let queued = grant.request(attempt, &ctx).unwrap();
    let ended = queued
        .claim(attempt)
        .unwrap()
        .finish(attempt, &grant.rt_fp, &verdict, Some("c"), &ctx)
        .unwrap();
    let written =
        grants::compare_and_set(&mut &*db, &grant.guard(), &ended, TokenWrite::default()).await;
    assert!(written.unwrap());
    ended
}

const fn exactly(count: u32) -> Count {
    Count { count, more: false }
}

pub(crate) async fn credentials_are_counted_by_state(place: Place) {
    let db = place.open().await;
    let mut ids = Vec::new();
    for (number, verdict) in [
        None,
        Some(Verdict::Rejected),
        Some(Verdict::Ambiguous),
        Some(Verdict::Rejected),
    ]
    .into_iter()
    .enumerate()
    {
        let grant = add(&db, &format!("{number}")).await;
        ids.push(grant.credential);
        if let Some(verdict) = verdict {
            end(&db, &grant, verdict).await;
        }
    }
    let deleted = add(&db, "deleted").await;
    end(&db, &deleted, Verdict::Rejected).await;
    assert!(
        credentials::bury(&mut &db, deleted.credential, NOW)
            .await
            .unwrap()
    );
    let counted = counts::states(&mut &db).await.unwrap();
    let count = |state| counted.iter().find(|(name, _)| *name == state).unwrap().1;
    assert_eq!(counted.len(), StateName::ALL.len());
    for (state, number) in [
        (StateName::Idle, 1),
        (StateName::Dead, 2),
        (StateName::InDoubt, 1),
        (StateName::Held, 0),
    ] {
        assert_eq!(count(state), exactly(number), "{state}");
    }
    assert!(counts::orphans(&mut &db).await.unwrap().is_none());
    let found = counts::recovered(&mut &db, NOW).await.unwrap();
    assert_eq!((found.replayed, found.late), (exactly(0), exactly(0)));
    for (replayed, late, at) in [
        (true, false, NOW),
        (true, true, NOW),
        (true, true, Millis(NOW.0 - 1)),
    ] {
        let one = Recovered {
            attempt: AttemptId::generate(),
            credential: ids[0],
            replayed,
            late,
        };
        for _ in 0..2 {
            recovered::note(&mut &db, &one, at).await.unwrap();
        }
    }
    let found = counts::recovered(&mut &db, NOW).await.unwrap();
    assert_eq!((found.replayed, found.late), (exactly(2), exactly(1)));
}

/// With many credentials, of which few are in a rare state: the count reads those few.
pub(crate) async fn a_state_is_found_by_its_index(place: Place) {
    let db = place.open().await;
    let policy = policy();
    let mut tx = db.begin().await.unwrap();
    for number in 0..3000 {
        let id = CredentialId::generate();
        let grant = Grant::new(id, fp(&format!("{number}")), None, &context(&policy));
        grants::insert(&mut tx, &grant, b"sealed".to_vec(), None)
            .await
            .unwrap();
    }
    tx.commit().await.unwrap();
    let rare = add(&db, "rare").await;
    end(&db, &rare, Verdict::Rejected).await;
    let (explain, column) = match place.dialect {
        Dialect::Sqlite => ("EXPLAIN QUERY PLAN", "detail"),
        Dialect::MySql => ("EXPLAIN FORMAT=JSON", "EXPLAIN"),
        Dialect::Postgres => ("EXPLAIN", "QUERY PLAN"),
    };
    let tables = match place.dialect {
        Dialect::MySql => "TABLE grants, credentials",
        Dialect::Sqlite | Dialect::Postgres => "",
    };
    place.raw(&format!("ANALYZE {tables}")).await;
    // As in counts.rs.
    let text =
        "SELECT credential_id FROM {grants} WHERE deleted = 0 AND state = 'dead' LIMIT 10001";
    let rows = (&mut &db)
        .fetch_all(sql(format!("{explain} {text}")))
        .await
        .unwrap();
    let plan: Vec<String> = rows.iter().map(|row| row.text(column).unwrap()).collect();
    let plan = plan.join("\n");
    assert!(plan.contains("grants_state"), "{plan}");
}

pub(crate) async fn the_history_of_a_credential_comes_in_pages(place: Place) {
    let db = place.open().await;
    let (grant, other) = (add(&db, "x").await, add(&db, "y").await);
    let mut ids: Vec<_> = (0..3).map(|_| AttemptId::generate()).collect();
    ids.sort();
    for id in &ids {
        let attempt = NewAttempt {
            request_id: Some("r".into()),
            probe: true,
            ..attempt_of(&grant, *id)
        };
        attempts::insert(&mut &db, &attempt).await.unwrap();
    }
    let foreign = attempt_of(&other, AttemptId::generate());
    attempts::insert(&mut &db, &foreign).await.unwrap();
    let worker = BootId::generate();
    assert!(
        attempts::claimed(&mut &db, ids[0], worker, NOW)
            .await
            .unwrap()
    );
    assert!(
        attempts::finish(&mut &db, ids[0], &ending(OutcomeKind::Rotated))
            .await
            .unwrap()
    );
    let way = Recovered {
        attempt: ids[0],
        credential: grant.credential,
        replayed: true,
        late: false,
    };
    recovered::note(&mut &db, &way, NOW).await.unwrap();
    let page = async |before, limit| {
        attempts::history(&mut &db, grant.credential, before, limit)
            .await
            .unwrap()
    };
    let first = page(None, 2).await;
    assert_eq!([first[0].attempt.id, first[1].attempt.id], [ids[2], ids[1]]);
    let newest = &first[0];
    assert!(!newest.replayed && !newest.late && newest.probe);
    assert_eq!((newest.claimed_at, newest.finished_at), (None, None));
    assert_eq!(newest.request_id.as_deref(), Some("r"));
    let rest = page(Some(ids[1]), 2).await;
    assert_eq!(rest.len(), 1);
    let oldest = &rest[0];
    assert_eq!(
        (oldest.attempt.id, oldest.attempt.worker),
        (ids[0], Some(worker))
    );
    assert_eq!((oldest.replayed, oldest.late), (true, false));
    assert_eq!(
        (oldest.http_status, oldest.duration_ms, oldest.finished_at),
        (Some(200), Some(5), Some(NOW))
    );
    assert_eq!(oldest.rt_fp, grant.rt_fp);
}

pub(crate) async fn where_a_doubt_comes_from(place: Place) {
    let db = place.open().await;
    let (a, b) = (add(&db, "a").await, add(&db, "b").await);
    let mut ids: Vec<_> = (0..4).map(|_| AttemptId::generate()).collect();
    ids.sort();
    for (id, grant, outcome, code) in [
        (ids[0], &a, OutcomeKind::NotSent, "x"),
        (ids[1], &a, OutcomeKind::Abandoned, "x"),
        (ids[2], &a, OutcomeKind::Ambiguous, "x"),
        (ids[3], &b, OutcomeKind::Superseded, "journal_ahead"),
    ] {
        attempts::insert(&mut &db, &attempt_of(grant, id))
            .await
            .unwrap();
        let ending = Ending {
            code: Some(code.into()),
            ..ending(outcome)
        };
        assert!(attempts::finish(&mut &db, id, &ending).await.unwrap());
    }
    let tokens = [a.rt_fp.clone(), b.rt_fp.clone(), fp("unknown")];
    let causes = attempts::doubt_causes(&mut &db, &tokens).await.unwrap();
    assert_eq!(causes.len(), 2);
    assert_eq!((causes[&a.rt_fp], causes[&b.rt_fp]), (ids[1], ids[3]));
    assert!(
        attempts::doubt_causes(&mut &db, &[])
            .await
            .unwrap()
            .is_empty()
    );
}

pub(crate) async fn orphans_come_in_pages_with_names(place: Place) {
    let db = place.open().await;
    let grant = add(&db, "named").await;
    let mut ids: Vec<_> = (0..3).map(|_| AttemptId::generate()).collect();
    ids.sort();
    let gone = CredentialId::generate();
    for (id, credential) in ids.iter().zip([grant.credential, gone, grant.credential]) {
        let orphan = Orphan {
            attempt: *id,
            credential,
            rt_fp: fp("spent"),
            reason: "r".into(),
            answer: b"sealed".to_vec(),
        };
        tokens::keep_orphan(&mut &db, &orphan, NOW).await.unwrap();
    }
    let page = async |before, limit| tokens::orphan_page(&mut &db, before, limit).await.unwrap();
    let first = page(None, 2).await;
    assert_eq!([first[0].attempt, first[1].attempt], [ids[2], ids[1]]);
    assert_eq!(
        [first[0].biz_id.as_deref(), first[1].biz_id.as_deref()],
        [Some("named"), None]
    );
    assert_eq!((first[0].created_at, first[0].reason.as_str()), (NOW, "r"));
    assert_eq!(page(Some(ids[1]), 2).await[0].attempt, ids[0]);
    assert_eq!(counts::orphans(&mut &db).await.unwrap(), exactly(3));
    let found = tokens::orphan_of(&mut &db, ids[0]).await.unwrap();
    let (found, since) = found.unwrap();
    assert_eq!(since, NOW);
    assert_eq!(
        (found.credential, found.answer.as_slice()),
        (grant.credential, b"sealed".as_slice())
    );
    // The name of a deleted one is free, and may be another's by now.
    assert!(
        credentials::bury(&mut &db, grant.credential, NOW)
            .await
            .unwrap()
    );
    assert_eq!(page(None, 1).await[0].biz_id, None);
    assert!(tokens::adopt_orphan(&mut &db, ids[0]).await.unwrap());
    assert!(!tokens::adopt_orphan(&mut &db, ids[0]).await.unwrap());
    assert!(tokens::orphan_of(&mut &db, ids[0]).await.unwrap().is_none());
}
