//! Moving from the predecessor, over a database as that has it.

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use rt_manage_shared::{
    clock::Clock,
    db::{Db, DbOptions, Execute as _, Target, audit as log, proxies, sql, tokens},
    id::CredentialId,
    model::{
        audit::Actor,
        grant::{HeldReason, State},
    },
};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{
    desk::{Desk, fp},
    rt,
};
use crate::{
    credentials::Credentials,
    migration::{Migration, Source, Summary},
};

/// The old program's database.
struct Old {
    db: Db,
    source: Source,
    _folder: TempDir,
}

const RECORDS: &str = "CREATE TABLE {rts} (id integer PRIMARY KEY AUTOINCREMENT, biz_id text UNIQUE, user_name text, email text, type text, \
     rt text, at text, proxy text, client_id text, tag text, enabled numeric DEFAULT true, last_rt text, refresh_result text, \
     user_info text, account_info text, last_refresh_time datetime, memo text, create_time datetime, update_time datetime)";

fn access_token(hours: i64) -> String {
    let now = Clock::new().now().seconds();
    let payload = json!({"exp": now + hours * 3600, "iat": now - 3600, "client_id": "app_token"});
    let part = BASE64_URL_SAFE_NO_PAD.encode(payload.to_string());
    format!("eyJhbGciOiJSUzI1NiJ9.{part}.c2ln")
}

impl Old {
    async fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let file = folder.path().join("old.db");
        let options = DbOptions {
            table_prefix: "rt_".into(),
            ..DbOptions::sqlite(&file)
        };
        let db = Db::open(&options).await.unwrap();
        let old = Self {
            source: Source {
                target: Target::Sqlite { file },
                prefix: "rt_".into(),
                client_id: "app_default".into(),
                proxy: None,
                settings: Vec::new(),
            },
            db,
            _folder: folder,
        };
        old.run(RECORDS, &[]).await;
        old
    }

    async fn run(&self, text: &'static str, values: &[&str]) {
        let statement = values
            .iter()
            .fold(sql(text), |statement, value| statement.bind(*value));
        (&mut &self.db).execute(statement).await.unwrap();
    }

    /// A record with its name, its token, the one before, and an access token.
    async fn record(&self, biz_id: &str, token: &str, last: &str, at: &str) {
        let text = "INSERT INTO {rts} (biz_id, rt, last_rt, at, proxy, create_time, last_refresh_time) \
             VALUES (?, ?, ?, ?, 'http://u:pw@10.0.0.9:3128', '2024-05-06 07:08:09.123456789+08:00', '2024-05-06 07:08:09+08:00')";
        self.run(text, &[biz_id, token, last, at]).await;
    }

    async fn migrate(&self, desk: &Desk, dry_run: bool) -> (Summary, Vec<Value>) {
        let app = &desk.server.app;
        let credentials = Credentials::of(app);
        let migration = Migration::new(credentials, &app.settings, Actor::command_line(), dry_run);
        let mut told = Vec::new();
        let summary = migration
            .run(&self.source, |entry| told.push(entry.json()))
            .await
            .unwrap();
        let text = format!("{told:?}");
        assert!(
            !text.contains(super::CANARY) && !text.contains("eyJ"),
            "{text}"
        );
        (summary, told)
    }
}

fn codes(told: &[Value]) -> Vec<(&str, &str)> {
    let rows = told.iter().filter(|entry| entry["kind"] == "row");
    rows.map(|entry| {
        (
            entry["name"].as_str().unwrap_or_default(),
            entry["code"].as_str().unwrap(),
        )
    })
    .collect()
}

async fn find(desk: &Desk, biz_id: &str) -> CredentialId {
    let list = desk
        .send(
            "GET",
            &format!("/credentials?search={biz_id}"),
            &Value::Null,
        )
        .await;
    list.body["items"][0]["id"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap()
}

#[tokio::test]
#[expect(
    clippy::too_many_lines,
    reason = "one way from the old database to the first refresh"
)]
async fn records_wait_until_the_old_program_is_said_to_have_stopped() {
    let (desk, old) = (Desk::new().await, Old::new().await);
    old.record("fresh", &rt("fresh"), &rt("before"), &access_token(200))
        .await;
    old.record("ended", &rt("ended"), "", &access_token(-1))
        .await;
    old.record("bare", &rt("bare"), "", "").await;
    old.record("copy", &rt("fresh"), "", "").await;
    old.record("stale", &rt("before"), "", "").await;
    old.record("lost", "", &rt("lost"), "").await;
    old.run(
        "INSERT INTO {rts} (biz_id, rt, enabled) VALUES ('off', 'rt.1.canary-off', 'false')",
        &[],
    )
    .await;
    old.run(
        "INSERT INTO {rts} (rt) VALUES ('rt.1.canary-nameless')",
        &[],
    )
    .await;

    let (dry, told) = old.migrate(&desk, true).await;
    assert!(dry.needs_a_look());
    let expected = [
        ("fresh", "created"),
        ("ended", "created"),
        ("bare", "created"),
        ("copy", "duplicate"),
        ("stale", "spent"),
        ("lost", "invalid"),
        ("off", "created"),
        ("", "created"),
    ];
    assert_eq!(codes(&told), expected);
    let list = desk.send("GET", "/credentials", &Value::Null).await.body;
    assert_eq!(list["total"], 0, "nothing was written");

    let (wet, told) = old.migrate(&desk, false).await;
    assert_eq!((codes(&told), &wet), (expected.to_vec(), &dry));
    let fresh = find(&desk, "fresh").await;
    let view = desk.read(fresh).await;
    assert_eq!(
        (
            &view["state"],
            &view["state_reason"],
            &view["next_refresh_at"],
            &view["client_id"]
        ),
        (
            &json!("held"),
            &json!("migration"),
            &Value::Null,
            &json!("app_token")
        )
    );
    assert_eq!(view["finding"]["code"], "migration_unconfirmed");
    assert_eq!(
        (&view["created_at"], &view["proxy"]),
        (
            &json!("2024-05-05T23:08:09Z"),
            &json!("http://10.0.0.9:3128")
        )
    );
    assert_eq!(
        desk.grant(find(&desk, "rt_old_8").await).await.state,
        State::Held(HeldReason::Migration)
    );
    let db = &mut &desk.server.app.db;
    assert_eq!(
        tokens::spent_by(db, &fp("before")).await.unwrap(),
        Some(fresh)
    );

    // Nothing refreshes it, whoever asks.
    let refresh = desk
        .send("POST", &format!("/credentials/{fresh}/refresh"), &json!({}))
        .await;
    assert_eq!(refresh.code(), (409, "held"));
    let retry = desk
        .send("POST", &format!("/credentials/{fresh}/retry"), &Value::Null)
        .await;
    assert_eq!(retry.code(), (409, "migration_unconfirmed"));
    assert_eq!(
        desk.patch(fresh, json!({"client_id": "app_other", "proxy": null}))
            .await
            .status,
        200
    );
    assert_eq!(
        desk.grant(fresh).await.state,
        State::Held(HeldReason::Migration)
    );

    let status = desk.send("GET", "/status", &Value::Null).await.body;
    assert_eq!(
        status["awaiting_migration"],
        json!({"count": 5, "more": false})
    );
    let found: Vec<_> = status["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["code"])
        .collect();
    assert!(
        found.contains(&&json!("migration_unconfirmed")) && !found.contains(&&json!("held")),
        "{found:?}"
    );

    let unsaid = desk.send("POST", "/migration/confirm", &json!({})).await;
    assert_eq!(unsaid.code(), (422, "validation_failed"));
    let said = json!({"old_program_stopped": true});
    let confirmed = desk.send("POST", "/migration/confirm", &said).await;
    assert_eq!(
        (confirmed.status.as_u16(), &confirmed.body),
        (200, &json!({"released": 5}))
    );
    assert_eq!(
        desk.send("POST", "/migration/confirm", &said).await.body,
        json!({"released": 0})
    );
    let now = desk.server.app.clock.now();
    let due = async |biz_id: &str| desk.grant(find(&desk, biz_id).await).await.next_refresh_at;
    assert!(
        due("fresh").await.unwrap() > now,
        "its access token is good for days"
    );
    assert!(due("ended").await.unwrap() <= now && due("bare").await.unwrap() <= now);
    assert_eq!(due("off").await, None);
    let filter = log::Filter::default();
    let deeds = log::list(db, &filter, None, 10).await.unwrap();
    let deeds: Vec<_> = deeds
        .iter()
        .map(|one| (one.action.as_str(), json!(one.detail)))
        .collect();
    assert!(
        deeds.contains(&("migration.confirm", json!({"credentials": 5}))),
        "{deeds:?}"
    );
    assert!(
        deeds
            .iter()
            .any(|(action, detail)| *action == "credentials.migrate" && detail["created"] == 5)
    );
}

#[tokio::test]
async fn a_second_run_takes_what_is_new_and_tells_what_differs() {
    let (desk, old) = (Desk::new().await, Old::new().await);
    for name in ["same", "rotated", "spent-here", "differs"] {
        old.record(name, &rt(name), "", &access_token(100)).await;
    }
    old.migrate(&desk, false).await;
    let before = desk.grant(find(&desk, "rotated").await).await;
    let update = "UPDATE {rts} SET rt = ?, last_rt = ?, at = ? WHERE biz_id = ?";
    old.run(
        update,
        &[
            &rt("rotated-2"),
            &rt("rotated"),
            &access_token(240),
            "rotated",
        ],
    )
    .await;
    old.record("new", &rt("new"), "", "").await;
    let (summary, told) = old.migrate(&desk, false).await;
    let expected = [
        ("same", "unchanged"),
        ("rotated", "updated"),
        ("spent-here", "unchanged"),
        ("differs", "unchanged"),
        ("new", "created"),
    ];
    assert_eq!(codes(&told), expected);
    assert!(!summary.needs_a_look());
    let rotated = find(&desk, "rotated").await;
    let after = desk.grant(rotated).await;
    assert_eq!(
        (after.rt_fp.clone(), after.state),
        (fp("rotated-2"), State::Held(HeldReason::Migration))
    );
    assert!(after.at_expires_at > before.at_expires_at);
    let db = &mut &desk.server.app.db;
    assert_eq!(
        tokens::spent_by(db, &fp("rotated")).await.unwrap(),
        Some(rotated)
    );
    // An old file does not bring it back.
    let pasted = desk.create(json!({"refresh_token": rt("rotated")})).await;
    assert_eq!(pasted.code(), (409, "refresh_token_spent"));

    // After the confirmation the old program counts no more.
    desk.send(
        "POST",
        "/migration/confirm",
        &json!({"old_program_stopped": true}),
    )
    .await;
    let here = find(&desk, "spent-here").await;
    tokens::remember_spent(
        db,
        &fp("spent-here"),
        here,
        rt_manage_shared::id::AttemptId::generate(),
        desk.server.app.clock.now(),
    )
    .await
    .unwrap();
    desk.move_grant(here, |grant, ctx| {
        grant.replace_rt(fp("spent-here-2"), ctx).unwrap()
    })
    .await;
    old.run(update, &[&rt("differs-2"), &rt("differs"), "", "differs"])
        .await;
    let (summary, told) = old.migrate(&desk, false).await;
    let expected = [
        ("same", "unchanged"),
        ("rotated", "unchanged"),
        ("spent-here", "refreshed_here"),
        ("differs", "differs"),
        ("new", "unchanged"),
    ];
    assert_eq!(codes(&told), expected);
    assert!(summary.needs_a_look());
    assert_eq!(
        desk.grant(find(&desk, "differs").await).await.rt_fp,
        fp("differs")
    );
}

#[tokio::test]
async fn lists_and_switches_are_taken_over_once() {
    let (desk, old) = (Desk::new().await, Old::new().await);
    old.run("CREATE TABLE {system_configs} (id integer PRIMARY KEY, config_key text UNIQUE, config_value text)", &[]).await;
    for (key, value) in [
        (
            "proxy_list",
            r#"["http://u:pw@10.0.0.9:3128", "socks5://10.0.0.8", "nonsense", "http://u:pw@10.0.0.9:3128"]"#,
        ),
        (
            "client_id_list",
            r#"["app_WXrF1LSkiTtfYqiL6XtjygvX", "app_own"]"#,
        ),
        ("auto_refresh_enabled", "false"),
        ("auto_refresh_interval", "5"),
        ("something_else", "x"),
    ] {
        old.run(
            "INSERT INTO {system_configs} (config_key, config_value) VALUES (?, ?)",
            &[key, value],
        )
        .await;
    }
    old.record("a", &rt("a"), "", "").await;
    let others = |told: &[Value]| -> Vec<(String, String)> {
        let others = told.iter().filter(|entry| entry["kind"] != "row");
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        others
            .map(|entry| (text(&entry["name"]), text(&entry["code"])))
            .collect()
    };
    let pairs = |pairs: &[(&str, &str)]| -> Vec<_> {
        let pair = |(name, code): &(&str, &str)| ((*name).to_owned(), (*code).to_owned());
        pairs.iter().map(pair).collect()
    };
    let created = pairs(&[
        ("app_WXrF1LSkiTtfYqiL6XtjygvX", "created"),
        ("app_own", "created"),
        ("http://10.0.0.9:3128", "created"),
        ("socks5://10.0.0.8:1080", "created"),
        ("proxy_list, entry 3", "invalid"),
        ("http://10.0.0.9:3128", "unchanged"),
        ("refresh.auto", "created"),
        ("refresh.interval_days", "created"),
    ]);
    let (_, told) = old.migrate(&desk, true).await;
    assert_eq!(others(&told), created);
    let db = &mut &desk.server.app.db;
    assert!(proxies::all(db).await.unwrap().is_empty());
    let (_, told) = old.migrate(&desk, false).await;
    assert_eq!(others(&told), created);
    let settings = desk.server.app.settings.current();
    let refresh = &settings.config().refresh;
    assert_eq!((refresh.auto, refresh.interval_days), (false, Some(5)));
    // Records refer to the entry with their URL and follow it.
    let view = desk.read(find(&desk, "a").await).await;
    let entry = desk.send("GET", "/proxies", &Value::Null).await.body;
    let entry = entry["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["id"] == view["proxy_id"]);
    assert_eq!(entry.unwrap()["uses"]["count"], 1);

    // What somebody sets here stays.
    let change = desk.send_call(
        super::call("PATCH", "/settings")
            .header("if-match", "\"2\"")
            .json(&json!({"refresh.interval_days": 9})),
    );
    assert_eq!(change.await.status, 200);
    let (_, told) = old.migrate(&desk, false).await;
    let told = others(&told);
    assert!(
        told.contains(&("refresh.interval_days".into(), "kept".into())),
        "{told:?}"
    );
    assert!(told.iter().all(|(name, code)| code == "unchanged"
        || name.contains("interval")
        || name.contains("entry 3")));
    assert_eq!(proxies::all(db).await.unwrap().len(), 2);
}
