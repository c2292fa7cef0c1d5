//! An import over HTTP that is killed in the middle: it goes on behind its last part, nothing is taken in twice, and no token is
//! written anywhere in plain text.

use std::{
    fmt::Write as _,
    io::{Cursor, Write as _},
};

use reqwest::Method;
use rt_manage_shared::db::credentials;
use rt_manage_tests::{
    standin::{Options, StandIn},
    support::{Admin, until},
};
use serde_json::Value;
use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

/// Rows of each file: many parts altogether.
const ROWS: usize = 2_000;
/// Stands in every token.
const CANARY: &str = "canary-import-0123456789";

/// Several forms in one ZIP, with a row that fails in each, and one that is there twice.
fn archive() -> Vec<u8> {
    let token = |form: &str, n: usize| format!("rt.1.{CANARY}-{form}-{n}");
    let mut lines = format!("M.C525_BAY.{CANARY}\n");
    let mut table = "biz_id,refresh_token,tag\nbad,not a token,\n".to_owned();
    let mut records = format!("{{\"refresh_token\": \"{CANARY}\n");
    for n in 0..ROWS {
        writeln!(lines, "line {n}----{}", token("line", n)).unwrap();
        writeln!(table, "table {n},{},t", token("table", n)).unwrap();
        let token = token("json", n);
        writeln!(
            records,
            "{{\"tokens\": {{\"refresh_token\": \"{token}\"}}}}"
        )
        .unwrap();
    }
    write!(records, "\"{}\"", token("line", 0)).unwrap();
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    for (name, text) in [
        ("lines.txt", lines),
        ("../table.csv", table),
        ("codex.jsonl", format!("[]\n{records}")),
    ] {
        writer.start_file(name, options).unwrap();
        writer.write_all(text.as_bytes()).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

async fn job(admin: &Admin, id: &str) -> Value {
    let answer = admin.call(Method::GET, &format!("/jobs/{id}"), None).await;
    answer.body
}

pub(super) fn settled(job: &Value) -> u64 {
    let count = |name: &str| job["counts"][name].as_u64().unwrap();
    count("done") + count("failed") + count("skipped")
}

#[tokio::test]
async fn an_import_that_is_killed_goes_on_where_it_was() {
    let upstream = StandIn::start(Options::default()).unwrap();
    let builder = crate::system(&upstream.token_url()).manual();
    let system = builder.start().await;
    let admin = system.admin().await;
    let request = admin
        .request(Method::POST, "/imports?tag=default")
        .header("content-type", "application/zip")
        .body(archive());
    let answer = admin.send(request).await;
    assert_eq!(answer.status, 202, "{answer:?}");
    let id = answer.text("/id").to_owned();
    let total = answer.body["total"].as_u64().unwrap();
    until("a part was taken in", || async {
        settled(&job(&admin, &id).await) > 0
    })
    .await;
    let builder = system.kill().await;
    let system = builder.start().await;
    let admin = system.admin().await;
    let begun = settled(&job(&admin, &id).await);
    assert!(begun < total, "it was over before it was killed");
    until("the import has ended", || async {
        job(&admin, &id).await["finished_at"].is_string()
    })
    .await;
    let ended = job(&admin, &id).await;
    assert_eq!(ended["state"], "finished", "{ended}");
    let made = 3 * ROWS as u64;
    let counts = &ended["counts"];
    assert_eq!(
        (
            counts["done"].as_u64(),
            counts["failed"].as_u64(),
            counts["skipped"].as_u64()
        ),
        (Some(made), Some(3), Some(1))
    );
    let db = builder.database().await;
    assert_eq!(
        credentials::total(&mut &db).await.unwrap(),
        i64::try_from(made).unwrap()
    );
    db.close().await;
    let failures = admin
        .text(&format!("/jobs/{id}/results?format=csv&state=failed"))
        .await;
    for expected in [
        "lines.txt",
        "../table.csv",
        "codex.jsonl",
        "Outlook",
        "space",
        "not readable",
    ] {
        assert!(failures.contains(expected), "{failures}");
    }
    let log = system.log();
    for (place, text) in [("the results", &failures), ("the log", &log)] {
        assert!(!text.contains(CANARY), "a token stands in {place}");
    }
    assert_eq!(upstream.finished(), 0);
}
