//! The tables by which processes know of one another, and those of the installation itself.

use std::time::Duration;

use rt_manage_shared::{
    clock::Millis,
    db::{
        admins,
        coordination::{self, EgressHold, Lease, WorkerInfo},
        system::{self, RegisteredKey},
    },
    id::BootId,
};

use crate::{fixtures::NOW, support::Place};

pub(crate) async fn workers_leases_and_egresses(place: Place) {
    let db = place.open().await;
    let (id, rival) = (BootId::generate(), BootId::generate());
    assert!(
        !coordination::beat_worker(&mut &db, id, NOW, 1)
            .await
            .unwrap()
    );
    let info = WorkerInfo {
        boot_id: id,
        host: "h".into(),
        version: "v",
        started_at: NOW,
    };
    coordination::register_worker(&mut &db, &info)
        .await
        .unwrap();
    assert!(
        coordination::beat_worker(&mut &db, id, NOW, 1)
            .await
            .unwrap()
    );
    assert_eq!(
        coordination::live_workers(&mut &db, NOW).await.unwrap(),
        [id.to_string()]
    );
    coordination::stop_worker(&mut &db, id, NOW).await.unwrap();
    assert!(
        coordination::live_workers(&mut &db, NOW)
            .await
            .unwrap()
            .is_empty()
    );
    assert_eq!(
        coordination::forget_workers(&mut &db, NOW + Duration::from_secs(1))
            .await
            .unwrap(),
        1
    );

    assert_eq!(coordination::lease(&mut &db, "l").await.unwrap(), None);
    assert!(coordination::create_lease(&mut &db, "l", id).await.unwrap());
    assert!(
        !coordination::create_lease(&mut &db, "l", rival)
            .await
            .unwrap()
    );
    let seen = coordination::lease(&mut &db, "l").await.unwrap().unwrap();
    assert_eq!(
        seen,
        Lease {
            holder: id.to_string(),
            beat: 1
        }
    );
    assert!(
        coordination::renew_lease(&mut &db, "l", &seen, rival)
            .await
            .unwrap()
    );
    assert!(
        !coordination::renew_lease(&mut &db, "l", &seen, id)
            .await
            .unwrap()
    );

    let hold = |until: i64, reason: &str| EgressHold {
        egress: "direct".into(),
        label: "direct".into(),
        hold_until: Millis(until),
        reason: reason.into(),
    };
    coordination::hold_egress(&mut &db, &hold(NOW.0 + 10, coordination::CIRCUIT_OPEN))
        .await
        .unwrap();
    coordination::hold_egress(&mut &db, &hold(NOW.0 + 5, coordination::RETRY_AFTER))
        .await
        .unwrap();
    let held = coordination::held_egresses(&mut &db, NOW).await.unwrap();
    assert_eq!(
        (held.len(), held[0].hold_until.0),
        (1, NOW.0 + 10),
        "a shorter hold does not shorten a longer one"
    );
    assert!(
        coordination::held_egresses(&mut &db, NOW + Duration::from_millis(10))
            .await
            .unwrap()
            .is_empty()
    );
    assert!(
        coordination::close_circuit(&mut &db, "direct")
            .await
            .unwrap()
    );
    coordination::hold_egress(&mut &db, &hold(NOW.0 + 10, coordination::RETRY_AFTER))
        .await
        .unwrap();
    assert!(
        !coordination::close_circuit(&mut &db, "direct")
            .await
            .unwrap(),
        "a Retry-After stays in force"
    );
}

pub(crate) async fn the_installations_own_rows(place: Place) {
    let db = place.open().await;
    system::switch_on(&mut &db, system::PAUSED, "first", NOW)
        .await
        .unwrap();
    system::switch_on(&mut &db, system::PAUSED, "second", NOW)
        .await
        .unwrap();
    assert_eq!(system::switches(&mut &db).await.unwrap()[0].reason, "first");
    assert!(system::switch_off(&mut &db, system::PAUSED).await.unwrap());
    assert!(!system::switch_off(&mut &db, system::PAUSED).await.unwrap());
    assert!(
        system::create_secret(&mut &db, "s", b"1".to_vec())
            .await
            .unwrap()
    );
    assert!(
        !system::create_secret(&mut &db, "s", b"2".to_vec())
            .await
            .unwrap()
    );
    assert_eq!(
        system::secret(&mut &db, "s").await.unwrap(),
        Some(b"1".to_vec())
    );
    let key = RegisteredKey {
        key_id: "k1".into(),
        check_value: b"c".to_vec(),
    };
    assert!(system::register_key(&mut &db, &key, NOW).await.unwrap());
    assert!(!system::register_key(&mut &db, &key, NOW).await.unwrap());
    assert_eq!(system::keys(&mut &db).await.unwrap().len(), 1);
    assert!(admins::read(&mut &db, "admin").await.unwrap().is_none());
    for epoch in 1..=2 {
        admins::set_password(&mut &db, "admin", "hash", NOW)
            .await
            .unwrap();
        assert_eq!(
            admins::read(&mut &db, "admin")
                .await
                .unwrap()
                .unwrap()
                .epoch,
            epoch
        );
    }
}
