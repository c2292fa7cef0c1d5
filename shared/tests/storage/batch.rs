//! Group commit.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use rt_manage_shared::db::{
    Db, DbError, Execute as _, Tx, batch::Batcher, batch::Work, sql, system,
};

use crate::{fixtures::NOW, support::Place};

/// Writes two rows in an order of its own.
struct Crossing {
    order: [&'static str; 2],
    applied: Arc<AtomicU32>,
}

impl Work for Crossing {
    type Item = i64;
    type Output = i64;

    async fn apply(&self, tx: &mut Tx, items: &[Arc<i64>]) -> Result<Vec<i64>, DbError> {
        self.applied.fetch_add(1, Ordering::Relaxed);
        for name in self.order {
            let raise = sql("UPDATE {leases} SET beat = beat + ? WHERE name = ?")
                .bind(i64::try_from(items.len()).unwrap())
                .bind(name);
            assert_eq!(tx.execute(raise).await?, 1);
            // Long enough for the other one to hold its first row, too.
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        Ok(items.iter().map(|item| **item).collect())
    }
}

pub(crate) async fn dead_locks_are_repeated(place: Place) {
    let db = place.open().await;
    for name in ["a", "b"] {
        let row = sql("INSERT INTO {leases} (name, holder, beat) VALUES (?, 'h', 0)").bind(name);
        (&mut &db).execute(row).await.unwrap();
    }
    let applied = Arc::new(AtomicU32::new(0));
    let start = |db: Db, order| {
        let work = Crossing {
            order,
            applied: Arc::clone(&applied),
        };
        Batcher::start(db, work)
    };
    // Of another process, as far as the database can tell.
    let other = Db::open(&place.options()).await.unwrap();
    let (one, two) = (start(db.clone(), ["a", "b"]), start(other, ["b", "a"]));
    for round in 0..5 {
        let (first, second) =
            tokio::join!(one.submit(Arc::new(round)), two.submit(Arc::new(round)));
        assert_eq!((first.unwrap(), second.unwrap()), (round, round));
    }
    for name in ["a", "b"] {
        let row = (&mut &db)
            .fetch_optional(sql("SELECT beat FROM {leases} WHERE name = ?").bind(name))
            .await
            .unwrap();
        assert_eq!(row.unwrap().int("beat").unwrap(), 10, "each once");
    }
    if db.kind() != "sqlite" {
        assert!(
            applied.load(Ordering::Relaxed) > 10,
            "there was a dead-lock"
        );
    }
}

/// Adds a switch; two of the same name cannot be.
struct Adding;

impl Work for Adding {
    type Item = &'static str;
    type Output = ();

    async fn apply(&self, tx: &mut Tx, items: &[Arc<&'static str>]) -> Result<Vec<()>, DbError> {
        for item in items {
            let row = sql("INSERT INTO {switches} (name, reason, set_at) VALUES (?, '', ?)")
                .bind(**item)
                .bind(NOW);
            tx.execute(row).await?;
        }
        Ok(vec![(); items.len()])
    }
}

pub(crate) async fn one_bad_item_harms_no_other(place: Place) {
    let db = place.open().await;
    let batcher = Batcher::start(db.clone(), Adding);
    // The first one occupies the writer, so that the others wait for one another.
    let (a, b, c, bad) = tokio::join!(
        batcher.submit(Arc::new("a")),
        batcher.submit(Arc::new("b")),
        batcher.submit(Arc::new("c")),
        batcher.submit(Arc::new("b")),
    );
    a.unwrap();
    b.unwrap();
    c.unwrap();
    assert!(matches!(bad, Err(DbError::Duplicate)));
    assert_eq!(system::switches(&mut &db).await.unwrap().len(), 3);
}
