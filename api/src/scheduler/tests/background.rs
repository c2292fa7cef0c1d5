//! What the leader does beside its rounds, and egresses that are paused.

use std::time::Duration;

use rt_manage_shared::{
    clock::Millis,
    db::{
        attempts::{self, Ending},
        coordination::EgressHold,
        credentials, egress_pauses, grants, retention, snapshots,
    },
    model::{
        attempt::{Line, OutcomeKind},
        credential::DEFAULT_EGRESS,
    },
};

use super::bench::{Bench, PROXY};
use crate::{
    scheduler::retention::{Limits, remove_old},
    stats::CENSUS,
};

fn paused(egress: &str) -> EgressHold {
    EgressHold {
        egress: egress.into(),
        label: egress.into(),
        hold_until: Millis(i64::MAX),
        reason: egress_pauses::PAUSED.into(),
    }
}

#[tokio::test]
async fn what_is_due_through_a_paused_egress_is_put_off_and_takes_nobodys_turn() {
    // One a second, and the paused ones stand first.
    let mut bench = Bench::paced(100, 1).await;
    let mut first = Vec::new();
    for _ in 0..300 {
        first.push(bench.credential(PROXY).await.credential);
    }
    bench.wait(1);
    bench.credential(DEFAULT_EGRESS).await;
    bench
        .scheduler
        .request_due(bench.now, &[paused(PROXY)])
        .await
        .unwrap();
    assert_eq!(bench.waiting(Line::Schedule).await.len(), 1);
    let put_off = grants::read(&mut &bench.db, &first).await.unwrap();
    let soon = bench.now + Duration::from_mins(10);
    for record in put_off {
        let next = record.grant.next_refresh_at.unwrap();
        assert!(next > bench.now && next <= soon, "{next:?}");
    }
    assert!(
        grants::due(&mut &bench.db, bench.now, 10)
            .await
            .unwrap()
            .is_empty()
    );
    // It goes on: within ten minutes they are due again.
    bench.wait(600);
    bench.scheduler.request_due(bench.now, &[]).await.unwrap();
    assert_eq!(bench.waiting(Line::Schedule).await.len(), 2);
}

#[tokio::test]
async fn what_waits_for_a_paused_egress_is_not_pushed() {
    let mut bench = Bench::new(10).await;
    bench.attempts(Line::Interactive, PROXY, 3).await;
    bench.attempts(Line::Interactive, DEFAULT_EGRESS, 3).await;
    bench.dispatch(&[paused(PROXY)]).await;
    assert_eq!(bench.pushed_now(Line::Interactive).await, 3);
    bench.wait(1);
    bench.dispatch(&[]).await;
    assert_eq!(bench.pushed_now(Line::Interactive).await, 3);
}

#[tokio::test]
async fn the_leader_counts_at_once_and_not_in_each_round() {
    let mut bench = Bench::new(10).await;
    bench.credential(DEFAULT_EGRESS).await;
    let counted = async |bench: &Bench| snapshots::read(&mut &bench.db, CENSUS).await.unwrap();
    bench.scheduler.tick().await.unwrap();
    let first = loop {
        if let Some(first) = counted(&bench).await {
            break first;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    };
    assert!(first.value.contains("\"total\":1"), "{}", first.value);
    for _ in 0..3 {
        bench.scheduler.tick().await.unwrap();
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(counted(&bench).await, Some(first));
}

#[tokio::test]
async fn what_is_old_goes_and_what_is_needed_stays() {
    let bench = Bench::new(10).await;
    let ids = bench.attempts(Line::Schedule, DEFAULT_EGRESS, 2).await;
    let ending = Ending {
        outcome: OutcomeKind::Rotated,
        code: None,
        detail: None,
        http_status: None,
        duration_ms: None,
        finished_at: bench.now,
    };
    attempts::finish(&mut &bench.db, ids[0], &ending)
        .await
        .unwrap();
    let deleted = bench.credential(DEFAULT_EGRESS).await.credential;
    credentials::bury(&mut &bench.db, deleted, bench.now)
        .await
        .unwrap();
    let limits = Limits::new(&rt_manage_shared::config::Config::default());
    let days = |days: u32| bench.now + Duration::from_hours(24) * days + Duration::from_mins(1);
    let left = async || {
        let attempts = attempts::read(&mut &bench.db, &ids).await.unwrap().len();
        let grant = grants::read_one(&mut &bench.db, deleted).await.unwrap();
        (attempts, grant.is_some())
    };
    for (day, wanted) in [
        (6, (2, true)),
        (7, (2, false)),
        (89, (2, false)),
        (90, (1, false)),
    ] {
        remove_old(&bench.db, &limits, days(day), Duration::ZERO)
            .await
            .unwrap();
        assert_eq!(left().await, wanted, "day {day}");
    }
    assert!(retention::horizon(&mut &bench.db).await.unwrap().unwrap() > ids[0]);
}
