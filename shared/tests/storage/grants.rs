//! The `grants` table: guards, and what is due.

use std::time::Duration;

use rt_manage_shared::{
    clock::Millis,
    db::{
        DbError, Execute as _,
        grants::{self, Change, TokenWrite},
        sql,
    },
    id::AttemptId,
    model::grant::{Grant, NewTokens, State, Verdict},
};

use crate::{
    fixtures::{NOW, add, context, fp, policy},
    support::Place,
};

pub(crate) async fn the_guard_decides_by_what_stands_in_the_row(place: Place) {
    let db = place.open().await;
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

pub(crate) async fn due_grants_come_in_order_and_only_when_due(place: Place) {
    let db = place.open().await;
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

pub(crate) async fn a_row_that_contradicts_itself_is_named(place: Place) {
    let db = place.open().await;
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

pub(crate) async fn what_is_matched_counts_even_if_nothing_changes(place: Place) {
    let db = place.open().await;
    let grant = add(&db, "x").await;
    // MySQL would count what it changed unless told otherwise, and every guard would lie.
    for _ in 0..2 {
        let same = TokenWrite::default();
        assert!(
            grants::compare_and_set(&mut &db, &grant.guard(), &grant, same)
                .await
                .unwrap()
        );
        let mut tx = db.begin().await.unwrap();
        let same =
            sql("UPDATE {grants} SET state = state WHERE credential_id = ?").bind(grant.credential);
        assert_eq!(tx.execute(same).await.unwrap(), 1);
        assert!(
            grants::compare_and_set_many(&mut tx, vec![change(&grant, &grant)])
                .await
                .unwrap()
        );
        tx.commit().await.unwrap();
    }
}

pub(crate) async fn of_racing_guards_exactly_one_wins(place: Place) {
    let db = place.open().await;
    let policy = policy();
    for round in 0..10 {
        let grant = add(&db, &format!("{round}")).await;
        let mut rivals = Vec::new();
        for number in 0..4 {
            let next = grant
                .request(AttemptId::generate(), &context(&policy))
                .unwrap();
            let (db, guard) = (db.clone(), grant.guard());
            // Some of them in transactions that also do other things.
            rivals.push(tokio::spawn(async move {
                if number % 2 == 0 {
                    return grants::compare_and_set(&mut &db, &guard, &next, TokenWrite::default())
                        .await
                        .unwrap();
                }
                let mut tx = db.begin().await.unwrap();
                grants::read_one(&mut tx, next.credential).await.unwrap();
                let won = grants::compare_and_set(&mut tx, &guard, &next, TokenWrite::default())
                    .await
                    .unwrap();
                tx.commit().await.unwrap();
                won
            }));
        }
        let mut winners = 0;
        for rival in rivals {
            winners += u32::from(rival.await.unwrap());
        }
        assert_eq!(winners, 1);
    }
}

fn change(from: &Grant, to: &Grant) -> Change {
    Change {
        guard: from.guard(),
        grant: to.clone(),
        tokens: TokenWrite::default(),
    }
}

pub(crate) async fn many_transitions_are_written_at_once_or_reported(place: Place) {
    let db = place.open().await;
    let policy = policy();
    let mut before = Vec::new();
    for number in 0..5 {
        before.push(add(&db, &format!("{number}")).await);
    }
    // As they are read: identifiers of one millisecond come in any order.
    before.sort_by_key(|grant| grant.credential);
    let ctx = context(&policy);
    let request = |grant: &Grant| grant.request(AttemptId::generate(), &ctx).unwrap();
    let queued: Vec<Grant> = before.iter().map(request).collect();
    let mut changes: Vec<Change> = before
        .iter()
        .zip(&queued)
        .map(|(from, to)| change(from, to))
        .collect();
    // Tokens for some only, of bytes that are no text; extreme numbers; a text with everything in it.
    changes[1].tokens.rt = Some((0..=255).collect());
    changes[3].tokens.access_token = Some(vec![0xff; 70_000]);
    changes[2].grant.at_expires_at = Some(Millis(i64::MAX));
    changes[2].grant.last_code = Some("🦀 ' \\ ?".into());
    let mut tx = db.begin().await.unwrap();
    assert!(
        grants::compare_and_set_many(&mut tx, Vec::new())
            .await
            .unwrap()
    );
    assert!(
        grants::compare_and_set_many(&mut tx, changes)
            .await
            .unwrap()
    );
    tx.commit().await.unwrap();
    let ids: Vec<_> = queued.iter().map(|grant| grant.credential).collect();
    let read = grants::read(&mut &db, &ids).await.unwrap();
    for (record, wanted) in read.iter().zip(&queued) {
        assert_eq!(record.grant.state, wanted.state);
        assert_eq!(record.grant.next_refresh_at, wanted.next_refresh_at);
    }
    assert_eq!(
        (read[0].rt.as_slice(), read[1].rt.len()),
        (b"sealed".as_slice(), 256)
    );
    assert_eq!((read[1].rt[255], &read[1].access_token), (255, &None));
    assert_eq!(read[3].access_token, Some(vec![0xff; 70_000]));
    assert_eq!(read[2].grant.at_expires_at, Some(Millis(i64::MAX)));
    assert_eq!(read[2].grant.last_code.as_deref(), Some("🦀 ' \\ ?"));

    // One of them has moved on in the meantime; and one stands there twice.
    let claim = |grant: &Grant| grant.claim(grant.state.attempt().unwrap()).unwrap();
    let stale = vec![
        change(&queued[0], &claim(&queued[0])),
        change(&before[1], &queued[1]),
    ];
    let (twice, other) = (change(&queued[0], &claim(&queued[0])), claim(&queued[0]));
    let twice = vec![twice, change(&queued[0], &other)];
    for changes in [stale, twice] {
        let mut tx = db.begin().await.unwrap();
        assert!(
            !grants::compare_and_set_many(&mut tx, changes)
                .await
                .unwrap()
        );
        drop(tx);
        let read = grants::read_one(&mut &db, queued[0].credential)
            .await
            .unwrap()
            .unwrap();
        assert_eq!(read.grant.state, queued[0].state);
    }
}
