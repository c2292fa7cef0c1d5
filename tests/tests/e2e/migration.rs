//! The way of an operator: the old program's tables stand in our own database (or, on PostgreSQL, which that one does not know,
//! in a file), they are taken over while the system runs, and nothing is called before the word is given.

use std::fs;

use reqwest::Method;
use rt_manage_shared::{
    config::DatabaseKind,
    db::{Db, DbOptions, Execute as _, sql},
};
use rt_manage_tests::{
    standin::{AccountSpec, Options, StandIn},
    support::{NewCredential, SystemBuilder, until},
};
use serde_json::{Value, json};

const SQLITE: &str = "CREATE TABLE {rts} (id integer PRIMARY KEY AUTOINCREMENT, biz_id text UNIQUE, user_name text, email text, type text, \
     rt text, at text, proxy text, client_id text, tag text, enabled numeric DEFAULT true, last_rt text, refresh_result text, \
     user_info text, account_info text, last_refresh_time datetime, memo text, create_time datetime, update_time datetime)";
const MYSQL: &str = "CREATE TABLE {rts} (id bigint unsigned AUTO_INCREMENT PRIMARY KEY, biz_id varchar(191) UNIQUE, user_name longtext, \
     email longtext, type varchar(50), rt text, at longtext, proxy varchar(500), client_id varchar(100), tag varchar(100), \
     enabled tinyint(1) DEFAULT 1, last_rt text, refresh_result text, user_info text, account_info text, last_refresh_time datetime(3) NULL, \
     memo longtext, create_time datetime(3) NULL, update_time datetime(3) NULL)";

/// Runs a command of the program; answers with its exit code and what it wrote.
pub(super) fn run(builder: &SystemBuilder, arguments: &[&str]) -> (i32, String, String) {
    let output = builder.command().args(arguments).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    (output.status.code().unwrap_or(-1), out, err)
}

/// The old program's database and its configuration file.
pub(super) async fn old_program(builder: &SystemBuilder) -> (Db, String) {
    let mut config = builder.configuration().database;
    let mut options = DbOptions::from(&config);
    if config.kind == DatabaseKind::Postgres {
        options = DbOptions::sqlite(builder.folder().join("old.db"));
        config.kind = DatabaseKind::Sqlite;
        config.database = builder.folder().join("old.db").display().to_string();
        config.table_prefix = String::new();
    }
    let db = Db::open(&options).await.unwrap();
    let (table, place) = match config.kind {
        DatabaseKind::Mysql => (
            MYSQL,
            format!(
                "type: mysql\n  host: {:?}\n  port: {}\n  user: {:?}\n  password: {:?}",
                config.host,
                config.effective_port(),
                config.user,
                config.password.expose()
            ),
        ),
        _ => (SQLITE, "type: sqlite".to_owned()),
    };
    (&mut &db).execute(sql(table)).await.unwrap();
    let (file, prefix) = (&config.database, &config.table_prefix);
    let text = format!(
        "server: {{port: 8080, mode: release}}\nlog: {{level: info, encoding: json, output_paths: [stdout]}}\n\
         database:\n  {place}\n  database: {file:?}\n  table_prefix: {prefix:?}\n"
    );
    let path = builder.folder().join("old.yml");
    fs::write(&path, text).unwrap();
    (db, path.display().to_string())
}

#[tokio::test]
async fn an_old_database_moves_and_nothing_is_called_before_the_word_is_given() {
    let upstream = StandIn::start(Options::default()).unwrap();
    let builder = crate::system(&upstream.token_url());
    let system = builder.start().await;
    let (db, config) = old_program(&builder).await;
    let account = |key: &str| {
        let spec = AccountSpec {
            access_token: true,
            ..AccountSpec::key(key)
        };
        upstream.create_account(spec).unwrap()
    };
    let (served, bare) = (account("served"), account("bare"));
    let insert = "INSERT INTO {rts} (biz_id, rt, at, client_id, last_rt, last_refresh_time) VALUES (?, ?, ?, ?, ?, '2024-05-06 07:08:09.123')";
    let served_at = served.access_token.clone().unwrap();
    for (key, account, at, last) in [
        ("served", &served, Some(served_at.as_str()), "rt.1.before"),
        ("bare", &bare, None, ""),
    ] {
        let statement = sql(insert)
            .bind(key)
            .bind(account.refresh_token.as_str())
            .bind(at.map(str::to_owned))
            .bind(account.client_id.as_str())
            .bind(last);
        (&mut &db).execute(statement).await.unwrap();
    }

    let (code, out, err) = run(&builder, &["migrate-from", &config, "--dry-run"]);
    assert_eq!(code, 0, "{err}");
    assert!(
        out.contains("row 1 (served): created") && err.contains("nothing was changed"),
        "{out}{err}"
    );
    let (code, out, err) = run(&builder, &["migrate-from", &config, "--json"]);
    assert_eq!(code, 0, "{err}");
    let told: Vec<Value> = out
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(
        told.last().unwrap()["summary"]["rows"],
        json!({"created": 2})
    );
    for secret in [&served.refresh_token, &served_at, &bare.refresh_token] {
        assert!(!out.contains(secret.as_str()) && !err.contains(secret.as_str()));
    }

    // The access token is served; nobody gets anything refreshed.
    let public = system.public();
    let answer = public.get_at("served").await;
    assert_eq!(
        (answer.status, answer.text("/data/access_token")),
        (200, served_at.as_str())
    );
    assert_eq!(answer.text("/data/state"), "held");
    let refused = public.refresh("served").await;
    assert_eq!((refused.status, refused.code()), (409, "held"));
    assert_eq!(public.get_at("bare").await.code(), "held");
    let admin = system.admin().await;
    let status = admin.call(Method::GET, "/status", None).await;
    assert_eq!(status.body["awaiting_migration"]["count"], 2);
    // The scheduler works, and passes them over.
    let control = account("control");
    let new = NewCredential {
        biz_id: "control",
        refresh_token: &control.refresh_token,
        ..NewCredential::default()
    };
    admin.create(new).await;
    until("the control is refreshed", || async {
        public.get_at("control").await.status == 200
    })
    .await;
    assert_eq!(
        upstream.stats().token_calls,
        upstream.account("control").unwrap().calls
    );

    let (code, out, err) = run(&builder, &["migrate-from", "--confirm"]);
    assert_eq!(
        (code, out.as_str()),
        (0, "2 credentials are refreshed from now on\n"),
        "{err}"
    );
    until("what had no access token is refreshed", || async {
        public.get_at("bare").await.status == 200
    })
    .await;
    assert_eq!(
        upstream.account("served").unwrap().calls,
        0,
        "its access token is good for days"
    );
    let refreshed = public.refresh("served").await;
    assert_eq!(refreshed.status, 200, "{refreshed:?}");
    assert_ne!(refreshed.text("/data/access_token"), served_at);

    // The same file once more: what was spent since stays spent.
    let (code, out, err) = run(&builder, &["migrate-from", &config]);
    assert_eq!(code, 0, "{out}{err}");
    assert!(out.contains("records: 2 refreshed_here"), "{out}");
    assert_eq!(upstream.account("bare").unwrap().max_concurrent, 1);
    let log = system.log();
    for secret in [&served.refresh_token, &served_at, &bare.refresh_token] {
        assert!(!log.contains(secret.as_str()), "a secret is in the log");
    }
}

#[tokio::test]
async fn what_cannot_be_read_is_named() {
    let builder = crate::system("http://127.0.0.1:9/oauth/token");
    fs::create_dir_all(builder.folder().join("config")).unwrap();
    let (code, _, err) = run(&builder, &["migrate-from", "nowhere.db"]);
    assert_eq!(code, 1);
    assert!(err.contains("nowhere.db"), "{err}");
    let (code, _, err) = run(
        &builder,
        &["migrate-from", "mysql://u:canary-pw@127.0.0.1:9/x"],
    );
    assert_eq!(code, 1);
    assert!(
        err.contains("127.0.0.1:9") && !err.contains("canary-pw"),
        "{err}"
    );
    assert!(
        err.contains("warning") && err.contains("--password-file"),
        "{err}"
    );
    let (code, _, err) = run(&builder, &["migrate-from"]);
    assert_eq!(code, 2, "{err}");
    let (db, config) = old_program(&builder).await;
    let statement = sql("INSERT INTO {rts} (biz_id, rt) VALUES ('a', 'not a token')");
    (&mut &db).execute(statement).await.unwrap();
    let (code, out, err) = run(&builder, &["migrate-from", &config, "--dry-run"]);
    assert_eq!(code, 3, "{err}");
    assert!(out.contains("row 1 (a): invalid"), "{out}");
}
