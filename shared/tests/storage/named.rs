//! Settings, named proxies, names of client ids.

use rt_manage_shared::{
    clock::Millis,
    db::{
        DbError,
        client_ids::{self, ClientId},
        credentials::{self, Identity},
        grants,
        proxies::{self, Proxy},
        revisions::{self, Revisions, Subject},
        settings::{self, Version},
    },
    id::{CredentialId, ProxyId},
    model::{
        credential::egress_of_named,
        grant::{Grant, HeldReason, State},
    },
};

use crate::{
    fixtures::{NOW, context, fp, policy, profile},
    support::Place,
};

fn version(number: i64) -> Version {
    Version {
        version: number,
        document: format!("{{\"refresh.lane_depth\": {number}}}"),
        changes: "{}".into(),
        saved_by: "admin".into(),
        saved_at: NOW,
    }
}

pub(crate) async fn settings_have_versions(place: Place) {
    let db = place.open().await;
    assert_eq!(
        revisions::read(&mut &db).await.unwrap(),
        Revisions::default()
    );
    assert_eq!(settings::newest(&mut &db).await.unwrap(), None);
    for number in 1..=3 {
        let mut tx = db.begin().await.unwrap();
        revisions::raise(&mut tx, Subject::Settings).await.unwrap();
        settings::insert(&mut tx, &version(number)).await.unwrap();
        tx.commit().await.unwrap();
    }
    revisions::raise(&mut &db, Subject::Proxies).await.unwrap();
    let found = revisions::read(&mut &db).await.unwrap();
    assert_eq!((found.settings, found.proxies), (3, 1));
    assert_eq!(settings::newest(&mut &db).await.unwrap(), Some(version(3)));
    let before = settings::history(&mut &db, Some(3), 5).await.unwrap();
    assert_eq!(before, [version(2), version(1)]);
    let twice = settings::insert(&mut &db, &version(2)).await.unwrap_err();
    assert!(matches!(twice, DbError::Duplicate), "{twice}");
    // Numbers that somebody removed begin anew.
    place.raw("DELETE FROM revisions").await;
    revisions::raise(&mut &db, Subject::Settings).await.unwrap();
    assert_eq!(revisions::read(&mut &db).await.unwrap().settings, 1);
}

pub(crate) async fn proxies_have_names_and_users(place: Place) {
    let db = place.open().await;
    let db = &mut &db;
    let (id, other) = (ProxyId::generate(), ProxyId::generate());
    let proxy = |id, name: &str| Proxy {
        id,
        name: name.into(),
        url: b"sealed".to_vec(),
        egress: "proxy-20809239b83009b4".into(),
        egress_label: "http://proxy.example:80".into(),
        revision: 1,
        created_at: NOW,
        updated_at: NOW,
    };
    proxies::insert(db, &proxy(id, "b")).await.unwrap();
    proxies::insert(db, &proxy(other, "a")).await.unwrap();
    let twice = proxies::insert(db, &proxy(ProxyId::generate(), "a")).await;
    assert!(matches!(twice, Err(DbError::Duplicate)));
    let names = |found: Vec<Proxy>| found.into_iter().map(|one| one.name).collect::<Vec<_>>();
    assert_eq!(names(proxies::all(db).await.unwrap()), ["a", "b"]);
    assert_eq!(names(proxies::page(db, 1, 5).await.unwrap()), ["b"]);
    assert_eq!(proxies::total(db).await.unwrap(), 2);
    assert!(proxies::hold(db, id).await.unwrap());
    assert!(!proxies::hold(db, ProxyId::generate()).await.unwrap());
    let changed = Proxy {
        revision: 2,
        updated_at: Millis(NOW.0 + 1),
        url: b"other".to_vec(),
        ..proxy(id, "c")
    };
    assert!(proxies::update(db, &changed).await.unwrap());
    assert!(!proxies::update(db, &changed).await.unwrap());
    assert_eq!(proxies::by_id(db, id).await.unwrap(), Some(changed.clone()));

    let mut held = Vec::new();
    for name in ["x", "y", "z"] {
        let mut profile = profile(name);
        profile.egress = egress_of_named(if name == "z" { other } else { id });
        let (credential, policy) = (CredentialId::generate(), policy());
        let mut grant = Grant::new(credential, fp(name), None, &context(&policy));
        if name == "x" {
            grant.state = State::Held(HeldReason::Region);
            held.push(credential);
        }
        credentials::insert(db, credential, &profile, &Identity::default(), NOW)
            .await
            .unwrap();
        grants::insert(db, &grant, b"sealed".to_vec(), None)
            .await
            .unwrap();
    }
    assert_eq!(proxies::uses(db, id).await.unwrap().count, 2);
    assert_eq!(
        proxies::refused_for_region(db, id, None, 5).await.unwrap(),
        held
    );
    let behind = proxies::refused_for_region(db, id, Some(held[0]), 5)
        .await
        .unwrap();
    assert_eq!(behind, []);
    // A credential that goes over to another proxy is counted there; a deleted one nowhere.
    let x = credentials::by_id(db, held[0]).await.unwrap().unwrap();
    let mut after = x.profile.clone();
    after.egress = egress_of_named(other);
    assert_eq!(after.proxy_id(), Some(other));
    assert!(
        credentials::update_profile(db, x.id, x.revision, &after, NOW)
            .await
            .unwrap()
    );
    assert_eq!(proxies::uses(db, other).await.unwrap().count, 2);
    assert!(credentials::bury(db, x.id, NOW).await.unwrap());
    assert_eq!(proxies::uses(db, other).await.unwrap().count, 1);
    assert!(proxies::delete(db, id).await.unwrap());
    assert!(!proxies::delete(db, id).await.unwrap());
}

pub(crate) async fn client_ids_have_names_and_users(place: Place) {
    let db = place.open().await;
    let entry = ClientId {
        client_id: "app_b".into(),
        name: "B".into(),
        created_at: NOW,
        updated_at: NOW,
    };
    assert!(client_ids::insert(&mut &db, &entry).await.unwrap());
    assert!(!client_ids::insert(&mut &db, &entry).await.unwrap());
    let first = ClientId {
        client_id: "app_a".into(),
        ..entry.clone()
    };
    assert!(client_ids::insert(&mut &db, &first).await.unwrap());
    assert_eq!(client_ids::page(&mut &db, 0, 1).await.unwrap(), [first]);
    assert_eq!(client_ids::total(&mut &db).await.unwrap(), 2);
    assert!(
        client_ids::rename(&mut &db, "app_b", "C", Millis(5))
            .await
            .unwrap()
    );
    assert!(
        !client_ids::rename(&mut &db, "app_c", "C", NOW)
            .await
            .unwrap()
    );
    let renamed = client_ids::read(&mut &db, "app_b").await.unwrap().unwrap();
    assert_eq!(
        (renamed.name.as_str(), renamed.updated_at),
        ("C", Millis(5))
    );
    let grant = crate::fixtures::add(&db, "x").await;
    let used = credentials::by_id(&mut &db, grant.credential)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        client_ids::uses(&mut &db, &used.profile.client_id)
            .await
            .unwrap()
            .count,
        1
    );
    assert!(client_ids::uses(&mut &db, "app_b").await.unwrap().is_none());
    assert!(client_ids::delete(&mut &db, "app_b").await.unwrap());
    assert!(!client_ids::delete(&mut &db, "app_b").await.unwrap());
}
