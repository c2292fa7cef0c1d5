//! The tables by which processes know of one another, and those of the installation itself.

use std::{sync::Arc, time::Duration};

use rt_manage_shared::{
    clock::Millis,
    db::{
        Db,
        coordination::{self, EgressHold, Lease, LiveWorker, Pulse, WorkerInfo},
        halt::{self, Halt},
        system::{self, RegisteredKey},
        users,
    },
    id::BootId,
    model::role::Role,
};
use tokio::sync::Barrier;

use crate::{fixtures::NOW, support::Place};

/// A halt may be lifted when every living worker has replayed its journals for it, and no call from before can be under way.
async fn a_halt_settles(db: &Db, worker: BootId, beat: Millis) {
    let (heartbeat, abandon) = (Duration::from_secs(5), Duration::from_secs(8));
    let look = async |now: Millis| {
        let halt = halt::halt(&mut &*db, now, heartbeat, abandon).await;
        halt.unwrap()
    };
    let unsettled = |workers: &[BootId], seconds: u64| Halt::Unsettled {
        workers: workers.iter().map(ToString::to_string).collect(),
        calls_for: Duration::from_secs(seconds),
    };
    assert_eq!(look(beat).await, Halt::Off);
    system::switch_on(&mut &*db, system::HALTED, "r", beat)
        .await
        .unwrap();
    assert_eq!(look(beat).await, unsettled(&[worker], 8));
    let later = beat + abandon;
    assert_eq!(look(later).await, unsettled(&[worker], 0));
    // For another halt.
    coordination::halt_replayed(&mut &*db, worker, beat - abandon)
        .await
        .unwrap();
    assert_eq!(look(later).await, unsettled(&[worker], 0));
    coordination::halt_replayed(&mut &*db, worker, beat)
        .await
        .unwrap();
    assert_eq!(look(beat).await, unsettled(&[], 8));
    assert_eq!(look(later).await, Halt::Settled);
    system::switch_off(&mut &*db, system::HALTED).await.unwrap();
}

pub(crate) async fn workers_leases_and_egresses(place: Place) {
    let db = place.open().await;
    let (id, rival) = (BootId::generate(), BootId::generate());
    assert!(
        !coordination::beat_worker(&mut &db, id, NOW, &Pulse::default())
            .await
            .unwrap()
    );
    let info = WorkerInfo {
        boot_id: id.to_string(),
        host: "h".into(),
        version: "v".into(),
        started_at: NOW,
        lanes: "interactive,bulk".into(),
    };
    coordination::register_worker(&mut &db, &info)
        .await
        .unwrap();
    assert!(
        coordination::beat_worker(&mut &db, id, NOW, &Pulse::default())
            .await
            .unwrap()
    );
    let beat = NOW + Duration::from_secs(5);
    // Longer than the columns are wide.
    let pulse = Pulse {
        in_flight: 7,
        not_claiming: Some("é".repeat(300)),
        journal_failure: Some("no space".into()),
        journal_damage: 2,
        journal_unreadable: 3,
    };
    assert!(
        coordination::beat_worker(&mut &db, id, beat, &pulse)
            .await
            .unwrap()
    );
    let live = LiveWorker {
        info,
        heartbeat_at: beat,
        pulse: Pulse {
            not_claiming: Some("é".repeat(255)),
            ..pulse
        },
        replayed_halt: None,
    };
    assert_eq!(
        coordination::live_workers(&mut &db, beat).await.unwrap(),
        [live]
    );
    a_halt_settles(&db, id, beat).await;
    let later = beat + Duration::from_secs(15);
    for (now, alive) in [(later, 1), (later + Duration::from_millis(1), 0)] {
        let since = coordination::alive_since(now, Duration::from_secs(5));
        let live = coordination::live_workers(&mut &db, since).await.unwrap();
        assert_eq!(live.len(), alive, "three heartbeats may be missing");
    }
    coordination::stop_worker(&mut &db, id, NOW).await.unwrap();
    assert!(
        coordination::live_workers(&mut &db, NOW)
            .await
            .unwrap()
            .is_empty()
    );
    assert_eq!(
        coordination::forget_workers(&mut &db, beat + Duration::from_secs(1))
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

    // Given up, it still is a row: whoever comes next finds it free.
    let seen = coordination::lease(&mut &db, "l").await.unwrap().unwrap();
    coordination::release_lease(&mut &db, "l", &seen)
        .await
        .unwrap();
    let free = Lease {
        holder: String::new(),
        beat: 3,
    };
    let found = coordination::lease(&mut &db, "l").await.unwrap();
    assert_eq!(found, Some(free.clone()));
    // Too late: somebody else has it.
    assert!(
        coordination::renew_lease(&mut &db, "l", &free, id)
            .await
            .unwrap()
    );
    coordination::release_lease(&mut &db, "l", &seen)
        .await
        .unwrap();
    let found = coordination::lease(&mut &db, "l").await.unwrap().unwrap();
    assert_eq!(found.holder, id.to_string());

    let put = async |until: i64, reason: &str| {
        coordination::hold_egress(&mut &db, &hold(until, reason))
            .await
            .unwrap();
    };
    put(10, coordination::CIRCUIT_OPEN).await;
    put(5, coordination::CIRCUIT_OPEN).await;
    let held = coordination::held_egresses(&mut &db, NOW).await.unwrap();
    assert_eq!(
        (held.len(), held[0].hold_until.0),
        (1, NOW.0 + 10),
        "a shorter hold does not shorten a longer one"
    );
    let over = NOW + Duration::from_millis(10);
    assert!(
        coordination::held_egresses(&mut &db, over)
            .await
            .unwrap()
            .is_empty()
    );
    assert_eq!(
        coordination::egress_holds(&mut &db).await.unwrap(),
        held,
        "what is over is known until somebody has tried"
    );
    assert!(
        coordination::close_circuit(&mut &db, "direct")
            .await
            .unwrap()
    );
    // Whichever comes first: an open circuit does not hide a Retry-After.
    for reasons in [
        [coordination::RETRY_AFTER, coordination::CIRCUIT_OPEN],
        [coordination::CIRCUIT_OPEN, coordination::RETRY_AFTER],
    ] {
        put(10, reasons[0]).await;
        put(20, reasons[1]).await;
        put(5, reasons[1]).await;
        assert!(
            !coordination::close_circuit(&mut &db, "direct")
                .await
                .unwrap(),
            "a Retry-After stays in force"
        );
        let seen = coordination::egress_holds(&mut &db).await.unwrap()[0].hold_until;
        assert_eq!(seen.0, NOW.0 + 20);
        // Once it is over and one worker tries, it is no more than that.
        let probe = hold(40, coordination::CIRCUIT_OPEN);
        assert!(
            coordination::begin_probe(&mut &db, &probe, Some(seen))
                .await
                .unwrap()
        );
        assert!(
            coordination::close_circuit(&mut &db, "direct")
                .await
                .unwrap()
        );
    }
    put(10, coordination::RETRY_AFTER).await;
    for forgotten in [0, 1] {
        let before = over + Duration::from_millis(forgotten);
        assert_eq!(
            coordination::forget_egresses(&mut &db, before)
                .await
                .unwrap(),
            forgotten
        );
    }
}

/// A hold of the direct way, this many milliseconds from now.
fn hold(until: i64, reason: &str) -> EgressHold {
    EgressHold {
        egress: "direct".into(),
        label: "direct".into(),
        hold_until: Millis(NOW.0 + until),
        reason: reason.into(),
    }
}

/// As claims do it: several workers find the wait over at the same moment, each in a transaction of its own.
pub(crate) async fn of_many_workers_one_tries_an_egress(place: Place) {
    let db = place.open().await;
    for round in 0..10_i64 {
        // First with no hold at all, then with one that is over.
        let seen = (round > 0).then_some(Millis(NOW.0 + round));
        let ready = Arc::new(Barrier::new(4));
        let mut rivals = Vec::new();
        for rival in 0..4 {
            let (db, ready) = (db.clone(), Arc::clone(&ready));
            rivals.push(tokio::spawn(async move {
                // All have seen the same before the first one writes.
                assert_eq!(
                    coordination::egress_holds(&mut &db)
                        .await
                        .unwrap()
                        .first()
                        .map(|hold| hold.hold_until),
                    seen
                );
                ready.wait().await;
                let mut tx = db.begin().await.unwrap();
                let probe = hold(round + 1, coordination::CIRCUIT_OPEN);
                let mine = coordination::begin_probe(&mut tx, &probe, seen)
                    .await
                    .unwrap();
                // One whose claim fails leaves the turn to the next.
                if mine && rival == 0 && round > 0 {
                    return 0;
                }
                tx.commit().await.unwrap();
                u32::from(mine)
            }));
        }
        let mut winners = 0;
        for rival in rivals {
            winners += rival.await.unwrap();
        }
        if winners == 0 {
            // The one that failed was the last to ask.
            let probe = hold(round + 1, coordination::CIRCUIT_OPEN);
            assert!(
                coordination::begin_probe(&mut &db, &probe, seen)
                    .await
                    .unwrap()
            );
            winners = 1;
        }
        assert_eq!(winners, 1, "round {round}");
    }
}

pub(crate) async fn holds_written_at_once_leave_the_longest(place: Place) {
    let db = place.open().await;
    for round in 0..10_i64 {
        let mut writers = Vec::new();
        for number in 0..4_i64 {
            let db = db.clone();
            let reason = if number == 1 {
                coordination::RETRY_AFTER
            } else {
                coordination::CIRCUIT_OPEN
            };
            let hold = hold(round * 4 + number, reason);
            writers.push(tokio::spawn(async move {
                coordination::hold_egress(&mut &db, &hold).await.unwrap();
            }));
        }
        for writer in writers {
            writer.await.unwrap();
        }
        let held = coordination::egress_holds(&mut &db).await.unwrap();
        assert_eq!(held.len(), 1);
        assert_eq!(held[0].hold_until.0, NOW.0 + round * 4 + 3);
    }
}

pub(crate) async fn the_installations_own_rows(place: Place) {
    let db = place.open().await;
    system::switch_on(&mut &db, system::PAUSED, "first", NOW)
        .await
        .unwrap();
    system::switch_on(&mut &db, system::PAUSED, "second", NOW)
        .await
        .unwrap();
    let on = &system::switches(&mut &db).await.unwrap()[0];
    assert_eq!((on.reason.as_str(), on.since), ("first", NOW));
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
        since: NOW,
    };
    assert!(system::register_key(&mut &db, &key).await.unwrap());
    assert!(!system::register_key(&mut &db, &key).await.unwrap());
    let keys = system::keys(&mut &db).await.unwrap();
    let known = keys.iter().map(|key| (key.key_id.as_str(), key.since));
    assert_eq!(known.collect::<Vec<_>>(), [("k1", NOW)]);
    assert!(users::read(&mut &db, "admin").await.unwrap().is_none());
    for epoch in 1..=2 {
        users::set_password(&mut &db, "admin", Role::Administrator, "hash", NOW)
            .await
            .unwrap();
        assert_eq!(
            users::read(&mut &db, "admin").await.unwrap().unwrap().epoch,
            epoch
        );
    }
}
