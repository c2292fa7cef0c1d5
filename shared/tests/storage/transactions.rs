//! Transactions behave alike everywhere.

use std::time::Duration;

use rt_manage_shared::db::{
    Db, DbError, Dialect, Execute as _, Statement, Tx, coordination, sql, system,
};

use crate::{fixtures::NOW, support::Place};

fn insert(name: &str) -> Statement {
    sql("INSERT INTO {switches} (name, reason, set_at) VALUES (?, 'r', 1)").bind(name)
}

async fn names(db: &Db) -> Vec<String> {
    let switches = system::switches(&mut &*db).await.unwrap();
    switches.into_iter().map(|switch| switch.name).collect()
}

async fn tx_names(tx: &mut Tx) -> Vec<String> {
    let switches = system::switches(tx).await.unwrap();
    switches.into_iter().map(|switch| switch.name).collect()
}

pub(crate) async fn a_failed_statement_ends_its_transaction(place: Place) {
    let db = place.open().await;
    let mut tx = db.begin().await.unwrap();
    tx.execute(insert("a")).await.unwrap();
    assert!(matches!(
        tx.execute(insert("a")).await,
        Err(DbError::Duplicate)
    ));
    // PostgreSQL alone would say so by itself; the commit of such a transaction must not look like one.
    assert!(tx.execute(insert("b")).await.is_err());
    assert!(
        tx.fetch_all(sql("SELECT name FROM {switches}"))
            .await
            .is_err()
    );
    assert!(tx.commit().await.is_err());
    assert!(names(&db).await.is_empty());
    // The connection is of use again.
    let mut tx = db.begin().await.unwrap();
    tx.execute(insert("c")).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(names(&db).await, ["c"]);
}

pub(crate) async fn an_insert_that_finds_its_row_does_no_harm(place: Place) {
    let db = place.open().await;
    let mut tx = db.begin().await.unwrap();
    assert!(tx.insert_if_absent(insert("a")).await.unwrap());
    assert!(!tx.insert_if_absent(insert("a")).await.unwrap());
    // What builds on it.
    system::switch_on(&mut tx, "a", "again", NOW).await.unwrap();
    tx.execute(insert("b")).await.unwrap();
    tx.commit().await.unwrap();
    assert!(!(&mut &db).insert_if_absent(insert("b")).await.unwrap());
    assert!((&mut &db).insert_if_absent(insert("c")).await.unwrap());
    assert_eq!(names(&db).await, ["a", "b", "c"]);
}

pub(crate) async fn what_others_commit_is_seen_at_once(place: Place) {
    let db = place.open().await;
    let mut tx = db.begin().await.unwrap();
    assert!(tx_names(&mut tx).await.is_empty());
    if place.dialect == Dialect::Sqlite {
        // Only one writes at a time, so nobody else can.
        assert!(place.write_lock_is_taken().await);
        return;
    }
    (&mut &db).execute(insert("a")).await.unwrap();
    assert_eq!(tx_names(&mut tx).await, ["a"], "READ COMMITTED");
}

pub(crate) async fn transactions_take_turns(place: Place) {
    let db = place.open().await;
    let turn = coordination::TOKEN_ADMISSION;
    // The first turn ever, and one like all the others.
    for round in 0..2 {
        let mut tx = db.begin().await.unwrap();
        coordination::take_turn(&mut tx, turn).await.unwrap();
        let other = db.clone();
        let waiting = tokio::spawn(async move {
            let mut tx = other.begin().await.unwrap();
            coordination::take_turn(&mut tx, turn).await.unwrap();
            let seen = tx_names(&mut tx).await.len();
            tx.commit().await.unwrap();
            seen
        });
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert!(!waiting.is_finished());
        tx.execute(insert(&format!("{round}"))).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(waiting.await.unwrap(), round + 1);
    }
}

pub(crate) async fn a_transaction_that_is_dropped_leaves_nothing(place: Place) {
    let db = place.open_narrow().await;
    let mut tx = db.begin().await.unwrap();
    tx.execute(insert("a")).await.unwrap();
    drop(tx);
    assert!(names(&db).await.is_empty());
    (&mut &db).execute(insert("a")).await.unwrap();
}
