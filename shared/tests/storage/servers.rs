//! Opening databases: what is refused and why, and how connections are made and kept.

use std::path::PathBuf;

use rt_manage_shared::{
    config::DatabaseTls,
    db::{Db, DbError, DbOptions, Dialect, Execute as _, credentials, sql},
    vault::Secret,
};

use crate::support::Place;

async fn refused(options: DbOptions, keys: &str) {
    let error = Db::open(&options).await.unwrap_err();
    assert!(
        matches!(error, DbError::Configuration(_)) && error.to_string().starts_with(keys),
        "{error}"
    );
    assert!(!error.to_string().contains("canary"), "{error}");
}

pub(crate) async fn what_cannot_be_opened_is_explained(place: Place) {
    if place.dialect == Dialect::Sqlite {
        let file = place.folder.path().join("file");
        std::fs::write(&file, "not a database").unwrap();
        refused(
            DbOptions::sqlite(file.join("in/a/file")),
            "database.database:",
        )
        .await;
        refused(DbOptions::sqlite(file), "database.database:").await;
        return;
    }
    let wrong_password = place.options_at(|server| server.password = Secret::new("canary"));
    refused(wrong_password, "database.user, database.password:").await;
    let unknown_user = place.options_at(|server| server.user = "nobody_here".into());
    refused(unknown_user, "database.user, database.password:").await;
    let unknown_database = place.options_at(|server| server.database = "rtm_missing".into());
    refused(unknown_database, "database.database:").await;
    let nobody_listens = place.options_at(|server| server.port = 1);
    refused(nobody_listens, "database.host, database.port:").await;
    let no_socket = place.options_at(|server| server.host = "/nonexistent/socket".into());
    refused(no_socket, "database.host: cannot connect to the socket").await;
}

pub(crate) async fn durability_is_insisted_on(place: Place) {
    let db = place.open().await;
    match place.dialect {
        Dialect::Sqlite => {
            let mut tx = db.begin().await.unwrap();
            let read = sql("SELECT * FROM pragma_synchronous");
            let row = tx.fetch_optional(read).await.unwrap().unwrap();
            assert_eq!(row.int("synchronous").unwrap(), 2, "FULL");
            let read = sql("SELECT * FROM pragma_journal_mode");
            let row = tx.fetch_optional(read).await.unwrap().unwrap();
            assert_eq!(row.text("journal_mode").unwrap(), "wal");
        }
        // It can be changed for the whole server only, which others use now: `pool/mysql.rs` tests the judgement.
        Dialect::MySql => {
            let read = sql("SELECT CAST(@@innodb_flush_log_at_trx_commit AS SIGNED) AS flush");
            let row = (&mut &db).fetch_optional(read).await.unwrap().unwrap();
            assert_eq!(row.int("flush").unwrap(), 1);
        }
        Dialect::Postgres => {
            let weaken = format!(
                "ALTER DATABASE {} SET synchronous_commit = off",
                place.database()
            );
            place.administer(&weaken).await;
            let error = Db::open(&place.options()).await.unwrap_err().to_string();
            assert!(
                error.contains("synchronous_commit is off")
                    && error.contains("allow_weak_durability"),
                "{error}"
            );
            let options = DbOptions {
                allow_weak_durability: true,
                ..place.options()
            };
            Db::open(&options).await.unwrap();
        }
    }
}

async fn connections(place: &Place, db: &Db) -> i64 {
    let count = match place.dialect {
        Dialect::Sqlite => return 0,
        Dialect::MySql => {
            "SELECT COUNT(*) AS n FROM information_schema.processlist WHERE db = DATABASE()"
        }
        Dialect::Postgres => {
            "SELECT COUNT(*) AS n FROM pg_stat_activity WHERE datname = current_database()"
        }
    };
    let row = (&mut &*db).fetch_optional(sql(count)).await.unwrap();
    row.unwrap().int("n").unwrap()
}

pub(crate) async fn unused_connections_are_closed(place: Place) {
    let options = DbOptions {
        max_open: 6,
        max_idle: 2,
        ..place.options()
    };
    let db = Db::open(&options).await.unwrap();
    if place.dialect != Dialect::Sqlite {
        assert_eq!(
            connections(&place, &db).await,
            1,
            "none is opened before it is needed"
        );
        let mut open = Vec::new();
        for _ in 0..5 {
            open.push(db.begin().await.unwrap());
        }
        assert_eq!(connections(&place, &db).await, 6);
        drop(open);
    }
    // They are closed in the background.
    for _ in 0..50 {
        if connections(&place, &db).await <= 2 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    assert!(connections(&place, &db).await <= 2);
    db.close().await;
    let error = (&mut &db).fetch_all(sql("SELECT 1 AS one")).await;
    assert!(matches!(error, Err(DbError::Unavailable(_))));
}

async fn is_protected(place: &Place, db: &Db) -> bool {
    if place.dialect == Dialect::MySql {
        let row = (&mut &*db)
            .fetch_optional(sql("SHOW SESSION STATUS LIKE 'Ssl_cipher'"))
            .await
            .unwrap();
        !row.unwrap().text("Value").unwrap().is_empty()
    } else {
        let row = (&mut &*db)
            .fetch_optional(sql("SELECT ssl::INTEGER::BIGINT AS protected FROM pg_stat_ssl WHERE pid = pg_backend_pid()"))
            .await
            .unwrap();
        row.unwrap().flag("protected").unwrap()
    }
}

pub(crate) async fn connections_are_protected_as_configured(place: Place) {
    let Some(authority) = std::env::var_os("RTM_TEST_TLS_CA_FILE") else {
        return;
    };
    if place.dialect == Dialect::Sqlite {
        return;
    }
    let with = |tls, host: &str, file: Option<PathBuf>| {
        place.options_at(|server| {
            server.tls = tls;
            server.host = host.into();
            server.tls_ca_file = file;
        })
    };
    for (tls, protected) in [
        (DatabaseTls::Disable, false),
        (DatabaseTls::Prefer, true),
        (DatabaseTls::Require, true),
    ] {
        let db = Db::open(&with(tls, "127.0.0.1", None)).await.unwrap();
        assert_eq!(is_protected(&place, &db).await, protected, "{tls:?}");
    }
    let authority = Some(PathBuf::from(authority));
    // The certificate is for `localhost`, by an authority that nobody else knows.
    let db = Db::open(&with(
        DatabaseTls::VerifyFull,
        "localhost",
        authority.clone(),
    ))
    .await
    .unwrap();
    assert!(is_protected(&place, &db).await);
    let keys = "database.tls, database.tls_ca_file:";
    refused(with(DatabaseTls::VerifyFull, "127.0.0.1", authority), keys).await;
    refused(with(DatabaseTls::VerifyFull, "localhost", None), keys).await;
}

pub(crate) async fn sockets_are_hosts_too(place: Place) {
    let variable = match place.dialect {
        Dialect::Sqlite => return,
        Dialect::MySql => "RTM_TEST_MYSQL_SOCKET",
        Dialect::Postgres => "RTM_TEST_POSTGRES_SOCKET",
    };
    let Ok(socket) = std::env::var(variable) else {
        return;
    };
    let db = Db::open(&place.options_at(|server| server.host = socket))
        .await
        .unwrap();
    db.migrate().await.unwrap();
    assert_eq!(credentials::total(&mut &db).await.unwrap(), 0);
}
