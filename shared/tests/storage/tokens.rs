//! The `spent` and `orphans` tables.

use rt_manage_shared::{
    db::tokens::{self, Orphan},
    id::{AttemptId, CredentialId},
};

use crate::{
    fixtures::{NOW, fp},
    support::Place,
};

pub(crate) async fn spent_tokens_and_orphans_are_kept_once(place: Place) {
    let db = place.open().await;
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
