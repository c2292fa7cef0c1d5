//! Exports over HTTP: who may, what is written down, and what leaves.

use axum::{
    body::{Body, to_bytes},
    extract::ConnectInfo,
    http::{HeaderMap, Request},
};
use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use rt_manage_shared::{
    clock::Millis,
    model::grant::{Grant, State, Verdict},
};
use serde_json::{Value, json};
use tower::ServiceExt as _;

use super::{NEAR, PASSWORD, Server, call, desk::Desk};
use crate::{
    credentials::{Credentials, Rules, Taken},
    import::Said,
};

/// An answer as it is; these hold secrets.
async fn export(server: &Server, token: &str, body: &Value) -> (u16, HeaderMap, Vec<u8>) {
    let mut request = Request::builder()
        .method("POST")
        .uri("/api/v1/exports")
        .header("authorization", format!("Bearer {token}"))
        .header("content-type", "application/json")
        .body(Body::from(body.to_string()))
        .unwrap();
    let peer: std::net::SocketAddr = format!("{NEAR}:4711").parse().unwrap();
    request.extensions_mut().insert(ConnectInfo(peer));
    let answer = server.router.clone().oneshot(request).await.unwrap();
    let (parts, body) = answer.into_parts();
    let bytes = to_bytes(body, usize::MAX).await.unwrap();
    (parts.status.as_u16(), parts.headers, bytes.to_vec())
}

fn request(selection: &Value, format: &str) -> Value {
    json!({"selection": selection, "format": format, "current_password": PASSWORD})
}

/// The lines by their names: ids of one millisecond have no order.
fn lines(bytes: &[u8]) -> Vec<Value> {
    let text = std::str::from_utf8(bytes).unwrap();
    let mut lines: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    lines.sort_by_key(|line| line["biz_id"].to_string());
    lines
}

/// Takes a file in, all of it.
async fn take_in(server: &Server, file: &[u8]) {
    let rows = crate::import::parse(file).unwrap();
    let arrivals: Vec<_> = rows
        .into_iter()
        .map(|row| match row.said {
            Said::Entry(arrival) => *arrival,
            other => panic!("{}: {other:?}", row.line),
        })
        .collect();
    let credentials = Credentials::of(&server.app);
    let mut tx = server.app.db.begin().await.unwrap();
    let taking = credentials
        .take_in(&mut tx, &arrivals, &Rules::default())
        .await
        .unwrap();
    for result in &taking.results {
        assert!(matches!(result, Ok(Taken::Created(_))), "{result:?}");
    }
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn what_is_selected_leaves_and_is_written_down_before() {
    let desk = Desk::new().await;
    let (server, token) = (&desk.server, &desk.server.token().await);
    let proxy = json!({"name": "exit", "url": "http://u:canary-p@10.0.0.1:8080"});
    let named = desk.send("POST", "/proxies", &proxy).await.body["id"].clone();
    let mut ids = Vec::new();
    for (name, more) in [
        ("a", json!({"tag": "x", "proxy_id": named})),
        (
            "b",
            json!({"tag": "x", "proxy": "socks5://u:canary-q@10.0.0.2:1"}),
        ),
        ("c", json!({"tag": "y"})),
    ] {
        let mut body = json!({"biz_id": name, "refresh_token": super::rt(name)});
        body.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        let created = desk.create(body).await;
        assert_eq!(created.status, 201, "{created:?}");
        ids.push(created.body["id"].clone());
    }

    let tagged = request(&json!({"filter": {"tag": ["x"]}}), "jsonl");
    let (status, headers, body) = export(server, token, &tagged).await;
    assert_eq!(status, 200);
    assert_eq!(headers["content-type"], "application/jsonl");
    assert_eq!(
        headers["content-disposition"],
        "attachment; filename=\"credentials.jsonl\""
    );
    assert_eq!(headers["cache-control"], "no-store");
    assert_eq!(headers["x-exported-credentials"], "2");
    let found = lines(&body);
    assert_eq!(
        (
            &found[0]["refresh_token"],
            &found[0]["proxy"],
            &found[0]["proxy_name"]
        ),
        (
            &json!(super::rt("a")),
            &json!("http://u:canary-p@10.0.0.1:8080"),
            &json!("exit")
        )
    );
    assert_eq!(
        (&found[1]["proxy"], &found[1]["proxy_name"]),
        (&json!("socks5://u:canary-q@10.0.0.2:1"), &Value::Null)
    );

    // By id; what was deleted is not there any more, and comes only where the filter asks for it.
    let first = ids[0].as_str().unwrap().parse().unwrap();
    assert_eq!(desk.delete(first).await.status, 204);
    let chosen = request(&json!({"ids": [ids[2], ids[0], ids[2]]}), "csv");
    let (_, headers, body) = export(server, token, &chosen).await;
    assert_eq!(headers["x-exported-credentials"], "1");
    let mut reader = csv::Reader::from_reader(body.as_slice());
    let listed: Vec<_> = reader
        .records()
        .map(|row| row.unwrap()[0].to_owned())
        .collect();
    assert_eq!(listed, ["c"]);
    let gone = request(&json!({"filter": {"deleted": true}}), "jsonl");
    let (_, _, body) = export(server, token, &gone).await;
    let found = lines(&body);
    assert_eq!((found.len(), &found[0]["biz_id"]), (1, &json!("a")));
    let nothing = request(&json!({"ids": [ids[0]]}), "jsonl");
    assert_eq!(export(server, token, &nothing).await.0, 404);

    let log = desk
        .send("GET", "/audit?action=credentials.export", &Value::Null)
        .await
        .body;
    let details: Vec<_> = log["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| &item["detail"])
        .collect();
    assert_eq!(
        details,
        [
            &json!({"format": "jsonl", "count": 1, "selection": {"filter": {"deleted": true}}}),
            &json!({"format": "csv", "count": 1, "selection": {"ids": [ids[2], ids[0], ids[2]]}}),
            &json!({"format": "jsonl", "count": 2, "selection": {"filter": {"tag": ["x"]}}}),
        ]
    );
}

#[tokio::test]
async fn nobody_exports_without_the_password() {
    let desk = Desk::new().await;
    desk.created("a").await;
    let wrong =
        json!({"selection": {"filter": {}}, "format": "csv", "current_password": "canary-wrong"});
    let refused = desk.send("POST", "/exports", &wrong).await;
    assert_eq!(refused.code(), (401, "invalid_credentials"));
    let without = json!({"selection": {"filter": {}}, "format": "csv"});
    let refused = desk.send("POST", "/exports", &without).await;
    assert_eq!(refused.code(), (422, "validation_failed"));
    for selection in [json!({"ids": []}), json!({"filter": {"stat": ["dead"]}})] {
        let refused = desk
            .send("POST", "/exports", &request(&selection, "csv"))
            .await;
        assert_eq!(refused.code(), (422, "validation_failed"), "{selection}");
    }
    let log = desk
        .send(
            "GET",
            "/audit?action=session.refused,credentials.export",
            &Value::Null,
        )
        .await
        .body;
    assert_eq!(
        log["items"].as_array().unwrap().len(),
        1,
        "a wrong password is a refused log-in: {log}"
    );
    let nobody = call("POST", "/exports").json(&request(&json!({"filter": {}}), "csv"));
    assert_eq!(desk.server.send(nobody).await.status, 401);
}

#[tokio::test]
async fn many_leave_in_pages() {
    let desk = Desk::new().await;
    let (server, token) = (&desk.server, &desk.server.token().await);
    // More than a window of the collection, and no full page at the end.
    let tokens: Vec<_> = (0..2_150)
        .map(|number| super::rt(&number.to_string()))
        .collect();
    take_in(server, tokens.join("\n").as_bytes()).await;
    let (_, headers, body) = export(server, token, &request(&json!({"filter": {}}), "jsonl")).await;
    assert_eq!(headers["x-exported-credentials"], "2150");
    let mut names: Vec<_> = lines(&body)
        .iter()
        .map(|line| line["biz_id"].as_str().unwrap().to_owned())
        .collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), 2150);
    let (_, headers, body) = export(server, token, &request(&json!({"filter": {}}), "codex")).await;
    assert_eq!(headers["content-type"], "application/zip");
    assert_eq!(
        zip::ZipArchive::new(std::io::Cursor::new(body))
            .unwrap()
            .len(),
        2150
    );
}

fn access_token(user: &str) -> String {
    let payload = json!({"exp": 1_900_000_000, "client_id": "app_token", "email": format!("{user}@example.com"), "name": format!("-{user}"),
        "https://api.openai.com/auth": {"chatgpt_account_id": "acc", "chatgpt_user_id": user, "chatgpt_plan_type": "+plus"}});
    let part = BASE64_URL_SAFE_NO_PAD.encode(payload.to_string());
    format!("eyJhbGciOiJSUzI1NiJ9.{part}.canary")
}

/// A server with credentials that are hard to write down.
async fn awkward() -> Desk {
    let desk = Desk::new().await;
    let proxy = json!({"name": " exit, \"1\" ", "url": "http://u:canary-p%2F@10.0.0.1:8080"});
    let named = desk.send("POST", "/proxies", &proxy).await.body["id"].clone();
    let rows = [
        format!(
            "refresh_token,access_token,biz_id,tag,memo\n=canary-formula,{},\" =HYPERLINK(\"\"x\"\") \",'=tag,\"two\nlines, \"\"quoted\"\"; tab\there \"\n",
            access_token("one")
        ),
        format!(
            "refresh_token,access_token,biz_id,enabled,proxy,client_id\n-canary-dash,{},令牌 ''x,false,socks5://u:canary-q@10.0.0.2:1,app_own\n",
            access_token("two")
        ),
        "refresh_token,biz_id,email\n+canary-plus,plain,@at\n".to_owned(),
        format!(
            "refresh_token,biz_id\n{},dead\n{},doubtful\n",
            super::rt("dead"),
            super::rt("doubtful")
        ),
    ];
    for text in rows {
        take_in(&desk.server, text.as_bytes()).await;
    }
    let list = desk
        .send("GET", "/credentials?sort=id", &Value::Null)
        .await
        .body;
    let ids: Vec<_> = list["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["id"].as_str().unwrap().parse().unwrap())
        .collect();
    assert_eq!(ids.len(), 5);
    let patched = desk.patch(ids[2], json!({"proxy_id": named})).await;
    assert_eq!(patched.status, 200, "{patched:?}");
    desk.move_grant(ids[2], |grant, _| Grant {
        refreshed_at: Some(Millis(1_700_000_000_123)),
        ..grant.clone()
    })
    .await;
    desk.end(ids[3], Verdict::Rejected).await;
    desk.end(ids[4], Verdict::Ambiguous).await;
    assert_eq!(
        (
            desk.grant(ids[3]).await.state,
            desk.grant(ids[4]).await.state
        ),
        (State::Dead, State::InDoubt)
    );
    desk
}

#[tokio::test]
async fn what_leaves_and_comes_into_an_empty_system_is_the_same() {
    let desk = awkward().await;
    let token = desk.server.token().await;
    let all = json!({"filter": {}});
    let (_, _, before) = export(&desk.server, &token, &request(&all, "jsonl")).await;
    let before = lines(&before);
    for format in ["jsonl", "csv"] {
        let (status, _, file) = export(&desk.server, &token, &request(&all, format)).await;
        assert_eq!(status, 200);
        let empty = Desk::new().await;
        // Credentials follow the entry of the same name where there is one.
        let proxy = json!({"name": " exit, \"1\" ", "url": "http://u:canary-p%2F@10.0.0.1:8080"});
        assert_eq!(empty.send("POST", "/proxies", &proxy).await.status, 201);
        take_in(&empty.server, &file).await;
        let token = empty.server.token().await;
        let (_, _, after) = export(&empty.server, &token, &request(&all, "jsonl")).await;
        assert_eq!(lines(&after), before, "{format}");
    }
    // Without that entry they keep its address.
    let (_, _, file) = export(&desk.server, &token, &request(&all, "csv")).await;
    let bare = Desk::new().await;
    take_in(&bare.server, &file).await;
    let (_, _, after) = export(
        &bare.server,
        &bare.server.token().await,
        &request(&all, "jsonl"),
    )
    .await;
    let proxies =
        |all: &[Value]| -> Vec<Value> { all.iter().map(|one| one["proxy"].clone()).collect() };
    assert_eq!(proxies(&lines(&after)), proxies(&before));
}

#[tokio::test]
async fn other_programs_files_come_back_with_the_same_tokens() {
    let desk = awkward().await;
    let token = desk.server.token().await;
    let all = json!({"filter": {}});
    let tokens = |all: &[Value]| {
        let mut tokens: Vec<_> = all
            .iter()
            .map(|one| {
                (
                    one["refresh_token"].to_string(),
                    one["access_token"].to_string(),
                    one["user_id"].to_string(),
                )
            })
            .collect();
        tokens.sort_unstable();
        tokens
    };
    let (_, _, before) = export(&desk.server, &token, &request(&all, "jsonl")).await;
    let before = lines(&before);
    for format in ["codex", "cliproxyapi", "sub2api"] {
        let (_, _, file) = export(&desk.server, &token, &request(&all, format)).await;
        let empty = Desk::new().await;
        take_in(&empty.server, &file).await;
        let (_, _, after) = export(
            &empty.server,
            &empty.server.token().await,
            &request(&all, "jsonl"),
        )
        .await;
        let after = lines(&after);
        assert_eq!(tokens(&after), tokens(&before), "{format}");
        if format == "sub2api" {
            let own = |all: &[Value]| all.iter().filter(|one| one["proxy"].is_string()).count();
            assert_eq!(
                own(&after),
                own(&before),
                "nobody connects without its proxy"
            );
        }
    }
}
