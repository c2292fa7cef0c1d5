//! Migrations.

use std::collections::{BTreeMap, BTreeSet};

use rt_manage_shared::db::{Db, DbOptions, Dialect, Execute as _, credentials, sql};

use crate::{fixtures::add, support::Place};

pub(crate) async fn migrations_repeat_and_prefixes_keep_installations_apart(place: Place) {
    let plain = place.open().await;
    let prefixed = place.open_as("rt_").await;
    prefixed.migrate().await.unwrap();
    add(&plain, "same").await;
    add(&prefixed, "same").await;
    assert_eq!(credentials::total(&mut &prefixed).await.unwrap(), 1);
    assert_eq!(
        logical_schema(&plain, "").await,
        logical_schema(&prefixed, "rt_").await
    );
    plain.check_schema().await.unwrap();
}

pub(crate) async fn several_processes_may_migrate_at_once(place: Place) {
    let mut processes = Vec::new();
    for _ in 0..4 {
        processes.push(Db::open(&place.options()).await.unwrap());
    }
    let migrations = processes.iter().map(Db::migrate);
    for result in futures::future::join_all(migrations).await {
        result.unwrap();
    }
    place.open().await.check_schema().await.unwrap();
}

pub(crate) async fn what_was_applied_is_told_with_its_time(place: Place) {
    let db = place.open().await;
    let applied = db.applied_migrations().await.unwrap();
    assert!(applied.is_sorted_by(|one, next| one.version < next.version));
    assert_eq!(applied[0].description, "initial");
    // The driver writes seconds, by the server's clock.
    let now = db.server_time().await.unwrap();
    for step in applied {
        let age = now.0 - step.at.0;
        assert!((-1_000..600_000).contains(&age), "{step:?} {age}");
    }
    let version = db.engine_version().await.unwrap();
    assert!(
        version.starts_with(|c: char| c.is_ascii_digit()),
        "{version}"
    );
}

pub(crate) async fn a_schema_from_the_future_is_refused(place: Place) {
    let db = place.open().await;
    let future = sql(
        "INSERT INTO {schema_migrations} (version, description, success, checksum, execution_time) \
         VALUES (999, 'future', TRUE, ?, 0)",
    )
    .bind(b"x".to_vec());
    (&mut &db).execute(future).await.unwrap();
    for error in [
        db.migrate().await.unwrap_err(),
        db.check_schema().await.unwrap_err(),
    ] {
        assert!(error.to_string().contains("newer rt-manage"), "{error}");
    }
    db.schema_is_behind().await.unwrap_err();
    // A newer version's migration that was cut off is that version's to complete.
    let cut_off = sql("UPDATE {schema_migrations} SET success = FALSE WHERE version = 999");
    (&mut &db).execute(cut_off).await.unwrap();
    for error in [
        db.migrate().await.unwrap_err(),
        db.check_schema().await.unwrap_err(),
    ] {
        assert!(error.to_string().contains("newer rt-manage"), "{error}");
    }
}

pub(crate) async fn a_missing_schema_is_named(place: Place) {
    let db = Db::open(&place.options()).await.unwrap();
    let error = db.check_schema().await.unwrap_err();
    assert!(
        error.to_string().contains("has version 0") && error.to_string().contains("start the API"),
        "{error}"
    );
}

pub(crate) async fn a_migration_that_was_cut_off_is_completed(place: Place) {
    let db = Db::open(&place.options()).await.unwrap();
    if place.dialect == Dialect::MySql {
        // MySQL commits each change of the schema: the tables up to some point are there, and a note that it began.
        db.migrate().await.unwrap();
        place
            .raw("DROP TABLE admins, vault_keys, spent; UPDATE schema_migrations SET success = FALSE")
            .await;
        assert!(db.schema_is_behind().await.unwrap());
    } else {
        // Elsewhere a migration is applied as a whole or not at all. Here its last table stands in the way.
        place.raw("CREATE TABLE admins (x INTEGER)").await;
        let error = db.migrate().await.unwrap_err();
        assert!(error.to_string().contains("schema migration 1"), "{error}");
        assert_eq!(
            logical_schema(&db, "").await.keys().collect::<Vec<_>>(),
            ["admins"]
        );
        place.raw("DROP TABLE admins").await;
    }
    db.migrate().await.unwrap();
    db.check_schema().await.unwrap();
    assert_eq!(logical_schema(&db, "").await.len(), 28);
    add(&db, "works").await;
}

pub(crate) async fn all_back_ends_have_the_same_schema(place: Place) {
    let file = place.folder.path().join("reference.db");
    let reference = Db::open(&DbOptions::sqlite(file)).await.unwrap();
    reference.migrate().await.unwrap();
    let (wanted, found) = (
        logical_schema(&reference, "").await,
        logical_schema(&place.open().await, "").await,
    );
    assert_eq!(wanted.len(), 28);
    for (table, wanted) in &wanted {
        assert_eq!(found.get(table), Some(wanted), "table {table}");
    }
    assert_eq!(found, wanted);
}

/// Table → its columns, as `name type null`, and its indexes, as `unique name (columns)`.
type Schema = BTreeMap<String, BTreeSet<String>>;

/// Reads the schema back from the database's own catalogue. The migrator's books are its own affair.
async fn logical_schema(db: &Db, prefix: &str) -> Schema {
    let mut schema = Schema::new();
    for row in (&mut &*db)
        .fetch_all(sql(columns(db.dialect())))
        .await
        .unwrap()
    {
        // The migrator's own.
        if row.text("tab").unwrap().ends_with("schema_migrations") {
            continue;
        }
        let kind = match row.text("type").unwrap().to_lowercase() {
            kind if kind.contains("int") => "number",
            kind if kind.contains("text") || kind.contains("char") => "text",
            kind if kind.contains("blob") || kind.contains("bytea") => "bytes",
            kind => panic!("{kind}"),
        };
        let null = if row.flag("nullable").unwrap() {
            " null"
        } else {
            ""
        };
        let column = format!("{} {kind}{null}", row.text("name").unwrap());
        schema
            .entry(row.text("tab").unwrap())
            .or_default()
            .insert(column);
    }
    let mut indexes = BTreeMap::<_, Vec<String>>::new();
    for row in (&mut &*db)
        .fetch_all(sql(index_columns(db.dialect())))
        .await
        .unwrap()
    {
        if row.text("tab").unwrap().ends_with("schema_migrations") {
            continue;
        }
        let unique = if row.flag("uniq").unwrap() {
            "unique "
        } else {
            ""
        };
        let name = row.text("idx").unwrap();
        // Each has its own way of naming primary keys.
        let primary = name == "PRIMARY" || name.ends_with("_pkey") || name.starts_with("sqlite_");
        let name = if primary {
            "primary"
        } else {
            // Without a prefix this finds those of another prefix, too.
            name.strip_prefix(prefix).unwrap_or(&name)
        };
        indexes
            .entry((row.text("tab").unwrap(), format!("{unique}{name}")))
            .or_default()
            .push(row.text("name").unwrap());
    }
    for ((table, index), columns) in indexes {
        let index = format!("{index} ({})", columns.join(", "));
        schema.get_mut(&table).unwrap().insert(index);
    }
    schema
        .into_iter()
        .filter_map(|(table, content)| {
            let name = table.strip_prefix(prefix)?.to_owned();
            let foreign = prefix.is_empty() && name.starts_with("rt_");
            (!foreign).then_some((name, content))
        })
        .collect()
}

const fn columns(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Sqlite => {
            "SELECT t.name AS tab, c.name AS name, c.type AS type, 1 - c.\"notnull\" AS nullable \
             FROM sqlite_master t, pragma_table_info(t.name) c WHERE t.type = 'table'"
        }
        Dialect::MySql => {
            "SELECT table_name AS tab, column_name AS name, CAST(column_type AS CHAR) AS type, \
             CAST(is_nullable = 'YES' AS SIGNED) AS nullable \
             FROM information_schema.columns WHERE table_schema = DATABASE()"
        }
        Dialect::Postgres => {
            "SELECT CAST(table_name AS TEXT) AS tab, CAST(column_name AS TEXT) AS name, CAST(data_type AS TEXT) AS type, \
             CAST(CAST(is_nullable AS BOOLEAN) AS INTEGER)::BIGINT AS nullable \
             FROM information_schema.columns WHERE table_schema = 'public'"
        }
    }
}

/// In the order of each index.
const fn index_columns(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Sqlite => {
            "SELECT t.name AS tab, i.name AS idx, i.\"unique\" AS uniq, c.name AS name \
             FROM sqlite_master t, pragma_index_list(t.name) i, pragma_index_info(i.name) c \
             WHERE t.type = 'table' ORDER BY t.name, i.name, c.seqno"
        }
        Dialect::MySql => {
            "SELECT table_name AS tab, index_name AS idx, CAST(non_unique = 0 AS SIGNED) AS uniq, column_name AS name \
             FROM information_schema.statistics WHERE table_schema = DATABASE() \
             ORDER BY table_name, index_name, seq_in_index"
        }
        Dialect::Postgres => {
            "SELECT CAST(t.relname AS TEXT) AS tab, CAST(i.relname AS TEXT) AS idx, x.indisunique::INTEGER::BIGINT AS uniq, \
             CAST(a.attname AS TEXT) AS name \
             FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class t ON t.oid = x.indrelid \
             JOIN pg_namespace n ON n.oid = t.relnamespace \
             CROSS JOIN LATERAL unnest(x.indkey) WITH ORDINALITY AS k (attnum, place) \
             JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.attnum \
             WHERE n.nspname = 'public' ORDER BY t.relname, i.relname, k.place"
        }
    }
}
