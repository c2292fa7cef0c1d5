//! The `credentials` table.

use rt_manage_shared::{
    db::{
        DbError,
        credentials::{self, Identity, Key, Profile},
        grants,
    },
    id::CredentialId,
};

use crate::{
    fixtures::{NOW, add, profile},
    support::Place,
};

pub(crate) async fn credentials_are_found_changed_buried_and_purged(place: Place) {
    let db = place.open().await;
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
    add(&db, "second").await;
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
