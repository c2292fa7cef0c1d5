//! Two replicas and one lease, with time as the test brings it.

use std::time::Duration;

use rt_manage_shared::{
    clock::BootInstant,
    db::{Db, Execute as _, coordination, sql},
    id::BootId,
};
use tempfile::TempDir;

use super::bench::open;
use crate::scheduler::leader::Leader;

struct Replicas {
    db: Db,
    first: Leader,
    second: Leader,
    now: BootInstant,
    _folder: TempDir,
}

impl Replicas {
    /// The first one leads, the second one watches.
    async fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let mut replicas = Self {
            db: open(&folder).await,
            first: Leader::new(BootId::generate(), false),
            second: Leader::new(BootId::generate(), false),
            now: BootInstant::now(),
            _folder: folder,
        };
        assert_eq!(replicas.lead().await, (true, false));
        replicas
    }

    fn wait(&mut self, seconds: u64) {
        self.now = self.now + Duration::from_secs(seconds);
    }

    async fn first(&mut self) -> bool {
        self.first.lead(&self.db, self.now).await.unwrap()
    }

    async fn second(&mut self) -> bool {
        self.second.lead(&self.db, self.now).await.unwrap()
    }

    async fn lead(&mut self) -> (bool, bool) {
        (self.first().await, self.second().await)
    }
}

#[tokio::test]
async fn as_long_as_the_leader_beats_nobody_else_leads() {
    let mut replicas = Replicas::new().await;
    for _ in 0..60 {
        replicas.wait(1);
        assert_eq!(replicas.lead().await, (true, false));
    }
}

#[tokio::test]
async fn a_frozen_leader_is_replaced_and_notices_before_it_does_anything() {
    let mut replicas = Replicas::new().await;
    for _ in 0..14 {
        replicas.wait(1);
        assert!(!replicas.second().await, "it may only be slow");
    }
    assert!(replicas.first.is_certain(replicas.now));
    replicas.wait(1);
    assert!(
        !replicas.first.is_certain(replicas.now),
        "not even within a round"
    );
    assert!(replicas.second().await);
    assert!(!replicas.first().await);
    // From now on it watches like everybody else.
    for _ in 0..30 {
        replicas.wait(1);
        assert_eq!(replicas.lead().await, (false, true));
    }
}

#[tokio::test]
async fn a_rival_that_was_frozen_itself_does_not_judge() {
    let mut replicas = Replicas::new().await;
    for _ in 0..10 {
        replicas.wait(5);
        assert!(replicas.first().await);
    }
    assert!(!replicas.second().await);
}

#[tokio::test]
async fn a_leader_that_ends_in_order_is_replaced_at_once() {
    let mut replicas = Replicas::new().await;
    replicas.wait(1);
    replicas.first.release(&replicas.db).await;
    assert!(replicas.second().await);
    // Giving up twice, or too late, takes nothing from its successor.
    replicas.first.release(&replicas.db).await;
    replicas.wait(6);
    assert!(replicas.second().await);
    replicas.second.release(&replicas.db).await;
    assert!(replicas.first().await);
}

#[tokio::test]
async fn of_several_that_want_it_one_gets_it() {
    let mut replicas = Replicas::new().await;
    let third = &mut Leader::new(BootId::generate(), false);
    assert!(!third.lead(&replicas.db, replicas.now).await.unwrap());
    replicas.first.release(&replicas.db).await;
    let now = replicas.now;
    let (second, third) = tokio::join!(
        replicas.second.lead(&replicas.db, now),
        third.lead(&replicas.db, now)
    );
    assert!(second.unwrap() != third.unwrap());
}

#[tokio::test]
async fn without_the_database_nobody_leads() {
    let mut replicas = Replicas::new().await;
    let rename = |from: &str, to: &str| sql(format!("ALTER TABLE {from} RENAME TO {to}"));
    let mut db = &replicas.db;
    db.execute(rename("leases", "away")).await.unwrap();
    replicas.wait(5);
    let now = replicas.now;
    assert!(replicas.first.lead(&replicas.db, now).await.is_err());
    assert!(replicas.second.lead(&replicas.db, now).await.is_err());
    replicas.wait(20);
    let mut db = &replicas.db;
    db.execute(rename("away", "leases")).await.unwrap();
    // What was watched before the outage proves nothing: the leader may have been unable to beat.
    assert!(!replicas.second().await);
    assert!(replicas.first().await);
}

#[tokio::test]
async fn a_doubtful_leader_asks_the_database() {
    let mut replicas = Replicas::new().await;
    let lease = coordination::lease(&mut &replicas.db, "scheduler")
        .await
        .unwrap()
        .unwrap();
    assert!(
        coordination::renew_lease(&mut &replicas.db, "scheduler", &lease, BootId::generate())
            .await
            .unwrap()
    );
    assert!(replicas.first().await, "within a beat it need not look");
    replicas.first.doubt();
    assert!(!replicas.first().await);
}

#[tokio::test]
async fn the_only_process_takes_the_lease_at_once() {
    let replicas = Replicas::new().await;
    let mut only = Leader::new(BootId::generate(), true);
    assert!(only.lead(&replicas.db, replicas.now).await.unwrap());
}
