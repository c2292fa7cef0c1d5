//! What an import asks for many rows at once, and how it adds them.

use rt_manage_shared::{
    clock::Millis,
    db::{DbError, attempts, credentials, credentials::Identity, grants, tokens, tokens::Orphan},
    id::{AttemptId, CredentialId},
    model::grant::Grant,
};

use crate::{
    fixtures::{NOW, add, attempt_of, context, fp, policy, profile},
    support::Place,
};

fn new(biz_id: &str, account: Option<&str>, user: Option<&str>) -> (credentials::New, grants::New) {
    let (id, policy) = (CredentialId::generate(), policy());
    let row = credentials::New {
        id,
        profile: profile(biz_id),
        identity: Identity {
            account_id: account.map(str::to_owned),
            user_id: user.map(str::to_owned),
            ..Identity::default()
        },
        created_at: Millis(5),
        updated_at: NOW,
    };
    let grant = grants::New {
        grant: Grant::new(id, fp(biz_id), None, &context(&policy)),
        rt: biz_id.as_bytes().to_vec(),
        access_token: None,
    };
    (row, grant)
}

pub(crate) async fn many_credentials_are_added_at_once_and_found_by_what_they_are(place: Place) {
    let db = place.open().await;
    // Every size of statement, and none.
    let rows: Vec<_> = (0..255)
        .map(|n| {
            new(
                &format!("many {n}"),
                Some("acc"),
                Some(&format!("user {n}")),
            )
        })
        .collect();
    let ids: Vec<_> = rows.iter().map(|(row, _)| row.id).collect();
    let (rows, sealed): (Vec<_>, Vec<_>) = rows.into_iter().unzip();
    let mut tx = db.begin().await.unwrap();
    credentials::insert_many(&mut tx, rows).await.unwrap();
    grants::insert_many(&mut tx, sealed).await.unwrap();
    credentials::insert_many(&mut tx, Vec::new()).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(credentials::total(&mut &db).await.unwrap(), 255);
    for at in [0, 127, 128, 254] {
        let found = credentials::by_id(&mut &db, ids[at])
            .await
            .unwrap()
            .unwrap();
        assert_eq!(found.profile, profile(&format!("many {at}")));
        assert_eq!(
            (found.created_at, found.updated_at, found.revision),
            (Millis(5), NOW, 1)
        );
        let record = grants::read_one(&mut &db, ids[at]).await.unwrap().unwrap();
        assert_eq!(record.rt, format!("many {at}").into_bytes());
    }
    // A name that is taken is told, and nothing of the statement is there.
    let (taken, _) = new("many 3", None, None);
    let (other, _) = new("another", None, None);
    let mut tx = db.begin().await.unwrap();
    let result = credentials::insert_many(&mut tx, vec![other, taken]).await;
    assert!(matches!(result, Err(DbError::Duplicate)), "{result:?}");
    drop(tx);
    assert_eq!(credentials::total(&mut &db).await.unwrap(), 255);

    let named = credentials::named(&mut &db, &["many 7", "MANY 7", "many 7 ", "nobody"]).await;
    let named = named.unwrap();
    assert_eq!(named.len(), 1);
    assert_eq!((named[0].id, named[0].biz_id.as_str()), (ids[7], "many 7"));
    let seated =
        credentials::seated(&mut &db, &["acc", "other"], &["user 9", "user 8", "nobody"]).await;
    let seated: Vec<_> = seated.unwrap().into_iter().map(|one| one.id).collect();
    assert_eq!(seated.len(), 2);
    assert!(seated.contains(&ids[8]) && seated.contains(&ids[9]));
    let none = credentials::seated(&mut &db, &["other"], &["user 9"])
        .await
        .unwrap();
    assert!(none.is_empty());
    let standing = credentials::standing(&mut &db, &[ids[1], CredentialId::generate()]).await;
    assert_eq!(standing.unwrap()[0].user_id.as_deref(), Some("user 1"));
    let holding = grants::holding(&mut &db, &[fp("many 5"), fp("nothing")])
        .await
        .unwrap();
    assert_eq!((holding.len(), holding[0].grant.credential), (1, ids[5]));
    // A deleted one is not there any more, but what it holds is.
    assert!(credentials::bury(&mut &db, ids[5], NOW).await.unwrap());
    assert!(
        credentials::named(&mut &db, &["many 5"])
            .await
            .unwrap()
            .is_empty()
    );
    assert!(grants::holding(&mut &db, &[fp("many 5")]).await.unwrap()[0].deleted);
    for nothing in [
        credentials::named(&mut &db, &[]).await,
        credentials::seated(&mut &db, &[], &["user 1"]).await,
        credentials::standing(&mut &db, &[]).await,
    ] {
        assert!(nothing.unwrap().is_empty());
    }
}

pub(crate) async fn what_was_done_with_many_tokens_is_told(place: Place) {
    let db = place.open().await;
    let grant = add(&db, "used").await;
    let attempt = attempt_of(&grant, AttemptId::generate());
    attempts::insert(&mut &db, &attempt).await.unwrap();
    let by = CredentialId::generate();
    tokens::remember_spent(&mut &db, &fp("spent"), by, AttemptId::generate(), NOW)
        .await
        .unwrap();
    let orphan = Orphan {
        attempt: AttemptId::generate(),
        credential: by,
        rt_fp: fp("orphaned"),
        reason: "r".into(),
        answer: b"sealed".to_vec(),
    };
    tokens::keep_orphan(&mut &db, &orphan, NOW).await.unwrap();
    let all = [
        fp("used"),
        fp("spent"),
        fp("orphaned"),
        fp("fresh"),
        fp("fresh"),
    ];
    let mut spent = tokens::spent_among(&mut &db, &all).await.unwrap();
    spent.sort();
    let mut expected = vec![(fp("spent"), by), (fp("orphaned"), by)];
    expected.sort();
    assert_eq!(spent, expected);
    let used = attempts::used_among(&mut &db, &all).await.unwrap();
    assert_eq!(used, [fp("used")]);
    assert!(tokens::spent_among(&mut &db, &[]).await.unwrap().is_empty());
    assert!(
        attempts::used_among(&mut &db, &[])
            .await
            .unwrap()
            .is_empty()
    );
    assert!(grants::holding(&mut &db, &[]).await.unwrap().is_empty());
}
