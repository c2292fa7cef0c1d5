//! The `attempts` table.

use rt_manage_shared::{
    clock::Millis,
    db::{
        Db, Dialect, Execute as _,
        attempts::{self, Ending, NewAttempt},
        sql,
    },
    id::{AttemptId, BootId},
    model::{
        attempt::{AttemptState, Cause, Line, OutcomeKind},
        known::Use,
    },
};

use crate::{
    fixtures::{NOW, add, attempt_of, ending},
    support::Place,
};

/// Three ids in their order; those of one millisecond come in any.
fn ids() -> Vec<AttemptId> {
    let mut ids: Vec<_> = (0..3).map(|_| AttemptId::generate()).collect();
    ids.sort();
    ids
}

pub(crate) async fn attempts_move_forward_only(place: Place) {
    let db = place.open().await;
    let (grant, worker) = (add(&db, "x").await, BootId::generate());
    let ids = ids();
    for id in &ids {
        attempts::insert(&mut &db, &attempt_of(&grant, *id))
            .await
            .unwrap();
    }
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
    // One was made, one cancelled; one waits, and one does not exist.
    let asked = [ids[0], ids[1], ids[2], AttemptId::generate()];
    assert_eq!(attempts::ended(&mut &db, &asked).await.unwrap(), 2);
    assert_eq!(attempts::ended(&mut &db, &[]).await.unwrap(), 0);
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

pub(crate) async fn many_attempts_are_written_at_once_or_reported(place: Place) {
    let db = place.open().await;
    let (grant, worker) = (add(&db, "x").await, BootId::generate());
    let ids = ids();
    for id in &ids {
        attempts::insert(&mut &db, &attempt_of(&grant, *id))
            .await
            .unwrap();
    }
    let mut tx = db.begin().await.unwrap();
    assert!(
        attempts::claimed_many(&mut tx, &[], worker, NOW)
            .await
            .unwrap()
    );
    assert!(
        attempts::claimed_many(&mut tx, &ids, worker, NOW)
            .await
            .unwrap()
    );
    assert!(
        !attempts::claimed_many(&mut tx, &ids[..1], worker, NOW)
            .await
            .unwrap()
    );
    tx.commit().await.unwrap();
    assert_eq!(attempts::refreshing(&mut &db, 10).await.unwrap().len(), 3);
    let plain = Ending {
        code: None,
        http_status: None,
        duration_ms: None,
        ..ending(OutcomeKind::NotSent)
    };
    let endings = vec![
        (ids[0], plain.clone()),
        (ids[1], ending(OutcomeKind::Rotated)),
        (ids[2], plain),
    ];
    let mut tx = db.begin().await.unwrap();
    assert!(attempts::finish_many(&mut tx, Vec::new()).await.unwrap());
    assert!(
        attempts::finish_many(&mut tx, endings.clone())
            .await
            .unwrap()
    );
    assert!(!attempts::finish_many(&mut tx, endings).await.unwrap());
    tx.commit().await.unwrap();
    let read = attempts::read(&mut &db, &ids).await.unwrap();
    let told = |id| {
        let attempt = read.iter().find(|attempt| attempt.id == id).unwrap();
        (attempt.state, attempt.outcome, attempt.code.as_deref())
    };
    let finished = AttemptState::Finished;
    assert_eq!(told(ids[0]), (finished, Some(OutcomeKind::NotSent), None));
    assert_eq!(
        told(ids[1]),
        (finished, Some(OutcomeKind::Rotated), Some("code"))
    );
}

/// The attempts of a line, and when each was pushed.
async fn line(db: &Db, line: Line) -> Vec<(AttemptId, Option<Millis>)> {
    let rows = attempts::waiting(&mut &*db, line, None, 100).await.unwrap();
    rows.iter().map(|row| (row.id, row.pushed_at)).collect()
}

pub(crate) async fn attempts_wait_in_lines_and_are_pushed_from_them(place: Place) {
    let db = place.open().await;
    let grant = add(&db, "x").await;
    let ids = ids();
    for id in &ids {
        attempts::insert(&mut &db, &attempt_of(&grant, *id))
            .await
            .unwrap();
    }
    let job = NewAttempt {
        cause: Cause::Job,
        ..attempt_of(&grant, AttemptId::generate())
    };
    attempts::insert(&mut &db, &job).await.unwrap();
    assert_eq!(line(&db, Line::Job).await, [(job.id, None)]);

    // Page by page, oldest first, with the egress that the credential has now.
    let page = attempts::waiting(&mut &db, Line::Schedule, None, 2)
        .await
        .unwrap();
    assert_eq!([page[0].id, page[1].id], ids[..2]);
    assert_eq!(page[0].credential, grant.credential);
    assert_eq!(
        (page[0].requested_at, page[0].egress.as_str()),
        (NOW, "default")
    );
    let rest = attempts::waiting(&mut &db, Line::Schedule, Some(ids[1]), 2)
        .await
        .unwrap();
    assert_eq!((rest.len(), rest[0].id), (1, ids[2]));

    let count = async |without: &[&str], limit: u32| {
        let without: Vec<String> = without.iter().map(ToString::to_string).collect();
        attempts::queued(&mut &db, Line::Schedule, &without, limit)
            .await
            .unwrap()
    };
    assert_eq!(count(&[], 10).await, 3);
    assert_eq!(count(&[], 2).await, 2);
    assert_eq!(count(&["direct"], 10).await, 3);
    assert_eq!(count(&["direct", "default", "x"], 10).await, 0);

    attempts::pushed(&mut &db, &[], NOW).await.unwrap();
    attempts::pushed(&mut &db, &ids, NOW).await.unwrap();
    attempts::not_pushed(&mut &db, &ids[1..]).await.unwrap();
    assert_eq!(
        line(&db, Line::Schedule).await,
        [(ids[0], Some(NOW)), (ids[1], None), (ids[2], None)]
    );
    attempts::pushed(&mut &db, &ids, NOW).await.unwrap();
    attempts::given_back(&mut &db, ids[0]).await.unwrap();
    assert_eq!(line(&db, Line::Schedule).await[0], (ids[0], None));

    // Whoever is promoted is not in the interactive lane yet.
    attempts::pushed(&mut &db, &[job.id], NOW).await.unwrap();
    for id in [ids[1], job.id] {
        assert!(attempts::promote(&mut &db, id).await.unwrap());
        assert!(!attempts::promote(&mut &db, id).await.unwrap());
    }
    assert_eq!(
        line(&db, Line::Interactive).await,
        [(ids[1], None), (job.id, None)]
    );
    assert!(line(&db, Line::Job).await.is_empty());

    attempts::forget_pushes(&mut &db).await.unwrap();
    assert_eq!(
        line(&db, Line::Schedule).await,
        [(ids[0], None), (ids[2], None)]
    );
    let worker = BootId::generate();
    assert!(
        attempts::claimed(&mut &db, ids[0], worker, NOW)
            .await
            .unwrap()
    );
    assert!(!attempts::promote(&mut &db, ids[0]).await.unwrap());
    assert_eq!(line(&db, Line::Schedule).await, [(ids[2], None)]);
}

/// The uses of one refresh token, those of other tokens left out; what says nothing about it, too.
pub(crate) async fn the_uses_of_a_token_are_remembered(place: Place) {
    let db = place.open().await;
    let (grant, other) = (add(&db, "x").await, add(&db, "y").await);
    let worker = BootId::generate();
    let mut ids: Vec<_> = (0..9).map(|_| AttemptId::generate()).collect();
    ids.sort();
    let replaced = "refresh_token_replaced";
    // Whether claimed, how it ended, and whether it is remembered as one that a worker had in hand.
    let table = [
        (true, Some((OutcomeKind::Ambiguous, "a")), Some(true)),
        (true, Some((OutcomeKind::NotSent, "b")), None),
        (true, Some((OutcomeKind::Superseded, replaced)), Some(true)),
        (false, Some((OutcomeKind::Superseded, replaced)), None),
        (
            false,
            Some((OutcomeKind::Superseded, "journal_ahead")),
            Some(true),
        ),
        (true, Some((OutcomeKind::Rejected, "c")), Some(true)),
        (true, Some((OutcomeKind::Rotated, "d")), Some(true)),
        (true, None, Some(true)),
        (false, None, None),
    ];
    let mut expected = Vec::new();
    for (id, (claimed, ended, remembered)) in ids.iter().zip(table) {
        attempts::insert(&mut &db, &attempt_of(&grant, *id))
            .await
            .unwrap();
        if claimed {
            assert!(attempts::claimed(&mut &db, *id, worker, NOW).await.unwrap());
        }
        if let Some((outcome, code)) = ended {
            let ending = Ending {
                code: Some(code.into()),
                finished_at: Millis(NOW.0 + 1),
                ..ending(outcome)
            };
            assert!(attempts::finish(&mut &db, *id, &ending).await.unwrap());
        }
        if let Some(claimed) = remembered {
            let used = Use {
                state: if ended.is_some() {
                    AttemptState::Finished
                } else {
                    AttemptState::Refreshing
                },
                outcome: ended.map(|(outcome, _)| outcome),
                claimed,
                code: ended.map(|(_, code)| code.into()),
                at: ended.map_or(NOW, |_| Millis(NOW.0 + 1)),
            };
            expected.push((grant.credential, used));
        }
    }
    attempts::insert(&mut &db, &attempt_of(&other, AttemptId::generate()))
        .await
        .unwrap();
    assert_eq!(
        attempts::uses(&mut &db, &grant.rt_fp).await.unwrap(),
        expected
    );
    assert_eq!(attempts::uses(&mut &db, &other.rt_fp).await.unwrap(), []);
}

/// Of a token that the upstream leaves valid for years, the newest uses are what counts.
pub(crate) async fn of_many_uses_the_newest_are_remembered(place: Place) {
    let db = place.open().await;
    let grant = add(&db, "x").await;
    let mut ids: Vec<_> = (0..100).map(|_| AttemptId::generate()).collect();
    ids.sort();
    let mut tx = db.begin().await.unwrap();
    for (number, id) in ids.iter().enumerate() {
        attempts::insert(&mut tx, &attempt_of(&grant, *id))
            .await
            .unwrap();
        let outcome = if number == 99 {
            OutcomeKind::Ambiguous
        } else {
            OutcomeKind::Rotated
        };
        attempts::finish(&mut tx, *id, &ending(outcome))
            .await
            .unwrap();
    }
    tx.commit().await.unwrap();
    let uses = attempts::uses(&mut &db, &grant.rt_fp).await.unwrap();
    let outcomes: Vec<_> = uses.iter().filter_map(|(_, used)| used.outcome).collect();
    assert_eq!(outcomes.len(), 64);
    assert_eq!(outcomes.last(), Some(&OutcomeKind::Ambiguous));
    assert_eq!(outcomes.first(), Some(&OutcomeKind::Rotated));
}

/// With a history and a backlog in the table: what a round of the dispatcher reads is found by an index, in its order.
pub(crate) async fn a_page_of_a_line_is_found_by_its_index(place: Place) {
    let db = place.open().await;
    let mut grants = Vec::new();
    for number in 0..50 {
        grants.push(add(&db, &format!("{number}")).await);
    }
    let mut tx = db.begin().await.unwrap();
    for (number, grant) in (0..9000).zip(grants.iter().cycle()) {
        let attempt = NewAttempt {
            cause: if number % 2 == 0 {
                Cause::Job
            } else {
                Cause::Schedule
            },
            ..attempt_of(grant, AttemptId::generate())
        };
        attempts::insert(&mut tx, &attempt).await.unwrap();
        if number < 6000 {
            attempts::finish(&mut tx, attempt.id, &ending(OutcomeKind::Rotated))
                .await
                .unwrap();
        }
    }
    tx.commit().await.unwrap();
    let (explain, column) = match place.dialect {
        Dialect::Sqlite => ("EXPLAIN QUERY PLAN", "detail"),
        Dialect::MySql => ("EXPLAIN FORMAT=JSON", "EXPLAIN"),
        Dialect::Postgres => ("EXPLAIN", "QUERY PLAN"),
    };
    let tables = match place.dialect {
        Dialect::MySql => "TABLE attempts, credentials",
        Dialect::Sqlite | Dialect::Postgres => "",
    };
    place.raw(&format!("ANALYZE {tables}")).await;
    // As in attempts_waiting.rs.
    let in_line = match place.dialect {
        Dialect::Postgres => {
            "(a.state, a.lane, a.id) > ('queued', 'job', '') AND (a.state, a.lane, a.id) < ('queued', 'job', '~') \
             ORDER BY a.state, a.lane, a.id"
        }
        _ => "a.state = 'queued' AND a.lane = 'job' AND a.id > '' ORDER BY a.id",
    };
    let text = format!(
        "SELECT a.id, a.credential_id, a.requested_at, a.pushed_at FROM {{attempts}} a WHERE {in_line} LIMIT 100"
    );
    let rows = (&mut &db)
        .fetch_all(sql(format!("{explain} {text}")))
        .await
        .unwrap();
    let plan: Vec<String> = rows.iter().map(|row| row.text(column).unwrap()).collect();
    let plan = plan.join("\n");
    assert!(plan.contains("attempts_open"), "{plan}");
    for sorted in ["TEMP B-TREE", "filesort", "Sort"] {
        assert!(!plan.contains(sorted), "{plan}");
    }
}
