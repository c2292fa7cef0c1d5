//! API keys, what was handed out to them, and what they find.

use std::collections::BTreeSet;

use rt_manage_shared::{
    clock::Millis,
    db::{
        Db, DbError,
        credentials::{self, Identity},
        handouts::{self, About, Counted, Tally},
        keys,
        lookup::{self, ByEmail},
    },
    id::{CredentialId, KeyId},
    model::key::{ApiKey, KeyProfile, KeyRef, NewSecret, Reach, Scope, Scopes, TokenKind},
};

use crate::{
    fixtures::{NOW, add},
    support::Place,
};

fn set(values: &[&str]) -> BTreeSet<String> {
    values.iter().map(|&value| value.to_owned()).collect()
}

fn key(name: &str, reach: Reach) -> ApiKey {
    let new = NewSecret::generate();
    ApiKey {
        id: KeyId::generate(),
        profile: KeyProfile {
            name: name.into(),
            scopes: Scopes::new(&[Scope::GetAt, Scope::ReadRt]),
            reach,
            expires_at: Some(Millis(NOW.0 + 1)),
            rate_limit_per_minute: Some(u32::MAX),
            enabled: true,
        },
        prefix: new.prefix,
        hash: new.hash,
        revoked_at: None,
        last_used_at: None,
        created_by: "admin".into(),
        created_at: NOW,
        updated_at: NOW,
        revision: 1,
    }
}

pub(crate) async fn keys_are_found_changed_and_revoked(place: Place) {
    let database = place.open().await;
    let db = &mut &database;
    // As much as a key can be limited to: a thousand long names, in characters of four bytes.
    let long = (0..1000).map(|n| format!("{n:04}{}", "🦀".repeat(150)));
    let keys_made = [
        key("a", Reach::All),
        key("b", Reach::Tags(set(&["x", "\"", "中文"]))),
        key("c", Reach::BizIds(long.collect())),
    ];
    for key in &keys_made {
        keys::insert(db, key).await.unwrap();
        let found = keys::by_hash(db, &key.hash).await.unwrap().unwrap();
        assert_eq!(
            (found.id, &found.profile, &found.prefix),
            (key.id, &key.profile, &key.prefix)
        );
        assert_eq!(
            (found.created_by.as_str(), found.created_at, found.revision),
            ("admin", NOW, 1)
        );
    }
    let mut same = key("d", Reach::All);
    same.hash = keys_made[0].hash.clone();
    assert!(matches!(
        keys::insert(db, &same).await,
        Err(DbError::Duplicate)
    ));
    assert!(
        keys::by_hash(db, &NewSecret::generate().hash)
            .await
            .unwrap()
            .is_none()
    );

    let id = keys_made[0].id;
    let bare = KeyProfile {
        name: "other".into(),
        scopes: Scopes::new(&[Scope::Refresh]),
        reach: Reach::Tags(set(&["y"])),
        expires_at: None,
        rate_limit_per_minute: None,
        enabled: false,
    };
    assert!(!keys::update(db, id, 2, &bare, NOW).await.unwrap());
    assert!(keys::update(db, id, 1, &bare, NOW).await.unwrap());
    assert_eq!(keys::read(db, id).await.unwrap().unwrap().profile, bare);

    for at in [5, 9, 7] {
        keys::used(db, id, Millis(at)).await.unwrap();
    }
    assert_eq!(
        keys::read(db, id).await.unwrap().unwrap().last_used_at,
        Some(Millis(9))
    );

    assert!(keys::revoke(db, id, NOW).await.unwrap());
    assert!(!keys::revoke(db, id, NOW).await.unwrap());
    assert!(!keys::update(db, id, 3, &bare, NOW).await.unwrap());
    let names = |found: Vec<ApiKey>| {
        found
            .into_iter()
            .map(|key| key.profile.name)
            .collect::<BTreeSet<_>>()
    };
    assert_eq!(
        names(keys::list(db, true, None, 9).await.unwrap()),
        set(&["other"])
    );
    let first = keys::list(db, false, None, 1).await.unwrap();
    let rest = keys::list(db, false, Some(first[0].id), 9).await.unwrap();
    assert_eq!((first.len(), rest.len()), (1, 1));
    assert_eq!(names([first, rest].concat()), set(&["b", "c"]));
}

pub(crate) async fn hand_outs_add_up(place: Place) {
    let db = place.open().await;
    let credentials = [CredentialId::generate(), CredentialId::generate()];
    let made = KeyRef::Made(KeyId::generate());
    let counted = |n: usize, key, kind| Counted {
        credential: credentials[n],
        key,
        kind,
    };
    let tally = |count, first, last| Tally {
        count,
        first_at: Millis(first),
        last_at: Millis(last),
    };
    let write = async |mut tallies: Vec<(Counted, Tally)>| {
        tallies.sort_by_key(|(counted, _)| counted.order());
        let mut tx = db.begin().await.unwrap();
        handouts::add(&mut tx, &tallies).await.unwrap();
        tx.commit().await.unwrap();
    };
    write(Vec::new()).await;
    write(vec![
        (counted(0, made, TokenKind::At), tally(2, 10, 20)),
        (
            counted(0, KeyRef::Configured, TokenKind::At),
            tally(1, 5, 5),
        ),
        (counted(1, made, TokenKind::Rt), tally(7, 1, 2)),
    ])
    .await;
    write(vec![
        (counted(0, made, TokenKind::At), tally(3, 8, 15)),
        (counted(0, made, TokenKind::Rt), tally(1, 30, 30)),
        (counted(1, made, TokenKind::Rt), tally(1, 9, 9)),
    ])
    .await;
    let list =
        async |about, after, limit| handouts::list(&mut &db, about, after, limit).await.unwrap();
    let of_first = list(About::Credential(credentials[0]), None, 9).await;
    let expected = [
        (counted(0, made, TokenKind::At), tally(5, 8, 20)),
        (counted(0, made, TokenKind::Rt), tally(1, 30, 30)),
        (
            counted(0, KeyRef::Configured, TokenKind::At),
            tally(1, 5, 5),
        ),
    ];
    assert_eq!(of_first, expected);
    // Page by page.
    let (id, mut found, mut after) = (About::Key(made), Vec::new(), None::<(String, TokenKind)>);
    loop {
        let place = after.as_ref().map(|(id, kind)| (id.as_str(), *kind));
        let next = handouts::list(&mut &db, id, place, 1).await.unwrap().pop();
        let Some(next) = next else {
            break;
        };
        after = Some((next.0.credential.to_string(), next.0.kind));
        found.push(next);
    }
    found.sort_by_key(|(counted, _)| counted.order());
    let mut expected = vec![
        expected[0],
        expected[1],
        (counted(1, made, TokenKind::Rt), tally(8, 1, 9)),
    ];
    expected.sort_by_key(|(counted, _)| counted.order());
    assert_eq!(found, expected);
}

pub(crate) async fn of_hand_outs_counted_at_once_none_is_lost(place: Place) {
    let db = place.open().await;
    let counted: Vec<_> = (0..50).map(|_| CredentialId::generate()).collect();
    let write = async |_| {
        let one = |credential: &CredentialId| Counted {
            credential: *credential,
            key: KeyRef::Configured,
            kind: TokenKind::At,
        };
        let mut tallies: Vec<_> = counted
            .iter()
            .map(|id| (one(id), Tally::once(NOW)))
            .collect();
        tallies.sort_by_key(|(counted, _)| counted.order());
        rt_manage_shared::db::repeat_while_busy(async || {
            let mut tx = db.begin().await?;
            handouts::add(&mut tx, &tallies).await?;
            tx.commit().await
        })
        .await
        .unwrap();
    };
    futures::future::join_all((0..8).map(write)).await;
    let found = handouts::list(&mut &db, About::Key(KeyRef::Configured), None, 99)
        .await
        .unwrap();
    assert_eq!(found.len(), 50);
    assert!(found.iter().all(|(_, tally)| tally.count == 8), "{found:?}");
}

async fn named(db: &Db, biz_id: &str, email: &str, tag: &str) -> CredentialId {
    let id = add(db, biz_id).await.credential;
    let identity = Identity {
        email: Some(email.into()),
        ..Identity::default()
    };
    let db = &mut &*db;
    credentials::learn_identity(db, id, &identity)
        .await
        .unwrap();
    let mut profile = credentials::by_id(db, id).await.unwrap().unwrap().profile;
    profile.tag = tag.into();
    assert!(
        credentials::update_profile(db, id, 1, &profile, NOW)
            .await
            .unwrap()
    );
    id
}

pub(crate) async fn credentials_are_looked_up_within_reach(place: Place) {
    let database = place.open().await;
    let (a, b) = (
        named(&database, "a", "x@example.com", "red").await,
        named(&database, "b", "x@example.com", "blue").await,
    );
    let c = named(&database, "c", "X@example.com", "red").await;
    let gone = named(&database, "gone", "x@example.com", "red").await;
    let db = &mut &database;
    assert!(credentials::bury(db, gone, NOW).await.unwrap());

    let ids = |found: Vec<credentials::WithTokens>| {
        found
            .into_iter()
            .map(|found| found.credential.id)
            .collect::<BTreeSet<_>>()
    };
    for (reach, expected) in [
        (Reach::All, BTreeSet::from([a, b])),
        (Reach::Tags(set(&["red"])), BTreeSet::from([a])),
        (Reach::BizIds(set(&["b", "c", "gone"])), BTreeSet::from([b])),
        (Reach::Tags(set(&["RED"])), BTreeSet::new()),
        (Reach::BizIds(set(&[])), BTreeSet::new()),
    ] {
        let found = lookup::by_email(db, "x@example.com", &reach).await.unwrap();
        assert_eq!(ids(found), expected, "{reach:?}");
        let found = lookup::by_emails(db, &["x@example.com", "X@example.com", "z"], &reach)
            .await
            .unwrap();
        let one = expected.first().map(|id| ByEmail::One(*id));
        let several = (expected.len() > 1).then_some(ByEmail::Several);
        assert_eq!(
            found.get("x@example.com").copied(),
            several.or(one),
            "{reach:?}"
        );
        assert_eq!(
            found.contains_key("X@example.com"),
            reach.covers("c", "red")
        );
        assert!(!found.contains_key("z"));
    }
    let found = lookup::by_biz_ids(db, &["a", "c", "A", "gone"])
        .await
        .unwrap();
    assert!(found.iter().all(|found| found.rt == b"sealed"));
    assert_eq!(ids(found), BTreeSet::from([a, c]));
    assert_eq!(
        ids(
            lookup::of_ids(db, &[b, gone, CredentialId::generate()], false)
                .await
                .unwrap()
        ),
        BTreeSet::from([b])
    );
    assert!(lookup::of_ids(db, &[], false).await.unwrap().is_empty());
    assert!(lookup::by_biz_ids(db, &[]).await.unwrap().is_empty());
    assert!(
        lookup::by_emails(db, &[], &Reach::All)
            .await
            .unwrap()
            .is_empty()
    );
}
