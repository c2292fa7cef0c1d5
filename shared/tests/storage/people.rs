//! People, their sessions, and what is written down about them.

use std::time::Duration;

use rt_manage_shared::{
    clock::Millis,
    db::{
        Db, Dialect, Execute as _,
        audit::{self, Filter},
        sessions::{self, StoredSession},
        sql, users,
    },
    id::{AuditId, SessionId},
    model::{
        audit::{Action, Actor, ActorKind, Deed, TargetKind},
        role::Role,
    },
};

use crate::{fixtures::NOW, support::Place};

pub(crate) async fn people_are_added_changed_and_removed(place: Place) {
    let db = place.open().await;
    let add = async |name: &str| users::add(&mut &db, name, Role::Viewer, "hash", NOW).await;
    assert!(add("bob").await.unwrap());
    assert!(add("Ann").await.unwrap());
    assert!(!add("bob").await.unwrap());
    // Names are compared byte by byte.
    assert!(add("ann").await.unwrap());
    let names = async || {
        let all = users::all(&mut &db).await.unwrap();
        all.into_iter()
            .map(|user| user.username)
            .collect::<Vec<_>>()
    };
    assert_eq!(names().await, ["Ann", "ann", "bob"]);
    let read = async || users::read(&mut &db, "bob").await.unwrap().unwrap();
    let before = read().await;
    assert!((before.role, before.enabled, before.created_at) == (Role::Viewer, true, NOW));
    // No epoch of a namesake of before.
    assert_eq!(before.epoch, NOW.0);
    let later = NOW + Duration::from_secs(1);
    let edit = async |user| users::edit(&mut &db, user, Role::Administrator, false, later).await;
    assert!(edit(&before).await.unwrap());
    // What was read before is not written over.
    assert!(!edit(&before).await.unwrap());
    let after = read().await;
    assert!((after.role, after.enabled, after.updated_at) == (Role::Administrator, false, later));
    assert_eq!(after.epoch, before.epoch + 1);
    assert!(
        users::replace_password(&mut &db, "bob", "other", later)
            .await
            .unwrap()
    );
    let changed = read().await;
    assert_eq!(
        (changed.password_hash.as_str(), changed.epoch),
        ("other", after.epoch + 1)
    );
    assert!(users::remove(&mut &db, "bob").await.unwrap());
    assert!(!users::remove(&mut &db, "bob").await.unwrap());
    assert!(
        !users::replace_password(&mut &db, "bob", "x", later)
            .await
            .unwrap()
    );
    assert_eq!(names().await, ["Ann", "ann"]);
}

fn session(username: &str, ends: Millis) -> StoredSession {
    StoredSession {
        id: SessionId::generate(),
        username: username.into(),
        address: "192.0.2.1".into(),
        user_agent: None,
        created_at: NOW,
        expires_at: ends,
    }
}

pub(crate) async fn sessions_end_one_by_one_and_are_pruned(place: Place) {
    let db = place.open().await;
    let at = |seconds| NOW + Duration::from_secs(seconds);
    let mut own: Vec<_> = (0..3)
        .map(|number| session("ann", at(10 + number)))
        .collect();
    own.sort_by_key(|session| session.id);
    let foreign = session("bob", at(60));
    for session in own.iter().chain([&foreign]) {
        sessions::open(&mut &db, session).await.unwrap();
    }
    let of = async |now| sessions::of(&mut &db, "ann", now).await.unwrap();
    let newest_first: Vec<_> = own.iter().rev().cloned().collect();
    assert_eq!(of(NOW).await, newest_first);
    assert_eq!(of(at(12)).await.len(), 0);
    assert!(
        !sessions::close_of(&mut &db, "ann", foreign.id)
            .await
            .unwrap()
    );
    assert!(
        sessions::close_of(&mut &db, "ann", own[1].id)
            .await
            .unwrap()
    );
    assert!(
        !sessions::close_of(&mut &db, "ann", own[1].id)
            .await
            .unwrap()
    );
    assert!(!sessions::is_open(&mut &db, own[1].id).await.unwrap());
    assert_eq!(of(NOW).await.len(), 2);

    let prune = async |before, limit| sessions::prune(&mut &db, before, limit).await.unwrap();
    assert_eq!(prune(at(10), 10).await, 0);
    assert_eq!(prune(at(61), 2).await, 2);
    assert!(sessions::is_open(&mut &db, foreign.id).await.unwrap());
    assert_eq!(prune(at(61), 2).await, 1);
    assert_eq!(prune(at(61), 2).await, 0);
}

fn actor(name: &str) -> Actor {
    Actor {
        kind: ActorKind::User,
        name: name.into(),
        address: Some("192.0.2.1".into()),
        request_id: Some("r".into()),
    }
}

async fn write(db: &Db, name: &str, deed: Deed, at: Millis) -> AuditId {
    audit::record(&mut &*db, &actor(name), &deed, at)
        .await
        .unwrap()
}

pub(crate) async fn the_log_is_found_by_each_filter_and_pruned(place: Place) {
    let db = place.open().await;
    let at = |seconds| NOW + Duration::from_secs(seconds);
    let create = |key: &str| {
        Deed::new(Action::KeyCreate)
            .to(TargetKind::Key, key)
            .with("scope", "read")
    };
    let one = write(&db, "ann", create("k1"), at(1)).await;
    let two = write(&db, "bob", create("k2"), at(2)).await;
    let three = write(
        &db,
        "ann",
        Deed::new(Action::KeyRevoke).to(TargetKind::Key, "k1"),
        at(3),
    )
    .await;
    let four = write(&db, "ann", Deed::new(Action::Pause), at(4)).await;
    let find = async |filter: Filter, before, limit| {
        let found = audit::list(&mut &db, &filter, before, limit).await.unwrap();
        found.into_iter().map(|entry| entry.id).collect::<Vec<_>>()
    };
    let any = Filter::default();
    assert_eq!(find(any.clone(), None, 9).await, [four, three, two, one]);
    assert_eq!(find(any.clone(), Some(four), 2).await, [three, two]);
    let actions = |actions: &[Action]| Filter {
        actions: actions.to_vec(),
        ..Filter::default()
    };
    let ann = Filter {
        actor: Some("ann".into()),
        ..Filter::default()
    };
    let k1 = Filter {
        target: Some("k1".into()),
        ..Filter::default()
    };
    let (created, made_or_paused) = (
        actions(&[Action::KeyCreate]),
        actions(&[Action::KeyCreate, Action::Pause, Action::Import]),
    );
    for (filter, expected) in [
        (created.clone(), vec![two, one]),
        (made_or_paused.clone(), vec![four, two, one]),
        (ann.clone(), vec![four, three, one]),
        (k1.clone(), vec![three, one]),
        (
            Filter {
                actor: ann.actor.clone(),
                ..made_or_paused.clone()
            },
            vec![four, one],
        ),
        (
            Filter {
                target: k1.target.clone(),
                target_kind: Some(TargetKind::Key),
                ..created.clone()
            },
            vec![one],
        ),
        (
            Filter {
                target_kind: Some(TargetKind::User),
                ..k1.clone()
            },
            vec![],
        ),
        (
            Filter {
                since: Some(at(2)),
                until: Some(at(4)),
                ..any.clone()
            },
            vec![three, two],
        ),
        (
            Filter {
                since: Some(at(2)),
                ..made_or_paused.clone()
            },
            vec![four, two],
        ),
    ] {
        assert_eq!(find(filter.clone(), None, 9).await, expected, "{filter:?}");
        let first: Vec<_> = expected.iter().take(1).copied().collect();
        assert_eq!(find(filter.clone(), None, 1).await, first, "{filter:?}");
        if let [first, rest @ ..] = expected.as_slice() {
            assert_eq!(
                find(filter.clone(), Some(*first), 9).await,
                rest,
                "{filter:?}"
            );
        }
    }
    let all = audit::list(&mut &db, &any, None, 9).await.unwrap();
    let entry = &all[3];
    assert_eq!(
        (entry.at, entry.actor.as_str(), entry.action.as_str()),
        (at(1), "ann", "key.create")
    );
    assert_eq!(
        (entry.target_kind.as_deref(), entry.target.as_deref()),
        (Some("key"), Some("k1"))
    );
    assert_eq!(entry.detail["scope"], "read");

    let prune = async |before, limit| audit::prune(&mut &db, before, limit).await.unwrap();
    assert_eq!(prune(at(1), 9).await, 0);
    assert_eq!(prune(at(4), 2).await, 2);
    assert_eq!(find(any.clone(), None, 9).await, [four, three]);
    assert_eq!(prune(at(4), 2).await, 1);
    assert_eq!(prune(at(4), 2).await, 0);
}

pub(crate) async fn the_log_is_found_by_its_indexes(place: Place) {
    let db = place.open().await;
    let mut tx = db.begin().await.unwrap();
    for number in 0..3000 {
        let (actor, deed) = (actor("ann"), Deed::new(Action::LogIn));
        let at = NOW + Duration::from_secs(number);
        audit::record(&mut tx, &actor, &deed, at).await.unwrap();
    }
    tx.commit().await.unwrap();
    write(
        &db,
        "rare",
        Deed::new(Action::Pause).to(TargetKind::Key, "rare"),
        NOW,
    )
    .await;
    let (explain, column, analyze) = match place.dialect {
        Dialect::Sqlite => ("EXPLAIN QUERY PLAN", "detail", "ANALYZE"),
        Dialect::MySql => ("EXPLAIN FORMAT=JSON", "EXPLAIN", "ANALYZE TABLE audit"),
        Dialect::Postgres => ("EXPLAIN", "QUERY PLAN", "ANALYZE"),
    };
    place.raw(analyze).await;
    // As audit.rs makes them.
    let (from, to) = (AuditId::earliest(Millis(0)), AuditId::last());
    let one = |lead: &str, value: &str| {
        format!(
            "SELECT id, at, actor_kind, actor, address, request_id, action, target_kind, target, detail FROM {{audit}} \
             WHERE id >= '{from}' AND id < '{to}' AND {lead} = '{value}' ORDER BY {lead} DESC, id DESC LIMIT 51"
        )
    };
    for (text, index) in [
        (one("action", "refreshing.pause"), "audit_action"),
        (one("actor", "rare"), "audit_actor"),
        (one("target", "rare"), "audit_target"),
        (
            format!(
                "SELECT * FROM ({}) AS part UNION ALL SELECT * FROM ({}) AS part ORDER BY id DESC LIMIT 51",
                one("action", "refreshing.pause"),
                one("action", "key.create")
            ),
            "audit_action",
        ),
    ] {
        let rows = (&mut &db).fetch_all(sql(format!("{explain} {text}"))).await;
        let plan: Vec<String> = rows
            .unwrap()
            .iter()
            .map(|row| row.text(column).unwrap())
            .collect();
        let plan = plan.join("\n");
        assert!(plan.contains(index), "{text}\n{plan}");
        let sorts = plan.contains("\"using_filesort\": true") && !text.contains("UNION");
        assert!(!sorts, "{text}\n{plan}");
    }
}
