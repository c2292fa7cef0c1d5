//! Reading the predecessor's database, on both back ends that it knows, with types that it may have.

use rt_manage_shared::db::{
    Db, DbError, Dialect, Execute as _,
    predecessor::{OldRow, Predecessor},
    sql,
};

use crate::support::Place;

/// As gorm makes it; texts of a server stand in its own character set.
fn tables(dialect: Dialect) -> [&'static str; 2] {
    match dialect {
        Dialect::MySql => [
            "CREATE TABLE {rts} (id bigint unsigned AUTO_INCREMENT PRIMARY KEY, biz_id varchar(191) UNIQUE, user_name longtext, email longtext, \
             type varchar(50), rt text, at longtext, proxy varchar(500), client_id varchar(100), tag varchar(100), enabled tinyint(1) DEFAULT 1, \
             last_rt text, refresh_result text, user_info text, account_info text, last_refresh_time datetime(3) NULL, memo longtext, \
             create_time datetime(3) NULL, update_time timestamp NULL) CHARACTER SET utf8mb4",
            "CREATE TABLE {system_configs} (id bigint unsigned AUTO_INCREMENT PRIMARY KEY, config_key varchar(100) UNIQUE, config_value text)",
        ],
        _ => [
            "CREATE TABLE {rts} (id integer PRIMARY KEY AUTOINCREMENT, biz_id text UNIQUE, user_name text, email text, type text, rt text, at text, \
             proxy text, client_id text, tag text, enabled numeric DEFAULT true, last_rt text, refresh_result text, user_info text, \
             account_info text, last_refresh_time datetime, memo text, create_time datetime, update_time datetime)",
            "CREATE TABLE {system_configs} (id integer PRIMARY KEY, config_key text UNIQUE, config_value text)",
        ],
    }
}

async fn run(db: &Db, text: &'static str) {
    (&mut &*db).execute(sql(text)).await.unwrap();
}

async fn all(old: &mut Predecessor, size: u32) -> Vec<OldRow> {
    let mut rows: Vec<OldRow> = Vec::new();
    loop {
        let after = rows.last().map_or(i64::MIN, |row| row.id);
        let page = old.page(after, size).await.unwrap();
        if page.is_empty() {
            return rows;
        }
        rows.extend(page);
    }
}

pub(crate) async fn the_predecessors_tables_are_read_whatever_their_types(place: Place) {
    let mut options = place.options();
    options.table_prefix = "rt_".into();
    if place.dialect == Dialect::Postgres {
        let refused = Predecessor::open(&options.target, "rt_").await;
        assert!(matches!(refused, Err(DbError::Configuration(_))));
        return;
    }
    let db = Db::open(&options).await.unwrap();
    let missing = Predecessor::open(&options.target, "rt_")
        .await
        .err()
        .unwrap()
        .to_string();
    assert!(
        missing.contains("rt_rts") && missing.contains("--prefix"),
        "{missing}"
    );
    for table in tables(place.dialect) {
        run(&db, table).await;
    }
    run(
        &db,
        "INSERT INTO {rts} (biz_id, user_name, rt, at, type, enabled, last_refresh_time, memo) \
         VALUES ('甲 1', '用户', 'rt.1.a', NULL, 'plus', 1, '2024-05-06 07:08:09.123', '')",
    )
    .await;
    run(
        &db,
        "INSERT INTO {rts} (biz_id, rt, enabled) VALUES ('b', 'rt.1.b', 0)",
    )
    .await;
    run(&db, "INSERT INTO {rts} (rt) VALUES (' rt.1.c ')").await;
    run(&db, "INSERT INTO {system_configs} (config_key, config_value) VALUES ('proxy_list', '[\"http://h:1\"]'), ('empty', NULL)").await;
    if place.dialect == Dialect::Sqlite {
        // Nothing keeps a file from that.
        run(&db, "INSERT INTO {rts} (biz_id, rt, enabled, create_time) VALUES (4, CAST('rt.1.d' AS BLOB), 'true', 1714950489)").await;
        run(&db, "INSERT INTO {rts} (biz_id, rt) VALUES (X'ff', X'ff')").await;
    }
    let mut old = Predecessor::open(&options.target, "rt_").await.unwrap();
    let rows = all(&mut old, 2).await;
    let [first, second, third, ..] = rows.as_slice() else {
        panic!("{} rows", rows.len())
    };
    assert_eq!(first.text("biz_id"), Ok(Some("甲 1")));
    assert_eq!(first.text("user_name"), Ok(Some("用户")));
    assert_eq!(
        (first.text("at"), first.bytes("at"), first.text("memo")),
        (Ok(None), None, Ok(None))
    );
    assert_eq!(first.bytes("enabled"), Some(b"1".as_slice()));
    let time = first.text("last_refresh_time").unwrap().unwrap();
    assert!(time.starts_with("2024-05-06 07:08:09.123"), "{time}");
    assert_eq!(second.bytes("enabled"), Some(b"0".as_slice()));
    assert_eq!(
        (third.text("rt"), third.text("biz_id")),
        (Ok(Some("rt.1.c")), Ok(None))
    );
    if let [_, _, _, fourth, fifth] = rows.as_slice() {
        assert_eq!(
            (fourth.text("biz_id"), fourth.text("rt")),
            (Ok(Some("4")), Ok(Some("rt.1.d")))
        );
        assert_eq!(
            (fourth.text("enabled"), fourth.text("create_time")),
            (Ok(Some("true")), Ok(Some("1714950489")))
        );
        assert!(fifth.text("rt").is_err());
    } else {
        assert_eq!(place.dialect, Dialect::MySql);
    }
    let settings = old.settings().await.unwrap();
    assert_eq!(
        settings,
        [("proxy_list".to_owned(), "[\"http://h:1\"]".to_owned())]
    );
    old.close().await;
}

pub(crate) async fn an_older_version_may_lack_columns_and_settings(place: Place) {
    if place.dialect == Dialect::Postgres {
        return;
    }
    let options = place.options();
    let db = Db::open(&options).await.unwrap();
    run(
        &db,
        "CREATE TABLE {rts} (id integer PRIMARY KEY, rt varchar(200))",
    )
    .await;
    run(
        &db,
        "INSERT INTO {rts} (id, rt) VALUES (3, 'rt.1.a'), (-1, 'rt.1.b')",
    )
    .await;
    let mut old = Predecessor::open(&options.target, "").await.unwrap();
    let rows = all(&mut old, 10).await;
    let found: Vec<_> = rows
        .iter()
        .map(|row| (row.id, row.text("rt").unwrap().unwrap()))
        .collect();
    assert_eq!(found, [(-1, "rt.1.b"), (3, "rt.1.a")]);
    assert_eq!(rows[0].bytes("biz_id"), None);
    assert!(old.settings().await.unwrap().is_empty());
    old.close().await;
}
