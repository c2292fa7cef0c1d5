//! What goes in comes out, and is compared as it is.

use rt_manage_shared::{
    clock::{Clock, Millis},
    db::{
        DbError, Execute as _,
        credentials::{self, Identity, Key, Profile},
        sql,
    },
    id::CredentialId,
};

use crate::{
    fixtures::{NOW, add, profile},
    support::Place,
};

/// Names that one or the other collation takes for the same: case, accents, normal forms, trailing and leading spaces,
/// characters without weight, beyond the basic plane, and those that end or order differently.
const NAMES: &[&str] = &[
    "a",
    "A",
    "a ",
    "a  ",
    " a",
    "ä",
    "a\u{308}",
    "á",
    "ss",
    "ß",
    "i",
    "İ",
    "ı",
    "🦀",
    "🦞",
    "a\u{200b}",
    "a\u{ad}",
    "ａ",
    "％",
    "a%",
    "a_",
    "\\",
    "'",
    "\"",
    "?",
    "{grants}",
    "z",
    "\u{fffd}",
    "\u{10ffff}",
    "中文",
    "a\t",
    "a\n",
];

pub(crate) async fn texts_are_compared_byte_by_byte(place: Place) {
    let db = place.open().await;
    for name in NAMES {
        assert!(
            !credentials::biz_id_taken(&mut &db, name).await.unwrap(),
            "{name:?}"
        );
        add(&db, name).await;
    }
    for name in NAMES {
        let found = credentials::with_tokens(&mut &db, Key::BizId(name))
            .await
            .unwrap();
        assert_eq!(found.len(), 1, "{name:?}");
        assert_eq!(found[0].credential.profile.biz_id, *name);
        let taken = credentials::insert(
            &mut &db,
            CredentialId::generate(),
            &profile(name),
            &Identity::default(),
            NOW,
        )
        .await;
        assert!(matches!(taken, Err(DbError::Duplicate)), "{name:?}");
    }
    let rows = (&mut &db)
        .fetch_all(sql("SELECT biz_id FROM {credentials} ORDER BY biz_id"))
        .await
        .unwrap();
    let stored: Vec<String> = rows.iter().map(|row| row.text("biz_id").unwrap()).collect();
    let mut sorted = NAMES.to_vec();
    sorted.sort_unstable();
    assert_eq!(stored, sorted, "ordered by bytes");
}

pub(crate) async fn null_and_extreme_values_come_back(place: Place) {
    let db = place.open().await;
    let grant = add(&db, "x").await;
    let id = grant.credential;
    let read = credentials::by_id(&mut &db, id).await.unwrap().unwrap();
    assert_eq!(
        (read.identity, read.profile.proxy),
        (Identity::default(), None)
    );
    assert_eq!(read.grant, grant);

    // Every byte, more of them than a short column takes; the longest texts that the API admits, of the widest characters.
    let bytes: Vec<u8> = (0..=255).cycle().take(100_000).collect();
    let wide = |count: usize| "🦀".repeat(count);
    let profile = Profile {
        biz_id: wide(255),
        client_id: wide(255),
        proxy: Some(bytes.clone()),
        egress: "proxy-0123456789abcdef".into(),
        egress_label: wide(300),
        tag: wide(255),
        memo: wide(4096),
        enabled: false,
    };
    assert!(
        credentials::update_profile(&mut &db, id, 1, &profile, Millis(i64::MAX))
            .await
            .unwrap()
    );
    // As long as a claim may be.
    let long = Some("é".repeat(256));
    let identity = Identity {
        email: long.clone(),
        name: long.clone(),
        account_id: long.clone(),
        user_id: long.clone(),
        plan: long,
    };
    credentials::learn_identity(&mut &db, id, &identity)
        .await
        .unwrap();
    let read = credentials::by_id(&mut &db, id).await.unwrap().unwrap();
    assert_eq!((read.profile, read.identity), (profile, identity));
    assert_eq!(read.updated_at, Millis(i64::MAX));
    // A text that does not fit is an error, never cut.
    let too_long = sql("UPDATE {credentials} SET biz_id = ? WHERE id = ?")
        .bind(wide(256))
        .bind(id);
    if (&mut &db).execute(too_long).await.is_ok() {
        let read = credentials::by_id(&mut &db, id).await.unwrap().unwrap();
        assert_eq!(read.profile.biz_id, wide(256));
    }
}

pub(crate) async fn the_database_tells_its_time(place: Place) {
    let db = place.open().await;
    let drift = db.server_time().await.unwrap().0 - Clock::new().now().0;
    assert!(drift.abs() < 1000, "{drift}");
    let mut tx = db.begin().await.unwrap();
    let first = db.server_time().await.unwrap();
    tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    assert!(db.server_time().await.unwrap() > first, "in milliseconds");
    tx.fetch_all(sql("SELECT name FROM {switches}"))
        .await
        .unwrap();
}
