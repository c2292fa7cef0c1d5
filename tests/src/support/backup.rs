//! A copy of the database's content, and its return: what a backup and a restore do.

use rt_manage_shared::db::{Db, Execute as _, sql};

/// What a backup holds: everything but who is alive at the moment.
const TABLES: [&str; 8] = [
    "credentials",
    "grants",
    "attempts",
    "spent",
    "orphans",
    "switches",
    "system_secrets",
    "vault_keys",
];

/// Copies the content of all tables beside them.
pub async fn back_up(db: &Db) {
    for table in TABLES {
        let copy = format!("CREATE TABLE {{backup_{table}}} AS SELECT * FROM {{{table}}}");
        run(db, copy).await;
    }
}

/// Puts it back. Nothing may use the database meanwhile.
pub async fn restore(db: &Db) {
    for table in TABLES {
        run(db, format!("DELETE FROM {{{table}}}")).await;
        let copy = format!("INSERT INTO {{{table}}} SELECT * FROM {{backup_{table}}}");
        run(db, copy).await;
    }
}

async fn run(db: &Db, text: String) {
    (&mut &*db)
        .execute(sql(text))
        .await
        .expect("the database answers");
}
