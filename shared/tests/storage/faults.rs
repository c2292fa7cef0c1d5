//! Databases that go away, are full, or may not be written.

use rt_manage_shared::db::{Db, DbError, Dialect, Execute as _, credentials, sql, system};

use crate::{
    fixtures::{NOW, add},
    support::Place,
};

pub(crate) async fn reads_and_transactions_survive_cut_connections(place: Place) {
    let db = place.open().await;
    // Some connections that wait for work; all of them are cut.
    for round in 0..3 {
        let total = || async { credentials::total(&mut &db).await.unwrap() };
        assert_eq!(
            tokio::join!(total(), total(), total()),
            (round, round, round)
        );
        let made = db.connections_made();
        place.cut_connections(&db).await;
        assert_eq!(credentials::total(&mut &db).await.unwrap(), round);
        // Whoever has to look at the database anew after that can tell.
        let is_server = place.dialect != Dialect::Sqlite;
        assert_eq!(db.connections_made() > made, is_server);
        place.cut_connections(&db).await;
        add(&db, &format!("after cut {round}")).await;
    }
}

pub(crate) async fn a_write_through_a_cut_connection_is_reported(place: Place) {
    let db = place.open_narrow().await;
    let mut tx = db.begin().await.unwrap();
    system::switch_on(&mut tx, "a", "r", NOW).await.unwrap();
    if place.dialect == Dialect::Sqlite {
        drop(tx);
    } else {
        // The one connection is in use.
        let other = place.open_narrow().await;
        place.cut_connections(&other).await;
        let error = system::switch_on(&mut tx, "b", "r", NOW).await.unwrap_err();
        assert!(error.is_temporary(), "{error}");
        assert!(tx.commit().await.is_err());
    }
    assert!(system::switches(&mut &db).await.unwrap().is_empty());
    system::switch_on(&mut &db, "c", "r", NOW).await.unwrap();
}

pub(crate) async fn a_read_only_database_is_told_and_read(place: Place) {
    let db = place.open_narrow().await;
    system::switch_on(&mut &db, "a", "r", NOW).await.unwrap();
    // As a server does that was made a replica. The setting stays on the one connection that writes.
    let read_only = match place.dialect {
        Dialect::Sqlite => "PRAGMA query_only = 1",
        Dialect::MySql => "SET SESSION TRANSACTION READ ONLY",
        Dialect::Postgres => "SET default_transaction_read_only = on",
    };
    (&mut &db).execute(sql(read_only)).await.unwrap();
    let error = system::switch_on(&mut &db, "b", "r", NOW)
        .await
        .unwrap_err();
    assert!(
        matches!(error, DbError::NotWritable(_)) && error.is_temporary(),
        "{error}"
    );
    assert_eq!(system::switches(&mut &db).await.unwrap().len(), 1);
    // SQLite says so at the beginning, the others at the first write.
    let error = match db.begin().await {
        Ok(mut tx) => system::switch_off(&mut tx, "a").await.unwrap_err(),
        Err(error) => error,
    };
    assert!(matches!(error, DbError::NotWritable(_)), "{error}");
}

pub(crate) async fn a_full_disk_is_told(place: Place) {
    let db = place.open_narrow().await;
    match place.dialect {
        Dialect::Sqlite => {
            let limit = sql("PRAGMA max_page_count = 1");
            (&mut &db).fetch_all(limit.clone()).await.unwrap();
            // It belongs to the connection that writes.
            let mut tx = db.begin().await.unwrap();
            tx.fetch_all(limit).await.unwrap();
            tx.commit().await.unwrap();
        }
        _ => place.raw(&failing(place.dialect, "switches")).await,
    }
    let code = match place.dialect {
        Dialect::Sqlite => "x",
        Dialect::MySql => "1021",
        Dialect::Postgres => "53100",
    };
    let mut full = Ok(());
    for number in 0..1000 {
        // Long enough to need a page soon.
        let row = sql("INSERT INTO {switches} (name, reason, set_at) VALUES (?, ?, 1)")
            .bind(format!("{number}{}", "x".repeat(50)))
            .bind(code.repeat(if place.dialect == Dialect::Sqlite {
                4000
            } else {
                1
            }));
        full = (&mut &db).execute(row).await.map(|_| ());
        if full.is_err() {
            break;
        }
    }
    let error = full.unwrap_err();
    assert!(
        matches!(error, DbError::NotWritable(_)) && error.is_temporary(),
        "{error}"
    );
    assert_eq!(
        credentials::total(&mut &db).await.unwrap(),
        0,
        "reads go on"
    );
}

pub(crate) async fn a_transaction_that_the_database_has_ended_by_itself_harms_no_later_one(
    place: Place,
) {
    let db = place.open_narrow().await;
    for round in 0..3 {
        // As SQLite does where the disk is full in the middle of a transaction: it is undone, and the driver does not know.
        let mut tx = db.begin().await.unwrap();
        system::switch_on(&mut tx, "lost", "r", NOW).await.unwrap();
        tx.execute(sql("ROLLBACK")).await.unwrap();
        if round == 1 {
            let _ = tx.commit().await;
        } else {
            drop(tx);
        }
        let name = format!("kept {round}");
        let mut tx = db.begin().await.unwrap();
        system::switch_on(&mut tx, &name, "r", NOW).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(system::switches(&mut &db).await.unwrap().len(), round + 1);
    }
}

/// A trigger that fails an insert with the error code that stands in `reason`.
fn failing(dialect: Dialect, table: &str) -> String {
    if dialect == Dialect::MySql {
        format!(
            "CREATE TRIGGER failing BEFORE INSERT ON {table} FOR EACH ROW BEGIN \
             DECLARE number INT DEFAULT CAST(NEW.reason AS UNSIGNED); \
             SIGNAL SQLSTATE 'HY000' SET MYSQL_ERRNO = number, MESSAGE_TEXT = 'made up'; END"
        )
    } else {
        format!(
            "CREATE FUNCTION failing() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
             RAISE EXCEPTION 'made up' USING ERRCODE = NEW.reason; END $$; \
             CREATE TRIGGER failing BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION failing()"
        )
    }
}

pub(crate) async fn each_error_code_has_its_kind(place: Place) {
    let db = place.open().await;
    let codes: &[(&str, &str)] = match place.dialect {
        // Real ones only: see the other tests of this file, and of batches.
        Dialect::Sqlite => &[],
        Dialect::MySql => &[
            ("1205", "busy"),
            ("1213", "busy"),
            ("1062", "duplicate"),
            ("1114", "not writable"),
            ("1290", "not writable"),
            ("1836", "not writable"),
            ("1927", "unavailable"),
            ("1040", "unavailable"),
            ("1406", "other"),
        ],
        Dialect::Postgres => &[
            ("40001", "busy"),
            ("40P01", "busy"),
            ("55P03", "busy"),
            ("23505", "duplicate"),
            ("53100", "not writable"),
            ("25006", "not writable"),
            ("57P01", "unavailable"),
            ("08006", "unavailable"),
            ("53300", "unavailable"),
            ("22001", "other"),
        ],
    };
    if !codes.is_empty() {
        place.raw(&failing(place.dialect, "switches")).await;
    }
    for (code, wanted) in codes {
        let row =
            sql("INSERT INTO {switches} (name, reason, set_at) VALUES ('x', ?, 1)").bind(*code);
        let error = (&mut &db).execute(row).await.unwrap_err();
        let kind = match error {
            DbError::Busy(_) => "busy",
            DbError::Duplicate => "duplicate",
            DbError::NotWritable(_) => "not writable",
            DbError::Unavailable(_) => "unavailable",
            DbError::Other(_) => "other",
            other => panic!("{other}"),
        };
        assert_eq!(kind, *wanted, "{code}");
    }
}

pub(crate) async fn lost_tables_are_a_temporary_fault(place: Place) {
    // A failover to an empty server: what is to be written must wait for the right one, not be given up.
    let db = Db::open(&place.options()).await.unwrap();
    for error in [
        credentials::total(&mut &db).await.unwrap_err(),
        system::switch_on(&mut &db, "a", "r", NOW)
            .await
            .unwrap_err(),
    ] {
        assert!(matches!(error, DbError::Unavailable(_)), "{error}");
    }
    db.migrate().await.unwrap();
    assert_eq!(credentials::total(&mut &db).await.unwrap(), 0);
}
