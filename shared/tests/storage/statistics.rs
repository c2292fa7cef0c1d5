//! What a dashboard and the live view show.

use std::{sync::Arc, time::Duration};

use rt_manage_shared::{
    clock::Millis,
    db::{
        Db, Execute as _,
        attempts::{self, NewAttempt},
        coordination::{self, EgressHold, Pulse, WorkerInfo},
        credentials::{self, Identity, Profile},
        egress_pauses::{self, EgressPause, Way},
        grants, repeat_while_busy,
        snapshots::{self, Snapshot},
        sql,
        statistics::{self, Census},
    },
    id::{AttemptId, BootId, CredentialId},
    model::{
        attempt::{Cause, Lane, OutcomeKind},
        grant::{Grant, StateName},
        tally::{Hour, Tallies},
    },
};
use tokio::sync::Barrier;

use crate::{
    fixtures::{NOW, add, attempt_of, context, ending, fp, policy, profile},
    support::Place,
};

const HOUR: Duration = Duration::from_hours(1);

fn some(at: Millis) -> Tallies {
    let mut tallies = Tallies::default();
    for code in ["a", "b", "é"] {
        tallies.note(at, OutcomeKind::Transient, Some(code), Some(7));
    }
    tallies.note(at, OutcomeKind::Rotated, None, Some(1));
    tallies
}

async fn write(db: &Db, tallies: &Tallies) {
    let work = || async {
        let mut tx = db.begin().await?;
        statistics::add(&mut tx, tallies).await?;
        tx.commit().await
    };
    repeat_while_busy(work).await.unwrap();
}

pub(crate) async fn endings_are_added_up_by_the_hour(place: Place) {
    let db = place.open().await;
    write(&db, &some(NOW - HOUR)).await;
    // Several workers at the same moment, whose rows are not there yet.
    let begin = Arc::new(Barrier::new(4));
    let mut writers = Vec::new();
    for _ in 0..4 {
        let (db, begin) = (db.clone(), Arc::clone(&begin));
        writers.push(tokio::spawn(async move {
            begin.wait().await;
            for _ in 0..5 {
                write(&db, &some(NOW)).await;
            }
        }));
    }
    for writer in writers {
        writer.await.unwrap();
    }
    let mut wanted = Tallies::default();
    for _ in 0..20 {
        wanted.merge(some(NOW));
    }
    let since = async |at: Millis| statistics::since(&mut &db, Hour::of(at)).await.unwrap();
    assert_eq!(since(NOW).await, wanted);
    wanted.merge(some(NOW - HOUR));
    assert_eq!(since(NOW - HOUR).await, wanted);
    // Old ones go, a batch at a time.
    let prune = async |before, limit| statistics::prune(&mut &db, before, limit).await.unwrap();
    let this = Hour::of(NOW).starts_at();
    assert_eq!(prune(this, 3).await, 3);
    assert_eq!(prune(this, 3).await, 1);
    assert_eq!(prune(this, 3).await, 0);
    assert_eq!(since(NOW - HOUR).await.iter().count(), 4);
}

/// A credential as it is to be counted.
async fn one(
    db: &Db,
    state: &str,
    enabled: bool,
    next: Option<Millis>,
    ends: Option<Millis>,
) -> CredentialId {
    let (id, policy) = (CredentialId::generate(), policy());
    let name = id.to_string();
    let profile = Profile {
        enabled,
        ..profile(&name)
    };
    let mut grant = Grant::new(id, fp(&name), None, &context(&policy));
    grant.next_refresh_at = next;
    grant.at_expires_at = ends;
    let mut tx = db.begin().await.unwrap();
    credentials::insert(&mut tx, id, &profile, &Identity::default(), NOW)
        .await
        .unwrap();
    grants::insert(&mut tx, &grant, b"sealed".to_vec(), None)
        .await
        .unwrap();
    let state = sql("UPDATE {grants} SET state = ? WHERE credential_id = ?")
        .bind(state)
        .bind(id);
    tx.execute(state).await.unwrap();
    tx.commit().await.unwrap();
    id
}

pub(crate) async fn all_credentials_are_counted(place: Place) {
    let db = place.open().await;
    let empty = statistics::census(&mut &db, NOW, true).await.unwrap();
    assert_eq!((empty.total, empty.states.len()), (0, 6));
    let minutes = |minutes: u64| Some(NOW + Duration::from_mins(minutes));
    // Refreshed in time: due, and not forecast.
    one(&db, "idle", true, minutes(5), minutes(50)).await;
    one(&db, "idle", true, Some(NOW - HOUR), minutes(600)).await;
    one(&db, "idle", true, minutes(1500), minutes(6000)).await;
    one(&db, "queued", true, None, minutes(10)).await;
    // Not in time, or not at all.
    one(&db, "idle", true, minutes(70), minutes(30)).await;
    one(&db, "dead", true, None, minutes(30)).await;
    one(&db, "in_doubt", true, minutes(20), minutes(90)).await;
    one(&db, "held", true, None, minutes(1439)).await;
    one(&db, "idle", false, None, minutes(45)).await;
    // Over, later, or without an access token.
    one(&db, "dead", true, None, Some(NOW)).await;
    one(&db, "dead", true, None, minutes(1441)).await;
    one(&db, "dead", true, None, None).await;
    let deleted = one(&db, "dead", true, minutes(1), minutes(1)).await;
    credentials::bury(&mut &db, deleted, NOW).await.unwrap();

    let census = statistics::census(&mut &db, NOW, true).await.unwrap();
    let wanted = Census {
        total: 12,
        enabled: 11,
        states: vec![
            (StateName::Idle, 5),
            (StateName::Queued, 1),
            (StateName::Refreshing, 0),
            (StateName::InDoubt, 1),
            (StateName::Held, 1),
            (StateName::Dead, 4),
        ],
        due_hour: 3,
        due_day: 4,
        expiring_hour: 3,
        expiring_day: 5,
    };
    assert_eq!(census, wanted);
    // Nothing is refreshed by itself.
    let manual = statistics::census(&mut &db, NOW, false).await.unwrap();
    assert_eq!((manual.expiring_hour, manual.expiring_day), (4, 7));
}

pub(crate) async fn the_newest_snapshot_stays(place: Place) {
    let db = place.open().await;
    let read = async |name: &str| snapshots::read(&mut &db, name).await.unwrap();
    assert_eq!(read("a").await, None);
    let at = |value: &str, taken_at: i64| Snapshot {
        value: value.into(),
        taken_at: Millis(taken_at),
    };
    for (value, taken_at, wanted) in [
        ("first", 5, "first"),
        ("older", 4, "first"),
        ("same", 5, "same"),
        ("newer", 6, "newer"),
    ] {
        let one = at(value, taken_at);
        snapshots::write(&mut &db, "a", &one).await.unwrap();
        assert_eq!(read("a").await.unwrap().value, wanted);
    }
    assert_eq!(read("b").await, None);
}

pub(crate) async fn egresses_are_listed_and_paused(place: Place) {
    let db = place.open().await;
    assert_eq!(egress_pauses::in_use(&mut &db, 10).await.unwrap(), []);
    for (biz_id, egress) in [("a", "default"), ("b", "p1"), ("c", "p1"), ("d", "p2")] {
        let id = CredentialId::generate();
        let profile = Profile {
            egress: egress.into(),
            egress_label: format!("label of {egress}"),
            ..profile(biz_id)
        };
        credentials::insert(&mut &db, id, &profile, &Identity::default(), NOW)
            .await
            .unwrap();
    }
    let way = |egress: &str| Way {
        egress: egress.into(),
        label: format!("label of {egress}"),
    };
    let in_use = async |limit| egress_pauses::in_use(&mut &db, limit).await.unwrap();
    assert_eq!(in_use(10).await, [way("default"), way("p1"), way("p2")]);
    assert_eq!(in_use(2).await, [way("default"), way("p1")]);
    let label = async |egress: &str| egress_pauses::label_of(&mut &db, egress).await.unwrap();
    assert_eq!(label("p2").await.as_deref(), Some("label of p2"));
    assert_eq!(label("p3").await, None);

    let pause = |reason: &str| EgressPause {
        egress: "p1".into(),
        label: "label".into(),
        reason: reason.into(),
        since: NOW,
    };
    assert!(
        egress_pauses::pause(&mut &db, &pause("first"))
            .await
            .unwrap()
    );
    assert!(
        !egress_pauses::pause(&mut &db, &pause("second"))
            .await
            .unwrap()
    );
    assert_eq!(
        egress_pauses::all(&mut &db).await.unwrap(),
        [pause("first")]
    );
    // What calls meet comes and goes beside it.
    for egress in ["p1", "p2"] {
        let hold = EgressHold {
            egress: egress.into(),
            label: "label".into(),
            hold_until: NOW,
            reason: coordination::CIRCUIT_OPEN.into(),
        };
        coordination::hold_egress(&mut &db, &hold).await.unwrap();
    }
    let obstacles = egress_pauses::obstacles(&mut &db).await.unwrap();
    let mut told: Vec<_> = obstacles
        .iter()
        .map(|hold| (hold.egress.as_str(), hold.reason.as_str()))
        .collect();
    told.sort_unstable();
    assert_eq!(told, [("p1", "paused"), ("p2", "circuit_open")]);
    coordination::close_circuit(&mut &db, "p1").await.unwrap();
    coordination::forget_egresses(&mut &db, NOW + HOUR)
        .await
        .unwrap();
    assert_eq!(egress_pauses::all(&mut &db).await.unwrap().len(), 1);
    assert!(egress_pauses::resume(&mut &db, "p1").await.unwrap());
    assert!(!egress_pauses::resume(&mut &db, "p1").await.unwrap());
    assert_eq!(egress_pauses::obstacles(&mut &db).await.unwrap(), []);
}

pub(crate) async fn open_attempts_come_in_pages(place: Place) {
    let db = place.open().await;
    let grant = add(&db, "a").await;
    let mut ids = Vec::new();
    for (number, (lane, cause)) in [
        (Lane::Bulk, Cause::Schedule),
        (Lane::Interactive, Cause::Admin),
        (Lane::Bulk, Cause::Job),
        (Lane::Bulk, Cause::Schedule),
        (Lane::Interactive, Cause::PublicApi),
    ]
    .into_iter()
    .enumerate()
    {
        let id = AttemptId::earliest(NOW + Duration::from_secs(number.try_into().unwrap()));
        let new = NewAttempt {
            lane,
            cause,
            ..attempt_of(&grant, id)
        };
        attempts::insert(&mut &db, &new).await.unwrap();
        ids.push(id);
    }
    let worker = BootId::generate();
    attempts::claimed(&mut &db, ids[1], worker, NOW)
        .await
        .unwrap();
    attempts::finish(&mut &db, ids[2], &ending(OutcomeKind::Rotated))
        .await
        .unwrap();
    let open = async |before, limit| {
        let found = attempts::open(&mut &db, before, limit).await.unwrap();
        found.iter().map(|one| one.attempt.id).collect::<Vec<_>>()
    };
    assert_eq!(open(None, 10).await, [ids[4], ids[3], ids[1], ids[0]]);
    assert_eq!(open(None, 2).await, [ids[4], ids[3]]);
    assert_eq!(open(Some(ids[3]), 2).await, [ids[1], ids[0]]);
    assert_eq!(open(Some(ids[0]), 2).await, []);
    let shown = attempts::open(&mut &db, Some(ids[3]), 1).await.unwrap();
    let one = &shown[0];
    assert_eq!(one.biz_id.as_deref(), Some("a"));
    assert_eq!((one.cause, one.claimed_at), (Cause::Admin, Some(NOW)));
    assert_eq!(one.attempt.worker, Some(worker));
    credentials::bury(&mut &db, grant.credential, NOW)
        .await
        .unwrap();
    let shown = attempts::open(&mut &db, None, 1).await.unwrap();
    assert_eq!(shown[0].biz_id, None);
}

pub(crate) async fn workers_are_known_for_a_while(place: Place) {
    let db = place.open().await;
    let mut ids = Vec::new();
    for number in 0..3 {
        let id = BootId::generate();
        let info = WorkerInfo {
            boot_id: id.to_string(),
            host: "h".into(),
            version: "v".into(),
            started_at: NOW + Duration::from_secs(number),
            lanes: "bulk".into(),
        };
        coordination::register_worker(&mut &db, &info)
            .await
            .unwrap();
        ids.push(id);
    }
    let later = NOW + HOUR;
    let beat = coordination::beat_worker(&mut &db, ids[0], later, &Pulse::default()).await;
    assert!(beat.unwrap());
    coordination::stop_worker(&mut &db, ids[1], NOW + Duration::from_mins(1))
        .await
        .unwrap();
    let known = coordination::known_workers(&mut &db, 10).await.unwrap();
    let told: Vec<_> = known
        .iter()
        .map(|one| (one.last.info.boot_id.clone(), one.stopped_at.is_some()))
        .collect();
    let wanted = [(0, false), (1, true), (2, false)];
    assert_eq!(
        told,
        wanted.map(|(number, stopped)| (ids[number].to_string(), stopped))
    );
    assert_eq!(
        coordination::known_workers(&mut &db, 1)
            .await
            .unwrap()
            .len(),
        1
    );
}
