//! Imports: what is sent, what becomes of it, and that nothing of it is ever told again.

use std::fmt::Write as _;

use rt_manage_shared::db::{Execute as _, credentials, grants, job_parts, sql};
use serde_json::{Value, json};

use super::{
    Answer, CANARY, call,
    desk::Desk,
    jobs::{Running, counts},
    rt,
};

impl Desk {
    async fn import(&self, query: &str, text: impl Into<String>) -> Answer {
        let call = call("POST", &format!("/imports{query}")).text(text);
        self.send_call(call.header("content-type", "text/plain"))
            .await
    }

    /// Imports this; gives the job when it has ended, and its items.
    async fn imported(&self, query: &str, text: impl Into<String>) -> (Value, Vec<Value>) {
        let answer = self.import(query, text).await;
        assert_eq!(answer.status, 202, "{answer:?}");
        let id = answer.body["id"].as_str().unwrap().to_owned();
        assert_eq!(answer.header("location"), format!("/api/v1/jobs/{id}"));
        let running = Running::start(&self.server.app);
        let job = self.ended(&id).await;
        running.drain().await;
        assert_eq!(job["state"], "finished", "{job}");
        let items = self.items(&id, "?limit=500").await;
        (job, items)
    }

    async fn total(&self) -> i64 {
        credentials::total(&mut &self.server.app.db).await.unwrap()
    }
}

fn codes(items: &[Value]) -> Vec<&str> {
    items
        .iter()
        .map(|item| item["code"].as_str().unwrap())
        .collect()
}

/// A form with these fields; the first name of each pair may carry a file's name behind a slash.
fn form(fields: &[(&str, &str)], boundary: &str) -> String {
    let mut text = String::new();
    for (name, value) in fields {
        let (name, file) = name.split_once('/').unwrap_or((name, ""));
        let file = if file.is_empty() {
            String::new()
        } else {
            format!("; filename=\"{file}\"")
        };
        write!(
            text,
            "--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"{file}\r\n\r\n{value}\r\n"
        )
        .unwrap();
    }
    text + &format!("--{boundary}--\r\n")
}

#[tokio::test]
async fn each_row_is_an_item_and_no_token_is_told_again() {
    let desk = Desk::new().await;
    let file = format!(
        "# mine\none----{}\nM.C525_BAY.{CANARY}\n{{\"tokens\": {{\"refresh_token\": \"{}\"}}}}\none----{}\n{}\n",
        rt("a"),
        rt("b"),
        rt("c"),
        rt("a")
    );
    let (job, items) = desk.imported("?tag=team&enabled=false", file.clone()).await;
    assert_eq!(
        (&job["kind"], &job["action"]),
        (&json!("import"), &json!("import"))
    );
    assert_eq!(
        job["spec"],
        json!({"tag": "team", "enabled": false, "refresh_now": false, "replace": false})
    );
    assert_eq!(
        (&job["total"], counts(&job)),
        (&json!(5), [0, 0, 2, 1, 2, 0])
    );
    assert_eq!(
        codes(&items),
        ["created", "invalid", "created", "duplicate", "duplicate"]
    );
    let lines: Vec<_> = items
        .iter()
        .map(|item| item["line"].as_u64().unwrap())
        .collect();
    assert_eq!(lines, [2, 3, 4, 5, 6]);
    assert_eq!(items[0]["label"], "one");
    let id = items[0]["credential_id"].as_str().unwrap().parse().unwrap();
    let made = desk.read(id).await;
    assert_eq!(
        (&made["tag"], &made["enabled"]),
        (&json!("team"), &json!(false))
    );
    assert!(items[1]["detail"].as_str().unwrap().contains("Outlook"));
    assert!(items[3]["detail"].as_str().unwrap().contains("line 2"));
    // The failures as a file.
    let path = format!(
        "/jobs/{}/results?format=jsonl&state=failed",
        job["id"].as_str().unwrap()
    );
    let answer = desk.send("GET", &path, &Value::Null).await;
    assert_eq!(
        (answer.status.as_u16(), &answer.body["line"]),
        (200, &json!(3))
    );
    // Who did it.
    let answer = desk
        .send("GET", "/audit?action=credentials.import", &Value::Null)
        .await;
    let entry = &answer.body["items"][0];
    assert_eq!(
        (&entry["detail"]["rows"], &entry["target"]),
        (&json!(5), &job["id"])
    );
    // Once more is harmless.
    let (_, again) = desk.imported("", file).await;
    assert_eq!(
        codes(&again),
        [
            "duplicate",
            "invalid",
            "duplicate",
            "duplicate",
            "duplicate"
        ]
    );
    let file = &desk.server.app.config.database.database;
    for name in [file.clone(), format!("{file}-wal")] {
        let bytes = std::fs::read(name).unwrap();
        let found = bytes
            .windows(CANARY.len())
            .any(|window| window == CANARY.as_bytes());
        assert!(!found, "a token stands in the database");
    }
}

#[tokio::test]
async fn a_dry_run_says_what_the_real_one_does() {
    let desk = Desk::new().await;
    desk.imported(
        "",
        format!("biz_id,refresh_token,tag\nheld,{},t\n", rt("held")),
    )
    .await;
    // More than one part.
    let mut file = "biz_id,refresh_token,tag\n".to_owned();
    for n in 0..700 {
        writeln!(file, "n{n},{},", rt(&n.to_string())).unwrap();
    }
    write!(
        file,
        "x,{},new\nheld,{},\nn3,{},\ny,bad token,\n",
        rt("held"),
        rt("other"),
        rt("z")
    )
    .unwrap();
    let (job, looked) = desk.imported("?dry_run=true", file.clone()).await;
    assert_eq!(job["action"], "dry_run");
    assert_eq!(desk.total().await, 1);
    let id = job["id"].as_str().unwrap().to_owned();
    // Of what failed nothing is kept.
    let retry = format!("/jobs/{id}/retry");
    let answer = desk.send("POST", &retry, &Value::Null).await;
    assert_eq!(answer.code(), (409, "nothing_failed"));
    let rest = desk.items(&id, "?limit=500&after=500").await;
    assert_eq!(
        codes(&rest)[200..],
        ["updated", "needs_replace", "duplicate", "invalid"]
    );
    let (real_job, real) = desk.imported("", file).await;
    assert_eq!(counts(&job), counts(&real_job));
    let real_rest = desk
        .items(real_job["id"].as_str().unwrap(), "?limit=500&after=500")
        .await;
    for (looked, real) in looked
        .iter()
        .chain(&rest)
        .zip(real.iter().chain(&real_rest))
    {
        let told = |item: &Value| {
            [
                item["line"].clone(),
                item["state"].clone(),
                item["code"].clone(),
                item["label"].clone(),
                item["detail"].clone(),
            ]
        };
        assert_eq!(told(looked), told(real));
    }
    assert!(looked[0]["credential_id"].is_null() && real[0]["credential_id"].is_string());
    assert_eq!(desk.total().await, 701);
}

#[tokio::test]
async fn forms_carry_files_and_what_is_wanted() {
    let desk = Desk::new().await;
    let fields = [
        ("tag", "from form"),
        ("proxy", "http://user:canary-password@p:1"),
        ("file/a.txt", &rt("a")),
        (
            "file/b.csv",
            &format!("refresh_token,tag\n{},own\n", rt("b")),
        ),
        ("text", &rt("c")),
    ];
    let send = async |fields: &[(&str, &str)], query: &str, key: &str, boundary: &str| {
        let call = call("POST", &format!("/imports{query}"))
            .text(form(fields, boundary))
            .header(
                "content-type",
                format!("multipart/form-data; boundary={boundary}"),
            );
        desk.send_call(if key.is_empty() {
            call
        } else {
            call.header("idempotency-key", key)
        })
        .await
    };
    let first = send(&fields, "", "k1", "xxx").await;
    assert_eq!(first.status, 202, "{first:?}");
    assert!(first.body["spec"].get("proxy").is_none());
    // Another boundary is the same request, another field is not.
    let same = send(&fields, "", "k1", "yyy").await;
    assert_eq!(
        (same.status.as_u16(), &same.body["id"]),
        (202, &first.body["id"])
    );
    assert_eq!(
        send(&fields[1..], "", "k1", "xxx").await.code(),
        (422, "idempotency_key_reused")
    );
    let running = Running::start(&desk.server.app);
    let id = first.body["id"].as_str().unwrap();
    let job = desk.ended(id).await;
    running.drain().await;
    assert_eq!(counts(&job), [0, 0, 3, 0, 0, 0]);
    let items = desk.items(id, "").await;
    let sources: Vec<_> = items
        .iter()
        .map(|item| item["source"].as_str().unwrap_or_default())
        .collect();
    assert_eq!(sources[1], "b.csv");
    for (item, tag) in items.iter().zip(["from form", "own", "from form"]) {
        let made = desk
            .read(item["credential_id"].as_str().unwrap().parse().unwrap())
            .await;
        assert_eq!(made["tag"], tag);
        assert_eq!(made["proxy"], "http://p:1", "{made}");
    }
    for (fields, field) in [
        (vec![("enabled", "perhaps"), ("text", "")], "enabled"),
        (vec![("proxi", "canary"), ("text", "")], "form"),
        (vec![("proxy", "canary:1"), ("text", "")], "proxy"),
        (vec![("proxy_id", "canary"), ("text", "")], "proxy_id"),
        (
            vec![("proxy_id", "01ARZ3NDEKTSV4RRFFQ69G5FAV"), ("text", "")],
            "proxy_id",
        ),
        (vec![("client_id", "a b"), ("text", "")], "client_id"),
    ] {
        let answer = send(&fields, "", "", "xxx").await;
        assert_eq!(answer.code(), (422, "validation_failed"), "{answer:?}");
        assert_eq!(answer.body["errors"][0]["field"], field);
    }
    assert_eq!(
        send(&fields, "?proxy=http://p", "", "xxx").await.code(),
        (400, "invalid_query")
    );
    let whole = form(&fields, "xxx");
    let cut = call("POST", "/imports")
        .text(&whole[..whole.len() / 2])
        .header("content-type", "multipart/form-data; boundary=xxx");
    assert_eq!(desk.send_call(cut).await.code(), (400, "body_unreadable"));
}

#[tokio::test]
async fn what_cannot_be_read_is_told_at_once() {
    let desk = Desk::new().await;
    let answer = desk
        .import("", format!("refresh_token,proxi\n{},x\n", rt("a")))
        .await;
    assert_eq!(answer.code(), (422, "unreadable_import"));
    assert!(answer.body["detail"].as_str().unwrap().contains("`proxi`"));
    assert_eq!(
        desk.import("", "PK\u{3}\u{4} broken").await.code(),
        (422, "unreadable_import")
    );
    let (job, items) = desk.imported("", "# nothing\n").await;
    assert_eq!((counts(&job), items.len()), ([0; 6], 0));
    // Everything else takes a megabyte.
    let (job, _) = desk
        .imported("", format!("{}\n{}", "#".repeat(2 << 20), rt("a")))
        .await;
    assert_eq!(counts(&job), [0, 0, 1, 0, 0, 0]);
    let answer = desk.import("", "#".repeat((64 << 20) + 1)).await;
    assert_eq!(answer.code(), (413, "body_too_large"));
    let answer = desk
        .send("GET", "/imports/templates/codex.json", &Value::Null)
        .await;
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(answer.body["auth_mode"], "chatgpt");
    let answer = desk
        .send("GET", "/imports/templates/other", &Value::Null)
        .await;
    assert_eq!(answer.code(), (404, "not_found"));
}

#[tokio::test]
async fn what_waits_is_given_up_and_what_failed_is_repeated() {
    let desk = Desk::new().await;
    let file = (0..1200)
        .map(|n| rt(&n.to_string()) + "\n")
        .collect::<String>();
    let answer = desk.import("", file).await;
    let id = answer.body["id"].as_str().unwrap().to_owned();
    assert_eq!(counts(&answer.body), [1200, 0, 0, 0, 0, 0]);
    let answer = desk
        .send("DELETE", &format!("/jobs/{id}"), &Value::Null)
        .await;
    assert_eq!(answer.status, 202, "{answer:?}");
    let running = Running::start(&desk.server.app);
    let job = desk.ended(&id).await;
    running.drain().await;
    assert_eq!(
        (&job["state"], counts(&job)),
        (&json!("cancelled"), [0, 0, 0, 0, 0, 1200])
    );
    let left = job_parts::first(&mut &desk.server.app.db, id.parse().unwrap()).await;
    assert!(left.unwrap().is_none());
    assert_eq!(desk.total().await, 0);

    // A healthy one gives way only where that was said; by then it is dead, and is revived.
    desk.imported("", format!("one----{}", rt("a"))).await;
    let (job, items) = desk
        .imported("", format!("one----{}\nnot a token\n", rt("b")))
        .await;
    assert_eq!(codes(&items), ["needs_replace", "invalid"]);
    let id = items[0]["credential_id"].as_str().unwrap().parse().unwrap();
    desk.move_grant(id, |grant, ctx| {
        let known = rt_manage_shared::model::known::Known {
            dead: true,
            ..Default::default()
        };
        grant.inherit(&known, ctx)
    })
    .await;
    let path = format!("/jobs/{}/retry", job["id"].as_str().unwrap());
    let answer = desk.send("POST", &path, &Value::Null).await;
    assert_eq!(answer.status, 202, "{answer:?}");
    let again = answer.body["id"].as_str().unwrap().to_owned();
    let running = Running::start(&desk.server.app);
    let job = desk.ended(&again).await;
    running.drain().await;
    // A line that is no token is none the second time either: it is not repeated.
    assert_eq!(
        (&job["total"], counts(&job)),
        (&json!(1), [0, 0, 1, 0, 0, 0])
    );
    let items = desk.items(&again, "").await;
    assert_eq!(codes(&items), ["updated"]);
    assert_eq!(items[0]["line"], 1);
    let record = grants::read_one(&mut &desk.server.app.db, id)
        .await
        .unwrap()
        .unwrap();
    assert!(record.grant.next_refresh_at.is_some());
}

/// A rule of the database that looking a row up does not know: two credentials may not have the same note.
#[tokio::test]
async fn a_row_that_is_in_the_way_for_good_fails_alone() {
    let desk = Desk::new().await;
    let db = &desk.server.app.db;
    let index = "CREATE UNIQUE INDEX notes ON {credentials} (memo) WHERE memo <> ''";
    (&mut &*db).execute(sql(index)).await.unwrap();
    let head = "biz_id,refresh_token,memo\n";
    desk.imported("", format!("{head}held,{},m\n", rt("held")))
        .await;
    let row = |name: &str, memo: &str| format!("{name},{},{memo}\n", rt(name));
    // One that is in the way of what is there, and two that are in each other's.
    let rows = [
        ("a", ""),
        ("b", "m"),
        ("c", "n"),
        ("d", ""),
        ("e", "n"),
        ("f", ""),
    ];
    let file = rows.iter().map(|(name, memo)| row(name, memo));
    let file = head.to_owned() + &file.collect::<String>();
    let expected = [
        "created", "failed", "created", "created", "failed", "created",
    ];
    let (job, items) = desk.imported("?dry_run=true", file.clone()).await;
    assert_eq!(
        (counts(&job), codes(&items)),
        ([0, 0, 4, 2, 0, 0], expected.to_vec())
    );
    let (job, items) = desk.imported("", file).await;
    assert_eq!(
        (counts(&job), codes(&items)),
        ([0, 0, 4, 2, 0, 0], expected.to_vec())
    );
    assert_eq!(desk.total().await, 5);
    // They were kept, and are taken in when nothing is in their way any more.
    (&mut &*db).execute(sql("DROP INDEX notes")).await.unwrap();
    let path = format!("/jobs/{}/retry", job["id"].as_str().unwrap());
    let answer = desk.send("POST", &path, &Value::Null).await;
    let running = Running::start(&desk.server.app);
    let job = desk.ended(answer.body["id"].as_str().unwrap()).await;
    running.drain().await;
    assert_eq!(counts(&job), [0, 0, 2, 0, 0, 0]);
}

#[tokio::test]
async fn a_file_waits_while_others_are_read() {
    let desk = Desk::new().await;
    let uploads = &desk.server.app.uploads;
    let turns = [uploads.turn().await.unwrap(), uploads.turn().await.unwrap()];
    let mut import = std::pin::pin!(desk.import("", rt("a")));
    let others = async {
        for _ in 0..20 {
            let jobs = desk.send("GET", "/jobs", &Value::Null).await;
            assert_eq!(jobs.body["items"], json!([]));
        }
    };
    tokio::select! {
        biased;
        answer = &mut import => panic!("{answer:?}"),
        () = others => {}
    }
    drop(turns);
    assert_eq!(import.await.status, 202);
}

#[tokio::test]
async fn a_file_whose_turn_does_not_come_is_refused() {
    let desk = Desk::new().await;
    let uploads = &desk.server.app.uploads;
    let _turns = [uploads.turn().await.unwrap(), uploads.turn().await.unwrap()];
    // Nobody else waits for time to pass.
    tokio::time::pause();
    let answer = desk.import("", rt("a")).await;
    assert_eq!(answer.code(), (503, "too_many_uploads"));
    assert_eq!(answer.header("retry-after"), "5");
}
