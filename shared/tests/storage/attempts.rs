//! The `attempts` table.

use std::time::Duration;

use rt_manage_shared::{
    db::attempts::{self, Ending},
    id::{AttemptId, BootId},
    model::attempt::{AttemptState, Lane, OutcomeKind},
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
